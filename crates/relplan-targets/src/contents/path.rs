//! Paths that differ in the package's version alone.

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
