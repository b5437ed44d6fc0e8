//! Requests to vendors. One client for all of them: it follows no redirect to another origin, reads bounded
//! answers, repeats only what may be repeated, keeps below the vendor's limit for each credential, and lets no
//! secret into an error or a log.

mod call;
mod pieces;
mod public_address;
mod retry;

pub(in crate::providers) use call::shortened;
pub use call::{Answer, Authorization, Call, OpenBody};
pub(in crate::providers) use pieces::{Multipart, Pieces};
pub use public_address::{NotPublic, client_for_public_url};

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::http::{Method, header};
use url::Url;

use self::retry::{Delay, judge};
use super::ProviderError;
use crate::http_client::{self, HttpError};
use crate::rate_limit::RateLimiter;

/// What a vendor may answer at most: Netlify lists there, by SHA-1, up to 50,000 files that it misses.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// How often a request is sent at most.
const TRIES: u32 = 3;
/// After that nothing is tried again: less than a caller of the API is kept waiting.
const TRYING_ENDS: Duration = Duration::from_secs(20);
/// A renamed repository is one hop away.
const REDIRECTS: usize = 3;

/// A client for all vendors' APIs, with the certificates of this machine and those in `ca_file`.
///
/// # Errors
/// When the file holds no certificates.
pub fn client(ca_file: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    build(http_client::short_builder(), ca_file)
}

/// The same for large bodies.
///
/// # Errors
/// When the file holds no certificates.
pub fn transfer_client(ca_file: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    build(http_client::transfer_builder(), ca_file)
}

fn build(mut builder: reqwest::ClientBuilder, ca_file: Option<&Path>) -> anyhow::Result<reqwest::Client> {
    if let Some(path) = ca_file {
        let failed = || format!("`providers.ca_file` ({}) cannot be used as certificates", path.display());
        let pem = std::fs::read(path).with_context(failed)?;
        builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&pem).with_context(failed)?);
    }
    builder.build().context("cannot set up TLS for requests to providers")
}

/// Speaks with one vendor. A cheap handle.
#[derive(Clone)]
pub struct VendorHttp {
    vendor: &'static str,
    client: reqwest::Client,
    limits: Arc<Option<RateLimiter<[u8; 32]>>>,
    is_for_many: bool,
}

impl VendorHttp {
    /// With so many requests a minute for each credential; 0 for no limit.
    pub fn new(vendor: &'static str, client: reqwest::Client, requests_per_minute: u32) -> Self {
        Self { vendor, client, limits: Arc::new(RateLimiter::per_minute(requests_per_minute)), is_for_many: false }
    }

    /// The same for a release's many files: what goes well is in the log only where somebody looks for it.
    #[must_use]
    pub fn for_many(self) -> Self {
        Self { is_for_many: true, ..self }
    }

    /// Sends a request and reads the answer, whatever its status. What failed for the moment is tried again
    /// when the call says that this is harmless.
    ///
    /// # Errors
    /// `Busy` when the vendor, or our own limit, says to come back later; `Failed` when there is no answer.
    pub async fn send(&self, call: Call) -> Result<Answer, ProviderError> {
        if let Some(limits) = &*self.limits
            && let Err(exhausted) = limits.take(call.credential_digest())
        {
            return Err(ProviderError::Busy { retry_after: Some(exhausted.wait) });
        }
        let ends = Instant::now() + TRYING_ENDS;
        let mut attempt = 1;
        loop {
            let failure = match judge(self.ask(&call).await, call.is_repeatable(), time::OffsetDateTime::now_utc()) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = match failure.delay {
                Delay::Never => return Err(failure.error),
                Delay::Said(wait) => wait,
                Delay::Ours => retry::backoff(attempt),
            };
            if attempt >= TRIES || Instant::now() + wait >= ends {
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One request, and where its answer sends us at the same origin.
    async fn ask(&self, call: &Call) -> Result<Answer, HttpError> {
        let mut url = call.url().clone();
        for _ in 0..REDIRECTS {
            let answer = self.ask_at(call, url.clone()).await?;
            match next_hop(call, &url, &answer) {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        self.ask_at(call, url).await
    }

    async fn ask_at(&self, call: &Call, url: Url) -> Result<Answer, HttpError> {
        let began = Instant::now();
        let outcome = match call.request(&self.client, url).send().await {
            Ok(response) => Answer::read(response, call, ANSWER_BYTES).await,
            // The URL may hold what must not be logged.
            Err(error) => Err(error.without_url().into()),
        };
        let status = outcome.as_ref().map_or(0, |answer| answer.status().as_u16());
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (vendor, method, path) = (self.vendor, call.method(), call.template());
        if self.is_for_many && (200..300).contains(&status) {
            tracing::debug!(vendor, %method, path, status, milliseconds, "asked a vendor");
        } else {
            tracing::info!(vendor, %method, path, status, milliseconds, "asked a vendor");
        }
        outcome
    }
}

/// Where to ask instead, when that is where we asked: the credential goes to no other origin.
fn next_hop(call: &Call, url: &Url, answer: &Answer) -> Option<Url> {
    let reads = matches!(*call.method(), Method::GET | Method::HEAD);
    if !reads || !matches!(answer.status().as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let next = url.join(answer.header(header::LOCATION.as_str())?).ok()?;
    (next.origin() == url.origin()).then_some(next)
}

#[cfg(test)]
mod tests;
