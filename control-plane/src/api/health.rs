//! Signs of life for load balancers and supervisors.

use axum::extract::State;

use super::App;
use crate::error::{Error, ErrorCode};

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()), responses((status = 200, body = str)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: its database answers.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()), responses((status = 200, body = str), (status = 503)))]
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str, Error> {
    app.store.ping().await.map_err(|error| {
        tracing::error!(%error, "the database does not answer");
        Error::new(ErrorCode::Unavailable, "the database does not answer")
    })?;
    Ok("ready\n")
}
