//! Requests to other servers: one client with its timeouts, no redirects (a redirect would choose
//! where we send secrets), answers of bounded size.

use std::time::Duration;

use axum::http;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Without a byte from the other side, while it works on what it was sent.
const STANDSTILL: Duration = Duration::from_secs(10 * 60);
/// Documents of issuers are a few kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why another server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("no answer")]
    NoAnswer(#[from] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer cannot be read")]
    Malformed(#[from] http::Error),
}

/// Says with what TLS is spoken. Only the first call decides; it is the same provider everywhere.
pub(crate) fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client that speaks TLS with the certificates this machine trusts.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    short_builder().build()
}

/// The same, for who wants to add something.
pub(crate) fn short_builder() -> reqwest::ClientBuilder {
    builder().timeout(TIMEOUT)
}

fn builder() -> reqwest::ClientBuilder {
    install_tls();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
}

/// For what takes its time: large bodies, and servers that think before they answer. Whoever uses it sets the limit of
/// the whole; this one notices only that nothing moves.
pub(crate) fn transfer_builder() -> reqwest::ClientBuilder {
    builder().read_timeout(STANDSTILL)
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(
    client: &reqwest::Client,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, HttpError> {
    let response = client.execute(request.try_into()?).await?;
    let mut builder = http::Response::builder().status(response.status());
    if let Some(headers) = builder.headers_mut() {
        *headers = response.headers().clone();
    }
    Ok(builder.body(read(response, ANSWER_BYTES).await?)?)
}

/// The body of an answer, when it has no more than `limit` bytes.
pub(crate) async fn read(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(HttpError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
