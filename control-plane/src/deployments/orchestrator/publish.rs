//! Handing an artifact to its provider. Safe to repeat: after a crash every deployment found in
//! `deploying` is handed over again, and the provider answers the release it made before.

use slipway_proto::plan::Routing;

use super::Orchestrator;
use crate::bus::News;
use crate::deployments::status::{Status, Step, StepState};
use crate::ids::DeploymentId;
use crate::providers::{DeployContext, ProviderError};
use crate::store::{Deployment, Move};

impl Orchestrator {
    /// Publishes in the background, unless that is under way.
    pub(super) fn start_publishing(&self, id: DeploymentId) {
        if !self.publishing().insert(id) {
            return;
        }
        let this = self.clone();
        self.0.tasks.spawn(async move {
            if let Err(error) = this.publish(id).await {
                tracing::error!(deployment.id = %id, error = format!("{error:#}"), "publishing did not finish; it is tried again");
            }
            this.publishing().remove(&id);
        });
    }

    async fn publish(&self, id: DeploymentId) -> anyhow::Result<()> {
        let Some(deployment) = self.enter_deploying(id).await? else { return Ok(()) };
        if deployment.dry_run {
            let message = "Dry run: built, packaged and stored; nothing was published";
            return self.succeed(&deployment, None, Some(message.to_owned())).await;
        }
        let artifact = match deployment.artifact_id {
            Some(artifact) => self.0.store.artifact(artifact).await?,
            None => None,
        };
        let (Some(artifact), Some(provider)) = (artifact, self.0.providers.get(&deployment.provider)) else {
            return self
                .fail(id, "the artifact or the provider of this deployment is gone; deploy again".to_owned())
                .await;
        };
        let routing = deployment
            .metadata
            .get("plan")
            .and_then(|plan| plan.get("routing"))
            .and_then(|routing| serde_json::from_value::<Routing>(routing.clone()).ok())
            .unwrap_or_default();
        match provider.deploy(&DeployContext { deployment_id: id, artifact: &artifact, routing }).await {
            Ok(release) => self.succeed(&deployment, Some(release.url), None).await,
            Err(ProviderError::Rejected(message)) => {
                // What a provider answers may repeat what it was sent.
                let message = self.secrets_of(&deployment).await?.mask_text(&message);
                self.fail(id, message).await
            }
            Err(error @ ProviderError::Failed(_)) => {
                tracing::error!(deployment.id = %id, error = format!("{:#}", anyhow::Error::new(error)), "the provider failed");
                self.fail(
                    id,
                    format!("{} failed; the server's log has the details. Redeploy to try again", deployment.provider),
                )
                .await
            }
        }
    }

    /// A redeploy comes from `pending`, a build from `deploying`. `None` when there is nothing to publish.
    async fn enter_deploying(&self, id: DeploymentId) -> anyhow::Result<Option<Deployment>> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let Some(deployment) = tx.deployment(id).await? else { return Ok(None) };
        if let (Status::Pending, Some(artifact)) = (deployment.status, deployment.artifact_id) {
            tx.move_deployment(&deployment, Move::Deploy { artifact }, now).await?;
        } else if deployment.status != Status::Deploying {
            return Ok(None);
        }
        tx.set_step(id, Step::Deploy, StepState::Running, now).await?;
        let deployment = tx.deployment(id).await?;
        tx.commit().await?;
        self.0.bus.publish(News::Deployment(id));
        Ok(deployment)
    }

    async fn succeed(
        &self,
        deployment: &Deployment,
        url: Option<String>,
        message: Option<String>,
    ) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let line = match (&url, &message) {
            (Some(url), _) => format!("Live at {url}"),
            (None, Some(message)) => message.clone(),
            (None, None) => "Done".to_owned(),
        };
        let step_state = if deployment.dry_run { StepState::Skipped } else { StepState::Done };
        tx.set_step(deployment.id, Step::Deploy, step_state, now).await?;
        if tx.move_deployment(deployment, Move::Succeed { url, message }, now).await? {
            tx.append_system_line(deployment.id, &line, now).await?;
        }
        tx.commit().await?;
        tracing::info!(deployment.id = %deployment.id, "deployment succeeded: {line}");
        self.0.bus.publish(News::Deployment(deployment.id));
        self.0.bus.publish(News::Sandbox(deployment.sandbox_id));
        Ok(())
    }
}
