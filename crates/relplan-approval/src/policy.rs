//! The policy: who may say yes to what, and how many of them it takes. A value with one spelling and a digest.
//!
//! Invariant: a policy that exists has passed [`check`], whichever way it came: it names each key once, for one person;
//! each rule can be met by the people that it names.
//!
//! Why a canonical form beside the text: approvals name the policy's digest, and a comment or another order of lines in
//! the text must not make them worthless.

mod check;
mod grammar;
mod read;

use relplan_model::{
    approval::PinnedPolicy,
    canonical::{self, CanonicalError},
    digest::Sha256,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

pub use self::{check::Flaw, read::parse};
use crate::{key::Key, pattern::Pattern};

/// The format name that a policy's canonical form carries.
pub const FORMAT: &str = "relplan.policy/1";

/// The largest canonical policy that is read, in bytes.
pub const MAX_SIZE: usize = 512 << 10;

/// Who may say yes to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Always [`FORMAT`].
    pub format: String,
    /// Its version: one more than that of the policy that it follows.
    pub version: u64,
    /// The project that it is for, as the spec names it.
    pub project: String,
    /// What approvals must name as the place that they are for.
    pub audience: String,
    /// The repository at GitHub whose reviews, labels and environments may count, `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// When it ceases to allow anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The digest of the policy that it follows. Approvals that were given under that one still count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Sha256>,
    /// The people, in order of name.
    pub people: Vec<Person>,
    /// Who may replace the policy; `None`: nobody can by signing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// What it takes, in order of name.
    pub rules: Vec<Rule>,
    /// Keys that count no more, in order of fingerprint.
    pub revoked: Vec<Revocation>,
}

/// Somebody who may say yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Person {
    /// The name, such as an e-mail address.
    pub name: String,
    /// Their keys.
    pub keys: Vec<RosterKey>,
    /// Their accounts.
    pub accounts: Vec<Account>,
}

/// A key of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RosterKey {
    /// The key.
    pub key: Key,
    /// From when on it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_after: Option<Timestamp>,
    /// Until when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_before: Option<Timestamp>,
}

/// An account of a person at a forge. The number counts: logins can be given up and taken by others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Account {
    /// The login.
    pub login: String,
    /// The account's number.
    pub id: u64,
}

/// Who may replace the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Root {
    /// How many different people it takes.
    pub threshold: u64,
    /// The people, in order.
    pub of: Vec<String>,
}

/// What it takes for some of a plan's effects. Every rule that matches an effect must be met; an effect that no rule
/// matches is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The targets; all of them, if empty.
    pub targets: Vec<Pattern>,
    /// The packages; all of them, if empty.
    pub packages: Vec<Pattern>,
    /// The versions; all of them, if empty.
    pub versions: Vec<Pattern>,
    /// Whether it is about prereleases alone, or about releases alone; about both, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prerelease: Option<bool>,
    /// What is done: `publish`, `point`, `unpoint`, `yank`, `deprecate`; all of it, if empty.
    pub actions: Vec<String>,
    /// How many different people must say yes; 0: nobody.
    pub threshold: u64,
    /// The people whose yes counts, in order.
    pub of: Vec<String>,
    /// Whether a security key must have been touched.
    pub touch: bool,
    /// Whether the security key must have asked for its PIN or a fingerprint.
    pub pin: bool,
    /// Whether the yes of who asked for the release does not count.
    pub not_requester: bool,
    /// How old a yes may be, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
    /// Which kinds of approvals count; never empty.
    pub accept: Vec<Kind>,
}

/// Where an approval comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An SSH key signed the plan's digest.
    Ssh,
    /// GitHub says that a person approved a pull request at the plan's commit.
    GithubReview,
    /// GitHub says that a person put a label on a request issue that names the plan's digest.
    GithubLabel,
    /// GitHub says that a person let a deployment of the plan's commit pass.
    GithubEnvironment,
}

impl Kind {
    /// All of them, with the word that policies use.
    pub(crate) const WORDS: [(&'static str, Self); 4] = [
        ("ssh", Self::Ssh),
        ("github-review", Self::GithubReview),
        ("github-label", Self::GithubLabel),
        ("github-environment", Self::GithubEnvironment),
    ];
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = Self::WORDS.iter().find(|(_, kind)| kind == self);
        f.pad(word.map_or("", |(word, _)| word))
    }
}

/// A key that counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Revocation {
    /// Its fingerprint, as `ssh-keygen -l` prints it.
    pub key: String,
    /// From when on nothing that it signed counts, however early it was signed: a thief can date back.
    pub since: Timestamp,
}

/// Why bytes are not a policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// They are not canonical JSON of a policy's shape.
    #[error("the policy cannot be read")]
    Canonical(#[from] CanonicalError),
    /// They say something that no policy may say.
    #[error("the policy cannot be: {0}")]
    Flaw(#[from] Flaw),
}

impl Policy {
    /// The policy's only spelling.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a policy in its canonical form.
    ///
    /// # Errors
    /// When the bytes are not that form, or say what no policy may say.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        let policy: Self = canonical::document_from_bytes(bytes, MAX_SIZE, FORMAT)?;
        check::check(&policy)?;
        Ok(policy)
    }

    /// Its version and the digest of its canonical form.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn pin(&self) -> Result<PinnedPolicy, CanonicalError> {
        Ok(PinnedPolicy {
            version: self.version,
            digest: Sha256::of(&self.to_bytes()?),
        })
    }

    /// The person with this name.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name == name)
    }

    /// Whose key this is.
    #[must_use]
    pub fn owner(&self, key: &Key) -> Option<(&Person, &RosterKey)> {
        self.people.iter().find_map(|person| {
            let found = person
                .keys
                .iter()
                .find(|own| own.key.data() == key.data())?;
            Some((person, found))
        })
    }

    /// Since when a key counts no more, if it is revoked.
    #[must_use]
    pub fn revoked_since(&self, key: &Key) -> Option<Timestamp> {
        let fingerprint = key.fingerprint();
        self.revoked
            .iter()
            .find(|revoked| revoked.key == fingerprint)
            .map(|revoked| revoked.since)
    }
}
