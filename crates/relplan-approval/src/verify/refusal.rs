//! Why a record does not count. Each reason has a code for scripts and words for the person whose yes was refused.

use relplan_model::{digest::Sha256, time::Timestamp};

use crate::{
    key::KeyError, policy::Kind, record::RecordError, signature::SignatureError,
    statement::StatementError,
};

/// Why a record, or one approval under one rule, does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is no record.
    #[error("it is no usable approval record: {}", chain(.0))]
    Record(RecordError),
    /// What was signed is no statement of ours.
    #[error("what was signed is not an approval: {}", chain(.0))]
    Statement(StatementError),
    /// It is about another plan.
    #[error("it is for the plan {}, not for this one", found.short())]
    OtherPlan {
        /// The plan that it names.
        found: Sha256,
    },
    /// Its signature does not count.
    #[error("{0}")]
    Signature(SignatureError),
    /// Nobody has this key.
    #[error("the key {fingerprint} belongs to nobody in the policy")]
    UnknownKey {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// Somebody else's name is on it.
    #[error("it says that it comes from {said}, and the key is that of {is}")]
    Principal {
        /// The name in the statement, cut.
        said: String,
        /// Whose key it is.
        is: String,
    },
    /// The key is revoked.
    #[error("its key is revoked since {since}")]
    Revoked {
        /// Since when.
        since: Timestamp,
    },
    /// The key is not valid yet.
    #[error("its key counts only from {from} on")]
    KeyTooEarly {
        /// From when on.
        from: Timestamp,
    },
    /// The key is not valid any more.
    #[error("its key counted only until {until}")]
    KeyExpired {
        /// Until when.
        until: Timestamp,
    },
    /// It is for another place.
    #[error("it is for {said:?}, and this is {here:?}")]
    Audience {
        /// What it is for, cut.
        said: String,
        /// What this is.
        here: String,
    },
    /// It names another state of the journal than the plan.
    #[error("it was given on another state of the journal than the plan was made on")]
    Base,
    /// It was given under another policy.
    #[error("it was given under another policy ({}) than the one that is pinned here ({})", found.short(), pinned.short())]
    OtherPolicy {
        /// That one.
        found: Sha256,
        /// The pinned one.
        pinned: Sha256,
    },
    /// It was given under a newer policy: whoever verifies has fallen behind, or was put back.
    #[error(
        "it was given under version {found} of the policy, and version {pinned} is pinned here: the pinned one is out of date"
    )]
    NewerPolicy {
        /// Its version.
        found: u64,
        /// The pinned version.
        pinned: u64,
    },
    /// Its clock is ahead.
    #[error("it was issued at {issued}, which is in the future")]
    FromTheFuture {
        /// When it says that it was issued.
        issued: Timestamp,
    },
    /// It has expired.
    #[error("it expired at {expires}")]
    Expired {
        /// When.
        expires: Timestamp,
    },
    /// The account belongs to nobody.
    #[error("the account {login} (number {account}) belongs to nobody in the policy")]
    UnknownAccount {
        /// Its login, cut.
        login: String,
        /// Its number.
        account: u64,
    },
    /// It was done in another repository.
    #[error("it was done in another repository than the policy names")]
    OtherRepository,
    /// It does not bind to the plan.
    #[error("it is about another commit, or another plan")]
    Unbound,
    /// The evidence is not of this format.
    #[error("it is not evidence of a format that is known here")]
    Evidence,
    /// The rule wants a touch.
    #[error("the security key was not touched, or there was none")]
    NoTouch,
    /// The rule wants a PIN.
    #[error("the security key did not ask for its PIN or a fingerprint")]
    NoPin,
    /// It is too old for the rule.
    #[error("it is older than the rule takes")]
    TooOld,
    /// The person asked for the release.
    #[error("whoever asks for a release cannot approve it under this rule")]
    Requester,
    /// The plan does not say who asked for it.
    #[error("the plan does not say who asked for it, and this rule excludes them")]
    NoRequester,
    /// The rule takes no such approvals.
    #[error("the rule takes no approvals of the kind {kind}")]
    Kind {
        /// The kind.
        kind: Kind,
    },
}

impl Refusal {
    /// A stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Record(_) => "not-a-record",
            Self::Statement(_) => "not-a-statement",
            Self::OtherPlan { .. } => "other-plan",
            Self::Signature(error) => match error {
                SignatureError::Unreadable => "not-a-signature",
                SignatureError::Namespace { .. } => "namespace",
                SignatureError::Hash { .. } => "hash",
                SignatureError::Key(KeyError::Certificate { .. }) => "certificate",
                SignatureError::Key(_) => "key-type",
                SignatureError::Algorithm => "algorithm",
                SignatureError::Wrong => "signature",
            },
            Self::UnknownKey { .. } => "unknown-key",
            Self::Principal { .. } => "principal",
            Self::Revoked { .. } => "revoked",
            Self::KeyTooEarly { .. } => "key-too-early",
            Self::KeyExpired { .. } => "key-expired",
            Self::Audience { .. } => "audience",
            Self::Base => "base",
            Self::OtherPolicy { .. } => "other-policy",
            Self::NewerPolicy { .. } => "newer-policy",
            Self::FromTheFuture { .. } => "future",
            Self::Expired { .. } => "expired",
            Self::UnknownAccount { .. } => "unknown-account",
            Self::OtherRepository => "other-repository",
            Self::Unbound => "unbound",
            Self::Evidence => "not-evidence",
            Self::NoTouch => "no-touch",
            Self::NoPin => "no-pin",
            Self::TooOld => "too-old",
            Self::Requester => "requester",
            Self::NoRequester => "no-requester",
            Self::Kind { .. } => "kind",
        }
    }
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
