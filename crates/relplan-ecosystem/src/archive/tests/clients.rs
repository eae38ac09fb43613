//! What we say a package is, is what the client installs: odd archives that are read, given to npm, pip and the library
//! that Cargo unpacks with. Those clients that are not there are passed over.

#![expect(
    clippy::disallowed_methods,
    reason = "real clients are programs, and read files"
)]

use std::{fs, path::Path, process::Command};

use super::*;

/// The file that names a package, with the version 2.0.0 in it, in every odd way that is taken.
fn odd(folder: &str, name: &str, text: &str) -> Vec<(&'static str, Tar)> {
    let path = format!("{folder}/{name}");
    let bytes = text.as_bytes();
    vec![
        ("plain", Tar::default().file(&path, text)),
        ("old", Tar::default().raw(0, path.as_bytes(), b"", bytes)),
        (
            "folders",
            Tar::default()
                .folder(folder)
                .folder(&format!("{folder}/a/"))
                .file(&format!("{folder}/a//{name}"), "other")
                .file(&path, text),
        ),
        (
            "pax",
            Tar::default()
                .pax(b'g', &[("comment", "path=x")])
                .pax(b'x', &[("path", &path), ("size", &text.len().to_string())])
                .file("x/y", text),
        ),
        (
            "long name",
            Tar::default()
                .raw(b'L', b"././@LongLink", b"", format!("{path}\0").as_bytes())
                .file("x/y", text),
        ),
        (
            "prefix",
            Tar::default()
                .file(name, text)
                .changed(text.len(), |header| {
                    header[345..345 + folder.len()].copy_from_slice(folder.as_bytes());
                }),
        ),
    ]
}

fn in_folder(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    test(folder.path());
}

/// Runs a client; `None` when it is not there.
fn runs(program: &str, arguments: &[&str], folder: &Path) -> Option<bool> {
    let ran = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("PIP_CONFIG_FILE", "/dev/null")
        .output()
        .ok()?;
    Some(ran.status.success())
}

#[test]
fn l3_npm_installs_what_we_say() {
    let text = NPM.replace("1.0.0", "2.0.0");
    let mut cases = odd("package", "package.json", &text);
    let other = |path: &str| Tar::default().file(path, &text).file("lib/a.js", "").gzip();
    cases.push((
        "mark",
        Tar::default().file("package/package.json", &format!("\u{feff}{text}")),
    ));
    let mut packed: Vec<_> = cases
        .into_iter()
        .map(|(case, tar)| (case, tar.gzip()))
        .collect();
    packed.push(("dot", other("./package.json")));
    packed.push(("another folder", other("x y/package.json")));
    in_folder(|folder| {
        let mut dependencies = Vec::new();
        for (number, (case, bytes)) in packed.iter().enumerate() {
            assert_eq!(said(Format::NpmTarball, bytes), "w 2.0.0", "{case}");
            fs::write(folder.join(format!("{number}.tgz")), bytes).unwrap();
            dependencies.push(format!(r#""w{number}":"file:{number}.tgz""#));
        }
        let user = format!(
            r#"{{"name":"user","version":"1.0.0","dependencies":{{{}}}}}"#,
            dependencies.join(",")
        );
        fs::write(folder.join("package.json"), user).unwrap();
        let arguments = [
            "install",
            "--offline",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ];
        let Some(done) = runs("npm", &arguments, folder) else {
            return;
        };
        assert!(done, "npm does not take one of them");
        for (number, (case, _)) in packed.iter().enumerate() {
            let installed = folder.join(format!("node_modules/w{number}/package.json"));
            let installed = fs::read_to_string(installed).unwrap();
            assert_eq!(installed.trim_start_matches('\u{feff}'), text, "{case}");
        }
    });
}

#[test]
fn l3_cargo_unpacks_what_we_say() {
    let text = CARGO.replace("1.0.0", "2.0.0");
    for (case, tar) in odd("w-2.0.0", "Cargo.toml", &text) {
        let bytes = tar.gzip();
        let package = Package::read(Format::Crate, "w-2.0.0.crate", &mut Cursor::new(&bytes));
        assert_eq!(
            package.unwrap().inside().unwrap().version,
            "2.0.0",
            "{case}"
        );
        in_folder(|folder| {
            // As Cargo does: the first gzip stream, each entry below the folder.
            let inflated = flate2::read::GzDecoder::new(bytes.as_slice());
            for entry in ::tar::Archive::new(inflated).entries().unwrap() {
                let mut entry = entry.unwrap();
                assert!(
                    entry.path().unwrap().starts_with("w-2.0.0")
                        || !entry.header().entry_type().is_file()
                );
                entry.unpack_in(folder).unwrap();
            }
            let unpacked = fs::read_to_string(folder.join("w-2.0.0/Cargo.toml")).unwrap();
            assert_eq!(unpacked, text, "{case}");
        });
    }
}

/// Unpacks source distributions as pip does before it builds them.
const UNPACK: &str = r#"
import sys
from pip._internal.utils.unpacking import unpack_file
for path in sys.argv[1:]:
    unpack_file(path, path + ".out")
"#;

#[test]
fn l3_pip_installs_what_we_say() {
    let text = PYTHON.replace("1.0.0", "2.0.0");
    in_folder(|folder| {
        if runs("python3", &["-m", "pip", "--version"], folder) != Some(true) {
            return;
        }
        let mut files = Vec::new();
        for (number, (case, tar)) in odd("w-2.0.0", "PKG-INFO", &text).into_iter().enumerate() {
            let bytes = tar.symlink("w-2.0.0/link", "PKG-INFO").gzip();
            let read = Package::read(Format::Sdist, "w-2.0.0.tar.gz", &mut Cursor::new(&bytes));
            assert_eq!(read.unwrap().inside().unwrap().version, "2.0.0", "{case}");
            let file = format!("{number}.tar.gz");
            fs::write(folder.join(&file), bytes).unwrap();
            files.push(file);
        }
        let mut arguments = vec!["-c", UNPACK];
        arguments.extend(files.iter().map(String::as_str));
        assert_eq!(runs("python3", &arguments, folder), Some(true));
        for file in &files {
            let unpacked = fs::read_to_string(folder.join(format!("{file}.out/PKG-INFO")));
            assert_eq!(unpacked.unwrap(), text, "{file}");
        }
        let info = "w-2.0.0.dist-info";
        let wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let bytes = zipped(&[
            ("w/__init__.py", ""),
            (
                "w/_vendor/other-9.dist-info/METADATA",
                "Name: other\nVersion: 9\n",
            ),
            ("w-2.0.0.data/purelib/w/more.py", ""),
            ("w-2.0.0.data/scripts/w", "#!python\n"),
            (&format!("{info}/METADATA"), &text),
            (&format!("{info}/WHEEL"), wheel),
            (&format!("{info}/RECORD"), ""),
        ]);
        let file = "w-2.0.0-py3-none-any.whl";
        let read = Package::read(Format::Wheel, file, &mut Cursor::new(&bytes));
        assert_eq!(read.unwrap().inside().unwrap().version, "2.0.0");
        fs::write(folder.join(file), bytes).unwrap();
        let install = "-m pip install --quiet --no-deps --no-index --no-cache-dir --target out";
        let mut arguments: Vec<_> = install.split(' ').collect();
        arguments.push(file);
        assert_eq!(runs("python3", &arguments, folder), Some(true));
        let installed = fs::read_to_string(folder.join(format!("out/{info}/METADATA"))).unwrap();
        assert_eq!(installed, text);
        assert!(folder.join("out/w/more.py").exists());
    });
}
