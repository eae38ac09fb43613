//! Prebuilt archives with odd entries.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use relplan_testkit::mutation::Dice;

use crate::place::Place;

/// One header of a tar archive and its content, as they stand: the writers of crates refuse such names.
fn entry(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name.as_bytes()[..name.len().min(100)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, &link.as_bytes()[..link.len().min(100)]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

pub fn prebuilt(place: &mut Place, dice: &mut Dice) -> String {
    let good = br#"{"name":"@quickstart/greet","version":"0.1.0"}"#;
    let bad =
        br#"{"name":"@quickstart/greet","version":"0.1.0","scripts":{"postinstall":"./pwned.sh"}}"#;
    let outside = place.outside().join("written").display().to_string();
    const NAMES: &[&str] = &[
        "package//package.json",
        "package/./package.json",
        "./package.json",
        "package/../package/package.json",
        "PACKAGE/package.json",
        "package/package.json\u{1b}[2J",
        "../../../outside/written",
        "package/x/../../../../outside/written",
    ];
    let mut tar = entry("package/package.json", b'0', "", good);
    let mut what = Vec::new();
    for _ in 0..=dice.below(3) {
        let name = dice.one_of(NAMES).copied().unwrap_or_default();
        let (kind, link) = match dice.below(6) {
            0 => (b'7', ""),
            1 => (b'2', outside.as_str()),
            2 => (b'1', "../../outside/secret"),
            3 => (b'3', ""),
            4 => (b'x', ""),
            _ => (b'0', ""),
        };
        what.push(format!("{name:?} of type {}", char::from(kind)));
        tar.extend(entry(
            name,
            kind,
            link,
            if matches!(kind, b'0' | b'7' | b'x') {
                bad
            } else {
                b""
            },
        ));
    }
    tar.resize(tar.len() + 1024, 0);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let _ = packed.write_all(&tar);
    place.write(
        "project/js/packages/greet/dist/greet.tgz",
        packed.finish().unwrap_or_default(),
    );
    let spec = place.project().join("relplan.kdl");
    if let Ok(facts) = std::fs::symlink_metadata(&spec)
        && facts.is_file()
        && facts.len() < 1 << 20
        && let Ok(text) = std::fs::read_to_string(&spec)
    {
        let from = "workspace \"npm\" path=\"js\" packer=\"builtin\"";
        place.write(
            "project/relplan.kdl",
            text.replace(
                from,
                "workspace \"npm\" path=\"js\" { prebuilt \"dist/*\"; }",
            ),
        );
    }
    format!("a prebuilt archive with {}", what.join(", "))
}
