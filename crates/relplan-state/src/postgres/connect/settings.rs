//! The settings of a connection string that concern encryption, taken out of it: the library behind knows fewer of them
//! than PostgreSQL's own clients do, and refuses a string with any other.

use std::ops::Range;

/// The settings that are understood here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// `sslmode`.
    pub(super) mode: Option<String>,
    /// `sslrootcert`.
    pub(super) root: Option<String>,
}

/// Settings of PostgreSQL's own clients that there is nothing for here. To pass over one would be to connect otherwise
/// than was asked for.
const REFUSED: [&str; 7] = [
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslcrldir",
    "sslcertmode",
    "gssencmode",
];

/// One setting as it stands in a string.
struct Found {
    name: String,
    value: String,
    range: Range<usize>,
}

/// Takes the settings out of a connection string, and returns what is left of that.
///
/// # Errors
/// The name of a setting that cannot be honoured. A string that cannot be read is left for the library to refuse.
pub(super) fn take(text: &str) -> Result<(String, Settings), &'static str> {
    let found = match text.contains("://") {
        true => of_url(text),
        false => of_pairs(text),
    };
    let mut settings = Settings::default();
    let mut rest = String::with_capacity(text.len());
    let mut kept = 0;
    for Found { name, value, range } in found {
        if let Some(name) = REFUSED.into_iter().find(|refused| *refused == name) {
            return Err(name);
        }
        let taken = match name.as_str() {
            "sslmode" => &mut settings.mode,
            "sslrootcert" => &mut settings.root,
            _ => continue,
        };
        *taken = Some(value).filter(|value| !value.is_empty());
        rest.push_str(text.get(kept..range.start).unwrap_or_default());
        kept = range.end;
    }
    rest.push_str(text.get(kept..).unwrap_or_default());
    Ok((rest, settings))
}

/// The settings behind the question mark of a URL. One in a user or a password is none: those end with the first `@`.
fn of_url(text: &str) -> Vec<Found> {
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let address = text.find('@').map_or(0, |at| at + 1);
    let query = text.get(address..).and_then(|rest| rest.find('?'));
    let Some(mut at) = query.map(|query| address + query + 1) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for pair in text.get(at..).unwrap_or_default().split('&') {
        let end = at + pair.len();
        // The separator behind it goes with it.
        let next = (end + 1).min(text.len());
        if let Some((name, value)) = pair.split_once('=') {
            found.push(Found {
                name: decoded(name),
                value: decoded(value),
                range: at..next,
            });
        }
        at = next;
    }
    found
}

/// The settings of `name=value name='value'`, with blanks around the sign if one likes, and `\` before what is meant.
fn of_pairs(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut rest = text.char_indices().peekable();
    loop {
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some((start, _)) = rest.peek().copied() else {
            return found;
        };
        let mut name = String::new();
        while let Some((_, c)) = rest.next_if(|(_, c)| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        if rest.next_if(|(_, c)| *c == '=').is_none() {
            return found;
        }
        while rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let is_quoted = rest.next_if(|(_, c)| *c == '\'').is_some();
        let mut value = String::new();
        while let Some((_, c)) = rest.next_if(|(_, c)| is_quoted || !c.is_whitespace()) {
            match c {
                '\\' => value.extend(rest.next().map(|(_, c)| c)),
                '\'' if is_quoted => break,
                c => value.push(c),
            }
        }
        let end = rest.peek().map_or(text.len(), |(end, _)| *end);
        found.push(Found {
            name,
            value,
            range: start..end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_out_and_the_rest_is_as_it_was() {
        let table = [
            ("postgres://u:p@h/d", "postgres://u:p@h/d", None, None),
            (
                "postgres://u:p@h/d?sslmode=verify-ca&connect_timeout=3&sslrootcert=%2Fa%20b%2Fca.pem",
                "postgres://u:p@h/d?connect_timeout=3&",
                Some("verify-ca"),
                Some("/a b/ca.pem"),
            ),
            (
                "postgres://u:p?sslmode=disable@h/d?ssl%6Dode=require",
                "postgres://u:p?sslmode=disable@h/d?",
                Some("require"),
                None,
            ),
            (
                "host=h sslmode = 'verify-full' sslrootcert='/a b/it\\'s.pem' user=u",
                "host=h   user=u",
                Some("verify-full"),
                Some("/a b/it's.pem"),
            ),
            (
                "host=h password='x sslmode=disable' sslmode=require",
                "host=h password='x sslmode=disable' ",
                Some("require"),
                None,
            ),
            ("host=h sslmode=", "host=h ", None, None),
            ("no settings", "no settings", None, None),
        ];
        for (text, rest, mode, root) in table {
            let settings = Settings {
                mode: mode.map(str::to_owned),
                root: root.map(str::to_owned),
            };
            assert_eq!(take(text), Ok((rest.to_owned(), settings)), "{text}");
            assert!(
                rest == "no settings" || rest.parse::<tokio_postgres::Config>().is_ok(),
                "{rest}"
            );
        }
        assert_eq!(take("host=h sslcert=x"), Err("sslcert"));
        assert_eq!(take("postgres://h/d?sslkey=x"), Err("sslkey"));
    }
}
