//! Wheels and source distributions made for tests.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Metadata of a name and version.
pub(super) fn metadata(name: &str, version: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A widget\n\n# Readme\n"
    )
}

/// A zip archive of these members.
pub(super) fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, text) in members {
        archive.start_file(*path, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A wheel's bytes.
pub(super) fn wheel(name: &str, version: &str) -> Vec<u8> {
    let folder = format!("{}-{version}.dist-info", name.replace('-', "_"));
    zip(&[
        ("widget/__init__.py", "print()\n"),
        (
            &format!("{folder}/WHEEL"),
            "Wheel-Version: 1.0\nTag: py3-none-any\n",
        ),
        (&format!("{folder}/METADATA"), &metadata(name, version)),
    ])
}
