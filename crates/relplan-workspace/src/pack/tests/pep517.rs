//! A PEP 517 build by a backend in the tree itself, which needs no network.

use std::process::Command;

use crate::pack::{
    PackError, Packer,
    fixture::{Tree, options},
};

const CANARY: &str = "canary-77ab01";

/// A backend that finds out its version while it builds, and writes down what it sees of the environment.
const BACKEND: &str = r#"
import io, os, tarfile, zipfile
META = "Metadata-Version: 2.1\nName: Acme.Dyn\nVersion: 3.2.1\n"
def seen():
    return "\n".join(f"{k}={v}" for k, v in os.environ.items())
def build_sdist(folder, settings=None):
    with tarfile.open(os.path.join(folder, "acme_dyn-3.2.1.tar.gz"), "w:gz") as tar:
        for name in ("pyproject.toml", "backend.py"):
            tar.add(name, "acme_dyn-3.2.1/" + name)
        info = tarfile.TarInfo("acme_dyn-3.2.1/PKG-INFO")
        info.size = len(META)
        tar.addfile(info, io.BytesIO(META.encode()))
    return "acme_dyn-3.2.1.tar.gz"
def build_wheel(folder, settings=None, metadata=None):
    name = "acme_dyn-3.2.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as z:
        z.writestr("acme_dyn.py", "")
        z.writestr("seen.txt", seen())
        z.writestr("acme_dyn-3.2.1.dist-info/METADATA", META)
        z.writestr("acme_dyn-3.2.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("acme_dyn-3.2.1.dist-info/RECORD", "")
    return name
"#;

fn has_front_end() -> bool {
    [
        ("uv", &["--version"][..]),
        ("python3", &["-m", "build", "--version"]),
    ]
    .into_iter()
    .any(|(program, arguments)| {
        Command::new(program)
            .args(arguments)
            .current_dir(std::env::temp_dir())
            .output()
            .is_ok_and(|answer| answer.status.success())
    })
}

#[test]
fn l14_a_backend_builds_both_files_and_sees_no_credential() {
    let tree = Tree::new(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\
             [project]\nname = \"acme-dyn\"\ndynamic = [\"version\"]\n",
        ),
        ("backend.py", BACKEND),
        // Run where the project is, `python3 -m build` would run this.
        ("build/__main__.py", "raise SystemExit('the wrong build')"),
    ]);
    let vars = [
        ("TWINE_PASSWORD", CANARY),
        ("UV_PUBLISH_TOKEN", CANARY),
        (
            "PIP_EXTRA_INDEX_URL",
            "http://canary-77ab01@127.0.0.1:9/simple",
        ),
        ("HARMLESS", "kept-in-the-environment"),
    ];
    let outcome = tree.pack_with(
        &[tree.job("acme-dyn", "", "", Packer::Pep517)],
        &options(&vars),
    );
    if !has_front_end() {
        let error = outcome.map(|_| ()).unwrap_err();
        assert!(matches!(error, PackError::MissingTool { .. }), "{error}");
        assert!(error.to_string().contains("packer=\"builtin\""), "{error}");
        return;
    }
    let packed = outcome.unwrap();
    assert_eq!(
        packed.files(),
        ["acme_dyn-3.2.1-py3-none-any.whl", "acme_dyn-3.2.1.tar.gz"]
    );
    assert!(
        packed
            .artifacts
            .iter()
            .all(|artifact| artifact.version.as_str() == "3.2.1")
    );
    let wheel = String::from_utf8_lossy(&packed.bytes(0)).into_owned();
    assert!(
        wheel.contains("kept-in-the-environment"),
        "the backend has written its environment"
    );
    assert!(!wheel.contains(CANARY));
}

/// A10: hatchling writes a version as its source has it, which need not be the manifest's normal form.
#[test]
fn l17_a_backend_may_spell_the_version_in_its_own_way() {
    if !has_front_end() {
        return;
    }
    for (inside, manifest) in [
        ("2026.02.09", "2026.2.9"),
        ("1.0.dev", "1.0.dev0"),
        ("1.0rc1", "1.0rc1"),
    ] {
        let tree = Tree::new(&[
            (
                "pyproject.toml",
                "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\
                 [project]\nname = \"acme-dyn\"\ndynamic = [\"version\"]\n",
            ),
            ("backend.py", &BACKEND.replace("3.2.1", inside)),
        ]);
        for version in [manifest, ""] {
            let packed = tree.pack(&[tree.job("acme-dyn", version, "", Packer::Pep517)]);
            let packed = packed.unwrap();
            assert_eq!(packed.files().len(), 2);
            for artifact in &packed.artifacts {
                assert_eq!(artifact.version.as_str(), manifest, "{inside}");
            }
        }
        let error = tree
            .pack(&[tree.job("acme-dyn", "1.0.1", "", Packer::Pep517)])
            .map(|_| ())
            .unwrap_err();
        assert!(matches!(error, PackError::Mismatch { .. }), "{error}");
    }
}
