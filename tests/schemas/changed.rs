//! Real documents with one thing changed that neither reader nor schema may take.

use relplan_model::{bundle::Bundle, canonical, journal::Entry, plan::Plan};
use relplan_testkit::documents::validators;
use serde_json::{Value, json};

/// One thing is changed in a real document.
struct Case {
    what: &'static str,
    /// Where the member is whose value is set, or taken away.
    pointer: &'static str,
    value: Option<Value>,
}

/// What the reader of a real document refuses once it is changed, its schema refuses too.
pub(super) fn is_refused(plan: &Value, bundle: &Value, line: &Value) {
    let case = |what, pointer, value| Case {
        what,
        pointer,
        value,
    };
    let number = json!(canonical::MAX_INTEGER + 1);
    let plans = [
        case("an unknown member", "/x", Some(json!(1))),
        case("one of a step", "/steps/0/x", Some(json!(1))),
        case(
            "one of an effect",
            "/steps/0/effect/publish/x",
            Some(json!(1)),
        ),
        case("a missing member", "/spec", None),
        case("a wrong type", "/steps", Some(json!({}))),
        case("a number too large", "/base/serial", Some(number.clone())),
        case("a number below zero", "/base/serial", Some(json!(-1))),
        case("a short digest", "/spec", Some(json!("sha256:00"))),
        case("another format", "/format", Some(json!("relplan.plan/2"))),
        case("null for nothing", "/policy", Some(Value::Null)),
        case(
            "another spelling of a time",
            "/created",
            Some(json!("2026-11-21T06:53:50+00:00")),
        ),
        case(
            "a name with a space",
            "/targets/0/name",
            Some(json!("the shelf")),
        ),
        case("an unknown word", "/steps/0/phase", Some(json!("later"))),
    ];
    let bundles = [
        case("an unknown member", "/artifacts/0/x", Some(json!(1))),
        case(
            "a folder in a file name",
            "/artifacts/0/file",
            Some(json!("../x")),
        ),
        case("a number too large", "/artifacts/0/size", Some(number)),
        case("a missing member", "/artifacts/0/digests", None),
        case(
            "an unknown digest",
            "/artifacts/0/digests/crc32",
            Some(json!("00")),
        ),
    ];
    let lines = [
        case("an unknown member", "/x", Some(json!(1))),
        case("an unknown record", "/record", Some(json!({ "x": {} }))),
        case("a missing member", "/prev", None),
        case("a bad digest", "/prev", Some(json!("sha256:xyz"))),
    ];
    for (name, document, cases, read) in [
        (
            "relplan.plan/1",
            plan,
            &plans[..],
            read_plan as fn(&[u8]) -> bool,
        ),
        ("relplan.bundle/1", bundle, &bundles, read_bundle),
        ("relplan.journal/1", line, &lines, read_line),
    ] {
        let accepted = |value: &Value| {
            let bytes = canonical::to_bytes(value);
            let reader = bytes.is_ok_and(|bytes| read(&bytes));
            (reader, validators().unwrap()[name].is_valid(value))
        };
        assert_eq!(accepted(document), (true, true), "{name}");
        for Case {
            what,
            pointer,
            value,
        } in cases
        {
            let mut changed = document.clone();
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let members = changed
                .pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap();
            match value {
                Some(value) => members.insert((*member).to_owned(), value.clone()),
                None => members.remove(member),
            };
            assert_eq!(accepted(&changed), (false, false), "{name} with {what}");
        }
    }
}

fn read_plan(bytes: &[u8]) -> bool {
    Plan::from_bytes(bytes).is_ok()
}

fn read_bundle(bytes: &[u8]) -> bool {
    canonical::from_bytes::<Bundle>(bytes, bytes.len()).is_ok()
}

fn read_line(bytes: &[u8]) -> bool {
    Entry::from_line(bytes).is_ok()
}
