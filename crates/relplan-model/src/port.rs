//! Ports: the traits behind which effects live, so that planning and applying can be run in a simulated world.
//!
//! They are dyn-safe and return boxed std futures: no runtime is named here.

use std::{future::Future, io, pin::Pin, time::Duration};

use crate::{
    address::{Address, FileName, PackageName, TargetName, Version},
    approval::Approved,
    bundle::{Artifact, ArtifactKind},
    digest::{Digests, Sha256},
    event::Event,
    finding::{Finding, FindingCode},
    journal::Entry,
    observation::{Observation, Query},
    step::Step,
    target::Target,
    time::Timestamp,
};

/// The code of a finding that a registry could not be asked: nothing is known then, and nothing is refused (law L5).
pub const UNREACHABLE: FindingCode = FindingCode::Unreachable;

/// A boxed future, as dyn-safe async methods return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asks registries. Needs no credential and runs no code of the repository (law L14).
pub trait Observe: Send + Sync {
    /// The target as it is configured here and now: endpoints with their sources, capabilities, grade.
    ///
    /// # Errors
    /// A finding when the endpoint cannot be determined; with the code [`UNREACHABLE`] when it is the registry's own
    /// description (`config.json`) that cannot be read now.
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>>;

    /// What is known of the target without asking anybody, where a registry has to be asked for the rest: what a plan
    /// shows while the registry does not answer. Its look-ups are unknown then.
    fn configured(&self) -> Option<Target> {
        None
    }

    /// Looks at one package. Never fails: what cannot be found out is [`crate::observation::Seen::Unknown`] (L5).
    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation>;

    /// Fetches the published file that corresponds to an artifact at hand, so that both can be compared. `None`: the
    /// version is there, and has no file of that kind.
    ///
    /// # Errors
    /// When it cannot be fetched, is too large, or has other bytes than the registry shows: such bytes are not
    /// handed out.
    fn fetch<'a>(
        &'a self,
        _wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        Box::pin(std::future::ready(Err(FetchError::Failed {
            reason: "this target's files cannot be fetched".to_owned(),
        })))
    }
}

/// Which published file is wanted: the one that corresponds to an artifact at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// The package at its target.
    pub address: Address,
    /// The version whose file is wanted.
    pub version: Version,
    /// The kind of the artifact at hand.
    pub kind: ArtifactKind,
    /// The file name of the artifact at hand: where a version has several files of a kind, it tells which corresponds.
    pub like: FileName,
}

/// A published file, whose bytes have the digests that the registry shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its name.
    pub file: FileName,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digests: SHA-256 and SHA-512.
    pub digests: Digests,
}

/// Why a published file was not fetched. Both reasons are fragments fit for "could not be compared: {reason}".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It could not be had.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// What came is not what the registry shows: somebody should look.
    #[error("{reason}")]
    OtherBytes {
        /// The difference.
        reason: String,
    },
}

/// Writes to registries. Only `apply` is handed one.
pub trait Publish: Observe {
    /// Finds out, before the first write, whether the credentials for these steps are at hand. Sends no write.
    ///
    /// # Errors
    /// A finding with code `credential` when one is missing or refused (exit 77), [`UNREACHABLE`] when the registry did
    /// not say (exit 8), any other when the target cannot be written at all (exit 7).
    fn preflight<'a>(&'a self, steps: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>>;

    /// Reads the name and version *inside* an artifact (law L3).
    ///
    /// # Errors
    /// When the artifact cannot be read, or is not of a kind that this target takes.
    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        source: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>>;

    /// Attempts a step's effect once. Nothing is retried in here: the walk decides after asking the registry.
    fn perform<'a>(&'a self, effect: EffectInput<'a>) -> BoxFuture<'a, Outcome>;
}

/// What an attempt is given.
#[derive(Clone, Copy)]
pub struct EffectInput<'a> {
    /// The step.
    pub step: &'a Step,
    /// The artifact, for a publish.
    pub artifact: Option<&'a Artifact>,
    /// Where artifacts' bytes are.
    pub source: &'a dyn ArtifactSource,
    /// Told of bytes sent.
    pub progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

/// Who an artifact says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name inside.
    pub name: PackageName,
    /// The version inside.
    pub version: Version,
}

/// How one attempt ended (design §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The registry said yes. It is read back all the same.
    Accepted,
    /// A definite no, known to come before anything was changed.
    Refused {
        /// Why, in a fragment fit for "was refused: {reason}".
        reason: String,
        /// Whether it is the credential that was refused or missing (exit 77).
        credential: bool,
    },
    /// The registry asks for patience, before anything was changed.
    Later {
        /// For how long.
        wait: Duration,
        /// Its words.
        reason: String,
    },
    /// No trustworthy answer: it may have happened, or may yet.
    Unknown {
        /// What was seen.
        reason: String,
    },
}

impl Outcome {
    /// A definite no that is not about the credential. Nothing was sent, or the registry said so before it changed
    /// anything.
    #[must_use]
    pub fn refused(reason: String) -> Self {
        Self::Refused {
            reason,
            credential: false,
        }
    }

    /// A definite no because the credential is missing or refused (exit 77).
    #[must_use]
    pub fn no_credential(reason: String) -> Self {
        Self::Refused {
            reason,
            credential: true,
        }
    }
}

/// A reader that can be wound back: an artifact is hashed before the first byte is sent.
pub trait ArtifactRead: io::Read + io::Seek + Send {}
impl<T: io::Read + io::Seek + Send> ArtifactRead for T {}

/// Where the bytes of artifacts come from. The reader checks them: a source is not trusted (law L3).
pub trait ArtifactSource: Send + Sync {
    /// Opens one artifact.
    ///
    /// # Errors
    /// When it is not there or cannot be opened.
    fn open(&self, artifact: &Artifact) -> io::Result<Box<dyn ArtifactRead>>;
}

/// Keeps a journal. Every write is compare-and-swap on the head (law L10).
pub trait StateStore: Send + Sync {
    /// Where it keeps the journal, for people.
    fn location(&self) -> String;

    /// Reads the whole journal: each line's bytes without newline, in order.
    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>>;

    /// Appends entries durably if the journal still ends with `head`, or leaves it as it was.
    /// When it returns `Ok`, the entries survive the machine's loss of power.
    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>>;

    /// Whether the journal ends in a piece of a line that a crash in the middle of a write left behind. It was never
    /// acknowledged: [`StateStore::load`] leaves it out and the next append removes it. It is told so that a person
    /// knows. Stores that write whole objects have no such thing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn torn(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

/// Why a store did not do what was asked (exit 10, or 6 for a lost race).
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended first.
    #[error("the journal was changed by somebody else: it ends with {found}, not with {expected}")]
    Conflict {
        /// The head that was expected.
        expected: Sha256,
        /// The head that was found.
        found: Sha256,
    },
    /// The journal is damaged.
    #[error("the journal in {location} is damaged: {detail}")]
    Damaged {
        /// Where.
        location: String,
        /// What is wrong.
        detail: String,
    },
    /// The journal is sound, and this relplan does not know what it says.
    #[error("the journal in {location} is of a later relplan: {detail}")]
    Later {
        /// Where.
        location: String,
        /// What is not known.
        detail: String,
    },
    /// The store could not be reached, read or written.
    #[error("the state store {location} failed while {doing}")]
    Io {
        /// Where.
        location: String,
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// Takes events. It must not block for long: progress is told from inside uploads.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn emit(&self, event: Event);
}

/// The clock, and waiting by it.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// Says whether the plan that is being applied is approved, by the policy as it is pinned at that moment. It is asked
/// when the plan is claimed, and again right before each effect, since keys are revoked while a release runs.
pub trait Approvals: Send + Sync {
    /// Who allows it; `None`: no policy is pinned, and nothing asks for one.
    ///
    /// # Errors
    /// When it is not approved, or it cannot be found out.
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>>;
}

/// Why a plan is not approved (exit 4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Withheld {
    /// Who or what is missing, on one line and without a final full stop.
    pub reason: String,
}

/// Finds the driver of a target, for applying.
pub trait Drivers: Send + Sync {
    /// The driver of this target.
    fn driver(&self, target: &TargetName) -> Option<&dyn Publish>;
}
