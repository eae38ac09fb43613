//! The graceful stop: start nothing new, let what runs end, write down what is known.

use tokio::sync::watch;

/// A request to stop that anybody may make and every waiting step hears.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Nothing is requested yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the stop; again and again does no harm.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it is requested.
    pub async fn requested(&self) {
        // The sender lives as long as `self`, so that the wait can only end with the request.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
