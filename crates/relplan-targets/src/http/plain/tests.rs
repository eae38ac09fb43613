//! Connections of our own, against a scripted server.

use std::io::Write as _;

use futures_util::future::join_all;
use relplan_model::observation::Freshness;

use crate::http::{
    GetRequest, Limits, Net,
    server::{Reply, Server},
};

fn net(cache: &tempfile::TempDir, concurrent: usize) -> Net {
    let limits = Limits {
        concurrent,
        backoff: std::time::Duration::from_millis(1),
        ..Limits::default()
    };
    Net::with_limits(cache.path(), limits)
}

fn plain(server: &Server, path: &str) -> GetRequest {
    GetRequest::new(server.at(path), "application/json", Freshness::Revalidated)
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_connections_than_requests_under_way() {
    let server = Server::start(|_| Reply::new(200, vec![b'x'; 100_000])).await;
    let cache = tempfile::tempdir().unwrap();
    let net = net(&cache, 4);
    let paths: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let answers = join_all(paths.iter().map(|path| net.get(plain(&server, path)))).await;
    for answer in answers {
        assert_eq!(answer.unwrap().body.len(), 100_000);
    }
    assert_eq!(server.requests().len(), 100);
    assert!(server.connections() <= 4, "{}", server.connections());
}

#[tokio::test]
async fn a_connection_that_was_closed_while_free_costs_no_request() {
    let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
    let server = Server::start(|_| Reply::Raw(whole.to_vec())).await;
    let cache = tempfile::tempdir().unwrap();
    let net = net(&cache, 1);
    for path in ["a", "b", "c"] {
        assert_eq!(
            &net.get(plain(&server, path)).await.unwrap().body[..],
            b"whole"
        );
    }
    assert_eq!(server.lines(), ["GET /a", "GET /b", "GET /c"]);
}

#[tokio::test]
async fn a_body_that_comes_encoded_all_the_same_is_decoded() {
    let server = Server::start(|_| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"document").unwrap();
        Reply::new(200, encoder.finish().unwrap()).header("content-encoding", "gzip")
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    let answer = net(&cache, 1).get(plain(&server, "a")).await.unwrap();
    assert_eq!(&answer.body[..], b"document");
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            request
                .header("accept-encoding")
                .unwrap_or("none")
                .to_owned()
        })
        .collect();
    assert_eq!(asked[0], "identity");
    assert!(asked[1].contains("gzip"), "{asked:?}");
}
