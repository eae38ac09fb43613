//! Pace: when a host asks for patience, every request to it waits, not only the one that was told.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use super::now;

/// Host to the instant before which it wants no request.
#[derive(Debug, Default)]
pub(super) struct Pace {
    until: Mutex<BTreeMap<String, Instant>>,
}

impl Pace {
    /// Notes that a host asked for patience.
    pub(super) fn defer(&self, host: &str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut hosts = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hosts.entry(host.to_owned()).or_insert(until);
        *entry = until.max(*entry);
    }

    /// How long a request to this host has to wait from now.
    pub(super) fn due(&self, host: &str) -> Duration {
        let hosts = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.get(host).map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}

/// The longest wait that is understood: a day. A registry that says more means "not now" just the same.
const LONGEST: u64 = 24 * 60 * 60;

/// The wait that an answer asks for: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST)));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    let seconds = at.as_second().saturating_sub(now().unix());
    Some(Duration::from_secs(
        u64::try_from(seconds).unwrap_or(0).min(LONGEST),
    ))
}
