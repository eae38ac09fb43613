//! Where an npm target is and what opens it: the configuration chain of the npm client (npm documentation "config",
//! "npmrc"), with the project's part kept away from credentials.
//!
//! Order: the spec's `url`; the environment (`npm_config_*`); the project's `.npmrc`; the user's; the global one; npm's
//! built-in default, taken from a library that carries it.
//!
//! Invariant: a credential comes from the environment, the user's or the global file only, and a token that the spec's
//! `token-env` names goes to no registry that only the project's `.npmrc` names (law L14).
//! Why files of the tree are read without the environment: npm replaces `${VARIABLE}` wherever it stands, and a registry
//! `https://host/${GITHUB_TOKEN}/` would be asked with the token in its path.

mod opening;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use relplan_model::{
    address::{PackageName, TargetName},
    finding::{Finding, FindingCode, Severity},
    settings::Settings,
    target::{CredentialSource, Endpoint},
};
use relplan_system::tree::{self, Checkout, ReadError};
use secrecy::SecretString;
use url::Url;

use self::opening::Keys;
use super::npmrc;
use crate::{
    credential::{self, Credential, Missing},
    surroundings::{SPEC, Surroundings},
};

/// The largest `.npmrc` that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// The source of what the project's own file says.
const PROJECT: &str = "project .npmrc";

/// One place of the chain with its entries.
struct Layer {
    source: &'static str,
    entries: BTreeMap<String, String>,
}

/// One registry and what opens it.
#[derive(Debug, Clone)]
pub(super) struct Registry {
    /// Its role in the plan: `registry` or `registry @scope`.
    pub(super) role: String,
    /// Its URL, ending with a slash.
    pub(super) url: Url,
    /// Where that was configured.
    pub(super) source: String,
    /// The whole `authorization` header, and where it was found.
    pub(super) credential: Option<Credential>,
    /// Why there is no credential, and what to do; empty where there is one.
    pub(super) missing: Missing,
    /// Whether there is one that is not sent there: what the registry hides without it is not known to be absent.
    pub(super) is_kept_back: bool,
    /// What a plan shows of that.
    shown: CredentialSource,
}

/// The registries of one target.
#[derive(Debug, Clone)]
pub(super) struct Config {
    default: Registry,
    /// Scope, with its `@`, to its registry.
    scopes: BTreeMap<String, Registry>,
    /// The one-time password that the environment or the user's file gives.
    pub(super) otp: Option<SecretString>,
}

impl Config {
    /// Reads the chain for a target.
    ///
    /// # Errors
    /// A finding when a file cannot be read or a URL is none.
    pub(super) fn read(
        target: &TargetName,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Self, Finding> {
        let chain = chain(target, surroundings)?;
        let keys = Keys {
            chain: &chain,
            named: credential::find(target, settings, surroundings),
            planning: surroundings.is_planning(),
        };
        let make =
            |role: String, url: &str, source: String| registry(target, role, url, source, &keys);
        let otp = trusted(&chain)
            .find_map(|layer| layer.entries.get("otp"))
            .filter(|otp| !otp.is_empty())
            .map(|otp| SecretString::from(otp.clone()));
        if let Some(url) = settings.text("url") {
            let default = make("registry".to_owned(), url, SPEC.to_owned())?;
            return Ok(Self {
                default,
                scopes: BTreeMap::new(),
                otp,
            });
        }
        let (url, source) = lookup(target, &chain, "registry")?.unwrap_or((
            deno_npmrc::NPM_DEFAULT_REGISTRY,
            "npm's built-in default".to_owned(),
        ));
        let default = make("registry".to_owned(), url, source)?;
        let mut scopes = BTreeMap::new();
        let entries = chain
            .iter()
            .flat_map(|layer| layer.entries.keys().map(move |key| (layer.source, key)));
        for (file, key) in entries {
            let Some(scope) = key.strip_suffix(":registry") else {
                continue;
            };
            if file == PROJECT && npmrc::variable_in(key).is_some() {
                return Err(interpolated(target, "the name of a scope", key));
            }
            if is_scope(scope)
                && !scopes.contains_key(scope)
                && let Some((url, source)) = lookup(target, &chain, key)?
            {
                let made = make(format!("registry {scope}"), url, source)?;
                scopes.insert(scope.to_owned(), made);
            }
        }
        Ok(Self {
            default,
            scopes,
            otp,
        })
    }

    /// The registry of a package: its scope's, or the default one.
    pub(super) fn of(&self, package: &PackageName) -> &Registry {
        package
            .as_str()
            .split_once('/')
            .and_then(|(scope, _)| self.scopes.get(scope))
            .unwrap_or(&self.default)
    }

    /// Whether packages go to the registry that npm has built in.
    pub(super) fn is_default(&self) -> bool {
        let built_in = deno_npmrc::NPM_DEFAULT_REGISTRY.trim_end_matches('/');
        self.default.url.as_str().trim_end_matches('/') == built_in
    }

    /// Where the credentials come from, as the plan carries it.
    pub(super) fn credentials(&self) -> Vec<CredentialSource> {
        std::iter::once(&self.default)
            .chain(self.scopes.values())
            .map(|registry| registry.shown.clone())
            .collect()
    }

    /// The endpoints as the plan carries them.
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        std::iter::once(&self.default)
            .chain(self.scopes.values())
            .map(|registry| Endpoint {
                role: registry.role.clone(),
                url: registry.url.to_string(),
                source: registry.source.clone(),
            })
            .collect()
    }
}

/// The first place of the chain that has the key, which says where a registry is.
///
/// # Errors
/// A finding when that is a file of the tree and takes it from the environment: left out, packages would go elsewhere.
fn lookup<'a>(
    target: &TargetName,
    chain: &'a [Layer],
    key: &str,
) -> Result<Option<(&'a str, String)>, Finding> {
    let found = chain.iter().find_map(|layer| {
        let value = layer.entries.get(key).filter(|value| !value.is_empty())?;
        Some((value.as_str(), layer.source))
    });
    match found {
        None => Ok(None),
        Some((value, PROJECT)) if npmrc::variable_in(value).is_some() => {
            Err(interpolated(target, &format!("`{key}`"), value))
        }
        Some((value, ENVIRONMENT)) => Ok(Some((value, format!("the variable npm_config_{key}")))),
        Some((value, source)) => Ok(Some((value, source.to_owned()))),
    }
}

/// The finding about a file of the tree that takes more than a credential from the environment.
fn interpolated(target: &TargetName, what: &str, text: &str) -> Finding {
    let variable = npmrc::variable_in(text).unwrap_or_default();
    let message = format!(
        "the place of target {target} is not clear: the project's .npmrc takes {what} from the variable {variable}, and \
         a file of the project may name variables only inside credentials"
    );
    Finding::new(FindingCode::Endpoint, Severity::Error, None, message).hint(
        "write the registry out in the project's .npmrc, or move the line into your own ~/.npmrc, or give the target a `url`",
    )
}

/// The places that may hold credentials.
fn trusted(chain: &[Layer]) -> impl Iterator<Item = &Layer> {
    chain.iter().filter(|layer| layer.source != PROJECT)
}

const ENVIRONMENT: &str = "environment";

fn chain(target: &TargetName, surroundings: &Surroundings) -> Result<Vec<Layer>, Finding> {
    let environment = environment(&surroundings.vars);
    let user_file = environment
        .get("userconfig")
        .map(PathBuf::from)
        .or_else(|| Some(surroundings.home()?.join(".npmrc")));
    let (user_file, users_in_tree) = apart(user_file, surroundings);
    let user = file("user .npmrc", user_file.as_deref(), surroundings)?;
    let global_file = global(&environment, &user.entries, surroundings);
    let (global_file, global_in_tree) = apart(global_file, surroundings);
    let global = file("global npmrc", global_file.as_deref(), surroundings)?;
    let project_file = surroundings.project().map(|folder| folder.join(".npmrc"));
    let mut project = file(PROJECT, project_file.as_deref(), surroundings)?;
    for further in [users_in_tree, global_in_tree].into_iter().flatten() {
        for (key, value) in file(PROJECT, Some(&further), surroundings)?.entries {
            project.entries.entry(key).or_insert(value);
        }
    }
    for endpoint in surroundings.approved.get(target).into_iter().flatten() {
        if endpoint.source == PROJECT {
            let key = match endpoint.role.strip_prefix("registry ") {
                Some(scope) => format!("{scope}:registry"),
                None => "registry".to_owned(),
            };
            project.entries.insert(key, endpoint.url.clone());
        }
    }
    let mut environment = environment;
    if surroundings.withheld {
        environment.retain(|key, _| !opens(key));
    }
    let environment = Layer {
        source: ENVIRONMENT,
        entries: environment,
    };
    Ok(vec![environment, project, user, global])
}

/// A file of the user, and one that is called so and lies in the tree: it counts as the project's, and so not at all
/// while applying.
fn apart(file: Option<PathBuf>, surroundings: &Surroundings) -> (Option<PathBuf>, Option<PathBuf>) {
    match file {
        Some(file) if surroundings.is_in_tree(&file) => {
            (None, Some(file).filter(|_| surroundings.is_planning()))
        }
        own => (own, None),
    }
}

/// `npm_config_*` in any case; keys of registries (`//host/:…`) keep their spelling, others are lower-cased with hyphens.
fn environment(vars: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const PREFIX: &str = "npm_config_";
    vars.iter()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| {
            let prefix = name.get(..PREFIX.len())?;
            let key = name.get(PREFIX.len()..)?;
            if !prefix.eq_ignore_ascii_case(PREFIX) || key.is_empty() {
                return None;
            }
            let key = if key.starts_with("//") {
                key.to_owned()
            } else {
                // The first character stays, so that `_auth` is still `_auth`.
                let first = key.chars().next()?;
                let rest = key.get(first.len_utf8()..)?;
                format!("{first}{}", rest.replace('_', "-")).to_lowercase()
            };
            Some((key, npmrc::expand(value, vars)))
        })
        .collect()
}

fn file(
    source: &'static str,
    path: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Layer, Finding> {
    let read = path.map(|path| match surroundings.project() {
        Some(project) if source == PROJECT => Checkout::around(project)
            .map_err(|error| ReadError::Io {
                file: project.to_owned(),
                source: error,
            })
            .and_then(|checkout| checkout.read(path, LIMIT)),
        _ => tree::read_named(path, LIMIT),
    });
    let text = match read {
        Some(Ok(text)) => text,
        None => Vec::new(),
        Some(Err(error)) if error.is_missing() => Vec::new(),
        Some(Err(error)) => {
            let why = crate::http::reason(&error);
            return Err(Finding::new(
                FindingCode::Configuration,
                Severity::Error,
                None,
                format!("the {source} cannot be used: {why}"),
            ));
        }
    };
    let variables = (source != PROJECT).then_some(&surroundings.vars);
    let mut entries = npmrc::parse(&String::from_utf8_lossy(&text), variables);
    if surroundings.withheld {
        entries.retain(|key, _| !opens(key));
    }
    Ok(Layer { source, entries })
}

/// Whether a key's value is a credential: those of registries (`//host/:_authToken`), and those without one.
fn opens(key: &str) -> bool {
    key.starts_with("//") || key.starts_with('_') || key == "otp"
}

/// The global file: configured, or `etc/npmrc` below the prefix, which is two folders above the `node` on the path.
fn global(
    environment: &BTreeMap<String, String>,
    user: &BTreeMap<String, String>,
    surroundings: &Surroundings,
) -> Option<PathBuf> {
    let configured = |key| {
        environment
            .get(key)
            .or_else(|| user.get(key))
            .map(PathBuf::from)
    };
    if let Some(file) = configured("globalconfig") {
        return Some(file);
    }
    let prefix = configured("prefix")
        .or_else(|| surroundings.var("PREFIX").map(PathBuf::from))
        .or_else(|| {
            // A `node` of the tree would make a folder of the tree the machine's.
            let node = surroundings.programs().find("node").ok()?;
            let real = fs::canonicalize(node).ok()?;
            Some(real.parent()?.parent()?.to_owned())
        })?;
    Some(prefix.join("etc").join("npmrc"))
}

fn registry(
    target: &TargetName,
    role: String,
    text: &str,
    source: String,
    keys: &Keys<'_>,
) -> Result<Registry, Finding> {
    let refuse = |why: &str| {
        // The text is not repeated: it may hold a password.
        Finding::new(
            FindingCode::Endpoint,
            Severity::Error,
            None,
            format!("the {role} of target {target} (from {source}) {why}"),
        )
    };
    let mut url = Url::parse(text).map_err(|_| refuse("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refuse("is not an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("holds a user name or password").hint(
            "put the credential into the user's .npmrc, or into a variable that `token-env` names",
        ));
    }
    make_root(&mut url);
    let opening = keys.opening(&url, &source);
    let shown = CredentialSource {
        role: role.clone(),
        source: opening.source,
        remark: opening.remark,
    };
    Ok(Registry {
        role,
        url,
        source,
        credential: opening.credential,
        missing: opening.missing,
        is_kept_back: opening.is_kept_back,
        shown,
    })
}

/// Leaves of a registry's URL what others are made from.
fn make_root(url: &mut Url) {
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
}

/// Whether a configuration's key speaks of a scope that packages can have: it becomes a part of an endpoint's role.
fn is_scope(scope: &str) -> bool {
    scope.strip_prefix('@').is_some_and(|name| {
        (1..=214).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'))
    })
}
