//! The hidden first line of a comment: whose plan it shows, which plan, and which it showed before.
//!
//! ```text
//! <!-- relplan:plan scope=acme/widgets digest=sha256:9f86… previous=2c26b46b68ff,fcde2b2edba5 -->
//! ```
//!
//! Invariant: whatever a scope holds, its line stays one HTML comment on one line: all but a few characters are
//! percent-encoded, the hyphen among them, since two of those end a comment.
//! Why: the line is read back from a place that others can write to. What does not read exactly is no marker.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use relplan_model::{digest::Sha256, plan::Plan};

const BEGIN: &str = "<!-- relplan:plan scope=";
const END: &str = " -->";

/// How many earlier plans a comment names.
const REMEMBERED: usize = 5;

/// The longest encoded scope, in bytes; a longer one is told by its digest.
const LONGEST: usize = 200;

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'_')
    .remove(b':');

/// What a comment is about: plans of one scope share a comment, others have their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(String);

impl Scope {
    /// As the user says it.
    pub fn named(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The project, and what was selected of it: two plans of one pull request with different selections do not
    /// replace one another.
    pub fn of(plan: &Plan) -> Self {
        let mut text = plan.project.clone();
        let selection = &plan.selection;
        let targets = selection.targets.iter().map(ToString::to_string);
        for (word, patterns) in [
            ("package", selection.packages.clone()),
            ("exclude", selection.exclude.clone()),
            ("target", targets.collect()),
        ] {
            for pattern in patterns {
                text.push_str(&format!(" {word}={pattern}"));
            }
        }
        Self(text)
    }

    fn encoded(&self) -> String {
        let encoded = utf8_percent_encode(&self.0, PLAIN).to_string();
        if encoded.len() <= LONGEST {
            encoded
        } else {
            Sha256::of(self.0.as_bytes()).to_string()
        }
    }
}

/// A comment's first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    scope: String,
    digest: Sha256,
    /// The first digits of earlier plans, the newest first.
    previous: Vec<String>,
}

impl Marker {
    /// For the first comment of a scope.
    pub fn new(scope: &Scope, digest: Sha256) -> Self {
        Self {
            scope: scope.encoded(),
            digest,
            previous: Vec::new(),
        }
    }

    /// Reads a comment's first line.
    pub fn read(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let inside = line.strip_prefix(BEGIN)?.strip_suffix(END)?;
        let mut words = inside.split(' ');
        let scope = words.next()?.to_owned();
        let digest = words.next()?.strip_prefix("digest=")?.parse().ok()?;
        let previous = match words.next() {
            None => Vec::new(),
            Some(word) => word
                .strip_prefix("previous=")?
                .split(',')
                .map(str::to_owned)
                .collect(),
        };
        let marker = Self {
            scope,
            digest,
            previous,
        };
        // Only what would be written so is read: nothing that somebody put there can reach the comment's text.
        let decoded = percent_decode_str(&marker.scope).decode_utf8().ok()?;
        let sound = words.next().is_none()
            && utf8_percent_encode(&decoded, PLAIN).to_string() == marker.scope
            && marker.previous.len() <= REMEMBERED
            && marker.previous.iter().all(|digits| short(digits));
        sound.then_some(marker)
    }

    /// Whether it is of this scope.
    pub fn is_of(&self, scope: &Scope) -> bool {
        self.scope == scope.encoded()
    }

    /// The marker of the comment that takes this one's place.
    pub fn followed_by(&self, digest: Sha256) -> Self {
        let mut previous = self.previous.clone();
        if self.digest != digest {
            previous.insert(0, self.digest.short());
        }
        let mut seen = vec![digest.short()];
        previous.retain(|digits| {
            let new = !seen.contains(digits);
            seen.push(digits.clone());
            new
        });
        previous.truncate(REMEMBERED);
        Self {
            scope: self.scope.clone(),
            digest,
            previous,
        }
    }

    /// The first digits of earlier plans, the newest first.
    pub fn previous(&self) -> &[String] {
        &self.previous
    }

    /// The line.
    pub fn line(&self) -> String {
        let Self {
            scope,
            digest,
            previous,
        } = self;
        let previous = match previous.as_slice() {
            [] => String::new(),
            some => format!(" previous={}", some.join(",")),
        };
        format!("{BEGIN}{scope} digest={digest}{previous}{END}")
    }
}

fn short(digits: &str) -> bool {
    digits.len() == 12
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Sha256 {
        Sha256::of(text.as_bytes())
    }

    #[test]
    fn no_scope_breaks_out_of_its_line() {
        for hostile in [
            "a --> <script>",
            "a\n@everyone",
            "a digest=sha256:0",
            "é-> %2D",
            "--!>",
            "",
        ] {
            let scope = Scope::named(hostile);
            let marker = Marker::new(&scope, digest("a"));
            let line = marker.line();
            let inside = line
                .strip_prefix("<!--")
                .unwrap()
                .strip_suffix("-->")
                .unwrap();
            assert!(
                !inside.contains("--") && !inside.contains(['>', '<', '\n', '@']),
                "{line}"
            );
            let read = Marker::read(&format!("{line}\nthe rest")).unwrap();
            assert_eq!(read, marker);
            assert!(read.is_of(&scope));
            assert!(!read.is_of(&Scope::named("another")));
        }
        let long = Scope::named(&"-p x ".repeat(100));
        let marker = Marker::new(&long, digest("a"));
        assert!(marker.line().len() < 250);
        assert!(Marker::read(&marker.line()).unwrap().is_of(&long));
    }

    #[test]
    fn what_is_not_exactly_a_marker_is_none() {
        let good = Marker::new(&Scope::named("a"), digest("a")).line();
        assert!(Marker::read(&good).is_some());
        assert!(Marker::read(&format!("{good}\r\nx")).is_some());
        for bad in [
            format!("> {good}"),
            format!("\n{good}"),
            good.replace("scope=a", "scope=a-b"),
            good.replace("sha256:", ""),
            good.replace(" -->", " previous=<b>x</b> -->"),
            good.replace(" -->", " previous=0123456789ab extra -->"),
            good.replace(" -->", ""),
        ] {
            assert_eq!(Marker::read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn five_earlier_plans_are_remembered_the_newest_first() {
        let mut marker = Marker::new(&Scope::named("a"), digest("0"));
        assert_eq!(marker.followed_by(digest("0")), marker);
        for number in 1..=7 {
            marker = marker.followed_by(digest(&number.to_string()));
            marker = Marker::read(&marker.line()).unwrap();
        }
        let expected: Vec<String> = (2..=6)
            .rev()
            .map(|number: u32| digest(&number.to_string()).short())
            .collect();
        assert_eq!(marker.previous(), expected);
        // A plan that comes back is no earlier plan any more.
        let back = marker.followed_by(digest("5"));
        assert!(!back.previous().contains(&digest("5").short()));
        assert_eq!(back.previous().first(), Some(&digest("7").short()));
    }
}
