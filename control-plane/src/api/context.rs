//! What is known about a request before its handler runs: its id, where it comes from, and from whom.

use std::net::IpAddr;

use std::time::Instant;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use super::App;
use crate::access::Principal;
use crate::error::Error;
use crate::http_server::Peer;
use crate::observe::{metrics, telemetry};

/// What a proxy adds to a request.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];
/// The path of what no route answers.
const NO_ROUTE: &str = "none";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Names one request in its answer, in problem documents, in the server's log and in the audit log.
/// Always ours: one that a client chose could be anybody's.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestId(pub(super) Uuid);

impl RequestId {
    /// That of the request being answered; `None` outside of one.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }

    /// Part of this request's work that goes on in a task of its own.
    pub(super) fn follow<F: Future>(self, work: F) -> impl Future<Output = F::Output> + use<F> {
        // Now, not when the task begins: it has no span of its own.
        CURRENT.scope(self, work.in_current_span())
    }
}

/// Where a request comes from, behind our own proxies; `None` when that cannot be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientAddress(pub(super) Option<IpAddr>);

/// Whom a request is from, found out once; the error is for handlers that must know.
#[derive(Clone)]
pub(super) struct Identity(pub(super) Result<Principal, Error>);

/// Gives the request its id: in the span of whatever is logged about it, and in the answer.
pub(super) async fn enter(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId(Uuid::now_v7());
    let address = app.access.client_address(request.headers(), request.extensions());
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(ClientAddress(address));
    let span = tracing::info_span!("request", id = %id.0, method = %request.method(), path = request.uri().path());
    if let Some(trace) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
        telemetry::continue_trace(&span, trace);
    }
    let mut response = CURRENT.scope(id, next.run(request).instrument(span)).await;
    if let Ok(value) = HeaderValue::from_str(&id.0.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Counts the request and its answer, by the template of its path.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE.to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    metrics().http_answered(method, &route, response.status().as_u16(), began.elapsed());
    response
}

/// Methods are labels, and a client may send any word for one.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Who is at the other end of the connection, with or without a proxy between.
pub(super) struct Caller {
    peer: Option<IpAddr>,
    is_proxied: bool,
}

impl Caller {
    /// A process of this machine that asks for itself.
    pub(super) fn is_this_machine(&self) -> bool {
        !self.is_proxied && self.peer.is_some_and(|peer| peer.to_canonical().is_loopback())
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
        Ok(Self { peer, is_proxied: FORWARDED.iter().any(|name| parts.headers.contains_key(*name)) })
    }
}

/// Finds out whom the request is from.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") {
        let identity = app.access.principal(request.method(), request.headers()).await;
        request.extensions_mut().insert(Identity(identity));
    }
    next.run(request).await
}
