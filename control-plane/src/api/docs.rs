//! The API document as a page: Swagger UI from a crate that carries its files, under our own
//! Content-Security-Policy. Nothing is fetched from elsewhere, and no script or style is inline.

use std::sync::Arc;

use axum::http::{HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa_swagger_ui::{Config, SwaggerFile, serve};

use super::error::no_such_route;
use crate::error::Error;

const PAGE: &str = include_str!("docs.html");
const SCRIPT: &str = include_str!("docs.js");
/// What the page needs of Swagger UI; the rest of it is not served.
const OF_SWAGGER_UI: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// A file the page names.
pub(super) async fn file(uri: Uri) -> Result<Response, Error> {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    if name == "docs.js" {
        let script = [(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript"))];
        return Ok((script, SCRIPT).into_response());
    }
    let known = OF_SWAGGER_UI.contains(&name).then(|| serve(name, Arc::new(Config::new([""]))));
    match known.and_then(Result::ok).flatten() {
        Some(file) => Ok(answer(file)),
        None => Err(no_such_route(uri).await),
    }
}

fn answer(file: SwaggerFile<'static>) -> Response {
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, KEEP);
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
