//! What to do next, as programs get to read it.

use serde::{Deserialize, Serialize};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Next {
    /// A stable word for the situation, such as `apply` or `decide-conflict`. Codes are API.
    pub code: String,
    /// The command lines to choose from, the first first; they are quoted for a shell.
    pub commands: Vec<String>,
}
