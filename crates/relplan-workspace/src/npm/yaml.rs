//! YAML as values, with bounds on depth and size.
//!
//! Why: the library's own loader recurses once for each level and clones what an alias names, and both are chosen by
//! whoever wrote the file. Its event stream does neither.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr_parser::{Event, Parser};

use crate::discover::{ReadError, text};

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// The most values that a file may stand for once its aliases are replaced.
const MAX_VALUES: usize = 100_000;

/// The largest YAML file that is read, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// A value. Numbers and truth values stay the texts that they are written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// Reads the first document of a file; an empty file is an empty map.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, ReadError> {
        let syntax = |line: usize, message: &str| ReadError::Syntax {
            file: file.to_owned(),
            line,
            message: text::one_line(message),
        };
        if text.len() > MAX_SIZE {
            return Err(ReadError::TooLarge {
                file: file.to_owned(),
                limit: MAX_SIZE as u64,
            });
        }
        let mut builder = Builder::default();
        for event in Parser::new_from_str(text) {
            let (event, span) =
                event.map_err(|error| syntax(error.marker().line(), error.info()))?;
            if builder
                .take(event)
                .map_err(|message| syntax(span.start.line(), message))?
            {
                break;
            }
        }
        Ok(builder.root.unwrap_or(Self::Map(Vec::new())))
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find_map(|(name, value)| (name == key).then_some(value)),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The values of a list; nothing for anything else.
    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            Self::Text(_) | Self::Map(_) => &[],
        }
    }

    /// The entries of a map; nothing for anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            Self::Text(_) | Self::List(_) => &[],
        }
    }

    fn size(&self) -> usize {
        1 + match self {
            Self::Text(_) => 0,
            Self::List(list) => list.iter().map(Self::size).sum(),
            Self::Map(entries) => entries.iter().map(|(_, value)| 1 + value.size()).sum(),
        }
    }

    fn depth(&self) -> usize {
        1 + match self {
            Self::Text(_) => 0,
            Self::List(list) => list.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => entries
                .iter()
                .map(|(_, value)| value.depth())
                .max()
                .unwrap_or(0),
        }
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Yaml>,
    values: usize,
    root: Option<Yaml>,
}

struct Open {
    anchor: usize,
    value: Yaml,
    /// For a map: the key that waits for its value; `Some(None)`: a key that is not a text, which nothing can ask for.
    key: Option<Option<String>>,
}

impl Builder {
    /// Takes one event; true when the document is complete.
    fn take(&mut self, event: Event<'_>) -> Result<bool, &'static str> {
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => Ok(false),
            Event::StreamEnd | Event::DocumentEnd => Ok(true),
            Event::Scalar(text, _, anchor, _) => {
                self.put(Yaml::Text(Cow::into_owned(text)), anchor)?;
                Ok(false)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor);
                let value = value.ok_or("this alias names nothing that is complete")?;
                if self.values + value.size() > MAX_VALUES {
                    return Err("the file stands for too many values");
                }
                if self.open.len() + value.depth() > MAX_DEPTH {
                    return Err("this is nested too deeply");
                }
                let value = value.clone();
                self.values += value.size();
                self.put(value, 0)?;
                Ok(false)
            }
            Event::SequenceStart(anchor, _) => {
                self.start(Yaml::List(Vec::new()), anchor)?;
                Ok(false)
            }
            Event::MappingStart(anchor, _) => {
                self.start(Yaml::Map(Vec::new()), anchor)?;
                Ok(false)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { anchor, value, .. }) = self.open.pop() {
                    self.put(value, anchor)?;
                }
                Ok(false)
            }
        }
    }

    fn start(&mut self, value: Yaml, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() >= MAX_DEPTH {
            return Err("this is nested too deeply");
        }
        self.open.push(Open {
            anchor,
            value,
            key: None,
        });
        Ok(())
    }

    fn put(&mut self, value: Yaml, anchor: usize) -> Result<(), &'static str> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err("the file stands for too many values");
        }
        if anchor > 0 {
            self.values += value.size();
            self.anchors.insert(anchor, value.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        match &mut open.value {
            Yaml::List(list) => list.push(value),
            Yaml::Map(entries) => match open.key.take() {
                Some(Some(key)) => entries.push((key, value)),
                Some(None) => {}
                None => {
                    open.key = Some(match value {
                        Yaml::Text(key) => Some(key),
                        Yaml::List(_) | Yaml::Map(_) => None,
                    });
                }
            },
            Yaml::Text(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workspaces_write_is_read() {
        let text = "# comment\npackages:\n  - 'packages/*'\n  - \"!**/test/**\"\n  - docs\ncatalog:\n  react: &r ^18.0.0\n  react-dom: *r\nx: {a: 1, [b]: 2}\n";
        let yaml = Yaml::parse("w.yaml", text).unwrap();
        let packages: Vec<_> = yaml
            .get("packages")
            .unwrap()
            .list()
            .iter()
            .map(|item| item.text().unwrap())
            .collect();
        assert_eq!(packages, ["packages/*", "!**/test/**", "docs"]);
        let catalog = yaml.get("catalog").unwrap();
        assert_eq!(catalog.get("react-dom").unwrap().text(), Some("^18.0.0"));
        assert_eq!(yaml.get("x").unwrap().get("a").unwrap().text(), Some("1"));
        assert_eq!(Yaml::parse("w.yaml", "").unwrap(), Yaml::Map(vec![]));
    }

    #[test]
    fn hostile_files_are_refused_with_their_line() {
        let laughs = {
            let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
            for level in 1..9 {
                let below = format!("*a{}", level - 1);
                let ten = [below.as_str(); 10].join(",");
                text.push_str(&format!("a{level}: &a{level} [{ten}]\n"));
            }
            text
        };
        for (text, why) in [
            (laughs, "too many values"),
            ("- ".repeat(200_000), "nested too deeply"),
            ("[".repeat(200), "nested too deeply"),
            ("a: [1\nb: 2\n".to_owned(), "w.yaml:"),
            ("a: *nothing\n".to_owned(), "w.yaml:1"),
        ] {
            let error = Yaml::parse("w.yaml", &text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
