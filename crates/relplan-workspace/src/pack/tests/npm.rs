//! `npm pack`, and what its lifecycle scripts get to see.

use std::process::Command;

use crate::pack::{
    PackError, Packer,
    fixture::{Tree, options},
};

const CANARY: &str = "canary-3f1c9a";

#[test]
fn a_package_is_packed_as_npm_packs_it() {
    let tree = Tree::new(&[
        (
            "package.json",
            r#"{"name":"@acme/widget","version":"1.4.0-rc.1","files":["dist"],"scripts":{"prepack":"echo noise; mkdir -p dist; echo 1 > dist/index.js"}}"#,
        ),
        ("secret.txt", "no"),
    ]);
    let packed = tree
        .pack(&[tree.job("@acme/widget", "", "", Packer::Npm)])
        .unwrap();
    assert_eq!(packed.files(), ["acme-widget-1.4.0-rc.1.tgz"]);
    let names: Vec<_> = packed.unpacked(0).into_keys().collect();
    assert_eq!(names, ["package/dist/index.js", "package/package.json"]);
    let artifact = &packed.artifacts[0];
    assert_eq!(artifact.version.as_str(), "1.4.0-rc.1");
    assert_eq!(artifact.kind, "npm-tarball");
    assert!(artifact.packer.starts_with("npm "), "{}", artifact.packer);
}

#[test]
fn l14_a_lifecycle_script_sees_no_credential() {
    let tree = Tree::new(&[
        (
            "x/package.json",
            r#"{"name":"x","version":"1.0.0","scripts":{"prepack":"env > seen.txt; cat \"$npm_config_userconfig\" \"$NPM_CONFIG_GLOBALCONFIG\" >> seen.txt; npm config ls -l >> seen.txt; npm config get cache >> seen.txt"}}"#,
        ),
        (
            "home/.npmrc",
            "//npm.acme.example/:_authToken=canary-3f1c9a-1\n_auth=canary-3f1c9a-2\n\
             @acme:registry=https://canary-3f1c9a-3:x@npm.acme.example/\nfund=false\n",
        ),
        (
            "home/global",
            "//npm.acme.example/:_password=canary-3f1c9a-4\nprogress=false\n",
        ),
    ]);
    let (home, global) = (tree.path("home"), tree.path("home/global"));
    let vars = [
        ("HOME", home.as_str()),
        ("NPM_CONFIG_GLOBALCONFIG", global.as_str()),
        ("NPM_TOKEN", "canary-3f1c9a-5"),
        ("NODE_AUTH_TOKEN", "canary-3f1c9a-6"),
        (
            "npm_config_//npm.acme.example/:_authToken",
            "canary-3f1c9a-7",
        ),
        ("CARGO_REGISTRY_TOKEN", "canary-3f1c9a-8"),
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://canary-3f1c9a-9.example",
        ),
        ("GITHUB_ENV", "/tmp/canary-3f1c9a-10"),
        (
            "HTTPS_PROXY_FOR_TEST",
            "http://me:canary-3f1c9a-11@proxy.example",
        ),
        ("HARMLESS", "kept-in-the-environment"),
        ("UNNAMED", "canary-3f1c9a-12"),
        ("RELPLAN_PACK_ENV", "HARMLESS HTTPS_PROXY_FOR_TEST"),
    ];
    let packed = tree
        .pack_with(&[tree.job("x", "1.0.0", "x", Packer::Npm)], &options(&vars))
        .unwrap();
    let files = packed.unpacked(0);
    let seen = String::from_utf8_lossy(&files["package/seen.txt"]);
    let all = files.values().flatten().copied().collect::<Vec<u8>>();
    assert!(!String::from_utf8_lossy(&all).contains(CANARY), "{seen}");
    // What is no credential is there: the test looks where it means to look.
    for kept in [
        "kept-in-the-environment",
        "fund = false",
        "progress=false",
        "http://proxy.example",
    ] {
        assert!(seen.contains(kept), "{kept} in {seen}");
    }
}

#[test]
fn l11_a_failure_shows_the_last_lines_without_withheld_values() {
    let tree = Tree::new(&[(
        "package.json",
        r#"{"name":"x","version":"1.0.0","scripts":{"prepack":"echo it says canary-3f1c9a-1; echo reason >&2; exit 3"}}"#,
    )]);
    let vars = [("MY_TOKEN", "canary-3f1c9a-1")];
    let error = tree
        .pack_with(&[tree.job("x", "1.0.0", "", Packer::Npm)], &options(&vars))
        .map(|_| ())
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("`npm pack` failed for x (npm)"), "{text}");
    assert!(
        text.contains("it says ***") && text.contains("reason"),
        "{text}"
    );
    assert!(!text.contains(CANARY), "{text}");
}

#[test]
fn a_missing_manager_is_named_with_a_way_on() {
    let tree = Tree::new(&[
        ("package.json", r#"{"name":"x","version":"1.0.0"}"#),
        ("bin/nothing", ""),
    ]);
    let bin = tree.path("bin");
    for (packer, name) in [
        (Packer::Npm, "npm"),
        (Packer::Pnpm, "pnpm"),
        (Packer::Yarn, "yarn"),
    ] {
        let error = tree
            .pack_with(
                &[tree.job("x", "1.0.0", "", packer)],
                &options(&[("PATH", bin.as_str())]),
            )
            .map(|_| ())
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with(&format!(
                "{name} is needed to pack x (npm), and it is not installed"
            )),
            "{text}"
        );
        assert!(text.contains("packer=\"builtin\""), "{text}");
    }
}

/// What a program answers to `--version`; `None`: it is not installed.
fn version_of(program: &str) -> Option<String> {
    let answer = Command::new(program).arg("--version").output().ok()?;
    answer
        .status
        .success()
        .then(|| String::from_utf8_lossy(&answer.stdout).into_owned())
}

#[test]
fn pnpm_and_yarn_write_the_versions_of_siblings_where_they_are_installed() {
    for (program, packer) in [("pnpm", Packer::Pnpm), ("yarn", Packer::Yarn)] {
        let tree = Tree::new(&[
            (
                "package.json",
                r#"{"name":"root","private":true,"workspaces":["x","y"]}"#,
            ),
            ("pnpm-workspace.yaml", "packages: [x, y]\n"),
            ("yarn.lock", ""),
            (".yarnrc.yml", "npmAuthToken: \"${NPM_TOKEN}\"\n"),
            (
                "x/package.json",
                r#"{"name":"@acme/x","version":"1.0.0","dependencies":{"y":"workspace:^"}}"#,
            ),
            ("y/package.json", r#"{"name":"y","version":"2.0.0"}"#),
        ]);
        let version = version_of(program);
        let is_classic = version
            .as_deref()
            .is_some_and(|version| program == "yarn" && version.starts_with("1."));
        if version.is_some() && !is_classic {
            let installed = Command::new(program)
                .arg("install")
                .current_dir(tree.path(""))
                .envs([
                    ("NPM_TOKEN", ""),
                    ("YARN_ENABLE_IMMUTABLE_INSTALLS", "0"),
                    ("YARN_ENABLE_NETWORK", "0"),
                ])
                .env("npm_config_offline", "true")
                .output()
                .unwrap();
            assert!(installed.status.success(), "{installed:?}");
        }
        let outcome = tree.pack_with(
            &[tree.job("@acme/x", "1.0.0", "x", packer)],
            &options(&[("NPM_TOKEN", CANARY)]),
        );
        if version.is_none() {
            assert!(
                matches!(outcome, Err(PackError::MissingTool { .. })),
                "{program}"
            );
        } else if is_classic {
            // It knows no such ranges, and leaves them as they are.
            assert!(
                matches!(outcome, Err(PackError::Identity { .. })),
                "{program}"
            );
        } else {
            let packed = outcome.unwrap();
            assert_eq!(packed.files(), ["acme-x-1.0.0.tgz"]);
            let manifest = packed.unpacked(0)["package/package.json"].clone();
            let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
            assert_eq!(manifest["dependencies"]["y"], "^2.0.0", "{program}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_manager_that_refuses_to_start_says_why() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = Tree::new(&[
        ("package.json", r#"{"name":"x","version":"1.0.0"}"#),
        (
            "bin/yarn",
            "#!/bin/sh\necho 'this project is configured to use pnpm' >&2\nexit 1\n",
        ),
    ]);
    let bin = tree.path("bin");
    std::fs::set_permissions(bin.join("yarn"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = tree
        .pack_with(
            &[tree.job("x", "1.0.0", "", Packer::Yarn)],
            &options(&[("PATH", bin.as_str())]),
        )
        .map(|_| ())
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("`yarn --version` failed for x (npm)"),
        "{text}"
    );
    assert!(text.contains("configured to use pnpm"), "{text}");
}

#[test]
fn a_range_that_npm_leaves_as_it_is_never_leaves_the_workspace() {
    let tree = Tree::new(&[(
        "package.json",
        r#"{"name":"x","version":"1.0.0","dependencies":{"y":"workspace:^"}}"#,
    )]);
    let error = tree
        .pack(&[tree.job("x", "1.0.0", "", Packer::Npm)])
        .map(|_| ())
        .unwrap_err();
    let PackError::Identity { source, .. } = error else {
        panic!("{error}");
    };
    assert!(
        source
            .to_string()
            .contains("y \"workspace:^\" in `dependencies`"),
        "{source}"
    );
}

/// A2: what `npm publish` runs is run; what makes the files is no part of `npm pack`.
#[test]
fn l16_npm_runs_the_scripts_of_publishing_in_its_order() {
    let note = |name: &str| format!(r#""{name}":"echo {name} >> ran.txt""#);
    let scripts = [
        "postpublish",
        "prepare",
        "prepack",
        "prepublish",
        "prepublishOnly",
        "publish",
    ];
    let manifest = format!(
        r#"{{"name":"x","version":"1.0.0","files":["ran.txt"],"scripts":{{{}}}}}"#,
        scripts.map(note).join(",")
    );
    let tree = Tree::new(&[("package.json", &manifest)]);
    let job = tree.job("x", "1.0.0", "", Packer::Npm);
    let ran = |vars: &[(&str, &str)]| {
        let _ = std::fs::remove_file(tree.path("ran.txt"));
        let packed = tree
            .pack_with(std::slice::from_ref(&job), &options(vars))
            .unwrap();
        let files = packed.unpacked(0);
        let text = files.get("package/ran.txt").cloned().unwrap_or_default();
        let text = String::from_utf8(text).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ran(&[]), "prepublishOnly prepack prepare");
    // Who wants no scripts gets none.
    assert_eq!(ran(&[("npm_config_ignore_scripts", "true")]), "");
}

/// A6: npm leaves out what the workspace's manager has put at the root.
#[test]
fn l16_a_bundled_dependency_that_is_not_in_the_tarball_is_refused() {
    let manifest =
        r#"{"name":"x","version":"1.0.0","dependencies":{"y":"^2"},"bundledDependencies":["y"]}"#;
    let bundled = r#"{"name":"y","version":"2.0.0"}"#;
    let tree = Tree::new(&[
        (
            "package.json",
            r#"{"name":"root","private":true,"workspaces":["p"]}"#,
        ),
        ("p/package.json", manifest),
        ("node_modules/y/package.json", bundled),
    ]);
    let job = tree.job("x", "1.0.0", "p", Packer::Npm);
    let error = tree
        .pack(std::slice::from_ref(&job))
        .map(|_| ())
        .unwrap_err();
    let text = error.in_full();
    assert!(text.contains("its manifest bundles y"), "{text}");
    tree.write("p/node_modules/y/package.json", bundled);
    let packed = tree.pack(&[job]).unwrap();
    assert!(
        packed
            .unpacked(0)
            .contains_key("package/node_modules/y/package.json")
    );
}

/// A3: a package's build reads what the build of its dependency makes.
#[test]
fn l16_a_dependency_is_packed_before_what_depends_on_it() {
    let manifest = |name: &str, prepack: &str| {
        format!(r#"{{"name":"{name}","version":"1.0.0","scripts":{{"prepack":"{prepack}"}}}}"#)
    };
    let tree = Tree::new(&[
        (
            "core/package.json",
            &manifest("core", "cp ../errors/made.txt ."),
        ),
        (
            "errors/package.json",
            &manifest("errors", "echo new > made.txt"),
        ),
        ("errors/made.txt", "old"),
    ]);
    let mut core = tree.job("core", "1.0.0", "core", Packer::Npm);
    let errors = tree.job("errors", "1.0.0", "errors", Packer::Npm);
    core.after.push(errors.package.clone());
    let packed = tree.pack(&[core, errors]).unwrap();
    let files = packed.unpacked(0);
    assert_eq!(files["package/made.txt"], b"new\n");
}

/// C10: what cannot be packed is said before the first packer starts, all of it.
#[test]
fn l16_a_missing_manager_and_what_the_builtin_packer_refuses_are_said_before_anything_runs() {
    let tree = Tree::new(&[
        (
            "a/package.json",
            r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"echo x > ran"}}"#,
        ),
        ("b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
        (
            "c/package.json",
            r#"{"name":"c","version":"1.0.0","files":["@(a|b)"]}"#,
        ),
        ("bin/nothing", ""),
    ]);
    let program = |name: &str| {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(name))
            .find(|path| path.is_file());
        found.unwrap().canonicalize().unwrap()
    };
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["node", "npm"] {
        std::os::unix::fs::symlink(program(name), elsewhere.path().join(name)).unwrap();
    }
    let jobs = [
        tree.job("a", "1.0.0", "a", Packer::Npm),
        tree.job("b", "1.0.0", "b", Packer::Yarn),
        tree.job("c", "1.0.0", "c", Packer::NpmBuiltin),
    ];
    let path = elsewhere.path().to_str().unwrap();
    let error = tree
        .pack_with(&jobs, &options(&[("PATH", path)]))
        .map(|_| ())
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2 packages cannot be packed"), "{text}");
    assert!(text.contains("yarn is needed to pack b (npm)"), "{text}");
    assert!(text.contains("is an extended glob"), "{text}");
    assert!(!tree.path("a/ran").exists());
}
