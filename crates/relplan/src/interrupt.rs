//! The first Ctrl-C (or SIGTERM, as CI sends it) asks for a graceful end; the second ends at once.

use std::sync::Arc;

use relplan_apply::Stop;

use crate::{exit::Exit, terminal::Terminal};

/// Listens from now on; the first signal requests the stop that is returned.
pub fn listen(terminal: Terminal) -> Arc<Stop> {
    let stop = Arc::new(Stop::new());
    let told = stop.clone();
    let mut signals = Signals::catch();
    tokio::spawn(async move {
        signals.next().await;
        terminal.remark("interrupted: no new step is started, and those under way are ended; interrupt again to stop at once");
        told.request();
        signals.next().await;
        // What was under way is found out by the next apply; that is what the journal is for.
        quit();
    });
    stop
}

/// The signals that ask for an end. They are caught from when this is made, not from when somebody waits for them: one
/// that came between the two would end the process in the middle of a step.
struct Signals {
    #[cfg(unix)]
    caught: Vec<tokio::signal::unix::Signal>,
}

impl Signals {
    #[cfg(unix)]
    fn catch() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self {
            caught: kinds
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        }
    }

    #[cfg(not(unix))]
    fn catch() -> Self {
        Self {}
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut caught = self.caught.iter_mut();
            match caught.any(|signal| signal.poll_recv(context).is_ready()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[expect(clippy::exit, reason = "the second interrupt ends the process at once")]
fn quit() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}
