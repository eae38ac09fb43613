//! ferro: a real Cargo registry (sparse index, publish, yank), in this process, since it comes as a library.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use ferro_cargo_registry_server::{CargoState, router};

use super::BenchError;
use crate::proxy::Proxy;

/// Starts it behind its proxy. Its `config.json` must name the proxy, or clients would talk past it.
pub(super) async fn start(folder: &Path) -> Result<Proxy, BenchError> {
    let io = |source| BenchError::Io {
        what: "starting the Cargo registry".to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(io)?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(io)?;
    let proxy = Proxy::start(listener.local_addr().map_err(io)?).await?;
    let blobs = ferro_blob_store::FsBlobStore::new(folder).map_err(|error| BenchError::Tool {
        what: "opening the Cargo registry's store".to_owned(),
        detail: error.to_string(),
    })?;
    let app = router(CargoState::new(Arc::new(blobs), proxy.url()));
    tokio::spawn(async move {
        // It ends with the runtime that it was started on.
        let _ = axum::serve(listener, app).await;
    });
    Ok(proxy)
}
