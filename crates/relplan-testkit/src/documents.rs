//! Documents: every JSON that relplan prints or writes in an environment is held against its checked-in schema, by a
//! validator that shares nothing with relplan's own readers.
//!
//! Why: a test that forgets to validate is a format that nobody holds us to, so it is done where processes are run. A
//! document without a schema fails as well: formats are not made in passing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::SystemTime,
};

use jsonschema::Validator;
use relplan_model::{event, journal, schema::FORMATS};
use serde_json::Value;

use crate::environment::Session;

/// Folders with JSON that is none of relplan's: servers, clients' caches, what a driver remembers of a registry.
const NOT_OURS: &[&str] = &[
    "servers",
    "home",
    "tmp",
    "node_modules",
    "target",
    "cache",
    "out",
    ".git",
];

/// The files of an environment as they were at one moment.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    seen: BTreeMap<PathBuf, (SystemTime, u64)>,
}

impl Files {
    /// Looks at the files below a folder.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn below(root: &Path) -> io::Result<Self> {
        let mut seen = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let metadata = entry.metadata()?;
                if metadata.is_dir() {
                    if !NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                        folders.push(entry.path());
                    }
                } else if metadata.is_file() {
                    seen.insert(entry.path(), (metadata.modified()?, metadata.len()));
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
            seen,
        })
    }

    /// Validates each document in a file that was written since. Tells how many there were.
    ///
    /// # Errors
    /// When a document does not validate, or has no schema.
    pub fn check_written_since(&self) -> io::Result<usize> {
        let now = Self::below(&self.root)?;
        let mut checked = 0;
        for (path, stamp) in &now.seen {
            if self.seen.get(path) == Some(stamp) {
                continue;
            }
            let name = path.display().to_string();
            let text = match path.extension().and_then(|extension| extension.to_str()) {
                Some("json" | "jsonl") => std::fs::read_to_string(path)?,
                _ => continue,
            };
            checked += if name.ends_with(".jsonl") {
                // A last line without an end is what a killed process was about to write.
                let whole = text.rfind('\n').map_or(0, |end| end + 1);
                lines(&name, text.get(..whole).unwrap_or_default())?
            } else if ours(&text) || name.contains("/.relplan/") {
                document(&name, &text)?
            } else {
                0
            };
        }
        Ok(checked)
    }
}

/// Whether a text says of itself that it is a document of ours.
fn ours(text: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(text).ok();
    value.is_some_and(|value| {
        let format = value.get("format").and_then(Value::as_str);
        format.is_some_and(|format| format.starts_with("relplan."))
    })
}

/// Validates what a session printed for programs, and the event files that it was told to write. Tells how many
/// documents there were.
///
/// # Errors
/// When a document does not validate, or has no schema.
pub fn check_session(project: &Path, arguments: &[&str], session: &Session) -> io::Result<usize> {
    let about = format!("relplan {}", arguments.join(" "));
    let mut checked = 0;
    let flags: BTreeSet<&str> = arguments.iter().copied().collect();
    let json = arguments
        .windows(2)
        .any(|pair| pair == ["--format", "json"])
        || flags.contains("--format=json")
        || arguments.windows(2).any(|pair| pair == ["state", "show"]);
    if flags.contains("--json") {
        checked += lines(&about, &session.stdout)?;
    } else if json && !session.stdout.is_empty() {
        checked += document(&about, &session.stdout)?;
    }
    for pair in arguments.windows(2) {
        if let [flag, file] = pair
            && *flag == "--json-into"
            && let Ok(text) = std::fs::read_to_string(project.join(file))
        {
            checked += lines(file, &text)?;
        }
    }
    Ok(checked)
}

fn lines(about: &str, text: &str) -> io::Result<usize> {
    for (number, line) in text.lines().enumerate() {
        let about = format!("{about}, line {}", number + 1);
        let value: Value = serde_json::from_str(line).map_err(|error| failed(&about, &error))?;
        let format = if value.get("event").is_some() {
            event::FORMAT
        } else {
            journal::FORMAT
        };
        validate(&about, format, &value)?;
    }
    Ok(text.lines().count())
}

fn document(about: &str, text: &str) -> io::Result<usize> {
    let value: Value = serde_json::from_str(text).map_err(|error| failed(about, &error))?;
    let Some(format) = value.get("format").and_then(Value::as_str) else {
        return Err(failed(about, &"JSON for programs needs a member `format`"));
    };
    validate(about, format, &value)?;
    Ok(1)
}

/// Validates a value as a document of a format.
///
/// # Errors
/// When it does not validate, with all that the validator says, or when the format has no schema.
pub fn validate(about: &str, format: &str, value: &Value) -> io::Result<()> {
    let Some(validator) = validators()?.get(format) else {
        let message = format!("the format {format:?} has no schema: see docs/contributing.md");
        return Err(failed(about, &message));
    };
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let message = format!("is no {format}:\n{}", errors.join("\n"));
    Err(failed(about, &message))
}

fn failed(about: &str, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{about}: {error}"))
}

/// The checked-in schemas by the format that they describe.
///
/// # Errors
/// When one is missing or is no schema.
pub fn validators() -> io::Result<&'static BTreeMap<&'static str, Validator>> {
    static VALIDATORS: OnceLock<BTreeMap<&'static str, Validator>> = OnceLock::new();
    if let Some(validators) = VALIDATORS.get() {
        return Ok(validators);
    }
    let mut made = BTreeMap::new();
    for format in FORMATS {
        let path = folder().join(format!("{}.schema.json", format.name));
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&name, &error))?;
        let schema: Value = serde_json::from_str(&text).map_err(|error| failed(&name, &error))?;
        let validator =
            jsonschema::draft202012::new(&schema).map_err(|error| failed(&name, &error))?;
        made.insert(format.format, validator);
    }
    Ok(VALIDATORS.get_or_init(|| made))
}

/// Where the schemas are.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}
