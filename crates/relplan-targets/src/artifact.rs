//! Artifacts on their way out: hashed against the plan before the first byte leaves, and again while they leave (L3).
//!
//! Invariant: a reader of [`Checked::into_reader`] never hands out the last block of a file whose bytes differ from
//! those that were checked, so that no complete upload of other bytes can exist.
//! Why: a bundle's folder is not trusted, and a file may be replaced between the check and the upload.

#[cfg(test)]
mod tests;

use std::io::{self, Read, SeekFrom};

use blake2::Blake2b256;
use relplan_model::{
    address::FileName,
    bundle::Artifact,
    digest::{Algorithm, Digests, hex},
    port::{ArtifactRead, ArtifactSource, Outcome},
};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// How many bytes are read at a time.
const BLOCK: usize = 64 << 10;

/// Why an artifact may not be uploaded.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It could not be opened or read.
    #[error("the artifact {file} cannot be read")]
    Read {
        /// The artifact.
        file: FileName,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It has another size than the plan says.
    #[error("the artifact {file} has {found} bytes, and the plan says {expected}")]
    Size {
        /// The artifact.
        file: FileName,
        /// The plan's size in bytes.
        expected: u64,
        /// The size found in bytes.
        found: u64,
    },
    /// It has other bytes than the plan says.
    #[error(
        "the artifact {file} has the {algorithm:?} digest {found}, and the plan says {expected}"
    )]
    Digest {
        /// The artifact.
        file: FileName,
        /// The algorithm that shows it.
        algorithm: Algorithm,
        /// The plan's digest in hexadecimal digits.
        expected: String,
        /// The digest found in hexadecimal digits.
        found: String,
    },
}

impl ArtifactError {
    /// How an attempt ends that met this: nothing was sent.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::Refused {
            reason: crate::http::reason(self),
            credential: false,
        }
    }
}

/// An artifact whose bytes are the plan's, wound back to its start.
pub struct Checked {
    reader: Box<dyn ArtifactRead>,
    size: u64,
    digests: Digests,
}

/// Opens an artifact and compares its size and every digest that the plan has of it.
///
/// `also` names further digests to be computed, for a registry that wants them told; MD5 is not computed.
///
/// # Errors
/// When it cannot be read, or has other bytes than the plan says.
pub async fn check(
    source: &dyn ArtifactSource,
    artifact: &Artifact,
    also: &[Algorithm],
) -> Result<Checked, ArtifactError> {
    let file = artifact.file.clone();
    let unreadable = |source| ArtifactError::Read {
        file: file.clone(),
        source,
    };
    let mut reader = source.open(artifact).map_err(unreadable)?;
    // Before it is hashed: a file of another size need not be read, however long it says it is.
    let said = reader.seek(SeekFrom::End(0)).map_err(unreadable)?;
    if said != artifact.size {
        return Err(ArtifactError::Size {
            file: artifact.file.clone(),
            expected: artifact.size,
            found: said,
        });
    }
    reader.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut hashers = Hashers::new(artifact.digests.0.keys().chain(also).copied());
    let measured = tokio::task::spawn_blocking(move || {
        let size = hashers.read(&mut reader)?;
        reader.seek(SeekFrom::Start(0))?;
        Ok((reader, size, hashers.finish()))
    });
    let (reader, size, digests) = match measured.await {
        Ok(result) => result.map_err(unreadable)?,
        Err(join) => return Err(unreadable(io::Error::other(join))),
    };
    compare(artifact, size, &digests)?;
    Ok(Checked {
        reader,
        size,
        digests,
    })
}

fn compare(artifact: &Artifact, size: u64, digests: &Digests) -> Result<(), ArtifactError> {
    if size != artifact.size {
        return Err(ArtifactError::Size {
            file: artifact.file.clone(),
            expected: artifact.size,
            found: size,
        });
    }
    for (algorithm, expected) in &artifact.digests.0 {
        match digests.get(*algorithm) {
            Some(found) if found != expected => {
                return Err(ArtifactError::Digest {
                    file: artifact.file.clone(),
                    algorithm: *algorithm,
                    expected: expected.clone(),
                    found: found.to_owned(),
                });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

impl Checked {
    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digests computed: SHA-256, the plan's and those asked for.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The file itself, for reading metadata out of it before it is sent. Whoever reads must wind it back.
    pub fn file(&mut self) -> &mut dyn ArtifactRead {
        &mut *self.reader
    }

    /// A reader of exactly the checked bytes; it fails before the last block if they have changed since.
    #[must_use]
    pub fn into_reader(self) -> impl Read + Send + 'static {
        Verified {
            reader: self.reader,
            remaining: self.size,
            wound_back: false,
            hash: Sha256::new(),
            expected: self
                .digests
                .get(Algorithm::Sha256)
                .unwrap_or_default()
                .to_owned(),
            block: Vec::new(),
            taken: 0,
        }
    }
}

struct Verified {
    reader: Box<dyn ArtifactRead>,
    remaining: u64,
    wound_back: bool,
    hash: Sha256,
    expected: String,
    block: Vec<u8>,
    taken: usize,
}

impl Verified {
    fn refill(&mut self) -> io::Result<()> {
        if !self.wound_back {
            self.reader.seek(SeekFrom::Start(0))?;
            self.wound_back = true;
        }
        let wanted = self.remaining.min(BLOCK as u64);
        self.block.clear();
        self.taken = 0;
        let got = (&mut self.reader)
            .take(wanted)
            .read_to_end(&mut self.block)?;
        if (got as u64) < wanted {
            return Err(changed());
        }
        self.hash.update(&self.block);
        self.remaining -= wanted;
        if self.remaining == 0 && hex(&self.hash.finalize_reset()) != self.expected {
            self.block.clear();
            return Err(changed());
        }
        Ok(())
    }
}

fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the artifact changed while it was being uploaded",
    )
}

impl Read for Verified {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            if self.remaining == 0 {
                return Ok(0);
            }
            self.refill()?;
        }
        let rest = self.block.get(self.taken..).unwrap_or_default();
        let mut source = rest;
        let count = source.read(out)?;
        self.taken += count;
        Ok(count)
    }
}

#[derive(Default)]
struct Hashers {
    sha1: Option<Sha1>,
    sha256: Sha256,
    sha512: Option<Sha512>,
    blake2b256: Option<Blake2b256>,
}

impl Hashers {
    fn new(wanted: impl Iterator<Item = Algorithm>) -> Self {
        let mut hashers = Self::default();
        for algorithm in wanted {
            match algorithm {
                Algorithm::Sha1 => hashers.sha1 = Some(Sha1::new()),
                Algorithm::Sha512 => hashers.sha512 = Some(Sha512::new()),
                Algorithm::Blake2b256 => hashers.blake2b256 = Some(Blake2b256::new()),
                Algorithm::Sha256 | Algorithm::Md5 => {}
            }
        }
        hashers
    }

    fn read(&mut self, reader: &mut dyn ArtifactRead) -> io::Result<u64> {
        reader.seek(SeekFrom::Start(0))?;
        let mut block = vec![0; BLOCK];
        let mut size = 0;
        loop {
            let count = match reader.read(&mut block) {
                Ok(0) => return Ok(size),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let bytes = block.get(..count).unwrap_or_default();
            size += count as u64;
            self.sha256.update(bytes);
            if let Some(hash) = &mut self.sha1 {
                hash.update(bytes);
            }
            if let Some(hash) = &mut self.sha512 {
                hash.update(bytes);
            }
            if let Some(hash) = &mut self.blake2b256 {
                hash.update(bytes);
            }
        }
    }

    fn finish(self) -> Digests {
        let Self {
            sha1,
            sha256,
            sha512,
            blake2b256,
        } = self;
        let mut digests = Digests::default().with(Algorithm::Sha256, hex(&sha256.finalize()));
        if let Some(hash) = sha1 {
            digests = digests.with(Algorithm::Sha1, hex(&hash.finalize()));
        }
        if let Some(hash) = sha512 {
            digests = digests.with(Algorithm::Sha512, hex(&hash.finalize()));
        }
        if let Some(hash) = blake2b256 {
            digests = digests.with(Algorithm::Blake2b256, hex(&hash.finalize()));
        }
        digests
    }
}
