//! The commands: one file each, and what they share.

pub mod adopt;
pub mod apply;
pub mod approvals;
pub mod approve;
pub mod check;
pub mod diff;
pub mod graph;
pub mod init;
pub mod man;
pub mod pack;
pub mod page;
pub mod plan;
pub mod policy;
pub mod schema;
pub mod show;
pub mod state;
pub mod status;

use relplan_targets::surroundings::Surroundings;

use crate::{
    arguments::{Arguments, Command},
    exit::Exit,
    failure::Failure,
    files::{self, Named},
    next::{Situation, Typed},
    project::Project,
    store::Stores,
    terminal::Terminal,
    view::style::harmless,
};

/// What every command is given.
pub struct Session {
    /// The project's folder.
    pub project: Project,
    /// The standard streams.
    pub terminal: Terminal,
    /// The environment, captured once.
    pub surroundings: Surroundings,
    /// The state stores, opened when they are asked for.
    pub stores: Stores,
    /// The head that the journal must have, or must have had.
    pub expected_head: Option<String>,
    /// What was typed that further commands have to say again.
    pub typed: Typed,
}

/// Runs a command. `said` is the command line as it was typed.
pub async fn run(
    (arguments, said): (Arguments, Vec<String>),
    terminal: Terminal,
    vars: std::collections::BTreeMap<String, String>,
) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = arguments.command {
        let mut script = Vec::new();
        clap_complete::generate(
            shell,
            &mut <Arguments as clap::CommandFactory>::command(),
            "relplan",
            &mut script,
        );
        terminal.result(&String::from_utf8_lossy(&script));
        return Ok(Exit::Done);
    }
    if let Command::Schema { name } = &arguments.command {
        return schema::run(&terminal, name.as_deref());
    }
    if let Command::Man(man) = &arguments.command {
        return self::man::run(terminal, &arguments.directory, man);
    }
    let project = Project::enter(&arguments)?;
    let surroundings = Surroundings {
        home: vars.get("HOME").map(std::path::PathBuf::from),
        project: Some(project.root.as_std_path().to_path_buf()),
        tree: Some(project.root.as_std_path().to_path_buf()),
        cache: crate::cache::folder(&vars, &project.checkout)?,
        vars,
        approved: std::collections::BTreeMap::new(),
        withheld: false,
    };
    relplan_targets::http::look_timeout(&surroundings)
        .map_err(|error| Failure::of(Exit::Usage, &error))?;
    let set = surroundings.var("RELPLAN_EXPECT_HEAD").map(str::to_owned);
    let session = Session {
        expected_head: arguments.expect_head.clone().or(set),
        project,
        terminal,
        surroundings,
        stores: Stores::default(),
        typed: Typed::of(&arguments, said),
    };
    if reads_own_files(&arguments.command)
        && let Some(text) = crate::home::warning(&session.surroundings)
    {
        let text = harmless(&text);
        let err = session.terminal.err;
        session.terminal.remark(&err.wrap("warning: ", "  ", &text));
    }
    let typed = session.typed.clone();
    let ended = match arguments.command {
        Command::Init(init) => self::init::run(&session, &init),
        Command::Check(check) => self::check::run(&session, &check),
        Command::Pack(pack) => self::pack::run(&session, pack).await,
        Command::Plan(plan) => self::plan::run(&session, &plan).await,
        Command::Show(show) => self::show::run(&session, &show).await,
        Command::Diff(diff) => self::diff::run(&session, &diff).await,
        Command::Graph(graph) => self::graph::run(&session, &graph),
        Command::Approve(approve) => self::approve::run(&session, &approve).await,
        Command::Approvals(approvals) => self::approvals::run(&session, &approvals).await,
        Command::Policy(policy) => self::policy::run(&session, &policy),
        Command::Apply(apply) => self::apply::run(session, *apply).await,
        Command::Status(status) => self::status::run(&session, &status).await,
        Command::State(state) => self::state::run(&session, &state).await,
        Command::Adopt(adopt) => self::adopt::run(&session, &adopt).await,
        Command::Completions { .. } | Command::Man(_) | Command::Schema { .. } => Ok(Exit::Done),
    };
    ended.map_err(|failure| failure.look_up(&typed))
}

/// Whether a command looks for credentials, programs or memory of the user's.
fn reads_own_files(command: &Command) -> bool {
    match command {
        Command::Pack(_)
        | Command::Plan(_)
        | Command::Diff(_)
        | Command::Apply(_)
        | Command::Status(_)
        | Command::State(_)
        | Command::Adopt(_) => true,
        Command::Init(_)
        | Command::Check(_)
        | Command::Show(_)
        | Command::Graph(_)
        | Command::Approve(_)
        | Command::Approvals(_)
        | Command::Policy(_)
        | Command::Completions { .. }
        | Command::Man(_)
        | Command::Schema { .. } => false,
    }
}

/// Reads a saved plan, and refuses any other spelling of it (exit 65).
pub fn read_plan(path: &std::path::Path) -> Result<(Vec<u8>, relplan_model::plan::Plan), Failure> {
    let about =
        |failure: Failure| failure.while_doing(format!("cannot use the plan {}", path.display()));
    let limit = relplan_model::plan::MAX_SIZE as u64 + 1;
    let Named {
        bytes,
        may_be_quoted,
    } = files::read_named(path, limit)
        .map_err(|error| about(Failure::of(Exit::Invalid, &error)))?;
    let plan = relplan_model::plan::Plan::from_bytes(&bytes).map_err(|error| {
        about(match may_be_quoted || error.is_of_later_relplan() {
            true => Failure::of(Exit::Invalid, &error),
            false => Failure::new(
                Exit::Invalid,
                "it is a link that leads out of the project, to what is no plan",
            ),
        })
        .situation(Situation::PlanApart {
            words: "a plan is applied byte for byte as it was saved; if it is damaged, make a new one:",
        })
    })?;
    let violations = relplan_plan::check(&plan);
    if !violations.is_empty() {
        let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
        return Err(about(Failure::new(
            Exit::Invalid,
            "the plan breaks rules that every plan keeps",
        ))
        .details(listed.join("\n")));
    }
    let kinds = relplan_targets::vocabulary();
    let unknown =
        |target: &&relplan_model::target::Target| !kinds.contains_key(target.kind.as_str());
    if let Some(target) = plan.targets.iter().find(unknown) {
        let message = format!(
            "its target {} is of the kind {:?}, which this relplan does not know",
            target.name, target.kind
        );
        return Err(about(Failure::new(Exit::Invalid, message)));
    }
    Ok((bytes, plan))
}
