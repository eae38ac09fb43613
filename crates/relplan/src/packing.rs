//! Packing for `pack` and `apply`: which packer each package gets, and running them apart from the event loop.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{PackageId, Version},
    bundle::Bundle,
    event::Event,
    finding::{Finding, FindingCode, Severity},
    plan::{Action, Plan, Subject},
    port::EventSink,
};
use relplan_spec::Spec;
use relplan_system::programs::{Programs, TreeRoots};
use relplan_workspace::{
    Package,
    bundle::Folder,
    pack::{self, Job, Options, PackEvent, Packer},
};

use crate::{
    arguments::Selected,
    exit::Exit,
    failure::Failure,
    gather::wishes::{Wishes, picked},
    planning::{Ground, unknown},
    view::style::count,
};

/// The jobs that pack these packages.
pub fn jobs(
    root: &Utf8Path,
    spec: &Spec,
    wishes: &Wishes,
    wanted: &BTreeSet<PackageId>,
) -> Result<Vec<Job>, Failure> {
    let root = root.canonicalize_utf8().map_err(|error| {
        Failure::of(Exit::Internal, &error).while_doing(format!("cannot find {root}"))
    })?;
    let mut needs: BTreeMap<&PackageId, Vec<PackageId>> = BTreeMap::new();
    for release in &wishes.releases {
        let on = release
            .dependencies
            .iter()
            .map(|dependency| dependency.on.clone());
        needs.insert(&release.package, on.collect());
    }
    let jobs = wishes
        .packages
        .values()
        .filter(|package| wanted.contains(&package.id))
        .map(|package| {
            Ok(Job {
                package: package.id.clone(),
                version: package.version.clone(),
                version_from_history: package.version_from_history,
                root: root.clone(),
                path: root.join(&package.path),
                workspace_root: root.join(&package.workspace_root),
                packer: packer(spec, package)?,
                after: match needs.get(&package.id) {
                    Some(needs) => needs.clone(),
                    None => package
                        .dependencies
                        .iter()
                        .map(|one| one.on.clone())
                        .collect(),
                },
                built_with: match &package.packing {
                    Some(packing) => packing.built_with.iter().cloned().collect(),
                    None => Vec::new(),
                },
            })
        });
    jobs.collect()
}

/// The packer that the spec names for the package's workspace, else the one that the workspace itself uses.
pub fn packer(spec: &Spec, package: &Package) -> Result<Packer, Failure> {
    let workspace = spec
        .workspaces
        .iter()
        .filter(|workspace| workspace.ecosystem == package.id.ecosystem)
        .filter(|workspace| within(&package.path, &workspace.path))
        .max_by_key(|workspace| workspace.path.len());
    if let Some(workspace) = workspace
        && !workspace.prebuilt.is_empty()
    {
        return Ok(Packer::Prebuilt(workspace.prebuilt.clone()));
    }
    let said = workspace
        .and_then(|workspace| workspace.packer.as_deref())
        .or(package.manager.as_deref());
    let ecosystem = Ecosystem::of(&package.id.ecosystem);
    let named = ecosystem.and_then(|ecosystem| Packer::named(ecosystem, said));
    named.ok_or_else(|| {
        let message = match said {
            Some(word) => format!("{} cannot be packed by {word:?}", package.id),
            None => format!("nothing packs {}", package.id),
        };
        Failure::new(Exit::Invalid, message)
    })
}

fn within(path: &str, folder: &str) -> bool {
    folder == "."
        || path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// What would keep packages from being packed on this machine, as far as that shows without running anything.
pub fn forecast(
    root: &Utf8Path,
    spec: &Spec,
    wishes: &Wishes,
    programs: &Programs,
) -> Result<Vec<Finding>, Failure> {
    let going = wishes
        .releases
        .iter()
        .filter(|release| !release.destinations.is_empty());
    let going: BTreeSet<PackageId> = going.map(|release| release.package.clone()).collect();
    let mut jobs = jobs(root, spec, wishes, &going)?;
    let mut findings = Vec::new();
    for packer in [Packer::Npm, Packer::Pnpm, Packer::Yarn] {
        let number = jobs.iter().filter(|job| job.packer == packer).count();
        if number > 0
            && let Err(error) = programs.find(packer.word())
        {
            let message = format!(
                "{} is needed to pack {}: {error}",
                packer.word(),
                count(number, "package", "packages")
            );
            let finding =
                Finding::new(FindingCode::PackerMissing, Severity::Warning, None, message);
            findings.push(finding.hint("install it on the machine that packs"));
        }
    }
    // What the manifest alone shows has been said.
    jobs.retain(|job| {
        let package = wishes.packages.get(&job.package);
        let said = package.map_or(Vec::new(), |package| package.packing_findings(&job.packer));
        said.iter()
            .all(|finding| finding.severity != Severity::Error)
    });
    let refusals = pack::refusals(&jobs, &siblings(&wishes.packages));
    findings.extend(refusals.iter().map(|error| {
        Finding::new(
            FindingCode::CannotBePacked,
            Severity::Error,
            None,
            error.in_full(),
        )
    }));
    Ok(findings)
}

/// What a run of the packers is told.
pub struct Run {
    /// The versions that packages name for one another.
    pub siblings: BTreeMap<PackageId, Version>,
    /// The bundle's folder, which is made if it is missing.
    pub bundle: Utf8PathBuf,
    /// What counts as the tree.
    pub tree: TreeRoots,
    /// Whether cargo builds what it packed.
    pub verify: bool,
    /// Whether packers stay off the network.
    pub offline: bool,
    /// Whether other files of the packages stay in the bundle.
    pub keeps_others: bool,
}

/// Runs the packers.
pub async fn run(jobs: Vec<Job>, run: Run, events: Arc<dyn EventSink>) -> Result<Folder, Failure> {
    let Run {
        siblings,
        bundle,
        tree,
        verify,
        offline,
        keeps_others,
    } = run;
    let work = move || {
        let mut folder = Folder::create_or_open(&bundle).map_err(|error| {
            Failure::of(Exit::Invalid, &error).while_doing("cannot use the bundle")
        })?;
        let options = Options {
            offline,
            verify,
            siblings,
            tree,
            keeps_others,
            is_alone: true,
            ..Options::default()
        };
        let told = |event| match event {
            PackEvent::Started { package } => events.emit(Event::Pack {
                package: package.to_string(),
                done: false,
            }),
            PackEvent::Finished { package, .. } => events.emit(Event::Pack {
                package: package.to_string(),
                done: true,
            }),
            PackEvent::Output { .. } => {}
        };
        pack::run(&jobs, &mut folder, &options, &told).map_err(|error| {
            Failure::of(Exit::Invalid, &error)
                .with_lines(&error)
                .while_doing("packing failed, and nothing was published")
        })?;
        Ok(folder)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|joined| Failure::of(Exit::Internal, &joined))?
}

/// The versions that packages name for one another.
pub fn siblings(packages: &BTreeMap<PackageId, Package>) -> BTreeMap<PackageId, Version> {
    packages
        .values()
        .filter_map(|package| Some((package.id.clone(), package.version.clone()?)))
        .collect()
}

/// Packages whose version only a build tells.
pub fn unversioned(
    ground: &Ground,
    wishes: &Wishes,
    selected: &Selected,
) -> Result<BTreeSet<PackageId>, Failure> {
    let known: BTreeSet<&PackageId> = wishes
        .releases
        .iter()
        .map(|release| &release.package)
        .collect();
    let picked = picked(&ground.read, &wishes.packages, selected)?;
    Ok(picked
        .into_iter()
        .filter(|package| !known.contains(package))
        .collect())
}

/// Packages of which something is to be published whose bytes are not known yet, or may be, once a registry that wants
/// a credential can be asked.
pub fn missing(plan: &Plan, wishes: &Wishes, packed: Option<&Bundle>) -> BTreeSet<PackageId> {
    let publishing: BTreeSet<_> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Publish && change.subject == Subject::Version)
        .map(|change| &change.address)
        .chain(unknown(&plan.observations))
        .collect();
    let there = |release: &relplan_model::release::Release| {
        packed.is_some_and(|bundle| {
            bundle
                .of(&release.package, &release.version)
                .next()
                .is_some()
        })
    };
    wishes
        .releases
        .iter()
        .filter(|release| !there(release))
        .filter(|release| {
            publishing.iter().any(|address| {
                address.package == release.package.name
                    && release
                        .destinations
                        .iter()
                        .any(|one| one.selected && one.target == address.target)
            })
        })
        .map(|release| release.package.clone())
        .collect()
}
