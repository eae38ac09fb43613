//! The page in a real browser: with scripts and without, wide and narrow, and with texts that want to be more than text.
//!
//! `RELPLAN_SCREENSHOTS=DIR cargo test -p relplan view::html` also writes pictures, to be looked at.

use std::path::PathBuf;

use relplan_model::{
    contents::{Basis, Contents, Entry, EntryChange, Notable},
    digest::Digests,
    plan::Action,
    plan::Plan,
};
use relplan_testkit::browser::{Browser, Look, Page, installed};
use serde_json::{Value, json};

use super::{Diff, page};
use crate::view::{
    graph::{Grain, Graph, svg},
    tests::{Situation, situations},
};

const HOSTILE: &str = "</pre></td></tr></table><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u{202e}";

/// A browser; `None` where none is installed, which is an error on CI.
fn browser() -> Option<Browser> {
    let Some(program) = installed() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "Chromium is not installed"
        );
        println!("skipped: Chromium is not installed");
        return None;
    };
    Some(Browser::start(&program).unwrap())
}

/// Pages as files, and the browser that opens them.
struct Bench {
    browser: Browser,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        Some(Self {
            browser: browser()?,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        format!("file://{}", file.display())
    }

    fn open(&mut self, url: &str, width: u32, scripts: bool) -> Page<'_> {
        self.look(url, width, scripts, false)
    }

    fn look(&mut self, url: &str, width: u32, scripts: bool, dark: bool) -> Page<'_> {
        let look = Look {
            url: url.to_owned(),
            width,
            dark,
            scripts,
        };
        self.browser.open(&look).unwrap()
    }
}

fn plan(name: &str) -> Plan {
    situations()
        .into_iter()
        .find(|one| one.name == name)
        .unwrap()
        .plan
}

fn html(plan: &Plan, diffs: &[Diff]) -> String {
    page(plan, Plan::digest(&plan.to_bytes().unwrap()), diffs)
}

/// A plan whose first upload is compared with what is live, with words of anybody's choice in all places.
fn with_contents(words: &str) -> (Plan, Vec<Diff>) {
    let mut plan = plan("one-bump");
    let artifact = plan.artifacts[0].clone();
    let row = plan
        .changes
        .iter()
        .find(|row| row.action == Action::Publish);
    let address = row.unwrap().address.clone();
    let words = |name: &str| format!("{name}{words}");
    plan.contents = vec![Contents {
        address: address.clone(),
        file: artifact.file.clone(),
        basis: Basis::Published {
            version: "1.2.0".parse().unwrap(),
            file: artifact.file,
            digests: Digests::of(b"before"),
        },
        entries: vec![
            Entry {
                path: words("lib/index.js"),
                change: EntryChange::Changed {
                    before: 1_200,
                    after: 1_264,
                },
            },
            Entry {
                path: "scripts/fetch.js".to_owned(),
                change: EntryChange::Added { size: 412 },
            },
            Entry {
                path: "old.js".to_owned(),
                change: EntryChange::Removed { size: 9_000 },
            },
        ],
        omitted: 0,
        unchanged: 12,
        notable: vec![
            Notable::Script {
                name: "postinstall".to_owned(),
                before: None,
                after: Some(words("node scripts/fetch.js")),
            },
            Notable::Dependency {
                name: "left-pad".to_owned(),
                section: "dependencies".to_owned(),
                before: Some("^1.0.0".to_owned()),
                after: Some(words("^2.0.0")),
            },
        ],
        notable_omitted: 0,
    }];
    let diff = Diff {
        address,
        path: words("lib/index.js"),
        text: format!(
            "--- 1.2.0/lib/index.js\n+++ 1.3.0/lib/index.js\n@@ -1,3 +1,3 @@\n module.exports = {{\n-\tsize: 1,\n+\tsize: 2, // {}\n }};\n",
            words("two")
        ),
    };
    (plan, vec![diff])
}

/// How many rows a reader sees.
const VISIBLE: &str =
    "[...document.querySelectorAll('tr.row')].filter(row => row.checkVisibility()).length";

#[test]
fn every_situation_reads_with_scripts_and_without_and_asks_no_network() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    for Situation { name, plan, .. } in situations() {
        let url = bench.write(&format!("{name}.html"), &html(&plan, &[]));
        for scripts in [false, true] {
            let mut page = bench.open(&url, 1400, scripts);
            let about = format!("{name}, scripts: {scripts}");
            assert_eq!(page.requests(), [url.as_str()], "{about}");
            assert_eq!(page.complaints(), Vec::<String>::new(), "{about}");
            let verdict = page
                .evaluate("document.querySelector('h1').textContent")
                .unwrap();
            let said = crate::view::verdict::verdict(&plan);
            assert_eq!(verdict, said.as_str(), "{about}");
            let rows = page
                .evaluate("document.querySelectorAll('tr.row').length")
                .unwrap();
            let shown = crate::view::rows::groups(&plan);
            let shown = shown
                .iter()
                .flat_map(|group| &group.rows)
                .filter(|row| !row.folded);
            assert_eq!(rows, shown.count(), "{about}");
            let filter = page
                .evaluate("document.getElementById('filter')?.checkVisibility() ?? null")
                .unwrap();
            if rows.as_u64() >= Some(2) {
                assert_eq!(
                    filter, scripts,
                    "{about}: the filter is there when it works"
                );
            }
        }
    }
}

#[test]
fn what_the_pages_do_not_do_would_be_seen() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let picture = "<img src=\"http://127.0.0.1:9/x.png\"><p style=\"color: red\">";
    let whole = html(&plan("no-op"), &[]).replace("<main>", &format!("<main>{picture}"));
    let open = whole.replace("http-equiv=\"Content-Security-Policy\"", "name=\"policy\"");
    let url = bench.write("open.html", &open);
    let page = bench.open(&url, 1400, true);
    assert_eq!(page.requests(), [url.as_str(), "http://127.0.0.1:9/x.png"]);
    drop(page);
    let url = bench.write("whole.html", &whole);
    let page = bench.open(&url, 1400, true);
    let complaints = page.complaints();
    for directive in ["img-src", "style-src"] {
        let refused =
            |text: &String| text.contains("Content Security Policy") && text.contains(directive);
        assert!(
            complaints.iter().any(refused),
            "{directive}: {complaints:?}"
        );
    }
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let long = "x".repeat(3_000);
    let (plan, diffs) = with_contents(&long);
    let mut pages = vec![("long words".to_owned(), html(&plan, &diffs))];
    pages.extend(
        situations()
            .into_iter()
            .map(|one| (one.name, html(&one.plan, &[]))),
    );
    for (name, text) in pages {
        let url = bench.write("page.html", &text);
        for width in [360, 800, 1400] {
            let mut page = bench.open(&url, width, true);
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
                .unwrap();
            let wider = page
                .evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
                )
                .unwrap();
            assert_eq!(wider, 0, "{name} at {width}");
            // The picture scrolls by itself; nothing else may stand out.
            let cut = page
                .evaluate(
                    "[...document.querySelectorAll('body *:not(.graph, .graph *)')].filter(one => one.checkVisibility() \
                     && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))",
                )
                .unwrap();
            assert_eq!(cut, json!([]), "{name} at {width}");
        }
    }
}

#[test]
fn the_filter_narrows_by_target_action_and_text_and_is_kept_in_the_address() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let plan = plan("two-hundred");
    let groups = crate::view::rows::groups(&plan);
    let rows = |fits: &dyn Fn(&str, &crate::view::rows::Row<'_>) -> bool| {
        let all = groups.iter().flat_map(|group| {
            group
                .rows
                .iter()
                .map(|row| (group.target.name.as_str(), row))
        });
        all.filter(|(target, row)| !row.folded && fits(target, row))
            .count()
    };
    let url = bench.write("page.html", &html(&plan, &[]));
    let open = "document.querySelectorAll('details.kept').forEach(one => one.open = true)";
    let mut shown = |fragment: &str| -> Value {
        let mut page = bench.open(&format!("{url}{fragment}"), 1400, true);
        page.evaluate(open).unwrap();
        page.evaluate(VISIBLE).unwrap()
    };
    assert_eq!(shown(""), rows(&|_, _| true));
    assert_eq!(shown("#target=npm"), rows(&|target, _| target == "npm"));
    assert_eq!(
        shown("#target=npm&action=publish"),
        rows(&|target, row| target == "npm" && row.change.action == Action::Publish)
    );
    assert_eq!(
        shown("#text=part-77"),
        rows(&|_, row| row.name.contains("part-77"))
    );
    assert_eq!(shown("#text=no-such-package"), 0);
    // An unknown word changes nothing.
    assert_eq!(shown("#target=no-such-target"), rows(&|_, _| true));

    let mut page = bench.open(&url, 1400, true);
    page.evaluate("document.querySelector('input[name=target][value=crates]').click()")
        .unwrap();
    page.evaluate(open).unwrap();
    assert_eq!(
        page.evaluate(VISIBLE).unwrap(),
        rows(&|target, _| target == "crates")
    );
    assert_eq!(page.evaluate("location.hash").unwrap(), "#target=crates");
    let told = page
        .evaluate("document.getElementById('shown').textContent")
        .unwrap();
    assert_eq!(
        told,
        format!(
            "{} of {} rows",
            rows(&|target, _| target == "crates"),
            rows(&|_, _| true)
        )
    );
}

#[test]
fn texts_from_outside_are_shown_as_text() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let (mut plan, diffs) = with_contents(HOSTILE);
    plan.project = HOSTILE.to_owned();
    let hostile = self::plan("hostile");
    plan.findings = hostile.findings.clone();
    for finding in &mut plan.findings {
        finding.message.push_str(HOSTILE);
        finding.hint = Some(HOSTILE.to_owned());
    }
    for (name, plan, diffs) in [("hostile", hostile, vec![]), ("contents", plan, diffs)] {
        let text = html(&plan, &diffs);
        let url = bench.write(&format!("{name}.html"), &text);
        let mut page = bench.open(&url, 1400, true);
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            .unwrap();
        assert_eq!(page.complaints(), Vec::<String>::new(), "{name}");
        assert_eq!(page.requests(), [url.as_str()], "{name}");
        let title = page.evaluate("document.title").unwrap();
        assert!(
            title.as_str().unwrap().starts_with("relplan plan "),
            "{title}"
        );
        let elements = "[...document.querySelectorAll('script')].length + document.images.length \
                        + document.querySelectorAll('iframe, a[href]:not([href^=\"#\"]), [onerror], [style]').length";
        assert_eq!(
            page.evaluate(elements).unwrap(),
            1,
            "{name}: our script, and nothing else"
        );
        let rows = page
            .evaluate("document.querySelectorAll('tr.row').length")
            .unwrap();
        let shown = crate::view::rows::groups(&plan);
        let shown = shown
            .iter()
            .flat_map(|group| &group.rows)
            .filter(|row| !row.folded);
        assert_eq!(rows, shown.count(), "{name}: no row that is not the plan's");
        let seen = page.evaluate("document.body.innerText").unwrap();
        let seen = seen.as_str().unwrap();
        assert!(seen.contains("<script>"), "{name}: {seen}");
        assert!(!text.contains('\u{202e}'), "{name}");
    }
}

#[test]
fn scripts_dependencies_and_lines_are_there_to_be_read() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let (plan, diffs) = with_contents("");
    let url = bench.write("page.html", &html(&plan, &diffs));
    let mut page = bench.open(&url, 1400, true);
    let loud = page
        .evaluate("[...document.querySelectorAll('tr.row .loud')].map(one => one.innerText)")
        .unwrap();
    assert_eq!(
        loud,
        json!([
            "new script postinstall: node scripts/fetch.js",
            "changed dependency left-pad (dependencies): ^1.0.0 → ^2.0.0"
        ])
    );
    let first_screen = page
        .evaluate("document.querySelector('tr.row .loud').getBoundingClientRect().bottom < 900")
        .unwrap();
    assert_eq!(first_screen, true);
    page.evaluate("document.querySelector('tr.row a').click()")
        .unwrap();
    let part = "document.querySelector('#inside-0')";
    assert_eq!(page.evaluate(&format!("{part}.open")).unwrap(), true);
    let paths = page
        .evaluate(&format!(
            "[...{part}.querySelectorAll('.paths code')].map(one => one.textContent)"
        ))
        .unwrap();
    assert_eq!(paths, json!(["lib/index.js", "scripts/fetch.js", "old.js"]));
    let lines = page
        .evaluate(&format!("{part}.querySelector('pre').textContent"))
        .unwrap();
    assert_eq!(lines.as_str().unwrap(), diffs[0].text);
}

#[test]
fn a_picture_by_itself_is_well_formed_and_has_words_for_those_who_do_not_see_it() {
    let Some(mut bench) = Bench::new() else {
        return;
    };
    for Situation { name, plan, .. } in situations() {
        let graph = Graph::of(&plan, Grain::Versions);
        let url = bench.write("graph.svg", &svg::render(&graph));
        let mut page = bench.open(&url, 1400, true);
        let kind = page.evaluate("document.documentElement.nodeName").unwrap();
        assert_eq!(kind, "svg", "{name}");
        assert_eq!(
            page.evaluate("document.querySelector('parsererror')")
                .unwrap(),
            Value::Null,
            "{name}"
        );
        let boxes = page
            .evaluate("document.querySelectorAll('svg.node').length")
            .unwrap();
        assert_eq!(boxes, graph.nodes.len(), "{name}");
        let words = page
            .evaluate("document.querySelector('desc').textContent")
            .unwrap();
        for node in &graph.nodes {
            assert!(
                words.as_str().unwrap().contains(&node.line()),
                "{name}: {words}"
            );
        }
        // What a box says in its own font ends within it.
        let wide = page
                .evaluate(
                    "[...document.querySelectorAll('svg.node')].filter(box => [...box.querySelectorAll('text')].some(text => \
                     /^[ -~\u{2192}\u{b7}\u{2026}]*$/.test(text.textContent) && text.getBBox().x + text.getBBox().width > \
                     box.width.baseVal.value)).map(box => box.textContent)",
                )
                .unwrap();
        assert_eq!(wide, json!([]), "{name}");
        assert_eq!(page.requests(), [url.as_str()], "{name}");
    }
}

#[test]
fn pictures_are_written_where_somebody_wants_to_look() {
    let Some(folder) = std::env::var_os("RELPLAN_SCREENSHOTS").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let Some(mut bench) = Bench::new() else {
        return;
    };
    let (plan, diffs) = with_contents("");
    let mut pages: Vec<(String, String)> = situations()
        .into_iter()
        .map(|one| (one.name, html(&one.plan, &[])))
        .collect();
    pages.push(("contents".to_owned(), html(&plan, &diffs)));
    for (name, text) in pages {
        std::fs::write(folder.join(format!("{name}.html")), &text).unwrap();
        let url = bench.write("page.html", &text);
        for (look, width, dark) in [
            ("light", 1400, false),
            ("dark", 1400, true),
            ("narrow", 360, false),
        ] {
            let mut page = bench.look(&url, width, true, dark);
            page.screenshot(&folder.join(format!("{name}-{look}.png")))
                .unwrap();
        }
    }
}
