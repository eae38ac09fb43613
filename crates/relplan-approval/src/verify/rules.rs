//! Which rules an effect must meet, and whether each is met by enough different people.

use std::collections::BTreeSet;

use relplan_ecosystem::Stage;
use relplan_model::{
    address::Version,
    approval::{ApprovalGrade, Gate},
    step::{Class, Effect, Step, StepId},
};

use super::{Accepted, Discounted, Question, Refusal, RuleVerdict};
use crate::{
    pattern::takes,
    policy::{Kind, Person, Rule},
};

/// What became of each rule that matches something, and the effects that no rule of the policy matches.
pub(super) fn apply(
    question: &Question<'_>,
    accepted: &[Accepted],
) -> (Vec<RuleVerdict>, Vec<StepId>) {
    let plan = question.subject.plan();
    let effects: Vec<&Step> = plan
        .steps
        .iter()
        .filter(|step| step.effect.class() != Class::Inert)
        .collect();
    let rules = &question.policy.rules;
    let mut matched: Vec<(u64, Option<&StepId>)> = vec![(0, None); rules.len()];
    let mut unruled = Vec::new();
    for step in &effects {
        let mut left: Vec<&Version> = versions(step);
        for (rule, (count, first)) in rules.iter().zip(&mut matched) {
            let wanted = versions(step);
            let fitting: Vec<&Version> = wanted
                .into_iter()
                .filter(|version| fits(rule, step, version))
                .collect();
            if !fitting.is_empty() {
                *count += 1;
                first.get_or_insert(&step.id);
                left.retain(|version| !fitting.contains(version));
            }
        }
        // Each version that is touched must be some rule's concern.
        if !left.is_empty() {
            unruled.push(step.id.clone());
        }
    }
    let mut verdicts: Vec<RuleVerdict> = rules
        .iter()
        .zip(matched)
        .filter_map(|(rule, (count, first))| {
            Some(count_people(question, accepted, rule, false, count, first?))
        })
        .collect();
    for gate in &plan.gates {
        let guarded: Vec<&&Step> = effects
            .iter()
            .filter(|step| gate.targets.is_empty() || gate.targets.contains(&step.address.target))
            .collect();
        if let Some(first) = guarded.first() {
            let count = u64::try_from(guarded.len()).unwrap_or(u64::MAX);
            let rule = of_gate(gate);
            verdicts.push(count_people(
                question, accepted, &rule, true, count, &first.id,
            ));
        }
    }
    (verdicts, unruled)
}

/// The versions that a step touches.
fn versions(step: &Step) -> Vec<&Version> {
    match &step.effect {
        Effect::Deprecate { versions, .. } if !versions.is_empty() => versions.iter().collect(),
        Effect::Point { to, .. } => vec![to],
        _ => vec![&step.version],
    }
}

fn fits(rule: &Rule, step: &Step, version: &Version) -> bool {
    let verb = step.effect.verb();
    (rule.actions.is_empty() || rule.actions.iter().any(|action| action == verb))
        && takes(&rule.targets, step.address.target.as_str())
        && takes(&rule.packages, step.address.package.as_str())
        && takes(&rule.versions, version.as_str())
        && rule.prerelease.is_none_or(|wanted| may_be(version, wanted))
}

/// Whether a version may be a prerelease, or may be a release. The plan's word for which ecosystem it is of does not count:
/// where two of them read it differently, the rules for both must be met.
fn may_be(version: &Version, prerelease: bool) -> bool {
    let stage = Stage::of(version.as_str());
    match prerelease {
        true => stage.prerelease,
        false => stage.release,
    }
}

/// A plan's gate as a rule. It is one more that must be met, so it may take every kind of approval: the policy's own
/// rules still say which count.
fn of_gate(gate: &Gate) -> Rule {
    Rule {
        name: gate.name.clone(),
        targets: Vec::new(),
        packages: Vec::new(),
        versions: Vec::new(),
        prerelease: None,
        actions: Vec::new(),
        threshold: gate.threshold,
        of: gate.from.clone(),
        touch: gate.touch,
        pin: false,
        not_requester: false,
        max_age_seconds: gate.max_age_seconds,
        accept: Kind::WORDS.map(|(_, kind)| kind).to_vec(),
    }
}

fn count_people(
    question: &Question<'_>,
    accepted: &[Accepted],
    rule: &Rule,
    gate: bool,
    effects: u64,
    first: &StepId,
) -> RuleVerdict {
    let mut counted: BTreeSet<&str> = BTreeSet::new();
    let mut discounted = Vec::new();
    for one in accepted.iter().filter(|one| rule.of.contains(&one.person)) {
        match counts(question, rule, one) {
            Ok(()) => {
                counted.insert(&one.person);
            }
            Err(refusal) => discounted.push(Discounted {
                person: one.person.clone(),
                record: one.record.clone(),
                code: refusal.code(),
                reason: refusal.to_string(),
            }),
        }
    }
    let awaited = rule
        .of
        .iter()
        .filter(|name| !counted.contains(name.as_str()))
        .filter(|name| may_still(question, rule, name))
        .cloned()
        .collect();
    RuleVerdict {
        rule: rule.name.clone(),
        gate,
        effects,
        first: first.clone(),
        threshold: rule.threshold,
        counted: counted.into_iter().map(str::to_owned).collect(),
        awaited,
        discounted,
    }
}

fn counts(question: &Question<'_>, rule: &Rule, one: &Accepted) -> Result<(), Refusal> {
    if !rule.accept.contains(&one.kind) {
        return Err(Refusal::Kind { kind: one.kind });
    }
    if rule.touch && one.grade < ApprovalGrade::Touched {
        return Err(Refusal::NoTouch);
    }
    if rule.pin && one.grade < ApprovalGrade::Verified {
        return Err(Refusal::NoPin);
    }
    if let Some(age) = rule.max_age_seconds {
        let oldest = i64::try_from(age).unwrap_or(i64::MAX);
        if question.now >= one.issued.plus_seconds(oldest) {
            return Err(Refusal::TooOld);
        }
    }
    if rule.not_requester {
        let Some(requester) = &question.subject.plan().requester else {
            return Err(Refusal::NoRequester);
        };
        let person = question.policy.person(&one.person);
        if person.is_none_or(|person| is_requester(person, requester)) {
            return Err(Refusal::Requester);
        }
    }
    Ok(())
}

/// Whether a yes of somebody who has not said one could count.
fn may_still(question: &Question<'_>, rule: &Rule, name: &str) -> bool {
    let Some(person) = question.policy.person(name) else {
        return false;
    };
    let has_means = rule.accept.iter().any(|kind| match kind {
        Kind::Ssh => person.keys.iter().any(|own| {
            let could_be_touched = own.key.kind().is_hardware() || !(rule.touch || rule.pin);
            could_be_touched
                && super::records::key_counts(question.policy, own, question.now).is_ok()
        }),
        _ => !person.accounts.is_empty(),
    });
    let requester = question.subject.plan().requester.as_deref();
    let is_out =
        rule.not_requester && requester.is_none_or(|requester| is_requester(person, requester));
    has_means && !is_out
}

/// A requester is named like a person of the policy, or as an account: `github:alice`.
fn is_requester(person: &Person, requester: &str) -> bool {
    let by_account = requester.strip_prefix("github:").is_some_and(|login| {
        person
            .accounts
            .iter()
            .any(|account| account.login.eq_ignore_ascii_case(login))
    });
    by_account || person.name.eq_ignore_ascii_case(requester)
}
