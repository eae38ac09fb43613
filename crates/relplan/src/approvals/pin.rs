//! Which policy counts: the one that is pinned where this runs, never one that arrives with the plan.
//!
//! 1. `--policy FILE`, or `RELPLAN_POLICY`: whoever configures this place says so.
//! 2. Else the policy that the journal remembers: `policy.kdl` beside the spec counts only if it is that one, or if
//!    rotations beside it lead from that one to it, signed by the thresholds of both at each step.
//! 3. Else none is pinned. A `policy.kdl` that nobody pinned came with the checkout, and so perhaps with the plan: it is
//!    not used, and it is not passed over either, since somebody who wrote one expects a gate.
//!
//! Where the machine has released the project under a policy, and this is another journal, it is the machine that
//! remembers: what another journal remembers was perhaps written by whoever chose it.
//!
//! Invariant: a policy never goes back to an older version than is remembered, whoever names it.

use std::path::{Path, PathBuf};

use relplan_approval::{
    policy::{self, Policy},
    rotation::{self, Rotation},
};
use relplan_model::{approval::PinnedPolicy, state::State, time::Timestamp};
use relplan_targets::surroundings::Surroundings;

use crate::{
    arguments::PinnedPlace,
    commands::Session,
    exit::Exit,
    failure::Failure,
    files::{self, Named},
    memory::{KnownPolicy, Memory},
    next::Situation,
    project::{Project, kdl_style},
    view::style::Style,
};

/// The name of the policy's file in a project.
pub const USUAL: &str = "policy.kdl";

/// The longest policy that is read, in bytes: somewhat more than its reader takes, which says so better.
const MAX_POLICY: u64 = 1 << 20;

/// A policy with where it was found.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// The policy.
    pub policy: Policy,
    /// Its version and digest.
    pub pin: PinnedPolicy,
    /// Its file.
    pub file: PathBuf,
    /// Whether it is the one that is remembered.
    pub is_remembered: bool,
}

/// The policy that releases of a project were approved under before.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// Its version and digest.
    pub pin: PinnedPolicy,
    by: By,
    /// Whether this machine has seen it in force. A journal alone can arrive with the tree or with the plan.
    is_seen_here: bool,
}

/// Who remembers it.
#[derive(Debug, Clone)]
enum By {
    Journal,
    /// This machine, of another journal of the project, or of an earlier state of this one.
    Machine {
        project: String,
        known: KnownPolicy,
    },
}

impl Remembered {
    /// What journal and machine remember together; `None`: neither knows of a policy.
    pub fn of(session: &Session, project: &str, state: &State) -> Result<Option<Self>, Failure> {
        let known = Memory::of(&session.surroundings).known(project)?;
        let Some(known) = known.and_then(|known| known.policy) else {
            return Ok(state.policy.map(Self::by_journal));
        };
        let is_same = state.lineage.as_deref() == Some(&known.lineage);
        match state.policy {
            Some(pin) if is_same && pin.version > known.pin.version => {
                Ok(Some(Self::seen_here(pin)))
            }
            Some(pin) if pin == known.pin => Ok(Some(Self::seen_here(pin))),
            _ => Ok(Some(Self {
                pin: known.pin,
                is_seen_here: true,
                by: By::Machine {
                    project: project.to_owned(),
                    known,
                },
            })),
        }
    }

    /// What the journal remembers.
    fn by_journal(pin: PinnedPolicy) -> Self {
        Self {
            pin,
            by: By::Journal,
            is_seen_here: false,
        }
    }

    /// What the journal remembers, and this machine has seen in force.
    pub fn seen_here(pin: PinnedPolicy) -> Self {
        Self {
            is_seen_here: true,
            ..Self::by_journal(pin)
        }
    }

    /// Who remembers it, and what, as in "the journal remembers version 3 (1f2e3d4c)".
    fn told(&self) -> String {
        let (version, digest) = (self.pin.version, self.pin.digest.short());
        match &self.by {
            By::Journal => format!("the journal remembers version {version} ({digest})"),
            By::Machine { known, .. } => format!(
                "this machine remembers version {version} ({digest}) of the journal {} in {}",
                known.lineage, known.place
            ),
        }
    }

    /// The project whose policy only this machine asks for, which it can be made to forget.
    fn forgettable(&self) -> Option<String> {
        match &self.by {
            By::Journal => None,
            By::Machine { project, .. } => Some(project.clone()),
        }
    }

    /// That this policy has to be settled, by naming a file where one is given.
    fn to_pin(&self, words: &'static str, file: Option<&'static str>) -> Situation {
        Situation::PinPolicy {
            words,
            file,
            forget: self.forgettable(),
        }
    }
}

/// Where a policy is looked for.
#[derive(Debug, Clone)]
pub struct Places {
    /// The file that was named by flag or environment.
    pub named: Option<PathBuf>,
    /// The usual file.
    pub usual: PathBuf,
    /// Whether there must be one.
    pub required: bool,
    /// Whether the journal was named by flag or environment, so that neither tree nor plan chose it.
    pub is_journal_named: bool,
    /// How problems are shown.
    pub style: Style,
}

impl Places {
    /// The places of a session.
    pub fn new(
        project: &Project,
        surroundings: &Surroundings,
        given: &PinnedPlace,
        style: Style,
    ) -> Self {
        let PinnedPlace {
            policy: given,
            require_policy,
        } = given;
        let is_set = |name| {
            surroundings
                .var(name)
                .is_some_and(|set| !matches!(set, "0" | "false"))
        };
        let var = surroundings
            .var("RELPLAN_POLICY")
            .filter(|path| !path.is_empty());
        Self {
            named: given.clone().or(var.map(PathBuf::from)),
            usual: project.root.as_std_path().join(USUAL),
            required: *require_policy || is_set("RELPLAN_REQUIRE_POLICY"),
            is_journal_named: surroundings.var("RELPLAN_STATE").is_some(),
            style,
        }
    }

    /// The same, where `--state` may name the journal.
    pub fn on_journal(self, named: Option<&str>) -> Self {
        Self {
            is_journal_named: self.is_journal_named || named.is_some(),
            ..self
        }
    }

    /// The policy that counts here; `None`: none is pinned.
    pub fn pinned(
        &self,
        remembered: Option<&Remembered>,
        now: Timestamp,
    ) -> Result<Option<Pinned>, Failure> {
        if let Some(file) = &self.named {
            let found = self.read(file, remembered.map(|known| known.pin))?;
            if let Some(known) = remembered {
                not_older(&found, known)?;
            }
            return Ok(Some(found));
        }
        let Some(known) = remembered else {
            return if self.usual.exists() {
                Err(self.not_pinned_yet())
            } else if self.required {
                Err(none_in_force())
            } else {
                Ok(None)
            };
        };
        if self.required && !known.is_seen_here && !self.is_journal_named {
            return Err(only_the_journal_asks(known));
        }
        let pin = known.pin;
        if !self.usual.exists() {
            let mut message = format!(
                "releases of this project are approved under version {} of a policy ({}), and it is not here",
                pin.version,
                pin.digest.short()
            );
            if let By::Machine { .. } = known.by {
                message = format!("{message}: {}", known.told());
            }
            let words = "put it beside the spec as policy.kdl, or name it:";
            return Err(
                Failure::new(Exit::Approval, message).situation(known.to_pin(words, Some("FILE")))
            );
        }
        let found = self.read(&self.usual, Some(pin))?;
        if found.pin == pin || self.leads_to(&found, pin, now)? {
            return Ok(Some(found));
        }
        let message = format!(
            "{} is version {} ({}), and {}",
            self.usual.display(),
            found.pin.version,
            found.pin.digest.short(),
            known.told()
        );
        Err(
            Failure::new(Exit::Approval, message).situation(Situation::OtherPolicy {
                file: USUAL,
                forget: known.forgettable(),
            }),
        )
    }

    fn not_pinned_yet(&self) -> Failure {
        let message = format!(
            "{} is here, and it is not pinned as the policy that counts",
            self.usual.display()
        );
        Failure::new(Exit::Approval, message).situation(Situation::PinPolicy {
            words: "what lies beside a plan could let anybody approve it; read it, and name it once, and the journal remembers it:",
            file: Some(USUAL),
            forget: None,
        })
    }

    /// The policy for somebody who looks or signs, and who guards nothing by it.
    pub fn looked_at(&self, remembered: Option<PinnedPolicy>) -> Result<Pinned, Failure> {
        let file = self.named.as_ref().unwrap_or(&self.usual);
        if self.named.is_none() && !file.exists() {
            return Err(Failure::new(
                Exit::Approval,
                "no policy is here, so nobody can say whose approval counts",
            )
            .situation(Situation::PinPolicy {
                words: "write policy.kdl beside the spec (docs/reference/policy.md shows how), or name one:",
                file: Some("FILE"),
                forget: None,
            }));
        }
        self.read(file, remembered)
    }

    fn read(&self, file: &Path, remembered: Option<PinnedPolicy>) -> Result<Pinned, Failure> {
        if self.named.is_none() && files::leads_out(file) {
            let message = format!("{} is a link that leads out of the project", file.display());
            return Err(Failure::new(Exit::Approval, message)
                .hint("put the policy itself there, or name the file with --policy"));
        }
        let policy = read(file, self.style)?;
        let pin = policy
            .pin()
            .map_err(|error| Failure::of(Exit::Invalid, &error))?;
        Ok(Pinned {
            policy,
            pin,
            file: file.to_owned(),
            is_remembered: remembered == Some(pin),
        })
    }

    /// Whether rotations beside the usual file lead from the remembered policy to it.
    fn leads_to(
        &self,
        found: &Pinned,
        known: PinnedPolicy,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let mut left = rotations(&rotations_of(&self.usual))?;
        let mut chain = Vec::new();
        let mut at = known;
        while at != found.pin {
            let next = left.iter().position(|rotation| {
                let ends = rotation::policies(rotation).ok();
                ends.and_then(|(from, _)| from.pin().ok()) == Some(at)
            });
            let Some(next) = next else {
                return Ok(false);
            };
            let rotation = left.swap_remove(next);
            let to = rotation::policies(&rotation).map(|(_, to)| to);
            match to.ok().and_then(|to| to.pin().ok()) {
                Some(pin) => at = pin,
                None => return Ok(false),
            }
            chain.push(rotation);
        }
        rotation::follow(known, &chain, now)
            .map(|end| end.is_some())
            .map_err(|error| {
                Failure::of(Exit::Approval, &error)
                    .while_doing(format!("{} may not be used yet", self.usual.display()))
            })
    }
}

/// Reads a policy's text, or its canonical form.
pub fn read(file: &Path, style: Style) -> Result<Policy, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::of(Exit::Invalid, error)
            .while_doing(format!("cannot use the policy {}", file.display()))
    };
    let Named {
        bytes,
        may_be_quoted,
    } = files::read_named(file, MAX_POLICY).map_err(|error| cannot(&error))?;
    parsed(file, bytes, style).map_err(|failure| match may_be_quoted {
        true => failure,
        false => Failure::new(
            Exit::Invalid,
            format!(
                "cannot use the policy {}: it is a link that leads out of the project, to what is no policy",
                file.display()
            ),
        ),
    })
}

fn parsed(file: &Path, bytes: Vec<u8>, style: Style) -> Result<Policy, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::of(Exit::Invalid, error)
            .while_doing(format!("cannot use the policy {}", file.display()))
    };
    if bytes.starts_with(b"{") {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        return Policy::from_bytes(bytes).map_err(|error| cannot(&error));
    }
    let text = String::from_utf8(bytes).map_err(|error| cannot(&error))?;
    policy::parse(&text).map_err(|problems| {
        let name = file.display().to_string();
        let rendered = relplan_kdl::render(&problems, &name, &text, kdl_style(style));
        let message = match problems.len() {
            1 => "the policy is not valid".to_owned(),
            count => format!("the policy is not valid: {count} problems"),
        };
        Failure::new(Exit::Invalid, message).details(rendered)
    })
}

/// A policy must be in force, and none is.
fn none_in_force() -> Failure {
    Failure::new(
        Exit::Approval,
        "no policy is in force here, and --require-policy (or RELPLAN_REQUIRE_POLICY) asks for one",
    )
    .situation(Situation::PinPolicy {
        words: "name it, here or in RELPLAN_POLICY:",
        file: Some("FILE"),
        forget: None,
    })
}

fn only_the_journal_asks(known: &Remembered) -> Failure {
    let message = format!(
        "{}, and that journal was named by the spec or the plan, which --require-policy (or RELPLAN_REQUIRE_POLICY) does not go by",
        known.told()
    );
    let words = "name the journal with --state or in RELPLAN_STATE, or the policy, here or in RELPLAN_POLICY:";
    Failure::new(Exit::Approval, message).situation(known.to_pin(words, Some("FILE")))
}

fn not_older(found: &Pinned, remembered: &Remembered) -> Result<(), Failure> {
    let known = remembered.pin;
    let about = format!(
        "the policy {} is version {} ({})",
        found.file.display(),
        found.pin.version,
        found.pin.digest.short()
    );
    if found.pin.version < known.version {
        let message = format!(
            "{about}, and releases were approved under version {} before: a policy never goes back",
            known.version
        );
        let words = "give what it says a new version, above the one that was used";
        return Err(Failure::new(Exit::Approval, message).situation(remembered.to_pin(words, None)));
    }
    if found.pin.version == known.version && found.pin.digest != known.digest {
        let message = format!("{about}, which is another policy: {}", remembered.told());
        let words =
            "each change of a policy needs a new version, and `previous` names the one before";
        return Err(Failure::new(Exit::Approval, message).situation(remembered.to_pin(words, None)));
    }
    Ok(())
}

/// The folder with the rotations of a policy's file.
pub fn rotations_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rotations");
    PathBuf::from(name)
}

/// The rotations in a folder; what is none is left out, for it can prove nothing.
///
/// # Errors
/// When a later relplan wrote one: it may prove what this one cannot read.
fn rotations(folder: &Path) -> Result<Vec<Rotation>, Failure> {
    const MOST: usize = 1_000;
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .take(MOST)
        .collect();
    files.sort();
    let mut rotations = Vec::new();
    for file in files {
        let Ok(bytes) = files::read_found(&file, rotation::MAX_SIZE as u64) else {
            continue;
        };
        match Rotation::from_bytes(&bytes) {
            Ok(rotation) => rotations.push(rotation),
            Err(error) => {
                let failure = Failure::of(Exit::Invalid, &error)
                    .while_doing(format!("cannot use {}", file.display()));
                if failure.situation == Some(Situation::LaterFormat) {
                    return Err(failure);
                }
            }
        }
    }
    Ok(rotations)
}
