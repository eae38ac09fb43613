//! A PEP 517 build: an sdist, and a wheel from that sdist, by a front end in an isolated environment.
//!
//! The front end runs in an empty folder and is told where the project is: `python3 -m build` looks for the module
//! `build` where it runs, and many a project has a folder of that name.

use relplan_ecosystem::Format;

use super::{Job, PackError, artifact::Made, child, workshop::Workshop};

/// How to go on where no front end is found.
fn hint(shop: &Workshop<'_>) -> String {
    let hint = "install one of them, or write packer=\"builtin\" in the spec's workspace if the project is pure \
                Python with static metadata";
    // An activated virtual environment of the project's may have the module.
    let shadowing = ["uv", "python3"].map(|program| shop.shadowed_by(program));
    match shadowing.into_iter().flatten().next() {
        Some(found) => format!(
            "{} comes first on PATH and was passed over, since relplan runs no program of the project's; {hint}",
            found.display()
        ),
        None => hint.to_owned(),
    }
}

/// Builds one project.
pub(super) fn pack(
    job: &Job,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<Vec<Made>, PackError> {
    let (out, elsewhere) = (shop.folder()?, shop.folder()?);
    let (mut call, packer) = if let Some(version) = shop.version("uv", &["--version"], &elsewhere) {
        let call = shop
            .call("uv", &elsewhere)?
            .args(["build", "--sdist", "--wheel", "--out-dir"])
            .arg(&out)
            .arg(&job.path);
        (call, format!("uv {version}"))
    } else if let Some(version) = shop.version("python3", &["-m", "build", "--version"], &elsewhere)
    {
        let call = shop
            .call("python3", &elsewhere)?
            .args(["-m", "build", "--outdir"])
            .arg(&out)
            .arg(&job.path);
        (call, format!("build {version}"))
    } else if let Some(error) = shop.passed_over(&["uv", "python3"]) {
        return Err(error.into());
    } else {
        return Err(PackError::MissingTool {
            tool: "a PEP 517 front end (`uv`, or `python3` with the module `build`)".to_owned(),
            package: job.package.to_string(),
            hint: hint(shop),
        });
    };
    if shop.options.offline {
        call = call.envs([("UV_OFFLINE", "1"), ("PIP_NO_INDEX", "1")]);
    }
    child::run(call, &job.package.to_string(), shop, say)?;

    let mut made = Vec::new();
    for entry in out.read_dir_utf8().map_err(PackError::io("read", &out))? {
        let path = entry.map_err(PackError::io("read", &out))?.into_path();
        // uv puts a .gitignore there.
        if matches!(
            path.file_name().and_then(Format::of_file),
            Some(Format::Sdist | Format::Wheel)
        ) {
            made.push(Made {
                package: job.package.clone(),
                path,
                packer: packer.clone(),
            });
        }
    }
    made.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(made)
}
