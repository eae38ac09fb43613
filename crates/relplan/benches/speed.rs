//! What relplan costs beside `curl --parallel --parallel-max 64` moving the same documents: requests, wall time, CPU and
//! peak memory, measured side by side in one run. `cargo bench -p relplan --bench speed [-- PACKAGES]`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark may stop and may print"
)]

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use relplan_testkit::{environment::Environment, standin::StandIn};

/// The median packument of a real cache, in bytes.
const DOCUMENT: usize = 26_000;

/// Rounds of each measurement; the median counts.
const ROUNDS: usize = 3;

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
        "{packages} npm packages of {DOCUMENT} bytes; medians of {ROUNDS}; × is the ratio to curl in the same run\n"
    );
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
}

fn reads(standin: &StandIn, packages: usize, latency: Duration) {
    standin.clear();
    let versions: Vec<String> = (0..20).map(|patch| format!("1.0.{patch}")).collect();
    for number in 0..packages {
        standin.add(&name(number), &versions, DOCUMENT);
    }
    let environment = project(standin, packages, "1.0.19");
    let urls = environment.root().join("urls");
    let list: String = (0..packages)
        .map(|n| format!("url = {}/{}\noutput = /dev/null\n", standin.url(), name(n)))
        .collect();
    std::fs::write(&urls, list).unwrap();
    let label = format!("+{} ms", latency.as_millis());
    let floor = median(standin, || curl(&environment, &urls));
    row(&format!("{label} curl, {packages} GETs"), floor, floor);
    let cold = median(standin, || {
        let _ = std::fs::remove_dir_all(environment.project().join(".relplan/cache"));
        environment.relplan(&["plan"])
    });
    row(
        &format!("{label} relplan plan, nothing cached"),
        cold,
        floor,
    );
    let warm = median(standin, || environment.relplan(&["plan"]));
    row(&format!("{label} relplan plan, revalidated"), warm, floor);
    println!();
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
    let floor = median(standin, || curl(&environment, &urls));
    row(&format!("{label} curl, {packages} PUTs"), floor, floor);
    let applied = median(standin, || {
        standin.clear();
        let _ = std::fs::remove_dir_all(environment.project().join(".relplan/state"));
        let _ = std::fs::remove_dir_all(environment.project().join(".relplan/cache"));
        let plan = environment
            .relplan_session(&["plan", "-o", "plan.json"])
            .unwrap();
        assert_eq!(plan.code, Some(0), "{plan}");
        environment.relplan(&["apply", "plan.json", "--yes", "--parallelism", "64"])
    });
    row(&format!("{label} relplan apply, all new"), applied, floor);
    println!();
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

fn median(standin: &StandIn, mut command: impl FnMut() -> Command) -> Cost {
    let mut costs: Vec<Cost> = (0..ROUNDS)
        .map(|_| {
            let command = command();
            let _ = (standin.take_requests(), standin.take_connections());
            let cost = measured(command);
            Cost {
                requests: standin.take_requests(),
                connections: standin.take_connections(),
                ..cost
            }
        })
        .collect();
    costs.sort_by_key(|cost| cost.wall);
    costs.get(costs.len() / 2).copied().unwrap_or_default()
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
