//! Verifying a journal: chain, fold, the bytes that receipts name, and whether its end was cut off.
//!
//! Why plans: a hash chain shows every change but one, that its end is missing. Each plan names the head of the journal
//! that it was made on, so every plan that somebody kept remembers how far the journal had come (and so does whoever
//! approved it).

use std::collections::BTreeMap;

use relplan_model::{
    address::FileName,
    bundle::Artifact,
    digest::{Comparison, Sha256},
    journal::{Entry, Fact, Record},
    plan::{Base, Plan},
    state::{ReplayError, State},
};

/// A plan that remembers something of the journal.
#[derive(Debug, Clone)]
pub struct Witness {
    /// What people call it: its file.
    pub name: String,
    /// Its digest.
    pub digest: Sha256,
    /// The plan.
    pub plan: Plan,
}

/// What does not agree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// The plan was made on another journal.
    #[error("{name} was made on the journal {planned}, and this is {found}")]
    OtherJournal {
        /// The plan.
        name: String,
        /// The lineage that the plan names.
        planned: String,
        /// This journal's.
        found: String,
    },
    /// The journal once ended with a line that it no longer has.
    #[error(
        "{name} was made when the journal ended with {head} at serial {serial}, and no line of it has that digest: \
         its end was cut off, or another was put in its place"
    )]
    Truncated {
        /// The plan.
        name: String,
        /// The head that the plan names.
        head: Sha256,
        /// The serial that it names.
        serial: u64,
    },
    /// The line is there, with another serial.
    #[error("{name} names serial {planned} for the line {head}, and it is serial {found}")]
    OtherSerial {
        /// The plan.
        name: String,
        /// The line.
        head: Sha256,
        /// The serial that the plan names.
        planned: u64,
        /// The serial that the journal had.
        found: u64,
    },
    /// A receipt names other bytes than its plan.
    #[error("entry {seq} records other bytes of {file} than {name} has")]
    OtherBytes {
        /// The entry.
        seq: u64,
        /// The file.
        file: FileName,
        /// The plan.
        name: String,
    },
}

/// A journal that was verified.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its fold.
    pub state: State,
    /// How many plans it was held against.
    pub witnesses: usize,
    /// How many files' digests were compared with those of their plans.
    pub files: usize,
    /// What does not agree.
    pub disagreements: Vec<Disagreement>,
}

/// Verifies a journal against plans that remember it.
///
/// # Errors
/// When a line is not an entry, does not follow the one before it, or says something impossible.
pub fn check<L: AsRef<[u8]>>(lines: &[L], witnesses: &[Witness]) -> Result<Checked, ReplayError> {
    let mut serials = BTreeMap::new();
    let mut checked = Checked {
        state: State::default(),
        witnesses: witnesses.len(),
        files: 0,
        disagreements: Vec::new(),
    };
    let plans: BTreeMap<Sha256, &Witness> = witnesses
        .iter()
        .map(|witness| (witness.digest, witness))
        .collect();
    let state = State::replay_each(lines, |entry, open, state| {
        serials.insert(state.head, state.serial);
        if let Some(witness) = open.and_then(|open| plans.get(&open)) {
            checked.compare(entry, witness);
        }
    })?;
    for witness in witnesses {
        checked
            .disagreements
            .extend(remembered(witness, &state, &serials));
    }
    checked.state = state;
    Ok(checked)
}

fn remembered(
    witness: &Witness,
    state: &State,
    serials: &BTreeMap<Sha256, u64>,
) -> Option<Disagreement> {
    let Base {
        lineage,
        serial,
        head,
        store: _,
    } = &witness.plan.base;
    // Made before the first entry: it remembers nothing.
    let planned = lineage.clone()?;
    if is_replaced(state, &planned) {
        return None;
    }
    let name = witness.name.clone();
    match (state.lineage.clone(), serials.get(head)) {
        (Some(found), _) if found != planned => Some(Disagreement::OtherJournal {
            name,
            planned,
            found,
        }),
        (_, None) => Some(Disagreement::Truncated {
            name,
            head: *head,
            serial: *serial,
        }),
        (_, Some(found)) if found != serial => Some(Disagreement::OtherSerial {
            name,
            head: *head,
            planned: *serial,
            found: *found,
        }),
        (_, Some(_)) => None,
    }
}

/// Whether this journal says of itself that it takes that one's place.
#[must_use]
pub fn is_replaced(state: &State, lineage: &str) -> bool {
    state.replaces.iter().any(|one| one.lineage == lineage)
}

impl Checked {
    /// A receipt's files against those that its plan uploads.
    fn compare(&mut self, entry: &Entry, witness: &Witness) {
        let Record::Receipt { facts, .. } = &entry.record else {
            return;
        };
        for fact in facts {
            let Fact::File { file, digests, .. } = fact else {
                continue;
            };
            let planned = |artifact: &&Artifact| artifact.file == *file;
            let Some(artifact) = witness.plan.artifacts.iter().find(planned) else {
                continue;
            };
            self.files += 1;
            if artifact.digests.compare(digests) == Comparison::Different {
                self.disagreements.push(Disagreement::OtherBytes {
                    seq: entry.seq,
                    file: file.clone(),
                    name: witness.name.clone(),
                });
            }
        }
    }
}
