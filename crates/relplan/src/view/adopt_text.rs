//! What `relplan adopt` found and recorded, for a terminal.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_model::{
    address::{TargetName, Version},
    journal::Fact,
    plan::Action,
};
use relplan_plan::{Adoption, Standing};

use super::style::{Role, Style, count, harmless};

/// Digits of a digest that are shown: enough to compare by eye; the records get all of them.
const DIGITS: usize = 16;

/// Renders what would be recorded, and what would not and why.
pub fn render(project: &str, adoptions: &[Adoption], style: Style) -> String {
    let mut out = String::new();
    let mut targets: BTreeMap<&TargetName, Vec<&Adoption>> = BTreeMap::new();
    for adoption in adoptions {
        let target = &adoption.address.target;
        targets.entry(target).or_default().push(adoption);
    }
    let title = format!("relplan adopt  {}", harmless(project));
    let _ = writeln!(out, "{}", style.paint(Role::Heading, &title));
    for (target, rows) in targets {
        let _ = writeln!(out, "\n{}", style.paint(Role::Heading, target.as_str()));
        let mut known = 0;
        for adoption in rows {
            row(&mut out, adoption, style);
            let is_known = adoption.standing == Standing::There && adoption.facts.is_empty();
            known += usize::from(is_known);
        }
        if known > 0 {
            let text = format!("    {known} recorded already");
            let _ = writeln!(out, "{}", style.paint(Role::Faint, &text));
        }
    }
    let _ = writeln!(out, "\n{}", verdict(adoptions));
    out
}

/// The last line after the records were written.
pub fn recorded(serial: u64, location: &str) -> String {
    format!(
        "Recorded as serial {serial} in {}. Nothing was sent to a registry.",
        harmless(location)
    )
}

fn row(out: &mut String, adoption: &Adoption, style: Style) {
    let name = harmless(adoption.address.package.as_str());
    let desired = harmless(adoption.desired.as_str());
    let mut line = |role: Role, mark: char, text: &str| {
        let first = format!("  {mark} ");
        let _ = writeln!(
            out,
            "{}",
            style.paint(role, &style.wrap(&first, "      ", text))
        );
    };
    match &adoption.standing {
        Standing::Unknown { reason } => line(
            Role::Bad,
            '!',
            &format!("{name}  could not be looked up: {}", harmless(reason)),
        ),
        Standing::Refused { reasons } => {
            for reason in reasons {
                let text = format!("{name} {desired}  not adopted: {}", harmless(reason));
                line(Role::Bad, '!', &text);
            }
        }
        Standing::NotThere => {
            let text = format!("{name} {desired}  is not there yet; a plan will publish it");
            line(Role::Faint, ' ', &text);
        }
        Standing::There => {}
    }
    facts(out, &name, &adoption.facts, style);
}

/// The facts of one package, a line for each version with its files below it.
fn facts(out: &mut String, name: &str, facts: &[Fact], style: Style) {
    let mut versions: BTreeMap<&Version, Vec<String>> = BTreeMap::new();
    let mut pointers = Vec::new();
    for fact in facts {
        match fact {
            Fact::File {
                version,
                file,
                digests,
                ..
            } => {
                let text = format!(
                    "{}  {}",
                    harmless(file.as_str()),
                    short(&digests.to_string())
                );
                versions.entry(version).or_default().push(text);
            }
            Fact::Resolvable { version, .. } => {
                versions.entry(version).or_default();
            }
            Fact::Yanked { version, .. } => {
                let lines = versions.entry(version).or_default();
                lines.push("yanked".to_owned());
            }
            Fact::Deprecated {
                version, message, ..
            } => {
                let text = format!("deprecated: {}", harmless(message));
                versions.entry(version).or_default().push(text);
            }
            Fact::Pointer {
                pointer, version, ..
            } => pointers.push((pointer, version)),
        }
    }
    let role = Role::Action(Action::Adopt);
    for (version, lines) in versions {
        let text = format!("{name} {}", harmless(version.as_str()));
        let _ = writeln!(out, "  {} {text}", style.paint(role, "="));
        for line in lines {
            let _ = writeln!(out, "      {}", style.paint(Role::Faint, &line));
        }
    }
    for (pointer, version) in pointers {
        let version = version.as_ref().map_or("nothing", Version::as_str);
        let text = format!("{name}  {pointer} names {}", harmless(version));
        let _ = writeln!(out, "  {} {text}", style.paint(role, "="));
    }
}

/// A digest with its algorithm and first digits.
fn short(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, digits)) if digits.len() > DIGITS => {
            let start: String = digits.chars().take(DIGITS).collect();
            format!("{algorithm}:{start}…")
        }
        _ => digest.to_owned(),
    }
}

fn verdict(adoptions: &[Adoption]) -> String {
    let packages = adoptions.iter().filter(|one| !one.facts.is_empty()).count();
    let held = adoptions
        .iter()
        .filter(|one| {
            matches!(
                one.standing,
                Standing::Unknown { .. } | Standing::Refused { .. }
            )
        })
        .count();
    let held = match held {
        0 => String::new(),
        held => format!(" Not adopted: {}.", count(held, "package", "packages")),
    };
    if packages == 0 {
        let why = if adoptions.is_empty() {
            "no packages of which the version is known"
        } else if held.is_empty() {
            "what is there is recorded"
        } else {
            "nothing else is there that is not recorded"
        };
        return format!("Nothing to do: {why}.{held}");
    }
    format!(
        "To record: {}.{held}",
        count(packages, "package", "packages")
    )
}
