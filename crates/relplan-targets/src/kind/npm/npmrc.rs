//! The text of an `.npmrc`: keys and values as npm's own reader (the `ini` format, npm documentation "npmrc") has them.

use std::collections::BTreeMap;

/// The entries before the first section, the last of equal keys winning, with `${VARIABLE}` replaced from `vars`. A file
/// of the tree is read without any: npm would put every variable's value wherever such a file says, into a URL as well.
///
/// npm's settings all stand outside of sections; lists (`key[] = …`) hold nothing that concerns us and are left out.
pub(super) fn parse(
    text: &str,
    vars: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let expanded = |text: String| match vars {
        Some(vars) => expand(&text, vars),
        None => text,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') {
            break;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let key = expanded(unquote(key));
        if !key.ends_with("[]") {
            entries.insert(key, expanded(unquote(value)));
        }
    }
    entries
}

/// Takes quotes, escapes and a trailing comment away.
fn unquote(text: &str) -> String {
    let text = text.trim();
    if text.len() >= 2 {
        if let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
            return inner.to_owned();
        }
        if text.starts_with('"')
            && text.ends_with('"')
            && let Ok(inner) = serde_json::from_str(text)
        {
            return inner;
        }
    }
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' | '#' => break,
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ';' | '#')) => plain.push(escaped),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            _ => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

/// Replaces `${NAME}` and, for an unset variable, `${NAME?}` by nothing; an unset `${NAME}` stays as it is.
pub(super) fn expand(text: &str, vars: &BTreeMap<String, String>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        done.push_str(before);
        let Some((inside, next)) = after.split_once('}') else {
            done.push_str("${");
            rest = after;
            continue;
        };
        let (name, optional) = match inside.strip_suffix('?') {
            Some(name) => (name, true),
            None => (inside, false),
        };
        match vars.get(name) {
            Some(value) => done.push_str(value),
            None if optional => {}
            None => done.extend(["${", inside, "}"]),
        }
        rest = next;
    }
    done.push_str(rest);
    done
}

/// The name of a variable that a text waits for.
pub(super) fn variable_in(value: &str) -> Option<&str> {
    let (_, after) = value.split_once("${")?;
    let (name, _) = after.split_once('}')?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_npmrc_is_read_as_npm_reads_it() {
        let vars = BTreeMap::from([("TOKEN".to_owned(), "t0k".to_owned())]);
        let text = "\u{feff}; comment\n# comment\nregistry = https://npm.acme.example/ ; ours\n\
            @acme:registry=\"https://acme.example/a#b\"\n//npm.acme.example/:_authToken=${TOKEN}\n\
            //other.example/:_authToken=${UNSET}\nempty=${UNSET?}\nalways-auth\nlist[]=x\n\
            escaped=a\\;b\\#c\\\\d\\e\nregistry='https://last.example/'\nopen=${TOKEN\n[section]\nhidden=1\n";
        let entries = parse(text, Some(&vars));
        let get = |key: &str| entries.get(key).map(String::as_str);
        for (key, value) in [
            ("registry", Some("https://last.example/")),
            ("@acme:registry", Some("https://acme.example/a#b")),
            ("//npm.acme.example/:_authToken", Some("t0k")),
            ("//other.example/:_authToken", Some("${UNSET}")),
            ("empty", Some("")),
            ("always-auth", Some("true")),
            ("list[]", None),
            ("escaped", Some("a;b#c\\d\\e")),
            ("open", Some("${TOKEN")),
            ("hidden", None),
        ] {
            assert_eq!(get(key), value, "{key}");
        }
        assert_eq!(variable_in("x${UNSET}"), Some("UNSET"));
        let literal = parse("registry=https://x.example/${TOKEN}\n${TOKEN}=1\n", None);
        let literal: Vec<_> = literal
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert_eq!(
            literal,
            ["${TOKEN}=1", "registry=https://x.example/${TOKEN}"]
        );
    }
}
