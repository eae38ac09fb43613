//! Command lines with everything that the user typed to say where things are.

use std::path::Path;

use crate::arguments::{Arguments, Command, PinnedPlace, Places, Selected};

/// What the user typed that the next command has to say again.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The command line as it was typed, without the program's name.
    said: Vec<String>,
    /// `-C` and `--spec`, with their values.
    everywhere: Vec<String>,
    state: Option<String>,
    bundle: Option<String>,
    /// `--policy` and `--require-policy`, as they were typed.
    policy: Vec<String>,
    approvals: Vec<String>,
    selected: Selected,
    /// The saved plan that the command was given.
    plan: Option<String>,
    /// A file to save a plan to, where the command was told one.
    out: Option<String>,
}

impl Typed {
    /// What stands on a command line. `said` is its words, without the program's name.
    pub fn of(arguments: &Arguments, said: Vec<String>) -> Self {
        let mut everywhere = Vec::new();
        if arguments.directory != Path::new(".") {
            everywhere.extend(["-C".to_owned(), text(&arguments.directory)]);
        }
        if arguments.spec != Path::new("relplan.kdl") {
            everywhere.extend(["--spec".to_owned(), text(&arguments.spec)]);
        }
        let typed = Self {
            said,
            everywhere,
            ..Self::default()
        };
        match &arguments.command {
            Command::Apply(apply) => Self {
                plan: apply.plan.as_deref().map(text),
                policy: pinned(&apply.pinned),
                approvals: apply.records.approvals.iter().map(text).collect(),
                selected: apply.planning.selected.clone(),
                ..typed.at(&apply.places)
            },
            Command::Plan(plan) => Self {
                policy: pinned(&plan.pinned),
                out: plan.out.as_deref().map(text),
                ..typed.at(&plan.places)
            },
            Command::Pack(pack) => Self {
                bundle: pack.bundle.as_deref().map(text),
                state: pack.state.clone(),
                ..typed
            },
            Command::Adopt(adopt) => typed.at(&adopt.places),
            Command::Status(status) => typed.at(&status.places),
            Command::State(state) => Self {
                state: state.place().map(str::to_owned),
                ..typed
            },
            Command::Approve(approve) => Self {
                plan: Some(text(&approve.plan)),
                policy: pinned(&approve.pinned),
                state: approve.place.state.clone(),
                ..typed
            },
            Command::Approvals(approvals) => Self {
                plan: Some(text(&approvals.plan)),
                policy: pinned(&approvals.pinned),
                state: approvals.place.state.clone(),
                ..typed
            },
            Command::Show(show) => Self {
                plan: Some(text(&show.plan)),
                state: show.state.clone(),
                ..typed
            },
            Command::Init(_)
            | Command::Check(_)
            | Command::Diff(_)
            | Command::Graph(_)
            | Command::Policy(_)
            | Command::Schema { .. }
            | Command::Completions { .. }
            | Command::Man(_) => typed,
        }
    }

    fn at(self, places: &Places) -> Self {
        Self {
            state: places.state.clone(),
            bundle: places.bundle.as_deref().map(text),
            ..self
        }
    }

    /// Whether the project may be another folder than the one that a shell stands in.
    pub fn is_elsewhere(&self) -> bool {
        !self.everywhere.is_empty()
    }

    /// The bundle's folder, where one was named.
    pub fn bundle(&self) -> Option<&Path> {
        self.bundle.as_deref().map(Path::new)
    }

    /// The same of another plan than the one that was given: the open one, which a bare `apply` finds.
    pub fn of_open(&self) -> Self {
        Self {
            plan: None,
            selected: Selected::default(),
            ..self.clone()
        }
    }

    /// Applies the same plan, in the same way.
    pub fn apply(&self) -> String {
        let mut words = vec!["apply".to_owned()];
        words.extend(self.plan.clone());
        words.extend(self.selection());
        self.line(
            words,
            &[Place::State, Place::Bundle, Place::Policy, Place::Approvals],
        )
    }

    /// Applies another plan file.
    pub fn apply_file(&self, file: &str) -> String {
        let other = Self {
            plan: Some(file.to_owned()),
            ..self.clone()
        };
        other.apply_whole()
    }

    /// Applies the steps of another target of the same plan.
    pub fn apply_target(&self, target: &str) -> String {
        let other = Self {
            selected: Selected {
                targets: vec![target.to_owned()],
                ..Selected::default()
            },
            ..self.clone()
        };
        other.apply()
    }

    /// Applies all of the same plan.
    pub fn apply_whole(&self) -> String {
        let whole = Self {
            selected: Selected::default(),
            ..self.clone()
        };
        whole.apply()
    }

    /// Applies the plan that [`Self::plan_into`] saves.
    pub fn apply_planned(&self) -> String {
        self.apply_file(&self.file())
    }

    /// Packs.
    pub fn pack(&self) -> String {
        self.line(vec!["pack".to_owned()], &[Place::State, Place::Bundle])
    }

    /// Looks at what a new plan would do.
    pub fn plan(&self) -> String {
        self.line(
            vec!["plan".to_owned()],
            &[Place::State, Place::Bundle, Place::Policy],
        )
    }

    /// Makes a new plan and saves it.
    pub fn plan_into(&self) -> String {
        self.line(
            vec!["plan".to_owned(), "-o".to_owned(), self.file()],
            &[Place::State, Place::Bundle, Place::Policy],
        )
    }

    /// Approves the plan.
    pub fn approve(&self) -> String {
        let words = ["approve", &self.file(), "--key", "KEY"].map(str::to_owned);
        self.line(words.to_vec(), &[Place::State, Place::Policy])
    }

    /// Shows what is under way.
    pub fn status(&self) -> String {
        self.line(vec!["status".to_owned()], &[Place::State])
    }

    /// Gives the open plan up.
    pub fn abandon(&self, why: &str) -> String {
        let words = ["state", "abandon", "--reason", why].map(str::to_owned);
        self.line(words.to_vec(), &[Place::State])
    }

    /// The same with the state in another place.
    pub fn at_state(&self, place: &str) -> Self {
        Self {
            state: Some(place.to_owned()),
            ..self.clone()
        }
    }

    /// Verifies the journal.
    pub fn check_state(&self, options: &[&str]) -> String {
        let words = ["state", "check"].iter().chain(options);
        self.line(
            words.map(|word| (*word).to_owned()).collect(),
            &[Place::State],
        )
    }

    /// Begins a new journal, with what can be read of the lost one.
    pub fn rebuild(&self, lost: Option<&str>) -> String {
        let lost = lost.into_iter().flat_map(|lost| ["--lost", lost]);
        let words = ["state", "rebuild"].into_iter().chain(lost);
        self.line(words.map(str::to_owned).collect(), &[Place::State])
    }

    /// Moves the journal from a place.
    pub fn push(&self, from: &str) -> String {
        let words = ["state", "push", "--from", from].map(str::to_owned);
        self.line(words.to_vec(), &[Place::State])
    }

    /// Records that the project has another name.
    pub fn rename_project(&self, from: &str, to: &str) -> String {
        let words = ["state", "mv", "--project", from, to].map(str::to_owned);
        self.line(words.to_vec(), &[Place::State])
    }

    /// Signs the step from one policy to the next.
    pub fn rotate(&self, old: &str, new: &str) -> String {
        let words = ["policy", "rotate", old, new, "--key", "KEY"].map(str::to_owned);
        self.line(words.to_vec(), &[])
    }

    /// Has this machine forget a project's policy.
    pub fn forget_policy(&self, project: &str) -> String {
        let words = ["policy", "forget", project].map(str::to_owned);
        self.line(words.to_vec(), &[])
    }

    /// Makes a plan of what is selected into another file than any that was given.
    pub fn plan_apart(&self, file: &str) -> String {
        let mut words = vec!["plan".to_owned()];
        words.extend(self.selection());
        words.extend(["-o".to_owned(), file.to_owned()]);
        self.line(words, &[Place::State, Place::Bundle, Place::Policy])
    }

    /// The command as it was typed, with more words: flags, or one option with its value, which counts instead of the
    /// value that was typed.
    pub fn again(&self, with: &[&str]) -> String {
        let mut words = vec!["relplan"];
        let mut said = self.said.iter().map(String::as_str);
        while let Some(word) = said.next() {
            match with {
                [option, _] if word == *option => drop(said.next()),
                _ => words.push(word),
            }
        }
        words.extend(with);
        shell(&words)
    }

    /// The file of a saved plan: the one that was given, else the usual one.
    fn file(&self) -> String {
        let given = self.plan.as_ref().or(self.out.as_ref());
        given.map_or_else(|| "release.json".to_owned(), Clone::clone)
    }

    fn selection(&self) -> Vec<String> {
        let Selected {
            packages,
            exclude,
            targets,
        } = &self.selected;
        let said = |option: &str, values: &[String]| {
            let pairs = values
                .iter()
                .map(|value| [option.to_owned(), value.clone()]);
            pairs.flatten().collect::<Vec<String>>()
        };
        [
            said("-p", packages),
            said("--exclude", exclude),
            said("--target", targets),
        ]
        .concat()
    }

    fn line(&self, words: Vec<String>, places: &[Place]) -> String {
        let mut all = vec!["relplan".to_owned()];
        all.extend(self.everywhere.clone());
        all.extend(words);
        for place in places {
            let (option, values): (&str, Vec<&String>) = match place {
                Place::State => ("--state", self.state.iter().collect()),
                Place::Bundle => ("--bundle", self.bundle.iter().collect()),
                Place::Policy => {
                    all.extend(self.policy.clone());
                    continue;
                }
                Place::Approvals => ("--approvals", self.approvals.iter().collect()),
            };
            for value in values {
                all.extend([option.to_owned(), value.clone()]);
            }
        }
        shell(&all)
    }
}

/// The options that say where something is.
#[derive(Clone, Copy)]
enum Place {
    State,
    Bundle,
    Policy,
    Approvals,
}

fn pinned(pinned: &PinnedPlace) -> Vec<String> {
    let PinnedPlace {
        policy,
        require_policy,
    } = pinned;
    let mut words = Vec::new();
    if let Some(policy) = policy {
        words.extend(["--policy".to_owned(), text(policy)]);
    }
    if *require_policy {
        words.push("--require-policy".to_owned());
    }
    words
}

fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().display().to_string()
}

/// A command line as a POSIX shell reads it back.
pub fn shell(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word.as_ref())).collect();
    quoted.join(" ")
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
