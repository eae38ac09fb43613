//! The project's folder: the spec in it, and where bundle, state and cache are kept.

use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{digest::Sha256, settings::Vocabulary};
use relplan_spec::{RenderStyle, Spec};

use crate::{arguments::Arguments, exit::Exit, failure::Failure, view::style::Style};

/// The longest spec text that is read, in bytes: somewhat more than its reader takes, which says so better.
const MAX_SPEC: u64 = 5 << 20;

/// A project's folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder, absolute.
    pub root: Utf8PathBuf,
    /// The spec's path for messages.
    pub spec_path: PathBuf,
}

/// The spec's text and what it says.
pub struct ReadSpec {
    /// The file's name in messages.
    pub file: String,
    /// The text.
    pub text: String,
    /// What it says.
    pub spec: Spec,
    /// The text's digest.
    pub digest: Sha256,
}

impl Project {
    /// Goes to the folder that the command line names: as with `git -C`, all relative paths start there.
    pub fn enter(arguments: &Arguments) -> Result<Self, Failure> {
        let named = arguments.directory.display();
        std::env::set_current_dir(&arguments.directory).map_err(|error| {
            Failure::of(Exit::Usage, &error)
                .while_doing(format!("cannot work in the folder {named}"))
        })?;
        let folder =
            std::env::current_dir().map_err(|error| Failure::of(Exit::Internal, &error))?;
        let root = Utf8PathBuf::from_path_buf(folder).map_err(|path| {
            Failure::new(
                Exit::Usage,
                format!("the folder {} is not named in UTF-8", path.display()),
            )
        })?;
        Ok(Self {
            root,
            spec_path: arguments.spec.clone(),
        })
    }

    /// Reads and checks the spec.
    pub fn spec(&self, words: &Vocabulary, style: Style) -> Result<ReadSpec, Failure> {
        let (file, text) = self.spec_text()?;
        let parsed = relplan_spec::parse(&file, &text, words);
        let digest = Sha256::of(text.as_bytes());
        match parsed.spec {
            Some(spec) => Ok(ReadSpec {
                file,
                text,
                spec,
                digest,
            }),
            None => {
                let rendered =
                    relplan_spec::render(&parsed.problems, &file, &text, spec_style(style));
                let message = match parsed.problems.len() {
                    1 => "the spec is not valid".to_owned(),
                    problems => format!("the spec is not valid: {problems} problems"),
                };
                Err(Failure::new(Exit::Invalid, message)
                    .details(rendered)
                    .problems(relplan_spec::located(&parsed.problems, &text)))
            }
        }
    }

    /// The spec's name for messages, and its text.
    pub fn spec_text(&self) -> Result<(String, String), Failure> {
        let path = self.root.as_std_path().join(&self.spec_path);
        let file = self.spec_path.display().to_string();
        let invalid = |error: std::io::Error| {
            let failure = Failure::of(Exit::Invalid, &error)
                .while_doing(format!("cannot read the spec {}", path.display()));
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failure.hint("name the project's folder with -C, or the spec with --spec")
                }
                _ => failure,
            }
        };
        let size = std::fs::metadata(&path).map_err(invalid)?.len();
        if size > MAX_SPEC {
            return Err(Failure::new(
                Exit::Invalid,
                format!(
                    "the spec {} has {size} bytes, which is too much",
                    path.display()
                ),
            ));
        }
        let bytes = std::fs::read(&path).map_err(invalid)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok((file, text)),
            Err(error) => Err(Failure::of(Exit::Invalid, &error)
                .while_doing(format!("the spec {} is not UTF-8", path.display()))),
        }
    }

    /// The bundle's folder.
    pub fn bundle(&self, given: Option<&Path>) -> Utf8PathBuf {
        self.place(given, ".relplan/bundle")
    }

    /// Where plans that were started are kept, so that `apply` without a plan can resume them.
    pub fn started_plans(&self) -> Utf8PathBuf {
        self.root.join(".relplan/plans")
    }

    /// Where answers of registries are kept.
    pub fn cache(&self) -> Utf8PathBuf {
        self.root.join(".relplan/cache")
    }

    fn place(&self, given: Option<&Path>, default: &str) -> Utf8PathBuf {
        match given.and_then(Utf8Path::from_path) {
            Some(path) => self.root.join(path),
            None => self.root.join(default),
        }
    }
}

/// The spec's renderer in our style.
pub fn spec_style(style: Style) -> RenderStyle {
    RenderStyle {
        color: style.color,
        width: style.width,
        unicode: true,
    }
}
