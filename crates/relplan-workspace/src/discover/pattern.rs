//! Patterns of folders: `*` is one segment or a part of it, `**` any number of segments, `{a,b}` either.
//!
//! Invariant: following a pattern ends. Links are not followed by wildcards, and no folder is taken up twice with the
//! same rest of the pattern.

use std::collections::BTreeSet;

use relplan_model::finding::Finding;

use super::{DiscoverError, Folder, ReadError, Tree, unreadable, wildcard::Wildcard};

/// Folders that `**` never enters: what is in them was installed or built, not written.
const NEVER_ENTERED: [&str; 3] = ["node_modules", ".git", "target"];

/// The most alternatives that the braces of one pattern may stand for.
const MAX_ALTERNATIVES: usize = 256;

/// The most patterns that one manifest may list.
pub(crate) const MAX_PATTERNS: usize = 10_000;

/// The deepest folder that `**` reaches, in segments below the project's root.
const MAX_DEPTH: usize = 64;

/// A text that is not a pattern, and why.
#[derive(Debug)]
pub(crate) struct PatternError {
    /// The text.
    pub(crate) text: String,
    /// What is wrong with it.
    pub(crate) why: String,
}

/// One pattern without braces that hold a `/`, anchored at a folder.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    base: Folder,
    segments: Vec<Segment>,
}

/// One segment of a pattern.
#[derive(Debug)]
pub(crate) enum Segment {
    /// `**`.
    Any,
    /// A name without wildcards.
    Name(String),
    /// A name with wildcards.
    Wild(Wildcard),
}

impl Pattern {
    /// Reads the patterns of members that a manifest lists, relative to `base`. What is not a pattern is a finding.
    pub(crate) fn members<'t>(
        base: &Folder,
        file: &str,
        texts: impl Iterator<Item = &'t str>,
        findings: &mut Vec<Finding>,
    ) -> Vec<Self> {
        let mut report = |message| {
            findings.push(unreadable(&ReadError::Content {
                file: file.to_owned(),
                message,
                advice: None,
            }));
        };
        let mut patterns = Vec::new();
        for text in texts {
            if patterns.len() >= MAX_PATTERNS {
                report(format!("only the first {MAX_PATTERNS} members are read"));
                break;
            }
            match Self::parse(base, text) {
                Ok(parsed) => patterns.extend(parsed),
                Err(PatternError { text, why }) => {
                    report(format!("the member {text:?} is not usable: {why}"));
                }
            }
        }
        patterns
    }

    /// Reads a pattern that is relative to `base`: one for each alternative that braces give.
    pub(crate) fn parse(base: &Folder, text: &str) -> Result<Vec<Self>, PatternError> {
        let fail = |why: &str| PatternError {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        if text.len() > 1024 {
            return Err(fail("it is too long"));
        }
        let alternatives =
            alternatives(text).ok_or_else(|| fail("its braces have too many alternatives"))?;
        alternatives
            .iter()
            .map(|alternative| Self::anchored(base, alternative).map_err(|why| fail(&why)))
            .collect()
    }

    fn anchored(base: &Folder, text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Err("it is not a relative path".to_owned());
        }
        let mut base = base.clone();
        let mut segments: Vec<Segment> = Vec::new();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." if segments.is_empty() => {
                    base = base.parent().ok_or("it leads out of the project")?;
                }
                ".." => return Err("it has `..` after a folder's name".to_owned()),
                "**" => {
                    if !matches!(segments.last(), Some(Segment::Any)) {
                        segments.push(Segment::Any);
                    }
                }
                name => segments.push(Segment::parse(name)?),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            base,
            segments,
        })
    }

    /// The folder that it is anchored at.
    pub(crate) fn base(&self) -> &Folder {
        &self.base
    }

    /// Its segments below that.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether there is no wildcard in it, so that what it names ought to be there.
    pub(crate) fn is_literal(&self) -> bool {
        self.segments
            .iter()
            .all(|segment| matches!(segment, Segment::Name(_)))
    }

    /// The folder that a pattern without wildcards names.
    pub(crate) fn literal(&self) -> Option<Folder> {
        self.segments
            .iter()
            .try_fold(self.base.clone(), |at, segment| match segment {
                Segment::Name(name) => at.child(name),
                Segment::Any | Segment::Wild(_) => None,
            })
    }

    /// Whether a folder matches, hidden folders included.
    pub(crate) fn matches(&self, folder: &Folder) -> bool {
        self.reach(folder)
            .is_some_and(|reached| reached.contains(&self.segments.len()))
    }

    /// Whether a folder, or one that it is in, matches: what [`Forest`](super::forest::Forest) does for many at once.
    #[cfg(test)]
    pub(crate) fn covers(&self, folder: &Folder) -> bool {
        let mut at = Some(folder.clone());
        while let Some(folder) = at {
            if self.matches(&folder) {
                return true;
            }
            at = folder.parent();
        }
        false
    }

    /// The positions in the pattern that are possible after a folder's whole path.
    fn reach(&self, folder: &Folder) -> Option<BTreeSet<usize>> {
        let below = folder.below(&self.base)?;
        let mut positions = self.with_skips(BTreeSet::from([0]));
        for name in below.split('/').filter(|name| !name.is_empty()) {
            let next = positions
                .iter()
                .filter_map(|position| match self.segments.get(*position)? {
                    Segment::Any => Some(*position),
                    segment => segment.admits(name, true).then_some(position + 1),
                })
                .collect();
            positions = self.with_skips(next);
        }
        Some(positions)
    }

    /// `**` may stand for no segment at all.
    fn with_skips(&self, mut positions: BTreeSet<usize>) -> BTreeSet<usize> {
        for (position, segment) in self.segments.iter().enumerate() {
            if matches!(segment, Segment::Any) && positions.contains(&position) {
                positions.insert(position + 1);
            }
        }
        positions
    }

    /// The folders that match, links resolved, in order.
    pub(crate) fn expand(&self, tree: &Tree) -> Result<BTreeSet<Folder>, DiscoverError> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<(Folder, usize)> = tree
            .real(&self.base)
            .map(|base| (base, 0))
            .into_iter()
            .collect();
        while let Some((at, position)) = open.pop() {
            if !seen.insert((at.clone(), position)) {
                continue;
            }
            match self.segments.get(position) {
                None => {
                    found.insert(at);
                }
                Some(Segment::Name(name)) => {
                    let child = at.child(name).and_then(|child| tree.real(&child));
                    open.extend(child.map(|child| (child, position + 1)));
                }
                Some(segment @ Segment::Wild(_)) => {
                    let names = tree.folders(&at, &self.text)?;
                    let admitted = names.iter().filter(|name| segment.admits(name, false));
                    open.extend(admitted.filter_map(|name| Some((at.child(name)?, position + 1))));
                }
                Some(Segment::Any) => {
                    open.push((at.clone(), position + 1));
                    if at.depth() < MAX_DEPTH {
                        let names = tree.folders(&at, &self.text)?;
                        let entered = names.iter().filter(|name| {
                            !name.starts_with('.') && !NEVER_ENTERED.contains(&name.as_str())
                        });
                        open.extend(entered.filter_map(|name| Some((at.child(name)?, position))));
                    }
                }
            }
        }
        Ok(found)
    }
}

impl Segment {
    fn parse(name: &str) -> Result<Self, String> {
        if !Wildcard::is_one(name) {
            return Ok(Self::Name(name.to_owned()));
        }
        Ok(Self::Wild(Wildcard::parse(name)?))
    }

    /// Whether a folder's name matches. By default a wildcard does not stand for a hidden or an installed folder.
    fn admits(&self, name: &str, hidden: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Name(wanted) => wanted == name,
            Self::Wild(wildcard) => {
                let shown = hidden || wildcard.is_dotted() || !name.starts_with('.');
                shown && name != "node_modules" && wildcard.matches(name)
            }
        }
    }
}

/// The texts that a pattern's braces stand for; `None` where they are too many. Braces without a comma stay.
fn alternatives(text: &str) -> Option<Vec<String>> {
    let mut open = vec![text.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = open.pop() {
        if open.len() + done.len() > MAX_ALTERNATIVES {
            return None;
        }
        match first_braces(&text) {
            Some((before, inside, after)) => {
                let expanded = inside
                    .iter()
                    .map(|choice| format!("{before}{choice}{after}"));
                open.extend(expanded);
            }
            None => done.push(text),
        }
    }
    done.sort_unstable();
    done.dedup();
    Some(done)
}

/// The first braces with a comma at their own level: what is before, the choices, and what is after.
fn first_braces(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    for (start, _) in text.match_indices('{') {
        let (before, rest) = text.split_at(start);
        let rest = rest.get(1..)?;
        let mut depth = 0_usize;
        let mut choices = Vec::new();
        let mut from = 0;
        for (at, c) in rest.char_indices() {
            match c {
                '{' => depth += 1,
                ',' if depth == 0 => {
                    choices.push(rest.get(from..at)?);
                    from = at + 1;
                }
                '}' if depth == 0 => {
                    if choices.is_empty() {
                        break;
                    }
                    choices.push(rest.get(from..at)?);
                    return Some((before, choices, rest.get(at + 1..)?));
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_segments() {
        let folder = |path: &str| Folder::root().join(path).unwrap();
        for (pattern, path, expected) in [
            ("packages/*", "packages/a", true),
            ("packages/*", "packages", false),
            ("packages/*", "packages/a/b", false),
            ("packages/**", "packages", true),
            ("packages/**", "packages/a/b", true),
            ("**/test/**", "packages/a/test", true),
            ("**/test/**", "packages/a/test/x/y", true),
            ("**/test/**", "packages/a/tests", false),
            ("{packages,tools/cli}/*", "tools/cli/x", true),
            ("{packages,tools/cli}/*", "tools/x", false),
            ("crates/acme-*", "crates/acme-x", true),
            ("./packages/*/", "packages/a", true),
            ("pkg-[ab]", "pkg-a", true),
            ("pkg-[ab]", "pkg-c", false),
            (".", ".", true),
        ] {
            let matched = Pattern::parse(&Folder::root(), pattern)
                .unwrap()
                .iter()
                .any(|pattern| pattern.matches(&folder(path)));
            assert_eq!(matched, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let many = "{a,b}".repeat(40);
        assert!(Pattern::parse(&Folder::root(), &many).is_err());
        assert!(Pattern::parse(&Folder::root(), "../x").is_err());
        assert!(Pattern::parse(&Folder::root(), "/x").is_err());
        assert!(Pattern::parse(&Folder::root(), "x[").is_err());
        let nested = format!("{}{}", "**/a/".repeat(100), "b");
        let pattern = Pattern::parse(&Folder::root(), &nested).unwrap().remove(0);
        let deep = Folder::root().join(&"a/".repeat(200)).unwrap();
        assert!(!pattern.matches(&deep));
    }
}
