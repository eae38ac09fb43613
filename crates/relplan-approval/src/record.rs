//! The file that an approval travels in: the statement as it was signed, and the signature as it was made. How it
//! travels is nobody's concern: nothing in it is believed before it is verified.

use relplan_model::canonical::{self, CanonicalError};
use serde::{Deserialize, Serialize};

use crate::{
    key::Key,
    signature::{Envelope, Presence, SignatureError},
};

/// The format name that a record carries.
pub const FORMAT: &str = "relplan.approval/1";

/// The largest record that is read, in bytes.
pub const MAX_SIZE: usize = 64 << 10;

/// One signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: String,
    /// The signed text, byte for byte.
    pub statement: String,
    /// The armoured SSH signature over it.
    pub signature: String,
}

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// They are not canonical JSON of a record's shape.
    #[error("the record cannot be read")]
    Canonical(#[from] CanonicalError),
    /// They are of another format.
    #[error("the record's format is not {FORMAT}")]
    Format,
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
        let record: Self = canonical::from_bytes(bytes, MAX_SIZE)?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(RecordError::Format)
        }
    }
}

/// Verifies an armoured signature over bytes, and tells by which key it was made and what it says of the person.
///
/// Whose key that is, and whether it counts, is not asked here.
///
/// # Errors
/// When it cannot be read, is of a kind that is not taken, was made for another purpose, or does not fit.
pub fn verify_signature(
    namespace: &'static str,
    bytes: &[u8],
    armour: &str,
) -> Result<(Key, Presence), SignatureError> {
    let envelope = Envelope::read(armour)?;
    let presence = envelope.verify(namespace, bytes)?;
    Ok((envelope.key, presence))
}
