//! Where approval records are found: beside the plan, in folders that were named, and in the journal's own claims.
//!
//! Nothing in them is believed for where it was found; the verifier judges each by itself. What cannot be read is handed
//! over as it is, so that the verdict names it.

use std::path::{Path, PathBuf};

use relplan_approval::{
    MOST_RECORDS, Offered,
    record::{self, Record as Approval},
    statement::Statement,
};
use relplan_model::{
    approval::Approved,
    digest::Sha256,
    journal::{Entry, Record},
};
use relplan_system::tree::ReadError;

use crate::{exit::Exit, failure::Failure, files};

/// The folder beside a plan.
pub fn beside(plan: &Path) -> PathBuf {
    let mut name = plan.as_os_str().to_owned();
    name.push(".approvals");
    PathBuf::from(name)
}

/// The records in folders, in order of name. A folder that was named must be there; the one beside the plan need not.
///
/// A plan may have been renamed since it was approved: records of its digest count from the folders of other plans beside it
/// as well.
pub fn in_folders(
    plan: Sha256,
    beside: Option<&Path>,
    named: &[PathBuf],
) -> Result<Vec<Offered>, Failure> {
    let mut offered = Vec::new();
    for folder in beside.into_iter().filter(|folder| folder.is_dir()) {
        offered.extend(in_folder(folder)?);
    }
    for folder in beside.into_iter().flat_map(neighbours) {
        let others = in_folder(&folder)?.into_iter();
        offered.extend(others.filter(|one| subject(&one.bytes) == Some(plan)));
    }
    for folder in named {
        offered.extend(in_folder(folder)?);
    }
    Ok(offered)
}

/// The folders of other plans' records, beside this one.
fn neighbours(beside: &Path) -> Vec<PathBuf> {
    let folder = match beside.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut others = of_plans(folder);
    others.retain(|path| path.file_name() != beside.file_name());
    others
}

/// The folders of plans' records in a folder.
fn of_plans(folder: &Path) -> Vec<PathBuf> {
    const MOST: usize = 64;
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "approvals") && path.is_dir()
    };
    let mut folders: Vec<PathBuf> = paths.filter(is_one).take(MOST).collect();
    folders.sort();
    folders
}

/// What people signed of the plans in a folder, with the files. What cannot be read says nothing.
pub fn statements(folder: &Path) -> Vec<(PathBuf, Statement)> {
    let records = of_plans(folder).into_iter();
    let records = records.flat_map(|folder| in_folder(&folder).unwrap_or_default());
    let read = |record: Offered| Some((PathBuf::from(record.name), statement(&record.bytes)?));
    records.filter_map(read).collect()
}

/// The plan that a record is about.
fn subject(bytes: &[u8]) -> Option<Sha256> {
    statement(bytes)?.plan()
}

fn statement(bytes: &[u8]) -> Option<Statement> {
    let record = Approval::from_bytes(bytes).ok()?;
    Statement::from_text(&record.statement).ok()
}

fn in_folder(folder: &Path) -> Result<Vec<Offered>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::of(Exit::Approval, &error)
            .while_doing(format!("cannot read the approvals in {}", folder.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.push(path);
        }
        // One more than are looked at is enough for the verifier to say no.
        if files.len() > MOST_RECORDS * 4 {
            break;
        }
    }
    files.sort();
    let mut offered = Vec::new();
    for file in files {
        let bytes = match files::read_found(&file, record::MAX_SIZE as u64 + 1) {
            Ok(bytes) => bytes,
            Err(ReadError::NotAFile { .. }) => continue,
            // A file that is too long is no record, whatever is in it.
            Err(ReadError::TooLarge { .. }) => b"a record this long is none".to_vec(),
            Err(error) => return Err(cannot(error.into_io())),
        };
        offered.push(Offered {
            name: file.display().to_string(),
            bytes,
        });
    }
    Ok(offered)
}

/// The records that the journal keeps of a plan's claim and of each time that it was taken up again.
pub fn in_journal(lines: &[Vec<u8>], plan: Sha256) -> Vec<Offered> {
    let mut offered = Vec::new();
    for line in lines {
        let Ok(entry) = Entry::from_line(line) else {
            continue;
        };
        if let Some((of, approved)) = approved(&entry.record)
            && of == plan
        {
            offered.extend(approved.approvals.iter().map(|one| Offered {
                name: format!("journal entry {}", entry.seq),
                bytes: one.record.clone().into_bytes(),
            }));
        }
    }
    offered
}

/// What a record of the journal says about approvals, and of which plan.
pub fn approved(record: &Record) -> Option<(Sha256, &Approved)> {
    match record {
        Record::Claim {
            plan,
            approved: Some(approved),
            ..
        }
        | Record::Resumed {
            plan,
            approved: Some(approved),
            ..
        } => Some((*plan, approved)),
        _ => None,
    }
}

/// The same records once each: those of the journal are mostly those of the folders.
pub fn each_once(offered: Vec<Offered>) -> Vec<Offered> {
    let mut seen = std::collections::BTreeSet::new();
    offered
        .into_iter()
        .filter(|one| {
            let bytes = one.bytes.strip_suffix(b"\n").unwrap_or(&one.bytes);
            seen.insert(Sha256::of(bytes))
        })
        .collect()
}
