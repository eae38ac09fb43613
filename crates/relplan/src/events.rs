//! Readers of the event stream: JSON lines and the terminal.

pub mod json;
pub mod progress;

use std::sync::Mutex;

use relplan_model::{event::Event, port::EventSink};

/// Hands each event to all of its readers, one event at a time.
#[derive(Default)]
pub struct Fanout(Mutex<Vec<Box<dyn EventSink>>>);

impl Fanout {
    /// Adds a reader.
    pub fn add(&self, sink: Box<dyn EventSink>) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(sink);
    }
}

impl EventSink for Fanout {
    fn emit(&self, event: Event) {
        // One lock over all readers: the order of lines is the order of events everywhere.
        for sink in self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            sink.emit(event.clone());
        }
    }
}
