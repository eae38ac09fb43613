//! Which of git's settings may go to a remote over HTTP.
//!
//! Invariant (laws L11, L14): a spec names the remote, so it must not choose where a credential goes. Of what the
//! project's own repository is configured with, only what is bound to the very host of the remote counts, and nothing
//! that names a program. A header that somebody has set for all hosts is sent to none.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use relplan_system::programs::git::Setting;
use url::Url;

/// What is taken over from the repository's own configuration if it is bound to the host: section and key.
const BOUND: [(&str, &str); 4] = [
    ("credential.", ".username"),
    ("credential.", ".usehttppath"),
    ("http.", ".sslcainfo"),
    ("http.", ".sslcapath"),
];

/// Settings for a remote from those that hold for the project, and what its URL held.
pub(super) fn settings_for(
    url: &Url,
    known: &[Setting],
    own: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let header = format!("http.{url}.extraheader");
    // An empty one drops all before it, those for all hosts included.
    let none = (header.clone(), String::new());
    let headers = known
        .iter()
        .filter(|setting| is_bound(setting, "http.", ".extraheader", url))
        .map(|setting| (header.clone(), setting.value.clone()));
    let others = known.iter().filter(|setting| {
        let is_taken = |(section, key): &(&str, &str)| is_bound(setting, section, key, url);
        setting.is_local && BOUND.iter().any(is_taken)
    });
    let own = match own.is_empty() {
        true => credential_of_a_remote(url, known),
        false => own,
    };
    std::iter::once(none)
        .chain(headers)
        .chain(others.map(|setting| (setting.name.clone(), setting.value.clone())))
        .chain(own)
        .collect()
}

/// Whether a setting is of this section and key, and for the remote's very host.
fn is_bound(setting: &Setting, section: &str, key: &str, url: &Url) -> bool {
    let scope = setting
        .name
        .strip_prefix(section)
        .and_then(|rest| rest.strip_suffix(key))
        .and_then(|scope| Url::parse(scope).ok());
    let Some(scope) = scope.filter(|scope| scope.username().is_empty() && scope.has_host()) else {
        return false;
    };
    let path = scope.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(path);
    scope.origin() == url.origin()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a person's own configuration has git reach HTTP URLs by another way, such as SSH.
pub(super) fn may_become_ssh(known: &[Setting]) -> bool {
    known
        .iter()
        .filter(|setting| !setting.is_local)
        .any(|setting| {
            let base = setting.name.strip_prefix("url.");
            let base = base.and_then(|rest| {
                rest.strip_suffix(".insteadof")
                    .or_else(|| rest.strip_suffix(".pushinsteadof"))
            });
            base.is_some_and(|base| !base.starts_with("http"))
        })
}

/// Takes a credential out of an HTTP URL and makes it a setting: git would hand the URL as it is to its own helper
/// programs as an argument.
pub(super) fn without_credential(url: &str, settings: &mut Vec<(String, String)>) -> String {
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
fn credential_of_a_remote(url: &Url, known: &[Setting]) -> Vec<(String, String)> {
    known
        .iter()
        .filter(|setting| {
            let name = &setting.name;
            name.starts_with("remote.") && (name.ends_with(".url") || name.ends_with(".pushurl"))
        })
        .find_map(|setting| {
            let mut settings = Vec::new();
            let found = without_credential(&setting.value, &mut settings);
            let is_it = Url::parse(&found).is_ok_and(|found| found == *url);
            (is_it && !settings.is_empty()).then_some(settings)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(is_local: bool, name: &str, value: &str) -> Setting {
        Setting {
            is_local,
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    /// S5: what is bound to the very host goes there; what is bound to none, or to another, goes nowhere.
    #[test]
    fn l14_a_header_goes_to_the_host_that_it_is_bound_to_and_to_no_other() {
        let names = [
            ("http.https://git.example/.extraheader", true),
            ("http.https://git.example.extraheader", true),
            ("http.https://git.example:443/acme.extraheader", true),
            ("http.extraheader", false),
            ("http.https://*.example/.extraheader", false),
            ("http.https://git.example:8443/.extraheader", false),
            ("http.http://git.example/.extraheader", false),
            ("http.https://example/.extraheader", false),
            ("http.https://other.example/.extraheader", false),
            ("http.https://git.example/ac.extraheader", false),
            ("http.https://bot@git.example/.extraheader", false),
        ];
        let url = Url::parse("https://git.example/acme/x.git").unwrap();
        for (name, goes) in names {
            for is_local in [true, false] {
                let settings = settings_for(&url, &[setting(is_local, name, "X: y")], Vec::new());
                let values: Vec<&str> = settings.iter().map(|(_, value)| value.as_str()).collect();
                let expected: &[&str] = if goes { &["", "X: y"] } else { &[""] };
                assert_eq!(values, expected, "{name}");
                let same = "http.https://git.example/acme/x.git.extraheader";
                assert!(
                    settings.iter().all(|(name, _)| name == same),
                    "{settings:?}"
                );
            }
        }
    }

    #[test]
    fn l14_nothing_that_names_a_program_is_taken_over() {
        let url = Url::parse("https://git.example/x.git").unwrap();
        for name in [
            "credential.helper",
            "credential.https://git.example.helper",
            "core.sshcommand",
            "core.askpass",
            "url.ext::sh.insteadof",
            "http.proxy",
        ] {
            let settings = settings_for(&url, &[setting(true, name, "x")], Vec::new());
            assert_eq!(settings.len(), 1, "{name}: {settings:?}");
        }
        let name = "credential.https://git.example.username";
        let settings = settings_for(&url, &[setting(true, name, "bot")], Vec::new());
        assert_eq!(settings[1], (name.to_owned(), "bot".to_owned()));
    }
}
