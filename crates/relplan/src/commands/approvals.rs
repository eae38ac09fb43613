//! `relplan approvals`: who has approved a plan, who is still needed, and which records were refused and why.

use relplan_approval::{Question, Subject, verify};
use relplan_model::port::{Clock as _, StateStore as _};
use serde::Serialize as _;

use super::{Session, read_plan, state::store};
use crate::{
    approvals::{collect, pin::Places},
    arguments::{Approvals, Format},
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    planning::load_state,
    view::approvals_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Approvals) -> Result<Exit, Failure> {
    let (bytes, plan) = read_plan(&arguments.plan)?;
    let subject = Subject::read(&bytes).map_err(|error| Failure::of(Exit::Invalid, &error))?;
    let store = store(session, &arguments.place);
    let (state, _) = load_state(&store).await?;
    let lines = store
        .load()
        .await
        .map_err(|error| Failure::of(Exit::Store, &error))?;
    let places = Places::new(
        &session.project,
        &session.surroundings,
        arguments.pinned.policy.as_deref(),
        session.terminal.err,
    );
    let pinned = places.looked_at(state.policy)?;
    let mut records = collect::in_folders(
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
            let mut value = verdict
                .serialize(serde_json::value::Serializer)
                .map_err(|error| Failure::of(Exit::Internal, &error))?;
            if let Some(members) = value.as_object_mut() {
                members.insert("approved".to_owned(), verdict.is_approved().into());
                members.insert("missing".to_owned(), verdict.shortfalls().into());
                let pin = serde_json::to_value(pinned.pin)
                    .map_err(|error| Failure::of(Exit::Internal, &error))?;
                members.insert("policy".to_owned(), pin);
            }
            session.terminal.result(&value.to_string());
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
    drop(plan);
    Ok(if verdict.is_approved() {
        Exit::Done
    } else {
        Exit::Approval
    })
}
