//! `npm pack`, `pnpm pack` and `yarn pack`: each package by the manager of its workspace.
//!
//! The tarball is looked for in a folder of its own rather than in what the manager prints: lifecycle scripts print
//! there as well.

use camino::Utf8Path;

use super::{Job, PackError, Packer, artifact::Made, child, workshop::Workshop};

/// Packs one package.
pub(super) fn pack(
    job: &Job,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<Vec<Made>, PackError> {
    let tool = job.packer.word();
    let Some(version) = shop.version(tool, &["--version"], &job.path) else {
        let hint = "install it, or write packer=\"builtin\" in the spec's workspace: it needs no package manager \
                    and runs no scripts";
        return Err(shop.lacks(tool, &job.path, job.package.to_string(), hint));
    };
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
