//! Whose comments the token writes, so that nobody else's are taken for ours.
//!
//! A person's token may ask `GET /user`. A token of an app, GITHUB_TOKEN among them, may not; GraphQL's `viewer` tells
//! such a token its bot. Only bots have brackets in their names, so nobody can take one on.

use relplan_targets::surroundings::Surroundings;
use serde::Deserialize;

use super::{client::Client, error::ForgeError};

const WHAT: &str = "asking whose token this is";

/// The account that GITHUB_TOKEN writes as.
const ACTIONS: &str = "github-actions";

/// A comment's author, as far as it matters.
#[derive(Debug, Clone, Deserialize)]
pub struct Author {
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

/// Who writes with the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A person.
    Person {
        /// The account's name.
        login: String,
    },
    /// An app's bot.
    Bot {
        /// The app's name, without `[bot]`.
        app: String,
    },
}

impl Identity {
    /// Asks GitHub.
    ///
    /// # Errors
    /// When GitHub does not tell.
    pub async fn ask(client: &Client, surroundings: &Surroundings) -> Result<Self, ForgeError> {
        match client.get::<Author>("/user", WHAT).await {
            Ok(Author { login, kind }) if kind != "Bot" => return Ok(Self::Person { login }),
            Ok(bot) => return Ok(Self::bot(&bot.login)),
            // What apps are answered.
            Err(ForgeError::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
        let told = client
            .query::<Told>("query { viewer { login } }", WHAT)
            .await;
        match told {
            Ok(Told {
                data: Some(Data { viewer }),
            }) => Ok(Self::bot(&viewer.login)),
            // Not every stand-in for GitHub has GraphQL.
            _ if surroundings.var("GITHUB_ACTIONS") == Some("true") => Ok(Self::bot(ACTIONS)),
            Ok(_) => Err(ForgeError::NoIdentity),
            Err(error) => Err(error),
        }
    }

    fn bot(login: &str) -> Self {
        Self::Bot {
            app: app(login).to_owned(),
        }
    }

    /// Whether it wrote this.
    pub fn is(&self, author: &Author) -> bool {
        match self {
            Self::Person { login } => {
                author.kind != "Bot" && author.login.eq_ignore_ascii_case(login)
            }
            Self::Bot { app: name } => {
                author.kind == "Bot" && app(&author.login).eq_ignore_ascii_case(name)
            }
        }
    }
}

fn app(login: &str) -> &str {
    login.strip_suffix("[bot]").unwrap_or(login)
}

#[derive(Deserialize)]
struct Told {
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    viewer: Viewer,
}

#[derive(Deserialize)]
struct Viewer {
    login: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_never_taken_for_a_bot_nor_a_bot_for_a_person() {
        let author = |login: &str, kind: &str| Author {
            login: login.to_owned(),
            kind: kind.to_owned(),
        };
        let bot = Identity::bot("github-actions[bot]");
        assert!(bot.is(&author("github-actions[bot]", "Bot")));
        assert!(!bot.is(&author("github-actions", "User")));
        assert!(!bot.is(&author("other[bot]", "Bot")));
        let person = Identity::Person {
            login: "Alice".to_owned(),
        };
        assert!(person.is(&author("alice", "User")));
        assert!(!person.is(&author("alice[bot]", "Bot")));
        assert!(!person.is(&author("alice", "Bot")));
    }
}
