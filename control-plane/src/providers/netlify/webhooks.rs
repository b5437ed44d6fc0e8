//! Webhooks of a site (Netlify Docs, "HTTP POST request notifications"). The header has a JSON Web Signature (RFC 7515)
//! whose claims name the body by its digest. One hook tells of one kind of event; several can have one address.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::{Config, Netlify};
use crate::providers::webhooks::{Delivery, DeliveryDigest, Scheme, Webhooks};
use crate::secrets::sha256;

const HEADER: &str = "x-webhook-signature";
const ALGORITHM: &str = "HS256";
const ISSUER: &str = "netlify";

impl Webhooks for Netlify {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Signature]
    }

    fn verify(&self, _scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        verify(delivery, secret)
    }

    /// The body is the deploy.
    fn is_news(&self, delivery: &Delivery<'_>, config: &Map<String, Value>) -> bool {
        let Ok(config) = Config::of(config) else { return false };
        let Some(deploy) = delivery.json() else { return false };
        let is = |name: &str, wanted: Option<&str>| wanted.is_some() && deploy[name].as_str() == wanted;
        is("site_id", config.site_id.as_deref()) || is("name", config.site_name.as_deref())
    }
}

/// A compact JWS, HS256, of `iss` and `sha256`. It says nothing of when it was made: the body is what makes a delivery
/// this one.
fn verify(delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
    let sent = delivery.header(HEADER).unwrap_or_default();
    let (signed, signature) = sent.rsplit_once('.').unwrap_or_default();
    let (header, claims) = signed.split_once('.').unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap_or_default();
    let is_signed = hmac::verify(&key, signed.as_bytes(), &signature).is_ok();
    let digest = sha256(delivery.body);
    let claims = part(claims);
    let told = claims["sha256"].as_str().unwrap_or_default();
    let told = HEXLOWER.decode(told.as_bytes()).unwrap_or_default();
    let is_of_body = bool::from(told.ct_eq(digest.as_slice()));
    let is_theirs = part(header)["alg"] == ALGORITHM && claims["iss"] == ISSUER;
    (is_signed && is_of_body && is_theirs).then(|| DeliveryDigest(sha256(&signature)))
}

fn part(encoded: &str) -> Value {
    let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::clock::Timestamp;

    const BODY: &[u8] = br#"{"id":"65f0c0ffee0000000000abcd","state":"ready","name":"slipway-demo"}"#;
    const CLAIMS: &str = "eyJpc3MiOiJuZXRsaWZ5Iiwic2hhMjU2IjoiYjUzOTBiZDQ4NjM3MTdhNTQ5NzVjMDYxNDYxNmYwMTg0MjdkYTBmZDllZDc1MGUxZjNlNjRlMmQ5YjdlNDVmNCJ9";

    fn check(sent: &str, body: &[u8]) -> Option<DeliveryDigest> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(sent).expect("a value"));
        let delivery = Delivery { headers: &headers, body, now: Timestamp::from_micros(0) };
        verify(&delivery, &SecretString::from("slipway-test-secret"))
    }

    fn signed(header: &str, claims: &str) -> String {
        let signed =
            format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims.as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"slipway-test-secret");
        let signature = BASE64URL_NOPAD.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    #[test]
    fn a_delivery_is_proven_by_a_signature_that_names_its_body() {
        let good = format!("eyJhbGciOiJIUzI1NiJ9.{CLAIMS}.mdp8RYMm_naQHAutBPxmuXycBhnekIlNe9da5Zmc4RU");
        let typed =
            format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{CLAIMS}.5uOckhgrw_ltNnEBUxngWzDjUEel73eT08PxPEOQVn4");
        assert!(check(&good, BODY).is_some() && check(&typed, BODY).is_some());
        assert_eq!(check(&good, b"{}"), None, "another body");
        assert_eq!(check(&good.replace(".mdp8", ".mdp9"), BODY), None, "another signature");
        for wrong in ["", ".", "..", "a.b.c", CLAIMS] {
            assert_eq!(check(wrong, BODY), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_netlify_signs_so_is_taken() {
        let digest = HEXLOWER.encode(&sha256(BODY));
        let claims = |iss: &str| format!(r#"{{"iss":"{iss}","sha256":"{digest}"}}"#);
        assert!(check(&signed(r#"{"alg":"HS256"}"#, &claims("netlify")), BODY).is_some());
        assert_eq!(check(&signed(r#"{"alg":"none"}"#, &claims("netlify")), BODY), None);
        assert_eq!(check(&signed(r#"{"alg":"HS256"}"#, &claims("somebody")), BODY), None);
        assert_eq!(check(&signed(r#"{"alg":"HS256"}"#, r#"{"iss":"netlify"}"#), BODY), None);
    }
}
