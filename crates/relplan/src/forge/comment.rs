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
            "\nEarlier plans, replaced by this one: {}\n",
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

#[cfg(test)]
mod tests {
    use super::{super::marker::Scope, *};

    #[test]
    fn a_comment_fits_and_has_one_marker_whatever_the_plan_holds() {
        let bytes = include_bytes!("../view/situations/hostile/plan.json").trim_ascii_end();
        let mut plan = Plan::from_bytes(bytes).unwrap();
        let rows = plan.changes.clone();
        while plan.changes.len() < 5_000 {
            plan.changes.extend(rows.iter().cloned());
        }
        let mut marker = Marker::new(&Scope::of(&plan), Sha256::of(b"0"));
        for earlier in 1..9_u8 {
            marker = marker.followed_by(Sha256::of(&[earlier]));
        }
        let text = compose(&plan, Sha256::of(bytes), &marker);
        assert!(text.len() <= LONGEST, "{}", text.len());
        assert!(text.len() > LONGEST / 2, "{}", text.len());
        assert_eq!(Marker::read(&text), Some(marker));
        assert_eq!(text.matches("<!-- relplan:plan").count(), 1);
        assert_eq!(text.matches("~~").count(), 10);
        let end = text.trim_end().lines().last().unwrap();
        assert!(end.starts_with("Earlier plans"), "{end}");
    }
}
