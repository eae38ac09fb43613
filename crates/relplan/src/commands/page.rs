//! The plan as a page in a file, with the lines that differ inside its artifacts as far as both sides are at hand.
//!
//! Invariant: no registry is asked. The published files are those that planning fetched, and both sides have the digests
//! that the plan names, so that the page says nothing that the plan does not.

use std::path::Path;

use relplan_model::{
    address::TargetName,
    port::{Drivers, Publish},
};
use relplan_targets::http::Net;
use relplan_workspace::bundle::Folder;

use super::Session;
use crate::{
    diff::{self, Limits, Sources},
    failure::Failure,
    planning::Made,
    view::{diff_text, html, style::Style},
};

/// How many lines of differences a page holds at most.
const LINES: usize = 20_000;

/// Writes the page of a plan.
pub async fn write(
    session: &Session,
    made: &Made,
    bundle: Option<&Path>,
    file: &Path,
) -> Result<(), Failure> {
    let diffs = diffs(session, made, bundle).await?;
    let page = html::page(&made.plan, made.digest, &diffs);
    crate::files::write_whole(file, page.as_bytes())?;
    let place = file.display();
    session
        .terminal
        .remark(&format!("written as a page to {place}\n"));
    Ok(())
}

async fn diffs(
    session: &Session,
    made: &Made,
    bundle: Option<&Path>,
) -> Result<Vec<html::Diff>, Failure> {
    if made.plan.contents.is_empty() {
        return Ok(Vec::new());
    }
    // A plan can be read without its bundle; the page then has names and sizes alone.
    let place = session.project.bundle(bundle)?;
    let Ok(folder) = Folder::open(&place) else {
        return Ok(Vec::new());
    };
    let net = Net::of(&session.surroundings);
    let sources = Sources {
        bundle: &folder,
        drivers: &Nobody,
        cache: net.artifacts(),
    };
    let plain = Style {
        color: false,
        width: 80,
    };
    let (mut shown, mut left) = (Vec::new(), LINES);
    for contents in &made.plan.contents {
        let Ok(pair) = diff::open(&made.plan, contents, &sources).await else {
            continue;
        };
        let Ok(files) = diff::file_diffs(pair, Limits::default()).await else {
            continue;
        };
        for file in files {
            if left == 0 {
                return Ok(shown);
            }
            let one = std::slice::from_ref(&file);
            shown.push(html::Diff {
                address: contents.address.clone(),
                text: diff_text::files(one, contents, plain, &mut left),
                path: file.path,
            });
        }
    }
    Ok(shown)
}

/// No driver for any target.
struct Nobody;

impl Drivers for Nobody {
    fn driver(&self, _: &TargetName) -> Option<&dyn Publish> {
        None
    }
}
