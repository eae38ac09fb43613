//! The readers of what registries answer and what artifacts say. Archives are given as what is in their compression:
//! inflating is somebody else's code, and a changed byte of compressed data only ever ends there.

use relplan_model::{
    address::{PackageId, Version},
    bundle::Artifact,
    digest::Digests,
    observation::{Facts, Freshness, Query},
};
use relplan_targets::readers;

use super::readers::Reader;

/// All of them.
pub(crate) const READERS: &[Reader] = &[
    Reader {
        name: "npm-document",
        read: npm_document,
    },
    Reader {
        name: "cargo-index",
        read: cargo_index,
    },
    Reader {
        name: "python-page",
        read: python_page,
    },
    Reader {
        name: "npm-tarball",
        read: npm_tarball,
    },
    Reader {
        name: "crate-file",
        read: crate_file,
    },
    Reader {
        name: "wheel",
        read: wheel,
    },
    Reader {
        name: "sdist",
        read: sdist,
    },
];

fn query(range: &str) -> Query {
    Query {
        address: "npm:widget".parse().expect("a constant"),
        versions: vec!["1.0.0".parse().expect("a constant")],
        ranges: vec![range.to_owned()],
        freshness: Freshness::Authoritative,
    }
}

/// No more is kept than was asked for.
fn bounded(facts: &Facts) {
    let asked: Version = "1.0.0".parse().expect("a constant");
    let matched: Vec<&Version> = facts.ranges.values().flatten().collect();
    let known = |version: &Version| *version == asked || matched.contains(&version);
    assert!(facts.versions.keys().all(known), "{facts:?}");
}

fn npm_document(bytes: &[u8]) {
    if let Ok(facts) = readers::npm_document(bytes, &query("<2")) {
        bounded(&facts);
    }
}

fn cargo_index(bytes: &[u8]) {
    let mut query = query("<2");
    query.ranges.clear();
    if let Ok(facts) = readers::cargo_index(bytes, &query) {
        bounded(&facts);
    }
}

fn python_page(bytes: &[u8]) {
    let _ = readers::python_page(bytes, "widget");
}

fn npm_tarball(bytes: &[u8]) {
    let _ = readers::npm_tarball(&gzipped(bytes));
}

fn crate_file(bytes: &[u8]) {
    let artifact = Artifact {
        package: PackageId {
            ecosystem: "cargo".parse().expect("a constant"),
            name: "widget".parse().expect("a constant"),
        },
        version: "1.0.0".parse().expect("a constant"),
        kind: "crate".to_owned(),
        file: "widget-1.0.0.crate".parse().expect("a constant"),
        size: bytes.len() as u64,
        digests: Digests::of(bytes),
        commit: None,
        dirty: false,
        packer: String::new(),
    };
    let _ = readers::crate_file(&gzipped(bytes), &artifact);
}

fn wheel(bytes: &[u8]) {
    let _ = readers::distribution("widget-1.0.0-py3-none-any.whl", bytes);
}

fn sdist(bytes: &[u8]) {
    let _ = readers::distribution("widget-1.0.0.tar.gz", &gzipped(bytes));
}

/// These bytes as a gzip stream that compresses nothing (RFC 1952 and RFC 1951, stored blocks).
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        stream.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let size = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(size.to_le_bytes());
        stream.extend((!size).to_le_bytes());
        stream.extend(block);
    }
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    });
    stream.extend((!crc).to_le_bytes());
    stream.extend(u32::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
    stream
}
