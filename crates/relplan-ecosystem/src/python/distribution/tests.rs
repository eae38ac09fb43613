//! Wheels and source distributions made by hand, good and bad.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;

/// Metadata of a name and version.
fn metadata(name: &str, version: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A widget\n\n# Readme\n"
    )
}

/// A zip archive of these members.
fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (path, text) in members {
        archive.start_file(*path, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A wheel's bytes.
fn wheel(name: &str, version: &str) -> Vec<u8> {
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

/// A source distribution's bytes.
fn tar_gz(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn read(file: &str, bytes: &[u8]) -> Result<Distribution, PackageError> {
    Distribution::read(file, &mut Cursor::new(bytes))
}

fn wrong(file: &str, bytes: &[u8]) -> String {
    read(file, bytes).unwrap_err().to_string()
}

#[test]
fn wheels_and_source_distributions_say_who_they_are() {
    let read_wheel = read(
        "my_widget-1.0-py2.py3-none-any.whl",
        &wheel("My.Widget", "1.0.0"),
    )
    .unwrap();
    assert_eq!(
        (read_wheel.filetype, read_wheel.pyversion.as_str()),
        ("bdist_wheel", "py2.py3")
    );
    assert_eq!(read_wheel.metadata.name(), "My.Widget");
    let members = [
        (
            "my_widget-1.0/src/my_widget.egg-info/PKG-INFO",
            "Name: other",
        ),
        ("my_widget-1.0/PKG-INFO", &metadata("my-widget", "1.0")),
    ];
    for (file, bytes) in [
        ("my_widget-1.0.tar.gz", tar_gz(&members)),
        ("my-widget-1.0.zip", zip(&members)),
    ] {
        let read = read(file, &bytes).unwrap();
        assert_eq!(
            (read.filetype, read.pyversion.as_str()),
            ("sdist", "source")
        );
        assert_eq!(read.metadata.version(), "1.0");
    }
}

#[test]
fn l3_a_name_that_says_something_else_than_the_metadata_is_refused() {
    for (file, name, version) in [
        ("widget-1.0-py3-none-any.whl", "gadget", "1.0"),
        ("widget-1.0-py3-none-any.whl", "widget", "1.1"),
        ("widget-1.0-py3-none-any.whl", "widget", "not a version"),
        ("widget-1.0.whl", "widget", "1.0"),
    ] {
        let error = wrong(file, &wheel(name, version));
        assert!(
            error.contains("the file's own name does not"),
            "{file}: {error}"
        );
    }
}

#[test]
fn l3_an_archive_with_two_readings_is_refused() {
    let one = metadata("widget", "1.0");
    let two = metadata("widget", "2.0");
    let file = "widget-1.0-py3-none-any.whl";
    let count = |members: &[(&str, &str)]| wrong(file, &zip(members));
    assert!(
        count(&[
            ("a.dist-info/METADATA", &one),
            ("b.dist-info/METADATA", &two)
        ])
        .contains("several .dist-info")
    );
    assert!(count(&[("x/a.dist-info/METADATA", &one)]).contains("holds no"));
    let twins = zip(&[
        ("a.dist-info/METADATA", &one),
        ("a.dist-info/METADATB", &two),
    ]);
    assert!(wrong(file, &renamed(&twins, b"METADATB", b"METADATA")).contains("more than once"));
    let sdist = |members: &[(&str, &str)]| wrong("widget-1.0.tar.gz", &tar_gz(members));
    assert!(
        sdist(&[("widget-1.0/PKG-INFO", &one), ("widget-1.0/PKG-INFO", &two)])
            .contains("more than once")
    );
    assert!(sdist(&[("PKG-INFO", &one)]).contains("one folder"));
}

/// The bytes with each occurrence of one text replaced by another one of its length.
fn renamed(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in 0..=out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + to.len()].copy_from_slice(to);
        }
    }
    out
}

#[test]
fn damaged_and_oversized_archives_are_errors() {
    let good = wheel("widget", "1.0");
    let cut = good.get(..good.len() - 30).unwrap();
    assert!(wrong("widget-1.0-py3-none-any.whl", cut).contains("archive"));
    assert!(wrong("widget-1.0.tar.gz", b"no gzip").contains("archive"));
    assert!(wrong("widget-1.0.tar.bz2", b"x").contains("ends with none"));
    let huge = format!("{}{}", metadata("widget", "1.0"), "x".repeat(9 << 20));
    let members = [("widget-1.0.dist-info/METADATA", huge.as_str())];
    assert!(
        wrong("widget-1.0-py3-none-any.whl", &zip(&members)).contains("more than 8388608 bytes")
    );
}
