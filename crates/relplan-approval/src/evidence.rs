//! Approvals that were given at GitHub: a review, a label, an environment. A weaker kind.
//!
//! Nothing here is signed by a person. Such an approval is GitHub's word that an account clicked, and whoever can
//! administer the repository, or holds a token of that account, can bring that word about. So it counts only where the
//! policy accepts it, only as `vouched`, never where touch or PIN is asked for, and only if whoever verifies has asked
//! GitHub themselves: evidence that arrives as a file is refused.

use relplan_model::{
    canonical::{self, CanonicalError},
    digest::Sha256,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{policy::Kind, statement::Decision};

/// The format name that evidence carries in the journal.
pub const FORMAT: &str = "relplan.evidence/1";

/// One thing that GitHub says somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evidence {
    /// Always [`FORMAT`].
    pub format: String,
    /// The repository, `owner/name`.
    pub repository: String,
    /// The account's login, for people.
    pub login: String,
    /// The account's number, which counts.
    pub account: u64,
    /// The event's id at GitHub.
    pub event: u64,
    /// When it was done, by GitHub's clock.
    pub at: Timestamp,
    /// Yes or no.
    pub decision: Decision,
    /// What was done.
    pub deed: Deed,
}

/// What somebody did, with what it binds to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A review of a pull request. It binds to a commit, not to bytes.
    #[serde(rename_all = "kebab-case")]
    Review {
        /// The pull request.
        pull_request: u64,
        /// The commit that was reviewed.
        commit: String,
    },
    /// A label on an issue that requests a release. It binds to what the issue said when the label was put on.
    #[serde(rename_all = "kebab-case")]
    Label {
        /// The issue.
        issue: u64,
        /// The label.
        label: String,
        /// The plan's digest as the issue named it at that moment.
        plan: Sha256,
    },
    /// A deployment that was let pass. It binds to a commit, not to bytes.
    #[serde(rename_all = "kebab-case")]
    Environment {
        /// The environment.
        environment: String,
        /// The workflow run.
        run: u64,
        /// The commit that was to be deployed.
        commit: String,
    },
}

impl Evidence {
    /// The kind of approval that it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.deed {
            Deed::Review { .. } => Kind::GithubReview,
            Deed::Label { .. } => Kind::GithubLabel,
            Deed::Environment { .. } => Kind::GithubEnvironment,
        }
    }

    /// Its only spelling, as the journal keeps it.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }
}

/// Whether an evidence of this kind is about the plan: by its digest, or by the commit that it was made at.
pub(crate) fn binds(deed: &Deed, plan: Sha256, commit: Option<&str>) -> bool {
    match deed {
        Deed::Label { plan: named, .. } => *named == plan,
        Deed::Review { commit: at, .. } | Deed::Environment { commit: at, .. } => {
            // A shortened commit would name several.
            at.len() >= 40 && commit == Some(at.as_str())
        }
    }
}
