//! Law L17 from manifest to registry: a package is (ecosystem, name), and names, versions, ranges and files are what the
//! ecosystem says, however they are spelled.

use std::path::{Path, PathBuf};

use relplan_testkit::environment::{Environment, Session};
use serde_json::Value;

use crate::fixture::binary;

/// A project whose targets are folders.
struct Project(Environment);

impl Project {
    fn new(spec: &str) -> Self {
        let project = Self(Environment::new(binary()).unwrap());
        let targets = "target \"one\" kind=\"directory\" path=\"out/one\"\n\
                       target \"two\" kind=\"directory\" path=\"out/two\"\n";
        let spec = format!("relplan 1\nproject \"acme/keys\"\n{targets}{spec}");
        project.write("relplan.kdl", &spec);
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.project().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        self.0.write(Path::new("project").join(path), text).unwrap();
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.0.relplan_session(arguments).unwrap();
        let command = arguments.join(" ");
        assert_eq!(session.code, Some(code), "relplan {command}\n{session}");
        session
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(path)).unwrap()).unwrap()
    }

    fn npm(&self, name: &str, version: &str, more: &str) {
        let manifest = format!(
            r#"{{"name":"{name}","version":"{version}","license":"MIT","files":["index.js"]{more}}}"#
        );
        self.write(&format!("js/packages/{name}/package.json"), &manifest);
        self.write(&format!("js/packages/{name}/index.js"), "export {};\n");
    }

    /// A wheel as a packer of another machine made it: its file name's spelling, the version inside, and one file.
    fn wheel(&self, stem: &str, version: &str, code: &str) {
        let script = r"
import os, sys, zipfile
folder, stem, version, code = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
for old in os.listdir(folder):
    os.remove(os.path.join(folder, old))
info = '-'.join(stem.split('-')[:2]) + '.dist-info/'
with zipfile.ZipFile(os.path.join(folder, stem + '-py3-none-any.whl'), 'w') as wheel:
    def put(name, text):
        wheel.writestr(zipfile.ZipInfo(name), text)
    put('spell_tax.py', code)
    put(info + 'METADATA', f'Metadata-Version: 2.1\nName: Spell_Tax\nVersion: {version}\n')
    put(info + 'WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
    put(info + 'RECORD', '')
";
        let mut python = self.0.command("python3");
        let folder = self.path("py/dist");
        python.args(["-c", script]).arg(folder);
        python.args([stem, version, code]);
        let session = self.0.run(python).unwrap();
        assert_eq!(session.code, Some(0), "{session}");
    }

    fn python(&self, version: &str) {
        let manifest = format!("[project]\nname = \"Spell.Tax\"\nversion = \"{version}\"\n");
        self.write("py/pyproject.toml", &manifest);
    }

    /// Forgets what was released, as on a fresh runner, and keeps what is in the registries.
    fn forget(&self) {
        for left in ["project/.relplan", "home/.local/state/relplan"] {
            let _ = std::fs::remove_dir_all(self.0.root().join(left));
        }
    }
}

/// What a command printed, however it was wrapped.
fn told(session: &Session) -> String {
    let text = format!("{} {}", session.stdout, session.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A1: a Python package of the same name had its version written into an npm tarball.
#[test]
fn l17_a_sibling_is_one_of_the_same_ecosystem() {
    let project = Project::new(
        r#"workspace "npm" path="js" packer="builtin"
workspace "python" path="py" packer="builtin"
release "js/packages/*" { to "one"; }
release "py" { to "two"; }
"#,
    );
    project.write(
        "js/package.json",
        r#"{"private":true,"workspaces":["packages/*"]}"#,
    );
    project.npm("widget", "1.0.0", "");
    let app = |version: &str| {
        project.npm(
            "app",
            version,
            r#","dependencies":{"widget":"workspace:^"}"#,
        );
    };
    app("2.0.0");
    project.write(
        "py/pyproject.toml",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n\
         [project]\nname = \"widget\"\nversion = \"9.9.9\"\n",
    );
    project.write("py/widget/__init__.py", "");
    project.expect(0, &["apply", "--yes"]);
    app("2.1.0");
    project.expect(0, &["apply", "--yes"]);
    let packument = project.json("out/one/npm/app");
    for version in ["2.0.0", "2.1.0"] {
        let asked = &packument["versions"][version]["dependencies"]["widget"];
        assert_eq!(asked, "^1.0.0", "{version}");
    }
}

/// A10: a version that a build backend spells in its own way could not be packed.
#[test]
fn l17_python_versions_are_equal_by_pep_440_from_manifest_to_index() {
    let project = Project::new(
        "workspace \"python\" path=\"py\" { prebuilt \"dist/*.whl\"; }\nrelease \"py\" { to \"one\"; }\n",
    );
    for (manifest, inside, normal) in [
        ("2026.02.09", "2026.02.09", "2026.2.9"),
        ("2026.3.1.dev", "2026.3.1.dev", "2026.3.1.dev0"),
        ("2027.1-rc1", "2027.1rc1", "2027.1rc1"),
    ] {
        project.python(manifest);
        let stem = format!("spell_tax-{}", inside.replace('-', "_"));
        project.wheel(&stem, inside, manifest);
        project.expect(0, &["apply", "--yes"]);
        let page = project.json("out/one/python/simple/spell-tax/index.json");
        let versions = page["versions"].as_array().unwrap();
        assert!(versions.contains(&normal.into()), "{versions:?}");
        // L12: what was released needs nothing more.
        project.expect(0, &["plan", "--detailed-exitcode"]);
    }
}

/// B8: an index has a wheel under another spelling, and took a second one for the same version.
#[test]
fn l6_a_file_that_is_there_under_another_spelling_is_compared() {
    let project = Project::new(
        "workspace \"python\" path=\"py\" { prebuilt \"dist/*.whl\"; }\nrelease \"py\" { to \"one\"; }\n",
    );
    project.python("1.0");
    project.wheel("Spell_Tax-1.0", "1.0", "was = 1");
    project.expect(0, &["apply", "--yes"]);

    // The same bytes under another name are what is there.
    project.forget();
    std::fs::rename(
        project.path("py/dist/Spell_Tax-1.0-py3-none-any.whl"),
        project.path("py/dist/spell_tax-1.0-py3-none-any.whl"),
    )
    .unwrap();
    project.expect(0, &["pack"]);
    project.expect(0, &["plan", "-o", "plan.json"]);
    project.expect(0, &["apply", "plan.json", "--yes"]);
    project.expect(0, &["plan", "--detailed-exitcode"]);

    // Other bytes are a conflict, in whatever spelling of name and version.
    for (version, stem) in [("1.0", "spell_tax-1.0"), ("1.0.0", "spell_tax-1.0.0")] {
        project.forget();
        project.python(version);
        project.wheel(stem, version, "is = 2");
        project.expect(0, &["pack"]);
        let plan = project.expect(3, &["plan", "-o", "plan.json"]);
        assert!(
            told(&plan).contains("as Spell_Tax-1.0-py3-none-any.whl"),
            "{plan}"
        );
        project.expect(3, &["apply", "plan.json", "--yes"]);
    }
    let page = project.json("out/one/python/simple/spell-tax/index.json");
    assert_eq!(page["files"].as_array().unwrap().len(), 1, "{page}");
}

/// B10: a version that only its build metadata tells from a published one was taken for that, and adopted.
#[test]
fn l6_versions_that_differ_in_build_metadata_are_one_slot() {
    let project = Project::new("workspace \"cargo\" path=\".\"\nrelease \"sdl\" { to \"one\"; }\n");
    let set_version = |version: &str| {
        project.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"sdl\"\nversion = \"{version}\"\nedition = \"2021\"\n\
                 license = \"MIT\"\ndescription = \"x\"\n"
            ),
        );
    };
    project.write("src/lib.rs", "");
    set_version("0.4.9+sdl-3.2.10");
    project.expect(0, &["apply", "--yes", "--offline-pack"]);
    project.forget();
    set_version("0.4.9+sdl-3.2.11");
    let plan = project.expect(3, &["plan"]);
    let conflict = "the registry has 0.4.9+sdl-3.2.10, and 0.4.9+sdl-3.2.11 differs from it";
    assert!(told(&plan).contains(conflict), "{plan}");
    project.expect(3, &["adopt", "--yes"]);
    let journal = std::fs::read_to_string(project.path(".relplan/state/journal.jsonl"));
    let journal = journal.unwrap_or_default();
    assert!(!journal.contains("sdl-3.2.11"), "{journal}");
}

/// C14: a folder's reader of ranges had a meaning of its own for `<=1.2`.
#[test]
fn l17_a_range_that_is_deprecated_means_what_npm_says() {
    let rule = "workspace \"npm\" path=\"js\" packer=\"builtin\"\nrelease \"widget\" {\n    to \"one\"\n}\n";
    let project = Project::new(rule);
    project.write(
        "js/package.json",
        r#"{"private":true,"workspaces":["packages/*"]}"#,
    );
    let versions = ["1.0.0", "1.2.0", "1.2.5", "1.3.0"];
    for version in versions {
        project.npm("widget", version, "");
        project.expect(0, &["apply", "--yes"]);
    }
    let spec = std::fs::read_to_string(project.path("relplan.kdl")).unwrap();
    let wish = "    deprecate \"<=1.2\" target=\"one\" message=\"old\"\n}";
    project.write("relplan.kdl", &spec.replace('}', wish));
    project.expect(0, &["apply", "--yes"]);
    let packument = project.json("out/one/npm/widget");
    let deprecated = versions.map(|version| &packument["versions"][version]["deprecated"] == "old");
    assert_eq!(deprecated, [true, true, true, false], "{packument}");
}

/// Cargo's registries take `-` and `_` for one, so that the second crate could never be published.
#[test]
fn l17_two_crates_of_one_name_do_not_go_to_one_registry() {
    let project =
        Project::new("workspace \"cargo\" path=\".\"\nrelease \"crates/*\" { to \"one\"; }\n");
    project.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n",
    );
    for name in ["foo-bar", "foo_bar"] {
        project.write(
            &format!("crates/{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\n"),
        );
    }
    let refused = project.expect(65, &["plan"]);
    assert!(
        refused
            .stderr
            .contains("foo-bar (cargo) and foo_bar (cargo) have one name to registries"),
        "{refused}"
    );
}
