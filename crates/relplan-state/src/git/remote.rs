//! The repository that a git store talks to: its URL without a credential, and what git is told besides, by its
//! environment alone (law L11: nothing secret in arguments).

use std::{collections::BTreeMap, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use url::Url;

/// A repository, and the settings that git gets for it.
#[derive(Clone)]
pub struct Remote {
    /// Its URL or path; no credential in it.
    pub url: String,
    /// Settings of git's that may be secret, by name.
    settings: Vec<(String, String)>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Why a project has no such remote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The project's own repository knows no remote of this name.
    #[error("the project's git repository has no remote {0:?}")]
    Unknown(String),
}

/// Sections of the project's own git configuration that say how to reach a remote. CI systems keep credentials there.
const SECTIONS: [&str; 3] = ["http.", "credential.", "url."];

impl Remote {
    /// The repository at a URL or path, with what the project's own git configuration says of reaching remotes.
    #[must_use]
    pub fn at(url: &str, project: &Path, vars: &BTreeMap<String, String>) -> Self {
        let known = local_settings(project, vars);
        let mut own = Vec::new();
        let url = without_credential(url, &mut own);
        if own.is_empty() {
            own = credential_of_a_remote(&url, &known);
        }
        let concerns = |name: &str| SECTIONS.iter().any(|section| name.starts_with(section));
        let settings = known.into_iter().filter(|(name, _)| concerns(name));
        Self {
            url,
            settings: settings.chain(own).collect(),
        }
    }

    /// A remote of the project's own repository, by name; or a URL or path, relative to the project.
    ///
    /// # Errors
    /// When there is no such remote.
    pub fn named(
        name: &str,
        project: &Path,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, RemoteError> {
        if name.contains([':', '/']) {
            return Ok(Self::at(&absolute(name, project), project, vars));
        }
        let configured = |key: &str| {
            let key = format!("remote.{name}.{key}");
            let text = config(project, vars, &["--get", &key])?;
            Some(text.trim_end_matches('\n').to_owned()).filter(|url| !url.is_empty())
        };
        let url = configured("pushurl").or_else(|| configured("url"));
        let url = url.ok_or_else(|| RemoteError::Unknown(name.to_owned()))?;
        Ok(Self::at(&absolute(&url, project), project, vars))
    }

    /// Whether the repository is a folder of this machine.
    pub(super) fn is_local(&self) -> bool {
        self.url.starts_with("file://") || Path::new(&self.url).is_absolute()
    }

    /// Variables that hand settings to git: its remote `store`, and what else is known.
    pub(super) fn variables(&self, vars: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let given: usize = vars
            .get("GIT_CONFIG_COUNT")
            .and_then(|count| count.parse().ok())
            .unwrap_or(0);
        let own = [("remote.store.url".to_owned(), self.url.clone())];
        let mut variables = Vec::new();
        let all = self.settings.iter().chain(&own);
        let mut count = given;
        for (name, value) in all {
            variables.push((format!("GIT_CONFIG_KEY_{count}"), name.clone()));
            variables.push((format!("GIT_CONFIG_VALUE_{count}"), value.clone()));
            count += 1;
        }
        variables.push(("GIT_CONFIG_COUNT".to_owned(), count.to_string()));
        variables
    }
}

/// A path is taken from the project's folder on, since git itself runs elsewhere.
fn absolute(url: &str, project: &Path) -> String {
    let is_url = url.contains("://");
    // `host:path`, as SSH's short form has it, has no slash before its colon.
    let is_short = url
        .split_once(':')
        .is_some_and(|(host, _)| !host.contains('/'));
    if is_url || is_short {
        return url.to_owned();
    }
    let path = project.join(url);
    path.canonicalize().unwrap_or(path).display().to_string()
}

/// Takes a credential out of an HTTP URL and makes it a setting: git would hand the URL as it is to its own helper
/// programs as an argument.
fn without_credential(url: &str, settings: &mut Vec<(String, String)>) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    let is_http = matches!(parsed.scheme(), "http" | "https");
    // Of SSH, the user is part of the address; of HTTP it is half of a credential, or a token by itself.
    let is_token = is_http && !parsed.username().is_empty();
    if parsed.password().is_none() && !is_token {
        return url.to_owned();
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let pair = format!(
        "{}:{}",
        decoded(parsed.username()),
        decoded(parsed.password().unwrap_or_default())
    );
    // Both only fail for URLs that cannot have a user.
    let _ = parsed.set_password(None);
    if is_http {
        let _ = parsed.set_username("");
        settings.push((
            format!("http.{parsed}.extraheader"),
            format!("Authorization: Basic {}", BASE64.encode(pair)),
        ));
    }
    parsed.to_string()
}

/// The credential that the project's own repository has inside of a remote's URL, if that is this one but for it: specs
/// name a remote, and plans carry its URL without a credential (law L11).
fn credential_of_a_remote(url: &str, known: &[(String, String)]) -> Vec<(String, String)> {
    known
        .iter()
        .filter(|(name, _)| {
            name.starts_with("remote.") && (name.ends_with(".url") || name.ends_with(".pushurl"))
        })
        .find_map(|(_, value)| {
            let mut settings = Vec::new();
            let found = without_credential(value, &mut settings);
            (found == url && !settings.is_empty()).then_some(settings)
        })
        .unwrap_or_default()
}

/// What the project's own repository is configured with; nothing if it is no repository.
fn local_settings(project: &Path, vars: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let Some(text) = config(project, vars, &["--null", "--includes", "--list"]) else {
        return Vec::new();
    };
    text.split('\0')
        .filter_map(|entry| entry.split_once('\n'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Asks git for settings of the project's own repository. `git config` runs nothing that they name.
fn config(project: &Path, vars: &BTreeMap<String, String>, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["config", "--local"])
        .args(arguments)
        .current_dir(project)
        .env_clear()
        .envs(super::repository::passed(vars))
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l11_a_credential_in_a_url_goes_by_the_environment_and_never_by_an_argument() {
        let vars = BTreeMap::from([("GIT_CONFIG_COUNT".to_owned(), "2".to_owned())]);
        let folder = tempfile::tempdir().unwrap();
        let remote = Remote::at(
            "https://bot:ca%6eary@git.example/acme.git",
            folder.path(),
            &vars,
        );
        assert_eq!(remote.url, "https://git.example/acme.git");
        assert!(!format!("{remote:?}").contains("canary"));
        let variables = BTreeMap::from_iter(remote.variables(&vars));
        assert_eq!(
            variables["GIT_CONFIG_KEY_2"],
            "http.https://git.example/acme.git.extraheader"
        );
        let header = format!("Authorization: Basic {}", BASE64.encode("bot:canary"));
        assert_eq!(variables["GIT_CONFIG_VALUE_2"], header);
        assert_eq!(variables["GIT_CONFIG_KEY_3"], "remote.store.url");
        assert_eq!(variables["GIT_CONFIG_COUNT"], "4");
    }

    #[test]
    fn a_credential_of_the_projects_own_remote_is_found_by_the_url_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let vars = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())]);
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.args(arguments).current_dir(folder.path());
            assert!(command.status().unwrap().success());
        };
        git(&["init", "--quiet"]);
        let url = "https://bot:canary@git.example/acme.git";
        git(&["remote", "add", "origin", url]);
        let named = Remote::named("origin", folder.path(), &vars).unwrap();
        assert_eq!(named.url, "https://git.example/acme.git");
        let header = format!("Authorization: Basic {}", BASE64.encode("bot:canary"));
        let has_it = |remote: &Remote| remote.settings.iter().any(|(_, value)| *value == header);
        assert!(has_it(&named));
        assert!(has_it(&Remote::at(&named.url, folder.path(), &vars)));
        let other = Remote::at("https://git.example/other.git", folder.path(), &vars);
        assert!(!has_it(&other), "another repository does not get it");
        let only = other
            .settings
            .iter()
            .all(|(_, value)| !value.contains("canary"));
        assert!(only, "nor what names the remote");
    }

    #[test]
    fn paths_are_taken_from_the_project_on() {
        let project = Path::new("/no/such/project");
        for (url, expected) in [
            ("../state.git", "/no/such/project/../state.git"),
            ("/srv/state.git", "/srv/state.git"),
            ("git@git.example:acme.git", "git@git.example:acme.git"),
            ("file:///srv/state.git", "file:///srv/state.git"),
        ] {
            assert_eq!(absolute(url, project), expected);
        }
    }
}
