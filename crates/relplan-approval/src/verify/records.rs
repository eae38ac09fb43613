//! Each record and each evidence by itself: whose is it, is it in order, is it about this plan.

use relplan_model::{
    approval::{ApprovalGrade, PinnedPolicy},
    digest::Sha256,
    time::Timestamp,
};

use super::{Accepted, Offered, Question, Refusal, Refused, Rejected, SKEW};
use crate::{
    evidence::{self, Evidence},
    key::Key,
    policy::{Kind, Policy, RosterKey},
    record::Record,
    signature::{Envelope, Presence},
    statement::{Decision, NAMESPACE, Predicate, Statement},
};

/// What the records came to.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) accepted: Vec<Accepted>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) refused: Vec<Refused>,
}

/// What one record came to.
enum Voice {
    Yes(Accepted),
    No(Rejected),
}

/// Why one was refused, and whose it is as far as that is proven.
struct No {
    person: Option<String>,
    refusal: Refusal,
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self {
            person: None,
            refusal,
        }
    }
}

pub(super) fn judge(question: &Question<'_>) -> Judged {
    let mut judged = Judged::default();
    // With more than that the plan is denied anyway.
    for offered in question.records.iter().take(super::MOST_RECORDS) {
        judged.take(&offered.name, record(question, offered));
    }
    for evidence in question.evidence.iter().take(super::MOST_RECORDS) {
        let name = format!("{} {}", evidence.kind(), evidence.event);
        judged.take(&name, vouched(question, evidence, &name));
    }
    judged
}

impl Judged {
    fn take(&mut self, name: &str, voice: Result<Voice, No>) {
        match voice {
            Ok(Voice::Yes(accepted)) => self.accepted.push(accepted),
            Ok(Voice::No(rejected)) => self.rejected.push(rejected),
            Err(No { person, refusal }) => self.refused.push(Refused {
                record: name.to_owned(),
                person,
                code: refusal.code(),
                reason: refusal.to_string(),
            }),
        }
    }
}

fn record(question: &Question<'_>, offered: &Offered) -> Result<Voice, No> {
    let policy = question.policy;
    let record = Record::from_bytes(&offered.bytes).map_err(Refusal::Record)?;
    let statement = Statement::from_text(&record.statement).map_err(Refusal::Statement)?;
    match statement.plan() {
        Some(found) if found == question.subject.digest => {}
        found => {
            let found = found.unwrap_or(Sha256::ZERO);
            return Err(Refusal::OtherPlan { found }.into());
        }
    }
    let envelope = Envelope::read(&record.signature).map_err(Refusal::Signature)?;
    let Some((person, own)) = policy.owner(&envelope.key) else {
        let fingerprint = envelope.key.fingerprint();
        return Err(Refusal::UnknownKey { fingerprint }.into());
    };
    let presence = envelope
        .verify(NAMESPACE, record.statement.as_bytes())
        .map_err(Refusal::Signature)?;
    // From here on it is proven whose it is.
    let no = |refusal| No {
        person: Some(person.name.clone()),
        refusal,
    };
    let predicate = &statement.predicate;
    if predicate.principal != person.name {
        return Err(no(Refusal::Principal {
            said: shown(&predicate.principal),
            is: person.name.clone(),
        }));
    }
    key_counts(policy, own, question.now).map_err(no)?;
    if predicate.decision == Decision::Reject {
        // A no needs less than a yes: no place, no policy and no time can be wrong about it.
        return Ok(Voice::No(Rejected {
            person: person.name.clone(),
            record: offered.name.clone(),
            comment: predicate.comment.clone(),
        }));
    }
    let (issued, expires) = in_order(question, predicate).map_err(no)?;
    let bytes = offered.bytes.strip_suffix(b"\n").unwrap_or(&offered.bytes);
    Ok(Voice::Yes(Accepted {
        person: person.name.clone(),
        record: offered.name.clone(),
        kind: Kind::Ssh,
        grade: grade(presence, &envelope.key),
        issued,
        expires: Some(expires),
        comment: predicate.comment.clone(),
        digest: Sha256::of(bytes),
        text: String::from_utf8_lossy(bytes).into_owned(),
    }))
}

/// Whether a key counts now, by our clock; never at a time that the record names.
pub(crate) fn key_counts(policy: &Policy, own: &RosterKey, now: Timestamp) -> Result<(), Refusal> {
    if let Some(since) = policy.revoked_since(&own.key)
        && now >= since
    {
        return Err(Refusal::Revoked { since });
    }
    if let Some(from) = own.valid_after
        && now < from
    {
        return Err(Refusal::KeyTooEarly { from });
    }
    match own.valid_before {
        Some(until) if now >= until => Err(Refusal::KeyExpired { until }),
        _ => Ok(()),
    }
}

/// Whether a yes is for this place, this journal and this policy, and counts now.
fn in_order(
    question: &Question<'_>,
    predicate: &Predicate,
) -> Result<(Timestamp, Timestamp), Refusal> {
    let policy = question.policy;
    if predicate.audience != policy.audience {
        return Err(Refusal::Audience {
            said: shown(&predicate.audience),
            here: policy.audience.clone(),
        });
    }
    if predicate.base != question.subject.plan.base {
        return Err(Refusal::Base);
    }
    same_policy(policy, predicate.policy)?;
    let (issued, expires) = (time(predicate.issued), time(predicate.expires));
    if issued > question.now.plus_seconds(SKEW) {
        return Err(Refusal::FromTheFuture { issued });
    }
    if question.now >= expires {
        return Err(Refusal::Expired { expires });
    }
    Ok((issued, expires))
}

/// A yes counts under the policy that it was given under, and under the one that directly follows it and says so:
/// a key that is revoked in the middle of a release must not take everybody's approval with it.
fn same_policy(policy: &Policy, given: PinnedPolicy) -> Result<(), Refusal> {
    let pinned = policy.pin().map_err(|_| Refusal::OtherPolicy {
        found: given.digest,
        pinned: Sha256::ZERO,
    })?;
    if given.version > pinned.version {
        return Err(Refusal::NewerPolicy {
            found: given.version,
            pinned: pinned.version,
        });
    }
    let is_previous = given.version + 1 == pinned.version && policy.previous == Some(given.digest);
    if given == pinned || is_previous {
        return Ok(());
    }
    Err(Refusal::OtherPolicy {
        found: given.digest,
        pinned: pinned.digest,
    })
}

fn vouched(question: &Question<'_>, evidence: &Evidence, name: &str) -> Result<Voice, No> {
    let policy = question.policy;
    if evidence.format != evidence::FORMAT {
        return Err(Refusal::Evidence.into());
    }
    if policy.repository.as_deref() != Some(evidence.repository.as_str()) {
        return Err(Refusal::OtherRepository.into());
    }
    let owner = policy.people.iter().find(|person| {
        let mut accounts = person.accounts.iter();
        accounts.any(|account| account.id == evidence.account)
    });
    let Some(person) = owner else {
        return Err(Refusal::UnknownAccount {
            login: shown(&evidence.login),
            account: evidence.account,
        }
        .into());
    };
    let no = |refusal| No {
        person: Some(person.name.clone()),
        refusal,
    };
    let commit = question.subject.plan.commit.as_deref();
    if !evidence::binds(&evidence.deed, question.subject.digest, commit) {
        return Err(no(Refusal::Unbound));
    }
    if evidence.decision == Decision::Reject {
        return Ok(Voice::No(Rejected {
            person: person.name.clone(),
            record: name.to_owned(),
            comment: None,
        }));
    }
    if evidence.at > question.now.plus_seconds(SKEW) {
        return Err(no(Refusal::FromTheFuture {
            issued: evidence.at,
        }));
    }
    let bytes = evidence.to_bytes().map_err(|_| no(Refusal::Evidence))?;
    Ok(Voice::Yes(Accepted {
        person: person.name.clone(),
        record: name.to_owned(),
        kind: evidence.kind(),
        grade: ApprovalGrade::Vouched,
        issued: evidence.at,
        expires: None,
        comment: None,
        digest: Sha256::of(&bytes),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }))
}

fn grade(presence: Presence, key: &Key) -> ApprovalGrade {
    match presence {
        // A PIN without a touch is no more than a signature: malware can keep a PIN.
        Presence {
            touched: true,
            verified: true,
            ..
        } if key.kind().is_hardware() => ApprovalGrade::Verified,
        Presence { touched: true, .. } if key.kind().is_hardware() => ApprovalGrade::Touched,
        Presence { .. } => ApprovalGrade::Signed,
    }
}

fn time(seconds: u64) -> Timestamp {
    Timestamp::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// A text of a record within a message.
fn shown(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect()
}
