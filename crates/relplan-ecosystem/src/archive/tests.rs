//! Archives of every format: those that packers write, and those that somebody made by hand.

mod clients;
mod hostile_tar;
mod hostile_zip;
mod made;

use std::io::Cursor;

use self::made::{Tar, zipped};
use super::*;
use crate::package::Package;

/// The name that a file of this format has in these tests.
fn file_name(format: Format) -> &'static str {
    match format {
        Format::Crate => "w-1.0.0.crate",
        Format::NpmTarball => "w-1.0.0.tgz",
        Format::Wheel => "w-1.0.0-py3-none-any.whl",
        Format::Sdist => "w-1.0.0.tar.gz",
        Format::ZipSdist => "w-1.0.0.zip",
    }
}

const NPM: &str = r#"{"name":"w","version":"1.0.0"}"#;
const CARGO: &str = "[package]\nname = \"w\"\nversion = \"1.0.0\"\n";
const PYTHON: &str = "Metadata-Version: 2.1\nName: w\nVersion: 1.0.0\n";

/// The member that says who a package of this format is.
fn identity(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Crate => ("w-1.0.0/Cargo.toml", CARGO),
        Format::NpmTarball => ("package/package.json", NPM),
        Format::Wheel => ("w-1.0.0.dist-info/METADATA", PYTHON),
        Format::Sdist | Format::ZipSdist => ("w-1.0.0/PKG-INFO", PYTHON),
    }
}

/// What is said about a file: `name version`, or why it is refused, in one line.
fn said(format: Format, bytes: &[u8]) -> String {
    let read = Package::read(format, file_name(format), &mut Cursor::new(bytes));
    match read.and_then(|package| package.inside()) {
        Ok(inside) => format!("{} {}", inside.name, inside.version),
        Err(error) => {
            let mut text = format!("refused: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            text
        }
    }
}

const ALL: [Format; 5] = [
    Format::Crate,
    Format::NpmTarball,
    Format::Wheel,
    Format::Sdist,
    Format::ZipSdist,
];

#[test]
fn l3_plain_archives_of_every_format_say_who_they_are() {
    for format in ALL {
        let (path, text) = identity(format);
        let bytes = match format.container() {
            Container::TarGz => Tar::default().file(path, text).gzip(),
            Container::Zip => zipped(&[(path, text)]),
        };
        assert_eq!(said(format, &bytes), "w 1.0.0", "{format:?}");
        let other = identity(match format {
            Format::NpmTarball => Format::Crate,
            _ => Format::NpmTarball,
        });
        let bytes = match format.container() {
            Container::TarGz => Tar::default().file(other.0, other.1).gzip(),
            Container::Zip => zipped(&[other]),
        };
        assert!(said(format, &bytes).contains("it holds no"), "{format:?}");
        assert!(said(format, b"no archive").contains("cannot be read as an archive"));
    }
}

#[test]
fn l3_the_folder_around_a_crate_is_the_one_that_cargo_looks_in() {
    let bytes = Tar::default().file("v-1.0.0/Cargo.toml", CARGO).gzip();
    assert_eq!(
        said(Format::Crate, &bytes),
        "refused: it holds no w-1.0.0/Cargo.toml"
    );
}

#[test]
fn a_bomb_ends_at_the_bound() {
    let bounds = Bounds {
        members: 10,
        unpacked: 1 << 20,
    };
    let zeros = "\0".repeat(4 << 20);
    let mut visit = |member: Member<'_>| io::copy(member.bytes, &mut io::sink()).map(drop);
    let tar = Tar::default().file("a/x", &zeros).gzip();
    assert!(tar.len() < 100_000);
    let zip = zipped(&[("x", &zeros)]);
    for (format, bytes) in [(Format::NpmTarball, tar), (Format::Wheel, zip)] {
        let error = walk(format, &mut Cursor::new(bytes), bounds, &mut visit).unwrap_err();
        assert!(
            matches!(error, ArchiveError::Unpacked { limit: 1_048_576 }),
            "{error}"
        );
    }
    let many = (0..11).fold(Tar::default(), |tar, n| tar.file(&format!("a/{n}"), ""));
    let error = walk(
        Format::NpmTarball,
        &mut Cursor::new(many.gzip()),
        bounds,
        &mut visit,
    );
    assert!(matches!(error, Err(ArchiveError::Members { limit: 10 })));
    // Cargo's own bound is the least of them.
    assert_eq!(
        Bounds::of_upload(Format::Crate, 1 << 20).unpacked,
        512 << 20
    );
    assert_eq!(Bounds::of_upload(Format::Crate, 1 << 30).unpacked, 20 << 30);
}
