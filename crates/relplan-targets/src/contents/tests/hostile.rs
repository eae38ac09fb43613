//! Archives that nobody's packer makes.

use std::io::Write as _;

use tar::{EntryType, Header};

use super::*;

const MANIFEST: &str = r#"{"name":"w","version":"1.0.0"}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// One tar record whose header says exactly this.
fn record(kind: EntryType, path: &[u8], link: &[u8], claimed: u64, bytes: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(claimed);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(path: &str, bytes: &str) -> Vec<u8> {
    record(
        EntryType::Regular,
        path.as_bytes(),
        b"",
        bytes.len() as u64,
        bytes.as_bytes(),
    )
}

fn tarball(records: &[Vec<u8>]) -> Vec<u8> {
    let mut all = file("package/package.json", MANIFEST);
    all.extend(records.concat());
    all.extend([0; 1024]);
    gzip(&all)
}

fn refusal(kind: &str, bytes: &[u8], bounds: Bounds) -> (String, bool) {
    let error = try_list(kind, bytes, bounds).unwrap_err();
    (crate::http::reason(&error), error.is_suspicious())
}

#[test]
fn a_bomb_ends_at_the_bound_and_not_in_memory() {
    let bounds = Bounds {
        members: 10,
        unpacked: 1 << 20,
    };
    let zeros = vec![0_u8; 4 << 20];
    let bomb = gzip(&[file("package/package.json", MANIFEST), zeros.clone()].concat());
    assert!(bomb.len() < 100_000);
    // As a member that claims all of it, as one inside a wheel, and as the name of a member.
    let mut claimed = file("package/package.json", MANIFEST);
    let size = zeros.len() as u64;
    claimed.extend(record(EntryType::Regular, b"package/x", b"", size, &zeros));
    let wheel = {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("x", options).unwrap();
        zip.write_all(&zeros).unwrap();
        zip.finish().unwrap().into_inner()
    };
    for (kind, bytes) in [("npm-tarball", gzip(&claimed)), ("wheel", wheel)] {
        let (reason, suspicious) = refusal(kind, &bytes, bounds);
        assert!(
            reason.contains("unpacks to more than 1048576 bytes"),
            "{reason}"
        );
        assert!(suspicious);
    }
    let mut named = file("package/package.json", MANIFEST);
    named.extend(record(EntryType::GNULongName, b"x", b"", size, &zeros));
    let (reason, _) = refusal("npm-tarball", &gzip(&named), Bounds::default());
    assert!(reason.contains("more than a mebibyte"), "{reason}");
    let many: Vec<_> = (0..11).map(|n| file(&format!("package/{n}"), "")).collect();
    let (reason, suspicious) = refusal("npm-tarball", &tarball(&many), bounds);
    assert!(
        reason.contains("more than 10 files") && suspicious,
        "{reason}"
    );
}

#[test]
fn a_hostile_path_is_refused_by_name() {
    for (path, why) in [
        ("package/../../../etc/cron.d/x", "leads out of its folder"),
        ("/etc/passwd", "is absolute"),
        ("package/a\u{1b}[2Jb", "holds a control character"),
        ("C:/x", "is absolute"),
    ] {
        let (reason, suspicious) = refusal(
            "npm-tarball",
            &tarball(&[file(path, "x")]),
            Bounds::default(),
        );
        assert!(reason.contains(why) && suspicious, "{path}: {reason}");
        assert!(!reason.contains('\u{1b}'), "{reason:?}");
        let wheel = packed("wheel", &[(path, "x")]);
        assert!(
            try_list("wheel", &wheel, Bounds::default()).is_err(),
            "{path}"
        );
    }
    let extended = format!("{} path=../../x\n", "16");
    let pax = record(
        EntryType::XHeader,
        b"x",
        b"",
        extended.len() as u64,
        extended.as_bytes(),
    );
    let (reason, _) = refusal(
        "npm-tarball",
        &tarball(&[pax, file("package/ok", "x")]),
        Bounds::default(),
    );
    assert!(
        reason.contains("leads out"),
        "the extended name counts: {reason}"
    );
    let odd = record(EntryType::Regular, b"package/\xff", b"", 0, b"");
    let (reason, _) = refusal("npm-tarball", &tarball(&[odd]), Bounds::default());
    assert!(reason.contains("not in UTF-8"), "{reason}");
}

#[test]
fn what_readers_could_take_differently_is_refused() {
    let twice = tarball(&[file("package/a", "1"), file("other/a", "2")]);
    let (reason, suspicious) = refusal("npm-tarball", &twice, Bounds::default());
    assert!(reason.contains("more than once") && suspicious, "{reason}");
    for (key, refused) in [
        ("size=1", false),
        ("size=9", true),
        ("GNU.sparse.major=1", true),
    ] {
        let text = format!("{} {key}\n", key.len() + 3 + usize::from(key.len() > 6));
        let pax = record(
            EntryType::XHeader,
            b"x",
            b"",
            text.len() as u64,
            text.as_bytes(),
        );
        let bytes = tarball(&[pax, file("package/a", "1")]);
        let found = try_list("npm-tarball", &bytes, Bounds::default());
        assert_eq!(found.is_err(), refused, "{key}: {found:?}");
    }
    let device = record(EntryType::Char, b"package/tty", b"", 0, b"");
    let (reason, _) = refusal("npm-tarball", &tarball(&[device]), Bounds::default());
    assert!(
        reason.contains("neither a file nor a folder nor a link"),
        "{reason}"
    );
}

#[test]
fn a_link_is_listed_as_one_and_never_followed() {
    let link = |target: &[u8]| record(EntryType::Symlink, b"package/a", target, 0, b"");
    let list = |records: &[Vec<u8>]| {
        try_list("npm-tarball", &tarball(records), Bounds::default()).unwrap()
    };
    let (one, other) = (list(&[link(b"/etc/passwd")]), list(&[link(b"/etc/shadow")]));
    assert!(one.files["a"].link);
    assert_eq!(told(&compared(Some(&one), &other)), ["~ a"]);
    let words = list(&[file("package/a", "link to /etc/passwd")]);
    assert_eq!(
        told(&compared(Some(&words), &one)),
        ["~ a"],
        "a file with these words is none"
    );
}

#[test]
fn what_is_cut_short_is_not_compared() {
    let bytes = tarball(&[file("package/a", &"x".repeat(5000))]);
    let half = bytes.get(..bytes.len() / 2).unwrap();
    for bad in [half, b"no archive"] {
        let (reason, suspicious) = refusal("npm-tarball", bad, Bounds::default());
        assert!(reason.contains("cannot be read as an archive"), "{reason}");
        assert!(!suspicious);
    }
    let (reason, _) = refusal("crate", &tarball(&[]), Bounds::default());
    assert!(reason.contains("its Cargo.toml is not there"), "{reason}");
}
