//! Requests to GitHub's REST API by octocrab: reads are repeated with patience, a creation is sent once.
//!
//! Why: octocrab repeats every request four times by default, writes included, and a comment that was created although
//! its answer was lost would be created again. So its own repetition is off, and this file repeats what may be repeated:
//! reads, edits to a given text, and whatever a limit of rates kept from being looked at. Answers are read as the few
//! fields that are needed, since octocrab's own types refuse a page for one field that an older server lacks.

use std::{sync::Mutex, time::Duration};

use octocrab::{Octocrab, service::middleware::retry::RetryConfig};
use relplan_model::port::Clock as _;
use relplan_targets::surroundings::Surroundings;
use serde::{Serialize, de::DeserializeOwned};
use url::{Host, Url};

use super::{
    error::ForgeError,
    refusal::{Head, Refusal},
    token::Token,
};
use crate::clock::SystemClock;

/// How often a request is sent at most that GitHub answers with a fault of its own.
const ATTEMPTS: u32 = 4;

/// How long all waiting for limits of rates may take in one run.
const PATIENCE: Duration = Duration::from_secs(120);

/// More pages of a hundred than any pull request has.
const PAGES: usize = 300;

/// A client with its token.
pub struct Client {
    octocrab: Octocrab,
    token: Token,
    graphql: String,
    patience: Mutex<Duration>,
}

/// A successful answer's body.
#[derive(Debug)]
struct Answer {
    text: String,
    /// The query of the next page.
    next: Option<String>,
}

/// How a creation ended that was not refused.
#[derive(Debug)]
pub enum Sent<T> {
    /// GitHub said so.
    Done(T),
    /// No answer, or a fault of GitHub's: it may have been done. What was met instead.
    Lost(String),
}

enum Trial {
    Answer(Answer),
    Fault { status: u16 },
    NoAnswer { detail: String },
}

/// Sends one request; made anew for each attempt.
enum Method<'a, B: Serialize + ?Sized> {
    Get,
    Post(&'a B),
    Patch(&'a B),
}

impl Client {
    /// A client for the API that GitHub Actions names, else for the one that octocrab knows.
    ///
    /// # Errors
    /// When the API's URL is none that a token may be sent to, or TLS cannot be set up.
    pub fn new(token: Token, surroundings: &Surroundings) -> Result<Self, ForgeError> {
        let setup = |error: &dyn std::error::Error| ForgeError::Setup {
            detail: causes(error),
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("relplan/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| setup(&error))?;
        let mut builder = Octocrab::builder()
            .personal_token(token.secret())
            .add_retry_config(RetryConfig::None);
        let mut graphql = "/graphql".to_owned();
        if let Some(url) = surroundings.var("GITHUB_API_URL") {
            let url = api(url)?;
            if url.path() == "/api/v3" {
                // An Enterprise Server has the two beside one another.
                graphql = format!("{}/api/graphql", url.origin().ascii_serialization());
            }
            builder = builder
                .base_uri(url.as_str().trim_end_matches('/'))
                .map_err(|_| ForgeError::Api {
                    reason: "is no URL",
                })?;
        }
        Ok(Self {
            octocrab: builder
                .build_with_reqwest(http)
                .map_err(|error| setup(&error))?,
            token,
            graphql,
            patience: Mutex::new(PATIENCE),
        })
    }

    /// Reads one document.
    ///
    /// # Errors
    /// When it is refused, or no answer came however often it was asked for.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<T, ForgeError> {
        let answer = self.persist(path, &Method::<()>::Get, what).await?;
        self.read(&answer.text, what)
    }

    /// Reads all pages of a list. Only the query of a link to the next page is taken from the answer; where the token
    /// goes is not the server's to say.
    ///
    /// # Errors
    /// As for [`Self::get`], and when the pages have no end.
    pub async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
        what: &str,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        let mut query = query.to_owned();
        for _ in 0..PAGES {
            let url = format!("{path}?{query}");
            let answer = self.persist(&url, &Method::<()>::Get, what).await?;
            let mut page: Vec<T> = self.read(&answer.text, what)?;
            all.append(&mut page);
            match answer.next {
                Some(next) => query = next,
                None => return Ok(all),
            }
        }
        Err(ForgeError::Endless {
            what: what.to_owned(),
        })
    }

    /// Edits something to a given state, which may be done twice.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
        what: &str,
    ) -> Result<T, ForgeError> {
        let answer = self.persist(path, &Method::Patch(body), what).await?;
        self.read(&answer.text, what)
    }

    /// Creates something, once.
    ///
    /// # Errors
    /// When it is refused: then nothing was created.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
        what: &str,
    ) -> Result<Sent<T>, ForgeError> {
        match self.attempt(path, &Method::Post(body), what).await? {
            Trial::Answer(answer) => Ok(Sent::Done(self.read(&answer.text, what)?)),
            Trial::Fault { status } => Ok(Sent::Lost(format!("the status {status}"))),
            Trial::NoAnswer { detail } => Ok(Sent::Lost(detail)),
        }
    }

    /// Asks the GraphQL API; a query changes nothing, so it may be repeated.
    ///
    /// # Errors
    /// As for [`Self::get`].
    pub async fn query<T: DeserializeOwned>(
        &self,
        query: &str,
        what: &str,
    ) -> Result<T, ForgeError> {
        let body = serde_json::json!({ "query": query });
        let answer = self
            .persist(&self.graphql, &Method::Post(&body), what)
            .await?;
        self.read(&answer.text, what)
    }

    /// Waits before the `attempt`th repetition of something: half a second, one, two.
    pub async fn pause(attempt: u32) {
        SystemClock
            .sleep(Duration::from_millis(500) * 2_u32.saturating_pow(attempt.min(6)))
            .await;
    }

    fn read<T: DeserializeOwned>(&self, text: &str, what: &str) -> Result<T, ForgeError> {
        serde_json::from_str(text).map_err(|error| ForgeError::Unreadable {
            what: what.to_owned(),
            detail: self.token.tidy(&error.to_string()),
        })
    }

    /// Sends what may be sent again until there is an answer.
    async fn persist<B: Serialize + ?Sized>(
        &self,
        path: &str,
        method: &Method<'_, B>,
        what: &str,
    ) -> Result<Answer, ForgeError> {
        let mut attempt = 0;
        loop {
            let error = match self.attempt(path, method, what).await? {
                Trial::Answer(answer) => return Ok(answer),
                Trial::Fault { status } => ForgeError::Unavailable {
                    what: what.to_owned(),
                    status,
                },
                Trial::NoAnswer { detail } => ForgeError::NoAnswer {
                    what: what.to_owned(),
                    detail,
                },
            };
            if attempt + 1 == ATTEMPTS {
                return Err(error);
            }
            Self::pause(attempt).await;
            attempt += 1;
        }
    }

    /// Sends a request, again where a limit of rates kept it from being looked at.
    async fn attempt<B: Serialize + ?Sized>(
        &self,
        path: &str,
        method: &Method<'_, B>,
        what: &str,
    ) -> Result<Trial, ForgeError> {
        loop {
            let sent = match method {
                Method::Get => self.octocrab._get(path).await,
                Method::Post(body) => self.octocrab._post(path, Some(*body)).await,
                Method::Patch(body) => self.octocrab._patch(path, Some(*body)).await,
            };
            let response = match sent {
                Ok(response) => response,
                Err(error) => {
                    return Ok(Trial::NoAnswer {
                        detail: self.token.tidy(&causes(&error)),
                    });
                }
            };
            let header = |name: &str| {
                response
                    .headers()
                    .get(name)?
                    .to_str()
                    .ok()
                    .map(str::to_owned)
            };
            let head = Head {
                status: response.status().as_u16(),
                retry_after: header("retry-after").and_then(|text| text.parse().ok()),
                remaining: header("x-ratelimit-remaining").and_then(|text| text.parse().ok()),
                reset: header("x-ratelimit-reset").and_then(|text| text.parse().ok()),
            };
            let next = header("link").as_deref().and_then(next_query);
            let text = match self.octocrab.body_to_string(response).await {
                Ok(text) => text,
                Err(error) => {
                    return Ok(Trial::NoAnswer {
                        detail: self.token.tidy(&causes(&error)),
                    });
                }
            };
            if head.is_success() {
                return Ok(Trial::Answer(Answer { text, next }));
            }
            match head.refusal(&text, SystemClock.now().unix()) {
                Refusal::Limited { seconds } => self.wait(seconds, what).await?,
                Refusal::Fault => {
                    return Ok(Trial::Fault {
                        status: head.status,
                    });
                }
                Refusal::Final => return Err(head.error(what, &text, &self.token)),
            }
        }
    }

    /// Waits for a limit of rates, where that is soon enough.
    async fn wait(&self, seconds: u64, what: &str) -> Result<(), ForgeError> {
        // At least a second, so that a limit that is lifted at once and comes back has an end too.
        let wait = Duration::from_secs(seconds.max(1));
        {
            let mut patience = self
                .patience
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            *patience = patience
                .checked_sub(wait)
                .ok_or_else(|| ForgeError::RateLimited {
                    what: what.to_owned(),
                    seconds,
                })?;
        }
        SystemClock.sleep(wait).await;
        Ok(())
    }
}

/// A URL that a token may be sent to: encrypted, or on this machine.
fn api(text: &str) -> Result<Url, ForgeError> {
    let wrong = |reason| ForgeError::Api { reason };
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user's name or password"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        "http" => Err(wrong("would send the token unencrypted")),
        _ => Err(wrong("is no URL of HTTPS")),
    }
}

/// The query of the link to the next page.
fn next_query(link: &str) -> Option<String> {
    link.split(',').find_map(|link| {
        let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters
            .split(';')
            .any(|parameter| parameter.trim() == "rel=\"next\"");
        next.then(|| url.split_once('?').map(|(_, query)| query.to_owned()))?
    })
}

/// An error with its causes, without the names and traces that octocrab's own text begins with.
fn causes(error: &dyn std::error::Error) -> String {
    let mut all = Vec::new();
    let mut next = error.source().or(Some(error));
    while let Some(cause) = next {
        let text = cause.to_string();
        // Errors that repeat their source in their own text are common.
        all.retain(|known: &String| !known.ends_with(&text));
        all.push(text);
        next = cause.source();
    }
    all.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_nowhere_unencrypted_but_to_this_machine() {
        for good in [
            "https://ghe.acme.example/api/v3",
            "http://127.0.0.1:4000",
            "http://localhost:1/x",
            "http://[::1]:1",
        ] {
            assert!(api(good).is_ok(), "{good}");
        }
        for bad in [
            "http://ghe.acme.example/api/v3",
            "http://127.0.0.1.acme.example",
            "ftp://localhost",
            "https://u:p@ghe.acme.example",
            "ghe.acme.example",
            "",
        ] {
            assert!(api(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_a_link_only_the_query_of_the_next_page_is_taken() {
        let link = "<https://a.example/r/1/c?per_page=100&page=1>; rel=\"prev\", <https://evil.example/r/1/c?per_page=100&page=3>; rel=\"next\"";
        assert_eq!(next_query(link).as_deref(), Some("per_page=100&page=3"));
        assert_eq!(
            next_query("<https://a.example/x?page=1>; rel=\"first\""),
            None
        );
        assert_eq!(next_query("nonsense"), None);
    }
}
