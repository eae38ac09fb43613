//! Archives written byte by byte, so that they can say what no library would write.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};

/// A tar that grows.
#[derive(Default, Clone)]
pub(super) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// A header that says exactly this, and bytes behind it.
    pub(super) fn raw(mut self, kind: u8, name: &[u8], link: &[u8], bytes: &[u8]) -> Self {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name);
        header[100..107].copy_from_slice(b"0000644");
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link);
        header[257..265].copy_from_slice(b"ustar\x0000");
        self.header(header);
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Appends a header with its checksum put right.
    pub(super) fn header(&mut self, mut header: [u8; 512]) {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        self.0.extend(header);
    }

    /// Changes the last header, whose bytes have this length.
    pub(super) fn changed(mut self, length: usize, change: impl Fn(&mut [u8; 512])) -> Self {
        let body = length.next_multiple_of(512);
        let at = self.0.len() - body - 512;
        let bytes = self.0.split_off(at);
        let mut header: [u8; 512] = bytes[..512].try_into().unwrap();
        change(&mut header);
        self.header(header);
        self.0.extend(&bytes[512..]);
        self
    }

    pub(super) fn file(self, name: &str, text: &str) -> Self {
        self.raw(b'0', name.as_bytes(), b"", text.as_bytes())
    }

    pub(super) fn folder(self, name: &str) -> Self {
        self.raw(b'5', name.as_bytes(), b"", b"")
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Self {
        self.raw(b'2', name.as_bytes(), target.as_bytes(), b"")
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Self {
        self.raw(b'1', name.as_bytes(), target.as_bytes(), b"")
    }

    /// A pax header, or with `g` a global one.
    pub(super) fn pax(self, kind: u8, records: &[(&str, &str)]) -> Self {
        let body: String = records
            .iter()
            .map(|(key, value)| pax_record(key, value))
            .collect();
        self.raw(kind, b"pax", b"", body.as_bytes())
    }

    /// With the two blocks that end it.
    pub(super) fn ended(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }

    pub(super) fn gzip(self) -> Vec<u8> {
        gzip(&self.ended())
    }
}

pub(super) fn pax_record(key: &str, value: &str) -> String {
    let bare = key.len() + value.len() + 3;
    let length = (1..6)
        .map(|digits| bare + digits)
        .find(|length| length.to_string().len() + bare == *length)
        .unwrap();
    format!("{length} {key}={value}\n")
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// A zip as a library writes it.
pub(super) fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in members {
        let options = ::zip::write::SimpleFileOptions::default();
        archive.start_file(*path, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// One entry of a zip, as its own header and the directory say it.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) local: Head,
    /// `None` where the directory does not name it.
    pub(super) listed: Option<Head>,
    pub(super) bytes: Vec<u8>,
    /// What stands behind the bytes.
    pub(super) behind: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Head {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) unpacked: u32,
    pub(super) extra: Vec<u8>,
    pub(super) mode: u32,
    pub(super) comment: Vec<u8>,
}

impl Entry {
    /// A stored file.
    pub(super) fn file(name: &str, text: &str) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let head = Head {
            name: name.as_bytes().to_vec(),
            flags: 0,
            method: 0,
            crc: crc.sum(),
            packed: text.len() as u32,
            unpacked: text.len() as u32,
            extra: Vec::new(),
            mode: 0o100_644,
            comment: Vec::new(),
        };
        Self {
            local: head.clone(),
            listed: Some(head),
            bytes: text.as_bytes().to_vec(),
            behind: Vec::new(),
        }
    }

    /// Both headers changed alike.
    pub(super) fn with(mut self, change: impl Fn(&mut Head)) -> Self {
        change(&mut self.local);
        self.listed.as_mut().into_iter().for_each(change);
        self
    }
}

/// A zip of these entries, with this comment.
pub(super) fn assembled(entries: &[Entry], comment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for entry in entries {
        let at = out.len() as u32;
        let Head {
            name,
            flags,
            method,
            crc,
            packed,
            unpacked,
            extra,
            ..
        } = &entry.local;
        out.extend(b"PK\x03\x04\x14\0");
        out.extend([*flags, *method, 0, 0].map(u16::to_le_bytes).concat());
        out.extend([*crc, *packed, *unpacked].map(u32::to_le_bytes).concat());
        out.extend(
            [name.len() as u16, extra.len() as u16]
                .map(u16::to_le_bytes)
                .concat(),
        );
        out.extend([name.as_slice(), extra, &entry.bytes, &entry.behind].concat());
        let Some(head) = &entry.listed else { continue };
        count += 1;
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        directory.extend(
            [head.flags, head.method, 0, 0]
                .map(u16::to_le_bytes)
                .concat(),
        );
        directory.extend(
            [head.crc, head.packed, head.unpacked]
                .map(u32::to_le_bytes)
                .concat(),
        );
        let lengths = [head.name.len(), head.extra.len(), head.comment.len(), 0, 0];
        directory.extend(lengths.map(|length| (length as u16).to_le_bytes()).concat());
        directory.extend([head.mode << 16, at].map(u32::to_le_bytes).concat());
        directory.extend([head.name.as_slice(), &head.extra, &head.comment].concat());
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(end(count, size, start, comment));
    out
}

/// The record that ends a directory.
pub(super) fn end(count: u16, size: u32, start: u32, comment: &[u8]) -> Vec<u8> {
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend([count, count].map(u16::to_le_bytes).concat());
    out.extend([size, start].map(u32::to_le_bytes).concat());
    out.extend((comment.len() as u16).to_le_bytes());
    out.extend(comment);
    out
}
