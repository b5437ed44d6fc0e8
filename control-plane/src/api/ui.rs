//! The web UI: the files that were put into this program (`slipway-web`), and its one page, which stands for every
//! address that it knows. What is not a page or a file of it is answered as a problem document, so a program that
//! mistypes a path never gets a page.

use std::collections::HashMap;
use std::io::Write;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use super::App;
use super::error::no_such_route;
use super::headers::Framable;
use crate::public_url::prefix;

const INDEX: &str = "index.html";
/// What the page says is its base, as it is built.
const BUILT_BASE: &str = "<base href=\"/\"";
/// Where files with a digest in their name are.
const HASHED: &str = "assets/";
/// The first parts of the addresses of pages. The UI has the rest (`web/src/router`).
const PAGES: [&str; 12] = [
    "",
    "accounts",
    "agents",
    "audit",
    "deployments",
    "device",
    "embed",
    "login",
    "sandboxes",
    "settings",
    "setup",
    "targets",
];
/// What other sites may show in a frame, when they are allowed to.
const EMBEDDED: &str = "/embed/deploy";

/// Everything from here, nothing inline, and no text becomes script.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'self'; \
     require-trusted-types-for 'script'; frame-ancestors ";
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// The files as they are served.
pub struct Ui {
    files: HashMap<&'static str, Served>,
    index: Option<Served>,
    policy: HeaderValue,
    embedded_policy: HeaderValue,
    may_be_framed: bool,
}

struct Served {
    content: Bytes,
    gzip: Option<Bytes>,
    /// Without its quotes.
    tag: String,
    kind: HeaderValue,
    keep: HeaderValue,
}

impl Served {
    fn new(path: &str, content: Bytes, gzip: Option<Bytes>) -> Self {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let is_text = kind.type_() == mime_guess::mime::TEXT || kind.subtype() == mime_guess::mime::JAVASCRIPT;
        let charset = if is_text { "; charset=utf-8" } else { "" };
        Self {
            tag: blake3::hash(&content).to_hex()[..32].to_owned(),
            // Its name and type are ours, so it is a header.
            kind: HeaderValue::from_str(&format!("{}{charset}", kind.essence_str()))
                .unwrap_or(HeaderValue::from_static("application/octet-stream")),
            keep: if path.starts_with(HASHED) { KEEP } else { ASK },
            content,
            gzip,
        }
    }

    /// The page, which says below which path it is.
    fn index(content: &[u8], prefix: &str) -> Self {
        let page = String::from_utf8_lossy(content).replacen(BUILT_BASE, &format!("<base href=\"{prefix}/\""), 1);
        let gzip = compress(page.as_bytes());
        Self::new(INDEX, page.into(), gzip)
    }

    /// As the request wants it: compressed or not, or only that it is still the same.
    fn answer(&self, request: &HeaderMap, status: StatusCode) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| accepts_gzip(request));
        // Two sequences of bytes, two strong tags (RFC 9110, 8.8.3.3).
        let tag = format!("\"{}{}\"", self.tag, if gzip.is_some() { "-gzip" } else { "" });
        let is_known = status == StatusCode::OK && has_tag(request, &tag);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            (status, gzip.unwrap_or(&self.content).clone()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.keep.clone());
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if !is_known {
            headers.insert(header::CONTENT_TYPE, self.kind.clone());
            if gzip.is_some() {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        response
    }
}

fn compress(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// The parts of headers that are lists.
fn parts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    parts(headers, header::ACCEPT_ENCODING).any(|part| {
        let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        matches!(coding.trim(), "gzip" | "*") && !is_refused
    })
}

fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    parts(headers, header::IF_NONE_MATCH).any(|seen| seen == "*" || seen.strip_prefix("W/").unwrap_or(seen) == tag)
}

/// A browser that goes to an address, not a script or program that fetches one.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
    let wants_page = parts(headers, header::ACCEPT).any(|kind| kind.split(';').next() == Some("text/html"));
    wants_page && mode.is_none_or(|mode| mode == b"navigate")
}

fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    PAGES.contains(&first)
}

impl Ui {
    /// The files of this program, for people who reach us at `base_url`. `embed_origins` may show the Deploy button.
    pub fn new(base_url: &Url, embed_origins: &[HeaderValue]) -> Self {
        Self::of(slipway_web::FILES, base_url, embed_origins)
    }

    fn of(files: &'static [slipway_web::File], base_url: &Url, embed_origins: &[HeaderValue]) -> Self {
        let policy = |ancestors: &str| {
            // Origins are headers already, and the rest is ours.
            HeaderValue::from_str(&format!("{CONTENT_SECURITY_POLICY}{ancestors}"))
                .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
        };
        let origins: Vec<_> = embed_origins.iter().filter_map(|origin| origin.to_str().ok()).collect();
        let served = |file: &slipway_web::File| {
            Served::new(file.path, Bytes::from_static(file.content), file.gzip.map(Bytes::from_static))
        };
        let index = files.iter().find(|file| file.path == INDEX);
        Self {
            index: index.map(|file| Served::index(file.content, prefix(base_url))),
            files: files.iter().filter(|file| file.path != INDEX).map(|file| (file.path, served(file))).collect(),
            policy: policy("'none'"),
            embedded_policy: policy(if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") }.as_str()),
            may_be_framed: !origins.is_empty(),
        }
    }

    /// The page; `None` when this program was built without the UI.
    pub(super) fn page(&self, path: &str, headers: &HeaderMap, status: StatusCode) -> Option<Response> {
        let mut response = self.index.as_ref()?.answer(headers, status);
        let is_embedded = path == EMBEDDED;
        let policy = if is_embedded { &self.embedded_policy } else { &self.policy };
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        if is_embedded && self.may_be_framed {
            response.extensions_mut().insert(Framable);
        }
        Some(response)
    }

    /// What is at this address, if it is one of the UI.
    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        if !matches!(*method, Method::GET | Method::HEAD) || path.starts_with("/api/") {
            return None;
        }
        if let Some(file) = self.files.get(path.trim_start_matches('/')) {
            return Some(file.answer(headers, StatusCode::OK));
        }
        if !is_navigation(headers) {
            return None;
        }
        // Whoever mistypes an address in a browser gets a page that says so, with the way home.
        let status = if is_page(path) { StatusCode::OK } else { StatusCode::NOT_FOUND };
        self.page(path, headers, status)
    }
}

/// What no route of the API answers.
pub(super) async fn fallback(State(app): State<App>, request: Request) -> Response {
    match app.ui.answer(request.method(), request.uri().path(), request.headers()) {
        Some(response) => response,
        None => no_such_route(request.uri().clone()).await.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_web::File;

    static FILES: [File; 3] = [
        File { path: "assets/main-a1b2c3.js", content: b"console.log(1)", gzip: Some(b"zipped") },
        File { path: INDEX, content: b"<!doctype html><base href=\"/\" /><title>Slipway</title>", gzip: None },
        File { path: "theme.js", content: b"1", gzip: None },
    ];

    fn ui(base: &str, origins: &[&'static str]) -> Ui {
        let origins: Vec<_> = origins.iter().map(|origin| HeaderValue::from_static(origin)).collect();
        Ui::of(&FILES, &base.parse().expect("a URL"), &origins)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    fn header(response: &Response, name: &str) -> String {
        response.headers().get(name).map_or(String::new(), |value| value.to_str().expect("is ASCII").to_owned())
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("is in memory");
        String::from_utf8(bytes.to_vec()).expect("is UTF-8")
    }

    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    #[tokio::test]
    async fn a_page_says_below_which_path_it_is() {
        for (base, expected) in [
            ("https://example.com", "<base href=\"/\" />"),
            ("https://example.com/slipway", "<base href=\"/slipway/\" />"),
        ] {
            let response = ui(base, &[]).answer(&Method::GET, "/deployments/1", &headers(&[BROWSER])).expect("a page");
            assert_eq!(header(&response, "cache-control"), "no-cache");
            assert!(text(response).await.contains(expected));
        }
    }

    #[test]
    fn only_browsers_get_pages_and_only_for_addresses_outside_of_the_api() {
        let ui = ui("https://example.com", &[]);
        let status = |method: &Method, path: &str, pairs: &[(&'static str, &str)]| {
            ui.answer(method, path, &headers(pairs)).map(|response| response.status().as_u16())
        };
        assert_eq!(status(&Method::GET, "/sandboxes", &[BROWSER]), Some(200));
        assert_eq!(status(&Method::HEAD, "/settings/members", &[BROWSER]), Some(200));
        assert_eq!(status(&Method::GET, "/nowhere", &[BROWSER]), Some(404));
        assert_eq!(status(&Method::POST, "/sandboxes", &[BROWSER]), None);
        assert_eq!(status(&Method::GET, "/api/nothing", &[BROWSER]), None);
        assert_eq!(status(&Method::GET, "/sandboxes", &[("accept", "application/json")]), None);
        assert_eq!(status(&Method::GET, "/sandboxes", &[]), None);
        assert_eq!(status(&Method::GET, "/sandboxes", &[BROWSER, ("sec-fetch-mode", "cors")]), None);
        assert_eq!(status(&Method::GET, "/theme.js", &[]), Some(200));
        assert_eq!(status(&Method::GET, "/index.html", &[]), None);
        assert_eq!(status(&Method::GET, "/../theme.js", &[]), None);
    }

    #[test]
    fn files_are_kept_or_asked_for_and_sent_compressed_to_whom_that_suits() {
        let ui = ui("https://example.com", &[]);
        let get = |path: &str, pairs: &[(&'static str, &str)]| {
            ui.answer(&Method::GET, path, &headers(pairs)).expect("is there")
        };
        let script = "/assets/main-a1b2c3.js";
        let plain = get(script, &[]);
        assert_eq!(header(&plain, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(
            (header(&plain, "content-encoding"), header(&plain, "vary").as_str()),
            (String::new(), "accept-encoding")
        );
        let zipped = get(script, &[("accept-encoding", "br, gzip;q=0.8")]);
        assert_eq!(header(&zipped, "content-encoding"), "gzip");
        assert_ne!(header(&zipped, "etag"), header(&plain, "etag"));
        for refused in ["br", "gzip;q=0", "gzip; q=0.0", "identity"] {
            assert_eq!(header(&get(script, &[("accept-encoding", refused)]), "content-encoding"), "", "{refused}");
        }
        let tag = header(&plain, "etag");
        for seen in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get(script, &[("if-none-match", &seen)]);
            assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.clone()), "{seen}");
        }
        assert_eq!(get(script, &[("if-none-match", "\"other\"")]).status().as_u16(), 200);
        assert_eq!(header(&get("/theme.js", &[]), "cache-control"), "no-cache");
    }

    #[test]
    fn a_program_without_the_ui_has_no_pages_of_it() {
        let ui = Ui::of(&[], &"https://example.com".parse().expect("a URL"), &[]);
        let browser = headers(&[BROWSER]);
        assert!(ui.page("/", &browser, StatusCode::OK).is_none());
        for path in ["/sandboxes", "/assets/main-a1b2c3.js", "/nowhere"] {
            assert!(ui.answer(&Method::GET, path, &browser).is_none(), "{path}");
        }
    }

    #[test]
    fn only_the_embedded_page_is_framed_and_only_by_whom_the_operator_has_named() {
        let policy = |origins: &[&'static str], path: &str| {
            let response = ui("https://example.com", origins).answer(&Method::GET, path, &headers(&[BROWSER]));
            let response = response.expect("a page");
            let is_framable = response.extensions().get::<Framable>().is_some();
            let policy = header(&response, "content-security-policy");
            assert!(policy.contains("require-trusted-types-for 'script'; frame-ancestors "), "{policy}");
            (policy.rsplit("frame-ancestors ").next().map(str::to_owned), is_framable)
        };
        let host = "https://ide.example.com";
        let nobody = (Some("'none'".to_owned()), false);
        assert_eq!(policy(&[], EMBEDDED), nobody);
        assert_eq!(policy(&[host], "/"), nobody);
        assert_eq!(policy(&[host, "https://b.example"], EMBEDDED), (Some(format!("{host} https://b.example")), true));
    }
}
