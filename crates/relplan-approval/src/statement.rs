//! What a person signs: an in-toto Statement v1 that names one plan by digest, and says yes or no to it.
//!
//! Invariant: a statement has one spelling, and whatever could be replayed elsewhere is inside what is signed: the plan,
//! the journal that it starts from, the policy, the place, the person and the time.

use relplan_model::{
    approval::PinnedPolicy,
    canonical::{self, CanonicalError},
    digest::{Sha256, unhex},
    plan::Base,
};
use serde::{Deserialize, Serialize};

/// The type of every statement (in-toto attestation framework, Statement v1).
pub const TYPE: &str = "https://in-toto.io/Statement/v1";

/// The type of an approval's predicate.
pub const PREDICATE: &str = "https://github.com/relplan/relplan/approval/v1";

/// The namespace under which approvals are signed. A signature made for `git`, for files or for anything else is none.
pub const NAMESPACE: &str = "relplan-approval";

/// The longest statement that is read, in bytes.
pub const MAX_SIZE: usize = 16 << 10;

/// The longest comment, in bytes.
pub const MAX_COMMENT: usize = 1_000;

/// A statement about one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always [`TYPE`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// The plan, and nothing else.
    pub subject: Vec<Subject>,
    /// Always [`PREDICATE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of it.
    pub predicate: Predicate,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Always `plan`.
    pub name: String,
    /// Its digest.
    pub digest: SubjectDigest,
}

/// A digest as in-toto writes it: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDigest {
    /// SHA-256.
    pub sha256: String,
}

/// What an approval says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// Yes or no.
    pub decision: Decision,
    /// Who says it, as the policy names them.
    pub principal: String,
    /// For which place.
    pub audience: String,
    /// The journal that the plan was made on: its approvers witness what it holds.
    pub base: Base,
    /// The policy that was before the person's eyes.
    pub policy: PinnedPolicy,
    /// When it was said, in seconds since the Unix epoch, by the person's clock.
    pub issued: u64,
    /// When it ceases to count, in seconds since the Unix epoch.
    pub expires: u64,
    /// 32 hexadecimal digits, so that no two records are the same.
    pub nonce: String,
    /// What the person wants to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No. One is enough, whatever others say.
    Reject,
}

/// Why a text is not a statement of ours.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is not canonical JSON of a statement's shape.
    #[error("the statement cannot be read")]
    Canonical(#[from] CanonicalError),
    /// It is about something else, or says something that no statement says.
    #[error("{0}")]
    Foreign(&'static str),
}

impl Statement {
    /// The statement about a plan.
    #[must_use]
    pub fn of(plan: Sha256, predicate: Predicate) -> Self {
        Self {
            kind: TYPE.to_owned(),
            subject: vec![Subject {
                name: "plan".to_owned(),
                digest: SubjectDigest { sha256: plan.hex() },
            }],
            predicate_type: PREDICATE.to_owned(),
            predicate,
        }
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn to_text(&self) -> Result<String, CanonicalError> {
        let bytes = canonical::to_bytes(self)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads a statement; any other spelling of it is refused.
    ///
    /// # Errors
    /// When the text is not a statement about one plan in its canonical form.
    pub fn from_text(text: &str) -> Result<Self, StatementError> {
        let statement: Self = canonical::from_bytes(text.as_bytes(), MAX_SIZE)?;
        let foreign = |why| Err(StatementError::Foreign(why));
        if statement.kind != TYPE {
            return foreign("it is not an in-toto Statement v1");
        }
        if statement.predicate_type != PREDICATE {
            return foreign("its predicate is not a relplan approval v1");
        }
        if statement.plan().is_none() {
            return foreign("its subject is not one plan");
        }
        let predicate = &statement.predicate;
        let is_nonce = predicate.nonce.len() == 32 && unhex(&predicate.nonce).is_some();
        if !is_nonce {
            return foreign("its nonce is not 32 hexadecimal digits");
        }
        if predicate.expires <= predicate.issued {
            return foreign("it ends before it begins");
        }
        let comment = predicate.comment.as_deref().unwrap_or("none");
        if comment.is_empty() || comment.len() > MAX_COMMENT {
            return foreign("its comment is empty or too long");
        }
        Ok(statement)
    }

    /// The digest of the plan that it is about.
    #[must_use]
    pub fn plan(&self) -> Option<Sha256> {
        match self.subject.as_slice() {
            [only] if only.name == "plan" => format!("sha256:{}", only.digest.sha256).parse().ok(),
            _ => None,
        }
    }
}
