//! Where packages may go: what their own manifests say, and what stops everything before the first byte leaves.

use std::fs;

use crate::fixture::{Fixture, Packers, Uploads};

const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};

/// Changes a file of the project.
fn rewrite(fixture: &Fixture, path: &str, from: &str, to: &str) {
    let path = fixture.environment.project().join(path);
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed, "{}", path.display());
    fs::write(path, changed).unwrap();
}

/// B1: npm would publish to the registry that the manifest names; publishing elsewhere makes an internal package public.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_an_npm_package_goes_nowhere_but_to_the_registry_that_its_manifest_names() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let manifest = "js/packages/greet/package.json";
    let internal = r#""publishConfig": { "registry": "http://127.0.0.1:1/internal/" }, "#;
    fixture.expect(0, &["pack", "--offline"]);
    rewrite(
        &fixture,
        manifest,
        "\"type\"",
        &format!("{internal}\"type\""),
    );
    for arguments in [&["check"][..], &["plan"], &["apply", "--yes"]] {
        let session = fixture.expect(65, arguments);
        let told = format!("{}{}", session.stdout, session.stderr);
        assert!(told.contains("publishConfig.registry"), "{session}");
        assert!(told.contains("http://127.0.0.1:1/internal/"), "{session}");
        assert!(!told.contains("is sound"), "{session}");
    }
    // A plan that was saved all the same is not applied either.
    fixture.expect(65, &["plan", "-o", "release.json"]);
    fixture.expect(65, &["apply", "release.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    // The same registry in another spelling is the same registry.
    let own = fixture.bench.npm.url();
    rewrite(&fixture, manifest, "http://127.0.0.1:1/internal/", &own);
    fixture.expect(0, &["check"]);
    // The general registry of another scope's package, and the scope's own key.
    let scoped = format!("\"registry\": \"{own}\"");
    let by_scope = r#""@quickstart:registry": "http://127.0.0.1:1/internal/""#;
    rewrite(&fixture, manifest, &scoped, by_scope);
    fixture.expect(65, &["check"]);
    // A target that names its place was meant.
    let url = format!("target \"npm\" kind=\"npm\" url=\"{own}/\"");
    rewrite(&fixture, "relplan.kdl", "target \"npm\" kind=\"npm\"", &url);
    let session = fixture.expect(0, &["check"]);
    assert!(
        session.stderr.contains("the `url` of the target counts"),
        "{session}"
    );
}

/// B2: `cargo publish` refuses a registry that `package.publish` does not list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_a_crate_goes_nowhere_but_to_the_registries_that_its_manifest_lists() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let manifest = "crates/greet-core/Cargo.toml";
    fixture.expect(0, &["pack", "--offline"]);
    rewrite(
        &fixture,
        manifest,
        "[package]",
        "[package]\npublish = [\"acme\"]",
    );
    for arguments in [&["check"][..], &["plan"], &["apply", "--yes"]] {
        let session = fixture.expect(65, arguments);
        let told = format!("{}{}", session.stdout, session.stderr);
        assert!(told.contains("`publish = [\"acme\"]`"), "{session}");
    }
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    rewrite(&fixture, manifest, "\"acme\"", "\"acme\", \"bench\"");
    fixture.expect(0, &["check"]);
}

/// B11: what is wrong with one manifest is not published around.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_an_error_anywhere_ends_apply_before_anything_is_sent() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    rewrite(&fixture, "js/packages/greet-cli/package.json", "{", "{{");
    let check = fixture.expect(65, &["check"]);
    assert!(!check.stdout.contains("is sound"), "{check}");
    fixture.expect(65, &["plan", "-o", "release.json"]);
    let session = fixture.expect(65, &["apply", "release.json", "--yes"]);
    assert!(session.stderr.contains("package.json"), "{session}");
    fixture.expect(65, &["apply", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    rewrite(&fixture, "js/packages/greet-cli/package.json", "{{", "{");
    fixture.expect(0, &["apply", "--yes"]);
}
