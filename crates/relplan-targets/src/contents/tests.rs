//! What listings say of archives of every kind, what is notable about them, and what hostile ones come to.

mod hostile;
mod notable;

use std::io::{Cursor, Write as _};

use relplan_model::{
    address::{Address, FileName, PackageName, TargetName, Version},
    contents::{Basis, Contents, EntryChange, Notable},
    digest::Digests,
};

use super::*;
use crate::kind::cargo::tests::tar_gz;

/// An archive of this kind: a wheel is a zip, all others are a `.tar.gz`.
fn packed(kind: &str, members: &[(&str, &str)]) -> Vec<u8> {
    if kind != "wheel" {
        let members: Vec<_> = members
            .iter()
            .map(|(path, text)| (*path, text.as_bytes()))
            .collect();
        return tar_gz(&members);
    }
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in members {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*path, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn try_list(kind: &str, bytes: &[u8], bounds: Bounds) -> Result<Listing, ContentsError> {
    let file = match kind {
        "wheel" => "w-1.0.0-py3-none-any.whl",
        "crate" => "w-1.0.0.crate",
        "sdist" => "w-1.0.0.tar.gz",
        _ => "w-1.0.0.tgz",
    };
    list(kind, file, &mut Cursor::new(bytes.to_vec()), bounds)
}

fn listed(kind: &str, members: &[(&str, &str)]) -> Listing {
    try_list(kind, &packed(kind, members), Bounds::default()).unwrap()
}

fn compared(before: Option<&Listing>, after: &Listing) -> Contents {
    let address = Address::new(
        TargetName::new("shop").unwrap(),
        PackageName::new("w").unwrap(),
    );
    let file = FileName::new("w-1.1.0.tgz").unwrap();
    let published = before.map(|listing| {
        let basis = Basis::Published {
            version: Version::new("1.0.0").unwrap(),
            file: FileName::new("w-1.0.0.tgz").unwrap(),
            digests: Digests::of(b"x"),
        };
        (listing, basis)
    });
    compare(&address, &file, published, after)
}

fn told(contents: &Contents) -> Vec<String> {
    let sign = |change: &EntryChange| match change {
        EntryChange::Added { .. } => '+',
        EntryChange::Removed { .. } => '-',
        EntryChange::Changed { .. } => '~',
        EntryChange::Mode { .. } => '*',
    };
    contents
        .entries
        .iter()
        .map(|entry| format!("{} {}", sign(&entry.change), entry.path))
        .collect()
}

const INFO: &str = "Metadata-Version: 2.1\nName: w\nVersion: ";

#[test]
fn a_raised_version_is_not_another_set_of_files() {
    let wheel = |version: &str, code: &str| {
        let info = format!("w-{version}.dist-info");
        let metadata = format!("{INFO}{version}\n");
        let members = [
            ("w.py", code),
            (&*format!("{info}/METADATA"), &metadata),
            (&*format!("{info}/WHEEL"), "Wheel-Version: 1.0\n"),
            (&*format!("w-{version}.data/scripts/w"), "#!python\n"),
        ];
        let unrecorded = listed("wheel", &members);
        let record: String = unrecorded
            .files
            .iter()
            .map(|(path, file)| {
                use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
                let digest = relplan_model::digest::unhex(&file.sha256.hex()).unwrap();
                let digest = BASE64_URL_SAFE_NO_PAD.encode(digest);
                format!("{path},sha256={digest},{}\n", file.size)
            })
            .chain([format!("{info}/RECORD,,\n")])
            .collect();
        let recorded = |record: &str| {
            let mut all = members.to_vec();
            let path = format!("{info}/RECORD");
            all.push((&path, record));
            listed("wheel", &all)
        };
        let lie = recorded(&record.replace("w.py,sha256=", "w.py,sha256=x"));
        (recorded(&record), lie)
    };
    let (before, _) = wheel("1.0.0", "one\n");
    let (after, lie) = wheel("1.1.0", "two\n");
    let contents = compared(Some(&before), &after);
    assert_eq!(told(&contents), ["~ w-1.1.0.dist-info/METADATA", "~ w.py"]);
    assert_eq!(contents.unchanged, 2, "WHEEL and the script");
    let contents = compared(Some(&before), &lie);
    assert!(
        told(&contents).contains(&"+ w-1.1.0.dist-info/RECORD".to_owned()),
        "a RECORD that lists something else is shown: {contents:?}"
    );
}

#[test]
fn a_path_that_stays_is_itself_whatever_version_is_in_it() {
    let package = |version: &str, files: &[&str]| {
        let manifest = format!(r#"{{"name":"w","version":"{version}"}}"#);
        let mut members = vec![("package/package.json".to_owned(), manifest)];
        members.extend(
            files
                .iter()
                .map(|path| (format!("package/{path}"), (*path).to_owned())),
        );
        let members: Vec<_> = members
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        listed("npm-tarball", &members)
    };
    let before = package("1.0.0", &["sql/1.0.0.sql", "gone.js", "dist/w-1.0.0.js"]);
    let after = package(
        "1.1.0",
        &["sql/1.0.0.sql", "sql/1.1.0.sql", "dist/w-1.1.0.js"],
    );
    let contents = compared(Some(&before), &after);
    assert_eq!(
        told(&contents),
        [
            "~ dist/w-1.1.0.js",
            "- gone.js",
            "~ package.json",
            "+ sql/1.1.0.sql"
        ]
    );
    let first = compared(None, &after);
    assert_eq!((first.basis, first.entries.len()), (Basis::Nothing, 4));
}

#[test]
fn the_folder_around_an_archive_is_no_part_of_its_paths() {
    let paths = |kind, members: &[(&str, &str)]| -> Vec<String> {
        listed(kind, members).files.into_keys().collect()
    };
    let json = r#"{"name":"w","version":"1.0.0"}"#;
    let toml = "[package]\nname = \"w\"\nversion = \"1.0.0\"\n";
    let info = format!("{INFO}1.0.0\n");
    assert_eq!(
        paths(
            "npm-tarball",
            &[("odd/package.json", json), ("odd/lib/a.js", "")]
        ),
        ["lib/a.js", "package.json"]
    );
    assert_eq!(
        paths(
            "crate",
            &[("w-1.0.0/Cargo.toml", toml), ("w-1.0.0/src/x", "")]
        ),
        ["Cargo.toml", "src/x"]
    );
    assert_eq!(
        paths(
            "sdist",
            &[("w-1.0.0/PKG-INFO", &info), ("w-1.0.0/src/w.py", "")]
        ),
        ["PKG-INFO", "src/w.py"]
    );
}

#[test]
fn more_than_a_plan_lists_is_counted() {
    let texts: Vec<String> = (0..700).map(|n| format!("package/{n:04}.js")).collect();
    let mut members: Vec<_> = texts.iter().map(|path| (path.as_str(), "x")).collect();
    members.push(("package/package.json", "{}"));
    let contents = compared(None, &listed("npm-tarball", &members));
    assert_eq!((contents.entries.len(), contents.omitted), (500, 201));
    assert!(contents.entries.is_sorted());
}
