//! The upload form of the legacy upload API: `multipart/form-data` around a file that is streamed.
//!
//! Invariant: the file comes first and `:action` last, so that a body that was cut off is not a form that a registry
//! can act on. Why: pypiserver takes a cut body for a whole one, and stores the piece of the file that arrived (seen
//! with 2.4.1 when the client is killed in the middle of an upload).

use std::io::{Cursor, Read};

use relplan_model::digest::{Algorithm, Digests, Sha256};
use serde::Deserialize;

use super::{Distribution, simple};

/// An upload form without its file: what stands before and behind the file's bytes.
pub(super) struct Form {
    boundary: String,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Form {
    /// The form for one file (PyPI's upload API; fields as in `docs/user/api/upload` of its sources).
    ///
    /// MD5 is not told: an index that checks any digest checks a stronger one.
    pub(super) fn new(file: &str, distribution: &Distribution, digests: &Digests) -> Self {
        let mut fields = vec![
            ("protocol_version", "1"),
            ("filetype", distribution.filetype),
            ("pyversion", distribution.pyversion.as_str()),
        ];
        fields.extend(distribution.metadata.form());
        for (name, algorithm) in [
            ("sha256_digest", Algorithm::Sha256),
            ("blake2_256_digest", Algorithm::Blake2b256),
        ] {
            fields.extend(digests.get(algorithm).map(|digits| (name, digits)));
        }
        fields.push((":action", "file_upload"));
        let boundary = boundary(file, &fields);
        // A file's name holds neither quotes nor backslashes nor control characters.
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"content\"; filename=\"{file}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let mut tail = "\r\n".to_owned();
        for (name, value) in fields {
            tail.push_str(&format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        tail.push_str(&format!("--{boundary}--\r\n"));
        Self {
            head: head.into_bytes(),
            tail: tail.into_bytes(),
            boundary,
        }
    }

    /// The value of the `content-type` header.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// How long the body is around a file of `size` bytes.
    pub(super) fn length(&self, size: u64) -> u64 {
        self.head.len() as u64 + size + self.tail.len() as u64
    }

    /// The body around a file.
    pub(super) fn around(self, file: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let Self {
            boundary: _,
            head,
            tail,
        } = self;
        Box::new(Cursor::new(head).chain(file).chain(Cursor::new(tail)))
    }
}

/// A line that no part contains: the digest of all parts, the file's digest among them, so that to put it into one of
/// them takes a fixed point of SHA-256.
fn boundary(file: &str, fields: &[(&str, &str)]) -> String {
    let mut all = file.to_owned();
    for (name, value) in fields {
        all.push_str(&format!("\n{} {name} {value}", value.len()));
    }
    format!("relplan-{}", Sha256::of(all.as_bytes()).hex())
}

/// A registry's words about an upload, out of JSON or HTML.
pub(super) fn words(text: &str) -> String {
    #[derive(Deserialize)]
    struct Said {
        message: Option<String>,
        detail: Option<String>,
        error: Option<String>,
    }
    if let Ok(Said {
        message,
        detail,
        error,
    }) = serde_json::from_str(text)
        && let Some(words) = message.or(detail).or(error)
    {
        return words;
    }
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    without_markup(text)
}

fn without_markup(text: &str) -> String {
    let body = text.split_once("<body").map_or(text, |(_, body)| body);
    let mut out = String::new();
    // What stands before the first `<` is the rest of the body's own tag.
    for piece in body.split('<').skip(usize::from(body.len() < text.len())) {
        out.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
        out.push(' ');
    }
    simple::resolve(&out)
}

#[cfg(test)]
mod tests {
    use super::{super::made as files, *};

    #[test]
    fn the_form_is_what_the_upload_api_asks_for() {
        let bytes = files::wheel("Widget", "1.0");
        let distribution =
            Distribution::read("widget-1.0-py3-none-any.whl", &mut Cursor::new(&bytes)).unwrap();
        let digests = Digests::default()
            .with(Algorithm::Sha256, "aa")
            .with(Algorithm::Sha512, "not told")
            .with(Algorithm::Blake2b256, "bb");
        let form = Form::new("widget-1.0-py3-none-any.whl", &distribution, &digests);
        let length = form.length(7);
        let content_type = form.content_type();
        let boundary = content_type.split_once("boundary=").unwrap().1.to_owned();
        let mut body = String::new();
        form.around(Cursor::new(b"<BYTES>"))
            .read_to_string(&mut body)
            .unwrap();
        assert_eq!(body.len() as u64, length);
        let field = |name: &str, value: &str| {
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let wanted = [
            "--B\r\nContent-Disposition: form-data; name=\"content\"; filename=\"widget-1.0-py3-none-any.whl\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n<BYTES>\r\n"
                .to_owned(),
            field("protocol_version", "1"),
            field("filetype", "bdist_wheel"),
            field("pyversion", "py3"),
            field("metadata_version", "2.1"),
            field("name", "Widget"),
            field("version", "1.0"),
            field("summary", "A widget"),
            field("description", "# Readme\n"),
            field("sha256_digest", "aa"),
            field("blake2_256_digest", "bb"),
            field(":action", "file_upload"),
            "--B--\r\n".to_owned(),
        ];
        assert_eq!(body.replace(&boundary, "B"), wanted.concat());
    }

    #[test]
    fn the_boundary_changes_with_every_part() {
        let one = boundary("f", &[("a", "1"), ("b", "2")]);
        for other in [
            boundary("g", &[("a", "1"), ("b", "2")]),
            boundary("f", &[("a", "1"), ("b", "3")]),
            boundary("f", &[("a", "1\n1 b 2")]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_registrys_words_are_found_in_whatever_it_answers() {
        for (text, wanted) in [
            (
                r#"{"message": "400 File already exists", "code": "400"}"#,
                "400 File already exists",
            ),
            (r#"{"detail":"Not allowed"}"#, "Not allowed"),
            ("plain words", "plain words"),
            (
                "<!DOCTYPE html><html><head><title>T</title></head><body class=\"x\"><h1>400</h1> It&#039;s <b>bad</b></body></html>",
                "400 It's bad",
            ),
            ("<p>No body</p>", "No body"),
            (
                r#"{"name":["This field is required."]}"#,
                r#"{"name":["This field is required."]}"#,
            ),
        ] {
            let found = words(text).split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(found, wanted);
        }
    }
}
