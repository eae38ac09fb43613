//! Endpoints and credentials, as the client's configuration has them.

use std::{fs, path::PathBuf};

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
            "registry=https://project.example/there",
            &[],
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
    let project = "registry=https://evil.example\n//evil.example/:_authToken=${RELPLAN_TOKEN_T}\n@acme:registry=https://evil.example";
    let user = "//npm.example/:_authToken=u";
    let around = around(&folder, user, project, &[("RELPLAN_TOKEN_T", "t")]);
    for settings in [
        Settings::default(),
        Settings::default().with_text("token-env", "RELPLAN_TOKEN_T"),
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
        .with_text("token-env", "RELPLAN_TOKEN_T")
        .with_text("url", "https://npm.example/");
    let config = Config::read(&name(), &named, &around).unwrap();
    assert_eq!(secret(&config, "@acme/widget").as_deref(), Some("Bearer u"));
    let applying = Surroundings {
        project: None,
        ..around
    };
    let config = Config::read(&name(), &named, &applying).unwrap();
    assert_eq!(secret(&config, "@acme/widget").as_deref(), Some("Bearer t"));
    assert!(!format!("{config:?}").contains("Bearer t"), "L11");
}

/// S3: npm puts a variable's value wherever the project's `.npmrc` says.
#[test]
fn l14_the_projects_npmrc_names_variables_inside_credentials_only() {
    let variables = [("SECRET", "canary-7f3a"), ("RELPLAN_TOKEN_T", "t")];
    let spec = Settings::default().with_text("url", "https://npm.example/");
    for (project, refused) in [
        ("registry=https://evil.example/${SECRET}/", true),
        ("registry=https://evil.example/${SECRET?}/", true),
        ("registry=\"https://${SECRET}.evil.example/\"", true),
        ("registry=https://${SECRET}@evil.example/", true),
        ("registry=${SECRET}", true),
        ("@acme:registry=https://evil.example/${SECRET}", true),
        ("@${SECRET}:registry=https://evil.example/", true),
        ("${SECRET}:registry=https://evil.example/", true),
        ("${SECRET}=https://evil.example/", false),
        ("//evil.example/:_authToken=${SECRET}", false),
        ("//${SECRET}/:_authToken=x", false),
        (
            "proxy=http://evil.example/${SECRET}\nhttps-proxy=http://${SECRET}:1\nnoproxy=${SECRET}",
            false,
        ),
        (
            "userconfig=${SECRET}\nglobalconfig=${SECRET}\nprefix=/${SECRET}\ncafile=/${SECRET}",
            false,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let around = around(&folder, "", project, &variables);
        let read = Config::read(&name(), &Settings::default(), &around);
        assert_eq!(read.is_err(), refused, "{project}");
        let shown = match &read {
            Ok(config) => format!("{:?} {:?}", config.endpoints(), config.credentials()),
            Err(finding) => format!("{finding:?}"),
        };
        assert!(!shown.contains("canary"), "{shown}");
        if let Err(finding) = &read {
            assert!(
                finding.message.contains("the variable SECRET"),
                "{finding:?}"
            );
        }
        // Where the spec says where it is, the project's file says nothing.
        assert!(Config::read(&name(), &spec, &around).is_ok(), "{project}");
    }
}

/// The spec's `url`, the user's file, variables, and what is sent while planning.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Option<&'a str>);

/// S4 and its neighbours: what is sent while planning to a registry that only the tree names.
#[test]
fn l14_while_planning_only_what_the_user_keeps_for_a_host_goes_to_one_that_the_tree_names() {
    const TOKEN: (&str, &str) = ("RELPLAN_TOKEN_T", "t");
    const AT: &str = "https://npm.example/a/";
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        // The spec's variable stays here, and so does all that is scoped to no host or to another one.
        (AT, "", &[TOKEN], None),
        (AT, "_authToken=u\n_auth=YTpi\nalways-auth=true", &[TOKEN, ("NODE_AUTH_TOKEN", "n"), ("npm_config__auth", "YTpi"), ("NPM_TOKEN", "n")], None),
        (AT, "//npm.example.evil/:_authToken=u\n//example/:_authToken=u", &[TOKEN], None),
        (AT, "//npm.example/ab/:_authToken=u\n//npm.example/a/b/:_authToken=u", &[TOKEN], None),
        (AT, "//npm.example:8443/:_authToken=u", &[TOKEN], None),
        // What the user keeps for this host and path is the user's choice, in any spelling of the URL.
        (AT, "//npm.example/a/:_authToken=u", &[TOKEN], Some("Bearer u")),
        (AT, "//npm.example/:_authToken=${NODE_AUTH_TOKEN}", &[("NODE_AUTH_TOKEN", "n")], Some("Bearer n")),
        ("https://NPM.Example:443/a", "//npm.example/a/:_authToken=u", &[TOKEN], Some("Bearer u")),
        ("https://npm.example/b/../a/?x#y", "//npm.example/a/:_authToken=u", &[TOKEN], Some("Bearer u")),
        ("https://b\u{fc}cher.example/", "//xn--bcher-kva.example/:_authToken=u", &[TOKEN], Some("Bearer u")),
        // Other hosts, however much alike.
        ("https://npm.example./a/", "//npm.example/a/:_authToken=u", &[TOKEN], None),
        ("https://npm.example:444/a/", "//npm.example/a/:_authToken=u", &[TOKEN], None),
        ("https://npm.example%2f.evil.example/", "//npm.example/:_authToken=u", &[TOKEN], None),
        // Without TLS a host may be anybody, unless the user says to talk to it so.
        ("http://npm.example/a/", "//npm.example/a/:_authToken=u", &[TOKEN], None),
        ("http://npm.example/a/", "registry=http://npm.example/a\n//npm.example/a/:_authToken=u", &[], Some("Bearer u")),
        ("http://127.0.0.1:4873/", "//127.0.0.1:4873/:_authToken=u", &[], Some("Bearer u")),
        // A registry that the user names too is not the tree's alone.
        (AT, "@acme:registry=https://npm.example/a", &[TOKEN], Some("Bearer t")),
    ];
    for (url, user, variables, expected) in cases {
        let mut settings = Settings::default().with_text("url", *url);
        if variables.contains(&TOKEN) {
            settings = settings.with_text("token-env", "RELPLAN_TOKEN_T");
        }
        let folder = tempfile::tempdir().unwrap();
        let around = around(&folder, user, "", variables);
        let Ok(config) = Config::read(&name(), &settings, &around) else {
            assert_eq!(*expected, None, "{url} is no URL");
            continue;
        };
        assert_eq!(
            secret(&config, "widget").as_deref(),
            *expected,
            "{url} {user}"
        );
        // What is applied was approved with its endpoint.
        let applying = Surroundings {
            project: None,
            ..around
        };
        let config = Config::read(&name(), &settings, &applying).unwrap();
        let at_apply = variables
            .contains(&TOKEN)
            .then_some("Bearer t")
            .or(*expected);
        assert_eq!(
            secret(&config, "widget").as_deref().or(at_apply),
            at_apply,
            "{url} {user}"
        );
    }
}

#[test]
fn a_plan_shows_where_a_credential_comes_from_and_why_it_is_not_used() {
    let named = Settings::default().with_text("token-env", "RELPLAN_TOKEN_T");
    let at = named.clone().with_text("url", "https://npm.example/");
    let token = [("RELPLAN_TOKEN_T", "canary")];
    let only_the_tree = "not used while planning: only the tree names this host";
    for (settings, user, project, variables, expected) in [
        (&at, "", "", &token[..], format!("the variable RELPLAN_TOKEN_T ({only_the_tree})")),
        (&at, "//npm.example/:_authToken=canary", "", &token, format!("the variable RELPLAN_TOKEN_T ({only_the_tree})")),
        (&named, "registry=https://npm.example", "", &token, "the variable RELPLAN_TOKEN_T".to_owned()),
        (&named, "", "", &[], "none was found here (the variable RELPLAN_TOKEN_T, which its `token-env` names, is not set)".to_owned()),
        (&Settings::default(), "registry=https://npm.example\n//npm.example/:_authToken=canary", "", &[], "`//npm.example/` in the user .npmrc".to_owned()),
        (&Settings::default(), "", "registry=https://npm.example\n//npm.example/:_authToken=${T}", &[],
            "none was found here (the project's .npmrc has a `//npm.example/:_authToken`, and credentials in the project are never used)".to_owned()),
        (&Settings::default(), "", "", &[], "none was found here".to_owned()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let around = around(&folder, user, project, variables);
        let config = Config::read(&name(), settings, &around).unwrap();
        let shown: Vec<String> = config.credentials().iter().map(ToString::to_string).collect();
        assert_eq!(shown, [expected]);
    }
}

/// A variable, a home folder or a `node` that leads into the tree makes nothing there the user's.
#[test]
fn l14_a_users_file_in_the_tree_is_the_projects() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    let planning = around(&folder, "", "", &[]);
    fs::create_dir_all(project.join("bin")).unwrap();
    fs::create_dir_all(project.join("etc")).unwrap();
    fs::create_dir_all(project.join(".git")).unwrap();
    fs::write(project.join("bin/node"), "").unwrap();
    let text = "registry=https://evil.example\n//evil.example/:_authToken=${SECRET}\notp=1\n";
    for place in [".npmrc", "ci.npmrc", "etc/npmrc"] {
        fs::write(project.join(place), text).unwrap();
    }
    let into = |name: &str, path: PathBuf| (name.to_owned(), path.to_str().unwrap().to_owned());
    for (home, variable) in [
        (
            folder.path().join("home"),
            into("NPM_CONFIG_USERCONFIG", project.join("ci.npmrc")),
        ),
        (
            folder.path().join("home"),
            into("npm_config_globalconfig", project.join("etc/npmrc")),
        ),
        (
            folder.path().join("home"),
            into("npm_config_prefix", project.clone()),
        ),
        (
            folder.path().join("home"),
            into("PATH", project.join("bin")),
        ),
        (project.clone(), into("X", PathBuf::new())),
    ] {
        let mut planning = Surroundings {
            home: Some(home),
            tree: Some(project.clone()),
            ..planning.clone()
        };
        planning
            .vars
            .extend([variable, into("SECRET", "canary".into())]);
        let config = Config::read(&name(), &Settings::default(), &planning).unwrap();
        assert!(
            secret(&config, "widget").is_none() && config.otp.is_none(),
            "{planning:?}"
        );
        let applying = Surroundings {
            project: None,
            ..planning
        };
        let config = Config::read(&name(), &Settings::default(), &applying).unwrap();
        assert!(config.is_default(), "{applying:?}: {:?}", shown(&config));
    }
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
    let variables = [
        ("RELPLAN_TOKEN_SHOP", "canary"),
        ("npm_config__auth", "canary"),
    ];
    let settings = Settings::default().with_text("token-env", "RELPLAN_TOKEN_SHOP");
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
