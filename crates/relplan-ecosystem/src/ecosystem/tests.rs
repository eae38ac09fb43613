//! Which names and versions are one, and in which order versions come, by each ecosystem's own word.

use relplan_model::address::PackageName;

use super::*;

fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

#[test]
fn each_word_stands_for_one_ecosystem() {
    for one in Ecosystem::ALL {
        assert_eq!(Ecosystem::named(one.word()), Some(one));
        assert!(!one.marks().is_empty() && !one.packers().is_empty());
    }
    assert_eq!(Ecosystem::named("rubygems"), None);
    assert_eq!(Ecosystem::listed("and"), "cargo, npm and python");
}

#[test]
fn l17_names_are_compared_as_their_ecosystem_compares_them() {
    #[rustfmt::skip]
    let cases = [
        // ecosystem, one, other, the same package, one name to a registry
        (Ecosystem::Cargo, "foo-bar", "foo_bar", false, true),
        (Ecosystem::Cargo, "Foo", "foo", false, true),
        (Ecosystem::Cargo, "foo", "foo", true, true),
        (Ecosystem::Npm, "@acme/a-b", "@acme/a_b", false, false),
        (Ecosystem::Npm, "JSONStream", "jsonstream", false, false),
        (Ecosystem::Python, "Acme.Tools", "acme--tools", true, true),
        (Ecosystem::Python, "acme", "acme2", false, false),
    ];
    for (ecosystem, one, other, same, registry) in cases {
        assert_eq!(ecosystem.same_name(one, other), same, "{one} {other}");
        let keys = ecosystem.registry_key(one) == ecosystem.registry_key(other);
        assert_eq!(keys, registry, "{one} {other}");
    }
}

/// A10, B10: PEP 440 and Semantic Versioning say which versions are one, and registries which they take for one.
#[test]
fn l17_versions_are_compared_as_their_ecosystem_compares_them() {
    #[rustfmt::skip]
    let cases = [
        // ecosystem, one, other, the same version, one slot
        (Ecosystem::Cargo, "0.4.9+sdl-3.2.11", "0.4.9+sdl-3.2.10", false, true),
        (Ecosystem::Cargo, "1.0.0", "1.0.0+a", false, true),
        (Ecosystem::Cargo, "1.0.0-rc.1", "1.0.0", false, false),
        (Ecosystem::Npm, "1.0.0+a", "1.0.0", false, true),
        (Ecosystem::Npm, "1.0", "1.0.0", false, false),
        (Ecosystem::Python, "2026.02.09", "2026.2.9", true, true),
        (Ecosystem::Python, "1.0.dev", "1.0.dev0", true, true),
        (Ecosystem::Python, "1.0-rc1", "1.0rc1", true, true),
        (Ecosystem::Python, "1.0", "1.0.0", true, true),
        (Ecosystem::Python, "1.0", "1.0+local", false, false),
        (Ecosystem::Python, "not one", "not one", true, true),
    ];
    for (ecosystem, one, other, same, slot) in cases {
        assert_eq!(ecosystem.same_version(one, other), same, "{one} {other}");
        assert_eq!(ecosystem.one_slot(one, other), slot, "{one} {other}");
    }
}

#[test]
fn l17_versions_come_in_their_ecosystem_s_order() {
    for (ecosystem, given, order, prereleases) in [
        (
            Ecosystem::Cargo,
            "1.10.0 1.9.0 1.10.0-rc.1 x 1.9.0",
            "1.9.0 1.10.0-rc.1 1.10.0",
            "1.10.0-rc.1",
        ),
        (
            Ecosystem::Python,
            "1.10 1.9.0 2.0.dev1 1.9 1.10rc1",
            "1.9 1.9.0 1.10rc1 1.10 2.0.dev1",
            "1.10rc1 2.0.dev1",
        ),
    ] {
        let given: Vec<Version> = given.split(' ').map(version).collect();
        let (found, pre) = ecosystem.order(given.iter());
        let words = |all: &[Version]| {
            all.iter()
                .map(Version::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            (words(&found).as_str(), words(&pre).as_str()),
            (order, prereleases)
        );
    }
}

#[test]
fn requirements_are_read_by_each_ecosystem_s_one_reader() {
    for (ecosystem, requirement, version, admitted) in [
        (Ecosystem::Cargo, "1.2", "1.9.0", Some(true)),
        (Ecosystem::Cargo, "=1.2.3", "1.2.4", Some(false)),
        (Ecosystem::Npm, "<=1.2", "1.2.5", Some(true)),
        (Ecosystem::Npm, "latest", "1.2.5", None),
        (Ecosystem::Python, "==0.1.0", "0.2.0", Some(false)),
    ] {
        assert_eq!(
            ecosystem.admits(requirement, version),
            admitted,
            "{requirement}"
        );
    }
}

#[test]
fn l17_what_nobody_knows_is_compared_as_text() {
    let word = Word::new("simulated").unwrap();
    assert!(!same_version(&word, &version("1.0"), &version("1.0.0")));
    assert!(!takes_slot(&word, &version("1.0.0+a"), &version("1.0.0+b")));
    let package = PackageId {
        ecosystem: word,
        name: PackageName::new("a").unwrap(),
    };
    assert!(same_file(&package, "a-1.0.tar.gz", "a-1.0.tar.gz"));
    assert!(!same_file(&package, "a-1.0.tar.gz", "a-1.0.0.tar.gz"));
}
