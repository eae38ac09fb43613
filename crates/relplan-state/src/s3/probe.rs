//! Whether a service honours conditions at all. Several that call themselves S3-compatible take no notice of them, or
//! look first and write later; a journal there would be overwritten by whoever comes second (law L10).

use std::io;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion, aws::AmazonS3, path::Path,
};

use crate::block::nonce;

/// How many clients a race is played by.
const RIVALS: usize = 8;
/// How many races there are: of a service that looks first and writes later, one may end well by chance.
const RACES: usize = 4;
/// How long what is written is, in bytes. Such a service looks when a request's head has come, and writes when its end
/// has: the longer that takes, the more of its clients meet in between.
const LENGTH: usize = 64 << 10;

/// Several writes of one new object at once, each on the condition that there is none: exactly one may succeed. Then
/// one more, and one on the condition that it is another than it is: both must be refused, and what was refused must
/// have changed nothing. All of that a few times over.
///
/// # Errors
/// When a condition was taken no notice of, or the service could not be asked.
pub(super) async fn honours_conditions(
    bucket: &AmazonS3,
    path: impl Fn(&str) -> Path,
) -> io::Result<()> {
    for _ in 0..RACES {
        let path = path(&nonce()?);
        let answer = played(bucket, &path).await;
        // One that may not be deleted stays, and is never looked at again.
        let _ = bucket.delete(&path).await;
        answer?;
    }
    Ok(())
}

async fn played(bucket: &AmazonS3, path: &Path) -> io::Result<()> {
    let race: FuturesUnordered<_> = (0..RIVALS)
        .map(|rival| async move {
            let is_taken = put(bucket, path, rival, PutMode::Create.into()).await?;
            Ok::<_, io::Error>(is_taken.then_some(rival))
        })
        .collect();
    let answers: Vec<_> = race.collect().await;
    let mut winners = Vec::new();
    for answer in answers {
        winners.extend(answer?);
    }
    let [winner] = winners.as_slice() else {
        return Err(unfit(&format!(
            "of {RIVALS} writes of one object with `If-None-Match: *`, it took {}",
            winners.len()
        )));
    };
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
    let kept = bucket.get(path).await?.bytes().await?;
    if kept != body(*winner).as_bytes() {
        return Err(unfit("it kept what it said it had refused"));
    }
    Ok(())
}

/// What a rival writes: nobody else's.
fn body(rival: usize) -> String {
    let line = format!("relplan looks whether conditions are honoured: {rival}\n");
    line.repeat(LENGTH / line.len())
}

/// Whether a write was taken.
async fn put(
    bucket: &AmazonS3,
    path: &Path,
    rival: usize,
    options: PutOptions,
) -> io::Result<bool> {
    match bucket.put_opts(path, body(rival).into(), options).await {
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
