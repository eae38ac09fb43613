//! Writes on the wire: each lands at its moment, whether or not who sent it still lives.

use std::collections::BTreeMap;

use relplan_model::{
    address::{FileName, PointerName, Version},
    bundle::Artifact,
    digest::Digests,
    step::{Effect, Step},
};

use super::{
    Inner,
    registry::{Registries, Upload, bytes_of},
};

/// What became of a write that landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landed {
    /// It was done.
    Done,
    /// The file was there already; nothing was changed.
    AlreadyThere,
    /// What it is about is not there.
    NotThere,
}

/// A write on the wire.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) step: Step,
    pub(super) artifact: Option<Artifact>,
    /// Who comes before it.
    pub(super) rival: Option<Rival>,
}

/// Somebody else, whose write lands just before ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rival {
    SameBytes,
    OtherBytes,
    MovesPointers,
}

/// All writes on the wire, in order of their moment, and what became of those that landed.
#[derive(Default)]
pub(super) struct Landings {
    waiting: BTreeMap<(u64, u64), Write>,
    landed: BTreeMap<u64, Landed>,
    next: u64,
}

impl Landings {
    /// Sends a write; the ticket tells later what became of it.
    pub(super) fn send(&mut self, at: u64, write: Write) -> u64 {
        self.next += 1;
        self.waiting.insert((at, self.next), write);
        self.next
    }

    /// What became of a write.
    pub(super) fn landed(&mut self, ticket: u64) -> Option<Landed> {
        self.landed.remove(&ticket)
    }
}

impl Inner {
    /// Lands what is due.
    pub(super) fn land_due(&mut self) {
        while let Some(entry) = self.landings.waiting.first_entry()
            && entry.key().0 <= self.now
        {
            let ((at, ticket), write) = entry.remove_entry();
            self.land(at, ticket, &write);
        }
    }

    /// Lands everything, as if enough time had passed.
    pub(super) fn land_everything(&mut self) {
        while let Some(((at, ticket), write)) = self.landings.waiting.pop_first() {
            self.land(at.max(self.now), ticket, &write);
        }
    }

    fn land(&mut self, at: u64, ticket: u64, write: &Write) {
        let registries = &mut self.registries;
        if let Some(rival) = write.rival {
            rival_lands(registries, at, write, rival);
        }
        let landed = lands(registries, at, write);
        self.landings.landed.insert(ticket, landed);
        self.tell(|| {
            let rival = write
                .rival
                .map(|rival| format!(" (somebody came first: {rival:?})"));
            let id = &write.step.id;
            format!("{id} lands: {landed:?}{}", rival.unwrap_or_default())
        });
    }
}

fn lands(registries: &mut Registries, at: u64, write: &Write) -> Landed {
    let step = &write.step;
    let has = |registries: &Registries, version: &Version| {
        registries
            .now(&step.address)
            .is_some_and(|contents| contents.versions.contains_key(version))
    };
    match &step.effect {
        Effect::Publish(publish) => {
            let Some(upload) = upload(registries, write, true) else {
                return Landed::NotThere;
            };
            let digests = write
                .artifact
                .as_ref()
                .map(|artifact| Digests::of(&bytes_of(artifact.file.as_str())))
                .unwrap_or_default();
            let overwrites = registries.overwrites(&step.address.target);
            if !registries.upload(upload, digests, at) && !overwrites {
                return Landed::AlreadyThere;
            }
            if let Some(pointer) = &publish.pointer {
                point(registries, at, step, pointer, Some(&step.version));
            }
        }
        Effect::Point { pointer, to, .. } => {
            if !has(registries, to) {
                return Landed::NotThere;
            }
            point(registries, at, step, pointer, Some(to));
        }
        Effect::Unpoint { pointer } => point(registries, at, step, pointer, None),
        Effect::Yank { .. } => {
            if !has(registries, &step.version) {
                return Landed::NotThere;
            }
            registries.change(&step.address, at, |contents| {
                contents.yanked.insert(step.version.clone());
            });
        }
        Effect::Deprecate {
            versions, message, ..
        } => registries.change(&step.address, at, |contents| {
            for version in versions {
                contents.deprecated.insert(version.clone(), message.clone());
            }
        }),
        Effect::Await | Effect::Adopt { .. } => return Landed::NotThere,
    }
    Landed::Done
}

fn rival_lands(registries: &mut Registries, at: u64, write: &Write, rival: Rival) {
    let step = &write.step;
    match rival {
        Rival::SameBytes | Rival::OtherBytes => {
            let (Some(upload), Some(artifact)) =
                (upload(registries, write, false), &write.artifact)
            else {
                return;
            };
            let name = artifact.file.as_str();
            let bytes = if rival == Rival::SameBytes {
                bytes_of(name)
            } else {
                bytes_of(&format!("another {name}"))
            };
            registries.upload(upload, Digests::of(&bytes), at);
            // Whoever has the same bytes releases the same thing, and does all of it.
            if let Effect::Publish(publish) = &step.effect
                && let Some(pointer) = &publish.pointer
                && rival == Rival::SameBytes
            {
                point(registries, at, step, pointer, Some(&step.version));
            }
        }
        Rival::MovesPointers => {
            if let Ok(elsewhere) = Version::new("9.9.9-by-hand") {
                registries.change(&step.address, at, |contents| {
                    for version in contents.pointers.values_mut() {
                        *version = elsewhere.clone();
                    }
                });
            }
        }
    }
}

fn upload(registries: &Registries, write: &Write, ours: bool) -> Option<Upload> {
    let file: FileName = registries.name_of(&write.step.address, write.artifact.as_ref()?);
    Some(Upload {
        address: write.step.address.clone(),
        version: write.step.version.clone(),
        file,
        ours,
    })
}

fn point(
    registries: &mut Registries,
    at: u64,
    step: &Step,
    pointer: &PointerName,
    to: Option<&Version>,
) {
    registries.change(&step.address, at, |contents| {
        match to {
            Some(version) => contents.pointers.insert(pointer.clone(), version.clone()),
            None => contents.pointers.remove(pointer),
        };
    });
}
