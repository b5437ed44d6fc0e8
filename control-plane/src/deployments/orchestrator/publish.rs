//! Handing an artifact to its provider: one release, whatever dies on the way.
//!
//! Whoever has the lease writes down what it is about to ask (`intent`), asks, and writes down what came
//! of it. A crash between leaves an intent without an outcome; then the provider is asked what became of it
//! before anything is repeated. Each of these writes proves in its transaction that the lease is still held.

use std::time::{Duration, Instant};

use slipway_proto::crash;
use slipway_proto::plan::Routing;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Orchestrator;
use crate::bus::News;
use crate::clock::Timestamp;
use crate::deployments::status::{Status, Step, StepState};
use crate::observe::{metrics, telemetry};
use crate::providers::{CancelOutcome, DeployContext, Destination, Provider, ProviderError, Release, Whereabouts};
use crate::store::{CallState, Deployment, Lease, LeaseLost, Move, Operation, Target, Tx};

/// Releases under way at the same time.
pub(super) const PUBLISHING: usize = 32;
/// How often the table is read for something to publish without a hint.
const POLL: Duration = Duration::from_secs(1);
/// Calls to publish one deployment.
const MAX_ATTEMPTS: i64 = 8;
/// Wait before the second attempt; it doubles with each, up to the longest wait.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A provider that wants more patience than this has failed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// How long a provider may be away before we give up asking what became of a call.
const RESOLVE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How often a provider is asked about a release that it is still making.
const UNDER_WAY_POLL: Duration = Duration::from_secs(2);

/// Why a publication stops in the middle.
#[derive(Debug, thiserror::Error)]
enum Stopped {
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
enum Next {
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
            return self.succeed(lease, &deployment, None, Some(message.to_owned())).await;
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
        let context = DeployContext {
            deployment_id: deployment.id,
            environment: &deployment.environment,
            idempotency_key: &idempotency_key,
            artifact: &artifact,
            destination: Destination { config: &config, credential: credential.as_ref() },
            replaces: replaces.as_deref(),
            routing,
        };
        let publication =
            Publication { orchestrator: self, lease, deployment: &deployment, provider: &**provider, context };
        publication.advance().await
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
    async fn held(&self, lease: Lease) -> Result<Tx, Stopped> {
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

    async fn succeed(
        &self,
        lease: Lease,
        deployment: &Deployment,
        url: Option<String>,
        message: Option<String>,
    ) -> Result<Next, Stopped> {
        let mut tx = self.held(lease).await?;
        self.succeed_in(&mut tx, deployment, url, message).await?;
        tx.commit().await?;
        self.ended(deployment);
        Ok(Next::Over)
    }

    async fn succeed_in(
        &self,
        tx: &mut Tx,
        deployment: &Deployment,
        url: Option<String>,
        mut message: Option<String>,
    ) -> Result<(), Stopped> {
        let now = self.0.clock.now();
        let Some(mut deployment) = tx.deployment(deployment.id).await? else { return Ok(()) };
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
        if tx.move_deployment(&deployment, Move::Succeed { url, message }, now).await? {
            tx.append_system_line(deployment.id, &line, now).await?;
            tracing::info!(deployment.id = %deployment.id, "deployment succeeded: {line}");
        }
        Ok(())
    }

    async fn end_failed(&self, lease: Lease, deployment: &Deployment, message: &str) -> Result<Next, Stopped> {
        let mut tx = self.held(lease).await?;
        self.fail_in(&mut tx, deployment, message).await?;
        tx.commit().await?;
        self.ended(deployment);
        Ok(Next::Over)
    }
}

/// One deployment on its way to its provider.
struct Publication<'a> {
    orchestrator: &'a Orchestrator,
    lease: Lease,
    deployment: &'a Deployment,
    provider: &'a dyn Provider,
    context: DeployContext<'a>,
}

impl Publication<'_> {
    async fn advance(&self) -> Result<Next, Stopped> {
        let store = &self.orchestrator.0.store;
        let last = store.last_provider_call(self.deployment.id, Operation::Deploy).await?;
        let attempt = last.as_ref().map_or(0, |call| call.attempt);
        if let Some(call) = last.filter(|call| call.state == CallState::Intent) {
            if self.is_cancelled().await? && self.try_cancel(attempt).await? {
                return Ok(Next::Over);
            }
            match self.resolve(call.attempt, call.started_at).await? {
                Some(next) => return Ok(next),
                None if self.is_cancelled().await? => return self.end_cancelled(None).await,
                None => {}
            }
        }
        if self.is_cancelled().await? {
            return self.end_cancelled(None).await;
        }
        if attempt >= MAX_ATTEMPTS {
            let message = format!(
                "{} did not take this deployment in {MAX_ATTEMPTS} attempts; nothing was published. Redeploy to try again",
                self.deployment.provider
            );
            return self.orchestrator.end_failed(self.lease, self.deployment, &message).await;
        }
        self.call(attempt + 1).await
    }

    /// Asks the provider to publish, between an intent and an outcome.
    async fn call(&self, attempt: i64) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        let now = orchestrator.0.clock.now();
        let mut tx = orchestrator.held(self.lease).await?;
        let key = self.context.idempotency_key;
        tx.intend_call(self.lease, Operation::Deploy, attempt, key, &self.context.artifact.root, now).await?;
        tx.commit().await?;

        crash::point("before a provider's deploy");
        let deploy = self.asked("deploy", self.provider.deploy(&self.context));
        let answer = tokio::select! {
            answer = deploy => answer,
            outcome = self.cancel_when_asked(attempt) => {
                outcome?;
                return Ok(Next::Over);
            }
        };
        crash::point("after a provider's deploy");
        match answer {
            Ok(release) => self.released(attempt, release).await,
            Err(ProviderError::Rejected(message)) => {
                // What a provider answers may repeat what it was sent.
                let message = orchestrator.secrets_of(self.deployment).await?.mask_text(&message);
                let mut tx = orchestrator.held(self.lease).await?;
                self.conclude(&mut tx, attempt, CallState::Failed, Some("rejected")).await?;
                orchestrator.fail_in(&mut tx, self.deployment, &message).await?;
                tx.commit().await?;
                orchestrator.ended(self.deployment);
                Ok(Next::Over)
            }
            Err(ProviderError::Busy { retry_after }) => {
                let mut tx = orchestrator.held(self.lease).await?;
                self.conclude(&mut tx, attempt, CallState::Failed, Some("busy")).await?;
                tx.commit().await?;
                Ok(self.later(retry_after.unwrap_or_else(|| wait_after(attempt)), "asks us to wait"))
            }
            Err(error @ ProviderError::Failed(_)) => {
                // It may have arrived all the same: the intent stays open, and the provider is asked next time.
                self.log_failure("publishing", error);
                Ok(self.later(wait_after(attempt), "gave no answer; asking what became of it"))
            }
        }
    }

    /// Finds out what became of a call that has no outcome. `None` when it made nothing.
    async fn resolve(&self, attempt: i64, started_at: Timestamp) -> Result<Option<Next>, Stopped> {
        let orchestrator = self.orchestrator;
        let now = orchestrator.0.clock.now();
        let is_late = now.since(started_at) > RESOLVE_LIMIT;
        let wait = match self.asked("look_up", self.provider.look_up(&self.context)).await {
            Ok(Whereabouts::Released(release)) => return self.released(attempt, release).await.map(Some),
            Ok(Whereabouts::Nothing) => {
                let mut tx = orchestrator.held(self.lease).await?;
                self.conclude(&mut tx, attempt, CallState::Failed, Some("the provider has nothing of it")).await?;
                tx.commit().await?;
                return Ok(None);
            }
            Ok(Whereabouts::UnderWay) if !is_late => UNDER_WAY_POLL,
            Err(ProviderError::Busy { retry_after }) if !is_late => retry_after.unwrap_or(LONGEST_WAIT),
            Err(error) if !is_late => {
                self.log_failure("asking what became of a release", error);
                wait_after(attempt)
            }
            Ok(Whereabouts::Untold | Whereabouts::UnderWay) | Err(_) => {
                let message = format!(
                    "whether {provider} has published this deployment cannot be found out; look there before you deploy again",
                    provider = self.deployment.provider
                );
                let mut tx = orchestrator.held(self.lease).await?;
                self.conclude(&mut tx, attempt, CallState::Unknown, None).await?;
                orchestrator.fail_in(&mut tx, self.deployment, &message).await?;
                tx.commit().await?;
                orchestrator.ended(self.deployment);
                return Ok(Some(Next::Over));
            }
        };
        Ok(Some(self.later(wait, "has not said yet what became of this release; asking again")))
    }

    async fn released(&self, attempt: i64, release: Release) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        let mut tx = orchestrator.held(self.lease).await?;
        let (now, id) = (orchestrator.0.clock.now(), self.deployment.id);
        let provider_ref = release.provider_ref.as_deref();
        tx.conclude_call(id, Operation::Deploy, attempt, CallState::Done, provider_ref, None, now).await?;
        orchestrator.succeed_in(&mut tx, self.deployment, Some(release.url), None).await?;
        tx.commit().await?;
        orchestrator.ended(self.deployment);
        Ok(Next::Over)
    }

    /// Waits for somebody to cancel; ends when the provider has held the release back, and never when it
    /// cannot.
    async fn cancel_when_asked(&self, attempt: i64) -> Result<(), Stopped> {
        let mut listener = self.orchestrator.0.bus.listen(News::Deployment(self.deployment.id));
        while !self.is_cancelled().await? {
            let _ = tokio::time::timeout(POLL, listener.changed()).await;
        }
        if self.try_cancel(attempt).await? { Ok(()) } else { std::future::pending().await }
    }

    /// Asks the provider to hold the release back; `true` when that ended the deployment.
    async fn try_cancel(&self, attempt: i64) -> Result<bool, Stopped> {
        let Some(canceller) = self.provider.canceller() else { return Ok(false) };
        let (orchestrator, id) = (self.orchestrator, self.deployment.id);
        let last = orchestrator.0.store.last_provider_call(id, Operation::Cancel).await?;
        let cancel_attempt = last.map_or(0, |call| call.attempt) + 1;
        if cancel_attempt > MAX_ATTEMPTS {
            return Ok(false);
        }
        let mut tx = orchestrator.held(self.lease).await?;
        let (key, root, now) = (self.context.idempotency_key, &self.context.artifact.root, orchestrator.0.clock.now());
        tx.intend_call(self.lease, Operation::Cancel, cancel_attempt, key, root, now).await?;
        tx.commit().await?;
        crash::point("before a provider's cancel");
        let outcome = self.asked("cancel", canceller.cancel(&self.context)).await;
        crash::point("after a provider's cancel");
        let (state, detail) = match &outcome {
            Ok(CancelOutcome::Cancelled) => {
                return self.end_cancelled(Some((attempt, cancel_attempt))).await.map(|_| true);
            }
            Ok(CancelOutcome::TooLate) => (CallState::Done, "too late"),
            Err(ProviderError::Failed(_)) => (CallState::Unknown, "no answer"),
            Err(_) => (CallState::Failed, "refused"),
        };
        let mut tx = orchestrator.held(self.lease).await?;
        tx.conclude_call(id, Operation::Cancel, cancel_attempt, state, None, Some(detail), orchestrator.0.clock.now())
            .await?;
        tx.commit().await?;
        if let Err(error) = outcome {
            self.log_failure("cancelling", error);
        }
        Ok(false)
    }

    /// Ends the deployment as cancelled, with the calls that led to it.
    async fn end_cancelled(&self, calls: Option<(i64, i64)>) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        let (id, now) = (self.deployment.id, orchestrator.0.clock.now());
        let mut tx = orchestrator.held(self.lease).await?;
        if let Some((deploy, cancel)) = calls {
            self.conclude(&mut tx, deploy, CallState::Failed, Some("cancelled")).await?;
            tx.conclude_call(id, Operation::Cancel, cancel, CallState::Done, None, None, now).await?;
        }
        if let Some(deployment) = tx.deployment(id).await? {
            tx.move_deployment(&deployment, Move::Cancel, now).await?;
        }
        tx.commit().await?;
        orchestrator.ended(self.deployment);
        Ok(Next::Over)
    }

    /// Counts a request to the provider, and makes it a span.
    async fn asked<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let provider = &self.deployment.provider;
        let span = tracing::info_span!("provider request", provider, operation, deployment.id = %self.deployment.id);
        if let Some(trace) = &self.deployment.traceparent {
            telemetry::continue_trace(&span, trace);
        }
        let began = Instant::now();
        let answer = request.instrument(span).await;
        let outcome = match &answer {
            Ok(_) => "done",
            Err(ProviderError::Rejected(_)) => "rejected",
            Err(ProviderError::Busy { .. }) => "busy",
            Err(ProviderError::Failed(_)) => "failed",
        };
        metrics().provider_answered(provider, operation, outcome, began.elapsed());
        answer
    }

    async fn is_cancelled(&self) -> Result<bool, Stopped> {
        let deployment = self.orchestrator.0.store.deployment(self.deployment.id).await?;
        Ok(deployment.is_some_and(|deployment| deployment.cancel_requested_at.is_some()))
    }

    async fn conclude(&self, tx: &mut Tx, attempt: i64, state: CallState, detail: Option<&str>) -> Result<(), Stopped> {
        let now = self.orchestrator.0.clock.now();
        tx.conclude_call(self.deployment.id, Operation::Deploy, attempt, state, None, detail, now).await?;
        Ok(())
    }

    fn later(&self, wait: Duration, why: &str) -> Next {
        let when = self.orchestrator.0.clock.now().plus(wait.min(LONGEST_RETRY_AFTER));
        // Nobody reads a message that is gone before they have.
        let message = (wait >= FIRST_WAIT).then(|| format!("{} {why}; next at {when}", self.deployment.provider));
        Next::Later(when, message)
    }

    fn log_failure(&self, what: &str, error: ProviderError) {
        let provider = &self.deployment.provider;
        tracing::warn!(deployment.id = %self.deployment.id, provider, error = format!("{:#}", anyhow::Error::new(error)), "{what} failed");
    }
}

fn wait_after(attempt: i64) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 16) - 1).unwrap_or(0);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}
