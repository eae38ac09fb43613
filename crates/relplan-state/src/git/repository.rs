//! A private, bare repository in a temporary folder, and git run in it.
//!
//! Why: the project's own repository is left alone (no object, ref or hook of it is touched), and an empty folder will
//! do as well. What git needs to reach a remote comes from the user's own configuration.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    process::{Command, Stdio},
};

use super::{folder::Folder, remote::Remote};

/// Settings that git runs with here: no hook, no monitor, no upkeep in the background, no endless wait.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "push.followTags=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];

/// Variables that would take git to another repository, and credentials that are none of git's.
const WITHHELD: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_COMMON_DIR",
    "GIT_TRACE",
    "NODE_AUTH_TOKEN",
];
const WITHHELD_PREFIXES: [&str; 6] = ["CARGO_", "NPM_", "npm_config_", "TWINE_", "UV_", "PIP_"];

/// The environment that git gets: the user's own, so that credential helpers work, without what concerns registries.
pub(super) fn passed(vars: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut passed: BTreeMap<String, String> = vars
        .iter()
        .filter(|(name, _)| !WITHHELD.contains(&name.as_str()))
        .filter(|(name, _)| {
            !WITHHELD_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // Texts of git's that are read here come in one language, and nobody is asked in the middle of an apply.
    passed.insert("LC_ALL".to_owned(), "C".to_owned());
    passed.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
    passed
}

/// The repository.
pub(super) struct Repository {
    folder: Folder,
    variables: BTreeMap<String, String>,
    is_local: bool,
}

/// How a git command ended.
pub(super) struct Ended {
    pub(super) ok: bool,
    pub(super) stdout: Vec<u8>,
    /// What it said, in one line.
    pub(super) said: String,
}

impl Ended {
    /// The output if it ended well, or what it said as an error.
    pub(super) fn output(self) -> io::Result<Vec<u8>> {
        if self.ok {
            Ok(self.stdout)
        } else {
            Err(io::Error::other(self.said))
        }
    }
}

impl Repository {
    /// An empty one that can reach `remote`.
    pub(super) fn new(remote: &Remote, vars: &BTreeMap<String, String>) -> io::Result<Self> {
        let folder = Folder::new()?;
        let mut variables = passed(vars);
        variables.extend(remote.variables(vars));
        let repository = Self {
            folder,
            variables,
            is_local: remote.is_local(),
        };
        let init = ["init", "--quiet", "--bare", "--template=", "."];
        repository.run(&init, &[])?.output()?;
        Ok(repository)
    }

    /// Runs git in it, with this on its standard input.
    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> io::Result<Ended> {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if arguments.first() != Some(&"init") {
            command.env("GIT_DIR", self.folder.path());
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                error.kind(),
                "git is not installed, or not on the path, and the state is kept in a git repository",
            ),
            _ => error,
        })?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A git that ends early, with a reason that it tells, reads no further.
                stdin.map(|mut stdin| stdin.write_all(input))
            });
            child.wait_with_output()
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
            .collect();
        let said = match said.is_empty() {
            true => format!(
                "git {}: {}",
                arguments.first().unwrap_or(&""),
                output.status
            ),
            false => said.join("; "),
        };
        Ok(Ended {
            ok: output.status.success(),
            stdout: output.stdout,
            said,
        })
    }

    /// How the receiving side is started, where that is for us to say: of a folder on this machine, hooks are not run
    /// and everything is synced. Of a server, both are the server's own affair.
    pub(super) fn receiver(&self) -> Option<&'static str> {
        const RECEIVER: &str = "--receive-pack=git -c core.hooksPath=/dev/null -c core.fsync=all -c gc.auto=0 -c receive.autogc=false receive-pack";
        self.is_local.then_some(RECEIVER)
    }
}
