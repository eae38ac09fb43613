//! Specs that mean harm: each must end with an answer, on a test thread's small stack.

use relplan_kdl::{RenderStyle, located, render};
use relplan_model::{
    address::{Ecosystem, PackageId, PackageName},
    finding::Severity,
};
use relplan_spec::{Candidate, Parsed, assign, parse, resolve_needs};

mod vocabulary;

const STYLE: RenderStyle = RenderStyle {
    color: false,
    width: 80,
    unicode: true,
};

/// Reads and shows a spec; the report has to stay readable whatever the spec is.
fn read(text: &str) -> Parsed {
    let parsed = parse("relplan.kdl", text, &vocabulary::vocabulary());
    assert!(parsed.problems.len() <= 101);
    let shown = render(&parsed.problems, "relplan.kdl", text, STYLE);
    assert!(shown.len() <= 200_000, "{} bytes are shown", shown.len());
    let steering = shown
        .chars()
        .find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
    assert_eq!(steering, None);
    assert_eq!(located(&parsed.problems, text).len(), parsed.problems.len());
    parsed
}

fn refused(text: &str) -> Parsed {
    let parsed = read(text);
    assert!(parsed.spec.is_none());
    assert!(!parsed.problems.is_empty());
    parsed
}

const MANY: usize = 100_000;

#[test]
fn nesting_ends() {
    for (open, close) in [
        ("a {", "}"),
        ("a /-{", "}"),
        ("a /- {", "}"),
        ("/-a {", "}"),
        ("/- a { b /- c ", "}"),
        ("a {b} /-{", "}"),
        ("a /-b {", "}"),
        ("/*", "*/"),
        ("/* * ", "*/"),
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("/- ", ""),
        ("/-/*", "*/"),
    ] {
        for depth in [18, 40, MANY] {
            refused(&format!("{}{}", open.repeat(depth), close.repeat(depth)));
            refused(&open.repeat(depth));
        }
    }
}

#[test]
fn floods_of_errors_end() {
    for piece in [
        "}",
        "a {} ",
        "a{}",
        "=",
        ")",
        "]",
        ";",
        "a = ",
        "a true\n",
        "a 1x\n",
        "a #x\n",
        "a\"b\"c ",
        "\"",
        "a \"\n",
        "\"\"\"",
        "#\"",
        "#",
        "\\",
        "/-}",
        "a 99999999999999999999999999999999999999999\n",
        "a \"\"\"\nx\n  \"\"\"\n",
        "r\"",
        "r##",
        "\u{202e}",
        "\u{0}",
        "a (b) ",
    ] {
        refused(&piece.repeat(MANY));
        refused(&format!("relplan 1\nproject \"p\"\n{}", piece.repeat(MANY)));
    }
}

#[test]
fn what_is_never_closed_ends() {
    for start in [
        "\"",
        "#\"",
        "\"\"\"\n",
        "#\"\"\"\n",
        "/*",
        "a {",
        "(",
        "r#\"",
    ] {
        refused(&format!("a {start}{}", "x ".repeat(MANY)));
        refused(&format!("a {start}{}", "* \\n # \" / ".repeat(MANY)));
    }
    refused(&format!("a {}\"{}", "#".repeat(MANY), "\"#".repeat(MANY)));
}

#[test]
fn what_is_too_large_is_not_read() {
    let parsed = refused(&" ".repeat(5_000_000));
    assert_eq!(parsed.problems[0].code, "too-large");
    let parsed = refused(&"a\n".repeat(1_000_000));
    assert_eq!(parsed.problems[0].code, "too-large");
}

#[test]
fn floods_of_wrong_words_end_with_the_first_hundred() {
    let head = "relplan 1\nproject \"p\"\n";
    for line in [
        "targt \"x\"\n",
        "target \"npm\" kind=\"npm\"\n",
        "release \"a\" { to \"x\"; }\n",
        "workspace \"npm\" path=\"../x\"\n",
        "state \"x\"\n",
    ] {
        let parsed = refused(&format!("{head}{}", line.repeat(10_000)));
        assert_eq!(parsed.problems.len(), 101, "{line}");
        assert_eq!(parsed.problems[100].severity, Severity::Note);
    }
    // Each unknown target is compared with each known one, for as many as are shown.
    let targets: String = (0..8_000)
        .map(|n| format!("target \"t-{n}\" kind=\"npm\"\n"))
        .collect();
    let rules: String = (0..8_000)
        .map(|n| format!("release \"r-{n}\" {{ to \"u-{n}\"; }}\n"))
        .collect();
    refused(&format!("{head}{targets}{rules}"));
    let properties: String = (0..10_000).map(|n| format!(" p{n}=1")).collect();
    refused(&format!("{head}target \"npm\" kind=\"npm\"{properties}"));
}

#[test]
fn one_endless_line_is_shown_in_part() {
    let text = format!(
        "relplan 1;project \"p\";{}targt \"x\";{}",
        " ".repeat(300_000),
        "workspace \"npm\";".repeat(20_000)
    );
    let parsed = refused(&text);
    let shown = render(&parsed.problems[..1], "relplan.kdl", &text, STYLE);
    assert!(shown.contains("targt"));
    assert!(shown.contains("relplan.kdl:1:300023]"), "{shown}");
    assert!(shown.len() < 2_000);
}

#[test]
fn many_rules_meet_many_packages() {
    let packages: Vec<Candidate> = (0..5_000)
        .map(|n| Candidate {
            package: PackageId {
                ecosystem: Ecosystem::new("npm").unwrap(),
                name: PackageName::new(format!("@acme/p{n}")).unwrap(),
            },
            path: format!("js/p{n}"),
            releasable: true,
        })
        .collect();
    let rules = |rule: &dyn Fn(usize) -> String, count: usize| {
        let lines: String = (0..count).map(rule).collect();
        let text = format!("relplan 1\nproject \"p\"\n{lines}");
        let parsed = read(&text);
        let spec = parsed
            .spec
            .unwrap_or_else(|| panic!("{}", render(&parsed.problems, "f", &text, STYLE)));
        let (assigned, problems) = assign(&spec, &packages);
        let (needs, more) = resolve_needs(&spec, &packages);
        (assigned.len(), problems.len(), needs.len(), more.len())
    };
    assert_eq!(
        rules(
            &|n| format!("release \"js/p{n}\" {{ needs \"@acme/p0\"; }}\n"),
            5_000
        )
        .0,
        5_000
    );
    assert_eq!(
        rules(
            &|n| format!("release \"qs/q{n}\" {{ needs \"@acne/q{n}\"; }}\n"),
            20_000
        ),
        (0, 101, 0, 101)
    );
    // As many patterns as may be, each of them long and none of them matching.
    let long = "a".repeat(240);
    assert_eq!(
        rules(&|n| format!("release \"*/{long}{n}/**\"\n"), 1_000),
        (0, 101, 0, 0)
    );
    // Each pair of patterns ties for ten packages: one problem for the pair.
    let pair = |n: usize| format!("release \"js/p{n}?\"\nrelease \"js/p{n}*\"\n");
    assert_eq!(rules(&|n| pair(n + 400), 100).1, 100);
    let (_, ties, _, _) = rules(&|n| pair(n + 200), 200);
    assert_eq!(ties, 101);
    let text = format!(
        "relplan 1\nproject \"p\"\n{}",
        (0..1_001)
            .map(|n| format!("release \"a{n}/*\"\n"))
            .collect::<String>()
    );
    assert_eq!(refused(&text).problems[0].code, "too-large");
}
