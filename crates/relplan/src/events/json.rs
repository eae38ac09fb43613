//! Events as JSON lines: the first is `version`, the last is `summary`, on failure too.

use std::{fs::File, io::Write as _, sync::Mutex};

use relplan_model::{
    event::{Event, Line},
    port::{Clock as _, EventSink},
};

use crate::{clock::SystemClock, terminal};

/// Writes events to standard output or to a file.
pub struct JsonLines {
    seq: Mutex<u64>,
    file: Option<Mutex<File>>,
}

impl JsonLines {
    /// Writes to standard output.
    pub fn stdout() -> Self {
        Self {
            seq: Mutex::new(0),
            file: None,
        }
    }

    /// Writes to a file.
    pub fn file(file: File) -> Self {
        Self {
            seq: Mutex::new(0),
            file: Some(Mutex::new(file)),
        }
    }
}

impl EventSink for JsonLines {
    fn emit(&self, event: Event) {
        let mut seq = self
            .seq
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let line = Line {
            seq: *seq,
            at: SystemClock.now(),
            event,
        };
        *seq += 1;
        let Ok(text) = serde_json::to_string(&line) else {
            return;
        };
        match &self.file {
            None => terminal::event_line(&text),
            Some(file) => {
                let mut file = file
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                // A full disk must not stop a release half-way; the journal has its own error.
                let _ = writeln!(file, "{text}");
            }
        }
    }
}
