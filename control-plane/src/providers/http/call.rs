//! One request to a vendor and its answer.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use data_encoding::BASE64;
use futures::stream::BoxStream;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use slipway_proto::mask::{MaskSet, Secret};
use url::Url;

use super::super::ProviderError;
use crate::http_client::{self, HttpError};
use crate::secrets::sha256;

/// What is kept of an answer that tells of an error: Vercel lists there, by SHA-1, up to 15,000 files that it misses.
const ERROR_BYTES: usize = 1024 * 1024;
/// What is shown of a sentence of a vendor.
const LONGEST_MESSAGE_CHARS: usize = 300;

/// How a request says whose it is.
#[derive(Debug, Clone)]
pub enum Authorization {
    /// `Bearer`.
    Bearer(SecretString),
    /// `Basic`, of a user and a password.
    Basic(String, SecretString),
}

impl Authorization {
    fn value(&self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Bearer(token) => format!("Bearer {}", token.expose_secret()),
            Self::Basic(user, password) => {
                let pair = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
                format!("Basic {}", BASE64.encode(pair.as_bytes()))
            }
        })
    }

    fn secret(&self) -> &SecretString {
        match self {
            Self::Bearer(secret) | Self::Basic(_, secret) => secret,
        }
    }
}

/// Opens the bytes of a body; once for each time that the request is sent.
pub type OpenBody = Arc<dyn Fn() -> BoxStream<'static, anyhow::Result<Bytes>> + Send + Sync>;

/// What is sent.
enum Body {
    /// It is here, and of this kind.
    Here(&'static str, Zeroizing<Vec<u8>>),
    /// It is read while it is sent, is of this kind, and has so many bytes.
    Read(Cow<'static, str>, u64, OpenBody),
}

/// A request to a vendor.
pub struct Call {
    method: Method,
    url: Url,
    /// The path as it may be logged.
    template: &'static str,
    authorization: Option<Authorization>,
    headers: HeaderMap,
    body: Option<Body>,
    /// How long an answer may take, where that is not what is usual.
    patience: Option<Duration>,
    /// What must not be seen in an error besides the credential.
    hidden: Vec<SecretString>,
    is_repeatable: bool,
}

impl Call {
    /// A request to `template` below `base`. Each `{}` in it is the next of `segments`, whatever that holds.
    ///
    /// # Errors
    /// `Rejected` when a segment is `.` or `..`, which would be another path.
    pub fn new(method: Method, base: &Url, template: &'static str, segments: &[&str]) -> Result<Self, ProviderError> {
        let mut path = String::new();
        let mut segments = segments.iter();
        for (index, part) in template.split("{}").enumerate() {
            if index > 0 {
                encode_segment(&mut path, segments.next().copied().unwrap_or_default())?;
            }
            path.push_str(part);
        }
        let url = base.join(&path).context("a URL").map_err(ProviderError::Failed)?;
        // The server acts as after the first of several; reading never changes anything.
        let is_repeatable = matches!(method, Method::GET | Method::HEAD);
        Ok(Self {
            method,
            url,
            template,
            authorization: None,
            headers: HeaderMap::new(),
            body: None,
            patience: None,
            hidden: Vec::new(),
            is_repeatable,
        })
    }

    /// The same below its path: each part of `path`, which has `/` between them, is encoded by itself.
    ///
    /// # Errors
    /// `Rejected` when a part is empty, `.` or `..`, which would be another path.
    pub fn below(mut self, path: &str) -> Result<Self, ProviderError> {
        let mut all = self.url.path().to_owned();
        for part in path.split('/') {
            all.push('/');
            encode_segment(&mut all, part)?;
        }
        self.url.set_path(&all);
        Ok(self)
    }

    /// The same as somebody.
    #[must_use]
    pub fn authorized(mut self, authorization: Authorization) -> Self {
        self.authorization = Some(authorization);
        self
    }

    /// The same with a parameter in the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// The same with a header; without it when the value cannot be one.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The same, where the whole may take so long.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The same with a body that is read while it is sent.
    #[must_use]
    pub fn streaming(self, size_bytes: u64, open: OpenBody) -> Self {
        self.streaming_as("application/octet-stream", size_bytes, open)
    }

    /// The same with a body of some kind that is read while it is sent.
    #[must_use]
    pub fn streaming_as(mut self, kind: impl Into<Cow<'static, str>>, size_bytes: u64, open: OpenBody) -> Self {
        self.body = Some(Body::Read(kind.into(), size_bytes, open));
        self
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(Body::Here("application/json", Zeroizing::new(body.to_string().into_bytes())));
        self
    }

    /// The same with a form; its secrets are told apart, so that no error shows them.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)], secrets: &[(&str, &SecretString)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        form.extend_pairs(secrets.iter().map(|(name, value)| (name, value.expose_secret())));
        let form = Zeroizing::new(form.finish().into_bytes());
        self.body = Some(Body::Here("application/x-www-form-urlencoded", form));
        self.hidden.extend(secrets.iter().map(|(_, value)| (*value).clone()));
        self
    }

    /// The same, where sending it twice does no more than sending it once.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// The same with this kept out of errors.
    #[must_use]
    pub fn hiding(mut self, secret: &SecretString) -> Self {
        self.hidden.push(secret.clone());
        self
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn template(&self) -> &'static str {
        self.template
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    /// Tells credentials apart; those who have none share one.
    pub(super) fn credential_digest(&self) -> [u8; 32] {
        sha256(self.authorization.as_ref().map_or(&b""[..], |known| known.secret().expose_secret().as_bytes()))
    }

    pub(super) fn request(&self, client: &reqwest::Client, url: Url) -> reqwest::RequestBuilder {
        let mut request = client.request(self.method.clone(), url).headers(self.headers.clone());
        if let Some(authorization) = &self.authorization
            && let Ok(mut value) = HeaderValue::from_str(&authorization.value())
        {
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(patience) = self.patience {
            request = request.timeout(patience);
        }
        match &self.body {
            Some(Body::Here(kind, bytes)) => request.header(header::CONTENT_TYPE, *kind).body(bytes.to_vec()),
            Some(Body::Read(kind, size_bytes, open)) => request
                .header(header::CONTENT_TYPE, &**kind)
                .header(header::CONTENT_LENGTH, *size_bytes)
                .body(reqwest::Body::wrap_stream(open())),
            None => request,
        }
    }

    /// A text of the vendor without our secrets.
    fn mask(&self, text: &str) -> String {
        let secrets = self.authorization.iter().map(Authorization::secret).chain(&self.hidden);
        let secrets = secrets.map(|secret| Secret { name: "secret", value: secret.expose_secret().as_bytes() });
        Arc::new(MaskSet::new(secrets)).mask_text(text)
    }
}

fn encode_segment(path: &mut String, segment: &str) -> Result<(), ProviderError> {
    if matches!(segment, "" | "." | "..") {
        return Err(ProviderError::Rejected(format!("`{segment}` cannot be part of a name at the provider")));
    }
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            // Never fails for a `String`.
            _ => write!(path, "%{byte:02X}").unwrap_or_default(),
        }
    }
    Ok(())
}

/// What a vendor answered. When it tells of an error, our secrets are not in it any more.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response, call: &Call, limit: usize) -> Result<Self, HttpError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = http_client::read(response, limit).await?;
        let body = if status.is_success() {
            body
        } else {
            call.mask(&String::from_utf8_lossy(&body[..body.len().min(ERROR_BYTES)])).into_bytes()
        };
        Ok(Self { status, headers, body })
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// One of its headers, when that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Its body as JSON.
    ///
    /// # Errors
    /// `Failed`, when it is not what the vendor promises.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        // Without the error of serde, which shows parts of the body.
        serde_json::from_slice(&self.body)
            .map_err(|_| ProviderError::Failed(anyhow::anyhow!("the provider's answer cannot be read")))
    }

    /// Its body as JSON, or nothing of it.
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The start of its body as one line of text.
    pub fn text(&self) -> String {
        shortened(&String::from_utf8_lossy(&self.body))
    }
}

/// A text of a vendor as it may be shown: one line, and not long.
pub(in crate::providers) fn shortened(text: &str) -> String {
    let plain = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    let plain: String = plain.take(LONGEST_MESSAGE_CHARS).collect();
    plain.trim().to_owned()
}
