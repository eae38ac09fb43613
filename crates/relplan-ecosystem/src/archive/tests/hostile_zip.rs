//! Zips that clients read differently (I1 and its neighbours), for wheels and source distributions.

use super::{
    made::{Entry, assembled, end},
    *,
};

const ZIPS: [Format; 2] = [Format::Wheel, Format::ZipSdist];

fn good(format: Format) -> Entry {
    let (path, text) = identity(format);
    Entry::file(path, text)
}

fn evil(format: Format) -> Entry {
    let (path, text) = identity(format);
    Entry::file(path, &text.replace("1.0.0", "6.6.6"))
}

fn refused(format: Format, why: &str, bytes: &[u8]) {
    let said = said(format, bytes);
    assert!(
        said.starts_with("refused:") && said.contains(why),
        "{format:?}, {why}: {said}"
    );
}

/// I1: the metadata of a second distribution, or of this one once more, in every place that installers look in.
#[test]
fn l3_i1_a_wheel_installs_one_distribution() {
    for second in [
        "w-1.0.0.dist-info//METADATA",
        "w-1.0.0.dist-info/./METADATA",
        "./w-1.0.0.dist-info/METADATA",
        "W-1.0.0.dist-info/METADATA",
        "w-1.0.0.DIST-INFO/METADATA",
        "w-1.0.0.dist-info/Metadata",
        "w-1.0.0.dist-info/record ",
        "w-1.0.0.dist-info./METADATA",
        "w-1.0.0.data/purelib/w-1.0.0.dist-info/METADATA",
        "w-1.0.0.data/platlib/w-1.0.0.dist-info/METADATA",
        "w-1.0.0.data//purelib/w-1.0.0.dist-info/METADATA",
        "w-1.0.0.data/purelib/other-9.dist-info/METADATA",
        "w-1.0.0.data/purelib/other.egg-info/PKG-INFO",
        "w-1.0.0.data/data/lib/python3.12/site-packages/w-1.0.0.dist-info/METADATA",
        "w-1.0.0.data/data/Lib/Site-Packages/other-9.dist-info/METADATA",
        "w-1.0.0.data/purelib/x.py",
        "x-1.0.0.data/purelib/y.py",
        "other-9.dist-info/METADATA",
        "other-9.dist-info/RECORD",
        "other.egg-info/PKG-INFO",
        "other.egg-info",
        "w-1.0.0.dist-info\\METADATA",
        "w-1.0.0.dist-info/x/../METADATA",
        "/w-1.0.0.dist-info/METADATA",
    ] {
        let second = Entry::file(second, &PYTHON.replace("1.0.0", "6.6.6"));
        let x = Entry::file("x.py", "");
        for entries in [
            [good(Format::Wheel), second.clone(), x.clone()],
            [second, x, good(Format::Wheel)],
        ] {
            refused(Format::Wheel, "it holds", &assembled(&entries, b""));
        }
    }
    for harmless in [
        "w/_vendor/other-9.dist-info/METADATA",
        "w-1.0.0.data/purelib/w/other-9.dist-info/METADATA",
        "w-1.0.0.data/scripts/w.dist-info/x",
        "w-1.0.0.data/purelib/y.py",
        "w-1.0.0.dist-info/licenses/LICENSE",
        "x.py/",
        "X.py",
    ] {
        let entries = [
            good(Format::Wheel),
            Entry::file("X.PY", ""),
            Entry::file(harmless, ""),
        ];
        assert_eq!(
            said(Format::Wheel, &assembled(&entries, b"")),
            "w 1.0.0",
            "{harmless}"
        );
    }
    let (_, text) = identity(Format::Wheel);
    for folder in ["v-1.0.0", "w-2.0.0", "w"] {
        let entry = Entry::file(&format!("{folder}.dist-info/METADATA"), text);
        refused(
            Format::Wheel,
            "another name or version",
            &assembled(&[entry], b""),
        );
    }
}

/// I1: a directory and entries that say different things.
#[test]
fn l3_i1_the_directory_and_the_entries_say_the_same() {
    for format in ZIPS {
        let whole = |entries: &[Entry]| assembled(entries, b"");
        let local = |change: &dyn Fn(&mut made::Head)| {
            let mut entry = good(format);
            change(&mut entry.local);
            whole(&[entry])
        };
        let both = |change: &dyn Fn(&mut made::Head)| whole(&[good(format).with(change)]);
        let mut hidden = evil(format);
        hidden.listed = None;
        let mut gap = good(format);
        gap.behind = b"gap".to_vec();
        let descriptor = |entry: Entry| entry.with(|head| head.flags = 8);
        let differs = "say different things";
        for (why, bytes) in [
            (differs, local(&|head| head.name[0] = b'v')),
            (differs, local(&|head| head.crc ^= 1)),
            (differs, local(&|head| head.unpacked += 1)),
            (differs, local(&|head| head.packed -= 1)),
            (differs, local(&|head| head.method = 8)),
            (differs, local(&|head| head.flags = 1)),
            ("bytes between", whole(&[hidden.clone(), good(format)])),
            ("bytes behind", whole(&[good(format), hidden.clone()])),
            ("bytes behind", whole(&[gap])),
            ("more than once", whole(&[good(format), evil(format)])),
            ("stand behind its bytes", whole(&[descriptor(good(format))])),
            ("encrypted", both(&|head| head.flags = 1)),
            ("not all clients know", both(&|head| head.method = 12)),
            ("two sizes", both(&|head| head.unpacked += 1)),
            ("other bytes", both(&|head| head.crc ^= 1)),
            ("has a comment", both(&|head| head.comment = b"x".to_vec())),
            (
                "not marked as UTF-8",
                both(&|head| head.name.extend("ü".as_bytes())),
            ),
            (
                "two names",
                both(&|head| head.extra = b"\x75\x70\x06\0\x01\0\0\0\0x".to_vec()),
            ),
            (
                "extra fields are malformed",
                both(&|head| head.extra = b"\x01\0\x09\0".to_vec()),
            ),
            (
                "extra field twice",
                both(&|head| head.extra = b"\x01\0\0\0\x01\0\0\0".to_vec()),
            ),
            ("size is missing", both(&|head| head.unpacked = u32::MAX)),
            ("control character", both(&|head| head.name[3] = 0)),
            ("neither a file", both(&|head| head.mode = 0o020_644)),
        ] {
            refused(format, why, &bytes);
        }
        let folder = Entry::file(
            &format!(
                "{}x/",
                identity(format).0.split_inclusive('/').next().unwrap()
            ),
            "x",
        );
        refused(
            format,
            "has bytes although",
            &whole(&[good(format), folder]),
        );
    }
}

/// I1: two ends, and bytes before the start or behind the end.
#[test]
fn l3_i1_a_zip_has_one_beginning_and_one_end() {
    for format in ZIPS {
        let good_zip = assembled(&[good(format)], b"");
        let evil_zip = assembled(&[evil(format)], b"");
        let moved = "does not end where the file ends";
        refused(
            format,
            moved,
            &[b"#!prepended".to_vec(), good_zip.clone()].concat(),
        );
        refused(
            format,
            moved,
            &[evil_zip.clone(), good_zip.clone()].concat(),
        );
        refused(
            format,
            "no directory",
            &[good_zip.clone(), b"x".to_vec()].concat(),
        );
        // A comment that is an end of its own: its directory is that of another archive.
        refused(
            format,
            moved,
            &assembled(&[good(format)], &end(0, 0, 0, b"")),
        );
        let commented = assembled(&[good(format)], &evil_zip);
        refused(format, moved, &commented);
        assert_eq!(
            said(format, &assembled(&[good(format)], b"a comment")),
            "w 1.0.0"
        );
        let cut = &good_zip[..good_zip.len() - 30];
        refused(format, "cannot be read", cut);
    }
}

/// What writers of zips do: zip64 fields, deflate, folders, Unicode names, links as text.
#[test]
fn what_writers_of_zips_do_is_read() {
    let options = || ::zip::write::SimpleFileOptions::default();
    for format in ZIPS {
        let (path, text) = identity(format);
        let folder = path.split('/').next().unwrap();
        let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        let large = options().large_file(true);
        archive
            .add_directory(format!("{folder}/"), options())
            .unwrap();
        archive.start_file(path, large).unwrap();
        std::io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
        archive
            .start_file(format!("{folder}/ü"), options().unix_permissions(0o755))
            .unwrap();
        archive
            .add_symlink(format!("{folder}/l"), "../../etc/passwd", options())
            .unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        assert_eq!(said(format, &bytes), "w 1.0.0");
        let mut seen = Vec::new();
        walk(
            format,
            &mut Cursor::new(bytes),
            Bounds::default(),
            &mut |member| {
                let mut text = String::new();
                member.bytes.read_to_string(&mut text)?;
                seen.push((member.path, member.executable, member.link, text));
                Ok(())
            },
        )
        .unwrap();
        let last = |n: usize| seen[n].0.rsplit('/').next().unwrap().to_owned();
        assert_eq!((last(1), seen[1].1), ("ü".to_owned(), true));
        assert_eq!(
            (last(2), seen[2].2, seen[2].3.as_str()),
            ("l".to_owned(), true, "link to ../../etc/passwd")
        );
    }
}
