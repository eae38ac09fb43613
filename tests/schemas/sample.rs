//! Samples: documents made from a schema alone, by dice, and documents with one thing changed.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::{Map, Value, json};

/// Texts that some pattern takes or refuses.
const TEXTS: &[&str] = &[
    "npm",
    "npm:@acme/widget",
    "@acme/widget",
    "1.4.0",
    "1.0.0-rc.1+build",
    "widget-1.4.0.tgz",
    "2026-11-21T06:53:50Z",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "!$%&'()*+,-.;=?@[]^_{}~",
    "#",
    "",
    "a b",
    "Ü",
    "line\nbreak",
    "2026-11-21T06:53:50+00:00",
    "sha256:00",
    "NPM:x",
    "a\"b",
];

/// Choices, one byte each; when they run out every choice is the first.
pub(super) struct Dice<'b>(std::slice::Iter<'b, u8>);

impl<'b> Dice<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.iter())
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % limit.max(1)
    }

    fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

/// A document that the schema takes.
pub(super) fn document(root: &Value, schema: &Value, dice: &mut Dice<'_>) -> Value {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let pointed = root.pointer(name.trim_start_matches('#')).unwrap();
        return document(root, pointed, dice);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    for several in ["oneOf", "anyOf", "enum"] {
        if let Some(choices) = schema.get(several).and_then(Value::as_array) {
            let choice = dice.pick(choices);
            return match several {
                "enum" => choice.clone(),
                _ => document(root, choice, dice),
            };
        }
    }
    let named = match &schema["type"] {
        Value::Array(names) => dice.pick(names),
        name => name,
    };
    match named.as_str() {
        Some("object") => Value::Object(object(root, schema, dice)),
        Some("array") => {
            let least = schema.get("minItems").map_or(0, |_| 1);
            let length = least + dice.below(3);
            (0..length)
                .map(|_| document(root, &schema["items"], dice))
                .collect()
        }
        Some("string") => json!(text(schema.get("pattern"), dice)),
        Some("integer") => dice
            .pick(&[json!(0), json!(1), json!(77), schema["maximum"].clone()])
            .clone(),
        Some("boolean") => json!(dice.below(2) == 1),
        Some("null") => Value::Null,
        _ => panic!("a kind of schema that samples do not know: {schema}"),
    }
}

fn object(root: &Value, schema: &Value, dice: &mut Dice<'_>) -> Map<String, Value> {
    let mut made = Map::new();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if required.contains(&json!(name)) || dice.below(2) == 1 {
            made.insert(name.clone(), document(root, property, dice));
        }
    }
    for (pattern, value) in schema["patternProperties"]
        .as_object()
        .into_iter()
        .flatten()
    {
        for _ in 0..dice.below(3) {
            let name = text(Some(&json!(pattern)), dice);
            made.insert(name, document(root, value, dice));
        }
    }
    if let Some(value @ Value::Object(_)) = schema.get("additionalProperties") {
        for _ in 0..dice.below(3) {
            made.insert(text(None, dice), document(root, value, dice));
        }
    }
    made
}

fn text(pattern: Option<&Value>, dice: &mut Dice<'_>) -> String {
    static FITTING: Mutex<BTreeMap<String, Vec<&'static str>>> = Mutex::new(BTreeMap::new());
    let Some(pattern) = pattern else {
        return (*dice.pick(TEXTS)).to_owned();
    };
    let mut fitting = FITTING.lock().unwrap();
    let fitting = fitting.entry(pattern.to_string()).or_insert_with(|| {
        let schema = jsonschema::draft202012::new(&json!({ "pattern": pattern })).unwrap();
        let mut texts = TEXTS.to_vec();
        texts.retain(|text| schema.is_valid(&json!(text)));
        assert!(!texts.is_empty(), "no sample text fits {pattern}");
        texts
    });
    (*dice.pick(fitting)).to_owned()
}

/// What was done to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// A member that no format knows was added.
    Added,
    /// Anything else, perhaps nothing.
    Other,
}

/// Changes one thing somewhere in a document.
pub(super) fn change(value: &mut Value, dice: &mut Dice<'_>) -> Change {
    // Down into the document, and at each level perhaps no further.
    let deeper = dice.below(4) != 0;
    match value {
        Value::Object(members) if deeper && !members.is_empty() => {
            let at = dice.below(members.len());
            return change(members.values_mut().nth(at).unwrap(), dice);
        }
        Value::Array(items) if deeper && !items.is_empty() => {
            let at = dice.below(items.len());
            return change(&mut items[at], dice);
        }
        _ => {}
    }
    match value {
        Value::Object(members) => match dice.below(4) {
            0 => {
                members.insert("x-unknown".to_owned(), json!(1));
                return Change::Added;
            }
            1 => {
                let name = members.keys().nth(dice.below(members.len())).cloned();
                name.and_then(|name| members.remove(&name));
            }
            2 => {
                let name = members.keys().nth(dice.below(members.len())).cloned();
                if let Some(value) = name.and_then(|name| members.remove(&name)) {
                    members.insert((*dice.pick(TEXTS)).to_owned(), value);
                }
            }
            _ => *value = other(value, dice),
        },
        Value::Array(items) if !items.is_empty() && dice.below(2) == 0 => {
            items.push(items[0].clone());
        }
        _ => *value = other(value, dice),
    }
    Change::Other
}

/// Another value in a value's place.
fn other(value: &Value, dice: &mut Dice<'_>) -> Value {
    let wrapped = match value {
        Value::String(text) => json!({ text: null }),
        value => json!([value]),
    };
    let values = [
        Value::Null,
        json!(true),
        json!(5),
        json!((1_u64 << 53) - 1),
        json!(1_u64 << 53),
        json!(-1),
        json!(1.5),
        json!([]),
        json!({}),
        wrapped,
        json!(dice.pick(TEXTS)),
    ];
    dice.pick(&values).clone()
}
