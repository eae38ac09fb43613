//! The tale of a run: what happened in a world, in order and with the time, for the person who looks for the reason.

use relplan_model::{
    event::Event,
    journal::{Entry, Record},
};

use super::{Inner, START};

/// What happened so far, if anybody wants to know.
#[derive(Default)]
pub(super) struct Tale(Option<Vec<String>>);

impl Tale {
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_default();
    }

    pub(super) fn lines(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Inner {
    /// Writes down what happened. Costs nothing unless somebody wants to know.
    pub(super) fn tell(&mut self, what: impl FnOnce() -> String) {
        let since = self.now - START;
        if let Some(lines) = &mut self.tale.0 {
            let (seconds, millis) = (since / 1000, since % 1000);
            lines.push(format!("{seconds:>7}.{millis:03} s  {}", what()));
        }
    }

    pub(super) fn tell_entry(&mut self, entry: &Entry) {
        self.tell(|| format!("journal {}: {}", entry.seq, said(&entry.record)));
    }

    /// Of events, what neither the journal nor the wire tells.
    pub(super) fn tell_event(&mut self, event: &Event) {
        match event {
            Event::StepWaiting {
                step,
                reason,
                seconds,
            } => self.tell(|| format!("{step} waits for up to {seconds} s: {reason}")),
            Event::StepFailed { step, reason, .. } => {
                self.tell(|| format!("{step} does not end well: {reason}"));
            }
            Event::StepSkipped { step, because } => {
                self.tell(|| format!("{step} is skipped because of {because}"));
            }
            _ => {}
        }
    }
}

fn said(record: &Record) -> String {
    match record {
        Record::Genesis { .. } => "it begins".to_owned(),
        Record::Claim { plan, runner, .. } => format!("{runner} claims {}", plan.short()),
        Record::Resumed { plan, runner, .. } => format!("{runner} goes on with {}", plan.short()),
        Record::Intent { step, attempt } => {
            format!("attempt {attempt} of {step} is about to be made")
        }
        Record::Unknown {
            step,
            attempt,
            reason,
        } => format!("what became of attempt {attempt} of {step} is unknown: {reason}"),
        Record::Receipt { step, how, .. } => format!("{step} ended well: {how:?}"),
        Record::Resolved {
            step,
            outcome,
            detail,
        } => format!("{step} ended with {outcome:?}: {detail}"),
        Record::Closed { plan, .. } => format!("{} is closed", plan.short()),
        Record::Abandoned { plan, .. } => format!("{} is given up", plan.short()),
        other => format!("{other:?}"),
    }
}
