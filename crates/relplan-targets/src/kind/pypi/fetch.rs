//! Fetching the published file that corresponds to an artifact: an sdist to an sdist, a wheel to the wheel with the same
//! tags, else to the one for every platform.

use std::str::FromStr as _;

use pep440_rs::Version as Pep440;
use relplan_model::{
    address::FileName,
    observation::Freshness,
    port::{Counterpart, FetchError, Fetched},
};

use super::{
    Pypi, account,
    filename::{self, Kind, tags},
    look::Asked,
};
use crate::published::{self, Key, failed};

impl Pypi {
    /// Fetches the counterpart of an artifact; `None`: the version has no file of its kind.
    pub(super) async fn fetch_file(
        &self,
        wanted: &Counterpart,
    ) -> Result<Option<Fetched>, FetchError> {
        let package = &wanted.address.package;
        let asked = self.ask(package, Freshness::Revalidated).await;
        let asked = asked.map_err(failed)?;
        if let Some(reason) = asked.sent_elsewhere() {
            return Err(failed(reason));
        }
        if asked.answer.status.as_u16() != 200 {
            return Err(failed(format!(
                "the index answered {}",
                asked.answer.status
            )));
        }
        let listed = asked.page().map_err(failed)?;
        let Asked {
            project,
            index,
            login,
            answer,
            kept_back: _,
        } = asked;
        let names = listed.iter().map(|file| file.name.as_str());
        let Some(name) = choose(&project, names, wanted)?.map(str::to_owned) else {
            return Ok(None);
        };
        let Some(found) = listed.into_iter().rfind(|file| file.name == name) else {
            return Ok(None);
        };
        let url = answer.url.join(&found.place);
        let url = url.map_err(|_| failed(format!("the place of {} is not a URL", found.name)))?;
        let listed = published::Listed {
            file: FileName::new(found.name).map_err(|error| failed(error.to_string()))?,
            url,
            digests: found.digests,
        };
        let key = login.as_ref().map(|login: &account::Login| Key {
            secret: login.basic(),
            origin: index.origin(),
        });
        let fetched = published::fetch(&self.net, &index, listed, key.as_ref()).await;
        fetched.map(Some)
    }
}

/// The file of the version that corresponds to the artifact; `None`: the version has no file of its kind. Of several
/// wheels with the same tags, the one with the highest build tag counts, which is the last by name.
///
/// # Errors
/// When the version has no file at all, or none that can be compared.
pub(crate) fn choose<'a>(
    project: &str,
    listed: impl Iterator<Item = &'a str>,
    wanted: &Counterpart,
) -> Result<Option<&'a str>, FetchError> {
    let version = Pep440::from_str(wanted.version.as_str())
        .map_err(|_| failed(format!("{} is not a version by PEP 440", wanted.version)))?;
    let mut of_version: Vec<(&str, Kind<'_>)> = listed
        .filter_map(|file| {
            let named = filename::read(project, file)?;
            (named.version == version).then_some((file, named.kind))
        })
        .collect();
    if of_version.is_empty() {
        return Err(failed(format!(
            "the index lists no file of {}",
            wanted.address.at(&wanted.version)
        )));
    }
    of_version.sort_by_key(|(file, _)| *file);
    let of_kind = |is: fn(&Kind<'_>) -> bool| -> Vec<&'a str> {
        let fits = of_version.iter().filter(|(_, kind)| is(kind));
        fits.map(|(file, _)| *file).collect()
    };
    if wanted.kind == "sdist" {
        let sdists = of_kind(|kind| matches!(kind, Kind::Sdist));
        // Only these can be looked into.
        let readable = |file: &&&str| file.ends_with(".tar.gz") || file.ends_with(".zip");
        return match sdists.iter().find(readable) {
            Some(file) => Ok(Some(file)),
            None if sdists.is_empty() => Ok(None),
            None => Err(failed("its sdist is neither a .tar.gz nor a .zip")),
        };
    }
    let wheels = of_kind(|kind| matches!(kind, Kind::Wheel { .. }));
    if wheels.is_empty() {
        return Ok(None);
    }
    let own = tags(wanted.like.as_str());
    let same = wheels.iter().rfind(|file| tags(file) == own);
    match same.or_else(|| wheels.iter().rfind(|file| is_universal(file))) {
        Some(file) => Ok(Some(file)),
        None => Err(failed(format!(
            "none of the {} wheels of {} is for the same platform as {}",
            wheels.len(),
            wanted.version,
            wanted.like
        ))),
    }
}

/// Whether a wheel is for Python 3 on every platform.
fn is_universal(file: &str) -> bool {
    tags(file).is_some_and(|[python, abi, platform]| {
        python.contains("py3") && abi.contains("none") && platform.contains("any")
    })
}

#[cfg(test)]
mod tests {
    use relplan_model::address::{Address, PackageName, TargetName, Version};

    use super::*;

    fn chosen<'a>(kind: &str, like: &str, listed: &[&'a str]) -> Result<Option<&'a str>, String> {
        let wanted = Counterpart {
            address: Address::new(
                TargetName::new("shop").unwrap(),
                PackageName::new("W").unwrap(),
            ),
            version: Version::new("1.0").unwrap(),
            kind: kind.to_owned(),
            like: FileName::new(like).unwrap(),
        };
        choose("w", listed.iter().copied(), &wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_compared_with_the_one_that_it_replaces() {
        let universal = "w-1.0-py3-none-any.whl";
        let linux = "w-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
        let other = "w-0.9-cp312-cp312-win_amd64.whl";
        let ours = "w-1.1-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl";
        let sdist = "w-1.1.tar.gz";
        for (kind, like, listed, found) in [
            ("wheel", ours, vec![universal, other, linux], Some(linux)),
            ("wheel", ours, vec![universal, other], Some(universal)),
            (
                "sdist",
                sdist,
                vec![universal, "w-1.0.0.tar.gz"],
                Some("w-1.0.0.tar.gz"),
            ),
            ("sdist", sdist, vec![universal], None),
            ("wheel", ours, vec!["w-1.0.tar.gz"], None),
        ] {
            assert_eq!(chosen(kind, like, &listed), Ok(found), "{listed:?}");
        }
        let foreign = chosen("wheel", ours, &["w-1.0-cp311-cp311-win32.whl"]).unwrap_err();
        assert!(foreign.contains("none of the 1 wheels"), "{foreign}");
        let gone = chosen("wheel", ours, &[other]).unwrap_err();
        assert!(gone.contains("lists no file of shop:W@1.0"), "{gone}");
    }
}
