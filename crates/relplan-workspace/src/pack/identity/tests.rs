//! Files that say who they are in two ways, or not at all.

use std::fs;

use camino::Utf8PathBuf;

use super::*;
use crate::pack::archive::{Entry, write_tar_gz};

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, file: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.0.path().join(file)).unwrap()
    }

    /// What a `.tar.gz` with these entries says.
    fn tar(&self, file: &str, entries: &[(&str, &str)]) -> Result<String, String> {
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, text)| Entry::made(*name, *text))
            .collect();
        let path = self.path(file);
        let _ = fs::remove_file(&path);
        write_tar_gz(&path, &entries, 0).unwrap();
        said(&path)
    }

    fn zip(&self, file: &str, entries: &[(&str, &str)]) -> Result<String, String> {
        let path = self.path(file);
        let mut archive = ::zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, text) in entries {
            archive
                .start_file(*name, ::zip::write::SimpleFileOptions::default())
                .unwrap();
            io::Write::write_all(&mut archive, text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        said(&path)
    }
}

fn said(path: &Utf8Path) -> Result<String, String> {
    let (kind, inside) = read(path).map_err(|error| error.to_string())?;
    Ok(format!(
        "{} {} {}",
        kind.word(),
        inside.name,
        inside.version
    ))
}

#[test]
fn l3_the_name_and_version_inside_are_what_counts() {
    let bench = Bench::new();
    let npm = r#"{"name":"@acme/x","version":"1.0.0"}"#;
    assert_eq!(
        bench.tar("other-9.9.9.tgz", &[("package/package.json", npm)]),
        Ok("npm-tarball @acme/x 1.0.0".to_owned())
    );
    // Some packers name the folder otherwise, and bring manifests further down.
    assert_eq!(
        bench.tar(
            "a.tgz",
            &[("x/package.json", npm), ("x/sub/package.json", "{}")]
        ),
        Ok("npm-tarball @acme/x 1.0.0".to_owned())
    );
    assert_eq!(
        bench.tar(
            "a.crate",
            &[(
                "a-1.0.0/Cargo.toml",
                "[package]\nname='a'\nversion='1.0.0'\n"
            )]
        ),
        Ok("crate a 1.0.0".to_owned())
    );
    let metadata = "Metadata-Version: 2.4\nName: Acme.Widget\nversion: 1.0\n\nName: other\n";
    assert_eq!(
        bench.tar(
            "acme_widget-1.0.tar.gz",
            &[
                ("acme_widget-1.0/PKG-INFO", metadata),
                ("acme_widget-1.0/x.egg-info/PKG-INFO", "")
            ]
        ),
        Ok("sdist Acme.Widget 1.0".to_owned())
    );
    for file in [
        "acme_widget-1.0-py3-none-any.whl",
        "acme_widget-1.0-2-cp312-abi3-linux_x86_64.whl",
    ] {
        assert_eq!(
            bench.zip(
                file,
                &[
                    ("acme_widget/__init__.py", ""),
                    ("acme_widget-1.0.dist-info/METADATA", metadata)
                ]
            ),
            Ok("wheel Acme.Widget 1.0".to_owned())
        );
    }
}

#[test]
fn l3_a_file_that_says_two_things_says_nothing() {
    let bench = Bench::new();
    let npm = r#"{"name":"x","version":"1.0.0"}"#;
    let metadata = "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n";
    let refused = [
        bench.tar(
            "a.tgz",
            &[("package/package.json", npm), ("package/package.json", npm)],
        ),
        bench.tar(
            "a.tgz",
            &[("package/package.json", npm), ("other/package.json", npm)],
        ),
        bench.tar("a.tgz", &[("package.json", npm)]),
        bench.tar("a.tgz", &[("package/package.json", r#"{"name":"x"}"#)]),
        bench.tar("a.tgz", &[("package/package.json", "[]")]),
        bench.tar(
            "a.crate",
            &[(
                "a-1/Cargo.toml",
                "[package]\nname='a'\nversion.workspace=true\n",
            )],
        ),
        bench.tar(
            "x-1.0.tar.gz",
            &[(
                "x-1.0/PKG-INFO",
                "Metadata-Version: 2.1\nName: x\nVersion: 1.0\nVersion: 2.0\n",
            )],
        ),
        bench.tar("x-1.1.tar.gz", &[("x-1.0/PKG-INFO", metadata)]),
        bench.tar("y-1.0.tar.gz", &[("x-1.0/PKG-INFO", metadata)]),
        bench.zip(
            "x-1.0-py3-none-any.whl",
            &[
                ("x-1.0.dist-info/METADATA", metadata),
                ("y-1.0.dist-info/METADATA", metadata),
            ],
        ),
        bench.zip(
            "x-2.0-py3-none-any.whl",
            &[("x-1.0.dist-info/METADATA", metadata)],
        ),
        bench.zip("x.whl", &[("x-1.0.dist-info/METADATA", metadata)]),
        bench.zip("x.zip", &[("x-1.0.dist-info/METADATA", metadata)]),
    ];
    for outcome in refused {
        outcome.unwrap_err();
    }
}

#[test]
fn a_manifest_beyond_all_bounds_is_not_read_into_memory() {
    let bench = Bench::new();
    let long = format!(
        r#"{{"name":"x","version":"1.0.0","a":"{}"}}"#,
        "a".repeat(9 << 20)
    );
    let error = bench
        .tar("a.tgz", &[("package/package.json", &long)])
        .unwrap_err();
    assert!(error.contains("more than 4194304 bytes"), "{error}");
}

#[test]
fn relplans_own_folder_is_not_released() {
    let bench = Bench::new();
    let pkg_info = (
        "a-1.0.0/PKG-INFO",
        "Metadata-Version: 2.1\nName: a\nVersion: 1.0.0\n",
    );
    let metadata = (
        "a-1.0.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: a\nVersion: 1.0.0\n",
    );
    let spec = ("a-1.0.0/relplan.kdl", "");
    let harmless = ("a-1.0.0/docs/.relplan", "");
    assert!(
        bench
            .tar("a-1.0.0.tar.gz", &[spec, pkg_info, harmless])
            .is_ok()
    );
    for entry in [".relplan/state/journal", "py/.relplan/bundle/bundle.json"] {
        let packed = format!("a-1.0.0/{entry}");
        // Behind the entry that tells who the file is, and before it.
        for entries in [[(&*packed, ""), pkg_info], [pkg_info, (&*packed, "")]] {
            let error = bench.tar("a-1.0.0.tar.gz", &entries).unwrap_err();
            assert!(
                error.contains(entry) && error.contains("`/.relplan/`"),
                "{error}"
            );
        }
    }
    let error = bench
        .zip(
            "a-1.0.0-py3-none-any.whl",
            &[metadata, (".relplan/state/journal", "")],
        )
        .unwrap_err();
    assert!(error.contains(".relplan/state/journal"), "{error}");
}
