//! Whether a journal is the one that counts: not moved elsewhere, of the right project, and with every line that
//! witnesses remember.
//!
//! A witness remembers a line that the journal once ended with: plans do, and whoever wrote to it. A journal that no
//! longer has the line was set back, or is another one, and whatever were built on it would fork the truth.

use std::{collections::BTreeMap, path::Path};

use relplan_model::{
    digest::Sha256,
    plan::Base,
    state::{Moved, State},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{check::is_replaced, load::Loaded, place::Place};

/// Why a journal does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It is kept somewhere else.
    #[error("it was moved to {} at {}", .0.to, .0.at)]
    Moved(Moved),
    /// It is another project's.
    #[error("it is of the project {found}, and this is {project}")]
    OtherProject {
        /// Its project.
        found: String,
        /// The project here.
        project: String,
    },
    /// A journal is remembered, and there is none.
    #[error(
        "{} remembers the journal {} with serial {} and head {}, and nothing is recorded here",
        witness.name, witness.lineage, witness.serial, witness.head
    )]
    Nothing {
        /// Who remembers it.
        witness: HeadWitness,
    },
    /// Another journal is remembered, and this one does not take its place.
    #[error(
        "{} remembers the journal {} with serial {} and head {}, and this is the journal {lineage} with serial {serial} and head {head}",
        witness.name, witness.lineage, witness.serial, witness.head
    )]
    Another {
        /// Who remembers it.
        witness: HeadWitness,
        /// The name of the one that is here.
        lineage: String,
        /// Its serial.
        serial: u64,
        /// Its head.
        head: Sha256,
    },
    /// It was further, or went another way.
    #[error(
        "{} remembers serial {} with the head {}, which this journal does not have: it is at serial {serial} with the head {head}",
        witness.name, witness.serial, witness.head
    )]
    SetBack {
        /// Who remembers it.
        witness: HeadWitness,
        /// Its serial now.
        serial: u64,
        /// Its head now.
        head: Sha256,
    },
}

/// Somebody who remembers a line that a journal ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadWitness {
    /// Who, as the subject of a sentence.
    pub name: String,
    /// The journal's name.
    pub lineage: String,
    /// Its serial then.
    pub serial: u64,
    /// The digest of the line.
    pub head: Sha256,
}

impl HeadWitness {
    /// What a plan remembers; `None`: it was made before the first entry.
    #[must_use]
    pub fn of_plan(name: impl Into<String>, base: &Base) -> Option<Self> {
        Some(Self {
            name: name.into(),
            lineage: base.lineage.clone()?,
            serial: base.serial,
            head: base.head,
        })
    }

    /// The same of the plan that is at hand. One that was made on another journal is stale here, which is said elsewhere.
    #[must_use]
    pub fn of_plan_at_hand(base: &Base, state: &State) -> Option<Self> {
        let is_here = state.lineage.is_none() || state.lineage == base.lineage;
        Self::of_plan("the plan", base).filter(|_| is_here)
    }

    /// What it has to say against a journal.
    #[must_use]
    pub fn against(&self, loaded: &Loaded) -> Option<Objection> {
        let state = &loaded.state;
        let witness = self.clone();
        let Some(lineage) = state.lineage.clone() else {
            return Some(Objection::Nothing { witness });
        };
        let (serial, head) = (state.serial, state.head);
        if lineage != self.lineage {
            let another = Objection::Another {
                witness,
                lineage,
                serial,
                head,
            };
            return (!is_replaced(state, &self.lineage)).then_some(another);
        }
        let set_back = Objection::SetBack {
            witness,
            serial,
            head,
        };
        (!loaded.heads.contains_key(&self.head)).then_some(set_back)
    }
}

/// Where a journal was read.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// The folder that paths start from.
    pub root: &'a Path,
    /// The place.
    pub place: &'a Place,
}

impl Here<'_> {
    fn is_at(&self, other: &Place) -> bool {
        let here = self.place.within(self.root);
        here.is_same_as(&other.within(self.root))
    }

    fn is_named_by(&self, text: &str) -> bool {
        Place::parse(text).is_ok_and(|place| self.is_at(&place))
    }
}

/// What speaks against a journal as it was read here, if anything does.
#[must_use]
pub fn objection(
    loaded: &Loaded,
    here: Here<'_>,
    project: Option<&str>,
    witnesses: &[HeadWitness],
) -> Option<Objection> {
    if let Some(moved) = moved_elsewhere(&loaded.state, here) {
        return Some(Objection::Moved(moved.clone()));
    }
    of_another_project(&loaded.state, project).or_else(|| {
        let mut against = witnesses.iter().filter_map(|one| one.against(loaded));
        against.next()
    })
}

/// The move by which a journal is kept somewhere else now, if it is not kept here.
#[must_use]
pub fn moved_elsewhere<'s>(state: &'s State, here: Here<'_>) -> Option<&'s Moved> {
    let moved = state.moved.as_ref()?;
    (!here.is_named_by(&moved.to)).then_some(moved)
}

/// Whether a journal is another project's, where one is known.
#[must_use]
pub fn of_another_project(state: &State, project: Option<&str>) -> Option<Objection> {
    let project = project?;
    let is_another = state.lineage.is_some() && state.project != project;
    is_another.then(|| Objection::OtherProject {
        found: state.project.clone(),
        project: project.to_owned(),
    })
}

/// The journals that a machine wrote to itself, by lineage.
pub type KnownJournals = BTreeMap<String, KnownJournal>;

/// How far a journal had come when a machine last wrote to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownJournal {
    /// Where it was, a folder with its whole path.
    pub place: String,
    /// Its serial.
    pub serial: u64,
    /// The digest of its last line.
    pub head: Sha256,
    /// When that was.
    pub at: Timestamp,
}

impl KnownJournal {
    /// A journal that ends as `base` says; `None`: it has no entry yet.
    #[must_use]
    pub fn of(base: Base, here: Here<'_>, at: Timestamp) -> Option<(String, Self)> {
        let Base {
            lineage,
            serial,
            head,
            store: _,
        } = base;
        let place = here.place.within(here.root).to_string();
        let known = Self {
            place,
            serial,
            head,
            at,
        };
        Some((lineage?, known))
    }
}

/// Takes note of a journal that is about to be carried here, unless it lacks what is known of it already: what a machine
/// remembers of a journal never becomes less by a move.
pub fn note_carried(
    journals: &mut KnownJournals,
    (loaded, base): (&Loaded, Base),
    here: Here<'_>,
    at: Timestamp,
) {
    let lineage = loaded.state.lineage.as_ref();
    let known = lineage.and_then(|lineage| journals.get(lineage));
    if known.is_none_or(|known| loaded.heads.contains_key(&known.head)) {
        journals.extend(KnownJournal::of(base, here, at));
    }
}

/// What a machine that wrote to these journals remembers of the one that was read here. A journal elsewhere that takes
/// no other's place is somebody's second one: that it is not the first is said by the policy that is asked for, not here.
#[must_use]
pub fn witnesses_of(journals: &KnownJournals, here: Here<'_>, state: &State) -> Vec<HeadWitness> {
    let concerns = |lineage: &String, known: &KnownJournal| {
        let Ok(place) = Place::parse(&known.place) else {
            return false;
        };
        match (&state.lineage, &place) {
            (Some(this), _) if this == lineage => true,
            // Folders of other checkouts are no business of this one.
            (None, Place::File { path }) => {
                here.is_at(&place) || Path::new(path).starts_with(here.root)
            }
            (None, _) => true,
            (Some(_), _) => here.is_at(&place),
        }
    };
    let known = journals.iter();
    known
        .filter(|(lineage, known)| concerns(lineage, known))
        .map(|(lineage, known)| HeadWitness {
            name: format!(
                "this machine, which last wrote to it at {} in {},",
                known.at, known.place
            ),
            lineage: lineage.clone(),
            serial: known.serial,
            head: known.head,
        })
        .collect()
}
