//! Steps that change a registry: look, intent, effect, read back, receipt; and finding out what became of an effect
//! whose answer was lost or false (design §8).

use std::time::Duration;

use relplan_model::{
    event::Event,
    journal::{Fact, How, Record, Resolution},
    observation::Freshness,
    port::{EffectInput, Outcome, Publish},
    state::Progress,
    step::Step,
};

use super::{
    Slot, Walk,
    lane::{Lane, Turn},
    look::Look,
    pace::Pace,
    verdict::{could_not_look, shortened},
};
use crate::{journal::Halted, report::StepEnd};

/// How often one step is told to wait before it is left to a later run.
const PATIENCE: u64 = 1_000;

impl<'p> Walk<'p, '_> {
    /// Brings a step about.
    pub(super) async fn attempt(&self, step: &'p Step, slot: Slot) -> Result<StepEnd, Halted> {
        let (Some(driver), Some(lane)) = (
            self.ports.drivers.driver(&step.address.target),
            self.lanes.lane(step),
        ) else {
            let detail = format!("the target {} has no driver", step.address.target);
            return Ok(could_not_look(&detail));
        };
        let mut attempt = Attempt {
            walk: self,
            step,
            driver,
            lane,
            turn: None,
            slot: Some(slot),
            number: 0,
            is_open: false,
            is_doubtful: false,
            reasons: Vec::new(),
            told_to_wait: 0,
        };
        attempt.run().await
    }
}

/// One step's way to its end.
struct Attempt<'w, 'p, 'a> {
    walk: &'w Walk<'p, 'a>,
    step: &'p Step,
    driver: &'w dyn Publish,
    lane: &'w Lane,
    turn: Option<Turn<'w>>,
    slot: Option<Slot>,
    /// The last attempt's number, those of earlier runs included.
    number: u64,
    /// Whether an attempt was made whose outcome is not known, now or in an earlier run.
    is_open: bool,
    /// Whether one before the last attempt is open as well.
    is_doubtful: bool,
    /// What was seen instead of an answer, for each attempt of this run.
    reasons: Vec<String>,
    told_to_wait: u64,
}

/// What an attempt leads to.
enum Next {
    /// Go on from what was seen.
    Look(Look),
    /// The step has ended.
    End(StepEnd),
}

impl Attempt<'_, '_, '_> {
    async fn run(&mut self) -> Result<StepEnd, Halted> {
        let mut look = self.first_look().await;
        loop {
            match look {
                Look::Reached(facts) => return self.found(facts).await,
                // Where an attempt may still have been on its way, it was given its time before.
                Look::Against(detail) | Look::Moved(detail) => {
                    return self.stopped(Resolution::Conflict, detail).await;
                }
                Look::Incomparable(detail) if !self.is_open => {
                    return self.stopped(Resolution::Conflict, detail).await;
                }
                Look::Incomparable(detail) => return Ok(StepEnd::Unknown { detail }),
                Look::Blind(reason) if !self.is_open => return Ok(could_not_look(&reason)),
                Look::Blind(reason) => {
                    return Ok(StepEnd::Unknown {
                        detail: format!("what became of it could not be looked up: {reason}"),
                    });
                }
                Look::Open => {}
            }
            if self.turn.is_none() && self.lane.is_narrow() {
                if !self.take_turn().await {
                    return Ok(self.cut_short());
                }
                look = self.walk.look_patiently(self.step).await;
                continue;
            }
            if self.walk.is_stopping() {
                return Ok(self.cut_short());
            }
            if self.reasons.len() as u64 >= self.walk.options.attempts {
                return self.exhausted().await;
            }
            let (now, end) = (self.walk.ports.clock.now(), self.walk.plan.not_after);
            if now > end {
                return Ok(expired(format!("the plan expired at {end}")));
            }
            // Asked at the last moment: a key may have been revoked, or a reject given, since the plan was claimed.
            if let Err(withheld) = self.walk.ports.approvals.approved().await {
                return Ok(StepEnd::Withheld {
                    detail: shortened(withheld.reason),
                });
            }
            match self.effect().await? {
                Next::Look(next) => look = next,
                Next::End(end) => return Ok(end),
            }
        }
    }

    /// Looks at the registry before anything is attempted. An attempt of an earlier run that was cut off may have
    /// had its effect, or may yet.
    async fn first_look(&mut self) -> Look {
        match self.walk.prior.get(&self.step.id) {
            Some(Progress::Attempted { attempt, reason }) => {
                self.number = *attempt;
                self.is_open = true;
                let limit = self.settle_time(reason.as_deref().unwrap_or_default());
                self.settle(limit).await
            }
            Some(Progress::Done(_) | Progress::Stopped { .. } | Progress::Paused { .. }) | None => {
                self.walk.look_patiently(self.step).await
            }
        }
    }

    /// Attempts the effect once, with its intent before it, and finds out what became of it.
    async fn effect(&mut self) -> Result<Next, Halted> {
        self.number += 1;
        let (step, attempt) = (self.step.id.clone(), self.number);
        self.walk
            .journal
            .write(Record::Intent { step, attempt })
            .await?;
        self.is_doubtful = self.is_open;
        self.is_open = true;
        self.walk.ports.events.emit(Event::StepStarted {
            step: self.step.id.clone(),
            attempt,
        });
        match self.perform().await {
            Outcome::Accepted => self.accepted().await,
            Outcome::Refused { reason, credential } => self.refused(reason, credential).await,
            Outcome::Later { wait, reason } => self.later(wait, reason).await,
            Outcome::Unknown { reason } => self.unknown(reason).await,
        }
    }

    async fn perform(&self) -> Outcome {
        let events = self.walk.ports.events;
        let progress = |sent: u64, total: u64| {
            events.emit(Event::StepProgress {
                step: self.step.id.clone(),
                sent,
                total,
            });
        };
        self.driver
            .perform(EffectInput {
                step: self.step,
                artifact: self.walk.index.upload(self.step),
                source: self.walk.ports.source,
                progress: &progress,
            })
            .await
    }

    /// The registry said yes. What it shows decides all the same.
    async fn accepted(&mut self) -> Result<Next, Halted> {
        self.lane.accepted();
        self.turn = None;
        match self.settle(self.walk.options.settle_lost).await {
            Look::Reached(facts) => {
                let end = self.receipt(How::Done, facts).await?;
                Ok(Next::End(end))
            }
            look @ Look::Against(_) => Ok(Next::Look(look)),
            Look::Open | Look::Moved(_) | Look::Incomparable(_) | Look::Blind(_) => {
                let detail = "the registry accepted it, and does not show it".to_owned();
                self.write_unknown(detail.clone()).await?;
                Ok(Next::End(StepEnd::Unknown { detail }))
            }
        }
    }

    /// A definite no to this attempt: another one would be refused as well, so that one look is all that follows. It
    /// finds what an intermediary's no was not true of. Where an earlier attempt is open, that one may have landed, or may
    /// yet, and be what this one met with: then it is given the time to show.
    async fn refused(&mut self, reason: String, credential: bool) -> Result<Next, Halted> {
        let limit = if self.is_doubtful {
            self.walk.options.settle_answered
        } else {
            Duration::ZERO
        };
        let look = self.settle(limit).await;
        if matches!(look, Look::Reached(_) | Look::Against(_)) {
            return Ok(Next::Look(look));
        }
        let end = self.refuse(&reason, credential).await?;
        Ok(Next::End(end))
    }

    async fn refuse(&mut self, reason: &str, credential: bool) -> Result<StepEnd, Halted> {
        let detail = format!("it was refused: {reason}");
        let end = self.stopped(Resolution::Refused, detail).await?;
        Ok(match end {
            StepEnd::Failed {
                outcome, detail, ..
            } => StepEnd::Failed {
                outcome,
                detail,
                credential,
            },
            other => other,
        })
    }

    /// The registry asks for patience. It changed nothing, so the attempt is over; the lane is narrow from here on.
    async fn later(&mut self, wait: Duration, reason: String) -> Result<Next, Halted> {
        let detail = format!(
            "the registry asks to wait for {} s: {reason}",
            wait.as_secs()
        );
        let end = self.stopped(Resolution::NotDone, detail.clone()).await?;
        self.told_to_wait += 1;
        let now = self.walk.ports.clock.now();
        let until = now.plus_seconds(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        if until > self.walk.plan.not_after {
            return Ok(Next::End(expired(format!(
                "{detail}, and the plan expires before that"
            ))));
        }
        if self.told_to_wait >= PATIENCE {
            return Ok(Next::End(end));
        }
        self.lane.narrow(until);
        self.wait_for_lane(wait, reason).await;
        if self.walk.is_stopping() {
            return Ok(Next::End(self.cut_short()));
        }
        Ok(Next::Look(self.walk.look_patiently(self.step).await))
    }

    /// No trustworthy answer: the registry is asked until it shows the effect, or has had the time to.
    async fn unknown(&mut self, reason: String) -> Result<Next, Halted> {
        let reason = shortened(reason);
        self.write_unknown(reason.clone()).await?;
        self.walk.ports.events.emit(Event::StepUnknown {
            step: self.step.id.clone(),
            attempt: self.number,
            reason: reason.clone(),
        });
        let limit = self.settle_time(&reason);
        self.reasons.push(reason);
        Ok(Next::Look(self.settle(limit).await))
    }

    async fn write_unknown(&self, reason: String) -> Result<(), Halted> {
        let record = Record::Unknown {
            step: self.step.id.clone(),
            attempt: self.number,
            reason,
        };
        self.walk.journal.write(record).await
    }

    /// Looks until the effect shows, something stands against it, or the time is over. What stands there then is the
    /// registry's last word.
    async fn settle(&mut self, limit: Duration) -> Look {
        let begin = self.walk.ports.clock.now();
        let mut waited = Duration::ZERO;
        let mut pace = Pace::after_effect();
        loop {
            let look = self.walk.look(self.step, Freshness::Authoritative).await;
            if matches!(look, Look::Reached(_) | Look::Against(_)) {
                return look;
            }
            let limit = if self.walk.stop.is_requested() {
                limit.min(self.walk.options.grace)
            } else {
                limit
            };
            if waited >= limit || self.walk.halt.is_requested() {
                return look;
            }
            let wait = pace.next().unwrap_or_default().min(limit - waited);
            self.walk.pause_idle(&mut self.slot, wait).await;
            waited = (waited + wait).max(self.walk.since(begin));
        }
    }

    /// How long the effect may take to show: longer if no answer came, for the request may still be on its way.
    fn settle_time(&self, reason: &str) -> Duration {
        if status(reason).is_some() {
            self.walk.options.settle_answered
        } else {
            self.walk.options.settle_lost
        }
    }

    /// It is there. If it was attempted before, that is found out only now.
    async fn found(&mut self, facts: Vec<Fact>) -> Result<StepEnd, Halted> {
        let how = if self.number > 0 {
            How::FoundAfterUnknown
        } else {
            How::FoundDone
        };
        self.receipt(how, facts).await
    }

    /// Records how it ended. Nothing is left to do but that, so that another step may begin meanwhile: its intent then
    /// goes into the same append.
    async fn receipt(&mut self, how: How, facts: Vec<Fact>) -> Result<StepEnd, Halted> {
        drop(self.slot.take());
        self.walk.receipt(self.step, how, facts).await
    }

    async fn stopped(&mut self, outcome: Resolution, detail: String) -> Result<StepEnd, Halted> {
        let end = self.walk.resolved(self.step, outcome, detail).await?;
        self.is_open = false;
        Ok(end)
    }

    /// All attempts are used up, and it is still absent. If all of them met with a 401 or 403, it is the credential.
    async fn exhausted(&mut self) -> Result<StepEnd, Halted> {
        let last = self.reasons.last().cloned().unwrap_or_default();
        let is_credential = self
            .reasons
            .iter()
            .all(|reason| matches!(status(reason), Some(401 | 403)));
        if is_credential {
            return self.refuse(&last, true).await;
        }
        Ok(StepEnd::Unknown {
            detail: format!(
                "after {} attempts it is not there, and no attempt had a trustworthy answer: {last}",
                self.reasons.len()
            ),
        })
    }

    /// What a requested stop leaves: nothing new, or an outcome that a later run finds out.
    fn cut_short(&self) -> StepEnd {
        if self.is_open {
            StepEnd::Unknown {
                detail: "it was stopped before the outcome was found out".to_owned(),
            }
        } else {
            StepEnd::NotStarted { because: None }
        }
    }

    /// Waits for this step's turn in a narrow lane; false if a stop is requested meanwhile.
    async fn take_turn(&mut self) -> bool {
        drop(self.slot.take());
        let turn = tokio::select! {
            biased;
            () = self.walk.halt.requested() => None,
            () = self.walk.stop.requested() => None,
            turn = self.lane.turn() => Some(turn),
        };
        let is_ours = turn.is_some();
        self.turn = turn;
        if let Some(until) = self.lane.until()
            && is_ours
        {
            let now = self.walk.ports.clock.now();
            let seconds = u64::try_from(until.unix() - now.unix()).unwrap_or_default();
            if seconds > 0 {
                let reason = "the registry asked others to wait".to_owned();
                let wait = Duration::from_secs(seconds);
                self.wait_for_lane(wait, reason).await;
            }
        }
        self.slot = self.walk.slot().await;
        is_ours && !self.walk.is_stopping()
    }

    async fn wait_for_lane(&mut self, wait: Duration, reason: String) {
        // A stop that came while the answer was written down: nothing is started after the wait, so nothing waits.
        if self.walk.is_stopping() {
            return;
        }
        self.walk.ports.events.emit(Event::StepWaiting {
            step: self.step.id.clone(),
            reason: shortened(reason),
            seconds: wait.as_secs(),
        });
        self.walk.pause_idle(&mut self.slot, wait).await;
    }
}

/// The HTTP status that a reason starts with, by the drivers' convention, if an answer came at all.
fn status(reason: &str) -> Option<u16> {
    let digits = reason.get(..3)?;
    let is_whole = !reason
        .get(3..4)
        .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_alphanumeric()));
    if is_whole && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

fn expired(detail: String) -> StepEnd {
    StepEnd::Expired { detail }
}
