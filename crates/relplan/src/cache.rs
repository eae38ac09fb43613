//! The folder for cached answers of registries: the user's, never one that the tree can bring along.
//!
//! Why: what a registry confirms with 304 is believed as it stands in the cache. A committed one, under an entity tag
//! that anybody can ask for, would say that other bytes are the same (law L6).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use relplan_system::tree::Checkout;

use crate::{exit::Exit, failure::Failure};

/// The variable that names another folder.
const VARIABLE: &str = "RELPLAN_CACHE";

/// The folder: what `RELPLAN_CACHE` names, else `relplan` in the user's folder for caches; `None`: nothing is cached.
///
/// # Errors
/// When `RELPLAN_CACHE` names a folder that is relative or lies in the checkout (exit 64).
pub fn folder(
    vars: &BTreeMap<String, String>,
    checkout: &Checkout,
) -> Result<Option<PathBuf>, Failure> {
    let var = |name| {
        vars.get(name)
            .filter(|value| !value.is_empty())
            .map(Path::new)
    };
    if let Some(named) = var(VARIABLE) {
        let why = match (named.is_absolute(), checkout.holds(named)) {
            (false, _) => "is not an absolute path",
            (true, true) => "lies in the repository, where a commit could fill it",
            (true, false) => return Ok(Some(named.to_owned())),
        };
        let message = format!("{VARIABLE} is {}, which {why}", named.display());
        return Err(Failure::new(Exit::Usage, message)
            .hint("name a folder outside of the repository, or none: caching only saves time"));
    }
    let home = var("HOME");
    let of_user = if cfg!(windows) {
        var("LOCALAPPDATA").map(Path::to_owned)
    } else if let Some(folder) = var("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()) {
        Some(folder.to_owned())
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Caches"))
    } else {
        home.map(|home| home.join(".cache"))
    };
    Ok(of_user
        .map(|folder| folder.join("relplan"))
        .filter(|folder| folder.is_absolute() && !checkout.holds(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S11: no variable leads the cache into the checkout, by its name or by a link.
    #[test]
    fn l14_the_cache_is_never_in_the_checkout() {
        let scene = tempfile::tempdir().unwrap();
        let root = scene.path().canonicalize().unwrap();
        let project = root.join("repo/project");
        for folder in ["repo/.git", "repo/project", "home"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&project, root.join("home/link")).unwrap();
        let checkout = Checkout::around(&project).unwrap();
        let found = |vars: &[(&str, &str)]| {
            let at = |value: &str| value.replace("ROOT", root.to_str().unwrap());
            let vars = vars
                .iter()
                .map(|(name, value)| ((*name).to_owned(), at(value)));
            folder(&vars.collect(), &checkout)
                .map(|found| found.map(|path| path.strip_prefix(&root).unwrap().to_owned()))
                .map_err(|failure| failure.exit)
        };
        for (vars, expected) in [
            (&[("RELPLAN_CACHE", "ROOT/x")][..], Some("x")),
            (
                &[("XDG_CACHE_HOME", "ROOT/x"), ("HOME", "ROOT/home")],
                Some("x/relplan"),
            ),
            (&[("XDG_CACHE_HOME", "x")], None),
            (&[("XDG_CACHE_HOME", "ROOT/repo/.cache")], None),
            (&[("XDG_CACHE_HOME", "ROOT/home/link/x")], None),
            (&[("HOME", "ROOT/repo/project")], None),
            (&[("HOME", "")], None),
            (&[], None),
        ] {
            if cfg!(target_os = "linux") {
                assert_eq!(found(vars), Ok(expected.map(PathBuf::from)), "{vars:?}");
            }
        }
        for named in [
            "cache",
            "ROOT/repo/x",
            "ROOT/repo/project/.relplan/cache",
            "ROOT/home/link/x",
        ] {
            assert_eq!(
                found(&[("RELPLAN_CACHE", named)]),
                Err(Exit::Usage),
                "{named}"
            );
        }
    }
}
