//! Which commit is checked out, and which packages' files differ from it. Git is asked before any packer runs, since
//! packers may write files of their own.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use relplan_ecosystem::cargo::PackedFrom;
use relplan_system::programs::git;

use super::{Job, PackError, Packer, workshop::Workshop};

/// What git says about the folders of some jobs.
pub(super) struct Checkouts {
    by_root: BTreeMap<Utf8PathBuf, Option<Checkout>>,
    commit: Option<String>,
}

struct Checkout {
    commit: String,
    top: Utf8PathBuf,
    /// Relative to `top`; a folder that git knows nothing of ends with `/`.
    changed: Vec<Utf8PathBuf>,
    /// Whether older commits are missing, and no tag names this one.
    is_untagged_and_shallow: bool,
}

impl Checkouts {
    /// Asks git once for each workspace. Where there is no git, or no commit, nothing is known.
    pub(super) fn look(jobs: &[Job], shop: &Workshop<'_>) -> Self {
        let mut by_root = BTreeMap::new();
        for job in jobs {
            by_root
                .entry(job.workspace_root.clone())
                .or_insert_with(|| Checkout::of(&job.workspace_root, shop));
        }
        Self {
            by_root,
            commit: shop.options.commit.clone(),
        }
    }

    /// The commit of a job's folder, and whether its files differ from that: files that git ignores do not count, new
    /// ones do, since they are packed as well.
    pub(super) fn of(&self, job: &Job) -> (Option<String>, bool) {
        let checkout = self
            .by_root
            .get(&job.workspace_root)
            .and_then(Option::as_ref);
        let commit = self
            .commit
            .clone()
            .or_else(|| checkout.map(|checkout| checkout.commit.clone()));
        let dirty = checkout.is_some_and(|checkout| checkout.is_dirty(&job.path));
        (commit, dirty)
    }

    /// The same for a crate. What Cargo wrote into it counts: Cargo knows which files went in, those that the crate
    /// inherits from its workspace included.
    pub(super) fn of_crate(&self, job: &Job, packed: Option<PackedFrom>) -> (Option<String>, bool) {
        match packed {
            Some(packed) => (self.commit.clone().or(Some(packed.commit)), packed.dirty),
            None => self.of(job),
        }
    }

    /// Refuses packages whose version the build finds in the history, where most of that was left out of the clone:
    /// unless a tag names the very commit, the build would make up a version, and one that is earlier than others.
    pub(super) fn refuse_made_up_versions(&self, jobs: &[Job]) -> Result<(), PackError> {
        let is_made_up = |job: &&Job| {
            let checkout = self.by_root.get(&job.workspace_root);
            let checkout = checkout.and_then(Option::as_ref);
            job.version_from_history
                && !matches!(job.packer, Packer::Prebuilt(_))
                && checkout.is_some_and(|checkout| checkout.is_untagged_and_shallow)
        };
        let packages: Vec<String> = jobs
            .iter()
            .filter(is_made_up)
            .map(|job| job.package.to_string())
            .collect();
        if packages.is_empty() {
            return Ok(());
        }
        Err(PackError::Shallow {
            packages: packages.join(", "),
        })
    }
}

impl Checkout {
    fn of(root: &Utf8Path, shop: &Workshop<'_>) -> Option<Self> {
        let checkout = git::Checkout::around(root.as_std_path())?;
        let commit = checkout.head(shop.programs())?;
        let status = checkout.changed(shop.programs())?;
        Some(Self {
            commit,
            top: Utf8PathBuf::from_path_buf(checkout.top().to_owned()).ok()?,
            changed: changed(&status),
            is_untagged_and_shallow: checkout.is_shallow()
                && checkout.is_tagged(shop.programs()) == Some(false),
        })
    }

    fn is_dirty(&self, folder: &Utf8Path) -> bool {
        let folder = folder
            .canonicalize_utf8()
            .unwrap_or_else(|_| folder.to_owned());
        let Ok(relative) = folder.strip_prefix(&self.top) else {
            return false;
        };
        self.changed
            .iter()
            .filter(|path| !is_ours(path))
            .any(|path| {
                path.starts_with(relative)
                    || (path.as_str().ends_with('/') && relative.starts_with(path))
            })
    }
}

/// Whether a path is in the folder that keeps bundles and state, which is no part of any package.
fn is_ours(path: &Utf8Path) -> bool {
    path.components()
        .any(|part| part.as_str() == super::OWN_FOLDER)
}

/// The paths in git's short status: `XY path`, each ended by NUL; a rename or copy has its origin as one more.
fn changed(status: &str) -> Vec<Utf8PathBuf> {
    let mut paths = Vec::new();
    let mut parts = status.split('\0');
    while let Some(part) = parts.next() {
        let (Some(codes), Some(path)) = (part.get(..2), part.get(3..)) else {
            continue;
        };
        paths.push(path.into());
        if codes.contains(['R', 'C']) {
            paths.extend(parts.next().map(Utf8PathBuf::from));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_and_state_make_no_package_dirty() {
        for (status, dirty) in [
            ("?? .relplan/\0", false),
            (" M .relplan/state/journal\0?? py/.relplan/bundle/\0", false),
            ("?? .relplan/\0 M relplan.kdl\0", true),
            ("?? .relplan.md\0", true),
        ] {
            let checkout = Checkout {
                commit: "0".repeat(40),
                top: "/nowhere".into(),
                changed: changed(status),
                is_untagged_and_shallow: false,
            };
            assert_eq!(
                checkout.is_dirty(Utf8Path::new("/nowhere")),
                dirty,
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_package_is_dirty_for_its_own_files_and_not_for_its_neighbours() {
        let checkout = Checkout {
            commit: "0".repeat(40),
            top: "/nowhere".into(),
            changed: changed(" M crates/a/src/lib.rs\0?? js/\0R  new/x\0old/x\0"),
            is_untagged_and_shallow: false,
        };
        for (folder, dirty) in [
            ("crates/a", true),
            ("crates/b", false),
            ("crates/ab", false),
            ("js/widget", true),
            ("jsx", false),
            ("new", true),
            ("old", true),
            ("", true),
        ] {
            assert_eq!(
                checkout.is_dirty(&Utf8Path::new("/nowhere").join(folder)),
                dirty,
                "{folder}"
            );
        }
    }
}
