//! Starting in a repository whose packages are published already: `init`, `adopt`, an empty plan, and drift from then on.

use std::path::Path;

use relplan_testkit::servers::{PASSWORD, USER};

use crate::fixture::{Fixture, Packers};

/// Uploads a file as twine does, with what a Python has on board.
const UPLOAD: &str = r#"
import base64, os, sys, urllib.request
url, path = sys.argv[1:]
mark = "mark-of-the-form"
with open(path, "rb") as file:
    content = file.read()
name = os.path.basename(path)
body = b"".join([
    f'--{mark}\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n'.encode(),
    f'--{mark}\r\nContent-Disposition: form-data; name="content"; filename="{name}"\r\n\r\n'.encode(),
    content,
    f"\r\n--{mark}--\r\n".encode(),
])
request = urllib.request.Request(url, data=body, method="POST")
request.add_header("Content-Type", f"multipart/form-data; boundary={mark}")
user = f"{os.environ['UPLOAD_USER']}:{os.environ['UPLOAD_PASSWORD']}"
request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
urllib.request.urlopen(request).read()
"#;

fn run(fixture: &Fixture, mut command: std::process::Command, folder: &Path) {
    command.current_dir(folder);
    let session = fixture.environment.run(command).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
}

/// Publishes everything as its maintainers did before they knew relplan: by the ecosystems' own clients.
fn publish_by_hand(fixture: &Fixture) {
    let environment = &fixture.environment;
    let project = environment.project();
    for crate_ in ["quickstart-greet-core", "quickstart-greet-cli"] {
        let mut cargo = environment.command("cargo");
        cargo.args([
            "publish",
            "--quiet",
            "--no-verify",
            "--allow-dirty",
            "--registry",
            "bench",
            "-p",
            crate_,
        ]);
        run(fixture, cargo, &project.join("crates"));
    }
    for package in ["greet", "greet-cli"] {
        let mut npm = environment.command("npm");
        npm.args(["publish", "--access", "public"]);
        run(fixture, npm, &project.join("js/packages").join(package));
    }
    fixture.expect(
        0,
        &[
            "pack",
            "--offline",
            "-p",
            "quickstart-greet",
            "--bundle",
            "../dist",
        ],
    );
    for entry in std::fs::read_dir(environment.root().join("dist")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|ending| ending == "whl" || ending == "gz")
        {
            let mut python = environment.command("python3");
            python
                .env("UPLOAD_USER", USER)
                .env("UPLOAD_PASSWORD", PASSWORD);
            python
                .args(["-c", UPLOAD])
                .arg(format!("{}/", fixture.bench.pypi.url()))
                .arg(path);
            run(fixture, python, environment.root());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_published_project_starts_with_an_empty_plan_and_sees_drift_from_then_on() {
    let mut fixture = Fixture::new(Packers::BuiltIn).await;
    let index = format!("{}/simple/", fixture.bench.pypi.url());
    fixture.environment.set("PIP_INDEX_URL", index);
    let environment = &fixture.environment;
    publish_by_hand(&fixture);
    std::fs::remove_file(environment.project().join("relplan.kdl")).unwrap();
    fixture.clear_logs();

    // What init writes is used without an edit; the registries are those of the clients' own configuration.
    let arguments = ["init", "--target", "cargo=bench", "--target", "pypi=bench"];
    fixture.expect(0, &arguments);
    fixture.expect(0, &["check"]);
    let first = fixture.expect(0, &["plan"]);
    assert!(first.stdout.contains("present-not-compared"), "{first}");
    let unasked = fixture.expect(64, &["adopt"]);
    assert!(unasked.stderr.contains("relplan adopt --yes"), "{unasked}");
    assert!(!environment.project().join(".relplan/state").exists());
    let part = fixture.expect(0, &["adopt", "--yes", "-p", "quickstart-greet-core"]);
    assert!(part.stdout.contains("To record: 1 package."), "{part}");
    // The other way to write it.
    let rest = fixture.expect(0, &["state", "adopt", "--yes"]);
    assert!(rest.stdout.contains("To record: 4 packages."), "{rest}");
    assert!(rest.stdout.contains("latest names 0.1.0"), "{rest}");
    let again = fixture.expect(0, &["adopt", "--yes"]);
    assert!(again.stdout.contains("Nothing to do"), "{again}");
    fixture.expect(0, &["state", "check"]);
    let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Nothing to do"), "{plan}");
    assert!(
        !plan.stdout.contains("present-not-compared"),
        "all is recorded with its bytes\n{plan}"
    );
    for proxy in [
        &fixture.bench.npm,
        &fixture.bench.cargo,
        &fixture.bench.pypi,
    ] {
        assert_eq!(
            proxy.log().accepted_writes(),
            [],
            "registries are only read"
        );
    }

    a_moved_tag_is_told(&fixture);
    a_deleted_package_is_told(&fixture);
    fixture.no_canary_in_files();
}

fn a_moved_tag_is_told(fixture: &Fixture) {
    let environment = &fixture.environment;
    let elsewhere = environment.root().join("elsewhere");
    let source = environment.project().join("js/packages/greet");
    relplan_testkit::environment::copy_folder(&source, &elsewhere).unwrap();
    let manifest = elsewhere.join("package.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"0.1.0\"", "\"0.0.9\"")).unwrap();
    let mut npm = environment.command("npm");
    npm.args(["publish", "--access", "public", "--tag", "latest"]);
    run(fixture, npm, &elsewhere);
    let plan = fixture.expect(3, &["plan"]);
    assert!(plan.stdout.contains("drift-pointer"), "{plan}");
    // Taken into the records if that is in order.
    let adopted = fixture.expect(0, &["adopt", "--yes"]);
    assert!(adopted.stdout.contains("latest names 0.0.9"), "{adopted}");
    let plan = fixture.expect(0, &["plan"]);
    assert!(!plan.stdout.contains("drift"), "{plan}");
}

fn a_deleted_package_is_told(fixture: &Fixture) {
    let environment = &fixture.environment;
    let mut npm = environment.command("npm");
    npm.args(["unpublish", "--force", "@quickstart/greet-cli"]);
    run(fixture, npm, environment.root());
    let plan = fixture.expect(3, &["plan"]);
    assert!(plan.stdout.contains("drift-deleted"), "{plan}");
    let adopt = fixture.expect(3, &["adopt", "--yes"]);
    assert!(
        adopt.stdout.contains("not adopted: recorded as published"),
        "{adopt}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_unknowns_and_open_plans_are_not_adopted_and_the_rest_is() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let environment = &fixture.environment;
    publish_by_hand(&fixture);
    // What is packed now has other bytes than what was published.
    environment
        .write(
            "project/js/packages/greet/index.js",
            "export const greeting = () => 'changed';\n",
        )
        .unwrap();
    fixture.expect(0, &["pack", "--offline", "-p", "@quickstart/greet"]);
    let conflict = fixture.expect(3, &["adopt", "--yes"]);
    assert!(
        conflict
            .stdout
            .contains("@quickstart/greet 0.1.0  not adopted"),
        "{conflict}"
    );
    assert!(
        conflict
            .stdout
            .contains("To record: 4 packages. Not adopted: 1 package."),
        "{conflict}"
    );
    let state = fixture.expect(0, &["state", "show"]);
    assert!(!state.stdout.contains("npm:@quickstart/greet\""), "{state}");
    assert!(
        state.stdout.contains("npm:@quickstart/greet-cli\""),
        "{state}"
    );

    // Another machine, and nothing that anybody remembers.
    std::fs::remove_dir_all(environment.project().join(".relplan")).unwrap();
    std::fs::remove_dir_all(environment.home().join(".local/state/relplan")).unwrap();
    fixture
        .bench
        .npm
        .inject(relplan_testkit::proxy::Rule::always(
            "GET",
            "greet-cli",
            relplan_testkit::proxy::Fault::RefuseBefore(503),
        ));
    let unknown = fixture.expect(8, &["adopt", "--yes"]);
    assert!(
        unknown.stdout.contains("could not be looked up"),
        "{unknown}"
    );
    assert!(
        unknown.stdout.contains("To record: 4 packages."),
        "{unknown}"
    );
    fixture.heal();

    // A plan that was started is its own to record.
    fixture.set_version("0.1.0", "0.2.0");
    std::fs::remove_dir_all(environment.cache()).ok();
    fixture
        .bench
        .cargo
        .inject(relplan_testkit::proxy::Rule::always(
            "PUT",
            "/crates/new",
            relplan_testkit::proxy::Fault::RefuseBefore(403),
        ));
    let failed = fixture.relplan(&["apply", "--yes", "--offline-pack"]);
    assert_ne!(failed.code, Some(0), "{failed}");
    let open = fixture.expect(6, &["adopt", "--yes"]);
    assert!(open.stderr.contains("relplan state abandon"), "{open}");
}
