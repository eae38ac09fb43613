//! What to do next: one table from situations to words, a code for programs, and command lines that work as they stand.
//!
//! Invariant: whatever the user typed to say where things are (`-C`, `--spec`, `--state`, `--bundle`, `--policy`, the
//! selection) stands in each command line again: a step that leaves it out would begin a second journal.
//!
//! Why one place: `apply`, `status`, `unlock`, `pack`, `plan`, the events and the state's JSON say the same of the same
//! situation, or people go in circles.

mod open;
mod table;
mod typed;

pub use self::{
    open::{Bundled, OpenPlan},
    typed::{Typed, shell},
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
    /// Another run has taken over.
    TakenOver,
    /// Another run is at work on the same steps.
    AtWork,
    /// The journal could not be written any more.
    JournalLost,
    /// The journal is damaged.
    JournalDamaged,
    /// The journal here does not count, or not as it is.
    Journal(Objection),
    /// A later relplan wrote what is to be read.
    LaterFormat,
    /// It is not settled which policy counts here.
    PinPolicy {
        /// What to do about it.
        words: &'static str,
        /// The file to name, where naming one settles it.
        file: Option<&'static str>,
        /// The project whose policy this machine alone remembers.
        forget: Option<String>,
    },
    /// The policy beside the spec is another one than is remembered.
    OtherPolicy {
        /// Its file.
        file: &'static str,
        /// The project whose policy this machine alone remembers.
        forget: Option<String>,
    },
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
    /// A plan of less, or one beside the one that is here, is what helps.
    PlanApart {
        /// What for.
        words: &'static str,
    },
    /// The same command helps: once what is named was put right, or with more words.
    Again {
        /// When, or what for.
        words: &'static str,
        /// What is added to it.
        with: Vec<String>,
    },
}

impl Situation {
    /// That the same command helps, with these words added.
    pub fn again(words: &'static str, with: &[&str]) -> Self {
        Self::Again {
            words,
            with: with.iter().map(|word| (*word).to_owned()).collect(),
        }
    }
}

/// What speaks against a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The journal is damaged, and was looked at.
    Damaged {
        /// How to put it aside.
        aside: Aside,
    },
    /// There is no journal, and somebody remembers one.
    Missing,
    /// The journal lacks what somebody remembers of it.
    SetBack,
    /// The journal is kept somewhere else now.
    Moved {
        /// Where it was looked for.
        from: String,
        /// Where it is.
        to: String,
    },
    /// The journal is another project's.
    OtherProject {
        /// The project that it is of.
        recorded: String,
        /// The project here.
        here: String,
    },
    /// Plan and spec name different places for the state.
    TwoPlaces {
        /// The plan's.
        planned: String,
    },
}

/// How a damaged journal is put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Words, where no command does it.
    pub words: Option<&'static str>,
    /// The command lines that do it, quoted for a shell.
    pub commands: Vec<String>,
    /// Where it is then, if it can still be read there.
    pub lost: Option<String>,
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

#[cfg(test)]
mod tests;
