//! Situations of policies and approvals: what remains is for the people who sign.

use super::{Walk, commands};

/// A key, and a policy by which its owner's yes is enough; the policy's text.
fn policy(walk: &Walk, version: u64) -> String {
    let key = walk.environment.root().join("key");
    if !key.exists() {
        let mut command = walk.environment.command("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key);
        assert_eq!(walk.environment.run(command).unwrap().code, Some(0));
    }
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let public: Vec<&str> = public.split(' ').take(2).collect();
    format!(
        "policy version={version} project=\"acme/shelves\"\n\
         person \"alice@acme.example\" {{ key \"{}\"; }}\n\
         rule \"ship\" threshold=1 {{ of \"alice@acme.example\"; }}\n",
        public.join(" ")
    )
}

/// Does a person's part of a printed line: puts the key in, and says what was seen.
fn sign(walk: &Walk, line: &str, seen: &str) {
    let key = walk.environment.root().join("key");
    assert!(line.contains("--key KEY"), "{line}");
    let line = line.replace("KEY", key.to_str().unwrap());
    walk.all_good(&[format!("{line} --yes {seen}")]);
}

/// 4: from a policy that nobody pinned to a release, by what is printed and by what the people do.
pub(super) fn unpinned(walk: &Walk) {
    walk.write("policy.kdl", &policy(walk, 1));
    walk.expect(0, &["pack"]);
    let refused = walk.ends(4, "pin-policy", &["apply", "--yes"]);
    assert_eq!(
        commands(&refused),
        ["relplan apply --yes --policy policy.kdl"]
    );
    // The person has read it.
    let asked = walk.literally(&commands(&refused)[0]);
    walk.says(4, "save-plan", &asked);
    let said = commands(&asked);
    walk.all_good(&said[..1]);
    let missing = walk.literally(&said[2]);
    walk.says(4, "approve", &missing);
    let said = commands(&missing);
    sign(walk, &said[0], "@acme/a@1.0.0");
    walk.all_good(&said[1..]);
}

/// 4: the policy beside the spec changes.
pub(super) fn another(walk: &Walk) {
    unpinned(walk);
    walk.write("policy.kdl", &policy(walk, 2));
    walk.set_version("1.1.0");
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "release.json", "--policy", "policy.kdl"]);
    let refused = walk.ends(4, "rotate-policy", &["apply", "release.json"]);
    let said = commands(&refused);
    assert_eq!(
        said[..2],
        [
            "relplan policy rotate OLD policy.kdl --key KEY",
            "relplan apply release.json --policy policy.kdl"
        ]
    );
    // The person pins it, and the approvers sign.
    let missing = walk.literally(&said[1]);
    walk.says(4, "approve", &missing);
    let said = commands(&missing);
    sign(walk, &said[0], "@acme/a@1.1.0");
    walk.all_good(&said[1..]);
}

/// 77: the key that was named is not there.
pub(super) fn no_key(walk: &Walk) {
    walk.write("policy.kdl", &policy(walk, 1));
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "release.json"]);
    let key = walk.environment.root().join("key");
    let away = walk.environment.root().join("away");
    let public = key.with_extension("pub");
    std::fs::rename(&public, &away).unwrap();
    let approve = ["approve", "release.json", "--key", key.to_str().unwrap()];
    let approve = [&approve[..], &["--yes", "@acme/a@1.0.0"]].concat();
    let failed = walk.ends(77, "again", &approve);
    std::fs::rename(&away, &public).unwrap();
    walk.follow(failed, 1);
}
