//! The DAG of a plan as a picture: first a value that is small enough to read, then one writer for each format.
//!
//! Invariant: drawn from the plan alone. Each edge of the plan is in the picture, by itself or by a path; an order that
//! holds between two phases is said once, by the bands, since a barrier stands between them.
//!
//! Why: a release of 200 packages has some 600 steps, which nobody reads as 600 boxes. What is drawn is the finest
//! [`Grain`] that stays below a number of boxes, and each box knows the steps that it stands for.

pub mod dot;
mod edges;
mod held;
pub mod mermaid;
mod palette;
pub mod svg;
#[cfg(test)]
mod tests;
mod units;

use std::{collections::BTreeMap, ops::Range};

use relplan_model::{
    address::TargetName,
    plan::{Action, Plan},
    step::Phase,
};

use self::units::Unit;
use super::style::count;

/// How many boxes a reader takes in.
pub const READABLE: usize = 40;

/// How much one box stands for, from fine to coarse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Every step.
    Steps,
    /// A version at a target: its uploads and the wait for them are one box.
    Versions,
    /// What happens with one verb at one target in one wave.
    Waves,
    /// The same for neighbouring waves together: at most this many columns for each phase.
    Stretches(usize),
    /// What happens with one verb in one phase.
    Phases,
}

/// The grains that a picture of limited size is looked for in.
const LADDER: [Grain; 7] = [
    Grain::Versions,
    Grain::Waves,
    Grain::Stretches(8),
    Grain::Stretches(4),
    Grain::Stretches(2),
    Grain::Stretches(1),
    Grain::Phases,
];

/// A part of the picture, in order of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// A phase; nothing of it starts before all of the earlier ones has ended.
    Phase(Phase),
    /// What the plan leaves alone because a person must look.
    Held,
}

impl Band {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Phase(Phase::Create) => "Create",
            Self::Phase(Phase::Flip) => "Flip",
            Self::Phase(Phase::Clean) => "Clean",
            Self::Held => "Held",
        }
    }

    /// A word for ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Phase(Phase::Create) => "create",
            Self::Phase(Phase::Flip) => "flip",
            Self::Phase(Phase::Clean) => "clean",
            Self::Held => "held",
        }
    }
}

/// A column of boxes: what may go side by side, or neighbouring waves drawn together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The band that it stands in.
    pub band: Band,
    /// The waves of its steps, first and last; `None` for what is held.
    pub waves: Option<(u64, u64)>,
}

impl Column {
    /// Its heading: the plan's own numbers of the waves.
    pub fn title(&self) -> String {
        match self.waves {
            Some((first, last)) if first == last => format!("wave {first}"),
            Some((first, last)) => format!("waves {first}\u{2013}{last}"),
            None => "no steps".to_owned(),
        }
    }
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it does, which is also how it is dressed.
    pub action: Action,
    /// The verb of its steps; for what is left alone, `hold` or `drift`.
    pub verb: &'static str,
    /// The column that it stands in.
    pub column: usize,
    /// The target; `None` where it stands for several.
    pub target: Option<TargetName>,
    /// What it is about: a package's name (and pointer), or `34 packages`. Harmless, and of any length.
    pub subject: String,
    /// What else is worth a few words: versions, a reason. Harmless, and of any length.
    pub note: String,
    /// The ids of the steps, or the addresses of the rows, that it stands for. Harmless.
    pub members: Vec<String>,
    /// Whether it stands for one thing alone.
    pub single: bool,
}

impl Node {
    /// The whole on one line: `publish npm:@acme/widget 1.3.0 → 1.4.0`, or `publish 34 packages to npm`.
    pub fn line(&self) -> String {
        let mut line = match &self.target {
            Some(target) if self.single => {
                format!("{} {target}:{}", self.verb, shorten(&self.subject, 48))
            }
            Some(target) => format!(
                "{} {} {} {target}",
                self.verb,
                self.subject,
                self.preposition()
            ),
            None => format!("{} {}", self.verb, self.subject),
        };
        if !self.note.is_empty() && (self.single || self.is_left_alone()) {
            line.push_str(if self.is_left_alone() { ": " } else { " " });
            line.push_str(&self.brief_note(48));
        }
        line
    }

    /// The note in at most `most` characters: of sentences the end is left out, of versions the middle.
    pub fn brief_note(&self, most: usize) -> String {
        let sentence = self.is_left_alone() || matches!(self.verb, "yank" | "deprecate");
        if sentence || !self.single {
            ellipsis(&self.note, most)
        } else {
            shorten(&self.note, most)
        }
    }

    /// Whether the plan does nothing about it.
    pub fn is_left_alone(&self) -> bool {
        matches!(self.action, Action::Hold | Action::Drift)
    }

    fn preposition(&self) -> &'static str {
        if self.verb == "publish" { "to" } else { "at" }
    }
}

/// The picture as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// How much one box stands for.
    pub grain: Grain,
    /// The columns from left to right.
    pub columns: Vec<Column>,
    /// The boxes, in order of column.
    pub nodes: Vec<Node>,
    /// Which box needs which other: from and to, as places among the boxes, in order.
    pub edges: Vec<(usize, usize)>,
    /// The targets that occur, in order: a target's place here gives it its colour.
    pub targets: Vec<TargetName>,
    /// How many steps the plan has.
    pub steps: usize,
}

impl Graph {
    /// The picture of a plan in one grain.
    pub fn of(plan: &Plan, grain: Grain) -> Self {
        let units = match grain {
            Grain::Steps => units::steps(plan),
            _ => units::versions(plan),
        };
        let mut columns = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        // Which box each unit went into.
        let mut places = vec![0; units.units.len()];
        for group in groups(&units.units, grain) {
            let members: Vec<&Unit<'_>> = group
                .members
                .iter()
                .filter_map(|place| units.units.get(*place))
                .collect();
            let column = Column {
                band: Band::Phase(group.phase),
                waves: Some(group.waves),
            };
            if columns.last() != Some(&column) {
                columns.push(column);
            }
            for place in &group.members {
                if let Some(slot) = places.get_mut(*place) {
                    *slot = nodes.len();
                }
            }
            nodes.push(units::node(&members, columns.len() - 1, grain));
        }
        let drawn = units
            .edges
            .iter()
            .filter_map(|(from, to)| Some((*places.get(*from)?, *places.get(*to)?)));
        let edges = edges::reduced(drawn, &nodes, &columns, grain);
        let held = held::nodes(plan, grain, columns.len());
        if !held.is_empty() {
            columns.push(Column {
                band: Band::Held,
                waves: None,
            });
            nodes.extend(held);
        }
        let mut targets: Vec<TargetName> = nodes
            .iter()
            .filter_map(|node| node.target.clone())
            .collect();
        targets.sort();
        targets.dedup();
        Self {
            grain,
            columns,
            nodes,
            edges,
            targets,
            steps: plan.steps.len(),
        }
    }

    /// The finest picture of a plan that has at most this many boxes; the coarsest of all where none has.
    pub fn fitting(plan: &Plan, boxes: usize) -> Self {
        let mut graph = Self::of(plan, Grain::Phases);
        for grain in LADDER {
            graph = Self::of(plan, grain);
            if graph.nodes.len() <= boxes {
                break;
            }
        }
        graph
    }

    /// The bands that occur, with the range of their columns.
    pub fn bands(&self) -> Vec<(Band, Range<usize>)> {
        let mut bands: Vec<(Band, Range<usize>)> = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            match bands.last_mut() {
                Some((band, columns)) if *band == column.band => columns.end = place + 1,
                _ => bands.push((column.band, place..place + 1)),
            }
        }
        bands
    }

    /// The colour's number of a box: its target's place.
    pub fn color(&self, node: &Node) -> Option<usize> {
        let target = node.target.as_ref()?;
        self.targets.iter().position(|name| name == target)
    }

    /// What a box says where no column's heading stands above it.
    pub fn label(&self, node: &Node) -> String {
        let column = self.columns.get(node.column);
        match (self.grain, column) {
            (Grain::Waves | Grain::Stretches(_), Some(column)) if column.waves.is_some() => {
                format!("{}, {}", node.line(), column.title())
            }
            _ => node.line(),
        }
    }

    /// One sentence about the whole.
    pub fn summary(&self) -> String {
        let held = self.nodes.iter().filter(|node| node.is_left_alone());
        let held: usize = held.map(|node| node.members.len()).sum();
        let waves = self
            .columns
            .iter()
            .filter_map(|column| column.waves)
            .map(|(_, last)| last + 1)
            .max();
        let waves = usize::try_from(waves.unwrap_or(0)).unwrap_or(usize::MAX);
        let mut text = match self.steps {
            0 => "No steps".to_owned(),
            steps => format!(
                "{} in {}",
                count(steps, "step", "steps"),
                count(waves, "wave", "waves")
            ),
        };
        if held > 0 {
            text.push_str(&format!(", {} left alone", count(held, "row", "rows")));
        }
        text
    }
}

/// Units that are drawn as one box.
struct Group {
    phase: Phase,
    waves: (u64, u64),
    members: Vec<usize>,
}

fn groups(units: &[Unit<'_>], grain: Grain) -> Vec<Group> {
    let stretches = stretches(units, grain);
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, unit) in units.iter().enumerate() {
        let waves = stretches
            .get(&(unit.phase, unit.wave))
            .copied()
            .unwrap_or((unit.wave, unit.wave));
        let target = (grain != Grain::Phases).then_some(&unit.address.target);
        let alone = matches!(grain, Grain::Steps | Grain::Versions).then_some(place);
        groups
            .entry((unit.phase, waves, target, unit.verb, alone))
            .or_default()
            .push(place);
    }
    groups
        .into_iter()
        .map(|((phase, waves, ..), members)| Group {
            phase,
            waves,
            members,
        })
        .collect()
}

/// For each wave that a unit starts in: the first and the last wave of the column that it is drawn in.
fn stretches(units: &[Unit<'_>], grain: Grain) -> BTreeMap<(Phase, u64), (u64, u64)> {
    let mut ends: BTreeMap<(Phase, u64), u64> = BTreeMap::new();
    for unit in units {
        let end = ends.entry((unit.phase, unit.wave)).or_default();
        *end = (*end).max(unit.last_wave);
    }
    let mut drawn = BTreeMap::new();
    for phase in [Phase::Create, Phase::Flip, Phase::Clean] {
        let starts: Vec<(u64, u64)> = ends
            .iter()
            .filter(|((of, _), _)| *of == phase)
            .map(|((_, start), end)| (*start, *end))
            .collect();
        let columns = match grain {
            Grain::Steps | Grain::Versions | Grain::Waves => starts.len(),
            Grain::Stretches(columns) => columns,
            Grain::Phases => 1,
        };
        for chunk in starts.chunks(starts.len().div_ceil(columns.max(1)).max(1)) {
            let (Some((first, _)), Some(last)) =
                (chunk.first(), chunk.iter().map(|(_, end)| *end).max())
            else {
                continue;
            };
            for (start, _) in chunk {
                drawn.insert((phase, *start), (*first, last));
            }
        }
    }
    drawn
}

/// A text of at most `most` characters, its middle left out.
///
/// Why the middle: names of one project begin alike, and versions are at the end.
fn shorten(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head = most / 2;
    let tail = most.saturating_sub(head + 1);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length.saturating_sub(tail)).collect();
    format!("{start}\u{2026}{end}")
}

/// A text of at most `most` characters, its end left out.
fn ellipsis(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}\u{2026}", start.trim_end())
}
