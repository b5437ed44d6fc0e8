//! What providers send to us by themselves. A delivery proves that it comes from who has the hook's secret, and then
//! it is a hint: whatever it says, the provider is asked. So a delivery that is lost costs the next poll, and one that
//! is forged, replayed or out of order changes nothing.
//!
//! A provider joins by [`Provider::webhooks`](super::Provider::webhooks).

use async_trait::async_trait;
use axum::http::HeaderMap;
use data_encoding::{BASE64, HEXLOWER};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::{Destination, ProviderError};
use crate::clock::Timestamp;
use crate::secrets::{random_bytes, sha256};
use crate::webhooks::Callback;

/// What signed deliveries say of their time may be as far from ours (Standard Webhooks 1.0).
const CLOCK_TOLERANCE_SECONDS: i64 = 300;
/// Signatures in one header: the vendor's next secret, and its present one.
const MOST_SIGNATURES: usize = 4;
const SECRET_BYTES: usize = 32;
/// Of secrets in the form of Standard Webhooks.
const STANDARD_PREFIX: &str = "whsec_";

/// How deliveries are proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = WebhookScheme)]
pub enum Scheme {
    /// By a signature of what was sent.
    #[default]
    Signature,
    /// By the secret itself.
    Token,
}

/// What was sent.
pub struct Delivery<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, as it came.
    pub body: &'a [u8],
    /// When it came.
    pub now: Timestamp,
}

impl Delivery<'_> {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, when it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }
}

/// Makes a delivery this one and no other: the same when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDigest(pub [u8; 32]);

/// A provider that tells by itself what becomes of something.
pub trait Webhooks: Send + Sync {
    /// How its deliveries can be proven; the first unless somebody wants another.
    fn schemes(&self) -> &'static [Scheme];

    /// A secret for a new hook, as the vendor takes it.
    fn new_secret(&self, scheme: Scheme) -> SecretString {
        let _ = scheme;
        SecretString::from(HEXLOWER.encode(&random_bytes::<SECRET_BYTES>()))
    }

    /// Whether the delivery comes from who has the secret; takes as long for a wrong one as for the right one.
    fn verify(&self, scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest>;

    /// Whether it may be about what is being published; `config` is the target's.
    fn is_news(&self, delivery: &Delivery<'_>, config: &Map<String, Value>) -> bool;

    /// Whether each deployment gets a hook of its own, which the provider is told with the release.
    fn is_of_deployments(&self) -> bool {
        false
    }

    /// Entering hooks there by ourselves, where the provider lets us.
    fn registrar(&self) -> Option<&dyn Registrar> {
        None
    }
}

/// A hook that a provider has taken.
pub struct Registered {
    /// What the provider calls it.
    pub external_id: String,
    /// With what it proves deliveries, where the provider makes that itself.
    pub secret: Option<SecretString>,
}

/// A provider where hooks of targets can be entered through its API.
#[async_trait]
pub trait Registrar: Send + Sync {
    /// Enters a hook for what becomes of the target's deployments. The provider may try it out at once.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn register(&self, destination: Destination<'_>, callback: &Callback) -> Result<Registered, ProviderError>;

    /// Removes the hook that sends to `url`; none there is as good.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn unregister(&self, destination: Destination<'_>, url: &str) -> Result<(), ProviderError>;
}

/// HMAC-SHA1 of the body in hexadecimal, as the header.
pub(super) fn verify_sha1_hex(delivery: &Delivery<'_>, header: &str, secret: &SecretString) -> Option<DeliveryDigest> {
    let sent = HEXLOWER.decode(delivery.header(header).unwrap_or_default().as_bytes()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret().as_bytes());
    hmac::verify(&key, delivery.body, &sent).ok()?;
    Some(DeliveryDigest(sha256(&sent)))
}

/// HMAC-SHA256 of the body in hexadecimal, as in a header after `prefix`. The signature is what makes the delivery this
/// one: headers beside it are not signed.
pub(super) fn verify_hex(
    delivery: &Delivery<'_>,
    header: &str,
    prefix: &str,
    secret: &SecretString,
) -> Option<DeliveryDigest> {
    let sent = delivery.header(header).and_then(|sent| sent.strip_prefix(prefix)).unwrap_or_default();
    let sent = HEXLOWER.decode(sent.as_bytes()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::verify(&key, delivery.body, &sent).ok()?;
    Some(DeliveryDigest(sha256(&sent)))
}

/// A secret as Standard Webhooks writes it.
pub(super) fn new_standard_secret() -> SecretString {
    SecretString::from(format!("{STANDARD_PREFIX}{}", BASE64.encode(&random_bytes::<SECRET_BYTES>())))
}

/// Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` and body are signed, by one of several signatures.
pub(super) fn verify_standard(delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
    let key = secret.expose_secret();
    let key = BASE64.decode(key.strip_prefix(STANDARD_PREFIX).unwrap_or(key).as_bytes()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, at) = (delivery.header("webhook-id").unwrap_or(""), delivery.header("webhook-timestamp").unwrap_or(""));
    let signed = [id.as_bytes(), b".", at.as_bytes(), b".", delivery.body].concat();
    let sent = delivery.header("webhook-signature").unwrap_or("").split(' ').take(MOST_SIGNATURES);
    let signatures = sent.map(|sent| BASE64.decode(sent.strip_prefix("v1,").unwrap_or("").as_bytes()));
    let is_signed =
        signatures.fold(false, |found, sent| found | hmac::verify(&key, &signed, &sent.unwrap_or_default()).is_ok());
    let seconds: i64 = at.parse().ok()?;
    let is_timely = (delivery.now.as_millis() / 1000).abs_diff(seconds) <= CLOCK_TOLERANCE_SECONDS.unsigned_abs();
    (is_signed && is_timely && !id.is_empty()).then(|| DeliveryDigest(sha256(id.as_bytes())))
}

/// The secret itself in a header. The body is what makes the delivery this one.
pub(super) fn verify_token(delivery: &Delivery<'_>, header: &str, secret: &SecretString) -> Option<DeliveryDigest> {
    let sent = delivery.header(header).unwrap_or("");
    // Of the same length, whatever was sent.
    let (sent, expected) = (sha256(sent.as_bytes()), sha256(secret.expose_secret().as_bytes()));
    bool::from(sent.ct_eq(&expected)).then(|| DeliveryDigest(sha256(delivery.body)))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// The example in GitHub Docs, "Validating webhook deliveries".
    #[test]
    fn a_body_is_signed_as_github_does() {
        let secret = SecretString::from("It's a Secret to Everybody");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let check = |signature: &str, body: &[u8]| {
            let headers = headers(&[("x-hub-signature-256", signature)]);
            let delivery = Delivery { headers: &headers, body, now: at(0) };
            verify_hex(&delivery, "x-hub-signature-256", "sha256=", &secret)
        };
        assert!(check(signature, b"Hello, World!").is_some());
        assert_eq!(check(signature, b"Hello, World?"), None);
        assert_eq!(check(&signature.replace("757", "758"), b"Hello, World!"), None);
        assert_eq!(check(&signature.replace("sha256", "sha1"), b"Hello, World!"), None);
        assert_eq!(check("sha256=", b"Hello, World!"), None);
    }

    #[test]
    fn id_time_and_body_are_signed_by_the_standard() {
        let secret = SecretString::from("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let good = "v1,zryHcQKMVRISe9afySCMwd7d/Y9eQ3tWK/3HILGM+xQ=";
        let id = "3a427872-00df-429c-9bc9-a9475de2efe4";
        let check = |id: &str, time: &str, signature: &str, body: &[u8], now: i64| {
            let headers = headers(&[("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)]);
            verify_standard(&Delivery { headers: &headers, body, now: at(now) }, &secret)
        };
        let body = br#"{"object_kind":"push"}"#;
        let now = 1_750_000_000;
        assert!(check(id, "1750000000", good, body, now).is_some());
        assert!(check(id, "1750000000", &format!("v1,AAAA {good}"), body, now + 300).is_some(), "one of several");
        assert_eq!(check(id, "1750000000", good, body, now + 301), None, "too old");
        assert_eq!(check(id, "1750000000", good, body, now - 301), None, "from the future");
        assert_eq!(check("another", "1750000000", good, body, now), None);
        assert_eq!(check(id, "1750000001", good, body, now), None);
        assert_eq!(check(id, "1750000000", good, b"{}", now), None);
        assert_eq!(check(id, "1750000000", &good.replace("v1", "v2"), body, now), None);
        let many = format!("{} {good}", ["v1,AAAA"; MOST_SIGNATURES].join(" "));
        assert_eq!(check(id, "1750000000", &many, body, now), None);
    }

    #[test]
    fn a_token_is_compared_whole() {
        let secret = SecretString::from("secret");
        for (sent, is_right) in [("secret", true), ("secre", false), ("secrets", false), ("", false)] {
            let headers = headers(&[("x-gitlab-token", sent)]);
            let delivery = Delivery { headers: &headers, body: b"{}", now: at(0) };
            assert_eq!(verify_token(&delivery, "x-gitlab-token", &secret).is_some(), is_right, "{sent}");
        }
    }
}
