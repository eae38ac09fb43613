//! The job summary and the step outputs of GitHub Actions.
//!
//! Source: "Workflow commands for GitHub Actions": `GITHUB_STEP_SUMMARY` takes Markdown, 1 MiB for a step, and is
//! dropped whole when it is larger; `GITHUB_OUTPUT` takes `name=value` lines, and for other text a delimiter of choice.

use std::{io::Write as _, path::Path};

use relplan_model::{
    digest::Sha256,
    plan::{Action, Plan},
};
use relplan_system::tree::append_output;
use relplan_targets::surroundings::Surroundings;

use crate::{exit::Exit, view::markdown};

/// What GitHub takes of one step's summary, in bytes, and a little less.
const LONGEST: usize = (1 << 20) - 1024;

/// Not worth a summary any more.
const SHORTEST: usize = 16 << 10;

/// Why they could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to the file that {variable} names")]
pub struct OutputError {
    variable: &'static str,
    #[source]
    source: std::io::Error,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// What GitHub Actions asks for.
    Yes,
    /// Nothing: this is no run of GitHub Actions.
    NoRun,
}

/// What is told about a plan.
pub struct Told<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its digest.
    pub digest: Sha256,
    /// How a look at it ends.
    pub exit: Exit,
    /// The file that it is saved in.
    pub file: Option<String>,
}

impl Told<'_> {
    /// Writes what the environment has files for.
    ///
    /// # Errors
    /// When such a file cannot be written.
    pub fn write(&self, surroundings: &Surroundings) -> Result<Written, OutputError> {
        let mut written = Written::NoRun;
        for (variable, write) in [
            (
                "GITHUB_OUTPUT",
                Self::outputs as fn(&Self, &str) -> std::io::Result<()>,
            ),
            ("GITHUB_STEP_SUMMARY", Self::summary),
        ] {
            if let Some(path) = surroundings.var(variable) {
                write(self, path).map_err(|source| OutputError { variable, source })?;
                written = Written::Yes;
            }
        }
        Ok(written)
    }

    fn outputs(&self, path: &str) -> std::io::Result<()> {
        let Self {
            plan,
            digest,
            exit,
            file,
        } = self;
        let held = plan
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Hold | Action::Drift))
            .count();
        let mut text = format!(
            "plan-digest={digest}\nhas-changes={}\nexit-code={}\nsteps={}\nheld={held}\n",
            plan.has_steps(),
            exit.code(),
            plan.steps.len(),
        );
        if let Some(file) = file {
            // A file's name may hold anything, line ends too. Nobody can write a delimiter that nobody knows.
            let delimiter = random()?;
            text.push_str(&format!("plan-file<<{delimiter}\n{file}\n{delimiter}\n"));
        }
        append(path, &text)
    }

    fn summary(&self, path: &str) -> std::io::Result<()> {
        let there = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let left = LONGEST.saturating_sub(usize::try_from(there).unwrap_or(usize::MAX));
        if left < SHORTEST {
            // Other commands of this step have filled it, and one byte too many would drop theirs as well.
            return Ok(());
        }
        let text = markdown::render(self.plan, self.digest, left - 2);
        append(path, &format!("{}\n\n", text.trim_end()))
    }
}

fn append(path: &str, text: &str) -> std::io::Result<()> {
    append_output(Path::new(path))?.write_all(text.as_bytes())
}

fn random() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| std::io::Error::other("no randomness"))?;
    Ok(relplan_model::digest::hex(&bytes))
}
