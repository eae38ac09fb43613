//! One line of an ignore file, as npm reads it: the dialect of its matcher with bare names matching in any folder,
//! dot files matching like others, and letters matching in either case.
//!
//! Extended globs (`@(a|b)`), number ranges (`{1..3}`) and named classes (`[[:alpha:]]`) are refused rather than misread.
//! Each rule's size and its number of `**` are bounded: manifests and ignore files may be hostile.

/// A rule's greatest length in bytes.
const LENGTH: usize = 1024;
/// The greatest number of patterns that a rule's braces may stand for.
const ALTERNATIVES: usize = 256;
/// The greatest number of `**` in one pattern.
const GLOBSTARS: usize = 6;

/// A rule that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misunderstood(pub(super) String);

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Whether what it matches is taken in rather than left out.
    pub(super) includes: bool,
    patterns: Vec<Vec<Part>>,
    /// Whether it speaks of names rather than of paths.
    pub(super) is_bare: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Globstar,
    Segment(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Many,
    Class(bool, Vec<(char, char)>),
}

/// Reads all rules of an ignore file's text.
pub(super) fn parse(text: &str) -> Result<Vec<Rule>, Misunderstood> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Rule::parse)
        .collect()
}

impl Rule {
    fn parse(line: &str) -> Result<Self, Misunderstood> {
        let refuse = |why: &str| Err(Misunderstood(format!("the rule {line:?} {why}")));
        if line.len() > LENGTH {
            return refuse("is too long");
        }
        let pattern = line.trim_start_matches('!');
        let includes = (line.len() - pattern.len()) % 2 == 1;
        if ["?(", "*(", "+(", "@(", "!("]
            .iter()
            .any(|sign| pattern.contains(sign))
        {
            return refuse("is an extended glob");
        }
        if pattern.contains("[[:") {
            return refuse("has a named class");
        }
        let mut alternatives = Vec::new();
        if !expand("", pattern, &mut alternatives) {
            return refuse("stands for too many patterns, or for a range of numbers");
        }
        let patterns: Vec<_> = alternatives.iter().map(|text| parts(text)).collect();
        let globstars =
            |parts: &Vec<Part>| parts.iter().filter(|part| **part == Part::Globstar).count();
        if patterns.iter().any(|parts| globstars(parts) > GLOBSTARS) {
            return refuse("has too many `**`");
        }
        let is_bare = patterns.iter().any(|parts| match parts.last() {
            Some(last) if *last == Part::Segment(Vec::new()) => parts.len() <= 2,
            _ => parts.len() <= 1,
        });
        Ok(Self {
            includes,
            patterns,
            is_bare,
        })
    }

    /// Whether a path matches. With `partial`, so does a path that something which matches could lie below.
    pub(super) fn matches(&self, path: &str, partial: bool) -> bool {
        let segments = segments(path);
        let name = segments.iter().rev().find(|segment| !segment.is_empty());
        let name = [name.copied().unwrap_or_default()];
        self.patterns.iter().any(|parts| {
            let path = if parts.len() == 1 {
                &name[..]
            } else {
                &segments
            };
            walk(path, parts, partial)
        })
    }
}

fn walk(path: &[&str], parts: &[Part], partial: bool) -> bool {
    match (path.split_first(), parts.split_first()) {
        (None, None) => true,
        (None, Some(_)) => partial,
        // A folder's path ends with a slash, hence with an empty segment.
        (Some((first, rest)), None) => first.is_empty() && rest.is_empty(),
        (Some(_), Some((Part::Globstar, []))) => true,
        (Some(_), Some((Part::Globstar, further))) => {
            partial
                || (0..path.len())
                    .any(|skip| walk(path.get(skip..).unwrap_or_default(), further, partial))
        }
        (Some((first, rest)), Some((Part::Segment(tokens), further))) => {
            segment_matches(tokens, first) && walk(rest, further, partial)
        }
    }
}

/// Matches one segment, by going back to the last `*` when something does not fit.
fn segment_matches(tokens: &[Token], text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    if !tokens.is_empty() && tokens.iter().all(|token| *token == Token::Many) {
        return !chars.is_empty();
    }
    let (mut token, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (tokens.get(token), chars.get(at)) {
            (None, None) => return true,
            (Some(Token::Many), _) => {
                retry = Some((token, at));
                token += 1;
                continue;
            }
            (Some(one), Some(c)) if one.fits(*c) => {
                token += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((many, from)) if from < chars.len() => {
                retry = Some((many, from + 1));
                token = many + 1;
                at = from + 1;
            }
            _ => return false,
        }
    }
}

impl Token {
    fn fits(&self, c: char) -> bool {
        let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
        match self {
            Self::Literal(literal) => same(*literal, c),
            Self::One => true,
            Self::Many => false,
            Self::Class(negated, ranges) => {
                let (lower, upper) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
                let within = ranges
                    .iter()
                    .any(|(from, to)| [c, lower, upper].iter().any(|c| (from..=to).contains(&c)));
                within != *negated
            }
        }
    }
}

/// Writes out the alternatives of braces. False: too many, or a range.
fn expand(before: &str, text: &str, into: &mut Vec<String>) -> bool {
    let Some((open, commas, close)) = first_braces(text) else {
        into.push(format!("{before}{text}"));
        return into.len() <= ALTERNATIVES;
    };
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let (head, tail) = (part(0, open), part(close + 1, text.len()));
    if commas.is_empty() {
        if part(open + 1, close).contains("..") {
            return false;
        }
        return expand(&format!("{before}{}", part(0, close + 1)), tail, into);
    }
    let starts = std::iter::once(open + 1).chain(commas.iter().map(|comma| comma + 1));
    let ends = commas.iter().copied().chain([close]);
    starts
        .zip(ends)
        .all(|(from, to)| expand(before, &format!("{head}{}{tail}", part(from, to)), into))
}

/// The first pair of braces, with the commas directly in it.
fn first_braces(text: &str) -> Option<(usize, Vec<usize>, usize)> {
    let bytes = text.as_bytes();
    let mut search = 0;
    while let Some(open) = bytes
        .iter()
        .skip(search)
        .position(|byte| *byte == b'{')
        .map(|at| at + search)
    {
        let (mut depth, mut commas, mut at) = (0_usize, Vec::new(), open);
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some((open, commas, at)),
                b'}' => depth -= 1,
                b',' if depth == 1 => commas.push(at),
                _ => {}
            }
            at += 1;
        }
        search = open + 1;
    }
    None
}

/// The pieces between slashes; several slashes in a row are one.
fn segments(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = Vec::new();
    let mut pieces = path.split('/').enumerate().peekable();
    while let Some((index, piece)) = pieces.next() {
        if !piece.is_empty() || index == 0 || pieces.peek().is_none() {
            segments.push(piece);
        }
    }
    segments
}

fn parts(pattern: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    for text in segments(pattern) {
        if text == "**" && texts.last() == Some(&"**") {
            continue;
        }
        let climbs = text == ".."
            && texts
                .last()
                .is_some_and(|last| !matches!(*last, "" | "." | ".." | "**"));
        if climbs {
            texts.pop();
            parts.pop();
            continue;
        }
        texts.push(text);
        parts.push(match text {
            "**" => Part::Globstar,
            other => Part::Segment(tokens(other)),
        });
    }
    if parts.is_empty() {
        parts.push(Part::Segment(Vec::new()));
    }
    parts
}

fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        tokens.push(match c {
            '*' if tokens.last() == Some(&Token::Many) => continue,
            '*' => Token::Many,
            '?' => Token::One,
            '\\' => {
                let literal = chars.get(at).copied().unwrap_or('\\');
                at += 1;
                Token::Literal(literal)
            }
            '[' => match class(chars.get(at..).unwrap_or_default()) {
                Some((token, length)) => {
                    at += length;
                    token
                }
                None => Token::Literal('['),
            },
            other => Token::Literal(*other),
        });
    }
    tokens
}

/// Reads a class from behind its `[`; its length counts the `]`. `None`: it has no end, and `[` is just that.
fn class(chars: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(chars.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let start = at;
    let mut ranges = Vec::new();
    loop {
        let mut c = *chars.get(at)?;
        if c == ']' && at > start {
            return Some((Token::Class(negated, ranges), at + 1));
        }
        if c == '\\' {
            at += 1;
            c = *chars.get(at)?;
        }
        at += 1;
        match (chars.get(at), chars.get(at + 1)) {
            (Some('-'), Some(to)) if *to != ']' => {
                ranges.push((c, *to));
                at += 2;
            }
            _ => ranges.push((c, c)),
        }
    }
}
