//! The plan as rows grouped by target, in the order and the words that all views share. How it is dressed, and how text
//! from outside is made harmless, is each view's own.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::Address,
    contents::Contents,
    plan::{Action, Bump, Change, Plan, Reason, Subject},
    step::{Effect, Step, StepId},
    target::{CredentialSource, Target},
};

use super::style::size;

/// The rows of one target.
pub struct Group<'a> {
    /// The target.
    pub target: &'a Target,
    /// Its rows, in order of wave and name; those without a step come last.
    pub rows: Vec<Row<'a>>,
}

/// One row.
pub struct Row<'a> {
    /// What it tells of.
    pub change: &'a Change,
    /// The first wave in which something is done for it; `None`: nothing is.
    pub wave: Option<u64>,
    /// What it is about, such as `@acme/widget`, `@acme/widget#latest` or `@acme/widget@1.2.0`.
    pub name: String,
    /// From what to what, such as `1.2.0 → 1.3.0`.
    pub versions: String,
    /// What else is worth saying, shortest first.
    pub remarks: Vec<String>,
    /// What is inside the artifacts that it uploads.
    pub contents: Vec<&'a Contents>,
    /// Whether another row tells it already: the pointer that moves to what the package's own row publishes.
    pub folded: bool,
}

impl Row<'_> {
    /// Whether it is shown by default: it changes something or a person must look at it, and no other row tells it.
    pub fn is_shown(&self) -> bool {
        self.change.action != Action::Keep && !self.folded
    }

    /// The reasons that a reader needs without asking: those of rows where something is wrong or unusual.
    pub fn telling_reasons(&self) -> &[Reason] {
        let telling = matches!(
            self.change.action,
            Action::Hold | Action::Drift | Action::Adopt | Action::Yank
        );
        let shown = if telling { 1 } else { 0 };
        self.change.reasons.get(..shown).unwrap_or_default()
    }
}

/// Rows that wait for the same, and the words that each of them has for it.
pub struct Waiting<'a, T> {
    /// What they need, as in "npm:@acme/a, held back itself".
    pub why: &'a str,
    /// The rows, more than one.
    pub rows: Vec<T>,
}

/// The code of a row that is held for what it needs.
const NEEDS_HELD: &str = "needs-held";

/// Puts rows that are held for one cause together (D15): those that stand alone, and those that need the same.
pub fn by_cause<'a, T>(
    rows: impl IntoIterator<Item = T>,
    change: impl Fn(&T) -> &'a Change,
) -> (Vec<T>, Vec<Waiting<'a, T>>) {
    let (mut alone, mut waiting): (Vec<T>, BTreeMap<&'a str, Vec<T>>) = Default::default();
    for row in rows {
        let why = change(&row).reasons.first();
        let why = why.filter(|why| why.code == NEEDS_HELD);
        match why.and_then(|why| why.message.strip_prefix("it needs ")) {
            Some(why) => waiting.entry(why).or_default().push(row),
            None => alone.push(row),
        }
    }
    let mut together = Vec::new();
    for (why, mut rows) in waiting {
        match rows.len() {
            1 => alone.append(&mut rows),
            _ => together.push(Waiting { why, rows }),
        }
    }
    (alone, together)
}

/// A target's gate grade: the one that this machine can tell, and beside it what the plan claims beyond that (law L15).
pub fn gate(target: &Target) -> String {
    let here = relplan_targets::grade();
    if target.grade > here {
        format!("the plan says {}; here: {here}", target.grade)
    } else {
        target.grade.to_string()
    }
}

/// Where the credential for the endpoint of this role comes from. What the settings name counts, since the plan's own
/// words on it are for people alone; it stands at the last endpoint if those tell of none.
pub fn credential(target: &Target, role: &str) -> Option<String> {
    let told = target.credential(role);
    let named: Vec<&str> = target.named_variables().collect();
    let is_last = target.endpoints.last().is_some_and(|one| one.role == role);
    let is_alone = is_last && target.credentials.iter().all(|one| one.role == READ);
    let concerns = (told.is_some() && role != READ) || is_alone;
    if named.is_empty() || !concerns {
        return told.map(ToString::to_string);
    }
    let tells = |told: &&CredentialSource| {
        named.iter().any(|name| {
            let variable = format!("the variable {name}");
            let unset = format!("{variable}, which its `");
            let remark = told.remark.as_deref().unwrap_or_default();
            told.source.as_deref() == Some(variable.as_str()) || remark.starts_with(&unset)
        })
    };
    Some(match told {
        Some(told) if tells(&told) => told.to_string(),
        Some(told) => format!("the variable {}; while planning: {told}", named.join(", ")),
        None => format!("the variable {}", named.join(", ")),
    })
}

/// The role of an endpoint that is read alone: what opens it is not what uploads.
const READ: &str = "read";

/// The steps of a plan by id.
type Steps<'a> = BTreeMap<&'a StepId, &'a Step>;

/// All rows of the plan, unchanged ones included, by target.
pub fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let steps: Steps<'_> = plan.steps.iter().map(|step| (&step.id, step)).collect();
    let mut contents: BTreeMap<&Address, Vec<&Contents>> = BTreeMap::new();
    for one in &plan.contents {
        contents.entry(&one.address).or_default().push(one);
    }
    let moved = published_pointers(plan);
    let mut groups = Vec::new();
    for target in &plan.targets {
        let of_target = plan.changes.iter();
        let of_target = of_target.filter(|change| change.address.target == target.name);
        let mut rows: Vec<Row<'_>> = of_target
            .map(|change| row(plan, change, &steps, &contents, &moved))
            .collect();
        rows.sort_by(|a, b| {
            let wave = |row: &Row<'_>| row.wave.unwrap_or(u64::MAX);
            (wave(a), &a.name).cmp(&(wave(b), &b.name))
        });
        groups.push(Group { target, rows });
    }
    groups
}

/// The addresses whose own row publishes a version, with the pointers that move to that version.
fn published_pointers(plan: &Plan) -> BTreeMap<&Address, Vec<&Change>> {
    let published: BTreeSet<(&Address, Option<&str>)> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Publish && change.subject == Subject::Version)
        .map(|change| (&change.address, change.after.as_deref()))
        .collect();
    let mut moved: BTreeMap<&Address, Vec<&Change>> = BTreeMap::new();
    for change in &plan.changes {
        let is_pointer = matches!(change.subject, Subject::Pointer(_));
        let follows = published.contains(&(&change.address, change.after.as_deref()));
        if is_pointer && change.action == Action::Point && follows {
            moved.entry(&change.address).or_default().push(change);
        }
    }
    moved
}

fn row<'a>(
    plan: &'a Plan,
    change: &'a Change,
    steps: &Steps<'a>,
    contents: &BTreeMap<&Address, Vec<&'a Contents>>,
    moved: &BTreeMap<&Address, Vec<&'a Change>>,
) -> Row<'a> {
    let own: Vec<&Step> = change
        .steps
        .iter()
        .filter_map(|id| steps.get(id).copied())
        .collect();
    let pointers = moved.get(&change.address).map_or(&[][..], Vec::as_slice);
    let publishes = change.subject == Subject::Version && change.action == Action::Publish;
    let mut remarks: Vec<String> = change
        .bump
        .map(|bump| kind(bump, change))
        .into_iter()
        .collect();
    if let (Subject::Deprecation(_), Some(message)) = (&change.subject, &change.after) {
        remarks.push(format!("“{message}”"));
    }
    if publishes {
        remarks.extend(publish_remarks(plan, &own, steps));
        remarks.extend(pointers.iter().filter_map(|one| pointer_remark(one)));
    }
    Row {
        change,
        wave: own.iter().map(|step| step.wave).min(),
        name: name(change),
        versions: versions(change),
        remarks,
        contents: if publishes {
            contents.get(&change.address).cloned().unwrap_or_default()
        } else {
            Vec::new()
        },
        folded: pointers.iter().any(|one| std::ptr::eq(*one, change)),
    }
}

/// What a row is about.
pub fn name(change: &Change) -> String {
    let package = &change.address.package;
    match &change.subject {
        Subject::Version => package.to_string(),
        Subject::Pointer(pointer) => format!("{package}#{pointer}"),
        Subject::Yank(version) => format!("{package}@{version}"),
        Subject::Deprecation(range) => format!("{package}@{range}"),
    }
}

fn versions(change: &Change) -> String {
    match (&change.subject, &change.before, &change.after) {
        (Subject::Yank(_), Some(before), Some(after)) if before != after => {
            format!("{before} → {after}")
        }
        (Subject::Yank(_), _, _) => change.after.clone().unwrap_or_default(),
        (Subject::Deprecation(_), _, _) => "deprecate".to_owned(),
        (_, Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (_, _, Some(version)) | (_, Some(version), None) => version.clone(),
        (_, None, None) => String::new(),
    }
}

/// The kind of step; by the convention of Cargo and npm, a minor step of a 0.x version may break its users.
fn kind(bump: Bump, change: &Change) -> String {
    let is_zero = |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with("0."));
    match bump {
        Bump::Minor if is_zero(&change.before) && is_zero(&change.after) => {
            "minor of 0.x".to_owned()
        }
        other => other.to_string(),
    }
}

fn pointer_remark(change: &Change) -> Option<String> {
    let Subject::Pointer(pointer) = &change.subject else {
        return None;
    };
    Some(match &change.before {
        Some(before) if change.bump == Some(Bump::Backward) => {
            format!("moves {pointer} back from {before}")
        }
        Some(_) => format!("moves {pointer}"),
        None => format!("sets {pointer}"),
    })
}

/// What is worth saying about an upload beside the versions: size, files, newness and what it waits for.
fn publish_remarks(plan: &Plan, own: &[&Step], steps: &Steps<'_>) -> Vec<String> {
    let publishes: Vec<_> = own
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => Some((*step, publish)),
            _ => None,
        })
        .collect();
    let Some((first, publish)) = publishes.first() else {
        return Vec::new();
    };
    let mut remarks = Vec::new();
    if publish.first {
        remarks.push("new name".to_owned());
    }
    let access: BTreeSet<&str> = publishes
        .iter()
        .filter_map(|(_, publish)| publish.settings.text("access"))
        .collect();
    remarks.extend(access.iter().map(|access| format!("access: {access}")));
    let sizes: Vec<u64> = publishes
        .iter()
        .filter_map(|(_, publish)| {
            let file = publish.artifact.as_ref()?;
            let found = plan.artifacts.binary_search_by(|one| one.file.cmp(file));
            Some(plan.artifacts.get(found.ok()?)?.size)
        })
        .collect();
    if sizes.len() == publishes.len() {
        let total = size(sizes.iter().sum());
        remarks.push(if sizes.len() == 1 {
            total
        } else {
            format!("{} files, {total}", sizes.len())
        });
    } else {
        remarks.push("bytes known after pack".to_owned());
    }
    let after: Vec<String> = first
        .needs
        .iter()
        .filter_map(|id| steps.get(id))
        .filter(|step| step.address != first.address)
        .map(|step| {
            if step.address.target == first.address.target {
                step.address.package.to_string()
            } else {
                step.address.to_string()
            }
        })
        .collect();
    match after.as_slice() {
        [] => {}
        [a] => remarks.push(format!("after {a}")),
        [a, b] => remarks.push(format!("after {a}, {b}")),
        [a, b, rest @ ..] => remarks.push(format!("after {a}, {b} and {} more", rest.len())),
    }
    remarks
}
