//! Links, pipes, devices, endless files, and text that steers what shows it.

use relplan_testkit::mutation::Dice;

use crate::place::Place;

/// Files that relplan may want to read. What lies in a true `.git` is not among them: no pull request puts anything there.
const FILES: &[&str] = &[
    "relplan.kdl",
    "policy.kdl",
    ".npmrc",
    "js/.npmrc",
    "js/package.json",
    "js/packages/greet/package.json",
    "js/packages/greet/README.md",
    "js/packages/greet/LICENSE",
    "js/packages/greet/.npmignore",
    "js/packages/greet/index.js",
    "js/pnpm-workspace.yaml",
    "crates/Cargo.toml",
    "crates/greet-core/Cargo.toml",
    "crates/greet-core/README.md",
    ".cargo/config.toml",
    ".cargo/config",
    "crates/.cargo/config.toml",
    "py/pyproject.toml",
    "py/README.md",
    "py/LICENSE",
    "py/setup.cfg",
    "py/src/quickstart_greet/__init__.py",
    ".pypirc",
    ".gitignore",
    ".git",
    ".relplan/plans/kept.json",
    ".relplan/state/journal",
    ".relplan/bundle/bundle.json",
    ".relplan/cache/http/known",
    "out/registry/config.json",
];

/// Folders that relplan may want to read or write.
const FOLDERS: &[&str] = &[
    ".relplan",
    ".relplan/state",
    ".relplan/plans",
    ".relplan/bundle",
    ".relplan/cache",
    "out",
    "out/registry",
    "out/registry/npm",
    "js/packages/greet",
    "js/packages",
    "crates/greet-core",
    "py/src",
    "py",
    ".git",
    ".cargo",
];

fn one(names: &'static [&'static str], dice: &mut Dice) -> &'static str {
    dice.one_of(names).copied().unwrap_or_default()
}

pub fn link_a_file(place: &mut Place, dice: &mut Dice) -> String {
    let file = one(FILES, dice);
    let to = match dice.below(8) {
        0 => "/proc/self/environ".to_owned(),
        1 => "/dev/zero".to_owned(),
        2 => "../outside/secret".to_owned(),
        3 => place.root().join("home/.npmrc").display().to_string(),
        4 => "/dev/stdin".to_owned(),
        5 => file.to_owned(),
        6 => place
            .root()
            .join("home/.ssh/id_ed25519")
            .display()
            .to_string(),
        _ => place.outside().join("secret").display().to_string(),
    };
    place.link(&format!("project/{file}"), &to);
    format!(
        "{file} -> {}",
        to.rsplit_once("/relplan-hostile-")
            .map_or(to.as_str(), |(_, end)| end)
    )
}

pub fn link_a_folder(place: &mut Place, dice: &mut Dice) -> String {
    let folder = one(FOLDERS, dice);
    let to = match dice.below(4) {
        0 => place.root().join("home"),
        1 => "/proc/self".into(),
        _ => place.outside().join("folder"),
    };
    place.link(&format!("project/{folder}"), &to);
    format!(
        "{folder}/ -> {}",
        to.file_name().unwrap_or_default().display()
    )
}

pub fn strange_file(place: &mut Place, dice: &mut Dice) -> String {
    let file = one(FILES, dice);
    let path = format!("project/{file}");
    match dice.below(4) {
        0 => {
            place.pipe(&path);
            format!("{file} is a pipe")
        }
        1 => {
            place.sparse(&path);
            format!("{file} says that it has 6 GiB")
        }
        2 => {
            place.write(&format!("{path}/inside"), "x");
            format!("{file} is a folder")
        }
        _ => {
            place.write(
                &path,
                [0xff, 0xfe, 0, b'{', 0x1b, b'[', b'2', b'J', b'\n'].repeat(40),
            );
            format!("{file} is no text")
        }
    }
}

/// Text for a member of a manifest that tries to steer a terminal, a page, or the reader's eye.
const STEERING: &[&str] = &[
    "\u{1b}]0;pwned\u{7}",
    "\u{1b}[2J\u{1b}[H",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "\u{2066}\u{2069}",
    "<script>alert(1)</script>",
    "](https://evil.example) | **approved**",
    "a\r\nb\u{2028}c",
    "\u{200b}\u{feff}\u{e0041}",
    "${GITHUB_TOKEN}",
    "$(./pwned.sh)",
    "-oProxyCommand=./pwned.sh",
    "../../../outside/secret",
];

pub fn text_that_steers(place: &mut Place, dice: &mut Dice) -> String {
    let text = one(STEERING, dice);
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let member = [
        "name",
        "version",
        "description",
        "license",
        "main",
        "repository",
    ][dice.below(6)];
    let manifest = match dice.below(2) {
        0 => format!(
            r#"{{"name":"@quickstart/greet","version":"0.1.0",{}:{quoted}}}"#,
            serde_json::Value::from(member)
        ),
        _ => format!(
            r#"{{"name":"@quickstart/greet","version":"0.1.0","dependencies":{{{quoted}:{quoted}}},"scripts":{{"prepack":{quoted},"postinstall":"./pwned.sh"}}}}"#
        ),
    };
    if dice.below(3) == 0 {
        place.write(
            &format!(
                "project/js/packages/{}/package.json",
                text.replace(['/', '\0'], "_")
            ),
            &manifest,
        );
    }
    place.write("project/js/packages/greet/package.json", manifest);
    format!("{member} is {text:?}")
}

pub fn manifest_that_reaches_out(place: &mut Place, dice: &mut Dice) -> String {
    const PYTHON: &[&str] = &[
        "readme = \"../../outside/secret\"",
        "license = { file = \"../../outside/secret\" }",
        "license-files = [\"../../outside/*\"]",
        "dynamic = [\"version\", \"readme\"]\n[tool.hatch.version]\npath = \"../../outside/secret\"\n[tool.setuptools.dynamic]\nversion = { file = \"../../outside/secret\" }\nreadme = { file = [\"../../outside/secret\"] }",
    ];
    const NPM: &[&str] = &[
        r#""files":["../../../../outside"]"#,
        r#""files":["../../../../outside/secret","**"]"#,
        r#""main":"../../../../outside/secret""#,
        r#""publishConfig":{"directory":"../../../../outside","registry":"http://127.0.0.1:9/"}"#,
        r#""bundleDependencies":["../../../../outside"],"dependencies":{"../../../../outside":"1"}"#,
        r#""bin":"../../../../outside/secret""#,
    ];
    match dice.below(3) {
        0 => {
            let line = one(PYTHON, dice);
            place.write(
                "project/py/pyproject.toml",
                format!("[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"quickstart-greet\"\nversion = \"0.1.0\"\n{line}\n"),
            );
            format!("pyproject.toml: {line}")
        }
        1 => {
            let line = one(NPM, dice);
            place.write(
                "project/js/packages/greet/package.json",
                format!(r#"{{"name":"@quickstart/greet","version":"0.1.0",{line}}}"#),
            );
            format!("package.json: {line}")
        }
        _ => {
            let members = r#"{"private":true,"name":"x","workspaces":["packages/*","../../outside/*","/","../../../**"]}"#;
            place.write("project/js/package.json", members);
            place.write(
                "project/crates/Cargo.toml",
                "[workspace]\nmembers = [\"greet-core\", \"../../outside/*\", \"/\"]\n",
            );
            "workspaces that reach out of the tree".to_owned()
        }
    }
}
