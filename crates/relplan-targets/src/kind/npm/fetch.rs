//! Fetching a published tarball: the document names it, `dist.integrity` proves it. `dist.shasum` alone, a SHA-1, proves
//! nothing (npm documentation "package-metadata", W3C Subresource Integrity).

use relplan_model::{
    observation::Freshness,
    port::{Counterpart, FetchError, Fetched},
};
use reqwest::StatusCode;
use url::Url;

use super::{Npm, observe, packument};
use crate::{
    http::{self, GetRequest},
    published::{self, Key, Listed, failed},
};

pub(super) async fn fetch(npm: &Npm, wanted: &Counterpart) -> Result<Fetched, FetchError> {
    let package = &wanted.address.package;
    let registry = npm.config.of(package);
    let url = observe::below(registry, &observe::escaped(package));
    let url = url.ok_or_else(|| failed("the registry's URL cannot be extended"))?;
    let request = GetRequest::new(url, observe::ABBREVIATED, Freshness::Revalidated);
    let answer = observe::read(npm, registry, request).await;
    let answer = answer.map_err(|error| failed(error.reason()))?;
    if answer.status != StatusCode::OK {
        return Err(failed(format!(
            "{} answered {}",
            answer.asked, answer.status
        )));
    }
    let tarball = packument::tarball(&answer.body, &wanted.address, &wanted.version)
        .map_err(|error| failed(http::reason(&error)))?
        .ok_or_else(|| {
            failed(format!(
                "the registry lists no tarball of {}",
                wanted.address.at(&wanted.version)
            ))
        })?;
    let place = Url::parse(&tarball.url)
        .map_err(|_| failed(format!("the place of {} is not a URL", tarball.file)))?;
    let listed = Listed {
        file: tarball.file,
        url: place,
        digests: tarball.digests,
    };
    let key = registry.credential.as_ref().map(|credential| Key {
        secret: credential.secret.clone(),
        origin: registry.url.origin(),
    });
    published::fetch(&npm.net, &registry.url, listed, key.as_ref()).await
}
