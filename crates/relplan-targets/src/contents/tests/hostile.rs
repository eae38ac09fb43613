//! Archives that nobody's packer makes: what the one reader refuses is told, and nothing is listed. Which ones it
//! refuses is tested where it lives.

use std::io::Write as _;

use tar::{EntryType, Header};

use super::*;

const MANIFEST: &str = r#"{"name":"w","version":"1.0.0"}"#;

fn refusal(kind: &str, bytes: &[u8], bounds: Bounds) -> (String, bool) {
    let error = try_list(kind, bytes, bounds).unwrap_err();
    (crate::http::reason(&error), error.is_suspicious())
}

#[test]
fn a_bomb_ends_at_the_bound() {
    let bounds = Bounds {
        members: 10,
        unpacked: 1 << 20,
    };
    let zeros = "\0".repeat(4 << 20);
    for (kind, path) in [("npm-tarball", "package/x"), ("wheel", "x")] {
        let bytes = packed(kind, &[("package/package.json", MANIFEST), (path, &zeros)]);
        assert!(bytes.len() < 100_000);
        let (reason, suspicious) = refusal(kind, &bytes, bounds);
        assert!(
            reason.contains("unpacks to more than 1048576 bytes"),
            "{reason}"
        );
        assert!(suspicious);
    }
}

/// I1: in a listing, which is also that of a published file, and for every kind.
#[test]
fn l3_i1_what_clients_read_differently_is_not_listed() {
    for (kind, paths, why) in [
        ("npm-tarball", ["package/a", "other/a"], "more than once"),
        (
            "crate",
            ["w-1.0.0/Cargo.toml", "w-1.0.0/cargo.toml"],
            "some clients read as",
        ),
        (
            "crate",
            ["w-1.0.0/Cargo.toml", "elsewhere/x"],
            "not in the one folder",
        ),
        (
            "sdist",
            ["w-1.0.0/PKG-INFO", "setup.py"],
            "not in the one folder",
        ),
        (
            "wheel",
            ["w-1.0.0.dist-info/METADATA", "v-1.dist-info/METADATA"],
            "several .dist-info",
        ),
    ] {
        let members: Vec<_> = paths.iter().map(|path| (*path, "x")).collect();
        let (reason, suspicious) = refusal(kind, &packed(kind, &members), Bounds::default());
        assert!(reason.contains(why) && suspicious, "{kind}: {reason}");
    }
    let (reason, _) = refusal(
        "npm-tarball",
        &packed("npm-tarball", &[("package/a\u{1b}[2Jb", "x")]),
        Bounds::default(),
    );
    assert!(!reason.contains('\u{1b}'), "{reason:?}");
}

#[test]
fn a_link_is_listed_as_one_and_never_followed() {
    let list = |target: &str| {
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        let info = format!("{INFO}1.0.0\n");
        let mut header = Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(info.len() as u64);
        tar.append_data(&mut header, "w-1.0.0/PKG-INFO", info.as_bytes())
            .unwrap();
        let mut header = Header::new_ustar();
        header.set_size(0);
        header.set_entry_type(EntryType::Symlink);
        tar.append_link(&mut header, "w-1.0.0/a", target).unwrap();
        let mut gzip = tar.into_inner().unwrap();
        gzip.flush().unwrap();
        try_list("sdist", &gzip.finish().unwrap(), Bounds::default())
    };
    let (one, other) = (list("PKG-INFO").unwrap(), list("b").unwrap());
    assert!(one.files["a"].link);
    assert_eq!(told(&compared(Some(&one), &other)), ["~ a"]);
    let info = format!("{INFO}1.0.0\n");
    let words = listed(
        "sdist",
        &[("w-1.0.0/PKG-INFO", &info), ("w-1.0.0/a", "link to b")],
    );
    assert_eq!(
        told(&compared(Some(&words), &other)),
        ["~ a"],
        "a file with these words is none"
    );
    assert!(list("../x").is_err());
}

#[test]
fn what_is_cut_short_is_not_compared() {
    let bytes = packed(
        "npm-tarball",
        &[
            ("package/package.json", MANIFEST),
            ("package/a", &"x".repeat(5000)),
        ],
    );
    let half = bytes.get(..bytes.len() / 2).unwrap();
    for bad in [half, b"no archive"] {
        let (reason, suspicious) = refusal("npm-tarball", bad, Bounds::default());
        assert!(reason.contains("cannot be read as an archive"), "{reason}");
        assert!(!suspicious);
    }
    let (reason, _) = refusal(
        "crate",
        &packed("crate", &[("w/a", "x")]),
        Bounds::default(),
    );
    assert!(reason.contains("its Cargo.toml is not there"), "{reason}");
}
