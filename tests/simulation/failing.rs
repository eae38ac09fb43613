//! Running seeds, and what is told of one that fails: the smallest scenario of its seed that still fails, what happened
//! in it, and the command that repeats it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use relplan_testkit::world::{Flaw, World};

use super::{
    laws::{self, Broken},
    operator,
    scenario::{Mood, Scenario, Size},
};

/// A seed that failed, in its smallest form.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) size: Size,
    pub(crate) broken: Broken,
}

/// Runs a seed's scenario.
///
/// # Errors
/// The law that was broken.
pub(crate) fn run(seed: u64, size: Size, flaw: Option<Flaw>) -> Result<(), Broken> {
    told(seed, size, flaw, false).1
}

/// The same with a world that tells its tale, if that is wanted.
fn told(
    seed: u64,
    size: Size,
    flaw: Option<Flaw>,
    tells: bool,
) -> (Option<World>, Result<(), Broken>) {
    let mut kept = None;
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let scenario = Scenario::new(seed, size);
        let mut begin = |scenario: &Scenario, flaw| {
            let world = operator::world_of(scenario, flaw)?;
            if tells {
                world.tell();
            }
            kept = Some(world.clone());
            Ok::<_, Broken>(world)
        };
        if scenario.mood == Mood::People {
            // What others did on the way decides the end; the laws hold all the same.
            return operator::live(&scenario, &begin(&scenario, flaw)?).map(drop);
        }
        let undisturbed = scenario.undisturbed();
        let expected = operator::live(&undisturbed, &begin(&undisturbed, None)?)?;
        let found = operator::live(&scenario, &begin(&scenario, flaw)?)?;
        laws::same_end(&expected.contents, &found.contents, found.forgot)
    }));
    let ended = lived.unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Broken::new("panic", words.unwrap_or_default()))
    });
    (kept, ended)
}

/// What happens in a seed's scenario, one line each.
pub(crate) fn tale(seed: u64, size: Size, flaw: Option<Flaw>) -> Vec<String> {
    let (world, _) = told(seed, size, flaw, true);
    world.map(|world| world.tale()).unwrap_or_default()
}

/// Makes a failing scenario smaller, one part after another, as long as it still fails.
pub(crate) fn shrunk(seed: u64, size: Size, flaw: Option<Flaw>, broken: Broken) -> Failure {
    type Part = fn(&mut Size) -> &mut u64;
    let parts: [Part; 7] = [
        |size| &mut size.rounds,
        |size| &mut size.packages,
        |size| &mut size.acts,
        |size| &mut size.kills,
        |size| &mut size.faults,
        |size| &mut size.runners,
        |size| &mut size.upheavals,
    ];
    let mut failure = Failure { seed, size, broken };
    for part in parts {
        let now = *part(&mut failure.size);
        for less in 0..now {
            let mut smaller = failure.size;
            *part(&mut smaller) = less;
            if smaller.rounds == 0 || smaller.packages == 0 || smaller.runners == 0 {
                continue;
            }
            if let Err(broken) = run(seed, smaller, flaw) {
                failure = Failure {
                    seed,
                    size: smaller,
                    broken,
                };
                break;
            }
        }
    }
    failure
}

impl Failure {
    /// The command that repeats it.
    pub(crate) fn command(&self) -> String {
        let Size {
            packages,
            rounds,
            faults,
            kills,
            acts,
            runners,
            upheavals,
        } = self.size;
        format!(
            "SEED={} ROUNDS={rounds} PACKAGES={packages} ACTS={acts} KILLS={kills} FAULTS={faults} RUNNERS={runners} \
             UPHEAVALS={upheavals} cargo test -p relplan --test simulation seeds -- --nocapture",
            self.seed
        )
    }

    /// What happened, for people.
    pub(crate) fn narrative(&self, flaw: Option<Flaw>) -> String {
        let tale = tale(self.seed, self.size, flaw);
        format!(
            "seed {} breaks {}: {}\n{:#?}\n{}\n\nrepeat it with\n  {}\n",
            self.seed,
            self.broken.law,
            self.broken.detail,
            Scenario::new(self.seed, self.size),
            tale.join("\n"),
            self.command()
        )
    }
}

/// What the environment asks for: how large scenarios are, and which seeds.
pub(crate) struct Wish {
    pub(crate) size: Size,
    pub(crate) seeds: Vec<u64>,
    pub(crate) is_single: bool,
}

impl Wish {
    /// Reads `SEED`, or `SEEDS` and `FROM`, and the parts of the size.
    pub(crate) fn read(usual: u64) -> Self {
        let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
        let whole = Size::WHOLE;
        let size = Size {
            packages: number("PACKAGES").unwrap_or(whole.packages).max(1),
            rounds: number("ROUNDS").unwrap_or(whole.rounds).max(1),
            faults: number("FAULTS").unwrap_or(whole.faults),
            kills: number("KILLS").unwrap_or(whole.kills),
            acts: number("ACTS").unwrap_or(whole.acts),
            runners: number("RUNNERS").unwrap_or(whole.runners).max(1),
            upheavals: number("UPHEAVALS").unwrap_or(whole.upheavals),
        };
        let single = number("SEED");
        let from = number("FROM").unwrap_or_default();
        let count = number("SEEDS").unwrap_or(usual);
        Self {
            size,
            seeds: single.map_or_else(|| (from..from + count).collect(), |seed| vec![seed]),
            is_single: single.is_some(),
        }
    }
}

/// The seeds that ever failed, of the file beside these tests.
pub(crate) fn failed_before() -> Vec<u64> {
    let line = |line: &str| line.split_whitespace().next()?.parse().ok();
    include_str!("seeds.txt").lines().filter_map(line).collect()
}
