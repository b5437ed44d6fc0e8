//! Applying what an agent reports. Events are numbered per job; each is applied once, in order, in
//! one transaction with its number. Nothing an agent says can move a deployment past `uploading`.

use serde_json::json;
use slipway_proto::git::is_name;
use slipway_proto::limits;
use slipway_proto::plan::BuildPlan;
use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::{JobEvent, JobFailed, JobPosition, LogClosed, Step as WireStep};

use super::{AgentSession, Orchestrator};
use crate::bus::News;
use crate::clock::Timestamp;
use crate::deployments::status::{Status, Step, StepState};
use crate::error::{Error, ErrorCode};
use crate::ids::{DeploymentId, SandboxId};
use crate::logs::finish::LATE_LOG;
use crate::secrets::{OwnerSecrets, SeenSecret};
use crate::store::{AnnouncedLog, Deployment, Move, Tx};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// Acknowledge everything up to this number.
    Applied(u64),
    /// A number was skipped; the session must start again.
    Gap {
        /// The number that should have come.
        expected: u64,
    },
    /// Another session of the sandbox has begun; this one may write nothing more.
    Superseded,
}

impl Orchestrator {
    /// Applies one event of a sandbox's agent.
    ///
    /// # Errors
    /// `Forbidden` for a job of another sandbox, or of none: the two look alike.
    pub async fn apply_event(&self, session: AgentSession, mut event: JobEvent) -> Result<EventOutcome, Error> {
        let sandbox = session.sandbox;
        let id = parse_job_id(&event.job_id)?;
        let seen = self.hide_secrets(sandbox, id, &mut event).await?;
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let deployment = tx.deployment(id).await?.filter(|deployment| deployment.sandbox_id == sandbox);
        let mut deployment = deployment.ok_or_else(foreign_job)?;
        if !tx.is_current_session(sandbox, session.epoch).await? {
            return Ok(EventOutcome::Superseded);
        }
        let last = u64::try_from(deployment.last_event_seq).unwrap_or(0);
        if event.seq <= last {
            return Ok(EventOutcome::Applied(last));
        }
        if event.seq != last + 1 {
            return Ok(EventOutcome::Gap { expected: last + 1 });
        }
        if event.seq > limits::JOB_EVENTS {
            return Err(Error::new(ErrorCode::RateLimited, "a job may report 10,000 events"));
        }
        tx.set_event_seq(id, i64::try_from(event.seq).map_err(anyhow::Error::from)?).await?;
        // Once the artifact is ours, or after the end, an event is counted and changes nothing,
        // except that the log may close.
        let is_open = deployment.status == Status::Pending || deployment.status.is_with_agent();
        match event.kind {
            Some(Kind::LogClosed(closed)) => {
                tx.set_log_announced(id, &announced(&closed)?).await?;
            }
            _ if is_open && !seen.is_empty() => self.raise_alarm(&mut tx, &mut deployment, &seen).await?,
            Some(kind) if is_open => {
                if matches!(kind, Kind::Accepted(_)) {
                    self.attach(&mut tx, id, now).await?;
                }
                let claimed = Timestamp::from_millis(event.at_unix_ms);
                apply(&mut tx, &mut deployment, kind, claimed, now).await?;
                self.report_end(&mut tx, &deployment).await?;
            }
            _ => {}
        }
        tx.commit().await?;
        self.0.bus.publish(News::Deployment(id));
        if let Some(after) = self.0.store.deployment(id).await?
            && after.status.is_final()
            && is_open
        {
            tracing::info!(deployment.id = %id, status = after.status.as_str(), "deployment ended");
            self.ended(&after);
        }
        Ok(EventOutcome::Applied(event.seq))
    }

    /// Hides credentials in what an event says, and answers which there were.
    async fn hide_secrets(
        &self,
        sandbox: SandboxId,
        id: DeploymentId,
        event: &mut JobEvent,
    ) -> anyhow::Result<Vec<SeenSecret>> {
        let is_text = matches!(event.kind, Some(Kind::Failed(_) | Kind::PlanDetected(_)));
        let secrets = if is_text {
            self.secrets_of_owners(&self.owners_of_job(sandbox, id).await?).await?
        } else {
            OwnerSecrets::default()
        };
        if secrets.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match &mut event.kind {
            Some(Kind::Failed(failed)) => {
                let seen = secrets.seen(&secrets.find(failed.message.as_bytes()));
                failed.message = secrets.mask_text(&failed.message);
                seen
            }
            // A plan in which one is found is not stored at all.
            Some(Kind::PlanDetected(detected)) => secrets.seen(&secrets.find(&detected.plan_json)),
            _ => Vec::new(),
        })
    }

    /// Where we stand in the jobs an agent says it holds. Jobs we want nothing more of are left out.
    pub async fn positions(&self, sandbox: SandboxId, held: &[JobPosition]) -> anyhow::Result<Vec<JobPosition>> {
        let now = self.0.clock.now();
        let mut positions = Vec::new();
        for job in held {
            let Ok(id) = parse_job_id(&job.job_id) else { continue };
            let Some(deployment) = self.0.store.deployment(id).await? else { continue };
            if deployment.sandbox_id != sandbox || !wants_more(&deployment, now) {
                continue;
            }
            positions.push(JobPosition {
                job_id: job.job_id.clone(),
                last_event_seq: u64::try_from(deployment.last_event_seq)?,
                log_offset: u64::try_from(deployment.log_bytes)?,
            });
        }
        Ok(positions)
    }

    /// Fails what we believed this agent was building and it no longer knows: it was restarted, and
    /// builds do not survive that.
    pub async fn fail_forgotten(&self, sandbox: SandboxId, held: &[JobPosition]) -> anyhow::Result<()> {
        for deployment in self.0.store.agent_work(sandbox).await? {
            let id = deployment.id.to_string();
            if deployment.status.is_with_agent() && !held.iter().any(|job| job.job_id == id) {
                if deployment.cancel_requested_at.is_some() {
                    self.end_cancelled(deployment.id, "the agent in the sandbox was restarted meanwhile").await?;
                    continue;
                }
                let message = "the agent in the sandbox stopped during the build and was restarted; nothing was published. Deploy again";
                self.fail(deployment.id, message.to_owned()).await?;
            }
        }
        Ok(())
    }

    /// Ends a cancelled deployment whose agent has not said that its processes are gone.
    pub(super) async fn end_cancelled(&self, id: DeploymentId, remark: &str) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await?;
        let Some(mut deployment) = tx.deployment(id).await? else { return Ok(()) };
        if tx.move_deployment(&deployment, Move::Cancel, now).await? {
            tx.add_metadata(&mut deployment, "cancel_unconfirmed", true.into()).await?;
            tx.append_system_line(id, &format!("Cancelled; {remark}"), now).await?;
            tx.commit().await?;
            self.ended(&deployment);
        }
        Ok(())
    }
}

/// What an agent says of its log, as we keep it.
fn announced(closed: &LogClosed) -> Result<AnnouncedLog, Error> {
    let number = |value: u64| i64::try_from(value).map_err(|_| Error::invalid("a log cannot be that long"));
    if closed.blake3.len() != blake3::OUT_LEN {
        return Err(Error::invalid("the digest of a log has 32 bytes"));
    }
    Ok(AnnouncedLog {
        bytes: number(closed.bytes)?,
        lines: number(closed.lines)?,
        blake3: closed.blake3.clone(),
        dropped_bytes: number(closed.dropped_bytes)?,
        dropped_lines: number(closed.dropped_lines)?,
    })
}

/// A job of somebody else and a job that never was get the same answer.
pub fn foreign_job() -> Error {
    Error::new(ErrorCode::Forbidden, "this job is not one of this sandbox")
}

/// A job's id is its deployment's.
pub fn parse_job_id(job_id: &str) -> Result<DeploymentId, Error> {
    job_id.parse().map_err(|_| foreign_job())
}

fn wants_more(deployment: &Deployment, now: Timestamp) -> bool {
    match deployment.completed_at {
        None => deployment.status.is_with_agent() || !has_whole_log(deployment),
        Some(ended) => {
            deployment.log_announced_bytes.is_some() && !has_whole_log(deployment) && now.since(ended) < LATE_LOG
        }
    }
}

fn has_whole_log(deployment: &Deployment) -> bool {
    deployment.log_announced_bytes.is_some_and(|announced| announced <= deployment.log_bytes)
}

/// `claimed` is when it happened by the clock of the agent.
async fn apply(
    tx: &mut Tx,
    deployment: &mut Deployment,
    kind: Kind,
    claimed: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let id = deployment.id;
    match kind {
        Kind::Accepted(_) => {
            tx.move_deployment(deployment, Move::Build, now).await?;
        }
        Kind::StepStarted(started) => {
            let step = step(started.step())?;
            if step == Step::Upload && deployment.status == Status::Building {
                tx.move_deployment(deployment, Move::Upload, now).await?;
            }
            tx.set_step(id, step, StepState::Running, now).await?;
            tx.set_agent_start(id, step, claimed).await?;
        }
        Kind::StepFinished(finished) => {
            let state = if finished.skipped { StepState::Skipped } else { StepState::Done };
            tx.set_step(id, step(finished.step())?, state, now).await?;
        }
        Kind::PlanDetected(detected) => {
            let plan = parse_plan(&detected.plan_json)?;
            tx.add_metadata(deployment, "plan", serde_json::to_value(plan).map_err(anyhow::Error::from)?).await?;
        }
        Kind::SourceFound(source) => {
            if !is_name(&source.tree) || !(source.commit.is_empty() || is_name(&source.commit)) {
                return Err(Error::invalid("git names nothing like that"));
            }
            let commit = Some(source.commit).filter(|commit| !commit.is_empty());
            tx.add_metadata(deployment, "source", json!({ "tree": source.tree, "commit": commit })).await?;
        }
        Kind::Failed(failed) => {
            if let Some(exit_code) = failed.exit_code {
                tx.add_metadata(deployment, "exit_code", exit_code.into()).await?;
            }
            let code = failed.code().as_str_name().trim_start_matches("FAILURE_CODE_").to_ascii_lowercase();
            tx.add_metadata(deployment, "failure_code", code.into()).await?;
            fail(tx, deployment, &failed, now).await?;
        }
        Kind::Cancelled(cancelled) => {
            tx.add_metadata(deployment, "surviving_processes", cancelled.survivors.into()).await?;
            tx.move_deployment(deployment, Move::Cancel, now).await?;
        }
        // The artifact service has seen the commit itself; `LogClosed` is handled before.
        Kind::ArtifactCommitted(_) | Kind::LogClosed(_) => {}
    }
    Ok(())
}

async fn fail(tx: &mut Tx, deployment: &Deployment, failed: &JobFailed, now: Timestamp) -> Result<(), Error> {
    // A build that was killed because somebody cancelled is a cancelled one.
    if deployment.cancel_requested_at.is_some() {
        tx.move_deployment(deployment, Move::Cancel, now).await?;
        return Ok(());
    }
    if let Ok(step) = step(failed.step()) {
        tx.set_step(deployment.id, step, StepState::Failed, now).await?;
    }
    let message = clean_text(&failed.message);
    let message = if message.is_empty() { "the build failed without saying why".to_owned() } else { message };
    tx.move_deployment(deployment, Move::Fail { message }, now).await?;
    Ok(())
}

fn step(step: WireStep) -> Result<Step, Error> {
    match step {
        WireStep::Prepare => Ok(Step::Prepare),
        WireStep::Install => Ok(Step::Install),
        WireStep::Build => Ok(Step::Build),
        WireStep::Package => Ok(Step::Package),
        WireStep::Upload => Ok(Step::Upload),
        WireStep::Unspecified => Err(Error::invalid("the step is not known to this version")),
    }
}

/// Reads a plan an agent sent: bounded, and only the fields we know.
pub fn parse_plan(json: &[u8]) -> Result<BuildPlan, Error> {
    if json.len() > limits::PLAN_BYTES {
        return Err(Error::invalid("the build plan is too large"));
    }
    serde_json::from_slice(json).map_err(|_| Error::invalid("the build plan cannot be read"))
}

/// Text from a sandbox as one bounded line without control characters.
pub fn clean_text(text: &str) -> String {
    let mut cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cleaned.len() > limits::EVENT_TEXT_BYTES {
        let end = (0..=limits::EVENT_TEXT_BYTES).rev().find(|&end| cleaned.is_char_boundary(end)).unwrap_or(0);
        cleaned.truncate(end);
        cleaned.push('…');
    }
    cleaned.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use slipway_proto::v1::{JobAccepted, JobCancelled};

    use super::super::orchestrator_over;
    use super::*;
    use crate::clock::Clock;
    use crate::deployments::orchestrator::DeployRequest;
    use crate::ids::{ArtifactId, TargetId};
    use crate::secrets::CredentialSecret;
    use crate::store::{AuditFilter, AuditScope, DeploymentRequest, Store, Target, in_memory, stored_deployment};
    use crate::variables::BuildVariables;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    async fn orchestrator(store: &Store) -> Orchestrator {
        orchestrator_over(store, &Clock::manual(NOW)).await
    }

    /// As it is before any agent has connected.
    fn first_session(sandbox: SandboxId) -> AgentSession {
        AgentSession { sandbox, epoch: 0 }
    }

    fn event(id: DeploymentId, seq: u64, kind: Kind) -> JobEvent {
        JobEvent { job_id: id.to_string(), seq, at_unix_ms: 0, kind: Some(kind) }
    }

    #[tokio::test]
    async fn events_are_applied_once_in_order_and_only_for_their_own_sandbox() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let sandbox = store.deployment(id).await.expect("reads").expect("exists").sandbox_id;
        let orchestrator = orchestrator(&store).await;
        let accepted = || Kind::Accepted(JobAccepted {});
        let apply = |seq, kind| orchestrator.apply_event(first_session(sandbox), event(id, seq, kind));

        assert_eq!(apply(2, accepted()).await.expect("answers"), EventOutcome::Gap { expected: 1 });
        assert_eq!(apply(1, accepted()).await.expect("answers"), EventOutcome::Applied(1));
        assert_eq!(store.deployment(id).await.expect("reads").expect("exists").status, Status::Building);
        let failed = || Kind::Failed(JobFailed { message: "no".to_owned(), ..JobFailed::default() });
        assert_eq!(apply(1, failed()).await.expect("answers"), EventOutcome::Applied(1), "known already");
        assert_eq!(store.deployment(id).await.expect("reads").expect("exists").status, Status::Building);

        let foreign = orchestrator.apply_event(first_session(SandboxId::new()), event(id, 2, failed())).await;
        assert_eq!(foreign.expect_err("is refused").code(), ErrorCode::Forbidden);
    }

    #[tokio::test]
    async fn nothing_an_agent_says_ends_a_deployment_that_is_being_published() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let mut tx = store.begin().await.expect("begins");
        for change in [Move::Build, Move::Upload] {
            let deployment = tx.deployment(id).await.expect("reads").expect("exists");
            assert!(tx.move_deployment(&deployment, change, NOW).await.expect("moves"));
        }
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        let artifact = crate::store::Artifact {
            id: ArtifactId::new(),
            user_id: deployment.user_id,
            root: vec![0; 32],
            files: 1,
            size_bytes: 1,
        };
        tx.insert_artifact(&artifact, NOW).await.expect("stores");
        assert!(tx.move_deployment(&deployment, Move::Deploy { artifact: artifact.id }, NOW).await.expect("moves"));
        tx.commit().await.expect("commits");

        let orchestrator = orchestrator(&store).await;
        let failed = Kind::Failed(JobFailed { message: "late".to_owned(), ..JobFailed::default() });
        for (seq, kind) in [(1, failed), (2, Kind::Cancelled(JobCancelled::default()))] {
            orchestrator
                .apply_event(first_session(deployment.sandbox_id), event(id, seq, kind))
                .await
                .expect("is counted");
        }
        let after = store.deployment(id).await.expect("reads").expect("exists");
        assert_eq!((after.status, after.last_event_seq), (Status::Deploying, 2));
    }

    #[tokio::test]
    async fn a_credential_of_the_targets_team_raises_the_alarm_too() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let orchestrator = orchestrator(&store).await;
        let mut tx = store.begin().await.expect("begins");
        let team = tx.insert_team("shop", None, NOW).await.expect("team").id;
        let own = tx.deployment(id).await.expect("reads").expect("exists");
        let target = Target {
            id: TargetId::new(),
            user_id: team.into(),
            provider: own.provider.clone(),
            name: "ours".to_owned(),
            credentials_id: None,
            config: sqlx::types::Json(serde_json::json!({})),
            is_default: false,
            created_at: NOW,
            updated_at: NOW,
        };
        tx.insert_target(&target).await.expect("target");
        tx.commit().await.expect("commits");
        for (owner, token) in [(own.user_id, "canary-of-ada-0123"), (team.into(), "canary-of-the-team-0123")] {
            let secret = CredentialSecret { username: None, token: token.to_owned().into(), refresh_token: None };
            let row = orchestrator.0.vault.credential_row(owner, "npm", token, &secret, NOW).await.expect("seals");
            let mut tx = store.begin().await.expect("begins");
            assert!(tx.insert_credential(&row).await.expect("stores"));
            tx.commit().await.expect("commits");
        }

        let sandbox = store.sandbox(own.sandbox_id).await.expect("reads").expect("exists");
        let request = || DeployRequest {
            environment: "production".to_owned(),
            settings: DeploymentRequest::default(),
            build_env: BuildVariables::default(),
            dry_run: false,
            rebuild_of: None,
        };
        let own_target = store.target(own.target_id).await.expect("reads").expect("exists");
        for (target, named) in [(&target, 2), (&own_target, 1)] {
            let id = orchestrator.deploy(&sandbox, target, request()).await.expect("deploys");
            let message = "canary-of-ada-0123 canary-of-the-team-0123".to_owned();
            let failed = Kind::Failed(JobFailed { message, ..JobFailed::default() });
            orchestrator.apply_event(first_session(sandbox.id), event(id, 1, failed)).await.expect("is applied");
            let after = store.deployment(id).await.expect("reads").expect("exists");
            assert_eq!(after.status, Status::Failed);
            assert_eq!(after.metadata["alarm"]["credentials"].as_array().map(Vec::len), Some(named));
            // Both owners find it in their audit log.
            let filter = AuditFilter { limit: 9, subject: Some(*id.as_uuid()), ..AuditFilter::of(AuditScope::All) };
            let rows = store.audit(&filter).await.expect("reads");
            let told: BTreeSet<_> = rows.iter().filter_map(|row| row.account_id).collect();
            assert_eq!(told, BTreeSet::from([own.user_id, target.user_id]));
            assert!(rows.iter().all(|row| row.action == "secret.seen_in_sandbox"));
        }
    }

    #[test]
    fn text_from_a_sandbox_is_one_bounded_line() {
        assert_eq!(clean_text(" a\nb\u{1b}[31m "), "a b [31m");
        let long = clean_text(&"ä".repeat(10_000));
        assert!(long.len() <= limits::EVENT_TEXT_BYTES + '…'.len_utf8());
    }
}
