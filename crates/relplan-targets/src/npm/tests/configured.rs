//! Endpoints and credentials, as the client's configuration has them.

use std::fs;

use relplan_model::target::Endpoint;
use secrecy::ExposeSecret as _;

use super::*;

/// A home and a project with these `.npmrc` texts, and these variables.
fn around(
    folder: &tempfile::TempDir,
    user: &str,
    project: &str,
    variables: &[(&str, &str)],
) -> Surroundings {
    let (home, root) = (folder.path().join("home"), folder.path().join("project"));
    for (place, text) in [(&home, user), (&root, project)] {
        fs::create_dir_all(place).unwrap();
        fs::write(place.join(".npmrc"), text).unwrap();
    }
    Surroundings {
        home: Some(home),
        project: Some(root),
        ..vars(variables)
    }
}

fn shown(config: &Config) -> Vec<String> {
    let line = |end: Endpoint| format!("{} {} ({})", end.role, end.url, end.source);
    config.endpoints().into_iter().map(line).collect()
}

fn secret(config: &Config, package: &str) -> Option<String> {
    let registry = config.of(&PackageName::new(package).unwrap());
    let found = registry.credential.as_ref()?;
    Some(found.secret.expose_secret().to_owned())
}

#[test]
fn endpoints_are_where_npm_would_go() {
    let none = Settings::default();
    let spec = Settings::default().with_text("url", "https://spec.example/npm?x#y");
    let default = format!(
        "registry {}/ (npm's built-in default)",
        deno_npmrc::NPM_DEFAULT_REGISTRY.trim_end_matches('/')
    );
    for (settings, user, project, variables, expected) in [
        (&none, "", "", &[][..], vec![default]),
        (
            &none,
            "registry=https://user.example",
            "",
            &[],
            vec!["registry https://user.example/ (user .npmrc)".to_owned()],
        ),
        (
            &none,
            "registry=https://user.example\n@acme:registry=https://user.example/acme",
            "registry=https://project.example/${WHERE}",
            &[("WHERE", "there")],
            vec![
                "registry https://project.example/there/ (project .npmrc)".to_owned(),
                "registry @acme https://user.example/acme/ (user .npmrc)".to_owned(),
            ],
        ),
        (
            &none,
            "registry=https://user.example",
            "registry=https://project.example",
            &[
                ("NPM_CONFIG_REGISTRY", "https://env.example"),
                ("npm_config_@acme:registry", "https://a.example"),
            ],
            vec![
                "registry https://env.example/ (the variable npm_config_registry)".to_owned(),
                "registry @acme https://a.example/ (the variable npm_config_@acme:registry)"
                    .to_owned(),
            ],
        ),
        (
            &spec,
            "registry=https://user.example\n@acme:registry=https://user.example/acme",
            "",
            &[("npm_config_registry", "https://env.example")],
            vec!["registry https://spec.example/npm/ (spec)".to_owned()],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let around = around(&folder, user, project, variables);
        assert_eq!(
            shown(&Config::read(&name(), settings, &around).unwrap()),
            expected
        );
    }
}

#[test]
fn user_and_global_files_are_found_where_they_were_put() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("prefix");
    fs::create_dir_all(prefix.join("etc")).unwrap();
    fs::write(prefix.join("etc/npmrc"), "registry=https://global.example").unwrap();
    let other = folder.path().join("other-npmrc");
    fs::write(&other, "@acme:registry=https://other.example").unwrap();
    let mut around = around(&folder, "registry=https://user.example", "", &[]);
    for (variable, value) in [
        ("npm_config_prefix", &prefix),
        ("NPM_CONFIG_USERCONFIG", &other),
    ] {
        around
            .vars
            .insert(variable.to_owned(), value.to_str().unwrap().to_owned());
    }
    let config = Config::read(&name(), &Settings::default(), &around).unwrap();
    assert_eq!(
        shown(&config),
        [
            "registry https://global.example/ (global npmrc)",
            "registry @acme https://other.example/ (user .npmrc)"
        ]
    );
}

#[test]
fn a_registry_that_is_none_is_refused_without_its_password() {
    for url in [
        "nowhere",
        "ftp://npm.example/",
        "https://alice:canary@npm.example/",
    ] {
        let settings = Settings::default().with_text("url", url);
        let finding = Config::read(&name(), &settings, &vars(&[])).unwrap_err();
        assert_eq!(finding.code, "endpoint");
        assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
    }
}

#[test]
fn credentials_are_found_as_npm_finds_them() {
    let settings = Settings::default().with_text("url", "https://npm.example:8443/team/a");
    for (user, variables, expected) in [
        (
            "//npm.example:8443/team/a/:_authToken=t",
            &[][..],
            Some("Bearer t"),
        ),
        (
            "//npm.example:8443/team/:_authToken=t",
            &[],
            Some("Bearer t"),
        ),
        ("//npm.example:8443/:_authToken=t", &[], Some("Bearer t")),
        ("//npm.example:8443/:_auth=YTpi", &[], Some("Basic YTpi")),
        (
            "//npm.example:8443/:username=a\n//npm.example:8443/:_password=Yg==",
            &[],
            Some("Basic YTpi"),
        ),
        (
            "//npm.example:8443/:_authToken=${T}",
            &[("T", "t")],
            Some("Bearer t"),
        ),
        ("//npm.example:8443/:_authToken=${T}", &[], None),
        ("//npm.example/:_authToken=t", &[], None),
        ("//npm.example:8443/other/:_authToken=t", &[], None),
        ("_authToken=t", &[], None),
        (
            "",
            &[("npm_config_//npm.example:8443/:_authToken", "t")],
            Some("Bearer t"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let around = around(&folder, user, "", variables);
        let config = Config::read(&name(), &settings, &around).unwrap();
        assert_eq!(secret(&config, "widget").as_deref(), expected, "{user}");
    }
}

#[test]
fn l14_the_projects_npmrc_cannot_redirect_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let project = "registry=https://evil.example\n//evil.example/:_authToken=${T}\n@acme:registry=https://evil.example";
    let user = "//npm.example/:_authToken=t";
    let around = around(&folder, user, project, &[("T", "t")]);
    for settings in [
        Settings::default(),
        Settings::default().with_text("token-env", "T"),
    ] {
        let config = Config::read(&name(), &settings, &around).unwrap();
        assert_eq!(
            shown(&config)[0],
            "registry https://evil.example/ (project .npmrc)"
        );
        assert_eq!(secret(&config, "widget"), None);
        assert_eq!(secret(&config, "@acme/widget"), None);
    }
    let named = Settings::default()
        .with_text("token-env", "T")
        .with_text("url", "https://npm.example/");
    let config = Config::read(&name(), &named, &around).unwrap();
    assert_eq!(secret(&config, "@acme/widget").as_deref(), Some("Bearer t"));
    assert!(!format!("{config:?}").contains("Bearer t"), "L11");
}

#[test]
fn l2_applying_goes_where_the_approved_plan_went() {
    let folder = tempfile::tempdir().unwrap();
    let planning = around(
        &folder,
        "//acme.example/:_authToken=t",
        "@acme:registry=https://acme.example/npm\nregistry=https://main.example",
        &[],
    );
    let planned = Config::read(&name(), &Settings::default(), &planning).unwrap();
    let applying = Surroundings {
        project: None,
        approved: BTreeMap::from([(name(), planned.endpoints())]),
        ..planning.clone()
    };
    let applied = Config::read(&name(), &Settings::default(), &applying).unwrap();
    assert_eq!(shown(&applied), shown(&planned));
    assert_eq!(
        secret(&applied, "@acme/widget").as_deref(),
        Some("Bearer t")
    );
    let moved = Surroundings {
        vars: vars(&[("npm_config_registry", "https://moved.example")]).vars,
        ..applying
    };
    let moved = Config::read(&name(), &Settings::default(), &moved).unwrap();
    assert_ne!(shown(&moved), shown(&planned), "a difference is noticed");
}

#[test]
fn l14_nothing_that_opens_a_registry_is_read_while_foreign_code_runs() {
    let folder = tempfile::tempdir().unwrap();
    let user = "registry=https://user.example\n//user.example/:_authToken=canary\n_auth=canary\notp=123456\n";
    let variables = [("SHOP_TOKEN", "canary"), ("npm_config__auth", "canary")];
    let settings = Settings::default().with_text("token-env", "SHOP_TOKEN");
    let open = around(&folder, user, "", &variables);
    let withheld = Surroundings {
        withheld: true,
        ..open.clone()
    };
    let read =
        |surroundings: &Surroundings| Config::read(&name(), &settings, surroundings).unwrap();
    assert!(secret(&read(&open), "widget").is_some());
    let config = read(&withheld);
    assert_eq!(secret(&config, "widget"), None);
    assert!(config.otp.is_none());
    assert_eq!(
        shown(&config),
        shown(&read(&open)),
        "where it is stays known"
    );
}
