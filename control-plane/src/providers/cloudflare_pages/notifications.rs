//! Entering hooks at Cloudflare: a destination in the account that has address and secret, and a policy that sends there
//! what becomes of one project's deployments (REST API, "Alerting"). The account must have a zone on a paid plan.

use async_trait::async_trait;
use axum::http::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{PagesApi, Scope};
use super::envelope::{expect, result};
use super::webhooks::PAGES_EVENT;
use super::{CloudflarePages, Config};
use crate::providers::webhooks::{Registered, Registrar};
use crate::providers::{Destination, ProviderError};
use crate::webhooks::Callback;

const DESTINATIONS: &str = "accounts/{}/alerting/v3/destinations/webhooks";
const DESTINATION: &str = "accounts/{}/alerting/v3/destinations/webhooks/{}";
const POLICIES: &str = "accounts/{}/alerting/v3/policies";
const POLICY: &str = "accounts/{}/alerting/v3/policies/{}";
const ENVIRONMENTS: [&str; 2] = ["ENVIRONMENT_PRODUCTION", "ENVIRONMENT_PREVIEW"];
/// After which a deployment may have ended.
const EVENTS: [&str; 2] = ["EVENT_DEPLOYMENT_SUCCESS", "EVENT_DEPLOYMENT_FAILED"];

#[derive(Deserialize)]
struct Made {
    id: String,
}

/// Where notifications go, as it stands in lists.
#[derive(Deserialize)]
struct Webhook {
    id: String,
    #[serde(default)]
    url: String,
}

/// What is sent where, as it stands in lists.
#[derive(Deserialize)]
struct Policy {
    id: String,
    #[serde(default)]
    mechanisms: Value,
}

impl Policy {
    fn sends_to(&self, webhook: &str) -> bool {
        let webhooks = self.mechanisms["webhooks"].as_array().into_iter().flatten();
        webhooks.into_iter().any(|found| found["id"] == webhook)
    }
}

impl PagesApi {
    /// Makes a destination. Cloudflare sends something there before it answers. A repeated request would make another,
    /// so it is not sent twice by itself.
    async fn create_webhook(&self, scope: Scope<'_>, name: &str, callback: &Callback) -> Result<String, ProviderError> {
        let body = json!({ "name": name, "url": callback.url, "secret": callback.secret.expose_secret() });
        let call = self.call(scope, Method::POST, DESTINATIONS, &[])?.hiding(&callback.secret).json(&body);
        Ok(result::<Made>(&self.http.send(call).await?, "take a webhook")?.id)
    }

    async fn create_policy(
        &self,
        scope: Scope<'_>,
        name: &str,
        webhook: &str,
        project: &str,
    ) -> Result<(), ProviderError> {
        let body = json!({
            "name": name,
            "enabled": true,
            "alert_type": PAGES_EVENT,
            "mechanisms": { "webhooks": [{ "id": webhook }] },
            "filters": { "project_id": [project], "environment": ENVIRONMENTS, "event": EVENTS },
        });
        let call = self.call(scope, Method::POST, POLICIES, &[])?.json(&body);
        expect(&self.http.send(call).await?, "send notifications of this project")
    }

    /// Deletes a destination, after what is sent there.
    async fn delete_webhook(&self, scope: Scope<'_>, webhook: &str) -> Result<(), ProviderError> {
        let policies: Vec<Policy> = result(&self.get(scope, POLICIES, &[]).await?, "list notifications")?;
        for policy in policies.iter().filter(|policy| policy.sends_to(webhook)) {
            self.delete_at(scope, POLICY, &policy.id).await?;
        }
        self.delete_at(scope, DESTINATION, webhook).await
    }

    async fn delete_at(&self, scope: Scope<'_>, template: &'static str, id: &str) -> Result<(), ProviderError> {
        let answer = self.http.send(self.call(scope, Method::DELETE, template, &[id])?.repeatable()).await?;
        if answer.status() == 404 { Ok(()) } else { expect(&answer, "remove a notification") }
    }
}

#[async_trait]
impl Registrar for CloudflarePages {
    async fn register(&self, destination: Destination<'_>, callback: &Callback) -> Result<Registered, ProviderError> {
        let config = Config::of(destination.config)?;
        let project = self.project(config.scope(destination.account()?), &config).await?;
        let scope = config.scope(destination.account()?);
        let Some(project_id) = &project.id else {
            let message = "Cloudflare does not tell the id of this project, by which notifications know it";
            return Err(ProviderError::Rejected(message.to_owned()));
        };
        let name = format!("Slipway: {}", project.name);
        let webhook = self.api.create_webhook(scope, &name, callback).await.map_err(with_way_out)?;
        if let Err(error) = self.api.create_policy(scope, &name, &webhook, project_id).await {
            // Without one it is of no use.
            self.api.delete_webhook(scope, &webhook).await.unwrap_or_default();
            return Err(with_way_out(error));
        }
        Ok(Registered { external_id: webhook, secret: None })
    }

    async fn unregister(&self, destination: Destination<'_>, url: &str) -> Result<(), ProviderError> {
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let webhooks: Vec<Webhook> = result(&self.api.get(scope, DESTINATIONS, &[]).await?, "list webhooks")?;
        for webhook in webhooks.iter().filter(|webhook| webhook.url == url) {
            self.api.delete_webhook(scope, &webhook.id).await?;
        }
        Ok(())
    }
}

/// What else is needed than for deployments.
fn with_way_out(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Rejected(why) => ProviderError::Rejected(format!(
            "{why}. Notifications take the permission Account, Notifications, Edit, and a plan that has webhooks; deployments work without, or enter the hook there yourself (`register`: false)"
        )),
        other => other,
    }
}
