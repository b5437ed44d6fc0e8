//! Hooks by which providers tell that something has happened: made for a target or a deployment, each with a secret
//! of its own in the vault, and found again by the id in its address.
//!
//! Whoever sends something that is not proven learns nothing: no hook, another provider's, one that has ended and a
//! wrong signature are one answer, after the same work.

use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::ids::{DeploymentId, UserId, WebhookId};
use crate::providers::Providers;
use crate::providers::webhooks::{Delivery, Registered, Scheme};
use crate::secrets::{Record, Vault, VaultError};
use crate::store::{Deployment, Target, Webhook};

const TABLE: &str = "deployment_webhooks";

/// Makes hooks and takes deliveries. A cheap handle.
#[derive(Clone)]
pub struct Webhooks {
    vault: Vault,
    providers: Providers,
    clock: Clock,
    base_url: Url,
}

/// A hook as its provider has to be told.
pub struct Callback {
    /// Where deliveries go.
    pub url: String,
    /// With what they are proven.
    pub secret: SecretString,
}

/// A delivery that is not taken. There is one reason for all who ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotProven;

impl Webhooks {
    /// Hooks below `base_url`, where providers reach us.
    pub fn new(vault: Vault, providers: Providers, clock: Clock, base_url: Url) -> Self {
        Self { vault, providers, clock, base_url }
    }

    /// Where deliveries of a hook go.
    pub fn url(&self, hook: &Webhook) -> String {
        let base = self.base_url.as_str().trim_end_matches('/');
        format!("{base}/api/webhooks/{}?hook={}", hook.provider, hook.id)
    }

    /// Makes the hook of a target, in the place of the one it had; `is_entered` says whether it is about to be entered at
    /// the provider.
    ///
    /// # Errors
    /// When the vault or the database fails.
    pub async fn make(
        &self,
        target: &Target,
        scheme: Scheme,
        secret: SecretString,
        is_entered: bool,
    ) -> anyhow::Result<(Webhook, Callback)> {
        let (id, owner) = (WebhookId::new(), target.user_id);
        let hook = Webhook {
            target_id: Some(target.id),
            is_entered,
            ..self.new_hook(id, owner, &target.provider, scheme, &secret).await?
        };
        let mut tx = self.vault.store().begin().await?;
        tx.delete_webhook_of_target(target.id).await?;
        tx.insert_webhook(&hook).await?;
        tx.commit().await?;
        let callback = Callback { url: self.url(&hook), secret };
        Ok((hook, callback))
    }

    /// Notes that the provider has taken a hook.
    ///
    /// # Errors
    /// When the vault or the database fails.
    pub async fn note_registered(&self, hook: &Webhook, registered: &Registered) -> anyhow::Result<()> {
        let sealed = match &registered.secret {
            Some(secret) => self.seal(hook.id, hook.user_id, secret).await?,
            None => hook.sealed_secret.clone(),
        };
        let mut tx = self.vault.store().begin().await?;
        tx.note_registered_webhook(hook.id, &registered.external_id, &sealed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The hook of a deployment, for a provider that is told one with each release: made once, whatever dies on the way.
    ///
    /// # Errors
    /// When the vault or the database fails.
    pub async fn of_deployment(&self, deployment: &Deployment) -> anyhow::Result<Option<Callback>> {
        let provider = self.providers.get(&deployment.provider).and_then(|provider| provider.webhooks());
        let Some(webhooks) = provider.filter(|webhooks| webhooks.is_of_deployments()) else { return Ok(None) };
        if let Some(hook) = self.vault.store().webhook_of_deployment(deployment.id).await? {
            let secret = self.secret_of(&hook).await?;
            return Ok(Some(Callback { url: self.url(&hook), secret }));
        }
        let scheme = webhooks.schemes().first().copied().unwrap_or_default();
        let (id, secret) = (WebhookId::new(), webhooks.new_secret(scheme));
        let hook = Webhook {
            deployment_id: Some(deployment.id),
            ..self.new_hook(id, deployment.user_id, &deployment.provider, scheme, &secret).await?
        };
        let mut tx = self.vault.store().begin().await?;
        tx.insert_webhook(&hook).await?;
        tx.commit().await?;
        Ok(Some(Callback { url: self.url(&hook), secret }))
    }

    /// Takes a delivery, and answers what should be looked at because of it.
    ///
    /// # Errors
    /// `Ok(Err(NotProven))` when it is not proven; `Err` when the vault or the database fails.
    pub async fn receive(
        &self,
        provider: &str,
        hook: Option<WebhookId>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> anyhow::Result<Result<Vec<DeploymentId>, NotProven>> {
        let Some(webhooks) = self.providers.get(provider).and_then(|provider| provider.webhooks()) else {
            return Ok(Err(NotProven));
        };
        let delivery = Delivery { headers, body, now: self.clock.now() };
        let hook = match hook {
            Some(id) => self.vault.store().webhook(id).await?,
            None => None,
        };
        let hook = hook.filter(|hook| hook.provider == provider && !has_ended(hook, delivery.now));
        let Some(hook) = hook else {
            // As much work as for one that is there.
            let scheme = webhooks.schemes().first().copied().unwrap_or_default();
            let _ = webhooks.verify(scheme, &delivery, &webhooks.new_secret(scheme));
            return Ok(Err(NotProven));
        };
        let secret = self.secret_of(&hook).await?;
        let Some(digest) = webhooks.verify(hook.scheme, &delivery, &secret) else { return Ok(Err(NotProven)) };
        let mut tx = self.vault.store().begin().await?;
        let is_new = tx.take_delivery(hook.id, &digest.0, delivery.now).await?;
        tx.commit().await?;
        if !is_new {
            return Ok(Ok(Vec::new()));
        }
        let store = self.vault.store();
        let concerned = match (hook.target_id, hook.deployment_id) {
            (Some(target), _) => match store.target(target).await? {
                Some(target) if webhooks.is_news(&delivery, &target.provider_config()) => {
                    store.being_published(target.id).await?
                }
                _ => Vec::new(),
            },
            (None, deployment) => deployment.into_iter().collect(),
        };
        Ok(Ok(concerned))
    }

    async fn new_hook(
        &self,
        id: WebhookId,
        owner: UserId,
        provider: &str,
        scheme: Scheme,
        secret: &SecretString,
    ) -> Result<Webhook, VaultError> {
        let sealed_secret = self.seal(id, owner, secret).await?;
        Ok(Webhook {
            id,
            user_id: owner,
            provider: provider.to_owned(),
            target_id: None,
            deployment_id: None,
            is_entered: false,
            external_id: None,
            scheme,
            sealed_secret,
            expires_at: None,
            created_at: self.clock.now(),
            last_delivery_at: None,
        })
    }

    async fn seal(&self, id: WebhookId, owner: UserId, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let record = Record::of(TABLE, id.as_bytes(), owner.as_bytes());
        self.vault.seal(record, secret.expose_secret().as_bytes()).await
    }

    async fn secret_of(&self, hook: &Webhook) -> Result<SecretString, VaultError> {
        let record = Record::of(TABLE, hook.id.as_bytes(), hook.user_id.as_bytes());
        let plain = self.vault.open(record, &hook.sealed_secret).await?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::DoesNotOpen { table: TABLE })?;
        Ok(SecretString::from(text))
    }
}

fn has_ended(hook: &Webhook, now: Timestamp) -> bool {
    hook.expires_at.is_some_and(|end| end <= now)
}
