//! One comment for each scope: found, edited in place, or created.
//!
//! Invariant: before a comment is created, all pages were looked through, also before it is created again because the
//! answer to the first attempt was lost. So no run adds a second comment of its scope.

use relplan_model::digest::Sha256;
use relplan_targets::surroundings::Surroundings;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Client, Sent},
    error::ForgeError,
    identity::{Author, Identity},
    marker::{Marker, Scope},
    place::Repository,
};

/// How often is looked and written at most: once more for a comment that was deleted meanwhile or an answer that was
/// lost, and once for bad luck.
const ROUNDS: u32 = 4;

/// What became of the comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was edited.
    Updated,
    /// It said the same already.
    Unchanged,
}

/// A comment as GitHub lists it.
#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    /// `null` for deleted accounts.
    user: Option<Author>,
    #[serde(default)]
    html_url: String,
}

/// The comment of a scope on a pull request.
pub struct Sticky<'a> {
    /// The client.
    pub client: &'a Client,
    /// The environment.
    pub surroundings: &'a Surroundings,
    /// The repository.
    pub repository: &'a Repository,
    /// The pull request's number.
    pub number: u64,
    /// What the comment is about.
    pub scope: &'a Scope,
    /// The plan that it is to show.
    pub digest: Sha256,
}

impl Sticky<'_> {
    /// Writes it; `compose` makes the text that follows from a marker. Returns what was done, and the comment's URL.
    ///
    /// # Errors
    /// When GitHub refuses, or is not to be reached.
    pub async fn write(
        &self,
        compose: impl Fn(&Marker) -> String,
    ) -> Result<(Outcome, String), ForgeError> {
        let mut identity = None;
        let mut lost = None;
        for round in 0..ROUNDS {
            let outcome = match self.find(&mut identity).await? {
                Some((comment, marker)) => {
                    let body = compose(&marker.followed_by(self.digest));
                    if same(comment.body.as_deref().unwrap_or_default(), &body) {
                        // Ours is there after all, although its answer was lost.
                        let outcome = match lost {
                            Some(_) => Outcome::Created,
                            None => Outcome::Unchanged,
                        };
                        return Ok((outcome, comment.html_url));
                    }
                    self.edit(&comment, &body).await?
                }
                None => match self
                    .create(&compose(&Marker::new(self.scope, self.digest)))
                    .await?
                {
                    Sent::Done(comment) => Some((Outcome::Created, comment.html_url)),
                    Sent::Lost(detail) => {
                        lost = Some(detail);
                        if round + 1 < ROUNDS {
                            Client::pause(round).await;
                        }
                        None
                    }
                },
            };
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
        }
        Err(ForgeError::Lost {
            detail: lost.unwrap_or_else(|| "a comment that is deleted again and again".to_owned()),
        })
    }

    /// The oldest comment of this scope that the token's own account wrote.
    async fn find(
        &self,
        identity: &mut Option<Identity>,
    ) -> Result<Option<(Comment, Marker)>, ForgeError> {
        let path = format!("{}/{}/comments", self.issues(), self.number);
        let what = format!(
            "reading the comments of {}#{}",
            self.repository, self.number
        );
        let comments: Vec<Comment> = self.client.pages(&path, "per_page=100", &what).await?;
        let marked = comments.into_iter().filter_map(|comment| {
            let marker = Marker::read(comment.body.as_deref()?)?;
            marker.is_of(self.scope).then_some((comment, marker))
        });
        for (comment, marker) in marked {
            let Some(author) = &comment.user else {
                continue;
            };
            // Asked for once, and only where there is something to tell apart.
            let known = match identity.take() {
                Some(known) => known,
                None => Identity::ask(self.client, self.surroundings).await?,
            };
            let ours = known.is(author);
            *identity = Some(known);
            if ours {
                return Ok(Some((comment, marker)));
            }
        }
        Ok(None)
    }

    /// Edits it; `None` when it was deleted meanwhile. octocrab's own call for this sends a POST, which GitHub does not
    /// take.
    async fn edit(
        &self,
        comment: &Comment,
        body: &str,
    ) -> Result<Option<(Outcome, String)>, ForgeError> {
        let path = format!("{}/comments/{}", self.issues(), comment.id);
        let what = format!("editing the comment on {}#{}", self.repository, self.number);
        match self
            .client
            .patch::<Comment>(&path, &json!({ "body": body }), &what)
            .await
        {
            Ok(comment) => Ok(Some((Outcome::Updated, comment.html_url))),
            Err(ForgeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, body: &str) -> Result<Sent<Comment>, ForgeError> {
        let path = format!("{}/{}/comments", self.issues(), self.number);
        let what = format!("commenting on {}#{}", self.repository, self.number);
        self.client
            .post(&path, &json!({ "body": body }), &what)
            .await
    }

    fn issues(&self) -> String {
        format!(
            "/repos/{}/{}/issues",
            self.repository.owner, self.repository.name
        )
    }
}

/// Whether two texts are the same to GitHub, which may keep other line ends and cut the end.
fn same(one: &str, other: &str) -> bool {
    one.replace("\r\n", "\n").trim_end() == other.replace("\r\n", "\n").trim_end()
}
