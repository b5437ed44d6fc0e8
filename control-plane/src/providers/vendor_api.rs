//! JSON over HTTPS with a vendor: one way to ask, to wait, to give up, and to say why. Only questions are repeated
//! here; what changes something is asked once, and whoever asked finds out what became of it.

use std::time::Duration;

use anyhow::Context;
use axum::http::{HeaderMap, Method, StatusCode, header};
use futures::StreamExt;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::ProviderError;
use crate::clock::{Clock, Timestamp};
use crate::http_client;

/// A page of repositories with everything a vendor tells of them.
const ANSWER_BYTES: usize = 2 * 1024 * 1024;
/// Of a vendor's own words, what is repeated to people.
const QUOTED_CHARACTERS: usize = 300;
/// Waits before a question is asked again, each lengthened by chance.
const WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];
/// A vendor that wants more patience than this is busy; whoever asked says so.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The REST API of one vendor.
pub(super) struct VendorApi {
    client: Client,
    base: Url,
    /// As people call it.
    vendor: &'static str,
    /// Sent with every request.
    headers: HeaderMap,
    clock: Clock,
}

/// What a vendor answered, when it is no error of a kind that is the same everywhere.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// `null` when it was no JSON.
    pub(super) body: Value,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A member of the answer that is text.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member)?.as_str()
    }

    /// The vendor's own words about an error, without line ends.
    pub(super) fn words(&self) -> String {
        let shown = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let parts = ["message", "error_description", "error", "errors"].map(|member| shown(&self.body[member]));
        let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        words.chars().filter(|character| !character.is_control()).take(QUOTED_CHARACTERS).collect()
    }
}

impl VendorApi {
    pub(super) fn new(
        vendor: &'static str,
        base: Url,
        headers: HeaderMap,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { client: http_client::client()?, base, vendor, headers, clock })
    }

    /// As people call it.
    pub(super) fn vendor(&self) -> &'static str {
        self.vendor
    }

    /// Asks; `path` is not encoded yet, part by part.
    pub(super) async fn get(&self, token: &SecretString, path: &[&str]) -> Result<Answer, ProviderError> {
        let mut waits = WAITS.into_iter();
        loop {
            let error = match self.once(Method::GET, token, path, None).await {
                Err(ProviderError::Failed(error)) => error,
                other => return other,
            };
            let Some(wait) = waits.next() else { return Err(ProviderError::Failed(error)) };
            tokio::time::sleep(wait.mul_f64(1.0 + chance())).await;
        }
    }

    /// Has something made, once.
    pub(super) async fn post(
        &self,
        token: &SecretString,
        path: &[&str],
        body: &Value,
    ) -> Result<Answer, ProviderError> {
        self.once(Method::POST, token, path, Some(body)).await
    }

    async fn once(
        &self,
        method: Method,
        token: &SecretString,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Answer, ProviderError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| failed(anyhow::anyhow!("the address is none")))?
            .pop_if_empty()
            .extend(path);
        let mut request = self.client.request(method, url).headers(self.headers.clone());
        request = request.bearer_auth(token.expose_secret());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| failed(error.without_url().into()))?;
        let answer = read(response).await.map_err(failed)?;
        self.judge(answer)
    }

    /// Errors that mean the same with every vendor.
    fn judge(&self, answer: Answer) -> Result<Answer, ProviderError> {
        let vendor = self.vendor;
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(ProviderError::Rejected(format!(
                "{vendor} does not accept this credential ({}): it is wrong, expired or revoked. Connect the account again",
                answer.words()
            ))),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN if is_limited(&answer) => {
                Err(ProviderError::Busy { retry_after: wait_of(&answer, self.clock.now()) })
            }
            status if status.is_redirection() => Err(ProviderError::Rejected(format!(
                "{vendor} has moved this elsewhere; name its new place in the target"
            ))),
            status if status.is_server_error() => Err(failed(anyhow::anyhow!("{vendor} answered {status}"))),
            _ => Ok(answer),
        }
    }

    /// What an answer that nobody expected means to people.
    pub(super) fn refused(&self, doing: &str, answer: &Answer) -> ProviderError {
        ProviderError::Rejected(format!(
            "{} does not let us {doing} ({}): {}",
            self.vendor,
            answer.status,
            answer.words()
        ))
    }
}

fn failed(error: anyhow::Error) -> ProviderError {
    ProviderError::Failed(error)
}

async fn read(response: Response) -> anyhow::Result<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    let (mut bytes, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(reqwest::Error::without_url)?;
        anyhow::ensure!(bytes.len() + chunk.len() <= ANSWER_BYTES, "the answer is larger than {ANSWER_BYTES} bytes");
        bytes.extend_from_slice(&chunk);
    }
    let body = match serde_json::from_slice(&bytes) {
        Ok(body) => body,
        // An error may be a page of a proxy; what was made may not.
        Err(_) if !status.is_success() || bytes.is_empty() => Value::Null,
        Err(error) => return Err(error).context("the answer is no JSON"),
    };
    Ok(Answer { status, headers, body })
}

/// 429 always; 403 when the vendor says so (GitHub Docs, "Rate limits for the REST API").
fn is_limited(answer: &Answer) -> bool {
    answer.status == StatusCode::TOO_MANY_REQUESTS
        || answer.header("x-ratelimit-remaining") == Some("0")
        || answer.header(header::RETRY_AFTER.as_str()).is_some()
        || answer.words().contains("secondary rate limit")
}

/// How long to wait, as far as the vendor says it.
fn wait_of(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let number = |name: &str| answer.header(name)?.parse::<u64>().ok();
    let after = number("retry-after").map(Duration::from_secs);
    let reset = || {
        let end = number("x-ratelimit-reset").or_else(|| number("ratelimit-reset"))?;
        Some(Timestamp::from_millis(i64::try_from(end).ok()?.saturating_mul(1_000)).since(now))
    };
    Some(after.or_else(reset)?.min(LONGEST_WAIT))
}

/// From 0 to 1; not for anything that must not be guessed.
fn chance() -> f64 {
    f64::from(uuid::Uuid::now_v7().as_bytes()[15]) / 256.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: Value) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        Answer { status: StatusCode::from_u16(status).expect("a status"), headers: headers.collect(), body }
    }

    fn judged(answer: Answer) -> Result<Answer, ProviderError> {
        let base = "http://127.0.0.1:1".parse().expect("a URL");
        VendorApi::new("GitHub", base, HeaderMap::new(), Clock::system()).expect("a client").judge(answer)
    }

    #[test]
    fn limits_are_told_from_refusals() {
        let busy = [
            answer(429, &[], Value::Null),
            answer(403, &[("x-ratelimit-remaining", "0")], Value::Null),
            answer(403, &[("retry-after", "7")], Value::Null),
            answer(403, &[], json!({ "message": "You have exceeded a secondary rate limit." })),
        ];
        for answer in busy {
            assert!(matches!(judged(answer), Err(ProviderError::Busy { .. })));
        }
        let waited = judged(answer(429, &[("retry-after", "7")], Value::Null));
        assert!(matches!(waited, Err(ProviderError::Busy { retry_after: Some(wait) }) if wait.as_secs() == 7));
        assert!(judged(answer(403, &[("x-ratelimit-remaining", "12")], Value::Null)).is_ok());
    }

    #[test]
    fn a_vendors_words_are_found_and_short() {
        let body = json!({ "message": { "name": ["has already been taken"] }, "error": "x\ny" });
        assert_eq!(answer(400, &[], body).words(), r#"{"name":["has already been taken"]} xy"#);
        assert_eq!(answer(400, &[], json!({ "message": "m".repeat(1000) })).words().len(), QUOTED_CHARACTERS);
        let refused = judged(answer(401, &[], json!({ "message": "Bad credentials" })));
        assert!(matches!(refused, Err(ProviderError::Rejected(message)) if message.contains("Bad credentials")));
        assert!(matches!(judged(answer(502, &[], Value::Null)), Err(ProviderError::Failed(_))));
    }
}
