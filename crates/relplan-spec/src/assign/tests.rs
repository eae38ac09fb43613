//! Which rule wins, and what is said when none does.

use relplan_model::{
    address::{Ecosystem, PackageName},
    settings::Vocabulary,
};

use super::*;

fn spec(rules: &[&str]) -> Spec {
    let lines: String = rules
        .iter()
        .map(|rule| format!("release {rule}\n"))
        .collect();
    let text = format!("relplan 1\nproject \"p\"\n{lines}");
    let parsed = crate::parse("f", &text, &Vocabulary::new());
    assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
    parsed.spec.unwrap()
}

fn package(ecosystem: &str, name: &str, path: &str) -> Candidate {
    Candidate {
        package: PackageId {
            ecosystem: Ecosystem::new(ecosystem).unwrap(),
            name: PackageName::new(name).unwrap(),
        },
        path: path.to_owned(),
        releasable: true,
    }
}

/// The selector that wins, or the codes of the problems.
fn winner(rules: &[&str], candidate: &Candidate) -> String {
    let spec = spec(rules);
    let (assigned, problems) = assign(&spec, std::slice::from_ref(candidate));
    let ties: Vec<&str> = problems
        .iter()
        .map(|problem| problem.code)
        .filter(|code| *code == "tie")
        .collect();
    match assigned.first() {
        Some(assigned) => spec.releases[assigned.rule].selector.to_string(),
        None => ties.join(" "),
    }
}

#[test]
fn the_most_specific_selector_wins() {
    let widget = package("npm", "@acme/widget", "js/widget");
    for (rules, expected) in [
        (&["\"js/*\""][..], "js/*"),
        (&["\"js/*\"", "\"js/w*\""], "js/w*"),
        (&["\"js/w*\"", "\"js/*\""], "js/w*"),
        (&["\"js/widge?\"", "\"js/widget\""], "js/widget"),
        (&["\"@acme/*\"", "\"js/*\""], "@acme/*"),
        (&["\"@acme/widget\"", "\"js/widge*\""], "@acme/widget"),
        (&["\"**\"", "\"*/*\""], "*/*"),
        (&["\"@acme/widget\"", "\"js/widget\""], "tie"),
        (&["\"js/*\"", "\"js/**\""], "tie"),
        (&["\"other\""], ""),
        (&["\"widget\""], ""),
    ] {
        assert_eq!(winner(rules, &widget), expected, "{rules:?}");
    }
}

#[test]
fn the_root_package_is_named_by_a_dot() {
    let root = package("cargo", "tool", ".");
    assert_eq!(winner(&["\".\""], &root), ".");
    assert_eq!(winner(&["\"*\""], &root), "*");
    assert_eq!(winner(&["\"tool\""], &root), "tool");
}

#[test]
fn l13_a_tie_is_reported_once_for_all_packages() {
    let spec = spec(&["\"js/*\"", "\"*/a?\""]);
    let packages: Vec<Candidate> = (0..9)
        .map(|n| package("npm", &format!("p{n}"), &format!("js/a{n}")))
        .collect();
    let (assigned, problems) = assign(&spec, &packages);
    assert!(assigned.is_empty() || assigned.iter().all(|assigned| assigned.rule < 2));
    assert!(problems.len() <= 1);
}

#[test]
fn one_name_in_two_ecosystems_is_released_as_both() {
    let spec = spec(&["\"widget\""]);
    let packages = [
        package("cargo", "widget", "crates/w"),
        package("npm", "widget", "js/w"),
    ];
    let (assigned, problems) = assign(&spec, &packages);
    assert_eq!(assigned.len(), 2);
    assert_eq!(problems, []);
}

#[test]
fn what_no_rule_takes_is_told() {
    let spec = spec(&["\"js/*\""]);
    let packages = [package("npm", "a", "js/a"), package("npm", "b", "other/b")];
    let (assigned, _) = assign(&spec, &packages);
    assert_eq!(
        left_out(&packages, &assigned),
        [packages[1].package.clone()]
    );
}

#[test]
fn needs_are_found_by_name_or_path() {
    let packages = [
        package("npm", "app", "app"),
        package("cargo", "widget", "crates/widget"),
        package("npm", "widget", "js/widget"),
        package("python", "mixed", "both"),
        package("cargo", "blend", "both"),
    ];
    for (need, expected) in [
        ("crates/widget", "widget (cargo)"),
        ("js/widget", "widget (npm)"),
        ("mixed", "mixed (python)"),
        ("widget", "ambiguous"),
        ("both", "ambiguous"),
        ("wigdet", "no-match"),
    ] {
        let spec = spec(&[&format!("\"app\" {{ needs \"{need}\"; }}")]);
        let (needs, problems) = resolve_needs(&spec, &packages);
        let found = match needs.get(&0) {
            Some(needs) => needs
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            None => problems.iter().map(|problem| problem.code).collect(),
        };
        assert_eq!(found, expected, "{need}");
    }
}
