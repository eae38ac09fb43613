//! Whether a service honours conditions at all. Several that call themselves S3-compatible take no notice of them, or
//! look first and write later; a journal there would be overwritten by whoever comes second (law L10).

use std::io;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion, aws::AmazonS3, path::Path,
};

use crate::block::nonce;

/// How many clients the race is played by.
const RIVALS: usize = 8;

/// Several writes of one new object at once, each on the condition that there is none: exactly one may succeed. Then
/// one more, and one on the condition that it is another than it is: both must be refused.
///
/// # Errors
/// When a condition was taken no notice of, or the service could not be asked.
pub(super) async fn honours_conditions(
    bucket: &AmazonS3,
    path: impl Fn(&str) -> Path,
) -> io::Result<()> {
    let path = path(&nonce()?);
    let answer = played(bucket, &path).await;
    // One that may not be deleted stays, and is never looked at again.
    let _ = bucket.delete(&path).await;
    answer
}

async fn played(bucket: &AmazonS3, path: &Path) -> io::Result<()> {
    let race: FuturesUnordered<_> = (0..RIVALS)
        .map(|rival| put(bucket, path, rival, PutMode::Create.into()))
        .collect();
    let answers: Vec<_> = race.collect().await;
    let mut won = 0;
    for answer in answers {
        won += usize::from(answer?);
    }
    if won != 1 {
        return Err(unfit(&format!(
            "of {RIVALS} writes of one object with `If-None-Match: *`, it took {won}"
        )));
    }
    if put(bucket, path, RIVALS, PutMode::Create.into()).await? {
        return Err(unfit(
            "it wrote over an object in spite of `If-None-Match: *`",
        ));
    }
    let other = PutMode::Update(UpdateVersion {
        e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
        version: None,
    });
    if put(bucket, path, RIVALS, other.into()).await? {
        return Err(unfit(
            "it wrote over an object in spite of an `If-Match` of another",
        ));
    }
    Ok(())
}

/// Whether a write was taken.
async fn put(
    bucket: &AmazonS3,
    path: &Path,
    rival: usize,
    options: PutOptions,
) -> io::Result<bool> {
    let body = format!("relplan looks whether conditions are honoured: {rival}\n");
    match bucket.put_opts(path, body.into(), options).await {
        Ok(_) => Ok(true),
        Err(
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. },
        ) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn unfit(what: &str) -> io::Error {
    io::Error::other(format!(
        "this service does not honour conditional writes, so that it cannot keep a journal: {what}"
    ))
}
