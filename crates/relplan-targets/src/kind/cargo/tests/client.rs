//! What relplan tells a registry, against what the real cargo tells it about the same crate.

use std::{
    fs,
    io::Cursor,
    sync::{Arc, Mutex},
};

use relplan_ecosystem::cargo::CratePackage;
use serde_json::Value;

use super::{real_cargo, run};
use crate::{
    http::server::{Reply, Server},
    kind::cargo::frame::{self, Registries},
};

const MANIFEST: &str = r##"
[package]
name = "tricky"
version = "1.2.3"
edition = "2021"
authors = ["A. Person <a@acme.example>"]
description = "Has it all"
documentation = "https://docs.acme.example"
homepage = "https://acme.example"
repository = "https://git.acme.example/tricky"
readme = "docs/read.me"
keywords = ["one", "two"]
categories = ["development-tools"]
license = "MIT OR Apache-2.0"
rust-version = "1.70"
links = "z"
build = "build.rs"

[badges]
maintenance = { status = "experimental" }

[dependencies]
plain = "0.1"
renamed = { package = "original", version = ">=1, <3", optional = true, default-features = false, features = ["std"] }
sibling = { path = "sibling", version = "1.0", registry = "bench" }
there = { version = "=1.0.0", registry = "bench" }

[dev-dependencies]
tester = "3"
sibling = { path = "sibling" }

[build-dependencies]
cc = { version = "1", features = ["parallel"] }

[target.'cfg(windows)'.dependencies]
win = "0.5.1"

[target.x86_64-unknown-linux-gnu.build-dependencies]
nix = { version = "~0.2", default-features = false }

[features]
default = ["extra"]
extra = ["dep:renamed", "renamed?/std"]
"##;

/// Index lines of what the crate depends on, by the last part of the path.
fn dependency_line(target: &str, published: bool) -> Option<String> {
    let name = target.rsplit('/').next()?;
    let version = match name {
        "plain" => "0.1.4",
        "original" => "2.1.0",
        "there" | "sibling" => "1.0.0",
        "tester" => "3.0.0",
        "cc" => "1.0.9",
        "win" => "0.5.1",
        "nix" => "0.2.0",
        "tricky" if published => "1.2.3",
        _ => return None,
    };
    let features = r#"{"std":[],"parallel":[]}"#;
    let cksum = "0".repeat(64);
    Some(format!(
        r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{cksum}","features":{features},"yanked":false}}"#
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_request_says_what_the_real_cargo_says() {
    let base = Arc::new(Mutex::new(String::new()));
    let uploaded = Arc::new(Mutex::new(Vec::new()));
    let (root, taken) = (Arc::clone(&base), Arc::clone(&uploaded));
    let server = Server::start(move |request| {
        if request.method == "PUT" {
            *taken.lock().unwrap() = request.body.clone();
            return Reply::new(200, "{}");
        }
        if request.target.ends_with("config.json") {
            let root = root.lock().unwrap().clone();
            return Reply::new(200, format!(r#"{{"dl":"{root}dl","api":"{root}"}}"#));
        }
        match dependency_line(&request.target, !taken.lock().unwrap().is_empty()) {
            Some(line) => Reply::new(200, line),
            None => Reply::new(404, ""),
        }
    })
    .await;
    let url = server.url.to_string();
    url.trim_end_matches('/')
        .clone_into(&mut base.lock().unwrap());
    let folder = tempfile::TempDir::new().unwrap();
    let home = folder.path();
    let write = |path: &str, text: &str| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        ".cargo/config.toml",
        &format!(
            "[registries.bench]\nindex = \"sparse+{url}bench/\"\n[source.crates-io]\nreplace-with = \"mirror\"\n\
             [source.mirror]\nregistry = \"sparse+{url}mirror/\"\n"
        ),
    );
    write("tricky/Cargo.toml", MANIFEST);
    write("tricky/docs/read.me", "# Tricky\n\nVery.\n");
    write("tricky/src/lib.rs", "");
    write("tricky/build.rs", "fn main() {}");
    write(
        "tricky/sibling/Cargo.toml",
        "[package]\nname = \"sibling\"\nversion = \"1.0.0\"\n",
    );
    write("tricky/sibling/src/lib.rs", "");
    let mut cargo = real_cargo(home);
    cargo
        .args([
            "publish",
            "--no-verify",
            "--allow-dirty",
            "--registry",
            "bench",
        ])
        .env("CARGO_REGISTRIES_BENCH_TOKEN", "t")
        .current_dir(home.join("tricky"));
    tokio::task::spawn_blocking(move || run(&mut cargo))
        .await
        .unwrap();

    let body = uploaded.lock().unwrap().clone();
    let (length, rest) = body.split_first_chunk::<4>().unwrap();
    let (json, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
    let (length, file) = rest.split_first_chunk::<4>().unwrap();
    assert_eq!(u32::from_le_bytes(*length) as usize, file.len());

    let mut packed = Cursor::new(file.to_vec());
    let package = CratePackage::read(&mut packed).unwrap();
    let readme = package.readme(&mut packed).unwrap();
    let registries = Registries {
        own_index: &format!("sparse+{url}bench/"),
        own_is_crates_io: false,
        crates_io: tame_index::CRATES_IO_INDEX,
        siblings: &[],
    };
    let ours = frame::metadata(&package.manifest, readme.as_deref(), &registries).unwrap();
    assert_eq!(members(&ours), members(json));
    // The frame around it is the same to the byte.
    let preamble = frame::preamble(json, file.len() as u64).unwrap();
    assert_eq!([&preamble, file].concat(), body);
}

/// The document with `null` for what is left out, and dependencies in an order of their own.
fn members(json: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(json).unwrap();
    value
        .as_object_mut()
        .unwrap()
        .retain(|_, member| !member.is_null());
    let deps = value.get_mut("deps").unwrap().as_array_mut().unwrap();
    for dependency in deps.iter_mut() {
        dependency
            .as_object_mut()
            .unwrap()
            .retain(|_, member| !member.is_null());
    }
    deps.sort_by_key(ToString::to_string);
    value
}
