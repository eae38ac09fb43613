//! Folding: what each record of the journal changes in the state, and which records cannot be, given those before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ended, FoldError, Moved, Open, Part, Progress, Recorded, State};
use crate::{
    address::{Address, TargetName, Version},
    approval::Approved,
    digest::Sha256,
    journal::{Entry, Fact, Record, Renaming},
    step::StepId,
    time::Timestamp,
};

impl State {
    /// Folds one entry in. `line` is the digest of the entry's line.
    ///
    /// # Errors
    /// When the entry does not follow, or says something impossible. The state is then as it was.
    pub fn fold(&mut self, entry: &Entry, line: Sha256) -> Result<(), FoldError> {
        let seq = self.length;
        if entry.seq != seq {
            return Err(FoldError::Chain {
                seq,
                why: "its number is not the next one",
            });
        }
        if entry.prev != self.head {
            return Err(FoldError::Chain {
                seq,
                why: "it does not name the digest of the line before",
            });
        }
        self.take(&entry.record, entry.at)
            .map_err(|why| FoldError::Impossible { seq, why })?;
        self.hear(&entry.record, entry.at);
        self.length += 1;
        self.head = line;
        Ok(())
    }

    fn take(&mut self, record: &Record, at: Timestamp) -> Result<(), &'static str> {
        if self.lineage.is_none() != matches!(record, Record::Genesis { .. }) {
            return Err("a journal has one genesis, and it comes first");
        }
        match record {
            Record::Genesis {
                lineage,
                project,
                format: _,
                replaces,
                policy,
            } => {
                self.lineage = Some(lineage.clone());
                self.project.clone_from(project);
                self.replaces.clone_from(replaces);
                self.policy = *policy;
            }
            Record::Moved { to } => {
                let last = self.moved.as_ref();
                let last = last.filter(|moved| moved.entry + 1 == self.length);
                self.moved = Some(Moved {
                    to: to.clone(),
                    at,
                    entry: self.length,
                    before: last.map_or(self.head, |moved| moved.before),
                });
            }
            Record::Renamed { what, serial } => {
                if self.open.is_some() {
                    return Err("a plan is open, and what it is about may not be renamed");
                }
                self.advance(*serial)?;
                self.rename(what);
            }
            Record::Claim {
                plan,
                serial,
                runner,
                run,
                tool: _,
                targets,
                steps,
                not_after,
                approved,
            } => {
                if self.open.is_some() {
                    return Err("a plan is open already");
                }
                if self.ended.contains_key(plan) {
                    return Err("the plan has ended before");
                }
                self.measured_by(approved.as_ref())?;
                self.advance(*serial)?;
                self.open = Some(Open {
                    plan: *plan,
                    since: at,
                    total: *steps,
                    not_after: *not_after,
                    runner: runner.clone(),
                    steps: BTreeMap::new(),
                    run: None,
                    heard: at,
                    left: false,
                    parts: BTreeMap::new(),
                });
                self.take_up(plan, (runner, run.as_ref()), targets.as_ref(), at)?;
            }
            Record::Resumed {
                plan,
                runner,
                run,
                targets,
                approved,
            } => {
                self.open(Some(plan))?;
                self.measured_by(approved.as_ref())?;
                self.take_up(plan, (runner, run.as_ref()), targets.as_ref(), at)?;
            }
            Record::Left {
                plan,
                targets,
                run,
                reason,
            } => {
                let open = self.open(Some(plan))?;
                if open.parts.is_empty() && run.is_some() && *run == open.run {
                    open.left = true;
                    return Ok(());
                }
                for target in targets {
                    let nobody = || Part {
                        runner: None,
                        run: None,
                        heard: at,
                        left: true,
                        reason: None,
                    };
                    let part = open.parts.entry(target.clone()).or_insert_with(nobody);
                    // Somebody else may have taken it up since.
                    if run.is_none() || part.run.is_none() || *run == part.run {
                        part.left = true;
                        part.reason.clone_from(reason);
                    }
                }
            }
            Record::Intent { step, attempt } => {
                self.set(
                    step,
                    Progress::Attempted {
                        attempt: *attempt,
                        reason: None,
                    },
                )?;
            }
            Record::Unknown {
                step,
                attempt,
                reason,
            } => {
                self.set(
                    step,
                    Progress::Attempted {
                        attempt: *attempt,
                        reason: Some(reason.clone()),
                    },
                )?;
            }
            Record::Resolved {
                step,
                outcome,
                detail,
            } => {
                self.set(
                    step,
                    Progress::Stopped {
                        outcome: *outcome,
                        detail: detail.clone(),
                    },
                )?;
            }
            Record::Paused { step, instructions } => {
                self.set(
                    step,
                    Progress::Paused {
                        instructions: instructions.clone(),
                    },
                )?;
            }
            Record::Receipt { step, how, facts } => {
                let plan = self.open(None)?.plan;
                self.set(step, Progress::Done(*how))?;
                for fact in facts {
                    self.learn(fact, Some(plan), at, step.as_str().starts_with("adopt "));
                }
            }
            Record::Closed { plan, serial } => self.end(plan, *serial, Ended::Closed)?,
            Record::Abandoned {
                plan,
                serial,
                reason: _,
            } => self.end(plan, *serial, Ended::Abandoned)?,
            Record::Adopted { facts, serial } => {
                self.advance(*serial)?;
                for fact in facts {
                    self.learn(fact, None, at, true);
                }
            }
            Record::Forgotten {
                address,
                version,
                serial,
            } => {
                self.advance(*serial)?;
                self.forget(address, version.as_ref());
            }
        }
        Ok(())
    }

    /// The policy never goes away again, and never back to an older version.
    fn measured_by(&mut self, approved: Option<&Approved>) -> Result<(), &'static str> {
        match (self.policy, approved) {
            (Some(_), None) => Err("a policy was pinned before, and is not here"),
            (Some(known), Some(now)) if now.policy.version < known.version => {
                Err("the policy is older than the one before")
            }
            (_, Some(now)) => {
                self.policy = Some(now.policy);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    fn forget(&mut self, address: &Address, version: Option<&Version>) {
        let Some(version) = version else {
            self.releases.remove(address);
            self.pointers.remove(address);
            return;
        };
        if let Some(versions) = self.releases.get_mut(address) {
            versions.remove(version);
            if versions.is_empty() {
                self.releases.remove(address);
            }
        }
        if let Some(pointers) = self.pointers.get_mut(address) {
            pointers.retain(|_, named| named != version);
            if pointers.is_empty() {
                self.pointers.remove(address);
            }
        }
    }

    fn advance(&mut self, serial: u64) -> Result<(), &'static str> {
        if serial != self.serial + 1 {
            return Err("the serial is not the next one");
        }
        self.serial = serial;
        Ok(())
    }

    fn open(&mut self, plan: Option<&Sha256>) -> Result<&mut Open, &'static str> {
        match &mut self.open {
            Some(open) if plan.is_none_or(|plan| *plan == open.plan) => Ok(open),
            Some(_) => Err("another plan is open"),
            None => Err("no plan is open"),
        }
    }

    fn take_up(
        &mut self,
        plan: &Sha256,
        (runner, run): (&str, Option<&String>),
        targets: Option<&Vec<TargetName>>,
        at: Timestamp,
    ) -> Result<(), &'static str> {
        let open = self.open(Some(plan))?;
        runner.clone_into(&mut open.runner);
        open.run = run.cloned();
        open.left = false;
        let Some(targets) = targets else {
            open.parts.clear();
            return Ok(());
        };
        let part = Part {
            runner: Some(runner.to_owned()),
            run: run.cloned(),
            heard: at,
            left: false,
            reason: None,
        };
        let parts = targets.iter().map(|name| (name.clone(), part.clone()));
        open.parts.extend(parts);
        Ok(())
    }

    /// Takes note of when the open plan was last heard of, and whose step it was.
    fn hear(&mut self, record: &Record, at: Timestamp) {
        let Some(open) = &mut self.open else { return };
        open.heard = at;
        let step = match record {
            Record::Intent { step, .. }
            | Record::Receipt { step, .. }
            | Record::Unknown { step, .. }
            | Record::Resolved { step, .. }
            | Record::Paused { step, .. } => step,
            Record::Genesis { .. }
            | Record::Moved { .. }
            | Record::Renamed { .. }
            | Record::Claim { .. }
            | Record::Resumed { .. }
            | Record::Left { .. }
            | Record::Closed { .. }
            | Record::Abandoned { .. }
            | Record::Adopted { .. }
            | Record::Forgotten { .. } => return,
        };
        let mut parts = open.parts.iter_mut();
        if let Some((_, part)) = parts.find(|(target, _)| step.target() == Some(target.as_str())) {
            part.heard = at;
        }
    }

    /// What is recorded under the old name is recorded under the new one; what is there under the new one already stays.
    fn rename(&mut self, what: &Renaming) {
        let moved: Vec<(Address, Address)> = match what {
            Renaming::Project { to } => {
                self.project.clone_from(to);
                return;
            }
            Renaming::Package { from, to } => vec![(from.clone(), to.clone())],
            Renaming::Target { from, to } => {
                let known = self.releases.keys().chain(self.pointers.keys());
                let there = known.filter(|address| address.target == *from);
                let there: BTreeSet<Address> = there.cloned().collect();
                let renamed = |address: Address| {
                    let to = Address {
                        target: to.clone(),
                        ..address.clone()
                    };
                    (address, to)
                };
                there.into_iter().map(renamed).collect()
            }
        };
        for (from, to) in moved {
            if let Some(mut versions) = self.releases.remove(&from) {
                versions.append(self.releases.entry(to.clone()).or_default());
                self.releases.insert(to.clone(), versions);
            }
            if let Some(mut pointers) = self.pointers.remove(&from) {
                pointers.append(self.pointers.entry(to.clone()).or_default());
                self.pointers.insert(to, pointers);
            }
        }
    }

    fn end(&mut self, plan: &Sha256, serial: u64, how: Ended) -> Result<(), &'static str> {
        self.open(Some(plan))?;
        self.advance(serial)?;
        self.open = None;
        self.ended.insert(*plan, how);
        Ok(())
    }

    fn set(&mut self, step: &StepId, progress: Progress) -> Result<(), &'static str> {
        let steps = &mut self.open(None)?.steps;
        if matches!(steps.get(step), Some(Progress::Done(_))) {
            return Err("the step has ended well before");
        }
        steps.insert(step.clone(), progress);
        Ok(())
    }

    fn learn(&mut self, fact: &Fact, plan: Option<Sha256>, at: Timestamp, adopted: bool) {
        match fact {
            Fact::File {
                address,
                version,
                file,
                digests,
            } => {
                let recorded = self.record(address, version, plan, at, adopted);
                recorded.files.insert(file.clone(), digests.clone());
            }
            Fact::Resolvable { address, version } => {
                self.record(address, version, plan, at, adopted).resolvable = true;
            }
            Fact::Yanked { address, version } => {
                self.record(address, version, plan, at, true).yanked = true
            }
            Fact::Deprecated {
                address,
                version,
                message,
            } => {
                self.record(address, version, plan, at, true).deprecated = Some(message.clone());
            }
            Fact::Pointer {
                address,
                pointer,
                version,
            } => {
                let pointers = self.pointers.entry(address.clone()).or_default();
                match version {
                    Some(version) => pointers.insert(pointer.clone(), version.clone()),
                    None => pointers.remove(pointer),
                };
            }
        }
    }

    fn record(
        &mut self,
        address: &Address,
        version: &Version,
        plan: Option<Sha256>,
        at: Timestamp,
        adopted: bool,
    ) -> &mut Recorded {
        self.releases
            .entry(address.clone())
            .or_default()
            .entry(version.clone())
            .or_insert_with(|| Recorded {
                files: BTreeMap::new(),
                plan,
                at,
                adopted,
                resolvable: false,
                yanked: false,
                deprecated: None,
            })
    }
}
