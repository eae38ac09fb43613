//! A crate: its build scripts, a native library, procedural macros; and what is built into or along with it.

use std::collections::BTreeMap;

use relplan_ecosystem::cargo::manifest::{Kind, Manifest};

use super::{Listed, Noted, Unreadable, file, told};
use crate::http::reason;

/// The normalised manifest, which is the one that Cargo reads.
pub(super) const MANIFEST: &str = "Cargo.toml";

pub(super) fn read(
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Result<(String, Noted), Unreadable> {
    let unreadable =
        |why: &dyn std::error::Error| (MANIFEST.to_owned(), format!("says: {}", reason(why)));
    let manifest = Manifest::read(super::text(metadata, MANIFEST)?);
    let manifest = manifest.map_err(|error| unreadable(&error))?;
    let mut noted = Noted::default();
    let package = &manifest.package;
    for path in package.build_scripts(files.contains_key("build.rs")) {
        let plain = path.trim_start_matches("./");
        noted.scripts.insert(told(plain), file(files.get(plain)));
    }
    if let Some(library) = &package.links {
        let what = format!("links the native library {}", told(library));
        noted.scripts.insert("links".to_owned(), what);
    }
    if manifest.is_proc_macro() {
        let what = "its code runs inside the compiler".to_owned();
        noted.scripts.insert("proc-macro".to_owned(), what);
    }
    let dependencies = manifest
        .dependencies()
        .map_err(|error| unreadable(&error))?;
    for dependency in dependencies {
        let section = match dependency.kind {
            Kind::Normal => "dependencies",
            Kind::Build => "build-dependencies",
            Kind::Dev => continue,
        };
        let section = match &dependency.target {
            Some(target) => format!("{section} for {}", told(target)),
            None => section.to_owned(),
        };
        let mut asked = dependency.requirement;
        if dependency.optional {
            asked.push_str(", optional");
        }
        if let Some(index) = &dependency.registry_index {
            asked.push_str(&format!(", from {}", told(index)));
        }
        // One crate may be asked for twice under several names.
        noted
            .dependencies
            .entry((dependency.package, section))
            .and_modify(|all| *all = format!("{all} and {asked}"))
            .or_insert(asked);
    }
    Ok((package.version.clone(), noted))
}
