//! What holds for every text: an answer, places within the text, a report that steers no terminal and leaks nothing.

use proptest::{prelude::*, test_runner::RngSeed};
use relplan_kdl::{RenderStyle, located, render};
use relplan_model::finding::Severity;
use relplan_spec::{assign, parse, resolve_needs};

mod packages;
mod vocabulary;

/// Lines and pieces of lines that a spec might hold, right and wrong.
const PIECES: &[&str] = &[
    "relplan 1\n",
    "project \"acme/widgets\"\n",
    "project",
    "workspace \"npm\" path=\"js\"",
    "workspace \"python\"",
    " { exclude \"a/*\" \"b\"; }\n",
    " packer=\"pnpm\"",
    "target \"npm\" kind=\"npm\"",
    "target \"shelf\" kind=\"directory\"",
    "target",
    " \"npm\"",
    " kind=\"cargo\"",
    " url=\"https://bob:hunter2@acme.example/\"",
    "release \"js/*\"",
    "release \"@acme/widget\" {",
    " to \"npm\" dist-tag=\"next\"",
    " to \"nmp\"",
    " needs \"widget\"",
    " yank \"1.0.0\" target=\"npm\" reason=\"x\"",
    " deprecate \"<1\"",
    " version \"1.2.3\"",
    "gate \"ship\" before=\"publish\" {",
    " threshold 2",
    " from \"a@acme.example\"",
    " touch #true",
    " max-age \"24h\"",
    "state \"file\" path=\".relplan\"",
    "{",
    "}",
    "}\n",
    ";",
    "\n",
    "\n",
    " ",
    "/-",
    "/* ",
    "*/",
    "// package npm @acme/widget js/widget\n",
    "// package cargo widget crates/widget\n",
    "\"",
    "#",
    "=",
    "\\",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[2J",
    "\r\n",
    "\r",
    "\u{2028}",
    "ünïcödé 🚀",
    "\"\"\"\n",
    "true",
    "-1",
    "1.5",
    "#null",
    "x=1",
    "\t",
    "(t)",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..30)
        .prop_map(|pieces| pieces.concat());
    let sound = pieces
        .clone()
        .prop_map(|rest| format!("relplan 1\nproject \"p\"\ntarget \"npm\" kind=\"npm\"\n{rest}"));
    prop_oneof![3 => pieces, 3 => sound, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn l13_every_text_has_an_answer_with_places_within_it(text in texts(), width in 0_usize..200, unicode: bool) {
        let parsed = parse("relplan.kdl", &text, &vocabulary::vocabulary());
        let errors = parsed.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        prop_assert_eq!(parsed.spec.is_some(), errors == 0);
        let mut problems = parsed.problems;
        if let (Some(spec), Some(packages)) = (&parsed.spec, packages::packages(&text)) {
            let (assigned, found) = assign(spec, &packages);
            prop_assert!(assigned.iter().all(|assigned| assigned.rule < spec.releases.len()));
            problems.extend(found);
            problems.extend(resolve_needs(spec, &packages).1);
        }
        for problem in &problems {
            for span in problem.related.iter().map(|(span, _)| *span).chain([problem.span]) {
                prop_assert!(text.get(span.offset..span.end()).is_some(), "{:?} is not within {:?}", span, text);
            }
            prop_assert!(!problem.message.is_empty() && !problem.message.contains('\n') && !problem.message.ends_with('.'));
        }
        let shown = render(&problems, "relplan.kdl", &text, RenderStyle { color: false, width, unicode });
        let steering = shown.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
        prop_assert_eq!(steering, None, "{}", shown);
        prop_assert_eq!(shown.matches('×').count() + shown.matches("  x ").count() >= problems.len(), true);
        let records = located(&problems, &text);
        let json = serde_json::to_string(&records).unwrap();
        for canary in ["hunter2", "bob:"] {
            prop_assert!(!shown.contains(canary) && !json.contains(canary), "L11: {}", shown);
        }
        prop_assert_eq!(records.len(), problems.len());
    }

    #[test]
    fn l1_the_same_text_gives_the_same_answer(text in texts()) {
        let once = parse("relplan.kdl", &text, &vocabulary::vocabulary());
        let again = parse("relplan.kdl", &text, &vocabulary::vocabulary());
        prop_assert_eq!(once.spec, again.spec);
        prop_assert_eq!(once.problems, again.problems);
    }
}
