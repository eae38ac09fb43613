//! The built-in packer against npm itself, and what it refuses.

use std::{collections::BTreeSet, process::Command};

use crate::pack::{
    PackError, Packer,
    fixture::{Packed, Tree, options},
};

/// Names and texts.
type Files<'a> = &'a [(&'a str, &'a str)];

fn builtin(tree: &Tree, folder: &str) -> Result<Packed, PackError> {
    tree.pack(&[tree.job("x", "1.0.0", folder, Packer::NpmBuiltin)])
}

/// The names that npm would pack, asked from npm where the package is.
fn npm_names(tree: &Tree, folder: &str) -> BTreeSet<String> {
    npm_says(
        Command::new("npm")
            .arg("pack")
            .current_dir(tree.path(folder)),
    )
    .remove(0)
}

/// What npm says of each package that it is asked for.
fn npm_says(npm: &mut Command) -> Vec<BTreeSet<String>> {
    let answer = npm
        .args(["--dry-run", "--json", "--ignore-scripts", "--offline"])
        .output()
        .unwrap();
    assert!(answer.status.success(), "{answer:?}");
    let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let names = |packed: &serde_json::Value| {
        let files = packed["files"].as_array().unwrap();
        files
            .iter()
            .map(|file| format!("package/{}", file["path"].as_str().unwrap()))
            .collect()
    };
    answer.as_array().unwrap().iter().map(names).collect()
}

fn our_names(tree: &Tree, folder: &str) -> BTreeSet<String> {
    let packed = builtin(tree, folder).unwrap();
    packed.unpacked(0).into_keys().collect()
}

/// Packs many packages both ways: npm takes them all in one call.
fn assert_same_files(trees: &[(&str, Tree)]) {
    let elsewhere = Tree::new(&[]);
    let mut npm = Command::new("npm");
    npm.arg("pack").current_dir(elsewhere.path(""));
    let said = npm_says(npm.args(trees.iter().map(|(_, tree)| tree.path(""))));
    assert_eq!(said.len(), trees.len());
    for ((what, tree), npms) in trees.iter().zip(said) {
        assert_eq!(our_names(tree, ""), npms, "{what}");
    }
}

/// Files that many a package has, wanted and unwanted.
const CLUTTER: &[&str] = &[
    "index.js",
    "README.md",
    "readme",
    "README.md~",
    "LICENSE",
    "licence.txt",
    "COPYING",
    "CHANGELOG.md",
    "docs/README.md",
    "dist/index.js",
    "dist/index.js.map",
    "dist/deep/er/x.js",
    "dist/deep/er/x.test.js",
    "lib/a.js",
    "lib/node_modules/n/index.js",
    "src/index.ts",
    "src/.hidden",
    "bin/cli.js",
    "test/a.test.js",
    "node_modules/dep/index.js",
    "node_modules/dep/package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "npm-shrinkwrap.json",
    "sub/package-lock.json",
    "sub/.npmrc",
    ".npmrc",
    ".git/config",
    ".github/workflows/ci.yml",
    ".env",
    ".a.swp",
    "a.orig",
    ".DS_Store",
    "lib/.DS_Store",
    "._x",
    "lib/CVS/Root",
    "build/config.gypi",
    "build/out.js",
    "archived-packages/x.js",
    "sub/archived-packages/x.js",
    "npm-debug.log",
    "Upper/CASE.JS",
    "we ird/fi le.js",
];

#[test]
fn the_same_files_as_npm_whatever_the_manifest_says() {
    let manifests = [
        ("nothing", r#""main":"index.js""#),
        ("a folder", r#""files":["dist"]"#),
        ("a folder with a slash", r#""files":["dist/","./lib/"]"#),
        ("a folder's children", r#""files":["dist/*","/lib/*"]"#),
        (
            "globs and exceptions",
            r#""files":["dist/**/*.js","!**/*.test.js","lib"]"#,
        ),
        (
            "an exception to a folder",
            r#""files":["dist","!dist/deep"]"#,
        ),
        (
            "braces and classes",
            r#""files":["{dist,src}/*.{js,ts}","[lb]i[bn]/*"]"#,
        ),
        (
            "named files",
            r#""files":["src/index.ts","/CHANGELOG.md","a.orig","sub/package-lock.json"]"#,
        ),
        (
            "named junk",
            r#""files":[".env",".npmrc","sub/.npmrc","package-lock.json","node_modules",".git"]"#,
        ),
        ("nothing at all", r#""files":[]"#),
        ("everything", r#""files":["**"]"#),
        ("bare names", r#""files":["*.js","x.js"]"#),
        ("another case", r#""files":["DIST","upper"]"#),
        ("missing", r#""files":["nowhere","no/where/*"]"#),
        (
            "main and bin outside",
            r#""files":["dist"],"main":"lib/a.js","bin":"./bin/cli.js""#,
        ),
        (
            "main with a dot",
            r#""files":["dist"],"main":"./lib/a.js","bin":{"x":"bin/cli.js","y":"src/index.ts"}"#,
        ),
        (
            "browser",
            r#""files":["dist"],"browser":"src/index.ts","main":"lib""#,
        ),
    ];
    let mut trees = Vec::new();
    for (what, manifest) in manifests {
        let tree = Tree::new(&[(
            "package.json",
            &format!(r#"{{"name":"x","version":"1.0.0",{manifest}}}"#),
        )]);
        CLUTTER.iter().for_each(|file| tree.write(file, "x"));
        trees.push((what, tree));
    }
    assert_same_files(&trees);
}

#[test]
fn the_same_files_as_npm_with_ignore_files_at_every_level() {
    let plain = r#"{"name":"x","version":"1.0.0"}"#;
    let listed = r#"{"name":"x","version":"1.0.0","files":["dist","lib","src"]}"#;
    let cases: [(&str, &str, Files<'_>); 9] = [
        (
            "git's",
            plain,
            &[(".gitignore", "dist/\n*.log\n/test\n# x\n\n!dist/deep\n")],
        ),
        (
            "npm's before git's",
            plain,
            &[(".gitignore", "dist\n"), (".npmignore", "src\nlib/**\n")],
        ),
        (
            "npm's, empty",
            plain,
            &[(".gitignore", "dist\n"), (".npmignore", "")],
        ),
        (
            "of no effect beside files",
            listed,
            &[(".npmignore", "dist\n"), (".gitignore", "lib\n")],
        ),
        (
            "in a folder",
            listed,
            &[
                ("dist/.npmignore", "*.map\ndeep/er\n"),
                ("lib/.gitignore", "*\n"),
            ],
        ),
        (
            "npm's in a folder",
            plain,
            &[
                ("dist/.gitignore", "*.map\n"),
                ("dist/.npmignore", "index.js\n"),
            ],
        ),
        (
            "taking back",
            plain,
            &[(".npmignore", "*\n!*.js\n!dist\n!dist/**\ndist/**/*.map\n")],
        ),
        (
            "anchored",
            plain,
            &[(
                ".npmignore",
                "/index.js\nlib/a.js\n./src\ndocs/\r\n  build  \n",
            )],
        ),
        (
            "of what is always in",
            plain,
            &[(".npmignore", "README.md\npackage.json\nLICENSE\nindex.js\n")],
        ),
    ];
    let mut trees = Vec::new();
    for (what, manifest, files) in cases {
        let tree = Tree::new(&[("package.json", manifest)]);
        CLUTTER.iter().for_each(|file| tree.write(file, "x"));
        files.iter().for_each(|(file, text)| tree.write(file, text));
        trees.push((what, tree));
    }
    assert_same_files(&trees);
}

#[test]
fn the_same_files_as_npm_in_a_workspace() {
    let tree = Tree::new(&[
        (
            "package.json",
            r#"{"name":"root","version":"1.0.0","workspaces":["js/*"]}"#,
        ),
        (".gitignore", "dist\n*.secret\n"),
        ("js/.npmignore", "*.md.bak\n"),
        ("js/x/package.json", r#"{"name":"x","version":"1.0.0"}"#),
        (
            "js/y/package.json",
            r#"{"name":"y","version":"1.0.0","files":["dist"]}"#,
        ),
    ]);
    for folder in ["js/x", "js/y", "."] {
        for file in ["index.js", "dist/a.js", "a.secret", "b.md.bak"] {
            tree.write(&format!("{folder}/{file}"), "x");
        }
    }
    assert_eq!(
        our_names(&tree, "js/x"),
        npm_names(&tree, "js/x"),
        "a member"
    );
    let packed = tree
        .pack(&[tree.job("y", "1.0.0", "js/y", Packer::NpmBuiltin)])
        .unwrap();
    let ours: BTreeSet<String> = packed.unpacked(0).into_keys().collect();
    assert_eq!(ours, npm_names(&tree, "js/y"), "a member with files");
    let packed = tree
        .pack(&[tree.job("root", "1.0.0", "", Packer::NpmBuiltin)])
        .unwrap();
    let ours: BTreeSet<String> = packed.unpacked(0).into_keys().collect();
    assert_eq!(ours, npm_names(&tree, ""), "the root");
}

#[cfg(unix)]
#[test]
fn links_are_left_out_and_programs_can_be_run() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let tree = Tree::new(&[
        (
            "package.json",
            r#"{"name":"x","version":"1.0.0","bin":{"x":"./cli.js"}}"#,
        ),
        ("cli.js", "#!/usr/bin/env node\n"),
        ("run.sh", "#!/bin/sh\n"),
        ("real/a.js", "x"),
        ("st*ar.js", "x"),
    ]);
    std::fs::set_permissions(tree.path("run.sh"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(
        tree.path("real/a.js"),
        std::fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    symlink("/etc/hostname", tree.path("leak.txt")).unwrap();
    symlink("real", tree.path("linked")).unwrap();
    assert_eq!(our_names(&tree, ""), npm_names(&tree, ""));

    let bytes = builtin(&tree, "").unwrap().bytes(0);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let modes: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 499_162_500);
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            format!(
                "{} {:o}",
                entry.path().unwrap().display(),
                header.mode().unwrap()
            )
        })
        .collect();
    assert_eq!(
        modes,
        [
            "package/cli.js 755",
            "package/package.json 644",
            "package/real/a.js 644",
            "package/run.sh 755"
        ]
    );
}

#[test]
fn packing_again_elsewhere_gives_the_same_bytes() {
    let pack = || {
        let long = format!("{}/{}.js", "d".repeat(90), "f".repeat(120));
        let tree = Tree::new(&[
            (
                "package.json",
                "{\n  \"name\": \"x\",\n  \"version\": \"1.0.0\"\n}\n",
            ),
            ("index.js", "1"),
            (&long, "2"),
        ]);
        let packed = builtin(&tree, "").unwrap();
        assert!(packed.unpacked(0).contains_key(&format!("package/{long}")));
        packed.artifacts[0].digests.clone()
    };
    assert_eq!(pack(), pack());
}

#[test]
fn siblings_are_named_by_their_versions_in_what_is_published() {
    let manifest =
        r#"{"name":"x","version":"1.0.0","dependencies":{"y":"workspace:^","z":"workspace:*"}}"#;
    let tree = Tree::new(&[
        ("x/package.json", manifest),
        ("y/package.json", r#"{"name":"y","version":"2.0.0"}"#),
    ]);
    let jobs = [
        tree.job("x", "1.0.0", "x", Packer::NpmBuiltin),
        tree.job("y", "2.0.0", "y", Packer::NpmBuiltin),
    ];
    let error = tree.pack(&jobs).map(|_| ()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it depends on z as \"workspace:*\""),
        "{error}"
    );

    let mut options = options(&[]);
    let z = relplan_model::address::PackageId {
        ecosystem: "npm".parse().unwrap(),
        name: "z".parse().unwrap(),
    };
    options.siblings = [(z, "3.1.0".parse().unwrap())].into();
    let packed = tree.pack_with(&jobs, &options).unwrap();
    assert_eq!(packed.files(), ["x-1.0.0.tgz", "y-2.0.0.tgz"]);
    let published = String::from_utf8(packed.unpacked(0)["package/package.json"].clone()).unwrap();
    assert_eq!(
        published,
        manifest
            .replace("workspace:^", "^2.0.0")
            .replace("workspace:*", "3.1.0")
    );
}

#[test]
fn what_needs_a_package_manager_is_refused() {
    for (member, why) in [
        (
            r#""scripts":{"prepack":"tsc"}"#,
            "its script `prepack` has to run first",
        ),
        (
            r#""scripts":{"prepare":"tsc"}"#,
            "its script `prepare` has to run first",
        ),
        (
            r#""bundleDependencies":["y"]"#,
            "its `bundleDependencies` need an installed tree",
        ),
        (
            r#""bundledDependencies":true"#,
            "its `bundledDependencies` need an installed tree",
        ),
        (
            r#""publishConfig":{"main":"dist/index.js"}"#,
            "it does not do what `publishConfig.main` says",
        ),
        (r#""files":["@(a|b)"]"#, "is an extended glob"),
        (r#""files":"dist""#, "its `files` is not a list of texts"),
        (
            r#""dependencies":{"y":"catalog:"}"#,
            "it depends on \"y\": \"catalog:\"",
        ),
        (
            r#""scripts":{"prepublish":"tsc"}"#,
            "its script `prepublish`",
        ),
        (r#""files":["./"]"#, "npm 11 and npm 12"),
    ] {
        let tree = Tree::new(&[
            (
                "package.json",
                &format!(r#"{{"name":"x","version":"1.0.0",{member}}}"#),
            ),
            ("pnpm-workspace.yaml", "packages: []\n"),
        ]);
        let error = builtin(&tree, "").map(|_| ()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// A8: what the two newest npm versions read differently is not guessed.
#[test]
fn l16_patterns_that_npm_versions_read_differently_are_refused() {
    let with = |pattern: &str| {
        let manifest = format!(r#"{{"name":"x","version":"1.0.0","files":[{pattern:?}]}}"#);
        let tree = Tree::new(&[
            ("package.json", &manifest),
            ("lib/sub/b.js", "x"),
            ("lib/a.js", "x"),
            ("dist/c.js", "x"),
            ("e.js", "x"),
            (".env", "x"),
        ]);
        builtin(&tree, "").map(|packed| packed.unpacked(0).len())
    };
    for pattern in [
        "{lib,dist}",
        "li*",
        "./li*",
        "l?b",
        "l[i]b",
        "lib/s*",
        "**/sub",
        "lib/*/",
        "*/",
        "./",
        "/",
        "",
    ] {
        let text = with(pattern).unwrap_err().to_string();
        assert!(
            text.contains("npm 11 and npm 12 read differently"),
            "{pattern}: {text}"
        );
    }
    for (pattern, count) in [
        ("*", 6),
        ("**", 6),
        ("lib", 3),
        ("lib/", 3),
        ("./lib", 3),
        ("lib/*", 3),
        ("lib/**", 3),
        ("*.js", 2),
        ("**/*.js", 5),
        ("lib/*.js", 2),
        ("{e.js,.env}", 3),
    ] {
        assert_eq!(with(pattern).unwrap(), count, "{pattern}");
    }
}

/// A7: a package of a pnpm workspace gets the root's license as `pnpm pack` gives it.
#[test]
fn l16_a_pnpm_workspace_gives_its_license_to_packages_without_one() {
    let manifest = r#"{"name":"x","version":"1.0.0"}"#;
    for (marker, own, expected) in [
        ("pnpm-workspace.yaml", "p/index.js", Some(&b"root"[..])),
        ("pnpm-workspace.yaml", "p/docs/License.md", None),
        ("package-lock.json", "p/index.js", None),
    ] {
        let tree = Tree::new(&[
            ("LICENSE", "root"),
            (marker, ""),
            ("p/package.json", manifest),
            (own, "own"),
        ]);
        let files = builtin(&tree, "p").unwrap().unpacked(0);
        let license = files.get("package/LICENSE").map(Vec::as_slice);
        assert_eq!(license, expected, "{marker} {own}");
    }
}

#[test]
fn hostile_rules_cost_no_more_than_they_should() {
    for rule in [
        "a/**/".repeat(200),
        "{a,b}".repeat(30),
        "{".repeat(900),
        "*a".repeat(400),
        "[".repeat(900),
    ] {
        let tree = Tree::new(&[
            ("package.json", r#"{"name":"x","version":"1.0.0"}"#),
            (".npmignore", &rule),
            (&format!("{}x", "a/".repeat(40)), "x"),
            (&"a".repeat(200), "x"),
        ]);
        let started = std::time::Instant::now();
        let _ = builtin(&tree, "");
        assert!(started.elapsed().as_secs() < 5, "{rule}");
    }
}
