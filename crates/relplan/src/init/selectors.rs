//! Selectors for packages that go to the same place: a folder's pattern where that takes nothing else along, else the
//! package's name, else its path.

use std::collections::BTreeMap;

use relplan_model::address::PackageId;
use relplan_workspace::{Package, Publishable};

/// A selector, and the packages that it is for.
pub struct Selected<'p> {
    /// As a spec spells it.
    pub selector: String,
    /// In order of path.
    pub packages: Vec<&'p Package>,
}

/// The fewest packages of a folder that get a pattern instead of their names.
const MANY: usize = 2;

/// Finds selectors that take the wanted packages and, of all others, private ones at most. Comes with the packages that
/// nothing can tell from others.
pub fn of<'p>(wanted: &[&'p Package], all: &[&Package]) -> (Vec<Selected<'p>>, Vec<&'p Package>) {
    let mut folders: BTreeMap<&str, Vec<&'p Package>> = BTreeMap::new();
    for package in wanted {
        folders
            .entry(parent(&package.path))
            .or_default()
            .push(package);
    }
    let (mut selected, mut lost) = (Vec::new(), Vec::new());
    for (folder, mut packages) in folders {
        packages.sort_by(|a, b| a.path.cmp(&b.path));
        let is_below = |package: &&Package| package.path != ".";
        let pattern = pattern(folder);
        let fits = packages.len() >= MANY && packages.iter().all(is_below);
        if fits && takes_only(&pattern, wanted, all) {
            selected.push(Selected {
                selector: pattern,
                packages,
            });
            continue;
        }
        for package in packages {
            match exact(package, all) {
                Some(selector) => selected.push(Selected {
                    selector,
                    packages: vec![package],
                }),
                None => lost.push(package),
            }
        }
    }
    (selected, lost)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(parent, _)| parent)
}

fn pattern(folder: &str) -> String {
    if folder == "." {
        "*".to_owned()
    } else {
        format!("{folder}/*")
    }
}

/// Whether a pattern takes none but wanted and private packages, by name or path, as the spec's reader matches.
fn takes_only(pattern: &str, wanted: &[&Package], all: &[&Package]) -> bool {
    let plain = !pattern.contains(['?', '[', ']', '{', '}', '!', '\\']);
    let glob = globset::GlobBuilder::new(pattern)
        .literal_separator(true)
        .build();
    let Some(glob) = glob.ok().filter(|_| plain) else {
        return false;
    };
    let matcher = glob.compile_matcher();
    let ids: Vec<&PackageId> = wanted.iter().map(|package| &package.id).collect();
    all.iter()
        .filter(|one| matcher.is_match(one.id.name.as_str()) || matcher.is_match(&one.path))
        .all(|one| one.publishable == Publishable::Nowhere || ids.contains(&&one.id))
}

/// The package's name or, where another has that too, its path.
fn exact(package: &Package, all: &[&Package]) -> Option<String> {
    let others = || all.iter().filter(|other| other.id != package.id);
    let is_free = |text: &str| {
        let plain = !text.contains(['*', '?', '[', ']', '{', '}', '!', '\\', ':']);
        plain && others().all(|other| other.id.name.as_str() != text && other.path != text)
    };
    [package.id.name.as_str(), package.path.as_str()]
        .into_iter()
        .find(|text| is_free(text))
        .map(str::to_owned)
}
