//! What goes into an npm tarball: what `npm publish` would put there, or a refusal before the first packer starts
//! (law L16).

use std::{fs, process::Command};

use relplan_testkit::environment::Session;

use crate::fixture::{Fixture, Packers, Uploads};

const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};
const GREET: &str = "js/packages/greet/package.json";

/// Changes a file of the project.
fn rewrite(fixture: &Fixture, path: &str, change: impl Fn(&str) -> String) {
    let path = fixture.environment.project().join(path);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "{}", path.display());
    fs::write(path, changed).unwrap();
}

/// What was printed, without the breaks of lines.
fn said(session: &Session) -> String {
    let all = format!("{} {}", session.stdout, session.stderr);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts members at the top of a manifest.
fn add(fixture: &Fixture, members: &str) {
    rewrite(fixture, GREET, |text| {
        text.replacen('{', &format!("{{{members},"), 1)
    });
}

/// A member of the bundle's tarball of `@quickstart/greet`.
fn packed(fixture: &Fixture, file: &str) -> Option<String> {
    let bundle = fixture.environment.project().join(".relplan/bundle");
    let tarball = bundle.join("quickstart-greet-0.1.0.tgz");
    let member = format!("package/{file}");
    let mut tar = Command::new("tar");
    let answer = tar.arg("-xOzf").arg(tarball).arg(member).output().unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    answer.status.success().then_some(text)
}

/// A2: `dist` is made by `prepublishOnly` and ignored by git; without it the package is empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_the_scripts_of_publishing_make_the_package_or_nothing_is_packed() {
    let fixture = Fixture::new(Packers::Own).await;
    let only = ["-p", "js/packages/greet"];
    let build = r#""scripts":{"prepublishOnly":"mkdir -p dist && echo built > dist/made.txt","postpublish":"exit 1"}"#;
    add(&fixture, build);
    rewrite(&fixture, GREET, |text| {
        match text.contains("\"files\": [") {
            true => text.replacen("\"files\": [", "\"files\": [\"dist\", ", 1),
            false => text.replacen('{', "{\"files\":[\"dist\"],", 1),
        }
    });
    let session = fixture.expect(0, &["check"]);
    assert!(
        said(&session).contains("`postpublish` is not run"),
        "{session}"
    );
    let session = fixture.expect(0, &["apply", "--yes", only[0], only[1]]);
    assert_eq!(
        packed(&fixture, "dist/made.txt").as_deref(),
        Some("built\n"),
        "{session}"
    );
    assert_eq!(fixture.accepted_uploads(), Uploads { npm: 1, ..NOTHING });

    let fixture = Fixture::new(Packers::BuiltIn).await;
    add(&fixture, build);
    for arguments in [
        &["check"][..],
        &["plan"],
        &["pack", "--offline"],
        &["apply", "--yes"],
    ] {
        let session = fixture.expect(65, arguments);
        let told = said(&session);
        assert!(
            told.contains("runs no scripts, and the manifest has `prepublishOnly`"),
            "{session}"
        );
        assert!(told.contains("write packer=\"npm\""), "{session}");
    }
    assert_eq!(packed(&fixture, "package.json"), None);
    assert_eq!(fixture.accepted_uploads(), NOTHING);
}

/// A4, A5, A6, A8, A12, A13, B5, C13: whatever shows in the manifests is said by `check`, all of it, and nothing is
/// packed or published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_what_the_packer_cannot_do_is_refused_before_anything_is_packed() {
    for (packer, members, told) in [
        (
            "builtin",
            r#""publishConfig":{"directory":"dist"}"#,
            "relplan's own packer does not do what `publishConfig.directory` says",
        ),
        (
            "npm",
            r#""publishConfig":{"directory":"dist"}"#,
            "npm does not do what `publishConfig.directory` says",
        ),
        (
            "builtin",
            r#""bundledDependencies":["x"]"#,
            "cannot pack its `bundledDependencies`",
        ),
        (
            "builtin",
            r#""dependencies":{"x":"catalog:"}"#,
            "cannot replace \"x\": \"catalog:\"",
        ),
        (
            "npm",
            r#""dependencies":{"x":"file:../x"}"#,
            "depends on \"x\": \"file:../x\", which means nothing to those who install it",
        ),
        (
            "builtin",
            r#""optionalDependencies":{"x":"../x"}"#,
            "depends on \"x\": \"../x\"",
        ),
        (
            "yarn",
            r#""peerDependencies":{"x":"patch:x@npm%3A1#./x.patch"}"#,
            "depends on \"x\": \"patch:",
        ),
        (
            "npm",
            r#""dependencies":{"@quickstart/greet-cli":"workspace:^"}"#,
            "write packer=\"builtin\" in the spec's workspace",
        ),
        (
            "builtin",
            r#""files":["l?b"]"#,
            "which npm 11 and npm 12 read differently",
        ),
        (
            "builtin",
            r#""publishConfig":{"tag":"v8.14"}"#,
            "the dist-tag v8.14 is a version range",
        ),
    ] {
        let fixture = Fixture::new(Packers::BuiltIn).await;
        fs::create_dir(fixture.environment.project().join("js/packages/greet/lab")).unwrap();
        rewrite(&fixture, GREET, |text| {
            let text = text.replacen("\"files\"", "\"-files\"", 1);
            text.replacen('{', &format!("{{{members},"), 1)
        });
        if packer != "builtin" {
            rewrite(&fixture, "relplan.kdl", |text| {
                let said = "workspace \"npm\" path=\"js\" packer=";
                text.replacen(
                    &format!("{said}\"builtin\""),
                    &format!("{said}{packer:?}"),
                    1,
                )
            });
        }
        for arguments in [&["check"][..], &["pack", "--offline"], &["apply", "--yes"]] {
            let session = fixture.expect(65, arguments);
            let all = said(&session);
            assert!(all.contains(told), "{members} {session}");
            let advice = format!("write packer={packer:?}");
            assert!(
                !all.contains(&advice),
                "the packer in use is no way on: {session}"
            );
        }
        assert_eq!(packed(&fixture, "package.json"), None);
        assert_eq!(fixture.accepted_uploads(), NOTHING);
    }
}

/// A3: what the build of a dependency makes is there before the build of the dependent reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_npm_packages_are_packed_in_the_order_of_their_dependencies() {
    let fixture = Fixture::new(Packers::Own).await;
    // A dev-dependency is no order of publishing, but one of building.
    add(
        &fixture,
        r#""devDependencies":{"@quickstart/greet-cli":"*"},"scripts":{"prepack":"echo new > made.txt"}"#,
    );
    rewrite(&fixture, "js/packages/greet-cli/package.json", |text| {
        text.replacen(
            '{',
            r#"{"scripts":{"prepack":"test -e ../greet/made.txt"},"#,
            1,
        )
    });
    fixture.expect(0, &["pack", "--offline", "-p", "js/packages/*"]);
}

/// A9, B6, B7: what shows of the packed file and of the registry stands in the plan, and does not end it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_the_plan_says_what_a_tarball_lacks_and_what_a_new_name_sets() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    rewrite(&fixture, GREET, |text| {
        let mut manifest: serde_json::Value = serde_json::from_str(text).unwrap();
        manifest["types"] = "dist/index.d.ts".into();
        manifest["publishConfig"] = serde_json::json!({ "provenance": true, "tag": "beta" });
        manifest.to_string()
    });
    let session = fixture.expect(0, &["check"]);
    assert!(
        said(&session).contains("`publishConfig.provenance` asks for a provenance attestation"),
        "{session}"
    );
    fixture.expect(0, &["pack", "--offline"]);
    let session = fixture.expect(0, &["plan"]);
    let told = said(&session);
    for words in [
        "entry-missing",
        "lacks what its manifest names: `types` (dist/index.d.ts)",
        "the registry sets latest to 0.1.0 as well as beta",
    ] {
        assert!(told.contains(words), "{words}: {session}");
    }
}
