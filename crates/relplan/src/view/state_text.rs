//! What is recorded, package by package, for people; and what keeps other plans waiting.

use std::fmt::Write as _;

use relplan_model::state::{Recorded, State};

use super::{
    next_text,
    style::{Role, Style, harmless},
};
use crate::next::Next;

/// Renders everything that is recorded.
pub fn list(state: &State, style: Style) -> String {
    let mut out = String::new();
    let addresses: std::collections::BTreeSet<_> =
        state.releases.keys().chain(state.pointers.keys()).collect();
    if addresses.is_empty() {
        return "Nothing is recorded.\n".to_owned();
    }
    for address in addresses {
        let title = harmless(&address.to_string());
        let _ = writeln!(out, "{}", style.paint(Role::Heading, &title));
        for (version, recorded) in state.releases.get(address).into_iter().flatten() {
            let text = format!("{version}  {}", about(recorded));
            let _ = writeln!(out, "  {}", harmless(&text));
            for (file, digests) in &recorded.files {
                let text = format!("{file}  {digests}");
                let _ = writeln!(out, "      {}", style.paint(Role::Faint, &harmless(&text)));
            }
        }
        for (pointer, version) in state.pointers.get(address).into_iter().flatten() {
            let _ = writeln!(out, "  {}", harmless(&format!("{pointer} names {version}")));
        }
    }
    out
}

fn about(recorded: &Recorded) -> String {
    let Recorded {
        files: _,
        plan,
        at,
        adopted,
        resolvable,
        yanked,
        deprecated,
    } = recorded;
    let mut text = match (adopted, plan) {
        (true, Some(plan)) => format!("adopted {at} by plan {}", plan.short()),
        (true, None) => format!("adopted {at}"),
        (false, Some(plan)) => format!("published {at} by plan {}", plan.short()),
        (false, None) => format!("recorded {at}"),
    };
    if !resolvable {
        text.push_str(", not seen to be resolvable");
    }
    if *yanked {
        text.push_str(", yanked");
    }
    if let Some(message) = deprecated {
        let _ = write!(text, ", deprecated: {message}");
    }
    text
}

/// Why no lock is taken away, and what to do instead.
pub fn unlock(state: &State, next: Option<&Next>, style: Style) -> String {
    let none = "There is no lock to take away: each write says which line it follows, and the store takes it only if \
                that is still the last one. A runner that is gone holds nothing; one that is still at work is stopped \
                by the first write of whoever takes over.";
    let mut out = style.wrap("", "", none);
    out.push('\n');
    let Some(open) = &state.open else {
        out.push_str("No plan is open.\n");
        return out;
    };
    let text = format!(
        "The plan {} is open since {}, last on {}. It goes on from any machine.",
        open.plan.short(),
        open.since,
        harmless(&open.runner)
    );
    let _ = writeln!(out, "{}", style.wrap("", "", &text));
    if let Some(next) = next {
        out.push_str(&next_text::render(next, style));
    }
    out
}
