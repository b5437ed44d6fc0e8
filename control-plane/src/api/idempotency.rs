//! `Idempotency-Key` on POST requests that create something: a request that is sent again because
//! its answer was lost gets the first answer, and nothing is made twice.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, BODY_BYTES};
use crate::access::{Credential, Principal};
use crate::error::{Error, ErrorCode};
use crate::once::RequestKey;
use crate::secrets::sha256;

const KEY: &str = "idempotency-key";
/// In an answer that was given before: nothing was changed by this request.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
pub(super) const LONGEST_KEY_BYTES: usize = 255;
/// Answers are small records.
const ANSWER_BYTES: usize = 256 * 1024;

/// The requests with a key that this process is answering. A claimed key without an answer that is not
/// among them is what a crash left: such a request is answered anew.
#[derive(Clone, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<RequestKey>>>);

/// One of them; it ends with the answer, however that ends.
struct Answering(UnderWay, RequestKey);

impl UnderWay {
    fn begin(&self, key: RequestKey) -> Option<Answering> {
        self.keys().insert(key).then(|| Answering(self.clone(), key))
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<RequestKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.keys().remove(&self.1);
    }
}

/// Answers a repeated request with the first answer.
pub(super) async fn replay(State(app): State<App>, request: Request, next: Next) -> Response {
    let creates = request.method() == Method::POST && keeps_answer(request.uri().path());
    let Some(key) = request.headers().get(KEY).filter(|_| creates).cloned() else {
        return next.run(request).await;
    };
    run_once(&app, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

/// Whether the answer to a POST request is kept. Secrets are shown once and kept nowhere, and a workspace that is
/// downloaded again is the one there is then.
pub(super) fn keeps_answer(path: &str) -> bool {
    // Vendors have keys of their own, for what they send.
    !answers_a_secret(path)
        && !path.ends_with("/export/zip")
        && !path.ends_with("/export/tar")
        && !path.starts_with("/api/webhooks/")
}

fn answers_a_secret(path: &str) -> bool {
    path.ends_with("/enroll-token")
        || path.ends_with("/webhook")
        || path == "/api/tokens"
        || path.starts_with("/api/auth/")
        || path.starts_with("/api/deployments/auth/")
        || path == "/setup"
}

async fn run_once(app: &App, key: &HeaderValue, request: Request, next: Next) -> Result<Response, Error> {
    let key = key.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY_BYTES);
    let key = key.ok_or_else(|| {
        Error::invalid(format!("`Idempotency-Key` must have 1 to {LONGEST_KEY_BYTES} visible ASCII characters"))
    })?;
    let (mut head, body) = request.into_parts();
    // Whoever may not come in gets no kept answer either.
    let principal = Principal::from_request_parts(&mut head, app).await?;
    let body = to_bytes(body, BODY_BYTES)
        .await
        .map_err(|_| Error::new(ErrorCode::TooLarge, format!("the body is larger than {BODY_BYTES} bytes")))?;
    let caller = match principal.credential {
        // The next request may come with the user's next JWT.
        Credential::TrustedJwt => sha256(principal.id.as_bytes()),
        Credential::Token(..) | Credential::Session(_) => app.access.credential_digest(&head.headers),
    };
    let fingerprint = sha256(&[head.uri.path().as_bytes(), &[0], &body].concat());

    let request_key = RequestKey::of(&caller, key);
    let under_way = || Error::conflict("the first request with this `Idempotency-Key` is under way");
    let _answering = app.under_way.begin(request_key).ok_or_else(under_way)?;
    if let Some(seen) = app.store.claim_idempotency_key(&caller, key, &fingerprint, app.clock.now()).await? {
        if seen.request_sha256 != fingerprint {
            return Err(Error::invalid("this `Idempotency-Key` was used for another request"));
        }
        let status =
            seen.status.and_then(|status| u16::try_from(status).ok()).and_then(|code| StatusCode::from_u16(code).ok());
        if let Some(status) = status {
            let mut response = (status, seen.body.unwrap_or_default()).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(response);
        }
    }
    let response = request_key.follow(next.run(Request::from_parts(head, Body::from(body)))).await;
    // Refusals made nothing, so the same key may be used again when the request is mended.
    if !response.status().is_success() {
        app.store.free_idempotency_key(&caller, key).await?;
        return Ok(response);
    }
    let (head, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES).await.map_err(anyhow::Error::from)?;
    app.store.keep_answer(&caller, key, head.status.as_u16(), &body).await?;
    Ok(Response::from_parts(head, Body::from(body)))
}
