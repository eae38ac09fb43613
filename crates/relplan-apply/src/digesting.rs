//! Digesting artifacts as they stream by, several at once (law L3).

use std::{
    io::{self, Read as _, Seek as _, SeekFrom},
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use relplan_model::{
    bundle::Artifact,
    digest::{Algorithm, Digests, hex},
    port::ArtifactSource,
};
use sha2::Digest as _;

/// In what an artifact differs from the plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Altered {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is longer or shorter.
    #[error("it has {found} bytes, and the plan says {planned}")]
    Size {
        /// In the plan.
        planned: u64,
        /// Now.
        found: u64,
    },
    /// It has another digest.
    #[error("it is {found} now, and the plan says {planned}")]
    Bytes {
        /// In the plan.
        planned: String,
        /// Now.
        found: String,
    },
    /// The plan does not say what its bytes are.
    #[error("the plan has no sha256 digest for it")]
    Unproven,
}

/// Reads artifacts through and compares them with what the plan says of them. Blocks; memory does not grow with them.
pub(crate) fn altered<'a>(
    artifacts: &[&'a Artifact],
    source: &dyn ArtifactSource,
) -> Vec<(&'a Artifact, Altered)> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        while let Some(artifact) = artifacts.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(altered) = compare(artifact, source) {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.push((*artifact, altered));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 1..threads.min(artifacts.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(artifact, _)| &artifact.file);
    found
}

fn compare(artifact: &Artifact, source: &dyn ArtifactSource) -> Result<(), Altered> {
    let sha256 = artifact
        .digests
        .get(Algorithm::Sha256)
        .ok_or(Altered::Unproven)?;
    let (size, digests) = digest(artifact, source).map_err(Altered::Unreadable)?;
    if size != artifact.size {
        return Err(Altered::Size {
            planned: artifact.size,
            found: size,
        });
    }
    let same = |algorithm| match artifact.digests.get(algorithm) {
        Some(planned) => digests.get(algorithm) == Some(planned),
        None => true,
    };
    if same(Algorithm::Sha256) && same(Algorithm::Sha512) {
        return Ok(());
    }
    Err(Altered::Bytes {
        planned: format!("sha256:{sha256}"),
        found: digests.to_string(),
    })
}

fn digest(artifact: &Artifact, source: &dyn ArtifactSource) -> io::Result<(u64, Digests)> {
    let mut reader = source.open(artifact)?;
    // A file of another size need not be read, however long it says it is.
    let said = reader.seek(SeekFrom::End(0))?;
    if said != artifact.size {
        return Ok((said, Digests::default()));
    }
    reader.seek(SeekFrom::Start(0))?;
    let mut reader = reader.take(artifact.size.saturating_add(1));
    let mut sha256 = sha2::Sha256::new();
    let mut sha512 = sha2::Sha512::new();
    let mut size = 0;
    let mut buffer = vec![0; 128 << 10];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (bytes, _) = buffer.split_at(count);
        sha256.update(bytes);
        sha512.update(bytes);
        size += count as u64;
    }
    let digests = Digests::default()
        .with(Algorithm::Sha256, hex(&sha256.finalize()))
        .with(Algorithm::Sha512, hex(&sha512.finalize()));
    Ok((size, digests))
}
