//! Signing through stock `ssh-keygen -Y sign`: agents, passphrases, security keys and their PINs are its business.
//!
//! Invariant: no private key is ever opened here. Of the key's file only the public half beside it is read.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use relplan_approval::{
    Key, Presence,
    policy::{Person, Policy},
    record::verify_signature,
};
use relplan_system::tree;

use crate::{exit::Exit, failure::Failure, terminal::Terminal};

/// The longest public key file that is read, in bytes.
const MAX_KEY: u64 = 16 << 10;

/// Has a text signed, and makes sure that the signature is one that counts here.
pub fn sign(
    key: &Path,
    namespace: &'static str,
    text: &str,
    terminal: Terminal,
) -> Result<(String, Key, Presence), Failure> {
    let failed = |error: std::io::Error| {
        Failure::of(Exit::Internal, &error).while_doing("cannot prepare the text to be signed")
    };
    let folder = tempfile::Builder::new()
        .prefix("relplan-sign-")
        .tempdir()
        .map_err(failed)?;
    // As a file: without a terminal ssh-keygen reads a security key's PIN from where the text would come.
    let file = folder.path().join("statement");
    std::fs::write(&file, text).map_err(failed)?;
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-Y", "sign", "-O", "hashalg=sha512", "-n", namespace, "-f"])
        .arg(key)
        .arg(&file)
        .stdout(Stdio::null());
    if terminal.interactive {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
    }
    let output = command.output().map_err(|error| {
        Failure::of(Exit::Credential, &error)
            .while_doing("cannot run ssh-keygen, which signs")
            .hint("install OpenSSH's client programs, 8.2 or later")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let failure = Failure::new(Exit::Credential, "ssh-keygen did not sign");
        let failure = if said.is_empty() {
            failure
        } else {
            Failure {
                chain: vec![failure.message(), said.to_owned()],
                ..failure
            }
        };
        return Err(failure.hint(format!(
            "nothing was written; is {} the key, or the public half of one that your agent holds?",
            key.display()
        )));
    }
    let armour = std::fs::read_to_string(file.with_extension("sig")).map_err(failed)?;
    let (signed_by, presence) =
        verify_signature(namespace, text.as_bytes(), &armour).map_err(|error| {
            Failure::of(Exit::Credential, &error)
                .while_doing("what ssh-keygen signed would not count")
        })?;
    Ok((armour, signed_by, presence))
}

/// The public half of a key: the file itself if it is one, else the file beside it.
pub fn public(key: &Path) -> Result<Key, Failure> {
    let file = if key.extension().is_some_and(|ending| ending == "pub") {
        key.to_owned()
    } else {
        let mut name = key.as_os_str().to_owned();
        name.push(".pub");
        PathBuf::from(name)
    };
    let cannot = |error: &dyn std::error::Error| {
        Failure::of(Exit::Credential, error)
            .while_doing(format!("cannot read the public key {}", file.display()))
            .hint("--key names a public key whose private half your agent holds, or a private key with its .pub beside it")
    };
    let bytes = tree::read_named(&file, MAX_KEY).map_err(|error| cannot(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(&error))?;
    Key::parse(&text).map_err(|error| cannot(&error))
}

/// Who signs: the person whom the policy gives this key, who must be the one that was named, if one was.
pub fn signer<'p>(
    policy: &'p Policy,
    key: &Key,
    named: Option<&str>,
) -> Result<&'p Person, Failure> {
    let Some((person, _)) = policy.owner(key) else {
        let message = format!(
            "the key {} belongs to nobody in the policy",
            key.fingerprint()
        );
        return Err(Failure::new(Exit::Approval, message)
            .hint("sign with a key that the policy names, or have the policy name this one"));
    };
    match named {
        Some(named) if named != person.name => {
            let message = format!(
                "the key {} is that of {}, not of {named}",
                key.fingerprint(),
                person.name
            );
            Err(Failure::new(Exit::Approval, message))
        }
        _ => Ok(person),
    }
}
