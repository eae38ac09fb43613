//! What wraps every driver, so that the laws that hold for all kinds are kept in one place.
//!
//! Invariant: a driver is handed an artifact only [sealed](Sealed), and never a step that is not the artifact's (L3);
//! its writes to one package take turns where its kind wants that; no driver grades itself (L15).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use relplan_model::{
    address::{PackageName, TargetName},
    bundle::Artifact,
    finding::Finding,
    observation::{Observation, Query},
    port::{
        ArtifactSource, BoxFuture, Counterpart, EffectInput, FetchError, Fetched, Identity,
        Observe, Outcome, Publish,
    },
    settings::Settings,
    step::{Class, Effect, Step},
    target::Target,
};

use crate::{
    artifact,
    driver::{Attempt, Description, Driver, Sealed},
    grade::grade,
    kinds::Kind,
    packed,
};

/// A driver with what holds for all kinds around it.
pub(crate) struct Guarded {
    name: TargetName,
    settings: Settings,
    kind: &'static Kind,
    driver: Box<dyn Driver>,
    /// One lock for each package that is written to.
    turns: Mutex<BTreeMap<PackageName, Arc<tokio::sync::Mutex<()>>>>,
}

impl Guarded {
    pub(crate) fn new(
        name: &TargetName,
        settings: &Settings,
        kind: &'static Kind,
        driver: Box<dyn Driver>,
    ) -> Self {
        Self {
            name: name.clone(),
            settings: settings.clone(),
            kind,
            driver,
            turns: Mutex::default(),
        }
    }

    fn target(&self, description: Description) -> Target {
        let Description {
            endpoints,
            credentials,
            mut capabilities,
        } = description;
        capabilities.accepts = self
            .kind
            .artifacts
            .iter()
            .copied()
            .map(str::to_owned)
            .collect();
        Target {
            name: self.name.clone(),
            kind: self.kind.name.to_owned(),
            settings: self.settings.clone(),
            endpoints,
            credentials,
            // A token in the environment can be used by whoever edits what runs there (law L15).
            grade: grade(),
            capabilities,
        }
    }

    fn turn(&self, package: &PackageName) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(package.clone()).or_default())
    }

    /// Opens the artifact of a publish step; the outcome says why it does not leave.
    async fn seal<'a>(&self, input: &EffectInput<'a>) -> Result<Sealed<'a>, Outcome> {
        let artifact = packed::of_step(input).map_err(Outcome::refused)?;
        let bytes = artifact::check(input.source, artifact, self.kind.digests_sent)
            .await
            .map_err(|error| error.outcome())?;
        let (package, bytes) = packed::open(artifact, self.kind.artifacts, bytes)
            .await
            .map_err(Outcome::refused)?;
        Ok(Sealed {
            artifact,
            package,
            bytes,
        })
    }

    async fn attempt(&self, input: EffectInput<'_>) -> Result<Outcome, Outcome> {
        let step = input.step;
        let attempt = Attempt {
            step,
            progress: input.progress,
        };
        let turn = self
            .kind
            .is_serial
            .then(|| self.turn(&step.address.package));
        let _turn = match &turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let driver = &self.driver;
        Ok(match &step.effect {
            Effect::Publish(publish) => {
                let sealed = self.seal(&input).await?;
                driver.publish(attempt, publish, sealed).await
            }
            Effect::Point { pointer, to, .. } => driver.point(attempt, pointer, to).await,
            Effect::Unpoint { pointer } => driver.unpoint(attempt, pointer).await,
            Effect::Deprecate {
                versions, message, ..
            } => driver.deprecate(attempt, versions, message).await,
            Effect::Yank { reason } => driver.yank(attempt, reason).await,
            Effect::Await | Effect::Adopt { .. } => {
                Outcome::refused("this step has no effect at a registry".to_owned())
            }
        })
    }
}

impl Observe for Guarded {
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>> {
        Box::pin(async { Ok(self.target(self.driver.describe().await?)) })
    }

    fn configured(&self) -> Option<Target> {
        self.driver.configured().map(|known| self.target(known))
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        self.driver.observe(query)
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        self.driver.fetch(wanted)
    }
}

impl Publish for Guarded {
    fn preflight<'a>(&'a self, steps: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async move {
            let is_write = |step: &&&Step| step.effect.class() != Class::Inert;
            let writes: Vec<&Step> = steps.iter().filter(is_write).copied().collect();
            match writes.is_empty() {
                true => Ok(()),
                false => self.driver.preflight(&writes).await,
            }
        })
    }

    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        source: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>> {
        Box::pin(packed::inspect(artifact, self.kind.artifacts, source))
    }

    fn perform<'a>(&'a self, input: EffectInput<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let attempted = self.attempt(input).await;
            attempted.unwrap_or_else(|refused| refused)
        })
    }
}
