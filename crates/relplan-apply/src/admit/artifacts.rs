//! Whether the artifacts are, byte for byte and by their own word, what the plan says (law L3).

use futures_util::{StreamExt as _, stream};
use relplan_model::{
    bundle::Artifact,
    finding::{Finding, FindingCode, Severity},
    plan::Plan,
    port::{ArtifactSource, Drivers},
    step::Step,
};

use super::Denied;
use crate::{digesting, index::Index};

/// Drivers that read artifacts at once.
const READERS: usize = 16;

/// Digests the artifacts, then asks each one who it says that it is.
pub(super) async fn check(
    index: &Index<'_>,
    steps: &[&Step],
    is_all_needed: bool,
    plan: &Plan,
    drivers: &dyn Drivers,
    source: &dyn ArtifactSource,
) -> Result<(), Denied> {
    let uploads: Vec<(&Step, &Artifact)> = steps
        .iter()
        .filter_map(|step| Some((*step, index.upload(step)?)))
        .collect();
    // A plan that goes on elsewhere, or is shared, needs no more than what is yet to be uploaded from here.
    let mut artifacts: Vec<&Artifact> = if is_all_needed {
        plan.artifacts.iter().collect()
    } else {
        uploads.iter().map(|(_, artifact)| *artifact).collect()
    };
    artifacts.sort_by_key(|artifact| &artifact.file);
    artifacts.dedup_by_key(|artifact| &artifact.file);
    let mut findings: Vec<Finding> = digesting::altered(&artifacts, source)
        .into_iter()
        .map(|(artifact, altered)| {
            let message = format!("{} was altered after planning: {altered}", artifact.file);
            Finding::new(FindingCode::Altered, Severity::Error, None, message)
                .hint("restore the bundle that the plan was made from, or make a new plan")
        })
        .collect();
    if findings.is_empty() {
        findings = identities(&uploads, drivers, source).await;
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Denied::Artifacts { findings })
    }
}

async fn identities(
    uploads: &[(&Step, &Artifact)],
    drivers: &dyn Drivers,
    source: &dyn ArtifactSource,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = stream::iter(uploads)
        .map(|(step, artifact)| identity(step, artifact, drivers, source))
        .buffered(READERS)
        .filter_map(std::future::ready)
        .collect()
        .await;
    findings.sort();
    findings
}

async fn identity(
    step: &Step,
    artifact: &Artifact,
    drivers: &dyn Drivers,
    source: &dyn ArtifactSource,
) -> Option<Finding> {
    let driver = drivers.driver(&step.address.target)?;
    let message = match driver.inspect(artifact, source).await {
        Err(finding) => return Some(finding),
        Ok(found) if found.name == step.address.package && found.version == step.version => {
            return None;
        }
        Ok(found) => format!(
            "{} says that it is {}@{}, and the plan publishes it as {}@{}",
            artifact.file, found.name, found.version, step.address.package, step.version
        ),
    };
    Some(Finding::new(
        FindingCode::Identity,
        Severity::Error,
        Some(&step.address),
        message,
    ))
}
