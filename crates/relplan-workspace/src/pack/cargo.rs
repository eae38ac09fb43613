//! `cargo package`: all crates of one workspace in one call.
//!
//! Why one call: crates that are released together depend on versions of each other that no registry has yet. From
//! 1.90 on, cargo packs such a set against an overlay that holds the set itself; it takes the overlay for one registry,
//! which `--registry` names where the crates' dependencies on each other do.
//!
//! The packed crates carry a `Cargo.lock`, as cargo does by default, since `cargo install --locked` needs it; writing it
//! makes cargo read the index for dependencies from outside of the workspace.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use toml_edit::{DocumentMut, Item, TableLike};

use super::{Job, PackError, artifact::Made, child, identity, workshop::Workshop};

/// The first cargo that packs crates which depend on each other before any of them is published.
const OVERLAY_SINCE: (u64, u64) = (1, 90);

/// Packs crates of one workspace.
pub(super) fn pack(
    jobs: &[&Job],
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<Vec<Made>, PackError> {
    let Some(root) = jobs.first().map(|job| job.workspace_root.as_path()) else {
        return Ok(Vec::new());
    };
    let names: Vec<_> = jobs.iter().map(|job| job.package.name.as_str()).collect();
    let who = names.join(", ");
    let Some(version) = shop.version("cargo", &["--version"], root) else {
        let hint = "install Rust's toolchain, or name finished files with `prebuilt` in the spec";
        return Err(shop.lacks("cargo", root, who, hint));
    };
    let inner = inner_edges(jobs)?;
    if !inner.is_empty() && is_before(&version, OVERLAY_SINCE) {
        return Err(PackError::OldTool {
            tool: "cargo".to_owned(),
            found: version,
            package: who,
            hint: format!(
                "crates that depend on each other are packed together by cargo {}.{} and later",
                OVERLAY_SINCE.0, OVERLAY_SINCE.1
            ),
        });
    }

    let target = shop.folder()?;
    let mut call = shop
        .call("cargo", root)?
        .args(["package", "--allow-dirty", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    if !shop.options.verify {
        call = call.arg("--no-verify");
    }
    if shop.options.offline {
        call = call.arg("--offline");
    }
    if let Some(registry) = overlay_registry(root, &inner)? {
        call = call.args(["--registry", registry]);
    }
    for name in &names {
        call = call.args(["--package", name]);
    }
    child::run(call, &who, shop, say).map_err(|error| or_locked(error, who))?;
    collect(jobs, &target.join("package"), &format!("cargo {version}"))
}

/// Cargo's words for a lock file that has a crate from a registry which is to be packed.
const LOCKED: &str = "changed between lock files";

/// The failure, in words that help where the lock file is in the way.
fn or_locked(error: PackError, packages: String) -> PackError {
    match error {
        PackError::Packer { tail, .. } if tail.iter().any(|line| line.contains(LOCKED)) => {
            PackError::Locked { packages }
        }
        other => other,
    }
}

/// Finds each crate's file by what is inside of it.
fn collect(jobs: &[&Job], folder: &Utf8Path, packer: &str) -> Result<Vec<Made>, PackError> {
    let mut made = Vec::new();
    for entry in folder
        .read_dir_utf8()
        .map_err(PackError::io("read", folder))?
    {
        let path = entry.map_err(PackError::io("read", folder))?.into_path();
        if path.extension() != Some("crate") {
            continue;
        }
        let (_, inside) = identity::read(&path).map_err(|source| PackError::Identity {
            path: path.clone(),
            source,
        })?;
        if let Some(job) = jobs
            .iter()
            .find(|job| job.package.name.as_str() == inside.name)
        {
            made.push(Made {
                package: job.package.clone(),
                path,
                packer: packer.to_owned(),
            });
        }
    }
    Ok(made)
}

/// Dependencies of packed crates on packed crates: for each, the registry that it names.
fn inner_edges(jobs: &[&Job]) -> Result<BTreeSet<Option<String>>, PackError> {
    let packed: BTreeSet<_> = jobs.iter().map(|job| job.package.name.as_str()).collect();
    let mut roots: BTreeMap<&Utf8Path, DocumentMut> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for job in jobs {
        let manifest = read_manifest(job, &job.path.join("Cargo.toml"))?;
        if !roots.contains_key(job.workspace_root.as_path()) {
            let root = read_manifest(job, &job.workspace_root.join("Cargo.toml"))?;
            roots.insert(&job.workspace_root, root);
        }
        let shared = roots
            .get(job.workspace_root.as_path())
            .and_then(|root| root.get("workspace"))
            .and_then(|workspace| workspace.get("dependencies"))
            .and_then(Item::as_table_like);
        let mut tables = dependency_tables(manifest.as_table());
        let targets = manifest.get("target").and_then(Item::as_table_like);
        for (_, target) in targets.into_iter().flat_map(TableLike::iter) {
            tables.extend(
                target
                    .as_table_like()
                    .into_iter()
                    .flat_map(dependency_tables),
            );
        }
        let entries = tables
            .into_iter()
            .flat_map(|(is_dev, table)| table.iter().map(move |(key, item)| (is_dev, key, item)));
        for (is_dev, key, item) in entries {
            let inherited = item
                .get("workspace")
                .and_then(Item::as_bool)
                .filter(|inherits| *inherits)
                .and_then(|_| shared?.get(key));
            let item = inherited.unwrap_or(item);
            let text = |name| item.get(name).and_then(Item::as_str);
            // Cargo leaves dev-dependencies without a version out of what it packs.
            let is_packed = !is_dev || text("version").is_some();
            if is_packed
                && item.get("path").is_some()
                && packed.contains(text("package").unwrap_or(key))
            {
                edges.insert(text("registry").map(ToOwned::to_owned));
            }
        }
    }
    Ok(edges)
}

/// The tables of dependencies, each with whether it is one for development alone.
fn dependency_tables(table: &dyn TableLike) -> Vec<(bool, &dyn TableLike)> {
    [
        ("dependencies", false),
        ("build-dependencies", false),
        ("build_dependencies", false),
        ("dev-dependencies", true),
        ("dev_dependencies", true),
    ]
    .into_iter()
    .filter_map(|(name, is_dev)| Some((is_dev, table.get(name)?.as_table_like()?)))
    .collect()
}

/// The one registry that the crates expect each other in; `None`: cargo's own choice.
fn overlay_registry<'a>(
    root: &Utf8Path,
    inner: &'a BTreeSet<Option<String>>,
) -> Result<Option<&'a str>, PackError> {
    let mut named = inner.iter();
    match (named.next(), named.next()) {
        (Some(first), None) => Ok(first.as_deref()),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(PackError::Manifest {
            path: root.join("Cargo.toml"),
            why: format!(
                "its crates expect each other in several registries ({}), and cargo packs a set for one; \
                 pack them in several runs",
                inner
                    .iter()
                    .map(|name| name.as_deref().unwrap_or("the default one"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }),
    }
}

fn read_manifest(job: &Job, path: &Utf8Path) -> Result<DocumentMut, PackError> {
    let text = job.read_text(path)?;
    text.parse()
        .map_err(|error: toml_edit::TomlError| PackError::Manifest {
            path: path.to_owned(),
            why: error.to_string(),
        })
}

fn is_before(version: &str, (major, minor): (u64, u64)) -> bool {
    let mut parts = version
        .split(['.', '-', '+'])
        .map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A16: a lock file that has one of the crates from a registry is told as that, with what works.
    #[test]
    fn l13_a_lock_file_that_has_a_packed_crate_from_a_registry_is_told_with_a_way_out() {
        let failed = |line: &str| PackError::Packer {
            command: "cargo package".to_owned(),
            package: "a, b".to_owned(),
            status: "exit status: 101".to_owned(),
            tail: vec![line.to_owned()],
            left_out: Vec::new(),
        };
        let line = "error: checksum for `a v0.1.0` changed between lock files";
        let told = or_locked(failed(line), "a, b".to_owned()).to_string();
        assert!(told.contains("`relplan pack --missing`"), "{told}");
        let other = or_locked(failed("error: no such file"), "a, b".to_owned());
        assert!(matches!(other, PackError::Packer { .. }), "{other}");
    }
}
