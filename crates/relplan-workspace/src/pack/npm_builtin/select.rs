//! Which files of a package go into its tarball, as `npm pack` decides it (npm's documentation of `files` in
//! `package.json`, and of "keeping files out of your package").
//!
//! Rules are asked in layers, the last one that matches decides: what npm leaves out by default; the `files` of
//! `package.json`, or else `.npmignore`, or else `.gitignore`; what is always in or always out. Each folder below may
//! bring ignore files of its own, and has the first word before them.

use std::{collections::BTreeSet, fs};

use camino::Utf8Path;
use relplan_system::tree::{ReadError, Tree};
use serde_json::Value;

use super::rule::{self, Misunderstood, Rule};
use crate::pack::{Job, PackError};

/// Greater ignore files are not read, in bytes.
const IGNORE_LIMIT: u64 = 1 << 20;
/// Folders are followed so deep.
const DEPTH: usize = 64;

/// Left out unless something else says otherwise.
const BY_DEFAULT: &str = "\
.npmignore
.gitignore
**/.git
**/.svn
**/.hg
**/CVS
**/.git/**
**/.svn/**
**/.hg/**
**/CVS/**
/.lock-wscript
/.wafpickle-*
/build/config.gypi
npm-debug.log
**/.npmrc
.*.swp
.DS_Store
**/.DS_Store/**
._*
**/._*/**
*.orig
/archived-packages/**
";

/// In, or out, whatever else says.
const ALWAYS: &str = "\
/.git
!/package.json
!/readme{,.*[^~$]}
!/copying{,.*[^~$]}
!/license{,.*[^~$]}
!/licence{,.*[^~$]}
/.git
/node_modules
.npmrc
/package-lock.json
/yarn.lock
/pnpm-lock.yaml
/bun.lockb
/.relplan
";

/// The files of a package, relative to its folder and with `/`, in order of name.
pub(super) fn select(job: &Job, manifest: &Value) -> Result<Vec<String>, PackError> {
    let walk = Walk {
        job,
        tree: job.tree()?,
    };
    walk.refuse_shifting(manifest)?;
    let (listed, mut required, mut strict) = walk.read_files(manifest)?;
    strict.push_str(ALWAYS);
    let mut require = |path: &str| strict.push_str(&format!("!/{path}\n"));
    for key in ["browser", "main"] {
        if let Some(path) = manifest.get(key).and_then(Value::as_str) {
            require(path);
        }
    }
    executables(manifest).iter().for_each(|path| require(path));

    let own_ignores = match listed {
        Some(_) => None,
        None => walk.ignore_file(&job.path)?,
    };
    let level = Level {
        parent: None,
        name: String::new(),
        exact: false,
        layers: vec![
            walk.rules(&format!("{BY_DEFAULT}{}", walk.outer_ignores()?))?,
            walk.rules(&listed.or(own_ignores).unwrap_or_default())?,
            walk.rules(&strict)?,
        ],
    };
    required.retain(|file| file.contains('/'));
    let mut files = BTreeSet::new();
    walk.folder(&job.path, "", &level, &required, &mut files)?;
    Ok(files.into_iter().collect())
}

/// The files that `bin` names: they are always in, and may be run.
pub(super) fn executables(manifest: &Value) -> BTreeSet<String> {
    let paths: Vec<&str> = match manifest.get("bin") {
        Some(Value::String(path)) => vec![path],
        Some(Value::Array(paths)) => paths.iter().filter_map(Value::as_str).collect(),
        Some(Value::Object(paths)) => paths.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    paths
        .into_iter()
        .map(within)
        .filter(|path| !path.is_empty())
        .collect()
}

/// A path with `.` and `..` resolved, which never leads above the package.
fn within(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

struct Walk<'a> {
    job: &'a Job,
    tree: Tree,
}

/// The rules that hold in one folder, and the folders above it.
struct Level<'a> {
    parent: Option<&'a Self>,
    /// The folder's name within its parent.
    name: String,
    /// Whether the folder itself is taken, and not just looked through for files that are.
    exact: bool,
    layers: Vec<Vec<Rule>>,
}

impl Level<'_> {
    /// Whether an entry is taken. `partial`: whether something below it could be. `name`: the entry's own name, when
    /// `entry` is its path as seen from further up.
    fn takes(&self, entry: &str, partial: bool, name: Option<&str>) -> bool {
        let mut taken = true;
        if let Some(parent) = self.parent {
            let outer = format!("{}/{entry}", self.name);
            taken = parent.takes(&outer, partial, Some(name.unwrap_or(entry)));
            if !taken && !self.exact {
                return false;
            }
        }
        for rule in self.layers.iter().flatten() {
            if rule.includes != taken && applies(rule, entry, partial, name) {
                taken = rule.includes;
            }
        }
        taken
    }
}

fn applies(rule: &Rule, entry: &str, partial: bool, name: Option<&str>) -> bool {
    let either = |entry: &str, partial: bool| {
        rule.matches(&format!("/{entry}"), partial) || rule.matches(entry, partial)
    };
    let as_folder =
        |entry: &str| either(&format!("{entry}/"), false) || (rule.includes && either(entry, true));
    either(entry, false)
        || (partial && (as_folder(entry) || (rule.is_bare && name.is_some_and(as_folder))))
}

impl Walk<'_> {
    fn folder(
        &self,
        path: &Utf8Path,
        below: &str,
        level: &Level<'_>,
        required: &[String],
        files: &mut BTreeSet<String>,
    ) -> Result<(), PackError> {
        if below.split('/').count() > DEPTH {
            return Err(self.unsupported(format!("its folder {below} is too deep")));
        }
        for entry in path.read_dir_utf8().map_err(PackError::io("read", path))? {
            let entry = entry.map_err(PackError::io("read", path))?;
            let name = entry.file_name();
            let kind = entry
                .file_type()
                .map_err(PackError::io("read", entry.path()))?;
            let as_file = level.takes(name, false, None);
            if kind.is_file() && as_file && !name.contains('*') {
                files.insert(format!("{below}{name}"));
            } else if kind.is_dir() && !name.contains('*') && level.takes(name, true, None) {
                let own = self.ignore_file(entry.path())?.unwrap_or_default();
                let here = format!("{name}/");
                let required: Vec<_> = required
                    .iter()
                    .filter_map(|file| file.strip_prefix(&here))
                    .filter(|file| !file.contains('/'))
                    .map(ToOwned::to_owned)
                    .collect();
                let strict = required.iter().fold("/.git\n".to_owned(), |text, file| {
                    format!("{text}!{file}\n")
                });
                let inner = Level {
                    parent: Some(level),
                    name: name.to_owned(),
                    exact: as_file || level.takes(&here, false, None),
                    layers: vec![
                        self.rules(BY_DEFAULT)?,
                        self.rules(&own)?,
                        self.rules(&strict)?,
                    ],
                };
                self.folder(
                    entry.path(),
                    &format!("{below}{here}"),
                    &inner,
                    &required,
                    files,
                )?;
            }
        }
        Ok(())
    }

    /// The rules that `files` stands for, the plain files that it names, and the rules that make sure of those.
    fn read_files(
        &self,
        manifest: &Value,
    ) -> Result<(Option<String>, Vec<String>, String), PackError> {
        let Some(files) = manifest.get("files") else {
            return Ok((None, Vec::new(), String::new()));
        };
        let listed: Option<Vec<&str>> = files
            .as_array()
            .and_then(|files| files.iter().map(Value::as_str).collect());
        let Some(listed) = listed else {
            return Err(PackError::Manifest {
                path: self.job.path.join("package.json"),
                why: "its `files` is not a list of texts".to_owned(),
            });
        };
        let (mut rules, mut required, mut strict) = ("*\n".to_owned(), Vec::new(), String::new());
        for file in listed {
            let file = file
                .strip_prefix('.')
                .filter(|rest| rest.starts_with('/'))
                .unwrap_or(file);
            if file.split('/').any(|part| part == "..") {
                return Err(self.unsupported(format!("its `files` has {file:?}, which climbs")));
            }
            let file = match file.ends_with("/*") {
                true => format!("{file}*"),
                false => file.to_owned(),
            };
            let place = self
                .job
                .path
                .join(file.trim_start_matches('!').trim_start_matches('/'));
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_file() => {
                    strict = format!("!{file}\n{strict}");
                    required.push(file.trim_start_matches('/').to_owned());
                }
                Ok(found) if found.is_dir() => rules.push_str(&format!("!{file}\n!{file}/**\n")),
                Ok(_) => {}
                Err(_) => rules.push_str(&format!("!{file}\n")),
            }
        }
        Ok((Some(rules), required, strict))
    }

    /// Refuses patterns in `files` that npm 11 and npm 12 read differently: a glob that takes in a folder brings what is
    /// in it with npm 12 alone, and the package's own folder is everything to npm 11 and nothing to npm 12.
    fn refuse_shifting(&self, manifest: &Value) -> Result<(), PackError> {
        let listed = manifest.get("files").and_then(Value::as_array);
        for pattern in listed.into_iter().flatten().filter_map(Value::as_str) {
            let plain = pattern.strip_prefix("./").unwrap_or(pattern);
            let plain = plain.trim_start_matches('/');
            let is_glob = plain.contains(['*', '?', '[', '{']);
            let takes_all =
                matches!(plain, "*" | "**") || ["/*", "/**"].iter().any(|end| plain.ends_with(end));
            let shifts = match is_glob {
                _ if pattern.starts_with('!') || takes_all => false,
                true => self.has_folder(plain.trim_end_matches('/'))?,
                false => plain.is_empty(),
            };
            if shifts {
                return Err(self.unsupported(format!(
                    "its `files` has {pattern:?}, which npm 11 and npm 12 read differently; name the folders themselves"
                )));
            }
        }
        Ok(())
    }

    /// Whether a glob matches a folder of the package.
    fn has_folder(&self, pattern: &str) -> Result<bool, PackError> {
        let rules = self.rules(pattern)?;
        let is_deep = pattern.contains('/');
        let mut folders = vec![(self.job.path.clone(), String::new(), 0)];
        while let Some((path, below, depth)) = folders.pop() {
            for entry in path.read_dir_utf8().map_err(PackError::io("read", &path))? {
                let entry = entry.map_err(PackError::io("read", &path))?;
                let kind = entry.file_type();
                let name = entry.file_name();
                if !kind.map_err(PackError::io("read", entry.path()))?.is_dir()
                    || matches!(name, ".git" | "node_modules")
                {
                    continue;
                }
                let file = format!("{below}{name}");
                if rules.iter().any(|rule| {
                    rule.matches(&file, false) || rule.matches(&format!("/{file}"), false)
                }) {
                    return Ok(true);
                }
                if is_deep && depth < DEPTH {
                    folders.push((entry.path().to_owned(), format!("{file}/"), depth + 1));
                }
            }
        }
        Ok(false)
    }

    /// The ignore files between an npm workspace's root and the package's folder: they hold within the package as well.
    fn outer_ignores(&self) -> Result<String, PackError> {
        let (root, path) = (&self.job.workspace_root, &self.job.path);
        let Ok(between) = path.strip_prefix(root) else {
            return Ok(String::new());
        };
        let manifest = self.job.read_text(&root.join("package.json"));
        let is_workspace = manifest
            .ok()
            .and_then(|text| serde_json::from_str::<Value>(&text).ok())
            .is_some_and(|manifest| manifest.get("workspaces").is_some());
        if between.as_str().is_empty() || !is_workspace {
            return Ok(String::new());
        }
        let mut text = String::new();
        let mut folder = root.clone();
        for part in between.iter() {
            text.push_str(&self.ignore_file(&folder)?.unwrap_or_default());
            text.push('\n');
            folder.push(part);
        }
        Ok(text)
    }

    /// A folder's `.npmignore`, or else its `.gitignore`.
    fn ignore_file(&self, folder: &Utf8Path) -> Result<Option<String>, PackError> {
        for name in [".npmignore", ".gitignore"] {
            let path = folder.join(name);
            let text = match self.tree.read(&path, IGNORE_LIMIT) {
                Ok(bytes) => String::from_utf8(bytes),
                Err(ReadError::Missing { .. }) => continue,
                Err(ReadError::TooLarge { .. }) => {
                    return Err(self.unsupported(format!("{path} is too long")));
                }
                Err(error) => return Err(PackError::io("read", &path)(error.into_io())),
            };
            return text
                .map(Some)
                .map_err(|_| self.unsupported(format!("{path} is not UTF-8")));
        }
        Ok(None)
    }

    fn rules(&self, text: &str) -> Result<Vec<Rule>, PackError> {
        rule::parse(text).map_err(|Misunderstood(why)| self.unsupported(why))
    }

    fn unsupported(&self, why: String) -> PackError {
        PackError::Unsupported {
            package: self.job.package.clone(),
            why,
            hint: "leave out packer=\"builtin\" in the spec, and its own package manager packs it"
                .to_owned(),
        }
    }
}
