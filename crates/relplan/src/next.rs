//! What to do next: one table from situations to words, a code for programs, and command lines that work as they stand.
//!
//! Invariant: whatever the user typed to say where things are (`-C`, `--spec`, `--state`, `--bundle`, `--policy`, the
//! selection) stands in each command line again: a step that leaves it out would begin a second journal.
//!
//! Why one place: `apply`, `status`, `unlock`, `pack`, `plan`, the events and the state's JSON say the same of the same
//! situation, or people go in circles.

mod open;
mod typed;

pub use self::{
    open::{Bundled, OpenPlan},
    typed::Typed,
};

/// A situation in which somebody has to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// The open plan has steps left, and goes on.
    Unfinished,
    /// A step of the open plan was refused for good.
    Refused {
        /// The step and the registry's words.
        what: String,
    },
    /// A credential was refused.
    Credential {
        /// Whether the plan is open; if not, nothing was begun.
        open: bool,
    },
    /// The open plan's file is not here.
    FileElsewhere,
    /// The open plan's artifacts are not here.
    BundleLost {
        /// How many are missing.
        missing: usize,
    },
    /// Something else is there than was planned.
    Conflict {
        /// The step.
        step: String,
        /// The holding pointers that stay where the plan is given up.
        left_behind: Vec<String>,
    },
    /// The open plan has expired, half applied.
    Expired {
        /// Whether a new plan needs approvals.
        approvals: bool,
    },
    /// The plan is not approved, or not any more.
    Unapproved,
    /// Another run has taken over, or is at work.
    TakenOver,
    /// The journal could not be written any more.
    JournalLost,
    /// The journal is damaged.
    JournalDamaged,
    /// Runs of other targets did not begin, or ended undone.
    WaitedInVain {
        /// The targets.
        targets: Vec<String>,
    },
    /// A plan that is not open cannot be applied any more: stale, expired, abandoned, or packed by halves.
    PlanAgain {
        /// Whether something has to be packed before.
        pack: bool,
    },
    /// The plan is done, and held some rows back.
    HeldBack {
        /// Whether because the registry could not be asked.
        unknown: bool,
    },
    /// A plan was saved that changes something.
    Saved {
        /// Whether it needs approvals.
        approvals: bool,
    },
    /// The plan was given up.
    GivenUp,
    /// What keeps the plan from being applied has to be put right on this machine or at the registry.
    PutRight,
    /// A plan that was just made has to be saved, as nobody can be asked.
    Save,
    /// A plan that was just made has to be saved, as people have to sign it.
    SaveAndApprove,
    /// The open plan's artifacts were packed again, and came out with other bytes.
    NotReproduced,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// A stable word for the situation. Codes are API.
    pub code: &'static str,
    /// What to do, in order; what comes later is for who does not want what comes first.
    pub ways: Vec<Way>,
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// In words: a sentence, or the beginning of one that the commands end.
    pub words: String,
    /// The command lines, to be run one after the other.
    pub commands: Vec<String>,
}

impl Next {
    /// The row of the table.
    pub fn of(situation: &Situation, typed: &Typed) -> Self {
        let give_up = |why: &str| {
            way(
                "to give it up (what it published stays published):",
                [typed.abandon(why)],
            )
        };
        let (code, ways) = match situation {
            Situation::Unfinished => (
                "apply",
                vec![
                    way("to go on with the same plan:", [typed.apply()]),
                    give_up("WHY"),
                ],
            ),
            Situation::Refused { what } => (
                "decide-refused",
                vec![
                    way(
                        format!(
                            "first put right what was refused ({what}), then apply again; or abandon the plan and leave the package out of the next one with --exclude:"
                        ),
                        [typed.apply()],
                    ),
                    give_up("refused by the registry"),
                ],
            ),
            Situation::Credential { open } => {
                let mut ways = vec![way(
                    match open {
                        true => {
                            "use a credential that may do what was refused, then apply again; or abandon the plan and leave the package out of the next one with --exclude:"
                        }
                        false => "put the credential right, then apply the same plan:",
                    },
                    [typed.apply()],
                )];
                if *open {
                    ways.push(give_up("the credential is refused"));
                }
                ("credential", ways)
            }
            Situation::FileElsewhere => (
                "apply-plan-file",
                vec![
                    way(
                        "its file is not kept here: find it where it was made, and apply it:",
                        [typed.apply_file("PLAN")],
                    ),
                    give_up("the plan file is lost"),
                ],
            ),
            Situation::BundleLost { missing } => (
                "pack-again",
                vec![
                    way(
                        format!(
                            "{missing} of its artifacts are not in the bundle here; if that is another folder, name it with --bundle; else pack them again, and go on if they come out the same:"
                        ),
                        [typed.pack(), typed.apply()],
                    ),
                    give_up("its artifacts are lost"),
                ],
            ),
            Situation::Conflict { step, left_behind } => {
                let mut ways = vec![way(
                    "a person looks at what is there, gives this plan up, and makes a new one:",
                    [typed.abandon(&format!("conflict at {step}")), typed.plan()],
                )];
                if !left_behind.is_empty() {
                    ways.push(way(
                        format!(
                            "{} stays until a later plan of the same version removes it; or remove it with the registry's own client",
                            left_behind.join(", ")
                        ),
                        [],
                    ));
                }
                ("decide-conflict", ways)
            }
            Situation::Expired { approvals } => {
                let mut commands = vec![typed.abandon("expired"), typed.pack(), typed.plan_into()];
                if *approvals {
                    commands.push(typed.approve());
                }
                commands.push(typed.apply_planned());
                (
                    "plan-again-expired",
                    vec![way(
                        "it has expired with steps left: give it up, and make a new plan for the rest:",
                        commands,
                    )],
                )
            }
            Situation::Unapproved => (
                "approve",
                vec![
                    way("each approver signs the same file:", [typed.approve()]),
                    way("then apply it:", [typed.apply()]),
                ],
            ),
            Situation::TakenOver => (
                "look",
                vec![way(
                    "another run is at work on the plan; see how far it is:",
                    [typed.status()],
                )],
            ),
            Situation::JournalLost => (
                "apply",
                vec![way(
                    "once the state can be written again, apply the same plan, and the registries are asked:",
                    [typed.apply()],
                )],
            ),
            Situation::JournalDamaged => (
                "check-state",
                vec![way(
                    "look at what is wrong with it, and see how to go on:",
                    [typed.check_state()],
                )],
            ),
            Situation::WaitedInVain { targets } => (
                "apply-others",
                vec![
                    way(
                        "where the credentials of all targets are at hand, carry out the whole plan:",
                        [typed.apply_whole()],
                    ),
                    way(
                        "else begin a run for each of the others, at the same time as this one:",
                        targets
                            .iter()
                            .map(|target| typed.apply_target(target))
                            .chain([typed.apply()]),
                    ),
                    give_up("WHY"),
                ],
            ),
            Situation::PlanAgain { pack } => {
                let packing = pack.then(|| typed.pack());
                (
                    "plan",
                    vec![way(
                        "make a new plan:",
                        packing.into_iter().chain([typed.plan_into()]),
                    )],
                )
            }
            Situation::HeldBack { unknown } => (
                if *unknown {
                    "plan-again-unknown"
                } else {
                    "decide-held"
                },
                vec![way(
                    match unknown {
                        true => "when the registry answers again, plan what is left:",
                        false => "a person looks at what was held back, and plans again:",
                    },
                    [typed.plan()],
                )],
            ),
            Situation::PutRight => (
                "put-right",
                vec![way(
                    "put right what is named above, then apply the same plan:",
                    [typed.apply()],
                )],
            ),
            Situation::Saved { approvals } => {
                let approve = approvals.then(|| typed.approve());
                let commands = approve.into_iter().chain([typed.apply_planned()]);
                ("apply-saved", vec![way("to carry it out:", commands)])
            }
            Situation::Save => (
                "save-plan",
                vec![way(
                    "or save the plan and apply that:",
                    [typed.plan_into(), typed.apply_planned()],
                )],
            ),
            Situation::SaveAndApprove => (
                "save-plan",
                vec![way(
                    "save it, have it approved, and apply that file:",
                    [typed.plan_into(), typed.approve(), typed.apply_planned()],
                )],
            ),
            Situation::NotReproduced => (
                "abandon-lost",
                vec![way(
                    "the open plan cannot go on without its own bytes: give it up, and make a new one:",
                    [typed.abandon("its artifacts are lost"), typed.plan()],
                )],
            ),
            Situation::GivenUp => (
                "plan",
                vec![way(
                    "the next plan starts from what the registries show:",
                    [typed.plan()],
                )],
            ),
        };
        Self { code, ways }
    }

    /// As hints of a failure; a command starts with `$ `.
    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        for way in &self.ways {
            hints.push(way.words.clone());
            hints.extend(way.commands.iter().map(|command| format!("$ {command}")));
        }
        hints
    }

    /// For programs.
    pub fn printed(&self) -> relplan_model::next::Next {
        relplan_model::next::Next {
            code: self.code.to_owned(),
            commands: self
                .ways
                .iter()
                .flat_map(|way| way.commands.clone())
                .collect(),
        }
    }
}

fn way(words: impl Into<String>, commands: impl IntoIterator<Item = String>) -> Way {
    Way {
        words: words.into(),
        commands: commands.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
