//! Which tarball is fetched, by what proof, and what of the credential goes where.

use relplan_model::digest::Algorithm;
use relplan_model::port::{Counterpart, FetchError, Fetched};

use super::*;
use crate::http::server::{Reply, Request, Server};

fn wanted(text: &str) -> Counterpart {
    Counterpart {
        address: address("@acme/widget"),
        version: version(text),
        kind: TARBALL.to_owned(),
        like: FileName::new("acme-widget-9.9.9.tgz").unwrap(),
    }
}

fn integrity(bytes: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let digests = Digests::of(bytes);
    let digest = relplan_model::digest::unhex(digests.get(Algorithm::Sha512).unwrap()).unwrap();
    format!("sha512-{}", BASE64_STANDARD.encode(digest))
}

/// A registry with versions that differ in what their document says.
fn registry(request: &Request) -> Reply {
    let root = format!("http://{}", request.header("host").unwrap());
    let version = |text: &str, dist: String| format!(r#""{text}":{{"dist":{{{dist}}}}}"#);
    let proof = integrity(b"bytes");
    match request.target.as_str() {
        "/@acme%2fwidget" => {
            let versions = [
                version(
                    "1.0.0",
                    format!(r#""integrity":"{proof}","tarball":"{root}/t/w-1.0.0.tgz""#),
                ),
                version(
                    "1.0.1",
                    format!(
                        r#""shasum":"{}","tarball":"{root}/t/w-1.0.1.tgz""#,
                        "0".repeat(40)
                    ),
                ),
                version("1.0.2", format!(r#""integrity":"{proof}""#)),
                version(
                    "1.0.3",
                    format!(r#""integrity":"{proof}","tarball":"{root}/other""#),
                ),
                version(
                    "1.0.4",
                    format!(r#""integrity":"{proof}","tarball":"nowhere""#),
                ),
            ];
            Reply::new(
                200,
                format!(
                    r#"{{"name":"@acme/widget","versions":{{{}}}}}"#,
                    versions.join(",")
                ),
            )
        }
        "/t/w-1.0.0.tgz" => Reply::new(200, "bytes"),
        "/other" => Reply::new(200, "others"),
        _ => Reply::new(404, "{}"),
    }
}

async fn fetch(server: &Server, text: &str) -> Result<Option<Fetched>, FetchError> {
    let folder = tempfile::tempdir().unwrap();
    let npm = build(&name(), &at(&server.url), &vars(&[]), &net(&folder)).unwrap();
    npm.fetch(&wanted(text)).await
}

#[tokio::test]
async fn the_tarball_is_the_documents_and_integrity_alone_proves_it() {
    let server = Server::start(registry).await;
    let fetched = fetch(&server, "1.0.0").await.unwrap().unwrap();
    assert_eq!(
        (fetched.file.as_str(), &*fetched.bytes),
        ("w-1.0.0.tgz", &b"bytes"[..])
    );
    for (text, why) in [
        ("1.0.1", "no digest of w-1.0.1.tgz that proves anything"),
        ("1.0.2", "lists no tarball"),
        ("1.0.4", "is not a URL"),
        ("2.0.0", "lists no tarball"),
    ] {
        let error = fetch(&server, text).await.unwrap_err();
        assert!(matches!(error, FetchError::Failed { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
    let error = fetch(&server, "1.0.3").await.unwrap_err();
    assert!(matches!(error, FetchError::OtherBytes { .. }), "{error:?}");
}
