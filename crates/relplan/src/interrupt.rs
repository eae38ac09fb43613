//! The first Ctrl-C (or SIGTERM, as CI sends it) asks for a graceful end; the second ends at once.

use std::sync::Arc;

use relplan_apply::Stop;

use crate::{exit::Exit, terminal::Terminal};

/// Listens from now on; the first signal requests the stop that is returned.
pub fn listen(terminal: Terminal) -> Arc<Stop> {
    let stop = Arc::new(Stop::new());
    let told = stop.clone();
    tokio::spawn(async move {
        signal().await;
        terminal.remark("interrupted: no new step is started, and those under way are ended; interrupt again to stop at once");
        told.request();
        signal().await;
        // What was under way is found out by the next apply; that is what the journal is for.
        quit();
    });
    stop
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[expect(clippy::exit, reason = "the second interrupt ends the process at once")]
fn quit() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}
