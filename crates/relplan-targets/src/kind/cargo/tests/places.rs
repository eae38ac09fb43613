//! Where targets are: the spec's words against every place that Cargo's configuration has.

use std::{collections::BTreeMap, fs, path::Path};

use relplan_model::{settings::Settings, target::Endpoint};
use tempfile::TempDir;

use super::target;
use crate::{
    kind::cargo::{
        configuration::Configuration,
        endpoint::{Index, resolve},
    },
    surroundings::Surroundings,
};

/// A home and a project with these configuration files.
struct Machine {
    folder: TempDir,
    vars: BTreeMap<String, String>,
}

impl Machine {
    fn new(user: &str, project: &str, vars: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(&folder.path().join("home/.cargo/config.toml"), user);
        write(&folder.path().join("work/.cargo/config.toml"), project);
        fs::create_dir_all(folder.path().join("work/inner")).unwrap();
        Self {
            folder,
            vars: vars
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn planning(&self) -> Surroundings {
        Surroundings {
            home: Some(self.folder.path().join("home")),
            project: Some(self.folder.path().join("work/inner")),
            vars: self.vars.clone(),
            ..Surroundings::default()
        }
    }

    fn applying(&self, approved: &Index) -> Surroundings {
        let endpoint = Endpoint {
            role: "index".to_owned(),
            url: approved.url.clone(),
            source: approved.source.clone(),
        };
        Surroundings {
            project: None,
            approved: BTreeMap::from([(target(), vec![endpoint])]),
            ..self.planning()
        }
    }
}

fn find(settings: &Settings, surroundings: &Surroundings) -> Result<Index, String> {
    let configuration = Configuration::read(surroundings).map_err(|error| error.to_string())?;
    resolve(&target(), settings, &configuration, surroundings).map_err(|finding| finding.message)
}

fn words(pairs: &[(&str, &str)]) -> Settings {
    pairs
        .iter()
        .fold(Settings::default(), |settings, (name, value)| {
            settings.with_text(name, *value)
        })
}

/// settings, user's file, project's file, variables, and what is found: URL, source, name, replaced, unreviewed.
type Case<'a> = (
    &'a [(&'a str, &'a str)],
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str)],
    (&'a str, &'a str, Option<&'a str>, Option<&'a str>, bool),
);

const ACME: &str = "[registries.acme]\nindex = \"sparse+https://acme.example/\"\n";
const EVIL: &str = "[registries.acme]\nindex = \"sparse+https://evil.example/\"\n";
const REPLACED: &str = "[source.crates-io]\nreplace-with = \"mid\"\n[source.mid]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+https://mirror.example\"\n";

#[test]
fn places_are_found_as_cargo_finds_them() {
    let default = tame_index::CRATES_IO_HTTP_INDEX;
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        (&[("url", "https://a.example/i")], "", "", &[], ("sparse+https://a.example/i/", "spec", None, None, true)),
        (&[("url", "sparse+https://acme.example")], ACME, "", &[], ("sparse+https://acme.example/", "spec", Some("acme"), None, false)),
        (&[("url", "https://acme.example")], "", "", &[("CARGO_REGISTRIES_ACME_INC_INDEX", "sparse+https://acme.example/")],
            ("sparse+https://acme.example/", "spec", Some("acme-inc"), None, false)),
        (&[("url", "https://acme.example")], "", ACME, &[], ("sparse+https://acme.example/", "spec", None, None, true)),
        (&[("url", "https://a.example/"), ("registry", "acme")], "", "", &[], ("sparse+https://a.example/", "spec", Some("acme"), None, true)),
        (&[("url", "https://acme.example/"), ("registry", "acme")], ACME, EVIL, &[], ("sparse+https://acme.example/", "spec", Some("acme"), None, false)),
        (&[("registry", "acme")], ACME, "", &[], ("sparse+https://acme.example/", "user Cargo configuration", Some("acme"), None, false)),
        (&[("registry", "acme")], "", EVIL, &[], ("sparse+https://evil.example/", "project .cargo/config.toml", Some("acme"), None, true)),
        (&[("registry", "acme")], ACME, ACME, &[], ("sparse+https://acme.example/", "project .cargo/config.toml", Some("acme"), None, false)),
        // The token of the user's `acme` is meant for the user's index, now and in an approved plan.
        (&[("registry", "acme")], ACME, EVIL, &[], ("sparse+https://evil.example/", "project .cargo/config.toml", None, None, true)),
        // A name that nobody configured takes no token of that name to the user's registry.
        (&[("url", "https://acme.example/"), ("registry", "other")], ACME, "", &[], ("sparse+https://acme.example/", "spec", Some("acme"), None, false)),
        (&[("registry", "other")], ACME, "[registries.other]\nindex = \"sparse+https://acme.example/\"\n", &[],
            ("sparse+https://acme.example/", "project .cargo/config.toml", Some("acme"), None, false)),
        (&[], ACME, "[registry]\ndefault = \"other\"\n[registries.other]\nindex = \"sparse+https://acme.example/\"\n", &[],
            ("sparse+https://acme.example/", "project .cargo/config.toml (registry.default other)", Some("acme"), None, false)),
        (&[("registry", "ACME")], ACME, "[registries.ACME]\nindex = \"sparse+https://evil.example/\"\n", &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml", None, None, true)),
        (&[("registry", "acme")], ACME, EVIL, &[("CARGO_REGISTRIES_ACME_INDEX", "sparse+https://var.example/")],
            ("sparse+https://var.example/", "CARGO_REGISTRIES_ACME_INDEX", Some("acme"), None, false)),
        (&[("registry", "crates-io")], REPLACED, "", &[], (default, "Cargo's own default", Some("crates-io"), None, false)),
        (&[], "", "", &[], (default, "Cargo's own default", Some("crates-io"), None, false)),
        (&[], REPLACED, "", &[], ("sparse+https://mirror.example/", "user Cargo configuration (crates-io replaced by mirror)", None, Some("mirror"), false)),
        (&[], "", REPLACED, &[], ("sparse+https://mirror.example/", "project .cargo/config.toml (crates-io replaced by mirror)", None, Some("mirror"), true)),
        (&[], &format!("{ACME}[source.crates-io]\nreplace-with = \"acme\"\n"), "", &[],
            ("sparse+https://acme.example/", "user Cargo configuration (crates-io replaced by acme)", Some("acme"), Some("acme"), false)),
        (&[], &format!("{ACME}[registry]\ndefault = \"acme\"\n"), "", &[],
            ("sparse+https://acme.example/", "user Cargo configuration (registry.default acme)", Some("acme"), None, false)),
        (&[], ACME, "[registry]\ndefault = \"acme\"\n", &[],
            ("sparse+https://acme.example/", "project .cargo/config.toml (registry.default acme)", Some("acme"), None, false)),
        // The user's own registry stays the user's, whoever chooses it; a place is the tree's if one step to it is.
        (&[], ACME, &format!("{ACME}[registry]\ndefault = \"acme\"\n"), &[],
            ("sparse+https://acme.example/", "project .cargo/config.toml (registry.default acme)", Some("acme"), None, false)),
        (&[], "[registry]\ndefault = \"acme\"\n", EVIL, &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml (registry.default acme)", Some("acme"), None, true)),
        (&[], ACME, &format!("{EVIL}[registry]\ndefault = \"acme\"\n"), &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml (registry.default acme)", None, None, true)),
        (&[], ACME, "[source.crates-io]\nreplace-with = \"acme\"\n", &[],
            ("sparse+https://acme.example/", "project .cargo/config.toml (crates-io replaced by acme)", Some("acme"), Some("acme"), false)),
        (&[], REPLACED, "[source.mirror]\nregistry = \"sparse+https://evil.example/\"\n", &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml (crates-io replaced by mirror)", None, Some("mirror"), true)),
        (&[], REPLACED, "[source.mirror]\nreplace-with = \"b\"\n[source.b]\nregistry = \"sparse+https://evil.example/\"\n", &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml (crates-io replaced by b)", None, Some("b"), true)),
        (&[], "[source.crates-io]\nreplace-with = \"acme\"\n", EVIL, &[],
            ("sparse+https://evil.example/", "project .cargo/config.toml (crates-io replaced by acme)", None, Some("acme"), true)),
        (&[], &format!("{ACME}[source.crates-io]\nreplace-with = \"acme\"\n"), "", &[("CARGO_REGISTRIES_ACME_INDEX", "sparse+https://var.example/")],
            ("sparse+https://var.example/", "CARGO_REGISTRIES_ACME_INDEX (crates-io replaced by acme)", Some("acme"), Some("acme"), false)),
        (&[], ACME, "", &[("CARGO_REGISTRY_DEFAULT", "acme")],
            ("sparse+https://acme.example/", "user Cargo configuration (registry.default acme)", Some("acme"), None, false)),
    ];
    for (settings, user, project, vars, wanted) in cases {
        let machine = Machine::new(user, project, vars);
        let settings = words(settings);
        let found = find(&settings, &machine.planning()).unwrap();
        let shown = (
            found.url.as_str(),
            found.source.as_str(),
            found.registry.as_deref(),
            found.replaced_by.as_deref(),
            found.unreviewed,
        );
        assert_eq!(shown, *wanted, "{settings:?}");
        // Without the project, what was approved stands in for its files, and everything else is found again.
        let again = find(&settings, &machine.applying(&found)).unwrap();
        assert_eq!(
            again,
            Index {
                unreviewed: false,
                ..found
            },
            "{settings:?}"
        );
    }
}

#[test]
fn places_that_cannot_be_used_are_findings() {
    for (settings, user, part) in [
        (&[("registry", "acme")][..], "", "has no registry \"acme\""),
        (
            &[("registry", "acme")],
            "[registries.acme]\nindex = \"https://git.example/index\"\n",
            "git repository",
        ),
        (
            &[("url", "ssh://git@git.example/index")],
            "",
            "\"ssh://git.example/index\" is a git repository",
        ),
        (
            &[("url", "sparse+ftp://a.example/")],
            "",
            "not the URL of a sparse index",
        ),
        (
            &[("url", "https://u:canary@a.example/")],
            "",
            "user name or password",
        ),
        (
            &[],
            "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
            "replaces crates-io by \"v\"",
        ),
        (
            &[],
            "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"crates-io\"\n",
            "circle",
        ),
        (&[], "registry = 1", "config.toml is not valid"),
        (
            &[("url", "https://evil.example/"), ("registry", "acme")],
            ACME,
            "is not the index that Cargo's configuration has",
        ),
        (
            &[("url", "http://acme.example/"), ("registry", "acme")],
            ACME,
            "is not the index that Cargo's configuration has",
        ),
        (
            &[("url", "https://evil.example/"), ("registry", "crates-io")],
            "",
            "is not the index that Cargo's configuration has",
        ),
    ] {
        let machine = Machine::new(user, "", &[]);
        let error = find(&words(settings), &machine.planning()).unwrap_err();
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn l11_a_broken_credentials_file_is_not_quoted() {
    let machine = Machine::new("", "", &[]);
    let home = machine.planning().home.unwrap();
    fs::write(
        home.join(".cargo/credentials.toml"),
        "[registry]\ntoken = canary-7f3a\n",
    )
    .unwrap();
    let error = find(&Settings::default(), &machine.planning()).unwrap_err();
    assert!(
        error.contains("credentials.toml") && !error.contains("canary"),
        "{error}"
    );
}

/// `CARGO_HOME` often lies in the tree, where CI systems cache it.
#[test]
fn l14_a_home_of_cargos_in_the_tree_is_the_projects() {
    let machine = Machine::new("", "", &[]);
    let home = machine.folder.path().join("work/inner/.cargo-home");
    fs::create_dir_all(&home).unwrap();
    fs::write(
        home.join("config.toml"),
        format!("{EVIL}token = \"canary\"\n[registry]\nglobal-credential-providers = [\"evil\"]\n"),
    )
    .unwrap();
    fs::write(
        home.join("credentials.toml"),
        "[registries.acme]\ntoken = \"canary\"\n",
    )
    .unwrap();
    let mut planning = machine.planning();
    planning
        .vars
        .insert("CARGO_HOME".to_owned(), home.to_str().unwrap().to_owned());
    let configuration = Configuration::read(&planning).unwrap();
    assert!(configuration.token("acme").is_none());
    assert_eq!(configuration.providers(Some("acme")), [["cargo:token"]]);
    let found = find(&words(&[("registry", "acme")]), &planning).unwrap();
    assert_eq!(
        (found.source.as_str(), found.unreviewed),
        ("project .cargo/config.toml", true)
    );
    let applying = Surroundings {
        project: None,
        tree: planning.project.clone(),
        ..planning
    };
    assert!(find(&words(&[("registry", "acme")]), &applying).is_err());
}

/// A file for the machine, by its path from the folder of them all on.
fn put(machine: &Machine, path: &str, text: &str) {
    let path = machine.folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Cargo reads what a configuration file includes: the file's own settings come first, then the last one included.
#[test]
fn l14_what_a_file_includes_counts_as_that_file_does() {
    let include = "include = [\"a.toml\", { path = \"b.toml\" }, { path = \"none.toml\", optional = true }]\n";
    let chosen = "[registry]\ndefault = \"acme\"\n";
    for (file, source, unreviewed, token) in [
        (
            "home/.cargo",
            "user Cargo configuration (registry.default acme)",
            false,
            true,
        ),
        (
            "work/.cargo",
            "project .cargo/config.toml (registry.default acme)",
            true,
            false,
        ),
    ] {
        let machine = Machine::new("", "", &[]);
        put(
            &machine,
            &format!("{file}/config.toml"),
            &format!("{include}{chosen}"),
        );
        put(
            &machine,
            &format!("{file}/a.toml"),
            &format!("[registry]\ndefault = \"a\"\n{EVIL}token = \"canary\"\n"),
        );
        put(
            &machine,
            &format!("{file}/b.toml"),
            &format!("include = [\"sub/c.toml\"]\n{ACME}"),
        );
        put(
            &machine,
            &format!("{file}/sub/c.toml"),
            "[registry]\nglobal-credential-providers = [\"one\"]\n",
        );
        let planning = machine.planning();
        let found = find(&Settings::default(), &planning).unwrap();
        assert_eq!(
            (found.url.as_str(), found.source.as_str(), found.unreviewed),
            ("sparse+https://acme.example/", source, unreviewed)
        );
        let configuration = Configuration::read(&planning).unwrap();
        assert_eq!(configuration.token("acme").is_some(), token, "{file}");
        let first = configuration.providers(Some("acme")).remove(0);
        assert_eq!(first == ["one"], token, "{file}");
    }
}

#[test]
fn l14_what_may_not_be_included_is_a_finding() {
    for (file, included, part) in [
        (
            "work/inner/.cargo",
            "[\"../../../home/canary.toml\"]",
            "leads out of the project",
        ),
        (
            "work/inner/.cargo",
            "[\"/etc/x.toml\"]",
            "leads out of the project",
        ),
        (
            "work/inner/.cargo",
            "[\"link.toml\"]",
            "leads out of the project",
        ),
        ("work/inner/.cargo", "[\"none.toml\"]", "which is not there"),
        ("work/inner/.cargo", "[\"config.toml\"]", "included already"),
        (
            "work/inner/.cargo",
            "[\"config\"]",
            "does not end with .toml",
        ),
        (
            "work/inner/.cargo",
            "\"a.toml\"",
            "config.toml is not valid",
        ),
        (
            "home/.cargo",
            "[\"../../work/inner/x.toml\"]",
            "leads into the project",
        ),
    ] {
        let machine = Machine::new("", "", &[]);
        put(&machine, "home/canary.toml", "canary-7f3a");
        put(&machine, "work/inner/x.toml", "");
        put(
            &machine,
            &format!("{file}/config.toml"),
            &format!("include = {included}\n"),
        );
        std::os::unix::fs::symlink(
            machine.folder.path().join("home/canary.toml"),
            machine.folder.path().join(file).join("link.toml"),
        )
        .unwrap();
        let error = find(&Settings::default(), &machine.planning()).unwrap_err();
        assert!(
            error.contains(part) && !error.contains("canary-"),
            "{included}: {error}"
        );
    }
}

/// A submodule's own repository is the nearest one, and a pull request changes the one around it as well.
#[test]
fn l14_above_a_submodule_no_link_leads_out_of_the_whole_checkout() {
    let machine = Machine::new("", "", &[]);
    put(&machine, "work/.git/HEAD", "");
    put(
        &machine,
        "work/inner/.git",
        "gitdir: ../.git/modules/inner\n",
    );
    put(&machine, "home/canary.toml", "canary-7f3a");
    let config = machine.folder.path().join("work/.cargo/config.toml");
    fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink(machine.folder.path().join("home/canary.toml"), &config).unwrap();
    let planning = machine.planning();
    let error = Configuration::read(&planning).unwrap_err();
    let error = crate::http::reason(&error);
    assert!(error.contains("leads out of the project"), "{error}");
    // Within the checkout a link may lead anywhere.
    put(&machine, "work/shared/cargo.toml", ACME);
    fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("../shared/cargo.toml", &config).unwrap();
    assert!(find(&words(&[("registry", "acme")]), &planning).is_ok());
}
