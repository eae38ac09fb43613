//! Words that stand for something are matched where they are read, and nowhere else.

use super::product_files;

/// The words that stand for ecosystems, kinds of targets and of artifacts, and packers.
const WORDS: [&str; 13] = [
    "builtin",
    "cargo",
    "crate",
    "directory",
    "npm",
    "npm-tarball",
    "pep517",
    "pnpm",
    "pypi",
    "python",
    "sdist",
    "wheel",
    "yarn",
];

/// Where such words are turned into values; everywhere else these are matched, all of them.
const TABLES: &[(&str, &str)] = &[
    (
        "crates/relplan-ecosystem/src/format.rs",
        "the kinds of artifact",
    ),
    (
        "crates/relplan-targets/src/kind/pypi/endpoint.rs",
        "the names of twine's own repositories",
    ),
    (
        "crates/relplan-targets/src/kind/pypi/fetch.rs",
        "an sdist or a wheel, the only two of one driver",
    ),
    (
        "crates/relplan-targets/src/wrong_answers.rs",
        "the drivers' settings in tests",
    ),
    (
        "crates/relplan-workspace/src/npm/members.rs",
        "what `packageManager` names",
    ),
    (
        "crates/relplan-workspace/src/pack/workshop.rs",
        "what a program may read of the environment",
    ),
];

/// House review §2: a word that fell through to `_ =>` was packed by npm, and one that was left out of one of twenty lists
/// was silently another. A new ecosystem, kind or packer is a line in a table, and what does not know it does not compile.
#[test]
fn words_are_matched_in_tables_and_what_they_stand_for_to_the_end() {
    let mut used = std::collections::BTreeSet::new();
    let (mut words, mut arms) = (Vec::new(), Vec::new());
    for (name, code) in product_files() {
        let lines: Vec<&str> = code.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let is_matched = WORDS.iter().any(|word| {
                let quoted = format!("\"{word}\"");
                let pattern = line.split("=>").next().filter(|_| line.contains("=>"));
                pattern.is_some_and(|pattern| pattern.contains(&quoted))
                    || ["== ", "!= ", "matches!("].iter().any(|before| {
                        line.split(before).skip(1).any(|rest| {
                            rest.starts_with(&quoted)
                                || (*before == "matches!(" && rest.contains(&quoted))
                        })
                    })
            });
            match TABLES.iter().find(|(table, _)| name == *table) {
                Some((table, _)) if is_matched => drop(used.insert(*table)),
                None if is_matched => words.push(format!("{name}:{}", number + 1)),
                Some(_) | None => {}
            }
            if line.trim_start().starts_with("_ =>") && stands_for_a_word(&lines, number) {
                arms.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(
        words.is_empty(),
        "match what the word stands for instead: {words:#?}"
    );
    assert!(arms.is_empty(), "say what each of the others is: {arms:#?}");
    for (table, what) in TABLES {
        assert!(
            used.contains(table),
            "{table} has no words any more: {what}"
        );
    }
}

/// Whether an arm at a line is one of a `match` that tells ecosystems, formats or packers apart.
fn stands_for_a_word(lines: &[&str], arm: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = indent(lines[arm]);
    let arms = lines[..arm]
        .iter()
        .rev()
        .take_while(|line| line.trim().is_empty() || indent(line) >= own);
    let starts = ["Ecosystem::", "Format::", "Packer::"];
    arms.filter(|line| indent(line) == own).any(|line| {
        starts.iter().any(|start| {
            line.trim_start()
                .trim_start_matches("| ")
                .starts_with(start)
        })
    })
}
