//! The journal for people: one line an entry.

use relplan_model::journal::{Entry, How, Record};

use super::style::harmless;

/// Renders one entry.
pub fn line(entry: &Entry) -> String {
    let text = match &entry.record {
        Record::Genesis { lineage, project } => format!("genesis of {project}, lineage {lineage}"),
        Record::Claim {
            plan,
            serial,
            tool,
            runner,
        } => {
            format!(
                "claim of plan {} as serial {serial} by relplan {tool} on {runner}",
                plan.short()
            )
        }
        Record::Intent { step, attempt } => format!("intent {step}, attempt {attempt}"),
        Record::Receipt {
            step,
            how,
            facts: _,
        } => {
            let how = match how {
                How::Done => "done",
                How::FoundDone => "found done already",
                How::FoundAfterUnknown => "found done after an unknown outcome",
            };
            format!("receipt {step}, {how}")
        }
        Record::Unknown {
            step,
            attempt,
            reason,
        } => format!("unknown outcome of {step}, attempt {attempt}: {reason}"),
        Record::Resolved {
            step,
            outcome,
            detail,
        } => {
            format!(
                "resolved {step}: {}, {detail}",
                format!("{outcome:?}").to_lowercase()
            )
        }
        Record::Paused { step, instructions } => format!("paused at {step}: {instructions}"),
        Record::Resumed { plan, runner } => format!("resumed plan {} on {runner}", plan.short()),
        Record::Closed { plan, serial } => {
            format!("closed plan {} as serial {serial}", plan.short())
        }
        Record::Abandoned {
            plan,
            serial,
            reason,
        } => {
            format!(
                "abandoned plan {} as serial {serial}: {reason}",
                plan.short()
            )
        }
        Record::Adopted { facts, serial } => {
            format!("adopted {} facts as serial {serial}", facts.len())
        }
        Record::Forgotten { address, serial } => format!("forgot {address} as serial {serial}"),
    };
    format!("{:>6}  {}  {}", entry.seq, entry.at, harmless(&text))
}
