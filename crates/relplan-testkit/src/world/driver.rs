//! A simulated driver: it speaks to a simulated registry, and things go wrong on the way.

use std::{io, sync::Arc, time::Duration};

use relplan_model::{
    address::{PointerName, Version},
    bundle::Artifact,
    finding::Finding,
    observation::{Evidence, Freshness, Observation, Query, Seen, VersionFacts},
    port::{
        ArtifactRead, ArtifactSource, BoxFuture, Clock as _, EffectInput, Identity, Observe,
        Outcome, Publish,
    },
    step::{Effect, Step},
    target::Target,
};

use super::{
    Fault, Flaw, Inner, START, Shared, SimClock, World, call,
    landing::{Landed, Rival, Write},
    latency,
};

/// How late a write lands that the client gave up on, in milliseconds, at most.
const LATE_MILLIS: u64 = 90_000;

/// How long drivers wait that are asked to, and not told for how long.
const UNDATED: Duration = Duration::from_secs(60);

/// How a write was sent.
#[derive(Clone, Copy)]
enum Sent {
    /// It was, and this goes wrong with it, if anything does.
    With(Option<Fault>),
    /// It was not, for the registry takes no more for so long.
    Limited(Duration),
}

/// The driver of one simulated registry.
pub struct SimDriver {
    shared: Arc<Shared>,
    target: Target,
}

impl SimDriver {
    pub(super) fn new(shared: Arc<Shared>, target: Target) -> Self {
        Self { shared, target }
    }

    async fn look(&self, query: &Query) -> Observation {
        call(&self.shared).await;
        latency(&self.shared).await;
        let observation = self.shared.lock().answer(query);
        call(&self.shared).await;
        observation
    }

    async fn write(&self, step: &Step, artifact: Option<&Artifact>) -> Outcome {
        call(&self.shared).await;
        let (sent, ticket) = {
            let mut inner = self.shared.lock();
            inner.watch_effect(step);
            inner.send(step, artifact)
        };
        // From here on the request is on the wire: killing the client does not stop it.
        call(&self.shared).await;
        latency(&self.shared).await;
        let clock = SimClock(Arc::clone(&self.shared));
        let outcome = match ticket {
            None => None,
            Some((ticket, at)) => {
                let now = self.shared.lock().now;
                if !matches!(sent, Sent::With(Some(Fault::LandsLate))) {
                    clock
                        .sleep(Duration::from_millis(at.saturating_sub(now)))
                        .await;
                }
                let mut inner = self.shared.lock();
                inner.land_due();
                inner.landings.landed(ticket)
            }
        };
        call(&self.shared).await;
        let mut inner = self.shared.lock();
        inner.outcome(sent, outcome)
    }
}

impl Inner {
    fn answer(&mut self, query: &Query) -> Observation {
        self.land_due();
        let (faults, chance) = (&mut self.faults, &mut self.chance);
        let often = faults.blind_reads;
        let is_blind = faults.strike(chance, often);
        let often = faults.stale_reads;
        let is_stale = faults.strike(chance, often);
        let often = faults.digestless_reads;
        let is_digestless = faults.strike(chance, often);
        let lag = match query.freshness {
            Freshness::AsClients => faults.client_lag_millis,
            Freshness::Authoritative | Freshness::Revalidated => 0,
        };
        // Where versions can be overwritten, reads are consistent, or nobody could be kept from overwriting.
        let is_consistent = query.freshness != Freshness::AsClients
            && self.registries.overwrites(&query.address.target);
        let past = if is_stale && !is_consistent {
            chance.below(faults.stale_millis)
        } else {
            0
        };
        let seen = if is_blind && self.flaw == Some(Flaw::BlindIsAbsent) {
            Seen::Absent
        } else if is_blind {
            Seen::Unknown {
                reason: "503 Service Unavailable".to_owned(),
            }
        } else {
            let moment = self.now.saturating_sub(lag.max(past));
            self.registries.seen(query, moment, !is_digestless)
        };
        self.tell(|| {
            let how = match (is_blind, past, lag) {
                (true, ..) => "fails".to_owned(),
                (false, 0, 0) => "sees the present".to_owned(),
                (false, past, lag) => format!("sees what was {} ms ago", past.max(lag)),
            };
            let bare = if is_digestless {
                ", without digests"
            } else {
                ""
            };
            format!("look at {}: {how}{bare}: {}", query.address, shown(&seen))
        });
        if !is_blind {
            self.watch.answered(query, &seen);
        }
        Observation {
            address: query.address.clone(),
            seen,
            evidence: vec![Evidence {
                asked: format!("sim://{}", query.address),
                at: self.timestamp(),
                answer: "simulated".to_owned(),
                etag: None,
            }],
        }
    }

    /// Puts a write on the wire, unless it is lost there. Returns its ticket and when it lands.
    fn send(&mut self, step: &Step, artifact: Option<&Artifact>) -> (Sent, Option<(u64, u64)>) {
        if let Some(wait) = self.over_limit(step) {
            self.tell(|| format!("{} is sent: over the limit", step.id));
            return (Sent::Limited(wait), None);
        }
        let mut fault = self.faults.with_write(&mut self.chance);
        if fault == Some(Fault::RivalOther) && self.registries.overwrites(&step.address.target) {
            // Where versions can be overwritten, nobody can help overwriting what came in just before.
            fault = None;
        }
        self.tell(|| match fault {
            Some(fault) => format!("{} is sent, and this goes wrong: {fault:?}", step.id),
            None => format!("{} is sent", step.id),
        });
        let rival = match fault {
            Some(Fault::RivalSame) => Some(Rival::SameBytes),
            Some(Fault::RivalOther) => Some(Rival::OtherBytes),
            Some(Fault::PointerMoved) => Some(Rival::MovesPointers),
            _ => None,
        };
        let most = self.faults.latency_millis;
        let travel = match fault {
            Some(
                Fault::LostRequest
                | Fault::ErrorBeforeCommit
                | Fault::Forbidden
                | Fault::Later
                | Fault::LaterUndated
                | Fault::Refused,
            ) => return (Sent::With(fault), None),
            Some(Fault::LandsLate) => 1 + self.chance.below(LATE_MILLIS),
            _ => self.chance.below(most + 1),
        };
        let at = self.now + travel;
        let write = Write {
            step: step.clone(),
            artifact: artifact.cloned(),
            rival,
        };
        (Sent::With(fault), Some((self.landings.send(at, write), at)))
    }

    /// How long an upload must wait by its target's limit, if it must.
    fn over_limit(&mut self, step: &Step) -> Option<Duration> {
        let limit = self.faults.limit?;
        let target = &step.address.target;
        let is_limited = target.as_str().starts_with("one") || self.registries.limits(target);
        if !is_limited || !matches!(step.effect, Effect::Publish(_)) {
            return None;
        }
        let used = self.limits.entry(target.clone()).or_default();
        let passed = (self.now - START) / 1000;
        let allowed = limit.burst + passed / limit.seconds;
        if *used < allowed {
            *used += 1;
            return None;
        }
        if !limit.dated {
            return Some(UNDATED);
        }
        let next = (*used - limit.burst + 1) * limit.seconds;
        Some(Duration::from_secs(next.saturating_sub(passed)))
    }

    fn outcome(&mut self, sent: Sent, landed: Option<Landed>) -> Outcome {
        let fault = match sent {
            Sent::With(fault) => fault,
            Sent::Limited(wait) => {
                return Outcome::Later {
                    wait,
                    reason: "429 Too Many Requests".to_owned(),
                };
            }
        };
        let unknown = |reason: &str| Outcome::Unknown {
            reason: reason.to_owned(),
        };
        match fault {
            Some(Fault::LostRequest) => unknown("connection reset by peer"),
            Some(Fault::LostResponse | Fault::LandsLate) => unknown("timed out"),
            Some(Fault::ErrorAfterCommit) => unknown("503 Service Unavailable"),
            Some(Fault::ErrorBeforeCommit) => unknown("502 Bad Gateway"),
            Some(Fault::Forbidden) => unknown("403 Forbidden: forbidden"),
            Some(Fault::FalseRefusal) => {
                let words = ["401 Unauthorized", "403 Forbidden: exists", "409 Conflict"];
                unknown(self.chance.one_of(&words).copied().unwrap_or_default())
            }
            Some(Fault::Later) => Outcome::Later {
                wait: Duration::from_secs(1 + self.chance.below(120)),
                reason: "429 Too Many Requests".to_owned(),
            },
            Some(Fault::LaterUndated) => Outcome::Later {
                wait: UNDATED,
                reason: "429 Too Many Requests".to_owned(),
            },
            Some(Fault::FalseNo) => Outcome::Refused {
                reason: "403 Forbidden: you may not".to_owned(),
                credential: true,
            },
            Some(Fault::Refused) => Outcome::Refused {
                reason: "422 Unprocessable Entity: no".to_owned(),
                credential: false,
            },
            Some(Fault::RivalSame | Fault::RivalOther | Fault::PointerMoved) | None => match landed
            {
                Some(Landed::Done) => Outcome::Accepted,
                Some(Landed::AlreadyThere) => unknown("409 Conflict: already exists"),
                Some(Landed::NotThere) => Outcome::Refused {
                    reason: "404 Not Found".to_owned(),
                    credential: false,
                },
                None => unknown("timed out"),
            },
        }
    }
}

/// What a look saw, in few words.
fn shown(seen: &Seen) -> String {
    match seen {
        Seen::Unknown { reason } => reason.clone(),
        Seen::Absent => "nothing there".to_owned(),
        Seen::Present(facts) => {
            let version = |(version, facts): (&Version, &VersionFacts)| {
                let yanked = if facts.yanked { " yanked" } else { "" };
                format!("{version} ({} files{yanked})", facts.files.len())
            };
            let versions: Vec<String> = facts.versions.iter().map(version).collect();
            let pointer =
                |(pointer, version): (&PointerName, &Version)| format!("{pointer}={version}");
            let pointers: Vec<String> = facts.pointers.iter().map(pointer).collect();
            format!("[{}] [{}]", versions.join(", "), pointers.join(", "))
        }
    }
}

impl Observe for SimDriver {
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>> {
        Box::pin(async {
            call(&self.shared).await;
            Ok(self.target.clone())
        })
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(self.look(query))
    }
}

impl Publish for SimDriver {
    fn preflight<'a>(&'a self, _steps: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async {
            call(&self.shared).await;
            Ok(())
        })
    }

    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        _source: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>> {
        Box::pin(async {
            call(&self.shared).await;
            Ok(Identity {
                name: artifact.package.name.clone(),
                version: artifact.version.clone(),
            })
        })
    }

    fn perform<'a>(&'a self, effect: EffectInput<'a>) -> BoxFuture<'a, Outcome> {
        (effect.progress)(0, 1);
        Box::pin(self.write(effect.step, effect.artifact))
    }
}

impl ArtifactSource for World {
    fn open(&self, artifact: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        let inner = self.shared.lock();
        match inner.registries.bytes(&artifact.file) {
            Some(bytes) => Ok(Box::new(io::Cursor::new(bytes.to_vec()))),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
