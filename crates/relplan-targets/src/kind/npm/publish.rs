//! The publish document: `PUT /<name>` with the manifest and the tarball in one JSON text, streamed.
//!
//! Invariant: the tarball is never in memory as a whole; its base64 form is made while it is sent, and the length of
//! the whole text is known before (law L3 is kept by the reader that it comes from).

use std::io::{self, Cursor, Read};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_ecosystem::npm::Tarball;
use relplan_model::{
    address::{PackageName, PointerName, Version},
    digest::{Algorithm, unhex},
};
use serde_json::{Map, Value, json};
use url::Url;

use super::manifest;
use crate::{artifact::Checked, http::Body};

/// What a publish says besides the tarball.
pub(super) struct Document<'a> {
    pub(super) package: &'a PackageName,
    pub(super) version: &'a Version,
    /// The dist-tag that the upload sets.
    pub(super) tag: &'a PointerName,
    /// `public`, `restricted`, or what the registry does by itself.
    pub(super) access: Option<&'a str>,
    pub(super) registry: &'a Url,
    pub(super) contents: &'a Tarball,
}

impl Document<'_> {
    /// The request's body.
    ///
    /// # Errors
    /// Never for documents made of JSON values; serde_json's own error otherwise.
    pub(super) fn body(&self, artifact: Checked) -> Result<Body, serde_json::Error> {
        let size = artifact.size();
        let head = serde_json::to_vec(&self.head(&artifact))?;
        let name = serde_json::to_vec(&format!("{}-{}.tgz", self.package, self.version))?;
        // The head is an object: its closing brace makes room for the attachment.
        let mut before = head;
        before.pop();
        before.extend_from_slice(br#","_attachments":{"#);
        before.extend_from_slice(&name);
        before.extend_from_slice(br#":{"content_type":"application/octet-stream","data":""#);
        let after = format!(r#"","length":{size}}}}}}}"#).into_bytes();
        let encoded = size.div_ceil(3) * 4;
        let length = before.len() as u64 + encoded + after.len() as u64;
        let tarball = Base64 {
            inner: artifact.into_reader(),
            out: Vec::new(),
            taken: 0,
        };
        let reader = Cursor::new(before).chain(tarball).chain(Cursor::new(after));
        Ok(Body::Read {
            length,
            reader: Box::new(reader),
        })
    }

    fn head(&self, artifact: &Checked) -> Value {
        let (package, version) = (self.package.as_str(), self.version.as_str());
        let mut manifest = manifest::normalised(self.contents);
        manifest.insert("_id".to_owned(), json!(format!("{package}@{version}")));
        manifest.insert("dist".to_owned(), self.dist(artifact));
        let mut head = Map::new();
        head.insert("_id".to_owned(), json!(package));
        head.insert("name".to_owned(), json!(package));
        if let Some(description) = self.contents.manifest.get("description") {
            head.insert("description".to_owned(), description.clone());
        }
        head.insert(
            "dist-tags".to_owned(),
            json!({ self.tag.as_str(): version }),
        );
        head.insert("versions".to_owned(), json!({ version: manifest }));
        head.insert("access".to_owned(), json!(self.access));
        Value::Object(head)
    }

    fn dist(&self, artifact: &Checked) -> Value {
        let (package, version) = (self.package, self.version);
        let digests = artifact.digests();
        let sha512 = digests
            .get(Algorithm::Sha512)
            .and_then(unhex)
            .unwrap_or_default();
        // npm names the tarball by http always; registries write their own URL when they are read.
        let registry = match self.registry.as_str().strip_prefix("https://") {
            Some(rest) => format!("http://{rest}"),
            None => self.registry.to_string(),
        };
        json!({
            "integrity": format!("sha512-{}", BASE64_STANDARD.encode(sha512)),
            "shasum": digests.get(Algorithm::Sha1),
            "tarball": format!("{registry}{package}/-/{package}-{version}.tgz"),
        })
    }
}

/// Base64 of what an inner reader yields. Blocks of a multiple of three bytes need no padding in between.
struct Base64<R> {
    inner: R,
    out: Vec<u8>,
    taken: usize,
}

const BLOCK: u64 = 48 << 10;

impl<R: Read> Read for Base64<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.out.len() {
            let mut block = Vec::with_capacity(BLOCK as usize);
            (&mut self.inner).take(BLOCK).read_to_end(&mut block)?;
            self.out = BASE64_STANDARD.encode(block).into_bytes();
            self.taken = 0;
        }
        let mut rest = self.out.get(self.taken..).unwrap_or_default();
        let count = rest.read(into)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_padding_only_at_its_end() {
        let block = usize::try_from(BLOCK).unwrap();
        for size in [0, 1, 2, 3, block - 1, block, block + 1, 3 * block + 2] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let mut reader = Base64 {
                // Short reads must not end a block early.
                inner: Cursor::new(&bytes[..size / 2]).chain(Cursor::new(&bytes[size / 2..])),
                out: Vec::new(),
                taken: 0,
            };
            let mut out = String::new();
            reader.read_to_string(&mut out).unwrap();
            assert_eq!(out, BASE64_STANDARD.encode(&bytes), "{size}");
            assert_eq!(out.len(), size.div_ceil(3) * 4, "the announced length");
        }
    }
}
