//! Records that stand before an entry and say more about it: pax headers, global ones, and GNU's long names.
//!
//! Invariant: one record says the name, and only where clients agree on what it says. Clients differ in the order of pax
//! and GNU records, in repeated keys, in lines inside of values, and in what a global header applies to.

use std::io::{self, Read};

use super::header::Header;

/// The largest record, in bytes.
const LONGEST: u64 = 1 << 20;

/// Keys that change what an entry is. `type` and `mode` are those of one client alone.
const DECISIVE: [&[u8]; 7] = [
    b"path",
    b"linkpath",
    b"size",
    b"type",
    b"mode",
    b"charset",
    b"hdrcharset",
];

/// Why a record is not taken.
pub(super) enum Failed {
    Read(io::Error),
    Refused(&'static str),
}

/// What the records before an entry say about it.
#[derive(Default)]
pub(super) struct Extended {
    pub(super) name: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// The type flags of the records.
    seen: Vec<u8>,
}

impl Extended {
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Takes one record.
    pub(super) fn take(&mut self, header: &Header, body: &mut dyn Read) -> Result<(), Failed> {
        let mut bytes = Vec::new();
        body.take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(Failed::Read)?;
        if bytes.len() as u64 > LONGEST {
            return Err(Failed::Refused("which is a record of more than a mebibyte"));
        }
        let is_pax = matches!(header.kind, b'x' | b'g');
        let mixed = self
            .seen
            .iter()
            .any(|seen| *seen == header.kind || is_pax || matches!(seen, b'x'));
        if mixed {
            let why =
                "which is one of several records about one file, where clients take different ones";
            return Err(Failed::Refused(why));
        }
        match header.kind {
            b'g' => return self.pax(&bytes, true).map_err(Failed::Refused),
            b'x' => self.pax(&bytes, false).map_err(Failed::Refused)?,
            b'L' => self.name = Some(long(bytes).map_err(Failed::Refused)?),
            _ => self.link = Some(long(bytes).map_err(Failed::Refused)?),
        }
        self.seen.push(header.kind);
        Ok(())
    }

    fn pax(&mut self, bytes: &[u8], global: bool) -> Result<(), &'static str> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (key, value, after) = record(rest).ok_or("which is a malformed pax header")?;
            rest = after;
            if key.starts_with(b"GNU.sparse.") {
                return Err("which announces a file with holes: clients read it differently");
            }
            if hides_a_line(value) {
                return Err("whose value is a further line to some clients");
            }
            if !DECISIVE.contains(&key) {
                continue;
            }
            if global {
                return Err(
                    "which says what all files behind it are: some clients heed that and some do not",
                );
            }
            let again = match key {
                b"path" => self.name.replace(value.to_vec()).is_some(),
                b"linkpath" => self.link.replace(value.to_vec()).is_some(),
                b"size" => {
                    let text = std::str::from_utf8(value).ok();
                    let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                    let size = digits.and_then(|text| text.parse().ok());
                    let size = size.ok_or("which gives a size that is none")?;
                    self.size.replace(size).is_some()
                }
                _ => return Err("which says what only some clients heed"),
            };
            if again {
                return Err("which says one thing twice");
            }
        }
        Ok(())
    }
}

/// Takes the first `<length> <key>=<value>\n`; the length counts itself.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let digits = std::str::from_utf8(bytes.get(..space)?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (line, rest) = bytes.split_at_checked(digits.parse().ok()?)?;
    let pair = line.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (key, value) = pair.split_at_checked(equals)?;
    let is_key = !key.is_empty()
        && key
            .iter()
            .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_key.then_some((key, value.get(1..)?, rest))
}

/// Whether a value holds a line break and, behind it, what clients that read line by line take for another record.
fn hides_a_line(value: &[u8]) -> bool {
    let mut lines = value.split(|byte| *byte == b'\n').skip(1);
    lines.any(|line| {
        let key = line.split(|byte| *byte == b'=').next().unwrap_or_default();
        DECISIVE.iter().any(|decisive| key.ends_with(decisive)) || key.starts_with(b"GNU.")
    })
}

/// A long name: one NUL ends it.
fn long(mut bytes: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.contains(&0) {
        return Err("whose long name goes on behind its end");
    }
    Ok(bytes)
}
