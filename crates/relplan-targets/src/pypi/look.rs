//! Looking at one project's page, and telling absence from not knowing (law L5).

use relplan_model::observation::{Evidence, Query, Seen};

use url::Url;

use super::{Pypi, account, filename, simple, versions};
use crate::http::{self, GetRequest};

impl Pypi {
    /// Looks at one project's page.
    pub(super) async fn look(&self, query: &Query) -> (Seen, Vec<Evidence>) {
        let unknown = |reason: String| Seen::Unknown { reason };
        let places = self.places().await;
        let place = match &places.read {
            Ok(place) => place,
            Err(finding) => return (unknown(finding.message.clone()), Vec::new()),
        };
        let login = match account::for_reading(place, &self.surroundings) {
            Ok(login) => login,
            Err(finding) => return (unknown(finding.message), Vec::new()),
        };
        let project = filename::normalized(query.address.package.as_str());
        let Ok(url) = place.url.join(&format!("{project}/")) else {
            return (
                unknown(format!("{project} cannot stand in a URL")),
                Vec::new(),
            );
        };
        let request = GetRequest::new(url, simple::ACCEPT, query.freshness)
            .authorized(login.as_ref().map(account::Login::basic));
        let answer = match self.net.get(request).await {
            Ok(answer) => answer,
            Err(error) => return (unknown(error.reason()), Vec::new()),
        };
        let evidence = vec![answer.evidence()];
        let origin = |url: &Url| (url.host_str().map(str::to_owned), url.port());
        if origin(&answer.url) != origin(&place.url) {
            // pypiserver sends clients on to another index for what it does not have; pip would find something there.
            let other = answer.url.host_str().unwrap_or("nowhere");
            let reason = format!(
                "the index sends on to {other}, whose answer says nothing about this index"
            );
            return (unknown(reason), evidence);
        }
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
