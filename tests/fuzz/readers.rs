//! Every reader of bytes from outside, as a function that must neither panic, hang nor grow without bound on any bytes
//! at all; and what must hold of what it accepts.

use relplan_model::{
    bundle::Bundle, canonical, journal::Entry, plan::Plan, settings::Vocabulary, state::State,
};

/// One reader.
pub(crate) struct Reader {
    /// Its name, and that of the folder of its seeds.
    pub(crate) name: &'static str,
    /// Reads, and panics if what was accepted is not what was read.
    pub(crate) read: fn(&[u8]),
}

/// Those of what people, repositories and stores give us; those of registries and artifacts are in `answers.rs`.
pub(crate) const READERS: &[Reader] = &[
    Reader {
        name: "spec",
        read: spec,
    },
    Reader {
        name: "plan",
        read: plan,
    },
    Reader {
        name: "journal",
        read: journal,
    },
    Reader {
        name: "state",
        read: state,
    },
    Reader {
        name: "bundle",
        read: bundle,
    },
];

/// A spec is accepted or has problems, each of which lies in the text.
fn spec(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let words = Vocabulary::from([
        ("npm", Default::default()),
        ("cargo", Default::default()),
        ("pypi", Default::default()),
    ]);
    let parsed = relplan_spec::parse("relplan.kdl", text, &words);
    assert!(
        parsed.spec.is_some() || !parsed.problems.is_empty(),
        "a spec that is refused without a word"
    );
}

/// A plan has one spelling.
fn plan(bytes: &[u8]) {
    if let Ok(plan) = Plan::from_bytes(bytes) {
        assert_eq!(plan.to_bytes().as_deref().ok(), Some(bytes));
    }
}

/// So has a line of the journal.
fn journal(bytes: &[u8]) {
    if let Ok(entry) = Entry::from_line(bytes) {
        assert_eq!(entry.to_line().as_deref().ok(), Some(bytes));
    }
}

/// A journal folds, or says which line does not. Lines of entries that fit in all but their chain are chained first, so
/// that what the fold itself says is reached.
fn state(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let as_it_is = State::replay(&lines);
    if let Ok(state) = &as_it_is {
        assert_eq!(state.length, lines.len() as u64);
    }
    let mut folded = State::default();
    for line in lines {
        let Ok(mut entry) = Entry::from_line(line) else {
            continue;
        };
        (entry.seq, entry.prev) = (folded.length, folded.head);
        let Ok(line) = entry.to_line() else { continue };
        let before = folded.clone();
        if folded
            .fold(&entry, relplan_model::digest::Sha256::of(&line))
            .is_err()
        {
            assert_eq!(folded, before, "an entry that is refused changes nothing");
        }
    }
}

/// A bundle's description has one spelling.
fn bundle(bytes: &[u8]) {
    if let Ok(bundle) = canonical::from_bytes::<Bundle>(bytes, 16 << 20) {
        assert_eq!(canonical::to_bytes(&bundle).as_deref().ok(), Some(bytes));
    }
}
