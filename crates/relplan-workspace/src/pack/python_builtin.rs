//! A wheel and an sdist of a pure Python project with static metadata, without Python: runs nothing.
//!
//! - `python_builtin/project.rs`: what `pyproject.toml` says, and which projects need a build backend after all.
//! - `python_builtin/sources.rs`: the project's files.
//! - `python_builtin/metadata.rs`: the core metadata, as `METADATA` and `PKG-INFO` hold it.
//! - `python_builtin/wheel.rs`: the wheel with its `RECORD`.
//!
//! Why it refuses most surprises: a backend's own tables (`[tool.setuptools]` and the like) say which files belong to a
//! project; not to know them and to build all the same would publish something else than the project's own tools do.

mod metadata;
mod project;
mod sources;
#[cfg(test)]
mod tests;
mod wheel;

use super::{
    Job, PackError,
    archive::{Entry, write_tar_gz},
    artifact::Made,
    workshop::Workshop,
};

/// The time of every file: 1980-01-01, the first that a zip archive can tell, in seconds since 1970.
const MTIME: u64 = 315_532_800;

/// Reads what is to be built.
fn prepare(job: &Job) -> Result<(project::Project, sources::Sources), PackError> {
    let project = project::read(job)?;
    let sources = sources::find(job, &project)?;
    Ok((project, sources))
}

/// Why a project cannot be built here, if it cannot.
pub(super) fn refusal(job: &Job) -> Option<PackError> {
    prepare(job).err()
}

/// Builds one project.
pub(super) fn pack(job: &Job, shop: &Workshop<'_>) -> Result<Vec<Made>, PackError> {
    let (project, sources) = prepare(job)?;
    let metadata = metadata::write(&project);
    let folder = shop.folder()?;

    let sdist = folder.join(format!(
        "{}-{}.tar.gz",
        project.file_stem(),
        project.version
    ));
    let top = format!("{}-{}", project.file_stem(), project.version);
    let mut entries = vec![Entry::made(format!("{top}/PKG-INFO"), metadata.clone())];
    let tree = job.tree()?;
    for (name, path) in sources.for_sdist(job, &project) {
        let entry = Entry::file(format!("{top}/{name}"), &tree, path.clone());
        entries.push(entry.map_err(PackError::io("read", &path))?);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    write_tar_gz(&sdist, &entries, MTIME).map_err(PackError::io("write", &sdist))?;

    let wheel = folder.join(format!(
        "{}-{}-py3-none-any.whl",
        project.file_stem(),
        project.version
    ));
    wheel::write(&wheel, job, &project, &sources, &metadata)?;
    let made = [sdist, wheel].map(|path| Made {
        package: job.package.clone(),
        path,
        packer: GENERATOR.to_owned(),
    });
    Ok(made.into())
}

/// What made the files, as `WHEEL` and the bundle name it.
const GENERATOR: &str = concat!("relplan ", env!("CARGO_PKG_VERSION"));

fn unsupported(job: &Job, why: impl Into<String>) -> PackError {
    PackError::Unsupported {
        package: job.package.clone(),
        why: why.into(),
        hint: "leave out packer=\"builtin\" in the spec, and its build backend builds it"
            .to_owned(),
    }
}
