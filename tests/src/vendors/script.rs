//! What surrounds every fake: it notes each request, fails as it was told to, and compares what is exchanged with
//! the vendor's own description.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::contract::{Contract, Exchange};

/// Larger requests and answers are not part of any test.
const BODY_BYTES: usize = 256 * 1024 * 1024;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the answer is this, with these headers.
    Answer(u16, Vec<(&'static str, String)>, &'static str),
    /// Nothing is done, and the connection breaks.
    Break,
    /// It is done, and the connection breaks instead of an answer.
    Lose,
    /// It is done, and the answer is no JSON.
    Malformed,
    /// It is done after this time.
    Slow(Duration),
    /// It is done, and the answer comes after this time.
    Late(Duration),
}

/// Nothing in particular that goes wrong, again and again.
#[derive(Default)]
struct Weather {
    /// Of a hundred requests.
    percent: u64,
    state: u64,
    failed: usize,
}

impl Weather {
    /// What becomes of the next request: the same in each run.
    fn next(&mut self) -> Option<Fault> {
        // Knuth's multiplier; the upper bits are the good ones.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = self.state >> 33;
        if drawn % 100 >= self.percent {
            return None;
        }
        self.failed += 1;
        Some(match drawn / 100 % 5 {
            0 => Fault::Answer(429, vec![("retry-after", "1".to_owned())], "{}"),
            1 => Fault::Answer(500, Vec::new(), "{}"),
            2 => Fault::Answer(503, Vec::new(), "<html>"),
            3 => Fault::Break,
            _ => Fault::Lose,
        })
    }
}

#[derive(Default)]
struct Inner {
    weather: Weather,
    faults: Vec<(&'static str, Fault)>,
    requests: Vec<String>,
    wrong: Vec<String>,
}

/// What happens around a fake.
#[derive(Clone)]
pub(super) struct Script {
    inner: Arc<Mutex<Inner>>,
    contract: Option<Arc<Contract>>,
}

impl Script {
    pub(super) fn new(contract: Option<Contract>) -> Self {
        Self { inner: Arc::default(), contract: contract.map(Arc::new) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// The next request to a path that ends so fails.
    pub(super) fn fail(&self, path: &'static str, fault: Fault) {
        self.lock().faults.push((path, fault));
    }

    /// From now on so many of a hundred requests fail, in all ways in which that happens.
    pub(super) fn fail_some(&self, percent: u64) {
        self.lock().weather.percent = percent;
    }

    /// How many have failed so.
    pub(super) fn failed(&self) -> usize {
        self.lock().weather.failed
    }

    /// Something that a vendor would not understand.
    pub(super) fn complain(&self, problem: String) {
        self.lock().wrong.push(problem);
    }

    /// How many requests came to a path that ends so.
    pub(super) fn requests(&self, path: &str) -> usize {
        self.lock().requests.iter().filter(|found| found.ends_with(path)).count()
    }

    /// # Panics
    /// When something was not as the vendor wants it, or answers it.
    pub(super) fn check(&self) {
        let wrong = self.lock().wrong.clone();
        assert!(wrong.is_empty(), "the vendor was sent or answered what it does not: {wrong:#?}");
    }

    fn take(&self, path: &str) -> Option<Fault> {
        let mut inner = self.lock();
        inner.requests.push(path.to_owned());
        match inner.faults.iter().position(|(end, _)| path.ends_with(end)) {
            Some(found) => Some(inner.faults.remove(found).1),
            None => inner.weather.next(),
        }
    }
}

pub(super) async fn around(State(script): State<Script>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let fault = script.take(uri.path());
    match &fault {
        Some(Fault::Answer(status, headers, body)) => return answer(*status, headers, body),
        Some(Fault::Break) => return broken(),
        Some(Fault::Slow(wait)) => tokio::time::sleep(*wait).await,
        Some(Fault::Lose | Fault::Malformed | Fault::Late(_)) | None => {}
    }
    if !request.headers().contains_key(header::USER_AGENT) {
        script.complain(format!("{method} {}: no User-Agent", uri.path()));
    }
    let (head, body) = request.into_parts();
    // Whoever ends in the middle has sent nothing.
    let Ok(sent) = to_bytes(body, BODY_BYTES).await else { return broken() };
    let response = next.run(Request::from_parts(head, Body::from(sent.clone()))).await;
    let (head, body) = response.into_parts();
    let Ok(answered) = to_bytes(body, BODY_BYTES).await else { return broken() };
    if let Some(contract) = script.contract.as_ref().filter(|_| head.extensions.get::<Scripted>().is_none()) {
        let (body, answer) = (json(&sent), json(&answered));
        let (path, query, status) = (uri.path(), uri.query().unwrap_or_default(), head.status.as_u16());
        let wrong = contract.check(&Exchange { method: &method, path, query, body: &body, status, answer: &answer });
        for problem in wrong {
            script.complain(problem);
        }
    }
    match fault {
        Some(Fault::Lose) => broken(),
        Some(Fault::Malformed) => (head.status, "<html>").into_response(),
        Some(Fault::Late(wait)) => {
            tokio::time::sleep(wait).await;
            Response::from_parts(head, Body::from(answered))
        }
        _ => Response::from_parts(head, Body::from(answered)),
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

pub(super) fn answer(status: u16, headers: &[(&'static str, String)], body: &'static str) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a value"));
    }
    response
}

/// Marks an answer that is wrong because a test wants it so.
#[derive(Clone)]
struct Scripted;

/// An answer that is no JSON, from where one is expected.
pub(super) fn malformed() -> Response {
    let mut response = "<html>".into_response();
    response.extensions_mut().insert(Scripted);
    response
}

/// A head without the body it promises.
pub(super) fn broken() -> Response {
    let lost = futures::stream::once(async { Err::<String, _>(std::io::Error::other("the line is cut")) });
    Body::from_stream(lost).into_response()
}
