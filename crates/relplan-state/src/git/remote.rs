//! The repository that a git store talks to: its URL without a credential, and what git gets besides, by its environment
//! alone (law L11: nothing secret in arguments).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use relplan_system::programs::{
    Programs, Variables,
    git::{Checkout, Setting, configured, settings_of_the_user},
    variables::{DESKTOP, GIT_SSH, NETWORK, SSH_AGENT},
};

use super::{
    credential::{may_become_ssh, settings_for, without_credential},
    netrc,
    transport::Transport,
};

/// A repository, and what git gets to reach it.
#[derive(Clone)]
pub struct Remote {
    /// Its URL or path; no credential in it.
    pub url: String,
    transport: Transport,
    /// Whether git may start SSH.
    may_use_ssh: bool,
    /// Settings of git's that may be secret, by name.
    settings: Vec<(String, String)>,
    programs: Programs,
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
    /// git would reach it in a way that is not used here.
    #[error(
        "the remote {url:?} is reached neither by HTTP nor by SSH, and is no folder: {why}; name an http, https or \
         ssh URL, host:path, or the path of a folder"
    )]
    Transport {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Its URL has more than a repository's.
    #[error(
        "the remote {url:?} is followed by a query (`?`) or a fragment (`#`), which no repository's URL has: a server \
         may take them as an order to send git elsewhere; write the URL alone"
    )]
    Query {
        /// The URL up to there.
        url: String,
    },
    /// git would send it a login that is meant for any host.
    #[error(
        "the remote {url:?} is on a host that your own git configuration does not name, and git would send it the \
         `default` login of {}; give the host an entry of its own before that one (`machine {host} …`), or take the \
         `default` entry out", file.display()
    )]
    DefaultLogin {
        /// The URL.
        url: String,
        /// Its host.
        host: String,
        /// The file with the login.
        file: PathBuf,
    },
    /// It is a folder that a commit can shape.
    #[error(
        "the remote {url:?} lies inside the checkout {}: what is committed there could have git run programs; keep \
         the state in a repository outside of every checkout, or on a server",
        root.display()
    )]
    Content {
        /// The URL or path.
        url: String,
        /// The checkout or project that it lies in.
        root: PathBuf,
    },
}

impl Remote {
    /// The repository at a URL or path, which is relative to the project.
    ///
    /// # Errors
    /// When it lies in the tree, or is reached in a way that is not used here.
    pub fn at(
        url: &str,
        project: &Path,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, RemoteError> {
        let programs = Programs::around(project, vars);
        Self::reached(url, project, programs, None)
    }

    /// A remote of the project's own repository, by name; or a URL or path, relative to the project.
    ///
    /// # Errors
    /// When there is no such remote, and as [`Self::at`].
    pub fn named(
        name: &str,
        project: &Path,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, RemoteError> {
        let programs = Programs::around(project, vars);
        if name.contains([':', '/']) {
            return Self::reached(name, project, programs, None);
        }
        let known = settings(project, &programs);
        let configured = |key: &str| {
            let key = format!("remote.{name}.{key}");
            let found = known.iter().rfind(|setting| setting.name == key)?;
            Some(found.value.clone()).filter(|url| !url.is_empty())
        };
        let url = configured("pushurl").or_else(|| configured("url"));
        let url = url.ok_or_else(|| RemoteError::Unknown(name.to_owned()))?;
        Self::reached(&url, project, programs, Some(known))
    }

    fn reached(
        url: &str,
        project: &Path,
        programs: Programs,
        known: Option<Vec<Setting>>,
    ) -> Result<Self, RemoteError> {
        let mut own = Vec::new();
        let url = without_credential(url, &mut own);
        let transport = Transport::of(&url, project)?;
        transport.refuse_content(&url, &programs)?;
        let (mut may_use_ssh, mut taken) = (transport == Transport::Ssh, Vec::new());
        if let Transport::Http(url) = &transport {
            let known = known.unwrap_or_else(|| settings(project, &programs));
            // Whatever the URL brings along is meant for it.
            if own.is_empty()
                && let Some(file) = netrc::default_for(url, &known, &programs)
            {
                return Err(RemoteError::DefaultLogin {
                    url: url.to_string(),
                    host: url.host_str().unwrap_or_default().to_owned(),
                    file,
                });
            }
            may_use_ssh = may_become_ssh(&known);
            taken = settings_for(url, &known, own);
        }
        Ok(Self {
            // A plan carries it, and means the same folder to whoever has it.
            url: match (&transport, url.contains("://")) {
                (Transport::Folder(path), false) => path.display().to_string(),
                _ => url,
            },
            transport,
            may_use_ssh,
            settings: taken,
            programs,
        })
    }

    /// Whether the repository is a folder of this machine.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.transport, Transport::Folder(_))
    }

    /// Whether git may start SSH, which may ask a person.
    pub(super) fn may_use_ssh(&self) -> bool {
        self.may_use_ssh
    }

    /// Where git is found.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The variables of git's, with its remote `store` and what else is known.
    pub(super) fn variables(&self) -> Variables {
        let mut settings = self.settings.clone();
        let url = self.transport.url(&self.url);
        // What git gets for a host goes along wherever that host sends it on. The second one outdoes a person's own
        // setting for the URL.
        for scope in [String::new(), format!(".{url}")] {
            settings.push((format!("http{scope}.followRedirects"), "false".to_owned()));
        }
        settings.push(("remote.store.url".to_owned(), url));
        let mut lists = vec![NETWORK, DESKTOP];
        if self.may_use_ssh {
            lists.extend([SSH_AGENT, GIT_SSH]);
        }
        let mut variables = configured(&self.programs, &lists, &settings);
        let allowed = self.transport.allowed();
        variables.push(("GIT_ALLOW_PROTOCOL".into(), allowed.into()));
        variables.push(("GIT_NO_LAZY_FETCH".into(), "1".into()));
        variables
    }
}

/// The settings that hold for a project.
fn settings(project: &Path, programs: &Programs) -> Vec<Setting> {
    match Checkout::around(project) {
        Some(checkout) => checkout.settings(programs),
        None => settings_of_the_user(programs),
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

    use super::*;

    #[test]
    fn l11_a_credential_in_a_url_goes_by_the_environment_and_never_by_an_argument() {
        let vars = BTreeMap::from(
            [
                ("GIT_CONFIG_COUNT", "2"),
                ("GIT_CONFIG_KEY_0", "user.name"),
                ("GIT_CONFIG_VALUE_0", "a"),
                ("GIT_CONFIG_KEY_1", "user.email"),
                ("GIT_CONFIG_VALUE_1", "a@acme.example"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let folder = tempfile::tempdir().unwrap();
        let remote = Remote::at(
            "https://bot:ca%6eary@git.example/acme.git",
            folder.path(),
            &vars,
        )
        .unwrap();
        assert_eq!(remote.url, "https://git.example/acme.git");
        assert!(!format!("{remote:?}").contains("canary"));
        let variables = remote.variables().into_iter().map(|(name, value)| {
            let [name, value] = [name, value].map(|text| text.into_string().unwrap());
            (name, value)
        });
        let variables = BTreeMap::from_iter(variables);
        // After those that were given: first none for all hosts.
        assert_eq!(variables["GIT_CONFIG_VALUE_1"], "a@acme.example");
        assert_eq!(variables["GIT_CONFIG_VALUE_2"], "");
        assert_eq!(
            variables["GIT_CONFIG_KEY_3"],
            "http.https://git.example/acme.git.extraheader"
        );
        let header = format!("Authorization: Basic {}", BASE64.encode("bot:canary"));
        assert_eq!(variables["GIT_CONFIG_VALUE_3"], header);
        for (at, scope) in [(4, ""), (5, ".https://git.example/acme.git")] {
            let name = format!("http{scope}.followRedirects");
            assert_eq!(variables[&format!("GIT_CONFIG_KEY_{at}")], name);
            assert_eq!(variables[&format!("GIT_CONFIG_VALUE_{at}")], "false");
        }
        assert_eq!(variables["GIT_CONFIG_KEY_6"], "remote.store.url");
        assert_eq!(variables["GIT_CONFIG_COUNT"], "7");
    }

    #[test]
    fn a_credential_of_the_projects_own_remote_is_found_by_the_url_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let vars = BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())]);
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
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
        let at = |url: &str| Remote::at(url, folder.path(), &vars).unwrap();
        assert!(has_it(&at(&named.url)));
        let other = at("https://git.example/other.git");
        assert!(!has_it(&other), "another repository does not get it");
        let only = other
            .settings
            .iter()
            .all(|(_, value)| !value.contains("canary"));
        assert!(only, "nor what names the remote");
    }
}
