//! Help, the reference made of it, and manual pages.

use std::fmt::Write as _;

use relplan_testkit::environment::{Environment, Session};

use crate::fixture::{binary, repository};

const REFERENCE: &str = "docs/reference/command-line.md";

const HEAD: &str = "\
# The command line

What `--help` says of each command, on 80 columns. How a command ends is listed in [exit codes](exit-codes.md).
This page is made from the program (`UPDATE_EXPECT=1 cargo test -p relplan --test e2e help::`), and a test compares it.
";

fn run(environment: &Environment, arguments: &[&str]) -> Session {
    let mut command = environment.relplan(arguments);
    command.env("COLUMNS", "80");
    let session = environment.run(command).unwrap();
    assert_eq!(session.code, Some(0), "{arguments:?}\n{session}");
    session
}

/// The commands of a help text, without the one that helps.
fn commands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // Descriptions that are wrapped are indented further.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// All commands with their help, each as its words.
fn all(environment: &Environment) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = run(environment, &arguments).stdout;
        for name in commands(&help).into_iter().rev() {
            let mut deeper = words.clone();
            deeper.push(name);
            open.push(deeper);
        }
        found.push((words, help));
    }
    found
}

#[test]
fn the_reference_says_what_help_says() {
    let environment = Environment::new(binary()).unwrap();
    let mut text = HEAD.to_owned();
    for (words, help) in all(&environment) {
        let name = std::iter::once("relplan").chain(words.iter().map(String::as_str));
        let name = name.collect::<Vec<_>>().join(" ");
        for line in help.lines() {
            assert!(
                line.chars().count() <= 80,
                "{name}: {line:?} is longer than 80 columns"
            );
        }
        if words.first().is_some_and(|word| word != "state") || words.is_empty() {
            assert!(help.contains("relplan "), "{name}");
            let is_taught = help.contains("Examples:") || help.contains("Typical use:");
            assert!(is_taught, "`{name} --help` ends without an example");
        }
        let level = if words.len() > 1 { "###" } else { "##" };
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        write!(
            text,
            "\n{level} {name}\n\n```text\n{}\n```\n",
            help.join("\n").trim_end()
        )
        .unwrap();
    }
    let path = repository().join(REFERENCE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, text,
        "{REFERENCE} is not what the program says; see its head"
    );
}

#[test]
fn help_can_be_asked_for_in_all_usual_ways() {
    let environment = Environment::new(binary()).unwrap();
    let main = run(&environment, &["--help"]).stdout;
    assert_eq!(run(&environment, &["help"]).stdout, main);
    let plan = run(&environment, &["plan", "--help"]).stdout;
    assert_eq!(run(&environment, &["help", "plan"]).stdout, plan);
    let log = run(&environment, &["state", "log", "--help"]).stdout;
    assert_eq!(run(&environment, &["help", "state", "log"]).stdout, log);
    let unknown = environment.relplan_session(&["help", "plam"]).unwrap();
    assert_eq!(unknown.code, Some(64), "{unknown}");
    let nothing = environment.relplan_session(&[]).unwrap();
    assert_eq!(nothing.code, Some(64), "{nothing}");
    assert!(nothing.stderr.contains("Usage:"), "{nothing}");
}

#[test]
fn there_is_a_manual_page_for_each_command_without_a_fault() {
    let environment = Environment::new(binary()).unwrap();
    run(&environment, &["man", "pages"]);
    let folder = environment.project().join("pages");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected: Vec<String> = all(&environment)
        .into_iter()
        .map(|(words, _)| {
            let words = std::iter::once("relplan".to_owned()).chain(words);
            format!("{}.1", words.collect::<Vec<_>>().join("-"))
        })
        .collect();
    expected.sort();
    assert_eq!(names, expected);
    let main = run(&environment, &["man"]).stdout;
    assert_eq!(
        main,
        std::fs::read_to_string(folder.join("relplan.1")).unwrap()
    );
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"),
            "{name}"
        );
        check_page(&environment, &folder.join(&name));
    }
}

/// Has a formatter read the page, where the machine has one, and demands that it finds nothing to say.
fn check_page(environment: &Environment, page: &std::path::Path) {
    let attempts: [(&str, &[&str]); 2] = [
        ("mandoc", &["-T", "lint", "-W", "warning"]),
        ("groff", &["-man", "-Tutf8", "-ww", "-z"]),
    ];
    for (program, arguments) in attempts {
        let mut command = environment.command(program);
        command.args(arguments).arg(page);
        let Ok(session) = environment.run(command) else {
            continue;
        };
        assert_eq!(
            session.code,
            Some(0),
            "{program} {}\n{session}",
            page.display()
        );
        assert_eq!(session.stderr, "", "{program} {}", page.display());
        return;
    }
}
