//! OpenSSH's own test vectors and its software security key, where Debian's package `openssh-tests` can be had.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use relplan_approval::{
    Key, KeyError, SignatureError, record::verify_signature, statement::NAMESPACE,
};

use crate::scene::{CAROL, Scene};

/// Where the package's files are: installed, or taken out of the package below `target/`. `None` where there is no Debian
/// to get it from.
fn openssh_tests() -> Option<PathBuf> {
    let below = "usr/lib/openssh/regress";
    let installed = Path::new("/").join(below);
    if installed.is_dir() {
        return Some(installed);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/openssh-tests");
    let files = folder.join(below);
    if files.is_dir() {
        return Some(files);
    }
    // Fetched into a folder of its own and moved in one piece, since two tests may do so at once.
    std::fs::create_dir_all(folder.parent()?).ok()?;
    let fresh = tempfile::tempdir_in(folder.parent()?).ok()?;
    let quiet = |command: &mut Command| {
        let run = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    };
    let was_fetched = quiet(
        Command::new("apt-get")
            .args(["download", "openssh-tests"])
            .current_dir(fresh.path()),
    );
    if !was_fetched {
        return None;
    }
    let package = std::fs::read_dir(fresh.path()).ok()?.next()?.ok()?.path();
    let unpacked = fresh.path().join("files");
    if !quiet(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(&package)
            .arg(&unpacked),
    ) {
        return None;
    }
    let _ = std::fs::rename(&unpacked, &folder);
    files.is_dir().then_some(files)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn opensshs_own_signatures_are_read_as_openssh_meant_them() {
    let Some(files) = openssh_tests() else {
        eprintln!("skipped: the package openssh-tests cannot be had here");
        return;
    };
    let data = files.join("unittests/sshsig/testdata");
    let message = std::fs::read(data.join("signed-data")).unwrap();
    // The vectors are signed for the namespace "unittest", with sha512.
    let namespace = "unittest";
    for (name, counter) in [
        ("ed25519", None),
        ("ecdsa", None),
        ("ed25519_sk", Some(0x1234_5678)),
        ("ecdsa_sk", Some(0x1234_5678)),
    ] {
        let armour = read(&data.join(format!("{name}.sig")));
        let (key, presence) = verify_signature(namespace, &message, &armour)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let public = Key::parse(&read(&data.join(format!("{name}.pub")))).unwrap();
        assert_eq!(key, public, "{name}");
        assert_eq!(presence.counter, counter, "{name}");
        assert_eq!(
            (presence.touched, presence.verified),
            (counter.is_some(), false),
            "{name}"
        );
        let other = verify_signature(NAMESPACE, &message, &armour);
        assert!(
            matches!(other, Err(SignatureError::Namespace { .. })),
            "{name}"
        );
        let altered = verify_signature(namespace, b"other", &armour);
        assert_eq!(altered, Err(SignatureError::Wrong), "{name}");
    }
    for name in ["rsa", "dsa"] {
        let refused = verify_signature(
            namespace,
            &message,
            &read(&data.join(format!("{name}.sig"))),
        );
        assert!(
            matches!(refused, Err(SignatureError::Key(KeyError::Old { .. }))),
            "{name}: {refused:?}"
        );
    }
    let web = verify_signature(
        namespace,
        &message,
        &read(&data.join("ecdsa_sk_webauthn.sig")),
    );
    assert!(web.is_err(), "a web browser's signature is of another form");
}

#[test]
fn opensshs_own_certificates_are_refused_as_such() {
    let Some(files) = openssh_tests() else {
        eprintln!("skipped: the package openssh-tests cannot be had here");
        return;
    };
    let data = files.join("unittests/sshkey/testdata");
    let mut seen = 0;
    for name in [
        "ed25519_1",
        "ecdsa_1",
        "ed25519_sk1",
        "ecdsa_sk1",
        "rsa_1",
        "dsa_1",
    ] {
        let refused = Key::parse(&read(&data.join(format!("{name}-cert.pub"))));
        assert!(
            matches!(refused, Err(KeyError::Certificate { .. })),
            "{name}: {refused:?}"
        );
        let plain = Key::parse(&read(&data.join(format!("{name}.pub"))));
        seen += usize::from(plain.is_ok());
    }
    assert_eq!(seen, 4, "the four kinds that are taken");
}

fn keygen(middleware: &Path, folder: &Path, arguments: &[&str], input: &[u8]) {
    let mut child = Command::new("ssh-keygen")
        .args(arguments)
        .env("SSH_SK_PROVIDER", middleware)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {said}");
}

#[test]
fn a_software_security_key_signs_through_stock_ssh_keygen() {
    let Some(files) = openssh_tests() else {
        eprintln!("skipped: the package openssh-tests cannot be had here");
        return;
    };
    let middleware = files.join("misc/sk-dummy/sk-dummy.so");
    let folder = tempfile::tempdir().unwrap();
    let program = middleware.to_str().unwrap();
    for (kind, option, touched, verified) in [
        ("ed25519-sk", None, true, false),
        ("ecdsa-sk", None, true, false),
        ("ed25519-sk", Some("no-touch-required"), false, false),
        ("ed25519-sk", Some("verify-required"), true, true),
        ("ecdsa-sk", Some("verify-required"), true, true),
    ] {
        let file = format!("{kind}-{}", option.unwrap_or("plain"));
        let mut arguments = vec![
            "-q", "-w", program, "-t", kind, "-N", "", "-C", "", "-f", &file,
        ];
        if let Some(option) = option {
            arguments.extend(["-O", option]);
        }
        keygen(&middleware, folder.path(), &arguments, b"\n");
        let public = read(&folder.path().join(format!("{file}.pub")));

        // Carol signs an approval with it, as `relplan approve` has it signed.
        let mut scene = Scene::silent();
        let carols = crate::scene::carol().public();
        scene.replaced = vec![(carols, public.trim().to_owned())];
        let statement = relplan_approval::statement::Statement::of(
            scene.subject().digest(),
            scene.predicate(CAROL),
        );
        let text = statement.to_text().unwrap();
        // As a file: ssh-keygen without a terminal reads the PIN from where the text would come.
        std::fs::write(folder.path().join("statement"), &text).unwrap();
        let arguments = ["-Y", "sign", "-n", NAMESPACE, "-f", &file, "statement"];
        keygen(&middleware, folder.path(), &arguments, b"\n");
        let armour = read(&folder.path().join("statement.sig"));
        std::fs::remove_file(folder.path().join("statement.sig")).unwrap();
        let (key, presence) = verify_signature(NAMESPACE, text.as_bytes(), &armour).unwrap();
        assert_eq!(key, Key::parse(&public).unwrap());
        assert_eq!(
            (presence.touched, presence.verified),
            (touched, verified),
            "{file}"
        );
        scene.offers(&text, &armour);
        let verdict = scene.verdict();
        assert_eq!(verdict.rules[0].counted, [CAROL], "{file}");
    }
}
