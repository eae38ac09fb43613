//! Steps that change no registry: waiting until a version is shown, and recording what is there already.
//!
//! They need no intent: a crash in the middle of one leaves nothing behind that could be unknown.

use std::time::Duration;

use relplan_model::{
    event::Event,
    journal::{How, Resolution},
    observation::Freshness,
    step::Step,
};

use super::{Slot, Walk, look::Look, pace::Pace, verdict::could_not_look};
use crate::{journal::Halted, report::StepEnd};

impl Walk<'_, '_> {
    /// Waits until ordinary clients are shown a version with all of its planned files (law L7).
    pub(super) async fn wait_until_shown(
        &self,
        step: &Step,
        slot: Slot,
    ) -> Result<StepEnd, Halted> {
        let mut slot = Some(slot);
        let begin = self.ports.clock.now();
        let mut waited = Duration::ZERO;
        let mut was_told = false;
        for wait in Pace::until_shown() {
            let missing = match self.look(step, Freshness::AsClients).await {
                Look::Reached(facts) => {
                    drop(slot);
                    return self.receipt(step, How::Done, facts).await;
                }
                Look::Against(detail) => {
                    return self.resolved(step, Resolution::Conflict, detail).await;
                }
                look => look,
            };
            if self.is_stopping() {
                return Ok(StepEnd::NotStarted { because: None });
            }
            let limit = self.options.resolvable;
            if waited >= limit {
                return self.never_shown(step, missing, limit).await;
            }
            if !was_told {
                self.ports.events.emit(Event::StepWaiting {
                    step: step.id.clone(),
                    reason: "ordinary clients are not shown it yet".to_owned(),
                    seconds: limit.as_secs(),
                });
                was_told = true;
            }
            self.pause_idle(&mut slot, wait).await;
            waited = (waited + wait).max(self.since(begin));
        }
        Ok(StepEnd::NotStarted { because: None })
    }

    async fn never_shown(
        &self,
        step: &Step,
        missing: Look,
        limit: Duration,
    ) -> Result<StepEnd, Halted> {
        let after = format!("after {} s", limit.as_secs());
        match missing {
            Look::Blind(reason) => Ok(StepEnd::Unknown {
                detail: format!("{after} it could still not be looked up: {reason}"),
            }),
            Look::Incomparable(detail) => {
                let detail = format!("{after}: {detail}");
                self.resolved(step, Resolution::NotDone, detail).await
            }
            Look::Open | Look::Moved(_) | Look::Reached(_) | Look::Against(_) => {
                let detail = format!("ordinary clients are still not shown it {after}");
                self.resolved(step, Resolution::NotDone, detail).await
            }
        }
    }

    /// Records what is there already, if it is still there with the same bytes.
    pub(super) async fn adopt(&self, step: &Step) -> Result<StepEnd, Halted> {
        match self.look_patiently(step).await {
            Look::Reached(facts) => self.receipt(step, How::FoundDone, facts).await,
            Look::Against(detail) | Look::Moved(detail) | Look::Incomparable(detail) => {
                self.resolved(step, Resolution::Conflict, detail).await
            }
            Look::Blind(reason) => Ok(could_not_look(&reason)),
            // Judged as being against it; there is nothing that adopting could do about it.
            Look::Open => Ok(could_not_look("the answer says nothing about it")),
        }
    }
}
