//! What an index may answer to an upload, and how far it is believed.

use super::*;

#[tokio::test]
async fn l4_doubtful_answers_are_unknown_and_only_sure_ones_are_refusals() {
    let bytes = wheel();
    let planned = artifact(FILE, "wheel", &bytes);
    for (status, body, wanted) in [
        (200, "", "accepted"),
        (201, "", "accepted"),
        (202, "", "accepted"),
        (
            400,
            "<html><body><h1>400 File already exists</h1></body></html>",
            "unknown",
        ),
        (
            400,
            r#"{"message": "400 Invalid value for classifiers"}"#,
            "refused 400 Bad Request: 400 Invalid value for classifiers",
        ),
        // B13: a file that the upload lacks is no file that is there already.
        (
            400,
            "License-File LICENSE does not exist in distribution file widget-1.0.tar.gz",
            "refused 400 Bad Request: License-File LICENSE does not exist",
        ),
        (401, "", "refused for the credential"),
        (402, "", "unknown 402"),
        (403, "no", "unknown 403 Forbidden: no"),
        (409, "", "unknown"),
        (301, "", "refused"),
        (404, "", "refused"),
        (413, "", "refused"),
        (429, "", "later"),
        (500, "", "unknown"),
        (503, "", "unknown"),
    ] {
        let bench = bench(move |_| Reply::new(status, body)).await;
        let shown = match bench.upload(&planned, &bytes).await {
            Outcome::Accepted => "accepted".to_owned(),
            Outcome::Refused {
                credential: true, ..
            } => "refused for the credential".to_owned(),
            Outcome::Refused { reason, .. } => format!("refused {reason}"),
            Outcome::Later { .. } => "later".to_owned(),
            Outcome::Unknown { reason } => format!("unknown {reason}"),
        };
        assert!(shown.starts_with(wanted), "{status}: {shown}");
        assert_eq!(bench.server.requests().len(), 1, "{status}");
    }
}
