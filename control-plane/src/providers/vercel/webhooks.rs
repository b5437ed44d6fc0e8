//! Webhooks of an account, for one of its projects (Vercel Docs, "Webhooks API Reference"). Vercel makes their secrets,
//! so they can only be entered through its API; a team needs a plan that has them.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Scope, VercelApi, expect};
use super::{Config, Vercel};
use crate::providers::webhooks::{Delivery, DeliveryDigest, Registered, Registrar, Scheme, Webhooks, verify_sha1_hex};
use crate::providers::{Destination, ProviderError};
use crate::webhooks::Callback;

/// After which a deployment may have ended, or waits.
const EVENTS: [&str; 8] = [
    "deployment.ready",
    "deployment.succeeded",
    "deployment.error",
    "deployment.blocked",
    "deployment.canceled",
    "deployment.checks.failed",
    "deployment.promoted",
    "deployment.rollback",
];

/// A hook, as it stands in lists.
#[derive(Deserialize)]
struct Hook {
    id: String,
    url: String,
}

/// A hook that was made just now.
#[derive(Deserialize)]
struct NewHook {
    id: String,
    secret: SecretString,
}

impl VercelApi {
    /// Makes a hook of a project. A repeated one would be another, so it is not sent twice by itself.
    async fn create_webhook(&self, scope: Scope<'_>, project: &str, url: &str) -> Result<NewHook, ProviderError> {
        let body = json!({ "url": url, "events": EVENTS, "projectIds": [project] });
        let answer = self.http.send(self.call(scope, Method::POST, "v1/webhooks", &[])?.json(&body)).await?;
        expect(&answer, "take a webhook")?.json()
    }

    async fn webhooks(&self, scope: Scope<'_>) -> Result<Vec<Hook>, ProviderError> {
        expect(&self.get(scope, "v1/webhooks", &[]).await?, "list webhooks")?.json()
    }

    async fn delete_webhook(&self, scope: Scope<'_>, id: &str) -> Result<(), ProviderError> {
        let answer = self.http.send(self.call(scope, Method::DELETE, "v1/webhooks/{}", &[id])?.repeatable()).await?;
        if answer.status() == 404 { Ok(()) } else { expect(&answer, "remove the webhook").map(drop) }
    }
}

impl Webhooks for Vercel {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Signature]
    }

    fn verify(&self, _scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        verify_sha1_hex(delivery, "x-vercel-signature", secret)
    }

    /// The hook is of the project, so all that it tells of deployments may be about ours.
    fn is_news(&self, delivery: &Delivery<'_>, _config: &Map<String, Value>) -> bool {
        let event = delivery.json();
        event.is_some_and(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("deployment.")))
    }

    fn registrar(&self) -> Option<&dyn Registrar> {
        Some(self)
    }
}

#[async_trait]
impl Registrar for Vercel {
    async fn register(&self, destination: Destination<'_>, callback: &Callback) -> Result<Registered, ProviderError> {
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let project = self.project(scope, &config).await?;
        let hook = self.api.create_webhook(scope, &project.id, &callback.url).await?;
        Ok(Registered { external_id: hook.id, secret: Some(hook.secret) })
    }

    async fn unregister(&self, destination: Destination<'_>, url: &str) -> Result<(), ProviderError> {
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        for hook in self.api.webhooks(scope).await?.iter().filter(|hook| hook.url == url) {
            self.api.delete_webhook(scope, &hook.id).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::clock::Timestamp;

    /// Computed with `openssl dgst -sha1 -hmac`.
    #[test]
    fn a_delivery_is_proven_by_its_signature() {
        let body = br#"{"id":"evt_1","type":"deployment.succeeded","createdAt":1700000000000,"payload":{"deployment":{"id":"dpl_1","url":"slipway-demo.vercel.app"}}}"#;
        let secret = SecretString::from("slipway-test-secret");
        let verify = |signature: &'static str, body: &[u8]| {
            let headers = HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("x-vercel-signature"),
                HeaderValue::from_static(signature),
            )]);
            let delivery = Delivery { headers: &headers, body, now: Timestamp::from_micros(0) };
            verify_sha1_hex(&delivery, "x-vercel-signature", &secret)
        };
        assert!(verify("2fc82213c83ce0191ec844f4e5e2b04b106e1f39", body).is_some());
        assert!(verify("2fc82213c83ce0191ec844f4e5e2b04b106e1f39", &body[1..]).is_none());
        assert!(verify("2fc82213c83ce0191ec844f4e5e2b04b106e1f38", body).is_none());
        assert!(verify("", body).is_none());
    }
}
