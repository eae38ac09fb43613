//! Situations of the journal: lost, damaged, set back, moved, another project's, out of reach, or of a later relplan.

use super::{
    super::shelves::flat,
    Walk, commands,
    plans::{half_open, in_the_middle},
};

/// 64: plan and spec name different places.
pub(super) fn two_places(walk: &Walk) {
    let other = walk.environment.root().join("other.git");
    let root = walk.environment.root().to_owned();
    walk.git_in(&root, &["init", "--quiet", "--bare", "other.git"]);
    let place = format!("git+file://{}", other.display());
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "release.json", "--state", &place]);
    let refused = walk.ends(64, "choose-state", &["apply", "release.json"]);
    // The person says that the plan's place is the one.
    let run = walk.follow(refused, 1);
    assert!(
        run[0].starts_with("relplan apply release.json --state"),
        "{run:?}"
    );
}

/// 10: the journal cannot be written any more in the middle of an apply.
pub(super) fn lost_half_way(walk: &Walk) {
    let session = if walk.git {
        let away = walk.environment.root().join("away");
        let session = in_the_middle(walk, |_| std::fs::rename(walk.bare(), &away).unwrap());
        std::fs::rename(&away, walk.bare()).unwrap();
        session
    } else {
        // The file may grow by little more than an entry.
        half_open(walk);
        let journal = walk.project().join(".relplan/state/journal.jsonl");
        let blocks = std::fs::metadata(journal).unwrap().len() / 512 + 2;
        walk.literally(&format!(
            "trap '' XFSZ; ulimit -f {blocks}; relplan apply release.json"
        ))
    };
    walk.says(10, "apply", &session);
    assert_eq!(walk.follow(session, 1), ["relplan apply release.json"]);
}

/// 10: the store cannot be read now.
pub(super) fn out_of_reach(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    let (from, to) = match walk.git {
        true => (walk.bare(), walk.environment.root().join("away")),
        false => (
            walk.project().join(".relplan/state/journal.jsonl"),
            walk.project().join("away"),
        ),
    };
    std::fs::rename(&from, &to).unwrap();
    if !walk.git {
        std::fs::create_dir(&from).unwrap();
    }
    let failed = walk.ends(10, "again", &["status"]);
    if !walk.git {
        std::fs::remove_dir(&from).unwrap();
    }
    std::fs::rename(&to, &from).unwrap();
    assert_eq!(walk.follow(failed, 1), ["relplan status"]);
}

/// 10: a damaged journal names the command that looks at it, and that how to begin a new one.
pub(super) fn damaged(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    walk.tamper(|text| text.replacen("acme", "acne", 1));
    let damaged = walk.ends(10, "check-state", &["status"]);
    assert_eq!(commands(&damaged), ["relplan state check"]);
    let checked = walk.literally(&commands(&damaged)[0]);
    walk.says(10, "rebuild-state", &checked);
    let said = commands(&checked);
    assert!(
        said.last()
            .unwrap()
            .contains("relplan state rebuild --lost")
    );
    walk.all_good(&said);
    walk.expect(0, &["state", "check"]);
    walk.expect(0, &["plan", "--detailed-exitcode"]);
}

/// 10 and 8: there is no journal where there was one, and a new one is begun when the registries answer.
pub(super) fn missing(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    if walk.git {
        let bare = walk.bare();
        walk.git_in(&bare, &["update-ref", "-d", "refs/relplan/state"]);
    } else {
        std::fs::remove_dir_all(walk.project().join(".relplan/state")).unwrap();
    }
    let missing = walk.ends(10, "find-state", &["plan"]);
    let said = commands(&missing);
    assert_eq!(
        said,
        ["relplan status --state PLACE", "relplan state rebuild"]
    );
    let spoilt = walk.spoil("two", "@acme/a");
    let silent = walk.ends(8, "again", &["state", "rebuild"]);
    walk.unspoil(spoilt);
    assert_eq!(walk.follow(silent, 1), said[1..]);
    walk.expect(0, &["plan", "--detailed-exitcode"]);
}

/// 10, D7: a restored backup is noticed, and a person may say that it counts.
pub(super) fn set_back(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    let journal = walk.project().join(".relplan/state/journal.jsonl");
    let bare = walk.bare();
    let head = ["rev-parse", "refs/relplan/state"];
    let backup = match walk.git {
        true => walk.git_in(&bare, &head),
        false => std::fs::read_to_string(&journal).unwrap(),
    };
    walk.set_version("1.1.0");
    walk.expect(0, &["apply", "--yes"]);
    if walk.git {
        let set = ["update-ref", "refs/relplan/state", backup.trim()];
        walk.git_in(&bare, &set);
    } else {
        std::fs::write(&journal, backup).unwrap();
    }
    let refused = walk.ends(10, "set-back", &["plan"]);
    let said = commands(&refused);
    assert_eq!(
        said,
        ["relplan state check", "relplan state check --accept"]
    );
    let checked = walk.literally(&said[0]);
    assert_eq!(checked.code, Some(10), "{checked}");
    walk.all_good(&said[1..]);
    walk.expect(0, &["plan"]);
}

/// 10, D1: where the journal was it says where it is.
pub(super) fn moved(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    let place = walk.place();
    let push = ["state", "push", "--from", &place, "--state", "new place"];
    walk.expect(0, &push);
    let moved = walk.ends(10, "moved", &["plan"]);
    let said = commands(&moved);
    assert_eq!(said[0], "relplan status --state 'new place'", "{moved}");
    walk.all_good(&said);
}

/// 10, D4: a renamed project is recorded.
pub(super) fn another_project(walk: &Walk) {
    walk.expect(0, &["apply", "--yes"]);
    let spec = std::fs::read_to_string(walk.project().join("relplan.kdl")).unwrap();
    walk.write("relplan.kdl", &spec.replace("acme/shelves", "acme/racks"));
    let refused = walk.ends(10, "rename-project", &["plan"]);
    let line = "relplan state mv --project acme/shelves acme/racks";
    assert_eq!(walk.follow(refused, 1), [line]);
    walk.expect(0, &["plan", "--detailed-exitcode"]);
}

/// 10 and 65, D2: what a later relplan wrote is left alone until that one runs.
pub(super) fn later(walk: &Walk) {
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "release.json"]);
    let plan = std::fs::read_to_string(walk.project().join("release.json")).unwrap();
    walk.write(
        "release.json",
        &plan.replace("relplan.plan/1", "relplan.plan/2"),
    );
    let refused = walk.ends(65, "later-relplan", &["apply", "release.json"]);
    assert!(!flat(&refused.stderr).contains("damaged"), "{refused}");
    walk.write("release.json", &plan);
    walk.expect(0, &["apply", "release.json"]);
    walk.tamper(|text| text.replace("\"format\":1", "\"format\":2"));
    let refused = walk.ends(10, "later-relplan", &["plan"]);
    let said = flat(&refused.stderr);
    assert!(
        !said.contains("damaged") && commands(&refused).is_empty(),
        "{refused}"
    );
}
