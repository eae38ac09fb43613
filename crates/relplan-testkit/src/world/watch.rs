//! Watching an applier keep the laws: at each effect it is asked what it may rest on.

use std::{collections::BTreeMap, sync::Arc};

use relplan_model::{
    address::{Address, PointerName, Version},
    bundle::Artifact,
    digest::Comparison,
    observation::{Freshness, Query, Seen},
    plan::Plan,
    state::Progress,
    step::{Effect, Phase, Step, StepId},
};

use super::{Inner, registry::Registries};

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The law, such as `L9`.
    pub law: &'static str,
    /// The step.
    pub step: StepId,
    /// What was wrong.
    pub detail: String,
}

/// What a step uploads.
struct Upload {
    step: StepId,
    artifact: Artifact,
}

/// What is known of the applier.
pub(super) struct Watch {
    plan: Arc<Plan>,
    steps: BTreeMap<StepId, usize>,
    uploads: BTreeMap<(Address, Version), Vec<Upload>>,
    creates_to_land: Vec<StepId>,
    /// The pointers that the last look of the freshest kind showed, since the last effect there.
    looked: BTreeMap<Address, BTreeMap<PointerName, Version>>,
    breaches: Vec<Breach>,
    sent: Vec<StepId>,
    has_rivals: bool,
}

impl Watch {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let artifacts: BTreeMap<_, _> = plan
            .artifacts
            .iter()
            .map(|artifact| (Some(artifact.file.clone()), artifact))
            .collect();
        let mut uploads: BTreeMap<(Address, Version), Vec<Upload>> = BTreeMap::new();
        let mut creates_to_land = Vec::new();
        for step in &plan.steps {
            let Effect::Publish(publish) = &step.effect else {
                continue;
            };
            if let Some(artifact) = artifacts.get(&publish.artifact) {
                uploads
                    .entry((step.address.clone(), step.version.clone()))
                    .or_default()
                    .push(Upload {
                        step: step.id.clone(),
                        artifact: (*artifact).clone(),
                    });
            }
            creates_to_land.push(step.id.clone());
        }
        let place = |(place, step): (usize, &Step)| (step.id.clone(), place);
        Self {
            steps: plan.steps.iter().enumerate().map(place).collect(),
            plan,
            uploads,
            creates_to_land,
            looked: BTreeMap::new(),
            breaches: Vec::new(),
            sent: Vec::new(),
            has_rivals: false,
        }
    }

    fn step(&self, id: &StepId) -> Option<&Step> {
        self.plan.steps.get(*self.steps.get(id)?)
    }

    /// Law L8: an upload that moves a pointer itself moves it from where the plan found it, and from nowhere else. The
    /// holding pointer is the applier's own.
    fn upload_moves_back(
        &self,
        step: &Step,
        shown: &BTreeMap<PointerName, Version>,
    ) -> Option<(&'static str, String)> {
        let Effect::Publish(publish) = &step.effect else {
            return None;
        };
        let pointer = publish.pointer.as_ref()?;
        if pointer.as_str() == "holding" {
            return None;
        }
        let mut observations = self.plan.observations.iter();
        let planned = observations.find(|one| one.address == step.address);
        let from = match planned.map(|one| &one.seen) {
            Some(Seen::Present(facts)) => facts.pointers.get(pointer),
            Some(Seen::Absent | Seen::Unknown { .. }) | None => None,
        };
        let now = shown.get(pointer);
        (now != from && now != Some(&step.version)).then(|| {
            let detail = format!(
                "{pointer} was shown to be at {now:?}, and the upload moves it from {from:?}"
            );
            ("L8", detail)
        })
    }

    pub(super) fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// The effects that were sent, in order.
    pub(super) fn sent(&self) -> &[StepId] {
        &self.sent
    }

    pub(super) fn expect_rivals(&mut self) {
        self.has_rivals = true;
    }

    pub(super) fn expect_no_rivals(&mut self) {
        self.has_rivals = false;
    }

    /// Takes over what was found while another plan was watched.
    pub(super) fn inherit(&mut self, before: Self) {
        self.breaches = before.breaches;
        self.sent = before.sent;
        self.has_rivals = before.has_rivals;
    }

    /// An answer was given; it tells what is there, if it is of the freshest kind.
    pub(super) fn answered(&mut self, query: &Query, seen: &Seen) {
        if query.freshness == Freshness::Authoritative {
            let pointers = match seen {
                Seen::Present(facts) => facts.pointers.clone(),
                Seen::Absent | Seen::Unknown { .. } => BTreeMap::new(),
            };
            self.looked.insert(query.address.clone(), pointers);
        }
    }
}

impl Inner {
    /// An effect is about to be sent.
    pub(super) fn watch_effect(&mut self, step: &Step) {
        self.watch.sent.push(step.id.clone());
        let mut found = Vec::new();
        let planned = self.watch.step(&step.id).cloned();
        if planned.as_ref() != Some(step) {
            found.push(("L2", "it is not in the plan".to_owned()));
        }
        if self.timestamp() > self.watch.plan.not_after {
            found.push(("L2", "the plan has expired".to_owned()));
        }
        if !self.watch.has_rivals {
            found.extend(self.without_intent(step).map(|detail| ("L9", detail)));
            match self.watch.looked.remove(&step.address) {
                None => {
                    let detail = "nobody looked since the last effect there".to_owned();
                    found.push(("L4", detail));
                }
                Some(shown) => {
                    found.extend(moved_by_others(step, &shown));
                    found.extend(self.watch.upload_moves_back(step, &shown));
                }
            }
        }
        found.extend(self.too_early(step));
        for (law, detail) in found {
            self.watch.breaches.push(Breach {
                law,
                step: step.id.clone(),
                detail,
            });
        }
    }

    /// A receipt is written: the registry must hold the very bytes that it is about (law L6).
    pub(super) fn watch_receipt(&mut self, id: &StepId) {
        let Some(step) = self.watch.step(id).cloned() else {
            return;
        };
        let Effect::Publish(publish) = &step.effect else {
            return;
        };
        let version = (step.address.clone(), step.version.clone());
        let uploads = self.watch.uploads.get(&version).into_iter().flatten();
        let own = uploads.filter(|upload| upload.step == *id).map(|upload| {
            let name = self.registries.name_of(&step.address, &upload.artifact);
            let versions = self
                .registries
                .now(&step.address)?
                .versions
                .get(&step.version)?;
            Some(upload.artifact.digests.compare(versions.get(&name)?))
        });
        let found: Vec<Option<Comparison>> = own.collect();
        if found.iter().all(|found| *found == Some(Comparison::Same)) {
            return;
        }
        let file = publish.artifact.as_ref().map(ToString::to_string);
        self.watch.breaches.push(Breach {
            law: "L6",
            detail: format!(
                "a receipt is written for {}, and comparing it with what is there says {found:?}",
                file.unwrap_or_default()
            ),
            step: step.id,
        });
    }

    /// Law L9: the durable journal's last word on the step is an intent.
    fn without_intent(&self, step: &Step) -> Option<String> {
        let progress = self
            .recorded()
            .and_then(|state| state.open.as_ref())
            .and_then(|open| open.steps.get(&step.id));
        match progress {
            Some(Progress::Attempted { reason: None, .. }) => None,
            other => Some(format!("its durable progress is {other:?}")),
        }
    }

    /// Laws L7 and L8: what it needs is shown to ordinary clients, and flips come after all creates.
    fn too_early(&mut self, step: &Step) -> Option<(&'static str, String)> {
        let lag = self.faults.client_lag_millis;
        let shown_at = self.now.saturating_sub(lag);
        let is_late = |id: &&StepId| {
            self.watch.step(id).is_some_and(|need| {
                matches!(need.effect, Effect::Await) && !self.has(need, shown_at)
            })
        };
        if let Some(need) = step.needs.iter().find(is_late) {
            return Some(("L7", format!("{need} has not come true yet")));
        }
        if step.phase == Phase::Create {
            return None;
        }
        // What has landed stays, so that only those are asked about that had not landed when it was asked last.
        let mut left = std::mem::take(&mut self.watch.creates_to_land);
        left.retain(|id| {
            self.watch
                .step(id)
                .is_some_and(|create| !self.has(create, self.now))
        });
        let missing = left.first().cloned();
        self.watch.creates_to_land = left;
        Some(("L8", format!("{} has not landed yet", missing?)))
    }

    /// Whether a version's files are there, at a moment.
    fn has(&self, step: &Step, moment: u64) -> bool {
        let registries: &Registries = &self.registries;
        let files = registries
            .at(&step.address, moment)
            .and_then(|contents| contents.versions.get(&step.version));
        let version = (step.address.clone(), step.version.clone());
        let uploads = self.watch.uploads.get(&version);
        let is_asked =
            |upload: &&Upload| upload.step == step.id || matches!(step.effect, Effect::Await);
        uploads
            .into_iter()
            .flatten()
            .filter(is_asked)
            .all(|upload| {
                let name = registries.name_of(&step.address, &upload.artifact);
                files.is_some_and(|files| files.contains_key(&name))
            })
    }
}

/// Law L2: a pointer is moved from where the plan found it, and from nowhere else. What others made of it meanwhile is
/// theirs; here it is what the applier was shown that counts, for nobody can know what comes in between.
fn moved_by_others(
    step: &Step,
    shown: &BTreeMap<PointerName, Version>,
) -> Option<(&'static str, String)> {
    let (pointer, from) = match &step.effect {
        Effect::Point { pointer, from, .. } => (pointer, from.as_ref()),
        Effect::Unpoint { pointer } => (pointer, Some(&step.version)),
        _ => return None,
    };
    let now = shown.get(pointer);
    (now != from).then(|| {
        let detail = format!("{pointer} was shown to be at {now:?}, and is moved from {from:?}");
        ("L2", detail)
    })
}
