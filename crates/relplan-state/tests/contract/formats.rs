//! Journals that were moved, and lines of a later relplan, in every store: the line reaches the reader as it is, and is
//! told for what it is (D1, D2).

use std::{collections::BTreeMap, io::Write as _, path::Path, process::Command};

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{StateStore, StoreError},
    time::Timestamp,
};
use relplan_state::load_state;
use relplan_testkit::servers::stores::{BUCKET, has_git, has_postgres, moto, postgres};

use crate::{client, s3, vars};

/// What a later relplan would write after a line.
fn later(head: Sha256, seq: u64) -> String {
    format!(
        "{{\"at\":\"2026-11-30T12:00:00Z\",\"prev\":\"{head}\",\"record\":{{\"witnessed\":{{\"needs\":\"9.1.0\"}}}},\"seq\":{seq}}}"
    )
}

fn entry(seq: u64, prev: Sha256, record: Record) -> Entry {
    Entry {
        seq,
        prev,
        at: Timestamp::from_unix(1_800_000_000),
        record,
    }
}

/// Begins a journal that was moved; its head, and how many entries it has.
async fn moved(store: &dyn StateStore) -> (Sha256, u64) {
    let genesis = Record::Genesis {
        lineage: "lineage".to_owned(),
        project: "acme/widgets".to_owned(),
        format: Some(1),
        replaces: Vec::new(),
        policy: None,
    };
    let first = entry(0, Sha256::ZERO, genesis);
    let head = store.append(Sha256::ZERO, &[first]).await.unwrap();
    let to = "s3://elsewhere/acme".to_owned();
    let last = entry(1, head, Record::Moved { to: to.clone() });
    let head = store.append(head, &[last]).await.unwrap();
    let state = load_state(store).await.unwrap().state;
    assert_eq!(state.moved.unwrap().to, to);
    (head, 2)
}

/// Of a later relplan, and never damaged.
async fn is_later(store: &dyn StateStore) {
    let read = load_state(store).await.map(|loaded| loaded.state);
    let is_later =
        matches!(&read, Err(StoreError::Later { detail, .. }) if detail.contains("9.1.0"));
    assert!(is_later, "{read:?}");
}

#[tokio::test]
async fn d2_a_folder_tells_a_later_line() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("state").display().to_string();
    let (head, seq) = moved(&*client(&place, &BTreeMap::new())).await;
    let file = root.path().join("state/journal.jsonl");
    let mut journal = std::fs::File::options().append(true).open(file).unwrap();
    writeln!(journal, "{}", later(head, seq)).unwrap();
    is_later(&*client(&place, &BTreeMap::new())).await;
}

#[tokio::test]
async fn d2_a_repository_tells_a_later_line() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@acme.example"]);
        let output = command
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    let (bare, work) = (root.path().join("state.git"), root.path().join("work"));
    std::fs::create_dir(&work).unwrap();
    git(root.path(), &["init", "--quiet", "--bare", "state.git"]);
    let place = format!("git+file://{}", bare.display());
    let vars = vars(root.path());
    let (head, seq) = moved(&*client(&place, &vars)).await;
    // As a commit with one more file, named as the others are.
    let (url, reference) = (bare.to_str().unwrap(), "refs/relplan/state");
    git(&work, &["init", "--quiet"]);
    git(&work, &["fetch", "--quiet", url, reference]);
    git(&work, &["checkout", "--quiet", "FETCH_HEAD"]);
    let mut files = Vec::new();
    let mut folders = vec![work.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with(".git") => {}
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    let last = files.last().unwrap();
    let next = format!("{seq:010}.jsonl");
    std::fs::write(last.with_file_name(next), later(head, seq) + "\n").unwrap();
    git(&work, &["add", "--all"]);
    git(&work, &["commit", "--quiet", "--message", "later"]);
    let push = format!("HEAD:{reference}");
    git(&work, &["push", "--quiet", url, &push]);
    is_later(&*client(&place, &vars)).await;
}

#[tokio::test]
async fn d2_a_bucket_tells_a_later_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let place = s3::place(&server.url(), "later");
    let (head, seq) = moved(&*client(&place, &s3::vars())).await;
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let headers = [s3::AUTHORIZATION];
    let path = format!("/{BUCKET}/later/lines/{seq:016}");
    let body = format!("relplan-journal-1 later\n{}\n", later(head, seq)).into_bytes();
    let sent = relplan_testkit::proxy::request(address, "PUT", &path, &headers, body).await;
    assert_eq!(sent.unwrap().0, 200);
    is_later(&*client(&place, &s3::vars())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_a_database_tells_a_later_line() {
    if !has_postgres() {
        return;
    }
    let folder = crate::postgres::folder();
    let server = postgres(&folder.path().join("cluster")).await.unwrap();
    let vars = crate::postgres::vars(&server.url());
    let (head, seq) = moved(&*client("postgres:DATABASE", &vars)).await;
    let (other, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let insert = "insert into relplan_journal (seq, line, append) values ($1, $2, 'later')";
    let line = later(head, seq).into_bytes();
    let seq = i64::try_from(seq).unwrap();
    other.execute(insert, &[&seq, &line]).await.unwrap();
    is_later(&*client("postgres:DATABASE", &vars)).await;
}
