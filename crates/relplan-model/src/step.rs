//! Steps: the executable nodes of a plan. A step's id is made of its content, so it is stable, greppable and unique.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    address::{Address, FileName, PackageName, PointerName, Version},
    settings::Settings,
    text::is_hidden,
};

/// A step's name, such as `publish npm:@acme/widget@1.4.0`.
///
/// Invariant: one that was read holds no hidden character, so that views and logs can show it as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepId(String);

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        if id.chars().any(is_hidden) {
            let shown = crate::text::line(&id);
            return Err(D::Error::custom(format!(
                "the step id `{shown}` holds a character that is not shown"
            )));
        }
        Ok(Self(id))
    }
}

impl StepId {
    /// The name of the step that has this effect on this version at this address.
    #[must_use]
    pub fn of(address: &Address, version: &Version, effect: &Effect) -> Self {
        let at = address.at(version);
        Self(match effect {
            Effect::Publish(publish) => match &publish.artifact {
                Some(file) if publish.one_of_many => format!("publish {at} {file}"),
                _ => format!("publish {at}"),
            },
            Effect::Await => format!("await {at}"),
            Effect::Point { pointer, to, .. } => format!("point {} {to}", address.pointer(pointer)),
            Effect::Unpoint { pointer } => format!("unpoint {}", address.pointer(pointer)),
            Effect::Yank { .. } => format!("yank {at}"),
            Effect::Deprecate { range, .. } => format!("deprecate {address} {range}"),
            Effect::Adopt { .. } => format!("adopt {at}"),
        })
    }

    /// The name of the target that the step is about.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        let address = self.0.split(' ').nth(1)?;
        Some(address.split_once(':')?.0)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One executable node of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// Its name, which is made of its address, version and effect ([`StepId::of`]) and nothing else.
    pub id: StepId,
    /// The package at its target.
    pub address: Address,
    /// The version concerned.
    pub version: Version,
    /// What it does; its precondition and its wanted outcome follow from this.
    pub effect: Effect,
    /// The steps that must have ended well before it starts, in order.
    pub needs: Vec<StepId>,
    /// The part of the walk that it belongs to, which follows from its effect ([`Effect::phase`]).
    pub phase: Phase,
    /// Its depth in the DAG, from 0, the barriers between phases included: steps of one wave may go side by side.
    pub wave: u64,
}

/// The parts of a walk, in order. A barrier stands between them: no step of a later phase starts until every step of
/// the earlier ones has ended, and none starts at all unless all of those ended well (law L8).
///
/// Why: an edge from each flip to each create says the same in a number of edges that grows with the square of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Versions come into being, and are waited for.
    Create,
    /// What users get changes: pointers move, versions are yanked or deprecated.
    Flip,
    /// What served only to get there is taken away.
    Clean,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Effect {
    /// Uploads one artifact. Precondition: the file is absent there, or present with the same bytes.
    Publish(Publish),
    /// Waits until ordinary clients are shown the version with all of its planned files (L7: *resolvable*).
    Await,
    /// Moves a pointer. Precondition: it names `from`, or `to` already.
    #[serde(rename_all = "kebab-case")]
    Point {
        /// The pointer.
        pointer: PointerName,
        /// What it named when the plan was made; `None`: it did not exist.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Version>,
        /// What it shall name.
        to: Version,
    },
    /// Removes the holding pointer that a publish used. Precondition: it names this step's version, or is gone.
    #[serde(rename_all = "kebab-case")]
    Unpoint {
        /// The pointer.
        pointer: PointerName,
    },
    /// Yanks the version. Precondition: it exists.
    #[serde(rename_all = "kebab-case")]
    Yank {
        /// Why, for people; not every registry keeps it.
        reason: String,
    },
    /// Sets the deprecation message of versions.
    #[serde(rename_all = "kebab-case")]
    Deprecate {
        /// The range that the spec names.
        range: String,
        /// The versions that it matched when the plan was made; these and no others are touched.
        versions: Vec<Version>,
        /// The message.
        message: String,
    },
    /// Records what is there already with the same bytes. Touches state only.
    #[serde(rename_all = "kebab-case")]
    Adopt {
        /// The files whose bytes were compared.
        files: Vec<FileName>,
        /// The pointer that names the version already, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<PointerName>,
    },
}

/// The upload of one artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Publish {
    /// The artifact, by file name in the plan's list; `None`: known after pack, and the plan cannot be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<FileName>,
    /// Whether the version consists of several files at this target, so that the step's name must tell which.
    pub one_of_many: bool,
    /// The pointer that the upload itself sets, where the registry cannot do without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<PointerName>,
    /// Whether the registry had no package of this name when the plan was made.
    pub first: bool,
    /// What the spec says, in the driver's words.
    pub settings: Settings,
    /// Packages of the project that this one depends on and that go to the same target: where an ecosystem's
    /// metadata names a registry per dependency, these are in the same one.
    pub siblings: Vec<PackageName>,
}

/// How far a step's effect can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Touches relplan's own state at most.
    Inert,
    /// Changes something that can be changed back.
    Mutable,
    /// Cannot be undone.
    Irreversible,
}

impl Effect {
    /// How far this can be undone.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Publish(_) => Class::Irreversible,
            Self::Await | Self::Adopt { .. } => Class::Inert,
            Self::Point { .. }
            | Self::Unpoint { .. }
            | Self::Yank { .. }
            | Self::Deprecate { .. } => Class::Mutable,
        }
    }

    /// The part of the walk that it belongs to.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::Publish(_) | Self::Await | Self::Adopt { .. } => Phase::Create,
            Self::Point { .. } | Self::Yank { .. } | Self::Deprecate { .. } => Phase::Flip,
            Self::Unpoint { .. } => Phase::Clean,
        }
    }

    /// The verb, as the glossary has it.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Publish(_) => "publish",
            Self::Await => "await",
            Self::Point { .. } => "point",
            Self::Unpoint { .. } => "unpoint",
            Self::Yank { .. } => "yank",
            Self::Deprecate { .. } => "deprecate",
            Self::Adopt { .. } => "adopt",
        }
    }
}
