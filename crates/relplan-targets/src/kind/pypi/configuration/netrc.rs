//! `.netrc`: logins by host, as curl, pip and uv take them.

use std::collections::BTreeMap;

use secrecy::SecretString;

/// The logins of a `.netrc`.
#[derive(Debug, Default)]
pub(crate) struct Netrc {
    machines: BTreeMap<String, Entry>,
    default: Option<Entry>,
}

/// One login.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The user's name.
    pub(crate) login: String,
    /// The password.
    pub(crate) password: SecretString,
}

impl Netrc {
    /// Reads a file's text. What is not understood is passed over, as all clients do.
    pub(crate) fn read(text: &str) -> Self {
        let mut netrc = Self::default();
        let mut host: Option<Option<String>> = None;
        let mut login = None;
        let mut password = None;
        let mut words = Words { rest: text };
        while let Some(word) = words.next() {
            match word.as_str() {
                "machine" => {
                    netrc.keep(host.take(), &mut login, &mut password);
                    host = words.next().map(Some);
                }
                "default" => {
                    netrc.keep(host.take(), &mut login, &mut password);
                    host = Some(None);
                }
                "login" => login = words.next(),
                "password" => password = words.next(),
                "account" => drop(words.next()),
                "macdef" => words.skip_macro(),
                _ => {}
            }
        }
        netrc.keep(host, &mut login, &mut password);
        netrc
    }

    fn keep(
        &mut self,
        host: Option<Option<String>>,
        login: &mut Option<String>,
        password: &mut Option<String>,
    ) {
        let (login, password) = (login.take(), password.take());
        let (Some(host), Some(password)) = (host, password) else {
            return;
        };
        let entry = Entry {
            login: login.unwrap_or_default(),
            password: SecretString::from(password),
        };
        match host {
            // The first entry of a host counts, as for curl.
            Some(host) => drop(self.machines.entry(host).or_insert(entry)),
            None => self.default = self.default.take().or(Some(entry)),
        }
    }

    /// The login for a host by name; the one for all others is not looked at.
    pub(crate) fn machine(&self, host: &str) -> Option<&Entry> {
        self.machines.get(host)
    }

    /// The login for a host.
    pub(crate) fn host(&self, host: &str) -> Option<&Entry> {
        self.machines.get(host).or(self.default.as_ref())
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word; in double quotes it may hold white space and escaped characters.
    fn next(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                break;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return Some(self.quoted(quoted));
        }
        let end = self
            .rest
            .find(char::is_whitespace)
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    fn quoted(&mut self, text: &str) -> String {
        let mut word = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => word.extend(chars.next()),
                c => word.push(c),
            }
        }
        // The remainder borrows from the text itself, which outlives this.
        let left = chars.as_str().len();
        let taken = self.rest.len() - left;
        self.rest = self.rest.get(taken..).unwrap_or("");
        word
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        self.rest = self.rest.split_once("\n\n").map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn logins_are_found_by_host() {
        let netrc = Netrc::read(
            "# comment with machine x\nmachine one.example login a password p#1\n\
             machine two.example\n  login b\n  account z\n  password \"p \\\"2\\\"\"\n\
             macdef init\nmachine no.example login n password n\n\n\
             machine one.example login late password late\nmachine three.example login c\n\
             default login d password p4",
        );
        let found = |host: &str| {
            let entry = netrc.host(host).unwrap();
            (
                entry.login.clone(),
                entry.password.expose_secret().to_owned(),
            )
        };
        let pair = |login: &str, password: &str| (login.to_owned(), password.to_owned());
        assert_eq!(found("one.example"), pair("a", "p#1"));
        assert_eq!(found("two.example"), pair("b", "p \"2\""));
        assert_eq!(found("three.example"), pair("d", "p4"));
        assert_eq!(found("no.example"), pair("d", "p4"));
        assert!(Netrc::read("").host("one.example").is_none());
        assert!(!format!("{netrc:?}").contains("p4"));
    }
}
