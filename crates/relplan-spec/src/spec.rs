//! What a spec says, as plain values. A place in the text stands where an error may later have to point.

use std::collections::BTreeSet;

use relplan_kdl::Span;
use relplan_model::{
    address::{Ecosystem, PointerName, TargetName, Version},
    digest::Sha256,
    settings::Settings,
};

pub use crate::selector::Selector;

/// A spec that was read without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The file, as the caller named it.
    pub file: String,
    /// The version of the language.
    pub version: u64,
    /// The project.
    pub project: Project,
    /// Where packages come from.
    pub workspaces: Vec<Workspace>,
    /// Where packages go.
    pub targets: Vec<Target>,
    /// Which packages go where.
    pub releases: Vec<Rule>,
    /// Who must say yes.
    pub gates: Vec<Gate>,
    /// Where the state is kept, if the spec says so.
    pub state: Option<StateChoice>,
    /// The digest of the text.
    pub digest: Sha256,
}

/// `project "acme/widgets" repository="…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Where its source is kept.
    pub repository: Option<String>,
}

/// `workspace "npm" path="js" { exclude "examples/*"; }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Whose manifests declare the packages.
    pub ecosystem: Ecosystem,
    /// Its folder, relative to the spec's, with `/`; `.` for the spec's own.
    pub path: String,
    /// Patterns of folders, relative to the workspace, whose packages are left out.
    pub exclude: Vec<String>,
    /// What packs its packages, if the spec says so.
    pub packer: Option<String>,
    /// Patterns of files that were built elsewhere and are taken instead of packing.
    pub prebuilt: Vec<String>,
    /// Its line.
    pub span: Span,
}

/// `target "npm" kind="npm"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: TargetName,
    /// The kind of driver.
    pub kind: String,
    /// What else is said, in the driver's words.
    pub settings: Settings,
    /// Its line.
    pub span: Span,
}

/// `release "js/*" { to "npm"; }`: what is desired of the packages that a selector matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which packages.
    pub selector: Selector,
    /// Where they go; nowhere, if empty.
    pub to: Vec<To>,
    /// Packages, by name or path, that must be out before them.
    pub needs: Vec<(String, Span)>,
    /// Published versions that are to be yanked.
    pub yank: Vec<Yank>,
    /// Published versions that are to be deprecated.
    pub deprecate: Vec<Deprecate>,
    /// The desired version, instead of the manifests'.
    pub version: Option<Version>,
    /// Its line.
    pub span: Span,
}

/// `to "npm" access="public" dist-tag="latest"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct To {
    /// The target.
    pub target: TargetName,
    /// The pointer that should name the version afterwards, if the spec says so.
    pub pointer: Option<PointerName>,
    /// What else is said, in the driver's words.
    pub settings: Settings,
    /// The words that the target's driver understands here, `dist-tag` included.
    pub words: BTreeSet<&'static str>,
    /// Its line.
    pub span: Span,
}

/// `yank "1.3.0" target="crates-io" reason="…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yank {
    /// Which version.
    pub version: Version,
    /// Where.
    pub target: TargetName,
    /// Why, for people.
    pub reason: String,
    /// Its line.
    pub span: Span,
}

/// `deprecate "<1.2" target="npm" message="…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecate {
    /// Which versions, in the target's own syntax.
    pub range: String,
    /// Where.
    pub target: TargetName,
    /// What users are told.
    pub message: String,
    /// Its line.
    pub span: Span,
}

/// `gate "ship" before="publish" { … }`: who must have said yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// What it stands before: `publish`.
    pub before: String,
    /// The targets that it guards; all of them, if empty.
    pub targets: Vec<TargetName>,
    /// How many people must say yes.
    pub threshold: u64,
    /// The people whose yes counts.
    pub from: Vec<String>,
    /// Whether each must have touched a hardware key to say it.
    pub touch: bool,
    /// How old a yes may be, in seconds; as old as the plan, if nothing is said.
    pub max_age_seconds: Option<u64>,
    /// Its line.
    pub span: Span,
}

/// `state "file" path=".relplan/state"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChoice {
    /// The kind of store.
    pub kind: String,
    /// What else is said, in the store's words.
    pub settings: Settings,
    /// Its line.
    pub span: Span,
}
