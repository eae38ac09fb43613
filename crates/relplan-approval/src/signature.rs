//! SSH signatures (OpenSSH's PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes them, and what security keys put into them
//! (PROTOCOL.u2f): the flags byte and the counter, which stock verifiers sign for and never look at.
//!
//! Invariant: what is accepted here, `ssh-keygen -Y verify` accepts as well. Where the `ssh-key` crate is more
//! generous (text around the armour, a filled reserved field, a signature that names another algorithm than its key),
//! this file is not.

use ssh_key::{Algorithm, HashAlg, SshSig};

use crate::key::{Key, KeyError, algorithm, named};

/// The longest armoured signature that is read, in bytes; the kinds that are taken need less than a tenth.
pub(crate) const LONGEST: usize = 8_192;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "\n-----END SSH SIGNATURE-----";

/// A signature that could be read; nothing is verified yet.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    sig: SshSig,
    /// The key that it says it was made with.
    pub(crate) key: Key,
}

/// What a signature says of the person at the keyboard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presence {
    /// Somebody touched the security key.
    pub touched: bool,
    /// The security key asked for its PIN or a fingerprint.
    pub verified: bool,
    /// The security key's counter. It proves nothing without a memory, and many keys keep none.
    pub counter: Option<u32>,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is no armoured SSH signature.
    #[error("the signature is not an armoured SSH signature")]
    Unreadable,
    /// It was made for another purpose.
    #[error("it was signed for {found:?}, and not for {expected:?}")]
    Namespace {
        /// The namespace that was found, cut.
        found: String,
        /// The one that is ours.
        expected: &'static str,
    },
    /// It was made over another hash than SHA-512.
    #[error("it was made over {found}, and only sha512 is taken")]
    Hash {
        /// The hash that was found.
        found: String,
    },
    /// The key's kind is not taken.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It names another algorithm than its key has.
    #[error("its algorithm is not its key's")]
    Algorithm,
    /// It does not fit the bytes and the key.
    #[error("the signature does not fit the statement: one of them was altered")]
    Wrong,
}

impl Envelope {
    /// Reads an armoured signature.
    pub(crate) fn read(armour: &str) -> Result<Self, SignatureError> {
        let is_bare = armour.len() <= LONGEST
            && armour.starts_with(BEGIN)
            && armour.strip_suffix('\n').unwrap_or(armour).ends_with(END)
            && armour
                .bytes()
                .all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte));
        if !is_bare {
            return Err(SignatureError::Unreadable);
        }
        // The type is looked at first: ssh-key fails to read certificates without saying so.
        if let Some(kind) = kind_inside(armour) {
            named(&kind)?;
        }
        let sig = SshSig::from_pem(armour).map_err(|_| SignatureError::Unreadable)?;
        if sig.version() != 1 || !sig.reserved().is_empty() {
            return Err(SignatureError::Unreadable);
        }
        let key = Key::of(sig.public_key().clone())?;
        Ok(Self { sig, key })
    }

    /// Verifies it over bytes, for one purpose.
    pub(crate) fn verify(
        &self,
        namespace: &'static str,
        bytes: &[u8],
    ) -> Result<Presence, SignatureError> {
        if self.sig.namespace() != namespace {
            return Err(SignatureError::Namespace {
                found: self
                    .sig
                    .namespace()
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(60)
                    .collect(),
                expected: namespace,
            });
        }
        if self.sig.hash_alg() != HashAlg::Sha512 {
            return Err(SignatureError::Hash {
                found: self.sig.hash_alg().as_str().to_owned(),
            });
        }
        if self.sig.algorithm() != algorithm(self.key.kind()) {
            return Err(SignatureError::Algorithm);
        }
        self.key
            .public()
            .verify(namespace, bytes, &self.sig)
            .map_err(|_| SignatureError::Wrong)?;
        Ok(self.presence())
    }

    /// The last five bytes of a security key's signature: flags, and the counter in network order (PROTOCOL.u2f).
    fn presence(&self) -> Presence {
        let is_sk = matches!(
            self.sig.algorithm(),
            Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
        );
        match self.sig.signature_bytes() {
            [.., flags, a, b, c, d] if is_sk => Presence {
                touched: flags & 0x01 != 0,
                verified: flags & 0x04 != 0,
                counter: Some(u32::from_be_bytes([*a, *b, *c, *d])),
            },
            _ => Presence::default(),
        }
    }
}

/// The type of the key in an armoured signature, read by hand: magic, version, then the key as a string whose first
/// field is its type.
fn kind_inside(armour: &str) -> Option<String> {
    let body = armour.strip_prefix(BEGIN)?.split("-----").next()?;
    let bytes = unbase64(body.bytes().filter(|byte| *byte != b'\n').take(256));
    let rest = bytes.strip_prefix(b"SSHSIG")?.get(4 + 4..)?;
    let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    let kind = rest.get(4..)?.get(..usize::try_from(length).ok()?)?;
    String::from_utf8(kind.to_vec()).ok()
}

/// The bytes behind base64 digits, as far as they go.
fn unbase64(digits: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return bytes,
        };
        held = (held << 6 | u32::from(value)) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap_or_default());
        }
    }
    bytes
}
