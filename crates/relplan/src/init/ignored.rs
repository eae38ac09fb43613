//! Whether git passes over relplan's own folder.

use std::io;

use camino::Utf8Path;

/// The line that leaves relplan's own folder out.
pub const LINE: &str = ".relplan/";

/// Whether the folder's `.gitignore` has a line for relplan's folder.
pub fn is_ignored(root: &Utf8Path) -> bool {
    let text = std::fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let is_it =
        |line: &str| line.trim().trim_start_matches('/').trim_end_matches('/') == ".relplan";
    text.lines().any(is_it)
}

/// Adds the line at the end of `.gitignore`, which is made if there is none.
///
/// # Errors
/// When the file cannot be written.
pub fn ignore(root: &Utf8Path) -> io::Result<()> {
    use io::Write as _;
    let path = root.join(".gitignore");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let newline = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    file.write_all(format!("{newline}{LINE}\n").as_bytes())
}
