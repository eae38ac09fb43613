//! How the client of each format places what it unpacks.

use crate::{archive::ArchiveError, cargo, format::Format, npm, python};

/// Where an entry ends up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its path as it is shown.
    pub(crate) shown: String,
    /// The path that the client writes, which is another one for parts of wheels.
    pub(crate) written: String,
    /// Whether it is spelled as it is written.
    pub(crate) plain: bool,
}

/// What is done about links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// Registries refuse them.
    Refused,
    /// They are unpacked, and must stay inside of the package.
    Inside,
    /// They are unpacked as files with the target's text.
    Text,
}

/// The rules of one format, applied to the entries of one archive in order.
pub(crate) trait Layout {
    /// Places an entry; `None` for the folder around all of it.
    ///
    /// # Errors
    /// When the client refuses it, or clients place it differently.
    fn place(&mut self, spelled: &str, is_folder: bool) -> Result<Option<Place>, ArchiveError>;

    /// The files at the top that clients look for by name.
    fn guarded(&self) -> &'static [&'static str];

    /// What is done about links.
    fn links(&self) -> Links;

    /// Looks at what can be said when all entries were seen.
    ///
    /// # Errors
    /// When they do not belong together.
    fn finish(&self) -> Result<(), ArchiveError> {
        Ok(())
    }

    /// The one folder that everything is in.
    fn top(&self) -> Option<String> {
        None
    }
}

pub(crate) fn of(format: Format) -> Box<dyn Layout> {
    match format {
        Format::Crate => Box::new(OneFolder::new(cargo::GUARDED, Links::Refused)),
        Format::NpmTarball => Box::new(npm::layout::FirstDropped),
        Format::Wheel => Box::new(python::wheel::Installed::default()),
        Format::Sdist => Box::new(OneFolder::new(python::GUARDED, Links::Inside)),
        Format::ZipSdist => Box::new(OneFolder::new(python::GUARDED, Links::Text)),
    }
}

/// All of it is in one folder, which the first entry names: what Cargo and pip require, and pip drops only then.
struct OneFolder {
    guarded: &'static [&'static str],
    links: Links,
    top: Option<String>,
}

impl OneFolder {
    fn new(guarded: &'static [&'static str], links: Links) -> Self {
        Self {
            guarded,
            links,
            top: None,
        }
    }
}

impl Layout for OneFolder {
    fn place(&mut self, spelled: &str, is_folder: bool) -> Result<Option<Place>, ArchiveError> {
        let (folder, rest) = spelled.split_once('/').unwrap_or((spelled, ""));
        let (path, plain) = crate::archive::without_odd_parts(rest);
        let known = self.top.get_or_insert_with(|| folder.to_owned());
        let is_inside = known == folder && !matches!(folder, "" | ".");
        if !is_inside || (path.is_empty() && !is_folder) {
            let why = format!("which is not in the one folder {known:?} around all files");
            return Err(ArchiveError::member(spelled, why));
        }
        Ok((!path.is_empty()).then(|| Place {
            shown: path.clone(),
            written: path,
            plain,
        }))
    }

    fn guarded(&self) -> &'static [&'static str] {
        self.guarded
    }

    fn links(&self) -> Links {
        self.links
    }

    fn top(&self) -> Option<String> {
        self.top.clone()
    }
}
