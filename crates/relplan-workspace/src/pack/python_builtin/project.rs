//! What `pyproject.toml` says about a project (Python packaging specification "pyproject.toml", table `[project]`),
//! and which projects need a build backend after all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    str::FromStr as _,
};

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobBuilder;
use toml_edit::{DocumentMut, Item, TableLike};

use super::unsupported;
use crate::pack::{Job, PackError, identity::normalised};

/// Greater manifests and readmes are not read, in bytes.
const LIMIT: u64 = 4 << 20;

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
        normalised(&self.name).replace('-', "_")
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
    let text = read_text(&path)?;
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
    let reader = Reader { job, path, table };
    reader.project()
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
    let setup = fs::read_to_string(job.path.join("setup.cfg")).unwrap_or_default();
    if setup
        .lines()
        .any(|line| line.starts_with("[metadata") || line.starts_with("[options"))
    {
        return Err(unsupported(job, "its setup.cfg holds metadata"));
    }
    Ok(())
}

fn read_text(path: &Utf8Path) -> Result<String, PackError> {
    let size = fs::metadata(path)
        .map_err(PackError::io("read", path))?
        .len();
    if size > LIMIT {
        return Err(PackError::Manifest {
            path: path.to_owned(),
            why: format!("it has {size} bytes, and no more than {LIMIT} are read"),
        });
    }
    fs::read_to_string(path).map_err(PackError::io("read", path))
}

/// What `license` says: one of the three.
#[derive(Default)]
struct License {
    expression: Option<String>,
    text: Option<String>,
    file: Option<String>,
}

struct Reader<'a> {
    job: &'a Job,
    path: Utf8PathBuf,
    table: &'a dyn TableLike,
}

impl Reader<'_> {
    fn project(&self) -> Result<Project, PackError> {
        let known = [
            "name",
            "version",
            "description",
            "readme",
            "requires-python",
            "license",
            "license-files",
            "authors",
            "maintainers",
            "keywords",
            "classifiers",
            "urls",
            "dependencies",
            "optional-dependencies",
            "scripts",
            "gui-scripts",
            "entry-points",
            "dynamic",
        ];
        if let Some((other, _)) = self.table.iter().find(|(key, _)| !known.contains(key)) {
            return Err(unsupported(
                self.job,
                format!("its project.{other} is not known"),
            ));
        }
        if let Some(first) = self.texts("dynamic")?.first() {
            return Err(unsupported(self.job, format!("its {first} is dynamic")));
        }
        let name = self
            .text("name")?
            .ok_or_else(|| self.bad("name", "is missing"))?;
        let is_name = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !name.starts_with(['-', '_', '.'])
            && !name.ends_with(['-', '_', '.'])
            && !name.is_empty();
        if !is_name {
            return Err(self.bad("name", "is not a project's name"));
        }
        let version = self
            .text("version")?
            .ok_or_else(|| self.bad("version", "is missing"))?;
        match pep440_rs::Version::from_str(&version) {
            Ok(parsed) if parsed.to_string() == version => {}
            Ok(parsed) => {
                return Err(self.bad("version", &format!("has to be spelled {parsed} (PEP 440)")));
            }
            Err(error) => return Err(self.bad("version", &format!("is not a version: {error}"))),
        }
        let license = self.license()?;
        let mut license_files = self.license_files()?;
        license_files.extend(license.file);
        Ok(Project {
            name,
            version,
            description: self.text("description")?,
            readme: self.readme()?,
            requires_python: self.text("requires-python")?,
            license_expression: license.expression,
            license_text: license.text,
            license_files,
            authors: self.people("authors")?,
            maintainers: self.people("maintainers")?,
            keywords: self.texts("keywords")?,
            classifiers: self.texts("classifiers")?,
            urls: self.pairs("urls")?,
            dependencies: self.texts("dependencies")?,
            extras: self.extras()?,
            entry_points: self.entry_points()?,
        })
    }

    fn bad(&self, key: &str, why: &str) -> PackError {
        PackError::Manifest {
            path: self.path.clone(),
            why: format!("project.{key} {why}"),
        }
    }

    /// A text that fits on one line of a header.
    fn line(&self, key: &str, value: &str) -> Result<String, PackError> {
        if value.chars().any(char::is_control) {
            return Err(self.bad(key, "holds a line break or a control character"));
        }
        Ok(value.to_owned())
    }

    fn text(&self, key: &str) -> Result<Option<String>, PackError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => {
                let text = item
                    .as_str()
                    .ok_or_else(|| self.bad(key, "is not a text"))?;
                self.line(key, text).map(Some)
            }
        }
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, PackError> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(item) => self.texts_of(key, item),
        }
    }

    fn texts_of(&self, key: &str, item: &Item) -> Result<Vec<String>, PackError> {
        let array = item
            .as_array()
            .ok_or_else(|| self.bad(key, "is not a list"))?;
        array
            .iter()
            .map(|value| {
                let text = value
                    .as_str()
                    .ok_or_else(|| self.bad(key, "holds something that is not a text"))?;
                self.line(key, text)
            })
            .collect()
    }

    fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, PackError> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(item) => self.pairs_of(key, item),
        }
    }

    fn pairs_of(&self, key: &str, item: &Item) -> Result<Vec<(String, String)>, PackError> {
        let table = item
            .as_table_like()
            .ok_or_else(|| self.bad(key, "is not a table"))?;
        table
            .iter()
            .map(|(name, value)| {
                let value = value
                    .as_str()
                    .ok_or_else(|| self.bad(key, "holds something that is not a text"))?;
                Ok((self.line(key, name)?, self.line(key, value)?))
            })
            .collect()
    }

    fn people(&self, key: &str) -> Result<Vec<Person>, PackError> {
        let Some(item) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let tables: Option<Vec<&dyn TableLike>> = match item {
            Item::ArrayOfTables(tables) => Some(tables.iter().map(|table| table as _).collect()),
            other => other.as_array().and_then(|array| {
                array
                    .iter()
                    .map(|value| value.as_inline_table().map(|table| table as _))
                    .collect()
            }),
        };
        let tables = tables.ok_or_else(|| self.bad(key, "is not a list of tables"))?;
        tables
            .into_iter()
            .map(|table| {
                let of = |part: &str| {
                    table
                        .get(part)
                        .and_then(Item::as_str)
                        .map(|text| self.line(key, text))
                        .transpose()
                };
                Ok(Person {
                    name: of("name")?,
                    email: of("email")?,
                })
            })
            .collect()
    }

    fn readme(&self) -> Result<Option<Readme>, PackError> {
        let Some(item) = self.table.get("readme") else {
            return Ok(None);
        };
        let of = |part: &str| item.get(part).and_then(Item::as_str);
        let file = item.as_str().or_else(|| of("file"));
        let content_type = match (of("content-type"), file) {
            (Some(written), _) => self.line("readme", written)?,
            (None, Some(file)) => match Utf8Path::new(file)
                .extension()
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("md") => "text/markdown".to_owned(),
                Some("rst") => "text/x-rst".to_owned(),
                Some("txt") | None => "text/plain".to_owned(),
                Some(_) => return Err(self.bad("readme", "needs a content-type")),
            },
            (None, None) => return Err(self.bad("readme", "needs a content-type")),
        };
        let text = match (file, of("text")) {
            (Some(file), None) => read_text(&self.inside("readme", file)?)?,
            (None, Some(text)) => text.to_owned(),
            _ => return Err(self.bad("readme", "needs either a file or a text")),
        };
        Ok(Some(Readme {
            content_type,
            text,
            file: file.map(|file| file.trim_start_matches("./").to_owned()),
        }))
    }

    /// A plain file within the project's folder.
    fn inside(&self, key: &str, file: &str) -> Result<Utf8PathBuf, PackError> {
        let leads_out = Utf8Path::new(file).is_absolute()
            || file.contains('\\')
            || file.split('/').any(|part| part == "..");
        let path = self.job.path.join(file);
        let is_plain = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        if leads_out || !is_plain {
            return Err(self.bad(
                key,
                &format!("names {file}, which is no plain file of the project"),
            ));
        }
        Ok(path)
    }

    fn license(&self) -> Result<License, PackError> {
        let Some(item) = self.table.get("license") else {
            return Ok(License::default());
        };
        if let Some(expression) = item.as_str() {
            return Ok(License {
                expression: Some(self.line("license", expression)?),
                ..License::default()
            });
        }
        let of = |part: &str| item.get(part).and_then(Item::as_str);
        match (of("text"), of("file")) {
            (Some(text), None) => Ok(License {
                text: Some(text.to_owned()),
                ..License::default()
            }),
            (None, Some(file)) => {
                self.inside("license", file)?;
                Ok(License {
                    file: Some(file.trim_start_matches("./").to_owned()),
                    ..License::default()
                })
            }
            _ => Err(self.bad("license", "needs either a text or a file")),
        }
    }

    /// The files that `license-files` names, or else those that are commonly called so (PEP 639).
    fn license_files(&self) -> Result<BTreeSet<String>, PackError> {
        let globs = match self.table.get("license-files") {
            Some(item) => self.texts_of("license-files", item)?,
            None => ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"]
                .map(ToOwned::to_owned)
                .to_vec(),
        };
        let all = super::sources::plain_files(&self.job.path, &|folder| {
            globs
                .iter()
                .any(|glob| glob.starts_with(folder) || glob.starts_with("**"))
        })?;
        let mut files = BTreeSet::new();
        for glob in &globs {
            let matcher = GlobBuilder::new(glob)
                .literal_separator(true)
                .build()
                .map_err(|error| self.bad("license-files", &error.to_string()))?
                .compile_matcher();
            let before = files.len();
            files.extend(all.iter().filter(|file| matcher.is_match(file)).cloned());
            if files.len() == before && self.table.get("license-files").is_some() {
                return Err(self.bad(
                    "license-files",
                    &format!("names {glob}, and no file is called so"),
                ));
            }
        }
        Ok(files)
    }

    fn extras(&self) -> Result<BTreeMap<String, Vec<String>>, PackError> {
        let key = "optional-dependencies";
        let Some(item) = self.table.get(key) else {
            return Ok(BTreeMap::new());
        };
        let table = item
            .as_table_like()
            .ok_or_else(|| self.bad(key, "is not a table"))?;
        let mut extras = BTreeMap::new();
        for (name, requirements) in table.iter() {
            let name = normalised(&self.line(key, name)?);
            if extras
                .insert(name.clone(), self.texts_of(key, requirements)?)
                .is_some()
            {
                return Err(self.bad(key, &format!("names {name} twice")));
            }
        }
        Ok(extras)
    }

    fn entry_points(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, PackError> {
        let mut groups: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for (key, group) in [
            ("scripts", "console_scripts"),
            ("gui-scripts", "gui_scripts"),
        ] {
            groups.push((group.to_owned(), self.pairs(key)?));
        }
        let table = self.table.get("entry-points").map(|item| {
            item.as_table_like()
                .ok_or_else(|| self.bad("entry-points", "is not a table"))
        });
        for (group, item) in table.transpose()?.into_iter().flat_map(TableLike::iter) {
            if ["console_scripts", "gui_scripts"].contains(&group) {
                return Err(self.bad("entry-points", &format!("may not hold {group}")));
            }
            groups.push((
                self.line("entry-points", group)?,
                self.pairs_of("entry-points", item)?,
            ));
        }
        groups.retain(|(_, pairs)| !pairs.is_empty());
        if let Some((name, _)) = groups
            .iter()
            .flat_map(|(_, pairs)| pairs)
            .find(|(name, _)| {
                name.contains(['=', '[', ']']) || name.trim() != name || name.is_empty()
            })
        {
            return Err(self.bad("entry-points", &format!("holds the name {name:?}")));
        }
        Ok(groups
            .into_iter()
            .map(|(group, pairs)| (group, pairs.into_iter().collect()))
            .collect())
    }
}
