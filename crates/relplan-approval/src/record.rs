//! Signatures under texts, whoever made them. The record that an approval travels in is `relplan-model`'s.

pub use relplan_model::approval::record::{FORMAT, MAX_SIZE, Record, RecordError};

use crate::{
    key::Key,
    signature::{Envelope, Presence, SignatureError},
};

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
