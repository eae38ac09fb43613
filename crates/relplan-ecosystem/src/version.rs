//! A version that was read: what equality and order are about.

use std::fmt;

/// A version in the form of its ecosystem. Two of one ecosystem are equal and ordered as that has it; two of different
/// ones are never compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParsedVersion {
    /// Semantic Versioning 2.0.0.
    Semver(semver::Version),
    /// PEP 440.
    Pep440(pep440_rs::Version),
}

impl ParsedVersion {
    pub(crate) fn semver(text: &str) -> Option<Self> {
        semver::Version::parse(text).ok().map(Self::Semver)
    }

    pub(crate) fn pep440(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::Pep440)
    }

    /// Whether users who name no version are kept from it while there is a release.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        match self {
            Self::Semver(version) => !version.pre.is_empty(),
            Self::Pep440(version) => version.any_prerelease(),
        }
    }

    /// Whether it has a local part (PEP 440), which public indexes refuse.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Semver(_) => false,
            Self::Pep440(version) => version.is_local(),
        }
    }

    /// The version without what registries do not tell versions apart by: build metadata.
    #[must_use]
    pub fn slot(&self) -> Self {
        let mut slot = self.clone();
        if let Self::Semver(version) = &mut slot {
            version.build = semver::BuildMetadata::EMPTY;
        }
        slot
    }
}

impl fmt::Display for ParsedVersion {
    /// In its normal form, which is the one that build backends write into metadata.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Semver(version) => version.fmt(f),
            Self::Pep440(version) => version.fmt(f),
        }
    }
}
