//! The start page: the web UI, or how to go on without it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use super::App;

const PAGE: &str = include_str!("home.html");

/// The UI; of a program that was built without it, what this is and what one can do.
pub(super) async fn page(State(app): State<App>, headers: HeaderMap) -> Response {
    let without = || Html(PAGE.replace("{{version}}", env!("CARGO_PKG_VERSION"))).into_response();
    app.ui.page("/", &headers, StatusCode::OK).unwrap_or_else(without)
}
