//! The secrets of the person whose machine it is. None may appear where the tree could read it.

/// A token that CI hands to every job.
pub const GITHUB: &str = "canary-github-5f1d7a90c2";

/// Variables of the person's environment and their values: all secret.
pub const VARIABLES: &[(&str, &str)] = &[
    ("GITHUB_TOKEN", GITHUB),
    ("NPM_TOKEN", "canary-npmtoken-77b0e1d4aa"),
    ("NODE_AUTH_TOKEN", "canary-nodeauth-0c9be2f311"),
    ("CARGO_REGISTRY_TOKEN", "canary-cargo-3f88d20b61"),
    ("TWINE_PASSWORD", "canary-twine-91aa02c4de"),
    ("UV_PUBLISH_TOKEN", "canary-uv-6d00f1b7c3"),
    ("AWS_SECRET_ACCESS_KEY", "canary-aws-a41ce98f02"),
    ("MIRROR_TOKEN", "canary-mirror-e2b8817d40"),
    ("RELPLAN_TOKEN_MIRROR", "canary-relplan-4b7f6c0192"),
    (
        "RELPLAN_DATABASE",
        "postgres://relplan:canary-postgres-c01d5a@127.0.0.1:9/state",
    ),
];

/// A file outside of the tree that only its owner may read.
pub const FILE: &str = "canary-file-8e3b5c77f1";

/// The credential for the person's own registry, which alone may be sent, and there alone.
pub const OWN: &str = "canary-own-registry-d94a1e";

/// Every secret that must appear nowhere.
pub fn secrets() -> impl Iterator<Item = &'static str> {
    let variables = VARIABLES
        .iter()
        .map(|(_, value)| match value.split_once(":canary") {
            // Of a URL the password is the secret.
            Some(_) => "canary-postgres-c01d5a",
            None => *value,
        });
    variables.chain([FILE])
}
