//! The project's folder: the spec in it, and where bundle, state and cache are kept.

use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_kdl::RenderStyle;
use relplan_model::{digest::Sha256, settings::Vocabulary};
use relplan_spec::Spec;
use relplan_system::tree::{Checkout, ReadError};

use crate::{arguments::Arguments, exit::Exit, failure::Failure, files, view::style::Style};

/// The longest spec text that is read, in bytes: somewhat more than its reader takes, which says so better.
const MAX_SPEC: u64 = 5 << 20;

/// A project's folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder, absolute.
    pub root: Utf8PathBuf,
    /// The spec's path for messages.
    pub spec_path: PathBuf,
    /// The folder with the repository around it: what a pull request can change.
    pub checkout: Checkout,
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
        let checkout = Checkout::around(root.as_std_path()).map_err(|error| {
            Failure::of(Exit::Usage, &error)
                .while_doing(format!("cannot work in the folder {named}"))
        })?;
        Ok(Self {
            root,
            checkout,
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
                    relplan_kdl::render(&parsed.problems, &file, &text, kdl_style(style));
                let message = match parsed.problems.len() {
                    1 => "the spec is not valid".to_owned(),
                    problems => format!("the spec is not valid: {problems} problems"),
                };
                Err(Failure::new(Exit::Invalid, message)
                    .details(rendered)
                    .problems(relplan_kdl::located(&parsed.problems, &text)))
            }
        }
    }

    /// The spec's name for messages, and its text.
    pub fn spec_text(&self) -> Result<(String, String), Failure> {
        let file = self.spec_path.display().to_string();
        let bytes = self.checkout.read(&self.spec_path, MAX_SPEC);
        let bytes = bytes.map_err(|error| {
            let failure = Failure::of(Exit::Invalid, &error).while_doing("cannot read the spec");
            match error {
                ReadError::Missing { .. } => {
                    failure.hint("name the project's folder with -C, or the spec with --spec")
                }
                ReadError::Outside { .. } => failure.hint(
                    "the spec is read from the project itself; replace the link by the file that it leads to",
                ),
                ReadError::OfGit { .. }
                | ReadError::NotAFile { .. }
                | ReadError::TooLarge { .. }
                | ReadError::Io { .. } => failure,
            }
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok((file, text)),
            Err(error) => Err(Failure::of(Exit::Invalid, &error)
                .while_doing(format!("the spec {file} is not UTF-8"))),
        }
    }

    /// The bundle's folder.
    ///
    /// # Errors
    /// When it lies in the checkout as it is written, and a link leads out of it (law L14).
    pub fn bundle(&self, given: Option<&Path>) -> Result<Utf8PathBuf, Failure> {
        let named = match given.and_then(Utf8Path::from_path) {
            Some(path) => self.root.join(path),
            None => self.root.join(".relplan/bundle"),
        };
        let place = files::place(named.as_std_path())?;
        Ok(Utf8PathBuf::from_path_buf(place).unwrap_or(named))
    }

    /// Where plans that were started are kept, so that `apply` without a plan can resume them.
    pub fn started_plans(&self) -> Utf8PathBuf {
        self.root.join(".relplan/plans")
    }
}

/// The renderer of problems in our style.
pub fn kdl_style(style: Style) -> RenderStyle {
    RenderStyle {
        color: style.color,
        width: style.width,
        unicode: true,
    }
}
