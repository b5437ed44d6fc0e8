//! The vendor behind the provider `rehearsal`: strict about what it is sent, exact about what it made, and as
//! slow, busy or silent as a test wants it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::issuer::hmac_sha256;

/// What becomes of the next request to make a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It is made and answered.
    Make,
    /// It is made, and the connection breaks instead of an answer.
    MakeAndBreak,
    /// It is made, and the answer is an error of the server.
    MakeAndFail,
    /// Nothing is made, and the connection breaks.
    Break,
    /// Nothing is made, and the answer is an error of the server.
    Fail,
    /// Too many requests; come back after so many seconds.
    Busy(u64),
    /// Refused for good.
    Refuse,
    /// Taken, and not ready until somebody says so; the answer comes after this long.
    Hold(Duration),
    /// Taken, and goes live when somebody has approved of it.
    AskSomebody,
    /// Taken, and could not be made live.
    Spoil,
}

/// A release as the vendor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The artifact's root.
    pub root: String,
    /// `ready`, `building`, `unapproved`, `broken` or `cancelled`.
    pub state: &'static str,
}

#[derive(Default)]
struct Inner {
    next: VecDeque<Behaviour>,
    made: BTreeMap<String, Made>,
    /// Requests that would have made a second release of one deployment.
    doubled: Vec<String>,
    /// Requests that the vendor does not understand.
    malformed: Vec<String>,
    requests: usize,
    cancels: usize,
    /// Where it may say that something has happened, and with what it proves it: of the last request.
    callback: Option<(String, String)>,
}

/// A running vendor.
#[derive(Clone)]
pub struct Rehearsal {
    inner: Arc<Mutex<Inner>>,
    /// For `REHEARSAL_URL`.
    pub url: String,
}

impl Rehearsal {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let inner: Arc<Mutex<Inner>> = Arc::default();
        let router = Router::new()
            .route("/releases", post(make))
            .route("/releases/{key}", get(find))
            .route("/releases/{key}/cancel", post(cancel))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, url }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// What becomes of the next requests; afterwards each is made and answered.
    pub fn behave(&self, next: impl IntoIterator<Item = Behaviour>) {
        self.lock().next.extend(next);
    }

    /// Everything that was made, by idempotency key.
    pub fn made(&self) -> BTreeMap<String, Made> {
        let inner = self.lock();
        assert!(inner.malformed.is_empty(), "the vendor was sent {:?}", inner.malformed);
        assert!(inner.doubled.is_empty(), "asked to make again: {:?}", inner.doubled);
        inner.made.clone()
    }

    /// Requests to make a release, whatever came of them.
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Requests to hold a release back.
    pub fn cancels(&self) -> usize {
        self.lock().cancels
    }

    /// Where the last request wants deliveries, and with what they are proven.
    pub fn callback(&self) -> (String, String) {
        self.lock().callback.clone().expect("was asked to make a release")
    }

    /// Tells that something has happened to the last release, and answers what came of that.
    pub async fn tell(&self, body: &str) -> reqwest::Response {
        let (url, secret) = self.callback();
        let signature = signature(&secret, body);
        let request =
            reqwest::Client::builder().build().expect("a client").post(url).header("x-rehearsal-signature", signature);
        request.header("content-type", "application/json").body(body.to_owned()).send().await.expect("answers")
    }

    /// Finishes what is held, and approves of what waits for that.
    pub fn release_all(&self) {
        for made in self.lock().made.values_mut().filter(|made| ["building", "unapproved"].contains(&made.state)) {
            made.state = "ready";
        }
    }
}

/// HMAC-SHA256 in hexadecimal.
pub fn signature(secret: &str, body: &str) -> String {
    data_encoding::HEXLOWER.encode(&hmac_sha256(secret.as_bytes(), body.as_bytes()))
}

async fn make(State(inner): State<Arc<Mutex<Inner>>>, headers: HeaderMap, body: String) -> Response {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default().to_owned();
    let content: Value = serde_json::from_str(&body).unwrap_or_default();
    let (behaviour, made) = {
        let mut inner = inner.lock().expect("nobody panics here");
        inner.requests += 1;
        let root = content["root"].as_str().unwrap_or_default().to_owned();
        let is_well_formed = headers.get("content-type").is_some_and(|kind| kind == "application/json")
            && root.len() == 64
            && content["environment"].is_string()
            && content["deployment_id"].as_str().is_some_and(|id| key == format!("slipway-{id}"));
        if !is_well_formed {
            inner.malformed.push(body);
            return StatusCode::BAD_REQUEST.into_response();
        }
        let callback = |name: &str| content["callback"][name].as_str().unwrap_or_default().to_owned();
        inner.callback = Some((callback("url"), callback("secret")));
        let behaviour = inner.next.pop_front().unwrap_or(Behaviour::Make);
        let state = match behaviour {
            Behaviour::Make | Behaviour::MakeAndBreak | Behaviour::MakeAndFail => "ready",
            Behaviour::Hold(_) => "building",
            Behaviour::AskSomebody => "unapproved",
            Behaviour::Spoil => "broken",
            Behaviour::Break | Behaviour::Fail | Behaviour::Busy(_) | Behaviour::Refuse => "",
        };
        let made = Made { root, state };
        if !state.is_empty() && inner.made.insert(key.clone(), made.clone()).is_some() {
            inner.doubled.push(key.clone());
        }
        (behaviour, made)
    };
    match behaviour {
        Behaviour::Make | Behaviour::AskSomebody | Behaviour::Spoil => {
            (StatusCode::CREATED, answer(&key, &made)).into_response()
        }
        Behaviour::MakeAndBreak | Behaviour::Break => broken(),
        Behaviour::MakeAndFail | Behaviour::Fail => StatusCode::BAD_GATEWAY.into_response(),
        Behaviour::Busy(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Behaviour::Refuse => StatusCode::FORBIDDEN.into_response(),
        Behaviour::Hold(wait) => {
            tokio::time::sleep(wait).await;
            let made = inner.lock().expect("nobody panics here").made.get(&key).cloned().unwrap_or(made);
            (StatusCode::ACCEPTED, answer(&key, &made)).into_response()
        }
    }
}

async fn find(State(inner): State<Arc<Mutex<Inner>>>, Path(key): Path<String>) -> Response {
    match inner.lock().expect("nobody panics here").made.get(&key) {
        Some(made) => answer(&key, made).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn cancel(State(inner): State<Arc<Mutex<Inner>>>, Path(key): Path<String>) -> Response {
    let mut inner = inner.lock().expect("nobody panics here");
    inner.cancels += 1;
    match inner.made.get_mut(&key) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(made) if made.state == "ready" => StatusCode::CONFLICT.into_response(),
        Some(made) => {
            made.state = "cancelled";
            answer(&key, made).into_response()
        }
    }
}

fn answer(key: &str, made: &Made) -> Json<Value> {
    Json(json!({
        "id": format!("rel_{key}"),
        "state": made.state,
        "url": format!("https://{key}.example.test/"),
        "approve_at": (made.state == "unapproved").then(|| format!("https://vendor.example.test/approve/{key}")),
        "log": ["unpacking", "starting"],
    }))
}

/// A head without the body it promises.
fn broken() -> Response {
    let lost = futures::stream::once(async { Err::<String, _>(std::io::Error::other("the line is cut")) });
    Body::from_stream(lost).into_response()
}
