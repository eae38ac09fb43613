//! D10: the table of what to do next, walked: each situation is made with the real binary, the command that it prints is
//! run as it stands, and that comes to an end, or to something that only a person can decide.
//!
//! `docs/reference/exit-codes.md` is the promise: each of its exit codes, and each of its rows with each of their codes, is
//! made by a walk, on a journal in a folder and on one in a git repository.

mod journals;
mod plans;
mod policies;
mod registries;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    path::Path,
};

use relplan_testkit::{
    environment::{Environment, Session},
    servers::stores::has_git,
};
use serde_json::Value;

use super::shelves::{Shelves, flat};

/// An exit code with the code of what is next.
type Row = (i32, &'static str);

/// What is printed of each row, so that a walk cannot take one for another.
const WORDS: [(&str, &str); 28] = [
    ("abandon-lost", "cannot go on without its own bytes"),
    ("again", ":"),
    ("apply", "the same plan"),
    ("apply-others", "begin a run for each of the others"),
    ("apply-plan-file", "find it where it was made"),
    ("apply-saved", "to carry it out"),
    ("approve", "each approver signs the same file"),
    ("check-state", "look at what is wrong with it"),
    ("choose-state", "a plan is applied on one journal alone"),
    ("credential", "the credential right, then apply"),
    ("decide-conflict", "a person looks at what is there"),
    ("decide-held", "a person looks at what was held back"),
    ("decide-refused", "first put right what was refused"),
    ("find-state", "if this is the wrong place"),
    ("later-relplan", "run a later one"),
    ("look", "see how far it is"),
    ("moved", "name that place in the spec"),
    ("pack-again", "pack them again"),
    ("pin-policy", "name it"),
    ("plan", "make a new plan"),
    ("plan-again-expired", "it has expired with steps left"),
    ("plan-again-unknown", "when the registry answers again"),
    ("put-right", "put right what is named above, then apply"),
    (
        "rebuild-state",
        "begin a new one from what the registries show",
    ),
    ("rename-project", "if the project was renamed, say so"),
    ("rotate-policy", "have the change signed"),
    ("save-plan", "save"),
    ("set-back", "put the newer copy back"),
];

/// A project, and the rows that were made in it.
struct Walk {
    shelves: Shelves,
    /// The repository with the journal, where it is in one.
    git: bool,
    seen: RefCell<BTreeSet<Row>>,
}

impl Deref for Walk {
    type Target = Shelves;

    fn deref(&self) -> &Shelves {
        &self.shelves
    }
}

impl Walk {
    /// Runs relplan, which ends with an exit code and says what is next.
    fn ends(&self, exit: i32, code: &'static str, arguments: &[&str]) -> Session {
        let session = self.expect(exit, arguments);
        self.says(exit, code, &session);
        session
    }

    /// What a session says is the row of this code.
    fn says(&self, exit: i32, code: &'static str, session: &Session) {
        assert_eq!(session.code, Some(exit), "{session}");
        let (_, words) = WORDS.iter().find(|(known, _)| *known == code).unwrap();
        let said = flat(&format!("{}\n{}", session.stdout, session.stderr)).to_lowercase();
        assert!(said.contains(words), "{code}: {words}\n{session}");
        let has_commands = !commands(session).is_empty();
        assert!(has_commands || code == "later-relplan", "{code}\n{session}");
        self.seen.borrow_mut().insert((exit, code));
    }

    /// Runs a printed line as it stands.
    fn literally(&self, line: &str) -> Session {
        literally(&self.environment, line, &self.project())
    }

    /// Runs each of the lines, which all end with 0.
    fn all_good(&self, lines: &[String]) {
        for line in lines {
            let session = self.literally(line);
            assert_eq!(session.code, Some(0), "{line}\n{session}");
        }
    }

    /// Follows what is printed until something ends with 0: at most this many lines, each run as it stands.
    fn follow(&self, mut session: Session, most: usize) -> Vec<String> {
        let mut run = Vec::new();
        while session.code != Some(0) {
            let said = commands(&session);
            assert!(!said.is_empty(), "nothing is said: {run:?}\n{session}");
            assert!(run.len() < most, "it comes to no end: {run:?}\n{session}");
            session = self.literally(&said[0]);
            run.push(said[0].clone());
        }
        run
    }

    /// The code for what is next, as the state's JSON has it.
    fn next(&self) -> Value {
        let status = self.expect(0, &["status", "--format", "json"]);
        let state: Value = serde_json::from_str(&status.stdout).unwrap();
        state["next"]["code"].clone()
    }

    /// The place of the journal, as `--state` takes it.
    fn place(&self) -> String {
        match self.git {
            true => format!("git+file://{}", self.bare().display()),
            false => ".relplan/state".to_owned(),
        }
    }

    fn bare(&self) -> std::path::PathBuf {
        self.environment.root().join("state.git")
    }

    /// Changes the journal by hand, entry by entry.
    fn tamper(&self, change: impl Fn(&str) -> String) {
        let folder = match self.git {
            true => self.environment.root().join("tampering"),
            false => self.project().join(".relplan/state"),
        };
        if self.git {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir(&folder).unwrap();
            let bare = self.bare();
            let bare = bare.to_str().unwrap();
            self.git_in(&folder, &["init", "--quiet"]);
            self.git_in(&folder, &["fetch", "--quiet", bare, "refs/relplan/state"]);
            self.git_in(&folder, &["checkout", "--quiet", "FETCH_HEAD"]);
        }
        let mut folders = vec![folder.clone()];
        while let Some(at) = folders.pop() {
            for entry in std::fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".git") || path.ends_with("lock") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::write(&path, change(&text)).unwrap();
            }
        }
        if self.git {
            self.git_in(&folder, &["add", "--all"]);
            let person = ["-c", "user.name=eve", "-c", "user.email=eve@acme.example"];
            let commit = ["commit", "--quiet", "--message", "by hand"];
            self.git_in(&folder, &[&person[..], &commit].concat());
            let bare = self.bare();
            let push = ["push", "--quiet", bare.to_str().unwrap()];
            self.git_in(&folder, &[&push[..], &["HEAD:refs/relplan/state"]].concat());
        }
    }

    /// Runs git in a folder; what it prints.
    fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut git = self.environment.command("git");
        git.args(arguments).current_dir(folder);
        let session = self.environment.run(git).unwrap();
        assert_eq!(session.code, Some(0), "git {arguments:?}\n{session}");
        session.stdout
    }
}

/// The commands that a session prints, each on a line of its own.
pub(super) fn commands(session: &Session) -> Vec<String> {
    let printed = format!("{}\n{}", session.stdout, session.stderr);
    let command = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let programs = ["relplan ", "mv ", "git init ", "git -C "];
        let is_one = programs.iter().any(|program| line.starts_with(program));
        is_one.then(|| line.to_owned())
    };
    printed.lines().filter_map(command).collect()
}

/// Runs a printed line as it stands.
pub(super) fn literally(environment: &Environment, line: &str, folder: &Path) -> Session {
    let mut shell = environment.command("sh");
    let binary = Path::new(crate::fixture::binary()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    shell
        .env("PATH", format!("{}:{path}", binary.display()))
        .args(["-c", line])
        .current_dir(folder);
    environment.run(shell).unwrap()
}

/// Makes the walk of a situation on one store, and looks whether it made the rows that it claims.
fn run(shelves: Shelves, git: bool, rows: &[Row], walk: fn(&Walk)) {
    let made = Walk {
        shelves,
        git,
        seen: RefCell::default(),
    };
    walk(&made);
    let seen = made.seen.borrow();
    for row in rows {
        assert!(seen.contains(row), "{row:?} was not made: {seen:?}");
    }
}

/// A test of each walk on each store, and the list of them.
macro_rules! walks {
    ($($name:ident makes $rows:expr, by $walk:path;)*) => {
        const WALKS: &[(&str, &[Row])] = &[$((stringify!($name), &$rows)),*];
        $(mod $name {
            use super::*;

            #[test]
            fn on_files() {
                run(Shelves::new(), false, &$rows, $walk);
            }

            #[test]
            fn on_git() {
                if has_git() {
                    run(Shelves::with_git(), true, &$rows, $walk);
                }
            }
        })*
    };
}

walks! {
    d10_a_saved_plan makes [(0, "apply-saved"), (2, "apply-saved")], by plans::saved;
    d10_nobody_to_ask makes [(64, "save-plan")], by plans::nobody_to_ask;
    d10_e8_a_conflict makes [(3, "decide-conflict")], by plans::conflict;
    d10_a_stale_plan makes [(5, "plan")], by plans::stale;
    d10_an_unpacked_plan makes [(65, "plan")], by plans::unpacked;
    d11_an_expired_plan makes [(5, "plan-again-expired")], by plans::expired;
    d10_another_plan_is_open makes [(6, "apply"), (64, "apply")], by plans::another_open;
    d10_a_plan_that_is_elsewhere makes [(6, "apply-plan-file")], by plans::elsewhere;
    d14_a_run_that_waits_in_vain makes [(7, "apply-others")], by plans::in_vain;
    d10_a_run_at_work makes [(6, "look")], by plans::at_work;
    d10_a_target_in_the_way makes [(7, "put-right")], by plans::in_the_way;
    d12_a_refused_step makes [(7, "decide-refused")], by plans::refused;
    d10_an_unknown_step makes [(8, "apply")], by plans::unknown_step;
    d10_an_interrupted_apply makes [(130, "apply")], by plans::interrupted;
    e4_rows_of_a_silent_registry makes [(8, "plan-again-unknown")], by plans::held_unknown;
    d10_rows_that_conflict makes [(3, "decide-held")], by plans::held_conflict;
    d10_rows_that_cannot_be makes [(65, "decide-held")], by plans::held_invalid;
    d8_a_lost_bundle makes [(65, "pack-again")], by plans::bundle_lost;
    d8_l3_a_bundle_of_other_bytes makes [(65, "abandon-lost")], by plans::not_reproduced;
    d10_a_file_in_the_way makes [(1, "again")], by plans::file_in_the_way;
    d10_a_question_to_nobody makes [(64, "again")], by plans::adopt_asks;
    d10_an_unpinned_policy makes [(4, "pin-policy"), (4, "save-plan"), (4, "approve")], by policies::unpinned;
    d10_another_policy makes [(4, "rotate-policy")], by policies::another;
    d10_a_missing_key makes [(77, "again")], by policies::no_key;
    d10_two_places makes [(64, "choose-state")], by journals::two_places;
    d10_a_journal_lost_half_way makes [(10, "apply")], by journals::lost_half_way;
    d10_a_store_out_of_reach makes [(10, "again")], by journals::out_of_reach;
    d10_a_damaged_journal makes [(10, "check-state"), (10, "rebuild-state")], by journals::damaged;
    d17_a_missing_journal makes [(10, "find-state"), (8, "again")], by journals::missing;
    d7_a_journal_set_back makes [(10, "set-back")], by journals::set_back;
    d1_a_moved_journal makes [(10, "moved")], by journals::moved;
    d4_another_project makes [(10, "rename-project")], by journals::another_project;
    d2_later_formats makes [(10, "later-relplan"), (65, "later-relplan")], by journals::later;
}

/// What walks with registries make, beside those of the table: the bench is made once for all of them.
const OF_REGISTRIES: [Row; 3] = registries::ROWS;

/// The rows of a table of the page, in cells.
fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, after) = page.split_once(heading).unwrap();
    let lines = after.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| {
        let inner = line.trim_matches('|').split(" | ");
        inner.map(|cell| cell.trim().to_owned()).collect()
    };
    lines.map(cells).collect()
}

/// The page promises nothing that no walk makes, and no walk makes what the page does not promise.
#[test]
fn d10_every_row_of_the_page_is_walked() {
    let page = include_str!("../../docs/reference/exit-codes.md");
    let mut promised: BTreeSet<(i32, String)> = BTreeSet::new();
    for row in table(page, "## What to do next") {
        let code = row[0].trim_matches('`').to_owned();
        let exits = row[2].split(|c: char| !c.is_ascii_digit());
        for exit in exits.filter_map(|digits| digits.parse().ok()) {
            promised.insert((exit, code.clone()));
        }
    }
    let walked = WALKS.iter().flat_map(|(_, rows)| rows.iter());
    let walked: BTreeSet<(i32, String)> = walked
        .chain(&OF_REGISTRIES)
        .map(|(exit, code)| (*exit, (*code).to_owned()))
        .collect();
    let missing: Vec<_> = promised.difference(&walked).collect();
    let unpromised: Vec<_> = walked.difference(&promised).collect();
    assert!(missing.is_empty(), "promised and not walked: {missing:?}");
    assert!(
        unpromised.is_empty(),
        "walked and not promised: {unpromised:?}"
    );

    // Each exit code has a walk, or the page says that nothing ends so yet.
    let exits: BTreeMap<i32, String> = table(page, "# Exit codes")
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].clone()))
        .collect();
    assert!(exits.len() > 10, "{exits:?}");
    let walked: BTreeSet<i32> = walked.iter().map(|(exit, _)| *exit).collect();
    for (exit, meaning) in exits {
        let is_reserved = meaning.contains("reserved");
        assert_ne!(walked.contains(&exit), is_reserved, "{exit}: {meaning}");
    }
}
