//! GitHub, as far as a plan is shown there: one comment on the pull request, the job summary, the step outputs.
//!
//! Why: a plan is to be read before it is approved. Nothing here is an authority: what counts are the plan's bytes.
//!
//! ```text
//! arguments + environment ──place──▶ which pull request
//! plan ──view::markdown──▶ text ──marker──▶ comment ──sticky──▶ client ──▶ GitHub
//! ```

mod client;
mod comment;
mod error;
mod identity;
mod marker;
mod outputs;
mod place;
mod refusal;
mod sticky;
mod token;

use serde::Deserialize;

use self::{
    client::Client,
    error::ForgeError,
    marker::Scope,
    outputs::{Told, Written},
    place::{Place, PullRequest, Repository},
    sticky::{Outcome, Sticky},
    token::Token,
};
use crate::{
    arguments::Report, commands::Session, exit::Exit, failure::Failure, planning::Made,
    view::style::harmless,
};

/// What is to be told where; settled before the plan is made, so that a wrong command line costs no time.
pub struct Reporting<'a> {
    report: &'a Report,
    place: Option<Place>,
}

impl<'a> Reporting<'a> {
    /// Finds the pull request, if one is to be commented on.
    ///
    /// # Errors
    /// When it is not known which (exit 64).
    pub fn prepare(session: &Session, report: &'a Report) -> Result<Self, Failure> {
        let place = report
            .comment
            .then(|| place::find(report, &session.surroundings))
            .transpose()
            .map_err(|error| Failure::of(Exit::Usage, &error).hint(error.hint()))?;
        Ok(Self { report, place })
    }

    /// Tells of a plan: outputs and summary first, since they need nobody's leave; then the comment. `exit` is how a
    /// look at the plan ends, `file` where it is saved.
    ///
    /// # Errors
    /// When the token may only read (exit 77), GitHub is out of reach, or a file cannot be written (exit 1).
    pub async fn tell(
        self,
        session: &Session,
        made: &Made,
        exit: Exit,
        file: Option<&std::path::Path>,
    ) -> Result<(), Failure> {
        if !self.report.comment && !self.report.github_output {
            return Ok(());
        }
        let told = Told {
            plan: &made.plan,
            digest: made.digest,
            exit,
            file: file.map(|path| path.display().to_string()),
        };
        let written = told
            .write(&session.surroundings)
            .map_err(|error| Failure::of(Exit::Internal, &error))?;
        if written == Written::NoRun && !self.report.comment {
            let text = "neither GITHUB_OUTPUT nor GITHUB_STEP_SUMMARY is set, so there was nothing to write for GitHub Actions";
            let style = session.terminal.err;
            session.terminal.remark(&style.wrap("", "  ", text));
        }
        let Some(place) = &self.place else {
            return Ok(());
        };
        let scope = self
            .report
            .comment_scope
            .as_deref()
            .map_or_else(|| Scope::of(&made.plan), Scope::named);
        let (outcome, url) = write(session, place, &scope, made).await?;
        let what = match outcome {
            Outcome::Created => "comment created",
            Outcome::Updated => "comment updated",
            Outcome::Unchanged => "comment unchanged",
        };
        session
            .terminal
            .remark(&format!("{what}: {}\n", harmless(&url)));
        Ok(())
    }
}

async fn write(
    session: &Session,
    place: &Place,
    scope: &Scope,
    made: &Made,
) -> Result<(Outcome, String), ForgeError> {
    let token = Token::find(&session.surroundings)?;
    let client = Client::new(token, &session.surroundings)?;
    let number = match &place.pull_request {
        PullRequest::Number(number) => *number,
        PullRequest::Head {
            owner,
            branch,
            commit,
        } => number(&client, &place.repository, owner, branch, commit).await?,
    };
    let sticky = Sticky {
        client: &client,
        surroundings: &session.surroundings,
        repository: &place.repository,
        number,
        scope,
        digest: made.digest,
    };
    sticky
        .write(|marker| comment::compose(&made.plan, made.digest, marker))
        .await
}

/// An open pull request, as far as it matters.
#[derive(Deserialize)]
struct Open {
    number: u64,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

/// The number of the open pull request from a branch that ends with a commit.
async fn number(
    client: &Client,
    repository: &Repository,
    owner: &str,
    branch: &str,
    commit: &str,
) -> Result<u64, ForgeError> {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let path = format!("/repos/{}/{}/pulls", repository.owner, repository.name);
    let query = format!(
        "state=open&head={}:{}&per_page=100",
        encode(owner),
        encode(branch)
    );
    let what = format!("looking for the pull request in {repository}");
    let open: Vec<Open> = client.pages(&path, &query, &what).await?;
    let mut fitting = open.iter().filter(|open| open.head.sha == commit);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only.number),
        (None, _) => Err(ForgeError::MovedOn {
            repository: repository.clone(),
            commit: commit.to_owned(),
        }),
        (Some(_), Some(_)) => Err(ForgeError::Several {
            repository: repository.clone(),
            commit: commit.to_owned(),
        }),
    }
}
