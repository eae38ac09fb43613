//! The kinds of artifact: how each is packed, and what `bundle.json` calls it.

use crate::ecosystem::Ecosystem;

/// A kind of artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// What `cargo package` writes.
    Crate,
    /// What `npm pack` writes.
    NpmTarball,
    /// A Python wheel.
    Wheel,
    /// A Python source distribution in `.tar.gz`.
    Sdist,
    /// A Python source distribution in `.zip`.
    ZipSdist,
}

/// How the members of an artifact are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    TarGz,
    Zip,
}

impl Format {
    /// The format that a file name's ending stands for. A `.zip` could be anything, and stands for none.
    #[must_use]
    pub fn of_file(file: &str) -> Option<Self> {
        let endings = [
            (".crate", Self::Crate),
            (".tgz", Self::NpmTarball),
            (".whl", Self::Wheel),
            (".tar.gz", Self::Sdist),
        ];
        endings
            .into_iter()
            .find_map(|(end, format)| file.ends_with(end).then_some(format))
    }

    /// The format of an artifact by the kind and file name in `bundle.json`.
    #[must_use]
    pub fn of_kind(kind: &str, file: &str) -> Option<Self> {
        match kind {
            "crate" => Some(Self::Crate),
            "npm-tarball" => Some(Self::NpmTarball),
            "wheel" => Some(Self::Wheel),
            "sdist" if file.ends_with(".zip") => Some(Self::ZipSdist),
            "sdist" => Some(Self::Sdist),
            _ => None,
        }
    }

    /// As `bundle.json` writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Crate => "crate",
            Self::NpmTarball => "npm-tarball",
            Self::Wheel => "wheel",
            Self::Sdist | Self::ZipSdist => "sdist",
        }
    }

    /// The ecosystem whose packages it holds.
    #[must_use]
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            Self::Crate => Ecosystem::Cargo,
            Self::NpmTarball => Ecosystem::Npm,
            Self::Wheel | Self::Sdist | Self::ZipSdist => Ecosystem::Python,
        }
    }

    pub(crate) fn container(self) -> Container {
        match self {
            Self::Crate | Self::NpmTarball | Self::Sdist => Container::TarGz,
            Self::Wheel | Self::ZipSdist => Container::Zip,
        }
    }
}
