//! Cached answers: one folder for each origin, one file for each URL and media type, used only when the registry confirms
//! it with 304.
//!
//! Invariant: answers to requests with a credential are never kept, nor anything but status 200. A file that is not
//! exactly what was written is ignored, and nobody else can write one: the folder is the user's own.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use relplan_model::digest::Sha256;
use relplan_system::tree;
use serde::{Deserialize, Serialize};

/// The first line of a cached file; the body follows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Head {
    format: String,
    url: String,
    accept: String,
    etag: Option<String>,
    last_modified: Option<String>,
    body: Sha256,
}

const FORMAT: &str = "relplan.http/1";

/// A cached answer.
#[derive(Debug, Clone)]
pub(super) struct Cached {
    /// The entity tag to ask with.
    pub(super) etag: Option<String>,
    /// The date to ask with, where there is no tag.
    pub(super) last_modified: Option<String>,
    /// The body.
    pub(super) body: Bytes,
}

/// A folder of cached answers.
#[derive(Debug)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
}

impl Cache {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    fn file(&self, url: &str, accept: &str) -> Option<PathBuf> {
        let key = Sha256::of(format!("{url}\n{accept}").as_bytes());
        Some(self.folder.as_ref()?.join(origin(url)).join(key.hex()))
    }

    /// The cached answer; `None` when there is none, or none that can be trusted.
    pub(super) async fn load(&self, url: &str, accept: &str, limit: usize) -> Option<Cached> {
        let file = self.file(url, accept)?;
        let (url, accept) = (url.to_owned(), accept.to_owned());
        tokio::task::spawn_blocking(move || read(&file, &url, &accept, limit))
            .await
            .ok()?
    }

    /// Keeps an answer. A cache that cannot be written only costs time, so failures are not told.
    pub(super) async fn store(&self, url: &str, accept: &str, cached: Cached) {
        let Some(file) = self.file(url, accept) else {
            return;
        };
        let (url, accept) = (url.to_owned(), accept.to_owned());
        let written = tokio::task::spawn_blocking(move || write(&file, url, accept, &cached)).await;
        drop(written);
    }
}

/// Makes the folder if it is missing, for nobody but the user: what a private registry says is nobody else's business.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The folder of a URL's origin: its scheme, host and port. What one server says is not asked for another's documents.
pub(super) fn origin(url: &str) -> String {
    let origin = url::Url::parse(url).map(|url| url.origin().ascii_serialization());
    let plain = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
        true => c,
        false => '_',
    };
    origin.unwrap_or_default().chars().map(plain).collect()
}

fn read(file: &Path, url: &str, accept: &str, limit: usize) -> Option<Cached> {
    let bound = u64::try_from(limit).ok()?.saturating_add(64 << 10);
    let bytes = Bytes::from(tree::read_named(file, bound).ok()?);
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(bytes.get(..line)?).ok()?;
    let body = bytes.slice(line + 1..);
    let Head {
        format,
        url: of,
        accept: kind,
        etag,
        last_modified,
        body: digest,
    } = head;
    let trusted = format == FORMAT && of == url && kind == accept && digest == Sha256::of(&body);
    trusted.then_some(Cached {
        etag,
        last_modified,
        body,
    })
}

fn write(file: &Path, url: String, accept: String, cached: &Cached) -> io::Result<()> {
    let folder = file.parent().unwrap_or_else(|| Path::new("."));
    make(folder)?;
    let head = Head {
        format: FORMAT.to_owned(),
        url,
        accept,
        etag: cached.etag.clone(),
        last_modified: cached.last_modified.clone(),
        body: Sha256::of(&cached.body),
    };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    // Temporary files are made with mode 0600, and the name changes in one step.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(&line)?;
    temporary.write_all(&cached.body)?;
    temporary.persist(file)?;
    Ok(())
}
