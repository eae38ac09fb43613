//! The HTML form of a project's page: anchors, of which only the file's name, its hash and `data-yanked` count.
//!
//! Why: pypiserver and many static hosts write nothing else. The reader below knows tags, attributes, comments, raw
//! text and character references, which is all that such pages consist of; it takes one pass and no recursion.

use percent_encoding::percent_decode_str;

use super::{Listed, PageError, check_version, digests};
use relplan_ecosystem::python::filename;

/// Elements that stand on pages for people and never on a project's page.
const FOREIGN: [&str; 6] = ["form", "input", "iframe", "button", "object", "video"];

/// Elements whose contents are not markup.
const RAW: [&str; 4] = ["script", "style", "title", "textarea"];

/// Reads the files that a page links to.
///
/// # Errors
/// When it names another version of the API, or looks like a page for people (a login, say) and links to no file.
pub(super) fn read(page: &str) -> Result<Vec<Listed>, PageError> {
    let mut listed = Vec::new();
    let mut foreign = false;
    let mut tags = 0_usize;
    for tag in (Tags { rest: page }) {
        tags += 1;
        match tag.name.as_str() {
            "a" => listed.extend(file(&tag)),
            "meta" => {
                let name = tag.attribute("name").unwrap_or_default();
                if name.eq_ignore_ascii_case("pypi:repository-version") {
                    check_version(tag.attribute("content").unwrap_or_default().trim())?;
                }
                foreign |= tag
                    .attribute("http-equiv")
                    .is_some_and(|text| text.eq_ignore_ascii_case("refresh"));
            }
            "script" => foreign = true,
            name => foreign |= FOREIGN.contains(&name),
        }
    }
    if tags == 0 {
        return Err(PageError::NotSimple {
            why: "it has no tag that could be read",
        });
    }
    if foreign && listed.is_empty() {
        return Err(PageError::NotSimple {
            why: "it is a page for people that links to no file",
        });
    }
    Ok(listed)
}

/// The file that an anchor links to; `None` for anchors that lead elsewhere, such as to the parent folder.
fn file(anchor: &Tag) -> Option<Listed> {
    let href = anchor.attribute("href")?.trim();
    let (place, fragment) = href.split_once('#').unwrap_or((href, ""));
    let path = place.split_once('?').map_or(place, |(path, _)| path);
    let last = path.rsplit('/').next()?;
    let name = percent_decode_str(last).decode_utf8().ok()?.into_owned();
    if !filename::is_distribution(&name) {
        return None;
    }
    let hashes = fragment.split('&').filter_map(|part| part.split_once('='));
    Some(Listed {
        name,
        digests: digests(hashes),
        size: None,
        yanked: anchor.attribute("data-yanked").is_some(),
        place: place.to_owned(),
    })
}

/// A start tag.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// An attribute's value with character references resolved. Of two of one name the first counts, as in browsers.
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The start tags of a page, in order.
struct Tags<'a> {
    rest: &'a str,
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        loop {
            let (_, after) = self.rest.split_once('<')?;
            self.rest = after;
            if let Some(comment) = after.strip_prefix("!--") {
                self.rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            } else if after.starts_with(['!', '?', '/']) {
                self.rest = after.split_once('>').map_or("", |(_, rest)| rest);
            } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let (tag, rest) = start_tag(after);
                self.rest = rest;
                if RAW.contains(&tag.name.as_str()) {
                    self.rest = after_raw(rest, &tag.name);
                }
                return Some(tag);
            }
        }
    }
}

/// Skips to the end tag of an element whose contents are not markup.
fn after_raw<'a>(text: &'a str, name: &str) -> &'a str {
    let end = text.match_indices("</").find(|(at, _)| {
        let after = text.get(at + 2..).unwrap_or_default();
        after
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    end.and_then(|(at, _)| text.get(at..)).unwrap_or("")
}

/// Reads a start tag, from behind its `<`; gives what follows its `>`.
fn start_tag(text: &str) -> (Tag, &str) {
    let end = text
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let mut tag = Tag {
        name: name.to_ascii_lowercase(),
        attributes: Vec::new(),
    };
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return (tag, "");
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, after);
        }
        let (attribute, after) = attribute(rest);
        tag.attributes.push(attribute);
        rest = after;
    }
}

/// Reads one attribute of a text that is not empty; at least one character is taken.
fn attribute(text: &str) -> ((String, String), &str) {
    // A `=` in front is part of the name, as the HTML standard has it; so every turn gets on.
    let end = text
        .char_indices()
        .skip(1)
        .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, '=' | '/' | '>'))
        .map_or(text.len(), |(at, _)| at);
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let name = name.to_ascii_lowercase();
    let after = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let Some(value) = after.strip_prefix('=') else {
        return ((name, String::new()), rest);
    };
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (value, rest) = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => {
            let quote = if value.starts_with('"') { '"' } else { '\'' };
            quoted.split_once(quote).unwrap_or((quoted, ""))
        }
        None => {
            let end = value
                .find(|c: char| c.is_ascii_whitespace() || c == '>')
                .unwrap_or(value.len());
            value.split_at_checked(end).unwrap_or((value, ""))
        }
    };
    ((name, resolve(value)), rest)
}

/// Resolves character references: the numeric ones, and the named ones that escape markup.
pub(crate) fn resolve(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after
            .split_once(';')
            .and_then(|(name, rest)| Some((referred(name)?, rest)))
        {
            Some((c, behind)) => {
                out.push(c);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn referred(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "plus" => '+',
        "nbsp" => '\u{a0}',
        _ => return None,
    })
}
