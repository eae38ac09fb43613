//! What a look at a registry says about a step: it is as wanted, it may go on, or something stands against it.
//!
//! Pure: "already there" is decided here, by comparing digests (laws L4 and L6).

use relplan_ecosystem::{file_entry, takes_slot};
use relplan_model::{
    address::{FileName, Version},
    bundle::Artifact,
    digest::Comparison,
    journal::Fact,
    observation::{Facts, FileFacts, Freshness, Observation, Query, Seen, VersionFacts},
    step::{Effect, Publish, Step},
};

use crate::index::Index;

/// What a look at a registry says about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as the step wants it, and this is true because of it.
    Reached(Vec<Fact>),
    /// It is not as wanted, and the step's precondition holds.
    Open,
    /// It is in a state that the step must not touch.
    Against(String),
    /// It is not as wanted, and what the step rests on is not as it was when the plan was made. An attempt whose outcome
    /// is unknown may still show.
    Moved(String),
    /// Something is there, and the registry shows no digest by which to tell what.
    Incomparable(String),
    /// It could not be found out (law L5).
    Blind(String),
}

/// What to ask about a step.
pub(crate) fn query(step: &Step, freshness: Freshness) -> Query {
    let (versions, ranges) = match &step.effect {
        Effect::Deprecate {
            range, versions, ..
        } => (versions.clone(), vec![range.clone()]),
        _ => (vec![step.version.clone()], Vec::new()),
    };
    Query {
        address: step.address.clone(),
        versions,
        ranges,
        freshness,
    }
}

/// Judges an answer.
pub(crate) fn judge(index: &Index<'_>, step: &Step, observation: &Observation) -> Look {
    if observation.address != step.address {
        return Look::Blind(format!("the answer is about {}", observation.address));
    }
    let nothing = Facts::default();
    let facts = match &observation.seen {
        Seen::Unknown { reason } => return Look::Blind(reason.clone()),
        Seen::Absent => &nothing,
        Seen::Present(facts) => facts,
    };
    let subject = Subject { index, step, facts };
    if let Some(there) = subject.in_its_slot() {
        let version = &step.version;
        return Look::Against(format!(
            "the registry has {there}, and takes {version} for the same version"
        ));
    }
    match &step.effect {
        Effect::Publish(publish) => {
            let look = subject.files(&subject.uploaded());
            match (look, &publish.pointer) {
                (Look::Reached(mut known), Some(pointer))
                    if facts.pointers.get(pointer) == Some(&step.version) =>
                {
                    known.push(subject.pointer_fact(pointer, Some(&step.version)));
                    Look::Reached(known)
                }
                (Look::Open, _) => match subject.moved(publish, &observation.seen) {
                    Some(detail) => Look::Moved(detail),
                    None => Look::Open,
                },
                (look, _) => look,
            }
        }
        Effect::Await => subject.shown(),
        Effect::Point { .. } | Effect::Unpoint { .. } if subject.version().is_none() => {
            // The version was seen before this step could start, so that this is an answer from before that.
            Look::Blind(format!("the answer does not know {} yet", subject.at()))
        }
        Effect::Point { pointer, from, to } => match facts.pointers.get(pointer) {
            Some(now) if now == to => Look::Reached(vec![subject.pointer_fact(pointer, Some(to))]),
            now if now == from.as_ref() => Look::Open,
            now => Look::Against(format!(
                "{} names {} now, and the plan moves it from {} to {to}",
                step.address.pointer(pointer),
                or_nothing(now),
                or_nothing(from.as_ref()),
            )),
        },
        Effect::Unpoint { pointer } => match facts.pointers.get(pointer) {
            None => Look::Reached(vec![subject.pointer_fact(pointer, None)]),
            Some(now) if *now == step.version => Look::Open,
            Some(now) => Look::Against(format!(
                "{} names {now} now, and the plan removes it from {}",
                step.address.pointer(pointer),
                step.version
            )),
        },
        Effect::Yank { .. } => match subject.version() {
            Some(version) if version.yanked => Look::Reached(vec![Fact::Yanked {
                address: step.address.clone(),
                version: step.version.clone(),
            }]),
            Some(_) => Look::Open,
            None => Look::Against(format!("{} is not there to be yanked", subject.at())),
        },
        Effect::Deprecate {
            range,
            versions,
            message,
        } => subject.deprecated(range, versions, message),
        Effect::Adopt { files, pointer } => match subject.adopted(files) {
            Look::Reached(mut known) => {
                let pointer = pointer
                    .as_ref()
                    .filter(|pointer| facts.pointers.get(*pointer) == Some(&step.version));
                known.extend(pointer.map(|p| subject.pointer_fact(p, Some(&step.version))));
                Look::Reached(known)
            }
            Look::Open => Look::Against(format!("{} is no longer there", subject.at())),
            other => other,
        },
    }
}

fn or_nothing(version: Option<&Version>) -> String {
    version.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}

/// A step and what the registry shows of its package.
struct Subject<'a, 'p> {
    index: &'a Index<'p>,
    step: &'a Step,
    facts: &'a Facts,
}

impl Subject<'_, '_> {
    fn at(&self) -> String {
        self.step.address.at(&self.step.version)
    }

    fn version(&self) -> Option<&VersionFacts> {
        self.facts.versions.get(&self.step.version)
    }

    /// Another version that is there and that the registry takes for the step's (law L6).
    fn in_its_slot(&self) -> Option<&Version> {
        if self.version().is_some() {
            return None;
        }
        let artifact = *self.index.artifacts_of(self.step).first()?;
        let mut there = self.facts.versions.keys();
        there.find(|there| takes_slot(&artifact.package.ecosystem, there, &self.step.version))
    }

    /// What an upload rests on, and what is otherwise now: a name that was new, a pointer that the upload itself moves
    /// (law L8: no race moves it backward).
    fn moved(&self, publish: &Publish, seen: &Seen) -> Option<String> {
        let address = &self.step.address;
        if publish.first && matches!(seen, Seen::Present(_)) && self.version().is_none() {
            let current = self.facts.current.as_ref();
            let current = current.or_else(|| self.facts.pointers.values().next());
            let has = current.map_or_else(String::new, |version| format!(", with {version}"));
            return Some(format!(
                "{address} was a new name when the plan was made, and somebody has published it since{has}"
            ));
        }
        let pointer = publish.pointer.as_ref()?;
        let target = self.index.target(&address.target)?;
        // The holding pointer is nobody's but ours: each upload takes it.
        if target.capabilities.holding_pointer.as_ref() == Some(pointer) {
            return None;
        }
        let planned = self.index.pointer(address, pointer)?;
        let now = self.facts.pointers.get(pointer);
        let is_as_planned = now == planned || now == Some(&self.step.version);
        (!is_as_planned).then(|| {
            format!(
                "{} names {} now, and it named {} when the plan was made",
                address.pointer(pointer),
                or_nothing(now),
                or_nothing(planned),
            )
        })
    }

    fn uploaded(&self) -> Vec<&Artifact> {
        self.index.upload(self.step).into_iter().collect()
    }

    /// Whether all of the version's files that the plan uploads are shown, and the version itself.
    fn shown(&self) -> Look {
        if self.version().is_none() {
            return Look::Open;
        }
        let files = self.index.published(&self.step.address, &self.step.version);
        match self.files(files) {
            Look::Reached(_) => Look::Reached(vec![Fact::Resolvable {
                address: self.step.address.clone(),
                version: self.step.version.clone(),
            }]),
            other => other,
        }
    }

    fn adopted(&self, files: &[FileName]) -> Look {
        let named: Vec<&Artifact> = files
            .iter()
            .filter_map(|file| self.index.artifact(file))
            .collect();
        if named.len() == files.len() {
            return self.files(&named);
        }
        // The plan names the files as the registry does, where that keeps names of its own.
        let ours = self.index.artifacts_of(self.step);
        if ours.len() == files.len() {
            self.files(&ours)
        } else {
            Look::Incomparable(format!(
                "{} is there, and the plan has no digests to compare it with",
                self.at()
            ))
        }
    }

    /// Compares artifacts with the files that the registry shows. The worst of them counts.
    fn files(&self, artifacts: &[&Artifact]) -> Look {
        let mut known = Vec::new();
        let mut missing = false;
        let mut incomparable = None;
        for artifact in artifacts {
            let Some((name, file)) = self.file(artifact) else {
                missing = true;
                continue;
            };
            match artifact.digests.compare(&file.digests) {
                Comparison::Different => {
                    return Look::Against(format!(
                        "{} has {name} with other bytes: the registry shows {}, and the plan has {}",
                        self.at(),
                        file.digests,
                        artifact.digests
                    ));
                }
                Comparison::Incomparable => {
                    incomparable.get_or_insert_with(|| {
                        format!(
                            "{} has {name}, and the registry shows no digest that could prove which bytes it holds",
                            self.at()
                        )
                    });
                }
                Comparison::Same => known.push(Fact::File {
                    address: self.step.address.clone(),
                    version: self.step.version.clone(),
                    file: name.clone(),
                    digests: artifact.digests.clone(),
                }),
            }
        }
        match incomparable {
            Some(detail) => Look::Incomparable(detail),
            None if missing => Look::Open,
            None => Look::Reached(known),
        }
    }

    /// The registry's file for an artifact: of the same name, however it is spelled, or the only one where a version is one file under
    /// whatever name the registry gives it.
    fn file(&self, artifact: &Artifact) -> Option<(&FileName, &FileFacts)> {
        let files = &self.version()?.files;
        let found = file_entry(&artifact.package, files, &artifact.file);
        if found.is_some() {
            return found;
        }
        let takes_one_kind = self
            .index
            .target(&self.step.address.target)
            .is_some_and(|target| target.capabilities.accepts.len() == 1);
        let mut all = files.iter();
        match (all.next(), all.next()) {
            (Some(only), None) if takes_one_kind => Some(only),
            _ => None,
        }
    }

    /// The range is matched again: which versions it matched when the plan was made is the plan's word alone.
    fn deprecated(&self, range: &str, versions: &[Version], message: &str) -> Look {
        let address = &self.step.address;
        let mut open = false;
        for version in versions {
            match self.facts.versions.get(version) {
                None => {
                    return Look::Against(format!(
                        "{} is not there to be deprecated",
                        self.step.address.at(version)
                    ));
                }
                Some(facts) => open |= facts.deprecated.as_deref() != Some(message),
            }
        }
        let Some(matched) = self.facts.ranges.get(range) else {
            return Look::Blind(format!("the answer does not tell what {range} matches"));
        };
        if let Some(other) = versions.iter().find(|version| !matched.contains(version)) {
            return Look::Against(format!(
                "the plan deprecates {}, which {range} does not match",
                address.at(other)
            ));
        }
        if open {
            return Look::Open;
        }
        let fact = |version: &Version| Fact::Deprecated {
            address: self.step.address.clone(),
            version: version.clone(),
            message: message.to_owned(),
        };
        Look::Reached(versions.iter().map(fact).collect())
    }

    fn pointer_fact(
        &self,
        pointer: &relplan_model::address::PointerName,
        version: Option<&Version>,
    ) -> Fact {
        Fact::Pointer {
            address: self.step.address.clone(),
            pointer: pointer.clone(),
            version: version.cloned(),
        }
    }
}

#[cfg(test)]
mod tests;
