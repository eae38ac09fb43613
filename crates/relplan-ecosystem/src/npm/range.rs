//! npm's version ranges (node-semver's documentation: Ranges, Advanced Range Syntax, Prerelease Tags).
//!
//! Why ours: the range libraries at hand read `<=1.2`, `>x`, an empty range and more otherwise than npm's own `semver`
//! does. A range that is read wrongly is an edge too many or too few, or another version that is deprecated.

use semver::{BuildMetadata, Prerelease, Version};

/// The longest version that npm reads, in bytes.
const MAX_LENGTH: usize = 256;

/// The greatest number in a version: what JavaScript can count to.
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The operators, each before its own beginnings.
const OPERATORS: [&str; 9] = [">=", "<=", "~>", ">", "<", "=", "^", "~", ""];

/// A set of versions: alternatives, each a list of bounds that must all hold.
#[derive(Debug, Clone)]
pub struct Range {
    alternatives: Vec<Vec<Bound>>,
    prereleases: Prereleases,
}

/// Which prereleases are in a range that spans them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prereleases {
    /// Those of a version whose prereleases the range names.
    Named,
    /// All.
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound(Is, Version);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Below,
    AtMost,
    Exactly,
    AtLeast,
    Above,
}

impl Range {
    /// Reads a range as dependencies have it; `None`: it is none, but perhaps a dist-tag.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, Prereleases::Named)
    }

    /// Reads a range as `npm deprecate` does: prereleases are in it like other versions.
    #[must_use]
    pub fn with_prereleases(text: &str) -> Option<Self> {
        Self::read(text, Prereleases::All)
    }

    fn read(text: &str, prereleases: Prereleases) -> Option<Self> {
        let alternatives: Vec<_> = text
            .split("||")
            .map(|alternative| bounds_of(alternative, prereleases))
            .collect::<Option<_>>()?;
        // Beside one that takes in everything, npm forgets the others, and with them the prereleases that they name.
        let forgets = prereleases == Prereleases::Named
            && alternatives.iter().any(|bounds| is_everything(bounds));
        Some(Self {
            alternatives: match forgets {
                true => vec![Vec::new()],
                false => alternatives,
            },
            prereleases,
        })
    }

    /// Whether the version is in it. Build metadata does not count.
    #[must_use]
    pub fn admits(&self, version: &Version) -> bool {
        let mut alternatives = self.alternatives.iter();
        alternatives.any(|bounds| self.holds(bounds, version))
    }

    fn holds(&self, bounds: &[Bound], version: &Version) -> bool {
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
        let is_named = |bound: &Bound| !bound.1.pre.is_empty() && core(&bound.1) == core(version);
        within
            && (version.pre.is_empty()
                || self.prereleases == Prereleases::All
                || bounds.iter().any(is_named))
    }
}

/// npm takes `>=0.0.0` for no bound at all where prereleases have to be named.
fn is_everything(bounds: &[Bound]) -> bool {
    let first = Bound(Is::AtLeast, Version::new(0, 0, 0));
    bounds.iter().all(|bound| *bound == first)
}

/// The bounds of what stands between two `||`; `None` where it is not a range.
fn bounds_of(text: &str, prereleases: Prereleases) -> Option<Vec<Bound>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [from, "-", to] = words.as_slice() {
        return span(&Partial::parse(from)?, &Partial::parse(to)?, prereleases);
    }
    let mut bounds = Vec::new();
    for comparator in rejoined(&words).split_whitespace() {
        let operator = OPERATORS
            .iter()
            .find(|operator| comparator.starts_with(**operator))?;
        let partial = Partial::parse(comparator.strip_prefix(operator)?)?;
        // npm takes a number after a wildcard after these two alone.
        if partial.is_out_of_order && !operator.contains(['^', '~']) {
            return None;
        }
        bounds.extend(partial.comparator(operator, prereleases)?);
    }
    Some(bounds)
}

/// `1.2 - 2`: both ends are in it.
fn span(from: &Partial, to: &Partial, prereleases: Prereleases) -> Option<Vec<Bound>> {
    if from.is_signed_twice() || to.is_signed_twice() {
        return None;
    }
    let mut bounds = match &from.stands_for {
        Stands::Full(first) if prereleases == Prereleases::All && first.pre.is_empty() => {
            vec![Bound(
                Is::AtLeast,
                before(first.major, first.minor, first.patch)?,
            )]
        }
        _ => from.comparator(">=", prereleases)?,
    };
    bounds.extend(match &to.stands_for {
        Stands::Full(last) if prereleases == Prereleases::All && last.pre.is_empty() => {
            let end = before(last.major, last.minor, last.patch.checked_add(1)?)?;
            vec![Bound(Is::Below, end)]
        }
        _ => to.comparator("<=", prereleases)?,
    });
    Some(bounds)
}

/// Words with no white space between an operator and its version.
fn rejoined(words: &[&str]) -> String {
    let mut joined = String::new();
    let mut is_open = false;
    for word in words {
        if !is_open && !joined.is_empty() {
            joined.push(' ');
        }
        is_open = !is_open && word.ends_with(['<', '>', '=', '^', '~']);
        joined.push_str(word);
    }
    joined
}

/// A version of which the last numbers may be missing or wildcards.
struct Partial {
    stands_for: Stands,
    /// The signs before it that mean nothing: any of `v` and `=`.
    signs: String,
    /// `1.x.3`: a number after a wildcard.
    is_out_of_order: bool,
}

enum Stands {
    Any,
    Major(u64),
    Minor(u64, u64),
    Full(Version),
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let version = text.trim_start_matches(['v', '=']);
        let signs = text.strip_suffix(version)?.to_owned();
        let mut parts = version.split('+');
        let version = parts.next()?;
        if !parts.all(|build| BuildMetadata::new(build).is_ok_and(|build| !build.is_empty())) {
            return None;
        }
        let (numbers, pre) = match version.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (version, None),
        };
        let parts: Vec<Part> = numbers.split('.').map(Part::parse).collect::<Option<_>>()?;
        let is_pre = |pre| Prerelease::new(pre).is_ok_and(|pre| !pre.is_empty());
        if parts.len() > 3 || pre.is_some_and(|pre| parts.len() < 3 || !is_pre(pre)) {
            return None;
        }
        let wildcards = parts.iter().skip_while(|part| **part != Part::Any);
        Some(Self {
            is_out_of_order: wildcards.into_iter().any(|part| *part != Part::Any),
            stands_for: match parts.as_slice() {
                [
                    Part::Number(major),
                    Part::Number(minor),
                    Part::Number(patch),
                ] => {
                    if version.len() > MAX_LENGTH {
                        return None;
                    }
                    let mut version = Version::new(*major, *minor, *patch);
                    version.pre = Prerelease::new(pre.unwrap_or_default()).ok()?;
                    Stands::Full(version)
                }
                [Part::Number(major), Part::Number(minor), ..] => Stands::Minor(*major, *minor),
                [Part::Number(major), ..] => Stands::Major(*major),
                _ => Stands::Any,
            },
            signs,
        })
    }

    /// The bounds that an operator makes of it.
    fn comparator(&self, operator: &str, prereleases: Prereleases) -> Option<Vec<Bound>> {
        let is_loose = matches!(operator, "~" | "~>" | "^");
        if !is_loose && self.is_signed_twice() {
            return None;
        }
        let first = match (&self.stands_for, prereleases) {
            (Stands::Any, _) => None,
            (Stands::Full(version), _) => Some(version.clone()),
            (Stands::Major(major), Prereleases::Named) => Some(Version::new(*major, 0, 0)),
            (Stands::Major(major), Prereleases::All) => Some(before(*major, 0, 0)?),
            (Stands::Minor(major, minor), Prereleases::Named) => {
                Some(Version::new(*major, *minor, 0))
            }
            (Stands::Minor(major, minor), Prereleases::All) => Some(before(*major, *minor, 0)?),
        };
        let Some(first) = first else {
            return Some(match operator {
                "<" | ">" => vec![Bound(Is::Below, before(0, 0, 0)?)],
                _ => Vec::new(),
            });
        };
        let next = self.next()?;
        Some(match (operator, next) {
            ("" | "=", None) => vec![Bound(Is::Exactly, first)],
            ("" | "=", Some(next)) => vec![Bound(Is::AtLeast, first), Bound(Is::Below, next)],
            (">=", _) => vec![Bound(Is::AtLeast, first)],
            ("<", None) => vec![Bound(Is::Below, first)],
            ("<", Some(_)) => {
                let first = before(first.major, first.minor, first.patch)?;
                vec![Bound(Is::Below, first)]
            }
            (">", None) => vec![Bound(Is::Above, first)],
            (">", Some(mut next)) => {
                if prereleases == Prereleases::Named {
                    next.pre = Prerelease::EMPTY;
                }
                vec![Bound(Is::AtLeast, next)]
            }
            ("<=", None) => vec![Bound(Is::AtMost, first)],
            ("<=", Some(next)) => vec![Bound(Is::Below, next)],
            ("~" | "~>", _) => vec![
                Bound(Is::AtLeast, first),
                Bound(Is::Below, self.tilde_end()?),
            ],
            ("^", _) => vec![
                Bound(Is::AtLeast, first),
                Bound(Is::Below, self.caret_end()?),
            ],
            _ => return None,
        })
    }

    /// Whether there are signs that npm passes over before wildcards alone.
    fn is_signed_twice(&self) -> bool {
        matches!(self.stands_for, Stands::Full(_)) && !matches!(self.signs.as_str(), "" | "v")
    }

    /// What comes after all versions that it stands for, where it stands for more than one.
    #[expect(
        clippy::option_option,
        reason = "the outer one is a number too great for a version, the inner one a full version"
    )]
    fn next(&self) -> Option<Option<Version>> {
        Some(match &self.stands_for {
            Stands::Any | Stands::Full(_) => None,
            Stands::Major(major) => Some(before(major.checked_add(1)?, 0, 0)?),
            Stands::Minor(major, minor) => Some(before(*major, minor.checked_add(1)?, 0)?),
        })
    }

    fn tilde_end(&self) -> Option<Version> {
        match &self.stands_for {
            Stands::Full(version) => before(version.major, version.minor.checked_add(1)?, 0),
            Stands::Any | Stands::Major(_) | Stands::Minor(..) => self.next()?,
        }
    }

    fn caret_end(&self) -> Option<Version> {
        match &self.stands_for {
            Stands::Any => None,
            Stands::Minor(0, _) => self.next()?,
            Stands::Major(major) | Stands::Minor(major, _) => before(major.checked_add(1)?, 0, 0),
            Stands::Full(version) => match (version.major, version.minor, version.patch) {
                (0, 0, patch) => before(0, 0, patch.checked_add(1)?),
                (0, minor, _) => before(0, minor.checked_add(1)?, 0),
                (major, _, _) => before(major.checked_add(1)?, 0, 0),
            },
        }
    }
}

#[derive(PartialEq, Eq)]
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
                let number = number.parse().ok()?;
                (number <= MAX_NUMBER).then_some(Self::Number(number))
            }
            _ => None,
        }
    }
}

/// The bound just below a version and all of its prereleases, which npm writes with `-0`.
fn before(major: u64, minor: u64, patch: u64) -> Option<Version> {
    let mut version = Version::new(major, minor, patch);
    version.pre = Prerelease::new("0").ok()?;
    [major, minor, patch]
        .iter()
        .all(|number| *number <= MAX_NUMBER)
        .then_some(version)
}

#[cfg(test)]
mod tests;
