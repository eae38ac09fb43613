//! What an npm package demands of whoever packs it, and which packer does that: lifecycle scripts, `publishConfig`,
//! protocols, bundled dependencies (law L16).
//!
//! Sources: npm documentation "scripts", "package.json"; pnpm documentation "package.json", `pnpm publish`; Yarn
//! documentation "Manifest fields", "Lifecycle scripts"; what their packers do was tried where these are silent.
//! The table in `docs/reference/pack.md` is this one: a test compares them.

use serde_json::{Map, Value};

use super::requirement::{Requirement, Workspace};
use crate::pack::Packer;

/// Something beyond putting files into an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    /// A lifecycle script of publishing.
    Script(&'static str),
    /// A key of `publishConfig` that is to change what is packed.
    Config(&'static str),
    /// `publishConfig.provenance`.
    Provenance,
    /// Dependencies that go into the tarball, by the key that lists them.
    Bundled(&'static str),
    /// A dependency on something that no registry has, as it is written.
    Protocol(Protocol, String),
}

/// What stands where a version range should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    /// `workspace:` and a range.
    Workspace,
    /// `workspace:` and a path, or among alternatives.
    WorkspacePath,
    /// `catalog:`.
    Catalog,
    /// A path, or a patch that is kept in the tree.
    Local,
}

/// Who packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// `npm pack`.
    Npm,
    /// `pnpm pack`.
    Pnpm,
    /// `yarn pack` of Yarn 1.
    ClassicYarn,
    /// `yarn pack` of Yarn 2 and later.
    Yarn,
    /// relplan.
    BuiltIn,
}

/// What comes of a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the workspace's own manager does it.
    Done,
    /// Not done, and a warning says so.
    Warned,
    /// Nothing is packed.
    Refused,
}

/// The scripts of publishing, in npm's order.
pub(crate) const SCRIPTS: [&str; 7] = [
    "prepublishOnly",
    "prepublish",
    "prepack",
    "prepare",
    "postpack",
    "publish",
    "postpublish",
];

/// What Yarn 2 and later move from `publishConfig` to the top of the packed manifest; pnpm does as well.
pub(crate) const MOVED_BY_BOTH: [&str; 9] = [
    "bin", "browser", "exports", "imports", "main", "module", "type", "types", "typings",
];

/// What pnpm alone moves.
pub(crate) const MOVED_BY_PNPM: [&str; 9] = [
    "cpu",
    "engines",
    "es2015",
    "esnext",
    "libc",
    "os",
    "typesVersions",
    "umd:main",
    "unpkg",
];

/// Of another folder pnpm makes the package.
pub(crate) const FOLDERS: [&str; 2] = ["directory", "linkDirectory"];

/// Which files may be run, beside those of `bin`.
pub(crate) const EXECUTABLE: &str = "executableFiles";

/// What may list bundled dependencies.
const BUNDLED: [&str; 2] = ["bundleDependencies", "bundledDependencies"];

/// The tables that stand in the published manifest and are resolved by those who install it.
const PUBLISHED: [&str; 3] = ["dependencies", "optionalDependencies", "peerDependencies"];

impl Demand {
    /// Everything that a manifest demands, in order.
    pub(crate) fn all_of(manifest: &Map<String, Value>) -> Vec<Self> {
        let object = |key: &str| manifest.get(key).and_then(Value::as_object);
        let has =
            |table: &str, key: &str| object(table).is_some_and(|table| table.contains_key(key));
        let scripts = SCRIPTS.into_iter().filter(|script| has("scripts", script));
        let keys = FOLDERS
            .into_iter()
            .chain(MOVED_BY_BOTH)
            .chain(MOVED_BY_PNPM);
        let keys = keys
            .chain([EXECUTABLE])
            .filter(|key| has("publishConfig", key));
        let mut all: Vec<Self> = scripts
            .map(Self::Script)
            .chain(keys.map(Self::Config))
            .collect();
        let provenance = object("publishConfig").and_then(|config| config.get("provenance"));
        all.extend((provenance == Some(&Value::Bool(true))).then_some(Self::Provenance));
        let bundles = |key: &&str| manifest.get(*key).is_some_and(|names| !is_nothing(names));
        all.extend(BUNDLED.into_iter().filter(bundles).map(Self::Bundled));
        for (name, text) in PUBLISHED.into_iter().filter_map(object).flatten() {
            let Some(text) = text.as_str() else { continue };
            // What is in the tarball is not looked for elsewhere.
            if let Some(protocol) = Protocol::of(text).filter(|_| !is_bundled(manifest, name)) {
                all.push(Self::Protocol(protocol, format!("{name:?}: {text:?}")));
            }
        }
        all.sort();
        all.dedup();
        all
    }

    /// What a packer makes of it in a workspace that a manager keeps.
    pub(crate) fn outcome(&self, by: By, keeper: By) -> Outcome {
        match self {
            Self::Script(script) => script_outcome(script, by),
            Self::Config(key) if by.applies(key) => Outcome::Done,
            Self::Config(key) if FOLDERS.contains(key) || keeper.applies(key) => Outcome::Refused,
            Self::Config(_) | Self::Provenance => Outcome::Warned,
            Self::Bundled(_) if by == By::BuiltIn => Outcome::Refused,
            Self::Bundled(_) => Outcome::Done,
            Self::Protocol(protocol, _) => protocol.outcome(by),
        }
    }
}

/// Scripts that change nothing that is packed are not missed; `apply` runs no code of the repository at all.
fn script_outcome(script: &str, by: By) -> Outcome {
    let runs = match script {
        "publish" | "postpublish" => return Outcome::Warned,
        "postpack" if by == By::BuiltIn => return Outcome::Warned,
        _ if by == By::BuiltIn => return Outcome::Refused,
        "prepublish" => by != By::Npm,
        "prepublishOnly" | "prepare" => by != By::Yarn,
        _ => true,
    };
    match runs {
        true => Outcome::Done,
        false => Outcome::Warned,
    }
}

impl Protocol {
    /// What a requirement is that no registry resolves as it stands; `None`: one does, or the network at large.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let local = ["patch:", "exec:", "~/"];
        match Requirement::of(text) {
            Requirement::Catalog(_) => Some(Self::Catalog),
            Requirement::Workspace(rest) => Some(match Workspace::of(rest) {
                _ if text.contains("||") => Self::WorkspacePath,
                Workspace::Path(_) => Self::WorkspacePath,
                Workspace::Range { .. } => Self::Workspace,
            }),
            Requirement::Path(_) => Some(Self::Local),
            Requirement::Elsewhere if local.iter().any(|one| text.trim().starts_with(one)) => {
                Some(Self::Local)
            }
            Requirement::Elsewhere | Requirement::Alias { .. } | Requirement::Registry(_) => None,
        }
    }

    fn outcome(self, by: By) -> Outcome {
        let replaced = match self {
            Self::Workspace => matches!(by, By::Pnpm | By::Yarn | By::BuiltIn),
            Self::WorkspacePath | Self::Catalog => matches!(by, By::Pnpm | By::Yarn),
            Self::Local => false,
        };
        match replaced {
            true => Outcome::Done,
            false => Outcome::Refused,
        }
    }
}

impl By {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        Self::Npm,
        Self::Pnpm,
        Self::ClassicYarn,
        Self::Yarn,
        Self::BuiltIn,
    ];

    /// Who a packer is; `None`: nothing is packed, or nothing of npm's.
    pub(crate) fn of(packer: &Packer, is_classic_yarn: bool) -> Option<Self> {
        Some(match packer {
            Packer::Npm => Self::Npm,
            Packer::Pnpm => Self::Pnpm,
            Packer::Yarn if is_classic_yarn => Self::ClassicYarn,
            Packer::Yarn => Self::Yarn,
            Packer::NpmBuiltin => Self::BuiltIn,
            Packer::Cargo | Packer::Pep517 | Packer::PythonBuiltin | Packer::Prebuilt(_) => {
                return None;
            }
        })
    }

    /// Its name in a sentence.
    pub(crate) fn called(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::ClassicYarn => "yarn 1",
            Self::Yarn => "yarn",
            Self::BuiltIn => "relplan's own packer",
        }
    }

    /// Its word in the spec.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::ClassicYarn | Self::Yarn => "yarn",
            Self::BuiltIn => "builtin",
        }
    }

    /// Whether it does what a key of `publishConfig` says.
    fn applies(self, key: &str) -> bool {
        match self {
            Self::Npm | Self::ClassicYarn | Self::BuiltIn => false,
            Self::Pnpm => true,
            Self::Yarn => MOVED_BY_BOTH.contains(&key) || key == EXECUTABLE,
        }
    }

    /// The scripts that it runs when it publishes, and not yet when it packs, in order.
    pub(crate) fn before_packing(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["prepublishOnly"],
            Self::Pnpm => &["prepublishOnly", "prepublish"],
            Self::ClassicYarn => &["prepublish", "prepare", "prepublishOnly"],
            Self::Yarn => &["prepublish"],
            Self::BuiltIn => &[],
        }
    }
}

/// The dependencies that must be in the tarball.
pub(crate) fn bundled_names(manifest: &Map<String, Value>) -> Vec<&str> {
    let keys = |table: &str| {
        let table = manifest.get(table).and_then(Value::as_object);
        table.into_iter().flatten().map(|(name, _)| name.as_str())
    };
    let mut names = Vec::new();
    for list in BUNDLED.iter().filter_map(|key| manifest.get(*key)) {
        match list {
            Value::Bool(true) => names.extend(keys("dependencies")),
            list => names.extend(names_of(list)),
        }
    }
    // What is optional need not be there on every machine.
    names.retain(|name| !keys("optionalDependencies").any(|optional| optional == *name));
    names
}

/// Whether a dependency is in the tarball.
pub(crate) fn is_bundled(manifest: &Map<String, Value>, name: &str) -> bool {
    bundled_names(manifest).contains(&name)
}

fn is_nothing(list: &Value) -> bool {
    match list {
        Value::Array(names) => names.is_empty(),
        Value::Object(names) => names.is_empty(),
        Value::Bool(all) => !all,
        Value::Null | Value::Number(_) | Value::String(_) => true,
    }
}

fn names_of(list: &Value) -> impl Iterator<Item = &str> {
    let array = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    array.chain(
        list.as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str()),
    )
}

#[cfg(test)]
mod tests;
