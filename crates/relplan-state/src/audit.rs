//! The journal as an audit trail: who did what, when, by which plan, how it ended, and which bytes each step left.
//!
//! Pure: lines in, chapters out.

use std::collections::BTreeMap;

use relplan_model::{
    address::{Address, TargetName},
    approval::{ApprovalGrade, Approved, CountedApproval},
    canonical::CanonicalError,
    digest::Sha256,
    journal::{Entry, Fact, How, Record, Renaming, Replaced, Resolution},
    state::Ended,
    step::StepId,
    time::Timestamp,
};
use serde::Serialize;

/// One chapter of a journal, in the order of its first entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chapter {
    /// The journal's beginning.
    #[serde(rename_all = "kebab-case")]
    Begun {
        /// When.
        at: Timestamp,
        /// The journal's name.
        lineage: String,
        /// The project's name.
        project: String,
        /// The journals that it takes the place of.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        replaces: Vec<Replaced>,
    },
    /// It is kept somewhere else from here on.
    #[serde(rename_all = "kebab-case")]
    Moved {
        /// When.
        at: Timestamp,
        /// The place.
        to: String,
    },
    /// Something has another name from here on.
    #[serde(rename_all = "kebab-case")]
    Renamed {
        /// When.
        at: Timestamp,
        /// The state's serial from then on.
        serial: u64,
        /// What.
        what: Renaming,
    },
    /// A plan, from its claim to its end.
    Plan(Box<PlanChapter>),
    /// What is there already was recorded, outside of a plan.
    #[serde(rename_all = "kebab-case")]
    Adopted {
        /// When.
        at: Timestamp,
        /// The state's serial from then on.
        serial: u64,
        /// What is true of it.
        facts: Vec<Fact>,
    },
    /// A package is no longer looked after.
    #[serde(rename_all = "kebab-case")]
    Forgotten {
        /// When.
        at: Timestamp,
        /// The state's serial from then on.
        serial: u64,
        /// The package at its target.
        address: Address,
        /// The one version that was forgotten; all, if there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<relplan_model::address::Version>,
    },
}

/// What became of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanChapter {
    /// The plan's digest.
    pub plan: Sha256,
    /// When it was claimed: the moment that used up its approvals.
    pub claimed: Timestamp,
    /// The state's serial from then on.
    pub serial: u64,
    /// The relplan that claimed it.
    pub tool: String,
    /// Where it ran: first, and each time that it was taken up again.
    pub runs: Vec<Run>,
    /// The steps that were touched, in the order in which they were first.
    pub steps: Vec<StepChapter>,
    /// How it ended; `None`: it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// One run of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Run {
    /// When it began.
    pub at: Timestamp,
    /// Where: the CI job's URL, or user and host.
    pub runner: String,
    /// The targets whose steps it carried out; `None`: all of the plan's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetName>>,
    /// When it said that it ended without having done all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
    /// Why, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who allowed it, where a policy is pinned.
    pub approved: Vec<Approver>,
}

/// One person whose yes counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approver {
    /// The person, as the policy names them.
    pub person: String,
    /// How strong it is.
    pub grade: ApprovalGrade,
    /// The digest of the record.
    pub record: Sha256,
}

impl Run {
    fn new(
        at: Timestamp,
        runner: String,
        targets: Option<Vec<TargetName>>,
        approved: Option<Approved>,
    ) -> Self {
        let approver = |one: CountedApproval| Approver {
            person: one.person,
            grade: one.grade,
            record: one.digest,
        };
        let approvals = approved.map(|approved| approved.approvals);
        Self {
            at,
            runner,
            targets,
            left: None,
            reason: None,
            approved: approvals.into_iter().flatten().map(approver).collect(),
        }
    }
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepChapter {
    /// The step.
    pub step: StepId,
    /// How often its effect was attempted.
    pub attempts: u64,
    /// When it was last heard of.
    pub at: Timestamp,
    /// How far it came.
    pub outcome: Outcome,
    /// What is true because of it: files with their digests, pointers.
    pub facts: Vec<Fact>,
}

/// How far a step came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ended well.
    Done(How),
    /// It was attempted, and what became of it is not recorded.
    #[serde(rename_all = "kebab-case")]
    Unknown {
        /// What was seen instead of an answer, if anything.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// It ended, and not well.
    #[serde(rename_all = "kebab-case")]
    Stopped {
        /// What was found.
        outcome: Resolution,
        /// In words.
        detail: String,
    },
    /// It waits for a person.
    #[serde(rename_all = "kebab-case")]
    Paused {
        /// What the person is to do.
        instructions: String,
    },
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: Ended,
    /// The state's serial from then on.
    pub serial: u64,
    /// Why, if somebody gave it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Reads a journal as chapters.
///
/// # Errors
/// When a line is no entry. Whether entries follow one another is not looked at: replay that first.
pub fn audit<L: AsRef<[u8]>>(lines: &[L]) -> Result<Vec<Chapter>, CanonicalError> {
    let mut trail = Trail::default();
    for line in lines {
        trail.take(Entry::from_line(line.as_ref())?);
    }
    Ok(trail.chapters)
}

#[derive(Default)]
struct Trail {
    chapters: Vec<Chapter>,
    /// Where the open plan's steps are among its own.
    places: BTreeMap<StepId, usize>,
}

impl Trail {
    fn take(&mut self, entry: Entry) {
        let at = entry.at;
        match entry.record {
            Record::Genesis {
                lineage,
                project,
                format: _,
                replaces,
                policy: _,
            } => self.chapters.push(Chapter::Begun {
                at,
                lineage,
                project,
                replaces,
            }),
            Record::Moved { to } => self.chapters.push(Chapter::Moved { at, to }),
            Record::Renamed { what, serial } => {
                self.chapters.push(Chapter::Renamed { at, serial, what });
            }
            Record::Claim {
                plan,
                serial,
                tool,
                runner,
                run: _,
                targets,
                steps: _,
                not_after: _,
                approved,
            } => {
                self.places.clear();
                self.chapters.push(Chapter::Plan(Box::new(PlanChapter {
                    plan,
                    claimed: at,
                    serial,
                    tool,
                    runs: vec![Run::new(at, runner, targets, approved)],
                    steps: Vec::new(),
                    end: None,
                })));
            }
            Record::Resumed {
                plan: _,
                runner,
                run: _,
                targets,
                approved,
            } => {
                if let Some(plan) = self.open() {
                    plan.runs.push(Run::new(at, runner, targets, approved));
                }
            }
            Record::Left {
                plan: _,
                targets,
                run: _,
                reason,
            } => {
                // One without targets has all of them.
                let taken = |run: &&mut Run| {
                    let ours = run.targets.as_ref();
                    ours.is_none_or(|ours| ours.iter().any(|target| targets.contains(target)))
                };
                let runs = self.open().map(|plan| plan.runs.iter_mut().rev());
                if let Some(run) = runs.and_then(|mut runs| runs.find(taken)) {
                    run.left = Some(at);
                    run.reason = reason;
                }
            }
            Record::Intent { step, attempt } => {
                self.step(step, at, Outcome::Unknown { reason: None }, |told| {
                    told.attempts = told.attempts.max(attempt);
                });
            }
            Record::Unknown {
                step,
                attempt: _,
                reason,
            } => {
                let reason = Some(reason);
                self.step(step, at, Outcome::Unknown { reason }, |_| {});
            }
            Record::Receipt { step, how, facts } => {
                self.step(step, at, Outcome::Done(how), |told| told.facts = facts);
            }
            Record::Resolved {
                step,
                outcome,
                detail,
            } => self.step(step, at, Outcome::Stopped { outcome, detail }, |_| {}),
            Record::Paused { step, instructions } => {
                self.step(step, at, Outcome::Paused { instructions }, |_| {});
            }
            Record::Closed { plan: _, serial } => self.end(at, Ended::Closed, serial, None),
            Record::Abandoned {
                plan: _,
                serial,
                reason,
            } => self.end(at, Ended::Abandoned, serial, Some(reason)),
            Record::Adopted { facts, serial } => {
                self.chapters.push(Chapter::Adopted { at, serial, facts });
            }
            Record::Forgotten {
                address,
                version,
                serial,
            } => self.chapters.push(Chapter::Forgotten {
                at,
                serial,
                address,
                version,
            }),
        }
    }

    /// The plan that the entries are about: nothing else is recorded while one is open, but that the journal moves.
    fn open(&mut self) -> Option<&mut PlanChapter> {
        let mut chapters = self.chapters.iter_mut().rev();
        let last = chapters.find(|chapter| !matches!(chapter, Chapter::Moved { .. }))?;
        match last {
            Chapter::Plan(plan) if plan.end.is_none() => Some(plan),
            _ => None,
        }
    }

    fn step(
        &mut self,
        step: StepId,
        at: Timestamp,
        outcome: Outcome,
        more: impl FnOnce(&mut StepChapter),
    ) {
        let known = self.places.get(&step).copied();
        let Some(plan) = self.open() else { return };
        let place = known.unwrap_or(plan.steps.len());
        if known.is_none() {
            plan.steps.push(StepChapter {
                step: step.clone(),
                attempts: 0,
                at,
                outcome: outcome.clone(),
                facts: Vec::new(),
            });
        }
        if let Some(told) = plan.steps.get_mut(place) {
            told.at = at;
            told.outcome = outcome;
            more(told);
        }
        self.places.insert(step, place);
    }

    fn end(&mut self, at: Timestamp, how: Ended, serial: u64, reason: Option<String>) {
        if let Some(plan) = self.open() {
            plan.end = Some(End {
                at,
                how,
                serial,
                reason,
            });
        }
    }
}
