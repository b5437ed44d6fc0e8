//! Notifications of an account about Pages ("Configure webhooks", Cloudflare Docs): each carries the secret of its
//! destination in a header, and nothing signs its body.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::CloudflarePages;
use crate::providers::webhooks::{Delivery, DeliveryDigest, Registrar, Scheme, Webhooks, verify_token};

const HEADER: &str = "cf-webhook-auth";
/// What is sent of deployments.
pub(super) const PAGES_EVENT: &str = "pages_event_alert";

impl Webhooks for CloudflarePages {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Token]
    }

    fn verify(&self, _scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        verify_token(delivery, HEADER, secret)
    }

    /// Of which project it is, no document says; the message that tests a destination has no type at all.
    fn is_news(&self, delivery: &Delivery<'_>, _config: &Map<String, Value>) -> bool {
        is_of_pages(delivery)
    }

    fn registrar(&self) -> Option<&dyn Registrar> {
        Some(self)
    }
}

fn is_of_pages(delivery: &Delivery<'_>) -> bool {
    delivery.json().is_some_and(|body| body["alert_type"] == PAGES_EVENT)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn only_who_has_the_secret_is_heard() {
        let secret = SecretString::from("slipway-test-secret");
        for (sent, is_right) in [
            (Some("slipway-test-secret"), true),
            (Some("slipway-test-secreT"), false),
            (Some(""), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(sent) = sent {
                headers.insert(HEADER, HeaderValue::from_str(sent).expect("a value"));
            }
            let delivery = Delivery { headers: &headers, body: b"{}", now: Timestamp::from_micros(0) };
            assert_eq!(verify_token(&delivery, HEADER, &secret).is_some(), is_right, "{sent:?}");
        }
    }

    #[test]
    fn only_what_is_said_of_deployments_is_news() {
        for (body, is_news) in [
            (r#"{"alert_type":"pages_event_alert","data":{}}"#, true),
            (r#"{"alert_type":"load_balancing_health_alert"}"#, false),
            (r#"{"text":"Hello World! This is a test message sent from https://cloudflare.com."}"#, false),
            ("no JSON", false),
        ] {
            let delivery =
                Delivery { headers: &HeaderMap::new(), body: body.as_bytes(), now: Timestamp::from_micros(0) };
            assert_eq!(is_of_pages(&delivery), is_news, "{body}");
        }
    }
}
