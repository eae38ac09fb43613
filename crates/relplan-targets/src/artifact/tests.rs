//! Bytes that differ from the plan's never leave, whenever they came to differ.

use std::{
    io::{Cursor, Seek, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use relplan_model::address::{Ecosystem, PackageId, PackageName, Version};

use super::*;

fn artifact(bytes: &[u8]) -> Artifact {
    Artifact {
        package: PackageId {
            ecosystem: Ecosystem::new("npm").unwrap(),
            name: PackageName::new("widget").unwrap(),
        },
        version: Version::new("1.0.0").unwrap(),
        kind: "npm-tarball".to_owned(),
        file: FileName::new("widget-1.0.0.tgz").unwrap(),
        size: bytes.len() as u64,
        digests: Digests::of(bytes),
        commit: None,
        dirty: false,
        packer: "npm".to_owned(),
    }
}

struct Memory(Vec<u8>);

impl ArtifactSource for Memory {
    fn open(&self, _: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}

/// A file whose last byte differs from the second reading on. The flag: it has been read since it was last wound back.
struct Swapped(Cursor<Vec<u8>>, AtomicBool);

impl Read for Swapped {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1.store(true, Ordering::Relaxed);
        self.0.read(out)
    }
}

impl Seek for Swapped {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if self.1.swap(false, Ordering::Relaxed) {
            self.0.seek(SeekFrom::End(-1))?;
            self.0.write_all(b"!")?;
        }
        self.0.seek(to)
    }
}

impl ArtifactSource for Swapped {
    fn open(&self, _: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        Ok(Box::new(Self(self.0.clone(), AtomicBool::new(false))))
    }
}

#[tokio::test]
async fn l3_the_checked_bytes_are_those_that_leave() {
    for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
        let bytes = vec![b'x'; size];
        let also = [Algorithm::Sha1, Algorithm::Blake2b256];
        let checked = check(&Memory(bytes.clone()), &artifact(&bytes), &also)
            .await
            .unwrap();
        assert_eq!(checked.digests().0.len(), 4);
        let mut out = Vec::new();
        checked.into_reader().read_to_end(&mut out).unwrap();
        assert_eq!(out, bytes);
    }
}

#[tokio::test]
async fn l3_other_bytes_are_refused_before_any_leaves() {
    for other in [&b"abd"[..], b"ab", b"abcd", b""] {
        let refused = check(&Memory(other.to_vec()), &artifact(b"abc"), &[]).await;
        assert!(refused.is_err(), "{other:?}");
    }
}

#[tokio::test]
async fn l3_a_file_swapped_after_the_check_never_leaves_whole() {
    let bytes = vec![b'x'; 2 * BLOCK + 5];
    let source = Swapped(Cursor::new(bytes.clone()), AtomicBool::new(false));
    let checked = check(&source, &artifact(&bytes), &[]).await.unwrap();
    let mut out = Vec::new();
    assert!(checked.into_reader().read_to_end(&mut out).is_err());
    assert!(out.len() <= 2 * BLOCK, "{} bytes left", out.len());
}
