//! What is desired: which version of which package goes where, and what it depends on.

use serde::{Deserialize, Serialize};

use crate::{
    address::{PackageId, PointerName, TargetName, Version},
    settings::Settings,
};

/// How a package depends on another of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    /// Needed to use it.
    Normal,
    /// Needed to build it.
    Build,
    /// Needed only to develop it, yet written into what is published with a version requirement.
    Dev,
    /// Expected beside it (npm peer dependencies).
    Peer,
    /// Used when it can be had.
    Optional,
    /// Said by the spec's `needs` alone.
    Needs,
}

/// One edge to another package of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dependency {
    /// The package depended on.
    pub on: PackageId,
    /// How.
    pub kind: DependencyKind,
    /// The version requirement as it will stand in the published metadata; empty where there is none.
    pub requirement: String,
}

/// One place that a package goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Destination {
    /// The target.
    pub target: TargetName,
    /// The pointer that should name the version afterwards; `None`: the target's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<PointerName>,
    /// What else the spec says, in the driver's words.
    pub settings: Settings,
    /// Whether the selection takes it. What is left out is looked at only because something selected needs it, and is
    /// never written to: the version is held there, and so is what needs it, unless it is there already.
    pub selected: bool,
}

/// A wish to yank one published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Yank {
    /// Where.
    pub target: TargetName,
    /// Which version.
    pub version: Version,
    /// Why, for people.
    pub reason: String,
}

/// A wish to deprecate the published versions of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deprecate {
    /// Where.
    pub target: TargetName,
    /// The range in the target's own syntax.
    pub range: String,
    /// The message that users see.
    pub message: String,
}

/// One package of the project with everything that is desired of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Release {
    /// The package.
    pub package: PackageId,
    /// The desired version: the manifest's unless the spec says otherwise.
    pub version: Version,
    /// Its folder, relative to the project's root, with `/`; `.` for the root.
    pub path: String,
    /// Where it goes, in order of target name; empty if the spec sends it nowhere.
    pub destinations: Vec<Destination>,
    /// What it depends on within the project.
    pub dependencies: Vec<Dependency>,
    /// What it depends on that this project has and does not release, or has in a version that the requirement leaves
    /// out: users get it from the target, where it must be already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Dependency>,
    /// Versions to be yanked.
    pub yank: Vec<Yank>,
    /// Ranges to be deprecated.
    pub deprecate: Vec<Deprecate>,
}
