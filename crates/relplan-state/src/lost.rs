//! What is still known of journals that a new one takes the place of, and the first line of the new one.
//!
//! Invariant: a policy does not get lost with its journal.

use std::collections::BTreeMap;

use relplan_model::{
    approval::PinnedPolicy,
    digest::Sha256,
    journal::{Record, Replaced, VERSION},
    plan::Base,
    state::State,
};

/// Journals that were lost or damaged, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    journals: BTreeMap<String, Replaced>,
    /// The policy that the rest of the journal remembers.
    pub policy: Option<PinnedPolicy>,
    /// The plan that was open, and where it ran.
    pub open: Option<(Sha256, String)>,
}

impl Lost {
    /// Somebody remembers that a journal came so far.
    pub fn add(&mut self, base: Base) {
        let Base {
            lineage,
            serial,
            head,
            store: _,
        } = base;
        let Some(lineage) = lineage else { return };
        let replaced = Replaced {
            lineage: lineage.clone(),
            serial,
            head,
        };
        let known = self.journals.entry(lineage);
        let known = known.or_insert_with(|| replaced.clone());
        if known.serial < serial {
            *known = replaced;
        }
    }

    /// The rest of a journal, which is to be believed up to where it is damaged. Whether anything could be read.
    pub fn add_lines<L: AsRef<[u8]>>(&mut self, lines: &[L]) -> bool {
        let mut last = None;
        // What cannot be read is what was lost.
        let _ = State::replay_each(lines, |_, _, state| {
            let open = state.open.as_ref();
            let open = open.map(|open| (open.plan, open.runner.clone()));
            last = Some((state.base(), state.policy, open));
        });
        let Some((base, policy, open)) = last else {
            return false;
        };
        self.add(base);
        (self.policy, self.open) = (policy, open);
        true
    }

    /// The journals, each with the last that is known of it.
    pub fn journals(&self) -> impl Iterator<Item = &Replaced> {
        self.journals.values()
    }

    /// The first line of the journal that takes their place. `policy` is in force from there on.
    #[must_use]
    pub fn genesis(
        &self,
        lineage: String,
        project: String,
        policy: Option<PinnedPolicy>,
    ) -> Record {
        Record::Genesis {
            lineage,
            project,
            format: Some(VERSION),
            replaces: self.journals.values().cloned().collect(),
            policy,
        }
    }
}
