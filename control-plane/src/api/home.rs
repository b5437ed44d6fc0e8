//! The page at `/` of a binary that was built without the web UI.

use axum::response::Html;

const PAGE: &str = include_str!("home.html");

/// Says what this is and how to go on without a web UI.
pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}
