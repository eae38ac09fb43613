//! What is inside an artifact that will be uploaded, for a terminal: what to look at first, and the paths that differ.

use std::fmt::Write as _;

use relplan_model::{
    contents::{Basis, Contents, Entry, EntryChange, Notable},
    finding::Severity,
};

use super::style::{Role, Style, count, harmless, size};

/// How many paths are shown unless all are asked for.
const PATHS: usize = 8;

/// How many scripts and dependencies are shown unless all are asked for.
const NOTABLE: usize = 6;

/// The longest path or text that is shown whole, in characters.
const LONGEST: usize = 100;

const HANG: &str = "        ";

/// What stands below a package's row: nothing where nothing of it was compared.
pub fn below(contents: &[&Contents], style: Style, verbose: bool) -> String {
    let named = contents.len() > 1;
    contents
        .iter()
        .map(|one| render(one, style, named, verbose))
        .collect()
}

/// Renders one artifact's contents; `named` puts its file name in front.
pub fn render(contents: &Contents, style: Style, named: bool, verbose: bool) -> String {
    let mut out = String::new();
    // That everything in a new package is new says its row.
    if contents.basis == Basis::Nothing && contents.notable.is_empty() && !verbose {
        return out;
    }
    let file = if named {
        format!("{}: ", contents.file)
    } else {
        String::new()
    };
    let summary = style.wrap(HANG, HANG, &format!("{file}{}", summary(contents, verbose)));
    let _ = writeln!(out, "{}", style.paint(Role::Faint, &summary));
    notable(&mut out, contents, style, verbose);
    paths(&mut out, contents, style, verbose);
    out
}

/// One line: with what it was compared, and how much differs.
fn summary(contents: &Contents, verbose: bool) -> String {
    let mut sizes: (u64, u64) = (0, 0);
    let mut numbers: [u64; 4] = [0; 4];
    for entry in &contents.entries {
        let (kind, before, after) = match entry.change {
            EntryChange::Added { size } => (0, 0, size),
            EntryChange::Removed { size } => (1, size, 0),
            EntryChange::Changed { before, after } => (2, before, after),
            EntryChange::Mode { .. } => (3, 0, 0),
        };
        if let Some(number) = numbers.get_mut(kind) {
            *number += 1;
        }
        sizes = (sizes.0 + before, sizes.1 + after);
    }
    let all = contents.entries.len() as u64 + contents.omitted;
    let files = |number: u64| {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        count(number, "file", "files")
    };
    match &contents.basis {
        Basis::Unknown { reason } if verbose => {
            format!("could not be compared: {}", harmless(reason))
        }
        // The finding about it says why.
        Basis::Unknown { .. } => "could not be compared with what is published".to_owned(),
        Basis::Nothing => format!("nothing of its kind is published: {}, all new", files(all)),
        Basis::Published { version, .. } if all == 0 => {
            format!("the same {} as in {version}", files(contents.unchanged))
        }
        Basis::Published { version, .. } => {
            let words = ["added", "removed", "changed", "with another mode"];
            let parts: Vec<String> = numbers
                .iter()
                .zip(words)
                .filter(|(number, _)| **number > 0)
                .map(|(number, word)| format!("{number} {word}"))
                .chain((contents.omitted > 0).then(|| format!("{} more differ", contents.omitted)))
                .chain([format!("{} the same", contents.unchanged)])
                .collect();
            let (sign, bytes) = match sizes.1.checked_sub(sizes.0) {
                Some(grown) => ('+', grown),
                None => ('-', sizes.0 - sizes.1),
            };
            let grown = match contents.omitted {
                0 => format!(" ({sign}{})", size(bytes)),
                _ => String::new(),
            };
            format!("since {version}: {}{grown}", parts.join(", "))
        }
    }
}

/// Scripts and dependencies. Each that is new or runs other code has a finding of its own, so that their number will do
/// unless everything is asked for.
fn notable(out: &mut String, contents: &Contents, style: Style, verbose: bool) {
    let is_compared = matches!(contents.basis, Basis::Published { .. });
    let lines: Vec<(bool, String)> = contents
        .notable
        .iter()
        .map(|one| notable_line(one, is_compared))
        .collect();
    let (loud, quiet): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(loud, _)| *loud);
    let mut write = |sign: char, role: Role, line: &str| {
        let text = style.wrap(&format!("{HANG}{sign} "), &format!("{HANG}  "), line);
        let _ = writeln!(out, "{}", style.paint(role, &text));
    };
    let warning = Role::Severity(Severity::Warning);
    if verbose {
        for (_, line) in &loud {
            write('!', warning, line);
        }
    } else if !loud.is_empty() {
        write('!', warning, &numbers(&contents.notable, is_compared));
    }
    let limit = if verbose { usize::MAX } else { NOTABLE };
    let more = quiet.len().saturating_sub(limit) as u64 + contents.notable_omitted;
    for (_, line) in quiet.iter().take(limit) {
        write('·', Role::Faint, line);
    }
    if more > 0 {
        let line = format!("and {more} more scripts and dependencies");
        write('·', Role::Faint, &line);
    }
}

/// How many scripts and dependencies are new or run other code.
fn numbers(notable: &[Notable], is_compared: bool) -> String {
    let (mut new, mut changed, mut dependencies) = (0, 0, 0);
    for one in notable {
        match one {
            Notable::Script { after: None, .. } | Notable::Dependency { after: None, .. } => {}
            Notable::Script { before: None, .. } => new += 1,
            Notable::Script {
                before: Some(_), ..
            } => changed += 1,
            Notable::Dependency { before: None, .. } => dependencies += 1,
            Notable::Dependency {
                before: Some(_), ..
            } => {}
        }
    }
    let script = match is_compared {
        true => ("new script", "new scripts"),
        false => ("script", "scripts"),
    };
    let parts: Vec<String> = [
        (new, script),
        (changed, ("changed script", "changed scripts")),
        (dependencies, ("new dependency", "new dependencies")),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, (one, many))| count(number, one, many))
    .collect();
    parts.join(", ")
}

/// A line about a script or dependency, and whether it is new or runs other code.
fn notable_line(notable: &Notable, is_compared: bool) -> (bool, String) {
    match notable {
        Notable::Script {
            name,
            before,
            after,
        } => {
            let name = shown(name);
            match (before, after) {
                (None, Some(after)) if is_compared => {
                    (true, format!("new script {name}: {}", shown(after)))
                }
                (None, Some(after)) => (true, format!("script {name}: {}", shown(after))),
                (Some(before), Some(after)) => (
                    true,
                    format!(
                        "changed script {name}: {} (was: {})",
                        shown(after),
                        shown(before)
                    ),
                ),
                (_, None) => (false, format!("the script {name} is gone")),
            }
        }
        Notable::Dependency {
            name,
            section,
            before,
            after,
        } => {
            let (name, section) = (shown(name), shown(section));
            match (before, after) {
                (None, Some(after)) => (
                    true,
                    format!("new dependency {name} {} ({section})", shown(after)),
                ),
                (Some(before), Some(after)) => (
                    false,
                    format!(
                        "dependency {name} {} → {} ({section})",
                        shown(before),
                        shown(after)
                    ),
                ),
                (_, None) => (false, format!("the dependency {name} is gone ({section})")),
            }
        }
    }
}

fn paths(out: &mut String, contents: &Contents, style: Style, verbose: bool) {
    if verbose {
        for entry in &contents.entries {
            let line = format!("{} {}  {}", sign(entry), shown(&entry.path), sizes(entry));
            let _ = writeln!(out, "{HANG}{}", line.trim_end());
        }
        if contents.omitted > 0 {
            let _ = writeln!(out, "{HANG}and {} more", contents.omitted);
        }
        return;
    }
    if contents.entries.is_empty() || contents.basis == Basis::Nothing {
        return;
    }
    let mut words: Vec<String> = contents
        .entries
        .iter()
        .take(PATHS)
        .map(|entry| format!("{}\u{a0}{}", sign(entry), shown(&entry.path)))
        .collect();
    let more = contents.entries.len().saturating_sub(PATHS) as u64 + contents.omitted;
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    let text = style.wrap(HANG, HANG, &words.join("  "));
    let _ = writeln!(out, "{}", text.replace('\u{a0}', " "));
}

/// The sign of an entry: added, removed, changed, another mode.
pub fn sign(entry: &Entry) -> char {
    match entry.change {
        EntryChange::Added { .. } => '+',
        EntryChange::Removed { .. } => '-',
        EntryChange::Changed { .. } => '~',
        EntryChange::Mode { .. } => '*',
    }
}

/// The sizes of an entry, in words.
pub fn sizes(entry: &Entry) -> String {
    match entry.change {
        EntryChange::Added { size: bytes } | EntryChange::Removed { size: bytes } => size(bytes),
        EntryChange::Changed { before, after } => format!("{} → {}", size(before), size(after)),
        EntryChange::Mode { executable: true } => "became executable".to_owned(),
        EntryChange::Mode { executable: false } => "is no longer executable".to_owned(),
    }
}

/// A text from outside: harmless, and cut in the middle where it is long.
fn shown(text: &str) -> String {
    let text = harmless(text);
    let length = text.chars().count();
    if length <= LONGEST {
        return text;
    }
    let half = LONGEST / 2;
    let start: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(length - half).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use relplan_model::digest::Digests;

    use super::*;

    const PLAIN: Style = Style {
        color: false,
        width: 80,
    };

    fn contents(entries: Vec<Entry>, notable: Vec<Notable>) -> Contents {
        Contents {
            address: "npm:@acme/widget".parse().unwrap(),
            file: "acme-widget-1.1.0.tgz".parse().unwrap(),
            basis: Basis::Published {
                version: "1.0.0".parse().unwrap(),
                file: "acme-widget-1.0.0.tgz".parse().unwrap(),
                digests: Digests::of(b"x"),
            },
            entries,
            omitted: 0,
            unchanged: 3,
            notable,
            notable_omitted: 0,
        }
    }

    fn changed(path: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            change: EntryChange::Changed {
                before: 1_000,
                after: 400,
            },
        }
    }

    fn script(before: Option<&str>, after: Option<&str>) -> Notable {
        Notable::Script {
            name: "postinstall".to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    fn dependency(before: Option<&str>, after: Option<&str>) -> Notable {
        Notable::Dependency {
            name: "left-pad".to_owned(),
            section: "dependencies".to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn what_changed_fits_a_few_lines_and_all_of_it_is_there_on_demand() {
        let paths: Vec<Entry> = (0..10).map(|n| changed(&format!("src/{n}.js"))).collect();
        let notable = vec![
            script(None, Some("node x.js")),
            dependency(Some("^1"), Some("^2")),
        ];
        let all = contents(paths, notable);
        assert_eq!(
            render(&all, PLAIN, false, false),
            "        since 1.0.0: 10 changed, 3 the same (-6.0 kB)\n        ! 1 new script\n        \
             · dependency left-pad ^1 → ^2 (dependencies)\n        \
             ~ src/0.js  ~ src/1.js  ~ src/2.js  ~ src/3.js  ~ src/4.js  ~ src/5.js\n        \
             ~ src/6.js  ~ src/7.js  and 2 more\n"
        );
        let verbose = render(&all, PLAIN, true, true);
        assert!(verbose.starts_with("        acme-widget-1.1.0.tgz: since 1.0.0"));
        assert!(verbose.contains("        ! new script postinstall: node x.js\n"));
        assert!(verbose.contains("        ~ src/9.js  1.0 kB → 400 B\n"));
    }

    #[test]
    fn a_new_package_says_nothing_but_its_scripts() {
        let mut new = contents(vec![changed("a")], Vec::new());
        new.basis = Basis::Nothing;
        assert_eq!(render(&new, PLAIN, false, false), "");
        new.notable = vec![script(None, Some("x"))];
        let text = render(&new, PLAIN, false, false);
        assert!(text.ends_with("        ! 1 script\n"), "{text}");
    }

    #[test]
    fn text_from_archives_cannot_steer_a_terminal_or_forge_a_row() {
        let hostile = "a\u{1b}[2J\n  + npm:other  1.0.0\u{202e}";
        let mut all = contents(vec![changed(hostile)], Vec::new());
        all.notable = vec![
            script(Some(hostile), Some("x")),
            dependency(Some("^1"), Some(hostile)),
            dependency(Some(hostile), None),
        ];
        for verbose in [false, true] {
            let text = render(&all, PLAIN, false, verbose);
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
            let forged = text.lines().any(|line| line.starts_with("  +"));
            assert!(!forged, "{text}");
        }
        let long = contents(vec![changed(&"x/".repeat(400))], Vec::new());
        let text = render(&long, PLAIN, false, false);
        assert!(text.len() < 400, "a long path is cut: {text}");
    }
}
