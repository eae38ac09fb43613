//! What is in the bundle, and that nothing else goes out: packing again, versions that a build tells, and what registries
//! refuse whoever asks (law L16).

use std::fs;

use relplan_testkit::environment::Session;

use crate::fixture::{Fixture, Packers, Uploads};

const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};

/// Runs git in the project; what it prints.
fn git(fixture: &Fixture, arguments: &[&str]) -> String {
    let mut git = fixture.environment.command("git");
    git.args(["-c", "user.name=eve", "-c", "user.email=eve@acme.example"])
        .args(arguments);
    let session = fixture.environment.run(git).unwrap();
    assert_eq!(session.code, Some(0), "git {arguments:?}\n{session}");
    session.stdout.trim().to_owned()
}

fn commit(fixture: &Fixture, file: &str) {
    let path = fixture.environment.project().join(file);
    fs::write(path, file).unwrap();
    git(fixture, &["add", "--all"]);
    git(fixture, &["commit", "--quiet", "--message", file]);
}

/// Replaces the spec's rules by others.
fn spec(fixture: &Fixture, lines: &str) {
    let head = "relplan 1\nproject \"relplan/quickstart\"\n";
    let path = fixture.environment.project().join("relplan.kdl");
    fs::write(path, format!("{head}{lines}")).unwrap();
}

fn read_url(fixture: &Fixture) -> String {
    format!("read-url=\"{}/simple/\"", fixture.bench.pypi.url())
}

fn told(session: &Session) -> String {
    let text = format!("{}{}", session.stdout, session.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A11: what a package no longer has is not in the bundle either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_packing_a_package_replaces_all_of_its_artifacts() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline", "-p", "quickstart-greet"]);
    let project = fixture.environment.project();
    let (dist, bundle) = (project.join("py/dist"), project.join(".relplan/bundle"));
    fs::create_dir_all(&dist).unwrap();
    let wheel = "quickstart_greet-0.1.0-py3-none-any.whl";
    let other = "quickstart_greet-0.1.0-py2-none-any.whl";
    for name in [wheel, other] {
        fs::copy(bundle.join(wheel), dist.join(name)).unwrap();
    }
    spec(
        &fixture,
        &format!(
            "workspace \"python\" path=\"py\" {{ prebuilt \"dist/*\"; }}\n\
             target \"pypi\" kind=\"pypi\" repository=\"bench\" {}\n\
             release \"quickstart-greet\" {{ to \"pypi\"; }}\n",
            read_url(&fixture)
        ),
    );
    let session = fixture.expect(0, &["pack"]);
    assert!(told(&session).contains("2 artifacts"), "{session}");
    assert!(bundle.join(other).exists());
    fs::remove_file(dist.join(other)).unwrap();
    let session = fixture.expect(0, &["pack"]);
    assert!(told(&session).contains("1 artifact "), "{session}");
    assert!(!bundle.join(other).exists());
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 1,
            ..NOTHING
        }
    );
}

/// A backend that takes the version from the tags, as setuptools-scm does, and makes other bytes each time.
const BACKEND: &str = r#"
import io, os, subprocess, tarfile, uuid, zipfile
def version():
    words = subprocess.run(["git", "describe", "--tags", "--long", "--always"], check=True, capture_output=True, text=True).stdout.strip().split("-")
    if len(words) < 3:
        return f"0.1.dev1+g{words[0]}"
    tag, far, commit = words
    tag = tag.lstrip("v")
    return tag if far == "0" else f"{tag}.post{far}.dev0+{commit}"
def meta():
    return f"Metadata-Version: 2.1\nName: dyn\nVersion: {version()}\n"
def build_sdist(folder, settings=None):
    stem = f"dyn-{version()}"
    with tarfile.open(os.path.join(folder, stem + ".tar.gz"), "w:gz") as tar:
        tar.add("pyproject.toml", stem + "/pyproject.toml")
        tar.add("backend.py", stem + "/backend.py")
        for name, text in (("PKG-INFO", meta()), ("made", uuid.uuid4().hex)):
            info = tarfile.TarInfo(f"{stem}/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return stem + ".tar.gz"
def build_wheel(folder, settings=None, metadata=None):
    # It is built from the unpacked sdist, which is no checkout.
    found = version() if not os.path.exists("PKG-INFO") else open("PKG-INFO").read().split("Version: ")[2].strip()
    name = f"dyn-{found}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as z:
        z.writestr("dyn.py", uuid.uuid4().hex)
        z.writestr(f"dyn-{found}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: dyn\nVersion: {found}\n")
        z.writestr(f"dyn-{found}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"dyn-{found}.dist-info/RECORD", "")
    return name
"#;

/// A project whose version is that of its tags, with a first commit.
async fn tagged(repository: &str) -> Fixture {
    let fixture = Fixture::new(Packers::Own).await;
    let files = [
        (
            "pyproject.toml",
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\
             [project]\nname = \"dyn\"\ndynamic = [\"version\"]\n[tool.setuptools_scm]\n",
        ),
        ("backend.py", BACKEND),
    ];
    for (name, text) in files {
        let path = format!("project/dyn/{name}");
        fixture.environment.write(path, text).unwrap();
    }
    spec(
        &fixture,
        &format!(
            "workspace \"python\" path=\"dyn\"\n\
             target \"pypi\" kind=\"pypi\" {repository}{}\n\
             release \"dyn\" {{ to \"pypi\"; }}\n",
            read_url(&fixture)
        ),
    );
    git(&fixture, &["init", "--quiet"]);
    let ignored = fixture.environment.project().join(".gitignore");
    fs::write(ignored, "/.relplan/\n").unwrap();
    commit(&fixture, "one");
    fixture
}

/// B14: a second tag releases in the same checkout, and a build of the same tag elsewhere is no conflict.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_a_version_from_tags_is_released_again_with_the_next_tag() {
    let fixture = tagged("repository=\"bench\" ").await;
    let two = Uploads {
        python: 2,
        ..NOTHING
    };
    let four = Uploads {
        python: 4,
        ..NOTHING
    };
    git(&fixture, &["tag", "v1.0.0"]);
    fixture.expect(0, &["apply", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), two);
    // A fresh runner has no bundle, and builds other bytes.
    fs::remove_dir_all(fixture.environment.project().join(".relplan/bundle")).unwrap();
    let session = fixture.expect(0, &["apply", "--yes"]);
    assert!(told(&session).contains("Nothing to do"), "{session}");
    assert_eq!(fixture.accepted_uploads(), two);

    commit(&fixture, "two");
    git(&fixture, &["tag", "v1.1.0"]);
    // What is packed of the first tag is not taken for the second.
    let session = fixture.expect(0, &["plan"]);
    assert!(told(&session).contains("is of another commit"), "{session}");
    let session = fixture.expect(0, &["apply", "--yes"]);
    assert!(told(&session).contains("1.1.0"), "{session}");
    assert_eq!(fixture.accepted_uploads(), four);
    fixture.expect(0, &["plan"]);
}

/// B14: PyPI refuses local versions, so nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_a_local_version_is_refused_before_anything_is_sent() {
    let fixture = tagged("").await;
    // The index that is used where none is named.
    let home = fixture.environment.root().join("home/.pypirc");
    let text = fs::read_to_string(&home).unwrap();
    fs::write(&home, text.replace("[bench]", "[pypi]")).unwrap();
    git(&fixture, &["tag", "v1.0.0"]);
    commit(&fixture, "two");
    fixture.expect(0, &["pack"]);
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let session = fixture.expect(65, arguments);
        assert!(told(&session).contains("is a local version"), "{session}");
        assert!(told(&session).contains("a tag of its own"), "{session}");
    }
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    git(&fixture, &["tag", "v1.1.0"]);
    fixture.expect(0, &["apply", "--yes"]);
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 2,
            ..NOTHING
        }
    );
}

/// B14: most of the history is missing, so the build would make a version up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_a_version_is_not_computed_from_a_shallow_clone() {
    let fixture = tagged("repository=\"bench\" ").await;
    git(&fixture, &["tag", "v1.0.0"]);
    commit(&fixture, "two");
    let head = git(&fixture, &["rev-parse", "HEAD"]);
    let shallow = fixture.environment.project().join(".git/shallow");
    fs::write(shallow, format!("{head}\n")).unwrap();
    for arguments in [&["pack"][..], &["apply", "--yes"]] {
        let session = fixture.expect(65, arguments);
        assert!(
            told(&session).contains("git fetch --unshallow --tags"),
            "{session}"
        );
    }
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    // The clone of a tag says its version.
    git(&fixture, &["tag", "v1.1.0"]);
    let session = fixture.expect(0, &["pack"]);
    assert!(session.stdout.contains("dyn-1.1.0"), "{session}");
}

/// C11: the registry would refuse it in the middle of the release.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_what_the_public_registries_refuse_is_told_before_the_first_packer_starts() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let project = fixture.environment.project();
    let edit = |path: &str, from: &str, to: &str| {
        let text = fs::read_to_string(project.join(path)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(project.join(path), text.replace(from, to)).unwrap();
    };
    edit(
        "crates/greet-core/Cargo.toml",
        "description.workspace = true\n",
        "",
    );
    edit(
        "crates/greet-cli/Cargo.toml",
        "license.workspace = true\n",
        "keywords = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]\n",
    );
    edit(
        "py/pyproject.toml",
        "readme = \"README.md\"",
        "readme = { file = \"README.md\", content-type = \"text/html\" }",
    );
    // Another registry demands what it demands.
    fixture.expect(0, &["check"]);
    edit("relplan.kdl", " registry=\"bench\"", "");
    edit("relplan.kdl", " repository=\"bench\"", "");
    for arguments in [&["check"][..], &["pack", "--offline"]] {
        let session = fixture.expect(65, arguments);
        for what in [
            "no description",
            "no licence",
            "6 keywords",
            "the type \"text/html\"",
        ] {
            assert!(told(&session).contains(what), "{what}: {session}");
        }
    }
    assert!(!project.join(".relplan/bundle").exists());
    // What is not selected is not in the way.
    fixture.expect(0, &["pack", "--offline", "-p", "@quickstart/greet"]);
}

/// B12: the rule takes the private root alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_a_rule_that_takes_nothing_that_may_be_released_is_an_error() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let rule = |pattern: &str| {
        spec(
            &fixture,
            &format!(
                "workspace \"npm\" path=\"js\" packer=\"builtin\"\n\
                 target \"npm\" kind=\"npm\"\nrelease \"{pattern}\" {{ to \"npm\"; }}\n"
            ),
        );
    };
    rule("*");
    for arguments in [&["check"][..], &["plan"], &["pack"], &["apply", "--yes"]] {
        let session = fixture.expect(65, arguments);
        assert!(
            told(&session).contains("takes no package that may be released"),
            "{session}"
        );
        assert!(
            told(&session).contains("write `@quickstart/*`"),
            "{session}"
        );
    }
    rule("@quickstart/*");
    fixture.expect(0, &["check"]);
}

/// C8 and C9: the hint of a plan without its artifacts works, and a target's packages are packed alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_packing_for_one_target_packs_for_that_alone() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let session = fixture.expect(0, &["plan"]);
    assert!(
        told(&session).contains("relplan pack --missing"),
        "{session}"
    );
    let session = fixture.expect(0, &["pack", "--target", "npm"]);
    assert!(session.stdout.contains("2 artifacts"), "{session}");
    assert!(session.stdout.contains(".tgz"), "{session}");
    let session = fixture.expect(0, &["pack", "--missing", "--offline"]);
    assert!(session.stdout.contains("6 artifacts"), "{session}");
}

/// Writes a project of nothing but metadata and a module.
fn python_project(fixture: &Fixture, folder: &str, name: &str, version: &str, needs: &str) {
    let manifest = format!(
        "[project]\nname = \"{name}\"\nversion = \"{version}\"\ndependencies = [{needs}]\n\
         [build-system]\nrequires = [\"flit_core>=3.11,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n"
    );
    let module = name.replace('-', "_");
    let write = |path: &str, text: &str| {
        let path = format!("project/{folder}/{path}");
        fixture.environment.write(path, text).unwrap();
    };
    write("pyproject.toml", &manifest);
    write(&format!("{module}/__init__.py"), "\"\"\"A module.\"\"\"\n");
}

/// B4: the workspace has another version of what it needs, and nothing published fits either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_what_needs_a_version_that_nothing_published_is_is_held() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    python_project(
        &fixture,
        "a",
        "pin-a",
        "1.0.0",
        "\"pin-b==0.1.0; python_version > '3'\"",
    );
    python_project(&fixture, "b", "pin-b", "0.2.0", "");
    spec(
        &fixture,
        &format!(
            "workspace \"python\" path=\"a\" packer=\"builtin\"\n\
             workspace \"python\" path=\"b\" packer=\"builtin\"\n\
             target \"pypi\" kind=\"pypi\" repository=\"bench\" {}\n\
             release \"pin-*\" {{ to \"pypi\"; }}\n",
            read_url(&fixture)
        ),
    );
    let session = fixture.relplan(&["apply", "--yes"]);
    assert_ne!(session.code, Some(0), "{session}");
    assert!(
        told(&session).contains("pypi has no package of that name"),
        "{session}"
    );
    // The other one went.
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 2,
            ..NOTHING
        }
    );
    let session = fixture.relplan(&["plan"]);
    assert_ne!(session.code, Some(0), "{session}");
    assert!(
        told(&session).contains("no version of it at pypi fits"),
        "{session}"
    );
    python_project(&fixture, "b", "pin-b", "0.1.0", "");
    fixture.expect(0, &["apply", "--yes", "-p", "pin-b"]);
    python_project(&fixture, "b", "pin-b", "0.2.0", "");
    fixture.expect(0, &["apply", "--yes"]);
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 6,
            ..NOTHING
        }
    );
}

/// B3: a private sibling is looked up where the package goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_what_needs_a_private_package_that_nobody_published_is_held() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    spec(
        &fixture,
        "workspace \"npm\" path=\"js\" packer=\"builtin\"\ntarget \"npm\" kind=\"npm\"\n\
         release \"js/packages/*\" { to \"npm\" access=\"public\"; }\n",
    );
    let greet = fixture
        .environment
        .project()
        .join("js/packages/greet/package.json");
    let public = fs::read_to_string(&greet).unwrap();
    let private = public.replacen('{', "{ \"private\": true,", 1);
    fs::write(&greet, &private).unwrap();
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let session = fixture.relplan(arguments);
        assert_ne!(session.code, Some(0), "{session}");
        assert!(
            told(&session).contains("npm has no package of that name"),
            "{session}"
        );
    }
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    // Where it is published already, nothing is in the way.
    fs::write(&greet, &public).unwrap();
    fixture.expect(0, &["apply", "--yes", "-p", "@quickstart/greet"]);
    fs::write(&greet, &private).unwrap();
    fixture.expect(0, &["apply", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), Uploads { npm: 2, ..NOTHING });
}

/// B9: the index has the wheel alone, and the packer makes an sdist as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l12_a_version_without_its_sdist_is_told_as_incomplete_and_can_be_completed() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    python_project(&fixture, "b", "pin-b", "0.2.0", "");
    let rules = |how: &str| {
        let target = "target \"pypi\" kind=\"pypi\" repository=\"bench\"";
        let url = read_url(&fixture);
        let rule = "release \"pin-b\" { to \"pypi\"; }";
        spec(
            &fixture,
            &format!("workspace \"python\" path=\"b\" {how}\n{target} {url}\n{rule}\n"),
        );
    };
    let project = fixture.environment.project();
    rules("packer=\"builtin\"");
    fixture.expect(0, &["pack"]);
    let wheel = "pin_b-0.2.0-py3-none-any.whl";
    fs::create_dir_all(project.join("b/dist")).unwrap();
    fs::copy(
        project.join(".relplan/bundle").join(wheel),
        project.join("b/dist").join(wheel),
    )
    .unwrap();
    rules("{ prebuilt \"dist/*.whl\"; }");
    fixture.expect(0, &["apply", "--yes"]);
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 1,
            ..NOTHING
        }
    );
    // A fresh runner has no bundle.
    fs::remove_dir_all(project.join(".relplan/bundle")).unwrap();
    fs::remove_dir_all(project.join("b/dist")).unwrap();
    rules("packer=\"builtin\"");
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let session = fixture.expect(0, arguments);
        assert!(
            told(&session).contains("0.2.0 is published without its sdist"),
            "{session}"
        );
        assert!(
            told(&session).contains("relplan pack -p pin-b"),
            "{session}"
        );
    }
    fixture.expect(0, &["pack", "-p", "pin-b"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            python: 2,
            ..NOTHING
        }
    );
    let session = fixture.expect(0, &["plan"]);
    assert!(!told(&session).contains("without its sdist"), "{session}");
}
