//! The quickstart, planned beside a stand-in for GitHub. Nothing is packed and no registry is asked: its target is a
//! folder.

use relplan_testkit::{
    environment::{Environment, Session, copy_folder},
    servers::{Forge, OnForge},
};

use crate::fixture::{VERSION, binary, repository};

/// A project beside GitHub.
pub struct Site {
    pub environment: Environment,
    pub forge: Forge,
}

impl Site {
    /// With emulate alone.
    pub async fn start() -> Self {
        Self::new(false).await
    }

    /// With Prism before it.
    pub async fn validating() -> Self {
        Self::new(true).await
    }

    async fn new(validating: bool) -> Self {
        let mut environment = Environment::new(binary()).unwrap();
        let forge = Forge::start(&environment.root().join("servers"), validating)
            .await
            .unwrap();
        copy_folder(
            &repository().join("examples/quickstart"),
            &environment.project(),
        )
        .unwrap();
        for left in [".relplan", "out"] {
            let _ = std::fs::remove_dir_all(environment.project().join(left));
        }
        environment.set("GITHUB_API_URL", forge.github.url());
        environment.set("GITHUB_TOKEN", Forge::TOKEN);
        Self { environment, forge }
    }

    /// What GitHub Actions would set for an event.
    pub fn in_actions(&mut self, event: &str) {
        let number = self.forge.pull_request;
        let run = |commit: &str| {
            serde_json::json!({
                "repository": { "id": 1 },
                "workflow_run": {
                    "event": "pull_request", "head_sha": commit, "head_branch": "topic", "pull_requests": [],
                    "head_repository": { "owner": { "login": "octo" } },
                },
            })
        };
        let payload = match event {
            "pull_request" => serde_json::json!({ "pull_request": { "number": number } }),
            "workflow_run" => run(&self.forge.commit),
            _ => run("0123456789012345678901234567890123456789"),
        };
        self.environment
            .write("event.json", payload.to_string())
            .unwrap();
        let root = self.environment.root().to_owned();
        for (name, value) in [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", Forge::REPOSITORY),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_EVENT_NAME", event),
        ] {
            self.environment.set(name, value);
        }
        for (name, file) in [
            ("GITHUB_EVENT_PATH", "event.json"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("GITHUB_OUTPUT", "outputs"),
        ] {
            self.environment.set(name, root.join(file));
        }
    }

    /// Runs relplan and demands an exit code; whatever it says and writes holds no token (L11).
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.environment.relplan_session(arguments).unwrap();
        assert_eq!(
            session.code,
            Some(code),
            "relplan {}\n{session}",
            arguments.join(" ")
        );
        let app = &self.forge.app;
        let (summary, outputs) = (self.read("summary"), self.read("outputs"));
        for canary in [Forge::TOKEN, Forge::EVE, &app.writer, &app.reader] {
            for text in [&session.stdout, &session.stderr, &summary, &outputs] {
                assert!(!text.contains(canary), "l11: {}", arguments.join(" "));
            }
        }
        session
    }

    /// A file of the environment; empty where there is none.
    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.environment.root().join(file)).unwrap_or_default()
    }

    /// The step outputs, read as GitHub's runner reads them.
    pub fn outputs(&self) -> Vec<(String, String)> {
        let text = self.read("outputs");
        let mut lines = text.lines();
        let mut outputs = Vec::new();
        while let Some(line) = lines.next() {
            let (name, value) = match line.split_once("<<") {
                Some((name, delimiter)) if !name.contains('=') => {
                    let value: Vec<&str> = lines
                        .by_ref()
                        .take_while(|line| *line != delimiter)
                        .collect();
                    (name, value.join("\n"))
                }
                _ => {
                    let (name, value) = line.split_once('=').unwrap();
                    (name, value.to_owned())
                }
            };
            outputs.push((name.to_owned(), value));
        }
        outputs
    }

    /// Raises the version of the crates, so that there is another plan.
    pub fn raise_version(&self) {
        let path = self.environment.project().join("crates/Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(VERSION, "0.2.0")).unwrap();
    }

    /// The comment, which must be the only one.
    pub async fn only_comment(&self) -> OnForge {
        let mut comments = self.forge.comments().await.unwrap();
        assert_eq!(comments.len(), 1, "{comments:#?}");
        comments.remove(0)
    }

    /// The methods of all writes that were sent, whatever became of them.
    pub fn writes(&self) -> Vec<String> {
        let all = self.forge.github.log().all();
        let methods = all.into_iter().map(|exchange| exchange.method);
        methods.filter(|method| method != "GET").collect()
    }

    /// The paths of what was asked with a method, where they contain `part`.
    pub fn asked(&self, method: &str, part: &str) -> Vec<String> {
        let all = self.forge.github.log().all();
        all.into_iter()
            .filter(|exchange| exchange.method == method && exchange.path.contains(part))
            .map(|exchange| exchange.path)
            .collect()
    }
}

/// The digest of the saved plan, without the algorithm's name.
pub fn digest_of(site: &Site) -> String {
    let bytes = std::fs::read(site.environment.project().join("release.json")).unwrap();
    relplan_model::digest::Sha256::of(&bytes).hex()
}
