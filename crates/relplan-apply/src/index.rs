//! A plan with its parts found by name, and the proof that its steps fit together.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, PointerName, TargetName, Version},
    bundle::Artifact,
    observation::Seen,
    plan::Plan,
    step::{Effect, Step, StepId},
    target::Target,
};

/// What does not fit in a plan's steps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the step `{step}` {why}")]
pub struct Misfit {
    /// The step.
    pub step: StepId,
    /// What is wrong with it, as a predicate.
    pub why: &'static str,
}

/// Finds the parts of a plan by name.
///
/// Invariant: its steps have been checked, so each need, target and artifact that a step names is there, and no step
/// waits for itself.
pub(crate) struct Index<'p> {
    /// The plan's steps, in its order.
    pub(crate) steps: &'p [Step],
    places: BTreeMap<&'p StepId, usize>,
    artifacts: BTreeMap<&'p FileName, &'p Artifact>,
    targets: BTreeMap<&'p TargetName, &'p Target>,
    published: BTreeMap<(&'p Address, &'p Version), Vec<&'p Artifact>>,
    seen: BTreeMap<&'p Address, &'p Seen>,
}

impl<'p> Index<'p> {
    /// Indexes a plan and checks its steps.
    ///
    /// # Errors
    /// The first step that does not fit.
    pub(crate) fn new(plan: &'p Plan) -> Result<Self, Misfit> {
        let mut index = Self {
            steps: &plan.steps,
            places: places(&plan.steps)?,
            artifacts: plan.artifacts.iter().map(|a| (&a.file, a)).collect(),
            targets: plan.targets.iter().map(|t| (&t.name, t)).collect(),
            published: BTreeMap::new(),
            seen: plan
                .observations
                .iter()
                .map(|o| (&o.address, &o.seen))
                .collect(),
        };
        for step in &plan.steps {
            index.check(step).map_err(|why| Misfit {
                step: step.id.clone(),
                why,
            })?;
            if let Some(artifact) = index.upload(step) {
                index
                    .published
                    .entry((&step.address, &step.version))
                    .or_default()
                    .push(artifact);
            }
        }
        Ok(index)
    }

    fn check(&self, step: &Step) -> Result<(), &'static str> {
        if step.id != StepId::of(&step.address, &step.version, &step.effect) {
            return Err("is not named after what it does");
        }
        if step.phase != step.effect.phase() {
            return Err("is in a phase that its effect does not belong to");
        }
        if !self.targets.contains_key(&step.address.target) {
            return Err("goes to a target that the plan does not describe");
        }
        if let Effect::Publish(publish) = &step.effect {
            let artifact = publish.artifact.as_ref().ok_or("has no artifact")?;
            let artifact = self
                .artifacts
                .get(artifact)
                .ok_or("uploads an artifact that the plan does not list")?;
            if artifact.version != step.version {
                return Err("uploads an artifact of another version");
            }
        }
        let mut needs = BTreeSet::new();
        for need in &step.needs {
            let need = self
                .place(need)
                .and_then(|place| self.steps.get(place))
                .ok_or("needs a step that is not in the plan")?;
            if !needs.insert(&need.id) {
                return Err("needs a step twice");
            }
            // A step that needed itself, over however many others, could not have waves that rise.
            if need.wave >= step.wave || need.phase > step.phase {
                return Err("needs a step that does not come before it");
            }
        }
        Ok(())
    }

    /// Where in the plan a step stands.
    pub(crate) fn place(&self, step: &StepId) -> Option<usize> {
        self.places.get(step).copied()
    }

    /// The artifact that a step uploads.
    pub(crate) fn upload(&self, step: &Step) -> Option<&'p Artifact> {
        match &step.effect {
            Effect::Publish(publish) => self.artifact(publish.artifact.as_ref()?),
            _ => None,
        }
    }

    /// An artifact by its file's name.
    pub(crate) fn artifact(&self, file: &FileName) -> Option<&'p Artifact> {
        self.artifacts.get(file).copied()
    }

    /// The artifacts of one version of one package that this target takes, for when a file's name says nothing.
    pub(crate) fn artifacts_of(&self, step: &Step) -> Vec<&'p Artifact> {
        let takes = |artifact: &&&Artifact| {
            artifact.version == step.version
                && artifact.package.name == step.address.package
                && self
                    .target(&step.address.target)
                    .is_some_and(|target| target.capabilities.accepts.contains(&artifact.kind))
        };
        self.artifacts.values().filter(takes).copied().collect()
    }

    /// Everything that the plan uploads for one version at one address.
    pub(crate) fn published<'s>(
        &'s self,
        address: &'s Address,
        version: &'s Version,
    ) -> &'s [&'s Artifact] {
        self.published
            .get(&(address, version))
            .map_or(&[], Vec::as_slice)
    }

    /// What a pointer named when the plan was made; `None`: the plan rests on no look at it.
    pub(crate) fn pointer(
        &self,
        address: &Address,
        pointer: &PointerName,
    ) -> Option<Option<&'p Version>> {
        match self.seen.get(address)? {
            Seen::Present(facts) => Some(facts.pointers.get(pointer)),
            Seen::Absent => Some(None),
            Seen::Unknown { .. } => None,
        }
    }

    /// A target by its name.
    pub(crate) fn target(&self, name: &TargetName) -> Option<&'p Target> {
        self.targets.get(name).copied()
    }
}

fn places(steps: &[Step]) -> Result<BTreeMap<&StepId, usize>, Misfit> {
    let mut places = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        if places.insert(&step.id, place).is_some() {
            return Err(Misfit {
                step: step.id.clone(),
                why: "is in the plan twice",
            });
        }
    }
    Ok(places)
}
