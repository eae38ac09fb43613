//! Core metadata, the header fields of `METADATA` and `PKG-INFO`, and what an upload form calls them.
//!
//! Invariant: a field that decides identity stands there once: what one reader took for the name, no other reader can
//! take for something else (law L3).
//! Why: an index keeps what the form says, not what the file says; the form must say the same.

/// Why a text is no core metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not in UTF-8.
    #[error("it is not in UTF-8")]
    Encoding,
    /// A line before the empty one that is no field.
    #[error("line {line} of it is no field")]
    Line {
        /// The line's number, from 1.
        line: usize,
    },
    /// A required field is missing, or stands there more than once.
    #[error("it has the field {field} {count} times, which must be there once")]
    Count {
        /// The field's name.
        field: &'static str,
        /// How often it is there.
        count: usize,
    },
}

/// How often a field may stand in a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Many {
    Once,
    Repeated,
}

/// Fields of core metadata up to version 2.4 with their names in a form: in snake case, repeated ones in plural but
/// for a few (PyPI's upload API; names as twine 7 sends them). Those that must be there come first.
const FIELDS: [(&str, &str, Many); 30] = {
    use Many::{Once, Repeated};
    [
        ("metadata-version", "metadata_version", Once),
        ("name", "name", Once),
        ("version", "version", Once),
        ("summary", "summary", Once),
        ("description", "description", Once),
        ("description-content-type", "description_content_type", Once),
        ("keywords", "keywords", Once),
        ("home-page", "home_page", Once),
        ("download-url", "download_url", Once),
        ("author", "author", Once),
        ("author-email", "author_email", Once),
        ("maintainer", "maintainer", Once),
        ("maintainer-email", "maintainer_email", Once),
        ("license", "license", Once),
        ("license-expression", "license_expression", Once),
        ("license-file", "license_file", Repeated),
        ("classifier", "classifiers", Repeated),
        ("platform", "platform", Repeated),
        ("supported-platform", "supported_platform", Repeated),
        ("requires-python", "requires_python", Once),
        ("requires-dist", "requires_dist", Repeated),
        ("provides-dist", "provides_dist", Repeated),
        ("obsoletes-dist", "obsoletes_dist", Repeated),
        ("requires-external", "requires_external", Repeated),
        ("requires", "requires", Repeated),
        ("provides", "provides", Repeated),
        ("obsoletes", "obsoletes", Repeated),
        ("project-url", "project_urls", Repeated),
        ("provides-extra", "provides_extra", Repeated),
        ("dynamic", "dynamic", Repeated),
    ]
};

/// The core metadata of one distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The version of the metadata itself.
    version: String,
    /// The fields in order, names in lower case.
    fields: Vec<(String, String)>,
}

impl Metadata {
    /// Reads a `METADATA` or `PKG-INFO` file.
    ///
    /// # Errors
    /// When it is no such file, or has no or more than one of what must be there once.
    pub fn read(bytes: &[u8]) -> Result<Self, MetadataError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MetadataError::Encoding)?;
        let text = text.trim_start_matches('\u{feff}');
        let (mut fields, body) = headers(text)?;
        for field in ["metadata-version", "name", "version"] {
            let count = fields.iter().filter(|(name, _)| name == field).count();
            if count != 1 {
                return Err(MetadataError::Count { field, count });
            }
        }
        if !body.trim().is_empty() {
            fields.retain(|(name, _)| name != "description");
            fields.push(("description".to_owned(), body.to_owned()));
        }
        let mut metadata = Self {
            version: String::new(),
            fields,
        };
        metadata.version = metadata.first("metadata-version").to_owned();
        Ok(metadata)
    }

    /// The project's name as the metadata spells it.
    pub fn name(&self) -> &str {
        self.first("name")
    }

    /// The version as the metadata spells it.
    pub fn version(&self) -> &str {
        self.first("version")
    }

    /// Which Python it needs, where it says so.
    #[must_use]
    pub fn requires_python(&self) -> Option<&str> {
        self.all("requires-python")
            .next()
            .filter(|asked| !asked.is_empty())
    }

    fn first(&self, field: &'static str) -> &str {
        self.all(field).next().unwrap_or_default()
    }

    /// The values of a field, in order.
    pub fn all(&self, field: &'static str) -> impl Iterator<Item = &str> {
        self.fields
            .iter()
            .filter(move |(name, _)| name == field)
            .map(|(_, value)| value.as_str())
    }

    /// The fields of an upload form, in a fixed order.
    pub fn form(&self) -> Vec<(&'static str, &str)> {
        let mut form = Vec::new();
        for (field, name, many) in FIELDS {
            // Old setuptools writes License-File in metadata that has no such field; indexes refuse it there.
            if field == "license-file" && !self.is_at_least(2, 4) {
                continue;
            }
            // Old distutils writes UNKNOWN for what is not known.
            let known = self
                .all(field)
                .filter(|value| !matches!(*value, "" | "UNKNOWN"));
            let limit = match many {
                Many::Once => 1,
                Many::Repeated => usize::MAX,
            };
            form.extend(known.take(limit).map(|value| (name, value)));
        }
        form
    }

    fn is_at_least(&self, major: u64, minor: u64) -> bool {
        let mut parts = self
            .version
            .split('.')
            .map(|part| part.trim().parse::<u64>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
    }
}

type Fields = Vec<(String, String)>;

/// Splits metadata into its fields and its body.
fn headers(text: &str) -> Result<(Fields, &str), MetadataError> {
    let mut fields: Fields = Vec::new();
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let line = line.strip_suffix('\r').unwrap_or(line);
        rest = after;
        number += 1;
        if line.is_empty() {
            return Ok((fields, rest));
        }
        if line.starts_with([' ', '\t']) {
            match fields.last_mut() {
                Some((name, value)) => continue_field(name, value, line),
                None => return Err(MetadataError::Line { line: number }),
            }
            continue;
        }
        match line.split_once(':') {
            Some((name, value)) if is_field_name(name) => {
                fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => return Err(MetadataError::Line { line: number }),
        }
    }
    Ok((fields, ""))
}

fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Texts keep their lines, less the indentation or the `|` that marks it; all other fields are one line.
fn continue_field(name: &str, value: &mut String, line: &str) {
    if matches!(name, "description" | "license") {
        value.push('\n');
        let text = line.trim_start();
        value.push_str(match text.strip_prefix('|') {
            Some(text) => text,
            None => line.strip_prefix("        ").unwrap_or(text),
        });
    } else {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(line.trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_gets_its_name_in_the_form() {
        let text = "Metadata-Version: 2.4\r\nName: Widget.Kit\r\nVersion: 1.0\r\nSummary: A widget\r\n\
            Home-page: UNKNOWN\r\nLicense-File: LICENSE\r\nLicense-File: NOTICE\r\nLicense-Expression: MIT\r\n\
            Keywords: a,b\r\nPlatform: any\r\nPlatform: linux\r\nSupported-Platform: x\r\nAuthor: Ada Löve,\r\n  Bob\r\n\
            Author-email: \"Ada\" <ada@acme.example>\r\nClassifier: One :: Two\r\nClassifier: Three\r\n\
            Requires-Python: >=3.9\r\nRequires-Dist: attrs; extra == \"x\"\r\nRequires-Dist: six\r\n\
            Project-URL: Home, https://acme.example/\r\nProvides-Extra: x\r\nDynamic: Version\r\n\
            Description-Content-Type: text/markdown\r\nX-Own: kept out\r\n\r\n# Widget\r\n\r\nUses: colons\r\n";
        let metadata = Metadata::read(text.as_bytes()).unwrap();
        assert_eq!(
            metadata.form(),
            [
                ("metadata_version", "2.4"),
                ("name", "Widget.Kit"),
                ("version", "1.0"),
                ("summary", "A widget"),
                ("description", "# Widget\r\n\r\nUses: colons\r\n"),
                ("description_content_type", "text/markdown"),
                ("keywords", "a,b"),
                ("author", "Ada Löve, Bob"),
                ("author_email", "\"Ada\" <ada@acme.example>"),
                ("license_expression", "MIT"),
                ("license_file", "LICENSE"),
                ("license_file", "NOTICE"),
                ("classifiers", "One :: Two"),
                ("classifiers", "Three"),
                ("platform", "any"),
                ("platform", "linux"),
                ("supported_platform", "x"),
                ("requires_python", ">=3.9"),
                ("requires_dist", "attrs; extra == \"x\""),
                ("requires_dist", "six"),
                ("project_urls", "Home, https://acme.example/"),
                ("provides_extra", "x"),
                ("dynamic", "Version"),
            ]
        );
    }

    #[test]
    fn old_metadata_keeps_its_texts_and_loses_what_it_may_not_have() {
        let text = "Metadata-Version: 2.1\nName: w\nVersion: 1\nLicense-File: LICENSE\nLicense: Own\n        line two\n\
            Description: Top\n        \n          indented\n       |piped\n";
        let metadata = Metadata::read(text.as_bytes()).unwrap();
        let form = metadata.form();
        assert!(form.contains(&("license", "Own\nline two")));
        assert!(form.contains(&("description", "Top\n\n  indented\npiped")));
        assert!(!form.iter().any(|(name, _)| *name == "license_file"));
    }

    #[test]
    fn l3_metadata_with_two_readings_is_refused() {
        let good = "Metadata-Version: 2.1\nName: w\nVersion: 1\n";
        assert!(Metadata::read(good.as_bytes()).is_ok());
        let count = |field, count| MetadataError::Count { field, count };
        for (text, error) in [
            (format!("{good}name: other\n"), count("name", 2)),
            (format!("{good}VERSION: 2\n"), count("version", 2)),
            (
                "Metadata-Version: 2.1\nVersion: 1\n".to_owned(),
                count("name", 0),
            ),
            (
                "Metadata-Version: 2.1\nName: w\n\nVersion: 1\n".to_owned(),
                count("version", 0),
            ),
            (String::new(), count("metadata-version", 0)),
            (format!("{good}no field\n"), MetadataError::Line { line: 4 }),
            (format!(" {good}"), MetadataError::Line { line: 1 }),
        ] {
            assert_eq!(Metadata::read(text.as_bytes()), Err(error), "{text:?}");
        }
        assert_eq!(Metadata::read(b"Name: \xff"), Err(MetadataError::Encoding));
    }
}
