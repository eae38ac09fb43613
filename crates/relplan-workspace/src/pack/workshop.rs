//! What packers share during one run: the scrubbed environment, a scratch folder, and the tools' versions.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::address::{PackageName, Version};
use relplan_system::tree;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Environment, Options, PackError,
    environment::{may_hold_credential, scrubbed_environment, scrubbed_npmrc},
};

/// Greater npm configurations are not copied.
const NPMRC_LIMIT: u64 = 1 << 20;

/// One run's workshop. Its scratch folder goes away with it.
pub(super) struct Workshop<'a> {
    pub(super) options: &'a Options,
    /// The versions of the workspace's npm packages, those of the jobs included.
    pub(super) siblings: BTreeMap<PackageName, Version>,
    vars: Vec<(OsString, OsString)>,
    withheld: Vec<SecretString>,
    scratch: tempfile::TempDir,
    folders: AtomicUsize,
    versions: Mutex<BTreeMap<(String, Utf8PathBuf), Option<String>>>,
}

impl<'a> Workshop<'a> {
    /// Prepares the environment and the scratch folder.
    pub(super) fn open(
        options: &'a Options,
        siblings: BTreeMap<PackageName, Version>,
    ) -> Result<Self, PackError> {
        let scratch = tempfile::Builder::new()
            .prefix("relplan-pack-")
            .tempdir()
            .map_err(PackError::io(
                "make a scratch folder in",
                "the temporary folder",
            ))?;
        let vars = packer_environment(&options.environment, scratch.path()).map_err(
            PackError::io("write npm's configuration into", "the scratch folder"),
        )?;
        let withheld = options
            .environment
            .0
            .iter()
            .filter(|(name, _)| may_hold_credential(name))
            .filter_map(|(_, value)| value.to_str())
            // Shorter ones are flags and the like: cutting "true" out of every line would help nobody.
            .filter(|value| value.len() >= 8)
            .map(SecretString::from)
            .collect();
        Ok(Self {
            options,
            siblings,
            vars,
            withheld,
            scratch,
            folders: AtomicUsize::new(0),
            versions: Mutex::default(),
        })
    }

    /// A new, empty folder that lives as long as the run.
    pub(super) fn folder(&self) -> Result<Utf8PathBuf, PackError> {
        let number = self.folders.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.path().join(format!("job-{number}"));
        let path = Utf8PathBuf::from_path_buf(path).map_err(|path| PackError::Io {
            doing: "use the temporary folder",
            path: path.to_string_lossy().into_owned().into(),
            source: std::io::Error::other("its name is not Unicode"),
        })?;
        fs::create_dir(&path).map_err(PackError::io("make", &path))?;
        Ok(path)
    }

    /// A command that sees nothing but the scrubbed environment, and no input.
    pub(super) fn command(&self, program: &str, folder: &Utf8Path) -> Command {
        let mut command = Command::new(self.find(program).unwrap_or_else(|| program.into()));
        command
            .current_dir(folder)
            .env_clear()
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .envs([("NO_COLOR", "1"), ("CARGO_TERM_COLOR", "never")])
            .stdin(Stdio::null());
        if program == "yarn" {
            // It stops at a configuration that names a variable which is not set, such as `${NPM_TOKEN}`.
            command.envs(self.withheld_names().map(|name| (name, "")));
        }
        command
    }

    /// What a program answers to `--version` in a folder (toolchain switchers look there): its last word that starts
    /// with a digit. Asked once; `None`: it is not there, or does not answer.
    pub(super) fn version(
        &self,
        program: &str,
        arguments: &[&str],
        folder: &Utf8Path,
    ) -> Option<String> {
        let key = (
            format!("{program} {}", arguments.join(" ")),
            folder.to_owned(),
        );
        let mut versions = match self.versions.lock() {
            Ok(versions) => versions,
            Err(poisoned) => poisoned.into_inner(),
        };
        versions
            .entry(key)
            .or_insert_with(|| {
                let answer = self
                    .command(program, folder)
                    .args(arguments)
                    .stderr(Stdio::null())
                    .output()
                    .ok()
                    .filter(|answer| answer.status.success())?;
                String::from_utf8_lossy(&answer.stdout)
                    .split_whitespace()
                    .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
                    .map(ToOwned::to_owned)
            })
            .clone()
    }

    /// Why a program that is needed has no version: it is not there, or it fails (a toolchain switcher refuses, say).
    pub(super) fn lacks(
        &self,
        program: &str,
        folder: &Utf8Path,
        package: String,
        hint: &str,
    ) -> PackError {
        let answer = self
            .find(program)
            .map(|_| self.command(program, folder).arg("--version").output());
        let Some(Ok(answer)) = answer else {
            return PackError::MissingTool {
                tool: program.to_owned(),
                package,
                hint: hint.to_owned(),
            };
        };
        let said = [answer.stdout, answer.stderr].concat();
        let tail = String::from_utf8_lossy(&said)
            .lines()
            .take(20)
            .map(|line| self.redact(line.to_owned()))
            .collect();
        PackError::Packer {
            command: format!("{program} --version"),
            package,
            status: answer.status.to_string(),
            tail,
        }
    }

    /// The names of the variables that were withheld.
    fn withheld_names(&self) -> impl Iterator<Item = &OsStr> {
        self.options
            .environment
            .0
            .iter()
            .map(|(name, _)| name.as_os_str())
            .filter(|name| may_hold_credential(name))
    }

    /// The text without the values that were withheld from the environment, should some file have brought them back.
    pub(super) fn redact(&self, text: String) -> String {
        self.withheld.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            match text.contains(secret) {
                true => text.replace(secret, "***"),
                false => text,
            }
        })
    }

    /// Finds a program as the caller's search path has it. Only absolute entries count: a relative one would find the
    /// repository's files.
    fn find(&self, program: &str) -> Option<PathBuf> {
        let path = self.vars.iter().find(|(name, _)| name == "PATH")?;
        let endings: &[&str] = if cfg!(windows) {
            &[".exe", ".cmd", ".bat"]
        } else {
            &[""]
        };
        std::env::split_paths(&path.1)
            .filter(|folder| folder.is_absolute())
            .flat_map(|folder| {
                endings
                    .iter()
                    .map(move |end| folder.join(format!("{program}{end}")))
            })
            .find(|candidate| candidate.is_file())
    }
}

/// The environment of packers: scrubbed, and with npm's configuration files replaced by scrubbed copies.
fn packer_environment(
    from: &Environment,
    scratch: &Path,
) -> std::io::Result<Vec<(OsString, OsString)>> {
    let home = from.get("HOME").or_else(|| from.get("USERPROFILE"));
    let user = from
        .get_any_case("npm_config_userconfig")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(home?).join(".npmrc")));
    let global = from
        .get_any_case("npm_config_globalconfig")
        .map(PathBuf::from);
    let mut vars = scrubbed_environment(from.0.clone());
    vars.retain(|(name, _)| {
        !is(name, "npm_config_userconfig") && !is(name, "npm_config_globalconfig")
    });
    for (name, original) in [
        ("NPM_CONFIG_USERCONFIG", user),
        ("NPM_CONFIG_GLOBALCONFIG", global),
    ] {
        let Some(original) = original else { continue };
        let copy = scratch.join(name.to_ascii_lowercase());
        // One that cannot be read is left to the packer, which then has none.
        let text = tree::read_named(&original, NPMRC_LIMIT).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        fs::write(&copy, scrubbed_npmrc(&text))?;
        vars.push((name.into(), copy.into()));
    }
    Ok(vars)
}

fn is(name: &OsStr, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
