//! Numbers for Prometheus, for those who may see them.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::App;
use super::context::Caller;
use crate::error::{Error, ErrorCode};
use crate::observe::metrics;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Numbers about this process, as OpenMetrics text. With `metrics.token` set it takes that as a bearer token; else it
/// answers this machine only, and nobody behind a proxy.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "get_metrics", security(()),
    responses(
        (status = 200, description = "the numbers", body = String, content_type = "application/openmetrics-text", example = json!("# HELP slipway_agents_connected Agents with a session here.\n# TYPE slipway_agents_connected gauge\nslipway_agents_connected 3\n# EOF\n")),
        (status = 401, description = "the token of `metrics.token` is missing or wrong"),
        (status = 403, description = "without `metrics.token` only this machine may ask")))]
pub(super) async fn metrics_text(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Error> {
    match &app.metrics_token {
        Some(token) => {
            let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            if !bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes())) {
                return Err(Error::new(
                    ErrorCode::Unauthenticated,
                    "send the token of `metrics.token` as a bearer token",
                ));
            }
        }
        None if caller.is_this_machine() => {}
        None => {
            return Err(Error::forbidden(
                "without a token only this machine may read the metrics; set `metrics.token` and send it as a bearer token",
            ));
        }
    }
    metrics().set_agents_connected(app.sessions.count());
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics().text()))
}
