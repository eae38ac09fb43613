//! What is said beside the table: before anything is begun, of where things are, and while another plan is open.

use relplan_testkit::servers::stores::has_git;
use serde_json::Value;

use super::{
    shelves::{Shelves, flat},
    walk::{commands, literally},
};

const PART: [&str; 7] = [
    "apply",
    "release.json",
    "--target",
    "one",
    "--at-once",
    "--wait",
    "0s",
];

fn each_store(told: impl Fn(&Shelves)) {
    told(&Shelves::new());
    if has_git() {
        told(&Shelves::with_git());
    }
}

/// A plan is open, and the steps of one of its three targets are done.
fn half_open(shelves: &Shelves) {
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "release.json"]);
    shelves.expect(0, &PART);
}

/// 10, D16: plans that cannot be kept stop an apply before anything is begun.
#[test]
fn d16_a_plan_that_cannot_be_kept_is_not_begun() {
    let shelves = Shelves::new();
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "release.json"]);
    shelves.write(".relplan/plans", "a file");
    let refused = shelves.expect(10, &["apply", "release.json"]);
    // Paths are broken over lines.
    let said: String = refused.stderr.split_whitespace().collect();
    assert!(said.contains("/.relplan/plans/"), "{refused}");
    assert!(shelves.records().is_empty());
    assert!(shelves.files("out").is_empty());
}

/// D10: what was typed to say where things are stands in the next step, in a folder with a space and from elsewhere.
#[test]
fn d10_the_next_step_says_again_where_things_are() {
    let shelves = Shelves::new();
    let moved = shelves.environment.root().join("it's here");
    std::fs::rename(shelves.project(), &moved).unwrap();
    std::fs::create_dir(shelves.project()).unwrap();
    let at = ["-C", moved.to_str().unwrap()];
    let run = |arguments: &[&str]| shelves.relplan(&[&at[..], arguments].concat());
    let pack = run(&["pack", "--bundle", "b 2"]);
    assert_eq!(pack.code, Some(0), "{pack}");
    let places = ["--state", "st2", "--bundle", "b 2"];
    let planned = run(&[&["plan", "-o", "release.json"], &places[..]].concat());
    assert_eq!(planned.code, Some(0), "{planned}");
    let begun = run(&[&PART[..], &places].concat());
    assert_eq!(begun.code, Some(0), "{begun}");
    let status = run(&["status", "--state", "st2", "--bundle", "b 2"]);
    let line = &commands(&status)[0];
    let finished = literally(&shelves.environment, line, &shelves.project());
    assert_eq!(finished.code, Some(0), "{line}\n{finished}");
    assert!(!moved.join(".relplan/state").exists(), "no second journal");
}

/// D9: a plan that is made while another is open says so, for people and for programs.
#[test]
fn d9_an_open_plan_is_a_finding_of_the_next() {
    each_store(|shelves| {
        half_open(shelves);
        let text = shelves.expect(0, &["plan"]);
        let markdown = shelves.expect(0, &["plan", "--format", "markdown"]);
        let page = shelves.expect(0, &["plan", "--html", "page.html"]);
        let html = std::fs::read_to_string(shelves.project().join("page.html")).unwrap();
        for told in [&text.stdout, &markdown.stdout, &html] {
            assert!(
                flat(told).contains("4 of 14 of its steps are done"),
                "{told}{page}"
            );
        }
        let json = shelves.expect(0, &["plan", "--format", "json"]);
        let plan: Value = serde_json::from_str(&json.stdout).unwrap();
        let findings = plan["findings"].as_array().unwrap();
        let open = findings
            .iter()
            .find(|one| one["code"] == "plan-open")
            .unwrap();
        assert!(
            open["hint"].as_str().unwrap().contains("`relplan apply`"),
            "{open}"
        );
    });
}

/// D15: what holds a whole chain is said once, where the plan is shown and where an apply ends, with how many wait for it.
#[test]
fn d15_one_cause_is_told_once_with_a_count() {
    let shelves = Shelves::new();
    // c needs b, which needs a.
    let manifest = "js/packages/c/package.json";
    let text = std::fs::read_to_string(shelves.project().join(manifest)).unwrap();
    let needs = ",\"dependencies\":{\"@acme/b\":\"1.0.0\"}}";
    shelves.write(manifest, &text.replace('}', needs));
    shelves.expect(0, &["pack"]);
    shelves.write("out/two/npm/@acme/a", "{");
    let planned = shelves.expect(8, &["plan", "-o", "release.json"]);
    let (_, two) = planned.stdout.split_once("\ntwo  ").unwrap();
    let told = flat(two);
    let once = "2 packages: @acme/b, @acme/c they need two:@acme/a, held back itself";
    assert!(told.contains(once), "{planned}");
    assert_eq!(two.matches("held back itself").count(), 1, "{planned}");
    let applied = shelves.expect(8, &["apply", "release.json"]);
    let said = flat(&applied.stdout);
    assert!(
        said.contains("rows that need two:@acme/a, held back itself"),
        "{applied}"
    );
    assert_eq!(said.matches("held two:@acme/a:").count(), 1, "{applied}");
    // In full where somebody asks for it.
    let all = shelves.expect(0, &["show", "release.json", "--verbose"]);
    assert!(all.stdout.matches("held back itself").count() > 1, "{all}");
}

/// Who watches releases finds in the state's JSON how much there is to do, when anything was last heard, why a step failed
/// and why a run declined; and what is next, in the `summary` too.
#[test]
fn d14_programs_are_told_how_far_it_is_and_why_not_further() {
    let shelves = Shelves::new();
    half_open(&shelves);
    shelves.write("out/three/npm-tarballs", "a file");
    let part = ["apply", "release.json", "--target", "three", "--at-once"];
    let failed = shelves.relplan(&[&part[..], &["--wait", "0s", "--json"]].concat());
    assert_eq!(failed.code, Some(7), "{failed}");
    let status = shelves.expect(0, &["status", "--format", "json"]);
    let state: Value = serde_json::from_str(&status.stdout).unwrap();
    let open = &state["open"];
    assert_eq!(open["total"], 14, "{status}");
    assert!(open["heard"].as_str() >= open["since"].as_str(), "{status}");
    let why = &open["steps"]["publish three:@acme/c@1.0.0"]["stopped"]["detail"];
    assert!(why.as_str().unwrap().contains("npm-tarballs"), "{status}");
    let part = &open["parts"]["three"];
    assert_eq!(part["left"], true, "{status}");
    assert!(
        part["reason"].as_str().unwrap().contains("npm-tarballs"),
        "{status}"
    );
    assert_eq!(state["next"]["code"], "decide-refused", "{status}");

    let summary = |arguments: &[&str]| -> Value {
        let session = shelves.relplan(&[&["apply", "--json"], arguments].concat());
        serde_json::from_str(session.stdout.lines().last().unwrap()).unwrap()
    };
    for (arguments, exit, code) in [
        (&["release.json", "--target", "nope"][..], 64, "again"),
        (&["relplan.kdl"], 65, "plan"),
        (&["--target", "two"], 64, "decide-refused"),
    ] {
        let event = &summary(arguments)["event"];
        assert_eq!(event["exit-code"], exit, "{event}");
        assert_eq!(event["next"]["code"], code, "{event}");
    }
    std::fs::remove_file(shelves.project().join("out/three/npm-tarballs")).unwrap();
    assert_eq!(summary(&["release.json"])["event"]["next"], Value::Null);
}
