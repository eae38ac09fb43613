//! Worlds made of dice, written in the words of [`world`](crate::world) so that a failure can be read and kept.

use std::fmt::Write as _;

/// A source of choices; when it runs dry, the first choice is taken every time.
pub(crate) struct Dice<'a>(std::slice::Iter<'a, u8>);

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `sides`.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % sides
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// True once in `n` times, and not when the dice have run dry.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// Puts a list in another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

const VERSIONS: [&str; 2] = ["1.1.0", "1.0.0"];
const BYTES: [&str; 3] = ["aa", "aa", "bb"];
const SHOWN: [&str; 6] = ["aa", "aa", "aa", "bb", "weak:aa", "-"];
const KINDS: [&str; 6] = ["normal", "build", "needs", "dev", "peer", "optional"];

/// A world in text.
pub(crate) fn text(dice: &mut Dice<'_>) -> String {
    let mut text = String::new();
    let count = 1 + dice.below(7);
    let packages: Vec<(&str, String)> = (0..count)
        .map(|number| (dice.of(&["cargo", "npm", "python"]), format!("p{number}")))
        .collect();
    for (ecosystem, name) in &packages {
        let targets: &[&str] = match *ecosystem {
            "cargo" => &["crates"],
            "npm" => &["npm", "mirror"],
            _ => &["pypi"],
        };
        let version = dice.of(&VERSIONS);
        let _ = writeln!(text, "nowhere {ecosystem}/{name} {version}");
        for target in targets {
            if !dice.one_in(5) {
                let pointer = if *ecosystem == "npm" {
                    dice.of(&["", "", "#next", "#latest"])
                } else {
                    ""
                };
                let _ = writeln!(text, "want {target}:{name}{pointer} {version}");
            }
            place(&mut text, dice, target, name);
        }
        if !dice.one_in(6) {
            pack(&mut text, dice, ecosystem, name, version);
        }
        for _ in 0..dice.below(3) {
            let (other, on) = &packages[dice.below(count)];
            let _ = writeln!(
                text,
                "dep {ecosystem}/{name} {} {other}/{on}",
                dice.of(&KINDS)
            );
        }
    }
    if dice.one_in(12) {
        text.push_str("no-bundle\n");
    }
    if dice.one_in(3) {
        text.push_str("correct-drift\n");
    }
    text
}

fn pack(text: &mut String, dice: &mut Dice<'_>, ecosystem: &str, name: &str, version: &str) {
    let dirty = dice.of(&["", "", " dirty"]);
    let _ = writeln!(
        text,
        "packed {ecosystem}/{name} {version} {}{dirty}",
        dice.of(&BYTES)
    );
    if ecosystem == "python" && !dice.one_in(3) {
        let _ = writeln!(
            text,
            "packed {ecosystem}/{name} {version} {} kind=sdist",
            dice.of(&BYTES)
        );
    }
}

/// What is wished, seen and recorded at one address.
fn place(text: &mut String, dice: &mut Dice<'_>, target: &str, name: &str) {
    let at = format!("{target}:{name}");
    if dice.one_in(6) {
        let _ = writeln!(
            text,
            "yank {at} {} broken",
            dice.of(&["0.9.0", "1.0.0", "1.1.0"])
        );
    }
    for (range, message) in [("<1", "old"), ("<2", "older")] {
        if dice.one_in(6) {
            let _ = writeln!(text, "deprecate {at} {range} {message}");
        }
    }
    for version in VERSIONS {
        if dice.one_in(4) {
            let more = dice.of(&["", "", " adopted", " unshown", " yanked"]);
            let _ = writeln!(text, "recorded {at} {version} {}{more}", dice.of(&SHOWN));
        }
    }
    if dice.one_in(4) {
        let pointer = dice.of(&["latest", "next", "relplan"]);
        let _ = writeln!(text, "recorded {at} @{pointer}={}", dice.of(&VERSIONS));
    }
    match dice.below(10) {
        0..=3 => {
            let _ = writeln!(text, "seen {at} absent");
        }
        4 => {
            let _ = writeln!(text, "seen {at} unknown");
        }
        5 => {}
        _ => present(text, dice, target, &at),
    }
}

fn present(text: &mut String, dice: &mut Dice<'_>, target: &str, at: &str) {
    let _ = writeln!(text, "seen {at} empty");
    let mut there = vec!["0.9.0"];
    let _ = writeln!(text, "seen {at} 0.9.0 old");
    for version in VERSIONS {
        if dice.one_in(2) {
            there.push(version);
            let yanked = dice.of(&["", "", "", " yanked"]);
            let _ = writeln!(text, "seen {at} {version} {}{yanked}", dice.of(&SHOWN));
            if target == "pypi" && dice.one_in(2) {
                let _ = writeln!(text, "seen {at} {version} {} kind=sdist", dice.of(&SHOWN));
            }
        }
    }
    if matches!(target, "npm" | "mirror") {
        for pointer in ["latest", "next", "relplan"] {
            if dice.one_in(2) {
                let _ = writeln!(text, "seen {at} @{pointer}={}", dice.of(&there));
            }
        }
        if !dice.one_in(4) {
            let star = dice.of(&["", "", "*"]);
            let _ = writeln!(text, "seen {at} order 0.9.0 1.0.0{star} 1.1.0{star}");
        }
    }
    let _ = writeln!(text, "seen {at} range <1 0.9.0");
    if !dice.one_in(4) {
        let _ = writeln!(text, "seen {at} range <2 {}", there.join(" "));
    }
}
