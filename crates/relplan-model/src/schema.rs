//! JSON Schemas of the formats: which documents there are, and how the types' own schemas are made to say exactly what
//! the readers accept.
//!
//! Invariant: a schema accepts what the reader of its document accepts and refuses what that refuses, as far as one
//! document alone can tell. What needs the whole of it (order, references, digests of other bytes) is checked elsewhere.
//!
//! Why: the types are the source. What `derive` cannot know (the alphabet of a name, the range of integers, that an
//! absent member is never `null`) is said here once.

use std::borrow::Cow;

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::RecursiveTransform,
};
use serde_json::{Map, Value, json};

use crate::{
    address::{Address, Ecosystem, FileName, PackageName, PointerName, TargetName, Version},
    approval::{
        record::{self, Record, Rotation},
        standing::{self, Standing},
    },
    bundle::{self, Bundle},
    canonical::MAX_INTEGER,
    digest::{Algorithm, Digests, Sha256},
    event, journal,
    plan::{self, Plan},
    problem, state,
    step::StepId,
    time::Timestamp,
};

/// A format that relplan writes, with the name of its schema.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The schema's name: `schemas/{name}.schema.json`, and what `relplan schema` is asked for.
    pub name: &'static str,
    /// The format's name and version, as documents carry it.
    pub format: &'static str,
    /// What a document is, as a title.
    pub title: &'static str,
    make: fn(SchemaGenerator) -> Schema,
}

fn of<T: JsonSchema>(generator: SchemaGenerator) -> Schema {
    generator.into_root_schema_for::<T>()
}

/// All formats, in order of name.
pub const FORMATS: &[Format] = &[
    Format {
        name: "approval",
        format: record::FORMAT,
        title: "Somebody's approval of a plan, or their reject",
        make: of::<Record>,
    },
    Format {
        name: "approvals",
        format: standing::FORMAT,
        title: "Where a plan stands with its approvals",
        make: of::<Standing>,
    },
    Format {
        name: "bundle",
        format: bundle::FORMAT,
        title: "The description of a bundle (bundle.json)",
        make: of::<Bundle>,
    },
    Format {
        name: "event",
        format: event::FORMAT,
        title: "One line of a stream of events",
        make: of::<event::Line>,
    },
    Format {
        name: "journal-entry",
        format: journal::FORMAT,
        title: "One line of a journal",
        make: of::<journal::Entry>,
    },
    Format {
        name: "plan",
        format: plan::FORMAT,
        title: "A plan",
        make: of::<Plan>,
    },
    Format {
        name: "problems",
        format: problem::FORMAT,
        title: "What a check of the spec found",
        make: of::<problem::Report>,
    },
    Format {
        name: "rotation",
        format: record::ROTATION,
        title: "A policy that follows another, with those who signed that",
        make: of::<Rotation>,
    },
    Format {
        name: "state",
        format: state::FORMAT,
        title: "The state, as it is printed",
        make: of::<state::Printed>,
    },
];

impl Format {
    /// The schema's identity: a URN of the project, since a URL would need a domain that somebody holds for ever.
    #[must_use]
    pub fn id(&self) -> String {
        let version = self.format.rsplit('/').next().unwrap_or_default();
        format!("urn:relplan:schema:{}:{version}", self.name)
    }

    /// The schema, in JSON Schema 2020-12.
    #[must_use]
    pub fn schema(&self) -> Value {
        let settings = SchemaSettings::draft2020_12()
            .for_serialize()
            .with_transform(RecursiveTransform(integers as fn(&mut Schema)))
            .with_transform(RecursiveTransform(left_out as fn(&mut Schema)))
            .with_transform(RecursiveTransform(plain as fn(&mut Schema)));
        let mut schema = (self.make)(settings.into_generator());
        schema.insert("$id".to_owned(), json!(self.id()));
        schema.insert("title".to_owned(), json!(self.title));
        schema.to_value()
    }

    /// The schema as text: indented, members in order of name, with a newline at the end.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}\n", sorted(&self.schema()))
    }
}

/// Whole numbers are those of canonical JSON everywhere.
fn integers(schema: &mut Schema) {
    let integer = match schema.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("integer")),
        only => only == Some(&json!("integer")),
    };
    if integer {
        schema.remove("format");
        schema.insert("minimum".to_owned(), json!(0));
        schema.insert("maximum".to_owned(), json!(MAX_INTEGER));
    }
}

/// A member that may be left out is left out where there is nothing to say: it is never `null`, and a list that has a
/// default is never empty.
fn left_out(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or(json!([]));
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        let Value::Object(property) = property else {
            continue;
        };
        property.remove("default");
        if required
            .as_array()
            .is_some_and(|names| names.contains(&json!(name)))
        {
            continue;
        }
        // An optional list may be empty: that says "none", and leaving it out says something else.
        let is_optional = property.get("type").is_some_and(Value::is_array);
        never_null(property);
        if !is_optional && property.get("type") == Some(&json!("array")) {
            property.insert("minItems".to_owned(), json!(1));
        }
    }
}

fn never_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| *name != json!("null"));
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(mut choices)) = property.remove("anyOf") else {
        return;
    };
    choices.retain(|choice| *choice != json!({ "type": "null" }));
    match choices.as_slice() {
        [Value::Object(only)] => property.extend(only.clone()),
        _ => {
            property.insert("anyOf".to_owned(), Value::Array(choices));
        }
    }
}

/// Descriptions are plain text: what links within the source says its name alone, and nothing where it stands in
/// brackets.
fn plain(schema: &mut Schema) {
    let constant = schema
        .get("const")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let Some(Value::String(text)) = schema.get_mut("description") else {
        return;
    };
    while let Some(start) = text.find(" ([`")
        && let Some(length) = text.get(start..).and_then(|rest| rest.find("`])"))
    {
        text.replace_range(start..start + length + 3, "");
    }
    let mut said = text.replace("[`", "`").replace("`]", "`");
    if let Some(constant) = constant {
        said = said.replace("`FORMAT`", &format!("`{constant}`"));
    }
    // A line break within a paragraph is the source's, not the reader's.
    *text = said
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "))
        .collect::<Vec<_>>()
        .join("\n\n");
}

/// The same with members in order of name, whatever order the build's JSON library keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members.into_iter();
            members
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

macro_rules! text {
    ($ty:ident, $pattern:expr, $description:literal) => {
        impl JsonSchema for $ty {
            fn schema_name() -> Cow<'static, str> {
                stringify!($ty).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": $pattern,
                    "description": $description,
                })
            }
        }
    };
}

// The alphabets of `address.rs`. Lengths are part of the patterns, since keys of objects are held to patterns alone.
text!(
    TargetName,
    "^[a-z0-9-]{1,64}$",
    "The name of a target in the spec, such as npm or mirror."
);
text!(
    Ecosystem,
    "^[a-z0-9-]{1,32}$",
    "Which kind of workspace a package comes from, such as cargo."
);
text!(
    PackageName,
    "^[!$-9;=?-\\[\\]-_a-{}~]{1,214}$",
    "The name of a package as its ecosystem spells it, such as @acme/widget."
);
text!(
    Version,
    "^[!$-.0-9;=?-\\[\\]-_a-{}~]{1,128}$",
    "A version as its ecosystem spells it."
);
text!(
    PointerName,
    "^[!$-.0-9;=?-\\[\\]-_a-{}~]{1,128}$",
    "A movable name for a version, such as latest."
);
text!(
    FileName,
    "^[!#-.0-9;=?-\\[\\]-_a-{}~]{1,255}$",
    "The name of one artifact's file, without any folder."
);
text!(
    Address,
    "^[a-z0-9-]{1,64}:[!$-9;=?-\\[\\]-_a-{}~]{1,214}$",
    "A package at a target, such as npm:@acme/widget."
);
text!(
    Sha256,
    "^sha256:[0-9a-f]{64}$",
    "A SHA-256 digest: sha256: and 64 lower-case hexadecimal digits."
);
text!(
    Timestamp,
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "A point in time in RFC 3339, in UTC and to the second, such as 2026-11-21T06:53:50Z."
);

// The characters of `text::is_hidden` that every dialect of regular expressions can name; the reader knows the others too.
text!(
    StepId,
    "^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ue000-\\uf8ff\\ufdd0-\\ufdef\\ufe00-\\ufe0e\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff]*$",
    "A step's name, such as publish npm:@acme/widget@1.4.0. It holds no hidden character, so that views and logs can show it as it is."
);

impl JsonSchema for Digests {
    fn schema_name() -> Cow<'static, str> {
        "Digests".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let algorithms = Algorithm::json_schema(generator).to_value();
        let variants = algorithms.get("oneOf").and_then(Value::as_array);
        let properties: Map<String, Value> = variants
            .into_iter()
            .flatten()
            .filter_map(|variant| {
                let name = variant.get("const")?.as_str()?.to_owned();
                let description = variant.get("description")?.clone();
                Some((
                    name,
                    json!({ "type": "string", "description": description }),
                ))
            })
            .collect();
        json_schema!({
            "type": "object",
            "description": "The digests known of one file: algorithm to lower-case hexadecimal digits.",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}
