//! The report at the end of an apply, complete on failure too, and failures of commands.

use std::fmt::Write as _;

use super::style::{Role, Style, harmless};
use crate::failure::Failure;

/// Renders a failed command: details first, then the message with its causes, then hints; commands stand alone.
pub fn failure(failure: &Failure, style: Style) -> String {
    let mut out = String::new();
    if let Some(details) = &failure.details {
        out.push_str(details);
        if !details.ends_with('\n') {
            out.push('\n');
        }
    }
    let mut chain = failure.chain.iter();
    let message = style.wrap("error: ", "  ", &harmless(chain.next().map_or("", String::as_str)));
    let _ = writeln!(out, "{}", message.replacen("error:", &style.paint(Role::Bad, "error:"), 1));
    for cause in chain {
        // A cause may carry lines of its own, such as the end of a packer's output.
        let mut lines = cause.lines();
        let _ = writeln!(out, "{}", style.wrap("  because ", "    ", &harmless(lines.next().unwrap_or_default())));
        for line in lines {
            let _ = writeln!(out, "    {}", harmless(line));
        }
    }
    for hint in &failure.hints {
        match hint.strip_prefix("$ ") {
            Some(command) => {
                let _ = writeln!(out, "\n    {}", harmless(command));
            }
            None => {
                let _ = writeln!(out, "{}", style.wrap("hint: ", "      ", &harmless(hint)));
            }
        }
    }
    out
}
