//! `npm pack`, `pnpm pack` and `yarn pack`: each package by the manager of its workspace.
//!
//! `publish` runs more scripts than `pack` does; they are run first, in the manager's order.
//!
//! The tarball is looked for in a folder of its own rather than in what the manager prints: lifecycle scripts print
//! there as well.

use camino::Utf8Path;

use relplan_system::programs::Bounds;

use super::{
    Job, PackError, Packer, artifact::Made, child, npm_builtin::Manifest, workshop::Workshop,
};
use crate::npm::demand::By;

/// How to go on without a package manager.
const INSTALL: &str = "install it, or write packer=\"builtin\" in the spec's workspace: it needs no package manager and \
                       runs no scripts";

/// The error for a package manager that is not there, where that shows without running anything.
pub(super) fn missing_manager(job: &Job, shop: &Workshop<'_>) -> Option<PackError> {
    let tool = job.packer.word();
    shop.programs().find(tool).err()?;
    Some(shop.lacks(tool, &job.path, job.package.to_string(), INSTALL))
}

/// Packs one package.
pub(super) fn pack(
    job: &Job,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<Vec<Made>, PackError> {
    let tool = job.packer.word();
    let Some(version) = shop.version(tool, &["--version"], &job.path) else {
        return Err(shop.lacks(tool, &job.path, job.package.to_string(), INSTALL));
    };
    run_publishing_scripts(job, &version, shop, say)?;
    let folder = shop.folder()?;
    let mut call = shop.call(tool, &job.path)?.arg("pack");
    call = match (job.packer == Packer::Yarn, version.starts_with("1.")) {
        (true, true) => call.arg("--filename").arg(folder.join("package.tgz")),
        (true, false) => call.arg("--out").arg(folder.join("package.tgz")),
        (false, _) => call.arg("--pack-destination").arg(&folder),
    };
    if job.packer == Packer::Npm {
        call = call.envs([
            ("npm_config_update_notifier", "false"),
            ("npm_config_fund", "false"),
        ]);
    }
    if shop.options.offline {
        call = call.envs([("npm_config_offline", "true"), ("YARN_ENABLE_NETWORK", "0")]);
    }
    child::run(call, &job.package.to_string(), shop, say)?;

    let made = only_tarball(&folder)?.ok_or_else(|| PackError::Nothing {
        packer: tool.to_owned(),
        package: job.package.clone(),
        why: String::new(),
    })?;
    let name = file_name(job, &made)?;
    let path = folder.join(name);
    std::fs::rename(&made, &path).map_err(PackError::io("rename", &made))?;
    Ok(vec![Made {
        package: job.package.clone(),
        path,
        packer: format!("{tool} {version}"),
    }])
}

/// Runs what the manager runs when it publishes and not when it packs: such scripts often make what is packed.
fn run_publishing_scripts(
    job: &Job,
    version: &str,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<(), PackError> {
    let Some(by) = By::of(&job.packer, version.starts_with("1.")) else {
        return Ok(());
    };
    let manifest = Manifest::read(job)?;
    let scripts = manifest.value.get("scripts");
    let has = |name: &str| scripts.is_some_and(|scripts| scripts.get(name).is_some());
    let wanted: Vec<&str> = by
        .before_packing()
        .iter()
        .copied()
        .filter(|one| has(one))
        .collect();
    if wanted.is_empty() || are_scripts_off(job, by, shop)? {
        return Ok(());
    }
    let tool = job.packer.word();
    for script in wanted {
        let call = shop.call(tool, &job.path)?.args(["run", script]);
        child::run(call, &job.package.to_string(), shop, say)?;
    }
    Ok(())
}

/// Whether the manager is configured to run no scripts: then it runs none when it publishes either.
fn are_scripts_off(job: &Job, by: By, shop: &Workshop<'_>) -> Result<bool, PackError> {
    if by == By::Yarn {
        return Ok(false);
    }
    let tool = job.packer.word();
    let call = shop.call(tool, &job.path)?;
    let call = call.args(["config", "get", "ignore-scripts"]);
    let answer = call.answer(&[], Bounds::of(60, 1 << 16)).ok();
    Ok(answer.is_some_and(|answer| String::from_utf8_lossy(&answer.stdout).trim() == "true"))
}

/// The file name that npm gives a tarball: `@acme/widget` 1.4.0 is `acme-widget-1.4.0.tgz`.
pub(super) fn tarball_name(name: &str, version: &str) -> String {
    let name = name.strip_prefix('@').unwrap_or(name).replace('/', "-");
    format!("{name}-{version}.tgz")
}

/// One name for a tarball, whichever manager made it.
fn file_name(job: &Job, made: &Utf8Path) -> Result<String, PackError> {
    let (_, inside) = super::identity::read(made).map_err(|source| PackError::Identity {
        path: made.to_owned(),
        source,
    })?;
    let name = tarball_name(&inside.name, &inside.version);
    // The name comes from inside of the tarball: it must not lead out of the folder.
    match relplan_model::address::FileName::new(name.clone()) {
        Ok(name) => Ok(name.into()),
        Err(error) => Err(PackError::Manifest {
            path: job.path.join("package.json"),
            why: error.to_string(),
        }),
    }
}

fn only_tarball(folder: &Utf8Path) -> Result<Option<camino::Utf8PathBuf>, PackError> {
    for entry in folder
        .read_dir_utf8()
        .map_err(PackError::io("read", folder))?
    {
        let path = entry.map_err(PackError::io("read", folder))?.into_path();
        if path.extension() == Some("tgz") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
