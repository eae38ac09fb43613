//! A hermetic environment for the binary: its own home, registries' configuration and clock-free surroundings.
//!
//! Invariant: nothing of the developer's own configuration reaches the process under test, save the tools on `PATH` and
//! the network settings that package installs need.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Variables that pass from the outside: where tools are, and how packages are installed on this machine.
const PASSED: &[&str] = &[
    "PATH",
    "LANG",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
];

/// A temporary home and project, and the variables that a process started in it gets.
pub struct Environment {
    root: tempfile::TempDir,
    binary: PathBuf,
    variables: BTreeMap<OsString, OsString>,
}

/// How a process ended and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The exit code; `None`: it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Session {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl std::fmt::Display for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "exit {:?}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

impl Environment {
    /// An empty one for the binary at this path.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn new(binary: impl Into<PathBuf>) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("relplan-test-").tempdir()?;
        let mut variables: BTreeMap<OsString, OsString> = PASSED
            .iter()
            .filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)))
            .collect();
        // The toolchain's own folder comes first: rustup's proxies would look for their settings in the home that
        // is not there.
        if let Some(toolchain) = toolchain() {
            let mut path = OsString::from(toolchain.join("bin"));
            path.push(":");
            path.push(
                variables
                    .get(&OsString::from("PATH"))
                    .cloned()
                    .unwrap_or_default(),
            );
            variables.insert("PATH".into(), path);
        }
        let mut environment = Self {
            root,
            binary: binary.into(),
            variables,
        };
        let home = environment.home();
        let temporary = environment.root().join("tmp");
        for folder in [&home.join(".cargo"), &environment.project(), &temporary] {
            std::fs::create_dir_all(folder)?;
        }
        environment.set("TMPDIR", &temporary);
        environment.set("HOME", &home);
        environment.set("CARGO_HOME", home.join(".cargo"));
        environment.set("npm_config_cache", home.join(".npm-cache"));
        environment.set("PIP_CACHE_DIR", home.join(".pip-cache"));
        environment.set("GIT_CONFIG_NOSYSTEM", "1");
        environment.set("NO_COLOR", "1");
        Ok(environment)
    }

    /// The folder that everything of this environment is in.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The folder where relplan keeps what registries answered.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/relplan")
    }

    /// The folder of the project under release.
    #[must_use]
    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// Sets a variable for all processes to come.
    pub fn set(&mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) {
        self.variables
            .insert(name.into(), value.as_ref().to_owned());
    }

    /// Puts a folder before all others that programs are looked for in, those of the toolchain included.
    pub fn prepend_path(&mut self, folder: &Path) {
        let mut path = folder.as_os_str().to_owned();
        if let Some(now) = self.variables.get(std::ffi::OsStr::new("PATH")) {
            path.push(":");
            path.push(now);
        }
        self.variables.insert("PATH".into(), path);
    }

    /// Leaves the toolchain's programs alone on the path: what a machine with nothing but Rust has.
    pub fn only_toolchain(&mut self) {
        let path = toolchain()
            .map(|toolchain| toolchain.join("bin"))
            .unwrap_or_default();
        self.set("PATH", path);
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(std::ffi::OsStr::new(name));
    }

    /// Writes a file below [`Self::root`], with its folders.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.root.path().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    }

    /// A command in this environment, in the project's folder.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    /// relplan in this environment.
    pub fn relplan(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&self.binary);
        command.args(arguments);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, mut command: Command) -> io::Result<Session> {
        Ok(Session::of(&command.output()?))
    }

    /// Runs relplan to its end. Every document that it prints or writes is validated.
    ///
    /// # Errors
    /// When it cannot be started, or when a document does not fit its schema.
    pub fn relplan_session(&self, arguments: &[&str]) -> io::Result<Session> {
        #[cfg(feature = "schemas")]
        let before = crate::documents::Files::below(self.root())?;
        let session = self.run(self.relplan(arguments))?;
        #[cfg(feature = "schemas")]
        {
            crate::documents::check_session(&self.project(), arguments, &session)?;
            before.check_written_since()?;
        }
        Ok(session)
    }
}

/// Copies a folder with all that is in it.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn toolchain() -> Option<PathBuf> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim())).filter(|path| path.is_dir())
}
