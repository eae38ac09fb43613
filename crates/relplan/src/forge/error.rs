//! What may go wrong between relplan and GitHub, and how the process then ends.
//!
//! Invariant: no text of these errors holds a token (law L11); what a server said is quoted only after [`Token::tidy`].
//!
//! [`Token::tidy`]: super::token::Token::tidy

use super::place::Repository;
use crate::{exit::Exit, failure::Failure, view::style::span};

/// Why a pull request could not be reported to.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// No token in the environment.
    #[error("there is no token to write the comment with")]
    NoToken,
    /// A token that cannot be sent.
    #[error(
        "the value of {variable} cannot be a token: it holds spaces, line ends or other characters that HTTP does not carry"
    )]
    NotAToken {
        /// Where it came from.
        variable: &'static str,
    },
    /// The API's URL is none, or a token must not be sent there.
    #[error("GITHUB_API_URL {reason}")]
    Api {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The client could not be set up.
    #[error("the HTTP client cannot be set up: {detail}")]
    Setup {
        /// What it said.
        detail: String,
    },
    /// No answer came.
    #[error("{what}: no answer came from GitHub: {detail}")]
    NoAnswer {
        /// What was asked.
        what: String,
        /// The cause.
        detail: String,
    },
    /// GitHub had a fault of its own, more than once.
    #[error("{what}: GitHub answered {status}, also when asked again")]
    Unavailable {
        /// What was asked.
        what: String,
        /// The last status.
        status: u16,
    },
    /// A rate limit that lasts longer than relplan waits.
    #[error("{what}: the token's rate limit is used up for another {}", span(*.seconds))]
    RateLimited {
        /// What was asked.
        what: String,
        /// Seconds until it is lifted.
        seconds: u64,
    },
    /// The token was not accepted at all.
    #[error("{what}: GitHub does not accept the token")]
    Unauthorized {
        /// What was asked.
        what: String,
    },
    /// The token may not do this.
    #[error("{what}: the token may not do that; GitHub says: {message}")]
    Forbidden {
        /// What was asked.
        what: String,
        /// GitHub's words.
        message: String,
    },
    /// Not there, or not to be seen with this token: GitHub answers both alike.
    #[error("{what}: GitHub shows no such thing to this token")]
    NotFound {
        /// What was asked.
        what: String,
    },
    /// The conversation is locked.
    #[error("{what}: the conversation is locked")]
    Locked {
        /// What was asked.
        what: String,
    },
    /// Any other answer.
    #[error("{what}: GitHub answered {status}: {message}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// An answer that is not what GitHub documents.
    #[error("{what}: the answer cannot be read: {detail}")]
    Unreadable {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// More pages than any pull request has.
    #[error("{what}: there is no end to the pages")]
    Endless {
        /// What was asked.
        what: String,
    },
    /// Whose comments the token's are could not be found out.
    #[error("GitHub does not tell whose comments this token writes")]
    NoIdentity,
    /// The workflow run is about a commit that no open pull request ends with.
    #[error(
        "no open pull request of {repository} ends with the commit {commit} of the workflow run"
    )]
    MovedOn {
        /// Where it was looked for.
        repository: Repository,
        /// The commit.
        commit: String,
    },
    /// The workflow run is about a commit that several pull requests end with.
    #[error("several open pull requests of {repository} end with the commit {commit}")]
    Several {
        /// Where they are.
        repository: Repository,
        /// The commit.
        commit: String,
    },
    /// The comment was written, or not: every answer was lost.
    #[error(
        "the comment may have been written or not: all answers were lost, the last with {detail}"
    )]
    Lost {
        /// What the last attempt met.
        detail: String,
    },
}

impl ForgeError {
    /// How the process ends.
    fn exit(&self) -> Exit {
        match self {
            Self::NoToken
            | Self::NotAToken { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Locked { .. } => Exit::Credential,
            Self::Api { .. } | Self::Several { .. } => Exit::Usage,
            Self::MovedOn { .. } => Exit::Stale,
            Self::Setup { .. }
            | Self::NoAnswer { .. }
            | Self::Unavailable { .. }
            | Self::RateLimited { .. }
            | Self::Unexpected { .. }
            | Self::Unreadable { .. }
            | Self::Endless { .. }
            | Self::NoIdentity
            | Self::Lost { .. } => Exit::Internal,
        }
    }

    /// What to do about it.
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoToken => {
                "set GITHUB_TOKEN (or GH_TOKEN); in GitHub Actions: env: { GITHUB_TOKEN: \"${{ github.token }}\" }"
            }
            Self::NotAToken { .. } => "set it to the token alone, without a line end",
            Self::Unauthorized { .. } => "it may have expired, or be another server's",
            Self::Forbidden { .. } => {
                "the permission that is missing is `pull-requests: write`; runs of pull requests from forks never get it, so let them save the plan, and write the comment from a second workflow with `relplan show PLAN --comment`"
            }
            Self::NotFound { .. } => {
                "look at the repository's name and the pull request's number; a token without `pull-requests: write` on a private repository is told the same"
            }
            Self::Locked { .. } => "unlock it, or run without --comment",
            Self::Api { .. } => {
                "it is set by GitHub Actions; elsewhere leave it unset, or set it to https://HOST/api/v3"
            }
            Self::NoAnswer { .. } | Self::Unavailable { .. } | Self::RateLimited { .. } => {
                "the plan is unharmed; write the comment later with `relplan show PLAN --comment`"
            }
            Self::Lost { .. } => {
                "run it again: it looks before it writes, so no second comment appears"
            }
            Self::MovedOn { .. } => {
                "the pull request has newer commits or is closed; the plan is no longer about it"
            }
            Self::Several { .. } => "say which one with --pr",
            Self::Setup { .. }
            | Self::Unexpected { .. }
            | Self::Unreadable { .. }
            | Self::Endless { .. }
            | Self::NoIdentity => return None,
        })
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        let failure = Self::of(error.exit(), &error).while_doing("the comment was not written");
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
