//! Spelling a value in canonical form while it is serialised, without a tree of it in between.
//!
//! Invariant: members stand in the order of their names' UTF-16 code units (RFC 8785, §3.2.3), each name once; numbers
//! are integers from 0 to [`MAX_INTEGER`].
//! Why: a plan of ten thousand packages has megabytes. Members come mostly in the order in which a type declares them,
//! so an object's bytes are put in order once, when it ends.

use std::{cmp::Ordering, io, ops::Range};

use serde_json::ser::{CharEscape, Formatter};

use super::MAX_INTEGER;

/// The bytes so far, and the objects that are still open.
#[derive(Default)]
pub(super) struct Spelling {
    /// The bytes.
    pub(super) out: Vec<u8>,
    /// The number that the form does not admit, after an error.
    pub(super) refused: Option<String>,
    open: Vec<Object>,
    /// Objects that are closed, kept for their memory.
    spare: Vec<Object>,
    scratch: Vec<u8>,
}

/// An object that is being written.
#[derive(Default)]
struct Object {
    /// Where its first member starts.
    start: usize,
    members: Vec<Member>,
}

/// A member that was written, without the comma after it.
struct Member {
    /// Where its name stands, as written, without the quotes.
    name: Range<usize>,
    /// Where it starts and ends.
    whole: Range<usize>,
}

impl Spelling {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn integer(&mut self, integer: u64) -> io::Result<()> {
        if integer > MAX_INTEGER {
            return self.refuse(integer.to_string());
        }
        let mut digits = [0_u8; 20];
        let mut rest = integer;
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            used += 1;
            if rest == 0 {
                break;
            }
        }
        let from = digits.len() - used;
        self.put(digits.get(from..).unwrap_or_default())
    }

    fn signed(&mut self, integer: i64) -> io::Result<()> {
        match u64::try_from(integer) {
            Ok(integer) => self.integer(integer),
            Err(_) => self.refuse(integer.to_string()),
        }
    }

    fn refuse(&mut self, number: String) -> io::Result<()> {
        self.refused = Some(number);
        Err(io::Error::other("the number is not admitted"))
    }

    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.out.get(range.clone()).unwrap_or_default()
    }

    /// Closes the innermost object: its members are put in order if they are not.
    fn close(&mut self) -> io::Result<()> {
        let Some(mut object) = self.open.pop() else {
            return Err(io::Error::other("an object ends that never began"));
        };
        let compare = |a: &Member, b: &Member| by_name(self.bytes(&a.name), self.bytes(&b.name));
        let is_ordered = object.members.is_sorted_by(|a, b| compare(a, b).is_lt());
        if !is_ordered {
            object.members.sort_by(compare);
            if !object.members.is_sorted_by(|a, b| compare(a, b).is_lt()) {
                return Err(io::Error::other("an object has two members of one name"));
            }
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.clear();
            for (place, member) in object.members.iter().enumerate() {
                if place > 0 {
                    scratch.push(b',');
                }
                scratch.extend_from_slice(self.bytes(&member.whole));
            }
            self.out.truncate(object.start);
            self.out.extend_from_slice(&scratch);
            self.scratch = scratch;
        }
        object.members.clear();
        self.spare.push(object);
        self.put(b"}")
    }
}

/// The order of two names as they are written.
fn by_name(a: &[u8], b: &[u8]) -> Ordering {
    let is_plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
    if is_plain(a) && is_plain(b) {
        return a.cmp(b);
    }
    let units = |name: &[u8]| -> Vec<u16> {
        let quoted = [b"\"", name, b"\""].concat();
        let name: String = serde_json::from_slice(&quoted).unwrap_or_default();
        name.encode_utf16().collect()
    };
    units(a).cmp(&units(b))
}

macro_rules! integers {
    ($($name:ident $from:ty => $with:ident),*) => {$(
        fn $name<W: ?Sized + io::Write>(&mut self, _: &mut W, value: $from) -> io::Result<()> {
            self.$with(value.into())
        }
    )*};
}

macro_rules! refused {
    ($($name:ident $from:ty),*) => {$(
        fn $name<W: ?Sized + io::Write>(&mut self, _: &mut W, value: $from) -> io::Result<()> {
            self.refuse(value.to_string())
        }
    )*};
}

/// Everything goes to our own bytes; the writer that serde_json passes along is a sink.
impl Formatter for &mut Spelling {
    integers!(
        write_u8 u8 => integer, write_u16 u16 => integer, write_u32 u32 => integer, write_u64 u64 => integer,
        write_i8 i8 => signed, write_i16 i16 => signed, write_i32 i32 => signed, write_i64 i64 => signed
    );
    refused!(write_u128 u128, write_i128 i128, write_f32 f32, write_f64 f64);

    fn write_number_str<W: ?Sized + io::Write>(&mut self, _: &mut W, text: &str) -> io::Result<()> {
        self.refuse(text.to_owned())
    }

    fn write_null<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"null")
    }

    fn write_bool<W: ?Sized + io::Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.put(if value { b"true" } else { b"false" })
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"\"")
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"\"")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.put(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Quote => self.put(b"\\\""),
            CharEscape::ReverseSolidus => self.put(b"\\\\"),
            CharEscape::Solidus => self.put(b"/"),
            CharEscape::Backspace => self.put(b"\\b"),
            CharEscape::FormFeed => self.put(b"\\f"),
            CharEscape::LineFeed => self.put(b"\\n"),
            CharEscape::CarriageReturn => self.put(b"\\r"),
            CharEscape::Tab => self.put(b"\\t"),
            CharEscape::AsciiControl(byte) => self.put(format!("\\u{byte:04x}").as_bytes()),
        }
    }

    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        value: &[u8],
    ) -> io::Result<()> {
        self.put(b"[")?;
        for (place, byte) in value.iter().enumerate() {
            if place > 0 {
                self.put(b",")?;
            }
            self.integer(u64::from(*byte))?;
        }
        self.put(b"]")
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.put(if first { b"" } else { b"," })
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b"{")?;
        let mut object = self.spare.pop().unwrap_or_default();
        object.start = self.out.len();
        self.open.push(object);
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.close()
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        _: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.put(if first { b"" } else { b"," })?;
        let at = self.out.len();
        if let Some(object) = self.open.last_mut() {
            object.members.push(Member {
                name: at..at,
                whole: at..at,
            });
        }
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.out.len();
        let open = self.open.last_mut();
        if let Some(member) = open.and_then(|object| object.members.last_mut()) {
            // Without the quotes, of which the second would come before a longer name's next letter.
            member.name = member.whole.start + 1..end - 1;
        }
        Ok(())
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.put(b":")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.out.len();
        let open = self.open.last_mut();
        if let Some(member) = open.and_then(|object| object.members.last_mut()) {
            member.whole.end = end;
        }
        Ok(())
    }

    fn write_raw_fragment<W: ?Sized + io::Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        Err(io::Error::other("raw JSON has no canonical spelling"))
    }
}
