//! The arguments of `relplan state` and of what else needs to know where the state is.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Adopt, PinnedPlace, examples};

/// `relplan state`.
#[derive(Debug, Subcommand)]
pub enum State {
    /// Print the state as JSON.
    Show(StatePlace),
    /// Print what is recorded of each package: versions, by which plan, which bytes.
    List(StatePlace),
    /// Print the journal as an audit trail: who did what, when, by which plan, how it ended, which bytes each step left.
    Log {
        /// Where it is.
        #[command(flatten)]
        place: StatePlace,
        /// Only who allowed what: each claim with its approvals.
        #[arg(long)]
        approvals: bool,
        /// Write the journal's entries as they are, one JSON object per line.
        #[arg(long, conflicts_with_all = ["entries", "approvals"])]
        json: bool,
        /// Write one line for each entry instead, for people.
        #[arg(long)]
        entries: bool,
    },
    /// Verify the journal: its chain, what it comes to, the bytes that it names, and whether its end was cut off.
    Check {
        /// Where it is.
        #[command(flatten)]
        place: StatePlace,
        /// A plan that was made on this journal, and so remembers how far it had come; may be repeated. Plans that were
        /// started from here are looked at without being named.
        #[arg(long = "plan", value_name = "FILE")]
        plans: Vec<PathBuf>,
        /// Take the journal as it is, though it lacks what plans or this machine remember: they hold it against it no
        /// more.
        #[arg(long, conflicts_with = "plans")]
        accept: bool,
    },
    /// Move the journal of a folder here into the store that the spec names. Where it was, it says so, and takes no more
    /// claims.
    Push {
        /// Where it goes.
        #[command(flatten)]
        place: StatePlace,
        /// The place that it comes from.
        #[arg(long, value_name = "PLACE", default_value = ".relplan/state")]
        from: String,
    },
    /// Copy the journal of the store that the spec names into a folder here.
    Pull {
        /// Where it comes from.
        #[command(flatten)]
        place: StatePlace,
        /// The place that it goes to.
        #[arg(long, value_name = "PLACE", default_value = ".relplan/state")]
        into: String,
    },
    /// Begin a new journal from what the registries show of the versions that the spec asks for.
    Rebuild(Rebuild),
    /// Record what is published already: the same as `relplan adopt`.
    #[command(after_help = examples::ADOPT)]
    Adopt(Adopt),
    /// Record that a target, a package or the project has another name. Registries are not touched.
    #[command(after_help = examples::STATE_MV)]
    Mv(Mv),
    /// Stop looking after packages, or one version of one. Registries are not touched.
    Forget {
        /// Where it is.
        #[command(flatten)]
        place: StatePlace,
        /// The package at its target, such as npm:@acme/widget, and perhaps one version: npm:@acme/widget@1.4.0. With * or
        /// ?, all that are recorded and match, such as 'mirror:*'.
        #[arg(value_name = "ADDRESS[@VERSION]")]
        what: String,
    },
    /// Tell what keeps other plans from being applied. There is no lock to take away.
    Unlock(StatePlace),
    /// Give up the open plan, so that another can be applied. Registries are not touched.
    Abandon {
        /// Where it is.
        #[command(flatten)]
        place: StatePlace,
        /// Why, for the journal.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl State {
    /// Where the state is, as far as it was said.
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::Show(place)
            | Self::List(place)
            | Self::Log { place, .. }
            | Self::Check { place, .. }
            | Self::Push { place, .. }
            | Self::Pull { place, .. }
            | Self::Forget { place, .. }
            | Self::Unlock(place)
            | Self::Abandon { place, .. } => place.state.as_deref(),
            Self::Adopt(adopt) => adopt.places.state.as_deref(),
            Self::Rebuild(rebuild) => rebuild.place.state.as_deref(),
            Self::Mv(mv) => mv.place.state.as_deref(),
        }
    }
}

/// `relplan state rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Where it is to be; nothing may be there.
    #[command(flatten)]
    pub place: StatePlace,
    /// The journal that was lost, if it is still to be had in some place: whatever can be read of it is asked what the new
    /// one cannot know.
    #[arg(long, value_name = "PLACE")]
    pub lost: Option<String>,
    /// Do not ask.
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// The policy that releases need, which the new journal remembers from the beginning.
    #[command(flatten)]
    pub pinned: PinnedPlace,
}

/// `relplan state mv`.
#[derive(Debug, Args)]
pub struct Mv {
    /// Where it is.
    #[command(flatten)]
    pub place: StatePlace,
    /// FROM and TO are names of the project.
    #[arg(long)]
    pub project: bool,
    /// What it was called: a target, or a package at a target.
    pub from: String,
    /// What it is called now.
    pub to: String,
}

/// Where the state is.
#[derive(Debug, Clone, Args)]
pub struct StatePlace {
    /// Where the state is: a folder, git+URL#REF, s3://BUCKET/PREFIX or postgres:VARIABLE [default: as the spec says,
    /// else .relplan/state].
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}
