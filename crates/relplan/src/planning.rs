//! Making a plan: wishes, bundle, state and observations into `PlanInput`, and its result checked before anyone sees it.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use camino::Utf8PathBuf;
use relplan_model::{
    address::{Address, PackageName},
    approval::PinnedPolicy,
    bundle::Bundle,
    digest::Sha256,
    event::Event,
    finding::{Finding, FindingCode, Severity},
    observation::{Freshness, Observation, Seen},
    plan::{self, Action, Plan},
    port::{Clock as _, EventSink, UNREACHABLE},
    release::Release,
    state::{Progress, State},
    target::Target,
};
use relplan_plan::PlanInput;
use relplan_state::Loaded;
use relplan_targets::{http::Net, surroundings::Surroundings};
use relplan_workspace::bundle::Folder;

use crate::{
    approvals::pin::{self, Remembered},
    arguments::{PinnedPlace, Places, Planning},
    clock::SystemClock,
    commands::{Session, status},
    exit::Exit,
    failure::Failure,
    gather::{
        commit::Head,
        contents,
        drivers::Built,
        places::misplaced,
        whole::incomplete,
        wishes::{Packed, Wishes, wishes},
        world::observe,
    },
    journal,
    project::{Project, ReadSpec},
    store,
    view::style::{Style, size},
};

/// What is fixed while a plan is made: the spec, the state and the drivers.
pub struct Ground {
    /// The spec.
    pub read: ReadSpec,
    /// Its fold.
    pub state: State,
    /// Where it is kept, if not on this machine alone.
    pub store: Option<String>,
    /// The drivers of all targets of the spec.
    pub drivers: Arc<Built>,
    /// The targets as configured.
    pub targets: Vec<Target>,
    /// The bundle's folder.
    pub bundle: Utf8PathBuf,
    /// The commit that is checked out.
    pub commit: Head,
    /// The policy that is pinned here.
    pub policy: Option<PinnedPolicy>,
    /// Who asks for the release, where nobody is named.
    pub requester: Option<String>,
    /// Remarks made so far.
    pub findings: Vec<Finding>,
}

/// Whether witnesses are asked about the journal.
#[derive(Clone, Copy)]
enum Reading {
    /// They are.
    Witnessed,
    /// There is to be a new one.
    Anew,
}

/// A plan with its only spelling.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Sha256,
}

impl Ground {
    /// Reads spec and state, and builds the drivers.
    pub async fn new(
        session: &Session,
        places: &Places,
        pinned: &PinnedPlace,
        surroundings: &Surroundings,
        style: Style,
    ) -> Result<Self, Failure> {
        let state = places.state.as_deref();
        Self::reading(
            session,
            (state, places.bundle.as_deref()),
            pinned,
            surroundings,
            (style, Reading::Witnessed),
        )
        .await
    }

    /// The same, for a journal that is to be begun.
    pub async fn anew(
        session: &Session,
        state: Option<&str>,
        pinned: &PinnedPlace,
        style: Style,
    ) -> Result<Self, Failure> {
        let surroundings = &session.surroundings;
        Self::reading(
            session,
            (state, None),
            pinned,
            surroundings,
            (style, Reading::Anew),
        )
        .await
    }

    async fn reading(
        session: &Session,
        (state, bundle): (Option<&str>, Option<&Path>),
        pinned: &PinnedPlace,
        surroundings: &Surroundings,
        (style, reading): (Style, Reading),
    ) -> Result<Self, Failure> {
        let project = &session.project;
        let named = state;
        let commit = Head::ask(&project.root, &surroundings.vars);
        let read = project.spec(&relplan_targets::vocabulary(), style)?;
        let opened = store::open(session, state, Some(&read.spec))?;
        let asked = journal::Asked {
            project: Some(&read.spec.project.name),
            plan: None,
        };
        let loaded = match reading {
            Reading::Witnessed => journal::read(session, &opened, asked).await?,
            Reading::Anew => journal::load(&opened).await?,
        };
        let mut findings: Vec<Finding> = torn(&loaded).into_iter().collect();
        let state = loaded.state;
        findings.extend(plan_open(session, &state));
        let remembered = Remembered::of(session, &read.spec.project.name, &state)?;
        let sources = pin::Places::new(project, surroundings, pinned, style).on_journal(named);
        let policy = pinned_here(&sources, remembered.as_ref(), &mut findings)?;
        let net = Net::of(surroundings);
        let used = read
            .spec
            .targets
            .iter()
            .map(|target| (&target.name, target.kind.as_str(), &target.settings));
        let drivers = Arc::new(Built::new(used, surroundings, &net)?);
        let (targets, remarks) = drivers.describe().await?;
        findings.extend(remarks);
        let bundle = project.bundle(bundle)?;
        Ok(Self {
            read,
            state,
            store: opened.carried(),
            drivers,
            targets,
            bundle,
            commit,
            policy,
            requester: surroundings
                .var("GITHUB_ACTOR")
                .filter(|actor| !actor.is_empty())
                .map(|actor| format!("github:{actor}")),
            findings,
        })
    }

    /// The targets with the endpoints that concern the wishes: what else the user's configuration names (a scope of some
    /// other project, say) is nobody's business who reads the plan.
    fn targets_of(&self, wishes: &Wishes) -> Vec<Target> {
        let goes = |release: &Release, target: &Target| {
            let mut destinations = release.destinations.iter();
            destinations.any(|destination| destination.target == target.name)
        };
        let mut targets = self.targets.clone();
        for target in &mut targets {
            let packages: Vec<&PackageName> = wishes
                .releases
                .iter()
                .filter(|release| goes(release, target))
                .map(|release| &release.package.name)
                .collect();
            target
                .endpoints
                .retain(|endpoint| packages.iter().any(|package| endpoint.concerns(package)));
            let endpoints = &target.endpoints;
            target.credentials.retain(|opened| {
                endpoints
                    .iter()
                    .any(|endpoint| endpoint.role == opened.role)
            });
        }
        targets
    }

    /// The bundle, if there is one.
    pub fn folder(&self) -> Result<Option<Folder>, Failure> {
        if !self.bundle.join("bundle.json").exists() {
            return Ok(None);
        }
        Folder::open(&self.bundle)
            .map(Some)
            .map_err(|error| Failure::of(Exit::Invalid, &error))
    }

    /// What spec and manifests ask for.
    pub fn wishes(
        &self,
        project: &Project,
        bundle: Option<&Bundle>,
        planning: &Planning,
        style: Style,
    ) -> Result<Wishes, Failure> {
        let commit = self.commit.commit();
        let packed = bundle.map(|bundle| Packed {
            bundle,
            commit: commit.as_deref(),
        });
        let mut wishes = wishes(&project.root, &self.read, packed, &planning.selected, style)?;
        let elsewhere = misplaced(&wishes.packages, &wishes.releases, &self.targets);
        wishes.findings.extend(elsewhere);
        Ok(wishes)
    }

    /// What the registries say about these wishes.
    pub async fn observe(&self, wishes: &Wishes, events: &dyn EventSink) -> Vec<Observation> {
        let queries = relplan_plan::queries(&wishes.releases, &self.state, Freshness::Revalidated);
        observe(&self.drivers, queries, events).await
    }

    /// What the registries say about versions that only a first look has shown; it replaces that look.
    pub async fn observe_further(
        &self,
        wishes: &Wishes,
        observations: &mut Vec<Observation>,
        events: &dyn EventSink,
    ) {
        let queries = relplan_plan::queries(&wishes.releases, &self.state, Freshness::Revalidated);
        let further = relplan_plan::adoption_queries(&queries, observations);
        let again: BTreeSet<Address> = further.iter().map(|one| one.address.clone()).collect();
        observations.retain(|observation| !again.contains(&observation.address));
        observations.extend(observe(&self.drivers, further, events).await);
        observations.sort_by(|a, b| a.address.cmp(&b.address));
    }

    /// Builds the drivers anew, with credentials: what could not be read without may be read now.
    pub async fn read_credentials(&mut self, surroundings: &Surroundings) -> Result<(), Failure> {
        let net = Net::of(surroundings);
        let targets = self.read.spec.targets.iter();
        let used = targets.map(|target| (&target.name, target.kind.as_str(), &target.settings));
        self.drivers = Arc::new(Built::new(used, surroundings, &net)?);
        let (targets, remarks) = self.drivers.describe().await?;
        self.targets = targets;
        self.findings
            .retain(|finding| finding.code != UNREACHABLE || remarks.contains(finding));
        for remark in remarks {
            if !self.findings.contains(&remark) {
                self.findings.push(remark);
            }
        }
        Ok(())
    }

    /// Asks again what could not be found out.
    pub async fn observe_unknown(
        &self,
        wishes: &Wishes,
        observations: &mut Vec<Observation>,
        events: &dyn EventSink,
    ) {
        let again: BTreeSet<Address> = unknown(observations).cloned().collect();
        let mut queries =
            relplan_plan::queries(&wishes.releases, &self.state, Freshness::Revalidated);
        queries.retain(|query| again.contains(&query.address));
        observations.retain(|observation| !again.contains(&observation.address));
        observations.extend(observe(&self.drivers, queries, events).await);
        observations.sort_by(|a, b| a.address.cmp(&b.address));
    }

    /// The plan, with what is inside the artifacts that it uploads: planned once to know these, and once more with what
    /// the comparison with the published ones brought up.
    pub async fn plan_with_contents(
        &self,
        wishes: &Wishes,
        observations: Vec<Observation>,
        bundle: Option<Bundle>,
        planning: &Planning,
        events: &dyn EventSink,
    ) -> Result<Made, Failure> {
        let mut input = self.input(wishes, observations, bundle, planning);
        let first = made(&input)?;
        let folder = match first.plan.artifacts.is_empty() || planning.no_contents {
            true => None,
            false => self.folder()?,
        };
        let Some(folder) = folder else {
            return Ok(first);
        };
        let compared = contents::compare(&first.plan, &self.drivers, &folder, events).await;
        if compared.contents.is_empty() {
            return Ok(first);
        }
        input.contents = compared.contents;
        input.findings.extend(compared.findings);
        made(&input)
    }

    /// What the planner is given, but for what is inside artifacts.
    pub fn input(
        &self,
        wishes: &Wishes,
        observations: Vec<Observation>,
        bundle: Option<Bundle>,
        planning: &Planning,
    ) -> PlanInput {
        let spec = &self.read.spec;
        let mut findings = self.findings.clone();
        findings.extend(wishes.findings.iter().cloned());
        findings.extend(incomplete(spec, wishes, &observations, bundle.as_ref()));
        findings.extend(approval(&spec.gates, self.policy));
        PlanInput {
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            now: SystemClock.now(),
            lifetime_seconds: planning.lifetime.0,
            project: spec.project.name.clone(),
            repository: spec.project.repository.clone(),
            commit: self.commit.commit(),
            spec: self.read.digest,
            policy: self.policy.map(|pin| pin.digest),
            requester: planning
                .requester
                .clone()
                .or_else(|| self.requester.clone()),
            gates: spec.gates.iter().map(gate).collect(),
            state: self.state.clone(),
            store: self.store.clone(),
            targets: self.targets_of(wishes),
            releases: wishes.releases.clone(),
            bundle,
            observations,
            contents: Vec::new(),
            selection: wishes.selection.clone(),
            correct_drift: planning.correct_drift,
            findings,
        }
    }

    /// The plan, without a look into artifacts.
    pub fn plan(
        &self,
        wishes: &Wishes,
        observations: Vec<Observation>,
        bundle: Option<Bundle>,
        planning: &Planning,
    ) -> Result<Made, Failure> {
        made(&self.input(wishes, observations, bundle, planning))
    }
}

/// The plan of an input, held against its own rules before anyone sees it.
fn made(input: &PlanInput) -> Result<Made, Failure> {
    let plan = relplan_plan::plan(input);
    let violations = relplan_plan::check(&plan);
    if !violations.is_empty() {
        let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
        return Err(Failure::new(
            Exit::Internal,
            "the plan that was made breaks its own rules; please report this",
        )
        .details(listed.join("\n")));
    }
    let bytes = plan
        .to_bytes()
        .map_err(|error| Failure::of(Exit::Internal, &error))?;
    if bytes.len() > plan::MAX_SIZE {
        let (size, most) = (size(bytes.len() as u64), size(plan::MAX_SIZE as u64));
        let message = format!("the plan has {size}, and plans of more than {most} are not read");
        return Err(Failure::new(Exit::Invalid, message)
            .while_doing("nothing was written")
            .hint("plan parts of the release by themselves, with -p or --exclude"));
    }
    let digest = Plan::digest(&bytes);
    Ok(Made {
        plan,
        bytes,
        digest,
    })
}

/// What is said of a plan that is being applied while another is made: the other cannot be applied before that has ended.
fn plan_open(session: &Session, state: &State) -> Option<Finding> {
    let open = state.open.as_ref()?;
    let done = |progress: &&Progress| matches!(progress, Progress::Done(_));
    let done = open.steps.values().filter(done).count();
    let total = open
        .total
        .map_or_else(String::new, |total| format!(" of {total}"));
    let message = format!(
        "the plan {} is open since {} on {}, and {done}{total} of its steps are done; this one cannot be applied before that has ended",
        open.plan.short(),
        open.since,
        open.runner
    );
    let finding = Finding::new(FindingCode::PlanOpen, Severity::Warning, None, message);
    let next = status::next(session, state)?;
    let way = next.ways.first()?;
    let commands: Vec<String> = way
        .commands
        .iter()
        .map(|command| format!("`{command}`"))
        .collect();
    Some(finding.hint(format!("{} {}", way.words, commands.join(", then "))))
}

/// The policy that is pinned here. One that was named must be sound; one that the journal remembers and that is not here
/// keeps nobody from planning.
fn pinned_here(
    places: &pin::Places,
    remembered: Option<&Remembered>,
    findings: &mut Vec<Finding>,
) -> Result<Option<PinnedPolicy>, Failure> {
    match places.pinned(remembered, SystemClock.now()) {
        Ok(Some(found)) => Ok(Some(found.pin)),
        Ok(None) => {
            let message =
                "no policy is in force here: whoever applies this plan needs nobody's approval";
            let finding = Finding::new(FindingCode::NoPolicy, Severity::Note, None, message);
            findings.push(
                finding.hint("docs/reference/policy.md shows how to ask for approvals, and --require-policy refuses to go without"),
            );
            Ok(None)
        }
        Err(failure) if places.named.is_some() || places.required => Err(failure),
        Err(failure) => {
            let finding = Finding::new(
                FindingCode::Policy,
                Severity::Warning,
                None,
                failure.message(),
            );
            findings.push(
                finding.hint(
                    "`apply` refuses the plan (exit 4) until a policy is pinned: --policy FILE",
                ),
            );
            Ok(None)
        }
    }
}

/// What is said about approvals in the plan.
fn approval(gates: &[relplan_spec::Gate], policy: Option<PinnedPolicy>) -> Option<Finding> {
    let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
    let own = match names.as_slice() {
        [] => String::new(),
        [one] => format!("by its gate {one}"),
        many => format!("by its gates {}", many.join(", ")),
    };
    match policy {
        Some(pin) => {
            let by = format!(
                "by version {} of the policy ({})",
                pin.version,
                pin.digest.short()
            );
            let both = [by, own].into_iter().filter(|text| !text.is_empty());
            let message = format!(
                "this plan needs approval {}",
                both.collect::<Vec<_>>().join(" and ")
            );
            Some(
                Finding::new(FindingCode::Approval, Severity::Note, None, message).hint(
                    "`relplan approvals PLAN` tells of whom, `relplan approve PLAN` gives one",
                ),
            )
        }
        None if own.is_empty() => None,
        None => {
            let message = format!(
                "this plan needs approval {own}, and no policy is pinned here that says whose counts"
            );
            Some(
                Finding::new(FindingCode::Approval, Severity::Warning, None, message).hint(
                    "`apply` refuses it (exit 4) unless a policy is pinned there: --policy FILE",
                ),
            )
        }
    }
}

/// A gate of the spec as the plan carries it.
fn gate(gate: &relplan_spec::Gate) -> relplan_model::approval::Gate {
    let relplan_spec::Gate {
        name,
        before: _,
        targets,
        threshold,
        from,
        touch,
        max_age_seconds,
        span: _,
    } = gate;
    relplan_model::approval::Gate {
        name: name.clone(),
        targets: targets.clone(),
        threshold: *threshold,
        from: from.clone(),
        touch: *touch,
        max_age_seconds: *max_age_seconds,
    }
}

impl Made {
    /// The event that tells of it.
    pub fn event(&self) -> Event {
        let held = self
            .plan
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Hold | Action::Drift))
            .count();
        Event::Planned {
            plan: self.digest,
            steps: self.plan.steps.len() as u64,
            held: held as u64,
        }
    }

    /// How a look at this plan ends: conflicts and drift are told by the exit code.
    pub fn exit(&self) -> Exit {
        exit_of(&self.plan)
    }
}

/// The addresses of which a look-up failed.
pub fn unknown(observations: &[Observation]) -> impl Iterator<Item = &Address> {
    observations
        .iter()
        .filter(|observation| matches!(observation.seen, Seen::Unknown { .. }))
        .map(|observation| &observation.address)
}

/// How a look at a plan ends.
pub fn exit_of(plan: &Plan) -> Exit {
    let held = plan
        .changes
        .iter()
        .any(|change| matches!(change.action, Action::Hold | Action::Drift));
    let unknown = plan
        .findings
        .iter()
        .any(|finding| finding.code == FindingCode::Unknown);
    let error = plan
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    if !plan.blocking_findings().is_empty() {
        return Exit::Invalid;
    }
    match (held, unknown, error) {
        (_, true, _) => Exit::Unknown,
        (true, false, _) => Exit::Conflict,
        (false, false, true) => Exit::Invalid,
        (false, false, false) => Exit::Done,
    }
}

/// What is said of a journal whose last line was cut off.
pub fn torn(loaded: &Loaded) -> Option<Finding> {
    loaded.torn.then(|| {
        Finding::new(
            FindingCode::TornJournal,
            Severity::Note,
            None,
            "the journal's last line was cut off by a crash while it was written; it is left out, as it never took effect",
        )
    })
}
