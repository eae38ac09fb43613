//! Why one row of a plan is as it is: what was desired, observed and recorded, the rule that matched, and the evidence.

pub mod rules;

use std::fmt::Write as _;

use relplan_model::{
    address::Address,
    observation::{Facts, Observation, Seen},
    plan::{Change, Plan, Subject},
    state::State,
    step::Effect,
    target::Target,
};

use super::{
    rows,
    style::{Role, Style, harmless, size},
};

/// Explains all rows of these addresses. `recorded` is the state that the plan was made on, where that is at hand.
pub fn render(
    plan: &Plan,
    addresses: &[&Address],
    recorded: Option<&State>,
    style: Style,
) -> String {
    let mut out = String::new();
    for address in addresses {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{}", style.paint(Role::Heading, &address.to_string()));
        let mut page = Page {
            out: &mut out,
            style,
        };
        page.desired(plan, address);
        page.observed(plan, address);
        page.recorded(address, recorded);
        let changes = plan.changes.iter();
        for change in changes.filter(|change| change.address == **address) {
            page.row(plan, change);
        }
    }
    out
}

/// The addresses of a plan that a text names: an address, one with a pointer or version behind it, or a package's name.
///
/// # Errors
/// The addresses that are nearest, when there is none.
pub fn find<'a>(plan: &'a Plan, text: &str) -> Result<Vec<&'a Address>, Vec<String>> {
    let mut all: Vec<&Address> = plan.changes.iter().map(|change| &change.address).collect();
    all.dedup();
    let names = |address: &&&Address| {
        let whole = address.to_string();
        let row = text.strip_prefix(&whole);
        text == address.package.as_str()
            || row.is_some_and(|rest| rest.is_empty() || rest.starts_with(['#', '@']))
    };
    let found: Vec<&Address> = all.iter().filter(names).copied().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut near: Vec<(usize, String)> = all
        .iter()
        .map(|address| address.to_string())
        .map(|address| (strsim::damerau_levenshtein(&address, text), address))
        .collect();
    near.sort();
    Err(near
        .into_iter()
        .take(3)
        .map(|(_, address)| address)
        .collect())
}

struct Page<'a> {
    out: &'a mut String,
    style: Style,
}

impl Page<'_> {
    fn line(&mut self, label: &str, text: &str) {
        let first = format!("  {label:<9} ");
        let rest = " ".repeat(first.len());
        let text = self.style.wrap(&first, &rest, &harmless(text));
        let _ = writeln!(self.out, "{text}");
    }

    fn desired(&mut self, plan: &Plan, address: &Address) {
        let versions = plan
            .changes
            .iter()
            .filter(|change| change.address == *address && change.subject == Subject::Version);
        for change in versions {
            let version = change.after.as_deref().unwrap_or("nothing");
            self.line("desired", version);
        }
        let steps = plan.steps.iter().filter(|step| step.address == *address);
        for step in steps {
            let files = match &step.effect {
                Effect::Publish(publish) => publish.artifact.as_slice(),
                Effect::Adopt { files, .. } => files,
                _ => continue,
            };
            for file in files {
                let artifact = plan.artifacts.iter().find(|one| one.file == *file);
                let about = artifact.map_or_else(String::new, |one| {
                    format!(
                        ", {}, {}, packed by {}",
                        size(one.size),
                        one.digests,
                        one.packer
                    )
                });
                self.line("", &format!("{file}{about}"));
            }
        }
    }

    fn observed(&mut self, plan: &Plan, address: &Address) {
        let Some(observation) = plan.observations.iter().find(|one| one.address == *address) else {
            self.line("observed", "nobody asked");
            return;
        };
        let Observation {
            address: _,
            seen,
            evidence,
        } = observation;
        match seen {
            Seen::Absent => self.line("observed", "the registry has no package of this name"),
            Seen::Unknown { reason } => {
                self.line("observed", &format!("could not be looked up: {reason}"));
            }
            Seen::Present(facts) => self.facts(facts, plan, address),
        }
        for one in evidence {
            let tag = one
                .etag
                .as_ref()
                .map_or_else(String::new, |tag| format!(", entity tag {tag}"));
            self.line(
                "evidence",
                &format!("{} at {}: {}{tag}", one.asked, one.at, one.answer),
            );
        }
    }

    fn facts(&mut self, facts: &Facts, plan: &Plan, address: &Address) {
        let target: Option<&Target> = plan.targets.iter().find(|one| one.name == address.target);
        let mut label = "observed";
        if let Some(current) = &facts.current {
            self.line(
                label,
                &format!("{current} is what users get who name no version"),
            );
            label = "";
        }
        for (pointer, version) in &facts.pointers {
            self.line(label, &format!("{pointer} names {version}"));
            label = "";
        }
        for (version, shown) in &facts.versions {
            let mut about = vec!["is there".to_owned()];
            if shown.yanked {
                about.push("yanked".to_owned());
            }
            if let Some(message) = &shown.deprecated {
                about.push(format!("deprecated: {message}"));
            }
            self.line(label, &format!("{version} {}", about.join(", ")));
            label = "";
            for (file, shown) in &shown.files {
                self.line("", &format!("  {file} with {}", shown.digests));
            }
        }
        for (range, versions) in &facts.ranges {
            let names: Vec<&str> = versions.iter().map(AsRef::as_ref).collect();
            self.line(label, &format!("{range} matches {}", names.join(", ")));
            label = "";
        }
        let desired = plan
            .changes
            .iter()
            .find(|change| change.address == *address && change.subject == Subject::Version);
        let desired = desired.and_then(|change| change.after.as_deref());
        if let Some(desired) = desired
            && !facts
                .versions
                .keys()
                .any(|version| version.as_str() == desired)
        {
            self.line(label, &format!("{desired} is proven not to be there"));
        }
        if let Some(target) = target
            && target.capabilities.default_pointer.is_some()
            && facts.pointers.is_empty()
        {
            self.line("", "no pointers");
        }
    }

    fn recorded(&mut self, address: &Address, recorded: Option<&State>) {
        let Some(state) = recorded else {
            self.line(
                "recorded",
                "not known here: the state that this plan was made on is not at hand",
            );
            return;
        };
        let mut label = "recorded";
        let versions = state.releases.get(address).into_iter().flatten();
        for (version, known) in versions {
            let how = if known.adopted {
                "adopted"
            } else {
                "published"
            };
            let plan = known
                .plan
                .map_or_else(String::new, |plan| format!(", by plan {}", plan.short()));
            let yanked = if known.yanked { ", yanked" } else { "" };
            self.line(
                label,
                &format!("{version} {how} at {}{plan}{yanked}", known.at),
            );
            label = "";
            for (file, digests) in &known.files {
                self.line("", &format!("  {file} with {digests}"));
            }
        }
        let pointers = state.pointers.get(address).into_iter().flatten();
        for (pointer, version) in pointers {
            self.line(label, &format!("we made {pointer} name {version}"));
            label = "";
        }
        if !label.is_empty() {
            self.line(label, "nothing");
        }
    }

    fn row(&mut self, plan: &Plan, change: &Change) {
        let symbol = change.action.symbol().to_string();
        let symbol = self.style.paint(Role::Action(change.action), &symbol);
        let verb = serde_json::to_value(change.action).ok();
        let verb = verb
            .as_ref()
            .and_then(|verb| verb.as_str())
            .unwrap_or_default();
        let _ = writeln!(
            self.out,
            "\n  {symbol} {verb} {}",
            harmless(&rows::name(change))
        );
        for reason in &change.reasons {
            self.line("why", &format!("{} [{}]", reason.message, reason.code));
            if let Some(rule) = rules::rule(&reason.code) {
                self.line("rule", rule);
            }
        }
        for id in &change.steps {
            let wave = plan.step(id).map_or(0, |step| step.wave);
            self.line("step", &format!("{id}, in wave {wave}"));
            for need in plan.step(id).map_or(&[][..], |step| &step.needs) {
                self.line("", &format!("  after {need}"));
            }
        }
        for finding in plan
            .findings
            .iter()
            .filter(|one| one.address.as_ref() == Some(&change.address))
        {
            if change.subject == Subject::Version {
                self.line(&finding.severity.to_string(), &finding.message);
            }
        }
    }
}
