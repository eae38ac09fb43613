//! Two listings side by side: a pure function to what a plan tells of them.
//!
//! Paths are the same when they read the same; of those left over, the ones that differ in the own version alone are.
//! Why in this order: `migrations/1.0.0.sql` stays what it is when `migrations/1.1.0.sql` comes beside it.

use std::collections::BTreeMap;

use relplan_model::{
    address::{Address, FileName},
    contents::{Basis, Contents, Entry, EntryChange, MAX_ENTRIES, MAX_NOTABLE},
};

use super::{Listed, Listing, notable, path::without_version};

/// The paths of two listings, each with what corresponds to it; in order of the path that is shown, which is that
/// after the change where there is one.
#[must_use]
pub fn counterparts<'a>(
    before: &'a Listing,
    after: &'a Listing,
) -> BTreeMap<&'a str, (Option<&'a str>, Option<&'a str>)> {
    let mut pairs: BTreeMap<&str, (Option<&str>, Option<&str>)> = BTreeMap::new();
    let mut added = Vec::new();
    for path in after.files.keys() {
        if before.files.contains_key(path) {
            pairs.insert(path, (Some(path), Some(path)));
        } else {
            added.push(path);
        }
    }
    let removed = || {
        let gone = |path: &&String| !after.files.contains_key(*path);
        before.files.keys().filter(gone)
    };
    let mut renamed: BTreeMap<String, &str> = removed()
        .map(|path| (without_version(path, &before.version), path.as_str()))
        .collect();
    for path in added {
        let was = renamed.remove(&without_version(path, &after.version));
        pairs.insert(path, (was, Some(path)));
    }
    let taken: std::collections::BTreeSet<&str> =
        pairs.values().filter_map(|(was, _)| *was).collect();
    for path in removed().filter(|path| !taken.contains(path.as_str())) {
        pairs.insert(path, (Some(path), None));
    }
    pairs
}

/// What a plan tells of an artifact beside a published file; `None`: no file of its kind is published.
#[must_use]
pub fn compare(
    address: &Address,
    file: &FileName,
    published: Option<(&Listing, Basis)>,
    artifact: &Listing,
) -> Contents {
    let nothing = Listing::default();
    let (before, basis) = published.unwrap_or((&nothing, Basis::Nothing));
    let mut entries = Vec::new();
    let mut unchanged = 0;
    for (path, (was, is)) in counterparts(before, artifact) {
        let was = was.and_then(|path| before.files.get(path));
        let is = is.and_then(|path| artifact.files.get(path));
        match change(was, is) {
            Some(change) => entries.push(Entry {
                path: path.to_owned(),
                change,
            }),
            None => unchanged += 1,
        }
    }
    let known = (basis != Basis::Nothing).then_some(&before.noted);
    let mut notable = notable::compare(known, &artifact.noted);
    Contents {
        address: address.clone(),
        file: file.clone(),
        basis,
        omitted: cut(&mut entries, MAX_ENTRIES),
        entries,
        unchanged,
        notable_omitted: cut(&mut notable, MAX_NOTABLE),
        notable,
    }
}

/// Cuts a list, and tells how many are gone.
fn cut<T>(list: &mut Vec<T>, max: usize) -> u64 {
    let more = list.len().saturating_sub(max);
    list.truncate(max);
    more as u64
}

/// What became of a file; `None`: nothing.
#[must_use]
pub fn change(before: Option<&Listed>, after: Option<&Listed>) -> Option<EntryChange> {
    match (before, after) {
        (None, None) => None,
        (None, Some(after)) => Some(EntryChange::Added { size: after.size }),
        (Some(before), None) => Some(EntryChange::Removed { size: before.size }),
        (Some(before), Some(after)) => {
            let same = before.sha256 == after.sha256 && before.link == after.link;
            if !same {
                return Some(EntryChange::Changed {
                    before: before.size,
                    after: after.size,
                });
            }
            (before.executable != after.executable).then_some(EntryChange::Mode {
                executable: after.executable,
            })
        }
    }
}
