//! Fetching a published `.crate`: `dl` of the index's `config.json` says where, `cksum` of the index's line proves it
//! (the Cargo book, "Index Format", section "Index Configuration").

use std::sync::atomic::Ordering;

use relplan_model::{
    address::FileName,
    digest::{Algorithm, Digests},
    observation::Freshness,
    port::{Counterpart, FetchError, Fetched},
};
use url::Url;

use super::{Cargo, index, provider::Operation};
use crate::published::{self, Key, Listed, failed};

/// The markers that a template may hold.
const MARKERS: [&str; 5] = [
    "{crate}",
    "{version}",
    "{prefix}",
    "{lowerprefix}",
    "{sha256-checksum}",
];

impl Cargo {
    /// Fetches the `.crate` of a version.
    pub(super) async fn fetch(&self, wanted: &Counterpart) -> Result<Fetched, FetchError> {
        let name = wanted.address.package.as_str();
        if !index::is_crate_name(name) {
            return Err(failed(format!(
                "{name} is not a name that a crate may have"
            )));
        }
        let config = self.config().await;
        let config = config.map_err(|finding| failed(finding.message))?;
        let template = config.dl.as_deref().filter(|dl| !dl.is_empty());
        let template =
            template.ok_or_else(|| failed("the registry does not say where its crates are"))?;
        let answer = self.get(&index::path(name), Freshness::Revalidated).await;
        let answer = answer.map_err(failed)?;
        if answer.status != http::StatusCode::OK {
            return Err(failed(format!("the registry answered {}", answer.status)));
        }
        let lines = self.lines(&answer).map_err(failed)?;
        let line = lines
            .iter()
            .find(|line| line.name == name && line.vers == wanted.version.as_str())
            .ok_or_else(|| {
                failed(format!(
                    "the index has no {}",
                    wanted.address.at(&wanted.version)
                ))
            })?;
        let text = place(template, name, &line.vers, &line.cksum);
        let url = Url::parse(&text)
            .map_err(|_| failed("the place that the registry names is not a URL"))?;
        let file = FileName::new(format!("{name}-{}.crate", line.vers))
            .map_err(|error| failed(error.to_string()))?;
        let listed = Listed {
            file,
            url,
            digests: Digests::default().with(Algorithm::Sha256, line.cksum.as_ref()),
        };
        let root = Url::parse(self.index().root()).map_err(|error| failed(error.to_string()))?;
        let key = if self.wants_token.load(Ordering::Relaxed) {
            let found = self.tokens.get(&Operation::Read).await;
            let found = found.map_err(|finding| failed(finding.message))?;
            found.map(|found| Key {
                secret: found.secret,
                origin: root.origin(),
            })
        } else {
            None
        };
        published::fetch(&self.net, &root, listed, key.as_ref()).await
    }
}

/// Where a crate is, by the registry's template. One without a marker is a folder.
fn place(template: &str, name: &str, version: &str, cksum: &str) -> String {
    if !MARKERS.iter().any(|marker| template.contains(marker)) {
        return format!(
            "{}/{name}/{version}/download",
            template.trim_end_matches('/')
        );
    }
    template
        .replace("{crate}", name)
        .replace("{version}", version)
        .replace("{prefix}", &prefix(name))
        .replace("{lowerprefix}", &prefix(&name.to_ascii_lowercase()))
        .replace("{sha256-checksum}", cksum)
}

/// The folders of a crate in an index, in the name's own spelling.
fn prefix(name: &str) -> String {
    match (name.len(), name.get(..1), name.get(..2), name.get(2..4)) {
        (1, ..) => "1".to_owned(),
        (2, ..) => "2".to_owned(),
        (3, Some(first), ..) => format!("3/{first}"),
        (_, _, Some(first), Some(second)) => format!("{first}/{second}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_as_cargo_fills_it() {
        let at = |template| place(template, "MyCrate", "1.0.0+b", "c0ffee");
        assert_eq!(at("https://x/dl"), "https://x/dl/MyCrate/1.0.0+b/download");
        assert_eq!(
            at("https://x/{crate}-{version}.crate"),
            "https://x/MyCrate-1.0.0+b.crate"
        );
        assert_eq!(
            at("https://x/{prefix}/{lowerprefix}"),
            "https://x/My/Cr/my/cr"
        );
        assert_eq!(at("https://x/{sha256-checksum}"), "https://x/c0ffee");
        assert_eq!(place("{prefix}", "abc", "1", ""), "3/a");
    }
}
