//! Webhooks of a site (Netlify Docs, "HTTP POST request notifications"). The header has a JSON Web Signature (RFC 7515)
//! whose claims name the body by its digest. One hook tells of one kind of event; several can have one address.

use async_trait::async_trait;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use reqwest::Method;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq;

use super::api::{NetlifyApi, expect, gone};
use super::{Config, Netlify};
use crate::providers::webhooks::{Delivery, DeliveryDigest, Registered, Registrar, Scheme, Webhooks};
use crate::providers::{Destination, ProviderError};
use crate::secrets::sha256;
use crate::webhooks::Callback;

const HEADER: &str = "x-webhook-signature";
const ALGORITHM: &str = "HS256";
const ISSUER: &str = "netlify";
/// After which a deploy has ended: well, badly, again, and against somebody's will.
const EVENTS: [&str; 4] = ["deploy_created", "deploy_failed", "deploy_restored", "deploy_request_rejected"];
/// What the secret is called in the settings of a hook. Netlify's document does not say, so it is seen to that it is kept.
const SECRET: &str = "signature_secret";

/// A hook of a site.
#[derive(Deserialize)]
struct Hook {
    id: String,
    #[serde(default)]
    data: Value,
}

impl NetlifyApi {
    /// Makes a hook of a site for one kind of event. A repeated one would be another, so it is not sent twice by itself.
    async fn create_hook(
        &self,
        token: &SecretString,
        site: &str,
        event: &str,
        callback: &Callback,
    ) -> Result<Hook, ProviderError> {
        let data = json!({ "url": callback.url, SECRET: callback.secret.expose_secret() });
        let body = json!({ "site_id": site, "type": "url", "event": event, "data": data });
        let call = self.call(token, Method::POST, "hooks", &[])?.query("site_id", site);
        let answer = self.http.send(call.hiding(&callback.secret).json(&body)).await?;
        expect(&answer, "take a webhook")?.json()
    }

    async fn hooks(&self, token: &SecretString, site: &str) -> Result<Vec<Hook>, ProviderError> {
        let call = self.call(token, Method::GET, "hooks", &[])?.query("site_id", site);
        expect(&self.http.send(call).await?, "list webhooks")?.json()
    }

    async fn delete_hook(&self, token: &SecretString, id: &str) -> Result<(), ProviderError> {
        let call = self.call(token, Method::DELETE, "hooks/{}", &[id])?.repeatable();
        gone(&self.http.send(call).await?, "remove the webhook")
    }

    /// Removes whatever of a site sends to this address.
    async fn delete_hooks(&self, token: &SecretString, site: &str, url: &str) -> Result<(), ProviderError> {
        for hook in self.hooks(token, site).await?.iter().filter(|hook| hook.data["url"] == url) {
            self.delete_hook(token, &hook.id).await?;
        }
        Ok(())
    }

    /// Makes the hooks for all that is of interest, and answers what the first is called.
    async fn create_hooks(
        &self,
        token: &SecretString,
        site: &str,
        callback: &Callback,
    ) -> Result<String, ProviderError> {
        let mut first = None;
        for event in EVENTS {
            let hook = self.create_hook(token, site, event, callback).await?;
            if hook.data[SECRET].as_str().is_none_or(str::is_empty) {
                let message = "Netlify does not keep the secret of a webhook that is made so; enter it there by hand";
                return Err(ProviderError::Rejected(message.to_owned()));
            }
            first.get_or_insert(hook.id);
        }
        first.ok_or_else(|| ProviderError::Failed(anyhow::anyhow!("there is no event to make a webhook for")))
    }
}

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

    fn registrar(&self) -> Option<&dyn Registrar> {
        Some(self)
    }
}

#[async_trait]
impl Registrar for Netlify {
    async fn register(&self, destination: Destination<'_>, callback: &Callback) -> Result<Registered, ProviderError> {
        let token = &destination.account()?.token;
        let site = self.site(token, &Config::of(destination.config)?).await?;
        match self.api.create_hooks(token, &site.id, callback).await {
            Ok(external_id) => Ok(Registered { external_id, secret: None }),
            Err(error) => {
                // All or none: what is left over would go on sending.
                if let Err(left_over) = self.api.delete_hooks(token, &site.id, &callback.url).await {
                    tracing::warn!(%left_over, "webhooks at Netlify could not be removed");
                }
                Err(error)
            }
        }
    }

    async fn unregister(&self, destination: Destination<'_>, url: &str) -> Result<(), ProviderError> {
        let token = &destination.account()?.token;
        let site = self.existing(token, &Config::of(destination.config)?).await?;
        self.api.delete_hooks(token, &site.id, url).await
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
