//! Looking at one project's page, and telling absence from not knowing (law L5).

use relplan_model::{
    address::PackageName,
    observation::{Evidence, Freshness, Query, Seen},
};

use url::Url;

use super::{Pypi, account, filename, simple, versions};
use crate::http::{self, Answer, GetRequest};

/// A project's page as it was answered.
pub(super) struct Asked {
    /// The project's name, normalized.
    pub(super) project: String,
    /// The index.
    pub(super) index: Url,
    /// What the index was asked with.
    pub(super) login: Option<account::Login>,
    /// The answer, of whatever status.
    pub(super) answer: Answer,
}

impl Asked {
    /// Tells whether another server answered: pypiserver sends clients on to another index for what it does not have;
    /// pip would find something there.
    pub(super) fn sent_elsewhere(&self) -> Option<String> {
        let origin = |url: &Url| (url.host_str().map(str::to_owned), url.port());
        (origin(&self.answer.url) != origin(&self.index)).then(|| {
            let other = self.answer.url.host_str().unwrap_or("nowhere");
            format!("the index sends on to {other}, whose answer says nothing about this index")
        })
    }
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
        let Asked {
            project,
            login,
            answer,
            ..
        } = asked;
        let seen = match answer.status.as_u16() {
            200 => match simple::read(&answer.body) {
                Ok(listed) => match versions::facts(&project, listed, query) {
                    Ok(facts) => Seen::Present(facts),
                    Err(error) => unknown(error.to_string()),
                },
                Err(error) => unknown(format!(
                    "the answer makes no sense: {}",
                    http::reason(&error)
                )),
            },
            404 => Seen::Absent,
            status @ (401 | 403) => unknown(match login {
                Some(login) => format!(
                    "the index answered {status} to the login from {}",
                    login.source
                ),
                None => format!(
                    "the index answered {status}; it wants a login to be read, in its URL or in .netrc"
                ),
            }),
            status => unknown(format!(
                "the index answered {status} {}",
                http::excerpt(&answer.body, None)
            )),
        };
        (seen, evidence)
    }
}
