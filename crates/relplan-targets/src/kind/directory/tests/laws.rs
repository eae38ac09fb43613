//! The laws, in a folder.

use std::fs;

use relplan_model::{
    address::{PointerName, Version},
    digest::Comparison,
    observation::{Freshness, Seen},
    port::Outcome,
    settings::Settings,
    step::Effect,
};

use super::{Made, Shelf, a_crate, a_tarball, a_wheel, an_sdist};
use crate::kind::cargo::tests::{perform, present, step, unknown};

fn one_of_each() -> [Made; 4] {
    [
        a_crate("widget", "1.0.0", ""),
        a_tarball("@acme/widget", "1.0.0", ""),
        a_wheel("Acme.Widget", "1.0", ""),
        an_sdist("gadget", "1.0"),
    ]
}

fn reason(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused {
            reason,
            credential: false,
        } => reason,
        other => panic!("{other:?}"),
    }
}

fn text(version: Option<&Version>) -> &str {
    version.map_or("none", Version::as_str)
}

#[tokio::test]
async fn what_was_published_is_seen_with_its_digests() {
    let shelf = Shelf::new();
    for made in one_of_each() {
        let (name, version) = (
            made.about.package.name.as_str(),
            made.about.version.as_str(),
        );
        assert_eq!(
            shelf.seen(name, &[version], Freshness::Revalidated).await,
            Seen::Absent
        );
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
        for freshness in [
            Freshness::Revalidated,
            Freshness::AsClients,
            Freshness::Authoritative,
        ] {
            let facts = present(shelf.seen(name, &[version, "9.9.9"], freshness).await);
            assert_eq!(facts.versions.len(), 1);
            let about = facts.versions.get(&made.about.version).unwrap();
            let file = about.files.get(&made.about.file).unwrap();
            assert_eq!(file.digests.compare(&made.about.digests), Comparison::Same);
            assert_eq!(file.size, Some(made.about.size));
            assert_eq!(facts.current.as_ref(), Some(&made.about.version));
            let order: Vec<&str> = facts.order.iter().map(Version::as_str).collect();
            assert_eq!(order, [version, "9.9.9"]);
        }
    }
}

#[tokio::test]
async fn l4_a_second_publish_of_the_same_bytes_changes_nothing() {
    let shelf = Shelf::new();
    for made in one_of_each() {
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
    }
    let before = shelf.files();
    for made in one_of_each() {
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
    }
    assert_eq!(shelf.files(), before);
}

#[tokio::test]
async fn l6_other_bytes_are_refused_and_nothing_is_replaced() {
    let shelf = Shelf::new();
    for made in one_of_each() {
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
    }
    let before = shelf.files();
    for made in [
        a_crate("widget", "1.0.0", "description = \"other\"\n"),
        a_crate("widget", "1.0.0+rebuilt", ""),
        a_tarball("@acme/widget", "1.0.0", r#","main":"other.js""#),
        a_wheel("Acme.Widget", "1.0", "Summary: other\n"),
    ] {
        assert!(reason(shelf.put(&made).await).ends_with("is there already with other bytes"));
    }
    assert_eq!(shelf.files(), before);
}

#[tokio::test]
async fn l6_names_that_cargo_takes_for_the_same_are_refused() {
    let shelf = Shelf::new();
    assert_eq!(
        shelf.put(&a_crate("my-widget", "1.0.0", "")).await,
        Outcome::Accepted
    );
    for twin in ["my_widget", "My-Widget"] {
        let refused = reason(shelf.put(&a_crate(twin, "2.0.0", "")).await);
        assert!(refused.contains("my-widget is there"), "{refused}");
    }
    let seen = shelf
        .seen("My-Widget", &["1.0.0"], Freshness::Revalidated)
        .await;
    assert!(unknown(seen).contains("the registry has my-widget"));
}

#[tokio::test]
async fn l4_what_a_killed_writer_left_is_completed_or_refused() {
    let shelf = Shelf::new();
    let whole = Shelf::new();
    for made in one_of_each() {
        assert_eq!(whole.put(&made).await, Outcome::Accepted);
    }
    // All that was written before the truth is there, and so is a file that was not yet complete.
    for (path, bytes) in whole.files() {
        let path = shelf.root().join(path.strip_prefix(whole.root()).unwrap());
        let is_truth = path.ends_with("wi/dg/widget")
            || path.starts_with(shelf.root().join("npm"))
            || (path.ends_with("index.json") && !path.ends_with("simple/index.json"));
        if !is_truth {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let temporary = shelf.root().join(".relplan/tmp");
    fs::create_dir_all(&temporary).unwrap();
    fs::write(temporary.join("new-abc"), "half").unwrap();
    for made in one_of_each() {
        let name = made.about.package.name.as_str();
        let versions = [made.about.version.as_str()];
        assert_eq!(
            shelf.seen(name, &versions, Freshness::Authoritative).await,
            Seen::Absent
        );
    }
    let other = a_tarball("@acme/widget", "1.0.0", r#","main":"other.js""#);
    assert!(reason(shelf.put(&other).await).ends_with("is there already with other bytes"));
    for made in one_of_each() {
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
    }
    let names = |shelf: &Shelf| -> Vec<_> {
        let root = shelf.root();
        let files = shelf.files().into_iter();
        files
            .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes))
            .collect()
    };
    assert_eq!(names(&shelf), names(&whole));
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn l10_writers_of_one_package_lose_nothing() {
    let shelf = std::sync::Arc::new(Shelf::new());
    let mut writers = tokio::task::JoinSet::new();
    for minor in 0..12 {
        for made in [
            a_crate("widget", &format!("1.{minor}.0"), ""),
            a_tarball("tool", &format!("1.{minor}.0"), ""),
            a_wheel("snake", &format!("1.{minor}"), ""),
        ] {
            let shelf = std::sync::Arc::clone(&shelf);
            writers.spawn(async move { shelf.put(&made).await });
        }
    }
    for outcome in writers.join_all().await {
        assert_eq!(outcome, Outcome::Accepted);
    }
    let versions: Vec<String> = (0..12).map(|minor| format!("1.{minor}.0")).collect();
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    for name in ["widget", "tool", "snake"] {
        let facts = present(shelf.seen(name, &versions, Freshness::Authoritative).await);
        assert_eq!(facts.versions.len(), 12, "{name}");
        assert!(text(facts.current.as_ref()).starts_with("1.11"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l6_of_two_racing_writers_with_other_bytes_one_is_refused() {
    for round in 0..8 {
        let shelf = std::sync::Arc::new(Shelf::new());
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let shelf = std::sync::Arc::clone(&shelf);
            let made = a_crate(
                "widget",
                "1.0.0",
                &format!("description = \"{round} {writer}\"\n"),
            );
            writers.spawn(async move { shelf.put(&made).await });
        }
        let outcomes = writers.join_all().await;
        let accepted = outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::Accepted)
            .count();
        assert_eq!(accepted, 1, "{outcomes:?}");
        present(
            shelf
                .seen("widget", &["1.0.0"], Freshness::Authoritative)
                .await,
        );
    }
}

#[tokio::test]
async fn l5_a_folder_that_was_tampered_with_is_unknown() {
    for made in one_of_each() {
        let shelf = Shelf::new();
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
        let name = made.about.package.name.as_str();
        let version = [made.about.version.as_str()];
        let files = shelf.files();
        let (path, _) = files
            .iter()
            .find(|(_, bytes)| **bytes == made.bytes)
            .unwrap();
        let mut other = made.bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        fs::write(path, &other).unwrap();
        let why = unknown(shelf.seen(name, &version, Freshness::Authoritative).await);
        assert!(why.contains("other bytes than is listed"), "{why}");
        fs::remove_file(path).unwrap();
        let why = unknown(shelf.seen(name, &version, Freshness::Revalidated).await);
        assert!(why.contains("listed and not there"), "{why}");
    }
    let shelf = Shelf::new();
    fs::create_dir_all(shelf.root().join("npm")).unwrap();
    fs::write(shelf.root().join("npm/widget"), "{").unwrap();
    let why = unknown(
        shelf
            .seen("widget", &["1.0.0"], Freshness::Revalidated)
            .await,
    );
    assert!(
        why.contains("npm/widget is not what relplan wrote there"),
        "{why}"
    );
}

#[tokio::test]
async fn l3_an_artifact_of_another_name_or_version_is_refused() {
    let shelf = Shelf::new();
    for (made, inside) in [
        (a_crate("widget", "1.0.1", ""), "widget 1.0.1"),
        (a_tarball("@acme/widget", "1.0.1", ""), "@acme/widget 1.0.1"),
        (a_wheel("Acme.Widget", "1.1", ""), "Acme.Widget 1.1"),
        (an_sdist("gadget", "1.1"), "gadget 1.1"),
    ] {
        let mut disguised = made;
        disguised.about.version = Version::new("1.0.0").unwrap();
        let refused = reason(shelf.put(&disguised).await);
        assert!(
            refused.contains(&format!("holds {inside}, and the plan says")),
            "{refused}"
        );
        let source = crate::kind::cargo::tests::Memory::of(&disguised.about, &disguised.bytes);
        let found = shelf
            .driver()
            .inspect(&disguised.about, &source)
            .await
            .unwrap();
        assert_eq!(format!("{} {}", found.name, found.version), inside);
    }
    let mut unplanned = a_crate("widget", "1.0.0", "");
    unplanned.bytes = a_crate("widget", "1.0.0", "description = \"other\"\n").bytes;
    assert!(reason(shelf.put(&unplanned).await).contains("and the plan says"));
    assert!(shelf.files().is_empty());
}

#[tokio::test]
async fn names_that_lead_out_of_the_folder_are_refused() {
    let shelf = Shelf::new();
    for name in [
        "../../evil",
        "..",
        "@../evil",
        "@acme/..",
        "/etc/passwd",
        "@acme/a/b",
        ".relplan",
    ] {
        let why = unknown(shelf.seen(name, &["1.0.0"], Freshness::Revalidated).await);
        assert!(why.contains("is not a name"), "{name}: {why}");
        reason(shelf.put(&a_tarball(name, "1.0.0", "")).await);
    }
    assert!(!shelf.project.path().join("evil").exists());
    assert!(shelf.files().is_empty());
}

#[tokio::test]
async fn yanks_reach_crates_and_python_files() {
    let shelf = Shelf::new();
    for made in [
        a_crate("widget", "1.0.0", ""),
        a_crate("widget", "1.1.0", ""),
        a_wheel("snake", "1.0", ""),
        a_wheel("snake", "1.1", ""),
        a_tarball("tool", "1.0.0", ""),
    ] {
        assert_eq!(shelf.put(&made).await, Outcome::Accepted);
    }
    for (name, version, left) in [("widget", "1.1.0", "1.0.0"), ("snake", "1.1.0", "1.0")] {
        let effect = Effect::Yank {
            reason: "a <b> & \"c\"".to_owned(),
        };
        let yank = step(name, version, effect);
        for _ in 0..2 {
            assert_eq!(perform(&*shelf.driver(), &yank).await, Outcome::Accepted);
        }
        let facts = present(
            shelf
                .seen(name, &[version, left], Freshness::Authoritative)
                .await,
        );
        let yanked: Vec<bool> = facts.versions.values().map(|about| about.yanked).collect();
        assert_eq!(yanked, [false, true]);
        assert_eq!(text(facts.current.as_ref()), left);
    }
    for (name, version) in [("widget", "3.0.0"), ("tool", "1.0.0"), ("none", "1.0.0")] {
        let yank = step(
            name,
            version,
            Effect::Yank {
                reason: String::new(),
            },
        );
        let refused = reason(perform(&*shelf.driver(), &yank).await);
        assert!(refused.ends_with("is not in the folder"), "{refused}");
    }
}

#[tokio::test]
async fn npm_versions_are_deprecated_and_pointed_to() {
    let shelf = Shelf::new();
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        assert_eq!(
            shelf.put(&a_tarball("tool", version, "")).await,
            Outcome::Accepted
        );
    }
    let versions = ["1.0.0", "1.1.0"]
        .map(|version| Version::new(version).unwrap())
        .to_vec();
    let mut asked = crate::kind::cargo::tests::query("tool", &["2.0.0"], Freshness::Revalidated);
    asked.ranges = vec!["<2".to_owned()];
    let facts = present(shelf.driver().observe(&asked).await.seen);
    assert_eq!(facts.ranges.get("<2"), Some(&versions));
    let effect = Effect::Deprecate {
        range: "<2".to_owned(),
        versions,
        message: "use 2".to_owned(),
    };
    assert_eq!(
        perform(&*shelf.driver(), &step("tool", "2.0.0", effect)).await,
        Outcome::Accepted
    );
    let pointer = PointerName::new("lts").unwrap();
    let point = Effect::Point {
        pointer: pointer.clone(),
        from: None,
        to: Version::new("1.1.0").unwrap(),
    };
    assert_eq!(
        perform(&*shelf.driver(), &step("tool", "1.1.0", point)).await,
        Outcome::Accepted
    );
    let facts = present(shelf.driver().observe(&asked).await.seen);
    let told: Vec<_> = facts
        .versions
        .values()
        .map(|about| about.deprecated.as_deref())
        .collect();
    assert_eq!(told, [Some("use 2"), Some("use 2"), None]);
    assert_eq!(text(facts.pointers.get(&pointer)), "1.1.0");
    let unpoint = Effect::Unpoint {
        pointer: pointer.clone(),
    };
    assert_eq!(
        perform(&*shelf.driver(), &step("tool", "1.1.0", unpoint)).await,
        Outcome::Accepted
    );
    let facts = present(shelf.driver().observe(&asked).await.seen);
    assert_eq!(facts.pointers.len(), 1);
}

#[tokio::test]
async fn latest_is_the_highest_release_unless_a_tag_is_named() {
    let tag = |tag: &str| Settings::default().with_text("tag", tag);
    let shelf = Shelf::new();
    for (version, settings, latest) in [
        ("1.0.0-rc.1", Settings::default(), "1.0.0-rc.1"),
        ("1.0.0", Settings::default(), "1.0.0"),
        ("2.0.0-beta.1", Settings::default(), "1.0.0"),
        ("0.9.1", Settings::default(), "1.0.0"),
        ("2.0.0", tag("next"), "1.0.0"),
        ("1.10.0", Settings::default(), "1.10.0"),
        ("1.2.0", tag("latest"), "1.2.0"),
    ] {
        let made = a_tarball("tool", version, "");
        assert_eq!(shelf.put_as(&made, &[], settings).await, Outcome::Accepted);
        let facts = present(shelf.seen("tool", &[version], Freshness::Revalidated).await);
        assert_eq!(text(facts.current.as_ref()), latest, "after {version}");
    }
    let facts = present(shelf.seen("tool", &[], Freshness::Revalidated).await);
    let next = facts.pointers.get(&PointerName::new("next").unwrap());
    assert_eq!(text(next), "2.0.0");
    for bad in ["1.x", "^2", "a b"] {
        let outcome = shelf
            .put_as(&a_tarball("tool", "3.0.0", ""), &[], tag(bad))
            .await;
        assert!(reason(outcome).contains("cannot be a dist-tag"));
    }
}

#[tokio::test]
async fn the_plan_shows_the_folder_as_the_spec_spells_it() {
    let shelf = Shelf::new();
    let described = shelf.driver().describe().await.unwrap();
    let endpoint = described.endpoints.first().unwrap();
    assert_eq!(
        (
            endpoint.role.as_str(),
            endpoint.url.as_str(),
            endpoint.source.as_str()
        ),
        ("folder", "out", "spec")
    );
    assert_eq!(described.capabilities.default_pointer, None);
}

#[tokio::test]
async fn l8_a_folder_that_cannot_be_one_is_found_before_the_first_write() {
    let shelf = Shelf::new();
    let publish = step(
        "widget",
        "1.0.0",
        crate::kind::cargo::tests::publish("w", &[], Settings::default()),
    );
    shelf.driver().preflight(&[&publish]).await.unwrap();
    assert!(!shelf.root().exists());
    fs::write(shelf.root(), "a file").unwrap();
    let finding = shelf.driver().preflight(&[&publish]).await.unwrap_err();
    assert!(
        finding
            .message
            .contains("the folder out of target shop cannot be used"),
        "{finding:?}"
    );
}

#[tokio::test]
async fn l5_absent_is_only_what_a_registry_or_an_empty_folder_lacks() {
    let shelf = Shelf::new();
    let seen = async || {
        shelf
            .seen("widget", &["1.0.0"], Freshness::Revalidated)
            .await
    };
    assert_eq!(seen().await, Seen::Absent, "a folder to be made");
    fs::create_dir_all(shelf.root().join(".git")).unwrap();
    assert_eq!(seen().await, Seen::Absent, "an empty folder");
    fs::write(shelf.root().join("notes.txt"), "x").unwrap();
    let Seen::Unknown { reason } = seen().await else {
        panic!("not unknown");
    };
    assert!(reason.contains("notes.txt is in it"), "{reason}");
    fs::create_dir(shelf.root().join(".relplan")).unwrap();
    assert_eq!(
        seen().await,
        Seen::Absent,
        "a registry with other things in it"
    );
    fs::remove_dir_all(shelf.root()).unwrap();
    fs::write(shelf.root(), "a file").unwrap();
    assert!(matches!(seen().await, Seen::Unknown { .. }), "a file");
}

/// D12: what stays wrong until somebody puts it right is a definite no.
#[tokio::test]
async fn a_file_where_a_folder_must_be_is_a_definite_no() {
    let made = one_of_each();
    for in_the_way in ["cargo", "npm", "python"] {
        let shelf = Shelf::new();
        fs::create_dir(shelf.root()).unwrap();
        fs::write(shelf.root().join(in_the_way), "a file").unwrap();
        let mut refused = 0;
        for made in &made {
            let outcome = shelf.put(made).await;
            refused += usize::from(matches!(outcome, Outcome::Refused { .. }));
            assert!(!matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
            let name = made.about.package.name.as_str();
            let seen = shelf.seen(name, &["1.0.0"], Freshness::Revalidated).await;
            assert_ne!(seen, Seen::Absent, "{in_the_way} {name}");
        }
        assert!(refused > 0, "{in_the_way}");
    }
}
