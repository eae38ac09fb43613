//! Digests: of files, of plans, of journal lines, and how two sets of them compare.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A SHA-256 digest, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest that stands for "nothing before": all zero bits.
    pub const ZERO: Self = Self([0; 32]);

    /// Digests bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Takes the 32 bytes of a digest made elsewhere.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 64 hexadecimal digits, without the algorithm's name.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The first twelve hexadecimal digits: enough for people to tell plans apart, never enough to trust.
    #[must_use]
    pub fn short(&self) -> String {
        self.hex().chars().take(12).collect()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a digest of the form {expected}")]
pub struct InvalidDigest {
    /// The refused text, cut.
    pub text: String,
    /// The form that was expected.
    pub expected: &'static str,
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidDigest;
    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl std::str::FromStr for Sha256 {
    type Err = InvalidDigest;
    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let invalid = || InvalidDigest {
            text: text.chars().take(100).collect(),
            expected: "sha256:<64 hex digits>",
        };
        let digits = text.strip_prefix("sha256:").ok_or_else(invalid)?;
        let bytes = unhex(digits).ok_or_else(invalid)?;
        Ok(Self(bytes.try_into().map_err(|_| invalid())?))
    }
}

/// Writes bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' } else { b'a' - 10 } + value);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// Reads lower-case hexadecimal digits; upper case is refused so that a digest has one spelling.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        }
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

/// A digest algorithm that some registry shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// BLAKE2b with 256 bits.
    Blake2b256,
    /// MD5: never proof of sameness.
    Md5,
    /// SHA-1: never proof of sameness.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Whether equal digests prove equal bytes. Different digests prove different bytes under every algorithm.
    #[must_use]
    pub fn proves_sameness(self) -> bool {
        match self {
            Self::Blake2b256 | Self::Sha256 | Self::Sha512 => true,
            Self::Md5 | Self::Sha1 => false,
        }
    }
}

/// What two sets of digests say about the bytes behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// A strong algorithm is in both sets and agrees, and none disagrees.
    Same,
    /// An algorithm is in both sets and disagrees.
    Different,
    /// Nothing in common that could prove sameness.
    Incomparable,
}

/// The digests known of one file: algorithm to lower-case hexadecimal digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digests(pub BTreeMap<Algorithm, String>);

impl Digests {
    /// The digests of bytes held in memory: SHA-256 and SHA-512.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::default()
            .with(Algorithm::Sha256, hex(&sha2::Sha256::digest(bytes)))
            .with(Algorithm::Sha512, hex(&sha2::Sha512::digest(bytes)))
    }

    /// Adds one digest, given in hexadecimal digits.
    #[must_use]
    pub fn with(mut self, algorithm: Algorithm, digits: impl Into<String>) -> Self {
        self.0.insert(algorithm, digits.into().to_ascii_lowercase());
        self
    }

    /// One digest's hexadecimal digits.
    #[must_use]
    pub fn get(&self, algorithm: Algorithm) -> Option<&str> {
        self.0.get(&algorithm).map(String::as_str)
    }

    /// Compares two sets of digests (law L4: "already there" is decided here and nowhere else).
    #[must_use]
    pub fn compare(&self, other: &Self) -> Comparison {
        let mut proven = false;
        for (algorithm, digits) in &self.0 {
            match other.0.get(algorithm) {
                Some(theirs) if theirs != digits => return Comparison::Different,
                Some(_) => proven |= algorithm.proves_sameness(),
                None => {}
            }
        }
        if proven {
            Comparison::Same
        } else {
            Comparison::Incomparable
        }
    }
}

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let best = [
            Algorithm::Sha256,
            Algorithm::Sha512,
            Algorithm::Blake2b256,
            Algorithm::Sha1,
            Algorithm::Md5,
        ]
        .into_iter()
        .find_map(|algorithm| Some((algorithm, self.get(algorithm)?)));
        match best {
            Some((Algorithm::Sha256, digits)) => write!(f, "sha256:{digits}"),
            Some((Algorithm::Sha512, digits)) => write!(f, "sha512:{digits}"),
            Some((Algorithm::Blake2b256, digits)) => write!(f, "blake2b-256:{digits}"),
            Some((Algorithm::Sha1, digits)) => write!(f, "sha1:{digits}"),
            Some((Algorithm::Md5, digits)) => write!(f, "md5:{digits}"),
            None => f.write_str("no digest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_spelling() {
        let text = Sha256::of(b"relplan").to_string();
        assert_eq!(text.parse::<Sha256>().unwrap().to_string(), text);
        assert!(text.to_uppercase().parse::<Sha256>().is_err());
        assert!("sha256:00".parse::<Sha256>().is_err());
    }

    #[test]
    fn l4_sameness_needs_a_strong_digest_in_common() {
        let strong = Digests::of(b"x");
        let weak = Digests::default().with(Algorithm::Sha1, "aa");
        assert_eq!(strong.compare(&Digests::of(b"x")), Comparison::Same);
        assert_eq!(strong.compare(&Digests::of(b"y")), Comparison::Different);
        assert_eq!(strong.compare(&weak), Comparison::Incomparable);
        assert_eq!(weak.compare(&weak), Comparison::Incomparable);
        let mixed = strong.clone().with(Algorithm::Sha1, "bb");
        assert_eq!(
            mixed.compare(&strong.with(Algorithm::Sha1, "aa")),
            Comparison::Different
        );
    }
}
