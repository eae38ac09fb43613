//! A plan in text, short enough to be read in a table: rows with reasons, steps by wave, findings.

use std::fmt::Write as _;

use relplan_model::{
    contents::Basis,
    plan::{Change, Plan, Subject},
    step::{Effect, Step},
};

/// The plan as text.
pub(crate) fn render(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        row(&mut text, change);
    }
    for step in &plan.steps {
        line(&mut text, step);
    }
    for cost in plan.costs.iter().filter(|cost| cost.seconds > 0) {
        let _ = writeln!(
            text,
            "cost {}: {} new names, {} new versions, {} writes, {} bytes, {} s",
            cost.target, cost.new_names, cost.new_versions, cost.writes, cost.bytes, cost.seconds
        );
    }
    for one in &plan.contents {
        let basis = match &one.basis {
            Basis::Nothing => "beside nothing".to_owned(),
            Basis::Published { version, .. } => format!("since {version}"),
            Basis::Unknown { .. } => "not compared".to_owned(),
        };
        let _ = writeln!(
            text,
            "contents {} {} {basis}: {} differ, {} the same, {} notable",
            one.address,
            one.file,
            one.entries.len(),
            one.unchanged,
            one.notable.len()
        );
    }
    for finding in &plan.findings {
        let at = finding
            .address
            .as_ref()
            .map_or_else(String::new, |address| format!(" {address}"));
        let _ = writeln!(
            text,
            "{} {}{at}: {}",
            finding.severity, finding.code, finding.message
        );
    }
    if !plan.applicable {
        text.push_str("not applicable\n");
    }
    shorten(&text)
}

fn row(text: &mut String, change: &Change) {
    let subject = match &change.subject {
        Subject::Version => change.address.to_string(),
        Subject::Pointer(pointer) => change.address.pointer(pointer),
        Subject::Yank(version) => format!("{} yank {version}", change.address),
        Subject::Deprecation(range) => format!("{} deprecate {range}", change.address),
    };
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let codes: Vec<_> = change
        .reasons
        .iter()
        .map(|reason| reason.code.as_str())
        .collect();
    let _ = writeln!(
        text,
        "{} {subject} {} -> {}  {}",
        change.action.symbol(),
        shown(&change.before),
        shown(&change.after),
        codes.join(", ")
    );
}

fn line(text: &mut String, step: &Step) {
    let _ = write!(text, "{} {}", step.wave, step.id);
    if let Effect::Publish(publish) = &step.effect {
        if publish.first {
            text.push_str(", first");
        }
        if let Some(pointer) = &publish.pointer {
            let _ = write!(text, ", as {pointer}");
        }
        if publish.artifact.is_none() {
            text.push_str(", bytes known after pack");
        }
    }
    if let Effect::Deprecate { versions, .. } = &step.effect {
        let names: Vec<_> = versions.iter().map(ToString::to_string).collect();
        let _ = write!(text, ", of {}", names.join(" "));
    }
    let needs: Vec<_> = step.needs.iter().map(ToString::to_string).collect();
    if !needs.is_empty() {
        let _ = write!(text, " <- {}", needs.join("; "));
    }
    text.push('\n');
}

/// Cuts digests to eight digits.
fn shorten(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut digits = 0;
    for (place, char) in text.char_indices() {
        let is_digit = char.is_ascii_digit() || ('a'..='f').contains(&char);
        let starts = text[..place].ends_with("sha256:") || text[..place].ends_with("sha512:");
        digits = if is_digit && (digits > 0 || starts) {
            digits + 1
        } else {
            0
        };
        if digits <= 8 {
            short.push(char);
        }
    }
    short
}
