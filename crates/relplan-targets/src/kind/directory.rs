//! Targets of the kind `directory`: a static registry in a folder, from which the ecosystems' own clients install.
//!
//! ```text
//! cargo/index/…            sparse index (with config.json) and index of a local registry
//! cargo/<n>-<v>.crate      crates
//! npm/<name>               packuments
//! npm-tarballs/<name>/…    tarballs
//! python/simple/…          simple pages, HTML and JSON
//! python/files/<name>/…    wheels and sdists
//! ```
//!
//! Without any server, Cargo reads `cargo/` as a `local-registry` source and pip reads `python/simple/` as `file://`.
//! npm, and Cargo's sparse protocol, need a static web server whose root is the folder, and URLs that name it: those
//! start with the target's `base-url`, by default `http://localhost:8000/`, which is where
//! `python3 -m http.server` serves. Changing it takes effect with the next publish of each package.
//!
//! Invariant: no network is used, no credential is needed, no published file is ever replaced.
//! Why: a release can be tried to its end before there is a registry, and a folder behind a web server is one.

mod area;
mod fetch;
mod folder;
mod packuments;
mod python;
mod sparse;
#[cfg(test)]
mod tests;

use std::{
    path::{Component, Path},
    sync::Arc,
    time::Duration,
};

use relplan_ecosystem::Package;
use relplan_model::{
    address::{PointerName, TargetName, Version},
    bundle::Artifact,
    digest::Algorithm,
    finding::{Finding, FindingCode, Severity},
    observation::{Observation, Query, Seen},
    port::{BoxFuture, Counterpart, FetchError, Fetched, Outcome},
    settings::{KindWords, Settings, Word, WordType},
    step::{self, Step},
    target::{Capabilities, Endpoint},
};
use relplan_system::tree::Checkout;
use tokio::{sync::Mutex, task::spawn_blocking};
use url::Url;

use self::{
    area::Put,
    folder::{Folder, FolderError, Locked},
};
use crate::{
    artifact::Checked,
    driver::{Attempt, Description, Driver, Sealed},
    http::{Net, reason},
    kinds::Kind,
    published,
    surroundings::Surroundings,
};

/// Static registries in a folder.
pub(crate) const KIND: Kind = Kind {
    name: "directory",
    artifacts: &["crate", "npm-tarball", "sdist", "wheel"],
    digests_sent: &[Algorithm::Sha1, Algorithm::Sha512],
    is_serial: false,
    words,
    build,
};

/// Where `python3 -m http.server` serves a folder.
const DEFAULT_BASE: &str = "http://localhost:8000/";

/// The words of this kind.
fn words() -> KindWords {
    let text = |name, required, doc| Word {
        name,
        takes: WordType::Text,
        required,
        doc,
    };
    KindWords {
        target: vec![
            text("path", true, "the folder, relative to the project's root"),
            text(
                "base-url",
                false,
                "where a web server shows the folder; by default `http://localhost:8000/`",
            ),
        ],
        // Not `dist-tag`: that word makes a pointer row, and this target as a whole has no pointers.
        destination: vec![text(
            "tag",
            false,
            "the dist-tag that an npm package's version gets, instead of `latest`",
        )],
    }
}

/// Builds the driver.
///
/// # Errors
/// A finding when the settings name no folder, or a base that is no URL.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    _net: &Net,
) -> Result<Box<dyn Driver>, Finding> {
    let finding = |what: &str| {
        let message = format!("the place of target {name} is not clear: {what}");
        Finding::new(FindingCode::Endpoint, Severity::Error, None, message)
    };
    let path = settings.text("path").filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| finding("it has no `path`"))?;
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(path).components().all(is_plain) {
        return Err(finding("its `path` leads out of the project's folder"));
    }
    let base = settings.text("base-url").unwrap_or(DEFAULT_BASE);
    let parsed = Url::parse(base).map_err(|_| finding("its `base-url` is not a URL"))?;
    let plain = matches!(parsed.scheme(), "http" | "https")
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    if !plain {
        return Err(finding(
            "its `base-url` is not a plain `http://` or `https://` URL",
        ));
    }
    // While applying there is no project; relplan then runs in its root.
    let project = surroundings.project().unwrap_or_else(|| Path::new("."));
    let checkout = Checkout::around(project).map_err(|error| finding(&reason(&error)))?;
    let folder = Folder::new(checkout, path);
    folder.root().map_err(|error| {
        let found = finding(&reason(&error));
        match error.advice() {
            Some(advice) => found.hint(format!("nothing is written there; {advice}")),
            None => found,
        }
    })?;
    Ok(Box::new(Directory {
        name: name.clone(),
        path: path.to_owned(),
        shelf: Shelf {
            folder,
            base_url: format!("{}/", base.trim_end_matches('/')),
        },
        turn: Arc::new(Mutex::new(())),
    }))
}

/// The driver.
#[derive(Debug)]
struct Directory {
    name: TargetName,
    path: String,
    shelf: Shelf,
    /// Taken before the folder's lock, so that this process's steps queue up without a time limit.
    turn: Arc<Mutex<()>>,
}

/// The folder, and how its documents call it.
#[derive(Debug, Clone)]
struct Shelf {
    folder: Folder,
    base_url: String,
}

/// Why an effect did not come about.
#[derive(Debug, thiserror::Error)]
enum EffectError {
    /// The folder does not take it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is nothing there that the effect could change.
    #[error("{address} is not in the folder")]
    Missing {
        /// What was looked for.
        address: String,
    },
}

impl EffectError {
    fn outcome(&self) -> Outcome {
        let reason = reason(self);
        match self {
            // Part of it may have been written; the walk looks, and tries again unless that would fail just the same.
            Self::Folder(FolderError::Io { source, .. }) => match folder::is_lasting(source) {
                true => Outcome::refused(reason),
                false => Outcome::Unknown { reason },
            },
            Self::Folder(FolderError::Locked) => Outcome::Later {
                wait: Duration::from_secs(1),
                reason,
            },
            Self::Folder(_) | Self::Missing { .. } => Outcome::refused(reason),
        }
    }
}

impl Driver for Directory {
    fn describe(&self) -> BoxFuture<'_, Result<Description, Finding>> {
        Box::pin(async move {
            Ok(Description {
                endpoints: vec![Endpoint {
                    role: "folder".to_owned(),
                    url: self.path.clone(),
                    source: "spec".to_owned(),
                }],
                credentials: Vec::new(),
                capabilities: Capabilities {
                    digests: vec![Algorithm::Sha256, Algorithm::Sha512],
                    yank: true,
                    deprecate: true,
                    ..Capabilities::default()
                },
            })
        })
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let (folder, asked) = (self.shelf.folder.clone(), query.clone());
            let looked = spawn_blocking(move || {
                let mut evidence = Vec::new();
                let seen = area::look(&folder, &asked, &mut evidence);
                let seen = seen.unwrap_or_else(|error| Seen::Unknown {
                    reason: reason(&error),
                });
                (seen, evidence)
            });
            let (seen, evidence) = looked.await.unwrap_or_else(|error| {
                let reason = reason(&error);
                (Seen::Unknown { reason }, Vec::new())
            });
            Observation {
                address: query.address.clone(),
                seen,
                evidence,
            }
        })
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        Box::pin(async move {
            let (folder, wanted) = (self.shelf.folder.clone(), wanted.clone());
            let fetched = spawn_blocking(move || fetch::fetch(&folder, &wanted)).await;
            fetched.unwrap_or_else(|error| Err(published::failed(reason(&error))))
        })
    }

    fn preflight<'a>(&'a self, _writes: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async {
            let folder = self.shelf.folder.clone();
            let ready = spawn_blocking(move || folder.ready()).await;
            let why = match ready {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => reason(&error),
                Err(error) => reason(&error),
            };
            let message = format!(
                "the folder {} of target {} cannot be used: {why}",
                self.path, self.name
            );
            Err(Finding::new(
                FindingCode::Endpoint,
                Severity::Error,
                None,
                message,
            ))
        })
    }

    fn publish<'a>(
        &'a self,
        attempt: Attempt<'a>,
        publish: &'a step::Publish,
        sealed: Sealed<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let upload = match prepare(publish, sealed) {
                Ok(upload) => upload,
                Err(reason) => return Outcome::refused(reason),
            };
            let total = upload.artifact.size;
            let publish = publish.clone();
            let put = move |shelf: &Shelf, locked: &Locked<'_>, _: &Step| {
                shelf.put(locked, &publish, upload).map(|()| true)
            };
            let outcome = self.change(attempt, put).await;
            if outcome == Outcome::Accepted {
                (attempt.progress)(total, total);
            }
            outcome
        })
    }

    fn point<'a>(
        &'a self,
        attempt: Attempt<'a>,
        pointer: &'a PointerName,
        to: &'a Version,
    ) -> BoxFuture<'a, Outcome> {
        let (pointer, to) = (pointer.clone(), to.clone());
        Box::pin(self.change(attempt, move |_, locked, step| {
            let name = step.address.package.as_str();
            packuments::point(locked, name, pointer.as_str(), Some(to.as_str())).map_err(Into::into)
        }))
    }

    fn unpoint<'a>(
        &'a self,
        attempt: Attempt<'a>,
        pointer: &'a PointerName,
    ) -> BoxFuture<'a, Outcome> {
        let pointer = pointer.clone();
        Box::pin(self.change(attempt, move |_, locked, step| {
            let name = step.address.package.as_str();
            packuments::point(locked, name, pointer.as_str(), None).map_err(Into::into)
        }))
    }

    fn deprecate<'a>(
        &'a self,
        attempt: Attempt<'a>,
        versions: &'a [Version],
        message: &'a str,
    ) -> BoxFuture<'a, Outcome> {
        let (versions, message) = (versions.to_vec(), message.to_owned());
        Box::pin(self.change(attempt, move |_, locked, step| {
            let name = step.address.package.as_str();
            packuments::deprecate(locked, name, &versions, &message).map_err(Into::into)
        }))
    }

    fn yank<'a>(&'a self, attempt: Attempt<'a>, reason: &'a str) -> BoxFuture<'a, Outcome> {
        let reason = reason.to_owned();
        Box::pin(self.change(attempt, move |_, locked, step| {
            let name = step.address.package.as_str();
            let crates = sparse::yank(locked, name, step.version.as_str())?;
            Ok(python::yank(locked, name, &step.version, &reason)? || crates)
        }))
    }
}

impl Directory {
    /// Changes the folder under its lock. `change` says whether there was something to change.
    async fn change(
        &self,
        attempt: Attempt<'_>,
        change: impl FnOnce(&Shelf, &Locked<'_>, &Step) -> Result<bool, EffectError> + Send + 'static,
    ) -> Outcome {
        let (shelf, step) = (self.shelf.clone(), attempt.step.clone());
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let changed = spawn_blocking(move || {
            let locked = shelf.folder.lock()?;
            let changed = change(&shelf, &locked, &step)?;
            drop(turn);
            match changed {
                true => Ok(()),
                false => Err(EffectError::Missing {
                    address: step.address.at(&step.version),
                }),
            }
        });
        match changed.await {
            Ok(Ok(())) => Outcome::Accepted,
            Ok(Err(error)) => error.outcome(),
            Err(error) => Outcome::Unknown {
                reason: reason(&error),
            },
        }
    }
}

/// An artifact on its way into the folder.
struct Upload {
    artifact: Artifact,
    package: Package,
    checked: Checked,
    tag: Option<String>,
}

fn prepare(publish: &step::Publish, sealed: Sealed<'_>) -> Result<Upload, String> {
    let Sealed {
        artifact,
        package,
        bytes: checked,
    } = sealed;
    if artifact.file.is_folder_reference() {
        return Err(format!("{} is not the name of a file", artifact.file));
    }
    let tag = match (&publish.pointer, publish.settings.text("tag")) {
        (Some(pointer), _) => Some(pointer.to_string()),
        (None, Some(tag)) if packuments::is_tag(tag) => Some(tag.to_owned()),
        (None, Some(tag)) => return Err(format!("{tag:?} cannot be a dist-tag")),
        (None, None) => None,
    };
    Ok(Upload {
        artifact: artifact.clone(),
        package,
        checked,
        tag,
    })
}

impl Shelf {
    fn put(
        &self,
        locked: &Locked<'_>,
        publish: &step::Publish,
        upload: Upload,
    ) -> Result<(), EffectError> {
        let Upload {
            artifact,
            package,
            checked,
            tag,
        } = upload;
        let digests = checked.digests().clone();
        let put = Put {
            artifact: &artifact,
            sha256: digests.get(Algorithm::Sha256).unwrap_or_default(),
            bytes: checked.into_reader(),
        };
        let base_url = &self.base_url;
        match package {
            Package::Crate(package) => {
                sparse::publish(locked, base_url, &publish.siblings, &package.manifest, put)?;
            }
            Package::Npm(tarball) => {
                let manifest = tarball.manifest;
                packuments::publish(locked, base_url, tag.as_deref(), manifest, &digests, put)?;
            }
            Package::Python(distribution) => {
                let requires_python = distribution.metadata.requires_python();
                python::publish(locked, requires_python.map(ToOwned::to_owned), put)?;
            }
        }
        Ok(())
    }
}
