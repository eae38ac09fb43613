//! The installed Python clients, asked for the URLs that are built into them.
//!
//! Why: relplan names no public index itself, and no library carries the URLs. Nothing of the project can answer: the
//! programs are looked for outside of the project's folder, run in an empty one, with an environment of their own, and
//! Python runs isolated (law L14). An answer is kept by the program's path and time of change, so that a run asks each
//! question once at most and usually not at all.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use relplan_system::{
    programs::{Answer as Answered, Bounds, Call, Programs, variables::PLAIN},
    tree,
};

use crate::{http::cache, surroundings::Surroundings};

/// What a client may take to answer: a Python on a loaded machine needs seconds.
const BOUNDS: Bounds = Bounds::of(30, 256 << 10);

/// What leads pyenv's stand-ins to the Python that they stand for.
const PYTHON: &[&str] = &["PYENV_ROOT", "PYENV_VERSION"];

/// A URL that is built into the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// The simple index that is read.
    Index,
    /// Where files are uploaded to.
    Upload,
    /// Where files are uploaded to for the section `testpypi`.
    TestUpload,
}

/// One question to one program.
struct Question {
    program: PathBuf,
    arguments: Vec<String>,
    /// Whether the answer is a wheel's upload, so that one must lie in the folder.
    wheel: bool,
    /// Takes the URL out of what the program printed.
    answer: Answer,
}

type Answer = fn(&Printed) -> Option<String>;

/// What a program printed, white space folded: help texts are broken into lines to fit a terminal.
struct Printed {
    out: String,
    err: String,
}

/// Asks for a default; `None` when no installed client can tell.
pub(super) async fn ask(which: BuiltIn, surroundings: &Surroundings) -> Option<String> {
    let programs = surroundings.programs();
    for question in questions(which, &programs) {
        let key = key(&question);
        if let Some(url) = key.as_ref().and_then(|key| recall(surroundings, key)) {
            return Some(url);
        }
        if let Some(url) = put(&question, &programs).await {
            if let Some(key) = key {
                // Without a cache the question is asked again, which is slow and right.
                let _ = remember(surroundings, key, &url);
            }
            return Some(url);
        }
    }
    None
}

fn questions(which: BuiltIn, programs: &Programs) -> Vec<Question> {
    let expression = match which {
        BuiltIn::Index => "from pip._internal.models.index import PyPI; print(PyPI.simple_url)",
        BuiltIn::Upload => "from twine.utils import DEFAULT_REPOSITORY; print(DEFAULT_REPOSITORY)",
        BuiltIn::TestUpload => "from twine.utils import TEST_REPOSITORY; print(TEST_REPOSITORY)",
    };
    let mut pythons = Vec::new();
    if which != BuiltIn::Index {
        // twine is often installed apart (pipx, uv tool): its first line names its own Python.
        let twine = programs.find("twine").ok();
        pythons.extend(twine.and_then(|twine| interpreter(&twine, programs)));
    }
    pythons.extend(programs.find("python3"));
    pythons.extend(programs.find("python"));
    pythons.dedup();
    let python = pythons.into_iter().map(|program| Question {
        program,
        arguments: ["-I", "-c", expression].map(str::to_owned).to_vec(),
        wheel: false,
        answer: |printed| url(printed.out.split_whitespace().next_back()?),
    });
    let uv = programs
        .find("uv")
        .ok()
        .and_then(|program| uv(which, program));
    python.chain(uv).collect()
}

/// What uv prints: the index in the help of `pip install`, the upload URL in a dry run, which connects to nobody.
fn uv(which: BuiltIn, program: PathBuf) -> Option<Question> {
    let (arguments, wheel, answer): (&[&str], bool, Answer) = match which {
        BuiltIn::Index => (&["pip", "install", "--help"], false, |printed| {
            let (_, rest) = printed.out.split_once("by default: <")?;
            url(rest.split_once('>')?.0)
        }),
        BuiltIn::Upload => (
            &[
                "publish",
                "--dry-run",
                "--no-config",
                "--color",
                "never",
                "--trusted-publishing",
                "never",
                "--keyring-provider",
                "disabled",
                "--token",
                "none",
                WHEEL,
            ],
            true,
            |printed| {
                let (_, rest) = printed.err.split_once("Checking 1 file against ")?;
                url(rest.split_whitespace().next()?)
            },
        ),
        BuiltIn::TestUpload => return None,
    };
    Some(Question {
        program,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        wheel,
        answer,
    })
}

/// A wheel that stands for any.
const WHEEL: &str = "any-0-py3-none-any.whl";

fn url(text: &str) -> Option<String> {
    let parsed = url::Url::parse(text).ok()?;
    (parsed.scheme() == "https").then(|| text.to_owned())
}

async fn put(question: &Question, programs: &Programs) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    if question.wheel {
        write_wheel(&folder.path().join(WHEEL)).ok()?;
    }
    let variables = programs.variables(&[PLAIN, PYTHON]);
    let call = programs
        .call_at(&question.program, variables)
        .ok()?
        .args(&question.arguments)
        .within(folder.path())
        // Even a client that does more than it is known to do finds nobody to talk to.
        .envs([("ALL_PROXY", "http://127.0.0.1:9"), ("NO_COLOR", "1")]);
    let printed = tokio::task::spawn_blocking(move || run(call)).await;
    (question.answer)(&printed.ok()?.ok()?)
}

/// Runs a program to its end; one that ends badly has told nothing.
fn run(call: Call) -> io::Result<Printed> {
    let Answered {
        status,
        stdout,
        stderr,
    } = call.answer(&[], BOUNDS)?;
    if !status.success() {
        return Err(io::Error::other("the client refused"));
    }
    let folded = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Ok(Printed {
        out: folded(&stdout),
        err: folded(&stderr),
    })
}

fn write_wheel(path: &Path) -> io::Result<()> {
    let mut archive = zip::ZipWriter::new(fs::File::create_new(path)?);
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("any-0.dist-info/METADATA", options)?;
    archive.write_all(b"Metadata-Version: 2.1\nName: any\nVersion: 0\n")?;
    archive.finish()?;
    Ok(())
}

/// The Python that a script's first line names.
fn interpreter(script: &Path, programs: &Programs) -> Option<PathBuf> {
    let mut head = Vec::new();
    tree::open_named(script)
        .ok()?
        .take(512)
        .read_to_end(&mut head)
        .ok()?;
    let line = String::from_utf8_lossy(&head);
    let program = PathBuf::from(line.lines().next()?.strip_prefix("#!")?.trim());
    let is_python = program.file_name()?.to_string_lossy().starts_with("python");
    programs.at(&program).ok().filter(|_| is_python)
}

/// What an answer is kept by: the program, when it changed, and the question. Programs that only stand for others,
/// such as pyenv's, are kept as well: the URLs have not changed in many years, and the plan shows them.
fn key(question: &Question) -> Option<String> {
    let changed = fs::metadata(&question.program).ok()?.modified().ok()?;
    let since = changed.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let asked = question.arguments.join(" ");
    Some(format!("{} {since} {asked}", question.program.display()))
}

type Kept = BTreeMap<String, String>;

/// The most that is read of what is kept, in bytes.
const MAX_KEPT: u64 = 1 << 20;

fn kept(surroundings: &Surroundings) -> Option<Kept> {
    let bytes = tree::read_named(&file(surroundings)?, MAX_KEPT).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn recall(surroundings: &Surroundings, key: &str) -> Option<String> {
    url(kept(surroundings)?.get(key)?)
}

fn remember(surroundings: &Surroundings, key: String, url: &str) -> io::Result<()> {
    let mut kept = kept(surroundings).unwrap_or_default();
    kept.insert(key, url.to_owned());
    let Some((folder, file)) = surroundings.cache().zip(file(surroundings)) else {
        return Ok(());
    };
    cache::make(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut temporary, &kept)?;
    temporary.persist(file)?;
    Ok(())
}

fn file(surroundings: &Surroundings) -> Option<PathBuf> {
    Some(surroundings.cache()?.join("python-clients.json"))
}
