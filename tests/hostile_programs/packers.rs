//! What a packer's failure says of what it was not given: programs of the tree, and variables.

use std::{fs, path::Path};

use super::{CANARY, Site};

/// S6: a front end that only the project's virtual environment has is not called missing without a word of that.
#[test]
fn l14_a_front_end_that_only_the_projects_environment_has_is_named() {
    let mut site = Site::new("");
    let spec = "relplan 1\nproject \"acme/widgets\"\nworkspace \"python\" path=\".\"\n\
                target \"shelf\" kind=\"directory\" path=\"out\"\nrelease \"widget\" { to \"shelf\"; }\n";
    site.write("project/relplan.kdl", spec);
    let project = "[project]\nname = \"widget\"\nversion = \"1.0.0\"\n";
    site.write("project/pyproject.toml", project);
    site.mark("project/.venv/bin/python3");
    site.program("outside/python3", "exit 1");
    let [venv, outside] = ["project/.venv/bin", "outside"].map(|path| site.path(path));
    for (first, second, is_named) in [(&venv, &outside, true), (&outside, &venv, false)] {
        let path = format!("{}:{}", first.display(), second.display());
        site.environment.set("PATH", path);
        let refused = site.expect(65, &["pack"]);
        let named = Site::said(&refused).contains("comes first on PATH and was passed over");
        assert_eq!(named, is_named, "{refused}");
    }
    site.nothing_ran("the project's python3");
}

/// S9: what fails for a variable that it was not given says which there were, and how to hand one on.
#[test]
fn l14_a_packer_that_fails_names_the_variables_that_it_did_not_get() {
    let mut site = Site::new("");
    site.without_builtin();
    let npm = "case $1 in --version) echo 10.9.0;; *) echo no features; exit 1;; esac";
    site.program("outside/npm", npm);
    site.program("outside/node", "echo v22.0.0");
    site.environment.prepend_path(&site.path("outside"));
    site.environment.set("ACME_FEATURES", CANARY);
    site.environment.set("ACME_TOKEN", CANARY);
    site.environment.set("SKBUILD_BUILD_DIR", "handed-on");
    let refused = site.expect(65, &["pack"]);
    let said = Site::said(&refused);
    assert!(
        said.contains("so it did not see ACME_FEATURES"),
        "{refused}"
    );
    assert!(said.contains("RELPLAN_PACK_ENV"), "{refused}");
    for other in ["ACME_TOKEN", "SKBUILD_BUILD_DIR", "SHLVL"] {
        assert!(!said.contains(other), "{refused}");
    }
    site.environment.set("RELPLAN_PACK_ENV", "ACME_FEATURES");
    let refused = site.expect(65, &["pack"]);
    assert!(!Site::said(&refused).contains("ACME_FEATURES"), "{refused}");
}

/// S7: a license that is a link is refused, and not left out without a word.
#[test]
fn l14_a_license_that_is_a_link_is_refused() {
    let spec = "relplan 1\nproject \"acme/widgets\"\n\
                workspace \"python\" path=\".\" packer=\"builtin\"\n\
                target \"shelf\" kind=\"directory\" path=\"out\"\nrelease \"widget\" { to \"shelf\"; }\n";
    let site = Site::new("");
    site.write("project/relplan.kdl", spec);
    let project = "[build-system]\nrequires=[\"setuptools\"]\nbuild-backend=\"setuptools.build_meta\"\n\
                   [project]\nname = \"widget\"\nversion = \"1.0.0\"\n";
    site.write("project/pyproject.toml", project);
    site.write("project/widget/__init__.py", "");
    site.write("project/legal", "free");
    site.expect(0, &["pack"]);
    std::os::unix::fs::symlink("legal", site.path("project/LICENSE")).unwrap();
    let refused = site.expect(65, &["pack"]);
    let said = Site::said(&refused);
    assert!(said.contains("LICENSE is a symbolic link"), "{refused}");
}

/// B7: a process that a build leaves behind, in a session of its own, is gone before anything is published: it would see
/// whatever a program that holds a credential is started with.
#[cfg(target_os = "linux")]
#[test]
fn l14_what_a_packer_leaves_behind_ends_before_anything_is_published() {
    let site = Site::new("");
    site.without_builtin();
    let ready = site.path("ready").display().to_string();
    let left = site.path("left").display().to_string();
    let script = format!(
        "mkfifo {ready}; setsid sh -c 'echo $$ > {left}; echo > {ready}; exec sleep 600' >/dev/null 2>&1 & read x < {ready}"
    );
    let package = format!(
        r#"{{"name":"@acme/widget","version":"1.0.0","scripts":{{"prepack":"{script}"}}}}"#
    );
    site.write("project/js/package.json", &package);
    site.commit();
    let applied = site.expect(0, &["apply", "--yes"]);
    assert!(
        site.path("project/out/npm/@acme/widget").exists(),
        "{applied}"
    );
    let process = fs::read_to_string(&left).unwrap();
    let there = Path::new("/proc").join(process.trim()).exists();
    assert!(!there, "{process} goes on\n{applied}");
}

/// B8: what packers get holds no credential, wherever in a variable it stands.
#[test]
fn l14_packers_get_no_credential_inside_of_a_variable() {
    let mut site = Site::new("");
    site.without_builtin();
    let seen = site.path("seen").display().to_string();
    let npm = format!("case $1 in --version) echo 10.9.0;; *) env > {seen}; exit 1;; esac");
    site.program("outside/npm", &npm);
    site.program("outside/node", "echo v22.0.0");
    site.environment.prepend_path(&site.path("outside"));
    for (name, value) in [
        (
            "NIX_CONFIG",
            format!("access-tokens = git.example={CANARY}"),
        ),
        (
            "CONDA_CHANNELS",
            format!("https://conda.example/t/{CANARY}/acme,defaults"),
        ),
        (
            "PIP_FIND_LINKS",
            format!("https://bot:{CANARY}@wheels.example/ https://w.example/x?sig={CANARY}"),
        ),
        ("HTTPS_PROXY", format!("bot:{CANARY}@proxy.example:8080")),
        ("npm_config_proxy", format!("{CANARY}@proxy.example:8080")),
        (
            "CARGO_HTTP_PROXY",
            format!("socks5://bot:{CANARY}@proxy.example:1080"),
        ),
    ] {
        site.environment.set(name, value);
    }
    site.expect(65, &["pack"]);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(!seen.contains(CANARY), "{seen}");
    for line in [
        "CONDA_CHANNELS=https://conda.example/acme,defaults",
        "PIP_FIND_LINKS=https://wheels.example/ https://w.example/x",
        "HTTPS_PROXY=proxy.example:8080",
        "npm_config_proxy=proxy.example:8080",
        "CARGO_HTTP_PROXY=socks5://proxy.example:1080",
    ] {
        assert!(seen.lines().any(|one| one == line), "{line}\n{seen}");
    }
}

/// A project with a manifest that cannot be read is not packed in part, as if that package were none of it.
#[test]
fn l13_a_manifest_that_cannot_be_read_ends_packing() {
    let site = Site::new("");
    let root = r#"{"name":"root","private":true,"workspaces":["widget","gadget"]}"#;
    site.write("project/js/package.json", root);
    let widget = r#"{"name":"@acme/widget","version":"1.0.0"}"#;
    site.write("project/js/widget/package.json", widget);
    site.write("project/js/gadget/package.json", "{\"name\": ");
    let refused = site.expect(65, &["pack"]);
    let said = Site::said(&refused);
    assert!(said.contains("js/gadget/package.json"), "{refused}");
    assert!(said.contains("nothing was packed"), "{refused}");
    assert!(!site.path("project/.relplan/bundle").exists(), "{refused}");
    site.write(
        "project/js/gadget/package.json",
        &widget.replace("widget", "gadget"),
    );
    site.expect(0, &["pack"]);
}
