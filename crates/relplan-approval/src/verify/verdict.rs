//! The answer: whether, by whom, and if not, who or what is missing and why each record was refused.

use relplan_model::{
    approval::{ApprovalGrade, Approved, CountedApproval, PinnedPolicy},
    digest::Sha256,
    step::StepId,
    time::Timestamp,
};
use serde::Serialize;

use crate::policy::Kind;

/// The answer about one plan, under one policy, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// The plan.
    pub plan: Sha256,
    /// The moment.
    pub at: Timestamp,
    /// What is against the plan as a whole.
    pub denials: Vec<Denial>,
    /// Everybody who said no.
    pub rejected: Vec<Rejected>,
    /// Each rule that matches an effect of the plan, in order of name; the plan's own gates behind the policy's.
    pub rules: Vec<RuleVerdict>,
    /// Effects that no rule of the policy matches: denied.
    pub unruled: Vec<StepId>,
    /// Until when the answer stays the same if nothing else changes.
    pub holds_until: Timestamp,
    /// Every yes that is in order.
    pub accepted: Vec<Accepted>,
    /// Every record that is not.
    pub refused: Vec<Refused>,
}

/// What is against a plan as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "code")]
pub enum Denial {
    /// Not every artifact was known when it was made.
    #[error("the plan was made without all of its artifacts")]
    NotApplicable,
    /// It has expired.
    #[error("the plan expired at {not_after}")]
    PlanExpired {
        /// When.
        not_after: Timestamp,
    },
    /// The policy is another project's.
    #[error("the plan is for the project {plan:?}, and the policy for {policy:?}")]
    OtherProject {
        /// The plan's project.
        plan: String,
        /// The policy's.
        policy: String,
    },
    /// The plan was made under another policy.
    #[error("the plan was made under another policy ({}) than the one that is pinned here ({})", planned.short(), pinned.short())]
    OtherPolicy {
        /// That one.
        planned: Sha256,
        /// The pinned one.
        pinned: Sha256,
    },
    /// The policy has expired.
    #[error("the policy expired at {expires}")]
    PolicyExpired {
        /// When.
        expires: Timestamp,
    },
    /// A reject could hide among so many.
    #[error(
        "there are {found} records, and at most {most} are looked at: take those away that are not about this plan"
    )]
    TooManyRecords {
        /// How many there are.
        found: usize,
        /// How many are looked at.
        most: usize,
    },
    /// The policy has no canonical form.
    #[error("the policy cannot be digested")]
    NoPolicy,
}

/// Somebody who said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rejected {
    /// Who.
    pub person: String,
    /// Where it stands.
    pub record: String,
    /// What they added.
    pub comment: Option<String>,
}

/// A yes that is in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Accepted {
    /// Who said it.
    pub person: String,
    /// Where it stands.
    pub record: String,
    /// Where it comes from.
    pub kind: Kind,
    /// How strong it is.
    pub grade: ApprovalGrade,
    /// When it was said.
    pub issued: Timestamp,
    /// When it ceases to count.
    pub expires: Option<Timestamp>,
    /// What they added.
    pub comment: Option<String>,
    /// The record's digest.
    pub digest: Sha256,
    /// The record's text.
    #[serde(skip)]
    pub text: String,
}

/// A record that is not in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refused {
    /// Where it stands.
    pub record: String,
    /// Whose it is, where that is known.
    pub person: Option<String>,
    /// Why, for scripts.
    pub code: &'static str,
    /// Why, for people.
    pub reason: String,
}

/// A yes that is in order and does not count under one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Discounted {
    /// Whose it is.
    pub person: String,
    /// Where it stands.
    pub record: String,
    /// Why, for scripts.
    pub code: &'static str,
    /// Why, for people.
    pub reason: String,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleVerdict {
    /// Its name.
    pub rule: String,
    /// Whether it is one of the plan's own gates.
    pub gate: bool,
    /// How many effects of the plan it matches.
    pub effects: u64,
    /// The first of them.
    pub first: StepId,
    /// How many people it takes.
    pub threshold: u64,
    /// Those whose yes counts, in order.
    pub counted: Vec<String>,
    /// Those whose yes could still come, in order.
    pub awaited: Vec<String>,
    /// Every yes that does not count here, and why.
    pub discounted: Vec<Discounted>,
}

impl RuleVerdict {
    /// How many people are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let counted = u64::try_from(self.counted.len()).unwrap_or(0);
        self.threshold.saturating_sub(counted)
    }
}

impl Verdict {
    /// Whether the plan is approved.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        let Self {
            plan: _,
            at: _,
            denials,
            rejected,
            rules,
            unruled,
            holds_until: _,
            accepted: _,
            refused: _,
        } = self;
        denials.is_empty()
            && rejected.is_empty()
            && unruled.is_empty()
            && rules.iter().all(|rule| rule.missing() == 0)
    }

    /// What stands in the way, one line each; empty if the plan is approved.
    #[must_use]
    pub fn shortfalls(&self) -> Vec<String> {
        let denials = self.denials.iter().map(ToString::to_string);
        let rejected = self
            .rejected
            .iter()
            .map(|one| format!("{} rejected it", one.person));
        let unruled = self.unruled.first().map(|first| {
            let more = self.unruled.len() - 1;
            let others = if more > 0 {
                format!(" (and {more} more)")
            } else {
                String::new()
            };
            format!("no rule of the policy allows {first}{others}")
        });
        let rules = self
            .rules
            .iter()
            .filter(|rule| rule.missing() > 0)
            .map(shortfall);
        denials
            .chain(rejected)
            .chain(unruled)
            .chain(rules)
            .collect()
    }

    /// What a claim records.
    #[must_use]
    pub fn approved(&self, policy: PinnedPolicy) -> Approved {
        let counts = |one: &&Accepted| {
            self.rules
                .iter()
                .any(|rule| rule.counted.contains(&one.person))
        };
        let mut counted: Vec<&Accepted> = self.accepted.iter().filter(counts).collect();
        counted.sort_by(|a, b| (&a.person, a.digest).cmp(&(&b.person, b.digest)));
        counted.dedup_by_key(|one| one.digest);
        Approved {
            policy,
            approvals: counted
                .into_iter()
                .map(|one| CountedApproval {
                    person: one.person.clone(),
                    grade: one.grade,
                    digest: one.digest,
                    record: one.text.clone(),
                })
                .collect(),
        }
    }
}

fn shortfall(rule: &RuleVerdict) -> String {
    let what = if rule.gate {
        "the plan's gate"
    } else {
        "the rule"
    };
    let missing = rule.missing();
    let of = if rule.awaited.is_empty() {
        "nobody is left who could give it".to_owned()
    } else {
        format!("it can come from {}", rule.awaited.join(", "))
    };
    let approvals = if missing == 1 {
        "approval"
    } else {
        "approvals"
    };
    format!(
        "{what} {} is short of {missing} {approvals} of {}: {of}",
        rule.rule, rule.threshold
    )
}
