//! What was typed: the command line, without any look at the system.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use relplan_model::time::seconds;

mod examples;
mod starting;
mod state;

pub use starting::{Adopt, Init, Man, Status, ecosystem_named};
pub use state::{Mv, Rebuild, State, StatePlace};

/// The heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// Plan and apply for releases.
#[derive(Debug, Parser)]
#[command(
    name = "relplan",
    version,
    about = "Plan and apply for releases: one reviewed plan over all registries, resumable and at most once.",
    after_help = examples::MAIN,
    max_term_width = 100
)]
pub struct Arguments {
    /// Work in this folder instead of the current one.
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        help_heading = GLOBAL,
        default_value = ".",
        hide_default_value = true
    )]
    pub directory: PathBuf,
    /// The spec, relative to that folder.
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = GLOBAL,
        default_value = "relplan.kdl"
    )]
    pub spec: PathBuf,
    /// When to use colour.
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        help_heading = GLOBAL,
        default_value = "auto"
    )]
    pub color: ColorChoice,
    /// Refuse a journal that never ended with this line: its digest, as `relplan state check` prints it [default:
    /// RELPLAN_EXPECT_HEAD].
    #[arg(long, value_name = "SHA256", global = true, help_heading = GLOBAL)]
    pub expect_head: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a spec for the packages of this folder.
    #[command(after_help = examples::INIT)]
    Init(Init),
    /// Check the spec and the workspaces that it names; nothing is sent anywhere.
    #[command(after_help = examples::CHECK)]
    Check(Check),
    /// Pack packages into a bundle, with credentials taken out of the packers' environment.
    #[command(after_help = examples::PACK)]
    Pack(Pack),
    /// Show what would change at the registries.
    #[command(after_help = examples::PLAN)]
    Plan(Plan),
    /// Show a saved plan.
    #[command(after_help = examples::SHOW)]
    Show(Show),
    /// Show how the files inside a saved plan's artifacts differ from what is published.
    #[command(after_help = examples::DIFF)]
    Diff(Diff),
    /// Draw the steps of a saved plan by wave.
    #[command(after_help = examples::GRAPH)]
    Graph(Graph),
    /// Approve a saved plan, or reject it: shows it, asks, and has ssh-keygen sign.
    #[command(after_help = examples::APPROVE)]
    Approve(Approve),
    /// Show who has approved a saved plan, who is still needed, and which records do not count.
    #[command(after_help = examples::APPROVALS)]
    Approvals(Approvals),
    /// Carry out a saved plan; or plan, show, ask and carry out.
    #[command(after_help = examples::APPLY)]
    Apply(Box<Apply>),
    /// Record what is published already, so that it is known from now on; registries are only read.
    #[command(after_help = examples::ADOPT)]
    Adopt(Adopt),
    /// Look after the policy that says whose approval counts.
    #[command(subcommand, after_help = examples::POLICY)]
    Policy(Policy),
    /// Show what is recorded, and what is under way.
    #[command(after_help = examples::STATUS)]
    Status(Status),
    /// Look after the state.
    #[command(subcommand, after_help = examples::STATE)]
    State(State),
    /// Print the JSON Schema of one of relplan's formats, or which there are.
    #[command(after_help = examples::SCHEMA)]
    Schema {
        /// The schema.
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(crate::commands::schema::names()))]
        name: Option<String>,
    },
    /// Print a completion script for a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command.
    #[command(after_help = examples::MAN)]
    Man(Man),
}

/// Which packages and targets a command is about.
#[derive(Debug, Clone, Default, Args)]
pub struct Selected {
    /// Only packages whose name or path matches this pattern; may be repeated.
    #[arg(short = 'p', long = "package", value_name = "PATTERN")]
    pub packages: Vec<String>,
    /// All but packages whose name or path matches this pattern; may be repeated.
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Only this target; may be repeated.
    #[arg(long = "target", value_name = "NAME")]
    pub targets: Vec<String>,
}

/// Where the bundle and the state are.
#[derive(Debug, Clone, Default, Args)]
pub struct Places {
    /// The bundle's folder [default: .relplan/bundle].
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Where the state is: a folder, git+URL#REF, s3://BUCKET/PREFIX or postgres:VARIABLE [default: as the plan or the
    /// spec says, else .relplan/state].
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
}

/// How output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PlanFormat {
    /// For people at a terminal.
    #[default]
    Text,
    /// For comments and job summaries on GitHub.
    Markdown,
    /// For programs: the plan itself.
    Json,
    /// For GitHub Actions: one job for each target, as a matrix.
    GithubMatrix,
}

/// How a plan is shown, and how much of it.
#[derive(Debug, Clone, Default, Args)]
pub struct Shown {
    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
    /// Show unchanged rows and every reason.
    #[arg(short = 'v', long)]
    pub verbose: bool,
    /// Write it to this file as well, as a page that needs no network.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Explain the rows of this address (npm:@acme/widget) or package instead; may be repeated.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["format", "verbose"])]
    pub explain: Vec<String>,
}

/// `relplan check`.
#[derive(Debug, Args)]
pub struct Check {
    /// How to write problems.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// `relplan pack`.
#[derive(Debug, Args)]
pub struct Pack {
    /// Which packages.
    #[command(flatten)]
    pub selected: Selected,
    /// The bundle's folder [default: .relplan/bundle].
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// Where the state is, so that the artifacts of an open plan are kept: a folder, git+URL#REF, s3://BUCKET/PREFIX or
    /// postgres:VARIABLE [default: as the spec says, else .relplan/state].
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
    /// Take over the artifacts of another bundle instead of packing; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub merge: Vec<PathBuf>,
    /// Pack only what registries do not have yet, into an emptied bundle.
    #[arg(long, conflicts_with = "merge")]
    pub missing: bool,
    /// Have cargo build each crate from what it packed.
    #[arg(long)]
    pub verify: bool,
    /// Tell the packers to use no network.
    #[arg(long)]
    pub offline: bool,
}

/// How a plan is made.
#[derive(Debug, Clone, Default, Args)]
pub struct Planning {
    /// Which packages and targets.
    #[command(flatten)]
    pub selected: Selected,
    /// Plan to move pointers back that somebody else has moved.
    #[arg(long)]
    pub correct_drift: bool,
    /// Who asks for the release: a person of the policy, or an account such as github:alice [default: the actor of a
    /// GitHub workflow].
    #[arg(long, value_name = "NAME")]
    pub requester: Option<String>,
    /// How long the plan may be applied, such as 30m, 24h or 7d.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = lifetime)]
    pub lifetime: Lifetime,
    /// Do not compare what is inside the artifacts with what is published.
    #[arg(long)]
    pub no_contents: bool,
}

/// Which policy counts.
#[derive(Debug, Clone, Default, Args)]
pub struct PinnedPlace {
    /// The policy that says whose approval counts [default: RELPLAN_POLICY, else policy.kdl if it is the one that the
    /// journal remembers].
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Refuse to go on where no policy is in force, as RELPLAN_REQUIRE_POLICY=1 does.
    #[arg(long)]
    pub require_policy: bool,
}

/// Where approvals are.
#[derive(Debug, Clone, Default, Args)]
pub struct RecordPlaces {
    /// A folder with approval records, besides PLAN.approvals; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub approvals: Vec<PathBuf>,
}

/// `relplan approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// The saved plan.
    pub plan: PathBuf,
    /// The key to sign with: a public key whose private half the agent holds, or a private key, which ssh-keygen alone
    /// opens [default: RELPLAN_KEY].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Who signs, as the policy names them [default: whose key it is].
    #[arg(long = "as", value_name = "NAME")]
    pub principal: Option<String>,
    /// Say no instead: one is enough, whatever others say.
    #[arg(long)]
    pub reject: bool,
    /// Something to add, for those who read it later.
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Confirm without being asked, by one package of the plan with its version.
    #[arg(long, value_name = "NAME@VERSION", conflicts_with = "reject")]
    pub yes: Option<String>,
    /// Show what changed since this plan [default: the one that was approved last].
    #[arg(long, value_name = "PLAN")]
    pub since: Option<PathBuf>,
    /// The bundle's folder, to check what the plan says is inside its artifacts [default: .relplan/bundle].
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// The folder to write the record into [default: PLAN.approvals].
    #[arg(short = 'o', long = "out", value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show unchanged rows and every reason.
    #[arg(short = 'v', long)]
    pub verbose: bool,
    /// Which policy.
    #[command(flatten)]
    pub pinned: PinnedPlace,
    /// Where the state is.
    #[command(flatten)]
    pub place: StatePlace,
}

/// `relplan approvals`.
#[derive(Debug, Args)]
pub struct Approvals {
    /// The saved plan.
    pub plan: PathBuf,
    /// Where approvals are.
    #[command(flatten)]
    pub records: RecordPlaces,
    /// Which policy.
    #[command(flatten)]
    pub pinned: PinnedPlace,
    /// Where the state is.
    #[command(flatten)]
    pub place: StatePlace,
    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// `relplan policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Check a policy.
    #[command(after_help = examples::POLICY_CHECK)]
    Check {
        /// Its file [default: policy.kdl].
        file: Option<PathBuf>,
    },
    /// Print a policy's digest.
    #[command(after_help = examples::POLICY_DIGEST)]
    Digest {
        /// Its file [default: policy.kdl].
        file: Option<PathBuf>,
    },
    /// Sign that a new policy follows an old one, or show who still has to.
    #[command(after_help = examples::POLICY_ROTATE)]
    Rotate(Rotate),
    /// Have this machine forget under which policy it has released a project. What the project's journal remembers stays
    /// as it is.
    #[command(after_help = examples::POLICY_FORGET)]
    Forget {
        /// The project, as the spec names it.
        project: String,
    },
}

/// `relplan policy rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The policy that is replaced.
    pub old: PathBuf,
    /// The policy that follows it.
    pub new: PathBuf,
    /// The key to sign with; without one, who still has to sign is shown.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// The file with the signatures [default: in NEW.rotations].
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Seconds that a plan may be applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub u64);

impl Default for Lifetime {
    fn default() -> Self {
        Self(24 * 3600)
    }
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    match seconds(text) {
        Some(seconds) if (60..=90 * 24 * 3600).contains(&seconds) => Ok(Lifetime(seconds)),
        Some(_) => Err("a plan may live from one minute to 90 days".to_owned()),
        None => Err("give a number and a unit: 30m, 24h or 7d".to_owned()),
    }
}

/// Seconds that an effect may take to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle(pub u64);

fn settle(text: &str) -> Result<Settle, String> {
    match seconds(text) {
        Some(seconds) if (1..=3600).contains(&seconds) => Ok(Settle(seconds)),
        Some(_) => Err("it may take from one second to one hour".to_owned()),
        None => Err("give a number and a unit: 10s or 5m".to_owned()),
    }
}

/// How long to wait for other runs, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub u64);

fn patience(text: &str) -> Result<Patience, String> {
    match seconds(text) {
        Some(seconds) if seconds <= 24 * 3600 => Ok(Patience(seconds)),
        Some(_) => Err("it may be a day at most".to_owned()),
        None => Err("give a number and a unit: 90s, 30m or 6h".to_owned()),
    }
}

/// Where a plan is shown besides the terminal.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "On GitHub")]
pub struct Report {
    /// Write the plan to the pull request, as one comment that is kept up to date. Needs GITHUB_TOKEN (or GH_TOKEN) with
    /// the permission `pull-requests: write`.
    #[arg(long)]
    pub comment: bool,
    /// The pull request's repository [default: that of the run of GitHub Actions].
    #[arg(long, value_name = "OWNER/NAME", requires = "comment")]
    pub repo: Option<String>,
    /// The pull request's number [default: that of the run of GitHub Actions].
    #[arg(long, value_name = "N", requires = "comment")]
    pub pr: Option<u64>,
    /// What the comment is about; comments of other scopes are left alone [default: the project and what was selected].
    #[arg(long, value_name = "TEXT", requires = "comment")]
    pub comment_scope: Option<String>,
    /// Write job summary and step outputs of GitHub Actions, as --comment does too.
    #[arg(long)]
    pub github_output: bool,
}

/// `relplan plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// How it is made.
    #[command(flatten)]
    pub planning: Planning,
    /// Where bundle and state are.
    #[command(flatten)]
    pub places: Places,
    /// Which policy.
    #[command(flatten)]
    pub pinned: PinnedPlace,
    /// Save the plan to this file.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How it is shown.
    #[command(flatten)]
    pub shown: Shown,
    /// Exit with 2 when there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Where it is shown on GitHub.
    #[command(flatten)]
    pub report: Report,
}

/// `relplan show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The saved plan.
    pub plan: PathBuf,
    /// How it is shown.
    #[command(flatten)]
    pub shown: Shown,
    /// Where the state is: a folder, git+URL#REF, s3://BUCKET/PREFIX or postgres:VARIABLE [default: as the plan or the
    /// spec says, else .relplan/state].
    #[arg(long, value_name = "PLACE")]
    pub state: Option<String>,
    /// Where it is shown on GitHub.
    #[command(flatten)]
    pub report: Report,
}

/// `relplan diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The saved plan.
    pub plan: PathBuf,
    /// Only these packages, such as npm:@acme/widget.
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// Names and sizes alone.
    #[arg(long)]
    pub stat: bool,
    /// How many lines to show around each change.
    #[arg(short = 'U', long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub unified: u16,
    /// The bundle's folder [default: .relplan/bundle].
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
}

/// `relplan graph`.
#[derive(Debug, Args)]
pub struct Graph {
    /// The saved plan.
    pub plan: PathBuf,
    /// How to draw it.
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: GraphFormat,
    /// Draw every step, however many there are.
    #[arg(long)]
    pub full: bool,
    /// Write to this file instead of standard output.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For Markdown, as GitHub draws it.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// `relplan apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// A saved plan; without one, relplan packs what is missing, plans, shows, asks and applies. With --target, only the
    /// steps of that target are carried out, while other runs carry out the rest.
    pub plan: Option<PathBuf>,
    /// How the plan is made, where none is given.
    #[command(flatten)]
    pub planning: Planning,
    /// Where bundle and state are.
    #[command(flatten)]
    pub places: Places,
    /// Which policy.
    #[command(flatten)]
    pub pinned: PinnedPlace,
    /// Where approvals are.
    #[command(flatten)]
    pub records: RecordPlaces,
    /// Do not ask.
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Take over from a run that may still be at work on the same plan; it then stops before its next effect.
    #[arg(long)]
    pub take_over: bool,
    /// How many steps go side by side.
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
    /// How long an upload whose answer was lost may take to show up before it is sent again.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = settle)]
    pub settle: Settle,
    /// With --target: how long to wait for the steps of other runs while nothing is heard of them.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = patience)]
    pub wait: Patience,
    /// With --target: begin although no run of the other targets is there yet.
    #[arg(long)]
    pub at_once: bool,
    /// Write events to standard output, one JSON object per line, and everything for people to standard error.
    #[arg(long)]
    pub json: bool,
    /// Write events to this file as well.
    #[arg(long, value_name = "FILE")]
    pub json_into: Option<PathBuf>,
    /// Tell the packers to use no network.
    #[arg(long)]
    pub offline_pack: bool,
}
