//! The kinds of target under test, each with the real server that it speaks to.

use std::{collections::BTreeMap, path::PathBuf};

use relplan_model::settings::Settings;
use relplan_testkit::{
    proxy::{Proxy, Reply},
    servers::{Bench, PASSWORD, USER},
};
use tempfile::TempDir;

use crate::{
    made,
    subject::{Place, Subject},
};

/// A secret for a registry that takes any.
const CARGO_TOKEN: &str = "canary-cargo-51c0ffee7be9";

fn vars(vars: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    vars.iter().map(owned).collect()
}

fn not_found() -> &'static Reply {
    let json = [("content-type", "application/json")];
    Reply::new(404, &json, r#"{"error":"Not found"}"#)
}

/// Every kind, on the servers of a bench.
pub fn all(bench: &Bench) -> Vec<Subject> {
    vec![
        npm(&bench.npm, &bench.npm_token),
        cargo(&bench.cargo),
        pypi(&bench.pypi),
        directory(),
    ]
}

pub fn npm(proxy: &Proxy, token: &str) -> Subject {
    Subject {
        kind: "npm",
        ecosystem: "npm",
        artifact_kind: "npm-tarball",
        settings: Settings::default()
            .with_text("url", format!("{}/", proxy.url()))
            .with_text("token-env", "RELPLAN_TOKEN_NPM"),
        place: Place::Served(proxy.clone()),
        credential: vars(&[("RELPLAN_TOKEN_NPM", token)]),
        upload: ("PUT", ""),
        absent: not_found(),
        make: made::npm_tarball,
        folder: TempDir::new().unwrap(),
        flaw: None,
        suffix: String::new(),
    }
}

pub fn cargo(proxy: &Proxy) -> Subject {
    Subject {
        kind: "cargo",
        ecosystem: "cargo",
        artifact_kind: "crate",
        settings: Settings::default()
            .with_text("url", format!("sparse+{}/", proxy.url()))
            .with_text("token-env", "RELPLAN_TOKEN_CARGO"),
        place: Place::Served(proxy.clone()),
        credential: vars(&[("RELPLAN_TOKEN_CARGO", CARGO_TOKEN)]),
        upload: ("PUT", "/api/v1/crates/new"),
        absent: not_found(),
        make: made::crate_file,
        folder: TempDir::new().unwrap(),
        flaw: None,
        suffix: String::new(),
    }
}

fn pypi(proxy: &Proxy) -> Subject {
    let html = [("content-type", "text/html")];
    Subject {
        kind: "pypi",
        ecosystem: "python",
        artifact_kind: "wheel",
        settings: Settings::default()
            .with_text("url", format!("{}/", proxy.url()))
            .with_text("read-url", format!("{}/simple/", proxy.url()))
            .with_text("username-env", "RELPLAN_TOKEN_USER")
            .with_text("password-env", "RELPLAN_TOKEN_PASSWORD"),
        place: Place::Served(proxy.clone()),
        credential: vars(&[
            ("RELPLAN_TOKEN_USER", USER),
            ("RELPLAN_TOKEN_PASSWORD", PASSWORD),
        ]),
        upload: ("POST", ""),
        absent: Reply::new(404, &html, "<html><h1>404 Not Found</h1></html>"),
        make: made::wheel,
        folder: TempDir::new().unwrap(),
        flaw: None,
        suffix: String::new(),
    }
}

/// The folder's crates: the other ecosystems in it have tests beside the driver.
fn directory() -> Subject {
    let folder = TempDir::new().unwrap();
    Subject {
        kind: "directory",
        ecosystem: "cargo",
        artifact_kind: "crate",
        settings: Settings::default().with_text("path", "out"),
        place: Place::Folder(folder.path().join("tree/out")),
        credential: BTreeMap::new(),
        upload: ("", ""),
        absent: not_found(),
        make: made::crate_file,
        folder,
        flaw: None,
        suffix: String::new(),
    }
}

/// The document of a crate in a folder registry.
pub fn document(root: &std::path::Path, name: &str) -> PathBuf {
    let (one, two) = (&name[..2], &name[2..4]);
    root.join("cargo/index").join(one).join(two).join(name)
}
