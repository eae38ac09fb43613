//! Measures how long a spec with a rule for each of 5,000 packages takes to be read and to meet its packages.
//!
//! ```sh
//! cargo run --release -p relplan-spec --example check_5000
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement reads the clock and prints what it found"
)]

use std::{fmt::Write as _, process::ExitCode, time::Instant};

use relplan_model::{
    address::{Ecosystem, InvalidName, PackageId, PackageName},
    settings::{KindWords, Vocabulary, Word, WordType},
};
use relplan_spec::{Candidate, assign, parse, resolve_needs};

const PACKAGES: usize = 5_000;
const ROUNDS: usize = 5;

fn text() -> String {
    let mut text = String::from(
        "relplan 1\nproject \"acme/widgets\"\nworkspace \"npm\" path=\"js\"\ntarget \"npm\" kind=\"npm\"\ntarget \"mirror\" kind=\"npm\" url=\"https://npm.acme.example/\"\n",
    );
    for n in 0..PACKAGES {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "release \"@acme/package-{n}\" {{\n    needs \"js/packages/package-{}\"\n    to \"npm\" access=\"public\" dist-tag=\"latest\"\n    to \"mirror\" dist-tag=\"next\"\n}}",
            n.saturating_sub(1) / 2
        );
    }
    for n in 0..100 {
        let _ = writeln!(
            text,
            "release \"js/packages/package-*{n}\" {{ to \"npm\"; }}"
        );
    }
    text
}

fn packages() -> Result<Vec<Candidate>, InvalidName> {
    let package = |n| {
        Ok(Candidate {
            package: PackageId {
                ecosystem: Ecosystem::new("npm")?,
                name: PackageName::new(format!("@acme/package-{n}"))?,
            },
            path: format!("js/packages/package-{n}"),
            releasable: true,
        })
    };
    (0..PACKAGES).map(package).collect()
}

fn vocabulary() -> Vocabulary {
    let text = |name| Word {
        name,
        takes: WordType::Text,
        required: false,
        doc: "",
    };
    Vocabulary::from([(
        "npm",
        KindWords {
            target: vec![text("url")],
            destination: vec![text("access"), text("dist-tag")],
        },
    )])
}

fn main() -> Result<ExitCode, InvalidName> {
    let (text, packages, words) = (text(), packages()?, vocabulary());
    println!("{PACKAGES} rules, {} KiB", text.len() / 1024);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let parsed = parse("relplan.kdl", &text, &words);
        let read = start.elapsed();
        let Some(spec) = parsed.spec else {
            println!("{:?}", parsed.problems);
            return Ok(ExitCode::FAILURE);
        };
        let (assigned, problems) = assign(&spec, &packages);
        let met = start.elapsed();
        let (needs, more) = resolve_needs(&spec, &packages);
        println!(
            "read {read:?}, assigned {} in {:?}, needs of {} in {:?}, together {:?}; {} problems",
            assigned.len(),
            met - read,
            needs.len(),
            start.elapsed() - met,
            start.elapsed(),
            problems.len() + more.len()
        );
    }
    Ok(ExitCode::SUCCESS)
}
