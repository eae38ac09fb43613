//! Replacing a policy: a new root is signed by the thresholds of both the old one and the new one, versions follow one
//! another, and no step is left out (as TUF rotates its root, section 5.3 of its specification).
//!
//! Why both: the old people say that they hand over, and the new ones prove that they are there.

use std::collections::BTreeSet;

pub use relplan_model::approval::record::{
    MAX_ROTATION as MAX_SIZE, ROTATION as FORMAT, Rotation, RotationSignature,
};
use relplan_model::{
    approval::PinnedPolicy,
    canonical::{self, CanonicalError},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    policy::{Policy, PolicyError, Root},
    record::verify_signature,
    verify::key_counts,
};

/// The namespace under which rotations are signed: an approval of a plan is never one of a policy.
pub const NAMESPACE: &str = "relplan-policy";

/// The type of a rotation's predicate.
pub const PREDICATE: &str = "https://github.com/relplan/relplan/policy-rotation/v1";

/// What is signed: an in-toto Statement that names the new policy, and the old one that it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    predicate: Predicate,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<crate::statement::Subject>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    follows: PinnedPolicy,
    version: u64,
}

/// Why a policy may not be replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// A policy has no canonical form.
    #[error("a policy cannot be digested")]
    Canonical(#[from] CanonicalError),
    /// One of its policies cannot be read.
    #[error("the {which} policy of the rotation is not valid")]
    Policy {
        /// `old` or `new`.
        which: &'static str,
        /// Why.
        #[source]
        source: PolicyError,
    },
    /// It does not begin at the policy that is trusted.
    #[error("the rotation begins at another policy than the one that is trusted")]
    OtherBeginning,
    /// A version is left out, or goes back.
    #[error("version {to} does not directly follow version {from}")]
    Version {
        /// The old version.
        from: u64,
        /// The new one.
        to: u64,
    },
    /// The new policy does not say which one it follows.
    #[error("the new policy does not name the old one as `previous`")]
    Previous,
    /// The project changes.
    #[error("the new policy is for another project or another audience")]
    Project,
    /// There is no root.
    #[error(
        "the {which} policy has no `root`, so nobody can replace it by signing: pin the new one by hand"
    )]
    NoRoot {
        /// `old` or `new`.
        which: &'static str,
    },
    /// The new policy has expired.
    #[error("the new policy has expired")]
    Expired,
    /// Too few signed.
    #[error(
        "the {which} root is short of {missing} of {threshold} signatures: {}",
        if awaited.is_empty() { "nobody is left who could sign".to_owned() } else { format!("they can come from {}", awaited.join(", ")) }
    )]
    Short {
        /// `old` or `new`.
        which: &'static str,
        /// How many are missing.
        missing: u64,
        /// How many it takes.
        threshold: u64,
        /// Who could still sign.
        awaited: Vec<String>,
    },
}

/// A rotation that nobody has signed yet.
///
/// # Errors
/// When a policy has no canonical form.
pub fn unsigned(from: &Policy, to: &Policy) -> Result<Rotation, CanonicalError> {
    let text = |policy: &Policy| {
        let bytes = policy.to_bytes()?;
        Ok::<_, CanonicalError>(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Rotation {
        format: FORMAT.to_owned(),
        from: text(from)?,
        to: text(to)?,
        signatures: Vec::new(),
    })
}

/// A rotation's two policies.
///
/// # Errors
/// When one of them is not valid.
pub fn policies(rotation: &Rotation) -> Result<(Policy, Policy), RotationError> {
    let read = |which, text: &str| {
        Policy::from_bytes(text.as_bytes())
            .map_err(|source| RotationError::Policy { which, source })
    };
    Ok((read("old", &rotation.from)?, read("new", &rotation.to)?))
}

/// The text that people sign.
///
/// # Errors
/// When a policy has no canonical form.
pub fn statement(from: &Policy, to: &Policy) -> Result<String, CanonicalError> {
    let new = to.pin()?;
    let statement = Statement {
        kind: crate::statement::TYPE.to_owned(),
        predicate: Predicate {
            follows: from.pin()?,
            version: new.version,
        },
        predicate_type: PREDICATE.to_owned(),
        subject: vec![crate::statement::Subject {
            name: "policy".to_owned(),
            digest: crate::statement::SubjectDigest {
                sha256: new.digest.hex(),
            },
        }],
    };
    let bytes = canonical::to_bytes(&statement)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Follows a chain of rotations from a trusted policy, and returns the policy at its end.
///
/// # Errors
/// Why one of the steps may not be taken.
pub fn follow(
    trusted: PinnedPolicy,
    chain: &[Rotation],
    now: Timestamp,
) -> Result<Option<Policy>, RotationError> {
    let (mut at, mut last) = (trusted, None);
    for rotation in chain {
        let (from, to) = policies(rotation)?;
        if from.pin()? != at {
            return Err(RotationError::OtherBeginning);
        }
        verify(rotation, &from, &to, now)?;
        at = to.pin()?;
        last = Some(to);
    }
    Ok(last)
}

/// Whether one step may be taken.
///
/// # Errors
/// Why not.
pub fn verify(
    rotation: &Rotation,
    from: &Policy,
    to: &Policy,
    now: Timestamp,
) -> Result<(), RotationError> {
    let old = from.pin()?;
    if to.version != from.version + 1 {
        return Err(RotationError::Version {
            from: from.version,
            to: to.version,
        });
    }
    if to.previous != Some(old.digest) {
        return Err(RotationError::Previous);
    }
    if (&to.project, &to.audience) != (&from.project, &from.audience) {
        return Err(RotationError::Project);
    }
    // The old one may have expired: people notice that a policy must be replaced when it has.
    if to.expires.is_some_and(|expires| now >= expires) {
        return Err(RotationError::Expired);
    }
    let statement = self::statement(from, to)?;
    for (which, policy) in [("old", from), ("new", to)] {
        let Some(root) = &policy.root else {
            return Err(RotationError::NoRoot { which });
        };
        let signers = signers(rotation, &statement, policy, root, now);
        let signed = u64::try_from(signers.len()).unwrap_or(u64::MAX);
        if signed < root.threshold {
            let awaited = root
                .of
                .iter()
                .filter(|name| !signers.contains(name.as_str()))
                .cloned()
                .collect();
            return Err(RotationError::Short {
                which,
                missing: root.threshold - signed,
                threshold: root.threshold,
                awaited,
            });
        }
    }
    Ok(())
}

/// The different people of a root whose signature counts.
fn signers<'p>(
    rotation: &Rotation,
    statement: &str,
    policy: &'p Policy,
    root: &Root,
    now: Timestamp,
) -> BTreeSet<&'p str> {
    let mut people = BTreeSet::new();
    for record in rotation.signatures.iter().take(crate::verify::MOST_RECORDS) {
        if record.statement != statement {
            continue;
        }
        let Ok((key, _)) =
            verify_signature(NAMESPACE, record.statement.as_bytes(), &record.signature)
        else {
            continue;
        };
        if let Some((person, own)) = policy.owner(&key)
            && root.of.contains(&person.name)
            && key_counts(policy, own, now).is_ok()
        {
            people.insert(person.name.as_str());
        }
    }
    people
}
