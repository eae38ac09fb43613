//! What git keeps in `.git`: no file of the project, whatever names it.

use std::{fs, os::unix::fs::symlink};

use super::{CANARY, SPEC, Scene, said};

/// S12: whatever is written does not go to where git keeps what it runs, under whatever name that is.
#[test]
fn l14_nothing_is_written_into_git() {
    let target = |path: &str| SPEC.replace("path=\"out\"", &format!("path={path:?}"));
    let state = |path: &str| format!("{SPEC}state \"file\" path={path:?}\n");
    let specs = [
        target(".git/hooks"),
        target(".GIT/x"),
        target("sub/.git./x"),
        target("to-git/x"),
        state(".git/state"),
        state("sub/.Git/state"),
        state("to-git/state"),
    ];
    let files = |scene: &Scene| -> Vec<_> {
        let entries = fs::read_dir(scene.project(".git")).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    for spec in specs {
        let scene = Scene::with(&spec);
        symlink(".git", scene.project("to-git")).unwrap();
        let before = files(&scene);
        let refused = scene.run(&["plan"]);
        assert!(matches!(refused.code, Some(10 | 65)), "{spec}\n{refused}");
        assert!(said(&refused).contains("lies in .git"), "{spec}\n{refused}");
        assert_eq!(files(&scene), before, "{spec}");
    }
    let scene = Scene::new();
    scene.expect(0, &["pack"]);
    for arguments in [
        &["plan", "-o", ".git/config"][..],
        &["plan", "--html", "sub/.GIT/page.html"],
        &["pack", "--bundle", ".git/objects/bundle"],
    ] {
        let refused = scene.expect(65, arguments);
        assert!(said(&refused).contains("lies in .git"), "{refused}");
    }
    assert_eq!(files(&scene), ["HEAD"]);
}

/// S7: what git keeps beside the project, a token of the CI's say, is neither packed nor quoted.
#[test]
fn l11_nothing_of_git_is_packed_or_quoted() {
    let python = SPEC.replace("workspace \"npm\"", "workspace \"python\"");
    let pyproject = |rest: &str| {
        format!(
            "[build-system]\nrequires=[\"setuptools\"]\nbuild-backend=\"setuptools.build_meta\"\n\
             [project]\nname=\"widget\"\nversion=\"1.0.0\"\n{rest}\n"
        )
    };
    let npm = |rest: &str| format!(r#"{{"name": "widget", "version": "1.0.0", {rest}}}"#);
    for (spec, file, text) in [
        (
            &python,
            "pyproject.toml",
            pyproject("readme = \".git/config\""),
        ),
        (
            &python,
            "pyproject.toml",
            pyproject("readme = \"linked/config\""),
        ),
        (
            &python,
            "pyproject.toml",
            pyproject("license = {file = \".git/config\"}"),
        ),
        (
            &python,
            "pyproject.toml",
            pyproject("license = \"MIT\"\nlicense-files = [\".git/config\"]"),
        ),
        (
            &SPEC.to_owned(),
            "package.json",
            npm(r#""main": ".git/config""#),
        ),
        (
            &SPEC.to_owned(),
            "package.json",
            npm(r#""bin": {"widget": ".git/config"}"#),
        ),
    ] {
        let scene = Scene::with(spec);
        let header = format!("[http]\n\textraheader = \"{CANARY}\"\n");
        fs::write(scene.project(".git/config"), &header).unwrap();
        fs::create_dir_all(scene.project("widget")).unwrap();
        fs::write(scene.project("widget/__init__.py"), "").unwrap();
        symlink(".git", scene.project("linked")).unwrap();
        fs::write(scene.project(file), &text).unwrap();
        let packed = scene.run(&["pack"]);
        assert_ne!(packed.code, Some(0), "{text}\n{packed}");
        assert!(said(&packed).contains(".git"), "{text}\n{packed}");
    }
    // Neither the spec nor a manifest is quoted from there.
    for file in ["relplan.kdl", "package.json"] {
        let scene = Scene::new();
        fs::write(scene.project(".git/config"), format!("{CANARY} {{\n")).unwrap();
        fs::remove_file(scene.project(file)).unwrap();
        symlink(".git/config", scene.project(file)).unwrap();
        for command in ["plan", "pack", "check"] {
            let refused = scene.run(&[command]);
            assert_ne!(refused.code, Some(0), "{file}\n{refused}");
            assert!(said(&refused).contains("lies in .git"), "{file}\n{refused}");
        }
    }
}
