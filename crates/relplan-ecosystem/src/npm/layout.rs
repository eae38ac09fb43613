//! Where npm puts the files of a tarball: below the first part of their path, whatever it is (pacote, node-tar).

use crate::{
    archive::{ArchiveError, without_odd_parts},
    layout::{Layout, Links, Place},
};

/// The first part of each path is dropped, as it is spelled: `./package.json` is the package's manifest.
pub(crate) struct FirstDropped;

impl Layout for FirstDropped {
    fn place(&mut self, spelled: &str, is_folder: bool) -> Result<Option<Place>, ArchiveError> {
        let (_, rest) = spelled.split_once('/').unwrap_or((spelled, ""));
        let (path, plain) = without_odd_parts(rest);
        if path.is_empty() && !is_folder {
            let why = "which is in no folder, so that npm does not unpack it";
            return Err(ArchiveError::member(spelled, why));
        }
        Ok((!path.is_empty()).then(|| Place {
            shown: path.clone(),
            written: path,
            plain,
        }))
    }

    fn guarded(&self) -> &'static [&'static str] {
        &["package.json", "npm-shrinkwrap.json", "binding.gyp"]
    }

    fn links(&self) -> Links {
        Links::Refused
    }
}
