//! Holding a deploy back while it is made.

use async_trait::async_trait;
use secrecy::SecretString;

use super::release::{Site, Stage};
use super::{Config, Netlify, PRODUCTION};
use crate::providers::static_host::Making;
use crate::providers::{CancelOutcome, Canceller, DeployContext, ProviderError};

#[async_trait]
impl Canceller for Netlify {
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError> {
        let handle = self.under_way.of(context.deployment_id);
        // Kept until the end, so that nothing is announced meanwhile.
        let mut making = match &handle {
            Some(handle) => Some(handle.lock().await),
            None => None,
        };
        let made = match making.as_deref_mut() {
            Some(Making::Made(id)) => Some(id.clone()),
            Some(Making::Asked) => None,
            Some(making @ (Making::NotYet | Making::Cancelled)) => {
                *making = Making::Cancelled;
                return Ok(CancelOutcome::Cancelled);
            }
            // To publish a former deploy takes no time in which it could be held back.
            None if context.replaces.is_some() && context.environment == PRODUCTION => {
                return Ok(CancelOutcome::TooLate);
            }
            None => None,
        };
        let config = Config::of(context.destination.config)?;
        let token = &context.destination.account()?.token;
        let Some(site) = self.api.site(token, &config.key()?).await? else { return Ok(CancelOutcome::Cancelled) };
        let found = match &made {
            Some(id) => self.api.deploy(token, &site.id, id).await?,
            None => self.find(context, token, &site).await?,
        };
        let Some(found) = found else { return Ok(CancelOutcome::Cancelled) };
        let outcome = match found.stage() {
            Stage::Failed(_) => CancelOutcome::Cancelled,
            Stage::Ready => CancelOutcome::TooLate,
            _ => self.hold_back(token, &site, &found.id).await?,
        };
        if let Some(making) = making.as_deref_mut().filter(|_| outcome == CancelOutcome::Cancelled) {
            *making = Making::Cancelled;
        }
        Ok(outcome)
    }
}

impl Netlify {
    /// Netlify has no state for what was cancelled: it is an error there, or stays without its files.
    async fn hold_back(&self, token: &SecretString, site: &Site, id: &str) -> Result<CancelOutcome, ProviderError> {
        let is_taken = self.api.cancel(token, id).await?;
        let now = self.api.deploy(token, &site.id, id).await?;
        Ok(match now.map(|now| now.stage()) {
            None | Some(Stage::Failed(_)) => CancelOutcome::Cancelled,
            Some(Stage::Ready) => CancelOutcome::TooLate,
            Some(_) if is_taken => CancelOutcome::Cancelled,
            Some(_) => CancelOutcome::TooLate,
        })
    }
}
