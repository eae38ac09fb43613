//! The keeper of the gate: answers whether the plan is approved, by the policy and the records as they are at that moment.
//!
//! Files are read anew for each answer: a key that is revoked in the pinned policy, or a reject that is put beside the
//! plan, stops a release that is under way. The answer itself is computed anew only if something changed, or a moment
//! has come at which it could.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use relplan_approval::{Offered, Question, Subject, Verdict, verify};
use relplan_model::{
    approval::{Approved, PinnedPolicy},
    digest::Sha256,
    port::{Approvals, BoxFuture, Clock as _, Withheld},
    time::Timestamp,
};

use super::{
    collect,
    pin::{Pinned, Places, Remembered, USUAL},
};
use crate::{clock::SystemClock, exit::Exit, failure::Failure, next::Situation};

/// What the keeper is made of.
pub struct Keeper {
    subject: Subject,
    places: Places,
    beside: Option<PathBuf>,
    folders: Vec<PathBuf>,
    /// The records in the journal, as they were when this run began.
    kept: Vec<Offered>,
    /// The policy that was last used: nothing older may follow it.
    last: Mutex<Option<Remembered>>,
    started: AtomicBool,
    answered: Mutex<Option<Answered>>,
}

/// An answer that holds until something changes.
#[derive(Clone)]
struct Answered {
    question: Sha256,
    from: Timestamp,
    until: Timestamp,
    approved: Approved,
}

/// What is asked of the keeper.
pub struct Duty {
    /// The plan.
    pub subject: Subject,
    /// Where the policy is looked for.
    pub places: Places,
    /// The folder beside the plan.
    pub beside: Option<PathBuf>,
    /// Folders that were named.
    pub folders: Vec<PathBuf>,
    /// The records in the journal.
    pub kept: Vec<Offered>,
    /// The policy that is remembered.
    pub remembered: Option<Remembered>,
    /// Whether the plan was started before.
    pub started: bool,
}

/// The answer in full.
pub struct Answer {
    /// The policy that it was measured by.
    pub pinned: Pinned,
    /// The verdict.
    pub verdict: Verdict,
    question: Sha256,
}

impl Keeper {
    /// A keeper for one plan.
    pub fn new(duty: Duty) -> Self {
        let Duty {
            subject,
            places,
            beside,
            folders,
            kept,
            remembered,
            started,
        } = duty;
        Self {
            subject,
            places,
            beside,
            folders,
            kept,
            last: Mutex::new(remembered),
            started: AtomicBool::new(started),
            answered: Mutex::new(None),
        }
    }

    /// The plan was claimed: from now on a policy that follows does not make it another plan's.
    pub fn claimed(&self) {
        self.started.store(true, Ordering::Relaxed);
    }

    /// The policy that is in force: the one that was last used.
    pub fn policy(&self) -> Option<PinnedPolicy> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|last| last.pin)
    }

    /// The answer, with everything that it rests on; `None`: no policy is pinned, and none is asked for.
    pub fn answer(&self) -> Result<Option<Answer>, Failure> {
        let now = SystemClock.now();
        let Some((pinned, records)) = self.look(now)? else {
            return Ok(None);
        };
        let question = digest(&pinned, &records);
        let verdict = verify(&Question {
            subject: &self.subject,
            policy: &pinned.policy,
            started: self.started.load(Ordering::Relaxed),
            records: &records,
            // Nobody has asked GitHub yet: what it says counts for nothing until somebody does.
            evidence: &[],
            now,
        });
        Ok(Some(Answer {
            pinned,
            verdict,
            question,
        }))
    }

    /// Reads the policy and the records.
    fn look(&self, now: Timestamp) -> Result<Option<(Pinned, Vec<Offered>)>, Failure> {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(pinned) = self.places.pinned(last.as_ref(), now)? else {
            let plan = self.subject.plan();
            return if plan.gates.is_empty() && plan.policy.is_none() {
                Ok(None)
            } else {
                Err(unpinned())
            };
        };
        let mut records =
            collect::in_folders(self.subject.digest(), self.beside.as_deref(), &self.folders)?;
        records.extend(self.kept.iter().cloned());
        Ok(Some((pinned, collect::each_once(records))))
    }

    fn allow(&self) -> Result<Option<Approved>, Withheld> {
        let now = SystemClock.now();
        let withheld = |failure: Failure| Withheld {
            reason: failure.message(),
        };
        let Some((pinned, records)) = self.look(now).map_err(withheld)? else {
            return Ok(None);
        };
        let asked = digest(&pinned, &records);
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = &*answered
            && before.question == asked
            && (before.from..before.until).contains(&now)
        {
            return Ok(Some(before.approved.clone()));
        }
        *answered = None;
        drop(answered);
        let Some(answer) = self.answer().map_err(withheld)? else {
            return Ok(None);
        };
        let Answer {
            pinned,
            verdict,
            question,
        } = answer;
        if !verdict.is_approved() {
            return Err(Withheld {
                reason: reason(&verdict),
            });
        }
        let approved = verdict.approved(pinned.pin);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Remembered::seen_here(pinned.pin));
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Answered {
            question,
            from: verdict.at,
            until: verdict.holds_until,
            approved: approved.clone(),
        });
        Ok(Some(approved))
    }
}

impl Approvals for Keeper {
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>> {
        Box::pin(async { self.allow() })
    }
}

/// A plan asks for approvals, and nothing here says by which policy they count.
fn unpinned() -> Failure {
    Failure::new(
        Exit::Approval,
        "the plan needs approvals, and no policy is pinned here that says whose count",
    )
    .situation(Situation::PinPolicy {
        words: "a policy that came with the plan could let anybody approve it; name the one that is yours, once, and the journal remembers it:",
        file: Some(USUAL),
        forget: None,
    })
}

/// What stands in the way, on one line, with the records that were refused.
pub fn reason(verdict: &Verdict) -> String {
    let mut parts = verdict.shortfalls();
    let revoked = verdict
        .refused
        .iter()
        .filter(|one| one.person.is_some())
        .map(|one| {
            let person = one.person.as_deref().unwrap_or_default();
            format!("{person}'s approval is refused: {}", one.reason)
        });
    parts.extend(revoked);
    parts.join("; ")
}

fn digest(pinned: &Pinned, records: &[Offered]) -> Sha256 {
    let mut text = pinned.pin.digest.to_string();
    for record in records {
        text.push(' ');
        text.push_str(&Sha256::of(&record.bytes).hex());
    }
    Sha256::of(text.as_bytes())
}
