//! The quickstart's monorepo, released to the three real servers by the real packers.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
};

use relplan_testkit::{
    documents::Files,
    environment::{Environment, Session, copy_folder},
    servers::{Bench, PASSWORD, USER},
};

/// A token for the Cargo registry, which takes any: a canary.
pub const CARGO_TOKEN: &str = "canary-cargo-51c0ffee7be9";

/// The version that the quickstart's manifests name.
pub const VERSION: &str = "0.1.0";

/// The names of its packages: crates, npm packages, Python package.
pub const CRATES: [&str; 2] = ["quickstart-greet-core", "quickstart-greet-cli"];
pub const NPM: [&str; 2] = ["@quickstart/greet", "@quickstart/greet-cli"];
pub const PYTHON: &str = "quickstart-greet";

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_relplan")
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A bench with the monorepo in a hermetic environment that is configured for it.
pub struct Fixture {
    pub bench: Bench,
    pub environment: Environment,
}

/// Which packers the spec asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packers {
    /// npm's and Python's own.
    Own,
    /// The built-in ones: much quicker.
    BuiltIn,
}

impl Fixture {
    pub async fn new(packers: Packers) -> Self {
        let mut environment = Environment::new(binary()).unwrap();
        let bench = Bench::start(&environment.root().join("servers"))
            .await
            .unwrap();
        copy_folder(
            &repository().join("examples/quickstart"),
            &environment.project(),
        )
        .unwrap();
        // What a developer's own runs of the quickstart left behind is not part of it.
        for left in [".relplan", "out"] {
            let _ = std::fs::remove_dir_all(environment.project().join(left));
        }
        environment
            .write("project/relplan.kdl", spec(&bench, packers))
            .unwrap();
        let cargo = format!(
            "[registries.bench]\nindex = \"sparse+{}/\"\n",
            bench.cargo.url()
        );
        environment.write("home/.cargo/config.toml", cargo).unwrap();
        // Crates of another registry than crates.io say so where they depend on one another, as Cargo wants it:
        // `cargo install` reads that from the manifest, whatever the index says.
        let manifest = environment.project().join("crates/Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        let here = text.replace(
            "version = \"0.1.0\" }",
            "version = \"0.1.0\", registry = \"bench\" }",
        );
        assert_ne!(here, text);
        std::fs::write(&manifest, here).unwrap();
        environment.set("CARGO_REGISTRIES_BENCH_TOKEN", CARGO_TOKEN);
        let npmrc = format!(
            "registry={0}/\n//{1}/:_authToken={2}\n",
            bench.npm.url(),
            bench.npm.address(),
            bench.npm_token
        );
        environment.write("home/.npmrc", npmrc).unwrap();
        let pypirc = format!(
            "[bench]\nrepository = {}/\nusername = {USER}\npassword = {PASSWORD}\n",
            bench.pypi.url()
        );
        environment.write("home/.pypirc", pypirc).unwrap();
        // The PEP 517 front end comes with the bench.
        let python = relplan_testkit::servers::installed().unwrap().python;
        environment.prepend_path(&python.join("bin"));
        let fixture = Self { bench, environment };
        // Setting the servers up is no part of what is tested.
        fixture.clear_logs();
        fixture
    }

    /// Runs relplan; whatever it says holds no credential (L11).
    pub fn relplan(&self, arguments: &[&str]) -> Session {
        let session = self.environment.relplan_session(arguments).unwrap();
        for canary in self.canaries() {
            let printed = session.stdout.contains(&canary) || session.stderr.contains(&canary);
            assert!(
                !printed,
                "l11: `relplan {}` printed a secret",
                arguments.join(" ")
            );
        }
        session
    }

    /// Runs relplan and demands an exit code.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.relplan(arguments);
        assert_eq!(
            session.code,
            Some(code),
            "relplan {}\n{session}\n{}",
            arguments.join(" "),
            self.bench.condition()
        );
        session
    }

    /// Sets the version of all packages, and what they ask of one another.
    pub fn set_version(&self, from: &str, to: &str) {
        for file in [
            "crates/Cargo.toml",
            "js/packages/greet/package.json",
            "js/packages/greet-cli/package.json",
            "py/pyproject.toml",
        ] {
            let path = self.environment.project().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace(from, to)).unwrap();
        }
    }

    /// The writes that the servers accepted and that made a version: method and path.
    pub fn accepted_uploads(&self) -> Uploads {
        let of = |writes: Vec<(String, String)>, fits: fn(&str, &str) -> bool| {
            writes
                .into_iter()
                .filter(|(method, path)| fits(method, path))
                .collect::<Vec<_>>()
                .len()
        };
        let npm = self.bench.npm.log().accepted_writes();
        Uploads {
            crates: of(self.bench.cargo.log().accepted_writes(), |method, path| {
                method == "PUT" && path.ends_with("/crates/new")
            }),
            npm: of(npm, |method, path| {
                method == "PUT" && !path.starts_with("/-/")
            }),
            python: of(self.bench.pypi.log().accepted_writes(), |method, _| {
                method == "POST"
            }),
        }
    }

    /// Every credential that is configured.
    pub fn canaries(&self) -> Vec<String> {
        vec![
            CARGO_TOKEN.to_owned(),
            PASSWORD.to_owned(),
            self.bench.npm_token.clone(),
        ]
    }

    /// L11: no credential in any file but those that the user keeps them in.
    pub fn no_canary_in_files(&self) {
        let root = self.environment.root();
        // Where the credentials are meant to be, and what the servers keep for themselves.
        let meant = ["home/.npmrc", "home/.pypirc", "servers"].map(|path| root.join(path));
        let (mut searched, mut folders) = (0, vec![root.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if meant.contains(&path) || path.is_symlink() {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                searched += 1;
                let bytes = std::fs::read(&path).unwrap();
                for canary in self.canaries() {
                    let mut windows = bytes.windows(canary.len());
                    let found = windows.any(|window| window == canary.as_bytes());
                    assert!(!found, "l11: {} holds a secret", path.display());
                }
            }
        }
        assert!(searched > 20, "{searched} files were searched");
    }

    pub fn clear_logs(&self) {
        for proxy in [&self.bench.npm, &self.bench.cargo, &self.bench.pypi] {
            proxy.log().clear();
        }
    }

    pub fn heal(&self) {
        for proxy in [&self.bench.npm, &self.bench.cargo, &self.bench.pypi] {
            proxy.heal();
        }
    }
}

/// How many uploads each server accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Uploads {
    pub crates: usize,
    pub npm: usize,
    pub python: usize,
}

/// One of everything: two crates, two npm packages, a wheel and an sdist.
pub const ONE_OF_EACH: Uploads = Uploads {
    crates: 2,
    npm: 2,
    python: 2,
};

fn spec(bench: &Bench, packers: Packers) -> String {
    let packer = match packers {
        Packers::Own => "",
        Packers::BuiltIn => " packer=\"builtin\"",
    };
    format!(
        r#"relplan 1
project "relplan/quickstart"
workspace "cargo" path="crates"
workspace "npm" path="js"{packer}
workspace "python" path="py"{packer}
target "crates" kind="cargo" registry="bench"
target "npm" kind="npm"
target "pypi" kind="pypi" repository="bench" read-url="{pypi}/simple/"
release "crates/*" {{ to "crates"; }}
release "js/packages/*" {{ to "npm" access="public"; }}
release "quickstart-greet" {{
    needs "@quickstart/greet"
    to "pypi"
}}
"#,
        pypi = bench.pypi.url()
    )
}

/// Runs relplan, waits for `moment` (or for the end, if that comes first), and kills the process there, without any
/// warning. Tells whether the moment came.
pub async fn killed<F: Future<Output = ()>>(
    fixture: &Fixture,
    arguments: &[&str],
    moment: F,
) -> bool {
    let files = Files::below(fixture.environment.root()).unwrap();
    let mut command = tokio::process::Command::from(fixture.environment.relplan(arguments));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let came = tokio::select! {
        () = moment => true,
        _ = child.wait() => false,
    };
    if came {
        child.kill().await.unwrap();
    }
    // What a killed process leaves behind is whole as well.
    files.check_written_since().unwrap();
    came
}

/// The events of a run with `--json`, as values.
pub fn events(session: &Session) -> Vec<serde_json::Value> {
    BufReader::new(session.stdout.as_bytes())
        .lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}
