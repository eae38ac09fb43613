//! Where texts stand in a JSON document, so that one can be exchanged and every other byte stays.
//!
//! Why not read and write it: the order of members counts in `package.json` (`exports`), and people know their layout.

use std::ops::Range;

/// A member of an object: its name, and where its value stands in the document.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) value: Range<usize>,
}

/// The members of the object that stands in this part of a valid JSON document; none when it is no object.
pub(super) fn members(document: &str, part: Range<usize>) -> Vec<Member> {
    let mut scan = Scan {
        bytes: document.as_bytes(),
        at: part.start,
    };
    let mut found = Vec::new();
    scan.skip_space();
    if !scan.take(b'{') {
        return found;
    }
    loop {
        scan.skip_space();
        let name = scan.value();
        scan.skip_space();
        if name.is_empty() || !scan.take(b':') {
            return found;
        }
        scan.skip_space();
        let value = scan.value();
        let name = document
            .get(name)
            .and_then(|text| serde_json::from_str(text).ok());
        if let Some(name) = name {
            found.push(Member { name, value });
        }
        scan.skip_space();
        if !scan.take(b',') {
            return found;
        }
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    /// Passes over one value, however deep it is.
    fn value(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => self.text(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' | b':' if depth == 0 => break,
                b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => break,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    fn text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
    }
}
