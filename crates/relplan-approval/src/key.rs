//! Public keys of people: which kinds are taken, and why the others are not.

use std::fmt;

use serde::{Deserialize, Serialize};
use ssh_key::{
    Algorithm, EcdsaCurve, HashAlg, PublicKey,
    public::{EcdsaPublicKey, KeyData},
};

/// The longest line of a public key that is read, in bytes.
const LONGEST: usize = 1_024;

/// A public key that may sign approvals, written `TYPE BASE64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key {
    data: KeyData,
    text: String,
}

/// The kinds of keys that may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `ssh-ed25519`.
    Ed25519,
    /// `ecdsa-sha2-nistp256`.
    EcdsaP256,
    /// `sk-ssh-ed25519@openssh.com`: on a security key.
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`: on a security key.
    SkEcdsaP256,
}

impl KeyKind {
    /// Whether the key is on a security key, so that its signatures tell of touch and PIN.
    #[must_use]
    pub fn is_hardware(self) -> bool {
        matches!(self, Self::SkEd25519 | Self::SkEcdsaP256)
    }
}

/// Why a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no public key.
    #[error("this is not an SSH public key of the form `TYPE BASE64`")]
    Unreadable,
    /// A certificate.
    #[error(
        "{kind} is an SSH certificate: who vouches for it decides who approves, and that is not in the policy; name the person's own key"
    )]
    Certificate {
        /// The type as it is written.
        kind: String,
    },
    /// RSA or DSA.
    #[error("{kind} keys are not taken: use ssh-ed25519, or a security key")]
    Old {
        /// The type as it is written.
        kind: String,
    },
    /// Another kind.
    #[error(
        "keys of the type {kind} are not taken: only ssh-ed25519, ecdsa-sha2-nistp256, sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com are"
    )]
    Unknown {
        /// The type as it is written, cut.
        kind: String,
    },
    /// A private key.
    #[error("this is a private key: count it as leaked, make a new one, and name its public half")]
    Private,
}

impl Key {
    /// Reads a key as it stands in a `.pub` file; a comment behind it is dropped.
    ///
    /// # Errors
    /// When the text is no public key, or one of a kind that is not taken.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        if text.len() > LONGEST
            || !text
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        {
            let kind = text.split(' ').next().unwrap_or_default();
            named(kind)?;
            return Err(KeyError::Unreadable);
        }
        let mut words = text.split(' ');
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else {
            return Err(KeyError::Unreadable);
        };
        named(kind)?;
        let line = format!("{kind} {base64}");
        let key = PublicKey::from_openssh(&line).map_err(|_| KeyError::Unreadable)?;
        Self::of(key.key_data().clone())
    }

    /// Takes a key that was read elsewhere.
    pub(crate) fn of(data: KeyData) -> Result<Self, KeyError> {
        named(data.algorithm().as_str())?;
        let is_plain_point = match &data {
            KeyData::Ecdsa(EcdsaPublicKey::NistP256(point)) => point.as_bytes().len() == 65,
            KeyData::SkEcdsaSha2NistP256(key) => key.ec_point().as_bytes().len() == 65,
            _ => true,
        };
        let text = PublicKey::new(data.clone(), "")
            .to_openssh()
            .map_err(|_| KeyError::Unreadable)?;
        if is_plain_point {
            Ok(Self {
                data,
                text: text.trim_end().to_owned(),
            })
        } else {
            // OpenSSH takes no compressed points.
            Err(KeyError::Unreadable)
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match &self.data {
            KeyData::SkEd25519(_) => KeyKind::SkEd25519,
            KeyData::SkEcdsaSha2NistP256(_) => KeyKind::SkEcdsaP256,
            KeyData::Ecdsa(_) => KeyKind::EcdsaP256,
            _ => KeyKind::Ed25519,
        }
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.data.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key as text, without a comment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::new(self.data.clone(), "")
    }

    pub(crate) fn data(&self) -> &KeyData {
        &self.data
    }
}

/// Whether a type's name is one that is taken.
pub(crate) fn named(kind: &str) -> Result<KeyKind, KeyError> {
    let shown: String = kind
        .chars()
        .filter(char::is_ascii_graphic)
        .take(60)
        .collect();
    match kind {
        "ssh-ed25519" => Ok(KeyKind::Ed25519),
        "ecdsa-sha2-nistp256" => Ok(KeyKind::EcdsaP256),
        "sk-ssh-ed25519@openssh.com" => Ok(KeyKind::SkEd25519),
        "sk-ecdsa-sha2-nistp256@openssh.com" => Ok(KeyKind::SkEcdsaP256),
        "ssh-rsa" | "ssh-dss" | "rsa-sha2-256" | "rsa-sha2-512" => {
            Err(KeyError::Old { kind: shown })
        }
        _ if kind.contains("-cert-v") => Err(KeyError::Certificate { kind: shown }),
        "" => Err(KeyError::Unreadable),
        _ => Err(KeyError::Unknown { kind: shown }),
    }
}

/// The algorithm that a signature by a key of this kind must name. `ssh-key` does not compare them for keys on security keys.
pub(crate) fn algorithm(kind: KeyKind) -> Algorithm {
    match kind {
        KeyKind::Ed25519 => Algorithm::Ed25519,
        KeyKind::EcdsaP256 => Algorithm::Ecdsa {
            curve: EcdsaCurve::NistP256,
        },
        KeyKind::SkEd25519 => Algorithm::SkEd25519,
        KeyKind::SkEcdsaP256 => Algorithm::SkEcdsaSha2NistP256,
    }
}

/// Whether a text is a fingerprint as `ssh-keygen -l` prints it: `SHA256:` and 43 characters of base64.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|digits| {
        digits.len() == 43
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.text
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;
    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::parse(&text)
    }
}
