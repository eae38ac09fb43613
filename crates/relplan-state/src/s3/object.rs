//! One object of a journal: a line that says whose it is, and the journal's lines.
//!
//! Why whose: a client whose answer was lost finds its own object again, and is not mistaken for another client that
//! wrote the very same lines at the same second.

/// What the first line begins with.
const HEADER: &str = "relplan-journal-1 ";

/// The bytes of an object.
pub(super) fn write(own: &str, lines: &[u8]) -> Vec<u8> {
    [HEADER.as_bytes(), own.as_bytes(), b"\n", lines].concat()
}

/// Whose an object is, and its lines.
pub(super) fn read(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(HEADER.as_bytes())?;
    let newline = rest.iter().position(|byte| *byte == b'\n')?;
    let (own, lines) = rest.split_at_checked(newline)?;
    Some((own, lines.get(1..)?))
}

/// The name of the object whose first line has this number: names sort as numbers do.
pub(super) fn name(first: u64) -> String {
    format!("{first:016}")
}

/// The number of an object's first line.
pub(super) fn first_of(object: &str) -> Option<u64> {
    let first = object.parse().ok()?;
    (name(first) == object).then_some(first)
}
