//! L4 with the real binary and real servers: killed without warning at every exchange, before the server did its work
//! and after, and in the middle of uploads; then run again.

use relplan_testkit::proxy::{Fault, Proxy, Rule, request};

use crate::fixture::{Fixture, NPM, ONE_OF_EACH, Packers, killed};

/// One release: new versions, packed and planned.
fn prepare(fixture: &Fixture, from: &str, to: &str) {
    fixture.set_version(from, to);
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
}

async fn converges(fixture: &Fixture, version: &str, what: &str) {
    fixture.heal();
    let session = fixture.expect(0, &APPLY);
    let uploads = fixture.accepted_uploads();
    assert_eq!(
        uploads, ONE_OF_EACH,
        "{what}: l4, each file was accepted once\n{session}"
    );
    for name in NPM {
        let path = format!("/-/package/{}/dist-tags", name.replace('/', "%2f"));
        let proxy = fixture.bench.npm.address();
        let (_, body) = request(proxy, "GET", &path, &[], Vec::new()).await.unwrap();
        let tags: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            tags,
            serde_json::json!({ "latest": version }),
            "{what}: {name}"
        );
    }
    let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Nothing to do"), "{what}: l12\n{plan}");
}

async fn any_stalled(proxies: [&Proxy; 3]) {
    let [a, b, c] = proxies;
    tokio::select! {
        () = a.log().until_stalled() => {}
        () = b.log().until_stalled() => {}
        () = c.log().until_stalled() => {}
    }
}

/// A lost upload to a server on loopback shows within a second, or not at all.
const APPLY: [&str; 5] = ["apply", "release.json", "--yes", "--settle", "1s"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_killed_at_every_exchange_it_ends_as_if_undisturbed() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let bench = &fixture.bench;
    let proxies = [&bench.npm, &bench.cargo, &bench.pypi];
    let mut version = "0.1.0".to_owned();
    // An undisturbed run of the same kind, of existing names, tells how many exchanges there are with each server.
    fixture.expect(0, &["apply", "--yes", "--offline-pack"]);
    let next = "0.1.1".to_owned();
    prepare(&fixture, &version, &next);
    fixture.expect(0, &APPLY);
    let exchanges = proxies.map(|proxy| proxy.log().all().len());
    assert!(exchanges.iter().all(|count| *count >= 4), "{exchanges:?}");
    version = next;

    let (mut patch, mut kills) = (2, 0);
    for (server, count) in exchanges.into_iter().enumerate() {
        for at in 0..count {
            for fault in [Fault::HoldBefore, Fault::HoldAfter] {
                let next = format!("0.1.{patch}");
                patch += 1;
                prepare(&fixture, &version, &next);
                version = next;
                proxies[server].inject(Rule::any(fault).after(at as u64));
                // The order of exchanges is not fixed, so a run may end before the last one comes up.
                kills += usize::from(killed(&fixture, &APPLY, any_stalled(proxies)).await);
                let what = format!("server {server}, exchange {at}, {fault:?}");
                converges(&fixture, &version, &what).await;
            }
        }
    }
    fixture.no_canary_in_files();
    let planned = exchanges.iter().sum::<usize>() * 2;
    assert!(
        kills * 10 >= planned * 8,
        "only {kills} of {planned} kills came about"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_killed_in_the_middle_of_uploads_it_ends_as_if_undisturbed() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let bench = &fixture.bench;
    let mut version = "0.1.0".to_owned();
    fixture.expect(0, &["apply", "--yes", "--offline-pack"]);
    let uploads = [
        (&bench.npm, "PUT", "/@quickstart%2f", 0),
        (&bench.cargo, "PUT", "/crates/new", 0),
        // The first form has no file: it only has the index look at the login.
        (&bench.pypi, "POST", "/", 1),
    ];
    let mut patch = 1;
    for (proxy, method, path, before) in uploads {
        for after in [1, 20_000] {
            let next = format!("0.1.{patch}");
            patch += 1;
            grow(&fixture, patch);
            prepare(&fixture, &version, &next);
            version = next;
            let rule = Rule::once(method, path, Fault::StallUpload { after });
            proxy.inject(rule.after(before));
            let came = killed(&fixture, &APPLY, proxy.log().until_stalled()).await;
            let what = format!("{method} {path} after {after} bytes");
            assert!(came, "{what}: the upload came to a halt");
            converges(&fixture, &version, &what).await;
        }
    }
}

/// Uploads need a size for a middle: text that does not compress to nothing.
fn grow(fixture: &Fixture, seed: u32) {
    let mut state = seed;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    let filler: String = (0..60_000).map(letter).collect();
    for (file, comment) in [
        ("crates/greet-core/src/lib.rs", "//"),
        ("js/packages/greet/index.js", "//"),
        ("py/src/quickstart_greet/__init__.py", "#"),
    ] {
        let path = fixture.environment.project().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n{comment} {filler}\n")).unwrap();
    }
}

/// E7: a second `apply` beside a live one says who is at work, and takes over only when that is asked for. The one that it
/// takes over from ends with a plain sentence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_a_live_run_is_taken_over_from_only_by_a_word() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["apply", "--yes", "--offline-pack"]);
    prepare(&fixture, "0.1.0", "0.1.1");
    fixture
        .bench
        .npm
        .inject(Rule::once("PUT", "/@quickstart", Fault::HoldAfter));
    let stalled = fixture.bench.npm.log().until_stalled();
    let mut command = tokio::process::Command::from(fixture.environment.relplan(&APPLY));
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut first = command.kill_on_drop(true).spawn().unwrap();
    tokio::select! {
        () = stalled => {}
        code = first.wait() => panic!("it came to no upload: {code:?}"),
    }
    let second = fixture.expect(6, &APPLY);
    let text: Vec<&str> = second.stderr.split_whitespace().collect();
    let text = text.join(" ");
    for words in ["is being applied on", "was last heard of at", "--take-over"] {
        assert!(text.contains(words), "{words}: {second}");
    }
    let mut taking = APPLY.to_vec();
    taking.push("--take-over");
    fixture.expect(0, &taking);
    fixture.heal();
    let first = first.wait_with_output().await.unwrap();
    let told = String::from_utf8(first.stdout).unwrap();
    assert_eq!(first.status.code(), Some(6), "{told}");
    let flat: Vec<&str> = told.split_whitespace().collect();
    assert!(
        flat.join(" ")
            .contains("another run has taken over from this one"),
        "{told}"
    );
    assert!(!told.contains("sha256:"), "{told}");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}
