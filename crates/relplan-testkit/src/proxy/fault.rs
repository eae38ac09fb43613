//! Faults: what a proxy does to an exchange, and to which.

use std::{sync::Mutex, time::Duration};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server is not asked; the client gets this status.
    RefuseBefore(u16),
    /// The server is not asked; the connection is cut.
    CutBefore,
    /// The server does its work; the connection is cut before the client learns of it.
    LoseResponse,
    /// The server is not asked; the client gets this answer.
    Answer(&'static Reply),
    /// The server does its work; the client gets this status instead of the server's.
    AnswerAfter(u16),
    /// The server does its work; the client gets this answer instead of the server's.
    AnswerInstead(&'static Reply),
    /// The server is not asked; the client gets an answer without an end, one byte at a time with this pause between.
    Trickle(Duration),
    /// After this many bytes of the upload nothing moves any more.
    StallUpload {
        /// Bytes that are let through.
        after: u64,
    },
    /// The exchange waits until the proxy is healed, and goes on then: the world is to be changed meanwhile.
    PauseBefore,
    /// The server is not asked, and the client waits for ever: it is to be killed meanwhile.
    HoldBefore,
    /// The server does its work, and the client waits for ever: it is to be killed meanwhile.
    HoldAfter,
    /// The server does its work, and the last byte of its answer is another one when the client gets it.
    AlterAnswer,
    /// The exchange starts this much later.
    Delay(Duration),
    /// The server gets the request without its `If-Match` and `If-None-Match`, as from a gateway that knows neither.
    ForgetConditions,
    /// Whether the conditions hold is looked up first, and this much later the server gets the request without them, as
    /// from a gateway to something that has none.
    LookFirst(Duration),
}

/// An answer that no server gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON.
    pub body: String,
}

impl Reply {
    /// One that lasts as long as the test's process, as faults are copied about.
    #[must_use]
    pub fn new(status: u16, headers: &[(&'static str, &str)], body: &str) -> &'static Self {
        Box::leak(Box::new(Self {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            body: body.to_owned(),
        }))
    }
}

/// A fault and the exchanges that it befalls.
#[derive(Debug, Clone)]
pub struct Rule {
    method: String,
    path_part: String,
    fault: Fault,
    skip: u64,
    times: u64,
}

impl Rule {
    /// A fault for the next exchange of this method whose path contains `path_part`.
    #[must_use]
    pub fn once(method: &str, path_part: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            path_part: path_part.to_owned(),
            fault,
            skip: 0,
            times: 1,
        }
    }

    /// A fault for an exchange of any method and path.
    #[must_use]
    pub fn any(fault: Fault) -> Self {
        Self::once("", "", fault)
    }

    /// The same fault, but only after this many exchanges that fit have passed unharmed.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// A fault for all of them.
    #[must_use]
    pub fn always(method: &str, path_part: &str, fault: Fault) -> Self {
        Self {
            times: u64::MAX,
            ..Self::once(method, path_part, fault)
        }
    }

    /// A fault for the next `times` of them.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }
}

/// The rules in force.
#[derive(Default)]
pub(super) struct Rules(Mutex<Vec<Rule>>);

impl Rules {
    pub(super) fn add(&self, rule: Rule) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(rule);
    }

    pub(super) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clear();
    }

    /// The fault of the first rule that fits, counted as used.
    pub(super) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let fits = |rule: &Rule| {
            rule.times > 0
                && (rule.method.is_empty() || rule.method == method)
                && path.contains(&rule.path_part)
        };
        let rule = rules.iter_mut().find(|rule| fits(rule))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.fault)
    }
}
