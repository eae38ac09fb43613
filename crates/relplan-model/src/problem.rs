//! Problems: what is wrong with a spec, or with how it fits the workspaces, as programs get to read it.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};

/// The format name that a report of problems carries.
pub const FORMAT: &str = "relplan.problems/1";

/// All that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// What is wrong at places of the spec, in order of place; empty: the spec is sound and fits the workspaces.
    pub problems: Vec<Problem>,
    /// Remarks on the packages, which have no place in the spec.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report of these problems and remarks.
    #[must_use]
    pub fn new(problems: Vec<Problem>, findings: Vec<Finding>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            problems,
            findings,
        }
    }
}

/// One thing that is wrong at a place of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// A stable word for scripts, such as `unknown-property`. Codes are API.
    pub code: String,
    /// How much it matters; only errors keep a spec from being used.
    pub severity: Severity,
    /// The file, relative to the project's folder.
    pub file: String,
    /// What is wrong, on one line and without a final full stop.
    pub message: String,
    /// Where, and what to write under the place.
    #[serde(flatten)]
    pub place: Place,
    /// Other places that belong to it, such as an earlier declaration.
    pub related: Vec<Place>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// What to write under the place.
    pub label: String,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The offset in bytes, from 0.
    pub offset: u64,
    /// The length in bytes.
    pub length: u64,
}
