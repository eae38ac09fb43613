//! Work that blocks, where it may block.

use std::io;

use relplan_model::port::StoreError;
use tokio::runtime::Handle;

/// Runs blocking work on the runtime's threads for that, or here if there is no runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    location: String,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let Ok(runtime) = Handle::try_current() else {
        return work();
    };
    match runtime.spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Io {
            location,
            doing: "waiting for a thread",
            source: io::Error::other(error),
        }),
    }
}
