//! The text of a policy to a tree of lines. What is read is a part of KDL 2: words, double-quoted texts, whole numbers,
//! `#true` and `#false`, blocks, and comments that begin with `//`.
//!
//! Why not all of KDL: a policy is read by people who decide whom to trust by it. What can switch a line off unseen
//! (`/-`, `/*`), spell one text in several ways, or stretch one line over several is refused by name.
//!
//! Invariant: time is linear in the text, and recursion is bounded by [`MAX_DEPTH`], whatever the text is.

use relplan_model::text::is_hidden;

use crate::problem::{Problem, Span, quoted};

/// The longest text that is read, in bytes.
pub(crate) const MAX_SIZE: usize = 256 << 10;
/// How deep blocks may nest.
const MAX_DEPTH: usize = 4;

/// One line with its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) word: String,
    pub(crate) span: Span,
    pub(crate) arguments: Vec<Scalar>,
    pub(crate) properties: Vec<(String, Span, Scalar)>,
    pub(crate) children: Vec<Self>,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) value: Literal,
    pub(crate) span: Span,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Text(String),
    Number(u64),
    Flag(bool),
}

/// Characters that may not stand anywhere, as they are not shown.
fn is_forbidden(c: char) -> bool {
    is_hidden(c) && !matches!(c, '\t' | '\n' | '\r')
}

/// What was read, or the first thing that is wrong.
type Read<T> = Result<T, Box<Problem>>;

fn refuse<T>(problem: Problem) -> Read<T> {
    Err(Box::new(problem))
}

/// Reads the text's lines, or tells the first thing that is wrong with it.
pub(crate) fn read(text: &str) -> Read<Vec<Node>> {
    if text.len() > MAX_SIZE {
        let message = format!(
            "the policy has {} bytes, and at most {MAX_SIZE} are read",
            text.len()
        );
        return refuse(Problem::new(
            "too-large",
            Span::default(),
            message,
            "too long",
        ));
    }
    if let Some((offset, c)) = text.char_indices().find(|(_, c)| is_forbidden(*c)) {
        let span = Span {
            offset,
            len: c.len_utf8(),
        };
        let message = format!(
            "the character U+{:04X} may not stand in a policy",
            u32::from(c)
        );
        return refuse(
            Problem::new("syntax", span, message, "an invisible character is here")
                .hint("delete it"),
        );
    }
    let mut reader = Reader { text, at: 0 };
    let nodes = reader.nodes(0)?;
    match reader.peek() {
        None => Ok(nodes),
        Some(_) => refuse(Problem::new(
            "syntax",
            reader.here(1),
            "this `}` closes nothing",
            "no block is open here",
        )),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn nodes(&mut self, depth: usize) -> Read<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            self.blank(true)?;
            match self.peek() {
                None | Some('}') => return Ok(nodes),
                Some(_) => nodes.push(self.node(depth)?),
            }
        }
    }

    fn node(&mut self, depth: usize) -> Read<Node> {
        let start = self.at;
        let word = self.word("a line begins with a word such as `person`")?;
        let mut node = Node {
            word,
            span: self.since(start),
            arguments: Vec::new(),
            properties: Vec::new(),
            children: Vec::new(),
        };
        loop {
            let before = self.at;
            self.blank(false)?;
            match self.peek() {
                None | Some('}') => return Ok(node),
                Some(';' | '\n' | '\r') => {
                    self.at += 1;
                    return Ok(node);
                }
                Some('{') => {
                    node.children = self.block(depth)?;
                    self.blank(false)?;
                    return match self.peek() {
                        None | Some('}') => Ok(node),
                        Some(';' | '\n' | '\r') => {
                            self.at += 1;
                            Ok(node)
                        }
                        Some(_) => refuse(Problem::new(
                            "syntax",
                            self.this(),
                            "after `}` a new line is expected",
                            "this belongs on a line of its own",
                        )),
                    };
                }
                Some(_) if before == self.at => {
                    return refuse(Problem::new(
                        "syntax",
                        self.this(),
                        "a space is missing before this",
                        "it follows without a space",
                    ));
                }
                Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                    let start = self.at;
                    let name = self.word("a property's name")?;
                    let span = self.since(start);
                    if self.peek() != Some('=') {
                        return refuse(
                            Problem::new(
                                "syntax",
                                span,
                                format!("{} is neither a text nor a property", quoted(&name)),
                                "a bare word",
                            )
                            .hint(format!(
                                "put texts in quotes, \"{name}\", and write properties as {name}=…"
                            )),
                        );
                    }
                    self.at += 1;
                    let value = self.scalar()?;
                    node.properties.push((name, span, value));
                }
                Some(_) => {
                    let value = self.scalar()?;
                    node.arguments.push(value);
                }
            }
        }
    }

    fn block(&mut self, depth: usize) -> Read<Vec<Node>> {
        let open = self.here(1);
        if depth + 1 > MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} deep");
            return refuse(Problem::new("nesting", open, message, "one block too many"));
        }
        self.at += 1;
        let children = self.nodes(depth + 1)?;
        if self.peek() != Some('}') {
            return refuse(
                Problem::new(
                    "syntax",
                    open,
                    "this block is never closed",
                    "no `}` belongs to this `{`",
                )
                .hint("add the missing `}`"),
            );
        }
        self.at += 1;
        Ok(children)
    }

    fn word(&mut self, what: &str) -> Read<String> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default().to_owned();
        if !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return refuse(self.unexpected(what));
        }
        self.at += length;
        Ok(word)
    }

    fn scalar(&mut self) -> Read<Scalar> {
        let start = self.at;
        let value = match self.peek() {
            Some('"') => Literal::Text(self.text()?),
            Some('#') if self.takes_word("#true") => Literal::Flag(true),
            Some('#') if self.takes_word("#false") => Literal::Flag(false),
            Some(c) if c.is_ascii_digit() => self.number()?,
            _ => {
                return refuse(self.unexpected(
                    "a text in quotes, a whole number, `#true` or `#false` is expected",
                ));
            }
        };
        Ok(Scalar {
            value,
            span: self.since(start),
        })
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = self.rest().strip_prefix(word).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', ';', '{', '}'])
        });
        if is_it {
            self.at += word.len();
        }
        is_it
    }

    fn number(&mut self) -> Read<Literal> {
        let start = self.at;
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default();
        let number = match digits.parse::<u64>() {
            Ok(number) if number <= relplan_model::canonical::MAX_INTEGER => number,
            _ => {
                return refuse(Problem::new(
                    "invalid-value",
                    self.here(length),
                    "this number is too large",
                    "at most 2^53-1",
                ));
            }
        };
        let is_odd = digits.len() > 1 && digits.starts_with('0');
        let ends = rest.get(length..).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', ';', '{', '}'])
        });
        if is_odd || !ends {
            let length = rest
                .find(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}'))
                .unwrap_or(rest.len());
            return refuse(
                Problem::new(
                    "syntax",
                    Span {
                        offset: start,
                        len: length,
                    },
                    "this is not a plain whole number",
                    "not a number",
                )
                .hint("write it in digits alone; texts stand in quotes"),
            );
        }
        self.at += length;
        Ok(Literal::Number(number))
    }

    fn text(&mut self) -> Read<String> {
        let start = self.at;
        if self.rest().starts_with("\"\"\"") {
            return refuse(self.unexpected("texts of several lines are not taken"));
        }
        let mut value = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                    _ => {
                        return refuse(
                            Problem::new(
                                "syntax",
                                Span {
                                    offset: start + at,
                                    len: 1,
                                },
                                "only \\\" and \\\\ may be escaped in a policy",
                                "another escape",
                            )
                            .hint("write the character itself"),
                        );
                    }
                },
                '\n' | '\r' => break,
                c => value.push(c),
            }
        }
        refuse(
            Problem::new(
                "syntax",
                Span {
                    offset: start,
                    len: 1,
                },
                "this text is never closed",
                "no `\"` on this line belongs to it",
            )
            .hint("add the missing quote"),
        )
    }

    /// Skips spaces and comments, and with `lines` what ends and separates lines.
    fn blank(&mut self, lines: bool) -> Read<()> {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.at += 1,
                Some('\n' | '\r') if lines => self.at += 1,
                Some('/') if self.rest().starts_with("//") => {
                    let rest = self.rest();
                    self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
                }
                _ => return Ok(()),
            }
        }
    }

    fn unexpected(&self, what: &str) -> Problem {
        let rest = self.rest();
        let refused = [
            (
                "/*",
                "comments that begin with `/*` are not taken",
                "use `//`",
            ),
            (
                "/-",
                "`/-` is not taken",
                "delete the line, or put `//` before it",
            ),
            (
                "\"\"\"",
                "texts of several lines are not taken",
                "write one line",
            ),
            ("#\"", "raw texts are not taken", "write it as \"…\""),
            ("##", "raw texts are not taken", "write it as \"…\""),
            (
                "\\",
                "a line may not go on behind `\\`",
                "write it on one line",
            ),
            ("(", "types in parentheses are not taken", "delete it"),
        ];
        for (begins, message, hint) in refused {
            if rest.starts_with(begins) {
                return Problem::new("syntax", self.here(begins.len()), message, "not here")
                    .hint(hint);
            }
        }
        let len = self.peek().map_or(0, char::len_utf8);
        let label = if len == 0 {
            "the text ends here"
        } else {
            "here"
        };
        Problem::new("syntax", self.here(len), what, label)
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn here(&self, len: usize) -> Span {
        Span {
            offset: self.at,
            len,
        }
    }

    /// The character that stands here, however many bytes it has.
    fn this(&self) -> Span {
        self.here(self.peek().map_or(0, char::len_utf8))
    }

    fn since(&self, start: usize) -> Span {
        Span {
            offset: start,
            len: self.at.saturating_sub(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_stretches_is_refused_by_name() {
        for text in [
            "/- person \"a\"",
            "person /* \"a\" */ \"b\"",
            "person #\"a\"#",
            "person \"\"\"\na\n\"\"\"",
            "person \\\n \"a\"",
            "person (type)\"a\"",
            "person \"a\\u{41}\"",
            "person \"a\nb\"",
            "person a",
            "threshold 1.5",
            "threshold 007",
            "threshold -1",
            "threshold 9007199254740993",
            "threshold 99999999999999999999999",
            "touch #null",
            "touch true",
            "a {",
            "a }",
            "a {} b",
            "a \"b\"\"c\"",
            "a { b { c { d { e { } } } } }",
            "a \u{202e}",
            "\u{feff}a",
            "{ }",
            "1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lines_are_read() {
        let nodes = read("a \"b\" c=1 // d\nperson \"x\" { key \"k\"; }\n").unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(nodes[0].properties[0].0, "c");
        assert_eq!(nodes[1].children[0].word, "key");
        assert_eq!(read("// nothing\r\n").unwrap(), []);
    }

    #[test]
    fn deep_and_long_texts_end_at_once() {
        assert!(read(&"a{".repeat(100_000)).is_err());
        assert!(read(&"a".repeat(MAX_SIZE + 1)).is_err());
        assert!(read(&"a;".repeat(100_000)).is_ok());
    }
}
