//! Credential providers: processes that the user's Cargo configuration names, by the Cargo book's "Credential Provider
//! Protocol", version 1. Each message is one line of JSON.
//!
//! Invariant: a request for publishing carries name, version and checksum, so that a provider can decide per artifact;
//! what a provider answers is never part of an error.

use std::{io, path::Path, process::Stdio, time::Duration};

use relplan_model::address::{PackageName, Version};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{configuration::Configuration, endpoint::Index};
use crate::surroundings::Surroundings;

/// How long a provider may take: it may have to ask a person.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a provider may take to say which versions of the protocol it speaks.
const GREETING: Duration = Duration::from_secs(20);

/// The longest message that is read, in bytes.
const MAX_MESSAGE: u64 = 1 << 20;

/// Why a provider gave no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderError {
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
    // It is asked nothing: dropping it closes its pipes and ends it.
    start(command, configuration, surroundings).await.map(drop)
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
    let (mut child, mut answers) = start(command, configuration, surroundings).await?;
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
    let mut asked = child.stdin.take().ok_or(ProviderError::Protocol)?;
    asked
        .write_all(&request)
        .await
        .map_err(ProviderError::Run)?;
    asked.flush().await.map_err(ProviderError::Run)?;
    let line = read_line(&mut answers, PATIENCE).await?;
    drop(asked);
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
    let mut command = prepared(command, configuration, surroundings);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("CARGO_REGISTRY_INDEX_URL", &index.url);
    if let Some(name) = &index.registry {
        command.env("CARGO_REGISTRY_NAME_OPT", name);
    }
    let mut child = command.spawn().map_err(ProviderError::Run)?;
    let mut text = String::new();
    let mut output = child
        .stdout
        .take()
        .ok_or(ProviderError::Protocol)?
        .take(MAX_MESSAGE);
    let read = timeout(PATIENCE, output.read_to_string(&mut text)).await;
    read.map_err(|_| ProviderError::Silent {
        seconds: PATIENCE.as_secs(),
    })?
    .map_err(ProviderError::Run)?;
    let status = timeout(GREETING, child.wait()).await;
    let status = status
        .map_err(|_| ProviderError::Silent {
            seconds: GREETING.as_secs(),
        })?
        .map_err(ProviderError::Run)?;
    match text.trim() {
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
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<(Child, BufReader<ChildStdout>), ProviderError> {
    let mut command = prepared(command, configuration, surroundings);
    command.arg("--cargo-plugin").stdin(Stdio::piped());
    let mut child = command.spawn().map_err(ProviderError::Run)?;
    let mut answers = BufReader::new(child.stdout.take().ok_or(ProviderError::Protocol)?);
    let line = read_line(&mut answers, GREETING).await?;
    match serde_json::from_slice(&line) {
        Ok(Hello { v }) if v.contains(&1) => Ok((child, answers)),
        Ok(_) | Err(_) => Err(ProviderError::Protocol),
    }
}

/// A command with the user's environment. A relative path starts, as in Cargo, beside the folder of the configuration.
fn prepared(command: &str, configuration: &Configuration, surroundings: &Surroundings) -> Command {
    let path = Path::new(command);
    let beside = configuration.cargo_home.as_deref().and_then(Path::parent);
    let mut command = match beside {
        Some(beside) if path.is_relative() && command.contains(['/', '\\']) => {
            Command::new(beside.join(path))
        }
        _ => Command::new(path),
    };
    command
        .env_clear()
        .envs(&surroundings.vars)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn read_line(
    answers: &mut BufReader<ChildStdout>,
    patience: Duration,
) -> Result<Vec<u8>, ProviderError> {
    let mut line = Vec::new();
    let mut bounded = answers.take(MAX_MESSAGE);
    match timeout(patience, bounded.read_until(b'\n', &mut line)).await {
        Err(_) => Err(ProviderError::Silent {
            seconds: patience.as_secs(),
        }),
        Ok(Err(error)) => Err(ProviderError::Run(error)),
        Ok(Ok(_)) if line.ends_with(b"\n") => Ok(line),
        Ok(Ok(_)) => Err(ProviderError::Protocol),
    }
}
