//! A wheel's `RECORD` (PyPA specification "Recording installed projects"): the digests of all other files in it.
//!
//! Why: it differs whenever any file does, and says nothing that the comparison of these files does not. It is passed
//! over only while that is proven: where it lists anything else, it is shown like any other file.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use relplan_model::digest::unhex;

use super::Listed;

/// The path of the `RECORD` that lists exactly the other files with their digests.
pub(super) fn says_nothing_more(
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Option<String> {
    let (path, bytes) = metadata.iter().find(|(path, _)| is_record(path))?;
    let text = std::str::from_utf8(bytes).ok()?;
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (name, hash, size) = fields(line)?;
        if listed.insert(name, (hash, size)).is_some() {
            return None;
        }
    }
    let (hash, size) = listed.remove(path)?;
    if !hash.is_empty() || !size.is_empty() || listed.len() + 1 != files.len() {
        return None;
    }
    let agrees = |(path, file): (&String, &Listed)| {
        let digest = unhex(&file.sha256.hex()).unwrap_or_default();
        let expected = format!("sha256={}", BASE64_URL_SAFE_NO_PAD.encode(digest));
        let size = file.size.to_string();
        listed.get(path).is_some_and(|(told, told_size)| {
            *told == expected && (told_size.is_empty() || *told_size == size)
        })
    };
    files
        .iter()
        .filter(|(other, _)| *other != path)
        .all(agrees)
        .then(|| path.clone())
}

pub(super) fn is_record(path: &str) -> bool {
    matches!(path.split_once('/'), Some((folder, "RECORD")) if folder.ends_with(".dist-info"))
}

/// `path,hash,size`, the path quoted where it holds a comma.
fn fields(line: &str) -> Option<(String, String, String)> {
    let (rest, size) = line.rsplit_once(',')?;
    let (path, hash) = rest.rsplit_once(',')?;
    let path = match path.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?.replace("\"\"", "\""),
        None => path.to_owned(),
    };
    Some((path, hash.to_owned(), size.to_owned()))
}
