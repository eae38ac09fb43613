//! `relplan state`: moving, verifying, rebuilding, forgetting; and what is said where the journal is on one machine.

use std::path::PathBuf;

use relplan_testkit::{
    environment::{Environment, Session, copy_folder},
    proxy::{Exchange, Proxy},
    servers::stores::{GitServer, has_git},
};

use crate::fixture::{binary, repository};

/// The quickstart, whose target is a folder.
pub fn project() -> Environment {
    let environment = Environment::new(binary()).unwrap();
    copy_folder(
        &repository().join("examples/quickstart"),
        &environment.project(),
    )
    .unwrap();
    for left in [".relplan", "out"] {
        let _ = std::fs::remove_dir_all(environment.project().join(left));
    }
    environment
}

pub fn expect(environment: &Environment, code: i32, arguments: &[&str]) -> Session {
    let session = environment.relplan_session(arguments).unwrap();
    assert_eq!(
        session.code,
        Some(code),
        "relplan {}\n{session}",
        arguments.join(" ")
    );
    session
}

/// A text without its line breaks: messages are wrapped.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn add_to_spec(environment: &Environment, line: &str) {
    let spec = environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(spec, format!("{text}\n{line}\n")).unwrap();
}

pub fn bare(environment: &Environment) -> PathBuf {
    let folder = environment.root().join("state.git");
    std::fs::create_dir(&folder).unwrap();
    let mut git = environment.command("git");
    git.args(["init", "--quiet", "--bare"]).arg(&folder);
    assert_eq!(environment.run(git).unwrap().code, Some(0));
    folder
}

#[test]
fn a_journal_moves_into_a_repository_and_back_and_no_other_is_written_over() {
    if !has_git() {
        return;
    }
    let mut environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let remote = bare(&environment);
    add_to_spec(
        &environment,
        &format!("state \"git\" remote=\"file://{}\"", remote.display()),
    );
    let pushed = expect(&environment, 0, &["state", "push"]);
    assert!(pushed.stdout.contains("entries of the journal"), "{pushed}");
    let again = expect(&environment, 0, &["state", "push"]);
    assert!(again.stdout.contains("Nothing to do"), "{again}");
    let moved = expect(&environment, 10, &["plan", "--state", ".relplan/state"]);
    assert!(flat(&moved.stderr).contains("it was moved to"), "{moved}");
    // The plan made from here on is empty, and names the repository (law L12).
    let journal = environment.project().join(".relplan/state/journal.jsonl");
    let bytes = std::fs::read(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let plan = expect(
        &environment,
        0,
        &["plan", "--detailed-exitcode", "--format", "json"],
    );
    assert!(plan.stdout.contains("\"store\":\"git+file://"), "{plan}");
    expect(&environment, 0, &["state", "pull"]);
    assert_eq!(
        std::fs::read(&journal).unwrap(),
        bytes,
        "every byte comes back"
    );

    // A journal with the same name that went another way, and one of another name, are refused. A copy is no journal of its
    // own: one that goes another way was taken before the move.
    let forget = [
        "state",
        "forget",
        "shelf:quickstart-greet",
        "--state",
        ".relplan/state",
    ];
    let copy = expect(&environment, 10, &forget);
    assert!(flat(&copy.stderr).contains("it was moved to"), "{copy}");
    let text = String::from_utf8(bytes).unwrap();
    let before = text.trim_end().rsplit_once('\n').unwrap().0;
    std::fs::write(&journal, format!("{before}\n")).unwrap();
    let copy = expect(&environment, 10, &forget);
    assert!(flat(&copy.stderr).contains("this machine"), "{copy}");
    // Another machine does not know better.
    environment.set("XDG_STATE_HOME", environment.root().join("another-machine"));
    expect(&environment, 0, &forget);
    // It remembers what it wrote itself, so that the two are told apart where it looks at the other one.
    let other = ["state", "forget", "shelf:@quickstart/greet@0.1.0"];
    let refused = expect(&environment, 10, &other);
    assert!(flat(&refused.stderr).contains("this machine"), "{refused}");
    environment.set("XDG_STATE_HOME", environment.root().join("third-machine"));
    expect(&environment, 0, &other);
    environment.set("XDG_STATE_HOME", environment.root().join("fourth-machine"));
    let parted = expect(&environment, 10, &["state", "push"]);
    assert!(
        flat(&parted.stderr).contains("go different ways from entry"),
        "{parted}"
    );
    std::fs::remove_dir_all(environment.project().join(".relplan/state")).unwrap();
    expect(
        &environment,
        0,
        &["state", "rebuild", "--state", ".relplan/state"],
    );
    let other = expect(&environment, 10, &["state", "push"]);
    assert!(
        flat(&other.stderr).contains("keeps another journal"),
        "{other}"
    );
    let empty = expect(&environment, 64, &["state", "push", "--from", "nowhere"]);
    assert!(
        flat(&empty.stderr).contains("there is no journal"),
        "{empty}"
    );
    let itself = expect(
        &environment,
        64,
        &["state", "push", "--state", ".relplan/state"],
    );
    assert!(
        flat(&itself.stderr).contains("where --from points as well"),
        "{itself}"
    );
}

#[test]
fn a_journal_whose_end_was_cut_off_is_found_out_by_the_plans_that_remember_it() {
    let mut environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    expect(&environment, 0, &["plan", "-o", "later.json"]);
    let sound = expect(&environment, 0, &["state", "check", "--plan", "later.json"]);
    assert!(
        flat(&sound.stdout).contains("6 files are those that their plans name"),
        "{sound}"
    );
    let journal = environment.project().join(".relplan/state/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let cut: String = text
        .lines()
        .take(5)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&journal, &cut).unwrap();
    let found = expect(&environment, 10, &["state", "check"]);
    assert!(flat(&found.stderr).contains("this machine"), "{found}");
    // By itself, on a machine that never wrote to it, a shorter journal is as sound as a longer one.
    environment.set("XDG_STATE_HOME", environment.root().join("another-machine"));
    expect(&environment, 0, &["state", "check"]);
    let found = expect(
        &environment,
        10,
        &["state", "check", "--plan", "later.json"],
    );
    assert!(
        flat(&found.stderr).contains("its end was cut off"),
        "{found}"
    );

    environment.unset("XDG_STATE_HOME");

    // A receipt with other bytes, in a chain that holds again: the started plan knows better.
    let forged = forge(&text);
    std::fs::write(&journal, forged).unwrap();
    let found = expect(&environment, 10, &["state", "check"]);
    assert!(
        flat(&found.stderr).contains("records other bytes of"),
        "{found}"
    );

    // Damage is told with what to do, and a new journal is begun from what the registry shows.
    std::fs::write(&journal, text.replace("claim", "clam")).unwrap();
    let damaged = expect(&environment, 10, &["state", "check"]);
    assert!(
        flat(&damaged.stderr).contains("relplan state rebuild"),
        "{damaged}"
    );
    expect(&environment, 10, &["state", "rebuild"]);
    std::fs::rename(
        environment.project().join(".relplan/state"),
        environment.root().join("aside"),
    )
    .unwrap();
    let rebuilt = expect(&environment, 0, &["state", "rebuild"]);
    assert!(rebuilt.stdout.contains("records 5 versions"), "{rebuilt}");
    let after = expect(&environment, 0, &["plan", "--detailed-exitcode"]);
    assert!(after.stdout.contains("Nothing to do"), "l12\n{after}");
    let log = expect(&environment, 0, &["state", "log"]);
    assert!(
        log.stdout.contains("recorded what was there already"),
        "{log}"
    );
}

/// The same journal with one digit of a file's digest changed, chained anew.
fn forge(text: &str) -> String {
    let mut prev = String::new();
    let mut done = false;
    text.lines()
        .map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            if !prev.is_empty() {
                value["prev"] = prev.clone().into();
            }
            let facts = value.pointer_mut("/record/receipt/facts");
            if let (Some(facts), false) = (facts.and_then(|facts| facts.as_array_mut()), done) {
                for fact in facts {
                    let digests = fact.pointer_mut("/file/digests");
                    if let Some(digests) = digests.and_then(|digests| digests.as_object_mut()) {
                        for digits in digests.values_mut() {
                            let text = digits.as_str().unwrap();
                            let first = if text.starts_with('0') { "1" } else { "0" };
                            *digits = format!("{first}{}", &text[1..]).into();
                        }
                        done = true;
                    }
                }
            }
            let line = serde_json::to_string(&value).unwrap();
            prev = relplan_model::digest::Sha256::of(line.as_bytes()).to_string();
            line + "\n"
        })
        .collect()
}

#[test]
fn what_is_recorded_reads_as_a_trail_and_can_be_forgotten() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let log = expect(&environment, 0, &["state", "log"]);
    for part in [
        "claimed as serial 1 by relplan",
        "✓ publish shelf:@quickstart/greet@0.1.0",
        "sha256:",
        "closed as serial 2",
    ] {
        assert!(log.stdout.contains(part), "{part}\n{log}");
    }
    let json = expect(&environment, 0, &["state", "log", "--json"]);
    let lines: Vec<&str> = json.stdout.lines().collect();
    let chapters = relplan_state::audit(&lines).unwrap();
    let closed = |chapter: &relplan_state::Chapter| match chapter {
        relplan_state::Chapter::Plan(plan) => plan.end.is_some(),
        _ => false,
    };
    assert!(closed(&chapters[1]), "{chapters:?}");
    let entries = expect(&environment, 0, &["state", "log", "--entries"]);
    assert!(entries.stdout.lines().count() > 15, "{entries}");
    let unlock = expect(&environment, 0, &["state", "unlock"]);
    assert!(unlock.stdout.contains("There is no lock"), "{unlock}");

    let typo = expect(
        &environment,
        64,
        &["state", "forget", "shelf:quickstart-gret"],
    );
    assert!(
        flat(&typo.stderr).contains("did you mean shelf:quickstart-greet?"),
        "{typo}"
    );
    expect(&environment, 64, &["state", "forget", "quickstart-greet"]);
    expect(
        &environment,
        0,
        &["state", "forget", "shelf:quickstart-greet@0.1.0"],
    );
    let list = expect(&environment, 0, &["state", "list"]);
    assert!(!list.stdout.contains("shelf:quickstart-greet\n"), "{list}");
    assert!(list.stdout.contains("shelf:quickstart-greet-cli"), "{list}");
    // It is still there and still asked for: the next plan adopts it.
    let plan = expect(&environment, 2, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("= quickstart-greet "), "{plan}");
}

#[test]
fn in_ci_a_journal_on_the_runner_alone_is_warned_of_once() {
    let mut environment = project();
    let quiet = expect(&environment, 0, &["apply", "--yes"]);
    assert!(!flat(&quiet.stderr).contains("state-on-runner"), "{quiet}");
    environment.set("CI", "true");
    let manifest = environment.project().join("js/packages/greet/package.json");
    let text = std::fs::read_to_string(&manifest)
        .unwrap()
        .replace("0.1.0", "0.1.1");
    std::fs::write(&manifest, text).unwrap();
    let warned = expect(&environment, 0, &["apply", "--yes"]);
    let count = warned.stderr.matches("state-on-runner").count();
    assert_eq!(count, 1, "{warned}");
    assert!(
        flat(&warned.stderr).contains("on this machine alone"),
        "{warned}"
    );
}

#[test]
fn l13_a_spec_that_cannot_be_read_is_no_reason_to_look_for_the_state_elsewhere() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    add_to_spec(&environment, "state \"gti\"");
    let refused = expect(&environment, 65, &["status"]);
    assert!(flat(&refused.stderr).contains("--state"), "{refused}");
    expect(&environment, 0, &["status", "--state", ".relplan/state"]);
    let unset = expect(
        &environment,
        10,
        &["status", "--state", "postgres:RELPLAN_NOT_SET"],
    );
    assert!(flat(&unset.stderr).contains("RELPLAN_NOT_SET"), "{unset}");
    let secret = expect(
        &environment,
        64,
        &[
            "status",
            "--state",
            "git+https://u:canary@git.example/x.git",
        ],
    );
    assert!(!flat(&secret.stderr).contains("canary"), "{secret}");
}

/// A session asks a store over the network no more often than it has to: each request is a round trip before the first
/// upload.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_opens_its_store_once() {
    if !has_git() {
        return;
    }
    let environment = project();
    let server = GitServer::start(&environment.root().join("servers"))
        .await
        .unwrap();
    let address = server.url();
    let address = address
        .trim_start_matches("http://")
        .trim_end_matches("/state.git");
    let proxy = Proxy::start(address.parse().unwrap()).await.unwrap();
    let remote = server
        .url_with_password()
        .replace(address, &proxy.address().to_string());
    for arguments in [
        vec!["init", "--quiet"],
        vec!["remote", "add", "origin", &remote],
    ] {
        let mut git = environment.command("git");
        git.args(arguments).current_dir(environment.project());
        assert_eq!(environment.run(git).unwrap().code, Some(0));
    }
    add_to_spec(&environment, "state \"git\"");
    // How often it is asked what the ref names, and how often that is fetched: each of git's commands begins with a GET,
    // and the one that fetches sends a POST more.
    let of = |arguments: &[&str]| {
        proxy.log().clear();
        expect(&environment, 0, arguments);
        let all = proxy.log().all();
        let count = |method: &str| {
            let one = |exchange: &&Exchange| {
                exchange.method == method && exchange.path.contains("git-upload-pack")
            };
            all.iter().filter(one).count()
        };
        let fetches = count("POST") - count("GET");
        (count("GET") - fetches, fetches)
    };
    of(&["apply", "--yes"]);
    let manifest = environment.project().join("js/packages/greet/package.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("0.1.0", "0.1.1")).unwrap();
    let pushes = server.pushes();
    // Is a plan open, what was it made on, and what is there before the claim.
    assert_eq!(of(&["apply", "--yes"]), (3, 1));
    assert!(server.pushes() > pushes);
    assert_eq!(of(&["plan", "-o", "release.json"]), (1, 1));
    assert_eq!(of(&["apply", "release.json"]), (1, 1));
    assert_eq!(of(&["adopt", "--yes"]), (1, 1));
    assert_eq!(of(&["state", "log"]), (1, 1));
}
