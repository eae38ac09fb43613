//! Readers and schemas agree: what one accepts the other accepts, and what one refuses the other refuses.

use proptest::prelude::*;
use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageName, PointerName, TargetName, Version},
    approval::{
        record::{Record, Rotation},
        standing::{self, Standing},
    },
    bundle::{self, Bundle},
    canonical,
    digest::Sha256,
    event::{self, Event, Line},
    journal::Entry,
    plan::Plan,
    problem::{self, Report},
    schema::FORMATS,
    state::{self, Printed},
    time::Timestamp,
};
use relplan_testkit::documents::validators;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::sample::{Change, Dice, change, document};

fn read<T: Serialize + DeserializeOwned>(value: &Value) -> Option<T> {
    let bytes = canonical::to_bytes(value).ok()?;
    canonical::from_bytes(&bytes, bytes.len()).ok()
}

/// Whether the reader of a format takes a document.
fn reads(name: &str, value: &Value) -> bool {
    match name {
        "approval" => {
            canonical::to_bytes(value).is_ok_and(|bytes| Record::from_bytes(&bytes).is_ok())
        }
        "approvals" => read(value).is_some_and(|read: Standing| read.format == standing::FORMAT),
        "rotation" => {
            canonical::to_bytes(value).is_ok_and(|bytes| Rotation::from_bytes(&bytes).is_ok())
        }
        "plan" => canonical::to_bytes(value).is_ok_and(|bytes| Plan::from_bytes(&bytes).is_ok()),
        "bundle" => read(value).is_some_and(|read: Bundle| read.format == bundle::FORMAT),
        "journal-entry" => read::<Entry>(value).is_some(),
        "problems" => read(value).is_some_and(|read: Report| read.format == problem::FORMAT),
        "state" => read(value).is_some_and(|read: Printed| read.format == state::FORMAT),
        "event" => read(value).is_some_and(|line: Line| match line.event {
            Event::Version { format, .. } => format == event::FORMAT,
            _ => true,
        }),
        _ => unreachable!("say here how a document of {name} is read"),
    }
}

/// How many changes are tried on each sample.
const CHANGES: usize = 20;

/// Formats whose readers pass over members that they do not know: others may write more than we read.
const TOLERANT: [&str; 4] = ["approvals", "problems", "state", "event"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn l13_readers_take_what_schemas_describe_and_a_change_is_refused_by_both_or_by_neither(seed: u64) {
        let mut dice = Dice::new(seed);
        for format in FORMATS {
            let (schema, validator) = (format.schema(), &validators().unwrap()[format.format]);
            let sample = document(&schema, &schema, &mut dice);
            prop_assert!(validator.is_valid(&sample), "{:#}", sample);
            prop_assert!(reads(format.name, &sample), "{} {:#}", format.name, sample);
            for _ in 0..CHANGES {
                let mut changed = sample.clone();
                let done = change(&mut changed, &mut dice);
                if done == Change::Added && TOLERANT.contains(&format.name) {
                    continue;
                }
                let read = reads(format.name, &changed);
                prop_assert_eq!(read, validator.is_valid(&changed), "{} {:#}", format.name, changed);
            }
        }
    }
}

fn pattern<T: schemars::JsonSchema>() -> jsonschema::Validator {
    jsonschema::draft202012::new(schemars::schema_for!(T).as_value()).unwrap()
}

/// Holds a pattern against its reader: each character alone, first and last, and the longest text.
fn agree<T: schemars::JsonSchema + std::str::FromStr>(prefix: &str, longest: usize) {
    let validator = pattern::<T>();
    let name = T::schema_name();
    let check = |text: String| {
        let valid = validator.is_valid(&Value::from(text.clone()));
        assert_eq!(text.parse::<T>().is_ok(), valid, "{name}: {text:?}");
        valid
    };
    for c in (0..=0x2ff_u32)
        .chain(0x2020..0x2070)
        .filter_map(char::from_u32)
    {
        for text in [
            format!("{c}"),
            format!("a{c}"),
            format!("{c}a"),
            format!("a{c}b"),
        ] {
            check(format!("{prefix}{text}"));
        }
    }
    assert!(check(format!("{prefix}{}", "a".repeat(longest))), "{name}");
    assert!(
        !check(format!("{prefix}{}", "a".repeat(longest + 1))),
        "{name}"
    );
    assert!(!check(prefix.to_owned()), "{name}");
}

#[test]
fn patterns_of_names_are_what_their_readers_accept() {
    agree::<TargetName>("", 64);
    agree::<Ecosystem>("", 32);
    agree::<PackageName>("", 214);
    agree::<Version>("", 128);
    agree::<PointerName>("", 128);
    agree::<FileName>("", 255);
    agree::<Address>("npm:", 214);
    for target in [
        "n".repeat(65),
        String::new(),
        "N".to_owned(),
        "a:b".to_owned(),
    ] {
        let text = format!("{target}:a");
        assert!(text.parse::<Address>().is_err(), "{text}");
        assert!(!pattern::<Address>().is_valid(&Value::from(text)));
    }
}

#[test]
fn patterns_of_digests_and_times_are_what_their_readers_accept() {
    let digest = Sha256::of(b"x").to_string();
    for text in [
        digest.clone(),
        digest.to_uppercase(),
        format!("{digest}0"),
        format!("{digest}\n"),
        digest.replace(':', "-"),
        digest.replace('0', "g"),
        String::new(),
    ] {
        let valid = pattern::<Sha256>().is_valid(&Value::from(text.clone()));
        assert_eq!(text.parse::<Sha256>().is_ok(), valid, "{text:?}");
    }
    for (text, fits) in [
        ("2026-11-21T06:53:50Z", true),
        ("0001-01-01T00:00:00Z", true),
        ("2024-02-29T23:59:59Z", true),
        ("2026-11-21T06:53:60Z", false),
        ("2026-11-21T24:00:00Z", false),
        ("2026-13-21T06:53:50Z", false),
        ("2026-11-00T06:53:50Z", false),
        ("2026-11-21T06:53:50.0Z", false),
        ("2026-11-21T06:53:50+00:00", false),
        ("2026-11-21t06:53:50z", false),
        ("2026-11-21T06:53:50Z[UTC]", false),
        ("12026-11-21T06:53:50Z", false),
        ("2026-11-21", false),
    ] {
        let valid = pattern::<Timestamp>().is_valid(&Value::from(text));
        let read = Timestamp::try_from(text.to_owned()).is_ok();
        assert_eq!((read, valid), (fits, fits), "{text}");
    }
}
