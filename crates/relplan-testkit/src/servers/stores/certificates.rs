//! Certificates for servers on loopback, of an authority of the test's own, made by OpenSSL's program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::super::{BenchError, install::run};

/// A server's certificate with its key, and the authority that signed it.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, PEM.
    pub chain: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authority's certificate, PEM.
    pub authority: PathBuf,
}

/// A new authority in a folder, and a certificate of it for a host's name.
///
/// # Errors
/// When OpenSSL fails.
pub fn certificate(folder: &Path, name: &str) -> Result<Certificate, BenchError> {
    fs::create_dir_all(folder).map_err(|source| BenchError::Io {
        what: "making a folder for certificates".to_owned(),
        source,
    })?;
    let made = Certificate {
        chain: folder.join("chain.pem"),
        key: folder.join("key.pem"),
        authority: folder.join("authority.pem"),
    };
    let authority_key = folder.join("authority-key.pem");
    let new = |key: &Path, certificate: &Path, subject: &str, extensions: &[String]| {
        let mut command = Command::new("openssl");
        command
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject])
            .arg("-keyout")
            .arg(key)
            .arg("-out")
            .arg(certificate);
        for extension in extensions {
            command.args(["-addext", extension]);
        }
        command
    };
    let of_authority = ["keyUsage=critical,keyCertSign".to_owned()];
    run(&mut new(
        &authority_key,
        &made.authority,
        &format!("/CN=the authority of {}", folder_name(folder)),
        &of_authority,
    ))?;
    let of_server = [
        "basicConstraints=critical,CA:FALSE".to_owned(),
        format!("subjectAltName=DNS:{name}"),
    ];
    let mut signed = new(&made.key, &made.chain, "/CN=the test's server", &of_server);
    signed.arg("-CA").arg(&made.authority);
    signed.arg("-CAkey").arg(&authority_key);
    run(&mut signed)?;
    Ok(made)
}

/// Authorities are told apart by their names.
fn folder_name(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
