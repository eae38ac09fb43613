//! Making a [`Project`] of the `[project]` table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    str::FromStr as _,
};

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobBuilder;
use relplan_ecosystem::python::filename;
use toml_edit::{Item, TableLike};

use super::{Person, Project, Readme, fields::Fields};
use crate::pack::{
    Job, PackError,
    python_builtin::{sources::plain_files, unsupported},
};

/// What `license` says: one of the three.
#[derive(Default)]
struct License {
    expression: Option<String>,
    text: Option<String>,
    file: Option<String>,
}

pub(super) struct Reader<'a> {
    pub(super) job: &'a Job,
    pub(super) fields: Fields<'a>,
}

impl Reader<'_> {
    pub(super) fn project(&self) -> Result<Project, PackError> {
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
        if let Some((other, _)) = self
            .fields
            .table
            .iter()
            .find(|(key, _)| !known.contains(key))
        {
            return Err(unsupported(
                self.job,
                format!("its project.{other} is not known"),
            ));
        }
        if let Some(first) = self.fields.texts("dynamic")?.first() {
            return Err(unsupported(self.job, format!("its {first} is dynamic")));
        }
        let (name, version) = self.name_and_version()?;
        let license = self.license()?;
        let mut license_files = self.license_files()?;
        license_files.extend(license.file);
        Ok(Project {
            name,
            version,
            description: self.fields.text("description")?,
            readme: self.readme()?,
            requires_python: self.fields.text("requires-python")?,
            license_expression: license.expression,
            license_text: license.text,
            license_files,
            authors: self.people("authors")?,
            maintainers: self.people("maintainers")?,
            keywords: self.fields.texts("keywords")?,
            classifiers: self.fields.texts("classifiers")?,
            urls: self.fields.pairs("urls")?,
            dependencies: self.fields.texts("dependencies")?,
            extras: self.extras()?,
            entry_points: self.entry_points()?,
        })
    }

    /// Both have to be spelled as they will be in file names and in the index.
    fn name_and_version(&self) -> Result<(String, String), PackError> {
        let name = self
            .fields
            .text("name")?
            .ok_or_else(|| self.fields.bad("name", "is missing"))?;
        let is_name = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !name.starts_with(['-', '_', '.'])
            && !name.ends_with(['-', '_', '.'])
            && !name.is_empty();
        if !is_name {
            return Err(self.fields.bad("name", "is not a project's name"));
        }
        let version = self
            .fields
            .text("version")?
            .ok_or_else(|| self.fields.bad("version", "is missing"))?;
        match pep440_rs::Version::from_str(&version) {
            Ok(parsed) if parsed.to_string() == version => {}
            Ok(parsed) => {
                return Err(self
                    .fields
                    .bad("version", &format!("has to be spelled {parsed} (PEP 440)")));
            }
            Err(error) => {
                return Err(self
                    .fields
                    .bad("version", &format!("is not a version: {error}")));
            }
        }
        Ok((name, version))
    }

    fn people(&self, key: &str) -> Result<Vec<Person>, PackError> {
        let Some(item) = self.fields.table.get(key) else {
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
        let tables = tables.ok_or_else(|| self.fields.bad(key, "is not a list of tables"))?;
        tables
            .into_iter()
            .map(|table| {
                let of = |part: &str| {
                    table
                        .get(part)
                        .and_then(Item::as_str)
                        .map(|text| self.fields.line(key, text))
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
        let Some(item) = self.fields.table.get("readme") else {
            return Ok(None);
        };
        let of = |part: &str| item.get(part).and_then(Item::as_str);
        let file = item.as_str().or_else(|| of("file"));
        let content_type = match (of("content-type"), file) {
            (Some(written), _) => self.fields.line("readme", written)?,
            (None, Some(file)) => match Utf8Path::new(file)
                .extension()
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("md") => "text/markdown".to_owned(),
                Some("rst") => "text/x-rst".to_owned(),
                Some("txt") | None => "text/plain".to_owned(),
                Some(_) => return Err(self.fields.bad("readme", "needs a content-type")),
            },
            (None, None) => return Err(self.fields.bad("readme", "needs a content-type")),
        };
        let text = match (file, of("text")) {
            (Some(file), None) => self.job.read_text(&self.inside("readme", file)?)?,
            (None, Some(text)) => text.to_owned(),
            _ => return Err(self.fields.bad("readme", "needs either a file or a text")),
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
            return Err(self.fields.bad(
                key,
                &format!("names {file}, which is no plain file of the project"),
            ));
        }
        Ok(path)
    }

    fn license(&self) -> Result<License, PackError> {
        let Some(item) = self.fields.table.get("license") else {
            return Ok(License::default());
        };
        if let Some(expression) = item.as_str() {
            return Ok(License {
                expression: Some(self.fields.line("license", expression)?),
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
            _ => Err(self.fields.bad("license", "needs either a text or a file")),
        }
    }

    /// The files that `license-files` names, or else those that are commonly called so (PEP 639).
    fn license_files(&self) -> Result<BTreeSet<String>, PackError> {
        let globs = match self.fields.table.get("license-files") {
            Some(item) => self.fields.texts_of("license-files", item)?,
            None => ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"]
                .map(ToOwned::to_owned)
                .to_vec(),
        };
        let (all, links) = plain_files(&self.job.path, &|folder| {
            globs
                .iter()
                .any(|glob| glob.starts_with(folder) || glob.starts_with("**"))
        })?;
        let mut files = BTreeSet::new();
        for glob in &globs {
            let matcher = GlobBuilder::new(glob)
                .literal_separator(true)
                .build()
                .map_err(|error| self.fields.bad("license-files", &error.to_string()))?
                .compile_matcher();
            if let Some(link) = links.iter().find(|link| matcher.is_match(link)) {
                return Err(unsupported(self.job, format!("{link} is a symbolic link")));
            }
            let before = files.len();
            files.extend(all.iter().filter(|file| matcher.is_match(file)).cloned());
            if files.len() == before && self.fields.table.get("license-files").is_some() {
                return Err(self.fields.bad(
                    "license-files",
                    &format!("names {glob}, and no file is called so"),
                ));
            }
        }
        Ok(files)
    }

    fn extras(&self) -> Result<BTreeMap<String, Vec<String>>, PackError> {
        let key = "optional-dependencies";
        let Some(item) = self.fields.table.get(key) else {
            return Ok(BTreeMap::new());
        };
        let table = item
            .as_table_like()
            .ok_or_else(|| self.fields.bad(key, "is not a table"))?;
        let mut extras = BTreeMap::new();
        for (name, requirements) in table.iter() {
            let name = filename::normalized(&self.fields.line(key, name)?);
            if extras
                .insert(name.clone(), self.fields.texts_of(key, requirements)?)
                .is_some()
            {
                return Err(self.fields.bad(key, &format!("names {name} twice")));
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
            groups.push((group.to_owned(), self.fields.pairs(key)?));
        }
        let table = self.fields.table.get("entry-points").map(|item| {
            item.as_table_like()
                .ok_or_else(|| self.fields.bad("entry-points", "is not a table"))
        });
        for (group, item) in table.transpose()?.into_iter().flat_map(TableLike::iter) {
            if ["console_scripts", "gui_scripts"].contains(&group) {
                return Err(self
                    .fields
                    .bad("entry-points", &format!("may not hold {group}")));
            }
            groups.push((
                self.fields.line("entry-points", group)?,
                self.fields.pairs_of("entry-points", item)?,
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
            return Err(self
                .fields
                .bad("entry-points", &format!("holds the name {name:?}")));
        }
        Ok(groups
            .into_iter()
            .map(|(group, pairs)| (group, pairs.into_iter().collect()))
            .collect())
    }
}
