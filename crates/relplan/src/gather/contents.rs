//! What is inside the artifacts that a plan uploads, beside what users get today: fetched, listed, compared.
//!
//! Nothing here fails a plan: what cannot be compared is told as unknown, and as a warning where somebody should look.

use std::{collections::BTreeMap, io::Cursor, sync::Arc};

use futures_util::{StreamExt as _, stream};
use relplan_model::{
    address::{Address, FileName, Version},
    bundle::Artifact,
    contents::{Basis, Contents},
    event::Event,
    finding::{Finding, FindingCode, Severity},
    plan::{Plan, Subject},
    port::{ArtifactSource, Counterpart, Drivers as _, EventSink, FetchError},
    step::{Effect, Step},
};
use relplan_targets::{
    contents::{self, Bounds, ContentsError, Listing},
    http::reason,
};
use tokio::task::spawn_blocking;

use super::drivers::Built;

/// How many artifacts are compared at a time: each may hold a published file in memory.
const CONCURRENT: usize = 4;

/// What came of the comparisons.
#[derive(Debug, Default)]
pub struct Compared {
    /// One for each upload of each artifact.
    pub contents: Vec<Contents>,
    /// Warnings of what somebody should look at.
    pub findings: Vec<Finding>,
}

/// One upload.
struct Upload {
    address: Address,
    version: Version,
    /// What users get now.
    live: Option<Version>,
}

/// Why something could not be compared.
struct Unknown {
    reason: String,
    suspicious: bool,
}

/// Compares every artifact that the plan uploads.
pub async fn compare(
    plan: &Plan,
    drivers: &Arc<Built>,
    source: &dyn ArtifactSource,
    events: &dyn EventSink,
) -> Compared {
    let uploads = uploads(plan);
    let total: usize = uploads.values().map(Vec::len).sum();
    let artifacts = plan
        .artifacts
        .iter()
        .filter_map(|artifact| Some((artifact, uploads.get(&artifact.file)?)));
    let mut results = stream::iter(artifacts)
        .map(|(artifact, uploads)| of_artifact(artifact, uploads, drivers, source))
        .buffer_unordered(CONCURRENT);
    let mut compared = Compared::default();
    while let Some(results) = results.next().await {
        for result in results {
            let Contents { basis, file, .. } = &result.contents;
            if let Some(why) = &result.refused {
                let message = format!("{file} cannot be published: {why}");
                let about = Some(&result.contents.address);
                let finding = Finding::new(FindingCode::Artifact, Severity::Error, about, message);
                compared.findings.push(finding.hint(
                    "clients would not all read it as the same package: build it again with the ecosystem's own packer",
                ));
            } else if let Basis::Unknown { reason } = basis
                && result.suspicious
            {
                let message = format!("{file} could not be compared: {reason}");
                let about = Some(&result.contents.address);
                let finding =
                    Finding::new(FindingCode::NotCompared, Severity::Warning, about, message);
                compared.findings.push(finding.hint(
                    "ordinary packers and registries make no such thing: find out where it comes from before anyone approves",
                ));
            }
            let about = &result.contents.address;
            compared
                .findings
                .extend(lacks(about, file, &result.missing));
            compared.contents.push(result.contents);
            let done = compared.contents.len() as u64;
            let total = total as u64;
            events.emit(Event::Observing { done, total });
        }
    }
    compared
}

/// What whoever installs a package will not find in it.
fn lacks(address: &Address, file: &FileName, missing: &[String]) -> Option<Finding> {
    if missing.is_empty() {
        return None;
    }
    let message = format!(
        "{file} lacks what its manifest names: {}",
        missing.join(", ")
    );
    let finding = Finding::new(
        FindingCode::EntryMissing,
        Severity::Warning,
        Some(address),
        message,
    );
    Some(finding.hint("build before packing, or correct the manifest"))
}

/// The uploads by artifact.
fn uploads(plan: &Plan) -> BTreeMap<&FileName, Vec<Upload>> {
    let live = |step: &Step| {
        let mut rows = plan.changes.iter();
        let row = rows.find(|row| row.address == step.address && row.subject == Subject::Version);
        row.and_then(|row| Version::new(row.before.as_deref()?).ok())
    };
    let mut uploads: BTreeMap<&FileName, Vec<Upload>> = BTreeMap::new();
    for step in &plan.steps {
        if let Effect::Publish(publish) = &step.effect
            && let Some(file) = &publish.artifact
        {
            uploads.entry(file).or_default().push(Upload {
                address: step.address.clone(),
                version: step.version.clone(),
                live: live(step),
            });
        }
    }
    uploads
}

struct OfUpload {
    contents: Contents,
    suspicious: bool,
    /// Why the artifact itself cannot be published.
    refused: Option<String>,
    /// What its manifest points at and it does not hold.
    missing: Vec<String>,
}

async fn of_artifact(
    artifact: &Artifact,
    uploads: &[Upload],
    drivers: &Arc<Built>,
    source: &dyn ArtifactSource,
) -> Vec<OfUpload> {
    let listing = contents::of_artifact(source, artifact).await;
    let missing = listing.as_ref().map_or(&[][..], Listing::missing);
    let mut compared = Vec::new();
    for upload in uploads {
        let result = match &listing {
            Ok(listing) => beside(artifact, listing, upload, drivers).await,
            Err(error) => Err(Unknown::of(error)),
        };
        compared.push(match result {
            Ok(contents) => OfUpload {
                contents,
                suspicious: false,
                refused: None,
                missing: missing.to_vec(),
            },
            Err(Unknown { reason, suspicious }) => OfUpload {
                contents: unknown(
                    &upload.address,
                    &artifact.file,
                    listing.as_ref().ok(),
                    reason,
                ),
                suspicious,
                refused: ambiguity(&listing),
                missing: missing.to_vec(),
            },
        });
    }
    compared
}

/// Why clients would read the artifact differently, if they would.
fn ambiguity(listing: &Result<Listing, ContentsError>) -> Option<String> {
    match listing {
        Err(ContentsError::Archive { source, .. }) if source.is_ambiguous() => Some(reason(source)),
        _ => None,
    }
}

async fn beside(
    artifact: &Artifact,
    listing: &Listing,
    upload: &Upload,
    drivers: &Arc<Built>,
) -> Result<Contents, Unknown> {
    let (address, file) = (&upload.address, &artifact.file);
    let nothing = || Ok(contents::compare(address, file, None, listing));
    let Some(live) = &upload.live else {
        return nothing();
    };
    if *live == upload.version {
        return Err(Unknown::plain(
            "other files of this version are published already, and are what users get",
        ));
    }
    let driver = drivers.driver(&address.target);
    let driver = driver.ok_or_else(|| Unknown::plain("the spec has no such target"))?;
    let wanted = Counterpart {
        address: address.clone(),
        version: live.clone(),
        kind: artifact.kind.clone(),
        like: file.clone(),
    };
    let Some(fetched) = driver.fetch(&wanted).await? else {
        return nothing();
    };
    let basis = Basis::Published {
        version: live.clone(),
        file: fetched.file.clone(),
        digests: fetched.digests,
    };
    let kind = artifact.kind.clone();
    let listed = spawn_blocking(move || {
        let mut bytes = Cursor::new(fetched.bytes);
        contents::list(&kind, fetched.file.as_str(), &mut bytes, Bounds::default())
    });
    let published = match listed.await {
        Ok(listed) => listed.map_err(|error| Unknown::of(&error))?,
        Err(_) => return Err(Unknown::plain("it was not read to its end")),
    };
    let published = Some((&published, basis));
    Ok(contents::compare(address, file, published, listing))
}

impl Unknown {
    fn plain(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            suspicious: false,
        }
    }

    fn of(error: &ContentsError) -> Self {
        Self {
            reason: reason(error),
            suspicious: error.is_suspicious(),
        }
    }
}

impl From<FetchError> for Unknown {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Failed { reason } => Self {
                reason,
                suspicious: false,
            },
            FetchError::OtherBytes { reason } => Self {
                reason,
                suspicious: true,
            },
        }
    }
}

/// What is told without a comparison: of an artifact that could be read, the scripts all the same.
fn unknown(
    address: &Address,
    file: &FileName,
    listing: Option<&Listing>,
    reason: String,
) -> Contents {
    let nothing = Listing::default();
    let alone = contents::compare(address, file, None, listing.unwrap_or(&nothing));
    Contents {
        basis: Basis::Unknown { reason },
        entries: Vec::new(),
        omitted: 0,
        unchanged: 0,
        ..alone
    }
}
