//! Many patterns at once: which of them fit a text, without trying each.
//!
//! A pattern is found by what it fixes at its two ends, and only those whose ends fit are tried. Why not one automaton for
//! all: its time grows with the number of patterns for every character of every text.

use std::{cell::Cell, collections::BTreeMap};

/// Patterns that [`super::check`] found nothing wrong with.
#[derive(Debug, Default)]
pub(crate) struct PatternSet<'p> {
    patterns: Vec<Vec<Piece<'p>>>,
    /// What is fixed at the start, then at the end, to the patterns of which that is so.
    ends: BTreeMap<&'p str, BTreeMap<&'p str, Vec<usize>>>,
    /// How many patterns were tried so far.
    tried: Cell<u64>,
}

/// What stands between two `/` of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'p> {
    /// `**`: any number of folders.
    Folders,
    /// A name, with or without wildcards.
    Name(&'p str),
}

impl<'p> PatternSet<'p> {
    /// Adds a pattern; its place is the number of those before it.
    pub(crate) fn add(&mut self, pattern: &'p str) {
        let place = self.patterns.len();
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for piece in pattern.split('/') {
            match piece {
                "**" if pieces.last() == Some(&Piece::Folders) => {}
                "**" => pieces.push(Piece::Folders),
                name => pieces.push(Piece::Name(name)),
            }
        }
        if pieces.last() == Some(&Piece::Folders) {
            // `crates/**` is what is in the folder, and not the folder itself.
            pieces.push(Piece::Name("*"));
        }
        self.patterns.push(pieces);
        let (start, end) = ends(pattern);
        let by_end = self.ends.entry(start).or_default();
        by_end.entry(end).or_default().push(place);
    }

    /// The places of the patterns that fit a text, in order.
    pub(crate) fn matches(&self, text: &str) -> Vec<usize> {
        let names: Vec<&str> = text.split('/').collect();
        let mut found = Vec::new();
        let boundaries = || {
            text.char_indices()
                .map(|(at, _)| at)
                .chain(std::iter::once(text.len()))
        };
        let by_start = boundaries().filter_map(|at| self.ends.get(text.get(..at)?));
        for by_end in by_start {
            let places = boundaries().filter_map(|at| by_end.get(text.get(at..)?));
            for place in places.flatten() {
                self.tried.set(self.tried.get().saturating_add(1));
                let fits = |pieces: &Vec<Piece<'_>>| {
                    fits(
                        pieces,
                        &names,
                        |piece| *piece == Piece::Folders,
                        |piece, name| match piece {
                            Piece::Folders => true,
                            Piece::Name(pattern) => name_fits(pattern, name),
                        },
                    )
                };
                if self.patterns.get(*place).is_some_and(fits) {
                    found.push(*place);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// How many patterns were tried so far.
    #[cfg(test)]
    pub(crate) fn tried(&self) -> u64 {
        self.tried.get()
    }
}

/// What a pattern fixes at the start and at the end of every text that fits it.
fn ends(pattern: &str) -> (&str, &str) {
    let wild = ['*', '?'];
    let start = pattern.split(wild).next().unwrap_or_default();
    let end = pattern.rsplit(wild).next().unwrap_or_default();
    // `**/name` fits the name alone as well.
    let end = match pattern.strip_suffix(end) {
        Some(before) if before.ends_with("**") => end.strip_prefix('/').unwrap_or(end),
        _ => end,
    };
    (start, end)
}

/// Whether a name fits one piece: `*` stands for any bytes, `?` for one.
fn name_fits(pattern: &str, name: &str) -> bool {
    fits(
        pattern.as_bytes(),
        name.as_bytes(),
        |byte| *byte == b'*',
        |pattern, byte| *pattern == b'?' || pattern == byte,
    )
}

/// Whether items fit a pattern in which some stand for any number of items. Takes no more steps than the lengths multiplied:
/// only the last of those may have to take one item more.
fn fits<P, T>(
    pattern: &[P],
    items: &[T],
    is_many: impl Fn(&P) -> bool,
    takes: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut piece, mut at) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(piece), items.get(at)) {
            (None, None) => return true,
            (Some(many), _) if is_many(many) => {
                again = Some((piece, at));
                piece += 1;
            }
            (Some(one), Some(item)) if takes(one, item) => {
                piece += 1;
                at += 1;
            }
            _ => match again {
                Some((many, from)) if from < items.len() => {
                    again = Some((many, from + 1));
                    piece = many + 1;
                    at = from + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a pattern means, by the library that matched them before.
    fn means(pattern: &str, text: &str) -> bool {
        globset::GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .unwrap()
            .compile_matcher()
            .is_match(text)
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("**".to_owned()),
            Just("*".to_owned()),
            "[ab@.é*?]{1,4}".prop_filter("`**` stands alone", |text| !text.contains("**")),
        ]
    }

    proptest! {
        #[test]
        fn patterns_mean_what_they_always_did(
            pieces in prop::collection::vec(prop::collection::vec(piece(), 1..5), 1..6),
            texts in prop::collection::vec(prop::collection::vec("[ab@.é]{1,4}", 1..5), 1..6),
        ) {
            let patterns: Vec<String> = pieces
                .iter()
                .map(|pieces| pieces.join("/"))
                .filter(|pattern| super::super::check(pattern).is_ok())
                .collect();
            let mut set = PatternSet::default();
            for pattern in &patterns {
                set.add(pattern);
            }
            for text in texts {
                let text = text.join("/");
                let meant: Vec<usize> = (0..patterns.len())
                    .filter(|place| means(&patterns[*place], &text))
                    .collect();
                prop_assert_eq!(set.matches(&text), meant, "{:?} on {:?}", patterns, text);
            }
        }
    }

    /// E9: 999 patterns and thousands of packages are looked up, not multiplied.
    #[test]
    fn patterns_are_looked_up_by_what_they_fix() {
        let patterns: Vec<String> = (0..333)
            .flat_map(|n| {
                [
                    format!("crates/group-{n}-*"),
                    format!("**/tool-{n}"),
                    format!("js/*/part-{n}"),
                ]
            })
            .collect();
        let mut set = PatternSet::default();
        for pattern in &patterns {
            set.add(pattern);
        }
        let mut found = 0;
        for n in 0..5_000 {
            found += set.matches(&format!("crates/group-{}-x{n}", n % 400)).len();
            found += set.matches(&format!("js/deep/part-{n}")).len();
        }
        assert_eq!(found, 4_196 + 333);
        // `group-1-*` and the like: hardly more is tried than fits.
        assert!(set.tried() < 6_000, "{}", set.tried());
    }
}
