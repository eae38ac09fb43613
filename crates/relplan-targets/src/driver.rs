//! What a kind of target implements. The [guard](crate::guard) wraps every driver and keeps what holds for all of them.
//!
//! Why methods with defaults: a kind that cannot move a pointer or yank does not mention it, and says so when it is
//! asked all the same.

use std::future::ready;

use relplan_model::{
    address::{PointerName, Version},
    bundle::Artifact,
    finding::Finding,
    observation::{Observation, Query},
    port::{BoxFuture, Counterpart, FetchError, Fetched, Outcome},
    step::{self, Step},
    target::{Capabilities, CredentialSource, Endpoint},
};

use crate::{artifact::Checked, packed::PackedError};
use relplan_ecosystem::Package;

/// What a driver says about its target: the rest of [`relplan_model::target::Target`] is the guard's.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Where it reads and writes.
    pub endpoints: Vec<Endpoint>,
    /// Where the credentials for these endpoints come from.
    pub credentials: Vec<CredentialSource>,
    /// What it can do. The artifact kinds that it takes are filled in from the table of kinds.
    pub capabilities: Capabilities,
}

/// One attempt at a step's effect.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The step.
    pub step: &'a Step,
    /// Called with the bytes sent and their total.
    pub progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

/// An artifact that may leave: its bytes have the planned digests, and the name and version inside are the step's (L3).
pub struct Sealed<'a> {
    /// What the plan says about it.
    pub artifact: &'a Artifact,
    /// What is inside.
    pub package: Package,
    /// Its bytes, which are compared once more while they are sent.
    pub bytes: Checked,
}

impl Sealed<'_> {
    /// How an attempt ends whose artifact is of a format that the driver does not send.
    #[must_use]
    pub fn other_format(&self) -> Outcome {
        Outcome::refused(crate::http::reason(&PackedError::kind(self.artifact)))
    }
}

/// Speaks to one kind of registry. Nothing in here is tried twice: the walk decides after it has asked the registry.
pub trait Driver: Send + Sync {
    /// The target as it is configured here and now.
    ///
    /// # Errors
    /// As [`relplan_model::port::Observe::describe`].
    fn describe(&self) -> BoxFuture<'_, Result<Description, Finding>>;

    /// What is known of the target without asking anybody, where its registry has to be asked for the rest.
    fn configured(&self) -> Option<Description> {
        None
    }

    /// Looks at one package, with a credential only where the registry demands one and the person's own configuration
    /// gives it (L14). What cannot be found out is unknown (L5).
    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation>;

    /// Fetches the published file that corresponds to an artifact at hand.
    ///
    /// # Errors
    /// As [`relplan_model::port::Observe::fetch`].
    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>>;

    /// Tries the credentials for these writes, without a write. It may be called again at any time.
    ///
    /// # Errors
    /// As [`relplan_model::port::Publish::preflight`].
    fn preflight<'a>(&'a self, writes: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>>;

    /// Uploads one artifact.
    fn publish<'a>(
        &'a self,
        attempt: Attempt<'a>,
        publish: &'a step::Publish,
        sealed: Sealed<'a>,
    ) -> BoxFuture<'a, Outcome>;

    /// Moves a pointer (a dist-tag) to a version.
    fn point<'a>(
        &'a self,
        _attempt: Attempt<'a>,
        _pointer: &'a PointerName,
        _to: &'a Version,
    ) -> BoxFuture<'a, Outcome> {
        unsupported("move a pointer")
    }

    /// Removes a pointer.
    fn unpoint<'a>(
        &'a self,
        _attempt: Attempt<'a>,
        _pointer: &'a PointerName,
    ) -> BoxFuture<'a, Outcome> {
        unsupported("remove a pointer")
    }

    /// Sets the message that clients show for these versions.
    fn deprecate<'a>(
        &'a self,
        _attempt: Attempt<'a>,
        _versions: &'a [Version],
        _message: &'a str,
    ) -> BoxFuture<'a, Outcome> {
        unsupported("deprecate a version")
    }

    /// Yanks the step's version.
    fn yank<'a>(&'a self, _attempt: Attempt<'a>, _reason: &'a str) -> BoxFuture<'a, Outcome> {
        unsupported("yank a version")
    }
}

fn unsupported<'a>(what: &str) -> BoxFuture<'a, Outcome> {
    let reason = format!("registries of this kind cannot {what}");
    Box::pin(ready(Outcome::refused(reason)))
}
