//! The start page: the web UI, or how to go on without it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};

use super::App;

const PAGE: &str = include_str!("home.html");

/// The UI; of a program that was built without it, what this is and what one can do.
pub(super) async fn page(State(app): State<App>, headers: HeaderMap) -> Response {
    app.ui.page("/", &headers, StatusCode::OK).unwrap_or_else(|| Html(without_ui()).into_response())
}

fn without_ui() -> String {
    PAGE.replace("{{version}}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::without_ui;

    #[test]
    fn a_program_without_the_ui_says_its_version_and_where_the_api_is() {
        let page = without_ui();
        assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("href=\"api/docs\""), "{page}");
        assert!(!page.contains("{{"), "{page}");
    }
}
