//! Packages that a spec of the corpus lists in its comments.

use relplan_model::address::{Ecosystem, PackageId, PackageName};
use relplan_spec::Candidate;

/// The packages of lines such as `// package npm @acme/widget js/widget`.
pub(crate) fn packages(text: &str) -> Option<Vec<Candidate>> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("// package"));
    let packages: Vec<Option<Candidate>> = lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut next = || words.next();
            let (ecosystem, name, path) = (next()?, next()?, next()?);
            let package = PackageId {
                ecosystem: Ecosystem::new(ecosystem).ok()?,
                name: PackageName::new(name).ok()?,
            };
            Some(Candidate {
                package,
                path: path.to_owned(),
                releasable: words.next() != Some("private"),
            })
        })
        .collect();
    // A line `// package` without a package says that there are none.
    (!packages.is_empty()).then(|| packages.into_iter().flatten().collect())
}
