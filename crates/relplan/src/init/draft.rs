//! What a new spec says: workspaces, targets, and rules for what may be published.

use relplan_ecosystem::Ecosystem;
use relplan_workspace::{Package, Publishable, Sighting, WorkspaceRef};

use super::{
    kinds::{self, Kind},
    selectors,
};

/// A spec that is about to be written.
pub struct Draft {
    /// The project's name.
    pub project: String,
    /// Where its source is kept.
    pub repository: Option<String>,
    /// The workspaces.
    pub workspaces: Vec<WorkspaceRef>,
    /// The targets, in the order of their first use.
    pub targets: Vec<Place>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// A property with its value, where the kind's own configuration is not enough.
    pub property: Option<(&'static str, String)>,
}

/// A rule.
pub struct Rule {
    /// Whom it takes.
    pub selector: String,
    /// Where they go.
    pub target: String,
    /// The packages' names, in order of path.
    pub packages: Vec<String>,
    /// Whether some of them have a scope and do not say who may see them.
    pub access_unsaid: bool,
}

/// A package that a spec cannot tell from another one, since both have one name and one folder.
pub struct Lost {
    /// The package, with its ecosystem.
    pub package: String,
    /// Its folder.
    pub path: String,
    /// The one that is released; `None`: neither is.
    pub other: Option<String>,
}

/// The lesser it is, the more likely is a package built from one of the same name in another ecosystem.
fn depth(ecosystem: Ecosystem) -> u8 {
    match ecosystem {
        Ecosystem::Python => 0,
        Ecosystem::Npm => 1,
        Ecosystem::Cargo => 2,
    }
}

/// Leaves out workspaces of one package that has a twin: the same name in the same folder, in another ecosystem. Kept is
/// the one that is built from the other, such as a Python package with a crate inside.
pub fn without_twins(sightings: Vec<Sighting>) -> (Vec<Sighting>, Vec<Lost>) {
    let rank = |package: &Package| Ecosystem::of(&package.id.ecosystem).map(depth);
    let outer = |package: &Package| {
        let others = sightings.iter().flat_map(Sighting::publishable);
        let twin = others
            .filter(|other| other.id.name == package.id.name && other.path == package.path)
            .find(|other| rank(other) < rank(package));
        twin.map(|twin| twin.id.to_string())
    };
    let verdicts: Vec<Option<Lost>> = sightings
        .iter()
        .map(|sighting| match sighting.packages.as_slice() {
            [only] => outer(only).map(|other| Lost {
                package: only.id.to_string(),
                path: only.path.clone(),
                other: Some(other),
            }),
            _ => None,
        })
        .collect();
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for (sighting, verdict) in sightings.into_iter().zip(verdicts) {
        match verdict {
            Some(twin) => lost.push(twin),
            None => kept.push(sighting),
        }
    }
    (kept, lost)
}

/// Where packages go instead of their ecosystem's own registry, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    kind: Kind,
    place: String,
}

impl Draft {
    /// Drafts rules for everything that may be published in these workspaces. Comes with what had to be left out.
    pub fn of(
        project: String,
        repository: Option<String>,
        sightings: &[Sighting],
        instead: &[Instead],
    ) -> (Self, Vec<Lost>) {
        let all: Vec<&Package> = sightings.iter().flat_map(|one| &one.packages).collect();
        let mut groups: Vec<((Ecosystem, Place), Vec<&Package>)> = Vec::new();
        for package in sightings.iter().flat_map(Sighting::publishable) {
            let Some(ecosystem) = Ecosystem::of(&package.id.ecosystem) else {
                continue;
            };
            let key = (ecosystem, place(ecosystem, package, instead));
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, packages)) => packages.push(package),
                None => groups.push((key, vec![package])),
            }
        }
        let mut draft = Self {
            project,
            repository,
            workspaces: sightings.iter().map(|one| one.workspace.clone()).collect(),
            targets: Vec::new(),
            rules: Vec::new(),
        };
        let mut lost = Vec::new();
        for ((_, mut place), packages) in groups {
            place.name = draft.free_name(&place);
            let (selected, without) = selectors::of(&packages, &all);
            lost.extend(without.into_iter().map(|package| Lost {
                package: package.id.to_string(),
                path: package.path.clone(),
                other: None,
            }));
            draft.rules.extend(selected.into_iter().map(|one| {
                Rule {
                    selector: one.selector,
                    target: place.name.clone(),
                    access_unsaid: place.kind == Ecosystem::Npm.default_kind()
                        && one.packages.iter().any(|one| is_unsaid(one)),
                    packages: one
                        .packages
                        .iter()
                        .map(|one| one.id.name.to_string())
                        .collect(),
                }
            }));
            if !draft.targets.contains(&place) {
                draft.targets.push(place);
            }
        }
        (draft, lost)
    }

    /// The place's name, unless another place has it: then with its kind behind it, and with a number if need be.
    fn free_name(&self, place: &Place) -> String {
        let Place { name, kind, .. } = place;
        let is_free = |name: &str| {
            let named = self.targets.iter().filter(|other| other.name == name);
            named
                .into_iter()
                .all(|other| other.kind == place.kind && other.property == place.property)
        };
        let numbered = (2..).map(|number| format!("{name}-{kind}-{number}"));
        let mut names = [name.clone(), format!("{name}-{kind}")]
            .into_iter()
            .chain(numbered);
        names
            .find(|name| is_free(name))
            .unwrap_or_else(|| name.clone())
    }
}

/// npm takes a new package of a scope for a private one unless somebody says otherwise.
fn is_unsaid(package: &Package) -> bool {
    package.id.name.as_str().starts_with('@') && package.settings.text("access").is_none()
}

/// Where a package goes: by the command line, else by its manifest, else to its ecosystem's registry.
fn place(ecosystem: Ecosystem, package: &Package, instead: &[Instead]) -> Place {
    let kind = ecosystem.default_kind();
    let said = instead.iter().find_map(|one| one.place(ecosystem));
    said.unwrap_or_else(|| match ecosystem {
        Ecosystem::Cargo => match &package.publishable {
            Publishable::Only(registries) if !registries.iter().any(|one| one == "crates-io") => {
                let registry = registries.first().cloned().unwrap_or_default();
                Place::new(&slug(&registry), kind, Some(("registry", registry)))
            }
            Publishable::Only(_) | Publishable::Anywhere | Publishable::Nowhere => {
                Place::new("crates-io", kind, None)
            }
        },
        Ecosystem::Npm => match package.settings.text("registry") {
            Some(url) => {
                let host = url.split("://").nth(1).unwrap_or(url);
                let host = host.split(['/', ':']).next().unwrap_or_default();
                let name = format!("npm-{}", slug(host));
                Place::new(&name, kind, Some(("url", url.to_owned())))
            }
            None => Place::new(kind, kind, None),
        },
        Ecosystem::Python => Place::new(kind, kind, None),
    })
}

impl Place {
    fn new(name: &str, kind: &'static str, property: Option<(&'static str, String)>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            property,
        }
    }
}

impl Instead {
    /// A place of a kind; `None`: there is no such kind.
    pub fn new(kind: &str, place: &str) -> Option<Self> {
        let kind = kinds::named(kind)?;
        let place = place.to_owned();
        Some(Self { kind, place })
    }

    fn place(&self, ecosystem: Ecosystem) -> Option<Place> {
        let Self { kind, place } = self;
        let takes = kind.of.is_none_or(|of| of == ecosystem);
        let name = kind.name.map_or_else(|| slug(place), str::to_owned);
        let property = Some((kind.property, place.clone()));
        takes.then(|| Place::new(&name, kind.word, property))
    }
}

/// A target's name from a text: lower-case letters, digits and single hyphens, 40 at most.
fn slug(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().take(40) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "registry".to_owned()
    } else {
        name.to_owned()
    }
}
