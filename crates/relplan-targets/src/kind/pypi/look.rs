//! Looking at one project's page, and telling absence from not knowing (law L5).

use relplan_model::{
    address::PackageName,
    observation::{Evidence, Freshness, Query, Seen},
};

use url::Url;

use super::{Pypi, account, filename, simple, versions};
use crate::{
    credential::ONLY_THE_TREE,
    http::{self, Answer, GetRequest},
};

/// A project's page as it was answered.
pub(super) struct Asked {
    /// The project's name, normalized.
    pub(super) project: String,
    /// The index.
    pub(super) index: Url,
    /// What the index was asked with.
    pub(super) login: Option<account::Login>,
    /// What it was not asked with although it is there.
    pub(super) kept_back: Option<account::Login>,
    /// The answer, of whatever status.
    pub(super) answer: Answer,
}

impl Asked {
    /// Tells whether another server answered: pypiserver sends clients on to another index for what it does not have;
    /// pip would find something there.
    pub(super) fn sent_elsewhere(&self) -> Option<String> {
        self.answer.is_from_elsewhere(&self.index).then(|| {
            let other = self.answer.url.host_str().unwrap_or("nowhere");
            format!("the index sends on to {other}, whose answer says nothing about this index")
        })
    }

    /// The files on the project's page.
    ///
    /// # Errors
    /// When the answer is not the project's page, or may be a part of it.
    pub(super) fn page(&self) -> Result<Vec<simple::Listed>, String> {
        let makes_no_sense = |error| format!("the answer makes no sense: {}", http::reason(&error));
        let listed = simple::read(&self.answer.body, &self.project).map_err(makes_no_sense)?;
        // JSON shows by itself that it is whole.
        let is_json = self.answer.body.trim_ascii_start().starts_with(b"{");
        if !is_json && !self.answer.is_framed && !has_end(&self.answer.body) {
            return Err("the page came without its length and its end, and may be cut".to_owned());
        }
        Ok(listed)
    }
}

/// Whether a page has its end.
fn has_end(page: &[u8]) -> bool {
    let tail = page.get(page.len().saturating_sub(200)..).unwrap_or(page);
    tail.to_ascii_lowercase()
        .windows(6)
        .any(|window| window == b"</html")
}

/// The words with which routers and proxies say that nothing is behind them: no index was asked.
const NO_INDEX: [&str; 5] = [
    "default backend",
    "404 page not found",
    "no route matched",
    "no such route",
    "404 project not found",
];

/// Whether a 404 proves that the index does not have the project (law L5). The simple API has no form for it but the
/// status (PEP 691), and the indexes answer with pages, text and JSON of all kinds. So it must say that it is a 404: a
/// notice of maintenance that was given the status of the page it stands for does not, nor does a router.
fn absence(answer: &Answer, project: &str) -> Result<(), String> {
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim();
    if NO_INDEX.iter().any(|words| text.contains(words)) {
        return Err(format!(
            "the answer 404 is not that of an index: {}",
            answer.excerpt()
        ));
    }
    let json = serde_json::from_str::<serde_json::Map<_, _>>(text);
    let is_it = match json {
        Ok(members) => {
            let words = http::texts_of(&serde_json::Value::Object(members));
            http::says_not_found(&words) && http::says_otherwise(&words, project).is_none()
        }
        // Pages for people offer a login whatever they say.
        Err(_) => text.is_empty() || text.contains("404") || http::says_not_found(text),
    };
    if is_it && !http::own_words(text, project).contains("maintenance") {
        return Ok(());
    }
    Err(format!(
        "the index answered 404 with something that does not speak of a missing page: {}",
        answer.excerpt()
    ))
}

impl Pypi {
    /// Asks for one project's page.
    pub(super) async fn ask(
        &self,
        package: &PackageName,
        freshness: Freshness,
    ) -> Result<Asked, String> {
        let places = self.places().await;
        let place = places.read.as_ref();
        let place = place.map_err(|finding| finding.message.clone())?;
        let login = account::for_reading(place, &self.surroundings);
        let login = login.map_err(|finding| finding.message)?;
        let project = filename::normalized(package.as_str());
        let url = place.url.join(&format!("{project}/"));
        let url = url.map_err(|_| format!("{project} cannot stand in a URL"))?;
        let request = GetRequest::new(url, simple::ACCEPT, freshness)
            .authorized(login.as_ref().map(account::Login::basic));
        let answer = self.net.get(request).await;
        Ok(Asked {
            answer: answer.map_err(|error| error.reason())?,
            index: place.url.clone(),
            project,
            kept_back: account::kept_back(place, &self.surroundings),
            login,
        })
    }

    /// Looks at one project's page.
    pub(super) async fn look(&self, query: &Query) -> (Seen, Vec<Evidence>) {
        let unknown = |reason: String| Seen::Unknown { reason };
        let asked = match self.ask(&query.address.package, query.freshness).await {
            Ok(asked) => asked,
            Err(reason) => return (unknown(reason), Vec::new()),
        };
        let evidence = vec![asked.answer.evidence()];
        if let Some(reason) = asked.sent_elsewhere() {
            return (unknown(reason), evidence);
        }
        let answer = &asked.answer;
        let seen = match answer.status.as_u16() {
            404 if answer.is_of_another_page() => unknown(format!(
                "the index redirected to {}, which answered 404: that says nothing about the project",
                http::asked(&answer.url)
            )),
            200 => match asked.page() {
                Ok(listed) => match versions::facts(&asked.project, listed, query) {
                    Ok(facts) => Seen::Present(facts),
                    Err(error) => unknown(error.to_string()),
                },
                Err(why) => unknown(why),
            },
            404 => match (absence(answer, &asked.project), &asked.kept_back) {
                (Ok(()), None) => Seen::Absent,
                // Indexes that hide what they have say the same of it (law L5).
                (Ok(()), Some(login)) => unknown(format!(
                    "the index answered 404 without a login, and may hide the project: that of {} is {ONLY_THE_TREE}; \
                     to read while planning, name the host there (`machine {} …`), and use https",
                    login.source,
                    asked.index.host_str().unwrap_or_default()
                )),
                (Err(why), _) => unknown(why),
            },
            status @ (401 | 403) => unknown(match &asked.login {
                Some(login) => format!(
                    "the index answered {status} to the login from {}",
                    login.source
                ),
                None => format!(
                    "the index answered {status}; it wants a login to be read, in its URL or in .netrc"
                ),
            }),
            status => unknown(format!("the index answered {status} {}", answer.excerpt())),
        };
        (seen, evidence)
    }
}
