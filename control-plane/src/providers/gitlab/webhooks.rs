//! Webhooks of a project (GitLab Docs, "Webhooks"). Signed ones follow Standard Webhooks; older installations send
//! the secret itself, which is taken only from hooks that were made for that.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Config, GitLab};
use crate::providers::webhooks::{
    Delivery, DeliveryDigest, Scheme, Webhooks, new_standard_secret, verify_standard, verify_token,
};

impl Webhooks for GitLab {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Signature, Scheme::Token]
    }

    fn new_secret(&self, _scheme: Scheme) -> SecretString {
        new_standard_secret()
    }

    fn verify(&self, scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        match scheme {
            Scheme::Signature => verify_standard(delivery, secret),
            Scheme::Token => verify_token(delivery, "x-gitlab-token", secret),
        }
    }

    fn is_news(&self, delivery: &Delivery<'_>, config: &Map<String, Value>) -> bool {
        let Ok(config) = Config::of(config) else { return false };
        let reference = format!("refs/heads/{}", config.branch.branch);
        delivery.json().is_some_and(|push| push["object_kind"] == "push" && push["ref"] == reference)
    }
}
