//! npm, pnpm and yarn workspaces as people write them.

use crate::{
    discover::fixture::{Fixture, check, show, workspace},
    pack::Packer,
};

/// A workspace of `a` 1.2.3, `@acme/b` 2.0.0-rc.1, private `c` 1.0.0, and `top` with one dependency.
fn with_dependency(manager: &str, table: &str, name: &str, text: &str) -> Fixture {
    let top =
        format!(r#"{{"name": "top", "version": "1.0.0", "{table}": {{"{name}": "{text}"}}}}"#);
    let root = format!(
        r#"{{"private": true, "packageManager": "{manager}@9.1.0", "workspaces": ["packages/*"]}}"#
    );
    Fixture::new(&[
        ("package.json", &root),
        (
            "pnpm-workspace.yaml",
            "packages: ['packages/*']\ncatalog:\n  a: ^1.0.0\n  odd: 'catalog:'\ncatalogs:\n  next:\n    '@acme/b': workspace:^\n    a: '>=1'\n",
        ),
        (
            "packages/a/package.json",
            r#"{"name": "a", "version": "1.2.3"}"#,
        ),
        (
            "packages/b/package.json",
            r#"{"name": "@acme/b", "version": "2.0.0-rc.1"}"#,
        ),
        (
            "packages/c/package.json",
            r#"{"name": "c", "version": "1.0.0", "private": true}"#,
        ),
        ("packages/top/package.json", &top),
    ])
}

fn edges_of_top(project: &Fixture) -> (Vec<String>, Vec<String>) {
    let found = project.found("npm");
    let top = found
        .packages
        .iter()
        .find(|package| package.id.name.as_str() == "top")
        .unwrap();
    let edges = top
        .dependencies
        .iter()
        .map(|edge| format!("{:?} {} {}", edge.kind, edge.on.name, edge.requirement).to_lowercase())
        .collect();
    let packer = match top.manager.as_deref() {
        Some("pnpm") => Packer::Pnpm,
        Some("yarn") => Packer::Yarn,
        _ => Packer::Npm,
    };
    let packing = top.packing_findings(&packer);
    let codes = top
        .findings
        .iter()
        .chain(&packing)
        .map(|finding| finding.code.clone())
        .collect();
    (edges, codes)
}

#[test]
fn requirements_become_what_will_stand_in_the_published_manifest() {
    for (name, text, edge, code) in [
        // Plain ranges hold where they take in the member's version.
        ("a", "^1.0.0", Some("a ^1.0.0"), None),
        ("a", "1.2.3", Some("a 1.2.3"), None),
        ("a", "*", Some("a *"), None),
        ("a", "", Some("a "), None),
        ("a", "latest", Some("a latest"), None),
        ("a", "^2.0.0", None, Some("requirement-excludes-member")),
        (
            "@acme/b",
            "^2.0.0",
            None,
            Some("requirement-excludes-member"),
        ),
        ("@acme/b", "^2.0.0-rc.0", Some("@acme/b ^2.0.0-rc.0"), None),
        ("elsewhere", "^1.0.0", None, None),
        // The workspace protocol.
        ("a", "workspace:^", Some("a ^1.2.3"), None),
        ("a", "workspace:~", Some("a ~1.2.3"), None),
        ("a", "workspace:*", Some("a 1.2.3"), None),
        ("a", "workspace:", Some("a 1.2.3"), None),
        ("a", "workspace:^1.1.0", Some("a ^1.1.0"), None),
        ("a", "workspace:1.x", Some("a 1.x"), None),
        (
            "a",
            "workspace:^3",
            Some("a ^3"),
            Some("requirement-excludes-member"),
        ),
        ("@acme/b", "workspace:^", Some("@acme/b ^2.0.0-rc.1"), None),
        ("alias", "workspace:a@^", Some("a npm:a@^1.2.3"), None),
        (
            "alias",
            "workspace:@acme/b@*",
            Some("@acme/b npm:@acme/b@2.0.0-rc.1"),
            None,
        ),
        ("a", "workspace:../a", Some("a 1.2.3"), None),
        (
            "alias",
            "workspace:../b",
            Some("@acme/b npm:@acme/b@2.0.0-rc.1"),
            None,
        ),
        (
            "typo",
            "workspace:^",
            None,
            Some("workspace-member-missing"),
        ),
        // Catalogs.
        ("a", "catalog:", Some("a ^1.0.0"), None),
        ("a", "catalog:default", Some("a ^1.0.0"), None),
        ("a", "catalog:next", Some("a >=1"), None),
        ("@acme/b", "catalog:next", Some("@acme/b ^2.0.0-rc.1"), None),
        ("a", "catalog:gone", None, Some("catalog-entry-missing")),
        ("odd", "catalog:", None, Some("catalog-entry-missing")),
        // Aliases and places.
        ("alias", "npm:a@^1.2.0", Some("a npm:a@^1.2.0"), None),
        (
            "alias",
            "npm:@acme/b",
            None,
            Some("requirement-excludes-member"),
        ),
        ("alias", "npm:a", Some("a npm:a"), None),
        (
            "a",
            "link:../a",
            Some("a link:../a"),
            Some("local-dependency"),
        ),
        (
            "a",
            "file:../a",
            Some("a file:../a"),
            Some("local-dependency"),
        ),
        ("a", "file:./a.tgz", None, Some("local-dependency")),
        ("a", "../a", Some("a ../a"), Some("local-dependency")),
        ("a", "git+https://git.example/a.git", None, None),
        ("a", "owner/repository", None, None),
        ("a", "https://files.example/a.tgz", None, None),
        // What is private cannot be had by others.
        (
            "c",
            "workspace:^",
            Some("c ^1.0.0"),
            Some("depends-on-unpublishable"),
        ),
        ("top", "workspace:^", None, None),
    ] {
        let project = with_dependency("pnpm", "dependencies", name, text);
        let (edges, codes) = edges_of_top(&project);
        let expected: Vec<String> = edge.iter().map(|edge| format!("normal {edge}")).collect();
        assert_eq!(edges, expected, "{name}: {text}");
        let expected: Vec<String> = code.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(codes, expected, "{name}: {text}");
    }
}

#[test]
fn tables_give_edges_their_kind() {
    for (table, text, expected) in [
        ("dependencies", "^1", Some("normal a ^1")),
        ("optionalDependencies", "^1", Some("optional a ^1")),
        ("peerDependencies", "^1", Some("peer a ^1")),
        (
            "peerDependencies",
            "workspace:^ || ^0.9",
            Some("peer a ^1.2.3 || ^0.9"),
        ),
        ("peerDependencies", "workspace:>=", Some("peer a >=1.2.3")),
        ("devDependencies", "^1", None),
        ("devDependencies", "workspace:*", None),
    ] {
        let (edges, codes) = edges_of_top(&with_dependency("pnpm", table, "a", text));
        assert_eq!(
            edges.first().map(String::as_str),
            expected,
            "{table} {text}"
        );
        assert_eq!(codes, Vec::<String>::new(), "{table} {text}");
    }
    let project = with_dependency("pnpm", "dependencies", "a", "^1");
    project.write(
        "packages/top/package.json",
        r#"{"name": "top", "version": "1.0.0",
            "dependencies": {"a": "1.2.3"}, "optionalDependencies": {"a": "^1"},
            "peerDependencies": {"a": ">=1", "@acme/b": "^1"}, "peerDependenciesMeta": {"a": {"optional": true}}}"#,
    );
    let found = project.found("npm");
    let top = show(&found).split("top 1.0.0").nth(1).unwrap().to_owned();
    assert_eq!(
        top.lines().skip(1).map(str::trim).collect::<Vec<_>>(),
        [
            "optional a >=1",
            "optional a ^1",
            ". requirement-excludes-member: packages/top/package.json: top requires \"@acme/b\" \"^1\", which the project's own 2.0.0-rc.1 does not meet",
        ]
    );
}

#[test]
fn npm_publishes_the_workspace_protocol_as_it_stands() {
    let project = with_dependency("npm", "dependencies", "a", "workspace:^");
    let (edges, codes) = edges_of_top(&project);
    assert_eq!(edges, ["normal a ^1.2.3"]);
    assert_eq!(codes, ["protocol-not-replaced"]);
}

#[test]
fn yarn_names_members_by_their_place_in_the_workspace() {
    let project = with_dependency("yarn", "dependencies", "a", "workspace:packages/a");
    let (edges, codes) = edges_of_top(&project);
    assert_eq!((edges, codes), (vec!["normal a 1.2.3".to_owned()], vec![]));
}

#[test]
fn members_are_what_the_patterns_name() {
    let package = |name: &str| format!(r#"{{"name": "{name}", "version": "1.0.0"}}"#);
    let files = [
        ("package.json", r#"{"name": "root", "version": "0.0.0", "private": true, "workspaces": {"packages": ["ignored/*"]}}"#.to_owned()),
        ("pnpm-workspace.yaml", "packages:\n  - packages/**\n  - './docs/'\n  - '{tools,apps/web}/*'\n  - '!**/fixtures/**'\n  - gone\n".to_owned()),
        ("ignored/x/package.json", package("ignored")),
        ("packages/a/package.json", package("a")),
        ("packages/a/fixtures/x/package.json", package("fixture")),
        ("packages/a/node_modules/dep/package.json", package("installed")),
        ("packages/group/b/package.json", package("b")),
        ("packages/.cache/package.json", package("hidden")),
        ("packages/target/package.json", package("built")),
        ("docs/package.json", package("docs")),
        ("tools/lint/package.json", package("lint")),
        ("apps/web/app/package.json", package("app")),
        ("apps/other/package.json", package("other")),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let found = Fixture::new(&files).found("npm");
    check(
        &found,
        "
        a 1.0.0 in packages/a
        app 1.0.0 in apps/web/app
        b 1.0.0 in packages/group/b
        docs 1.0.0 in docs
        lint 1.0.0 in tools/lint
        root 0.0.0 in ., nowhere
        ! member-missing: pnpm-workspace.yaml names \"gone\" as a member, which holds no package.json",
    );
    assert!(
        found
            .packages
            .iter()
            .all(|package| package.manager.as_deref() == Some("pnpm"))
    );
}

#[test]
fn the_manager_is_told_by_manifest_or_lock_file() {
    for (extra, file, text, expected) in [
        ("", "unrelated", "", "npm"),
        (
            r#", "packageManager": "yarn@4.1.0+sha512.abc""#,
            "package-lock.json",
            "{}",
            "yarn",
        ),
        (
            r#", "devEngines": {"packageManager": {"name": "pnpm"}}"#,
            "unrelated",
            "",
            "pnpm",
        ),
        ("", "pnpm-lock.yaml", "", "pnpm"),
        ("", "yarn.lock", "", "yarn"),
        ("", ".yarnrc.yml", "nodeLinker: pnp", "yarn"),
        ("", "npm-shrinkwrap.json", "{}", "npm"),
    ] {
        let manifest = format!(r#"{{"name": "a", "version": "1.0.0"{extra}}}"#);
        let project = Fixture::new(&[
            ("js/package.json", &manifest),
            (&format!("js/{file}"), text),
        ]);
        let found = project.discover(&[workspace("npm", "js", &[])]).unwrap();
        assert_eq!(
            found.packages[0].manager.as_deref(),
            Some(expected),
            "{extra} {file}"
        );
        assert_eq!(found.findings, []);
    }
    let project = Fixture::new(&[
        ("package.json", r#"{"name": "a", "version": "1.0.0"}"#),
        ("bun.lock", ""),
    ]);
    check(
        &project.found("npm"),
        "a 1.0.0 in .\n! unknown-manager: the workspace is kept by \"bun\", which relplan does not know; it is taken for npm",
    );
}

#[test]
fn a_member_that_is_named_alone_belongs_to_its_workspace() {
    let project = with_dependency("pnpm", "dependencies", "a", "catalog:");
    let found = project
        .discover(&[
            workspace("npm", "packages/top", &[]),
            workspace("npm", "packages/a", &[]),
        ])
        .unwrap();
    check(
        &found,
        "a 1.2.3 in packages/a\ntop 1.0.0 in packages/top\n  normal a ^1.0.0",
    );
    for package in &found.packages {
        assert_eq!(
            (package.workspace_root.as_str(), package.manager.as_deref()),
            (".", Some("pnpm"))
        );
    }
}

#[test]
fn what_a_manifest_says_about_publishing_becomes_settings() {
    let project = Fixture::new(&[
        ("package.json", r#"{"private": true, "workspaces": ["*"]}"#),
        (
            "a/package.json",
            r#"{"name": "@acme/a", "version": "1.0.0", "publishConfig":
                {"access": "public", "tag": "next", "registry": "https://npm.acme.example/", "directory": "dist"}}"#,
        ),
        (
            "b/package.json",
            r#"{"name": "@acme/b", "version": "1.0.0", "publishConfig":
                {"registry": "https://npm.acme.example/", "@acme:registry": "https://scoped.acme.example/"}}"#,
        ),
        (
            "c/package.json",
            r#"{"name": "c", "version": "1.0.0", "publishConfig": {"access": 1}}"#,
        ),
    ]);
    check(
        &project.found("npm"),
        "
        @acme/a 1.0.0 in a
          access=public
          dist-tag=next
          registry=https://npm.acme.example/
        @acme/b 1.0.0 in b
          registry=https://scoped.acme.example/
        c 1.0.0 in c",
    );
}

#[test]
fn incomplete_manifests_are_passed_over_with_one_remark() {
    let project = Fixture::new(&[
        (
            "package.json",
            "\u{feff}{\"private\": true, \"workspaces\": [\"*\"]}",
        ),
        ("a/package.json", r#"{"type": "module"}"#),
        ("b/package.json", "{}"),
        ("c/package.json", r#"{"private": true}"#),
        ("d/package.json", r#"{"name": "d"}"#),
        ("e/package.json", r#"{"name": "e", "private": true}"#),
        ("f/package.json", r#"{"name": "f", "version": "1.0"}"#),
        (
            "g/package.json",
            r#"{"name": "bad name", "version": "1.0.0"}"#,
        ),
        ("h/package.json", "{\n  \"name\": \"h\",\n}"),
        (
            "i/package.json",
            r#"{"name": "i", "version": "1.0.0+build.5"}"#,
        ),
        (
            "j/package.json",
            r#"{"name": "j", "version": "1.0.0", "workspaces": 7}"#,
        ),
    ]);
    check(
        &project.found("npm"),
        r#"
        e ? in e, nowhere
        i 1.0.0+build.5 in i
          ! build-metadata: i/package.json: the version 1.0.0+build.5 has build metadata, which npm registries drop
        j 1.0.0 in j
        E invalid-name: g/package.json: the package name "bad name" is not valid: it holds a character that is not allowed there
        E invalid-version: f/package.json: "1.0" is not a version: unexpected end of input while parsing minor version number
        E manifest-unreadable: h/package.json:3: trailing comma
        . nameless-package: 2 manifests have no name and are not private; they are passed over: "a/package.json", "b/package.json"
        . versionless-package: "d/package.json" has no version and is not private; it is passed over"#,
    );
}

#[test]
fn yarn_workspaces_may_be_nested_and_keep_catalogs() {
    let project = Fixture::new(&[
        (
            "package.json",
            r#"{"name": "root", "private": true, "workspaces": ["group"]}"#,
        ),
        (
            ".yarnrc.yml",
            "catalog:\n  a: ^1.0.0\ncatalogs:\n  old:\n    a: ~1.0.1\n",
        ),
        (
            "group/package.json",
            r#"{"name": "group", "version": "1.0.0", "workspaces": ["*"], "dependencies": {"a": "catalog:old"}}"#,
        ),
        (
            "group/a/package.json",
            r#"{"name": "a", "version": "1.0.1"}"#,
        ),
    ]);
    check(
        &project.found("npm"),
        "
        a 1.0.1 in group/a
        group 1.0.0 in group
          normal a ~1.0.1
        root ? in ., nowhere",
    );
}
