//! npm's packing rules without npm: runs nothing of the repository, and needs no JavaScript engine.
//!
//! - `npm_builtin/select.rs`: which files go in, as `npm pack` decides it.
//! - `npm_builtin/rule.rs`: one line of an ignore file, and what it matches.
//! - `npm_builtin/ranges.rs`, `npm_builtin/json_text.rs`: `workspace:` ranges become the versions they stand for, and
//!   every other byte of `package.json` stays.
//!
//! Why it refuses some packages: lifecycle scripts that run while packing make the files that are packed, and bundled
//! dependencies need an installed tree. Both are the business of a package manager.

mod json_text;
mod ranges;
mod rule;
mod select;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{
    Job, PackError,
    archive::{Bytes, Entry, write_tar_gz},
    artifact::Made,
    npm::tarball_name,
    workshop::Workshop,
};

/// The time of every file in a tarball that npm packs: 1985-10-26 08:15 UTC, in seconds since 1970.
const MTIME: u64 = 499_162_500;
/// Scripts that `npm pack` and `npm publish` run before the files are chosen.
const PACKING_SCRIPTS: [&str; 3] = ["prepack", "prepare", "prepublishOnly"];
/// What pnpm moves from `publishConfig` to the published manifest's top.
const PNPM_OVERRIDES: [&str; 19] = [
    "bin",
    "browser",
    "cpu",
    "directory",
    "engines",
    "es2015",
    "esnext",
    "exports",
    "imports",
    "libc",
    "linkDirectory",
    "main",
    "module",
    "os",
    "type",
    "types",
    "typesVersions",
    "typings",
    "unpkg",
];

/// Packs one package.
pub(super) fn pack(job: &Job, shop: &Workshop<'_>) -> Result<Vec<Made>, PackError> {
    let manifest = Manifest::read(job)?;
    refuse_what_needs_more(job, &manifest)?;
    let (Some(name), Some(version)) = (manifest.text_of("name"), manifest.text_of("version"))
    else {
        return Err(PackError::Manifest {
            path: job.path.join("package.json"),
            why: "it has no name or no version".to_owned(),
        });
    };
    let rewritten = ranges::rewrite(job, &manifest.text, &shop.siblings)?;
    let files = select::select(job, &manifest.value)?;
    let executables = select::executables(&manifest.value);

    let tree = job.tree()?;
    let mut entries = Vec::new();
    for file in files {
        let path = job.path.join(&file);
        let mut entry = Entry::file(format!("package/{file}"), &tree, path.clone())
            .map_err(PackError::io("read", &path))?;
        entry.executable |= executables.contains(&file);
        if file == "package.json" {
            entry.bytes = Bytes::Made(rewritten.clone().into_bytes());
        }
        entries.push(entry);
    }
    let file =
        relplan_model::address::FileName::new(tarball_name(name, version)).map_err(|error| {
            PackError::Manifest {
                path: job.path.join("package.json"),
                why: error.to_string(),
            }
        })?;
    let path = shop.folder()?.join(file.as_str());
    write_tar_gz(&path, &entries, MTIME).map_err(PackError::io("write", &path))?;
    Ok(vec![Made {
        package: job.package.clone(),
        path,
        packer: concat!("relplan ", env!("CARGO_PKG_VERSION")).to_owned(),
    }])
}

struct Manifest {
    text: String,
    value: Value,
}

impl Manifest {
    fn read(job: &Job) -> Result<Self, PackError> {
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

fn refuse_what_needs_more(job: &Job, manifest: &Manifest) -> Result<(), PackError> {
    let refuse = |why: String| {
        Err(PackError::Unsupported {
            package: job.package.clone(),
            why,
            hint: "leave out packer=\"builtin\" in the spec, and its own package manager packs it"
                .to_owned(),
        })
    };
    let member =
        |name: &str, key: &str| manifest.value.get(name).and_then(|object| object.get(key));
    if let Some(script) = PACKING_SCRIPTS
        .into_iter()
        .find(|script| member("scripts", script).is_some())
    {
        return refuse(format!("its script `{script}` has to run first"));
    }
    for key in ["bundleDependencies", "bundledDependencies"] {
        let bundles = match manifest.value.get(key) {
            Some(Value::Array(names)) => !names.is_empty(),
            Some(Value::Bool(all)) => *all,
            Some(Value::Object(names)) => !names.is_empty(),
            _ => false,
        };
        if bundles {
            return refuse(format!("its `{key}` need an installed tree"));
        }
    }
    let is_pnpm = job.workspace_root.join("pnpm-workspace.yaml").is_file();
    if is_pnpm
        && let Some(key) = PNPM_OVERRIDES
            .into_iter()
            .find(|key| member("publishConfig", key).is_some())
    {
        return refuse(format!("pnpm would move its `publishConfig.{key}`"));
    }
    Ok(())
}
