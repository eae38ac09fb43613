//! Cargo's configuration in the tree and the user's: replacements, defaults and included files.

use super::{CANARY, Hostile, LOOKING, folded, sink::Sink};

/// A replacement of crates.io that the user configured, as most company mirrors are, and the tree leads it elsewhere:
/// each step of the way counts, not the first alone.
#[test]
fn s4_l14_the_tree_does_not_turn_the_users_mirror_to_another_host() {
    let user = "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+https://good.example/\"\n[registry]\nglobal-credential-providers = [\"cargo:token-from-stdout cat CANARY\"]\n";
    for (what, tree) in [
        (
            "the mirror's URL",
            "[source.mirror]\nregistry = \"sparse+URL/\"\n",
        ),
        (
            "a replacement of the mirror",
            "[source.mirror]\nreplace-with = \"b\"\n[source.b]\nregistry = \"sparse+URL/\"\n",
        ),
        (
            "a registry of the project's instead of the mirror",
            "[source.mirror]\nreplace-with = \"b\"\n[registries.b]\nindex = \"sparse+URL/\"\n",
        ),
    ] {
        for variable in ["", " token-env=\"RELPLAN_TOKEN_EVIL\""] {
            let sink = Sink::closed();
            let hostile = Hostile::new(&format!("target \"cargo\" kind=\"cargo\"{variable}"));
            hostile.project(".cargo/config.toml", &tree.replace("URL", &sink.url()));
            hostile.home("canary", CANARY);
            let canary = hostile.environment.home().join("canary");
            hostile.home(
                ".cargo/config.toml",
                &user.replace("CANARY", &canary.display().to_string()),
            );
            for arguments in LOOKING {
                let session = hostile.relplan(arguments);
                let said = format!("{}{}", session.stdout, session.stderr);
                assert!(
                    !said.contains("user Cargo configuration (crates-io"),
                    "{said}"
                );
            }
            assert!(!sink.requests().is_empty(), "{what}: it was asked");
            assert_eq!(sink.authorizations(), [""; 0], "{what}{variable}");
            assert!(!sink.has_seen("canary"), "{what}{variable}");
        }
    }
}

/// The tree chooses among the user's registries; the one that it chooses is still the user's own.
#[test]
fn l14_a_registry_of_the_users_that_the_tree_chooses_gets_its_token() {
    for tree in [
        "[registry]\ndefault = \"acme\"\n",
        "[source.crates-io]\nreplace-with = \"acme\"\n",
    ] {
        let sink = Sink::closed();
        let hostile = Hostile::new("target \"cargo\" kind=\"cargo\"");
        hostile.project(".cargo/config.toml", tree);
        hostile.home(
            ".cargo/config.toml",
            &format!("[registries.acme]\nindex = \"sparse+{}/\"\n", sink.url()),
        );
        let session = hostile.relplan(&["plan"]);
        let sent = sink.authorizations();
        assert!(
            !sent.is_empty() && sent.iter().all(|one| one == CANARY),
            "{tree}: {sent:?}"
        );
        assert!(
            !folded(&session.stdout).contains("only the tree names"),
            "{session}"
        );
    }
}

/// A user's configuration may be spread over several files, as Cargo lets it.
#[test]
fn l14_a_file_that_the_users_configuration_includes_is_the_users() {
    let sink = Sink::closed();
    let hostile = Hostile::new("target \"cargo\" kind=\"cargo\" registry=\"work\"");
    hostile.home(".cargo/config.toml", "include = [\"work.toml\"]\n");
    hostile.home(
        ".cargo/work.toml",
        &format!(
            "[registries.work]\nindex = \"sparse+{}/\"\ntoken = \"{CANARY}\"\n",
            sink.url()
        ),
    );
    hostile.relplan(&["plan"]);
    let sent = sink.authorizations();
    assert!(
        !sent.is_empty() && sent.iter().all(|one| one == CANARY),
        "{sent:?}"
    );
}

/// A tree that includes a file of the user's learns nothing of it, and neither does who reads the job's log.
#[test]
fn l11_l14_the_projects_cargo_configuration_includes_nothing_outside_the_project() {
    for include in ["../../home/secret.toml", "link.toml"] {
        let sink = Sink::closed();
        let hostile = Hostile::new("target \"cargo\" kind=\"cargo\" registry=\"evil\"");
        let url = sink.url();
        hostile.home(
            "secret.toml",
            &format!("[registries.evil]\nindex = \"sparse+{url}/{CANARY}/\"\n"),
        );
        hostile.project(
            ".cargo/config.toml",
            &format!("include = [\"{include}\"]\n"),
        );
        let link = hostile.environment.project().join(".cargo/link.toml");
        std::os::unix::fs::symlink("../../home/secret.toml", &link).unwrap();
        let session = hostile.environment.relplan_session(&["plan"]).unwrap();
        let said = folded(&format!("{session}"));
        assert!(said.contains("leads out of the project"), "{said}");
        assert!(!said.contains("canary"), "{said}");
        assert!(sink.requests().is_empty(), "{include}");
    }
}

/// S1: a credential program of the user's runs in an empty folder: many load code, or read files, where they start.
#[test]
fn l14_a_credential_program_of_the_users_does_not_start_in_the_tree() {
    let sink = Sink::closed();
    let hostile = Hostile::new("target \"cargo\" kind=\"cargo\" registry=\"own\"");
    hostile.project("keyring.txt", "read-from-the-tree");
    let provider = format!(
        "[registries.own]\nindex = \"sparse+{}/\"\ncredential-provider = \"cargo:token-from-stdout cat keyring.txt\"\n",
        sink.url()
    );
    hostile.home(".cargo/config.toml", &provider);
    hostile.relplan(&["plan"]);
    assert!(!sink.requests().is_empty(), "the index is asked");
    assert!(!sink.has_seen("read-from-the-tree"));
}
