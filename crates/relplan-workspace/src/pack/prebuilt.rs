//! Prebuilt files: found by globs in the package's folder, and assigned by what is inside of them.
//!
//! `*` stays within one folder and `**` does not, as everywhere in the spec. Symbolic links are not followed, so that a
//! glob cannot reach out of the folder. A file of a package that another job packs is left to that job; a file of
//! nobody's is an error, since a release that silently lacks a file is worse.

use camino::{Utf8Path, Utf8PathBuf};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Job, PackError, artifact::Made, identity};

/// Folders are followed so deep.
const DEPTH: usize = 32;

/// Collects the files of one package.
pub(super) fn collect(job: &Job, globs: &[String], jobs: &[Job]) -> Result<Vec<Made>, PackError> {
    let wanted = Wanted::of(job, globs)?;
    let mut files = Vec::new();
    walk(&job.path, Utf8Path::new(""), &wanted, 0, &mut files)?;
    files.sort();
    let mut made = Vec::new();
    for path in files {
        let (kind, inside) = identity::read(&path).map_err(|source| PackError::Identity {
            path: path.clone(),
            source,
        })?;
        let is_of = |job: &Job| identity::is_of(&job.package, kind, &inside.name);
        if !is_of(job) && jobs.iter().any(is_of) {
            continue;
        }
        made.push(Made {
            package: job.package.clone(),
            path,
            packer: "prebuilt".to_owned(),
        });
    }
    if made.is_empty() {
        return Err(PackError::Nothing {
            packer: "`prebuilt`".to_owned(),
            package: job.package.clone(),
            why: format!("; nothing in {} matches {}", job.path, globs.join(", ")),
        });
    }
    Ok(made)
}

struct Wanted {
    files: GlobSet,
    /// How each glob begins, up to its first special character: other folders are not looked into.
    starts: Vec<String>,
}

impl Wanted {
    fn of(job: &Job, globs: &[String]) -> Result<Self, PackError> {
        let bad = |glob: &str, why: String| PackError::Manifest {
            path: job.path.clone(),
            why: format!("the glob {glob:?} of `prebuilt` is not acceptable: {why}"),
        };
        let mut files = GlobSetBuilder::new();
        for glob in globs {
            if glob.starts_with('/')
                || glob.contains('\\')
                || glob.split('/').any(|part| part == "..")
            {
                return Err(bad(
                    glob,
                    "it has to stay below the package's folder".to_owned(),
                ));
            }
            let built: Glob = GlobBuilder::new(glob.trim_start_matches("./"))
                .literal_separator(true)
                .build()
                .map_err(|error| bad(glob, error.to_string()))?;
            files.add(built);
        }
        let starts = globs
            .iter()
            .map(|glob| {
                let glob = glob.trim_start_matches("./");
                glob.split(['*', '?', '[', '{'])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        Ok(Self {
            files: files
                .build()
                .map_err(|error| bad(&globs.join(" "), error.to_string()))?,
            starts,
        })
    }

    /// Whether a file that is wanted may stand in this folder.
    fn may_hold(&self, folder: &Utf8Path) -> bool {
        let folder = format!("{folder}/");
        self.starts
            .iter()
            .any(|start| start.starts_with(&folder) || folder.starts_with(start.as_str()))
    }
}

fn walk(
    root: &Utf8Path,
    below: &Utf8Path,
    wanted: &Wanted,
    depth: usize,
    files: &mut Vec<Utf8PathBuf>,
) -> Result<(), PackError> {
    let folder = if below.as_str().is_empty() {
        root.to_owned()
    } else {
        root.join(below)
    };
    if depth > DEPTH {
        return Ok(());
    }
    for entry in folder
        .read_dir_utf8()
        .map_err(PackError::io("read", &folder))?
    {
        let entry = entry.map_err(PackError::io("read", &folder))?;
        let relative = below.join(entry.file_name());
        let kind = entry
            .file_type()
            .map_err(PackError::io("read", entry.path()))?;
        if kind.is_dir() {
            let skipped = matches!(entry.file_name(), ".git" | "node_modules");
            if !skipped && wanted.may_hold(&relative) {
                walk(root, &relative, wanted, depth + 1, files)?;
            }
        } else if kind.is_file() && wanted.files.is_match(relative.as_str()) {
            files.push(entry.into_path());
        }
    }
    Ok(())
}
