//! The orchestrator: the one place that moves deployments.
//!
//! A deployment is moved by three parties: a person (deploy, redeploy, cancel, delete), the agent's
//! numbered events, and the control plane itself (publish, deadlines). Each of them ends in
//! `Tx::move_deployment`. What the agent should be doing is never queued: it is derived from the
//! table each time ([`Orchestrator::work_for`]), so a lost message or a restart loses nothing.

mod again;
mod alarm;
mod attached;
mod commit_reports;
mod cut_off;
mod events;
mod git_export;
mod held;
mod publication;
mod publish;
mod quota;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::v1::{BuildEnv, BuildJob, BuildOverrides, CancelJob};
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

use super::status::Status;
use crate::accounts::ConnectedAccounts;
use crate::audit::Audit;
use crate::bus::{Bus, News};
use crate::clock::Clock;
use crate::config::Limits;
use crate::error::{Error, ErrorCode};
use crate::ids::{ArtifactId, DeploymentId, InstanceId, SandboxId};
use crate::logs::Logs;
use crate::observe::telemetry;
use crate::once::RequestKey;
use crate::providers::{ProviderError, Providers, Reached};
use crate::secrets::{CredentialSecret, KnownSecrets, Record, Vault};
use crate::store::{
    Deployment, DeploymentRequest, Move, NewDeployment, Operation, Sandbox, SandboxState, Store, Target, Tx,
};
use crate::variables::{BuildVariables, Scope, Variables};
use crate::webhooks::Webhooks;

use held::HeldLeases;

pub use attached::AgentSession;
pub use events::{EventOutcome, clean_text, foreign_job, parse_job_id, parse_plan};

const TABLE: &str = "deployments";
/// How long the bulk connection waits for the session to catch up, and how often it looks.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(10);
const CATCH_UP_POLL: Duration = Duration::from_millis(250);
/// Deployments of one sandbox that may wait at the same time.
const MAX_UNFINISHED: usize = 20;

/// Moves deployments.
#[derive(Clone)]
pub struct Orchestrator(Arc<Inner>);

struct Inner {
    store: Store,
    providers: Providers,
    accounts: ConnectedAccounts,
    vault: Vault,
    webhooks: Webhooks,
    logs: Logs,
    secrets: KnownSecrets,
    audit: Audit,
    bus: Bus,
    clock: Clock,
    limits: Limits,
    started_at: crate::clock::Timestamp,
    /// Holder of the leases of this life.
    instance: InstanceId,
    leases: HeldLeases,
    /// Room for releases under way.
    publishing: Arc<Semaphore>,
    /// Something may be ready to be published.
    ready_to_publish: Notify,
    tasks: TaskTracker,
}

/// A request to deploy, checked for its form.
pub struct DeployRequest {
    /// `production`, `preview` or `staging`.
    pub environment: String,
    /// What travels to the agent or the provider.
    pub settings: DeploymentRequest,
    /// Variables for this build, which go before the target's: the only values that enter the sandbox.
    pub build_env: BuildVariables,
    /// Whether to stop before the irreversible step.
    pub dry_run: bool,
    /// The deployment whose request this repeats.
    pub rebuild_of: Option<DeploymentId>,
}

/// What a sandbox's agent should do now.
pub enum Work {
    /// Build this.
    Build(Box<BuildJob>),
    /// Stop this.
    Cancel(CancelJob),
    /// Stop this and forget it, with what is left of its log.
    Drop(DeploymentId),
}

impl Orchestrator {
    /// An orchestrator over the store; call [`run`](Self::run) to start it.
    pub fn new(
        accounts: ConnectedAccounts,
        webhooks: Webhooks,
        logs: Logs,
        audit: Audit,
        bus: Bus,
        clock: Clock,
        limits: Limits,
    ) -> Self {
        let (vault, providers) = (accounts.vault().clone(), accounts.providers().clone());
        let (store, started_at) = (vault.store().clone(), clock.now());
        let secrets = KnownSecrets::new(vault.clone());
        Self(Arc::new(Inner {
            store,
            providers,
            accounts,
            vault,
            webhooks,
            logs,
            secrets,
            audit,
            bus,
            clock,
            limits,
            started_at,
            instance: InstanceId::new(),
            leases: HeldLeases::default(),
            publishing: Arc::new(Semaphore::new(publish::PUBLISHING)),
            ready_to_publish: Notify::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Stores a new deployment and lets the agent know.
    ///
    /// # Errors
    /// `Conflict` when the sandbox may not connect or has too many deployments waiting, `QuotaExceeded` when
    /// its owner has.
    pub async fn deploy(
        &self,
        sandbox: &Sandbox,
        target: &Target,
        request: DeployRequest,
    ) -> Result<DeploymentId, Error> {
        self.check_room(sandbox).await?;
        let id = DeploymentId::new();
        let variables = Variables::of(&self.0.vault, target.id).await?;
        let mut build = BuildVariables(variables.for_deployment(Scope::Build, &request.environment));
        build.0.extend(request.build_env.0);
        build.check().map_err(Error::invalid)?;
        let sealed_build_env = if build.0.is_empty() {
            None
        } else {
            let record = Record::of(TABLE, id.as_bytes(), sandbox.user_id.as_bytes());
            let plain = build.to_json().map_err(anyhow::Error::from)?;
            Some(self.0.vault.seal(record, &plain).await?)
        };
        let rebuild_of = request.rebuild_of.map(|former| ("rebuild_of".to_owned(), former.to_string().into()));
        let id = self
            .insert(NewDeployment {
                id,
                user_id: sandbox.user_id,
                sandbox_id: sandbox.id,
                target_id: target.id,
                provider: target.provider.clone(),
                environment: request.environment,
                request: request.settings,
                sealed_build_env,
                env_version: Some(variables.version),
                dry_run: request.dry_run,
                artifact_id: None,
                metadata: rebuild_of.into_iter().collect(),
            })
            .await?;
        self.0.bus.publish(News::Sandbox(sandbox.id));
        Ok(id)
    }

    async fn check_room(&self, sandbox: &Sandbox) -> Result<(), Error> {
        if sandbox.state != SandboxState::Active {
            return Err(Error::conflict("this sandbox is revoked or quarantined and cannot deploy"));
        }
        if self.0.store.agent_work(sandbox.id).await?.len() >= MAX_UNFINISHED {
            return Err(Error::conflict(format!(
                "{MAX_UNFINISHED} deployments of this sandbox are waiting or running; cancel some of them first"
            )));
        }
        Ok(())
    }

    /// Stores a deployment, unless this very request has made one before: then it answers that one.
    async fn insert(&self, new: NewDeployment) -> Result<DeploymentId, Error> {
        let mut tx = self.0.store.begin().await?;
        if let Some(made) = made_before(&mut tx).await? {
            return Ok(made);
        }
        self.insert_in(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(new.id)
    }

    /// The same as part of a transaction, for a request that has made none before.
    async fn insert_in(&self, tx: &mut Tx, new: &NewDeployment) -> Result<(), Error> {
        let now = self.0.clock.now();
        if let Some(artifact) = new.artifact_id
            && !tx.has_artifact(artifact).await?
        {
            return Err(Error::conflict("the artifact was removed at this moment (`retention`); build it again"));
        }
        quota::take_deployment(tx, &self.0.limits, new.user_id, now).await?;
        tx.insert_deployment(new, now).await?;
        Ok(())
    }

    /// Ends a deployment on request: at once while it waits, through the agent while it is built, through the
    /// provider while it is published. A provider may say that it is too late; then the deployment ends
    /// as a success that says so.
    ///
    /// # Errors
    /// `Conflict` when it has ended.
    pub async fn cancel(&self, id: DeploymentId) -> Result<(), Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let deployment = tx.deployment(id).await?.ok_or_else(|| Error::not_found("deployment"))?;
        match deployment.status {
            Status::Pending => {
                tx.move_deployment(&deployment, Move::Cancel, now).await?;
            }
            Status::Building | Status::Uploading | Status::Deploying => {
                if deployment.cancel_requested_at.is_none() {
                    tx.append_system_line(id, "Cancelling on request", now).await?;
                }
                tx.request_cancel(id, now).await?;
                tx.hasten_lease(id, now).await?;
            }
            Status::Cancelled => return Ok(()),
            Status::Success | Status::Failed => {
                return Err(Error::conflict(format!("this deployment has ended ({})", deployment.status.as_str())));
            }
        }
        tx.commit().await?;
        self.0.bus.publish(News::Deployment(id));
        self.0.bus.publish(News::Sandbox(deployment.sandbox_id));
        self.0.ready_to_publish.notify_one();
        Ok(())
    }

    /// Removes an ended deployment, its log, and what the provider serves of it here.
    ///
    /// # Errors
    /// `Conflict` while it is under way.
    pub async fn delete(&self, deployment: &Deployment) -> Result<(), Error> {
        if !deployment.status.is_final() {
            return Err(Error::conflict("this deployment is under way; cancel it first"));
        }
        if let Some(provider) = self.0.providers.get(&deployment.provider) {
            provider.forget(deployment.id).await;
        }
        let mut tx = self.0.store.begin().await?;
        tx.delete_deployment(deployment.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes at the provider what an ended deployment has made there; nothing there is as good.
    ///
    /// # Errors
    /// `Conflict` while it is under way, or when its provider deletes nothing; the provider's own refusal, as for what
    /// everybody sees at present.
    pub async fn remove_at_provider(&self, deployment: &Deployment) -> Result<(), Error> {
        if !deployment.status.is_final() {
            return Err(Error::conflict("this deployment is under way; cancel it first"));
        }
        let provider = self.0.providers.get(&deployment.provider);
        let Some(remover) = provider.and_then(|provider| provider.remover()) else {
            let message = format!("`{}` deletes nothing there; leave out `at_provider`", deployment.provider);
            return Err(Error::conflict(message));
        };
        let made = self.0.store.last_provider_ref(deployment.id, Operation::Deploy).await?;
        let target = self.0.store.target(deployment.target_id).await?;
        let (Some(made), Some(target)) = (made, target) else { return Ok(()) };
        Ok(remover.remove(self.reach(&target).await?.destination(), &made).await?)
    }

    /// What the sandbox's agent should be doing: one build at a time, and every cancellation.
    pub async fn work_for(&self, sandbox: SandboxId) -> anyhow::Result<Vec<Work>> {
        let unfinished = self.0.store.agent_work(sandbox).await?;
        let mut work: Vec<Work> = unfinished
            .iter()
            .filter(|deployment| deployment.status.is_with_agent() && deployment.cancel_requested_at.is_some())
            .map(|deployment| {
                let grace_ms = u32::try_from(limits::CANCEL_GRACE.as_millis()).unwrap_or(u32::MAX);
                Work::Cancel(CancelJob { job_id: deployment.id.to_string(), grace_ms })
            })
            .collect();
        let is_busy = unfinished.iter().any(|deployment| deployment.status.is_with_agent());
        if let Some(next) = unfinished.first().filter(|_| !is_busy) {
            work.push(Work::Build(Box::new(self.build_job(next).await?)));
        }
        work.extend(self.to_be_dropped(sandbox).await?.into_iter().map(Work::Drop));
        Ok(work)
    }

    async fn build_job(&self, deployment: &Deployment) -> anyhow::Result<BuildJob> {
        let request = &deployment.request.0;
        let env = match &deployment.sealed_build_env {
            None => BuildEnv::default(),
            Some(sealed) => {
                let record = Record::of(TABLE, deployment.id.as_bytes(), deployment.user_id.as_bytes());
                BuildVariables::message(&self.0.vault.open(record, sealed).await?)?
            }
        };
        Ok(BuildJob {
            job_id: deployment.id.to_string(),
            overrides: Some(BuildOverrides::from(&request.build)),
            target: Some(BuildOverrides::from(&request.target_build)),
            env: Some(env),
            timeout_seconds: u32::try_from(limits::JOB_TIMEOUT.as_secs()).unwrap_or(u32::MAX),
            traceparent: deployment.traceparent.clone().unwrap_or_default(),
            artifact: self.artifact_kind(&deployment.provider).into(),
            wants_source: self.0.store.has_pushed(deployment.sandbox_id, &self.git_hosts()).await?,
        })
    }

    /// What authenticates at the provider for this target; `None` when it has no account, or none any more.
    ///
    /// # Errors
    /// `Rejected` when the account has to be connected again, and what the provider says when it is renewed.
    pub async fn credential_of(&self, target: Option<&Target>) -> Result<Option<CredentialSecret>, ProviderError> {
        match target.and_then(|target| target.credentials_id) {
            Some(id) => self.0.accounts.fresh(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A target's place at its provider.
    ///
    /// # Errors
    /// As of [`credential_of`](Self::credential_of).
    pub async fn reach(&self, target: &Target) -> Result<Reached, ProviderError> {
        Ok(Reached { config: target.provider_config(), credential: self.credential_of(Some(target)).await? })
    }

    /// Ends a deployment with an error, whatever it is doing.
    async fn fail(&self, id: DeploymentId, message: String) -> anyhow::Result<()> {
        let mut tx = self.0.store.begin().await?;
        let Some(deployment) = tx.deployment(id).await? else { return Ok(()) };
        if self.fail_in(&mut tx, &deployment, &message).await? {
            tx.commit().await?;
            self.ended(&deployment);
        }
        Ok(())
    }

    /// The same as part of a transaction; call [`ended`](Self::ended) when that is committed.
    async fn fail_in(&self, tx: &mut Tx, deployment: &Deployment, message: &str) -> anyhow::Result<bool> {
        let now = self.0.clock.now();
        let moved = tx.move_deployment(deployment, Move::Fail { message: message.to_owned() }, now).await?;
        if moved {
            self.report_end(tx, deployment).await?;
            tx.append_system_line(deployment.id, message, now).await?;
            tracing::info!(deployment.id = %deployment.id, "deployment failed: {message}");
        }
        Ok(moved)
    }

    /// Tells everybody that a deployment has ended, or may have.
    fn ended(&self, deployment: &Deployment) {
        self.0.leases.forget(deployment.id);
        if let Some(traceparent) = deployment.traceparent.clone() {
            let (this, id) = (self.clone(), deployment.id);
            self.0.tasks.spawn(async move { this.trace(id, &traceparent).await });
        }
        self.0.bus.publish(News::Deployment(deployment.id));
        self.0.bus.publish(News::Sandbox(deployment.sandbox_id));
    }

    /// Makes spans of an ended deployment and its steps, with the times that are stored: also when several lives of
    /// this program had a part in it.
    async fn trace(&self, id: DeploymentId, traceparent: &str) {
        let (Ok(Some(deployment)), Ok(steps)) = (self.0.store.deployment(id).await, self.0.store.steps(id).await)
        else {
            return; // a trace is not worth more
        };
        let ended_at = deployment.completed_at.unwrap_or_else(|| self.0.clock.now());
        let whole = telemetry::Past {
            name: "deployment",
            began: deployment.created_at,
            ended: ended_at,
            attributes: vec![
                ("deployment.id", id.to_string()),
                ("deployment.provider", deployment.provider.clone()),
                ("deployment.status", deployment.status.as_str().to_owned()),
            ],
        };
        let steps = steps.into_iter().filter_map(|row| {
            Some(telemetry::Past {
                name: row.step.as_str(),
                began: row.started_at?,
                ended: row.completed_at.unwrap_or(ended_at),
                attributes: Vec::new(),
            })
        });
        telemetry::record_past(traceparent, &whole, steps);
    }

    /// Waits until the agent's events up to `seq` are applied, so that its bulk connection does not
    /// overtake its session. The deployment as it is then; `None` when it is not this sandbox's.
    ///
    /// # Errors
    /// `Unavailable` when the events do not come, because the session is away: the agent tries again.
    pub async fn after_event(
        &self,
        sandbox: SandboxId,
        id: DeploymentId,
        seq: u64,
    ) -> Result<Option<Deployment>, Error> {
        let mut listener = self.0.bus.listen(News::Deployment(id));
        let caught_up = async {
            loop {
                let deployment = self.0.store.deployment(id).await?.filter(|found| found.sandbox_id == sandbox);
                match deployment {
                    Some(found) if u64::try_from(found.last_event_seq)? < seq && !found.status.is_final() => {
                        let _ = tokio::time::timeout(CATCH_UP_POLL, listener.changed()).await;
                    }
                    settled => return anyhow::Ok(settled),
                }
            }
        };
        let behind = |_| {
            let message = "the agent's session has not brought what this request builds on; send it again";
            Error::new(ErrorCode::Unavailable, message)
        };
        Ok(tokio::time::timeout(CATCH_UP_LIMIT, caught_up).await.map_err(behind)??)
    }

    /// Moves a deployment on once its artifact is committed. Called by the artifact service with
    /// what it stored itself; an agent's word is not enough.
    pub async fn artifact_committed(&self, id: DeploymentId, artifact: ArtifactId) -> anyhow::Result<bool> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let Some(mut deployment) = tx.deployment(id).await? else { return Ok(false) };
        if deployment.status != Status::Uploading || deployment.cancel_requested_at.is_some() {
            return Ok(false);
        }
        if let Some(stored) = self.0.store.artifact(artifact).await? {
            let summary = serde_json::json!({
                "root": data_encoding::HEXLOWER.encode(&stored.root),
                "files": stored.files,
                "size_bytes": stored.size_bytes,
            });
            tx.add_metadata(&mut deployment, "artifact", summary).await?;
        }
        tx.set_step(id, super::status::Step::Upload, super::status::StepState::Done, now).await?;
        let moved = tx.move_deployment(&deployment, Move::Deploy { artifact }, now).await?;
        // From here on any instance may go on.
        let held = self.0.leases.of(id);
        tx.free_lease(id, now).await?;
        tx.commit().await?;
        // Not one by which it may be published by now.
        if let Some(held) = held {
            self.0.leases.let_go(held);
        }
        if moved {
            self.0.bus.publish(News::Deployment(id));
            self.0.ready_to_publish.notify_one();
        }
        Ok(moved)
    }
}

/// The deployment that this very request has made before, if it is sent again.
async fn made_before(tx: &mut Tx) -> Result<Option<DeploymentId>, sqlx::Error> {
    match RequestKey::current() {
        Some(key) => tx.deployment_of_request(key).await,
        None => Ok(None),
    }
}

/// One without providers, for tests of its parts.
#[cfg(test)]
async fn orchestrator_over(store: &Store, clock: &Clock) -> Orchestrator {
    let vault = crate::secrets::vault_over(store).await;
    let objects = Arc::new(object_store::memory::InMemory::new());
    let logs = Logs::new(store.clone(), objects, clock.clone());
    let audit = Audit::new(store.clone(), clock.clone(), None);
    let base_url = "http://127.0.0.1:7070/".parse().expect("a URL");
    let (providers, base_url): (_, url::Url) = (Providers::new([]), base_url);
    let webhooks = Webhooks::new(vault.clone(), providers.clone(), clock.clone(), base_url.clone());
    let accounts = ConnectedAccounts::new(vault, providers, clock.clone(), base_url);
    Orchestrator::new(accounts, webhooks, logs, audit, Bus::new(), clock.clone(), Limits::default())
}
