//! Scenarios: what a seed means. A project, several releases of it, what people do by hand in between, what goes wrong.
//!
//! Each part of a scenario comes from a sequence of its own, so that taking some of one part away leaves the others as
//! they were: that is what makes a failing scenario smaller.

use relplan_testkit::world::{Chance, Fault, Faults, Limit, likeness};

/// The targets of every project: name and kind.
pub(crate) const TARGETS: [(&str, &str); 5] = [
    ("npm", likeness::NPM),
    ("mirror", likeness::NPM),
    ("crates", likeness::CARGO),
    ("pypi", likeness::PYPI),
    ("images", likeness::OCI),
];

/// How much of a scenario there is at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Packages.
    pub(crate) packages: u64,
    /// Releases, one after another.
    pub(crate) rounds: u64,
    /// Things that go wrong in each release.
    pub(crate) faults: u64,
    /// Kills in each release.
    pub(crate) kills: u64,
    /// Things that people do by hand in each release.
    pub(crate) acts: u64,
    /// Runners that share a plan; one has it all.
    pub(crate) runners: u64,
    /// Things that happen to the journal itself in each release.
    pub(crate) upheavals: u64,
}

impl Size {
    /// As large as scenarios get.
    pub(crate) const WHOLE: Self = Self {
        packages: 6,
        rounds: 3,
        faults: 25,
        kills: 4,
        acts: 2,
        runners: 5,
        upheavals: 2,
    };
}

/// What kind of trouble a scenario is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// The network, the registries, the store and the clock go wrong.
    Network,
    /// Other people publish and move pointers while the plan is applied.
    People,
    /// Two appliers walk the same plan at once, and one of them may be killed.
    Rivals,
    /// A machine is lost with the disk that the journal is on.
    DiskLost,
    /// Somebody alters artifacts between plan and apply.
    Tampering,
}

/// One package of the project.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) targets: Vec<&'static str>,
    pub(crate) files: u64,
    /// Earlier packages that it depends on.
    pub(crate) needs: Vec<usize>,
    /// By release, how often its version was raised until then.
    pub(crate) raised: Vec<u64>,
    /// The release from which on the spec wants its first version yanked, or earlier versions deprecated.
    pub(crate) retires_from: Option<usize>,
}

impl Package {
    /// The version that a release wants.
    pub(crate) fn version(&self, round: usize) -> String {
        let raised = self.raised.get(round).copied().unwrap_or_default();
        format!("1.{raised}.0")
    }

    /// Whether a release is the first that wants its version.
    pub(crate) fn is_new(&self, round: usize) -> bool {
        round == 0 || self.version(round) != self.version(round - 1)
    }
}

/// What somebody does by hand, at one of a package's targets, before a release is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Publishes the version that is about to be released, with the same bytes.
    PublishSame,
    /// Publishes it with other bytes.
    PublishOther,
    /// Moves the pointer to another version that is there.
    MovePointer,
    /// Yanks the version that was released last.
    Yank,
}

/// What happens to the journal itself, besides what goes wrong with its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upheaval {
    /// An older copy of it is put in its place.
    SetBack,
    /// It is gone.
    Lost,
    /// Somebody moves it, perhaps by halves, and somebody has not heard of it.
    Moved,
    /// Somebody copies it, and works on in the copy.
    Copied,
    /// Somebody on another machine keeps a journal of their own.
    Second,
    /// A later relplan writes to it.
    Later,
}

impl Upheaval {
    const ALL: [Self; 6] = [
        Self::SetBack,
        Self::Lost,
        Self::Moved,
        Self::Copied,
        Self::Second,
        Self::Later,
    ];
}

/// When it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before a plan is made.
    Planning,
    /// Between two applies of one plan.
    Open,
    /// While a plan is applied.
    Applying,
}

/// All that a seed means.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) mood: Mood,
    pub(crate) packages: Vec<Package>,
    /// By release: what is done by hand, and to which package.
    pub(crate) acts: Vec<Vec<(Act, usize)>>,
    pub(crate) faults: Faults,
    pub(crate) kills: u64,
    /// How many runners share a plan, each with the steps of some of the targets.
    pub(crate) runners: u64,
    /// Whether `--correct-drift` is given.
    pub(crate) corrects_drift: bool,
    /// By release: what happens to the journal, and when.
    pub(crate) upheavals: Vec<Vec<(Upheaval, Moment)>>,
    /// The release that names a policy; the others go by what is remembered.
    pub(crate) policy_in: Option<usize>,
    /// Whether plans are begun with runs of some targets alone.
    pub(crate) selects: bool,
}

impl Scenario {
    /// The scenario of a seed, no larger than this.
    pub(crate) fn new(seed: u64, size: Size) -> Self {
        let mut chance = Chance::new(seed ^ 0x5eed_0001);
        let mood = match chance.below(10) {
            0..=3 => Mood::Network,
            4 | 5 => Mood::People,
            6 | 7 => Mood::Rivals,
            8 => Mood::DiskLost,
            _ => Mood::Tampering,
        };
        let rounds = (1 + chance.below(3)).min(size.rounds);
        let corrects_drift = chance.per_mille(300);
        let packages = packages(seed, rounds, size);
        Self {
            acts: acts(seed, rounds, packages.len() as u64, size),
            faults: faults(seed, mood, size),
            kills: Chance::new(seed ^ 0x5eed_0002).below(5).min(size.kills),
            runners: runners(seed).min(size.runners),
            upheavals: upheavals(seed, rounds, size),
            policy_in: policy_in(seed),
            selects: Chance::new(seed ^ 0x5eed_0009).per_mille(150),
            seed,
            mood,
            packages,
            corrects_drift,
        }
    }

    /// How many releases there are.
    pub(crate) fn rounds(&self) -> usize {
        self.acts.len()
    }

    /// The same with nothing going wrong; what people do between releases they still do.
    pub(crate) fn undisturbed(&self) -> Self {
        Self {
            mood: Mood::Network,
            faults: Faults::none(),
            kills: 0,
            runners: 1,
            upheavals: Vec::new(),
            selects: false,
            ..self.clone()
        }
    }
}

fn runners(seed: u64) -> u64 {
    let mut chance = Chance::new(seed ^ 0x5eed_0006);
    if chance.per_mille(400) {
        2 + chance.below(4)
    } else {
        1
    }
}

/// What happens to the journals of three seeds in ten.
fn upheavals(seed: u64, rounds: u64, size: Size) -> Vec<Vec<(Upheaval, Moment)>> {
    if !Chance::new(seed ^ 0x5eed_0007).per_mille(300) {
        return Vec::new();
    }
    let round = |round: u64| {
        let mut chance = Chance::new(seed ^ 0x5eed_0300 ^ round);
        let count = (1 + chance.below(2)).min(size.upheavals);
        let mut one = |_| {
            let upheaval = chance.one_of(&Upheaval::ALL).copied()?;
            let moment = match (upheaval, chance.below(3)) {
                (Upheaval::Moved | Upheaval::Later, 0) => Moment::Applying,
                (_, 0 | 1) => Moment::Open,
                _ => Moment::Planning,
            };
            Some((upheaval, moment))
        };
        (0..count).filter_map(&mut one).collect()
    };
    (0..rounds).map(round).collect()
}

fn policy_in(seed: u64) -> Option<usize> {
    let mut chance = Chance::new(seed ^ 0x5eed_0008);
    let round = usize::try_from(chance.below(2)).ok();
    round.filter(|_| chance.per_mille(300))
}

fn packages(seed: u64, rounds: u64, size: Size) -> Vec<Package> {
    let mut chance = Chance::new(seed ^ 0x5eed_0003);
    let count = (1 + chance.below(6)).min(size.packages);
    let mut packages = Vec::new();
    for number in 0..count {
        // A sequence for each, so that the first ones stay as they are when there are fewer.
        let mut chance = Chance::new(seed ^ 0x5eed_0100 ^ number);
        let kind = likeness::ALL[usize::try_from(chance.below(4)).unwrap_or_default()];
        let mut targets = vec![target_of(kind)];
        if kind == likeness::NPM && chance.per_mille(300) {
            targets.push("mirror");
        }
        let mut needs = Vec::new();
        for earlier in 0..packages.len() {
            if chance.per_mille(300) {
                needs.push(earlier);
            }
        }
        let files = if kind == likeness::PYPI {
            1 + chance.below(3)
        } else {
            1
        };
        let mut raised = vec![0];
        for _ in 1..rounds {
            let last = raised.last().copied().unwrap_or_default();
            raised.push(last + u64::from(chance.per_mille(700)));
        }
        let retires = usize::try_from(1 + chance.below(4)).ok();
        packages.push(Package {
            name: format!("p{number}"),
            kind,
            targets,
            files,
            needs,
            raised,
            retires_from: retires.filter(|_| chance.per_mille(300)),
        });
    }
    packages
}

fn target_of(kind: &str) -> &'static str {
    let found = TARGETS.iter().find(|(_, own)| *own == kind);
    found.map_or("npm", |(name, _)| name)
}

fn acts(seed: u64, rounds: u64, packages: u64, size: Size) -> Vec<Vec<(Act, usize)>> {
    let one = |chance: &mut Chance| {
        let act = match chance.below(4) {
            0 => Act::PublishSame,
            1 => Act::PublishOther,
            2 => Act::MovePointer,
            _ => Act::Yank,
        };
        let package = chance.below(packages);
        (act, usize::try_from(package).unwrap_or_default())
    };
    let round = |round: u64| {
        let mut chance = Chance::new(seed ^ 0x5eed_0200 ^ round);
        let count = [0, 0, 0, 1, 1, 2][usize::try_from(chance.below(6)).unwrap_or_default()];
        let mut acts: Vec<(Act, usize)> = (0..count.min(size.acts))
            .map(|_| one(&mut chance))
            .collect();
        // Whoever releases the same and then moves its pointer back leaves the end to when each was noticed.
        if let [(Act::PublishSame, one), (Act::MovePointer, other)] = acts[..]
            && one == other
        {
            acts.pop();
        }
        acts
    };
    (0..rounds).map(round).collect()
}

fn faults(seed: u64, mood: Mood, size: Size) -> Faults {
    let mut chance = Chance::new(seed ^ 0x5eed_0004);
    let mut faults = Faults::of_network();
    faults.budget = chance.below(26).min(size.faults);
    faults.kinds.extend([Fault::LaterUndated, Fault::Refused]);
    faults.store_failures = chance.below(3) * 20;
    faults.store_conflicts = chance.below(3) * 10;
    faults.store_blind = chance.below(2) * 50;
    faults.clock_jumps = chance.below(2) * 3;
    if chance.per_mille(300) {
        // Minutes, as the read side of a large registry may be behind.
        faults.stale_millis = 300_000;
    }
    if chance.per_mille(300) {
        faults.limit = Some(Limit {
            burst: 1 + chance.below(4),
            seconds: 1 + chance.below(120),
            dated: chance.per_mille(500),
        });
    }
    if mood == Mood::People {
        faults
            .kinds
            .extend([Fault::RivalOther, Fault::RivalOther, Fault::PointerMoved]);
    }
    faults
}
