//! Canonical JSON: the one spelling that a plan, a journal line or a bundle may have.
//!
//! RFC 8785, narrowed to integers from 0 to 2^53-1. The reader serialises what it read once more and compares, so that
//! white space, duplicate keys, other number spellings and other key orders are all refused by one rule.
//!
//! Why: a digest over bytes is only worth something when nobody can give two readings to the same bytes, nor two
//! spellings to the same reading (design §7, law L13).

mod spelling;

use serde::{Serialize, de::DeserializeOwned};

use self::spelling::Spelling;

/// The greatest integer that every JSON reader keeps exactly: 2^53 - 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why bytes are not an acceptable canonical document.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Larger than the reader's bound.
    #[error("the document has {size} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The bound in bytes.
        limit: usize,
    },
    /// Not JSON, or not of the expected shape (unknown members included).
    #[error("the document is not of the expected form")]
    Shape(#[source] serde_json::Error),
    /// A number outside of 0…2^53-1, or with a fraction or exponent.
    #[error("the number {number} is not an integer from 0 to 2^53-1")]
    Number {
        /// The number as it was read.
        number: String,
    },
    /// Of a format that a later relplan writes.
    #[error("it was written by a later relplan: its format is {found}, and this one reads {known}")]
    Later {
        /// Its format.
        found: String,
        /// The one that is read.
        known: &'static str,
    },
    /// The bytes differ from the canonical spelling of what they say.
    #[error("the document is not in canonical form: it first differs at byte {offset}")]
    NotCanonical {
        /// The offset in bytes of the first difference.
        offset: usize,
    },
}

/// Writes a value in canonical form.
///
/// # Errors
/// When the value cannot be written as JSON, or holds a number that the form does not admit.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let mut spelling = Spelling::default();
    let mut serializer = serde_json::Serializer::with_formatter(std::io::sink(), &mut spelling);
    match value.serialize(&mut serializer) {
        Ok(()) => Ok(spelling.out),
        Err(error) => Err(match spelling.refused {
            Some(number) => CanonicalError::Number { number },
            None => CanonicalError::Shape(error),
        }),
    }
}

/// Reads a value from bytes that must be its canonical form, exactly.
///
/// # Errors
/// When the bytes exceed `limit`, are not JSON of the value's shape, or are not in canonical form.
pub fn from_bytes<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, CanonicalError> {
    if bytes.len() > limit {
        return Err(CanonicalError::TooLarge {
            size: bytes.len(),
            limit,
        });
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(CanonicalError::Shape)?;
    check_numbers(&value)?;
    let read: T = serde_json::from_value(value).map_err(CanonicalError::Shape)?;
    // What was read is written, not what was parsed: a member that the reader passed over, a `null` that says the same
    // as nothing and another spelling of a time would otherwise be second spellings.
    let again = to_bytes(&read)?;
    if again != bytes {
        let offset = again
            .iter()
            .zip(bytes)
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        return Err(CanonicalError::NotCanonical { offset });
    }
    Ok(read)
}

/// Reads a document that names its format in a member `format`. One of a later version of the same format is told as
/// such, whatever else it says: it is not damaged, and nothing is wrong with it.
///
/// # Errors
/// As [`from_bytes`], and when the format is a later one.
pub fn document_from_bytes<T: DeserializeOwned + Serialize>(
    bytes: &[u8],
    limit: usize,
    known: &'static str,
) -> Result<T, CanonicalError> {
    let read = from_bytes(bytes, limit);
    if bytes.len() <= limit
        && let Some(found) = later_format(bytes, known)
    {
        return Err(CanonicalError::Later { found, known });
    }
    read
}

/// The format of a document, if it is a later version of `known`.
fn later_format(bytes: &[u8], known: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        format: String,
    }
    let Named { format } = serde_json::from_slice(bytes).ok()?;
    let (name, version) = format.rsplit_once('/')?;
    let (ours, newest) = known.rsplit_once('/')?;
    let is_later = name == ours && version.parse::<u64>().ok()? > newest.parse::<u64>().ok()?;
    is_later.then_some(format)
}

fn check_numbers(value: &serde_json::Value) -> Result<(), CanonicalError> {
    use serde_json::Value;
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(integer) if integer <= MAX_INTEGER => Ok(()),
            _ => Err(CanonicalError::Number {
                number: number.to_string(),
            }),
        },
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(members) => members.values().try_for_each(check_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Doc = BTreeMap<String, serde_json::Value>;

    /// A canonicaliser that is another's work is the judge.
    #[test]
    fn l13_values_are_spelled_as_rfc_8785_says() {
        #[derive(Serialize)]
        struct Unordered {
            zeta: Vec<Option<bool>>,
            #[serde(rename = "a-b")]
            middle: BTreeMap<String, u64>,
            #[serde(rename = "a")]
            first: Doc,
            #[serde(flatten)]
            more: Doc,
        }
        let doc = |text: &str| serde_json::from_str::<Doc>(text).unwrap();
        let value = Unordered {
            zeta: vec![None, Some(true), Some(false)],
            middle: [
                ("ab".into(), MAX_INTEGER),
                ("a".into(), 0),
                ("a!".into(), 10),
            ]
            .into(),
            first: doc(
                r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7,"\"":8,"\\":9,"]":10}"#,
            ),
            more: doc(
                r#"{"m":{},"b":[[],{"y":{"z":1,"a":"\u0000\u001f\u007f\b\f\n\r\t\"\\/<é€😀"},"x":0}],"k":null}"#,
            ),
        };
        let tree = serde_json::to_value(&value).unwrap();
        let expected = serde_json_canonicalizer::to_string(&tree).unwrap();
        let written = String::from_utf8(to_bytes(&value).unwrap()).unwrap();
        assert_eq!(written, expected);
        from_bytes::<Doc>(written.as_bytes(), 10_000).unwrap();
    }

    #[test]
    fn l13_what_has_no_canonical_spelling_is_not_written() {
        for number in ["-1", "9007199254740992", "0.5", "1e300"] {
            let doc: Doc = serde_json::from_str(&format!("{{\"a\":[{number}]}}")).unwrap();
            assert!(matches!(to_bytes(&doc), Err(CanonicalError::Number { .. })));
        }
        #[derive(Serialize)]
        struct Twice {
            a: u8,
            #[serde(flatten)]
            more: Doc,
        }
        let more = serde_json::from_str(r#"{"a":2}"#).unwrap();
        let error = to_bytes(&Twice { a: 1, more }).unwrap_err();
        assert!(matches!(error, CanonicalError::Shape(_)), "{error}");
    }

    #[test]
    fn l13_one_reading_has_one_spelling() {
        let good = br#"{"a":1,"b":["x",true,null]}"#;
        let read: Doc = from_bytes(good, 1000).unwrap();
        assert_eq!(to_bytes(&read).unwrap(), good);
        let refused: [&[u8]; 9] = [
            br#"{"b":1,"a":1}"#,
            br#"{"a": 1}"#,
            br#"{"a":1,"a":1}"#,
            br#"{"a":1.0}"#,
            br#"{"a":1e0}"#,
            br#"{"a":-1}"#,
            br#"{"a":9007199254740993}"#,
            br#"{"a":"\u0041"}"#,
            b"{\"a\":1}\n",
        ];
        for bytes in refused {
            assert!(
                from_bytes::<Doc>(bytes, 1000).is_err(),
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
        #[derive(Debug, Serialize, serde::Deserialize)]
        struct Tolerant {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            a: Option<u64>,
        }
        assert!(from_bytes::<Tolerant>(b"{}", 1000).is_ok());
        for more in [&br#"{"a":null}"#[..], br#"{"a":1,"b":2}"#] {
            assert!(from_bytes::<Tolerant>(more, 1000).is_err());
        }
        assert!(matches!(
            from_bytes::<Doc>(good, 5),
            Err(CanonicalError::TooLarge { .. })
        ));
    }
}
