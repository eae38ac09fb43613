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

/// Choices without end that follow from a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        // SplitMix64: any seed will do, neighbours included.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % limit.max(1)
    }

    fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

/// A document that the schema takes.
pub(super) fn document(root: &Value, schema: &Value, dice: &mut Dice) -> Value {
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
        _ => unreachable!("a kind of schema that samples do not know: {schema}"),
    }
}

fn object(root: &Value, schema: &Value, dice: &mut Dice) -> Map<String, Value> {
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

fn text(pattern: Option<&Value>, dice: &mut Dice) -> String {
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
    /// A member that perhaps no format knows was added.
    Added,
    /// Anything else, perhaps nothing.
    Other,
}

/// Changes one thing somewhere in a document.
pub(super) fn change(value: &mut Value, dice: &mut Dice) -> Change {
    let kind = dice.below(4);
    let mut places = Vec::new();
    // Members are added and taken away where members are; anything at all is replaced.
    collect(value, String::new(), kind < 3, &mut places);
    let place = dice.pick(&places).clone();
    let there = value.pointer_mut(&place).unwrap();
    match there {
        Value::Object(members) if kind == 0 => {
            members.insert("x-unknown".to_owned(), json!(1));
            return Change::Added;
        }
        Value::Object(members) if kind < 3 => {
            let name = members.keys().nth(dice.below(members.len())).cloned();
            let removed = name.and_then(|name| members.remove(&name));
            if let Some(value) = removed.filter(|_| kind == 2) {
                members.insert((*dice.pick(TEXTS)).to_owned(), value);
                return Change::Added;
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(2) == 0 => {
            items.push(items[0].clone());
        }
        _ => *there = other(there, dice),
    }
    Change::Other
}

/// The pointers to all values of a document, or to its objects.
fn collect(value: &Value, at: String, objects: bool, into: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
            let members = members.iter();
            members
                .map(|(name, value)| (format!("{at}/{}", escaped(name)), value))
                .collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, value)| (format!("{at}/{index}"), value))
                .collect()
        }
        _ => Vec::new(),
    };
    if !objects || value.is_object() {
        into.push(at);
    }
    for (at, value) in below {
        collect(value, at, objects, into);
    }
}

/// Another value in a value's place.
fn other(value: &Value, dice: &mut Dice) -> Value {
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
