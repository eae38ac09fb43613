//! Rules meet packages: which rule each package falls under, and which packages a rule needs.

use std::collections::{BTreeMap, BTreeSet};

use relplan_kdl::{Problem, Problems, Span, listed, quoted};
use relplan_model::address::PackageId;

use crate::{
    grammar::LANGUAGE,
    selector::PatternSet,
    spec::{Rule, Spec},
};

/// A package of the workspaces, as a selector sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The package.
    pub package: PackageId,
    /// Its folder, relative to the spec's, with `/`; `.` for the spec's own.
    pub path: String,
    /// Whether its manifest lets it go anywhere at all.
    pub releasable: bool,
}

/// A package with the rule that it falls under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The package.
    pub package: PackageId,
    /// The rule's place in [`Spec::releases`].
    pub rule: usize,
}

/// Finds the rule of each package, in the order of the packages; packages of no rule are left out.
///
/// A selector matches a package's name or its path. One that is exactly that wins over a pattern; of two patterns the one
/// that fixes more characters wins. Problems: two rules that match a package equally well, a rule that matches none, and a
/// pattern that takes none which may be released (a package that is named has a remark of its own).
#[must_use]
pub fn assign(spec: &Spec, packages: &[Candidate]) -> (Vec<Assigned>, Vec<Problem>) {
    let mut problems = Problems::new(&spec.file, &LANGUAGE);
    let selectors = Selectors::of(&spec.releases);
    let mut matched = vec![false; spec.releases.len()];
    let mut ties: BTreeMap<Vec<usize>, &Candidate> = BTreeMap::new();
    let mut assigned = Vec::new();
    for candidate in packages {
        let hits = selectors.hits(candidate);
        for rule in &hits {
            if let Some(matched) = matched.get_mut(*rule) {
                *matched = true;
            }
        }
        let best = selectors.best(&hits);
        match best.as_slice() {
            [] => {}
            [rule] => assigned.push(Assigned {
                package: candidate.package.clone(),
                rule: *rule,
            }),
            _ => {
                ties.entry(best).or_insert(candidate);
            }
        }
    }
    for (rules, candidate) in ties {
        problems.push(tie(&spec.releases, &rules, candidate));
    }
    for rule in idle(spec, packages, &assigned) {
        let label = "every package that falls under it is private by its manifest";
        let message = format!(
            "{} takes no package that may be released",
            quoted(rule.selector.as_str())
        );
        problems.push(
            Problem::error("nothing-released", rule.selector.span(), message, label)
                .hint(releasable_instead_of(rule, packages, &assigned)),
        );
    }
    let unmatched = spec
        .releases
        .iter()
        .zip(&matched)
        .filter(|(_, matched)| !**matched)
        .map(|(rule, _)| rule);
    if packages.is_empty() {
        for rule in unmatched.take(1) {
            let problem = Problem::error(
                "no-match",
                rule.selector.span(),
                "the workspaces hold no packages",
                "nothing to release",
            );
            problems.push(
                problem.hint("check the paths of the `workspace` lines, and what they exclude"),
            );
        }
    } else {
        let names = Names::of(packages);
        for rule in unmatched {
            let hint = names.instead_of(rule, &mut problems);
            let message = format!("{} matches no package", quoted(rule.selector.as_str()));
            let label = match rule.selector.is_exact() {
                true => "no package has this name or path",
                false => "no package's name or path fits",
            };
            problems
                .push(Problem::error("no-match", rule.selector.span(), message, label).hint(hint));
        }
    }
    (assigned, problems.finish(None))
}

/// The rules with a pattern that send packages somewhere, and take none that may go anywhere.
fn idle<'s>(spec: &'s Spec, packages: &[Candidate], assigned: &[Assigned]) -> Vec<&'s Rule> {
    let releasable: BTreeSet<&PackageId> = packages
        .iter()
        .filter(|candidate| candidate.releasable)
        .map(|candidate| &candidate.package)
        .collect();
    let (mut takes, mut releases) = (BTreeSet::new(), BTreeSet::new());
    for Assigned { package, rule } in assigned {
        takes.insert(*rule);
        if releasable.contains(package) {
            releases.insert(*rule);
        }
    }
    takes
        .difference(&releases)
        .filter_map(|rule| spec.releases.get(*rule))
        .filter(|rule| !rule.selector.is_exact() && !rule.to.is_empty())
        .collect()
}

/// What to write instead of a pattern that takes private packages alone: patterns for those that no rule takes.
fn releasable_instead_of(rule: &Rule, packages: &[Candidate], assigned: &[Assigned]) -> String {
    let taken: BTreeSet<&PackageId> = assigned.iter().map(|one| &one.package).collect();
    let left: Vec<&Candidate> = packages
        .iter()
        .filter(|candidate| candidate.releasable && !taken.contains(&candidate.package))
        .collect();
    let above = |text: &str| text.rsplit_once('/').map(|(above, _)| format!("{above}/*"));
    let patterns: BTreeSet<String> = left
        .iter()
        .map(|candidate| {
            let name = candidate.package.name.as_str();
            let by_folder = || above(&candidate.path);
            let pattern = above(name).or_else(by_folder);
            pattern.unwrap_or_else(|| name.to_owned())
        })
        .filter(|pattern| pattern != rule.selector.as_str())
        .collect();
    if patterns.is_empty() {
        return "take the mark out of their manifests, or the rule out of the spec".to_owned();
    }
    format!(
        "no rule takes {}; for them write {}",
        listed(left.iter().map(|one| one.package.name.as_str()), "and"),
        listed(patterns.iter().map(String::as_str), "and"),
    )
}

/// The packages that no rule releases, in order.
#[must_use]
pub fn left_out(packages: &[Candidate], assigned: &[Assigned]) -> Vec<PackageId> {
    let released: BTreeSet<&PackageId> =
        assigned.iter().map(|assigned| &assigned.package).collect();
    packages
        .iter()
        .map(|candidate| &candidate.package)
        .filter(|package| !released.contains(package))
        .cloned()
        .collect()
}

/// Finds the packages that each rule needs, by the rule's place in [`Spec::releases`]; rules that need none are left out.
///
/// An entry is a package's name or its path. Problems: an entry that is neither, and one that could mean two packages.
#[must_use]
pub fn resolve_needs(
    spec: &Spec,
    packages: &[Candidate],
) -> (BTreeMap<usize, Vec<PackageId>>, Vec<Problem>) {
    let mut problems = Problems::new(&spec.file, &LANGUAGE);
    let mut names: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    let mut paths: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for candidate in packages {
        names
            .entry(candidate.package.name.as_str())
            .or_default()
            .push(candidate);
        paths
            .entry(candidate.path.as_str())
            .or_default()
            .push(candidate);
    }
    let mut resolved: BTreeMap<usize, Vec<PackageId>> = BTreeMap::new();
    for (index, rule) in spec.releases.iter().enumerate() {
        for (need, span) in &rule.needs {
            let named = names.get(need.as_str()).map_or(&[][..], Vec::as_slice);
            let placed = paths.get(need.as_str()).map_or(&[][..], Vec::as_slice);
            match meant(named, placed).as_slice() {
                [only] => resolved
                    .entry(index)
                    .or_default()
                    .push(only.package.clone()),
                [] => {
                    let problem = unknown_need(need, *span, packages, &mut problems);
                    problems.push(problem);
                }
                several => problems.push(ambiguous(need, *span, several, &names, &paths)),
            }
        }
    }
    for packages in resolved.values_mut() {
        packages.sort();
        packages.dedup();
    }
    (resolved, problems.finish(None))
}

/// The packages that an entry could mean. A path says more than a name, so it decides among packages of that name.
fn meant<'c>(named: &[&'c Candidate], placed: &[&'c Candidate]) -> Vec<&'c Candidate> {
    if let [only] = placed
        && (named.is_empty() || named.contains(only))
    {
        return vec![only];
    }
    let mut all: Vec<&Candidate> = named.iter().chain(placed).copied().collect();
    all.sort_by(|a, b| a.package.cmp(&b.package));
    all.dedup();
    all
}

fn unknown_need(
    need: &str,
    span: Span,
    packages: &[Candidate],
    problems: &mut Problems,
) -> Problem {
    let hint = match problems.nearest(need, texts(packages)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "name a package of one of the workspaces, or its path".to_owned(),
    };
    let message = format!("there is no package {}", quoted(need));
    Problem::error(
        "no-match",
        span,
        message,
        "no package has this name or path",
    )
    .hint(hint)
}

fn ambiguous(
    need: &str,
    span: Span,
    several: &[&Candidate],
    names: &BTreeMap<&str, Vec<&Candidate>>,
    paths: &BTreeMap<&str, Vec<&Candidate>>,
) -> Problem {
    let single = |map: &BTreeMap<&str, Vec<&Candidate>>, key: &str| {
        key != need && map.get(key).is_some_and(|found| found.len() == 1)
    };
    let readings: Vec<String> = several
        .iter()
        .take(4)
        .map(|candidate| {
            let (name, path) = (candidate.package.name.as_str(), candidate.path.as_str());
            let ecosystem = &candidate.package.ecosystem;
            if single(paths, path) {
                format!("\"{path}\" for the {ecosystem} package {}", quoted(name))
            } else if single(names, name) {
                format!("\"{name}\" for the {ecosystem} package in {}", quoted(path))
            } else {
                format!(
                    "nothing can tell the {ecosystem} package {} in {} from the others; move it",
                    quoted(name),
                    quoted(path)
                )
            }
        })
        .collect();
    let message = format!("{} could mean {} packages", quoted(need), several.len());
    Problem::error("ambiguous", span, message, "which one?")
        .hint(format!("write {}", readings.join(", or ")))
}

fn tie(rules: &[Rule], tied: &[usize], candidate: &Candidate) -> Problem {
    let mut spans = tied
        .iter()
        .filter_map(|rule| rules.get(*rule))
        .map(|rule| rule.selector.span());
    let first = spans.next().unwrap_or_default();
    let message = format!(
        "{} falls under {} rules, and none is more specific",
        quoted(candidate.package.name.as_str()),
        tied.len()
    );
    let problem = Problem::error("tie", first, message, "matches it");
    let problem = spans.fold(problem, |problem, span| {
        problem.related(span, "matches it as well")
    });
    let exact = tied.iter().any(|rule| {
        rules
            .get(*rule)
            .is_some_and(|rule| rule.selector.is_exact())
    });
    problem.hint(match exact {
        true => "keep one of them: they name the same package".to_owned(),
        false => format!(
            "add a rule for the package itself: `release \"{}\" {{ … }}`",
            candidate.package.name
        ),
    })
}

/// The rules' selectors, made ready for many packages.
struct Selectors<'s> {
    exact: BTreeMap<&'s str, usize>,
    patterns: PatternSet<'s>,
    /// The rule behind each pattern of the set.
    rules: Vec<usize>,
    /// How well each rule's selector matches: exactly, else by how many characters it fixes.
    weights: Vec<(bool, usize)>,
}

impl<'s> Selectors<'s> {
    fn of(rules: &'s [Rule]) -> Self {
        let mut made = Self {
            exact: BTreeMap::new(),
            patterns: PatternSet::default(),
            rules: Vec::new(),
            weights: Vec::new(),
        };
        for (index, rule) in rules.iter().enumerate() {
            let selector = rule.selector.as_str();
            if rule.selector.is_exact() {
                made.exact.insert(selector, index);
                made.weights.push((true, 0));
            } else {
                made.patterns.add(selector);
                made.rules.push(index);
                made.weights
                    .push((false, rule.selector.literal_characters()));
            }
        }
        made
    }

    /// The rules that match a package, in order.
    fn hits(&self, candidate: &Candidate) -> BTreeSet<usize> {
        let texts = [candidate.package.name.as_str(), candidate.path.as_str()];
        let exact = texts
            .iter()
            .filter_map(|text| self.exact.get(text))
            .copied();
        let patterns = texts
            .iter()
            .flat_map(|text| self.patterns.matches(text))
            .filter_map(|at| self.rules.get(at).copied());
        exact.chain(patterns).collect()
    }

    /// Those of the matching rules that match best.
    fn best(&self, hits: &BTreeSet<usize>) -> Vec<usize> {
        let weight = |rule: &usize| self.weights.get(*rule);
        let most = hits.iter().filter_map(weight).max();
        hits.iter()
            .filter(|rule| weight(rule) == most)
            .copied()
            .collect()
    }
}

/// The packages' names, paths and folders, to suggest instead of a selector that matches nothing.
struct Names<'c> {
    packages: &'c [Candidate],
    /// The folders that packages are somewhere below.
    folders: BTreeSet<&'c str>,
    /// Patterns for the packages of one folder or scope.
    patterns: BTreeSet<String>,
    /// All names as a list to read.
    list: String,
}

impl<'c> Names<'c> {
    fn of(packages: &'c [Candidate]) -> Self {
        let above = |path: &'c str| {
            path.match_indices('/')
                .filter_map(move |(at, _)| path.get(..at))
        };
        let folders = packages
            .iter()
            .flat_map(|candidate| above(&candidate.path))
            .collect();
        let patterns = texts(packages)
            .filter_map(|text| text.rsplit_once('/'))
            .map(|(folder, _)| format!("{folder}/*"))
            .collect();
        let names = packages
            .iter()
            .map(|candidate| candidate.package.name.as_str());
        Self {
            packages,
            folders,
            patterns,
            list: listed(names, "and"),
        }
    }

    fn instead_of(&self, rule: &Rule, problems: &mut Problems) -> String {
        let selector = rule.selector.as_str();
        let folder = selector.strip_suffix("/*").unwrap_or(selector);
        let near = match (self.folders.contains(folder), rule.selector.is_exact()) {
            (true, true) => {
                return format!(
                    "it is a folder of packages: write \"{folder}/*\" or \"{folder}/**\""
                );
            }
            (true, false) => {
                return format!(
                    "`*` stands for no `/`: write \"{folder}/**\" for packages in deeper folders"
                );
            }
            (false, true) => problems.nearest(selector, texts(self.packages)),
            (false, false) => problems.nearest(selector, self.patterns.iter().map(String::as_str)),
        };
        match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the packages are {}", self.list),
        }
    }
}

/// The texts that a selector is matched against.
fn texts(packages: &[Candidate]) -> impl Iterator<Item = &str> {
    packages
        .iter()
        .flat_map(|candidate| [candidate.package.name.as_str(), candidate.path.as_str()])
}

#[cfg(test)]
mod tests;
