//! Readers of the event stream: JSON lines and the terminal.

pub mod json;
pub mod progress;

use std::sync::{Arc, Mutex};

use relplan_model::{event::Event, port::EventSink};

use crate::terminal::Terminal;

/// Hands each event to all of its readers, one event at a time.
#[derive(Default)]
pub struct Fanout(Mutex<Vec<Box<dyn EventSink>>>);

impl Fanout {
    /// Adds a reader.
    pub fn add(&self, sink: Box<dyn EventSink>) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(sink);
    }
}

impl EventSink for Fanout {
    fn emit(&self, event: Event) {
        // One lock over all readers: the order of lines is the order of events everywhere.
        for sink in self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .iter()
        {
            sink.emit(event.clone());
        }
    }
}

/// The stream with the terminal as one more reader, for as long as this lives: what is printed afterwards does not run
/// into a line that is still being drawn.
pub struct WithProgress {
    stream: Arc<Fanout>,
    progress: progress::Progress,
}

impl WithProgress {
    /// Adds the terminal to the stream's readers.
    pub fn new(stream: Arc<Fanout>, terminal: Terminal) -> Self {
        Self {
            stream,
            progress: progress::Progress::new(terminal),
        }
    }
}

impl EventSink for WithProgress {
    fn emit(&self, event: Event) {
        self.stream.emit(event.clone());
        self.progress.emit(event);
    }
}
