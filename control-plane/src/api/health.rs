//! Signs of life for load balancers and supervisors.

use axum::extract::State;

use super::App;
use crate::error::{Error, ErrorCode};

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "get_health", security(()),
    responses((status = 200, description = "the process runs", body = String, content_type = "text/plain", example = json!("ok\n"))))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: its database answers, and it is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "get_readiness", security(()),
    responses((status = 200, description = "the process can do its work", body = String, content_type = "text/plain", example = json!("ready\n")),
        (status = 503, description = "the database does not answer, or the process is about to end")))]
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str, Error> {
    if app.draining.is_cancelled() {
        return Err(Error::new(
            ErrorCode::Unavailable,
            "the control plane is about to end; ask another, or again later",
        ));
    }
    app.store.ping().await.map_err(|error| {
        tracing::error!(%error, "the database does not answer");
        Error::new(ErrorCode::Unavailable, "the database does not answer")
    })?;
    Ok("ready\n")
}
