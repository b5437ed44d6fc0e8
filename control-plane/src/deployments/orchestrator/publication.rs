//! One deployment on its way to its provider: one release, whatever dies on the way.
//!
//! Whoever has the lease writes down what it is about to ask (`intent`), asks, and writes down what came
//! of it. A crash between leaves an intent without an outcome; then the provider is asked what became of it
//! before anything is repeated. The same question is asked, again and again, of a release that a provider has taken
//! and not finished. Each of these writes proves in its transaction that the lease is still held.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use slipway_proto::crash;
use tracing::Instrument;

use super::Orchestrator;
use super::publish::{LONGEST_WAIT, Next, Stopped};
use crate::bus::News;
use crate::deployments::status::Step;
use crate::observe::{metrics, telemetry};
use crate::providers::{
    CancelOutcome, DeployContext, Notes, Provider, ProviderError, Release, Taken, WaitingOn, Whereabouts,
};
use crate::secrets::OwnerSecrets;
use crate::store::{CallState, Deployment, Lease, Move, Operation, ProviderCall, Tx};

/// How often the table is read for a wish to cancel without a hint.
const POLL: Duration = Duration::from_secs(1);
/// Calls to publish one deployment.
const MAX_ATTEMPTS: i64 = 8;
/// Wait before the second attempt; it doubles with each, up to the longest wait.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A provider that wants more patience than this has failed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// How long a provider may be away before we give up asking what became of a call.
const RESOLVE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How often a provider is asked about a release that it is still making.
const UNDER_WAY_POLL: Duration = Duration::from_secs(2);
/// How long a provider may make a release.
const UNDER_WAY_LIMIT: Duration = Duration::from_secs(60 * 60);
/// How often a provider is asked whether somebody has done there what it waits for.
const WAITING_POLL: Duration = Duration::from_secs(15);
/// How long somebody may take for that.
const WAITING_LIMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Of a provider's own log that many lines are kept, the last ones, and that many characters of each.
const MOST_LOG_LINES: usize = 2000;
const LONGEST_LOG_LINE: usize = 4096;
/// How often people are told how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// One deployment on its way to its provider.
pub(super) struct Publication<'a> {
    pub(super) orchestrator: &'a Orchestrator,
    pub(super) lease: Lease,
    pub(super) deployment: &'a Deployment,
    pub(super) provider: &'a dyn Provider,
    pub(super) context: DeployContext<'a>,
}

impl Publication<'_> {
    /// One look at it, and what follows from it.
    pub(super) async fn advance(&self) -> Result<Next, Stopped> {
        let store = &self.orchestrator.0.store;
        let last = store.last_provider_call(self.deployment.id, Operation::Deploy).await?;
        let attempt = last.as_ref().map_or(0, |call| call.attempt);
        if let Some(call) = last.filter(|call| call.state == CallState::Intent) {
            if self.is_cancelled().await? && self.try_cancel(attempt).await? {
                return Ok(Next::Over);
            }
            match self.resolve(&call).await? {
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
            Ok(Taken::Released(release)) => self.released(attempt, release).await,
            Ok(Taken::UnderWay) => self.under_way(attempt).await,
            Ok(Taken::WaitingOn(whom)) => self.waiting(attempt, &whom).await,
            Ok(Taken::Failed { message, log }) => self.refused(attempt, "failed there", &message, &log).await,
            Err(ProviderError::Rejected(message)) => self.refused(attempt, "rejected", &message, &[]).await,
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
    async fn resolve(&self, call: &ProviderCall) -> Result<Option<Next>, Stopped> {
        let (orchestrator, attempt) = (self.orchestrator, call.attempt);
        let now = orchestrator.0.clock.now();
        let since_heard = now.since(call.heard_at.unwrap_or(call.started_at));
        let since_begun = now.since(call.waited_until.unwrap_or(call.started_at));
        let is_late = since_heard > RESOLVE_LIMIT;
        let wait = match self.asked("look_up", self.provider.look_up(&self.context)).await {
            Ok(Whereabouts::Taken(Taken::Released(release))) => return self.released(attempt, release).await.map(Some),
            Ok(Whereabouts::Taken(Taken::UnderWay)) if since_begun <= UNDER_WAY_LIMIT => {
                return self.under_way(attempt).await.map(Some);
            }
            Ok(Whereabouts::Taken(Taken::WaitingOn(whom))) if now.since(call.started_at) <= WAITING_LIMIT => {
                return self.waiting(attempt, &whom).await.map(Some);
            }
            Ok(Whereabouts::Taken(Taken::WaitingOn(whom))) => {
                let message = format!(
                    "nobody did within {} days what {} waits for ({}); do it and deploy again",
                    WAITING_LIMIT.as_secs() / (24 * 60 * 60),
                    self.deployment.provider,
                    whom.text
                );
                return self.refused(attempt, "nobody came", &message, &[]).await.map(Some);
            }
            Ok(Whereabouts::Nothing) => {
                let mut tx = orchestrator.held(self.lease).await?;
                self.conclude(&mut tx, attempt, CallState::Failed, Some("the provider has nothing of it")).await?;
                tx.commit().await?;
                return Ok(None);
            }
            Ok(Whereabouts::Taken(Taken::Failed { message, log })) => {
                return self.refused(attempt, "failed there", &message, &log).await.map(Some);
            }
            Err(ProviderError::Busy { retry_after }) if !is_late => retry_after.unwrap_or(LONGEST_WAIT),
            Err(error) if !is_late => {
                self.log_failure("asking what became of a release", error);
                wait_after(attempt)
            }
            Ok(Whereabouts::Untold | Whereabouts::Taken(Taken::UnderWay)) | Err(_) => {
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
        let secrets = orchestrator.secrets_of(self.deployment).await?;
        let mut tx = orchestrator.held(self.lease).await?;
        let (now, id) = (orchestrator.0.clock.now(), self.deployment.id);
        let provider_ref = release.provider_ref.as_deref();
        tx.conclude_call(id, Operation::Deploy, attempt, CallState::Done, provider_ref, None, now).await?;
        self.append_log(&mut tx, &secrets, &release.log).await?;
        orchestrator.succeed_in(&mut tx, self.deployment, release, None).await?;
        tx.commit().await?;
        orchestrator.ended(self.deployment);
        Ok(Next::Over)
    }

    /// The provider has it and works on it.
    async fn under_way(&self, attempt: i64) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        let mut tx = orchestrator.held(self.lease).await?;
        let (now, id) = (orchestrator.0.clock.now(), self.deployment.id);
        tx.heard_of_call(id, Operation::Deploy, attempt, false, now).await?;
        tx.set_waiting_on(id, None).await?;
        tx.commit().await?;
        let message = format!("{} has it and is making it live", self.deployment.provider);
        Ok(Next::Later(now.plus(UNDER_WAY_POLL), Some(message)))
    }

    /// The provider has it, and somebody must do something there.
    async fn waiting(&self, attempt: i64, whom: &WaitingOn) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        let secrets = orchestrator.secrets_of(self.deployment).await?;
        // Only what can be clicked safely is passed on.
        let url = whom.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let whom = WaitingOn { text: secrets.mask_text(&whom.text), url: url.map(|url| secrets.mask_text(url)) };
        let mut tx = orchestrator.held(self.lease).await?;
        let (now, id) = (orchestrator.0.clock.now(), self.deployment.id);
        tx.heard_of_call(id, Operation::Deploy, attempt, true, now).await?;
        if tx.set_waiting_on(id, Some(&whom)).await? {
            let at = whom.url.as_deref().map(|url| format!(" ({url})")).unwrap_or_default();
            tx.append_system_line(id, &format!("{} waits: {}{at}", self.deployment.provider, whom.text), now).await?;
        }
        tx.commit().await?;
        let message = format!("{} waits for a person: {}", self.deployment.provider, whom.text);
        Ok(Next::Later(now.plus(WAITING_POLL), Some(message)))
    }

    /// The provider does not make it live, and says why.
    async fn refused(&self, attempt: i64, detail: &str, message: &str, log: &[String]) -> Result<Next, Stopped> {
        let orchestrator = self.orchestrator;
        // What a provider answers may repeat what it was sent.
        let secrets = orchestrator.secrets_of(self.deployment).await?;
        let mut tx = orchestrator.held(self.lease).await?;
        self.conclude(&mut tx, attempt, CallState::Failed, Some(detail)).await?;
        self.append_log(&mut tx, &secrets, log).await?;
        orchestrator.fail_in(&mut tx, self.deployment, &secrets.mask_text(message)).await?;
        tx.commit().await?;
        orchestrator.ended(self.deployment);
        Ok(Next::Over)
    }

    /// What the provider's own log says goes behind ours.
    async fn append_log(&self, tx: &mut Tx, secrets: &OwnerSecrets, log: &[String]) -> Result<(), Stopped> {
        let now = self.orchestrator.0.clock.now();
        for line in &log[log.len().saturating_sub(MOST_LOG_LINES)..] {
            let line: String = secrets.mask_text(line).chars().take(LONGEST_LOG_LINE).collect();
            tx.append_system_line(self.deployment.id, &format!("{}: {line}", self.deployment.provider), now).await?;
        }
        Ok(())
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

/// Writes down, under the lease, what becomes known while a provider publishes.
pub(super) struct Noted<'a> {
    orchestrator: &'a Orchestrator,
    lease: Lease,
    told: Mutex<Option<Instant>>,
}

impl<'a> Noted<'a> {
    pub(super) fn new(orchestrator: &'a Orchestrator, lease: Lease) -> Self {
        Self { orchestrator, lease, told: Mutex::default() }
    }

    async fn write_begun(&self, provider_ref: &str) -> Result<(), Stopped> {
        let id = self.lease.deployment_id;
        let mut tx = self.orchestrator.held(self.lease).await?;
        tx.note_begun(id, Operation::Deploy, provider_ref).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether it is time to tell people again.
    fn is_due(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|told| told.elapsed() >= PROGRESS_INTERVAL);
        if is_due {
            *told = Some(Instant::now());
        }
        is_due
    }
}

#[async_trait]
impl Notes for Noted<'_> {
    async fn begun(&self, provider_ref: &str) -> Result<(), ProviderError> {
        self.write_begun(provider_ref).await.map_err(|error| ProviderError::Failed(error.into()))
    }

    async fn progress(&self, done: u64, total: u64) {
        if done != total && !self.is_due() {
            return;
        }
        let (orchestrator, id) = (self.orchestrator, self.lease.deployment_id);
        match orchestrator.0.store.set_progress(id, Step::Deploy, done, total).await {
            Ok(()) => orchestrator.0.bus.publish(News::Deployment(id)),
            Err(error) => tracing::debug!(deployment.id = %id, %error, "progress was not written down"),
        }
    }
}
