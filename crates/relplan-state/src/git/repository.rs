//! A private, bare repository in a temporary folder, and git run in it.
//!
//! Why: the project's own repository is left alone (no object, ref or hook of it is touched), and an empty folder will
//! do as well. What git needs to reach a remote comes from the user's own configuration.

use std::io;

use relplan_system::programs::{Bounds, Programs, Variables, git, variables::HELPER_HINT};

use super::{folder::Folder, remote::Remote};

/// Settings that git runs with here besides those that it runs with anywhere: no upkeep in the background, no endless
/// wait.
const SETTINGS: [&str; 6] = [
    "gc.auto=0",
    "maintenance.auto=false",
    "push.followTags=false",
    "submodule.recurse=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];

/// What one command may take: a server that answers a byte now and then is waited for no longer.
const BOUNDS: Bounds = Bounds::of(300, super::MOST);

/// The repository.
pub(super) struct Repository {
    folder: Folder,
    programs: Programs,
    variables: Variables,
    /// The remote's URL, for messages.
    url: String,
    is_local: bool,
    may_use_ssh: bool,
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

/// Whether git says that somebody else than a helper must give a credential, or that a server wants another one.
fn lacks_credential(line: &str) -> bool {
    const WORDS: [&str; 7] = [
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "returned error: 401",
        "returned error: 403",
        "Permission denied",
        "Host key verification failed",
    ];
    WORDS.iter().any(|words| line.contains(words))
}

/// Whether git says that a server answered with a redirect.
fn is_redirect(line: &str) -> bool {
    let status = line.split_once("requested URL returned error: ");
    status.is_some_and(|(_, status)| status.starts_with("30"))
}

impl Repository {
    /// An empty one that can reach `remote`.
    pub(super) fn new(remote: &Remote) -> io::Result<Self> {
        let repository = Self {
            folder: Folder::new()?,
            programs: remote.programs().clone(),
            variables: remote.variables(),
            url: remote.url.clone(),
            is_local: remote.is_local(),
            may_use_ssh: remote.may_use_ssh(),
        };
        let init = ["init", "--quiet", "--bare", "--template=", "."];
        repository.run(&init, &[])?.output()?;
        Ok(repository)
    }

    /// Runs git in it, with this on its standard input.
    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> io::Result<Ended> {
        let call = self
            .programs
            .call("git", self.variables.clone())
            .map_err(|error| {
                let text = format!("{error}; the state is kept in a git repository");
                io::Error::new(io::ErrorKind::NotFound, text)
            })?;
        let settings = git::SETTINGS.iter().chain(&SETTINGS);
        let mut call = call
            .args(settings.flat_map(|setting| ["-c", *setting]))
            .args(arguments)
            .within(self.folder.path());
        if arguments.first() != Some(&"init") {
            call = call.envs([("GIT_DIR", self.folder.path())]);
        }
        // git's HTTP library looks the home folder up by itself where no variable names one, for a `.netrc`.
        if self.variables.iter().all(|(name, _)| name != "HOME") {
            call = call.envs([("HOME", self.folder.path())]);
        }
        if self.may_use_ssh {
            call = call.may_ask();
        }
        let answer = call.answer(input, BOUNDS)?;
        let said = String::from_utf8_lossy(&answer.stderr);
        let said: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("hint:"))
            .collect();
        let lacks_credential = said.iter().any(|line| lacks_credential(line));
        let is_sent_on = said.iter().any(|line| is_redirect(line));
        let said = match said.is_empty() {
            _ if is_sent_on && !answer.status.success() => format!(
                "the server at {} sends git on to another URL, which is not followed, since a credential would go \
                 along; name the URL that the repository has now as the remote (often the same with .git at its end)",
                self.url
            ),
            true => format!(
                "git {}: {}",
                arguments.first().unwrap_or(&""),
                answer.status
            ),
            false if lacks_credential => format!("{}; {HELPER_HINT}", said.join("; ")),
            false => said.join("; "),
        };
        Ok(Ended {
            ok: answer.status.success(),
            stdout: answer.stdout,
            said,
        })
    }

    /// How the receiving side is started, where that is for us to say: of a folder on this machine, hooks are not run
    /// and everything is synced. Of a server, both are the server's own affair.
    pub(super) fn receiver(&self) -> Option<&'static str> {
        const RECEIVER: &str = "--receive-pack=git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true -c core.fsync=all -c gc.auto=0 -c receive.autogc=false receive-pack";
        self.is_local.then_some(RECEIVER)
    }
}
