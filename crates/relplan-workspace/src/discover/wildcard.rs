//! A folder's name with wildcards: `*` any characters, `?` one, `[a-z]` one of a set, `[!a]` or `[^a]` one that is not.
//!
//! Why: a manifest may list thousands, so reading one compiles nothing, and matching takes no more steps than the name's
//! length times the pattern's.

/// A name with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wildcard(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Many,
    One,
    Exactly(char),
    /// Ranges, and whether they are what is left out.
    Set(Vec<(char, char)>, bool),
}

impl Wildcard {
    /// Whether a text has wildcards in it at all.
    pub(crate) fn is_one(text: &str) -> bool {
        text.contains(['*', '?', '[', '\\'])
    }

    /// Reads a name with wildcards.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '*' if matches!(pieces.last(), Some(Piece::Many)) => continue,
                '*' => Piece::Many,
                '?' => Piece::One,
                '[' => set(&mut rest).ok_or("a `[` in it is not closed")?,
                '\\' => Piece::Exactly(rest.next().ok_or("it ends with a backslash")?),
                other => Piece::Exactly(other),
            });
        }
        Ok(Self(pieces))
    }

    /// Whether it asks for hidden folders by an initial full stop.
    pub(crate) fn is_dotted(&self) -> bool {
        matches!(self.0.first(), Some(Piece::Exactly('.')))
    }

    /// What it fixes at the start and at the end of every name that matches.
    pub(crate) fn ends(&self) -> (String, String) {
        let fixed = |piece: &Piece| match piece {
            Piece::Exactly(c) => Some(*c),
            Piece::Many | Piece::One | Piece::Set(..) => None,
        };
        let start = self.0.iter().map_while(fixed).collect();
        let mut end: Vec<char> = self.0.iter().rev().map_while(fixed).collect();
        end.reverse();
        (start, end.into_iter().collect())
    }

    /// Whether a name matches.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut piece, mut at) = (0, 0);
        // Where to go on when what follows the last `*` does not fit: that `*` then takes one character more.
        let mut again: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(piece), name.get(at)) {
                (None, None) => return true,
                (Some(Piece::Many), _) => {
                    again = Some((piece, at));
                    piece += 1;
                }
                (Some(one), Some(c)) if one.takes(*c) => {
                    piece += 1;
                    at += 1;
                }
                _ => match again {
                    Some((many, from)) if from < name.len() => {
                        again = Some((many, from + 1));
                        piece = many + 1;
                        at = from + 1;
                    }
                    _ => return false,
                },
            }
        }
    }
}

impl Piece {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Many | Self::One => true,
            Self::Exactly(wanted) => *wanted == c,
            Self::Set(ranges, negated) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated
            }
        }
    }
}

/// What follows a `[`, up to its `]`; a `]` that comes first is one of the set.
fn set(rest: &mut std::str::Chars<'_>) -> Option<Piece> {
    let mut ranges: Vec<(char, char)> = Vec::new();
    let negated = rest.as_str().starts_with(['!', '^']);
    if negated {
        rest.next();
    }
    loop {
        match rest.next()? {
            ']' if !ranges.is_empty() => return Some(Piece::Set(ranges, negated)),
            '-' if !ranges.is_empty() && !rest.as_str().starts_with(']') => {
                let to = rest.next()?;
                let (from, _) = ranges.pop()?;
                ranges.push((from, to));
            }
            c => ranges.push((c, c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_shells_match_them() {
        for (pattern, name, expected) in [
            ("*", "anything", true),
            ("*", "", true),
            ("acme-*", "acme-core", true),
            ("acme-*", "acme", false),
            ("*-core", "a-core-core", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("?", "é", true),
            ("?", "ab", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]a]", "]", true),
            ("[a-]", "-", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
        ] {
            let wildcard = Wildcard::parse(pattern).unwrap();
            assert_eq!(wildcard.matches(name), expected, "{pattern} {name}");
        }
        assert!(Wildcard::parse("[a").is_err());
        assert!(Wildcard::parse("a\\").is_err());
        let stars = Wildcard::parse(&"*a".repeat(500)).unwrap();
        assert!(!stars.matches(&"a".repeat(499)));
    }
}
