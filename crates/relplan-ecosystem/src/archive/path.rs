//! Paths inside archives: which are acceptable as they are spelled, and what they are to clients that clean them up.

use super::ArchiveError;

/// The longest path, in bytes.
const LONGEST: usize = 1024;

/// Checks how a path is spelled, and gives its text without a slash at the end.
///
/// # Errors
/// When it is absolute, leads out of the folder that the archive is unpacked in, or holds what no packer writes.
pub(crate) fn spelled(bytes: &[u8]) -> Result<&str, ArchiveError> {
    let Ok(path) = std::str::from_utf8(bytes) else {
        let lossy = String::from_utf8_lossy(bytes);
        return Err(ArchiveError::member(&lossy, "which is not in UTF-8"));
    };
    let refuse = |why: &str| Err(ArchiveError::member(path, why));
    if path.len() > LONGEST {
        return refuse("which is too long");
    }
    if path.is_empty() {
        return refuse("which is no name");
    }
    if path.chars().any(char::is_control) {
        return refuse("which holds a control character");
    }
    // Clients strip what is absolute on Windows wherever it stands, on all systems.
    let is_drive =
        |part: &str| matches!(part.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if path.starts_with(['/', '\\']) || path.split('/').any(is_drive) {
        return refuse("which is absolute");
    }
    if path.split(['/', '\\']).any(|part| part == "..") {
        return refuse("which leads out of its folder");
    }
    if path.contains('\\') {
        return refuse("which is in a folder on Windows and in none elsewhere");
    }
    Ok(path.trim_end_matches('/'))
}

/// The path without empty parts and `.`, and whether there were none.
pub(crate) fn without_odd_parts(path: &str) -> (String, bool) {
    let is_odd = |part: &&str| matches!(*part, "" | ".");
    if !path.split('/').any(|part| is_odd(&part)) {
        return (path.to_owned(), true);
    }
    let parts: Vec<_> = path.split('/').filter(|part| !is_odd(part)).collect();
    (parts.join("/"), false)
}

/// The form in which paths are equal on file systems that fold case, drop dots and spaces at the end of a name, pass over
/// characters without a width, or take what follows a colon for a stream of the file.
pub(crate) fn portable(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let name = part.split(':').next().unwrap_or_default();
        let folded: String = name
            .chars()
            .filter(|c| !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'))
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect();
        folded.trim_end_matches(['.', ' ']).to_owned()
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a symbolic link at this path leads to a place below the folder that the archive is unpacked in.
///
/// Only `..` at the start is taken: behind a name that is itself a link, it would lead elsewhere than it seems.
pub(super) fn stays_inside(path: &str, target: &[u8]) -> Result<(), &'static str> {
    const OUT: &str = "which is a link that leads out of the package";
    let target = std::str::from_utf8(target).map_err(|_| OUT)?;
    if target.is_empty() || target.starts_with('/') || target.contains(['\\', ':', '\0']) {
        return Err(OUT);
    }
    let mut left = path.matches('/').count();
    let mut named = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if named => return Err(OUT),
            ".." => left = left.checked_sub(1).ok_or(OUT)?,
            _ => named = true,
        }
    }
    Ok(())
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
            "a\\b",
            "/etc/passwd",
            "\\x",
            "c:/x",
            "a/c:x",
            "a/\u{1b}[31m",
            "a\nb",
            "a\0b",
            "",
            &"a".repeat(1025),
        ] {
            assert!(spelled(path.as_bytes()).is_err(), "{path:?}");
        }
        assert!(spelled(b"a/\xff").is_err());
        for (path, plain) in [("a/b/", "a/b"), ("a b/ü", "a b/ü"), ("..a/b..", "..a/b..")] {
            assert_eq!(spelled(path.as_bytes()).unwrap(), plain);
        }
    }

    #[test]
    fn spellings_of_one_file_are_known() {
        for path in [
            "package.json",
            "Package.JSON",
            "package.json.",
            "package.json ",
            "pac\u{212a}age.json",
            "package.json::$DATA",
            "pack\u{200c}age.json",
        ] {
            assert_eq!(portable(path), "package.json", "{path:?}");
        }
        assert_ne!(portable("package.jsonx"), "package.json");
        assert_eq!(without_odd_parts("a//b/./c"), ("a/b/c".to_owned(), false));
        assert_eq!(without_odd_parts("a/b"), ("a/b".to_owned(), true));
    }

    #[test]
    fn links_stay_inside() {
        for (path, target) in [
            ("a", "b"),
            ("a/b", "../c"),
            ("a/b/c", "../../x/y"),
            ("a", "./b"),
        ] {
            assert_eq!(stays_inside(path, target.as_bytes()), Ok(()), "{target}");
        }
        for (path, target) in [
            ("a", ".."),
            ("a/b", "../../c"),
            ("a", "/etc/passwd"),
            ("a", "b/../c"),
            ("a", "c:x"),
            ("a", ""),
        ] {
            assert!(stays_inside(path, target.as_bytes()).is_err(), "{target}");
        }
    }
}
