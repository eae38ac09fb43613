//! The built-in Python packer against pip, and what it refuses.

use std::{io::Read as _, process::Command};

use camino::Utf8Path;

use crate::pack::{
    PackError, Packer,
    fixture::{Packed, Tree},
};

const MANIFEST: &str = r#"
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "Acme.Widget-Kit"
version = "1.4.0rc1"
description = "Widgets – for all"
readme = "README.md"
requires-python = ">=3.8"
license = "MIT OR Apache-2.0"
license-files = ["LICENSES/*.txt"]
authors = [{ name = "Müller, Anna", email = "a@acme.example" }, { name = "B" }]
maintainers = [{ email = "c@acme.example" }]
keywords = ["a", "b"]
classifiers = ["Programming Language :: Python :: 3"]
dependencies = ["rich>=13; python_version < '3.12'"]

[project.optional-dependencies]
My_Extra = ["attrs"]

[project.urls]
Homepage = "https://acme.example"

[project.scripts]
widget = "acme_widget_kit.cli:main"

[project.entry-points."acme.plugins"]
one = "acme_widget_kit"

[tool.ruff]
line-length = 100
"#;

/// Names and texts.
type Files<'a> = &'a [(&'a str, &'a str)];

fn tree() -> Tree {
    Tree::new(&[
        ("pyproject.toml", MANIFEST),
        ("README.md", "# Widgets\n\nThey are “good”.\n"),
        ("LICENSES/MIT.txt", "MIT\n"),
        ("LICENSES/Apache-2.0.txt", "Apache\n"),
        ("src/acme_widget_kit/__init__.py", "__version__ = '1'\n"),
        ("src/acme_widget_kit/py.typed", ""),
        ("src/acme_widget_kit/data/a, b.txt", "data"),
        (
            "src/acme_widget_kit/cli.py",
            "import importlib.metadata as m\nimport importlib.resources as r\n\
             def main():\n    d = m.distribution('acme-widget-kit')\n    \
             print(d.version, d.metadata['Summary'], sorted(d.metadata.get_all('License-File')), \
             r.files('acme_widget_kit').joinpath('data/a, b.txt').read_text())\n",
        ),
        (
            "src/acme_widget_kit/__pycache__/cli.cpython-311.pyc",
            "junk",
        ),
        ("src/acme_widget_kit/.env", "SECRET=1"),
        ("tests/test_x.py", ""),
    ])
}

fn pack(tree: &Tree, version: &str) -> Result<Packed, PackError> {
    tree.pack(&[tree.job("acme-widget-kit", version, "", Packer::PythonBuiltin)])
}

fn run(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    text
}

fn entry(wheel: &Utf8Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(wheel).unwrap()).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn pip_installs_the_wheel_and_its_script_runs() {
    let tree = tree();
    let packed = pack(&tree, "1.4.0rc1").unwrap();
    assert_eq!(
        packed.files(),
        [
            "acme_widget_kit-1.4.0rc1-py3-none-any.whl",
            "acme_widget_kit-1.4.0rc1.tar.gz"
        ]
    );
    assert_eq!(
        (
            packed.artifacts[0].kind.as_str(),
            packed.artifacts[1].kind.as_str()
        ),
        ("wheel", "sdist")
    );
    let place = tree.path("venv");
    run(Command::new("python3").args(["-m", "venv", "--without-pip", place.as_str()]));
    let python = place.join("bin/python");
    // pip checks every file against RECORD's list, and refuses a wheel whose parts disagree.
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "--python",
            python.as_str(),
            "install",
            "--no-index",
            "--no-deps",
            "-q",
        ])
        .arg(packed.path(0)));
    assert_eq!(
        run(&mut Command::new(place.join("bin/widget"))),
        "1.4.0rc1 Widgets – for all ['LICENSES/Apache-2.0.txt', 'LICENSES/MIT.txt'] data\n"
    );
    let plugins = "import importlib.metadata as m; print([e.name for e in m.entry_points(group='acme.plugins')])";
    assert_eq!(run(Command::new(python).args(["-c", plugins])), "['one']\n");
}

#[test]
fn every_file_is_in_the_record_with_its_digest() {
    let tree = tree();
    let packed = pack(&tree, "").unwrap();
    let check = "\
import base64, csv, hashlib, io, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
record = 'acme_widget_kit-1.4.0rc1.dist-info/RECORD'
rows = list(csv.reader(io.StringIO(z.read(record).decode())))
assert [r[0] for r in rows] == z.namelist(), rows
assert rows[-1] == [record, '', ''], rows
for name, digest, size in rows[:-1]:
    data = z.read(name)
    want = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
    assert digest == 'sha256=' + want and int(size) == len(data), name
print('\\n'.join(z.namelist()))
";
    let names = run(Command::new("python3")
        .args(["-I", "-c", check])
        .arg(packed.path(0)));
    let dist_info = "acme_widget_kit-1.4.0rc1.dist-info";
    let expected = format!(
        "acme_widget_kit/__init__.py\nacme_widget_kit/cli.py\nacme_widget_kit/data/a, b.txt\nacme_widget_kit/py.typed\n\
         {dist_info}/licenses/LICENSES/Apache-2.0.txt\n{dist_info}/licenses/LICENSES/MIT.txt\n{dist_info}/METADATA\n\
         {dist_info}/WHEEL\n{dist_info}/entry_points.txt\n{dist_info}/RECORD\n"
    );
    assert_eq!(names, expected);
    assert_eq!(
        entry(&packed.path(0), &format!("{dist_info}/METADATA")),
        "Metadata-Version: 2.4\nName: Acme.Widget-Kit\nVersion: 1.4.0rc1\nSummary: Widgets – for all\n\
         Keywords: a,b\nAuthor: B\nAuthor-email: \"Müller, Anna\" <a@acme.example>\n\
         Maintainer-email: c@acme.example\nLicense-Expression: MIT OR Apache-2.0\n\
         License-File: LICENSES/Apache-2.0.txt\nLicense-File: LICENSES/MIT.txt\n\
         Classifier: Programming Language :: Python :: 3\nProject-URL: Homepage, https://acme.example\n\
         Requires-Python: >=3.8\nRequires-Dist: rich>=13; python_version < '3.12'\nProvides-Extra: my-extra\n\
         Requires-Dist: attrs ; extra == 'my-extra'\nDescription-Content-Type: text/markdown\n\n\
         # Widgets\n\nThey are “good”.\n"
    );
    let sdist: Vec<_> = packed.unpacked(1).into_keys().collect();
    let top = "acme_widget_kit-1.4.0rc1";
    assert_eq!(
        sdist,
        [
            "LICENSES/Apache-2.0.txt",
            "LICENSES/MIT.txt",
            "PKG-INFO",
            "README.md",
            "pyproject.toml",
            "src/acme_widget_kit/__init__.py",
            "src/acme_widget_kit/cli.py",
            "src/acme_widget_kit/data/a, b.txt",
            "src/acme_widget_kit/py.typed",
        ]
        .map(|name| format!("{top}/{name}"))
    );
}

#[test]
fn building_again_elsewhere_gives_the_same_bytes() {
    let digests = || {
        let packed = pack(&tree(), "1.4.0rc1").unwrap();
        packed
            .artifacts
            .iter()
            .map(|a| a.digests.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(digests(), digests());
}

#[test]
fn flat_packages_and_single_modules_are_found_as_well() {
    let manifest =
        "[project]\nname = 'acme-widget-kit'\nversion = '1'\nlicense = {text = \"A\\nB\"}\n";
    for (file, licence) in [
        ("acme_widget_kit/__init__.py", "LICENSE"),
        ("acme_widget_kit.py", "COPYING.md"),
    ] {
        let tree = Tree::new(&[
            ("pyproject.toml", manifest),
            (file, ""),
            (licence, "x"),
            ("other.py", ""),
        ]);
        let packed = pack(&tree, "1").unwrap();
        let dist_info = "acme_widget_kit-1.dist-info";
        assert_eq!(entry(&packed.path(0), file), "");
        assert_eq!(
            entry(&packed.path(0), &format!("{dist_info}/licenses/{licence}")),
            "x"
        );
        let metadata = entry(&packed.path(0), &format!("{dist_info}/METADATA"));
        assert!(metadata.contains("License: A\n        B\n"), "{metadata}");
    }
}

#[test]
fn what_needs_a_build_backend_is_refused() {
    let base = "[project]\nname = 'acme-widget-kit'\nversion = '1.0'\n";
    let cases: [(&str, Files<'_>, &str); 17] = [
        (
            "[project]\nname = 'acme-widget-kit'\ndynamic = ['version']\n",
            &[],
            "its version is dynamic",
        ),
        (
            "[project]\nname = 'acme-widget-kit'\nversion = '1.0-rc1'\n",
            &[],
            "has to be spelled 1.0rc1",
        ),
        (
            "[project]\nname = 'acme-widget-kit'\nversion = 'one'\n",
            &[],
            "is not a version",
        ),
        (
            "[project]\nname = '../x'\nversion = '1.0'\n",
            &[],
            "is not a project's name",
        ),
        (
            "[build-system]\nrequires = []\n",
            &[],
            "has no [project] table",
        ),
        (
            &format!("{base}description = \"a\\nVersion: 2.0\"\n"),
            &[],
            "holds a line break",
        ),
        (&format!("{base}keywords = [1]\n"), &[], "not a text"),
        (
            &format!("{base}readme = '../README.md'\n"),
            &[],
            "no plain file of the project",
        ),
        (
            &format!("{base}license-files = ['NONE*']\n"),
            &[],
            "no file is called so",
        ),
        (
            &format!("{base}novelty = 1\n"),
            &[],
            "project.novelty is not known",
        ),
        (
            &format!("{base}[tool.setuptools]\npackages = ['x']\n"),
            &[],
            "[tool.setuptools]",
        ),
        (
            &format!("{base}[tool.hatch.build.targets.wheel]\npackages = ['x']\n"),
            &[],
            "[tool.hatch.build]",
        ),
        (
            &format!("{base}[build-system]\nbuild-backend = 'maturin'\n"),
            &[],
            "built by maturin",
        ),
        (base, &[("setup.py", "")], "it has a setup.py"),
        (
            base,
            &[("acme_widget_kit/fast.so", "")],
            "fast.so is not pure Python",
        ),
        (
            base,
            &[
                ("src/acme_widget_kit/__init__.py", ""),
                ("src/other/__init__.py", ""),
            ],
            "holds other as well",
        ),
        (
            base,
            &[("setup.cfg", "[options]\n")],
            "its setup.cfg holds metadata",
        ),
    ];
    for (manifest, files, why) in cases {
        let tree = Tree::new(&[
            ("pyproject.toml", manifest),
            ("acme_widget_kit/__init__.py", ""),
        ]);
        files.iter().for_each(|(file, text)| tree.write(file, text));
        let error = pack(&tree, "").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let tree = Tree::new(&[("pyproject.toml", base), ("widget/__init__.py", "")]);
    let error = pack(&tree, "").map(|_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("neither a package acme_widget_kit"),
        "{error}"
    );
}
