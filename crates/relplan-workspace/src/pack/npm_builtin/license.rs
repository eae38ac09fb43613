//! The license of a pnpm workspace, which pnpm adds to each package that has none (what `pnpm pack` does).

use camino::Utf8PathBuf;

use crate::pack::{Job, PackError};

/// The files to add, with their names in the package; none where the package has a license, or another manager keeps the
/// workspace.
pub(super) fn of_workspace(
    job: &Job,
    files: &[String],
) -> Result<Vec<(Utf8PathBuf, String)>, PackError> {
    let root = &job.workspace_root;
    let is_pnpm = root.join("pnpm-workspace.yaml").is_file();
    if !is_pnpm || job.path == *root || files.iter().any(|file| says_license(file)) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in root.read_dir_utf8().map_err(PackError::io("read", root))? {
        let entry = entry.map_err(PackError::io("read", root))?;
        let kind = entry.file_type();
        let is_file = kind.map_err(PackError::io("read", entry.path()))?.is_file();
        let name = entry.file_name();
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        if is_file && matches!(stem, "LICENSE" | "LICENCE") {
            found.push((entry.path().to_owned(), name.to_owned()));
        }
    }
    Ok(found)
}

/// pnpm looks for the word anywhere in a path.
fn says_license(file: &str) -> bool {
    let file = file.to_ascii_lowercase();
    file.contains("license") || file.contains("licence")
}
