//! From two archives to the diffs of their files.

use std::io::Cursor;

use relplan_model::contents::EntryChange;

use super::{
    files::diffs,
    lines::{LineKind, hunks},
    sides::{Opened, Pair, Side},
    *,
};

/// A zip of stored members, written by hand: the archive libraries belong to another crate.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    };
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (path, bytes) in members {
        let (length, offset) = (u32::try_from(bytes.len()).unwrap(), out.len());
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        fields.extend(crc(bytes).to_le_bytes());
        fields.extend(length.to_le_bytes());
        fields.extend(length.to_le_bytes());
        fields.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        fields.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(path.as_bytes());
        out.extend(*bytes);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&fields);
        central.extend([0; 10]);
        central.extend(u32::try_from(offset).unwrap().to_le_bytes());
        central.extend(path.as_bytes());
    }
    let (number, start) = (u16::try_from(members.len()).unwrap(), out.len());
    out.extend(&central);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend([number.to_le_bytes(), number.to_le_bytes()].concat());
    out.extend(u32::try_from(central.len()).unwrap().to_le_bytes());
    out.extend(u32::try_from(start).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

fn wheel(version: &str, members: &[(&str, &[u8])]) -> Side {
    let metadata = format!("Metadata-Version: 2.1\nName: w\nVersion: {version}\n");
    let path = format!("w-{version}.dist-info/METADATA");
    let mut all = members.to_vec();
    all.push((&path, metadata.as_bytes()));
    Side {
        file: format!("w-{version}-py3-none-any.whl"),
        bytes: Opened::Memory(Cursor::new(zip(&all))),
    }
}

#[test]
fn each_file_is_shown_as_what_it_is() {
    let pair = Pair {
        kind: "wheel".to_owned(),
        before: Some(wheel(
            "1.0",
            &[
                ("same.py", b"x\n"),
                ("text.py", b"one\ntwo\n"),
                ("image", b"\0\x01"),
                ("large", &[b'x'; 50]),
                ("gone.py", b"bye\n"),
            ],
        )),
        after: wheel(
            "1.1",
            &[
                ("same.py", b"x\n"),
                ("text.py", b"one\n2"),
                ("image", b"\0\x02"),
                ("large", &[b'y'; 50]),
                ("new.py", b"hi\n"),
            ],
        ),
    };
    let limits = Limits {
        file: 49,
        ..Limits::default()
    };
    let found = diffs(pair, limits).unwrap();
    let shown: Vec<String> = found
        .iter()
        .map(|diff| {
            let body = match &diff.body {
                Body::Text { hunks, .. } => hunks
                    .iter()
                    .flat_map(|hunk| &hunk.lines)
                    .map(|line| format!("{}{}", line.kind.sign(), line.text))
                    .collect::<Vec<_>>()
                    .join("|"),
                other => format!("{other:?}"),
            };
            format!("{} {:?}: {body}", diff.path, diff.was)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "gone.py None: -bye",
            "image None: Binary",
            "large None: Large",
            "new.py None: +hi",
            "text.py None:  one|-two|+2",
            "w-1.1.dist-info/METADATA Some(\"w-1.0.dist-info/METADATA\"): \
             Metadata-Version: 2.1| Name: w|-Version: 1.0|+Version: 1.1"
                .replace(": Metadata", ":  Metadata")
                .as_str(),
        ]
    );
    assert_eq!(found[0].change, EntryChange::Removed { size: 4 });
}

#[test]
fn a_long_diff_is_cut_and_counted() {
    let after: String = (0..100).map(|n| format!("{n}\n")).collect();
    let (shown, omitted) = hunks("", &after, 3, 10);
    let lines: usize = shown.iter().map(|hunk| hunk.lines.len()).sum();
    assert_eq!((lines, omitted), (10, 90));
    assert!(
        shown[0]
            .lines
            .iter()
            .all(|line| line.kind == LineKind::Added)
    );
    let (unterminated, _) = hunks("a\n", "a", 3, 10);
    assert!(unterminated[0].lines.iter().any(|line| line.unterminated));
}
