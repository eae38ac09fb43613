//! Rules about the plan as a document: format, lifetime, base, order of lists, and what it carries along.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, TargetName},
    digest::Sha256,
    plan::{Base, FORMAT},
    step::{Class, Effect},
    target::{CredentialSource, Endpoint},
    text::is_hidden,
};

use super::{Found, Rule, View};

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    found.unless(
        plan.format == FORMAT,
        Rule::Document,
        "format",
        "it is not this format",
    );
    found.unless(
        plan.not_after > plan.created,
        Rule::Lifetime,
        "not-after",
        "the plan ends before it begins",
    );
    let Base {
        lineage,
        serial,
        head,
        store: _,
    } = &plan.base;
    let is_new = *serial == 0 && *head == Sha256::ZERO;
    let has_entries = *head != Sha256::ZERO;
    found.unless(
        if lineage.is_none() {
            is_new
        } else {
            has_entries
        },
        Rule::Document,
        "base",
        "a state without lineage has no entries, and one with a lineage has",
    );
    order(view, found);
    words(view, found);
    opened(view, found);
    carried(view, found);
    costs(view, found);
}

/// What programs and people tell targets and reasons apart by: text that could be taken for something else, or goes on
/// into somebody's script, is none of it.
fn words(view: &View<'_>, found: &mut Found) {
    for target in &view.plan.targets {
        found.unless(
            is_word(&target.kind),
            Rule::Words,
            &target.name,
            "its kind is not a word",
        );
        for endpoint in &target.endpoints {
            let Endpoint { role, url, source } = endpoint;
            let is_plain = |text: &str| !text.is_empty() && !text.chars().any(is_hidden);
            found.unless(
                is_role(role),
                Rule::Words,
                &target.name,
                "an endpoint's role is not a word",
            );
            found.unless(
                is_plain(url) && is_plain(source),
                Rule::Words,
                &target.name,
                "an endpoint holds a character that is not shown",
            );
        }
    }
    let opened = view.plan.targets.iter().flat_map(|one| &one.credentials);
    for CredentialSource { role, .. } in opened {
        found.unless(
            is_role(role),
            Rule::Words,
            role,
            "the role of a credential is not a word",
        );
    }
    let codes = view.plan.findings.iter().map(|one| &one.code);
    let reasons = view.plan.changes.iter().flat_map(|row| &row.reasons);
    for code in codes.chain(reasons.map(|reason| &reason.code)) {
        found.unless(is_word(code), Rule::Words, code, "the code is not a word");
    }
}

/// A credential that the spec names is the one that is used, so that the plan shows no other. What opens the reading
/// of an index may be another.
fn opened(view: &View<'_>, found: &mut Found) {
    for target in &view.plan.targets {
        let named: Vec<&str> = target.named_variables().collect();
        let shown = target.credentials.iter().filter(|one| one.role != "read");
        let texts = shown.flat_map(|one| [&one.source, &one.remark]).flatten();
        let mut variables = texts.filter_map(|text| {
            let rest = text.strip_prefix("the variable ")?;
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest.get(..end.unwrap_or(rest.len()))
        });
        found.unless(
            named.is_empty() || variables.all(|variable| named.contains(&variable)),
            Rule::References,
            &target.name,
            "it shows a credential in another variable than its settings name",
        );
    }
}

/// A word, with a scope behind it where it is for the packages of that scope alone.
fn is_role(text: &str) -> bool {
    match text.split_once(' ') {
        Some((role, scope)) => is_word(role) && is_scope(scope),
        None => is_word(text),
    }
}

/// Lower-case letters, digits and hyphens, a letter first.
fn is_word(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_scope(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|name| {
        !name.is_empty()
            && name.len() <= 214
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'))
    })
}

fn rising<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    items.into_iter().is_sorted_by(|a, b| a < b)
}

fn order(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    let lists = [
        ("targets", rising(plan.targets.iter().map(|one| &one.name))),
        (
            "artifacts",
            rising(plan.artifacts.iter().map(|one| &one.file)),
        ),
        (
            "observations",
            rising(plan.observations.iter().map(|one| &one.address)),
        ),
        (
            "changes",
            rising(plan.changes.iter().map(|one| (&one.address, &one.subject))),
        ),
        (
            "contents",
            rising(plan.contents.iter().map(|one| (&one.address, &one.file))),
        ),
        (
            "steps",
            rising(plan.steps.iter().map(|one| (one.wave, &one.id))),
        ),
        ("findings", rising(&plan.findings)),
        ("gates", rising(plan.gates.iter().map(|one| &one.name))),
        ("costs", rising(plan.costs.iter().map(|one| &one.target))),
    ];
    for (list, rises) in lists {
        found.unless(
            rises,
            Rule::Order,
            list,
            "it is not in order, or has something twice",
        );
    }
    found.unless(
        view.steps.len() == plan.steps.len(),
        Rule::Order,
        "steps",
        "two steps have one id",
    );
}

/// What the plan carries along is what its rows and steps refer to.
fn carried(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    let addresses: BTreeSet<&Address> = plan.changes.iter().map(|one| &one.address).collect();
    let targets: BTreeSet<_> = addresses.iter().map(|address| &address.target).collect();
    for observation in &plan.observations {
        let is_used = addresses.contains(&observation.address);
        found.unless(
            is_used,
            Rule::References,
            &observation.address,
            "it is observed without a row",
        );
    }
    for target in &plan.targets {
        let is_used = targets.contains(&target.name);
        found.unless(
            is_used,
            Rule::References,
            &target.name,
            "the target is not used",
        );
    }
    let used: BTreeSet<&FileName> = plan
        .steps
        .iter()
        .flat_map(|step| match &step.effect {
            Effect::Publish(publish) => publish.artifact.as_slice(),
            Effect::Adopt { files, .. } => files,
            _ => &[],
        })
        .collect();
    for artifact in &plan.artifacts {
        let is_used = used.contains(&artifact.file);
        found.unless(
            is_used,
            Rule::References,
            &artifact.file,
            "the artifact is not used",
        );
    }
}

fn costs(view: &View<'_>, found: &mut Found) {
    let mut counted: BTreeMap<&TargetName, (u64, u64)> = BTreeMap::new();
    for step in &view.plan.steps {
        if step.effect.class() == Class::Inert {
            continue;
        }
        let (writes, bytes) = counted.entry(&step.address.target).or_default();
        *writes += 1;
        if let Effect::Publish(publish) = &step.effect {
            let file = publish.artifact.as_ref();
            let artifact = file.and_then(|file| view.artifacts.get(file));
            *bytes = bytes.saturating_add(artifact.map_or(0, |artifact| artifact.size));
        }
    }
    for cost in &view.plan.costs {
        found.unless(
            counted.remove(&cost.target) == Some((cost.writes, cost.bytes)),
            Rule::Costs,
            &cost.target,
            "its costs do not add up",
        );
    }
    for target in counted.keys() {
        found.unless(
            false,
            Rule::Costs,
            target,
            "it is written to, and no costs are told",
        );
    }
}
