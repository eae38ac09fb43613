//! What a command fails with: an exit code, what happened with its causes, and hints on lines of their own.

use std::error::Error;

use relplan_model::{canonical::CanonicalError, problem::Problem, text};

use crate::{
    exit::Exit,
    next::{Next, Situation, Typed},
};

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What happened, outermost first; each in lower case and without a full stop.
    pub chain: Vec<String>,
    /// What to do. A hint that starts with `$ ` is a command to copy.
    pub hints: Vec<String>,
    /// The same for programs, where the situation has a row in the table of what to do next.
    pub next: Option<relplan_model::next::Next>,
    /// A situation whose row is looked up where it is known what was typed.
    pub situation: Option<Situation>,
    /// Text that is shown as it is before the message, such as rendered diagnostics.
    pub details: Option<String>,
    /// The same details for programs, where they are problems at places of the spec.
    pub problems: Vec<Problem>,
}

impl Failure {
    /// A failure without a cause.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            chain: vec![message.into()],
            hints: Vec::new(),
            next: None,
            situation: None,
            details: None,
            problems: Vec::new(),
        }
    }

    /// A failure with its chain of causes.
    ///
    /// Each cause is one line: where an error quotes what it read, a line end in there is somebody else's.
    pub fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut chain = vec![text::joined(&error.to_string())];
        let (mut next, mut is_later) = (error.source(), false);
        while let Some(cause) = next {
            is_later |= matches!(cause.downcast_ref(), Some(CanonicalError::Later { .. }));
            let words = text::joined(&cause.to_string());
            // Some libraries tell a cause's words in each of the errors around it.
            if !chain.iter().any(|told| told.contains(&words)) {
                chain.push(words);
            }
            next = cause.source();
        }
        Self {
            exit,
            chain,
            hints: Vec::new(),
            next: None,
            situation: is_later.then_some(Situation::LaterFormat),
            details: None,
            problems: Vec::new(),
        }
    }

    /// The same with the error's own text whole, for one that has lines of its own: the end of a packer's output.
    pub fn with_lines(mut self, error: &dyn Error) -> Self {
        if let Some(first) = self.chain.first_mut() {
            *first = error.to_string();
        }
        self
    }

    /// The same with what was being done put before it.
    pub fn while_doing(mut self, what: impl Into<String>) -> Self {
        self.chain.insert(0, what.into());
        self
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same with what to do next, behind the hints that are there.
    pub fn next(mut self, next: &Next) -> Self {
        self.hints.extend(next.hints());
        self.next = Some(next.printed());
        self
    }

    /// The same with a situation to be looked up later. What a later relplan wrote has one way out alone.
    pub fn situation(mut self, situation: Situation) -> Self {
        if self.situation != Some(Situation::LaterFormat) {
            self.situation = Some(situation);
        }
        self
    }

    /// The same with the row of its situation. Where nothing else is known, it goes on by the same command; people are
    /// told so where something outside of what they wrote was in the way.
    pub fn look_up(mut self, typed: &Typed) -> Self {
        if self.next.is_some() {
            return self;
        }
        let again = "put right what is named above, then run the same command again:";
        match self.situation.take() {
            Some(situation) => self.next(&Next::of(&situation, typed)),
            None => {
                let next = Next::of(&Situation::again(again, &[]), typed);
                if self.is_outside() {
                    return self.next(&next);
                }
                self.next = Some(next.printed());
                self
            }
        }
    }

    /// Whether a machine, a registry, a store or a credential was in the way.
    fn is_outside(&self) -> bool {
        match self.exit {
            Exit::Internal | Exit::Unknown | Exit::Store | Exit::Credential => true,
            Exit::Done
            | Exit::Changes
            | Exit::Conflict
            | Exit::Approval
            | Exit::Stale
            | Exit::Open
            | Exit::Partial
            | Exit::Paused
            | Exit::Usage
            | Exit::Invalid
            | Exit::Interrupted => false,
        }
    }

    /// The same with text to be shown before the message.
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// The same with the problems that the text before the message shows.
    pub fn problems(mut self, problems: Vec<Problem>) -> Self {
        self.problems = problems;
        self
    }

    /// The message in one line.
    pub fn message(&self) -> String {
        self.chain.join(": ")
    }
}
