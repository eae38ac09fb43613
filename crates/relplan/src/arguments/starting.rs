//! The arguments of the commands that a project starts with: `init`, `adopt`, `status` and `man`.

use std::path::PathBuf;

use clap::Args;
use relplan_model::address::Ecosystem;

use super::{Format, Places, Selected};
use crate::init::{draft::Instead, kinds};

/// `relplan init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The project's name [default: after the repository, else after the folder].
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Where the source is kept [default: git's remote `origin`, else what the manifests say].
    #[arg(long, value_name = "URL")]
    pub repository: Option<String>,
    /// A workspace, as `npm=js` for the folder `js`; may be repeated. None is looked for then.
    #[arg(long = "workspace", value_name = "ECOSYSTEM=PATH", value_parser = workspace)]
    pub workspaces: Vec<(Ecosystem, String)>,
    /// Where packages go instead of their ecosystem's registry; may be repeated: `directory=PATH`, `npm=URL`,
    /// `cargo=REGISTRY` as Cargo's configuration names it, or `pypi=REPOSITORY` as .pypirc does.
    #[arg(long = "target", value_name = "KIND=PLACE", value_parser = instead)]
    pub targets: Vec<Instead>,
    /// Overwrite a spec that is there.
    #[arg(long, conflicts_with = "print")]
    pub force: bool,
    /// Write the spec to standard output, and no file.
    #[arg(long)]
    pub print: bool,
    /// Add relplan's own folder to .gitignore, without asking.
    #[arg(long, conflicts_with = "print")]
    pub gitignore: bool,
}

fn workspace(text: &str) -> Result<(Ecosystem, String), String> {
    let (ecosystem, path) = text
        .split_once('=')
        .ok_or("name an ecosystem and a folder: cargo=., npm=js or python=py")?;
    let ecosystem = ecosystem_named(ecosystem)?;
    Ok((ecosystem, path.to_owned()))
}

/// The ecosystem that a typed word stands for.
pub fn ecosystem_named(word: &str) -> Result<Ecosystem, String> {
    let known = relplan_ecosystem::Ecosystem::named(word);
    known
        .and_then(|known| Ecosystem::new(known.word()).ok())
        .ok_or_else(|| {
            let words = relplan_ecosystem::Ecosystem::listed("and");
            format!("the ecosystems are {words}")
        })
}

fn instead(text: &str) -> Result<Instead, String> {
    let (kind, place) = text
        .split_once('=')
        .filter(|(_, place)| !place.is_empty())
        .ok_or("name a kind and a place, such as directory=out/registry")?;
    Instead::new(kind, place).ok_or_else(|| {
        let kinds = kinds::ALL.map(|kind| kind.word);
        format!("the kinds are {}", kinds.join(", "))
    })
}

/// `relplan adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// Which packages and targets.
    #[command(flatten)]
    pub selected: Selected,
    /// Where bundle and state are.
    #[command(flatten)]
    pub places: Places,
    /// Do not ask.
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// `relplan man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder that gets one page for each command; without it, the main page goes to standard output.
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// `relplan status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Where bundle and state are.
    #[command(flatten)]
    pub places: Places,
    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}
