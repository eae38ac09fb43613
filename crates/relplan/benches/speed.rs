//! What relplan costs beside `curl --parallel --parallel-max 64` moving the same documents, and beside pnpm and changesets
//! where they are installed: requests, wall time, CPU and peak memory, measured in turn in one run.
//! `cargo bench -p relplan --bench speed [-- PACKAGES]`; `docs/reference/performance.md` tells more.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and may print"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use relplan_testkit::{environment::Environment, standin::StandIn};

/// The median packument of a real cache, in bytes.
const DOCUMENT: usize = 26_000;

/// Rounds of each measurement; the median counts. The cases of one table take turns, so that a busy machine slows all.
const ROUNDS: usize = 5;

/// How many packages are planned to see what planning costs beside asking.
const MANY: usize = 10_000;

/// The size of their documents, in bytes.
const SMALL: usize = 1_000;

/// How many packages changesets is asked about: it starts a process for each.
const FEW: usize = 20;

/// What one process cost.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_mib: u64,
    requests: u64,
    connections: usize,
}

fn main() {
    let packages = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    println!(
        "{packages} npm packages of {DOCUMENT} bytes; medians of {ROUNDS} rounds in turn; × is the ratio to curl in the same \
         rounds\n"
    );
    starts();
    println!(
        "{:<34} {:>9} {:>9} {:>8} {:>9} {:>6}",
        "case", "wall", "cpu", "peak", "requests", "conns"
    );
    for latency in [0, 50] {
        let latency = Duration::from_millis(latency);
        let standin = runtime.block_on(StandIn::start(latency)).unwrap();
        reads(&standin, packages, latency);
        writes(&standin, packages.min(200), latency);
    }
    let standin = runtime.block_on(StandIn::start(Duration::ZERO)).unwrap();
    many(&standin);
    changesets(&standin);
}

/// What one invocation costs before it does anything.
fn starts() {
    let environment = Environment::new(env!("CARGO_BIN_EXE_relplan")).unwrap();
    let mut costs: Vec<Cost> = (0..20)
        .map(|_| measured(environment.relplan(&["--version"])))
        .collect();
    costs.sort_by_key(|cost| cost.wall);
    let cost = costs.get(costs.len() / 2).copied().unwrap_or_default();
    println!(
        "start-up (relplan --version): {:.1} ms, of which {:.1} ms CPU\n",
        cost.wall.as_secs_f64() * 1e3,
        cost.cpu.as_secs_f64() * 1e3
    );
}

/// A command that is measured, by what it is called.
type Case<'a> = (String, Box<dyn Fn() -> Command + 'a>);

fn reads(standin: &StandIn, packages: usize, latency: Duration) {
    publish(standin, packages, DOCUMENT);
    let environment = project(standin, packages, "1.0.19");
    let urls = gets(&environment, standin, packages);
    let label = format!("+{} ms", latency.as_millis());
    let mut cases: Vec<Case<'_>> = vec![
        (
            format!("{label} curl, {packages} GETs"),
            Box::new(|| curl(&environment, &urls)),
        ),
        (
            format!("{label} relplan plan, nothing cached"),
            Box::new(|| {
                let _ = std::fs::remove_dir_all(environment.cache());
                environment.relplan(&["plan"])
            }),
        ),
        (
            format!("{label} relplan plan, revalidated"),
            Box::new(|| environment.relplan(&["plan"])),
        ),
    ];
    if let Some(pnpm) = peer("pnpm") {
        environment
            .write(
                "project/js/pnpm-workspace.yaml",
                "packages:\n  - packages/*\n",
            )
            .unwrap();
        cases.push((
            format!("{label} pnpm publish -r --dry-run"),
            Box::new({
                let environment = &environment;
                move || {
                    let mut command = beside(environment, standin, &pnpm);
                    command.args(["publish", "-r", "--dry-run", "--no-git-checks"]);
                    command
                }
            }),
        ));
    } else {
        println!("(pnpm is not in target/peers, so it is not measured)");
    }
    table(standin, &cases);
}

/// What planning itself costs: the documents are small, and nearly all of the time is relplan's own.
fn many(standin: &StandIn) {
    publish(standin, MANY, SMALL);
    let environment = project(standin, MANY, "1.0.19");
    let urls = gets(&environment, standin, MANY);
    let cases: Vec<Case<'_>> = vec![
        (
            format!("curl, {MANY} small GETs"),
            Box::new(|| curl(&environment, &urls)),
        ),
        (
            format!("relplan plan, {MANY}, not cached"),
            Box::new(|| {
                let _ = std::fs::remove_dir_all(environment.cache());
                environment.relplan(&["plan"])
            }),
        ),
        (
            format!("relplan plan, {MANY}, revalidated"),
            Box::new(|| environment.relplan(&["plan"])),
        ),
    ];
    let costs = table(standin, &cases);
    if let [curl, _, revalidated] = costs.as_slice() {
        println!(
            "{MANY} packages: {:.2} s CPU, {:.2} s beyond that of curl's GETs\n",
            revalidated.cpu.as_secs_f64(),
            revalidated.cpu.saturating_sub(curl.cpu).as_secs_f64()
        );
    }
}

/// What changesets takes to find that nothing is to be published, with npm and with few packages.
fn changesets(standin: &StandIn) {
    let Some(changeset) = peer("changeset") else {
        println!("(changesets is not in target/peers, so it is not measured)");
        return;
    };
    publish(standin, FEW, DOCUMENT);
    let environment = project(standin, FEW, "1.0.19");
    let urls = gets(&environment, standin, FEW);
    environment
        .write(
            "project/js/.changeset/config.json",
            "{\"access\":\"public\"}",
        )
        .unwrap();
    environment
        .write("project/js/package-lock.json", "{\"lockfileVersion\":3}")
        .unwrap();
    let cases: Vec<Case<'_>> = vec![
        (
            format!("curl, {FEW} GETs"),
            Box::new(|| curl(&environment, &urls)),
        ),
        (
            format!("relplan plan, {FEW}"),
            Box::new(|| environment.relplan(&["plan"])),
        ),
        (
            format!("changeset publish, {FEW}, via npm"),
            Box::new(|| {
                let mut command = beside(&environment, standin, &changeset);
                command.arg("publish");
                command
            }),
        ),
    ];
    table(standin, &cases);
}

/// Where a peer's program is, if it is installed for the benchmark.
fn peer(program: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()?
        .join("peers/node_modules/.bin")
        .join(program);
    path.exists().then_some(path)
}

/// A peer in the folder of the npm workspace, which reaches nothing but the stand-in: changesets would go to the public
/// registry whatever `.npmrc` says, so the registry is told by the environment too, and HTTPS leads nowhere.
fn beside(environment: &Environment, standin: &StandIn, program: &Path) -> Command {
    let nowhere = "http://127.0.0.1:1";
    let mut command = environment.command(program);
    command
        .current_dir(environment.project().join("js"))
        .env("CI", "1")
        .env("npm_config_registry", format!("{}/", standin.url()))
        .env("HTTPS_PROXY", nowhere)
        .env("https_proxy", nowhere)
        // npm sends plain HTTP through that proxy as well.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    command
}

/// Has the stand-in show packages of twenty versions.
fn publish(standin: &StandIn, packages: usize, bytes: usize) {
    standin.clear();
    let versions: Vec<String> = (0..20).map(|patch| format!("1.0.{patch}")).collect();
    for number in 0..packages {
        standin.add(&name(number), &versions, bytes);
    }
}

/// A list for curl of all packages' documents.
fn gets(environment: &Environment, standin: &StandIn, packages: usize) -> PathBuf {
    let urls = environment.root().join("urls");
    let list: String = (0..packages)
        .map(|n| format!("url = {}/{}\noutput = /dev/null\n", standin.url(), name(n)))
        .collect();
    std::fs::write(&urls, list).unwrap();
    urls
}

fn writes(standin: &StandIn, packages: usize, latency: Duration) {
    standin.clear();
    let environment = project(standin, packages, "2.0.0");
    assert!(
        environment
            .relplan(&["pack"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let label = format!("+{} ms", latency.as_millis());
    let document = environment.root().join("document.json");
    std::fs::write(
        &document,
        format!(
            "{{\"versions\":{{}},\"dist-tags\":{{}},\"x\":\"{}\"}}",
            "x".repeat(2_000)
        ),
    )
    .unwrap();
    let list: String = (0..packages)
        .map(|n| {
            format!(
                "url = {}/{}\nupload-file = {}\noutput = /dev/null\n",
                standin.url(),
                name(n),
                document.display()
            )
        })
        .collect();
    let urls = environment.root().join("puts");
    std::fs::write(&urls, list).unwrap();
    let put = || curl(&environment, &urls);
    let apply = || {
        standin.clear();
        let _ = std::fs::remove_dir_all(environment.project().join(".relplan/state"));
        let _ = std::fs::remove_dir_all(environment.cache());
        let plan = environment
            .relplan_session(&["plan", "-o", "plan.json"])
            .unwrap();
        assert_eq!(plan.code, Some(0), "{plan}");
        environment.relplan(&["apply", "plan.json", "--yes", "--parallelism", "64"])
    };
    let cases: Vec<Case<'_>> = vec![
        (format!("{label} curl, {packages} PUTs"), Box::new(put)),
        (format!("{label} relplan apply, all new"), Box::new(apply)),
    ];
    table(standin, &cases);
}

fn name(number: usize) -> String {
    format!("bench-package-{number:05}")
}

fn project(standin: &StandIn, packages: usize, version: &str) -> Environment {
    let environment = Environment::new(env!("CARGO_BIN_EXE_relplan")).unwrap();
    let spec = "relplan 1\nproject \"relplan/bench\"\nworkspace \"npm\" path=\"js\" packer=\"builtin\"\n\
                target \"npm\" kind=\"npm\"\nrelease \"js/packages/*\" { to \"npm\"; }\n";
    environment.write("project/relplan.kdl", spec).unwrap();
    environment
        .write(
            "project/js/package.json",
            "{\"private\":true,\"workspaces\":[\"packages/*\"]}",
        )
        .unwrap();
    for number in 0..packages {
        let manifest = format!(
            "{{\"name\":\"{}\",\"version\":\"{version}\"}}",
            name(number)
        );
        environment
            .write(
                format!("project/js/packages/{number:05}/package.json"),
                manifest,
            )
            .unwrap();
    }
    let npmrc = format!(
        "registry={}/\n//{}/:_authToken=bench\n",
        standin.url(),
        standin.address()
    );
    environment.write("home/.npmrc", npmrc).unwrap();
    environment
}

fn curl(environment: &Environment, list: &Path) -> Command {
    let mut command = environment.command("curl");
    command
        .args([
            "--silent",
            "--parallel",
            "--parallel-immediate",
            "--parallel-max",
            "64",
            "--config",
        ])
        .arg(list);
    command
}

/// Measures the cases in turn, prints their medians beside the first one's, and returns them.
fn table(standin: &StandIn, cases: &[Case<'_>]) -> Vec<Cost> {
    let mut rounds: Vec<Vec<Cost>> = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for ((_, command), costs) in cases.iter().zip(&mut rounds) {
            let command = command();
            let _ = (standin.take_requests(), standin.take_connections());
            let cost = measured(command);
            costs.push(Cost {
                requests: standin.take_requests(),
                connections: standin.take_connections(),
                ..cost
            });
        }
    }
    let medians: Vec<Cost> = rounds.into_iter().map(median).collect();
    let floor = medians.first().copied().unwrap_or_default();
    for ((case, _), cost) in cases.iter().zip(&medians) {
        row(case, *cost, floor);
    }
    println!();
    medians
}

/// The cost of the middle round, with the middle of the CPU times, which need not be of the same round.
fn median(mut costs: Vec<Cost>) -> Cost {
    let middle = costs.len() / 2;
    costs.sort_by_key(|cost| cost.cpu);
    let cpu = costs.get(middle).map(|cost| cost.cpu).unwrap_or_default();
    costs.sort_by_key(|cost| cost.wall);
    let cost = costs.get(middle).copied().unwrap_or_default();
    Cost { cpu, ..cost }
}

fn measured(mut command: Command) -> Cost {
    let cpu = children_cpu();
    let started = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak_mib = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| {
            line.trim()
                .trim_end_matches("kB")
                .trim()
                .parse::<u64>()
                .ok()
        });
        peak_mib = peak_mib.max(kib.unwrap_or(0) / 1024);
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = started.elapsed();
    assert!(ended.success(), "{command:?} ended with {ended}");
    Cost {
        wall,
        cpu: children_cpu().saturating_sub(cpu),
        peak_mib,
        ..Cost::default()
    }
}

fn children_cpu() -> Duration {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let of = |time: nix::sys::time::TimeVal| {
        Duration::new(
            time.tv_sec().try_into().unwrap_or(0),
            u32::try_from(time.tv_usec()).unwrap_or(0) * 1000,
        )
    };
    of(usage.user_time()) + of(usage.system_time())
}

fn row(case: &str, cost: Cost, floor: Cost) {
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64().max(1e-9);
    println!(
        "{case:<34} {:>6.2} s {:>6.2} s {:>4} MiB {:>9} {:>6}   wall × {:.2}, cpu × {:.2}",
        cost.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.peak_mib,
        cost.requests,
        cost.connections,
        ratio(cost.wall, floor.wall),
        ratio(cost.cpu, floor.cpu),
    );
}
