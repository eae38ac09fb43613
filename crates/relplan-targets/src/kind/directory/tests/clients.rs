//! The ecosystems' own clients install what the driver published. They see nothing of this machine's configuration and
//! reach nothing but loopback and the folder.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use relplan_model::{port::Outcome, settings::Settings, step::Effect};
use tempfile::TempDir;

use super::{Made, Shelf, a_crate, a_tarball, a_wheel, an_sdist};
use crate::kind::cargo::tests::{perform, real_cargo, run, step};

/// A static web server that shows a folder; it ends with the test.
struct Web {
    child: Child,
    url: String,
}

impl Web {
    fn serve(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut child = Command::new(python())
            .args([
                "-u",
                "-m",
                "http.server",
                "0",
                "--bind",
                "127.0.0.1",
                "--directory",
            ])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It says "Serving HTTP on 127.0.0.1 port 8000 (http://127.0.0.1:8000/) ..." once it listens.
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (_, rest) = line.split_once('(').unwrap();
        let (url, _) = rest.split_once(')').unwrap();
        Self {
            url: url.to_owned(),
            child,
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter itself: what is on the path may be a wrapper that needs the environment.
fn python() -> PathBuf {
    let mut command = Command::new("python3");
    PathBuf::from(run(command.args(["-c", "import sys; print(sys.executable)"])).trim())
}

/// A client with nothing but a path and an empty home.
fn client(program: impl AsRef<std::ffi::OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .current_dir(home);
    command
}

async fn fill(shelf: &Shelf, all: &[(Made, &[&str])]) {
    for (made, siblings) in all {
        let outcome = shelf.put_as(made, siblings, Settings::default()).await;
        assert_eq!(outcome, Outcome::Accepted);
    }
}

fn crates() -> [(Made, &'static [&'static str]); 3] {
    [
        (
            a_crate("shelf-base", "1.0.0", "[features]\nfast = []\n"),
            &[],
        ),
        (
            a_crate("shelf-base", "1.1.0", "[features]\nfast = []\n"),
            &[],
        ),
        (
            a_crate(
                "shelf-top",
                "2.0.0",
                "[dependencies.base]\nversion = \"1\"\npackage = \"shelf-base\"\noptional = true\n\
                 [features]\ndefault = [\"fast\"]\nfast = [\"dep:base\", \"base?/fast\"]\n",
            ),
            &["shelf-base"],
        ),
    ]
}

/// Builds a program that uses the crates, with this configuration of Cargo, and gives its lock file.
fn build_with(home: &Path, config: &str, dependency: &str) -> String {
    let write = |path: &str, text: &str| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".cargo/config.toml", config);
    write(
        "app/Cargo.toml",
        &format!(
            "[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[dependencies]\n{dependency}\n"
        ),
    );
    write(
        "app/src/main.rs",
        "fn main() { println!(\"top {}\", shelf_top::V); }",
    );
    let output = run(real_cargo(home)
        .args(["run", "--quiet"])
        .current_dir(home.join("app")));
    assert!(output.contains("top 2.0.0"), "{output}");
    fs::read_to_string(home.join("app/Cargo.lock")).unwrap()
}

#[tokio::test]
async fn cargo_builds_from_the_folder_without_a_server() {
    let shelf = Shelf::new();
    fill(&shelf, &crates()).await;
    let yank = step(
        "shelf-base",
        "1.1.0",
        Effect::Yank {
            reason: String::new(),
        },
    );
    assert_eq!(perform(&*shelf.driver(), &yank).await, Outcome::Accepted);
    let home = TempDir::new().unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"shelf\"\n[source.shelf]\nlocal-registry = {:?}\n",
        shelf.root().join("cargo")
    );
    let lock = build_with(home.path(), &config, "shelf-top = \"2\"");
    assert!(
        lock.contains("name = \"shelf-base\"\nversion = \"1.0.0\""),
        "{lock}"
    );
}

#[tokio::test]
async fn cargo_builds_from_the_folder_as_a_sparse_registry() {
    let mut shelf = Shelf::new();
    let web = Web::serve(&shelf.root());
    shelf.settings = shelf.settings.with_text("base-url", &web.url);
    fill(&shelf, &crates()).await;
    let home = TempDir::new().unwrap();
    let config = format!(
        "[registries.shelf]\nindex = \"sparse+{}cargo/index/\"\n",
        web.url
    );
    let dependency = "shelf-top = { version = \"2\", registry = \"shelf\" }";
    let lock = build_with(home.path(), &config, dependency);
    assert!(
        lock.contains("name = \"shelf-base\"\nversion = \"1.1.0\""),
        "{lock}"
    );
}

#[tokio::test]
async fn npm_installs_from_the_folder() {
    let mut shelf = Shelf::new();
    let web = Web::serve(&shelf.root());
    shelf.settings = shelf.settings.with_text("base-url", &web.url);
    fill(
        &shelf,
        &[
            (a_tarball("acme-base", "1.0.0", ""), &[]),
            (a_tarball("acme-base", "1.2.0", ""), &[]),
            (a_tarball("acme-base", "2.0.0-rc.1", ""), &[]),
            // Its file has the name of the other's: acme-base-1.2.0.tgz.
            (
                a_tarball(
                    "@acme/base",
                    "1.2.0",
                    r#","bin":"index.js","dependencies":{"acme-base":"^1.0.0"}"#,
                ),
                &[],
            ),
        ],
    )
    .await;
    let home = TempDir::new().unwrap();
    fs::write(
        home.path().join("package.json"),
        r#"{"name":"app","version":"0.0.0"}"#,
    )
    .unwrap();
    let registry = format!("{}npm/", web.url);
    let npm = || {
        let mut npm = client("npm", home.path());
        npm.env("npm_config_registry", &registry)
            .env("npm_config_cache", home.path().join("cache"))
            .env("npm_config_update_notifier", "false");
        npm
    };
    run(npm().args([
        "install",
        "--no-audit",
        "--no-fund",
        "@acme/base",
        "acme-base",
    ]));
    let installed =
        |path: &str| fs::read_to_string(home.path().join("node_modules").join(path)).unwrap();
    assert!(installed("@acme/base/index.js").contains("@acme/base 1.2.0"));
    assert!(installed("acme-base/index.js").contains("acme-base 1.2.0"));
    assert!(home.path().join("node_modules/.bin/base").exists());
    let lock = fs::read_to_string(home.path().join("package-lock.json")).unwrap();
    assert!(
        lock.contains(&format!(
            "{}npm-tarballs/@acme/base/acme-base-1.2.0.tgz",
            web.url
        )),
        "{lock}"
    );
    assert!(lock.contains("\"integrity\": \"sha512-"), "{lock}");
}

#[tokio::test]
async fn pip_installs_from_the_folder_with_and_without_a_server() {
    let shelf = Shelf::new();
    fill(
        &shelf,
        &[
            (a_wheel("acme-base", "1.0", "Requires-Python: >=3.6\n"), &[]),
            (a_wheel("acme-base", "1.1+local.1", ""), &[]),
            (a_wheel("acme-base", "1.2", ""), &[]),
            (a_wheel("acme-base", "1.3", "Requires-Python: <3\n"), &[]),
            (an_sdist("acme-base", "1.0"), &[]),
            (
                a_wheel("Acme.Top", "2.0", "Requires-Dist: acme_base>=1\n"),
                &[],
            ),
        ],
    )
    .await;
    let yank = step(
        "acme-base",
        "1.2",
        Effect::Yank {
            reason: "say \"no\" & <go>".to_owned(),
        },
    );
    assert_eq!(perform(&*shelf.driver(), &yank).await, Outcome::Accepted);
    let web = Web::serve(&shelf.root());
    let folder = url::Url::from_directory_path(shelf.root()).unwrap();
    for base in [folder.as_str(), web.url.as_str()] {
        let home = TempDir::new().unwrap();
        let installed = home.path().join("installed");
        let mut pip = client(python(), home.path());
        pip.args([
            "-m",
            "pip",
            "install",
            "--isolated",
            "--no-cache-dir",
            "--disable-pip-version-check",
        ])
        .args([
            "--no-warn-script-location",
            "--index-url",
            &format!("{base}python/simple/"),
        ])
        .arg("--target")
        .arg(&installed)
        .arg("acme-top");
        run(&mut pip);
        // 1.3 is for another Python, 1.2 is yanked.
        let base = fs::read_to_string(installed.join("acme_base/__init__.py")).unwrap();
        assert_eq!(base, "V = '1.1+local.1'\n");
        assert!(installed.join("acme_top/__init__.py").exists());
    }
    let page = fs::read_to_string(shelf.root().join("python/simple/acme-base/index.html")).unwrap();
    assert!(
        page.contains("data-yanked=\"say &quot;no&quot; &amp; &lt;go&gt;\""),
        "{page}"
    );
    assert!(
        page.contains("data-requires-python=\"&gt;=3.8, &lt;4\""),
        "{page}"
    );
    let root = fs::read_to_string(shelf.root().join("python/simple/index.html")).unwrap();
    assert!(
        root.contains("<a href=\"acme-base/\">acme-base</a>") && root.contains("acme-top"),
        "{root}"
    );
}
