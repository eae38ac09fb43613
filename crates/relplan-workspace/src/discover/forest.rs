//! Many patterns of folders at once, as one tree of their segments: a folder is held against all of them in one walk down
//! its own path, however many there are.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Folder,
    pattern::{Pattern, Segment},
    wildcard::Wildcard,
};

/// Patterns by segment, each with a number by which it is known again.
#[derive(Debug)]
pub(crate) struct Forest {
    nodes: Vec<Node>,
    /// How many names were held against a wildcard so far.
    tried: Cell<u64>,
}

/// Where patterns that begin alike have come to.
#[derive(Debug, Default)]
struct Node {
    names: BTreeMap<String, usize>,
    /// Wildcards by what they fix at the start, then at the end.
    wild: BTreeMap<String, BTreeMap<String, BTreeMap<Wildcard, usize>>>,
    /// What follows a `**` from here.
    any: Option<usize>,
    /// Whether this is behind a `**`, which takes any further segment.
    stays: bool,
    /// The patterns that end here.
    ends: Vec<usize>,
}

impl Forest {
    /// A tree of patterns, each with its number.
    pub(crate) fn of<'p>(patterns: impl IntoIterator<Item = (usize, &'p Pattern)>) -> Self {
        let mut forest = Self {
            nodes: vec![Node::default()],
            tried: Cell::new(0),
        };
        for (number, pattern) in patterns {
            forest.plant(number, pattern);
        }
        forest
    }

    fn plant(&mut self, number: usize, pattern: &Pattern) {
        let mut at = 0;
        for name in segments(pattern.base().as_path()) {
            at = self.child(at, |node, next| {
                *node.names.entry(name.to_owned()).or_insert(next)
            });
        }
        for segment in pattern.segments() {
            at = self.child(at, |node, next| match segment {
                Segment::Any => *node.any.get_or_insert(next),
                Segment::Name(name) => *node.names.entry(name.clone()).or_insert(next),
                Segment::Wild(wildcard) => {
                    let (start, end) = wildcard.ends();
                    let by_end = node.wild.entry(start).or_default();
                    let alike = by_end.entry(end).or_default();
                    *alike.entry(wildcard.clone()).or_insert(next)
                }
            });
            if let (Segment::Any, Some(node)) = (segment, self.nodes.get_mut(at)) {
                node.stays = true;
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(number);
        }
    }

    /// The child that `find` names, which is given the number of a new one.
    fn child(&mut self, at: usize, find: impl FnOnce(&mut Node, usize) -> usize) -> usize {
        let next = self.nodes.len();
        let found = self.nodes.get_mut(at).map_or(0, |node| find(node, next));
        if found == next {
            self.nodes.push(Node::default());
        }
        found
    }

    /// Whether a pattern matches the folder.
    pub(crate) fn matches(&self, folder: &Folder) -> bool {
        let mut at = self.roots();
        for name in segments(folder.as_path()) {
            at = self.step(&at, name);
        }
        self.ends(&at).next().is_some()
    }

    /// Tells the number of each pattern that matches the folder or one that it is in, perhaps more than once.
    pub(crate) fn covering(&self, folder: &Folder, mut tell: impl FnMut(usize)) {
        let mut at = self.roots();
        self.ends(&at).for_each(&mut tell);
        for name in segments(folder.as_path()) {
            if at.is_empty() {
                return;
            }
            at = self.step(&at, name);
            self.ends(&at).for_each(&mut tell);
        }
    }

    fn roots(&self) -> BTreeSet<usize> {
        self.with_skips(BTreeSet::from([0]))
    }

    fn step(&self, at: &BTreeSet<usize>, name: &str) -> BTreeSet<usize> {
        let mut next = BTreeSet::new();
        for place in at {
            let Some(node) = self.nodes.get(*place) else {
                continue;
            };
            if node.stays {
                next.insert(*place);
            }
            next.extend(node.names.get(name));
            // As `Segment::admits` has it.
            if name != "node_modules" {
                self.wild(node, name, &mut next);
            }
        }
        self.with_skips(next)
    }

    fn wild(&self, node: &Node, name: &str, next: &mut BTreeSet<usize>) {
        if node.wild.is_empty() {
            return;
        }
        let boundaries = || (0..=name.len()).filter(|at| name.is_char_boundary(*at));
        let by_start = boundaries().filter_map(|at| node.wild.get(name.get(..at)?));
        for by_end in by_start {
            let alike = boundaries().filter_map(|at| by_end.get(name.get(at..)?));
            for (wildcard, place) in alike.flatten() {
                self.tried.set(self.tried.get().saturating_add(1));
                if wildcard.matches(name) {
                    next.insert(*place);
                }
            }
        }
    }

    /// `**` may stand for no segment at all.
    fn with_skips(&self, mut at: BTreeSet<usize>) -> BTreeSet<usize> {
        let behind: Vec<usize> = at
            .iter()
            .filter_map(|place| self.nodes.get(*place)?.any)
            .collect();
        at.extend(behind);
        at
    }

    fn ends(&self, at: &BTreeSet<usize>) -> impl Iterator<Item = usize> {
        let nodes = at.iter().filter_map(|place| self.nodes.get(*place));
        nodes.flat_map(|node| node.ends.iter().copied())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(path: &str) -> Folder {
        Folder::root().join(path).unwrap()
    }

    fn patterns(base: &str, texts: &[String]) -> Vec<Pattern> {
        texts
            .iter()
            .filter_map(|text| Pattern::parse(&folder(base), text).ok())
            .flatten()
            .collect()
    }

    proptest! {
        #[test]
        fn a_forest_means_what_its_patterns_mean(
            base in "(a|a/b)?",
            texts in prop::collection::vec("(\\*\\*|[ab.?*]{1,3}|\\[ab\\]|node_modules|\\.\\.)(/(\\*\\*|[ab.?*]{1,3}|node_modules)){0,3}", 1..8),
            paths in prop::collection::vec("([ab.]{1,3}|node_modules)(/([ab.]{1,3}|node_modules)){0,4}", 1..8),
        ) {
            let patterns = patterns(&base, &texts);
            let forest = Forest::of(patterns.iter().enumerate());
            for path in paths {
                let Some(folder) = Folder::root().join(&path) else {
                    continue;
                };
                let any = patterns.iter().any(|pattern| pattern.matches(&folder));
                prop_assert_eq!(forest.matches(&folder), any, "{} {:?}", folder, texts);
                let mut told = BTreeSet::new();
                forest.covering(&folder, |number| {
                    told.insert(number);
                });
                let covering: BTreeSet<usize> = (0..patterns.len())
                    .filter(|number| patterns[*number].covers(&folder))
                    .collect();
                prop_assert_eq!(told, covering, "{} {:?}", folder, texts);
            }
        }
    }

    /// G5: 999 patterns and 5,000 folders are looked up, not multiplied.
    #[test]
    fn patterns_are_looked_up_by_what_they_fix() {
        let texts: Vec<String> = (0..333)
            .flat_map(|n| {
                [
                    format!("packages/name-{n}"),
                    format!("packages/group-{n}-*"),
                    format!("**/fixture-{n}"),
                ]
            })
            .collect();
        let patterns = patterns("", &texts);
        let forest = Forest::of(patterns.iter().enumerate());
        let mut covered = 0;
        for n in 0..5_000 {
            for path in [
                format!("packages/name-{n}/x"),
                format!("packages/group-{}-{n}", n % 400),
                format!("packages/x/fixture-{n}/y/z"),
            ] {
                forest.covering(&folder(&path), |_| covered += 1);
            }
        }
        assert_eq!(covered, 333 + 4_196 + 333);
        assert!(forest.tried.get() < 6_000, "{}", forest.tried.get());
    }
}
