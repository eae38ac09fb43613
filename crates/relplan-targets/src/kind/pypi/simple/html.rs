//! The HTML form of a project's page: anchors, of which only the file's name, its hash and `data-yanked` count.
//!
//! Why: pypiserver and many static hosts write nothing else. The reader below knows tags, attributes, comments, raw
//! text and character references, which is all that such pages consist of; it takes one pass and no recursion.

use percent_encoding::percent_decode_str;

use super::{Listed, PageError, check_version, digests};
use relplan_ecosystem::python::filename;

/// Elements whose text may say whose page it is.
const HEADINGS: [&str; 3] = ["title", "h1", "h2"];

/// The words before a project's name in the title of its page: those of PEP 503's implementations, which all copied
/// them from the first one, and those of web servers that list a folder.
const INTRODUCTIONS: [&str; 3] = ["links for ", "index of ", "directory listing for "];

/// The longest text of a heading that is looked at, in bytes.
const HEADING: usize = 300;

/// Elements whose contents are not markup.
const RAW: [&str; 4] = ["script", "style", "title", "textarea"];

/// Reads the files that a project's page links to.
///
/// A page proves to be the project's by linking to a file of it or, where it links to none, by saying whose it is in two
/// ways that agree. Why: PEP 503 has no other mark, and a notice of maintenance or a login would read as a project
/// without files (law L5), under the page's own title too.
///
/// # Errors
/// When it names another version of the API, or does not prove to be the project's page.
pub(super) fn read(page: &str, project: &str) -> Result<Vec<Listed>, PageError> {
    let mut listed = Vec::new();
    let mut has_version = false;
    let mut marks = Marks::default();
    for tag in (Tags { rest: page }) {
        match tag.name.as_str() {
            "a" => {
                marks.leads_up |= tag.attribute("href").is_some_and(|to| to.trim() == "../");
                listed.extend(file(&tag));
            }
            "meta" => {
                let name = tag.attribute("name").unwrap_or_default();
                if name.eq_ignore_ascii_case("pypi:repository-version") {
                    check_version(tag.attribute("content").unwrap_or_default().trim())?;
                    has_version = true;
                }
            }
            _ => {
                let says = introduces(&tag.text, project);
                let is_name = filename::normalized(tag.text.trim()) == project;
                marks.is_named |= says || is_name;
                marks.says_otherwise |= !(says || is_name || tag.text.trim().is_empty());
                match tag.name.as_str() {
                    "title" => {
                        marks.has_title = true;
                        marks.is_titled |= says;
                    }
                    _ => marks.is_headed |= says,
                }
            }
        }
    }
    let is_own = |file: &Listed| filename::read(project, &file.name).is_some();
    if listed.iter().any(is_own) || marks.prove(has_version) {
        return Ok(listed);
    }
    Err(PageError::NotSimple {
        why: match listed.is_empty() {
            true => "it links to no file, and does not prove to be the project's page",
            false => "the files that it links to are of other projects",
        },
    })
}

/// What of a page says whose it is.
#[derive(Default)]
struct Marks {
    has_title: bool,
    /// Its title introduces the project's files.
    is_titled: bool,
    /// A heading does.
    is_headed: bool,
    /// One of these at least names the project.
    is_named: bool,
    /// One of them says something else.
    says_otherwise: bool,
    /// It links to the folder above, as web servers do that list a folder.
    leads_up: bool,
}

impl Marks {
    fn prove(&self, has_version: bool) -> bool {
        let second = self.is_headed || self.leads_up;
        let twice = (self.is_titled && second) || (self.is_headed && !self.has_title);
        !self.says_otherwise && (twice || (self.is_named && has_version))
    }
}

/// Whether a heading says that what follows are the files of this project.
fn introduces(heading: &str, project: &str) -> bool {
    let heading = heading.to_lowercase();
    INTRODUCTIONS.iter().any(|words| {
        let Some((_, after)) = heading.split_once(words) else {
            return false;
        };
        let last = after.trim().trim_end_matches('/').rsplit('/').next();
        last.is_some_and(|name| filename::normalized(name) == project)
    })
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
    /// The text inside, of a heading.
    text: String,
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
                let (mut tag, rest) = start_tag(after);
                self.rest = rest;
                if HEADINGS.contains(&tag.name.as_str()) {
                    tag.text = heading(rest, &tag.name);
                }
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
    end_tag(text, name)
        .and_then(|at| text.get(at..))
        .unwrap_or("")
}

/// Where the end tag of an element begins.
fn end_tag(text: &str, name: &str) -> Option<usize> {
    let end = text.match_indices("</").find(|(at, _)| {
        let after = text.get(at + 2..).unwrap_or_default();
        after
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    end.map(|(at, _)| at)
}

/// The text of a heading, without markup; empty if it has no end.
fn heading(text: &str, name: &str) -> String {
    let near = text
        .get(..text.floor_char_boundary(HEADING))
        .unwrap_or(text);
    let inside = end_tag(near, name).and_then(|end| near.get(..end));
    let mut out = String::new();
    for (number, piece) in inside.unwrap_or_default().split('<').enumerate() {
        out.push_str(match number {
            0 => piece,
            _ => piece.split_once('>').map_or("", |(_, after)| after),
        });
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    resolve(&words.join(" "))
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
        text: String::new(),
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
