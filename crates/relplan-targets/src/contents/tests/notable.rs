//! Tables of what is notable: one package of each kind, before and after.

use super::*;

/// `script name: before -> after` and `dependency name (section): before -> after`; digests are cut away.
fn lines(kind: &str, before: Option<&[(&str, &str)]>, after: &[(&str, &str)]) -> Vec<String> {
    let before = before.map(|members| listed(kind, members));
    let contents = compared(before.as_ref(), &listed(kind, after));
    let text = |value: &Option<String>| match value {
        None => "none".to_owned(),
        Some(text) => match text.split_once("sha256:") {
            Some((start, rest)) => format!("{start}sha256{}", rest.get(12..).unwrap()),
            None => text.clone(),
        },
    };
    contents
        .notable
        .iter()
        .map(|notable| match notable {
            Notable::Script {
                name,
                before,
                after,
            } => format!("{name}: {} -> {}", text(before), text(after)),
            Notable::Dependency {
                name,
                section,
                before,
                after,
            } => format!("{name} ({section}): {} -> {}", text(before), text(after)),
        })
        .collect()
}

#[test]
fn npm_runs_install_scripts_and_installs_dependencies() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            r#"{}"#,
            r#"{"scripts":{"prepare":"x","test":"x","prepublishOnly":"x"}}"#,
            &[],
        ),
        (
            r#"{}"#,
            r#"{"scripts":{"preinstall":"a","install":"b","postinstall":"c"}}"#,
            &[
                "install: none -> b",
                "postinstall: none -> c",
                "preinstall: none -> a",
            ],
        ),
        (
            r#"{"scripts":{"postinstall":"a"}}"#,
            r#"{"scripts":{"postinstall":"b"}}"#,
            &["postinstall: a -> b"],
        ),
        (
            r#"{"scripts":{"postinstall":"a"}}"#,
            r#"{}"#,
            &["postinstall: a -> none"],
        ),
        (
            r#"{"dependencies":{"a":"1","b":"1","gone":"1"},"devDependencies":{"x":"1"}}"#,
            r#"{"dependencies":{"a":"1","b":"2","c":"1"},"optionalDependencies":{"c":"3"},
                "peerDependencies":{"p":"1","q":"1"},"peerDependenciesMeta":{"q":{"optional":true}},
                "devDependencies":{"y":"1"},"bundleDependencies":["a"]}"#,
            &[
                "a (bundleDependencies): none -> inside the tarball",
                "b (dependencies): 1 -> 2",
                "c (optionalDependencies): none -> 3",
                "gone (dependencies): 1 -> none",
                "p (peerDependencies): none -> 1",
                "q (peerDependencies): none -> 1, optional",
            ],
        ),
    ];
    for (before, after, expected) in cases {
        let members = |text| [("package/package.json", text)];
        let found = lines("npm-tarball", Some(&members(*before)), &members(*after));
        assert_eq!(found, *expected, "{after}");
    }
    let first = r#"{"scripts":{"install":"x"},"dependencies":{"a":"1"}}"#;
    let found = lines("npm-tarball", None, &[("package/package.json", first)]);
    assert_eq!(
        found,
        ["install: none -> x"],
        "of a first version the scripts alone"
    );
}

#[test]
fn npm_builds_what_has_a_gyp_file_and_runs_the_scripts_of_bundled_packages() {
    let before: &[(&str, &str)] = &[("package/package.json", "{}")];
    let gyp = |manifest| {
        [
            ("package/package.json", manifest),
            ("package/binding.gyp", "{}"),
        ]
    };
    let built = "install: none -> node-gyp rebuild (binding.gyp: 2 bytes, sha256)";
    for (manifest, expected) in [
        ("{}", vec![built]),
        (r#"{"gypfile":false}"#, vec![]),
        (
            r#"{"scripts":{"preinstall":"x"}}"#,
            vec!["preinstall: none -> x"],
        ),
    ] {
        assert_eq!(lines("npm-tarball", Some(before), &gyp(manifest)), expected);
    }
    let bundled = [
        ("package/package.json", "{}"),
        (
            "package/node_modules/@a/b/package.json",
            r#"{"scripts":{"postinstall":"node i"}}"#,
        ),
        ("package/node_modules/@a/b/i.js", "1"),
        (
            "package/test/package.json",
            r#"{"scripts":{"postinstall":"no"}}"#,
        ),
    ];
    assert_eq!(
        lines("npm-tarball", Some(before), &bundled),
        ["postinstall of node_modules/@a/b: none -> node i (i.js: 1 bytes, sha256)"]
    );
}

#[test]
fn a_script_whose_file_changed_has_changed() {
    let npm = |code| {
        [
            (
                "package/package.json",
                r#"{"scripts":{"postinstall":"node ./lib/go.js --x"}}"#,
            ),
            ("package/lib/go.js", code),
        ]
    };
    let found = lines("npm-tarball", Some(&npm("1")), &npm("22"));
    assert_eq!(
        found,
        [
            "postinstall: node ./lib/go.js --x (lib/go.js: 1 bytes, sha256) -> \
          node ./lib/go.js --x (lib/go.js: 2 bytes, sha256)"
        ]
    );
    let manifest = "[package]\nname = \"w\"\nversion = \"1.0.0\"\n";
    let krate = |code| [("w-1.0.0/Cargo.toml", manifest), ("w-1.0.0/build.rs", code)];
    let found = lines("crate", Some(&krate("1")), &krate("22"));
    assert_eq!(found, ["build.rs: 1 bytes, sha256 -> 2 bytes, sha256"]);
    assert_eq!(lines("crate", Some(&krate("1")), &krate("1")), [""; 0]);
}

#[test]
fn cargo_builds_and_runs_build_scripts_and_macros() {
    let head = "[package]\nname = \"w\"\nversion = \"1.0.0\"\n";
    let cases: &[(&str, &[&str])] = &[
        ("build = false\n", &[]),
        ("", &["build.rs: none -> 1 bytes, sha256"]),
        (
            "build = \"tools/b.rs\"\n",
            &["tools/b.rs: none -> a file that is not there"],
        ),
        (
            "build = false\nlinks = \"z\"\n[lib]\nproc-macro = true\n",
            &[
                "links: none -> links the native library z",
                "proc-macro: none -> its code runs inside the compiler",
            ],
        ),
        (
            "build = false\n[dependencies]\na = \"1\"\n[dependencies.b]\nversion = \"2\"\noptional = true\n\
             [dependencies.renamed]\nversion = \"3\"\npackage = \"c\"\n[build-dependencies]\nd = \"1\"\n\
             [dev-dependencies]\nx = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n",
            &[
                "a (dependencies): none -> ^1",
                "b (dependencies): none -> ^2, optional",
                "c (dependencies): none -> ^3",
                "d (build-dependencies): none -> ^1",
                "e (dependencies for cfg(unix)): none -> ^1",
            ],
        ),
    ];
    for (rest, expected) in cases {
        let plain = format!("{head}build = false\n");
        let text = format!("{head}{rest}");
        let before = [("w-1.0.0/Cargo.toml", plain.as_str())];
        let after = [
            ("w-1.0.0/Cargo.toml", text.as_str()),
            ("w-1.0.0/build.rs", "1"),
        ];
        assert_eq!(lines("crate", Some(&before), &after), *expected, "{rest}");
    }
}

#[test]
fn python_requires_distributions_and_builds_sdists() {
    let bare = &*format!("{INFO}1.0.0\n");
    let asks = &*format!(
        "{INFO}1.0.0\nRequires-Dist: Foo.Bar>=2\nRequires-Dist: baz; extra == \"x\"\n\
         Requires-Dist: six (>=1) ; python_version < \"3\"\nRequires-Dist: plain\n"
    );
    let wheel = |text| [("w-1.0.0.dist-info/METADATA", text)];
    let expected = [
        "baz (Requires-Dist, extra x): none -> ; extra == \"x\"",
        "foo-bar (Requires-Dist): none -> >=2",
        "plain (Requires-Dist): none -> any version",
        "six (Requires-Dist): none -> (>=1) ; python_version < \"3\"",
    ];
    assert_eq!(lines("wheel", Some(&wheel(bare)), &wheel(asks)), expected);
    let pth = [
        ("w-1.0.0.dist-info/METADATA", bare),
        ("w.pth", "import w"),
        ("w/data.pth", "x"),
    ];
    assert_eq!(
        lines("wheel", Some(&wheel(bare)), &pth),
        ["w.pth: none -> read at each start of Python, 8 bytes, sha256"]
    );
    let sdist = |text| [("w-1.0.0/PKG-INFO", text)];
    assert_eq!(lines("sdist", Some(&sdist(bare)), &sdist(asks)), expected);
    let project = "[build-system]\nrequires = [\"flit_core>=3\"]\nbuild-backend = \"own:api\"\nbackend-path = [\"tools\"]\n\
                   [project]\ndependencies = [\"left\"]\n";
    let own = [
        ("w-1.0.0/PKG-INFO", bare),
        ("w-1.0.0/pyproject.toml", project),
        ("w-1.0.0/tools/own.py", "1"),
        ("w-1.0.0/setup.py", "22"),
    ];
    assert_eq!(
        lines("sdist", Some(&sdist(bare)), &own),
        [
            "build-backend: none -> own:api from tools (tools/own.py: 1 bytes, sha256)",
            "setup.py: none -> 2 bytes, sha256",
            "flit-core (build-system.requires): none -> >=3",
            "left (Requires-Dist): none -> any version",
        ]
    );
}
