//! Which folders are members of a workspace, and which manager keeps it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use relplan_model::finding::{Finding, FindingCode, Severity};

use super::{
    catalog::Catalogs,
    demand::By,
    manifest::{FILE, Manifest},
    yaml::Yaml,
};
use crate::discover::{
    DiscoverError, Folder, ReadError, Scope, Tree, forest::Forest, pattern::Pattern, unreadable,
};

const PNPM_WORKSPACE: &str = "pnpm-workspace.yaml";
const YARN_SETTINGS: &str = ".yarnrc.yml";

/// From how many members on it pays to read their manifests side by side.
const MANY: usize = 64;

/// The tool that keeps a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
}

impl Manager {
    /// The tool's name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
        }
    }
}

/// The root of a workspace.
pub(super) struct Home {
    /// Its folder.
    pub(super) folder: Folder,
    /// The tool that keeps it.
    pub(super) manager: Manager,
    /// Whether `yarn` is Yarn 1 here: its later versions leave their settings or are asked for by number.
    pub(super) is_classic_yarn: bool,
    /// Its catalogs.
    pub(super) catalogs: Catalogs,
    /// The patterns of its members; `None` where it has none: a package on its own.
    patterns: Option<Patterns>,
}

/// A member with the root of its workspace.
pub(super) struct Member {
    /// Its manifest.
    pub(super) manifest: Manifest,
    /// The root.
    pub(super) home: Rc<Home>,
}

/// The members of one workspace of the spec.
pub(super) fn of(
    tree: &Tree,
    scope: &mut Scope,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Member>, DiscoverError> {
    let folder = scope.folder.clone();
    let root = match Manifest::read(tree, &folder) {
        Ok(root) => Some(root),
        Err(error) if error.is_missing() && tree.has(&folder.file(PNPM_WORKSPACE)) => None,
        Err(error) => return Err(scope.root_manifest(error)),
    };
    let own = Home::read(tree, &folder, root.as_ref(), findings)
        .map_err(|error| scope.root_manifest(error))?;
    let home = match own.patterns {
        Some(_) => own,
        None => Home::further_up(tree, &folder).unwrap_or(own),
    };
    let home = Rc::new(home);
    let mut walk = Walk {
        tree,
        scope,
        findings,
        seen: BTreeSet::new(),
        queue: VecDeque::new(),
    };
    if root.is_some() {
        walk.queue.push_back(folder.clone());
    }
    if home.folder == folder
        && let Some(patterns) = &home.patterns
    {
        walk.expand(patterns)?;
    }
    walk.members(&home)
}

struct Walk<'a> {
    tree: &'a Tree,
    scope: &'a mut Scope,
    findings: &'a mut Vec<Finding>,
    seen: BTreeSet<Folder>,
    queue: VecDeque<Folder>,
}

impl Walk<'_> {
    fn members(mut self, home: &Rc<Home>) -> Result<Vec<Member>, DiscoverError> {
        let mut members = Vec::new();
        let mut read = self.read_ahead();
        while let Some(folder) = self.queue.pop_front() {
            if !self.seen.insert(folder.clone()) || self.scope.exclude.covers(&folder) {
                continue;
            }
            let manifest = read
                .remove(&folder)
                .unwrap_or_else(|| Manifest::read(self.tree, &folder));
            let manifest = match manifest {
                Ok(manifest) => manifest,
                Err(error) => {
                    self.findings.push(unreadable(&error));
                    continue;
                }
            };
            // Only yarn lets a member have members of its own.
            if home.manager == Manager::Yarn && folder != home.folder {
                match Patterns::of_manifest(&manifest, self.findings) {
                    Ok(Some(patterns)) => self.expand(&patterns)?,
                    Ok(None) => {}
                    Err(error) => self.findings.push(unreadable(&error)),
                }
            }
            members.push(Member {
                manifest,
                home: Rc::clone(home),
            });
        }
        Ok(members)
    }

    /// The manifests of the folders in the queue, read on all processors where they are many: in a workspace of a
    /// thousand packages this is most of what a plan waits for before it can ask a registry. The order in which they are
    /// taken stays the queue's.
    fn read_ahead(&mut self) -> BTreeMap<Folder, Result<Manifest, ReadError>> {
        let exclude = &mut self.scope.exclude;
        let folders = self.queue.iter().filter(|folder| !exclude.covers(folder));
        let folders: Vec<&Folder> = folders.collect();
        let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if lanes < 2 || folders.len() < MANY {
            return BTreeMap::new();
        }
        let size = folders.len().div_ceil(lanes);
        let mut read = BTreeMap::new();
        std::thread::scope(|scope| {
            let lane = |chunk: &[&Folder], tree: &Tree| -> Vec<_> {
                let manifest = |folder: &&Folder| ((*folder).clone(), Manifest::read(tree, folder));
                chunk.iter().map(manifest).collect()
            };
            let lanes: Vec<_> = folders
                .chunks(size)
                .map(|chunk| {
                    let tree = self.tree.beside();
                    scope.spawn(move || lane(chunk, &tree))
                })
                .collect();
            // What a lane that was lost would have read is read by the walk itself.
            read.extend(
                lanes
                    .into_iter()
                    .filter_map(|lane| lane.join().ok())
                    .flatten(),
            );
        });
        read
    }

    fn expand(&mut self, patterns: &Patterns) -> Result<(), DiscoverError> {
        for pattern in &patterns.wanted {
            let mut any = false;
            for folder in pattern.expand(self.tree)? {
                if self.tree.has(&folder.file(FILE)) {
                    any = true;
                    if !patterns.negates(&folder) {
                        self.queue.push_back(folder);
                    }
                }
            }
            if let Some(folder) = pattern.literal()
                && !any
                && !self.scope.exclude.covers(&folder)
            {
                self.findings.push(
                    Finding::new(
                        FindingCode::MemberMissing,
                        Severity::Warning,
                        None,
                        format!(
                            "{} names {:?} as a member, which holds no {FILE}",
                            patterns.file,
                            folder.to_string()
                        ),
                    )
                    .hint("correct the path, or remove it from the workspace's members"),
                );
            }
        }
        Ok(())
    }
}

impl Home {
    /// Who packs here where nobody says otherwise.
    pub(super) fn by(&self) -> By {
        match self.manager {
            Manager::Npm => By::Npm,
            Manager::Pnpm => By::Pnpm,
            Manager::Yarn if self.is_classic_yarn => By::ClassicYarn,
            Manager::Yarn => By::Yarn,
        }
    }

    fn read(
        tree: &Tree,
        folder: &Folder,
        root: Option<&Manifest>,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, ReadError> {
        let mut home = Self {
            folder: folder.clone(),
            manager: manager(tree, folder, root, findings),
            is_classic_yarn: is_classic_yarn(tree, folder, root),
            catalogs: Catalogs::default(),
            patterns: None,
        };
        if let Some(pnpm) = yaml(tree, folder, PNPM_WORKSPACE)? {
            home.catalogs.add_yaml(&pnpm);
            let file = folder.file(PNPM_WORKSPACE);
            home.patterns = pnpm.get("packages").map(|packages| {
                let texts = packages.list().iter().filter_map(Yaml::text);
                Patterns::parse(folder, &file, texts, findings)
            });
        }
        if let Some(yarn) = yaml(tree, folder, YARN_SETTINGS)? {
            home.catalogs.add_yaml(&yarn);
        }
        if let Some(root) = root {
            home.catalogs.add_manifest(root);
            if home.patterns.is_none() {
                home.patterns = Patterns::of_manifest(root, findings)?;
            }
        }
        Ok(home)
    }

    /// The workspace further up whose patterns take in a folder.
    fn further_up(tree: &Tree, folder: &Folder) -> Option<Self> {
        let mut at = folder.parent();
        while let Some(above) = at {
            let root = Manifest::read(tree, &above).ok();
            if let Ok(home) = Self::read(tree, &above, root.as_ref(), &mut Vec::new())
                && let Some(patterns) = &home.patterns
                && patterns.take_in(folder)
            {
                return Some(home);
            }
            at = above.parent();
        }
        None
    }
}

/// The patterns of a workspace's members.
struct Patterns {
    file: String,
    wanted: Vec<Pattern>,
    negated: Forest,
}

impl Patterns {
    fn of_manifest(
        manifest: &Manifest,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Self>, ReadError> {
        Ok(manifest.workspaces()?.map(|texts| {
            let texts = texts.iter().map(String::as_str);
            Self::parse(&manifest.folder, &manifest.file, texts, findings)
        }))
    }

    fn parse<'a>(
        folder: &Folder,
        file: &str,
        texts: impl Iterator<Item = &'a str>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        // npm takes a leading slash for the workspace's folder.
        let (negated, wanted): (Vec<&str>, Vec<&str>) =
            texts.partition(|text| text.starts_with('!'));
        let plain = |text: &'a str| text.trim_start_matches(['!', '/']);
        let mut read = |texts: Vec<&'a str>| {
            Pattern::members(folder, file, texts.into_iter().map(plain), findings)
        };
        let wanted = read(wanted);
        let negated = read(negated);
        Self {
            file: file.to_owned(),
            wanted,
            negated: Forest::of(negated.iter().enumerate()),
        }
    }

    fn negates(&self, folder: &Folder) -> bool {
        self.negated.matches(folder)
    }

    fn take_in(&self, folder: &Folder) -> bool {
        self.wanted.iter().any(|pattern| pattern.matches(folder)) && !self.negates(folder)
    }
}

fn yaml(tree: &Tree, folder: &Folder, name: &str) -> Result<Option<Yaml>, ReadError> {
    let file = folder.file(name);
    match tree.read(&file) {
        Ok(text) => Yaml::parse(&file, &text).map(Some),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The manager of a workspace: what a manifest asks for, else what has left a lock file, here or further up.
fn manager(
    tree: &Tree,
    folder: &Folder,
    root: Option<&Manifest>,
    findings: &mut Vec<Finding>,
) -> Manager {
    let mut asked = root.and_then(|root| root.manager().map(str::to_owned));
    let mut at = Some(folder.clone());
    while let Some(folder) = at {
        match asked.as_deref() {
            Some("npm") => return Manager::Npm,
            Some("pnpm") => return Manager::Pnpm,
            Some("yarn") => return Manager::Yarn,
            Some(other) => {
                findings.push(other_manager(other));
                return Manager::Npm;
            }
            None => {}
        }
        let has = |names: &[&str]| names.iter().any(|name| tree.has(&folder.file(name)));
        if has(&[PNPM_WORKSPACE, "pnpm-lock.yaml"]) {
            return Manager::Pnpm;
        }
        if has(&["yarn.lock", YARN_SETTINGS]) {
            return Manager::Yarn;
        }
        if has(&["package-lock.json", "npm-shrinkwrap.json"]) {
            return Manager::Npm;
        }
        if has(&["bun.lock", "bun.lockb"]) {
            findings.push(other_manager("bun"));
            return Manager::Npm;
        }
        at = folder.parent();
        asked = at.as_ref().and_then(|above| {
            let manifest = Manifest::read(tree, above).ok()?;
            manifest.manager().map(str::to_owned)
        });
    }
    Manager::Npm
}

fn is_classic_yarn(tree: &Tree, folder: &Folder, root: Option<&Manifest>) -> bool {
    match root.and_then(Manifest::corepack) {
        Some(("yarn", version)) => version.starts_with("1."),
        _ => !tree.has(&folder.file(YARN_SETTINGS)),
    }
}

fn other_manager(name: &str) -> Finding {
    Finding::new(
        FindingCode::UnknownManager,
        Severity::Warning,
        None,
        format!(
            "the workspace is kept by {name:?}, which relplan does not know; it is taken for npm"
        ),
    )
    .hint("pack with relplan's own packer, or with npm, pnpm or yarn")
}
