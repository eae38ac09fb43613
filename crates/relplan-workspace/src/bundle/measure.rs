//! Sizes and digests of files, taken while they stream: memory does not grow with the file.

use std::io::{self, Read, Write};

use camino::Utf8Path;
use relplan_model::digest::{Algorithm, Digests, hex};
use relplan_system::tree::{ReadError, open_named};
use sha2::Digest as _;

/// What a file measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    /// In bytes.
    pub(crate) size: u64,
    /// SHA-256 and SHA-512.
    pub(crate) digests: Digests,
}

/// Measures a file.
pub(crate) fn measure_file(path: &Utf8Path) -> io::Result<Measured> {
    let mut file = open_named(path.as_std_path()).map_err(ReadError::into_io)?;
    copy_measured(&mut file, &mut io::sink())
}

/// Copies everything from a reader to a writer and measures it on the way.
pub(super) fn copy_measured(from: &mut impl Read, to: &mut impl Write) -> io::Result<Measured> {
    let (mut sha256, mut sha512) = (sha2::Sha256::new(), sha2::Sha512::new());
    let mut buffer = vec![0; 128 << 10];
    let mut size = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..count).unwrap_or_default();
        sha256.update(piece);
        sha512.update(piece);
        to.write_all(piece)?;
        size += count as u64;
    }
    let digests = Digests::default()
        .with(Algorithm::Sha256, hex(&sha256.finalize()))
        .with(Algorithm::Sha512, hex(&sha512.finalize()));
    Ok(Measured { size, digests })
}
