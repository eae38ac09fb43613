//! SSH signatures made by hand: as `ssh-keygen -Y sign` makes them, as security keys make them, and as an attacker would.
//!
//! The formats are OpenSSH's: PROTOCOL.sshsig for the envelope, PROTOCOL.u2f for keys and signatures of security keys,
//! RFC 8709 and RFC 5656 for the rest. No hardware is needed: what a security key signs is a digest of its application, the
//! flags, the counter and a digest of the message.

use base64::Engine as _;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256, Sha512};

/// The kinds of keys that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ssh-ed25519`.
    Ed25519,
    /// `ecdsa-sha2-nistp256`.
    Ecdsa,
    /// `sk-ssh-ed25519@openssh.com`.
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`.
    SkEcdsa,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::Ecdsa, Self::SkEd25519, Self::SkEcdsa];

    /// The type as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Ecdsa => "ecdsa-sha2-nistp256",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsa => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    fn is_hardware(self) -> bool {
        matches!(self, Self::SkEd25519 | Self::SkEcdsa)
    }
}

/// A key pair that follows from a seed.
#[derive(Debug, Clone)]
pub struct Signer {
    kind: Kind,
    seed: [u8; 32],
}

/// What a signature is like. The default is what stock tools make.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The security key's flags: 1 touched, 4 verified by PIN or fingerprint.
    pub flags: u8,
    /// The security key's counter.
    pub counter: u32,
    /// The hash over the message.
    pub hash: &'static str,
    /// The envelope's version.
    pub version: u32,
    /// The reserved field, in the envelope and in what is signed.
    pub reserved: Vec<u8>,
    /// Another algorithm's name than the key's.
    pub algorithm: Option<&'static str>,
    /// Another key's public half in the envelope.
    pub claimed: Option<Vec<u8>>,
    /// Flags in the signature that are not those that were signed.
    pub altered_flags: Option<u8>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            flags: 1,
            counter: 7,
            hash: "sha512",
            version: 1,
            reserved: Vec::new(),
            algorithm: None,
            claimed: None,
            altered_flags: None,
        }
    }
}

impl Signer {
    /// The key pair of a kind that follows from a seed.
    #[must_use]
    pub fn new(kind: Kind, seed: &str) -> Self {
        let seed = Sha256::digest(seed.as_bytes()).into();
        Self { kind, seed }
    }

    /// The public key as it stands in a `.pub` file, without a comment.
    #[must_use]
    pub fn public(&self) -> String {
        let digits = base64::engine::general_purpose::STANDARD.encode(self.blob());
        format!("{} {digits}", self.kind.name())
    }

    /// The public key's wire form.
    #[must_use]
    pub fn blob(&self) -> Vec<u8> {
        let mut blob = string(self.kind.name().as_bytes());
        match self.kind {
            Kind::Ed25519 | Kind::SkEd25519 => {
                blob.extend(string(self.ed25519().verifying_key().as_bytes()));
            }
            Kind::Ecdsa | Kind::SkEcdsa => {
                let point = self.p256().verifying_key().to_encoded_point(false);
                blob.extend(string(b"nistp256"));
                blob.extend(string(point.as_bytes()));
            }
        }
        if self.kind.is_hardware() {
            blob.extend(string(APPLICATION));
        }
        blob
    }

    /// Signs as stock tools do; a security key is touched.
    #[must_use]
    pub fn sign(&self, namespace: &str, message: &[u8]) -> String {
        self.sign_as(namespace, message, &Manner::default())
    }

    /// Signs in some other manner.
    #[must_use]
    pub fn sign_as(&self, namespace: &str, message: &[u8], manner: &Manner) -> String {
        let hashed = if manner.hash == "sha256" {
            Sha256::digest(message).to_vec()
        } else {
            Sha512::digest(message).to_vec()
        };
        let mut signed = b"SSHSIG".to_vec();
        signed.extend(string(namespace.as_bytes()));
        signed.extend(string(&manner.reserved));
        signed.extend(string(manner.hash.as_bytes()));
        signed.extend(string(&hashed));

        let mut envelope = b"SSHSIG".to_vec();
        envelope.extend(manner.version.to_be_bytes());
        let key = manner.claimed.clone().unwrap_or_else(|| self.blob());
        envelope.extend(string(&key));
        envelope.extend(string(namespace.as_bytes()));
        envelope.extend(string(&manner.reserved));
        envelope.extend(string(manner.hash.as_bytes()));
        envelope.extend(string(&self.signature(&signed, manner)));
        armour(&envelope)
    }

    fn signature(&self, signed: &[u8], manner: &Manner) -> Vec<u8> {
        let name = manner.algorithm.unwrap_or_else(|| self.kind.name());
        let mut tail = vec![manner.flags];
        tail.extend(manner.counter.to_be_bytes());
        let message = if self.kind.is_hardware() {
            let mut message = Sha256::digest(APPLICATION).to_vec();
            message.extend(&tail);
            message.extend(Sha256::digest(signed));
            message
        } else {
            signed.to_vec()
        };
        let raw = match self.kind {
            Kind::Ed25519 | Kind::SkEd25519 => self.ed25519().sign(&message).to_bytes().to_vec(),
            Kind::Ecdsa | Kind::SkEcdsa => {
                let signature: p256::ecdsa::Signature = self.p256().sign(&message);
                let (r, s) = signature.split_bytes();
                [integer(&r), integer(&s)].concat()
            }
        };
        if let Some(flags) = manner.altered_flags {
            tail.splice(..1, [flags]);
        }
        let mut signature = string(name.as_bytes());
        if !self.kind.is_hardware() {
            signature.extend(string(&raw));
        } else if name == self.kind.name() {
            signature.extend(string(&raw));
            signature.extend(tail);
        } else {
            // Under another name the whole is one string, as a reader that does not know the name would read it.
            signature.extend(string(&[raw, tail].concat()));
        }
        signature
    }

    fn ed25519(&self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&self.seed)
    }

    fn p256(&self) -> p256::ecdsa::SigningKey {
        let mut seed = self.seed;
        loop {
            match p256::ecdsa::SigningKey::from_slice(&seed) {
                Ok(key) => return key,
                // One seed in 2^32 is no scalar.
                Err(_) => seed = Sha256::digest(seed).into(),
            }
        }
    }
}

const APPLICATION: &[u8] = b"ssh:";

/// A string as SSH writes it: its length and its bytes.
#[must_use]
pub fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), bytes].concat()
}

/// A positive integer as SSH writes it: no zeros before it, but one where it would read as negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    if digits.first().is_some_and(|first| first & 0x80 != 0) {
        digits.insert(0, 0);
    }
    string(&digits)
}

/// The armour of `ssh-keygen`: 70 digits a line.
#[must_use]
pub fn armour(envelope: &[u8]) -> String {
    let digits = base64::engine::general_purpose::STANDARD.encode(envelope);
    let mut text = "-----BEGIN SSH SIGNATURE-----\n".to_owned();
    for line in digits.as_bytes().chunks(70) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END SSH SIGNATURE-----\n");
    text
}
