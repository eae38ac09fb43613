//! I1: files that clients would read as another package than the one that was checked, prebuilt and in a bundle.

use std::{fs, path::Path, process::Command};

use relplan_model::{bundle::Bundle, canonical, digest::Digests};
use relplan_testkit::environment::{Environment, Session};

use crate::fixture::binary;

/// Writes archives as they are asked for: the standard library of Python does not clean names up.
const MAKE: &str = r#"
import io, json, sys, tarfile, warnings, zipfile
warnings.simplefilter("ignore")
path, entries = sys.argv[1], json.loads(sys.argv[2])
if path.endswith(".whl"):
    with zipfile.ZipFile(path, "w") as out:
        for name, text, _ in entries:
            out.writestr(zipfile.ZipInfo(name), text)
else:
    with tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as out:
        for name, text, kind in entries:
            about = tarfile.TarInfo(name)
            about.size, about.type = len(text), kind.encode()
            out.addfile(about, io.BytesIO(text.encode()))
"#;

type Member<'a> = (&'a str, &'a str, &'a str);

/// One prebuilt package.
struct Prebuilt {
    file: &'static str,
    manifest: &'static str,
    says: &'static str,
}

const CRATE: Prebuilt = Prebuilt {
    file: "rs/dist/w-rs-1.0.0.crate",
    manifest: "w-rs-1.0.0/Cargo.toml",
    says: "[package]\nname = \"w-rs\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
};
const TARBALL: Prebuilt = Prebuilt {
    file: "js/dist/w-js-1.0.0.tgz",
    manifest: "package/package.json",
    says: "{\"name\":\"w-js\",\"version\":\"1.0.0\"}",
};
const WHEEL: Prebuilt = Prebuilt {
    file: "py/dist/w_py-1.0.0-py3-none-any.whl",
    manifest: "w_py-1.0.0.dist-info/METADATA",
    says: "Metadata-Version: 2.1\nName: w-py\nVersion: 1.0.0\n",
};
const SDIST: Prebuilt = Prebuilt {
    file: "py/dist/w_py-1.0.0.tar.gz",
    manifest: "w_py-1.0.0/PKG-INFO",
    says: WHEEL.says,
};

/// What an attacker puts beside the manifest, and what is said about it.
const ATTACKS: &[(&Prebuilt, &str, &str, &str)] = &[
    (
        &CRATE,
        "w-rs-1.0.0//Cargo.toml",
        "0",
        "which some clients read as Cargo.toml",
    ),
    (
        &CRATE,
        "w-rs-1.0.0/./Cargo.toml",
        "0",
        "which some clients read as Cargo.toml",
    ),
    (
        &CRATE,
        "w-rs-1.0.0/cargo.toml",
        "0",
        "which some clients read as Cargo.toml",
    ),
    (
        &CRATE,
        "w-rs-1.0.0/Cargo.toml",
        "7",
        "which is a contiguous file",
    ),
    (
        &CRATE,
        "w-rs-1.0.0/build.rs",
        "7",
        "which is a contiguous file",
    ),
    (
        &CRATE,
        "other/build.rs",
        "0",
        "which is not in the one folder",
    ),
    (
        &TARBALL,
        "package//package.json",
        "0",
        "which some clients read as package.json",
    ),
    (
        &TARBALL,
        "package/./package.json",
        "0",
        "which some clients read as package.json",
    ),
    (
        &TARBALL,
        "./package.json",
        "0",
        "which is there more than once",
    ),
    (
        &TARBALL,
        "package/Package.json",
        "0",
        "which some clients read as package.json",
    ),
    (
        &TARBALL,
        "package/package.json",
        "7",
        "which is a contiguous file",
    ),
    (
        &TARBALL,
        "package/../package.json",
        "0",
        "which leads out of its folder",
    ),
    (
        &WHEEL,
        "w_py-1.0.0.dist-info//METADATA",
        "0",
        "which some clients read as the metadata",
    ),
    (
        &WHEEL,
        "W_py-1.0.0.dist-info/METADATA",
        "0",
        "holds several .dist-info folders",
    ),
    (
        &WHEEL,
        "w_py-1.0.0.data/purelib/w_py-1.0.0.dist-info/METADATA",
        "0",
        "which installs the metadata of another",
    ),
    (
        &WHEEL,
        "w_py-1.0.0.data/platlib/other-9.dist-info/METADATA",
        "0",
        "which installs the metadata of another",
    ),
    (
        &WHEEL,
        "other-9.dist-info/METADATA",
        "0",
        "holds several .dist-info folders",
    ),
    (
        &WHEEL,
        "w_py-1.0.0.dist-info/METADATA",
        "0",
        "which is there more than once",
    ),
    (
        &SDIST,
        "w_py-1.0.0//PKG-INFO",
        "0",
        "which some clients read as PKG-INFO",
    ),
    (
        &SDIST,
        "w_py-1.0.0/PKG-INFO",
        "7",
        "which is a contiguous file",
    ),
    (&SDIST, "setup.py", "0", "which is not in the one folder"),
];

struct Project(Environment);

impl Project {
    fn new() -> Self {
        let environment = Environment::new(binary()).unwrap();
        let spec = r#"relplan 1
project "acme/w"
workspace "cargo" path="rs" { prebuilt "dist/*"; }
workspace "npm" path="js" { prebuilt "dist/*"; }
workspace "python" path="py" { prebuilt "dist/*"; }
target "shelf" kind="directory" path="out"
release "w-rs" { to "shelf"; }
release "w-js" { to "shelf"; }
release "w-py" { to "shelf"; }
"#;
        let python = "[project]\nname = \"w-py\"\nversion = \"1.0.0\"\n";
        for (file, text) in [
            ("relplan.kdl", spec),
            ("rs/Cargo.toml", CRATE.says),
            ("rs/src/lib.rs", ""),
            ("js/package.json", TARBALL.says),
            ("py/pyproject.toml", python),
        ] {
            environment.write(format!("project/{file}"), text).unwrap();
        }
        let project = Self(environment);
        for good in [&CRATE, &TARBALL, &WHEEL, &SDIST] {
            project.make(good, &[]);
        }
        project
    }

    /// Writes a prebuilt file with its manifest, and these members behind it.
    fn make(&self, package: &Prebuilt, more: &[Member<'_>]) {
        let members = [&[(package.manifest, package.says, "0")], more].concat();
        let path = self.0.project().join(package.file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let made = Command::new("python3")
            .args(["-c", MAKE, path.to_str().unwrap()])
            .arg(serde_json::to_string(&members).unwrap())
            .status()
            .unwrap();
        assert!(made.success());
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.0.relplan_session(arguments).unwrap();
        assert_eq!(session.code, Some(code), "relplan {arguments:?}\n{session}");
        session
    }

    /// The text that was printed, as one line.
    fn words(session: &Session) -> String {
        let all = format!("{} {}", session.stdout, session.stderr);
        all.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// I1: prebuilt files, before anything is put into a bundle.
#[test]
fn l3_i1_a_prebuilt_file_with_a_second_reading_is_not_packed() {
    let project = Project::new();
    for (package, name, kind, why) in ATTACKS {
        let evil = package.says.replace("1.0.0", "6.6.6");
        project.make(package, &[(name, &evil, kind)]);
        let session = project.expect(65, &["pack"]);
        let said = Project::words(&session);
        assert!(said.contains(why), "{name}: {session}");
        project.make(package, &[]);
    }
    project.expect(0, &["pack"]);
}

/// Puts another file in the place of a bundle's, described as what it is.
fn replaced(bundle: &Path, file: &str, with: &Path) {
    let description = bundle.join("bundle.json");
    let mut described: Bundle =
        canonical::from_bytes(&fs::read(&description).unwrap(), 1 << 20).unwrap();
    let bytes = fs::read(with).unwrap();
    let artifact = described
        .artifacts
        .iter_mut()
        .find(|artifact| artifact.file.as_str() == file)
        .unwrap();
    artifact.size = bytes.len() as u64;
    artifact.digests = Digests::of(&bytes);
    fs::write(bundle.join(file), bytes).unwrap();
    fs::write(&description, canonical::to_bytes(&described).unwrap()).unwrap();
}

/// I1: a bundle that was made elsewhere; plan says it, and apply ends before the first write.
#[test]
fn l3_i1_a_bundle_with_such_a_file_is_refused_by_plan_and_apply() {
    let project = Project::new();
    let root = project.0.project();
    for (package, name, kind, why) in ATTACKS {
        project.expect(0, &["pack"]);
        let evil = package.says.replace("1.0.0", "6.6.6");
        project.make(package, &[(name, &evil, kind)]);
        let prebuilt = root.join(package.file);
        let file = prebuilt.file_name().unwrap().to_str().unwrap();
        replaced(&root.join(".relplan/bundle"), file, &prebuilt);
        let planned = project.expect(65, &["plan", "-o", "release.json"]);
        assert!(Project::words(&planned).contains(why), "{name}: {planned}");
        // One who plans without looking into the files is told by apply.
        project.expect(0, &["plan", "--no-contents", "-o", "release.json"]);
        let applied = project.expect(65, &["apply", "release.json", "--yes"]);
        assert!(Project::words(&applied).contains(why), "{name}: {applied}");
        assert!(!root.join("out").exists(), "{name}: something was written");
        project.make(package, &[]);
    }
    project.expect(0, &["pack"]);
    project.expect(0, &["plan", "-o", "release.json"]);
    project.expect(0, &["apply", "release.json", "--yes"]);
}
