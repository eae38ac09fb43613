//! `git status` in a repository of ours, which borrows the objects and the index of the project's own.
//!
//! Why: `.gitattributes` of the tree says which files go through which filter, and the repository's configuration which
//! program that is. A repository with a configuration of ours has no such program, no monitor and nothing to fetch from.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use super::{Checkout, unconfigured};
use crate::programs::{Bounds, Programs};

/// A tree of a million files takes a while.
const STATUS: Bounds = Bounds::of(600, 256 << 20);
/// The longest list of ignored files that is taken over, in bytes.
const MOST_EXCLUDED: u64 = 1 << 20;

/// Settings of a repository, or of its user, that say how files of the tree are compared, and run nothing.
const HARMLESS: &[&str] = &[
    "core.autocrlf",
    "core.checkstat",
    "core.eol",
    "core.excludesfile",
    "core.filemode",
    "core.ignorecase",
    "core.longpaths",
    "core.precomposeunicode",
    "core.symlinks",
    "core.trustctime",
];

/// The paths that differ, as [`Checkout::changed`] says.
pub(super) fn ask(checkout: &Checkout, programs: &Programs) -> Option<String> {
    let commit = checkout.head(programs)?;
    let settings = checkout.settings(programs);
    let ours = tempfile::Builder::new()
        .prefix("relplan-status-")
        .tempdir()
        .ok()?;
    let hash = settings
        .iter()
        .rfind(|setting| setting.name == "extensions.objectformat")
        .map_or("sha1", |setting| setting.value.as_str());
    write_repository(checkout, ours.path(), &commit, hash == "sha256").ok()?;
    let harmless = settings
        .iter()
        .filter(|setting| HARMLESS.contains(&setting.name.as_str()));
    let pairs = harmless.flat_map(|setting| {
        let text = format!("{}={}", setting.name, setting.value);
        ["-c".to_owned(), text]
    });
    let call = unconfigured(programs)?
        .args(pairs)
        .args(["status", "--porcelain=v1", "-z"])
        .args(["--untracked-files=normal", "--ignore-submodules=dirty"])
        .envs([
            ("GIT_DIR", ours.path()),
            ("GIT_WORK_TREE", &checkout.top),
            ("GIT_OBJECT_DIRECTORY", &checkout.common_dir.join("objects")),
            ("GIT_INDEX_FILE", &checkout.git_dir.join("index")),
        ])
        .within(&checkout.top);
    call.answer(&[], STATUS).ok()?.text()
}

fn write_repository(
    checkout: &Checkout,
    folder: &Path,
    commit: &str,
    is_sha256: bool,
) -> io::Result<()> {
    for name in ["objects", "refs", "info"] {
        fs::create_dir(folder.join(name))?;
    }
    fs::write(folder.join("HEAD"), format!("{commit}\n"))?;
    let (version, extensions) = match is_sha256 {
        true => (1, "[extensions]\n\tobjectFormat = sha256\n"),
        false => (0, ""),
    };
    let config =
        format!("[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n{extensions}");
    fs::write(folder.join("config"), config)?;
    let excluded = checkout.common_dir.join("info/exclude");
    if fs::metadata(&excluded).is_ok_and(|found| found.is_file()) {
        let mut text = Vec::new();
        File::open(&excluded)?
            .take(MOST_EXCLUDED)
            .read_to_end(&mut text)?;
        fs::write(folder.join("info/exclude"), text)?;
    }
    // An index that is split has its larger part beside it.
    for entry in fs::read_dir(&checkout.git_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_shared = name.to_string_lossy().starts_with("sharedindex.");
        if is_shared && entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(name))?;
        }
    }
    Ok(())
}
