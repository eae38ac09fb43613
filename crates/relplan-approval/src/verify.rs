//! Whether a plan is approved: one pure function, and deny is what it says unless everything is in order.
//!
//! ```text
//! plan bytes ─┐
//! policy ─────┤            each record: whose, valid, for this plan?  (records)
//! records ────┼─ verify ─▶ each effect: which rules?                  (rules)     ─▶ Verdict
//! evidence ───┤            each rule: how many different people?
//! now ────────┘
//! ```
//!
//! Invariant: nothing in a plan or a record can make the answer weaker. The policy decides who counts, and it comes from
//! the place that verifies; a plan's own gates are rules beside the policy's, and every rule must be met.
//!
//! Why people and not keys: a person with two keys is one person, and one stolen laptop is not two approvals.

mod records;
mod refusal;
mod rules;
mod verdict;

pub(crate) use self::records::key_counts;

use relplan_model::{
    digest::Sha256,
    plan::{Plan, PlanError},
    time::Timestamp,
};

pub use self::{
    refusal::Refusal,
    verdict::{Accepted, Denial, Discounted, Refused, Rejected, RuleVerdict, Verdict},
};
use crate::{evidence::Evidence, policy::Policy};

/// How many records are looked at. With more the plan is denied: a reject could hide among them.
pub const MOST_RECORDS: usize = 256;

/// How far the clocks of people and verifiers may be apart, in seconds.
pub const SKEW: i64 = 120;

/// A plan that approvals are about: with the digest of its bytes, so that the two cannot come apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    plan: Plan,
    digest: Sha256,
}

impl Subject {
    /// Reads a plan's bytes; any other spelling of a plan is refused.
    ///
    /// # Errors
    /// When the bytes are not a plan.
    pub fn read(bytes: &[u8]) -> Result<Self, PlanError> {
        Ok(Self {
            plan: Plan::from_bytes(bytes)?,
            digest: Plan::digest(bytes),
        })
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The digest of its bytes.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        self.digest
    }
}

/// A record as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Where it was found, for people.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The plan.
    pub subject: &'a Subject,
    /// The policy that is pinned where this is asked.
    pub policy: &'a Policy,
    /// Whether the plan was started before. A plan that was made under another policy cannot be started any more; one
    /// that was started can be finished, by approvals that this policy counts.
    pub started: bool,
    /// The records that were found.
    pub records: &'a [Offered],
    /// What GitHub said when whoever verifies asked it.
    pub evidence: &'a [Evidence],
    /// What time it is, by the clock of whoever verifies.
    pub now: Timestamp,
}

/// Answers whether a plan is approved.
#[must_use]
pub fn verify(question: &Question<'_>) -> Verdict {
    let judged = records::judge(question);
    let (rules, unruled) = rules::apply(question, &judged.accepted);
    Verdict {
        plan: question.subject.digest,
        at: question.now,
        denials: denials(question),
        rejected: judged.rejected,
        rules,
        unruled,
        holds_until: holds_until(question, &judged.accepted),
        accepted: judged.accepted,
        refused: judged.refused,
    }
}

fn denials(question: &Question<'_>) -> Vec<Denial> {
    let (plan, policy, now) = (&question.subject.plan, question.policy, question.now);
    let mut denials = Vec::new();
    let found = question.records.len().max(question.evidence.len());
    if found > MOST_RECORDS {
        denials.push(Denial::TooManyRecords {
            found,
            most: MOST_RECORDS,
        });
    }
    if !plan.applicable {
        denials.push(Denial::NotApplicable);
    }
    if now > plan.not_after {
        denials.push(Denial::PlanExpired {
            not_after: plan.not_after,
        });
    }
    if plan.project != policy.project {
        denials.push(Denial::OtherProject {
            plan: plan.project.clone(),
            policy: policy.project.clone(),
        });
    }
    match policy.pin() {
        Ok(pin) => {
            if let Some(planned) = plan.policy
                && planned != pin.digest
                && !question.started
            {
                denials.push(Denial::OtherPolicy {
                    planned,
                    pinned: pin.digest,
                });
            }
        }
        Err(_) => denials.push(Denial::NoPolicy),
    }
    if let Some(expires) = policy.expires
        && now >= expires
    {
        denials.push(Denial::PolicyExpired { expires });
    }
    denials
}

/// The next moment at which the answer could be another one, the question being the same.
fn holds_until(question: &Question<'_>, accepted: &[Accepted]) -> Timestamp {
    let policy = question.policy;
    let keys = policy.people.iter().flat_map(|person| &person.keys);
    let windows = keys.flat_map(|own| [own.valid_after, own.valid_before]);
    let ages = policy.rules.iter().filter_map(|rule| rule.max_age_seconds);
    let gates = question.subject.plan.gates.iter();
    let ages: Vec<u64> = ages
        .chain(gates.filter_map(|gate| gate.max_age_seconds))
        .collect();
    let aging = accepted.iter().flat_map(|one| {
        ages.iter().map(|age| {
            one.issued
                .plus_seconds(i64::try_from(*age).unwrap_or(i64::MAX))
        })
    });
    [
        Some(question.subject.plan.not_after.plus_seconds(1)),
        policy.expires,
    ]
    .into_iter()
    .chain(windows)
    .flatten()
    .chain(policy.revoked.iter().map(|revoked| revoked.since))
    .chain(accepted.iter().filter_map(|one| one.expires))
    .chain(aging)
    .filter(|moment| *moment > question.now)
    .min()
    .unwrap_or(question.now)
}
