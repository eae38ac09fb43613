//! Packing: from folders with manifests to a bundle of artifacts (design §6).
//!
//! - `pack/schedule.rs`, `pack/order.rs`: which packers run, several of them side by side, and which waits for which.
//! - `pack/environment.rs`, `pack/workshop.rs`, `pack/child.rs`: what a packer gets to see, and running it.
//! - `pack/cargo.rs`, `pack/npm.rs`, `pack/pep517.rs`: the ecosystems' own packers.
//! - `pack/npm_builtin.rs`, `pack/python_builtin.rs`: packers that run nothing, for packages that need nothing run.
//! - `pack/prebuilt.rs`: files that something else has built.
//! - `pack/identity.rs`, `pack/artifact.rs`: who a finished file says that it is, and what is recorded about it.
//! - `pack/git.rs`: which commit is checked out, and whether files differ from it.
//!
//! Invariant: this is the only place in relplan that runs code of the repository, and it holds no credential while it
//! does (law L14; `environment` says exactly what that covers). The name and version that are recorded of an artifact
//! are those *inside* of it (law L3).

mod archive;
mod artifact;
mod cargo;
mod child;
mod environment;
#[cfg(test)]
mod fixture;
mod git;
mod identity;
mod npm;
mod npm_builtin;
mod order;
mod pep517;
mod prebuilt;
mod python_builtin;
mod schedule;
#[cfg(test)]
mod tests;
mod workshop;

use std::{collections::BTreeMap, io};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_ecosystem::{Ecosystem, Format};
use relplan_model::{
    address::{FileName, PackageId, Version},
    bundle::Artifact,
};
use relplan_system::{
    programs::{ProgramError, SurvivorError, TreeRoots},
    tree::Tree,
};

pub use environment::Environment;
pub use identity::IdentityError;

use crate::bundle::{BundleError, Folder};

/// The folder beside the spec that keeps bundles and state; no part of any package.
const OWN_FOLDER: &str = ".relplan";

/// Greater manifests and readmes are not read, in bytes.
const MAX_TEXT: u64 = 4 << 20;

/// What makes an artifact of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packer {
    /// `cargo package`, all crates of one workspace in one call.
    Cargo,
    /// `npm pack`.
    Npm,
    /// `pnpm pack`, which rewrites `workspace:` and `catalog:` ranges.
    Pnpm,
    /// `yarn pack`, which rewrites `workspace:` ranges.
    Yarn,
    /// npm's packing rules without npm: runs nothing, and refuses packages with scripts that run while packing.
    NpmBuiltin,
    /// A PEP 517 front end: `uv build`, else `python3 -m build`.
    Pep517,
    /// A wheel and an sdist of a pure package with static metadata, without Python: runs nothing.
    PythonBuiltin,
    /// Files that are there already: globs relative to the package's folder.
    Prebuilt(Vec<String>),
}

/// The packers that a word in a spec stands for.
const NAMED: [(Ecosystem, Packer); 7] = [
    (Ecosystem::Cargo, Packer::Cargo),
    (Ecosystem::Npm, Packer::Npm),
    (Ecosystem::Npm, Packer::Pnpm),
    (Ecosystem::Npm, Packer::Yarn),
    (Ecosystem::Npm, Packer::NpmBuiltin),
    (Ecosystem::Python, Packer::Pep517),
    (Ecosystem::Python, Packer::PythonBuiltin),
];

impl Packer {
    /// The packer of an ecosystem that a word stands for: that of a spec, or of the tool that keeps the workspace. Without
    /// a word, the ecosystem's own.
    #[must_use]
    pub fn named(ecosystem: Ecosystem, word: Option<&str>) -> Option<Self> {
        let word = word.or_else(|| ecosystem.packers().first().copied())?;
        let mut named = NAMED.into_iter();
        named.find_map(|(of, packer)| (of == ecosystem && packer.word() == word).then_some(packer))
    }

    /// The formats that each of its runs makes; none where only the files tell.
    #[must_use]
    pub fn makes(&self) -> &'static [Format] {
        match self {
            Self::Cargo => &[Format::Crate],
            Self::Npm | Self::Pnpm | Self::Yarn | Self::NpmBuiltin => &[Format::NpmTarball],
            Self::Pep517 | Self::PythonBuiltin => &[Format::Sdist, Format::Wheel],
            Self::Prebuilt(_) => &[],
        }
    }

    /// The packer in one word, as errors and the spec name it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::NpmBuiltin | Self::PythonBuiltin => "builtin",
            Self::Pep517 => "pep517",
            Self::Prebuilt(_) => "prebuilt",
        }
    }
}

/// One package to be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The package, by its name in the manifest.
    pub package: PackageId,
    /// The version that the manifest names; `None`: it is found out while packing.
    pub version: Option<Version>,
    /// Whether packing finds the version in the tags of the repository.
    pub version_from_history: bool,
    /// The project's folder, absolute and without links: nothing is read through a link that leads out of it.
    pub root: Utf8PathBuf,
    /// Its folder, absolute and below the root.
    pub path: Utf8PathBuf,
    /// The folder of the workspace that it belongs to, absolute; its own folder where there is none.
    pub workspace_root: Utf8PathBuf,
    /// What packs it.
    pub packer: Packer,
    /// Packages that are packed before it, where they are packed at all.
    pub after: Vec<PackageId>,
    /// Packages that it is built with: packed before it as well, unless they need it themselves.
    pub built_with: Vec<PackageId>,
}

impl Job {
    /// The project's files.
    fn tree(&self) -> Result<Tree, PackError> {
        Tree::open(self.root.as_std_path()).map_err(PackError::io("open", &self.root))
    }

    /// Reads a manifest, or another text of that size.
    fn read_text(&self, path: &Utf8Path) -> Result<String, PackError> {
        let bytes = self.tree()?.read(path, MAX_TEXT);
        let bytes = bytes.map_err(|error| PackError::io("read", path)(error.into_io()))?;
        String::from_utf8(bytes).map_err(|_| PackError::Manifest {
            path: path.to_owned(),
            why: "it is not UTF-8".to_owned(),
        })
    }
}

/// How to pack.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Tells packers to stay off the network.
    pub offline: bool,
    /// Lets cargo build what it packed. That takes long, and runs the build scripts of all dependencies.
    pub verify: bool,
    /// The commit to record; `None`: git is asked.
    pub commit: Option<String>,
    /// How many packers run side by side; 0: as many as there are processors.
    pub parallel: usize,
    /// Versions of packages of the project that are not packed now: what [`Packer::NpmBuiltin`] writes in the place of
    /// `workspace:` ranges. Those of the jobs themselves are known.
    pub siblings: BTreeMap<PackageId, Version>,
    /// Where packers' environments come from: by default, this process's own.
    pub environment: Environment,
    /// What counts as the tree: no program in it is run as a packer.
    pub tree: TreeRoots,
    /// Whether other files of the same packages stay in the bundle: those of an open plan do. Else packing a package
    /// replaces all that the bundle has of it.
    pub keeps_others: bool,
    /// Whether this process starts nothing but packers meanwhile: all that is left behind is then theirs, and is ended.
    pub is_alone: bool,
}

/// What happens while packing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackEvent {
    /// A package's packer is about to run.
    Started {
        /// The package.
        package: PackageId,
    },
    /// A packer said something.
    Output {
        /// The package, or the first one of those that are packed by the same call.
        package: PackageId,
        /// The line, without its end.
        line: String,
    },
    /// A package is packed.
    Finished {
        /// The package.
        package: PackageId,
        /// The files that came of it.
        files: Vec<FileName>,
    },
}

/// Why packing failed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A packer is not there.
    #[error("{tool} is needed to pack {package}, and it is not installed; {hint}")]
    MissingTool {
        /// The program.
        tool: String,
        /// What should have been packed.
        package: String,
        /// How to go on.
        hint: String,
    },
    /// A packer is only in the tree.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A person wants packers to see what looks like a credential.
    #[error(
        "RELPLAN_PACK_ENV names {variable}, which looks like a credential: packers run code of the repository and get \
         none; take it out of the list, or give the variable another name"
    )]
    Withheld {
        /// The variable.
        variable: String,
    },
    /// A packer is too old for what is asked of it.
    #[error("{tool} {found} is too old to pack {package}; {hint}")]
    OldTool {
        /// The program.
        tool: String,
        /// Its version.
        found: String,
        /// What should have been packed.
        package: String,
        /// How to go on.
        hint: String,
    },
    /// A packer ended badly.
    #[error("`{command}` failed for {package} ({status}){}{}", tail_in_words(.tail), left_out_in_words(.left_out))]
    Packer {
        /// The program and its first argument.
        command: String,
        /// What should have been packed.
        package: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        tail: Vec<String>,
        /// Variables that it was not given, by name.
        left_out: Vec<String>,
    },
    /// A packer that runs nothing cannot do this package justice.
    #[error("the built-in packer cannot pack {package}: {why}; {hint}")]
    Unsupported {
        /// The package.
        package: PackageId,
        /// What is in the way.
        why: String,
        /// How to go on.
        hint: String,
    },
    /// A manifest does not say what is needed, or not in the right form.
    #[error("{path} cannot be packed: {why}")]
    Manifest {
        /// The manifest.
        path: Utf8PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Several packages cannot be packed, and nothing has been started.
    #[error("{} packages cannot be packed:{}", .0.len(), each_in_words(.0))]
    Several(Vec<Self>),
    /// Nothing came of it.
    #[error("{packer} made no artifact of {package}{why}")]
    Nothing {
        /// The packer.
        packer: String,
        /// The package.
        package: PackageId,
        /// More about it, or nothing.
        why: String,
    },
    /// What an artifact is cannot be read from it.
    #[error("{path} is not an artifact that can be released")]
    Identity {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: IdentityError,
    },
    /// An artifact is something else than it should be (law L3).
    #[error("{path} holds {found} instead of {expected}; {hint}")]
    Mismatch {
        /// The file.
        path: Utf8PathBuf,
        /// What should be in it.
        expected: String,
        /// What is in it.
        found: String,
        /// How to go on.
        hint: String,
    },
    /// A version would be made up.
    #[error(
        "the build takes the version of {packages} from the tags of the repository, and this clone has neither older \
         commits nor a tag on its own commit, so it would make one up; fetch the history \
         (`git fetch --unshallow --tags`, or `fetch-depth: 0` for actions/checkout), or check out the tag"
    )]
    Shallow {
        /// The packages.
        packages: String,
    },
    /// Cargo's lock file names what is to be packed.
    #[error(
        "cargo cannot pack {packages} in one run: Cargo.lock has one of these versions from a registry, where it is \
         published already; `relplan pack --missing` packs only what the registries do not have, and `relplan pack -p` \
         one crate at a time"
    )]
    Locked {
        /// The packages.
        packages: String,
    },
    /// Code of the repository still runs.
    #[error(
        "packing is not over; end what still runs, see why the build left it behind, and pack again"
    )]
    Survivors(#[from] SurvivorError),
    /// The same package stands in two jobs.
    #[error("{package} is to be packed twice: from {first} and from {second}")]
    Twice {
        /// The package.
        package: PackageId,
        /// The one folder.
        first: Utf8PathBuf,
        /// The other.
        second: Utf8PathBuf,
    },
    /// The file system refused, or a program could not be run.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// With which file, folder or program.
        path: Utf8PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The bundle refused what came of it.
    #[error("the artifacts cannot be put into the bundle")]
    Bundle(#[from] BundleError),
}

impl PackError {
    /// The error with what caused it, on one line.
    #[must_use]
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }

    fn io(doing: &'static str, path: impl Into<Utf8PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

/// What the built-in packers cannot pack of these jobs, found out without packing anything or running anything.
#[must_use]
pub fn refusals(jobs: &[Job], siblings: &BTreeMap<PackageId, Version>) -> Vec<PackError> {
    let refusal = |job: &Job| match job.packer {
        Packer::NpmBuiltin => npm_builtin::prepare(job, siblings).err(),
        Packer::PythonBuiltin => python_builtin::refusal(job),
        Packer::Cargo
        | Packer::Npm
        | Packer::Pnpm
        | Packer::Yarn
        | Packer::Pep517
        | Packer::Prebuilt(_) => None,
    };
    jobs.iter().filter_map(refusal).collect()
}

/// Packs packages and puts what comes of them into a bundle, in the place of what it holds of them.
/// Returns the artifacts in order of file name.
///
/// It blocks until all packers have ended. When one fails, those that run are waited for, no other is started, and
/// nothing is put into the bundle. The order of the jobs does not matter: dependencies are packed first.
///
/// # Errors
/// The failure of the first failed job, in the order given; see [`PackError`].
pub fn run(
    jobs: &[Job],
    out: &mut Folder,
    options: &Options,
    events: &dyn Fn(PackEvent),
) -> Result<Vec<Artifact>, PackError> {
    schedule::run(jobs, out, options, events)
}

fn each_in_words(errors: &[PackError]) -> String {
    errors.iter().fold(String::new(), |text, error| {
        text + "\n  - " + &error.in_full()
    })
}

fn left_out_in_words(left_out: &[String]) -> String {
    /// More of them are counted alone.
    const SHOWN: usize = 20;
    if left_out.is_empty() {
        return String::new();
    }
    let shown: Vec<&str> = left_out.iter().take(SHOWN).map(String::as_str).collect();
    let more = match left_out.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "\n  packers get no variable that is not known to configure them, so it did not see {}{more}; name in \
         RELPLAN_PACK_ENV what the build needs",
        shown.join(", ")
    )
}

fn tail_in_words(tail: &[String]) -> String {
    if tail.is_empty() {
        return String::new();
    }
    tail.iter()
        .fold("; its last lines were:".to_owned(), |text, line| {
            text + "\n    " + line
        })
}
