//! Answering requests from one published tree.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures::TryStreamExt;
use slipway_proto::plan::Routing;
use tokio::sync::OnceCell;

use super::content::{Requested, cache_control, content_type, requested};
use crate::artifacts::ArtifactStore;
use crate::ids::ArtifactId;
use crate::store::{BlobLocation, Store};

const NOT_FOUND_PAGE: &str = "404.html";
const INDEX_PAGE: &str = "index.html";

/// One deployment's tree, read when it is first asked for.
pub(super) struct Site {
    store: Store,
    artifacts: ArtifactStore,
    artifact_id: ArtifactId,
    routing: Routing,
    files: OnceCell<Arc<Files>>,
}

type Files = HashMap<String, BlobLocation>;

/// Which file answers a path.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    File(&'a str),
    /// A directory asked for without its slash: relative links would break.
    AddSlash,
    Fallback(&'a str),
    NotFound(Option<&'a str>),
}

impl Site {
    pub(super) fn new(store: Store, artifacts: ArtifactStore, artifact_id: ArtifactId, routing: Routing) -> Self {
        Self { store, artifacts, artifact_id, routing, files: OnceCell::new() }
    }

    /// Answers a request; never fails, whatever is asked.
    pub(super) async fn answer(&self, request: &Parts) -> Response {
        let mut response = match self.try_answer(request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(artifact.id = %self.artifact_id, error = format!("{error:#}"), "cannot serve a site");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be served; the server's log says why.\n")
            }
        };
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    async fn try_answer(&self, request: &Parts) -> anyhow::Result<Response> {
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "This site answers GET and HEAD.\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(response);
        }
        let Some(path) = decode_path(request.uri.path()) else {
            return Ok(plain(StatusCode::BAD_REQUEST, "The path is not valid UTF-8.\n"));
        };
        let files = self.files.get_or_try_init(|| self.load()).await?;
        let has_file = |path: &str| files.get_key_value(path).map(|(name, _)| name.as_str());
        match route(&path, self.routing, has_file) {
            Route::File(name) | Route::Fallback(name) => self.file(StatusCode::OK, name, &files[name], request).await,
            Route::AddSlash => Ok(redirect(request)),
            Route::NotFound(Some(name)) => self.file(StatusCode::NOT_FOUND, name, &files[name], request).await,
            Route::NotFound(None) => Ok(default_not_found()),
        }
    }

    async fn load(&self) -> anyhow::Result<Arc<Files>> {
        let artifact = self.store.artifact(self.artifact_id).await?;
        let artifact = artifact.ok_or_else(|| anyhow::anyhow!("the artifact is gone"))?;
        let (manifest, blobs) = self.artifacts.open_tree(&artifact).await?;
        let mut files = Files::with_capacity(manifest.entries.len());
        for entry in manifest.entries {
            let blob = blobs.get(&entry.blake3).ok_or_else(|| anyhow::anyhow!("a blob of `{}` is gone", entry.path))?;
            files.insert(entry.path, blob.clone());
        }
        Ok(Arc::new(files))
    }

    async fn file(
        &self,
        status: StatusCode,
        name: &str,
        blob: &BlobLocation,
        request: &Parts,
    ) -> anyhow::Result<Response> {
        let size_bytes = u64::try_from(blob.size_bytes)?;
        let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&blob.blake3[..16]));
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::ETAG, HeaderValue::from_str(&etag)?);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(name)));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if status == StatusCode::OK && is_unchanged(&request.headers, &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&content_type(name))?);
        let wanted = if status == StatusCode::OK && may_range(&request.headers, &etag) {
            let range = request.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
            requested(range, size_bytes)
        } else {
            Requested::Whole
        };
        let (status, range) = match wanted {
            Requested::Whole => (status, 0..size_bytes),
            Requested::Part(range) => {
                let content_range = format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1);
                headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&content_range)?);
                (StatusCode::PARTIAL_CONTENT, range)
            }
            Requested::Unsatisfiable => {
                let mut response = plain(StatusCode::RANGE_NOT_SATISFIABLE, "The range lies outside the file.\n");
                let content_range = HeaderValue::from_str(&format!("bytes */{size_bytes}"))?;
                response.headers_mut().insert(header::CONTENT_RANGE, content_range);
                return Ok(response);
            }
        };
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
        *response.status_mut() = status;
        if request.method == Method::GET {
            let bytes = self.artifacts.read_blob(blob, range).await?;
            *response.body_mut() = Body::from_stream(bytes.map_err(std::io::Error::other));
        }
        Ok(response)
    }
}

/// Finds the file for a decoded path that begins with a slash: the file itself, `path.html`,
/// `path/index.html`, then the single page or the 404 page.
fn route<'a>(path: &str, routing: Routing, has_file: impl Fn(&str) -> Option<&'a str>) -> Route<'a> {
    let path = path.trim_start_matches('/');
    if path.is_empty() || path.ends_with('/') {
        if let Some(name) = has_file(&format!("{path}{INDEX_PAGE}")) {
            return Route::File(name);
        }
    } else {
        if let Some(name) = has_file(path).or_else(|| has_file(&format!("{path}.html"))) {
            return Route::File(name);
        }
        if has_file(&format!("{path}/{INDEX_PAGE}")).is_some() {
            return Route::AddSlash;
        }
    }
    let last_part = path.rsplit('/').next().unwrap_or(path);
    if let Some(name) = has_file(NOT_FOUND_PAGE) {
        return Route::NotFound(Some(name));
    }
    // A missing script or image must not be answered with a page.
    if routing == Routing::SinglePage && !last_part.contains('.') {
        return has_file(INDEX_PAGE).map_or(Route::NotFound(None), Route::Fallback);
    }
    Route::NotFound(None)
}

/// Undoes percent-encoding. `None` when the result is not UTF-8.
fn decode_path(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escape = bytes.get(index + 1..index + 3).filter(|_| bytes[index] == b'%');
        if let Some(byte) = escape.and_then(|hex| data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok()) {
            decoded.extend(byte);
            index += 3;
        } else {
            decoded.push(bytes[index]);
            index += 1;
        }
    }
    String::from_utf8(decoded).ok()
}

fn is_unchanged(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| {
        known.trim() == "*" || known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    })
}

/// `If-Range` asks for the part only if the file is still the same.
fn may_range(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes())
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn redirect(request: &Parts) -> Response {
    // `//host` at the beginning would send the browser elsewhere.
    let path = format!("/{}/", request.uri.path().trim_matches('/'));
    let location = match request.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    match HeaderValue::from_str(&location) {
        Ok(location) => {
            let mut response = plain(StatusCode::PERMANENT_REDIRECT, "");
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => plain(StatusCode::BAD_REQUEST, "The path cannot be redirected.\n"),
    }
}

fn default_not_found() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
        content=\"width=device-width\"><title>404: Not found</title><style>body{font:16px/1.5 system-ui,sans-serif;\
        display:grid;place-content:center;min-height:90vh;text-align:center;color:#334}\
        h1{font-size:4rem;margin:0}@media(prefers-color-scheme:dark){body{background:#111;color:#ccd}}</style>\
        <h1>404</h1><p>This deployment has no page at this address.</p><p><a href=\"/\">Go to the front page</a></p></html>";
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 6] = ["index.html", "about.html", "docs/index.html", "app.js", "a b.txt", "docs/x.html"];

    #[track_caller]
    fn check(path: &str, routing: Routing, expected: &Route<'_>) {
        let has_file = |name: &str| FILES.iter().copied().find(|file| *file == name);
        assert_eq!(route(path, routing, has_file), *expected, "{path}");
    }

    #[test]
    fn paths_find_their_files() {
        check("/", Routing::Pages, &Route::File("index.html"));
        check("/about", Routing::Pages, &Route::File("about.html"));
        check("/about.html", Routing::Pages, &Route::File("about.html"));
        check("/docs/", Routing::Pages, &Route::File("docs/index.html"));
        check("/docs", Routing::Pages, &Route::AddSlash);
        check("/docs/x", Routing::Pages, &Route::File("docs/x.html"));
        check("/a b.txt", Routing::Pages, &Route::File("a b.txt"));
        check("/missing", Routing::Pages, &Route::NotFound(None));
        check("/../index.html", Routing::Pages, &Route::NotFound(None));
    }

    #[test]
    fn a_single_page_answers_pages_but_not_assets() {
        check("/settings/profile", Routing::SinglePage, &Route::Fallback("index.html"));
        check("/missing/", Routing::SinglePage, &Route::Fallback("index.html"));
        check("/assets/gone.js", Routing::SinglePage, &Route::NotFound(None));
        let has_404 = |name: &str| ["index.html", "404.html"].into_iter().find(|file| *file == name);
        assert_eq!(route("/x", Routing::SinglePage, has_404), Route::NotFound(Some("404.html")));
    }

    #[test]
    fn paths_are_decoded_once() {
        assert_eq!(decode_path("/a%20b%2520"), Some("/a b%20".to_owned()));
        assert_eq!(decode_path("/100%"), Some("/100%".to_owned()));
        assert_eq!(decode_path("/%zz"), Some("/%zz".to_owned()));
        assert_eq!(decode_path("/%ff"), None);
    }

    #[test]
    fn a_redirect_stays_on_the_site() {
        let request = axum::extract::Request::builder().uri("//evil.example?x=1").body(()).expect("valid");
        assert_eq!(redirect(&request.into_parts().0).headers()[header::LOCATION], "/evil.example/?x=1");
    }
}
