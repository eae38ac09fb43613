//! A machine that releases are made from, as far as it decides which journal counts: what it remembers, the plans that
//! were started on it, and where its user was told that the journal is.
//!
//! What it remembers is kept by the product's own rules. What it *saw* is kept beside that, by this test alone: a journal
//! that lacks it was set back, whatever the memory says.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    rc::Rc,
};

use relplan_model::{
    approval::PinnedPolicy,
    digest::Sha256,
    plan::{Base, Plan},
    port::{Clock as _, StoreError},
    state::State,
};
use relplan_state::{
    HeadWitness, Here, KnownJournal, KnownJournals, Loaded, Objection, Place, load_state,
    note_carried, objection, witnesses_of,
};
use relplan_testkit::world::World;

use super::{
    laws::{Broken, hold},
    project::PROJECT,
};

/// The folder of the project, which is there since ever.
pub(crate) const ROOT: &str = "/project";

/// Where its journal is if nothing else is said.
pub(crate) const USUAL: &str = ".relplan/state";

/// What a machine knows.
#[derive(Default)]
pub(crate) struct Machine {
    /// Its user's memory of journals.
    pub(crate) journals: KnownJournals,
    /// The policy that it has released under.
    pub(crate) policy: Option<PinnedPolicy>,
    /// The plans that were started on it.
    pub(crate) plans: BTreeMap<Sha256, Plan>,
    /// The journal that it was told to have written to, and how far that had come.
    seen: Option<(String, Sha256)>,
    /// The policy that was in force for something that it did.
    seen_policy: Option<PinnedPolicy>,
}

/// A machine with somebody at it.
#[derive(Clone)]
pub(crate) struct Desk {
    /// What journals are called that are begun here.
    pub(crate) name: String,
    pub(crate) world: World,
    pub(crate) machine: Rc<RefCell<Machine>>,
    /// Where the journal is, as far as is known here.
    pub(crate) place: Place,
    /// The policy that is named with `--policy`.
    pub(crate) policy: Option<PinnedPolicy>,
}

/// Why a journal is not gone by.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// It does not count.
    Objection(Objection),
    /// A later relplan wrote it.
    Later,
}

/// What reading a journal came to.
pub(crate) enum Read {
    Loaded(Box<Loaded>),
    /// It cannot be read just now.
    Blind,
    /// Exit 10, with these words.
    Refused(Refusal, String),
}

impl Desk {
    /// A machine that knows nothing yet.
    pub(crate) fn new(name: impl Into<String>, world: World, place: Place) -> Self {
        Self {
            name: name.into(),
            world,
            machine: Rc::default(),
            place,
            policy: None,
        }
    }

    /// The same machine, about another plan.
    pub(crate) fn turn_to_plan(&self, plan: Plan) -> Self {
        Self {
            world: self.world.turn_to_plan(plan),
            ..self.clone()
        }
    }

    /// The same machine, whose user names another place.
    pub(crate) fn at(&self, place: Place) -> Self {
        Self {
            place,
            ..self.clone()
        }
    }

    pub(crate) fn here(&self) -> Here<'_> {
        Here {
            root: Path::new(ROOT),
            place: &self.place,
        }
    }

    /// The folder of the journal.
    pub(crate) fn folder(&self) -> PathBuf {
        folder_of(&self.place)
    }

    /// Reads the journal as every command does.
    pub(crate) async fn read(&self, plan: Option<&Plan>) -> Result<Read, Broken> {
        let store = self.world.store_in(&self.folder());
        let loaded = match load_state(&store).await {
            Ok(loaded) => loaded,
            Err(later @ StoreError::Later { .. }) => {
                let words = later.to_string();
                return Ok(Read::Refused(Refusal::Later, words));
            }
            Err(StoreError::Io { .. }) => return Ok(Read::Blind),
            Err(damage) => {
                let detail = format!("the journal cannot be folded: {damage}");
                return Err(Broken::new("L9", detail));
            }
        };
        let machine = self.machine.borrow();
        let kept = machine.plans.values();
        let mut witnesses: Vec<HeadWitness> = kept
            .filter_map(|plan| HeadWitness::of_plan("a plan that was started here", &plan.base))
            .collect();
        witnesses
            .extend(plan.and_then(|plan| HeadWitness::of_plan_at_hand(&plan.base, &loaded.state)));
        witnesses.extend(witnesses_of(&machine.journals, self.here(), &loaded.state));
        if let Some(objection) = objection(&loaded, self.here(), Some(PROJECT), &witnesses) {
            let words = objection.to_string();
            return Ok(Read::Refused(Refusal::Objection(objection), words));
        }
        machine.is_what_it_saw(&loaded)?;
        Ok(Read::Loaded(Box::new(loaded)))
    }

    /// Takes note of how far the journal has come.
    pub(crate) fn reached(&self, base: Base) {
        let mut machine = self.machine.borrow_mut();
        machine.saw(&base);
        let now = self.world.clock().now();
        let known = KnownJournal::of(base, self.here(), now);
        machine.journals.extend(known);
    }

    /// Takes note of a journal that is about to be carried here.
    pub(crate) fn carries(&self, loaded: &Loaded, base: Base) {
        let mut machine = self.machine.borrow_mut();
        let has = |(_, head): &(String, Sha256)| loaded.heads.contains_key(head);
        if machine.seen.as_ref().is_none_or(has) {
            machine.saw(&base);
        }
        let now = self.world.clock().now();
        note_carried(&mut machine.journals, (loaded, base), self.here(), now);
    }

    /// Takes note of a claim, and of the policy that it was made under.
    pub(crate) fn claimed(&self, state: &State) -> Result<(), Broken> {
        self.reached(state.base());
        let mut machine = self.machine.borrow_mut();
        let seen = machine.seen_policy;
        machine.policy = state.policy.or(machine.policy);
        machine.seen_policy = state.policy.or(seen);
        hold("policy", seen.is_none() || state.policy.is_some(), || {
            format!("a plan is claimed under no policy, and {seen:?} was in force before")
        })
    }

    /// What `state check --accept` makes this machine forget.
    pub(crate) fn accept(&self, state: &State) {
        let mut machine = self.machine.borrow_mut();
        machine.journals.clear();
        machine.plans.clear();
        machine.seen = None;
        drop(machine);
        self.reached(state.base());
    }

    /// A journal was begun in the place of those that this machine knew.
    pub(crate) fn began(&self, state: &State) -> Result<(), Broken> {
        let mut machine = self.machine.borrow_mut();
        machine.journals.clear();
        machine.seen = None;
        let (seen, found) = (machine.seen_policy, state.policy);
        machine.policy = found.or(machine.policy);
        drop(machine);
        self.reached(state.base());
        hold("policy", seen.is_none() || seen == found, || {
            format!("the new journal goes by {found:?}, and releases were made under {seen:?}")
        })
    }
}

impl Machine {
    fn saw(&mut self, base: &Base) {
        if let Some(lineage) = &base.lineage {
            self.seen = Some((lineage.clone(), base.head));
        }
    }

    /// Nobody may build on a journal that lacks what this machine saw in it (law L10), nor on another one silently.
    fn is_what_it_saw(&self, loaded: &Loaded) -> Result<(), Broken> {
        let state = &loaded.state;
        if let Some((lineage, head)) = &self.seen
            && !relplan_state::is_replaced(state, lineage)
            && !(state.lineage.as_ref() == Some(lineage) && loaded.heads.contains_key(head))
        {
            let detail = format!(
                "the journal lacks {head} of {lineage}, and is gone by all the same: it is {:?} with {}",
                state.lineage, state.head
            );
            return Err(Broken::new("L10", detail));
        }
        Ok(())
    }
}

/// The folder of a place of these tests.
pub(crate) fn folder_of(place: &Place) -> PathBuf {
    PathBuf::from(place.within(Path::new(ROOT)).to_string())
}

/// A folder of the project.
pub(crate) fn place_of(path: impl Into<String>) -> Place {
    Place::File { path: path.into() }
}
