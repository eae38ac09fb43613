//! Artifacts as the ecosystems' own packers make them, as small as they can be.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A file name, and the file's bytes.
pub type Made = (String, Vec<u8>);

fn tar_gz(members: &[(String, String)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A crate whose library holds `text`.
pub fn crate_file(name: &str, version: &str, text: &str) -> Made {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n\
         description = \"A widget\"\nlicense = \"MIT\"\n"
    );
    let at = |path: &str| format!("{name}-{version}/{path}");
    let members = [
        (at("Cargo.toml"), manifest),
        (at("src/lib.rs"), format!("// {text}\n")),
    ];
    (format!("{name}-{version}.crate"), tar_gz(&members))
}

/// An npm tarball whose module holds `text`.
pub fn npm_tarball(name: &str, version: &str, text: &str) -> Made {
    let manifest = format!(r#"{{"name":"{name}","version":"{version}","main":"index.js"}}"#);
    let members = [
        ("package/package.json".to_owned(), manifest),
        ("package/index.js".to_owned(), format!("// {text}\n")),
    ];
    (format!("{name}-{version}.tgz"), tar_gz(&members))
}

/// A wheel whose module holds `text`.
pub fn wheel(name: &str, version: &str, text: &str) -> Made {
    let stem = name.replace('-', "_");
    let info = format!("{stem}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let members = [
        (format!("{stem}/__init__.py"), format!("# {text}\n")),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nTag: py3-none-any\n".to_owned(),
        ),
        (format!("{info}/METADATA"), metadata),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, text) in members {
        archive.start_file(path, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    (format!("{stem}-{version}-py3-none-any.whl"), bytes)
}
