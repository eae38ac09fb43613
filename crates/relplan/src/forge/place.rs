//! Which repository and pull request a comment goes to: as typed, else as GitHub Actions tells by its variables and the
//! event's file.
//!
//! Source: the contexts and webhook payloads of GitHub Actions; `workflow_run.pull_requests` is empty for forks.

use std::{fmt, path::Path};

use relplan_system::tree::{self, ReadError};
use relplan_targets::surroundings::Surroundings;
use serde::Deserialize;

use crate::arguments::Report;

/// The largest event that is read, in bytes; GitHub's own bound for a payload.
const MAX_EVENT: u64 = 25 << 20;

/// A repository's owner and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The user or organisation.
    pub owner: String,
    /// The name.
    pub name: String,
}

impl Repository {
    /// Reads `owner/name`; anything that is not made of the characters that GitHub allows is refused, since it goes
    /// into paths.
    fn parse(text: &str) -> Option<Self> {
        let sound = |part: &str| {
            !part.is_empty()
                && part.chars().any(|c| c != '.')
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        let (owner, name) = text.split_once('/')?;
        (sound(owner) && sound(name)).then(|| Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Which pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullRequest {
    /// The one with this number.
    Number(u64),
    /// The open one from this branch that ends with this commit: all that a `workflow_run` tells about a fork.
    Head {
        /// The owner of the repository that the branch is in.
        owner: String,
        /// The branch.
        branch: String,
        /// The commit.
        commit: String,
    },
}

/// A pull request of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The repository.
    pub repository: Repository,
    /// The pull request.
    pub pull_request: PullRequest,
}

/// Why there is no place for a comment.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// No repository was named, and this is no run of GitHub Actions.
    #[error("--comment needs to know the repository")]
    Repository,
    /// A repository's name that is none.
    #[error("{given:?} is not a repository")]
    NotARepository {
        /// What was given.
        given: String,
    },
    /// No pull request was named, and this is no run of GitHub Actions for that repository.
    #[error("--comment needs to know the pull request")]
    PullRequest,
    /// The run is not about a pull request.
    #[error("this run of GitHub Actions is not about a pull request, but about {event:?}")]
    OtherEvent {
        /// The event's name.
        event: String,
    },
    /// The event's file.
    #[error("the event's file, GITHUB_EVENT_PATH, cannot be read")]
    Event(#[source] EventError),
}

impl NoPlace {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Repository | Self::PullRequest => {
                "outside of GitHub Actions say both: --repo owner/name --pr 123"
            }
            Self::NotARepository { .. } => "write it as owner/name",
            Self::OtherEvent { .. } => {
                "run this step for pull requests alone (if: github.event_name == 'pull_request'), or say which one with --pr"
            }
            Self::Event(_) => "it is written by GitHub Actions; say the pull request with --pr",
        }
    }
}

/// Why an event's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its content.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Finds the place.
///
/// # Errors
/// When something is not said, or not as GitHub would write it.
pub fn find(report: &Report, surroundings: &Surroundings) -> Result<Place, NoPlace> {
    let here = surroundings.var("GITHUB_REPOSITORY");
    let named = report.repo.as_deref().or(here).ok_or(NoPlace::Repository)?;
    let repository = Repository::parse(named).ok_or_else(|| NoPlace::NotARepository {
        given: named.to_owned(),
    })?;
    let pull_request = match report.pr {
        Some(number) => PullRequest::Number(number),
        None if here.is_some_and(|here| here.eq_ignore_ascii_case(named)) => of_run(surroundings)?,
        None => return Err(NoPlace::PullRequest),
    };
    Ok(Place {
        repository,
        pull_request,
    })
}

fn of_run(surroundings: &Surroundings) -> Result<PullRequest, NoPlace> {
    if let Some(path) = surroundings.var("GITHUB_EVENT_PATH") {
        let event = read(path).map_err(NoPlace::Event)?;
        if let Some(found) = event.pull_request() {
            return Ok(found);
        }
    }
    let of_ref = surroundings.var("GITHUB_REF").and_then(|name| {
        name.strip_prefix("refs/pull/")?
            .split_once('/')?
            .0
            .parse()
            .ok()
    });
    match of_ref {
        Some(number) => Ok(PullRequest::Number(number)),
        None => match surroundings.var("GITHUB_EVENT_NAME") {
            Some(event) => Err(NoPlace::OtherEvent {
                event: event.to_owned(),
            }),
            None => Err(NoPlace::PullRequest),
        },
    }
}

fn read(path: &str) -> Result<Event, EventError> {
    let bytes = tree::read_named(Path::new(path), MAX_EVENT)?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[derive(Deserialize)]
struct Event {
    pull_request: Option<Numbered>,
    issue: Option<Issue>,
    workflow_run: Option<WorkflowRun>,
    repository: Option<Known>,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
    base: Option<Base>,
}

#[derive(Deserialize)]
struct Base {
    repo: Option<Known>,
}

#[derive(Deserialize, PartialEq, Eq)]
struct Known {
    id: u64,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    /// Present when the issue is a pull request.
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct WorkflowRun {
    event: String,
    head_branch: Option<String>,
    head_sha: String,
    head_repository: Option<Fork>,
    #[serde(default)]
    pull_requests: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Fork {
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

impl Event {
    fn pull_request(self) -> Option<PullRequest> {
        if let Some(pull_request) = self.pull_request {
            return Some(PullRequest::Number(pull_request.number));
        }
        if let Some(issue) = self.issue.filter(|issue| issue.pull_request.is_some()) {
            return Some(PullRequest::Number(issue.number));
        }
        let run = self.workflow_run?;
        if !run.event.starts_with("pull_request") {
            return None;
        }
        // A run's list may name pull requests of other repositories that the same branch is in.
        let ours = |other: &&Numbered| {
            let base = other.base.as_ref().and_then(|base| base.repo.as_ref());
            base.is_some() && base == self.repository.as_ref()
        };
        let mut listed = run.pull_requests.iter().filter(ours);
        if let (Some(only), None) = (listed.next(), listed.next()) {
            return Some(PullRequest::Number(only.number));
        }
        Some(PullRequest::Head {
            owner: run.head_repository?.owner.login,
            branch: run.head_branch?,
            commit: run.head_sha,
        })
    }
}

#[cfg(test)]
mod tests;
