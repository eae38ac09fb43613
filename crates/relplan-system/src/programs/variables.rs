//! Which variables a child gets, by name. What stands in no list here, or in a list that a caller names, is not handed
//! on.
//!
//! Why lists of what is handed on: a list of what is not always lacks somebody's token. A person may name more by
//! [`HELPER_ENV`], which no file of a tree can set.

use std::ffi::{OsStr, OsString};

use super::Programs;

/// Variables with their values.
pub type Variables = Vec<(OsString, OsString)>;

/// The variable by which a person hands more variables on to git's credential helpers and Cargo's credential providers,
/// separated by commas or spaces.
pub const HELPER_ENV: &str = "RELPLAN_HELPER_ENV";

/// What to say where a program that finds a credential failed, and may have missed a variable.
pub const HELPER_HINT: &str = "programs that find a credential get no variable that is not known to configure them; if \
                               one of them needs another, name it in RELPLAN_HELPER_ENV";

/// What every program may see. A name that ends with `*` stands for all that begin so.
pub const PLAIN: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    // Windows finds its own parts by these.
    "ALLUSERSPROFILE",
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "PATHEXT",
    "PROGRAMDATA",
    "PROGRAMFILES*",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "USERPROFILE",
    "WINDIR",
];

/// What a program that uses the network needs to get out.
pub const NETWORK: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "CURL_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// What lets a program speak to a person or to their key ring, without a secret in it.
pub const DESKTOP: &[&str] = &[
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GNUPGHOME",
    "GPG_TTY",
    "KRB5CCNAME",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// How SSH finds its agent.
pub const SSH_AGENT: &[&str] = &["SSH_AGENT_PID", "SSH_AUTH_SOCK"];

/// How git starts SSH, as a person has set it.
pub const GIT_SSH: &[&str] = &["GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT"];

/// Where git finds the configuration of a person.
pub const GIT_CONFIGURATION: &[&str] = &[
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_KEY_*",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_VALUE_*",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
];

/// How `ssh-keygen` reaches security keys, and asks for what opens a key.
pub const SSH_KEYS: &[&str] = &[
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_PKCS11_HELPER",
    "SSH_SK_HELPER",
    "SSH_SK_PROVIDER",
];

/// Variables that are folders or files: a relative one would be looked for wherever the child runs.
const PLACES: &[&str] = &[
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GNUPGHOME",
    "HOME",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];

impl Programs {
    /// Those of our variables whose names stand in one of the lists. One that leads into the tree is left out: a home
    /// folder, a configuration or a program there is what the tree makes it.
    #[must_use]
    pub fn variables(&self, lists: &[&[&str]]) -> Variables {
        let listed = |name: &OsStr| is_listed(name, lists.iter().copied().flatten().copied());
        self.vars
            .iter()
            .filter(|(name, _)| listed(name))
            .filter(|(name, value)| !self.lead_into_the_tree(name, value))
            .cloned()
            .collect()
    }

    /// The same, and what a person names in [`HELPER_ENV`]: for programs that find a credential for relplan.
    #[must_use]
    pub fn variables_of_helpers(&self, lists: &[&[&str]]) -> Variables {
        let named = self.named_by(HELPER_ENV);
        let named: Vec<&str> = named.iter().map(String::as_str).collect();
        let mut all = lists.to_vec();
        all.push(&named);
        self.variables(&all)
    }

    /// The names that a variable of ours lists.
    #[must_use]
    pub fn named_by(&self, variable: &str) -> Vec<String> {
        let value = self.vars.iter().find(|(name, _)| name == variable);
        names(value.and_then(|(_, value)| value.to_str()))
    }

    fn lead_into_the_tree(&self, name: &OsStr, value: &OsStr) -> bool {
        let path = std::path::Path::new(value);
        let is_place = is_listed(name, PLACES.iter().copied());
        if is_place && !path.is_absolute() {
            return true;
        }
        let is_inside = path.is_absolute() && self.roots.reach(path);
        // A command line names more than one path.
        let names_it =
            name == "GIT_SSH_COMMAND" && self.roots.are_named_in(&value.to_string_lossy());
        is_inside || names_it
    }
}

/// The names in a list that is separated by commas or spaces.
#[must_use]
pub fn names(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default()
        .split([',', ' '])
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a name stands in a list. On Windows the case of names does not count.
pub fn is_listed<'l>(name: &OsStr, mut list: impl Iterator<Item = &'l str>) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    let is = |one: &str, other: &str| match cfg!(windows) {
        true => one.eq_ignore_ascii_case(other),
        false => one == other,
    };
    list.any(|listed| match listed.strip_suffix('*') {
        Some(start) => name
            .get(..start.len())
            .is_some_and(|begin| is(begin, start)),
        None => is(name, listed),
    })
}
