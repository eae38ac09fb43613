//! There is one journal (laws L10 and L13): of a journal's copies one alone goes on, nothing is claimed where it was moved
//! from, and no plan is carried out by two.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
};
use relplan_state::Place;
use relplan_testkit::world::World;

use super::{
    laws::{Broken, hold},
    machine::folder_of,
};

/// A journal in one of the places.
struct Copy<'p> {
    folder: &'p Path,
    lineage: String,
    lines: Vec<(Sha256, Entry)>,
    acknowledged: Vec<Sha256>,
}

/// Looks at the journals in all places. `were` are lines that some of them had before they were set back.
pub(crate) fn check(
    world: &World,
    places: &[PathBuf],
    were: &BTreeSet<Sha256>,
) -> Result<(), Broken> {
    let copies: Vec<Copy<'_>> = places
        .iter()
        .filter_map(|folder| read(world, folder))
        .collect();
    for copy in &copies {
        rests(copy, &copies, were)?;
    }
    let mut carried_out: BTreeMap<Sha256, &str> = BTreeMap::new();
    for (number, copy) in copies.iter().enumerate() {
        for (_, entry) in &copy.lines {
            if let Record::Claim { plan, .. } = &entry.record {
                let by = *carried_out.entry(*plan).or_insert(&copy.lineage);
                hold("L10", by == copy.lineage, || {
                    format!(
                        "{plan} was claimed in the journals {by} and {}",
                        copy.lineage
                    )
                })?;
            }
        }
        for other in &copies[number + 1..] {
            one_goes_on(copy, other)?;
        }
    }
    Ok(())
}

/// What can be read of a journal; a line of a later relplan ends it.
fn read<'p>(world: &World, folder: &'p Path) -> Option<Copy<'p>> {
    let bytes = world.journal(folder);
    let whole = bytes.split_inclusive(|byte| *byte == b'\n');
    let whole = whole.filter_map(|line| line.strip_suffix(b"\n"));
    let lines: Vec<(Sha256, Entry)> = whole
        .map_while(|line| Some((Sha256::of(line), Entry::from_line(line).ok()?)))
        .collect();
    let Record::Genesis { lineage, .. } = &lines.first()?.1.record else {
        return None;
    };
    Some(Copy {
        folder,
        lineage: lineage.clone(),
        acknowledged: world.acknowledged(folder),
        lines,
    })
}

/// A journal that was moved says nothing more where it was, but what was said where it is now.
fn rests(copy: &Copy<'_>, copies: &[Copy<'_>], were: &BTreeSet<Sha256>) -> Result<(), Broken> {
    let mut moves = copy.lines.iter().enumerate().rev();
    let last = moves.find_map(|(at, (_, entry))| match &entry.record {
        Record::Moved { to } => Some((at, Place::parse(to).ok()?)),
        _ => None,
    });
    let Some((at, to)) = last else {
        return Ok(());
    };
    let to = folder_of(&to);
    if to == copy.folder {
        return Ok(());
    }
    let there = copies.iter().find(|other| other.folder == to);
    let is_there =
        |head: &Sha256| there.is_some_and(|there| there.lines.iter().any(|(line, _)| line == head));
    for (head, entry) in &copy.lines[at + 1..] {
        hold("L10", is_there(head) || were.contains(head), || {
            format!(
                "{} was moved to {}, and then says {:?}",
                copy.folder.display(),
                to.display(),
                entry.record
            )
        })?;
    }
    Ok(())
}

/// Of two copies of a journal, one is the beginning of the other, but for what nobody was told to be there.
fn one_goes_on(one: &Copy<'_>, other: &Copy<'_>) -> Result<(), Broken> {
    if one.lineage != other.lineage {
        return Ok(());
    }
    let pairs = one.lines.iter().zip(&other.lines);
    let same = pairs.take_while(|(a, b)| a.0 == b.0).count();
    let goes_on = |copy: &Copy<'_>| {
        let mut rest = copy.lines[same..].iter();
        rest.any(|(line, _)| copy.acknowledged.contains(line))
    };
    hold("L10", !(goes_on(one) && goes_on(other)), || {
        format!(
            "the journals in {} and {} go different ways from entry {same} on",
            one.folder.display(),
            other.folder.display()
        )
    })
}
