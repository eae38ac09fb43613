//! Python projects as people write them.

use crate::discover::fixture::{Fixture, check, show, workspace};

const BACKEND: &str =
    "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";

fn project(name: &str, rest: &str) -> String {
    format!("{BACKEND}[project]\nname = \"{name}\"\nversion = \"1.0.0\"\n{rest}\n")
}

#[test]
fn uv_workspaces_have_members_and_exclusions() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            "[project]\nname = \"root\"\nversion = \"0\"\ndependencies = [\"acme-base\"]\n[tool.uv.workspace]\nmembers = [\"packages/*\", \"gone\"]\nexclude = [\"packages/old*\"]\n[tool.uv.sources]\nacme-base = { workspace = true }\n",
        ),
        ("packages/base/pyproject.toml", &project("Acme.Base", "")),
        (
            "packages/http/pyproject.toml",
            &project(
                "acme_http",
                "dependencies = [\"acme_base>=1,<2 ; python_version > '3.9'\", \"requests\"]\n[project.optional-dependencies]\nall = [\"ACME-base[x]==1.0.0\", \"acme-http[y]\"]\n[dependency-groups]\ndev = [\"root\"]\n",
            ),
        ),
        (
            "packages/plugin/pyproject.toml",
            "[build-system]\nrequires = [\"acme-base>=1\"]\n[project]\nname = \"plugin\"\nversion = \"2\"\n",
        ),
        (
            "packages/app/pyproject.toml",
            "[project]\nname = \"app\"\nversion = \"2\"\n",
        ),
        (
            "packages/built/pyproject.toml",
            "[project]\nname = \"built\"\nversion = \"2\"\n[tool.uv]\npackage = true\n",
        ),
        ("packages/old-one/pyproject.toml", &project("old", "")),
        ("packages/notes/readme.md", ""),
    ]);
    let found = project.found("python");
    check(
        &found,
        "
        acme-base 1.0.0 in packages/base
        acme-http 1.0.0 in packages/http
          normal acme-base >=1,<2 ; python_version > '3.9'
          optional acme-base [x]==1.0.0
        app 2 in packages/app, nowhere
        built 2 in packages/built
        plugin 2 in packages/plugin
          build acme-base >=1
        root 0 in ., nowhere
          normal acme-base
        E manifest-unreadable: there is no gone/pyproject.toml",
    );
    assert!(
        found
            .packages
            .iter()
            .all(|package| package.workspace_root == ".")
    );
}

#[test]
fn versions_are_static_normal_or_known_after_packing() {
    for (text, expected) in [
        (
            "[project]\nname = \"x\"\nversion = \"1.0.0-beta.1\"\n",
            "x 1.0.0b1 in .",
        ),
        (
            "[project]\nname = \"x\"\nversion = \"v1!2.0-1+Local_1\"\n",
            "x 1!2.0.post1+local.1 in .",
        ),
        (
            "[project]\nname = \"x\"\ndynamic = [\"version\"]\n",
            "x ? in .",
        ),
        (
            "[project]\nname = \"x\"\ndynamic = [\"version\"]\n[tool.poetry]\nversion = \"3.1\"\n",
            "x 3.1 in .",
        ),
        (
            "[tool.poetry]\nname = \"X_y\"\nversion = \"1.2\"\n",
            "x-y 1.2 in .",
        ),
        (
            "[tool.poetry]\nname = \"x\"\nversion = \"0.0.0\"\n[tool.poetry-dynamic-versioning]\nenable = true\n",
            "x ? in .",
        ),
        (
            "[tool.poetry]\nname = \"x\"\nversion = \"1\"\npackage-mode = false\n",
            "x 1 in ., nowhere",
        ),
        (
            "[project]\nname = \"x\"\nversion = \"1\"\nclassifiers = [\"Private :: Do Not Upload\"]\n",
            "x 1 in ., nowhere",
        ),
        (
            "[project]\nname = \"x\"\nversion = \"1\"\n[tool.uv]\npackage = false\n",
            "x 1 in ., nowhere",
        ),
        // C2: uv does not install it, and whoever builds it publishes it all the same.
        (
            "[project]\nname = \"x\"\nversion = \"1\"\n[tool.uv]\npackage = false\n[build-system]\nrequires = []\n",
            "x 1 in .",
        ),
        (
            "[project]\nname = \"x\"\n",
            "E manifest-unreadable: pyproject.toml: the project has no version and does not call it dynamic",
        ),
        (
            "[project]\nname = \"x\"\nversion = 1\n",
            "E manifest-unreadable: pyproject.toml:3: the version is not a text",
        ),
        (
            "[project]\nversion = \"1\"\n",
            "E manifest-unreadable: pyproject.toml: the project has no name",
        ),
    ] {
        check(
            &Fixture::new(&[("pyproject.toml", text)]).found("python"),
            expected,
        );
    }
    let bad = Fixture::new(&[(
        "pyproject.toml",
        "[project]\nname = \"x\"\nversion = \"one\"\n",
    )]);
    assert!(show(&bad.found("python")).contains("pyproject.toml: \"one\" is not a version"));
}

#[test]
fn single_projects_make_edges_between_each_other() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            &project("hatch", "dependencies = [\"hatchling>=1.27\"]\n"),
        ),
        (
            "backend/pyproject.toml",
            "[build-system]\nrequires = []\n[project]\nname = \"hatchling\"\ndynamic = [\"version\"]\n",
        ),
    ]);
    let found = project
        .discover(&[
            workspace("python", ".", &[]),
            workspace("python", "backend", &[]),
        ])
        .unwrap();
    check(
        &found,
        "
        hatch 1.0.0 in .
          normal hatchling >=1.27
          build hatchling
        hatchling ? in backend",
    );
    assert_eq!(found.packages[1].workspace_root, "backend");
}

#[test]
fn poetry_projects_are_read_from_their_own_table() {
    let poetry = |name: &str, rest: &str| {
        format!("[tool.poetry]\nname = \"{name}\"\nversion = \"1.0\"\n{rest}")
    };
    let project = Fixture::new(&[
        ("a/pyproject.toml", &poetry("a", "")),
        (
            "b/pyproject.toml",
            &poetry(
                "b",
                "[tool.poetry.dependencies]\npython = \"^3.10\"\na = [{ version = \"^1\", python = \">3.11\" }, { version = \"^0.9\", python = \"<=3.11\" }]\nC = { version = \">=1\", optional = true }\n[tool.poetry.group.dev.dependencies]\nd = \"^1\"\n",
            ),
        ),
        (
            "c/pyproject.toml",
            &poetry(
                "c",
                "[tool.poetry.dependencies]\na = { path = \"../a\", develop = true }\n",
            ),
        ),
        ("d/pyproject.toml", &poetry("d", "")),
    ]);
    let all: Vec<_> = ["a", "b", "c", "d"]
        .iter()
        .map(|path| workspace("python", path, &[]))
        .collect();
    check(
        &project.discover(&all).unwrap(),
        r#"
        a 1.0 in a
        b 1.0 in b
          normal a ^0.9
          normal a ^1
          optional c >=1
        c 1.0 in c
          normal a
          ! direct-reference: c/pyproject.toml:5: c depends on "a" by a URL or path, which PyPI refuses in what it is given
        d 1.0 in d"#,
    );
}

#[test]
fn dynamic_dependencies_are_read_where_they_can_be() {
    let dynamic = |name: &str, rest: &str| {
        format!(
            "{BACKEND}[project]\nname = \"{name}\"\nversion = \"1\"\ndynamic = [\"dependencies\", \"optional-dependencies\"]\n{rest}"
        )
    };
    let setuptools = "[tool.setuptools.dynamic]\ndependencies = { file = [\"requirements.txt\"] }\noptional-dependencies.x = { file = \"extra.txt\" }\n";
    let hook = "[tool.hatch.metadata.hooks.uv-dynamic-versioning]\ndependencies = [\"base[cli]=={{ version }}\"]\n[tool.hatch.metadata.hooks.uv-dynamic-versioning.optional-dependencies]\nx = [\"set>=1\"]\n";
    let project = Fixture::new(&[
        ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"*\"]\n"),
        ("base/pyproject.toml", &project("base", "")),
        ("set/pyproject.toml", &dynamic("set", setuptools)),
        (
            "set/requirements.txt",
            "# what it needs\nbase>=1 # and why\n\n",
        ),
        ("set/extra.txt", "hook~=1.0\n"),
        ("hook/pyproject.toml", &dynamic("hook", hook)),
        ("code/pyproject.toml", &dynamic("code", "")),
    ]);
    check(
        &project.found("python"),
        "
        base 1.0.0 in base
        code 1 in code
          ! dynamic-dependencies: code/pyproject.toml: the dependencies of code are computed when it is built, so its place in the order is not known
        hook 1 in hook
          normal base
          optional set >=1
        set 1 in set
          normal base >=1
          optional hook ~=1.0",
    );
}

#[test]
fn a_member_that_says_nothing_of_itself_is_an_error() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"a\", \"b\"]\n",
        ),
        ("a/pyproject.toml", BACKEND),
        (
            "b/pyproject.toml",
            "[project]\nname = \"-\"\nversion = \"1\"\n[project]\n",
        ),
    ]);
    let text = show(&project.found("python"));
    assert!(
        text.contains("a/pyproject.toml: it has neither a `[project]`"),
        "{text}"
    );
    assert!(text.contains("b/pyproject.toml:4: "), "{text}");
}

/// B4: `pin-b==0.1.0` beside a `pin-b` 0.2.0 was an edge, and nobody was told.
#[test]
fn l17_a_requirement_that_excludes_the_sibling_is_told_and_makes_no_edge() {
    let project = Fixture::new(&[
        (
            "pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n",
        ),
        (
            "packages/a/pyproject.toml",
            &project(
                "pin-a",
                "dependencies = [\"Pin.B==0.1.0\"]\n[project.optional-dependencies]\nx = [\"pin_b[z]<1 ; python_version > '3'\"]",
            ),
        ),
        ("packages/b/pyproject.toml", &project("pin-b", "")),
        (
            "packages/c/pyproject.toml",
            &project("pin-c", "dependencies = [\"pin-b~=1.0\"]"),
        ),
    ]);
    check(
        &project.found("python"),
        "
        pin-a 1.0.0 in packages/a
          . requirement-excludes-member: packages/a/pyproject.toml:9: pin-a requires \"pin_b\" \"[z]<1 ; python_version > '3'\", which the project's own 1.0.0 does not meet
          ! requirement-excludes-member: packages/a/pyproject.toml:7: pin-a requires \"Pin.B\" \"==0.1.0\", which the project's own 1.0.0 does not meet
        pin-b 1.0.0 in packages/b
        pin-c 1.0.0 in packages/c
          normal pin-b ~=1.0",
    );
}

/// B14: which builds read the tags of the repository.
#[test]
fn l16_a_version_out_of_the_history_is_known_for_one() {
    let project = |version: &str, rest: &str| {
        let text = format!("[project]\nname = \"a\"\n{version}\n{rest}\n");
        Fixture::new(&[("pyproject.toml", &text)]).found("python")
    };
    for (rest, expected) in [
        (
            "[build-system]\nrequires = [\"setuptools>=80\", \"setuptools_scm[toml]>=8\"]",
            true,
        ),
        ("[tool.setuptools_scm]", true),
        ("[tool.hatch.version]\nsource = \"vcs\"", true),
        ("[tool.pdm.version]\nsource = \"scm\"", true),
        ("[tool.poetry-dynamic-versioning]\nenable = true", true),
        ("[build-system]\nrequires = [\"setuptools\"]", false),
        (
            "[build-system]\nrequires = [\"setuptools\", \"setuptools-scm\"]\n[tool.setuptools.dynamic]\nversion = { attr = \"a.VERSION\" }",
            false,
        ),
        ("[tool.hatch.version]\npath = \"a.py\"", false),
    ] {
        let found = project("dynamic = [\"version\"]", rest);
        assert_eq!(found.packages[0].version_from_history, expected, "{rest}");
    }
    let found = project("version = \"1\"", "[tool.setuptools_scm]");
    assert!(!found.packages[0].version_from_history);
}

/// C11: what PyPI would refuse in the middle of a release is known from the manifest.
#[test]
fn l16_what_the_public_index_demands_is_known_from_the_manifest() {
    for (more, told) in [
        ("", None),
        ("readme = \"README.md\"", None),
        ("readme = \"README\"", None),
        (
            "readme = { file = \"README.adoc\", content-type = \"text/markdown; charset=UTF-8\" }",
            None,
        ),
        (
            "readme = \"README.adoc\"",
            Some("nothing tells the type of its readme \"README.adoc\""),
        ),
        (
            "readme = { text = \"x\", content-type = \"text/html\" }",
            Some("its readme has the type \"text/html\""),
        ),
        (
            "description = \"\"\"one\ntwo\"\"\"",
            Some("its description is not one line of at most 512 characters"),
        ),
        ("requires-python = \">=3.9,<4\"", None),
        (
            "requires-python = \"^3.9\"",
            Some("its `requires-python` \"^3.9\" is no set of versions"),
        ),
        ("urls = { Source = \"https://acme.example\" }", None),
        (
            "urls = { Source = \"acme\" }",
            Some("its URL \"Source\" is \"acme\""),
        ),
    ] {
        let text = format!("[project]\nname = \"a\"\nversion = \"1\"\n{more}\n");
        let found = Fixture::new(&[("pyproject.toml", &text)]).found("python");
        let refusals = found.packages[0].refusals.iter();
        let found: Vec<&str> = refusals
            .map(|one| one.message.rsplit_once("PyPI refuses a: ").unwrap().1)
            .collect();
        assert_eq!(found, told.into_iter().collect::<Vec<_>>(), "{more}");
    }
}
