//! What an answer that is no success means: a limit of rates, a missing permission, a fault of GitHub's.
//!
//! Source: GitHub's "Rate limits for the REST API" (403 or 429; `x-ratelimit-remaining: 0` with `x-ratelimit-reset` for
//! the primary limit, `retry-after` or else at least a minute for secondary ones) and "Troubleshooting the REST API".

use serde::Deserialize;

use super::{error::ForgeError, token::Token};

/// How long to stay away when GitHub names no time.
const SECONDARY: u64 = 60;

/// An answer's head as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// `retry-after`, in seconds.
    pub retry_after: Option<u64>,
    /// `x-ratelimit-remaining`.
    pub remaining: Option<u64>,
    /// `x-ratelimit-reset`, in seconds since 1970.
    pub reset: Option<i64>,
}

/// What a refusal means for the request.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was not looked at; it may be sent again after so many seconds.
    Limited {
        /// How long to wait.
        seconds: u64,
    },
    /// GitHub had a fault; whether the request was carried out is not known.
    Fault,
    /// It will not be carried out.
    Final,
}

/// GitHub's words in an error's body.
#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    message: String,
}

fn said(body: &str) -> String {
    serde_json::from_str::<Said>(body)
        .unwrap_or_default()
        .message
}

impl Head {
    /// Whether it is a success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the refusal means; `now` is in seconds since 1970.
    pub fn refusal(&self, body: &str, now: i64) -> Refusal {
        let until_reset = || {
            let reset = self.reset.map(|reset| reset.saturating_sub(now));
            // A second more: their clock and ours need not agree.
            reset.map_or(SECONDARY, |left| u64::try_from(left).unwrap_or(0) + 1)
        };
        match self.status {
            403 | 429 => match (self.retry_after, self.remaining) {
                (Some(seconds), _) => Refusal::Limited { seconds },
                (None, Some(0)) => Refusal::Limited {
                    seconds: until_reset(),
                },
                (None, _) if self.status == 429 || is_about_rates(&said(body)) => {
                    Refusal::Limited { seconds: SECONDARY }
                }
                (None, _) => Refusal::Final,
            },
            // 500 too: what GitHub answers so was not refused.
            500.. => Refusal::Fault,
            _ => Refusal::Final,
        }
    }

    /// The error of a refusal that is final.
    pub fn error(&self, what: &str, body: &str, token: &Token) -> ForgeError {
        let what = what.to_owned();
        let words = said(body);
        let message = || match token.tidy(&words) {
            none if none.is_empty() => "nothing more".to_owned(),
            some => some,
        };
        match self.status {
            401 => ForgeError::Unauthorized { what },
            403 if words.to_ascii_lowercase().contains("locked") => ForgeError::Locked { what },
            403 => ForgeError::Forbidden {
                what,
                message: message(),
            },
            404 => ForgeError::NotFound { what },
            status => ForgeError::Unexpected {
                what,
                status,
                message: message(),
            },
        }
    }
}

fn is_about_rates(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("rate limit") || message.contains("abuse detection")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(
        status: u16,
        retry_after: Option<u64>,
        remaining: Option<u64>,
        reset: Option<i64>,
    ) -> Head {
        Head {
            status,
            retry_after,
            remaining,
            reset,
        }
    }

    #[test]
    fn a_limit_of_rates_is_told_from_a_missing_permission() {
        let missing = r#"{"message":"Resource not accessible by integration"}"#;
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        let limited = |seconds| Refusal::Limited { seconds };
        for (head, body, expected) in [
            (
                head(403, None, Some(4999), Some(2_000)),
                missing,
                Refusal::Final,
            ),
            (head(403, None, None, None), "<html>", Refusal::Final),
            (head(403, None, Some(0), Some(1_030)), "{}", limited(31)),
            (head(429, None, Some(0), Some(900)), "{}", limited(1)),
            (
                head(403, Some(7), Some(4000), Some(2_000)),
                "{}",
                limited(7),
            ),
            (
                head(403, None, Some(4000), Some(2_000)),
                secondary,
                limited(60),
            ),
            (head(429, None, None, None), "", limited(60)),
            (head(502, None, None, None), "", Refusal::Fault),
            (head(404, None, None, None), "{}", Refusal::Final),
            (head(422, None, None, None), "{}", Refusal::Final),
        ] {
            assert_eq!(head.refusal(body, 1_000), expected, "{head:?} {body}");
        }
    }
}
