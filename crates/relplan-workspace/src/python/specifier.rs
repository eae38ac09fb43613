//! Dependency specifiers, as far as their head: the name and what follows it (Python Packaging User Guide: Dependency
//! specifiers; Names and normalization).

/// A specifier taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Specifier<'a> {
    /// The name as it is written.
    pub(super) name: &'a str,
    /// Extras, versions and marker as they are written; empty where there are none.
    pub(super) rest: &'a str,
    /// Whether it is a direct reference, `name @ url`.
    pub(super) is_direct: bool,
}

impl<'a> Specifier<'a> {
    /// Takes a specifier apart; `None` where no name stands at its head.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !ends(name.chars().next()) || !ends(name.chars().last()) {
            return None;
        }
        let rest = rest.trim();
        let after_extras = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, after)| after),
            None => rest,
        };
        Some(Self {
            name,
            rest,
            is_direct: after_extras.trim_start().starts_with('@'),
        })
    }
}

/// A name in its normal form: lower case, and one hyphen for each run of `-`, `_` and `.` (PEP 503).
pub(super) fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.push(c.to_ascii_lowercase());
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_specifier_is_its_name() {
        for (text, name, rest, is_direct) in [
            ("acme", "acme", "", false),
            ("Acme.Core_x >= 1.0, <2", "Acme.Core_x", ">= 1.0, <2", false),
            (
                "acme[http]>=1; python_version < '3.9'",
                "acme",
                "[http]>=1; python_version < '3.9'",
                false,
            ),
            ("acme~=1.2", "acme", "~=1.2", false),
            ("acme ;extra=='x'", "acme", ";extra=='x'", false),
            ("acme (>=1.0)", "acme", "(>=1.0)", false),
            ("acme @ file:///x", "acme", "@ file:///x", true),
            (
                "acme[a,b]@https://x.example/y.whl",
                "acme",
                "[a,b]@https://x.example/y.whl",
                true,
            ),
        ] {
            let expected = Specifier {
                name,
                rest,
                is_direct,
            };
            assert_eq!(Specifier::of(text), Some(expected), "{text}");
        }
        for text in ["", ">=1", "-acme", "acme_>=1"] {
            assert_eq!(Specifier::of(text), None, "{text}");
        }
    }

    #[test]
    fn names_have_one_normal_form() {
        for name in ["Acme-Tools", "acme_tools", "ACME.tools", "acme-_.tools"] {
            assert_eq!(normalized(name), "acme-tools");
        }
    }
}
