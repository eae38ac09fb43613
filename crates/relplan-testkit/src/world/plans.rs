//! Plans for simulated worlds, from rows that say what is released where and what it needs.
//!
//! The plans are as a planner makes them: creates with their awaits, then flips, then cleaning up, in order of wave
//! and id, resting on observations of what was there. They do not come from the planner, so that a fault in it and a
//! fault in the walk cannot hide each other.

use std::collections::BTreeMap;

use relplan_model::{
    address::{
        Address, Ecosystem, FileName, InvalidName, PackageId, PointerName, TargetName, Version,
    },
    bundle::Artifact,
    digest::{Algorithm, Digests, Sha256},
    observation::{Facts, FileFacts, Observation, Seen, VersionFacts},
    plan::{Base, FORMAT, Plan, Selection},
    settings::Settings,
    step::{Effect, Phase, Publish, Step, StepId},
    target::{Capabilities, GateGrade, Target},
    time::Timestamp,
};

use super::{BEGINNING, registry::bytes_of};

/// One thing that is to be done about one package.
#[derive(Debug, Clone)]
pub struct Row {
    address: String,
    needs: Vec<String>,
    files: usize,
    exists: bool,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Release,
    Adopt,
    Yank,
    Deprecate,
}

impl Row {
    /// Releases `1.0.0` of a package that is not there yet. The address' target takes files of several kinds and has
    /// no pointers if its name begins with `many`; else a version is one file under the registry's own name for it.
    #[must_use]
    pub fn release(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            needs: Vec::new(),
            files: 1,
            exists: false,
            what: What::Release,
        }
    }

    /// Records `1.0.0`, which is there already.
    #[must_use]
    pub fn adopt(address: &str) -> Self {
        let what = What::Adopt;
        Self {
            what,
            exists: true,
            ..Self::release(address)
        }
    }

    /// Yanks `0.9.0`, which is there.
    #[must_use]
    pub fn yank(address: &str) -> Self {
        let what = What::Yank;
        Self {
            what,
            exists: true,
            ..Self::release(address)
        }
    }

    /// Deprecates `0.9.0`, which is there.
    #[must_use]
    pub fn deprecate(address: &str) -> Self {
        let what = What::Deprecate;
        Self {
            what,
            exists: true,
            ..Self::release(address)
        }
    }

    /// The same, after the release at another address can be resolved.
    #[must_use]
    pub fn needs(mut self, address: &str) -> Self {
        self.needs.push(address.to_owned());
        self
    }

    /// The same with this many files.
    #[must_use]
    pub fn files(mut self, files: usize) -> Self {
        self.files = files;
        self
    }

    /// The same where `0.9.0` of the package is there already, so that pointers are moved after all creates.
    #[must_use]
    pub fn exists(mut self) -> Self {
        self.exists = true;
        self
    }
}

/// The plan of these rows on an empty journal.
///
/// # Errors
/// When an address is not one.
pub fn plan_of(rows: &[Row]) -> Result<Plan, InvalidName> {
    let mut draft = Draft::default();
    for row in rows {
        draft.row(row)?;
    }
    Ok(draft.finish())
}

#[derive(Default)]
struct Draft {
    targets: BTreeMap<TargetName, Target>,
    artifacts: BTreeMap<FileName, Artifact>,
    observations: BTreeMap<Address, Facts>,
    steps: Vec<Step>,
}

impl Draft {
    fn row(&mut self, row: &Row) -> Result<(), InvalidName> {
        let address: Address = row.address.parse()?;
        let (old, new) = (Version::new("0.9.0")?, Version::new("1.0.0")?);
        let latest = PointerName::new("latest")?;
        let has_pointers = !address.target.as_str().starts_with("many");
        self.targets
            .entry(address.target.clone())
            .or_insert_with(|| target(&address.target, has_pointers));
        if row.exists {
            let facts = self.observations.entry(address.clone()).or_default();
            facts.versions.insert(old.clone(), VersionFacts::default());
            if has_pointers {
                facts.pointers.insert(latest, old.clone());
            }
        }
        match row.what {
            What::Release => self.release(row, &address, &old, &new, has_pointers)?,
            What::Adopt => self.adopt(&address, &new, has_pointers)?,
            What::Yank => {
                let reason = "simulated".to_owned();
                self.step(&address, &old, Effect::Yank { reason }, Vec::new());
            }
            What::Deprecate => {
                let effect = Effect::Deprecate {
                    range: "<1".to_owned(),
                    versions: vec![old.clone()],
                    message: "use 1.0.0".to_owned(),
                };
                self.step(&address, &old, effect, Vec::new());
            }
        }
        Ok(())
    }

    fn release(
        &mut self,
        row: &Row,
        address: &Address,
        old: &Version,
        new: &Version,
        has_pointers: bool,
    ) -> Result<(), InvalidName> {
        let (latest, holding) = (PointerName::new("latest")?, PointerName::new("holding")?);
        let mut needs = Vec::new();
        for need in &row.needs {
            needs.push(StepId::of(&need.parse()?, new, &Effect::Await));
        }
        let first_pointer = if row.exists { &holding } else { &latest };
        let mut published = Vec::new();
        for number in 0..row.files {
            let file = self.artifact(address, new, number, has_pointers)?;
            let publish = Publish {
                artifact: Some(file),
                one_of_many: row.files > 1,
                pointer: has_pointers.then(|| first_pointer.clone()),
                first: !row.exists,
                settings: Settings::default(),
                siblings: Vec::new(),
            };
            let effect = Effect::Publish(publish);
            published.push(self.step(address, new, effect, needs.clone()));
        }
        let shown = self.step(address, new, Effect::Await, published);
        if row.exists && has_pointers {
            let point = Effect::Point {
                pointer: latest,
                from: Some(old.clone()),
                to: new.clone(),
            };
            let point = self.step(address, new, point, vec![shown]);
            let unpoint = Effect::Unpoint { pointer: holding };
            self.step(address, new, unpoint, vec![point]);
        }
        Ok(())
    }

    fn adopt(
        &mut self,
        address: &Address,
        version: &Version,
        has_pointers: bool,
    ) -> Result<(), InvalidName> {
        let file = self.artifact(address, version, 0, has_pointers)?;
        let shown = if has_pointers {
            FileName::new(format!("own-{file}"))?
        } else {
            file.clone()
        };
        let facts = FileFacts {
            digests: Digests::of(&bytes_of(file.as_str())),
            size: None,
        };
        let facts = VersionFacts {
            files: BTreeMap::from([(shown, facts)]),
            ..VersionFacts::default()
        };
        let known = self.observations.entry(address.clone()).or_default();
        known.versions.insert(version.clone(), facts);
        let effect = Effect::Adopt {
            files: vec![file],
            pointer: None,
        };
        self.step(address, version, effect, Vec::new());
        Ok(())
    }

    fn artifact(
        &mut self,
        address: &Address,
        version: &Version,
        number: usize,
        is_only: bool,
    ) -> Result<FileName, InvalidName> {
        let kind = match (is_only, number) {
            (true, _) => "tarball",
            (false, 0) => "wheel",
            (false, _) => "sdist",
        };
        let package = address.package.as_str().replace(['/', '@'], "-");
        let file = FileName::new(format!(
            "{}-{package}-{version}.{number}.{kind}",
            address.target
        ))?;
        let bytes = bytes_of(file.as_str());
        let artifact = Artifact {
            package: PackageId {
                ecosystem: Ecosystem::new("simulated")?,
                name: address.package.clone(),
            },
            version: version.clone(),
            kind: kind.to_owned(),
            file: file.clone(),
            size: bytes.len() as u64,
            digests: Digests::of(&bytes),
            commit: None,
            dirty: false,
            packer: "simulated".to_owned(),
        };
        self.artifacts.insert(file.clone(), artifact);
        Ok(file)
    }

    fn step(
        &mut self,
        address: &Address,
        version: &Version,
        effect: Effect,
        needs: Vec<StepId>,
    ) -> StepId {
        let id = StepId::of(address, version, &effect);
        let phase = effect.phase();
        let mut needs = needs;
        needs.sort();
        self.steps.push(Step {
            id: id.clone(),
            address: address.clone(),
            version: version.clone(),
            effect,
            needs,
            phase,
            wave: 0,
        });
        id
    }

    fn finish(mut self) -> Plan {
        set_waves(&mut self.steps);
        self.steps
            .sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
        let observation = |(address, facts)| Observation {
            address,
            seen: Seen::Present(facts),
            evidence: Vec::new(),
        };
        let created = Timestamp::from_unix(BEGINNING);
        Plan {
            format: FORMAT.to_owned(),
            tool: "0.0.0".to_owned(),
            created,
            not_after: created.plus_seconds(24 * 60 * 60),
            project: "acme/simulated".to_owned(),
            repository: None,
            commit: None,
            spec: Sha256::of(b"simulated"),
            policy: None,
            requester: None,
            gates: Vec::new(),
            base: Base {
                lineage: None,
                serial: 0,
                head: Sha256::ZERO,
                store: None,
            },
            targets: self.targets.into_values().collect(),
            artifacts: self.artifacts.into_values().collect(),
            observations: self.observations.into_iter().map(observation).collect(),
            changes: Vec::new(),
            contents: Vec::new(),
            steps: self.steps,
            findings: Vec::new(),
            costs: Vec::new(),
            selection: Selection::default(),
            applicable: true,
        }
    }
}

/// Depths in the DAG, the barriers between phases included. Rows come after those that they need.
fn set_waves(steps: &mut [Step]) {
    let mut waves: BTreeMap<StepId, u64> = BTreeMap::new();
    let mut floor = 0;
    for phase in [Phase::Create, Phase::Flip, Phase::Clean] {
        let mut deepest = floor;
        for step in steps.iter_mut().filter(|step| step.phase == phase) {
            let after = |need: &StepId| waves.get(need).map_or(0, |wave| wave + 1);
            step.wave = step.needs.iter().map(after).fold(floor, u64::max);
            waves.insert(step.id.clone(), step.wave);
            deepest = deepest.max(step.wave + 1);
        }
        floor = deepest;
    }
}

fn target(name: &TargetName, has_pointers: bool) -> Target {
    let kinds: &[&str] = if has_pointers {
        &["tarball"]
    } else {
        &["sdist", "wheel"]
    };
    Target {
        name: name.clone(),
        kind: "simulated".to_owned(),
        settings: Settings::default(),
        endpoints: Vec::new(),
        credentials: Vec::new(),
        grade: GateGrade::Open,
        capabilities: Capabilities {
            accepts: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            digests: vec![Algorithm::Sha256, Algorithm::Sha512],
            yank: true,
            deprecate: true,
            ..Capabilities::default()
        },
    }
}
