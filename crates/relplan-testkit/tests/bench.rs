//! The bench itself: the three real servers come up, accept and refuse what their protocols say, and the proxy's log
//! tells what a server did although its answer was lost.

use relplan_testkit::{
    proxy::{Fault, Rule, request},
    servers::Bench,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_come_up_and_the_proxy_tells_what_they_did() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::start(folder.path()).await.unwrap();
    assert_eq!(bench.process_ids().len(), 2);

    let (status, body) = request(
        bench.cargo.address(),
        "GET",
        "/config.json",
        &[],
        Vec::new(),
    )
    .await
    .unwrap();
    assert_eq!(status, 200);
    let config: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        config["api"],
        bench.cargo.url(),
        "clients must not be led past the proxy"
    );

    let (status, _) = request(bench.pypi.address(), "GET", "/simple/", &[], Vec::new())
        .await
        .unwrap();
    assert_eq!(status, 200);

    let bearer = format!("Bearer {}", bench.npm_token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let tag = "/-/package/none/dist-tags/latest";
    let (status, _) = request(
        bench.npm.address(),
        "PUT",
        tag,
        &headers,
        b"\"1.0.0\"".to_vec(),
    )
    .await
    .unwrap();
    assert_eq!(
        status, 404,
        "verdaccio takes the token and knows no such package"
    );

    bench.npm.log().clear();
    bench
        .npm
        .inject(Rule::once("GET", "/-/ping", Fault::LoseResponse));
    assert!(
        request(bench.npm.address(), "GET", "/-/ping", &[], Vec::new())
            .await
            .is_err()
    );
    assert!(
        request(bench.npm.address(), "GET", "/-/ping", &[], Vec::new())
            .await
            .is_ok()
    );
    let log = bench.npm.log().all();
    assert_eq!(
        log.iter()
            .map(|exchange| (exchange.upstream, exchange.answered))
            .collect::<Vec<_>>(),
        [(Some(200), None), (Some(200), Some(200))]
    );
}
