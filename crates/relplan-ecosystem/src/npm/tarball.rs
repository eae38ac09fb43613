//! What an npm tarball says about itself: its `package.json`, its readme and which files stand beside them.

use serde_json::{Map, Value};

use crate::{
    archive::ReadSeek,
    format::Format,
    package::{self, PackageError},
};

const MANIFEST: &str = "package.json";
/// The largest `package.json`, in bytes.
const MANIFEST_LIMIT: u64 = 4 << 20;
/// The largest readme that is sent along, in bytes.
const README_LIMIT: u64 = 1 << 20;

/// What was read of a tarball.
#[derive(Debug, Clone)]
pub struct Tarball {
    /// The `package.json`.
    pub manifest: Map<String, Value>,
    /// The readme's file name and text.
    pub readme: Option<(String, String)>,
    /// The paths of the files, first folder dropped.
    pub files: Vec<String>,
}

impl Tarball {
    /// Reads a tarball from its start.
    ///
    /// # Errors
    /// When clients would read it differently, or it has no manifest.
    pub fn read(packed: &mut dyn ReadSeek) -> Result<Self, PackageError> {
        let mut manifest = None;
        let mut readme: Option<(String, String)> = None;
        let mut files = Vec::new();
        package::walk(Format::NpmTarball, packed, &mut |member| {
            let path = member.path;
            if path == MANIFEST {
                manifest = Some(package::bounded(member.bytes, MANIFEST_LIMIT)?);
            } else if is_better_readme(&path, readme.as_ref().map(|(name, _)| name.as_str()))
                && let Some(bytes) = package::bounded(member.bytes, README_LIMIT)?
            {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                readme = Some((path.clone(), text));
            }
            files.push(path);
            Ok(())
        })?;
        let bytes = package::found(manifest, MANIFEST, MANIFEST_LIMIT)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let manifest = serde_json::from_slice(bytes).map_err(|error| {
            PackageError::content(MANIFEST, format!("it is no JSON object: {error}"))
        })?;
        Ok(Self {
            manifest,
            readme,
            files,
        })
    }

    /// A member of the `package.json` that is a text.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.manifest.get(member)?.as_str()
    }

    /// The name or version.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn required(&self, member: &'static str) -> Result<String, PackageError> {
        let text = self.text(member).map(ToOwned::to_owned);
        text.ok_or_else(|| PackageError::content(MANIFEST, format!("it has no {member}")))
    }
}

/// Whether a file is a readme, and a better one than what was found: Markdown before all others.
fn is_better_readme(path: &str, found: Option<&str>) -> bool {
    let markdown = |name: &str| name.to_ascii_lowercase().ends_with(".md");
    let name = path.to_ascii_lowercase();
    let is_readme = name == "readme" || (name.starts_with("readme.") && !name.contains('/'));
    is_readme && found.is_none_or(|found| markdown(path) && !markdown(found))
}
