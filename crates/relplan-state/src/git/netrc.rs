//! The login of `~/.netrc` that is meant for any host.
//!
//! Invariant (law L14): whoever names a host does not choose a credential for it. git's HTTP library reads `~/.netrc` by
//! itself and cannot be told to leave its `default` entry alone, so a host that the person did not name is not asked where
//! that entry would go to it.

use std::path::PathBuf;

use relplan_system::{
    programs::{Programs, git::Setting, variables::PLAIN},
    tree,
};
use url::Url;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The file whose `default` entry git would send to this URL, if the person's own git names its host nowhere.
pub(super) fn default_for(url: &Url, known: &[Setting], programs: &Programs) -> Option<PathBuf> {
    if known.iter().any(|setting| names_host(setting, url)) {
        return None;
    }
    let variables = programs.variables(&[PLAIN]);
    let (_, home) = variables.iter().find(|(name, _)| name == "HOME")?;
    let names = [".netrc", "_netrc"].map(|name| PathBuf::from(home).join(name));
    names.into_iter().find(|file| {
        match tree::read_named(file, LONGEST) {
            Ok(bytes) => goes_to(
                &String::from_utf8_lossy(&bytes),
                url.host_str().unwrap_or_default(),
            ),
            // What cannot be read here may be read by git.
            Err(error) => !error.is_missing(),
        }
    })
}

/// Whether a setting is for the URL's host: a remote, or what holds for URLs there.
fn names_host(setting: &Setting, url: &Url) -> bool {
    let is_remote = setting.name.starts_with("remote.")
        && (setting.name.ends_with(".url") || setting.name.ends_with(".pushurl"));
    let scope = ["http.", "credential."].iter().find_map(|section| {
        let rest = setting.name.strip_prefix(section)?;
        rest.rsplit_once('.').map(|(scope, _)| scope)
    });
    let named = match is_remote {
        true => Some(setting.value.as_str()),
        false => scope,
    };
    named
        .and_then(|named| Url::parse(named).ok())
        .is_some_and(|named| named.has_host() && named.origin() == url.origin())
}

/// Whether the `default` entry is what is found for a host: none of its own stands before it. Where curl could read
/// something otherwise, this says that it is.
fn goes_to(netrc: &str, host: &str) -> bool {
    let mut in_macro = false;
    let mut words = Vec::new();
    for line in netrc.lines().map(str::trim) {
        in_macro &= !line.is_empty();
        if !in_macro && !line.starts_with('#') {
            words.extend(line.split_whitespace());
            in_macro = line.starts_with("macdef");
        }
    }
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "default" => return true,
            "machine"
                if words
                    .next()
                    .is_some_and(|name| name.eq_ignore_ascii_case(host)) =>
            {
                return false;
            }
            "login" | "password" => drop(words.next()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B9: what is meant for any host goes to none that the person did not name.
    #[test]
    fn l14_a_default_entry_is_found_where_no_entry_of_the_host_stands_before_it() {
        for (netrc, goes) in [
            ("default login a password b", true),
            (
                "machine other.example login a password b\ndefault\n login a password b",
                true,
            ),
            (
                "machine git.example login a password b\ndefault login a password b",
                false,
            ),
            (
                "DEFAULT login a password b\nmachine git.example login a password b",
                true,
            ),
            ("machine GIT.example login a password default", false),
            (
                "machine other.example login default password default",
                false,
            ),
            ("machine other.example account x default login a", true),
            (
                "# default login\nmachine other.example login a password b",
                false,
            ),
            (
                "macdef init\ndefault x\n\nmachine other.example login a",
                false,
            ),
            ("macdef init\nput\n\ndefault login a password b", true),
            ("", false),
        ] {
            assert_eq!(goes_to(netrc, "git.example"), goes, "{netrc}");
        }
    }

    #[test]
    fn a_host_is_the_persons_if_their_git_names_it() {
        let url = Url::parse("https://git.example/acme/state.git").unwrap();
        for (name, value, names) in [
            ("remote.origin.url", "https://git.example/acme/x.git", true),
            (
                "remote.origin.url",
                "https://git.example:8443/acme/x.git",
                false,
            ),
            ("remote.origin.url", "git@git.example:x.git", false),
            ("credential.https://git.example.helper", "store", true),
            ("http.https://git.example/.sslcainfo", "/ca", true),
            ("http.https://other.example/.sslcainfo", "/ca", false),
            ("http.sslcainfo", "/ca", false),
        ] {
            let setting = Setting {
                is_local: false,
                name: name.to_owned(),
                value: value.to_owned(),
            };
            assert_eq!(names_host(&setting, &url), names, "{name} {value}");
        }
    }
}
