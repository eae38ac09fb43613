//! What `pyproject.toml` says about a project (Python packaging specification "pyproject.toml", table `[project]`),
//! and which projects need a build backend after all.

mod fields;
mod reader;

use std::collections::{BTreeMap, BTreeSet};

use relplan_ecosystem::python::filename;
use toml_edit::{DocumentMut, Item};

use super::unsupported;
use crate::pack::{Job, PackError};

/// A project with static metadata.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) readme: Option<Readme>,
    pub(super) requires_python: Option<String>,
    pub(super) license_expression: Option<String>,
    pub(super) license_text: Option<String>,
    /// Relative to the project's folder, with `/`.
    pub(super) license_files: BTreeSet<String>,
    pub(super) authors: Vec<Person>,
    pub(super) maintainers: Vec<Person>,
    pub(super) keywords: Vec<String>,
    pub(super) classifiers: Vec<String>,
    pub(super) urls: Vec<(String, String)>,
    pub(super) dependencies: Vec<String>,
    pub(super) extras: BTreeMap<String, Vec<String>>,
    /// Group to name to object.
    pub(super) entry_points: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug)]
pub(super) struct Readme {
    pub(super) content_type: String,
    pub(super) text: String,
    /// Relative to the project's folder.
    pub(super) file: Option<String>,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
}

impl Project {
    /// The name as file names and the imported package spell it: normalised, with underscores.
    pub(super) fn file_stem(&self) -> String {
        filename::normalized(&self.name).replace('-', "_")
    }
}

/// Backends that build what this packer builds, from the same static metadata.
const BACKENDS: [&str; 7] = [
    "setuptools.build_meta",
    "hatchling.build",
    "flit_core.buildapi",
    "flit_scm:buildapi",
    "uv_build",
    "pdm.backend",
    "poetry.core.masonry.api",
];

/// Tables in which backends are told which files belong to a project, or to make them.
const BACKEND_TABLES: [&[&str]; 9] = [
    &["setuptools"],
    &["setuptools_scm"],
    &["hatch", "build"],
    &["hatch", "metadata"],
    &["hatch", "version"],
    &["flit"],
    &["pdm", "build"],
    &["uv", "build-backend"],
    &["poetry"],
];

/// Reads a project.
pub(super) fn read(job: &Job) -> Result<Project, PackError> {
    let path = job.path.join("pyproject.toml");
    let text = job.read_text(&path)?;
    let document: DocumentMut =
        text.parse()
            .map_err(|error: toml_edit::TomlError| PackError::Manifest {
                path: path.clone(),
                why: error.to_string(),
            })?;
    refuse_backend_business(job, &document)?;
    let table = document
        .get("project")
        .and_then(Item::as_table_like)
        .ok_or_else(|| unsupported(job, "its pyproject.toml has no [project] table"))?;
    let fields = fields::Fields { path, table };
    reader::Reader { job, fields }.project()
}

fn refuse_backend_business(job: &Job, document: &DocumentMut) -> Result<(), PackError> {
    let backend = document
        .get("build-system")
        .and_then(|system| system.get("build-backend"))
        .and_then(Item::as_str);
    if let Some(backend) = backend
        && !BACKENDS.contains(&backend)
    {
        return Err(unsupported(
            job,
            format!("it is built by {backend}, which may do more than copy files"),
        ));
    }
    for table in BACKEND_TABLES {
        let found = table.iter().try_fold(document.get("tool"), |item, key| {
            item.map(|item| item.get(key))
        });
        if let Some(Some(_)) = found {
            return Err(unsupported(
                job,
                format!(
                    "its pyproject.toml has [tool.{}], which speaks to its own backend",
                    table.join(".")
                ),
            ));
        }
    }
    for file in ["setup.py", "MANIFEST.in"] {
        if job.path.join(file).exists() {
            return Err(unsupported(job, format!("it has a {file}")));
        }
    }
    let setup = job.path.join("setup.cfg");
    let setup = match job.tree()?.look(&setup) {
        Err(error) if error.is_missing() => String::new(),
        _ => job.read_text(&setup)?,
    };
    if setup
        .lines()
        .any(|line| line.starts_with("[metadata") || line.starts_with("[options"))
    {
        return Err(unsupported(job, "its setup.cfg holds metadata"));
    }
    Ok(())
}
