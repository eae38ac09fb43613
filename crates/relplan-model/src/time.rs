//! Points in time, to the second. The clock itself is a port: nothing here can ask what time it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in time, written in RFC 3339 with `Z`, such as `2026-11-21T06:53:50Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// From seconds since the Unix epoch, clamped to the years that RFC 3339 can write.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(-62_135_596_800, 253_402_207_200))
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "@{}", self.0),
        }
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

/// A text that is no point in time, or not the spelling that it has here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time of the form 2026-11-21T06:53:50Z")]
pub struct InvalidTimestamp {
    /// The refused text, cut.
    pub text: String,
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        // Offsets and fractions are refused: a point in time has one spelling.
        match text.parse::<jiff::Timestamp>() {
            Ok(at) if at.to_string() == text && at.subsec_nanosecond() == 0 => {
                Ok(Self(at.as_second()))
            }
            _ => Err(InvalidTimestamp {
                text: text.chars().take(80).collect(),
            }),
        }
    }
}

/// A span of time as people write it: `90s`, `30m`, `24h` or `7d`, in seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let is_plain = digits == "0" || !digits.starts_with(['0', '+']);
    digits
        .parse::<u64>()
        .ok()
        .filter(|_| is_plain)?
        .checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_seconds_minutes_hours_or_days() {
        for (text, expected) in [
            ("0s", 0),
            ("90s", 90),
            ("30m", 1_800),
            ("24h", 86_400),
            ("7d", 604_800),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for bad in [
            "",
            "h",
            "24",
            "00h",
            "024h",
            "-1h",
            "1.5h",
            "24H",
            "99999999999999999999d",
            "ü",
            "1 h",
            "+1h",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_written_in_rfc_3339() {
        let at = Timestamp::from_unix(1_795_244_030);
        assert_eq!(at.to_string(), "2026-11-21T06:53:50Z");
        assert_eq!(Timestamp::try_from(at.to_string()).unwrap(), at);
        for other in [
            "2026-11-21T06:53:50+00:00",
            "2026-11-21 06:53:50Z",
            "2026-11-21T06:53:50.5Z",
            "2026-02-30T06:53:50Z",
            "",
        ] {
            assert!(Timestamp::try_from(other.to_owned()).is_err(), "{other}");
        }
        assert!(
            Timestamp::from_unix(i64::MAX)
                .to_string()
                .starts_with("9999-")
        );
    }
}
