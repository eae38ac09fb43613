//! What people see, apart from what the corpus shows.

use super::*;

fn problem(text: &str, needle: &str) -> Problem {
    let span = Span {
        offset: text.find(needle).unwrap(),
        len: needle.len(),
    };
    Problem::error("c", span, "m", "l")
}

fn shown(problem: Problem, text: &str, style: RenderStyle) -> String {
    render(&[problem], "f.kdl", text, style)
}

const PLAIN: RenderStyle = RenderStyle {
    color: false,
    width: 80,
    unicode: true,
};

#[test]
fn ascii_is_ascii_and_colour_is_colour() {
    let text = "abc def\n";
    let problem = problem(text, "def").hint("h");
    let ascii = shown(
        problem.clone(),
        text,
        RenderStyle {
            unicode: false,
            ..PLAIN
        },
    );
    assert!(ascii.is_ascii(), "{ascii}");
    let plain = shown(problem.clone(), text, PLAIN);
    assert!(!plain.contains('\u{1b}'));
    let coloured = shown(
        problem,
        text,
        RenderStyle {
            color: true,
            ..PLAIN
        },
    );
    assert!(coloured.contains("\u{1b}["));
}

#[test]
fn line_ends_of_every_kind_are_shown_as_lines() {
    let text = "one\r\ntwo\rthree\nfour";
    for (needle, line) in [("two", 2), ("three", 3), ("four", 4)] {
        let shown = shown(problem(text, needle), text, PLAIN);
        assert!(shown.contains(&format!("[f.kdl:{line}:1]")), "{shown}");
        assert!(shown.contains(&format!(" {line} │ {needle}\n")), "{shown}");
    }
}

#[test]
fn a_place_over_several_lines_is_marked_on_its_first() {
    let text = "a \"\"\"\n  x\n  \"\"\" b\nc\n";
    let shown = shown(problem(text, "\"\"\"\n  x\n  \"\"\""), text, PLAIN);
    assert!(shown.contains(" 1 │ a \"\"\"\n"), "{shown}");
    assert!(!shown.contains("2 │"), "{shown}");
}

#[test]
fn two_places_in_one_long_line_are_told_in_words() {
    let text = format!("first{}second", " ".repeat(400));
    let first = Span { offset: 0, len: 5 };
    let shown = shown(
        problem(&text, "second").related(first, "said here"),
        &text,
        PLAIN,
    );
    assert!(shown.contains("1:1: said here"), "{shown}");
    assert!(shown.contains("second"), "{shown}");
}

#[test]
fn hints_break_outside_of_what_is_to_be_copied() {
    let hint = "write `target \"npm\" kind=\"npm\"` and nothing else at all";
    assert_eq!(
        wrapped(hint, 20),
        "write\n`target \"npm\" kind=\"npm\"`\nand nothing else at\nall"
    );
    assert_eq!(
        wrapped("an unpaired ` back-tick stays", 12),
        "an unpaired\n` back-tick stays"
    );
}
