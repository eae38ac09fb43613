//! Files: which of two archives differ, and how each is shown.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::contents::EntryChange;
use relplan_targets::contents::{
    Bounds, ContentsError, Listing, Taken, change, counterparts, list, members,
};

use super::{
    lines::{Hunk, hunks},
    sides::{DiffError, Pair, Side},
};

/// How much of a comparison is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines around each change.
    pub context: usize,
    /// Bytes of one file that is compared by line.
    pub file: u64,
    /// Bytes of all files of one archive that are compared by line.
    pub all: u64,
    /// Lines of one file's diff.
    pub lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            context: 3,
            file: 1 << 20,
            all: 64 << 20,
            lines: 2_000,
        }
    }
}

/// How one file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// The path that it has, or had where it is gone. Text from outside.
    pub path: String,
    /// The path that it had, where that differs: the version stood in it. Text from outside.
    pub was: Option<String>,
    /// What became of it, with sizes.
    pub change: EntryChange,
    /// What there is to show.
    pub body: Body,
}

/// What there is to show of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A unified diff.
    Text {
        /// Its hunks in order. Texts from outside.
        hunks: Vec<Hunk>,
        /// How many lines are not among them.
        omitted: usize,
    },
    /// It is not text in UTF-8, before or after.
    Binary,
    /// It is larger than what is compared by line.
    Large,
    /// Its bytes are the same.
    Same,
}

/// The files that differ, in order of path.
///
/// # Errors
/// When an archive cannot be read.
pub async fn file_diffs(pair: Pair, limits: Limits) -> Result<Vec<FileDiff>, DiffError> {
    let made = tokio::task::spawn_blocking(move || diffs(pair, limits));
    match made.await {
        Ok(made) => Ok(made?),
        Err(_) => Err(DiffError::Lost),
    }
}

pub(super) fn diffs(pair: Pair, limits: Limits) -> Result<Vec<FileDiff>, ContentsError> {
    let Pair {
        kind,
        mut before,
        mut after,
    } = pair;
    let was = match &mut before {
        Some(side) => listing(&kind, side)?,
        None => Listing::default(),
    };
    let is = listing(&kind, &mut after)?;
    let mut found = Vec::new();
    for (path, (old, new)) in counterparts(&was, &is) {
        let change = change(
            old.and_then(|path| was.files.get(path)),
            new.and_then(|path| is.files.get(path)),
        );
        if let Some(change) = change {
            found.push((path, old, new, change));
        }
    }
    let with_bytes = |change: &EntryChange| !matches!(change, EntryChange::Mode { .. });
    let (mut old, mut new) = (BTreeSet::new(), BTreeSet::new());
    for (_, was, is, change) in &found {
        if with_bytes(change) {
            old.extend(was.map(str::to_owned));
            new.extend(is.map(str::to_owned));
        }
    }
    let old = match &mut before {
        Some(side) => bytes(&kind, side, limits, &old)?,
        None => BTreeMap::new(),
    };
    let new = bytes(&kind, &mut after, limits, &new)?;
    let made = found.into_iter().map(|(path, was, is, change)| FileDiff {
        path: path.to_owned(),
        was: was
            .filter(|was| is.is_some_and(|is| is != *was))
            .map(str::to_owned),
        body: if with_bytes(&change) {
            body(taken(&old, was), taken(&new, is), limits)
        } else {
            Body::Same
        },
        change,
    });
    Ok(made.collect())
}

fn listing(kind: &str, side: &mut Side) -> Result<Listing, ContentsError> {
    let Side { file, bytes } = side;
    bytes.with(|packed| list(kind, file, packed, Bounds::default()))
}

fn bytes(
    kind: &str,
    side: &mut Side,
    limits: Limits,
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<u8>>, ContentsError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let Side { file, bytes } = side;
    let taken = Taken {
        each: limits.file,
        all: limits.all,
    };
    bytes.with(|packed| members(kind, file, packed, taken, &|path| wanted.contains(path)))
}

/// The bytes on one side: none where there is no file, nothing where they were too many.
fn taken<'a>(all: &'a BTreeMap<String, Vec<u8>>, path: Option<&str>) -> Option<&'a [u8]> {
    match path {
        None => Some(&[]),
        Some(path) => all.get(path).map(Vec::as_slice),
    }
}

fn body(before: Option<&[u8]>, after: Option<&[u8]>, limits: Limits) -> Body {
    let (Some(before), Some(after)) = (before, after) else {
        return Body::Large;
    };
    match (text(before), text(after)) {
        (Some(before), Some(after)) => {
            let (hunks, omitted) = hunks(before, after, limits.context, limits.lines);
            Body::Text { hunks, omitted }
        }
        _ => Body::Binary,
    }
}

/// Bytes as text: UTF-8 without NUL.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}
