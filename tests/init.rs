//! `relplan init`: shapes of real repositories, what is written for each, and that `check` takes it as it is.

use relplan_testkit::environment::{Environment, Session};

use crate::fixture::binary;

/// A repository in miniature, and the spec without its comments that is written for it.
struct Shape {
    name: &'static str,
    remote: &'static str,
    files: &'static [(&'static str, &'static str)],
    spec: &'static str,
    /// What else is told.
    told: &'static [&'static str],
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "crates at the top level, examples as a workspace of their own",
        remote: "https://github.com/acme/router.git",
        files: &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"router\", \"router-*\"]\nresolver = \"2\"\n",
            ),
            (
                "router/Cargo.toml",
                "[package]\nname = \"router\"\nversion = \"0.8.9\"\ndescription = \"x\"\nlicense = \"MIT\"\nrepository = \"https://github.com/acme/router\"\n[dependencies]\nrouter-core = { path = \"../router-core\", version = \"0.5.6\" }\n",
            ),
            (
                "router-core/Cargo.toml",
                "[package]\nname = \"router-core\"\nversion = \"0.5.6\"\ndescription = \"x\"\nlicense = \"MIT\"\n",
            ),
            (
                "router-macros/Cargo.toml",
                "[package]\nname = \"router-macros\"\nversion = \"0.5.1\"\ndescription = \"x\"\nlicense = \"MIT\"\n",
            ),
            ("examples/Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
            (
                "examples/hello/Cargo.toml",
                "[package]\nname = \"example-hello\"\nversion = \"0.1.0\"\npublish = false\n",
            ),
        ],
        spec: r#"
relplan 1
project "acme/router" repository="https://github.com/acme/router"
workspace "cargo" path="."
target "crates-io" kind="cargo"
release "*" {
    to "crates-io"
}
"#,
        told: &["3 packages to release"],
    },
    Shape {
        name: "a pnpm monorepo with playgrounds, tests and templates",
        remote: "git@github.com:acme/bundler.git",
        files: &[
            (
                "package.json",
                r#"{"name": "@acme/monorepo", "private": true, "packageManager": "pnpm@10.0.0"}"#,
            ),
            (
                "pnpm-workspace.yaml",
                "packages:\n  - 'packages/*'\n  - 'playground/**'\n  - 'packages/**/__tests__/**'\n  - docs\n",
            ),
            ("docs/package.json", r#"{"name": "docs", "private": true}"#),
            (
                "packages/bundler/package.json",
                r#"{"name": "bundler", "version": "8.2.2"}"#,
            ),
            (
                "packages/plugin/package.json",
                r#"{"name": "@acme/plugin", "version": "8.2.3", "publishConfig": {"access": "public"}, "peerDependencies": {"bundler": "^8.0.0"}}"#,
            ),
            (
                "packages/bundler/src/__tests__/fixtures/one/package.json",
                r#"{"name": "one", "version": "1.0.0"}"#,
            ),
            (
                "packages/bundler/template-x/package.json",
                r#"{"name": "starter", "version": "0.0.0", "private": true}"#,
            ),
            (
                "playground/alias/package.json",
                r#"{"name": "@acme/test-alias", "version": "0.0.0", "private": true}"#,
            ),
            (
                "playground/alias/dir/package.json",
                r#"{"name": "@acme/dir", "version": "0.0.0"}"#,
            ),
            ("playground/nested/package.json", r#"{"main": "index.js"}"#),
        ],
        spec: r#"
relplan 1
project "acme/bundler" repository="https://github.com/acme/bundler"
workspace "npm" path="." {
    exclude "**/__tests__" "**/fixtures" "**/playground"
}
target "npm" kind="npm"
release "packages/*" {
    to "npm"
}
"#,
        told: &["2 packages to release, 2 private", "playground/alias/dir"],
    },
    Shape {
        name: "two Python projects, one below the other, with versions of three kinds",
        remote: "https://someone:canary-remote-55e1@github.com/acme/tool",
        files: &[
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"tool\"\ndynamic = [\"version\"]\ndependencies = [\"tool-backend>=1\"]\n[tool.hatch.version]\nsource = \"vcs\"\n",
            ),
            (
                "backend/pyproject.toml",
                "[build-system]\nrequires = []\nbuild-backend = \"hatchling.ouroboros\"\n[project]\nname = \"Tool_Backend\"\ndynamic = [\"version\"]\n[tool.hatch.version]\npath = \"src/about.py\"\n",
            ),
            ("backend/src/about.py", "__version__ = '1.28.0'\n"),
            (
                "backend/tests/downstream/other/pyproject.toml",
                "[project]\nname = \"other\"\nversion = \"1\"\n",
            ),
        ],
        spec: r#"
relplan 1
project "acme/tool" repository="https://github.com/acme/tool"
workspace "python" path="."
workspace "python" path="backend"
target "pypi" kind="pypi"
release "tool" {
    to "pypi"
}
release "tool-backend" {
    to "pypi"
}
"#,
        told: &["[dynamic-version] tool (python)"],
    },
    Shape {
        name: "three ecosystems, one name in two of them, and a registry of the company's own",
        remote: "",
        files: &[
            ("rs/Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
            (
                "rs/widget/Cargo.toml",
                "[package]\nname = \"widget\"\nversion = \"1.0.0\"\ndescription = \"x\"\nlicense = \"MIT\"\nrepository = \"https://git.example/acme/widgets\"\n",
            ),
            (
                "rs/secret/Cargo.toml",
                "[package]\nname = \"secret\"\nversion = \"1.0.0\"\npublish = [\"acme\"]\n",
            ),
            (
                "js/package.json",
                r#"{"name": "widget", "version": "1.0.0", "repository": {"type": "git", "url": "git+https://git.example/acme/widgets.git", "directory": "js"}}"#,
            ),
            (
                "js/tool/package.json",
                r#"{"name": "@acme/tool", "version": "1.0.0", "publishConfig": {"registry": "https://npm.acme.example/"}}"#,
            ),
            ("py/setup.py", "setup()\n"),
        ],
        spec: r#"
relplan 1
project "acme/widgets" repository="https://git.example/acme/widgets"
workspace "cargo" path="rs"
workspace "npm" path="js"
workspace "npm" path="js/tool"
target "acme" kind="cargo" registry="acme"
target "crates-io" kind="cargo"
target "npm" kind="npm"
target "npm-npm-acme-example" kind="npm" url="https://npm.acme.example/"
release "secret" {
    to "acme"
}
release "rs/widget" {
    to "crates-io"
}
release "js" {
    to "npm"
}
release "@acme/tool" {
    to "npm-npm-acme-example"
}
"#,
        told: &["python, in py: there is no py/pyproject.toml"],
    },
    Shape {
        name: "a Python package with a crate of the same name inside",
        remote: "https://git.example/acme/fast",
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"fast\"\nversion = \"0.1.0\"\ndescription = \"x\"\nlicense = \"MIT\"\n",
            ),
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n[project]\nname = \"fast\"\nversion = \"0.1.0\"\n",
            ),
        ],
        spec: r#"
relplan 1
project "acme/fast" repository="https://git.example/acme/fast"
workspace "python" path="."
target "pypi" kind="pypi"
release "fast" {
    to "pypi"
}
"#,
        told: &["fast (cargo), in .: has the name and the folder of fast (python)"],
    },
];

fn git(environment: &Environment, arguments: &[&str]) {
    let mut git = environment.command("git");
    git.args(arguments);
    let session = environment.run(git).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
}

fn checkout(shape: &Shape) -> Environment {
    let environment = Environment::new(binary()).unwrap();
    for (path, text) in shape.files {
        environment.write(format!("project/{path}"), text).unwrap();
    }
    git(&environment, &["init", "--quiet"]);
    if !shape.remote.is_empty() {
        git(&environment, &["remote", "add", "origin", shape.remote]);
    }
    environment
}

fn run(environment: &Environment, arguments: &[&str]) -> Session {
    environment.relplan_session(arguments).unwrap()
}

/// A spec without comments and empty lines.
fn bare(text: &str) -> String {
    let lines = text.lines().filter_map(|line| {
        let comment = line.find("// ").or_else(|| line.find("//\n"));
        let code = match comment {
            // `https://` is no comment: what follows it is no space.
            Some(at) => &line[..at],
            None if line.trim() == "//" => "",
            None => line,
        };
        let code = code.trim_end();
        (!code.is_empty()).then(|| format!("{code}\n"))
    });
    lines.collect()
}

#[test]
fn each_shape_gets_a_spec_that_check_takes_as_it_is() {
    for shape in SHAPES {
        let environment = checkout(shape);
        let init = run(&environment, &["init"]);
        assert_eq!(init.code, Some(0), "{}\n{init}", shape.name);
        let text = std::fs::read_to_string(environment.project().join("relplan.kdl")).unwrap();
        assert_eq!(
            bare(&text),
            shape.spec.trim_start(),
            "{}\n{text}",
            shape.name
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let check = run(&environment, &["check"]);
        assert_eq!(check.code, Some(0), "{}\n{check}", shape.name);
        let all = format!("{}{}", init.stdout, init.stderr)
            .replace("\n    ", " ")
            .replace("\n  ", " ");
        for told in shape.told {
            assert!(all.contains(told), "{}: {told}\n{init}", shape.name);
        }
        assert!(
            !all.contains("canary") && !text.contains("canary"),
            "l11\n{init}"
        );
        let printed = run(&environment, &["init", "--print"]);
        assert_eq!(
            printed.stdout, text,
            "--print writes the same, beside a spec that is there"
        );
    }
}

#[test]
fn what_is_commented_out_in_the_spec_is_sound_when_it_is_taken_in() {
    let environment = checkout(&SHAPES[1]);
    run(&environment, &["init"]);
    let path = environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&path).unwrap();
    // The names of the example of `needs` are nobody's.
    let text = text
        .replace("some-cli", "bundler")
        .replace("some-library", "@acme/plugin");
    let nodes = [
        "target",
        "release",
        "    needs",
        "    to",
        "}",
        "gate",
        "    threshold",
        "    from",
        "    max-age",
    ];
    let taken: String = text
        .lines()
        .map(|line| match line.strip_prefix("// ") {
            Some(code) if nodes.iter().any(|node| code.starts_with(node)) => format!("{code}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(
        taken.contains("\ngate ")
            && taken.contains("\n    needs ")
            && taken.contains("\ntarget \"mirror\""),
        "{taken}"
    );
    std::fs::write(path, taken).unwrap();
    let check = run(&environment, &["check"]);
    assert_eq!(check.code, Some(0), "{check}");
}

#[test]
fn a_spec_that_is_there_is_left_alone_unless_force_is_used() {
    let environment = checkout(&SHAPES[0]);
    environment
        .write("project/relplan.kdl", "relplan 1\n")
        .unwrap();
    let refused = run(&environment, &["init"]);
    assert_eq!(refused.code, Some(64), "{refused}");
    assert!(refused.stderr.contains("relplan init --force"), "{refused}");
    let path = environment.project().join("relplan.kdl");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "relplan 1\n");
    let forced = run(&environment, &["init", "--force"]);
    assert_eq!(forced.code, Some(0), "{forced}");
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("acme/router")
    );
}

#[test]
fn without_anything_to_release_init_says_what_to_do_and_writes_nothing() {
    let empty = Environment::new(binary()).unwrap();
    let session = run(&empty, &["init"]);
    assert_eq!(session.code, Some(64), "{session}");
    assert!(
        session
            .stderr
            .contains("\n    relplan init --workspace npm=path/to/folder\n"),
        "{session}"
    );

    let private = Environment::new(binary()).unwrap();
    private
        .write(
            "project/package.json",
            r#"{"name": "a", "version": "1.0.0", "private": true}"#,
        )
        .unwrap();
    let session = run(&private, &["init"]);
    assert_eq!(session.code, Some(64), "{session}");
    assert!(
        session.stderr.contains("keep all of them private"),
        "{session}"
    );
    assert!(!private.project().join("relplan.kdl").exists());

    for arguments in [
        &["init", "--workspace", "maven=."][..],
        &["init", "--workspace", "npm"],
        &["init", "--workspace", "cargo=nowhere"],
        &["init", "--target", "ftp=x"],
        &["init", "--repository", "/srv/git/x"],
        &["init", "--project", "two words"],
        &["init", "--print", "--force"],
    ] {
        let environment = checkout(&SHAPES[0]);
        let session = run(&environment, arguments);
        assert_eq!(session.code, Some(64), "{arguments:?}\n{session}");
    }
}

#[test]
fn flags_say_what_cannot_be_found_out() {
    let environment = checkout(&SHAPES[3]);
    let arguments = [
        "init",
        "--print",
        "--project",
        "acme/all",
        "--repository",
        "https://x:y@git.example/acme/all.git",
        "--workspace",
        "npm=js",
        "--target",
        "directory=out/registry",
    ];
    let session = run(&environment, &arguments);
    assert_eq!(session.code, Some(0), "{session}");
    assert_eq!(
        bare(&session.stdout),
        "relplan 1
project \"acme/all\" repository=\"https://git.example/acme/all\"
workspace \"npm\" path=\"js\"
target \"shelf\" kind=\"directory\" path=\"out/registry\"
release \"widget\" {
    to \"shelf\"
}
"
    );
    // Neither a remote nor a manifest says what the project is called: its folder does.
    let bare_project = Environment::new(binary()).unwrap();
    bare_project
        .write(
            "project/package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
        )
        .unwrap();
    let session = run(&bare_project, &["init", "--gitignore"]);
    assert_eq!(session.code, Some(0), "{session}");
    assert!(
        session.stdout.starts_with("project  (after the folder)\n"),
        "{session}"
    );
    let ignored = std::fs::read_to_string(bare_project.project().join(".gitignore")).unwrap();
    assert_eq!(ignored, ".relplan/\n");
}

#[test]
fn l11_a_hostile_tree_cannot_put_words_into_the_spec_or_on_the_terminal() {
    let environment = Environment::new(binary()).unwrap();
    environment
        .write(
            "project/a\"\ntarget \"x/package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
        )
        .unwrap();
    environment
        .write(
            "project/b\u{1b}[31m/package.json",
            r#"{"name": "b", "version": "1.0.0"}"#,
        )
        .unwrap();
    environment.write("project/c\"d/package.json", r#"{"name": "c", "version": "1.0.0", "repository": "https://git.example/acme/\u001b[31m"}"#).unwrap();
    let session = run(&environment, &["init"]);
    assert!(
        !session.stdout.contains('\u{1b}') && !session.stderr.contains('\u{1b}'),
        "{session}"
    );
    assert_eq!(session.code, Some(0), "{session}");
    let text = std::fs::read_to_string(environment.project().join("relplan.kdl")).unwrap();
    assert_eq!(
        bare(&text),
        "relplan 1
project \"project\"
workspace \"npm\" path=\"c\\\"d\"
target \"npm\" kind=\"npm\"
release \"c\" {
    to \"npm\"
}
"
    );
}
