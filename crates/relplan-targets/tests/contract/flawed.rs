//! Drivers that break one law each: the suite must notice every one of them, or it proves nothing.

use relplan_model::{
    address::PointerName,
    bundle::Artifact,
    digest::Digests,
    finding::Finding,
    observation::{Facts, Freshness, Observation, Query, Seen},
    port::{
        ArtifactSource, BoxFuture, Counterpart, EffectInput, FetchError, Fetched, Identity,
        Observe, Outcome, Publish,
    },
    step::{Effect, Step},
    target::Target,
};

/// What a driver does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    SendsWhateverTheFileHolds,
    BelievesThePlanAboutNames,
    TakesALostAnswerForANo,
    TakesALostAnswerForAYes,
    TakesUnknownForAbsent,
    TakesAbsentForUnknown,
    ShowsNoDigests,
    SaysThatAnyUploadWasAccepted,
    RemembersWhatItUploaded,
    MovesLatestWithEveryUpload,
    ForgetsToMove,
    WritesInItsPreflight,
    TriesNoCredential,
    RepeatsItsSecret,
    TakesPatienceForANo,
    NeverEnds,
}

/// Each flaw with the law that it breaks.
pub const FLAWS: &[(Flaw, &str)] = &[
    (
        Flaw::SendsWhateverTheFileHolds,
        "L3 only the planned bytes leave",
    ),
    (
        Flaw::BelievesThePlanAboutNames,
        "L3 only the planned bytes leave",
    ),
    (
        Flaw::TakesALostAnswerForANo,
        "L4 lost and false answers are unknown",
    ),
    (
        Flaw::TakesALostAnswerForAYes,
        "L4 lost and false answers are unknown",
    ),
    (Flaw::TakesUnknownForAbsent, "L5 absent needs proof"),
    (Flaw::TakesAbsentForUnknown, "L5 yes and no are understood"),
    (Flaw::ShowsNoDigests, "L6 published bytes can be compared"),
    (
        Flaw::SaysThatAnyUploadWasAccepted,
        "L6 other bytes change nothing",
    ),
    (
        Flaw::RemembersWhatItUploaded,
        "L7 resolvable is what clients see",
    ),
    (
        Flaw::MovesLatestWithEveryUpload,
        "L8 pointers move when asked",
    ),
    (Flaw::ForgetsToMove, "L8 pointers move when asked"),
    (Flaw::ForgetsToMove, "L8 versions are retired when asked"),
    (Flaw::WritesInItsPreflight, "L8 preflight writes nothing"),
    (Flaw::TriesNoCredential, "L8 preflight writes nothing"),
    (Flaw::RepeatsItsSecret, "L11 no secret is repeated"),
    (Flaw::TakesPatienceForANo, "§8 patience is kept"),
    (Flaw::NeverEnds, "§8 answers are bounded"),
];

/// A driver with a flaw.
pub struct Flawed {
    inner: Box<dyn Publish>,
    flaw: Flaw,
    secret: String,
    uploaded: std::sync::Mutex<Vec<(String, String)>>,
}

impl Flawed {
    pub fn new(inner: Box<dyn Publish>, flaw: Flaw, secret: String) -> Self {
        Self {
            inner,
            flaw,
            secret,
            uploaded: std::sync::Mutex::default(),
        }
    }

    fn told(&self, reason: String) -> String {
        match self.flaw {
            Flaw::RepeatsItsSecret => format!("{reason} ({})", self.secret),
            _ => reason,
        }
    }

    async fn seen(&self, query: &Query) -> Observation {
        let mut observation = self.inner.observe(query).await;
        observation.seen = match (self.flaw, observation.seen) {
            (Flaw::TakesUnknownForAbsent, Seen::Unknown { .. }) => Seen::Absent,
            (Flaw::TakesAbsentForUnknown, Seen::Absent) => Seen::Unknown {
                reason: "404".to_owned(),
            },
            (Flaw::ShowsNoDigests, Seen::Present(mut facts)) => {
                for version in facts.versions.values_mut() {
                    version
                        .files
                        .values_mut()
                        .for_each(|file| file.digests = Digests::default());
                }
                Seen::Present(facts)
            }
            (Flaw::RemembersWhatItUploaded, seen) if query.freshness == Freshness::AsClients => {
                self.remembered(query, seen)
            }
            (Flaw::NeverEnds, Seen::Unknown { .. }) => std::future::pending().await,
            (_, Seen::Unknown { reason }) => Seen::Unknown {
                reason: self.told(reason),
            },
            (_, seen) => seen,
        };
        observation
    }

    fn remembered(&self, query: &Query, seen: Seen) -> Seen {
        let uploaded = self.uploaded.lock().unwrap();
        let package = query.address.package.as_str();
        let mut facts = Facts::default();
        for (name, version) in uploaded.iter().filter(|(name, _)| name == package) {
            let version = relplan_model::address::Version::new(version.as_str()).unwrap();
            facts.versions.insert(version, Default::default());
            let _ = name;
        }
        match facts.versions.is_empty() {
            true => seen,
            false => Seen::Present(facts),
        }
    }

    async fn attempted(&self, input: EffectInput<'_>) -> Outcome {
        let is_move = !matches!(input.step.effect, Effect::Publish(_));
        if is_move && self.flaw == Flaw::ForgetsToMove {
            return Outcome::Accepted;
        }
        let resealed = match self.flaw {
            Flaw::SendsWhateverTheFileHolds => input
                .artifact
                .and_then(|artifact| reseal(artifact, input.source)),
            _ => None,
        };
        let outcome = self
            .inner
            .perform(EffectInput {
                artifact: resealed.as_ref().or(input.artifact),
                ..input
            })
            .await;
        let address = (
            input.step.address.package.to_string(),
            input.step.version.to_string(),
        );
        match (self.flaw, outcome) {
            (Flaw::TakesALostAnswerForANo, Outcome::Unknown { reason }) => Outcome::refused(reason),
            (Flaw::TakesALostAnswerForAYes, Outcome::Unknown { .. }) => Outcome::Accepted,
            (
                Flaw::SaysThatAnyUploadWasAccepted,
                Outcome::Refused { .. } | Outcome::Unknown { .. },
            ) if !is_move => Outcome::Accepted,
            (Flaw::TakesPatienceForANo, Outcome::Later { reason, .. }) => Outcome::refused(reason),
            (Flaw::RepeatsItsSecret, Outcome::Refused { reason, credential }) => Outcome::Refused {
                reason: self.told(reason),
                credential,
            },
            (Flaw::MovesLatestWithEveryUpload, Outcome::Accepted) if !is_move => {
                self.move_latest(input.step).await;
                Outcome::Accepted
            }
            (_, Outcome::Accepted) => {
                self.uploaded.lock().unwrap().push(address);
                Outcome::Accepted
            }
            (_, outcome) => outcome,
        }
    }

    async fn move_latest(&self, step: &Step) {
        let effect = Effect::Point {
            pointer: PointerName::new("latest").unwrap(),
            from: None,
            to: step.version.clone(),
        };
        let step =
            crate::subject::step(step.address.package.as_str(), step.version.as_str(), effect);
        crate::subject::attempt(&*self.inner, &step, None).await;
    }
}

/// The artifact with the digests of whatever bytes are there.
fn reseal(artifact: &Artifact, source: &dyn ArtifactSource) -> Option<Artifact> {
    let mut bytes = Vec::new();
    source.open(artifact).ok()?.read_to_end(&mut bytes).ok()?;
    Some(Artifact {
        size: bytes.len() as u64,
        digests: Digests::of(&bytes),
        ..artifact.clone()
    })
}

impl Observe for Flawed {
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>> {
        self.inner.describe()
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(self.seen(query))
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        self.inner.fetch(wanted)
    }
}

impl Publish for Flawed {
    fn preflight<'a>(&'a self, steps: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async move {
            match self.flaw {
                Flaw::TriesNoCredential => Ok(()),
                Flaw::WritesInItsPreflight => {
                    for step in steps {
                        let bytes = crate::made::npm_tarball(
                            step.address.package.as_str(),
                            step.version.as_str(),
                            "too early",
                        );
                        let packed = crate::subject::packed_as_npm(step, bytes);
                        crate::subject::attempt(&*self.inner, step, Some(&packed)).await;
                    }
                    self.inner.preflight(steps).await
                }
                _ => self
                    .inner
                    .preflight(steps)
                    .await
                    .map_err(|finding| Finding {
                        message: self.told(finding.message.clone()),
                        ..finding
                    }),
            }
        })
    }

    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        source: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>> {
        match self.flaw {
            Flaw::BelievesThePlanAboutNames => Box::pin(async move {
                Ok(Identity {
                    name: artifact.package.name.clone(),
                    version: artifact.version.clone(),
                })
            }),
            _ => self.inner.inspect(artifact, source),
        }
    }

    fn perform<'a>(&'a self, effect: EffectInput<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.attempted(effect))
    }
}
