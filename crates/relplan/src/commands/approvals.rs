//! `relplan approvals`: who has approved a plan, who is still needed, and which records were refused and why.

use relplan_approval::{Question, Subject, Verdict, verify};
use relplan_model::{
    approval::{
        PinnedPolicy,
        standing::{self, No, RefusedRecord, RuleStanding, Standing, Yes},
    },
    port::Clock as _,
};

use relplan_state::Loaded;

use super::{Session, read_plan};
use crate::{
    approvals::{collect, pin::Places},
    arguments::{Approvals, Format},
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    store,
    view::approvals_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Approvals) -> Result<Exit, Failure> {
    let (bytes, plan) = read_plan(&arguments.plan)?;
    let subject = Subject::read(&bytes).map_err(|error| Failure::of(Exit::Invalid, &error))?;
    let opened = store::of_plan(session, arguments.place.state.as_deref(), &plan)?;
    let asked = Asked {
        project: Some(&plan.project),
        plan: Some(&plan),
    };
    let Loaded { state, lines, .. } = journal::read(session, &opened, asked).await?;
    let places = Places::new(
        &session.project,
        &session.surroundings,
        &arguments.pinned,
        session.terminal.err,
    );
    let pinned = places.looked_at(state.policy)?;
    let mut records = collect::in_folders(
        subject.digest(),
        Some(&collect::beside(&arguments.plan)),
        &arguments.records.approvals,
    )?;
    records.extend(collect::in_journal(&lines, subject.digest()));
    let started = state
        .open
        .as_ref()
        .is_some_and(|open| open.plan == subject.digest());
    let verdict = verify(&Question {
        subject: &subject,
        policy: &pinned.policy,
        started,
        records: &collect::each_once(records),
        evidence: &[],
        now: SystemClock.now(),
    });
    match arguments.format {
        Format::Json => {
            let standing = standing(&verdict, pinned.pin);
            let text = serde_json::to_string(&standing)
                .map_err(|error| Failure::of(Exit::Internal, &error))?;
            session.terminal.json(&text);
        }
        Format::Text => {
            let text = approvals_text::render(&verdict, &pinned, session.terminal.out);
            session.terminal.result(&text);
        }
    }
    let is_over = state.ended.contains_key(&subject.digest());
    if is_over {
        session
            .terminal
            .remark("note: this plan has ended, so its approvals are used up");
    }
    Ok(if verdict.is_approved() {
        Exit::Done
    } else {
        Exit::Approval
    })
}

/// A verdict as programs get to read it.
fn standing(verdict: &Verdict, policy: PinnedPolicy) -> Standing {
    let rule = |rule: &relplan_approval::RuleVerdict| RuleStanding {
        rule: rule.rule.clone(),
        gate: rule.gate,
        steps: rule.effects,
        first: rule.first.clone(),
        threshold: rule.threshold,
        counted: rule.counted.clone(),
        awaited: rule.awaited.clone(),
        discounted: rule
            .discounted
            .iter()
            .map(|one| RefusedRecord {
                record: one.record.clone(),
                person: Some(one.person.clone()),
                code: one.code.to_owned(),
                reason: one.reason.clone(),
            })
            .collect(),
    };
    let yes = |one: &relplan_approval::Accepted| Yes {
        person: one.person.clone(),
        record: one.record.clone(),
        kind: one.kind.to_string(),
        grade: one.grade,
        issued: one.issued,
        expires: one.expires,
        comment: one.comment.clone(),
    };
    let no = |one: &relplan_approval::Rejected| No {
        person: one.person.clone(),
        record: one.record.clone(),
        comment: one.comment.clone(),
    };
    let refused = |one: &relplan_approval::Refused| RefusedRecord {
        record: one.record.clone(),
        person: one.person.clone(),
        code: one.code.to_owned(),
        reason: one.reason.clone(),
    };
    Standing {
        format: standing::FORMAT.to_owned(),
        plan: verdict.plan,
        policy,
        at: verdict.at,
        approved: verdict.is_approved(),
        missing: verdict.shortfalls(),
        rules: verdict.rules.iter().map(rule).collect(),
        accepted: verdict.accepted.iter().map(yes).collect(),
        rejected: verdict.rejected.iter().map(no).collect(),
        refused: verdict.refused.iter().map(refused).collect(),
    }
}
