//! Version ranges as npm understands them (node-semver's documented grammar), prereleases included, as `npm deprecate`
//! matches them.
//!
//! Why ours: the Rust reader at hand differs from npm's in a handful of ranges (`<=1.2`, a trailing `||`, `>x`), and a
//! range decides which published versions are touched.

use semver::Version;

/// A set of versions: alternatives, each a list of bounds that must all hold.
#[derive(Debug, Clone)]
pub(crate) struct Range(Vec<Vec<Bound>>);

#[derive(Debug, Clone)]
enum Bound {
    /// At least this one.
    From(Version),
    /// Before this one.
    Before(Version),
    /// Greater than this one.
    After(Version),
    /// At most this one.
    To(Version),
}

/// A version of which later parts may be left open.
struct Partial {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    pre: semver::Prerelease,
}

impl Range {
    /// Reads a range; `None` when npm would not understand it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.split("||")
            .map(|part| alternative(part.trim()))
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }

    /// Whether the version is in it. Build metadata does not count.
    pub(crate) fn matches(&self, version: &Version) -> bool {
        self.0.iter().any(|bounds| {
            bounds.iter().all(|bound| match bound {
                Bound::From(from) => version.cmp_precedence(from).is_ge(),
                Bound::Before(before) => version.cmp_precedence(before).is_lt(),
                Bound::After(after) => version.cmp_precedence(after).is_gt(),
                Bound::To(to) => version.cmp_precedence(to).is_le(),
            })
        })
    }
}

fn alternative(text: &str) -> Option<Vec<Bound>> {
    if let Some((from, to)) = text.split_once(" - ") {
        let from = partial(from.trim())?;
        let to = at_most(&partial(to.trim())?);
        // With prereleases included, npm starts a hyphen range at the first version's own prereleases.
        let start = match from.full() {
            Some(version) if version.pre.is_empty() => vec![Bound::From(zero(version))],
            _ => at_least(&from),
        };
        return Some([start, to].concat());
    }
    let mut bounds = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest
            .find(|c: char| !matches!(c, '<' | '>' | '=' | '~' | '^'))
            .unwrap_or(rest.len());
        let (operator, after) = rest.split_at(at);
        let after = after.trim_start();
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (version, next) = after.split_at(end);
        if version.is_empty() {
            return None;
        }
        bounds.extend(comparator(operator, &partial(version)?)?);
        rest = next.trim_start();
    }
    Some(bounds)
}

fn comparator(operator: &str, partial: &Partial) -> Option<Vec<Bound>> {
    Some(match operator {
        "" | "=" => match partial.full() {
            Some(version) => vec![Bound::From(version.clone()), Bound::To(version)],
            None => [at_least(partial), at_most(partial)].concat(),
        },
        ">=" => at_least(partial),
        "<=" => at_most(partial),
        ">" => match (partial.full(), partial.next()) {
            (Some(version), _) => vec![Bound::After(version)],
            (None, Some(next)) => vec![Bound::From(next)],
            (None, None) => nothing(),
        },
        "<" => match partial.full() {
            Some(version) => vec![Bound::Before(version)],
            None if partial.major.is_none() => nothing(),
            None => vec![Bound::Before(zero(partial.floor()))],
        },
        "~" | "~>" => {
            let mut bounds = at_least(partial);
            let end = match (partial.major, partial.minor) {
                (Some(major), Some(minor)) => Some(Version::new(major, minor.checked_add(1)?, 0)),
                (Some(major), None) => Some(Version::new(major.checked_add(1)?, 0, 0)),
                (None, _) => None,
            };
            bounds.extend(end.map(|end| Bound::Before(zero(end))));
            bounds
        }
        "^" => {
            let mut bounds = at_least(partial);
            bounds.extend(caret_end(partial)?.map(|end| Bound::Before(zero(end))));
            bounds
        }
        _ => return None,
    })
}

/// The version that a caret range stops before: the next change of the first part that is not zero. `None` inside:
/// everything matches.
fn caret_end(partial: &Partial) -> Option<Option<Version>> {
    let Some(major) = partial.major else {
        return Some(None);
    };
    let next = match (major, partial.minor, partial.patch) {
        (0, Some(0), Some(patch)) => Version::new(0, 0, patch.checked_add(1)?),
        (0, Some(minor), _) => Version::new(0, minor.checked_add(1)?, 0),
        (major, ..) => Version::new(major.checked_add(1)?, 0, 0),
    };
    Some(Some(next))
}

fn at_least(partial: &Partial) -> Vec<Bound> {
    match (partial.full(), partial.major) {
        (Some(version), _) => vec![Bound::From(version)],
        (None, Some(_)) => vec![Bound::From(zero(partial.floor()))],
        (None, None) => Vec::new(),
    }
}

fn at_most(partial: &Partial) -> Vec<Bound> {
    match (partial.full(), partial.next()) {
        (Some(version), _) => vec![Bound::To(version)],
        (None, Some(next)) => vec![Bound::Before(next)],
        (None, None) => Vec::new(),
    }
}

/// A bound that nothing meets, as npm spells it too: `<0.0.0-0`.
fn nothing() -> Vec<Bound> {
    vec![Bound::Before(zero(Version::new(0, 0, 0)))]
}

/// The least prerelease of a version: below all of its prereleases, above everything before it.
fn zero(mut version: Version) -> Version {
    if let Ok(pre) = semver::Prerelease::new("0") {
        version.pre = pre;
    }
    version
}

impl Partial {
    fn full(&self) -> Option<Version> {
        let mut version = Version::new(self.major?, self.minor?, self.patch?);
        version.pre = self.pre.clone();
        Some(version)
    }

    fn floor(&self) -> Version {
        Version::new(self.major.unwrap_or(0), self.minor.unwrap_or(0), 0)
    }

    /// The least version after everything that the open parts stand for.
    fn next(&self) -> Option<Version> {
        let major = self.major?;
        Some(zero(match self.minor {
            Some(minor) => Version::new(major, minor.checked_add(1)?, 0),
            None => Version::new(major.checked_add(1)?, 0, 0),
        }))
    }
}

fn partial(text: &str) -> Option<Partial> {
    let text = text.trim_start_matches(['v', 'V']);
    let text = text.split_once('+').map_or(text, |(before, _)| before);
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, semver::Prerelease::new(pre).ok()?),
        None => (text, semver::Prerelease::EMPTY),
    };
    let mut parts = numbers.split('.');
    let mut open = false;
    let mut next = || -> Option<Option<u64>> {
        match parts.next() {
            _ if open => Some(None),
            None | Some("" | "x" | "X" | "*") => {
                open = true;
                Some(None)
            }
            Some(digits) if digits.len() > 1 && digits.starts_with('0') => None,
            Some(digits) => digits.parse().ok().map(Some),
        }
    };
    let partial = Partial {
        major: next()?,
        minor: next()?,
        patch: next()?,
        pre,
    };
    parts.next().is_none().then_some(partial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_match_what_npm_deprecate_would_match() {
        let all = "0.0.1 0.1.0 0.2.5 1.0.0-rc.1 1.0.0 1.1.9 1.2.0-beta 1.2.0 1.2.3 1.3.0 2.0.0-0 2.0.0 2.1.0";
        for (range, expected) in [
            ("<1.2", "0.0.1 0.1.0 0.2.5 1.0.0-rc.1 1.0.0 1.1.9"),
            (
                "<=1.2",
                "0.0.1 0.1.0 0.2.5 1.0.0-rc.1 1.0.0 1.1.9 1.2.0-beta 1.2.0 1.2.3",
            ),
            (
                "<1.2.0",
                "0.0.1 0.1.0 0.2.5 1.0.0-rc.1 1.0.0 1.1.9 1.2.0-beta",
            ),
            ("^1.2", "1.2.0-beta 1.2.0 1.2.3 1.3.0"),
            ("^1.2.0", "1.2.0 1.2.3 1.3.0"),
            ("~1.2", "1.2.0-beta 1.2.0 1.2.3"),
            ("^0.0.1", "0.0.1"),
            ("^0.1", "0.1.0"),
            ("^0", "0.0.1 0.1.0 0.2.5"),
            ("1.x", "1.0.0-rc.1 1.0.0 1.1.9 1.2.0-beta 1.2.0 1.2.3 1.3.0"),
            (">1.2", "1.3.0 2.0.0-0 2.0.0 2.1.0"),
            (">x", ""),
            (">= 2.0.0 <2.1", "2.0.0"),
            (
                "1.0.0 - 1.2",
                "1.0.0-rc.1 1.0.0 1.1.9 1.2.0-beta 1.2.0 1.2.3",
            ),
            ("1.2.3 || 2.1.0", "1.2.3 2.1.0"),
            ("1.2.3 || ", all),
            ("*", all),
            ("", all),
            ("=v1.0.0-rc.1", "1.0.0-rc.1"),
        ] {
            let parsed = Range::parse(range).unwrap();
            let matched: Vec<_> = all
                .split(' ')
                .filter(|version| parsed.matches(&version.parse().unwrap()))
                .collect();
            assert_eq!(matched.join(" "), expected, "{range:?}");
        }
        for range in [
            "latest",
            "1.2.3.4",
            "=>1",
            "1.02",
            ">=",
            "1.2.3 next",
            ">=2.0.0<2.1",
        ] {
            assert!(Range::parse(range).is_none(), "{range:?}");
        }
    }
}
