//! Versions that are published in part, though nothing is packed here to compare them with.
//!
//! Why a remark and no upload: which files a version has is told by what was packed, and nothing was. Projects also publish
//! less than their packers make, on purpose.

use std::collections::BTreeMap;

use relplan_ecosystem::Format;
use relplan_model::{
    address::Address,
    bundle::Bundle,
    finding::{Finding, FindingCode, Severity},
    observation::{Observation, Seen},
    release::Release,
};
use relplan_spec::Spec;

use super::wishes::Wishes;
use crate::packing::packer;

/// A finding for each published version that lacks a kind of file which its packer makes.
pub fn incomplete(
    spec: &Spec,
    wishes: &Wishes,
    observations: &[Observation],
    bundle: Option<&Bundle>,
) -> Vec<Finding> {
    let seen: BTreeMap<&Address, &Seen> = observations
        .iter()
        .map(|one| (&one.address, &one.seen))
        .collect();
    let mut findings = Vec::new();
    for release in &wishes.releases {
        let is_packed = bundle.is_some_and(|bundle| {
            let mut packed = bundle.of(&release.package, &release.version);
            packed.next().is_some()
        });
        let package = wishes.packages.get(&release.package);
        let packer = package.and_then(|package| packer(spec, package).ok());
        let Some(packer) = packer.filter(|_| !is_packed) else {
            continue;
        };
        for destination in release.destinations.iter().filter(|one| one.selected) {
            let row = Address::new(destination.target.clone(), release.package.name.clone());
            if let Some(Seen::Present(facts)) = seen.get(&row)
                && let Some(version) = facts.versions.get(&release.version)
            {
                let there = version.files.keys();
                let there: Vec<Format> = there
                    .filter_map(|file| Format::of_file(file.as_str()))
                    .collect();
                findings.extend(lacking(release, &row, packer.makes(), &there));
            }
        }
    }
    findings
}

fn lacking(release: &Release, row: &Address, made: &[Format], there: &[Format]) -> Option<Finding> {
    let is_there = |format: &Format| {
        there.contains(format) || (*format == Format::Sdist && there.contains(&Format::ZipSdist))
    };
    let lacking: Vec<&str> = made
        .iter()
        .filter(|format| !is_there(format))
        .map(|format| format.word())
        .collect();
    if lacking.is_empty() || lacking.len() == made.len() {
        return None;
    }
    let message = format!(
        "{} is published without its {}, which its packer makes as well",
        release.version,
        lacking.join(" and ")
    );
    let finding = Finding::new(
        FindingCode::VersionIncomplete,
        Severity::Warning,
        Some(row),
        message,
    );
    Some(finding.hint(format!(
        "run `relplan pack -p {}` and plan again: what is missing is uploaded if the other files come out with the same bytes",
        release.package.name
    )))
}
