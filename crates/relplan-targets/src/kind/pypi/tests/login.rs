//! Whether the index takes the login, tried before the first write.

use super::*;

/// E5: the form that has a login looked at holds nothing that could be published.
#[tokio::test]
async fn l8_a_login_is_tried_before_the_first_write_and_without_a_file() {
    let refused = Some("credential");
    for (status, code) in [(400, None), (401, refused), (403, refused)] {
        let bench = bench(move |_| Reply::new(status, "")).await;
        let found = bench.driver.preflight(&[&upload_step()]).await.err();
        assert_eq!(
            found.as_ref().map(|one| one.code.as_str()),
            code,
            "{status}"
        );
        let sent = bench
            .server
            .requests()
            .into_iter()
            .map(|request| request.body);
        assert!(sent.eq([b"protocol_version=1"]), "{status}");
    }
}
