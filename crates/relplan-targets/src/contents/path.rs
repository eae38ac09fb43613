//! Paths inside archives: which are acceptable, and which folder all of an archive is in.

use super::archive::ArchiveError;

/// The longest path, in bytes.
const LONGEST: usize = 1024;

/// The text of a path.
pub(super) fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(ArchiveError::path(
            &String::from_utf8_lossy(bytes),
            "which is not in UTF-8",
        )),
    }
}

/// Checks a path and gives it without `./` in front.
///
/// # Errors
/// When it is absolute, leads out of the folder that the archive is unpacked in, or holds what no packer writes.
pub(super) fn checked(path: &str) -> Result<String, ArchiveError> {
    let refuse = |why| Err(ArchiveError::path(path, why));
    let plain = path.trim_start_matches("./");
    if path.len() > LONGEST {
        return refuse("which is too long");
    }
    if path.chars().any(char::is_control) {
        return refuse("which holds a control character");
    }
    let mut parts = plain.split(['/', '\\']);
    let is_drive = |part: &str| matches!(part.as_bytes(), [_, b':', ..]);
    if plain.starts_with(['/', '\\']) || plain.split('/').next().is_some_and(is_drive) {
        return refuse("which is absolute");
    }
    if parts.any(|part| part == "..") {
        return refuse("which leads out of its folder");
    }
    if plain.split('/').any(|part| matches!(part, "" | ".")) && !matches!(path, "." | "") {
        return refuse("which has an empty part");
    }
    Ok(plain.to_owned())
}

/// Whether the archives of a kind have all files in one folder, and what of a path is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// None: paths are as they are.
    None,
    /// The first folder of every path is dropped, whatever it is called: what npm does.
    Any,
    /// One folder, which the first member names; what lies outside of it keeps its whole path.
    First,
}

/// Takes the folder off the paths of one archive.
#[derive(Debug)]
pub(super) struct Unwrap {
    wrapping: Wrapping,
    folder: Option<String>,
}

impl Unwrap {
    pub(super) fn new(wrapping: Wrapping) -> Self {
        Self {
            wrapping,
            folder: None,
        }
    }

    /// The path as it is shown.
    pub(super) fn path(&mut self, path: &str) -> String {
        let Some((folder, rest)) = path.split_once('/') else {
            return path.to_owned();
        };
        match self.wrapping {
            Wrapping::None => path.to_owned(),
            Wrapping::Any => rest.to_owned(),
            Wrapping::First => {
                let known = self.folder.get_or_insert_with(|| folder.to_owned());
                let is_inside = known == folder;
                if is_inside { rest } else { path }.to_owned()
            }
        }
    }
}

/// A path with the version in it taken for a placeholder, so that `foo-1.2.3.dist-info/` and `foo-1.2.4.dist-info/` are
/// one. The placeholder holds a control character, which no path does.
pub(super) fn without_version(path: &str, version: &str) -> String {
    if version.is_empty() {
        return path.to_owned();
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once(version) {
        // `1.2.3` is not meant where `11.2.3` or `1.2.34` stands.
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let own = !is_part(before.chars().last()) && !is_part(after.chars().next());
        out.push_str(before);
        out.push_str(if own { "\u{1}version" } else { version });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in [
            "../x",
            "a/../../x",
            "a\\..\\x",
            "/etc/passwd",
            "\\x",
            "c:/x",
            "a/\u{1b}[31m",
            "a\nb",
            "a//b",
            "a/./b",
            &"a".repeat(1025),
        ] {
            assert!(checked(path).is_err(), "{path:?}");
        }
        for (path, plain) in [("./a/b", "a/b"), ("a b/ü", "a b/ü"), ("..a/b..", "..a/b..")] {
            assert_eq!(checked(path).unwrap(), plain);
        }
    }

    #[test]
    fn a_version_in_a_path_is_known_again() {
        let one = without_version("foo-1.2.3.dist-info/METADATA", "1.2.3");
        assert_eq!(
            one,
            without_version("foo-1.2.4.dist-info/METADATA", "1.2.4")
        );
        assert_eq!(without_version("foo-11.2.3.js", "1.2.3"), "foo-11.2.3.js");
        assert_eq!(without_version("foo-1.2.34.js", "1.2.3"), "foo-1.2.34.js");
    }
}
