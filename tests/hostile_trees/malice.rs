//! What a hostile tree can hold, and the commands that it is read by.

mod archives;
mod configuration;
mod files;
mod repositories;
mod specs;

use relplan_testkit::mutation::Dice;

use crate::place::{MARK, Place};

/// One trick: plants itself and says what it did.
type Trick = fn(&mut Place, &mut Dice) -> String;

const TRICKS: &[Trick] = &[
    files::link_a_file,
    files::link_a_file,
    files::link_a_folder,
    files::strange_file,
    files::text_that_steers,
    files::manifest_that_reaches_out,
    repositories::bare_repository,
    repositories::checkout,
    repositories::git_file,
    repositories::state_remote,
    repositories::state_remote,
    configuration::npmrc,
    configuration::npmrc,
    configuration::cargo,
    configuration::cargo,
    configuration::python,
    configuration::other_tools,
    configuration::programs_on_the_path,
    specs::target_elsewhere,
    specs::target_elsewhere,
    specs::state_elsewhere,
    specs::own_folder,
    archives::prebuilt,
];

/// Plants one to five tricks. Programs of the tree are there in any case, in the places where tools look for them.
pub fn plant(place: &mut Place, dice: &mut Dice) -> Vec<String> {
    place.program(&format!("project/{MARK}.sh"));
    place.program(&format!("project/tools/{MARK}.sh"));
    (0..=dice.below(5))
        .filter_map(|_| dice.one_of(TRICKS).copied())
        .collect::<Vec<_>>()
        .into_iter()
        .map(|trick| trick(place, dice))
        .collect()
}

/// Two commands that a person or CI runs on such a tree. None of them may run what is in it: the spec asks for packers
/// that are built in.
///
/// In a part of the tree only where the whole is a checkout: else nothing says what the tree is.
pub fn commands(place: &Place, dice: &mut Dice) -> Vec<Vec<String>> {
    const COMMANDS: &[&str] = &[
        "plan",
        "plan",
        "plan --format markdown",
        "plan -o ../tmp/plan.json",
        "check",
        "adopt --yes",
        "pack --missing -p @quickstart/greet",
        "pack --missing -p quickstart-greet",
        "status",
        "state log",
        "init",
        "state check",
        "show .relplan/plans/kept.json",
        "apply .relplan/plans/kept.json",
        "apply --yes -p @quickstart/greet",
        "policy check",
        "-C js plan --spec ../relplan.kdl",
        "-C tools plan --spec ../relplan.kdl",
        "-C tools init",
    ];
    (0..2)
        .filter_map(|_| dice.one_of(COMMANDS))
        .filter(|line| !line.starts_with("-C") || is_checkout(place))
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect()
}

fn is_checkout(place: &Place) -> bool {
    let git = place.project().join(".git");
    !git.is_symlink() && git.join("HEAD").is_file() && git.join("objects").is_dir()
}

/// A command line for a setting that names a program.
pub fn command_line(place: &Place, dice: &mut Dice) -> String {
    let whole = place
        .project()
        .join(format!("tools/{MARK}.sh"))
        .display()
        .to_string();
    match dice.below(4) {
        0 => whole,
        1 => format!("./tools/{MARK}.sh"),
        2 => format!("sh -c '{whole}'"),
        _ => format!("!{whole}"),
    }
}
