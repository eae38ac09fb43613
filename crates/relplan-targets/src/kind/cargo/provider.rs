//! Credential providers: processes that the user's Cargo configuration names, by the Cargo book's "Credential Provider
//! Protocol", version 1. Each message is one line of JSON.
//!
//! A provider gets the variables that are named in [`VARIABLES`], and those that a person names in `RELPLAN_HELPER_ENV`. It
//! never lies in the tree.
//!
//! Invariant: a request for publishing carries name, version and checksum, so that a provider can decide per artifact;
//! what a provider answers is never part of an error.

use std::{io, path::Path, time::Duration};

use relplan_model::address::{PackageName, Version};
use relplan_system::programs::{
    Bounds, Call, Dialogue, ProgramError, Unanswered,
    variables::{DESKTOP, NETWORK, PLAIN},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{configuration::Configuration, endpoint::Index};
use crate::surroundings::Surroundings;

/// How long a provider may take: it may have to ask a person.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a provider may take to say which versions of the protocol it speaks.
const GREETING: Duration = Duration::from_secs(20);

/// The longest message that is read, in bytes.
const MAX_MESSAGE: u64 = 1 << 20;

/// The longest text that a provider may print in which nothing but a token should be, in bytes.
const MAX_PRINTED: usize = 1 << 20;

/// What a provider is shown besides what every program is: where Cargo's own files are.
const VARIABLES: &[&str] = &["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// Why a provider gave no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It is not there, or only in the tree.
    #[error("it is not run")]
    Program(#[from] ProgramError),
    /// It could not be started, or its pipes broke.
    #[error("it did not run")]
    Run(#[source] io::Error),
    /// It took too long.
    #[error("it was silent for {seconds} s")]
    Silent {
        /// For how long, in seconds.
        seconds: u64,
    },
    /// It does not speak version 1 of the protocol, or ended without an answer.
    #[error("it does not speak version 1 of Cargo's credential provider protocol")]
    Protocol,
    /// It said no.
    #[error("it answered {kind}")]
    Refused {
        /// The protocol's word for why.
        kind: String,
    },
    /// It is named without a command.
    #[error("no command is configured for it")]
    NoCommand,
}

/// What a token is wanted for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation<'a> {
    /// Reading the index.
    Read,
    /// Publishing a crate.
    Publish {
        name: &'a PackageName,
        version: &'a Version,
        /// The SHA-256 of the `.crate` in hexadecimal digits.
        cksum: &'a str,
    },
    /// Yanking a version.
    Yank {
        name: &'a PackageName,
        version: &'a Version,
    },
}

impl From<Unanswered> for ProviderError {
    fn from(error: Unanswered) -> Self {
        match error {
            Unanswered::Silent(patience) => Self::Silent {
                seconds: patience.as_secs(),
            },
            Unanswered::NoLine => Self::Protocol,
            Unanswered::Io(source) => Self::Run(source),
        }
    }
}

#[derive(Deserialize)]
struct Hello {
    v: Vec<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Registry<'a> {
    index_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    headers: [&'a str; 0],
}

#[derive(Serialize)]
struct Request<'a> {
    v: u32,
    registry: Registry<'a>,
    kind: &'static str,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vers: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cksum: Option<&'a str>,
    args: &'a [String],
}

#[derive(Deserialize)]
enum Response {
    Ok(Success),
    Err(Failure),
}

#[derive(Deserialize)]
struct Success {
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Failure {
    kind: String,
}

/// Starts a provider and waits until it has said that it speaks the protocol.
///
/// # Errors
/// When it does not run or does not speak version 1.
pub(crate) async fn greet(
    command: &str,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<(), ProviderError> {
    // It is asked nothing: dropping it ends it.
    let empty = tempfile::tempdir().map_err(ProviderError::Run)?;
    start(command, empty.path(), configuration, surroundings)
        .await
        .map(drop)
}

/// Asks a provider for a token; `None`: it knows none for this registry, so that another one may be asked.
///
/// # Errors
/// When it does not run, breaks the protocol or refuses.
pub(crate) async fn ask(
    command: &str,
    arguments: &[String],
    operation: &Operation<'_>,
    index: &Index,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<Option<SecretString>, ProviderError> {
    let empty = tempfile::tempdir().map_err(ProviderError::Run)?;
    let mut provider = start(command, empty.path(), configuration, surroundings).await?;
    let (word, name, vers, cksum) = match operation {
        Operation::Read => ("read", None, None, None),
        Operation::Publish {
            name,
            version,
            cksum,
        } => (
            "publish",
            Some(name.as_str()),
            Some(version.as_str()),
            Some(*cksum),
        ),
        Operation::Yank { name, version } => {
            ("yank", Some(name.as_str()), Some(version.as_str()), None)
        }
    };
    let mut request = serde_json::to_vec(&Request {
        v: 1,
        registry: Registry {
            index_url: &index.url,
            name: index.registry.as_deref(),
            headers: [],
        },
        kind: "get",
        operation: word,
        name,
        vers,
        cksum,
        args: arguments,
    })
    .map_err(|_| ProviderError::Protocol)?;
    request.push(b'\n');
    provider.say(&request).await.map_err(ProviderError::Run)?;
    let line = provider.line(PATIENCE, MAX_MESSAGE).await?;
    match serde_json::from_slice(&line).map_err(|_| ProviderError::Protocol)? {
        Response::Ok(Success { token: Some(token) }) => Ok(Some(SecretString::from(token))),
        Response::Ok(Success { token: None }) => Err(ProviderError::Protocol),
        Response::Err(Failure { kind }) => match kind.as_str() {
            "url-not-supported" | "not-found" => Ok(None),
            "operation-not-supported" | "other" => Err(ProviderError::Refused { kind }),
            _ => Err(ProviderError::Protocol),
        },
    }
}

/// Runs the command of `cargo:token-from-stdout`, which prints a token.
///
/// # Errors
/// When it does not run or prints no token.
pub(crate) async fn printed(
    words: &[String],
    index: &Index,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<SecretString, ProviderError> {
    let (command, arguments) = words.split_first().ok_or(ProviderError::NoCommand)?;
    let empty = tempfile::tempdir().map_err(ProviderError::Run)?;
    let mut call = prepared(command, empty.path(), configuration, surroundings)?
        .args(arguments)
        .envs([("CARGO_REGISTRY_INDEX_URL", &index.url)]);
    if let Some(name) = &index.registry {
        call = call.envs([("CARGO_REGISTRY_NAME_OPT", name)]);
    }
    let bounds = Bounds {
        time: PATIENCE,
        bytes: MAX_PRINTED,
    };
    let answer = tokio::task::spawn_blocking(move || call.answer(&[], bounds)).await;
    let answer = answer
        .map_err(io::Error::other)
        .and_then(|answer| answer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ProviderError::Silent {
                seconds: PATIENCE.as_secs(),
            },
            _ => ProviderError::Run(error),
        })?;
    let status = answer.status;
    match String::from_utf8_lossy(&answer.stdout).trim() {
        token if status.success() && !token.is_empty() && !token.contains(char::is_whitespace) => {
            Ok(SecretString::from(token.to_owned()))
        }
        _ => Err(ProviderError::Refused {
            kind: format!("no token ({status})"),
        }),
    }
}

async fn start(
    command: &str,
    empty: &Path,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<Dialogue, ProviderError> {
    let call = prepared(command, empty, configuration, surroundings)?.arg("--cargo-plugin");
    let mut provider = call.converse().map_err(ProviderError::Run)?;
    let line = provider.line(GREETING, MAX_MESSAGE).await?;
    match serde_json::from_slice(&line) {
        Ok(Hello { v }) if v.contains(&1) => Ok(provider),
        Ok(_) | Err(_) => Err(ProviderError::Protocol),
    }
}

/// A call of a provider. A relative path starts, as in Cargo, beside the folder of the configuration.
///
/// It runs in an empty folder: `python3 -m keyring` and its like load code from the folder that they start in, and where
/// relplan works that would be the tree's.
fn prepared(
    command: &str,
    empty: &Path,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<Call, ProgramError> {
    let programs = surroundings.programs();
    let variables = programs.variables_of_helpers(&[PLAIN, NETWORK, DESKTOP, VARIABLES]);
    let beside = configuration.cargo_home.as_deref().and_then(Path::parent);
    let call = match (command.contains(['/', '\\']), beside) {
        (true, Some(beside)) => programs.call_at(&beside.join(command), variables),
        (true, None) => programs.call_at(Path::new(command), variables),
        (false, _) => programs.call(command, variables),
    };
    call.map(|call| call.within(empty).may_ask())
}
