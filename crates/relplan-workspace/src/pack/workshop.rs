//! What packers share during one run: their environment, a scratch folder, and the tools' versions.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::address::{PackageId, Version};
use relplan_system::{
    programs::{Bounds, Call, ProgramError, Programs, Variables},
    tree,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Environment, Options, PackError,
    environment::{may_hold_credential, packer_variables, scrubbed_npmrc},
};

/// Greater npm configurations are not copied.
const NPMRC_LIMIT: u64 = 1 << 20;
/// What a packer may take to tell its version: some fetch themselves first.
const VERSION: Bounds = Bounds::of(300, 1 << 20);

/// One run's workshop. Its scratch folder goes away with it.
pub(super) struct Workshop<'a> {
    pub(super) options: &'a Options,
    /// The versions of the workspace's npm packages, those of the jobs included.
    pub(super) siblings: BTreeMap<PackageId, Version>,
    vars: Variables,
    programs: Programs,
    withheld: Vec<SecretString>,
    scratch: tempfile::TempDir,
    folders: AtomicUsize,
    versions: Mutex<BTreeMap<(String, Utf8PathBuf), Option<String>>>,
}

impl<'a> Workshop<'a> {
    /// Prepares the environment and the scratch folder.
    pub(super) fn open(
        options: &'a Options,
        siblings: BTreeMap<PackageId, Version>,
    ) -> Result<Self, PackError> {
        let named = options.environment.named();
        if let Some(variable) = named
            .into_iter()
            .find(|name| may_hold_credential(name.as_ref()))
        {
            return Err(PackError::Withheld { variable });
        }
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
            programs: Programs::outside(options.tree.clone(), vars.clone()),
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

    /// A call that sees nothing but the packers' environment, and no input.
    pub(super) fn call(&self, program: &str, folder: &Utf8Path) -> Result<Call, ProgramError> {
        let call = self
            .programs
            .call(program, self.vars.clone())?
            .within(folder)
            .envs([("NO_COLOR", "1"), ("CARGO_TERM_COLOR", "never")]);
        Ok(match program {
            // It stops at a configuration that names a variable which is not set, such as `${NPM_TOKEN}`.
            "yarn" => call.envs(self.withheld_names().map(|name| (name, ""))),
            _ => call,
        })
    }

    /// Where programs are found.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The reason that one of these programs is not run although it is there.
    pub(super) fn passed_over(&self, programs: &[&str]) -> Option<ProgramError> {
        let mut errors = programs.iter().map(|program| self.programs.find(program));
        errors.find_map(|found| match found {
            Err(error @ ProgramError::OfTheTree { .. }) => Some(error),
            Err(ProgramError::Missing { .. }) | Ok(_) => None,
        })
    }

    /// The program of the project's that a shell would have run instead.
    pub(super) fn shadowed_by(&self, program: &str) -> Option<PathBuf> {
        self.programs.passed_over(program)
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
                let call = self.call(program, folder).ok()?.args(arguments);
                let answer = call.answer(&[], VERSION).ok();
                let answer = answer.filter(|answer| answer.status.success())?;
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
        let answer = match self.call(program, folder) {
            Ok(call) => call.arg("--version").answer(&[], VERSION).ok(),
            Err(error @ ProgramError::OfTheTree { .. }) => return error.into(),
            Err(ProgramError::Missing { .. }) => None,
        };
        let Some(answer) = answer else {
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
            left_out: self.options.environment.left_out(),
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
}

/// The environment of packers, with npm's configuration files replaced by scrubbed copies.
fn packer_environment(from: &Environment, scratch: &Path) -> std::io::Result<Variables> {
    let home = from.get("HOME").or_else(|| from.get("USERPROFILE"));
    let user = from
        .get_any_case("npm_config_userconfig")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(home?).join(".npmrc")));
    let global = from
        .get_any_case("npm_config_globalconfig")
        .map(PathBuf::from);
    let mut vars = packer_variables(from);
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
