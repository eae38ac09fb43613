//! The files that approvals and new policies travel in: texts as they were signed, and signatures as they were made. How they
//! travel is nobody's concern: nothing in them is believed before it is verified.

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};

/// The format name that a record carries.
pub const FORMAT: &str = "relplan.approval/1";

/// The largest record that is read, in bytes.
pub const MAX_SIZE: usize = 64 << 10;

/// The format name of a rotation.
pub const ROTATION: &str = "relplan.rotation/1";

/// The largest rotation that is read, in bytes.
pub const MAX_ROTATION: usize = 4 << 20;

/// One signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// The signed text, byte for byte.
    pub statement: String,
    /// The armoured SSH signature over it.
    pub signature: String,
}

/// One step from a policy to the next, with those who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rotation {
    /// Always [`ROTATION`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = ROTATION)))]
    pub format: String,
    /// The old policy's canonical form.
    pub from: String,
    /// The new policy's canonical form.
    pub to: String,
    /// Each signature over the one text that names both.
    pub signatures: Vec<RotationSignature>,
}

/// Somebody's signature under a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RotationSignature {
    /// The signed text, byte for byte.
    pub statement: String,
    /// The armoured SSH signature over it.
    pub signature: String,
}

/// Why bytes are not such a file.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// They are not canonical JSON of its shape.
    #[error("it cannot be read")]
    Canonical(#[from] CanonicalError),
    /// They are of another format.
    #[error("its format is not {expected}")]
    Format {
        /// The format that was expected.
        expected: &'static str,
    },
}

impl Record {
    /// A record of a text and its signature.
    #[must_use]
    pub fn of(statement: String, signature: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            statement,
            signature,
        }
    }

    /// The record's only spelling.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a record; a newline at the end is taken, as editors and shells add one.
    ///
    /// # Errors
    /// When the bytes are too many, or not a record in its canonical form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let record: Self = canonical::document_from_bytes(bytes, MAX_SIZE, FORMAT)?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(RecordError::Format { expected: FORMAT })
        }
    }
}

impl Rotation {
    /// The rotation's only spelling.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a rotation; a newline at the end is taken.
    ///
    /// # Errors
    /// When the bytes are not one in its canonical form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let rotation: Self = canonical::document_from_bytes(bytes, MAX_ROTATION, ROTATION)?;
        if rotation.format == ROTATION {
            Ok(rotation)
        } else {
            Err(RecordError::Format { expected: ROTATION })
        }
    }
}
