//! npm's packing rules without npm: runs nothing of the repository, and needs no JavaScript engine.
//!
//! - `npm_builtin/select.rs`: which files go in, as `npm pack` decides it.
//! - `npm_builtin/license.rs`: the license of the workspace, which pnpm adds.
//! - `npm_builtin/rule.rs`: one line of an ignore file, and what it matches.
//! - `npm_builtin/ranges.rs`, `npm_builtin/json_text.rs`: `workspace:` ranges become the versions they stand for, and
//!   every other byte of `package.json` stays.
//!
//! Why it refuses some packages: lifecycle scripts that run while packing make the files that are packed, and bundled
//! dependencies need an installed tree. Both are the business of a package manager.

mod json_text;
mod license;
mod ranges;
mod rule;
mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use relplan_model::address::{FileName, PackageId, Version};
use serde_json::Value;

use super::{
    Job, PackError,
    archive::{Bytes, Entry, write_tar_gz},
    artifact::Made,
    npm::tarball_name,
    workshop::Workshop,
};
use crate::npm::demand::{By, Demand, Outcome, Protocol};

/// The time of every file in a tarball that npm packs: 1985-10-26 08:15 UTC, in seconds since 1970.
const MTIME: u64 = 499_162_500;
/// Packs one package.
pub(super) fn pack(job: &Job, shop: &Workshop<'_>) -> Result<Vec<Made>, PackError> {
    let Prepared { file, entries } = prepare(job, &shop.siblings)?;
    let path = shop.folder()?.join(file.as_str());
    write_tar_gz(&path, &entries, MTIME).map_err(PackError::io("write", &path))?;
    Ok(vec![Made {
        package: job.package.clone(),
        path,
        packer: concat!("relplan ", env!("CARGO_PKG_VERSION")).to_owned(),
    }])
}

/// What will be packed.
pub(super) struct Prepared {
    file: FileName,
    entries: Vec<Entry>,
}

/// Chooses the files, and refuses what cannot be packed here.
pub(super) fn prepare(
    job: &Job,
    siblings: &BTreeMap<PackageId, Version>,
) -> Result<Prepared, PackError> {
    let manifest = Manifest::read(job)?;
    refuse_what_needs_more(job, &manifest)?;
    let (Some(name), Some(version)) = (manifest.text_of("name"), manifest.text_of("version"))
    else {
        return Err(PackError::Manifest {
            path: job.path.join("package.json"),
            why: "it has no name or no version".to_owned(),
        });
    };
    let rewritten = ranges::rewrite(job, &manifest.text, siblings)?;
    let files = select::select(job, &manifest.value)?;
    let executables = select::executables(&manifest.value);

    let tree = job.tree()?;
    let mut entries = Vec::new();
    let license = license::of_workspace(job, &files)?;
    let own = files.into_iter().map(|file| (job.path.join(&file), file));
    for (path, file) in own.chain(license) {
        let mut entry = Entry::file(format!("package/{file}"), &tree, path.clone())
            .map_err(PackError::io("read", &path))?;
        entry.executable |= executables.contains(&file);
        if file == "package.json" {
            entry.bytes = Bytes::Made(rewritten.clone().into_bytes());
        }
        entries.push(entry);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let file = FileName::new(tarball_name(name, version)).map_err(|error| PackError::Manifest {
        path: job.path.join("package.json"),
        why: error.to_string(),
    })?;
    Ok(Prepared { file, entries })
}

/// A package's `package.json`.
pub(super) struct Manifest {
    text: String,
    pub(super) value: Value,
}

impl Manifest {
    pub(super) fn read(job: &Job) -> Result<Self, PackError> {
        let path = job.path.join("package.json");
        let text = job.read_text(&path)?;
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let value = serde_json::from_str(&text).map_err(|error| PackError::Manifest {
            path,
            why: error.to_string(),
        })?;
        Ok(Self { text, value })
    }

    fn text_of(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }
}

/// Refuses what the table of demands refuses, should nobody have asked it before.
fn refuse_what_needs_more(job: &Job, manifest: &Manifest) -> Result<(), PackError> {
    let has = |name: &str| job.workspace_root.join(name).is_file();
    let keeper = match (has("pnpm-workspace.yaml"), has(".yarnrc.yml")) {
        (true, _) => By::Pnpm,
        (false, true) => By::Yarn,
        (false, false) => By::Npm,
    };
    let demands = manifest.value.as_object().map(Demand::all_of);
    let mut demands = demands.into_iter().flatten();
    let refused = demands.find(|one| one.outcome(By::BuiltIn, keeper) == Outcome::Refused);
    let Some(refused) = refused else {
        return Ok(());
    };
    Err(PackError::Unsupported {
        package: job.package.clone(),
        why: match &refused {
            Demand::Script(script) => format!("its script `{script}` has to run first"),
            Demand::Bundled(key) => format!("its `{key}` need an installed tree"),
            Demand::Config(key) => format!("it does not do what `publishConfig.{key}` says"),
            Demand::Protocol(_, text) => format!("it depends on {text}"),
            Demand::Provenance => "it makes no attestation".to_owned(),
        },
        hint: match refused {
            Demand::Protocol(Protocol::Local, _) => "name the version range of a published package",
            _ => "leave out packer=\"builtin\" in the spec, and its own package manager packs it",
        }
        .to_owned(),
    })
}
