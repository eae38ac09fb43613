//! A project's files: one package or module that is named after it, in `src/` or beside `pyproject.toml`.

use std::{collections::BTreeSet, fs};

use camino::{Utf8Path, Utf8PathBuf};

use super::{project::Project, unsupported};
use crate::pack::{Job, PackError};

/// Folders are followed so deep.
const DEPTH: usize = 32;

/// A project's own files.
#[derive(Debug)]
pub(super) struct Sources {
    /// `src/`, or nothing: what stands before a file's name in the project's folder, and not in the wheel.
    prefix: &'static str,
    /// As the wheel names them, with `/`.
    pub(super) files: BTreeSet<String>,
}

impl Sources {
    /// Where one of the files is.
    pub(super) fn path(&self, job: &Job, file: &str) -> Utf8PathBuf {
        job.path.join(format!("{}{file}", self.prefix))
    }

    /// What goes into an sdist: names within it, and where they are.
    pub(super) fn for_sdist(&self, job: &Job, project: &Project) -> Vec<(String, Utf8PathBuf)> {
        let mut names: BTreeSet<String> = self
            .files
            .iter()
            .map(|file| format!("{}{file}", self.prefix))
            .collect();
        names.insert("pyproject.toml".to_owned());
        names.extend(project.license_files.iter().cloned());
        names.extend(
            project
                .readme
                .as_ref()
                .and_then(|readme| readme.file.clone()),
        );
        names
            .into_iter()
            .map(|name| {
                let path = job.path.join(&name);
                (name, path)
            })
            .collect()
    }
}

/// Finds a project's files.
pub(super) fn find(job: &Job, project: &Project) -> Result<Sources, PackError> {
    let name = project.file_stem();
    let is_file =
        |path: &str| fs::symlink_metadata(job.path.join(path)).is_ok_and(|found| found.is_file());
    for prefix in ["src/", ""] {
        if is_file(&format!("{prefix}{name}/__init__.py")) {
            refuse_neighbours(job, prefix, &name)?;
            let mut files = BTreeSet::new();
            collect(job, &job.path.join(prefix), &name, 0, &mut files)?;
            return Ok(Sources { prefix, files });
        }
        if is_file(&format!("{prefix}{name}.py")) {
            refuse_neighbours(job, prefix, &name)?;
            let files = [format!("{name}.py")].into();
            return Ok(Sources { prefix, files });
        }
    }
    Err(unsupported(
        job,
        format!(
            "there is neither a package {name} nor a module {name}.py, in src/ or beside pyproject.toml"
        ),
    ))
}

/// The plain files below a folder, and the links, relative to it; folders whose name (with `/`) is not `wanted` are passed over.
pub(super) fn plain_files(
    root: &Utf8Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(Vec<String>, Vec<String>), PackError> {
    let (mut files, mut links) = (Vec::new(), Vec::new());
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        let folder = root.join(&below);
        for entry in folder
            .read_dir_utf8()
            .map_err(PackError::io("read", &folder))?
        {
            let entry = entry.map_err(PackError::io("read", &folder))?;
            let kind = entry
                .file_type()
                .map_err(PackError::io("read", entry.path()))?;
            let name = format!("{below}{}", entry.file_name());
            if kind.is_file() {
                files.push(name);
            } else if kind.is_symlink() {
                links.push(name);
            } else if kind.is_dir()
                && name.split('/').count() <= DEPTH
                && !entry.file_name().starts_with('.')
            {
                let name = format!("{name}/");
                if wanted(&name) {
                    folders.push(name);
                }
            }
        }
    }
    files.sort();
    links.sort();
    Ok((files, links))
}

/// In `src/`, everything is meant to be released: what would silently be left out is refused.
fn refuse_neighbours(job: &Job, prefix: &str, name: &str) -> Result<(), PackError> {
    if prefix.is_empty() {
        return Ok(());
    }
    let folder = job.path.join(prefix);
    for entry in folder
        .read_dir_utf8()
        .map_err(PackError::io("read", &folder))?
    {
        let entry = entry.map_err(PackError::io("read", &folder))?;
        let other = entry.file_name();
        let is_code = other.ends_with(".py") || entry.path().join("__init__.py").exists();
        if is_code && other != name && other.strip_suffix(".py") != Some(name) {
            return Err(unsupported(job, format!("{prefix} holds {other} as well")));
        }
    }
    Ok(())
}

fn collect(
    job: &Job,
    root: &Utf8Path,
    below: &str,
    depth: usize,
    files: &mut BTreeSet<String>,
) -> Result<(), PackError> {
    if depth > DEPTH {
        return Err(unsupported(job, format!("its folder {below} is too deep")));
    }
    let folder = root.join(below);
    for entry in folder
        .read_dir_utf8()
        .map_err(PackError::io("read", &folder))?
    {
        let entry = entry.map_err(PackError::io("read", &folder))?;
        let kind = entry
            .file_type()
            .map_err(PackError::io("read", entry.path()))?;
        let name = entry.file_name();
        let relative = format!("{below}/{name}");
        // Caches, and what editors and systems hide.
        if name == "__pycache__" || name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        match Utf8Path::new(name).extension() {
            Some("pyc" | "pyo") => continue,
            Some("so" | "pyd" | "dll" | "dylib" | "pyx") => {
                return Err(unsupported(job, format!("{relative} is not pure Python")));
            }
            _ => {}
        }
        if kind.is_dir() {
            collect(job, root, &relative, depth + 1, files)?;
        } else if kind.is_file() {
            files.insert(relative);
        } else {
            return Err(unsupported(
                job,
                format!("{relative} is a symbolic link or no plain file"),
            ));
        }
    }
    Ok(())
}
