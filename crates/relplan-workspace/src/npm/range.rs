//! npm's version ranges (node-semver's documentation: Ranges, Advanced Range Syntax, Prerelease Tags).
//!
//! Why: the range libraries at hand read `<=1.2`, `>x`, an empty range and more otherwise than npm's own `semver` does,
//! and a range that is read wrongly is an edge too many or too few.

use semver::{Prerelease, Version};

/// The longest range that npm reads, in bytes.
const MAX_LENGTH: usize = 256;

/// The operators, each before its own beginnings.
const OPERATORS: [&str; 9] = [">=", "<=", "~>", ">", "<", "=", "^", "~", ""];

/// Whether a range takes in a version; `None`: the text is not a range, but perhaps a dist-tag.
pub(super) fn admits(range: &str, version: &Version) -> Option<bool> {
    if range.len() > MAX_LENGTH {
        return None;
    }
    range.split("||").try_fold(false, |any, alternative| {
        let bounds = alternative_bounds(alternative)?;
        Some(any | holds(&bounds, version))
    })
}

/// Whether a text may be a dist-tag: npm takes what is not a range and needs no escaping in a URL.
pub(super) fn is_tag(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Below,
    AtMost,
    Exactly,
    AtLeast,
    Above,
}

#[derive(Debug)]
struct Bound(Is, Version);

/// All bounds must hold, and a pre-release must be of a version whose pre-releases some bound names.
fn holds(bounds: &[Bound], version: &Version) -> bool {
    let within = bounds.iter().all(|Bound(is, bound)| {
        let order = version.cmp_precedence(bound);
        match is {
            Is::Below => order.is_lt(),
            Is::AtMost => order.is_le(),
            Is::Exactly => order.is_eq(),
            Is::AtLeast => order.is_ge(),
            Is::Above => order.is_gt(),
        }
    });
    let core = |version: &Version| (version.major, version.minor, version.patch);
    within
        && (version.pre.is_empty()
            || bounds
                .iter()
                .any(|Bound(_, bound)| !bound.pre.is_empty() && core(bound) == core(version)))
}

/// The bounds of what stands between two `||`; `None` where it is not a range.
fn alternative_bounds(text: &str) -> Option<Vec<Bound>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [from, "-", to] = words.as_slice() {
        let mut bounds = Partial::parse(from)?.comparator(">=")?;
        bounds.extend(Partial::parse(to)?.comparator("<=")?);
        return Some(bounds);
    }
    let mut bounds = Vec::new();
    for comparator in rejoined(&words).split_whitespace() {
        let operator = OPERATORS
            .iter()
            .find(|operator| comparator.starts_with(**operator))?;
        let version = comparator.strip_prefix(operator)?;
        if !operator.contains(['^', '~']) && has_number_after_wildcard(version) {
            return None;
        }
        bounds.extend(Partial::parse(version)?.comparator(operator)?);
    }
    Some(bounds)
}

/// `1.x.3`: npm takes it after `^` and `~` alone.
fn has_number_after_wildcard(version: &str) -> bool {
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    numbers
        .trim_start_matches(['v', '='])
        .split('.')
        .skip_while(|part| !matches!(*part, "x" | "X" | "*"))
        .any(|part| !matches!(part, "x" | "X" | "*"))
}

/// Words with no white space between an operator and its version.
fn rejoined(words: &[&str]) -> String {
    let mut joined = String::new();
    for word in words {
        if !joined.is_empty() && !joined.ends_with(['<', '>', '=', '^', '~']) {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// A version of which the last numbers may be missing or wildcards.
enum Partial {
    Any,
    Major(u64),
    Minor(u64, u64),
    Full(Version),
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(['v', '=']);
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, suffix) = text.split_at_checked(end)?;
        let mut parts = numbers.split('.').map(Part::parse);
        let major = parts.next()??;
        let (minor, patch) = (parts.next(), parts.next());
        if parts.next().is_some() || (patch.is_none() && !suffix.is_empty()) {
            return None;
        }
        let minor = minor.unwrap_or(Some(Part::Any))?;
        let patch = patch.unwrap_or(Some(Part::Any))?;
        Some(match (major, minor, patch) {
            (Part::Any, _, _) => Self::Any,
            (Part::Number(major), Part::Any, _) => Self::Major(major),
            (Part::Number(major), Part::Number(minor), Part::Any) => Self::Minor(major, minor),
            (Part::Number(_), Part::Number(_), Part::Number(_)) => {
                Self::Full(Version::parse(text).ok()?)
            }
        })
    }

    /// The bounds that an operator makes of it.
    fn comparator(self, operator: &str) -> Option<Vec<Bound>> {
        let first = self.first();
        Some(match (operator, first) {
            ("<" | ">", None) => vec![Bound(Is::Below, before(0, 0, 0)?)],
            ("" | "=" | "<=" | ">=" | "^" | "~" | "~>", None) => Vec::new(),
            ("" | "=", Some(first)) => match self.next()? {
                Some(next) => vec![Bound(Is::AtLeast, first), Bound(Is::Below, next)],
                None => vec![Bound(Is::Exactly, first)],
            },
            (">=", Some(first)) => vec![Bound(Is::AtLeast, first)],
            ("<", Some(first)) => match self.next()? {
                Some(_) => {
                    vec![Bound(
                        Is::Below,
                        before(first.major, first.minor, first.patch)?,
                    )]
                }
                None => vec![Bound(Is::Below, first)],
            },
            (">", Some(first)) => match self.next()? {
                Some(next) => vec![Bound(
                    Is::AtLeast,
                    Version::new(next.major, next.minor, next.patch),
                )],
                None => vec![Bound(Is::Above, first)],
            },
            ("<=", Some(first)) => match self.next()? {
                Some(next) => vec![Bound(Is::Below, next)],
                None => vec![Bound(Is::AtMost, first)],
            },
            ("~" | "~>", Some(first)) => {
                let end = self.tilde_end()?;
                vec![Bound(Is::AtLeast, first), Bound(Is::Below, end)]
            }
            ("^", Some(first)) => {
                let end = self.caret_end()?;
                vec![Bound(Is::AtLeast, first), Bound(Is::Below, end)]
            }
            _ => return None,
        })
    }

    /// The least version that it stands for.
    fn first(&self) -> Option<Version> {
        match self {
            Self::Any => None,
            Self::Major(major) => Some(Version::new(*major, 0, 0)),
            Self::Minor(major, minor) => Some(Version::new(*major, *minor, 0)),
            Self::Full(version) => Some(version.clone()),
        }
    }

    /// What comes after all versions that it stands for, where it stands for more than one.
    #[expect(
        clippy::option_option,
        reason = "the outer one is a number too great for a version, the inner one a full version"
    )]
    fn next(&self) -> Option<Option<Version>> {
        Some(match self {
            Self::Any | Self::Full(_) => None,
            Self::Major(major) => Some(before(major.checked_add(1)?, 0, 0)?),
            Self::Minor(major, minor) => Some(before(*major, minor.checked_add(1)?, 0)?),
        })
    }

    fn tilde_end(&self) -> Option<Version> {
        match self {
            Self::Full(version) => before(version.major, version.minor.checked_add(1)?, 0),
            Self::Any | Self::Major(_) | Self::Minor(..) => self.next()?,
        }
    }

    fn caret_end(&self) -> Option<Version> {
        match self {
            Self::Any => None,
            Self::Minor(0, _) => self.next()?,
            Self::Major(major) | Self::Minor(major, _) => before(major.checked_add(1)?, 0, 0),
            Self::Full(version) => match (version.major, version.minor, version.patch) {
                (0, 0, patch) => before(0, 0, patch.checked_add(1)?),
                (0, minor, _) => before(0, minor.checked_add(1)?, 0),
                (major, _, _) => before(major.checked_add(1)?, 0, 0),
            },
        }
    }
}

enum Part {
    Any,
    Number(u64),
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "x" | "X" | "*" => Some(Self::Any),
            "" => None,
            number if number.starts_with('0') && number.len() > 1 => None,
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Self::Number(number.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// The bound just below a version and all of its pre-releases, which npm writes with `-0`.
fn before(major: u64, minor: u64, patch: u64) -> Option<Version> {
    let mut version = Version::new(major, minor, patch);
    version.pre = Prerelease::new("0").ok()?;
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_admit_what_npm_says() {
        // Each answer is that of the `semver` package that npm 11 carries.
        for (range, version, expected) in [
            ("", "1.2.3", Some(true)),
            ("*", "1.2.3-rc.1", Some(false)),
            ("1.2.3 || ", "9.0.0", Some(true)),
            ("<=1.2", "1.2.9", Some(true)),
            ("<=1.2", "1.3.0-rc.1", Some(false)),
            ("<1.2", "1.2.0-rc.1", Some(false)),
            (">1", "1.9.9", Some(false)),
            (">1", "2.0.0", Some(true)),
            (">x", "2.0.0", Some(false)),
            ("^x", "2.0.0", Some(true)),
            ("^0.0.3", "0.0.4", Some(false)),
            ("^0.2", "0.2.9", Some(true)),
            ("^0", "0.9.0", Some(true)),
            ("^1.2.3-beta.2", "1.2.3-beta.4", Some(true)),
            ("^1.2.3-beta.2", "1.2.4-beta.4", Some(false)),
            ("^8.0.0", "8.1.0-beta.0", Some(false)),
            ("~1.2", "1.2.9", Some(true)),
            ("~>1.2.3", "1.3.0", Some(false)),
            (">= 1.2  <2", "1.9.0", Some(true)),
            ("1.2 - 2", "2.9.9", Some(true)),
            ("1.2 - 2.0.0", "2.0.1", Some(false)),
            ("1.x.x", "1.9.0", Some(true)),
            ("1.x.3", "1.9.0", None),
            ("=v1.2.3", "1.2.3", Some(true)),
            ("1.2.3+build", "1.2.3", Some(true)),
            ("01.2.3", "1.2.3", None),
            ("latest", "1.2.3", None),
            ("^", "1.2.3", None),
            ("1.2.", "1.2.3", None),
            ("1.2.3.4", "1.2.3", None),
            ("99999999999999999999", "1.2.3", None),
            ("^18446744073709551615", "1.2.3", None),
        ] {
            let version = Version::parse(version).unwrap();
            assert_eq!(admits(range, &version), expected, "{range:?} {version}");
        }
    }
}
