//! Findings: coded, addressed remarks with a severity and a hint.

mod code;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::code::FindingCode;
use crate::address::Address;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Worth a look before approving.
    Warning,
    /// Something is held, or cannot be done.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A remark about one address, or about the whole plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Finding {
    /// A stable word for scripts, such as `conflict` or `unknown`. Codes are API.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What happened and why, without a final full stop.
    pub message: String,
    /// What to do; commands stand between back-ticks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about an address.
    #[must_use]
    pub fn new(
        code: FindingCode,
        severity: Severity,
        address: Option<&Address>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: code.word().to_owned(),
            severity,
            address: address.cloned(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
