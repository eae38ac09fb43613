//! Changes to seeds, from a seeded sequence: what a fuzzer does without being guided, so that a short run is an ordinary
//! test and repeats everywhere.

use relplan_testkit::world::Chance;

/// Texts that readers stumble over.
const HARD: &[&str] = &[
    "",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "-1",
    "1e999",
    "9007199254740993",
    "18446744073709551616",
    "/-",
    "/-{",
    "#true",
    "\r\n",
    "\u{feff}",
    "\u{202e}",
    "../",
    "=",
    "<a href=",
    "&#x110000;",
    "<!--",
    "sha256:",
    "1.0.0",
    "yanked",
    "package/package.json",
    "\0",
];

/// One of the seeds, changed in one to eight places; sometimes it goes on with a piece of another one.
pub(crate) fn mutated(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = chance.one_of(seeds).cloned().unwrap_or_default();
    for _ in 0..1 + chance.below(8) {
        change(chance, &mut bytes, seeds);
    }
    bytes.truncate(1 << 16);
    bytes
}

fn place(chance: &mut Chance, length: usize) -> usize {
    usize::try_from(chance.below(length as u64 + 1)).unwrap_or_default()
}

fn change(chance: &mut Chance, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = place(chance, bytes.len());
    let size = place(chance, (bytes.len() - at).min(40));
    match chance.below(9) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(chance.below(256)).unwrap_or_default();
            }
        }
        2 => drop(bytes.drain(at..at + size)),
        3 => {
            let piece = bytes[at..at + size].to_vec();
            let times = 1 + place(chance, 20);
            let again = piece.repeat(times);
            bytes.splice(at..at, again);
        }
        4 => {
            let hard = chance.one_of(HARD).copied().unwrap_or_default();
            bytes.splice(at..at + size, hard.bytes());
        }
        5 => {
            let hard = chance.one_of(HARD).copied().unwrap_or_default();
            let many = hard.repeat(1 + place(chance, 300));
            bytes.splice(at..at, many.into_bytes());
        }
        6 => bytes.truncate(at),
        7 => {
            let other = chance.one_of(seeds).cloned().unwrap_or_default();
            let from = place(chance, other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => number(chance, bytes, at),
    }
}

/// Another number where one stands.
fn number(chance: &mut Chance, bytes: &mut Vec<u8>, from: usize) {
    let is_digit = |place: &usize| bytes[*place].is_ascii_digit();
    let Some(begin) = (from..bytes.len()).find(is_digit) else {
        return;
    };
    let end = (begin..bytes.len()).find(|place| !is_digit(place));
    let other = match chance.below(4) {
        0 => "0".to_owned(),
        1 => u64::MAX.to_string(),
        2 => "00".to_owned(),
        _ => chance.draw().to_string(),
    };
    bytes.splice(begin..end.unwrap_or(bytes.len()), other.into_bytes());
}
