//! The text of a comment: the marker, the plan as Markdown, and which plans it showed before.

use relplan_model::{digest::Sha256, plan::Plan};

use super::marker::Marker;
use crate::view::markdown;

/// The longest comment in bytes. GitHub takes 65,536 characters; bytes are never fewer than characters.
const LONGEST: usize = 60_000;

/// Composes it.
pub fn compose(plan: &Plan, digest: Sha256, marker: &Marker) -> String {
    let head = marker.line();
    let foot = match marker.previous() {
        [] => String::new(),
        // Hexadecimal digits alone: a marker with anything else is not read.
        some => format!(
            "\n\nEarlier plans, replaced by this one: {}\n",
            some.iter()
                .map(|digits| format!("~~{digits}~~"))
                .collect::<Vec<_>>()
                .join(" ")
        ),
    };
    let budget = LONGEST.saturating_sub(head.len() + foot.len() + 2);
    let shown = markdown::render(plan, digest, budget);
    format!("{head}\n{}\n{foot}", shown.trim_end())
}
