//! A journal at a ref of a git repository, read and written by git itself.
//!
//! Invariant: an append is one push of one commit on top of the commit that it was made for, with that commit named as
//! what the ref must still be. The server compares and swaps; nothing is ever forced over anything else.
//!
//! Why git's own program: whoever can push to the repository can keep state in it, with the credential helpers, SSH
//! keys and proxies that are set up already.
//!
//! - `git/transport.rs`: how a remote may be reached, and where it may not lie.
//! - `git/credential.rs`: which of git's settings may go to a remote; `git/netrc.rs`: a login that may not.
//! - `git/remote.rs`, `git/repository.rs`: a remote, and the private repository that speaks to it.
//!
//! An answer may be lost. The ref then tells: if it names our commit, or one after it, the append came about; if it
//! still names the commit before, the same commit is pushed again, which has no second effect.

mod credential;
mod folder;
mod history;
mod netrc;
mod remote;
mod repository;
mod transport;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};

pub use self::remote::{Remote, RemoteError};
use self::repository::Repository;
use crate::{
    block::{Block, End, nonce, take_lines},
    blocking::blocking,
};

/// How often git is asked again when a remote could not be reached.
const TRIES: u32 = 3;
/// The longest journal that is taken from a remote, in bytes.
const MOST: usize = 512 << 20;

/// Keeps a journal at a ref of a git repository.
pub struct GitStore {
    shared: Arc<Shared>,
}

struct Shared {
    remote: Remote,
    reference: String,
    client: Mutex<Option<Client>>,
}

/// A repository of our own, and what was last seen at the remote.
struct Client {
    repository: Repository,
    tip: Tip,
}

/// What the ref names, and where the journal ends there.
#[derive(Debug, Clone)]
struct Tip {
    commit: Option<String>,
    end: End,
}

/// What is done with a journal: its lines are read, or only its end is wanted.
type Lines<'a> = Option<&'a mut Vec<Vec<u8>>>;

impl GitStore {
    /// The store at a ref of a remote. Nothing is asked before it is used.
    #[must_use]
    pub fn new(remote: Remote, reference: &str) -> Self {
        Self {
            shared: Arc::new(Shared {
                remote,
                reference: reference.to_owned(),
                client: Mutex::new(None),
            }),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, &mut Client) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        blocking(self.location(), move || {
            let mut client = shared.client.lock().unwrap_or_else(PoisonError::into_inner);
            if client.is_none() {
                let repository = Repository::new(&shared.remote)
                    .map_err(shared.failed("making a repository of its own"))?;
                let tip = Tip {
                    commit: None,
                    end: End::START,
                };
                *client = Some(Client { repository, tip });
            }
            match client.as_mut() {
                Some(client) => work(&shared, client),
                None => Err(shared.damage("it could not be opened")),
            }
        })
        .await
    }
}

impl StateStore for GitStore {
    fn location(&self) -> String {
        self.shared.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(self.blocking(|shared, client| {
            let mut lines = Vec::new();
            shared.refresh(client)?;
            shared.read(client, Some(&mut lines))?;
            Ok(lines)
        }))
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            let block = Block::new(head, entries).map_err(|why| self.shared.damage(why))?;
            let nonce = nonce().map_err(self.shared.failed("asking for random bytes"))?;
            let message = history::message(entries, &nonce);
            let at = entries.first().map_or(0, |entry| entry.at.unix());
            self.blocking(move |shared, client| shared.append(client, head, &block, &message, at))
                .await
        })
    }
}

impl Shared {
    fn location(&self) -> String {
        format!("{} at {}", self.reference, self.remote.url)
    }

    fn damage(&self, detail: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            location: self.location(),
            detail: detail.into(),
        }
    }

    /// Makes an I/O error one of the store.
    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        let location = self.location();
        move |source| StoreError::Io {
            location,
            doing,
            source,
        }
    }

    /// Asks what the ref names, and brings that commit here if it is another than before. The end is then to be read.
    fn refresh(&self, client: &mut Client) -> Result<(), StoreError> {
        let asked = self.ask(&client.repository)?;
        if asked.is_none() || asked == client.tip.commit {
            if asked.is_none() {
                client.tip.commit = None;
            }
            return Ok(());
        }
        let refspec = format!("+{}:refs/relplan/seen", self.reference);
        let fetch = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "store",
            &refspec,
        ];
        retried(|| client.repository.run(&fetch, &[])?.output())
            .map_err(self.failed("fetching the journal"))?;
        // It may have moved on since it was asked for.
        let parse = [
            "rev-parse",
            "--verify",
            "--quiet",
            "refs/relplan/seen^{commit}",
        ];
        let commit = client
            .repository
            .run(&parse, &[])
            .and_then(repository::Ended::output)
            .map_err(self.failed("reading what was fetched"))?;
        client.tip.commit = Some(text(&commit));
        Ok(())
    }

    /// The commit that the ref names at the remote.
    fn ask(&self, repository: &Repository) -> Result<Option<String>, StoreError> {
        let ask = ["ls-remote", "--quiet", "store", &self.reference];
        let answer = retried(|| repository.run(&ask, &[])?.output())
            .map_err(self.failed("asking for its ref"))?;
        Ok(text(&answer)
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(_, name)| *name == self.reference)
            .map(|(commit, _)| commit.to_owned()))
    }

    /// Reads the journal of the tip, and learns where it ends.
    fn read(&self, client: &mut Client, mut lines: Lines<'_>) -> Result<(), StoreError> {
        client.tip.end = End::START;
        let Some(commit) = client.tip.commit.clone() else {
            return Ok(());
        };
        let list = ["ls-tree", "-r", "-z", "--full-tree", &commit];
        let tree = client
            .repository
            .run(&list, &[])
            .and_then(repository::Ended::output)
            .map_err(self.failed("listing the journal's files"))?;
        let mut files = Vec::new();
        for entry in tree
            .split(|byte| *byte == 0)
            .filter(|entry| !entry.is_empty())
        {
            let entry = String::from_utf8_lossy(entry);
            let parts = entry.split_once('\t').and_then(|(kind, name)| {
                let blob = kind.strip_prefix("100644 blob ")?;
                Some((history::first_of(name)?, blob.trim().to_owned()))
            });
            files.push(parts.ok_or_else(|| {
                let name = entry.rsplit('\t').next().unwrap_or_default();
                self.damage(format!("{name:?} is no file of a journal"))
            })?);
        }
        files.sort_unstable();
        let wanted: String = files.iter().map(|(_, blob)| format!("{blob}\n")).collect();
        let blobs = client
            .repository
            .run(&["cat-file", "--batch"], wanted.as_bytes())
            .and_then(repository::Ended::output)
            .map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => self.damage("it is larger than any journal"),
                _ => self.failed("reading the journal's files")(error),
            })?;
        let mut rest = blobs.as_slice();
        for (first, blob) in files {
            let piece = next_blob(&mut rest, &blob)
                .ok_or_else(|| self.damage(format!("the file from entry {first} on is missing")))?;
            if first != client.tip.end.next {
                let next = client.tip.end.next;
                return Err(self.damage(format!("entry {next} is missing, {first} is there")));
            }
            client.tip.end = client
                .tip
                .end
                .after(piece)
                .map_err(|detail| self.damage(detail))?;
            if let Some(lines) = lines.as_deref_mut() {
                take_lines(piece, lines);
            }
        }
        Ok(())
    }

    fn append(
        &self,
        client: &mut Client,
        head: Sha256,
        block: &Block,
        message: &str,
        at: i64,
    ) -> Result<Sha256, StoreError> {
        if client.tip.end.head != head || client.tip.commit.is_none() || block.first.is_none() {
            self.refresh(client)?;
            self.read(client, None)?;
        }
        self.compare(client, head)?;
        let Some(first) = block.first else {
            return Ok(head);
        };
        let next = client.tip.end.next;
        if first != next {
            return Err(self.damage(format!(
                "entry {first} was to be appended where entry {next} belongs"
            )));
        }
        let parent = client.tip.commit.clone();
        let stream = history::import(parent.as_deref(), first, &block.bytes, message, at);
        let import = ["fast-import", "--quiet", "--done", "--force"];
        let commit = retried(|| client.repository.run(&import, &stream)?.output())
            .map_err(self.failed("making a commit"))?;
        let commit = text(&commit);
        self.push(client, parent.as_deref(), &commit, head)?;
        client.tip = Tip {
            commit: Some(commit),
            end: End {
                head: block.head,
                next: block.next,
            },
        };
        Ok(block.head)
    }

    fn compare(&self, client: &Client, expected: Sha256) -> Result<(), StoreError> {
        let found = client.tip.end.head;
        if found == expected {
            return Ok(());
        }
        Err(StoreError::Conflict { expected, found })
    }

    /// Pushes a commit, and finds out what came of it.
    fn push(
        &self,
        client: &mut Client,
        parent: Option<&str>,
        commit: &str,
        head: Sha256,
    ) -> Result<(), StoreError> {
        let lease = format!(
            "--force-with-lease={}:{}",
            self.reference,
            parent.unwrap_or_default()
        );
        let refspec = format!("{commit}:{}", self.reference);
        let mut push = vec![
            "push",
            "--quiet",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            &lease,
        ];
        push.extend(client.repository.receiver());
        push.extend(["store", &refspec]);
        let mut tries = 0;
        loop {
            let pushed = client
                .repository
                .run(&push, &[])
                .map_err(self.failed("pushing"))?;
            if pushed.ok {
                return Ok(());
            }
            // Refused, or the answer was lost: what the ref names now decides.
            let now = self.ask(&client.repository)?;
            if now.as_deref() == Some(commit) {
                return Ok(());
            }
            if now.as_deref() != parent {
                return self.overtaken(client, commit, head);
            }
            tries += 1;
            if tries >= TRIES {
                return Err(self.failed("pushing")(io::Error::other(pushed.said)));
            }
            std::thread::sleep(pause(tries));
        }
    }

    /// The ref names another commit. It may be one that somebody made after ours came about: the history tells, and
    /// it is fetched for this rare case alone.
    fn overtaken(
        &self,
        client: &mut Client,
        commit: &str,
        expected: Sha256,
    ) -> Result<(), StoreError> {
        self.refresh(client)?;
        self.read(client, None)?;
        let refspec = format!("+{}:refs/relplan/whole", self.reference);
        let fetch = [
            "fetch",
            "--quiet",
            "--depth=2147483647",
            "--no-tags",
            "--no-write-fetch-head",
            "store",
            &refspec,
        ];
        retried(|| client.repository.run(&fetch, &[])?.output())
            .map_err(self.failed("fetching the journal's history"))?;
        let ours = ["merge-base", "--is-ancestor", commit, "refs/relplan/whole"];
        let came_about = client
            .repository
            .run(&ours, &[])
            .map_err(self.failed("reading the journal's history"))?
            .ok;
        if came_about {
            return Ok(());
        }
        let found = client.tip.end.head;
        Err(StoreError::Conflict { expected, found })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// Takes the next object from what `git cat-file --batch` wrote.
fn next_blob<'b>(rest: &mut &'b [u8], id: &str) -> Option<&'b [u8]> {
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let (header, after) = rest.split_at_checked(line)?;
    let header = std::str::from_utf8(header).ok()?;
    let size = header.strip_prefix(id)?.strip_prefix(" blob ")?;
    let (blob, after) = after.get(1..)?.split_at_checked(size.parse().ok()?)?;
    *rest = after.get(1..)?;
    Some(blob)
}

/// Does something again that changes nothing when it is done twice.
fn retried<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        match work() {
            // What is not there does not come by asking again, and what took too long has taken its time.
            Err(error) if tries < TRIES && !is_final(&error) => {
                std::thread::sleep(pause(tries));
            }
            ended => return ended,
        }
    }
}

fn is_final(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, NotFound, TimedOut};
    matches!(error.kind(), FileTooLarge | NotFound | TimedOut)
}

fn pause(tries: u32) -> Duration {
    Duration::from_millis(200) * 4_u32.saturating_pow(tries.saturating_sub(1))
}
