//! A journal as objects of a bucket of any S3-compatible service.
//!
//! ```text
//! PREFIX/lines/0000000000     lines 0 and 1: the first append
//! PREFIX/lines/0000000002     line 2
//! PREFIX/packs/0000000000     lines 0 to 99 again, in one object
//! ```
//!
//! Invariant: an append creates one object, on the condition that there is none of its name. It is named by the number
//! of its first line, so of two clients that append behind the same line one wins. No object is ever written twice.
//!
//! Why no object that is written over and over: the cost of an append would grow with the journal, or a second object
//! would have to agree with the first. Why packs: a reader would need a request for each append there ever was. A pack
//! repeats what other objects say; whether there is one changes nothing but the number of requests.

mod object;
mod probe;

use std::{collections::BTreeMap, io, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    path::Path,
};
use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};
use tokio::sync::Mutex;

use crate::{
    block::{Block, End, nonce, take_lines},
    place::Place,
};

/// How many appends a pack holds.
const PACK: usize = 100;
/// How many objects are read side by side.
const SIDE_BY_SIDE: usize = 16;
/// The longest object that is read, in bytes.
const MOST: u64 = 512 << 20;

/// Keeps a journal in a bucket.
pub struct S3Store {
    bucket: AmazonS3,
    place: String,
    prefix: String,
    client: Mutex<Client>,
}

/// What was last seen.
#[derive(Default)]
struct Client {
    /// Where the journal ends; `None` before it was read.
    end: Option<End>,
    /// The appends that are in no pack yet.
    loose: Vec<Vec<u8>>,
    /// The number of the first line that is in no pack yet.
    packed: u64,
    /// Whether the service was seen to honour conditions.
    probed: bool,
}

impl S3Store {
    /// The store in a bucket. Nothing is asked before it is used. Credentials and region come from `vars`, the
    /// environment, by the names that the provider's own tools use (`AWS_ACCESS_KEY_ID` and so on).
    ///
    /// # Errors
    /// When the place is none of a bucket, or the settings do not fit together.
    pub fn new(place: &Place, vars: &BTreeMap<String, String>) -> io::Result<Self> {
        let Place::S3 {
            bucket,
            prefix,
            endpoint,
            region,
        } = place
        else {
            return Err(io::Error::other("the place is no bucket"));
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_retry(RetryConfig {
                max_retries: 4,
                retry_timeout: Duration::from_secs(60),
                ..RetryConfig::default()
            });
        for (name, value) in vars {
            let known = name
                .starts_with("AWS_")
                .then(|| name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>());
            if let Some(Ok(key)) = known {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(region) = region {
            builder = builder.with_region(region);
        }
        let endpoint = endpoint
            .clone()
            .or_else(|| vars.get("AWS_ENDPOINT_URL_S3").cloned())
            .or_else(|| vars.get("AWS_ENDPOINT_URL").cloned());
        if let Some(endpoint) = &endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        let options = ClientOptions::new()
            .with_connect_timeout(Duration::from_secs(10))
            .with_timeout(Duration::from_secs(60))
            .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")));
        Ok(Self {
            bucket: builder.with_client_options(options).build()?,
            place: place.to_string(),
            prefix: prefix.clone(),
            client: Mutex::new(Client::default()),
        })
    }

    fn path(&self, kind: &str, name: &str) -> Path {
        let pieces = [self.prefix.as_str(), kind, name];
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        Path::from(pieces.collect::<Vec<_>>().join("/"))
    }

    fn damage(&self, detail: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            location: self.place.clone(),
            detail: detail.into(),
        }
    }

    fn failed<E: Into<io::Error>>(&self, doing: &'static str) -> impl FnOnce(E) -> StoreError {
        let location = self.place.clone();
        move |source| StoreError::Io {
            location,
            doing,
            source: source.into(),
        }
    }

    /// The numbers of the objects of a kind, from one on, in order.
    async fn list(&self, kind: &str, from: u64) -> Result<Vec<u64>, StoreError> {
        let prefix = self.path(kind, "");
        let listed = match from.checked_sub(1) {
            // The listing starts behind the name that it is given.
            Some(before) => {
                let offset = self.path(kind, &object::name(before));
                self.bucket.list_with_offset(Some(&prefix), &offset)
            }
            None => self.bucket.list(Some(&prefix)),
        };
        let objects: Vec<_> = listed
            .try_collect()
            .await
            .map_err(self.failed("listing its objects"))?;
        let mut firsts = Vec::with_capacity(objects.len());
        for found in objects {
            let name = found.location.filename().unwrap_or_default();
            let first = object::first_of(name)
                .ok_or_else(|| self.damage(format!("{name:?} is no object of a journal")))?;
            if found.size > MOST {
                return Err(self.damage(format!("{name:?} is larger than any journal")));
            }
            firsts.push(first);
        }
        firsts.sort_unstable();
        Ok(firsts)
    }

    async fn get(&self, path: &Path) -> Result<Vec<u8>, object_store::Error> {
        Ok(self.bucket.get(path).await?.bytes().await?.to_vec())
    }

    /// The lines of these objects, in order.
    async fn pieces(&self, kind: &str, firsts: &[u64]) -> Result<Vec<Vec<u8>>, StoreError> {
        stream::iter(firsts.to_vec())
            .map(|first| async move {
                let path = self.path(kind, &object::name(first));
                let bytes = self
                    .get(&path)
                    .await
                    .map_err(self.failed("reading its objects"))?;
                let (_, lines) = object::read(&bytes)
                    .ok_or_else(|| self.damage(format!("{path} is no object of a journal")))?;
                Ok(lines.to_vec())
            })
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    /// Reads the journal, and learns where it ends.
    async fn read(&self, client: &mut Client) -> Result<Vec<Vec<u8>>, StoreError> {
        let (mut lines, mut end) = (Vec::new(), End::START);
        let packs = self.list("packs", 0).await?;
        let packed = self.pieces("packs", &packs).await?;
        for (first, piece) in packs.iter().zip(packed) {
            // Two clients may have begun packs at different lines; what is known already is known.
            if *first == end.next {
                end = end.after(&piece).map_err(|why| self.damage(why))?;
                take_lines(&piece, &mut lines);
            }
        }
        client.packed = end.next;
        client.loose.clear();
        let firsts = self.list("lines", end.next).await?;
        let loose = self.pieces("lines", &firsts).await?;
        for (first, piece) in firsts.iter().zip(loose) {
            if *first != end.next {
                let next = end.next;
                return Err(self.damage(format!("entry {next} is missing, {first} is there")));
            }
            end = end.after(&piece).map_err(|why| self.damage(why))?;
            take_lines(&piece, &mut lines);
            client.loose.push(piece);
        }
        client.end = Some(end);
        Ok(lines)
    }

    /// Creates an object, and finds out whose it is if there is one. `false`: somebody else's.
    async fn create(&self, path: &Path, bytes: &[u8]) -> Result<bool, object_store::Error> {
        let put = self
            .bucket
            .put_opts(path, bytes.to_vec().into(), PutMode::Create.into())
            .await;
        match put {
            Ok(_) => Ok(true),
            // A first answer may have been lost, and this be the answer to a repetition.
            Err(object_store::Error::AlreadyExists { .. }) => Ok(self.get(path).await? == bytes),
            Err(error) => Err(error),
        }
    }

    /// Puts what is in no pack yet into one. Nothing rests on it, so that nobody hears of a failure: whoever reads next
    /// packs it.
    async fn pack(&self, client: &mut Client, end: End) {
        if client.loose.len() < PACK {
            return;
        }
        let lines = client.loose.concat();
        let path = self.path("packs", &object::name(client.packed));
        let object = object::write("pack", &lines);
        let _ = self.create(&path, &object).await;
        client.packed = end.next;
        client.loose.clear();
    }

    async fn append(&self, head: Sha256, block: &Block, own: &str) -> Result<Sha256, StoreError> {
        let mut client = self.client.lock().await;
        let client = &mut *client;
        let known = client.end.filter(|end| end.head == head);
        let end = match known {
            Some(end) if block.first.is_some() => end,
            _ => {
                self.read(client).await?;
                client.end.unwrap_or(End::START)
            }
        };
        if end.head != head {
            return Err(StoreError::Conflict {
                expected: head,
                found: end.head,
            });
        }
        let Some(first) = block.first else {
            return Ok(head);
        };
        if first != end.next {
            let next = end.next;
            return Err(self.damage(format!(
                "entry {first} was to be appended where entry {next} belongs"
            )));
        }
        if !client.probed {
            probe::honours_conditions(&self.bucket, |name| self.path("probes", name))
                .await
                .map_err(self.failed("finding out whether it can keep a journal"))?;
            client.probed = true;
        }
        let path = self.path("lines", &object::name(first));
        let object = object::write(own, &block.bytes);
        let is_ours = self
            .create(&path, &object)
            .await
            .map_err(self.failed("writing an object"))?;
        if !is_ours {
            self.read(client).await?;
            return Err(StoreError::Conflict {
                expected: head,
                found: client.end.unwrap_or(End::START).head,
            });
        }
        let end = End {
            head: block.head,
            next: block.next,
        };
        client.end = Some(end);
        client.loose.push(block.bytes.clone());
        self.pack(client, end).await;
        Ok(block.head)
    }
}

impl StateStore for S3Store {
    fn location(&self) -> String {
        self.place.clone()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let mut client = self.client.lock().await;
            self.read(&mut client).await
        })
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            let block = Block::new(head, entries).map_err(|why| self.damage(why))?;
            let own = nonce().map_err(self.failed("asking for random bytes"))?;
            Self::append(self, head, &block, &own).await
        })
    }
}
