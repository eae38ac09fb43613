//! What the person at the keyboard does where a journal is not gone by: what the refusal says.

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
};
use relplan_state::{Objection, Place};
use relplan_testkit::world::Ran;

use super::{
    laws::{Broken, hold},
    machine::{Desk, Refusal, USUAL, place_of},
    operator::{DESPAIR, Operator, PATIENCE},
    session,
    upheaval::Upheavals,
};

impl Operator<'_> {
    /// A later relplan is at work, and what it wrote has come to nothing.
    pub(crate) fn upgrade(&self) {
        let (world, folder) = (&self.desk.world, self.desk.folder());
        let whole = lines(&world.journal(&folder));
        let is_known =
            |line: &&Vec<u8>| Entry::from_line(line).is_ok_and(|entry| !is_later(&entry));
        let known: Vec<Vec<u8>> = whole.iter().take_while(is_known).cloned().collect();
        world.put_journal(&folder, &joined(&known));
    }

    /// The machine is gone, and with it all that it remembered. Whoever comes next begins a new journal, or rebuilds one.
    pub(crate) fn lose_machine(&mut self) -> Result<(), Broken> {
        let world = self.desk.world.clone();
        self.forgot = true;
        let policy = self.desk.policy;
        self.desk = Desk::new("simulated", world, place_of(USUAL));
        self.desk.policy = policy;
        self.desk.world.use_store_in(&self.desk.folder());
        let pending = std::mem::take(&mut self.upheavals.pending);
        let (chance, round) = (self.upheavals.chance.clone(), self.upheavals.round);
        self.upheavals = Upheavals {
            chance,
            round,
            pending,
            ..Upheavals::new(self.scenario)
        };
        if !self.scenario.upheavals.is_empty() && self.upheavals.chance.per_mille(500) {
            self.rebuild()?;
        }
        Ok(())
    }

    /// Does what a refusal says.
    pub(crate) fn put_right(&mut self, refusal: &Refusal, words: &str) -> Result<(), Broken> {
        self.desk
            .world
            .remark(|| format!("the journal is not gone by: {words}"));
        self.desk.world.kill_at(None);
        match refusal {
            Refusal::Later => {
                is_called_later(words)?;
                self.upgrade();
                Ok(())
            }
            Refusal::Objection(Objection::Moved(moved)) => {
                let to = Place::parse(&moved.to);
                let to = to.map_err(|error| Broken::new("L10", error.to_string()))?;
                self.follow(to)
            }
            Refusal::Objection(Objection::OtherProject { .. }) => {
                Err(Broken::new("L13", words.to_owned()))
            }
            Refusal::Objection(objection) => {
                names_both_heads(objection, words)?;
                self.find_the_one_that_counts(objection)
            }
        }
    }

    /// Goes to where the journal is said to be. Where that place says that it is here, one of the two was set back: each
    /// refusal names the command that finishes its move, and one of those commands carries what is missing.
    fn follow(&mut self, to: Place) -> Result<(), Broken> {
        let from = self.desk.place.clone();
        self.go_to(to.clone());
        if self.upheavals.came_from.replace(from.clone()).as_ref() != Some(&to) {
            return Ok(());
        }
        self.upheavals.came_from = None;
        let goal = self.desk.clone();
        self.insist(|_| goal.world.run(session::push(&goal, &from)))?;
        if !is_moved_to(&goal, &goal.place) {
            let goal = self.desk.at(from);
            self.insist(|_| goal.world.run(session::push(&goal, &to)))?;
            self.go_to(goal.place);
        }
        Ok(())
    }

    /// The journal lacks what is remembered: a move is finished, the newer copy is put back or named, a new one is begun,
    /// or this one is taken as it is.
    fn find_the_one_that_counts(&mut self, objection: &Objection) -> Result<(), Broken> {
        let (world, folder) = (self.desk.world.clone(), self.desk.folder());
        if let Some(from) = self.upheavals.moving.take() {
            for push in 0..DESPAIR {
                if push == PATIENCE {
                    self.calm_down();
                }
                if let Ran::Ended(done) = world.run(session::push(&self.desk, &from))
                    && done?
                {
                    world.remark(|| "the move is finished".to_owned());
                    return self.upheavals.check(&world);
                }
                world.pass(10);
            }
        }
        let newer = std::mem::take(&mut self.upheavals.newer);
        if !newer.is_empty() && newer.starts_with(&joined(&lines(&world.journal(&folder)))) {
            world.remark(|| "the newer copy is put back".to_owned());
            world.put_journal(&folder, &newer);
            return Ok(());
        }
        if let Some(other) = self.upheavals.copy.take() {
            self.go_to(other);
            return Ok(());
        }
        if let Objection::Nothing { .. } = objection {
            return self.rebuild();
        }
        world.remark(|| "the journal is taken as it is".to_owned());
        self.forgot = true;
        for other in self
            .upheavals
            .folders
            .iter()
            .filter(|other| **other != folder)
        {
            world.put_journal(other, &[]);
        }
        self.insist(|operator| operator.desk.world.run(session::accept(&operator.desk)))
    }

    fn rebuild(&mut self) -> Result<(), Broken> {
        self.forgot = true;
        self.desk
            .world
            .remark(|| "a new journal is begun from what registries show".to_owned());
        let left = std::mem::take(&mut self.upheavals.left);
        let round = self.upheavals.round;
        self.insist(|operator| {
            let (desk, scenario) = (&operator.desk, operator.scenario);
            desk.world
                .run(session::rebuild(desk, scenario, round, &left))
        })
    }

    /// Does something until it is done.
    pub(crate) fn insist(
        &mut self,
        mut act: impl FnMut(&Self) -> Ran<Result<bool, Broken>>,
    ) -> Result<(), Broken> {
        for attempt in 0..DESPAIR {
            if attempt == PATIENCE {
                self.calm_down();
            }
            if let Ran::Ended(done) = act(self)
                && done?
            {
                return Ok(());
            }
            self.desk.world.pass(10);
        }
        Err(Broken::new("L4", "the journal is not put right"))
    }
}

/// The whole lines of a journal.
pub(crate) fn lines(journal: &[u8]) -> Vec<Vec<u8>> {
    let whole = journal.split_inclusive(|byte| *byte == b'\n');
    whole
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(<[u8]>::to_vec)
        .collect()
}

pub(crate) fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    let with_end = |line: &Vec<u8>| [line.as_slice(), b"\n"].concat();
    lines.iter().flat_map(with_end).collect()
}

/// Whether the last that a journal says is that it is kept there.
pub(crate) fn is_moved_to(desk: &Desk, to: &Place) -> bool {
    let last = lines(&desk.world.journal(&desk.folder())).pop();
    let entry = last.and_then(|line| Entry::from_line(&line).ok());
    entry.is_some_and(|entry| entry.record == Record::Moved { to: to.to_string() })
}

pub(crate) fn is_later(entry: &Entry) -> bool {
    matches!(&entry.record, Record::Genesis { format, .. } if format.is_some_and(|format| format > 1))
}

pub(crate) fn is_called_later(words: &str) -> Result<(), Broken> {
    let is_said = words.contains("later") && !words.contains("damaged");
    hold("L13", is_said, || words.to_owned())
}

/// Whoever refuses a journal says what is remembered of it, and what there is.
fn names_both_heads(objection: &Objection, words: &str) -> Result<(), Broken> {
    let heads = match objection {
        Objection::Nothing { witness } => vec![witness.head],
        Objection::Another { witness, head, .. } | Objection::SetBack { witness, head, .. } => {
            vec![witness.head, *head]
        }
        Objection::Moved(_) | Objection::OtherProject { .. } => Vec::new(),
    };
    let is_named = |head: &Sha256| words.contains(&head.to_string());
    hold("L10", heads.iter().all(is_named), || words.to_owned())
}
