//! Credentials: tried before the first write, sent to their own registry alone, and repeated nowhere.

use std::fs;

use relplan_model::{
    observation::Seen,
    port::{Outcome, UNREACHABLE},
};
use relplan_testkit::proxy::{Fault, Proxy, Reply, Rule};

use super::{Held, Verdict, ensure};
use crate::subject::{Subject, Who};

pub async fn credentials_are_tried_without_a_write(subject: &Subject) -> Verdict {
    let packed = subject.pack(&subject.name("prefl-ight"), "1.0.0", "first");
    let step = subject.publish_step(&packed, None);
    let steps = [&step];
    subject.heal();
    let driver = subject.driver(Who::Owner);
    for _ in 0..3 {
        let tried = driver.preflight(&steps).await;
        tried.map_err(|finding| format!("the owner is refused: {}", finding.message))?;
    }
    ensure!(subject.accepted_writes() == 0, "the preflight wrote");
    let seen = subject
        .look(&*driver, &subject.name("prefl-ight"), &["1.0.0"])
        .await;
    ensure!(
        seen == Seen::Absent,
        "after the preflight the package is {seen:?}"
    );
    if subject.credential.is_empty() {
        return Ok(Held::Cannot("it needs no credential"));
    }
    let code = |tried: Result<(), relplan_model::finding::Finding>| {
        tried.map_or_else(|finding| finding.code, |()| "none".to_owned())
    };
    let missing = code(subject.driver(Who::Nobody).preflight(&steps).await);
    ensure!(missing == "credential", "without a credential: {missing}");
    if subject.kind != "cargo" {
        let wrong = code(subject.driver(Who::Impostor).preflight(&steps).await);
        ensure!(wrong == "credential", "with a wrong credential: {wrong}");
        subject.inject(Rule::always("", "", Fault::RefuseBefore(503)));
        let down = code(subject.hasty(Who::Owner).preflight(&steps).await);
        subject.heal();
        ensure!(down == UNREACHABLE, "while the registry is down: {down}");
    }
    Ok(Held::Kept)
}

pub async fn no_secret_is_repeated(subject: &Subject) -> Verdict {
    if subject.credential.is_empty() {
        return Ok(Held::Cannot("it needs no credential"));
    }
    let secret = subject.upload_credential();
    let driver = subject.driver(Who::Owner);
    let packed = subject.pack(&subject.name("secr-et"), "1.0.0", "first");
    let step = subject.publish_step(&packed, None);
    let mut texts = vec![format!("{:?}", driver.describe().await)];
    // A registry may repeat what it was sent, in any place of its answer.
    let echo = format!(r#"{{"error":"no: {secret}","errors":[{{"detail":"{secret}"}}]}}"#);
    let location = format!("http://{secret}@127.0.0.1:1/{secret}");
    let headers = [
        ("content-type", "application/json"),
        ("www-authenticate", secret.as_str()),
        ("location", location.as_str()),
    ];
    for status in [200, 302, 400, 401, 403, 409, 422, 429, 500, 503] {
        let reply = Fault::Answer(Reply::new(status, &headers, &echo));
        subject.inject(subject.on_upload(reply));
        let driver = subject.hasty(Who::Owner);
        texts.push(format!("{:?}", subject.upload(&*driver, &packed).await));
        subject.heal();
        // A registry that demands the credential to be read knows it too.
        subject.inject(Rule::once("GET", "secr-et", Fault::RefuseBefore(401)));
        subject.inject(Rule::always("GET", "secr-et", reply));
        let seen = subject
            .look(&*driver, &subject.name("secr-et"), &["1.0.0"])
            .await;
        let log = subject.proxy().map(|proxy| proxy.log().all());
        if log.is_some_and(|all| all.iter().any(|exchange| exchange.authorized)) {
            texts.push(format!("{seen:?}"));
        }
        subject.heal();
        subject.inject(Rule::always("", "", reply));
        let driver = subject.hasty(Who::Owner);
        texts.push(format!("{:?}", driver.preflight(&[&step]).await));
        subject.heal();
    }
    match texts.iter().find(|text| text.contains(&secret)) {
        Some(text) => Err(format!("the secret stands in {text}")),
        None => Ok(Held::Kept),
    }
}

pub async fn a_plan_sends_no_credential(subject: &Subject) -> Verdict {
    let Some(proxy) = subject.proxy() else {
        return Ok(Held::Cannot("it needs no credential"));
    };
    subject.publish(&subject.name("plan-ned"), "1.0.0").await?;
    subject.heal();
    let driver = subject.driver(Who::Planner);
    // A registry that demands a credential does not get it from a plan either: only the tree names that host.
    let mut seen = Vec::new();
    for fault in [None, Some(Fault::RefuseBefore(401))] {
        if let Some(fault) = fault {
            proxy.inject(Rule::always("GET", "plan-ned", fault));
        }
        seen.push(
            subject
                .look(&*driver, &subject.name("plan-ned"), &["1.0.0"])
                .await,
        );
    }
    let sent = proxy.log().all().iter().any(|exchange| exchange.authorized);
    subject.heal();
    ensure!(
        !sent,
        "a credential was sent to a host that only the tree names"
    );
    match seen.as_slice() {
        [Seen::Present(_), Seen::Unknown { .. }] => Ok(Held::Kept),
        other => Err(format!("with and without an open door: {other:?}")),
    }
}

/// A server that nobody should talk to.
async fn stranger(subject: &Subject) -> Proxy {
    let upstream = subject.proxy().map(Proxy::address).unwrap();
    Proxy::start(upstream).await.unwrap()
}

pub async fn files_of_the_tree_change_no_target(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot(
            "its folder is the tree's own, and named in the plan",
        ));
    }
    let stranger = stranger(subject).await;
    let (url, host) = (stranger.url(), stranger.address());
    let tree = subject.tree();
    let secret = subject
        .credential
        .keys()
        .next()
        .cloned()
        .unwrap_or_default();
    for (path, text) in [
        (
            ".npmrc",
            format!("registry={url}/\n//{host}/:_authToken=${{{secret}}}\nproxy={url}\n"),
        ),
        (
            ".cargo/config.toml",
            format!(
                "[source.crates-io]\nreplace-with = \"s\"\n[source.s]\nregistry = \"sparse+{url}/\"\n[http]\nproxy = \"{host}\"\n"
            ),
        ),
        (".pypirc", format!("[pypi]\nrepository = {url}/\n")),
        (
            "pip.conf",
            format!("[global]\nindex-url = {url}/simple\nproxy = {url}\n"),
        ),
        (
            "pyproject.toml",
            format!("[[tool.uv.index]]\nname = \"s\"\nurl = \"{url}/simple\"\ndefault = true\n"),
        ),
        (".netrc", format!("default login me password {secret}\n")),
    ] {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let published = subject.publish(&subject.name("turn-ed"), "1.0.0").await;
    let planned = subject
        .look(
            &*subject.driver(Who::Planner),
            &subject.name("turn-ed"),
            &["1.0.0"],
        )
        .await;
    fs::remove_dir_all(&tree).unwrap();
    published?;
    ensure!(
        matches!(planned, Seen::Present(_)),
        "the plan sees {planned:?}"
    );
    let asked = stranger.log().all();
    ensure!(asked.is_empty(), "a file of the tree led to {asked:?}");
    Ok(Held::Kept)
}

pub async fn redirects_take_nothing_along(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot("a folder does not redirect"));
    }
    let stranger = stranger(subject).await;
    subject.publish(&subject.name("redi-rect"), "1.0.0").await?;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/elsewhere", stranger.url());
        let reply = Fault::Answer(Reply::new(status, &[("location", &location)], ""));
        subject.inject(subject.on_upload(reply));
        let packed = subject.pack(&subject.name("redi-new"), "1.0.0", "first");
        let outcome = subject.upload(&*subject.driver(Who::Owner), &packed).await;
        subject.heal();
        ensure!(
            matches!(outcome, Outcome::Refused { .. } | Outcome::Unknown { .. }),
            "an upload that is sent elsewhere with {status}: {outcome:?}"
        );
        subject.inject(Rule::always("GET", "redi-rect", reply));
        let seen = subject
            .look(
                &*subject.driver(Who::Owner),
                &subject.name("redi-rect"),
                &["1.0.0"],
            )
            .await;
        subject.heal();
        ensure!(
            matches!(seen, Seen::Unknown { .. }),
            "a look that is sent elsewhere with {status}: {seen:?}"
        );
        for exchange in stranger.log().all() {
            ensure!(
                exchange.method == "GET" && !exchange.authorized,
                "{status} took along: {exchange:?}"
            );
        }
    }
    Ok(Held::Kept)
}
