//! Whether git passes over relplan's own folder.

use std::io::Write as _;

use camino::Utf8Path;
use relplan_system::tree;

use crate::{exit::Exit, failure::Failure, files};

/// The line that leaves relplan's own folder out.
pub const LINE: &str = ".relplan/";

/// The longest file that is read, in bytes.
const MAX_RULES: u64 = 1 << 20;

/// Whether the folder's `.gitignore` has a line for relplan's folder.
pub fn is_ignored(root: &Utf8Path) -> bool {
    let is_it =
        |line: &str| line.trim().trim_start_matches('/').trim_end_matches('/') == ".relplan";
    rules(root).lines().any(is_it)
}

/// Adds the line at the end of `.gitignore`, which is made if there is none.
///
/// # Errors
/// When the file leads out of the checkout, or cannot be written.
pub fn ignore(root: &Utf8Path) -> Result<(), Failure> {
    let text = rules(root);
    let newline = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let path = files::place(root.join(".gitignore").as_std_path())?;
    let written = tree::append_output(&path)
        .and_then(|mut file| file.write_all(format!("{newline}{LINE}\n").as_bytes()));
    written.map_err(|error| {
        Failure::of(Exit::Internal, &error).while_doing("cannot add to .gitignore")
    })
}

fn rules(root: &Utf8Path) -> String {
    let read = files::read_found(root.join(".gitignore").as_std_path(), MAX_RULES);
    String::from_utf8_lossy(&read.unwrap_or_default()).into_owned()
}
