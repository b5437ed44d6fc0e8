//! Webhooks of a repository (GitHub Docs, "Webhook events and payloads", "Validating webhook deliveries").

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Config, GitHub};
use crate::providers::webhooks::{Delivery, DeliveryDigest, Scheme, Webhooks, verify_hex};

impl Webhooks for GitHub {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Signature]
    }

    fn verify(&self, _scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        verify_hex(delivery, "x-hub-signature-256", "sha256=", secret)
    }

    fn is_news(&self, delivery: &Delivery<'_>, config: &Map<String, Value>) -> bool {
        let Ok(config) = Config::of(config) else { return false };
        let reference = format!("refs/heads/{}", config.branch.branch);
        // A form when the hook was not made for JSON.
        let payload = delivery.json().or_else(|| {
            let mut pairs = url::form_urlencoded::parse(delivery.body);
            pairs.find(|(name, _)| name == "payload").and_then(|(_, payload)| serde_json::from_str(&payload).ok())
        });
        delivery.header("x-github-event") == Some("push") && payload.is_some_and(|push| push["ref"] == reference)
    }
}
