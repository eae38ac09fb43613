//! What to do next, for a terminal: words, and each command on a line of its own.

use std::fmt::Write as _;

use super::style::{Style, harmless};
use crate::next::Next;

/// Renders it.
pub fn render(next: &Next, style: Style) -> String {
    let mut out = String::new();
    for way in &next.ways {
        let words = harmless(&way.words);
        let mut letters = words.chars();
        let words: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(letters)
            .collect();
        let end = if way.commands.is_empty() { "." } else { "" };
        let _ = writeln!(out, "\n{}", style.wrap("", "", &format!("{words}{end}")));
        if !way.commands.is_empty() {
            out.push('\n');
        }
        for command in &way.commands {
            let _ = writeln!(out, "    {}", harmless(command));
        }
    }
    out
}
