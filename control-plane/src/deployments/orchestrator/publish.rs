//! What is ready to be published: claimed by one statement, kept by heartbeats, given back until later while its
//! provider is waited for. How one deployment gets to its provider is in [`publication`](super::publication).

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use slipway_proto::plan::Routing;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::Orchestrator;
use super::publication::{Noted, Publication};
use crate::bus::News;
use crate::clock::Timestamp;
use crate::deployments::status::{Status, Step, StepState};
use crate::ids::DeploymentId;
use crate::providers::{DeployContext, Destination, ProviderError, Release};
use crate::store::{Deployment, Lease, LeaseLost, Move, Operation, Target, Tx};
use crate::variables::{Scope, Variables};

/// Releases under way at the same time.
pub(super) const PUBLISHING: usize = 32;
/// How often the table is read for something to publish without a hint.
const POLL: Duration = Duration::from_secs(1);
/// Wait after something that failed on our side, or that a provider does not measure.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why a publication stops in the middle.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error(transparent)]
    LeaseLost(#[from] LeaseLost),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

/// How a publication goes on after one look at it.
pub(super) enum Next {
    /// It has ended, or has nothing to publish.
    Over,
    /// Once more, not before then, with a sentence for those who wait.
    Later(Timestamp, Option<String>),
}

impl Orchestrator {
    /// Publishes whatever is ready until `stop`.
    pub(super) async fn run_publisher(&self, stop: &CancellationToken) {
        loop {
            if let Err(error) = self.publish_ready().await {
                tracing::error!(error = format!("{error:#}"), "cannot look for something to publish");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.ready_to_publish.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Claims what is ready, as far as there is room, and publishes it in the background.
    async fn publish_ready(&self) -> anyhow::Result<()> {
        let free = self.0.publishing.available_permits();
        if free == 0 {
            return Ok(()); // whoever ends says that there is room
        }
        let leases = self.0.store.claim_publishable(self.0.instance, self.0.clock.now(), i64::try_from(free)?).await?;
        for lease in leases {
            let permit = self.0.publishing.clone().acquire_owned().await?;
            let lost = self.0.leases.hold(lease);
            let this = self.clone();
            self.0.tasks.spawn(async move { this.publish(lease, &lost, permit).await });
        }
        Ok(())
    }

    async fn publish(&self, lease: Lease, lost: &CancellationToken, permit: OwnedSemaphorePermit) {
        let id = lease.deployment_id;
        let next = tokio::select! {
            next = self.advance(lease) => next,
            () = lost.cancelled() => Err(LeaseLost.into()),
        };
        let outcome = match next {
            Ok(Next::Over) => Ok(()),
            Ok(Next::Later(when, message)) => self.hold_back(lease, when, message).await,
            Err(Stopped::Other(error)) => {
                tracing::error!(deployment.id = %id, error = format!("{error:#}"), "publishing did not finish; it is tried again");
                self.hold_back(lease, self.0.clock.now().plus(LONGEST_WAIT), None).await
            }
            Err(lost @ Stopped::LeaseLost(_)) => Err(lost),
        };
        match outcome {
            Err(Stopped::LeaseLost(lost)) => tracing::warn!(deployment.id = %id, "publishing stopped here: {lost}"),
            // The lease runs out by itself.
            Err(Stopped::Other(error)) => {
                tracing::error!(deployment.id = %id, error = format!("{error:#}"), "cannot give a lease back");
            }
            Ok(()) => {}
        }
        self.0.leases.let_go(lease);
        drop(permit);
        self.0.ready_to_publish.notify_one();
    }

    /// One look at a deployment, and what follows from it.
    async fn advance(&self, lease: Lease) -> Result<Next, Stopped> {
        let Some(deployment) = self.enter_deploying(lease).await? else { return Ok(Next::Over) };
        if deployment.dry_run {
            let message = "Dry run: built, packaged and stored; nothing was published";
            return self.succeed(lease, &deployment, message).await;
        }
        let artifact = match deployment.artifact_id {
            Some(artifact) => self.0.store.artifact(artifact).await?,
            None => None,
        };
        let (Some(artifact), Some(provider)) = (artifact, self.0.providers.get(&deployment.provider)) else {
            let message = "the artifact or the provider of this deployment is gone; deploy again";
            return self.end_failed(lease, &deployment, message).await;
        };
        let routing = deployment
            .metadata
            .get("plan")
            .and_then(|plan| plan.get("routing"))
            .and_then(|routing| serde_json::from_value::<Routing>(routing.clone()).ok())
            .unwrap_or_default();
        let target = self.0.store.target(deployment.target_id).await?;
        let config = target.as_ref().map(Target::provider_config).unwrap_or_default();
        let credential = match self.credential_of(target.as_ref()).await {
            Ok(credential) => credential,
            Err(ProviderError::Rejected(message)) => return self.end_failed(lease, &deployment, &message).await,
            Err(ProviderError::Busy { retry_after }) => {
                let when = self.0.clock.now().plus(retry_after.unwrap_or(LONGEST_WAIT));
                let message = format!("{} asks us to wait before the access is renewed", deployment.provider);
                return Ok(Next::Later(when, Some(message)));
            }
            Err(ProviderError::Failed(error)) => {
                tracing::warn!(deployment.id = %deployment.id, error = format!("{error:#}"), "the access was not renewed");
                let message = format!("{} gives no answer; the access cannot be renewed", deployment.provider);
                return Ok(Next::Later(self.0.clock.now().plus(LONGEST_WAIT), Some(message)));
            }
        };
        let replaces = self.replaced_release(&deployment).await?;
        let idempotency_key = format!("slipway-{}", deployment.id);
        let variables = self.runtime_variables(&deployment).await?;
        let begun = self.0.store.last_provider_ref(deployment.id, Operation::Deploy).await?;
        let callback = self.0.webhooks.of_deployment(&deployment).await?;
        let noted = Noted::new(self, lease);
        let context = DeployContext {
            deployment_id: deployment.id,
            environment: &deployment.environment,
            idempotency_key: &idempotency_key,
            artifact: &artifact,
            destination: Destination { config: &config, credential: credential.as_ref() },
            replaces: replaces.as_deref(),
            routing,
            branch: deployment.request.branch.as_deref(),
            commit_message: deployment.request.commit_message.as_deref(),
            variables: &variables,
            begun: begun.as_deref(),
            callback: callback.as_ref(),
            notes: &noted,
        };
        let publication =
            Publication { orchestrator: self, lease, deployment: &deployment, provider: &**provider, context };
        publication.advance().await
    }

    /// Has a deployment that is given back until later looked at now: something may have changed at its provider.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn hasten(&self, id: DeploymentId) -> anyhow::Result<()> {
        let mut tx = self.0.store.begin().await?;
        tx.hasten_lease(id, self.0.clock.now()).await?;
        tx.commit().await?;
        self.0.ready_to_publish.notify_one();
        Ok(())
    }

    /// What the running site is given.
    async fn runtime_variables(&self, deployment: &Deployment) -> anyhow::Result<BTreeMap<String, SecretString>> {
        let variables = Variables::of(&self.0.vault, deployment.target_id).await?;
        let chosen = variables.for_deployment(Scope::Runtime, &deployment.environment);
        Ok(chosen.into_iter().map(|(name, variable)| (name, variable.value)).collect())
    }

    /// What the provider calls the release in whose place a rollback puts another.
    async fn replaced_release(&self, deployment: &Deployment) -> Result<Option<String>, Stopped> {
        let leaving = deployment.metadata.get("rollback_of").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        let Some(leaving) = leaving else { return Ok(None) };
        let call = self.0.store.last_provider_call(leaving, Operation::Deploy).await?;
        Ok(call.and_then(|call| call.provider_ref))
    }

    /// Gives the lease back until `when`, and says why.
    async fn hold_back(&self, lease: Lease, when: Timestamp, message: Option<String>) -> Result<(), Stopped> {
        let mut tx = self.held(lease).await?;
        if let Some(message) = &message {
            tx.set_status_message(lease.deployment_id, Some(message)).await?;
        }
        tx.release_lease(self.0.instance, lease, when).await?;
        tx.commit().await?;
        if message.is_some() {
            self.0.bus.publish(News::Deployment(lease.deployment_id));
        }
        Ok(())
    }

    /// A transaction of the lease's holder.
    pub(super) async fn held(&self, lease: Lease) -> Result<Tx, Stopped> {
        let mut tx = self.0.store.begin().await?;
        tx.hold_lease(self.0.instance, lease, self.0.clock.now()).await??;
        Ok(tx)
    }

    /// A redeploy comes from `pending`, a build from `deploying`. `None` when there is nothing to publish.
    async fn enter_deploying(&self, lease: Lease) -> Result<Option<Deployment>, Stopped> {
        let (now, id) = (self.0.clock.now(), lease.deployment_id);
        let mut tx = self.held(lease).await?;
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

    async fn succeed(&self, lease: Lease, deployment: &Deployment, message: &str) -> Result<Next, Stopped> {
        let mut tx = self.held(lease).await?;
        self.succeed_in(&mut tx, deployment, Release::default(), Some(message.to_owned())).await?;
        tx.commit().await?;
        self.ended(deployment);
        Ok(Next::Over)
    }

    /// Ends it well, as part of a transaction. A release without a URL is the end of a dry run.
    pub(super) async fn succeed_in(
        &self,
        tx: &mut Tx,
        deployment: &Deployment,
        release: Release,
        mut message: Option<String>,
    ) -> Result<(), Stopped> {
        let now = self.0.clock.now();
        let Some(mut deployment) = tx.deployment(deployment.id).await? else { return Ok(()) };
        let url = Some(release.url).filter(|url| !url.is_empty());
        let line = match (&url, &message) {
            (Some(url), _) => format!("Live at {url}"),
            (None, Some(message)) => message.clone(),
            (None, None) => "Done".to_owned(),
        };
        let step_state = if deployment.dry_run { StepState::Skipped } else { StepState::Done };
        tx.set_step(deployment.id, Step::Deploy, step_state, now).await?;
        if deployment.cancel_requested_at.is_some() {
            tx.add_metadata(&mut deployment, "cancel_too_late", true.into()).await?;
            message = Some(format!("It was too late to cancel: {} had published it already", deployment.provider));
        }
        let succeed = Move::Succeed { url, preview_url: release.preview_url, message };
        if tx.move_deployment(&deployment, succeed, now).await? {
            self.report_end(tx, &deployment).await?;
            tx.append_system_line(deployment.id, &line, now).await?;
            tracing::info!(deployment.id = %deployment.id, "deployment succeeded: {line}");
        }
        Ok(())
    }

    pub(super) async fn end_failed(
        &self,
        lease: Lease,
        deployment: &Deployment,
        message: &str,
    ) -> Result<Next, Stopped> {
        let mut tx = self.held(lease).await?;
        self.fail_in(&mut tx, deployment, message).await?;
        tx.commit().await?;
        self.ended(deployment);
        Ok(Next::Over)
    }
}
