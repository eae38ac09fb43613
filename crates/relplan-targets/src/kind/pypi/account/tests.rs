//! Which login is taken, and that none goes where it does not belong.

use std::{collections::BTreeMap, fs};

use super::*;

struct Case {
    home: tempfile::TempDir,
    vars: BTreeMap<String, String>,
    settings: Settings,
}

impl Case {
    fn new(vars: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            home: tempfile::tempdir().unwrap(),
            vars: vars.iter().map(own).collect(),
            settings: settings
                .iter()
                .fold(Settings::default(), |all, (name, value)| {
                    all.with_text(name, *value)
                }),
        }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.home.path().join(name), text).unwrap();
        self
    }

    /// The login for an upload to a place, as `user:password (source)`, or the finding's message.
    fn upload(&self, url: &str, section: Option<&str>) -> String {
        let place = Place {
            url: url.parse().unwrap(),
            source: "test".to_owned(),
            login: None,
            section: section.map(str::to_owned),
        };
        self.upload_to(&place)
    }

    fn upload_to(&self, place: &Place) -> String {
        let surroundings = Surroundings {
            home: Some(self.home.path().to_owned()),
            vars: self.vars.clone(),
            ..Surroundings::default()
        };
        let target = TargetName::new("shop").unwrap();
        match for_uploading(&target, &self.settings, place, &surroundings) {
            Ok(login) => {
                assert!(!format!("{login:?}").contains(login.password.expose_secret()));
                let Login {
                    username,
                    password,
                    source,
                } = login;
                format!("{username}:{} ({source})", password.expose_secret())
            }
            Err(finding) => {
                assert_eq!(finding.code, credential::CODE);
                finding.message
            }
        }
    }
}

const PYPIRC: &str = "[pypi]\npassword = pypi-one\n[corp]\nrepository = https://corp.example/\nusername = ann\npassword = two\n\
    [half]\nrepository = https://half.example/\npassword = three\n";
const NETRC: &str = "machine net.example login nat password four\n";

#[test]
fn the_nearest_login_is_taken() {
    let all = [
        ("RELPLAN_TOKEN_OWN", "five"),
        ("RELPLAN_TOKEN_OWN_USER", "olga"),
        ("TWINE_USERNAME", "tim"),
        ("TWINE_PASSWORD", "six"),
        ("UV_PUBLISH_TOKEN", "seven"),
    ];
    let corp = "https://corp.example/";
    #[rustfmt::skip]
    let cases: [(&[_], &[_], &str); 8] = [
        (&all, &[("token-env", "RELPLAN_TOKEN_OWN")], "__token__:five (the variable RELPLAN_TOKEN_OWN)"),
        (&all, &[("token-env", "RELPLAN_TOKEN_OWN"), ("username-env", "RELPLAN_TOKEN_OWN_USER")], "olga:five (the variable RELPLAN_TOKEN_OWN)"),
        (&all, &[("password-env", "RELPLAN_TOKEN_OWN"), ("username-env", "RELPLAN_TOKEN_OWN_USER")], "olga:five (the variable RELPLAN_TOKEN_OWN)"),
        (&all, &[], "__token__:seven (the variable UV_PUBLISH_TOKEN)"),
        (&all[..4], &[], "tim:six (the variable TWINE_PASSWORD)"),
        (&[("UV_PUBLISH_USERNAME", "uma"), ("UV_PUBLISH_PASSWORD", "eight")], &[], "uma:eight (the variable UV_PUBLISH_PASSWORD)"),
        (&[("TWINE_PASSWORD", "pypi-nine")], &[], "__token__:pypi-nine (the variable TWINE_PASSWORD)"),
        (&[], &[], "ann:two (section corp of ~/.pypirc)"),
    ];
    for (vars, settings, wanted) in cases {
        let case = Case::new(vars, settings)
            .file(".pypirc", PYPIRC)
            .file(".netrc", NETRC);
        assert_eq!(case.upload(corp, Some("corp")), wanted);
    }
    let case = Case::new(&[], &[])
        .file(".pypirc", PYPIRC)
        .file(".netrc", NETRC);
    assert_eq!(
        case.upload("https://up.example/", Some("pypi")),
        "__token__:pypi-one (section pypi of ~/.pypirc)"
    );
    assert_eq!(
        case.upload("https://net.example/x", None),
        "nat:four (the .netrc)"
    );
    let place = Place {
        url: "https://url.example/".parse().unwrap(),
        source: "TWINE_REPOSITORY_URL".to_owned(),
        login: Some(Login {
            username: "ulf".to_owned(),
            password: SecretString::from("ten".to_owned()),
            source: "the URL".to_owned(),
        }),
        section: None,
    };
    assert_eq!(case.upload_to(&place), "ulf:ten (the URL)");
}

#[test]
fn l14_a_login_of_another_place_is_not_taken() {
    let case = Case::new(&[], &[])
        .file(".pypirc", PYPIRC)
        .file(".netrc", NETRC);
    for url in [
        "https://corp.example.evil.example/",
        "https://half.example/",
        "https://sub.net.example/",
    ] {
        assert!(
            case.upload(url, None).contains("nothing gives a login"),
            "{url}"
        );
    }
}

#[test]
fn l11_half_a_login_is_a_finding_that_repeats_no_value() {
    #[rustfmt::skip]
    let cases: [(&[_], &[_], &str); 5] = [
        (&[("TWINE_PASSWORD", "canary")], &[], "nothing gives a user name"),
        (&[("RELPLAN_TOKEN_OWN", "canary")], &[("username-env", "RELPLAN_TOKEN_OWN")], "neither a `password-env`"),
        (&[], &[("password-env", "RELPLAN_TOKEN_OWN")], "the variable RELPLAN_TOKEN_OWN, which its `password-env` names, is not set"),
        (&[], &[("password-env", "canary-secret")], "is not the name of an environment variable"),
        (&[], &[("token-env", "RELPLAN_TOKEN_OWN")], "the variable RELPLAN_TOKEN_OWN"),
    ];
    for (vars, settings, wanted) in cases {
        let message = Case::new(vars, settings).upload("https://corp.example/", None);
        assert!(
            message.contains(wanted) && !message.contains("canary"),
            "{message}"
        );
    }
    let case = Case::new(&[], &[]).file(".pypirc", PYPIRC);
    assert!(
        case.upload("https://half.example/", Some("half"))
            .contains("section half of ~/.pypirc gives a password")
    );
    let case = Case::new(&[], &[]).file(".pypirc", "[corp]\ncanary\n");
    assert!(for_uploading_code(&case) == "endpoint");
}

fn for_uploading_code(case: &Case) -> String {
    let surroundings = Surroundings {
        home: Some(case.home.path().to_owned()),
        ..Surroundings::default()
    };
    let finding = configuration::pypirc(&surroundings).err().unwrap();
    assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
    finding.code
}

/// S4 and its neighbours: what is sent while planning to an index that only the spec names.
#[test]
fn l14_while_planning_only_the_entry_of_that_very_host_goes_to_an_index_that_the_spec_names() {
    let netrc = "machine net.example login nat password four\nmachine 127.0.0.1 login loo password five\n\
        default login any password six\n";
    let case = Case::new(
        &[
            ("TWINE_PASSWORD", "canary"),
            ("UV_PUBLISH_TOKEN", "canary"),
            ("UV_INDEX_NET_PASSWORD", "canary"),
        ],
        &[],
    )
    .file(".netrc", netrc)
    .file(".pypirc", PYPIRC);
    for (url, source, planning, applying) in [
        (
            "https://net.example/simple/",
            "spec",
            Some("four"),
            Some("four"),
        ),
        (
            "https://net.example:8443/simple/",
            "spec",
            Some("four"),
            Some("four"),
        ),
        (
            "http://127.0.0.1:8080/simple/",
            "spec",
            Some("five"),
            Some("five"),
        ),
        ("http://net.example/simple/", "spec", None, Some("four")),
        (
            "https://net.example.evil.example/",
            "spec",
            None,
            Some("six"),
        ),
        ("https://net.example./", "spec", None, Some("six")),
        ("https://evil.example/simple/", "spec", None, Some("six")),
        (
            "https://evil.example/simple/",
            "PIP_INDEX_URL",
            Some("six"),
            Some("six"),
        ),
    ] {
        let place = Place {
            url: url.parse().unwrap(),
            source: source.to_owned(),
            login: None,
            section: None,
        };
        for (project, wanted) in [
            (Some(case.home.path().join("work")), planning),
            (None, applying),
        ] {
            let surroundings = Surroundings {
                home: Some(case.home.path().to_owned()),
                vars: case.vars.clone(),
                project,
                ..Surroundings::default()
            };
            let login = for_reading(&place, &surroundings).unwrap();
            let password = login.as_ref().map(|login| login.password.expose_secret());
            assert_eq!(password, wanted, "{url} {:?}", surroundings.project);
        }
    }
}

/// `NETRC=./.netrc`, and a home folder that is the checkout.
#[test]
fn l14_a_login_is_not_read_from_the_tree() {
    let case = Case::new(&[], &[])
        .file(".netrc", NETRC)
        .file(".pypirc", PYPIRC);
    fs::create_dir(case.home.path().join(".git")).unwrap();
    let surroundings = Surroundings {
        home: Some(case.home.path().to_owned()),
        tree: Some(case.home.path().to_owned()),
        ..Surroundings::default()
    };
    for finding in [
        configuration::netrc(&surroundings).err().unwrap(),
        configuration::pypirc(&surroundings).err().unwrap(),
    ] {
        assert!(
            finding.message.contains("lies in the project"),
            "{finding:?}"
        );
    }
}
