//! Tokens: where they come from, in which order, and what a credential provider is asked.

use std::{collections::BTreeMap, fs};

use relplan_model::{
    address::{PackageName, Version},
    settings::Settings,
};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::target;
use crate::{
    kind::cargo::{configuration::Configuration, endpoint, provider::Operation, token::Tokens},
    surroundings::Surroundings,
};

const ACME: &str = "[registries.acme]\nindex = \"sparse+https://acme.example/\"\n";

struct Home(TempDir);

impl Home {
    fn new(config: &str, credentials: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join(".cargo")).unwrap();
        fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
        fs::write(folder.path().join(".cargo/credentials.toml"), credentials).unwrap();
        Self(folder)
    }

    fn tokens(&self, settings: &[(&str, &str)], vars: &[(&str, &str)]) -> Tokens {
        self.tokens_in(settings, self.surroundings(vars))
    }

    fn surroundings(&self, vars: &[(&str, &str)]) -> Surroundings {
        let path = std::env::var("PATH").unwrap();
        let mut vars: BTreeMap<String, String> = vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        vars.insert("PATH".to_owned(), path);
        Surroundings {
            home: Some(self.0.path().to_owned()),
            vars,
            ..Surroundings::default()
        }
    }

    fn tokens_in(&self, settings: &[(&str, &str)], surroundings: Surroundings) -> Tokens {
        let settings = settings
            .iter()
            .fold(Settings::default(), |settings, (name, value)| {
                settings.with_text(name, *value)
            });
        let configuration = Configuration::read(&surroundings).unwrap();
        let index = endpoint::resolve(&target(), &settings, &configuration, &surroundings).unwrap();
        Tokens {
            target: target(),
            settings,
            surroundings,
            configuration,
            index,
        }
    }
}

/// settings, variables, credentials file, and the token that is found.
type Case<'a> = (Pairs<'a>, Pairs<'a>, &'a str, Option<&'a str>);
type Pairs<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn tokens_come_from_where_cargo_would_take_them() {
    let files = "[registry]\ntoken = \"file-default\"\n[registries.acme]\ntoken = \"file-acme\"\n";
    let acme: &[(&str, &str)] = &[("registry", "acme")];
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        (acme, &[], files, Some("file-acme")),
        (acme, &[("CARGO_REGISTRIES_ACME_TOKEN", "var-acme")], files, Some("var-acme")),
        (acme, &[("CARGO_REGISTRY_TOKEN", "var-default")], "", None),
        (&[("registry", "acme"), ("token-env", "RELPLAN_TOKEN_MINE")], &[("RELPLAN_TOKEN_MINE", "mine"), ("CARGO_REGISTRIES_ACME_TOKEN", "var")], files, Some("mine")),
        (&[], &[], files, Some("file-default")),
        (&[], &[("CARGO_REGISTRY_TOKEN", "var-default")], files, Some("var-default")),
        (&[("url", "https://acme.example/")], &[], files, Some("file-acme")),
        // A token goes to the index that the user's own configuration has it for, and to no other.
        (&[("url", "https://evil.example/")], &[("CARGO_REGISTRY_TOKEN", "var"), ("CARGO_REGISTRIES_ACME_TOKEN", "var")], files, None),
    ];
    for (settings, vars, credentials, wanted) in cases {
        let home = Home::new(ACME, credentials);
        let tokens = home.tokens(settings, vars);
        let found = tokens.get(&Operation::Read).await.unwrap();
        let found = found.as_ref().map(|found| found.secret.expose_secret());
        assert_eq!(found, *wanted, "{settings:?} {vars:?}");
        assert_eq!(tokens.ready().await.is_ok(), wanted.is_some());
    }
}

/// S4 and its neighbours: a token, a provider or a file of the user's for an index that only the tree names.
#[tokio::test]
async fn l14_while_planning_no_token_goes_to_an_index_that_only_the_tree_names() {
    let files = "[registry]\ntoken = \"file-default\"\n[registries.acme]\ntoken = \"file-acme\"\n";
    let evil = ("url", "https://evil.example/");
    let own = ("url", "https://acme.example/");
    let named = ("token-env", "RELPLAN_TOKEN_MINE");
    let vars = [
        ("RELPLAN_TOKEN_MINE", "mine"),
        ("CARGO_REGISTRY_TOKEN", "var"),
        ("CARGO_REGISTRIES_ACME_TOKEN", "var"),
        ("CARGO_REGISTRIES_OTHER_TOKEN", "other"),
    ];
    #[rustfmt::skip]
    let cases: &[(Pairs<'_>, Option<&str>, Option<&str>)] = &[
        (&[evil, named], None, Some("mine")),
        (&[evil], None, None),
        (&[evil, ("registry", "other")], None, Some("other")),
        (&[own, named], Some("mine"), Some("mine")),
        (&[own], Some("var"), Some("var")),
        (&[("registry", "acme")], Some("var"), Some("var")),
    ];
    for (settings, planning, applying) in cases {
        let home = Home::new(ACME, files);
        fs::create_dir(home.0.path().join("work")).unwrap();
        for (project, wanted) in [
            (Some(home.0.path().join("work")), planning),
            (None, applying),
        ] {
            let surroundings = Surroundings {
                project,
                ..home.surroundings(&vars)
            };
            let tokens = home.tokens_in(settings, surroundings);
            let found = tokens.get(&Operation::Read).await.unwrap();
            let found = found.as_ref().map(|found| found.secret.expose_secret());
            assert_eq!(
                found, *wanted,
                "{settings:?} {:?}",
                tokens.surroundings.project
            );
            if wanted.is_none() && applying.is_some() {
                assert!(
                    tokens
                        .missing()
                        .message
                        .contains("only the tree names this host")
                );
                let (source, remark) = tokens.source();
                assert!(
                    source.is_some() && remark.is_some(),
                    "it is told: {source:?} {remark:?}"
                );
            }
        }
    }
}

#[cfg(unix)]
fn script(home: &Home, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = home.0.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[cfg(unix)]
fn providers(home: &Home, words: &[&str]) {
    let list: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    let text = format!(
        "{ACME}[registry]\nglobal-credential-providers = [{}]\n",
        list.join(", ")
    );
    fs::write(home.0.path().join(".cargo/config.toml"), text).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_provider_is_told_name_version_and_checksum() {
    let home = Home::new("", "");
    let asked = home.0.path().join("asked");
    let path = script(
        &home,
        "provider",
        &format!(
            "test \"$1\" = --cargo-plugin || exit 1\necho '{{\"v\":[1]}}'\nread -r line\nprintf '%s' \"$line\" > {}\n\
             echo '{{\"Ok\":{{\"kind\":\"get\",\"token\":\"from-provider\",\"cache\":\"never\",\"operation_independent\":false}}}}'\n",
            asked.display()
        ),
    );
    providers(&home, &["cargo:token", &format!("{path} --account me")]);
    let tokens = home.tokens(
        &[("registry", "acme")],
        &[("CARGO_REGISTRIES_ACME_TOKEN", "var")],
    );
    tokens.ready().await.unwrap();
    let (name, version) = (
        PackageName::new("widget").unwrap(),
        Version::new("1.0.0").unwrap(),
    );
    let operation = Operation::Publish {
        name: &name,
        version: &version,
        cksum: "abab",
    };
    let found = tokens.require(&operation).await.unwrap();
    assert_eq!(found.secret.expose_secret(), "from-provider");
    assert_eq!(found.source, "the credential provider provider");
    assert_eq!(
        fs::read_to_string(asked).unwrap(),
        r#"{"v":1,"registry":{"index-url":"sparse+https://acme.example/","name":"acme","headers":[]},"kind":"get","operation":"publish","name":"widget","vers":"1.0.0","cksum":"abab","args":["--account","me"]}"#
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_provider_that_knows_no_token_passes_to_the_next_and_others_stop() {
    let answers = |answer: &str| format!("echo '{{\"v\":[1]}}'\nread -r line\necho '{answer}'\n");
    for (text, wanted) in [
        (answers(r#"{"Err":{"kind":"not-found"}}"#), Ok("var")),
        (
            answers(r#"{"Err":{"kind":"url-not-supported"}}"#),
            Ok("var"),
        ),
        (
            answers(r#"{"Err":{"kind":"other","message":"canary"}}"#),
            Err("it answered other"),
        ),
        (answers("canary"), Err("does not speak version 1")),
        (
            "echo '{\"v\":[2]}'\nread -r line\n".to_owned(),
            Err("does not speak version 1"),
        ),
        ("exit 3\n".to_owned(), Err("does not speak version 1")),
    ] {
        let home = Home::new("", "");
        let path = script(&home, "provider", &text);
        providers(&home, &["cargo:token", &path]);
        let tokens = home.tokens(
            &[("registry", "acme")],
            &[("CARGO_REGISTRIES_ACME_TOKEN", "var")],
        );
        match (tokens.require(&Operation::Read).await, wanted) {
            (Ok(found), Ok(wanted)) => assert_eq!(found.secret.expose_secret(), wanted),
            (Err(finding), Err(part)) => {
                assert_eq!(finding.code, "credential");
                let shown = format!("{finding:?}");
                assert!(shown.contains(part) && !shown.contains("canary"), "{shown}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_prints_a_token_is_told_the_registry() {
    let home = Home::new("", "");
    let path = script(&home, "print", "echo \"$CARGO_REGISTRY_NAME_OPT-$1\"\n");
    providers(&home, &[&format!("cargo:token-from-stdout {path} x")]);
    let found = home
        .tokens(&[("registry", "acme")], &[])
        .get(&Operation::Read)
        .await
        .unwrap();
    assert_eq!(found.unwrap().secret.expose_secret(), "acme-x");
    providers(&home, &["cargo:libsecret"]);
    let finding = home
        .tokens(&[("registry", "acme")], &[])
        .ready()
        .await
        .unwrap_err();
    assert!(finding.hint.unwrap().contains("token-env"));
}
