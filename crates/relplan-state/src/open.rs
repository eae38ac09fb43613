//! From a place to the store there.

use std::{collections::BTreeMap, io, path::Path};

use relplan_model::port::StateStore;
use relplan_system::tree::Checkout;

use crate::{
    file::{FileStore, LocalDisk},
    git::{GitStore, Remote},
    place::Place,
};

/// Why there is no store at a place.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder that paths start from is not there.
    #[error("the state store {place} cannot be used")]
    Project {
        /// The place.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The settings of a bucket do not fit together.
    #[error("the state store {place} cannot be used")]
    Bucket {
        /// The place.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A database cannot be connected to.
    #[cfg(feature = "postgres")]
    #[error("the state store {place} cannot be used")]
    Database {
        /// The place.
        place: String,
        /// Why.
        #[source]
        source: crate::postgres::ConnectError,
    },
    /// This relplan was built without it.
    #[error("the state is kept in {place}, and this relplan was built without that kind of store")]
    NotBuilt {
        /// The place.
        place: String,
    },
}

/// The store at a place. Nothing is asked before it is used.
///
/// `project` is the folder that paths start from and whose git configuration may say how remotes are reached; `vars`
/// is the environment, which credentials come from.
///
/// # Errors
/// When settings do not fit together, or this relplan was built without such a store.
pub fn open(
    place: &Place,
    project: &Path,
    vars: &BTreeMap<String, String>,
) -> Result<Box<dyn StateStore>, OpenError> {
    match place {
        Place::File { path } => {
            let disk = match Checkout::around(project) {
                Ok(checkout) => LocalDisk::around(checkout),
                Err(source) => {
                    return Err(OpenError::Project {
                        place: place.to_string(),
                        source,
                    });
                }
            };
            Ok(Box::new(FileStore::on(disk, project.join(path))))
        }
        Place::Git { url, reference } => {
            let remote = Remote::at(url, project, vars);
            Ok(Box::new(GitStore::new(remote, reference, vars.clone())))
        }
        #[cfg(feature = "s3")]
        Place::S3 { .. } => match crate::s3::S3Store::new(place, vars) {
            Ok(store) => Ok(Box::new(store)),
            Err(source) => Err(OpenError::Bucket {
                place: place.to_string(),
                source,
            }),
        },
        #[cfg(feature = "postgres")]
        Place::Postgres { .. } => match crate::postgres::PostgresStore::new(place, vars) {
            Ok(store) => Ok(Box::new(store)),
            Err(source) => Err(OpenError::Database {
                place: place.to_string(),
                source,
            }),
        },
        #[cfg(not(all(feature = "s3", feature = "postgres")))]
        other => Err(OpenError::NotBuilt {
            place: other.to_string(),
        }),
    }
}
