//! What is asked of the project's own git repository: the commit, what differs from it, and its settings as a list.
//!
//! Invariant (law L14): git never looks for a repository by itself. It is given the one that [`Checkout::around`] found:
//! a `.git` folder, which git itself never checks out of a commit, or the one that a `.git` file of a worktree or
//! submodule names. A folder of the tree that is laid out like a repository is none. Nothing that a repository's
//! configuration names is run: the commit needs none of it, settings are listed and not followed, and what differs is
//! asked in a repository of ours that borrows objects and index.

mod difference;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Bounds, Call, Programs, Variables, roots::resolved, variables};
use crate::tree;

/// Settings that git runs with wherever it runs: no hook, no monitor, no program of a repository's.
pub const SETTINGS: [&str; 5] = [
    "safe.bareRepository=explicit",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "core.pager=cat",
];

/// A question to a repository on this machine.
const QUESTION: Bounds = Bounds::of(60, 16 << 20);
/// How many settings of an environment are taken over.
const MOST_GIVEN: u32 = 1000;
/// The longest `.git` file that is read, in bytes.
const MOST_LINK: u64 = 4 << 10;

/// A checkout, and the repository that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The folder that is checked out, links resolved.
    top: PathBuf,
    /// The repository's folder for this checkout.
    git_dir: PathBuf,
    /// The repository's folder for all of its checkouts.
    common_dir: PathBuf,
}

/// A file that names a folder: regular, and bounded by what is read.
fn read_link_file(path: &Path) -> io::Result<String> {
    let bytes = tree::read_named(path, MOST_LINK).map_err(tree::ReadError::into_io)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The repository's folder that a `.git` file names, which may be relative to the file's.
pub(super) fn folder_named_by(file: &Path) -> Option<PathBuf> {
    let text = read_link_file(file).ok()?;
    text.trim_end().strip_prefix("gitdir: ").map(PathBuf::from)
}

/// A setting of git's, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Whether it is the repository's own; else it is the user's or the machine's.
    pub is_local: bool,
    /// Its name, as git writes it: section and key in lower case.
    pub name: String,
    /// Its value; `true` for one that has none.
    pub value: String,
}

impl Checkout {
    /// The checkout that a folder is part of.
    #[must_use]
    pub fn around(folder: &Path) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        folder.ancestors().find_map(|top| {
            Self::at(top)
                .ok()
                .flatten()
                .filter(|it| it.is_owned_as(&folder))
        })
    }

    /// The folder that is checked out, links resolved.
    #[must_use]
    pub fn top(&self) -> &Path {
        &self.top
    }

    fn at(top: &Path) -> io::Result<Option<Self>> {
        let own = top.join(".git");
        let git_dir = match fs::metadata(&own)? {
            found if found.is_dir() => own.canonicalize()?,
            // A link to a file is nothing that git writes, and the file would be anybody's.
            found if found.is_file() && !own.is_symlink() => match folder_named_by(&own) {
                Some(path) => top.join(path).canonicalize()?,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let common_dir = match read_link_file(&git_dir.join("commondir")) {
            Ok(text) => git_dir.join(text.trim_end()).canonicalize()?,
            Err(_) => git_dir.clone(),
        };
        let is_repository = git_dir.join("HEAD").is_file() && common_dir.join("objects").is_dir();
        // Anything else below the checkout is what a commit put there.
        let is_no_content = |folder: &Path| folder == own || !folder.starts_with(top);
        let is_sound = is_repository && is_no_content(&git_dir) && is_no_content(&common_dir);
        Ok(is_sound.then(|| Self {
            top: top.to_owned(),
            git_dir,
            common_dir,
        }))
    }

    /// Whether one user owns the repository and the project's folder: among temporary folders there are other people's.
    #[cfg(unix)]
    fn is_owned_as(&self, folder: &Path) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let owner = |path: &Path| fs::metadata(path).ok().map(|found| found.uid());
        let found = owner(&self.git_dir);
        found.is_some() && (found == owner(folder) || found == Some(0))
    }

    #[cfg(not(unix))]
    fn is_owned_as(&self, _: &Path) -> bool {
        true
    }

    /// The commit that is checked out, in hexadecimal digits; nothing where there is none, or no git.
    #[must_use]
    pub fn head(&self, programs: &Programs) -> Option<String> {
        let call = unconfigured(programs)?
            .envs([("GIT_DIR", &self.git_dir)])
            .within(&self.git_dir)
            .args(["rev-parse", "--verify", "--quiet", "HEAD"]);
        let text = call.answer(&[], QUESTION).ok()?.text()?;
        let commit = text.trim();
        let is_id = (40..=64).contains(&commit.len())
            && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| commit.to_owned())
    }

    /// Whether older commits were left out of the repository.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.common_dir.join("shallow").is_file()
    }

    /// Whether a tag names the commit that is checked out; `None`: git does not tell.
    #[must_use]
    pub fn is_tagged(&self, programs: &Programs) -> Option<bool> {
        let call = unconfigured(programs)?
            .envs([("GIT_DIR", &self.git_dir)])
            .within(&self.git_dir)
            .args(["for-each-ref", "--count=1", "--points-at=HEAD", "refs/tags"]);
        let text = call.answer(&[], QUESTION).ok()?.text()?;
        Some(!text.trim().is_empty())
    }

    /// The paths, relative to [`Self::top`], that differ from the commit or are new, in git's short form: `XY path`, each
    /// ended by NUL, and a renamed one followed by its origin.
    ///
    /// No filter of `.gitattributes` runs: a file that is stored otherwise than it is checked out (large files, say)
    /// counts as changed where its time of change does not settle it.
    #[must_use]
    pub fn changed(&self, programs: &Programs) -> Option<String> {
        difference::ask(self, programs)
    }

    /// The settings that hold in the checkout: the user's and the machine's, and the repository's own, but for files in
    /// the tree that it includes.
    #[must_use]
    pub fn settings(&self, programs: &Programs) -> Vec<Setting> {
        let origin_counts = |origin: &str| {
            let Some(path) = origin.strip_prefix("file:") else {
                return true;
            };
            let path = resolved(&self.git_dir.join(path));
            [&self.git_dir, &self.common_dir]
                .iter()
                .any(|own| path.starts_with(own))
                || !(programs.roots().hold(&path) || path.starts_with(&self.top))
        };
        listed(programs, &self.git_dir, origin_counts)
    }
}

/// The settings that hold outside of any repository: the user's and the machine's.
#[must_use]
pub fn settings_of_the_user(programs: &Programs) -> Vec<Setting> {
    let nowhere = Path::new(if cfg!(windows) { "NUL" } else { "/dev/null" });
    listed(programs, nowhere, |_| true)
}

/// `git config --list`, which runs nothing that a setting names.
fn listed(programs: &Programs, git_dir: &Path, counts: impl Fn(&str) -> bool) -> Vec<Setting> {
    let call = programs
        .call("git", configured(programs, &[], &[]))
        .map(|call| {
            call.args(SETTINGS.iter().flat_map(|setting| ["-c", *setting]))
                .args(["config", "--list", "--null", "--show-scope"])
                .args(["--show-origin", "--includes"])
                .envs([("GIT_DIR", git_dir)])
        });
    let answer = call
        .map_err(io::Error::from)
        .and_then(|call| call.answer(&[], QUESTION));
    let Some(text) = answer.ok().and_then(super::Answer::text) else {
        return Vec::new();
    };
    let mut parts = text.split('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(origin), Some(entry)) = (parts.next(), parts.next(), parts.next())
    {
        let is_local = matches!(scope, "local" | "worktree");
        if is_local && !counts(origin) {
            continue;
        }
        let (name, value) = entry.split_once('\n').unwrap_or((entry, "true"));
        settings.push(Setting {
            is_local,
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
    settings
}

/// The variables of a git that heeds the configuration of the person who runs it, with some of these lists besides, and
/// settings of ours that come last.
#[must_use]
pub fn configured(
    programs: &Programs,
    lists: &[&[&str]],
    settings: &[(String, String)],
) -> Variables {
    let mut lists = lists.to_vec();
    lists.extend([variables::PLAIN, variables::GIT_CONFIGURATION]);
    let found = programs.variables_of_helpers(&lists);
    let value_of = |name: String| {
        let mut found = found.iter();
        found
            .find(|(held, _)| *held == *name)
            .map(|(_, value)| value.clone())
    };
    let given = value_of("GIT_CONFIG_COUNT".to_owned());
    let given: u32 = given
        .and_then(|count| count.to_str()?.parse().ok())
        .unwrap_or(0);
    // A value that leads into the tree was left out, and its name with it.
    let given = (0..given.min(MOST_GIVEN)).filter_map(|number| {
        let name = value_of(format!("GIT_CONFIG_KEY_{number}"))?;
        Some((name, value_of(format!("GIT_CONFIG_VALUE_{number}"))?))
    });
    let ours = settings
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let pairs: Variables = given.chain(ours).collect();
    let count = pairs.len().to_string();
    let pairs = pairs
        .into_iter()
        .enumerate()
        .flat_map(|(at, (name, value))| {
            [
                (format!("GIT_CONFIG_KEY_{at}").into(), name),
                (format!("GIT_CONFIG_VALUE_{at}").into(), value),
            ]
        });
    let numbered = ["GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_*", "GIT_CONFIG_VALUE_*"];
    found
        .iter()
        .filter(|(name, _)| !variables::is_listed(name, numbered.into_iter()))
        .cloned()
        .chain(pairs)
        .chain([
            ("GIT_CONFIG_COUNT".into(), count.into()),
            // Texts of git's that are read come in one language, and nobody is asked in the middle of something.
            ("LC_ALL".into(), "C".into()),
            ("GIT_TERMINAL_PROMPT".into(), "0".into()),
        ])
        .collect()
}

/// A git that heeds nobody's configuration, reaches no other repository and asks nobody.
fn unconfigured(programs: &Programs) -> Option<Call> {
    let call = programs.call("git", programs.variables(&[variables::PLAIN]));
    Some(
        call.ok()?
            .envs([
                ("GIT_CONFIG_NOSYSTEM", "1"),
                (
                    "GIT_CONFIG_GLOBAL",
                    if cfg!(windows) { "NUL" } else { "/dev/null" },
                ),
                ("GIT_ATTR_NOSYSTEM", "1"),
                ("GIT_ALLOW_PROTOCOL", "none"),
                ("GIT_NO_LAZY_FETCH", "1"),
                ("GIT_OPTIONAL_LOCKS", "0"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("LC_ALL", "C"),
            ])
            .args(SETTINGS.iter().flat_map(|setting| ["-c", *setting])),
    )
}
