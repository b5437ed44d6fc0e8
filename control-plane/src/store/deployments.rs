//! Deployments and their steps. Every change of status is one [`Move`], applied by
//! [`Tx::move_deployment`]; the database refuses any other.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::{Store, Tx};
use crate::audit;
use crate::clock::Timestamp;
use crate::deployments::build_settings::BuildSettings;
use crate::deployments::status::{Status, Step, StepState};
use crate::ids::{ArtifactId, DeploymentId, SandboxId, TargetId, UserId};
use crate::observe::{metrics, telemetry};
use crate::once::RequestKey;
use crate::providers::WaitingOn;

/// What a provider still has to say of a deployment that has ended is taken for this long.
const WEBHOOK_OUTLIVES: Duration = Duration::from_secs(60 * 60);

/// One deployment attempt.
#[derive(Debug, Clone, FromRow)]
pub struct Deployment {
    /// Identifies it, and its job in the sandbox.
    pub id: DeploymentId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it is built.
    pub sandbox_id: SandboxId,
    /// Where it goes.
    pub target_id: TargetId,
    /// Id of the target's provider.
    pub provider: String,
    /// `production`, `preview` or `staging`.
    pub environment: String,
    /// Where it stands.
    pub status: Status,
    /// A sentence about that.
    pub status_message: Option<String>,
    /// Who must do something at the provider before it goes on.
    pub waiting_on: Option<Json<WaitingOn>>,
    /// Where it is live.
    pub deployment_url: Option<String>,
    /// Where it can be looked at, when that is another place.
    pub preview_url: Option<String>,
    /// Why it failed, in one sentence.
    pub error_message: Option<String>,
    /// The plan, the artifact, what the provider said.
    pub metadata: Json<serde_json::Map<String, serde_json::Value>>,
    /// What was asked for.
    pub request: Json<DeploymentRequest>,
    /// The request's `env`, sealed.
    pub sealed_build_env: Option<Vec<u8>>,
    /// Which version of the target's variables it was made with.
    pub env_version: Option<i64>,
    /// Whether to stop before the irreversible step.
    pub dry_run: bool,
    /// What is (to be) published.
    pub artifact_id: Option<ArtifactId>,
    /// The agent's last event that was applied.
    pub last_event_seq: i64,
    /// Bytes of the agent's log that are stored.
    pub log_bytes: i64,
    /// Lines of the log that are stored.
    pub log_lines: i64,
    /// Bytes the agent's log has in all, once it is closed.
    pub log_announced_bytes: Option<i64>,
    /// Bytes and lines that were printed and, because the log was full, not kept.
    pub log_dropped_bytes: i64,
    /// Lines of these.
    pub log_dropped_lines: i64,
    /// Whether the finished log is, byte for byte, what the agent announced; `None` until it is finished.
    pub log_is_complete: Option<bool>,
    /// BLAKE3 digest of the agent's part of the finished log, as stored.
    pub log_blake3: Option<Vec<u8>>,
    /// W3C trace context of the request for it, when that was traced.
    pub traceparent: Option<String>,
    /// When the log was removed because of its age.
    pub log_removed_at: Option<Timestamp>,
    /// When somebody asked to cancel.
    pub cancel_requested_at: Option<Timestamp>,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// The part of a deploy request that travels to the agent or the provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DeploymentRequest {
    /// How it is built, as asked for.
    #[serde(flatten)]
    pub build: BuildSettings,
    /// How the target builds, as it was when the deployment was asked for; weaker than `build`.
    #[serde(default)]
    pub target_build: BuildSettings,
    /// For providers that know branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// For providers that know commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
}

/// A deployment about to be stored.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Identifies it.
    pub id: DeploymentId,
    /// Who owns it.
    pub user_id: UserId,
    /// Where it is built.
    pub sandbox_id: SandboxId,
    /// Where it goes.
    pub target_id: TargetId,
    /// Id of the target's provider.
    pub provider: String,
    /// `production`, `preview` or `staging`.
    pub environment: String,
    /// What was asked for.
    pub request: DeploymentRequest,
    /// The request's `env`, sealed.
    pub sealed_build_env: Option<Vec<u8>>,
    /// Which version of the target's variables it is made with.
    pub env_version: Option<i64>,
    /// Whether to stop before the irreversible step.
    pub dry_run: bool,
    /// Set for a redeploy: nothing is built.
    pub artifact_id: Option<ArtifactId>,
    /// What is known from the start.
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

/// One step of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StepRow {
    /// Which.
    pub step: Step,
    /// How far.
    pub state: StepState,
    /// When it began.
    #[serde(deserialize_with = "stored_time")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(deserialize_with = "stored_time")]
    pub completed_at: Option<Timestamp>,
    /// Done so far, in the step's unit (bytes for `upload`).
    pub progress_done: Option<i64>,
    /// All there is to do, when known.
    pub progress_total: Option<i64>,
    /// Number of the first line of the log that was written since it began, once there is one.
    pub first_line: Option<i64>,
}

/// As it stands in the database: JSON that is answered has another form.
fn stored_time<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<i64>::deserialize(value)?.map(Timestamp::from_micros))
}

/// What an agent says its whole log amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedLog {
    /// Text and line ends.
    pub bytes: i64,
    /// Whole lines.
    pub lines: i64,
    /// BLAKE3 digest of text and line ends.
    pub blake3: Vec<u8>,
    /// Printed, and not kept.
    pub dropped_bytes: i64,
    /// Lines of these.
    pub dropped_lines: i64,
}

/// A change of status with what belongs to it.
#[derive(Debug, Clone)]
pub enum Move {
    /// The agent has begun.
    Build,
    /// The agent has begun to upload.
    Upload,
    /// The artifact is committed; the provider is next.
    Deploy {
        /// What is published.
        artifact: ArtifactId,
    },
    /// Live, or at the end of a dry run.
    Succeed {
        /// Where, unless it was a dry run.
        url: Option<String>,
        /// Where this very release is, when that is another place.
        preview_url: Option<String>,
        /// A sentence about it.
        message: Option<String>,
    },
    /// Ended with an error.
    Fail {
        /// The cause and the way out.
        message: String,
    },
    /// Ended on request.
    Cancel,
}

impl Move {
    fn status(&self) -> Status {
        match self {
            Self::Build => Status::Building,
            Self::Upload => Status::Uploading,
            Self::Deploy { .. } => Status::Deploying,
            Self::Succeed { .. } => Status::Success,
            Self::Fail { .. } => Status::Failed,
            Self::Cancel => Status::Cancelled,
        }
    }
}

/// Every column of [`Deployment`], and what follows.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, sandbox_id, target_id, provider, environment, status, status_message, waiting_on, deployment_url,
                preview_url, error_message, metadata, request, sealed_build_env, env_version, dry_run, artifact_id, last_event_seq,
                log_bytes, log_lines, log_announced_bytes, log_dropped_bytes, log_dropped_lines,
                (SELECT is_complete FROM finished_logs WHERE deployment_id = deployments.id) AS log_is_complete,
                (SELECT agent_blake3 FROM finished_logs WHERE deployment_id = deployments.id) AS log_blake3,
                log_removed_at, traceparent, cancel_requested_at, started_at, completed_at, created_at
             FROM deployments ",
            $rest
        )
    };
}

pub(super) const SELECT: &str = select!("");
const BY_ID: &str = select!("WHERE id = $1");
const UNFINISHED: &str = select!("WHERE status IN ('pending', 'building', 'uploading', 'deploying') ORDER BY id");
const UNFINISHED_OF_SANDBOX: &str = select!(
    "WHERE sandbox_id = $1 AND status IN ('pending', 'building', 'uploading') AND artifact_id IS NULL ORDER BY id"
);
const WITH_AGENT_WORK: &str = "
    SELECT DISTINCT sandbox_id FROM deployments
    WHERE artifact_id IS NULL
      AND (status = 'pending' OR (status IN ('building', 'uploading') AND cancel_requested_at IS NOT NULL))";
const INSERT: &str = "
    INSERT INTO deployments (id, user_id, sandbox_id, target_id, provider, environment, request, sealed_build_env,
        dry_run, artifact_id, metadata, created_at, env_version, request_key, traceparent, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const OF_REQUEST: &str = "SELECT id FROM deployments WHERE request_key = $1";
const INSERT_STEP: &str = "INSERT INTO deployment_steps (deployment_id, step, state) VALUES ($1, $2, $3)";
const MOVE: &str = "
    UPDATE deployments SET
        status = $2, status_message = $3, waiting_on = NULL, preview_url = COALESCE($10, preview_url),
        artifact_id = COALESCE($4, artifact_id), deployment_url = COALESCE($5, deployment_url),
        error_message = COALESCE($6, error_message),
        started_at = COALESCE(started_at, $7), completed_at = $8,
        sealed_build_env = CASE WHEN $8 IS NULL THEN sealed_build_env END
    WHERE id = $1 AND status = $9";
const ALARMED: &str = "
    SELECT id FROM deployments
    WHERE sandbox_id = $1 AND status = 'failed' AND completed_at > $2 AND json_extract(metadata, '$.alarm') IS NOT NULL";
const STEPS_OF: &str = "
    SELECT deployment_id, json_group_array(json_object(
        'step', step, 'state', state, 'started_at', started_at, 'completed_at', completed_at,
        'progress_done', progress_done, 'progress_total', progress_total, 'first_line', first_line))
    FROM deployment_steps WHERE deployment_id IN (";
const SET_STEP: &str = "
    UPDATE deployment_steps SET
        state = $3,
        started_at = COALESCE(started_at, CASE WHEN $3 <> 'skipped' THEN $4 END),
        completed_at = CASE WHEN $3 IN ('done', 'failed', 'cancelled') THEN $4 END
    WHERE deployment_id = $1 AND step = $2 AND state IN ('pending', 'running')
    RETURNING started_at";
const SET_AGENT_START: &str = "
    UPDATE deployment_steps SET agent_started_at = COALESCE(agent_started_at, $3) WHERE deployment_id = $1 AND step = $2";
const CLOSE_RUNNING_STEPS: &str = "
    UPDATE deployment_steps SET state = $2, completed_at = $3 WHERE deployment_id = $1 AND state = 'running'";
const SKIP_PENDING_STEPS: &str =
    "UPDATE deployment_steps SET state = 'skipped' WHERE deployment_id = $1 AND state = 'pending'";
const SET_PROGRESS: &str = "
    UPDATE deployment_steps SET progress_done = $3, progress_total = $4 WHERE deployment_id = $1 AND step = $2";
const SET_EVENT_SEQ: &str = "UPDATE deployments SET last_event_seq = $2 WHERE id = $1";
const SET_METADATA: &str = "UPDATE deployments SET metadata = $2 WHERE id = $1";
const SET_LOG_ANNOUNCED: &str = "
    UPDATE deployments SET log_announced_bytes = $2, log_announced_lines = $3, log_announced_blake3 = $4,
        log_dropped_bytes = $5, log_dropped_lines = $6
    WHERE id = $1";
const SET_STATUS_MESSAGE: &str = "
    UPDATE deployments SET status_message = $2
    WHERE id = $1 AND status_message IS NOT $2 AND status NOT IN ('success', 'failed', 'cancelled')";
const SET_WAITING_ON: &str = "
    UPDATE deployments SET waiting_on = $2
    WHERE id = $1 AND waiting_on IS NOT $2 AND status NOT IN ('success', 'failed', 'cancelled')";
const REQUEST_CANCEL: &str = "
    UPDATE deployments SET cancel_requested_at = COALESCE(cancel_requested_at, $2), status_message = 'Cancelling'
    WHERE id = $1";
const DELETE: &str = "DELETE FROM deployments WHERE id = $1";

impl Store {
    /// The deployment, whoever owns it: the caller compares `user_id` or `sandbox_id`.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Option<Deployment>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// Every deployment that has not ended, oldest first.
    pub async fn unfinished_deployments(&self) -> Result<Vec<Deployment>, sqlx::Error> {
        sqlx::query_as(UNFINISHED).fetch_all(&self.pool).await
    }

    /// What this sandbox's agent is or should be at work on, oldest first.
    pub async fn agent_work(&self, sandbox: SandboxId) -> Result<Vec<Deployment>, sqlx::Error> {
        sqlx::query_as(UNFINISHED_OF_SANDBOX).bind(sandbox).fetch_all(&self.pool).await
    }

    /// The sandboxes whose agents have something to be told: a build that waits, or a cancellation.
    pub async fn sandboxes_with_agent_work(&self) -> Result<Vec<SandboxId>, sqlx::Error> {
        sqlx::query_scalar(WITH_AGENT_WORK).fetch_all(&self.pool).await
    }

    /// The sandbox's deployments that an alarm ended after `since`.
    pub async fn alarmed(&self, sandbox: SandboxId, since: Timestamp) -> Result<Vec<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(ALARMED).bind(sandbox).bind(since).fetch_all(&self.pool).await
    }

    /// The steps of a deployment, in the order in which they run.
    pub async fn steps(&self, id: DeploymentId) -> Result<Vec<StepRow>, sqlx::Error> {
        Ok(self.steps_of(&[id]).await?.remove(&id).unwrap_or_default())
    }

    /// The steps of several deployments, in the order in which they run. A row for each deployment: what
    /// a list costs is mostly its rows.
    pub async fn steps_of(&self, ids: &[DeploymentId]) -> Result<HashMap<DeploymentId, Vec<StepRow>>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new(STEPS_OF);
        let mut places = query.separated(", ");
        for id in ids {
            places.push_bind(*id);
        }
        query.push(") GROUP BY deployment_id");
        let rows: Vec<(DeploymentId, Json<Vec<StepRow>>)> = query.build_query_as().fetch_all(&self.pool).await?;
        let sorted = |(id, Json(mut steps)): (DeploymentId, Json<Vec<StepRow>>)| {
            steps.sort_by_key(|row| row.step as u8);
            (id, steps)
        };
        Ok(rows.into_iter().map(sorted).collect())
    }

    /// Notes how far a step is.
    pub async fn set_progress(&self, id: DeploymentId, step: Step, done: u64, total: u64) -> Result<(), sqlx::Error> {
        self.write(
            sqlx::query(SET_PROGRESS)
                .bind(id)
                .bind(step)
                .bind(i64::try_from(done).unwrap_or(i64::MAX))
                .bind(i64::try_from(total).unwrap_or(i64::MAX)),
        )
        .await
        .map(drop)
    }
}

impl Tx {
    /// The deployment that this request has made before, if it has.
    pub async fn deployment_of_request(&mut self, key: RequestKey) -> Result<Option<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(OF_REQUEST).bind(key.as_bytes()).fetch_optional(&mut *self.0).await
    }

    /// Stores a new deployment with its steps, and the key of the request that makes it.
    pub async fn insert_deployment(&mut self, new: &NewDeployment, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.user_id)
            .bind(new.sandbox_id)
            .bind(new.target_id)
            .bind(&new.provider)
            .bind(&new.environment)
            .bind(Json(&new.request))
            .bind(&new.sealed_build_env)
            .bind(new.dry_run)
            .bind(new.artifact_id)
            .bind(Json(&new.metadata))
            .bind(now)
            .bind(new.env_version)
            .bind(RequestKey::current().map(|key| key.as_bytes().to_vec()))
            .bind(telemetry::traceparent())
            .bind(audit::acting_user())
            .execute(&mut *self.0)
            .await?;
        for step in Step::ALL {
            let is_built = new.artifact_id.is_some() && step != Step::Deploy;
            let state = if is_built { StepState::Skipped } else { StepState::Pending };
            sqlx::query(INSERT_STEP).bind(new.id).bind(step).bind(state).execute(&mut *self.0).await?;
        }
        self.insert_lease(new.id).await
    }

    /// The deployment as this transaction sees it.
    pub async fn deployment(&mut self, id: DeploymentId) -> Result<Option<Deployment>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&mut *self.0).await
    }

    /// Moves a deployment on and closes its steps when it ends. `false` when it has moved
    /// elsewhere meanwhile or the move is not in the table: then nothing is changed.
    pub async fn move_deployment(
        &mut self,
        deployment: &Deployment,
        change: Move,
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let status = change.status();
        if !deployment.status.may_become(status) {
            return Ok(false);
        }
        let (mut artifact, mut live_url, mut preview, mut error, mut status_message) = (None, None, None, None, None);
        match change {
            Move::Build | Move::Upload | Move::Cancel => {}
            Move::Deploy { artifact: id } => artifact = Some(id),
            Move::Succeed { url, preview_url, message } => {
                (live_url, preview, status_message) = (url, preview_url, message);
            }
            Move::Fail { message } => error = Some(message),
        }
        let completed_at = status.is_final().then_some(now);
        let moved = sqlx::query(MOVE)
            .bind(deployment.id)
            .bind(status)
            .bind(status_message)
            .bind(artifact)
            .bind(live_url)
            .bind(error)
            .bind(now)
            .bind(completed_at)
            .bind(deployment.status)
            .bind(preview)
            .execute(&mut *self.0)
            .await?
            .rows_affected()
            == 1;
        if moved && deployment.started_at.is_none() {
            metrics().deployment_began(now.since(deployment.created_at));
        }
        if moved && status.is_final() {
            metrics().deployment_ended(&deployment.provider, status, now.since(deployment.created_at));
            let state = match status {
                Status::Failed => StepState::Failed,
                Status::Cancelled => StepState::Cancelled,
                _ => StepState::Done,
            };
            sqlx::query(CLOSE_RUNNING_STEPS).bind(deployment.id).bind(state).bind(now).execute(&mut *self.0).await?;
            sqlx::query(SKIP_PENDING_STEPS).bind(deployment.id).execute(&mut *self.0).await?;
            self.expire_webhook_of(deployment.id, now.plus(WEBHOOK_OUTLIVES)).await?;
        }
        Ok(moved)
    }

    /// Moves a step on; one that has ended stays as it is.
    pub async fn set_step(
        &mut self,
        id: DeploymentId,
        step: Step,
        state: StepState,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let set = sqlx::query_scalar(SET_STEP).bind(id).bind(step).bind(state).bind(now);
        let began: Option<Option<Timestamp>> = set.fetch_optional(&mut *self.0).await?;
        if let (Some(Some(began)), StepState::Done | StepState::Failed) = (began, state) {
            metrics().step_ended(step, now.since(began));
        }
        Ok(())
    }

    /// Remembers when a step began by the clock of the agent.
    pub async fn set_agent_start(&mut self, id: DeploymentId, step: Step, at: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(SET_AGENT_START).bind(id).bind(step).bind(at).execute(&mut *self.0).await.map(drop)
    }

    /// Remembers the last event that was applied.
    pub async fn set_event_seq(&mut self, id: DeploymentId, seq: i64) -> Result<(), sqlx::Error> {
        sqlx::query(SET_EVENT_SEQ).bind(id).bind(seq).execute(&mut *self.0).await.map(drop)
    }

    /// Adds one entry to what is known about a deployment.
    pub async fn add_metadata(
        &mut self,
        deployment: &mut Deployment,
        key: &str,
        value: serde_json::Value,
    ) -> Result<(), sqlx::Error> {
        deployment.metadata.0.insert(key.to_owned(), value);
        sqlx::query(SET_METADATA).bind(deployment.id).bind(&deployment.metadata).execute(&mut *self.0).await.map(drop)
    }

    /// Remembers what the agent's log must amount to.
    pub async fn set_log_announced(&mut self, id: DeploymentId, log: &AnnouncedLog) -> Result<(), sqlx::Error> {
        sqlx::query(SET_LOG_ANNOUNCED)
            .bind(id)
            .bind(log.bytes)
            .bind(log.lines)
            .bind(&log.blake3)
            .bind(log.dropped_bytes)
            .bind(log.dropped_lines)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Says what an unfinished deployment is about; `false` when it says so already.
    pub async fn set_status_message(&mut self, id: DeploymentId, message: Option<&str>) -> Result<bool, sqlx::Error> {
        let set = sqlx::query(SET_STATUS_MESSAGE).bind(id).bind(message).execute(&mut *self.0).await?;
        Ok(set.rows_affected() == 1)
    }

    /// Says for whom an unfinished deployment waits at its provider; `false` when it says so already.
    pub async fn set_waiting_on(
        &mut self,
        id: DeploymentId,
        waiting_on: Option<&WaitingOn>,
    ) -> Result<bool, sqlx::Error> {
        let set = sqlx::query(SET_WAITING_ON).bind(id).bind(waiting_on.map(Json)).execute(&mut *self.0).await?;
        Ok(set.rows_affected() == 1)
    }

    /// Notes that somebody wants it to end.
    pub async fn request_cancel(&mut self, id: DeploymentId, now: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(REQUEST_CANCEL).bind(id).bind(now).execute(&mut *self.0).await.map(drop)
    }

    /// Removes a deployment with its log.
    pub async fn delete_deployment(&mut self, id: DeploymentId) -> Result<(), sqlx::Error> {
        sqlx::query(DELETE).bind(id).execute(&mut *self.0).await.map(drop)
    }
}

/// A user, a sandbox, a target and a deployment in `pending`, for tests of any module.
#[cfg(test)]
pub(crate) async fn stored_deployment(store: &Store) -> DeploymentId {
    let now = Timestamp::from_micros(1_000_000);
    let mut tx = store.begin().await.expect("begins");
    let user = tx.user_named("ada", now).await.expect("user").id;
    let sandbox_id = tx
        .insert_sandbox(user, "shop", std::collections::BTreeMap::new(), now)
        .await
        .expect("inserts")
        .expect("new name")
        .id;
    let target = crate::store::Target {
        id: TargetId::new(),
        user_id: user,
        provider: "local".to_owned(),
        name: "local".to_owned(),
        credentials_id: None,
        config: Json(serde_json::json!({})),
        is_default: true,
        created_at: now,
        updated_at: now,
    };
    tx.insert_target(&target).await.expect("target");
    let new = NewDeployment {
        id: DeploymentId::new(),
        user_id: user,
        sandbox_id,
        target_id: target.id,
        provider: target.provider,
        environment: "production".to_owned(),
        request: DeploymentRequest::default(),
        sealed_build_env: None,
        env_version: None,
        dry_run: false,
        artifact_id: None,
        metadata: serde_json::Map::new(),
    };
    tx.insert_deployment(&new, now).await.expect("deployment");
    tx.commit().await.expect("commits");
    new.id
}

/// The same with an artifact, in `deploying`.
#[cfg(test)]
pub(crate) async fn deploying(store: &Store) -> DeploymentId {
    let now = Timestamp::from_micros(1_000_000);
    let id = stored_deployment(store).await;
    let mut tx = store.begin().await.expect("begins");
    let user_id = tx.deployment(id).await.expect("reads").expect("exists").user_id;
    let artifact =
        crate::store::Artifact { id: ArtifactId::new(), user_id, root: vec![0; 32], files: 1, size_bytes: 1 };
    tx.insert_artifact(&artifact, now).await.expect("stores");
    for change in [Move::Build, Move::Upload, Move::Deploy { artifact: artifact.id }] {
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        assert!(tx.move_deployment(&deployment, change, now).await.expect("moves"));
    }
    tx.commit().await.expect("commits");
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[tokio::test]
    async fn the_database_and_the_code_allow_the_same_moves() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        for from in Status::ALL {
            for to in Status::ALL.into_iter().filter(|to| *to != from) {
                // A status is set past the trigger here, as no code can.
                sqlx::query("DROP TRIGGER IF EXISTS deployments_move").execute(&store.pool).await.expect("drops");
                sqlx::query("UPDATE deployments SET status = $1").bind(from).execute(&store.pool).await.expect("sets");
                let migration = include_str!("../../../migrations/sqlite/0001_initial.sql");
                let trigger = &migration[migration.find("CREATE TRIGGER").expect("has a trigger")..];
                let trigger = &trigger[..trigger.find("END;").expect("ends") + 4];
                sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&store.pool).await.expect("creates");

                let moved = sqlx::query("UPDATE deployments SET status = $1 WHERE id = $2")
                    .bind(to)
                    .bind(id)
                    .execute(&store.pool)
                    .await;
                assert_eq!(moved.is_ok(), from.may_become(to), "{from:?} → {to:?}");
            }
        }
    }

    #[tokio::test]
    async fn the_end_closes_the_steps_and_forgets_the_variables() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let key =
            "INSERT INTO encryption_keys (id, sealed_key, is_current, created_at) VALUES (x'00000000', x'', 0, 0)";
        sqlx::query(key).execute(&store.pool).await.expect("inserts");
        let seal = "UPDATE deployments SET sealed_build_env = x'0100000000'";
        sqlx::query(seal).execute(&store.pool).await.expect("sets");
        let mut tx = store.begin().await.expect("begins");
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        assert!(tx.move_deployment(&deployment, Move::Build, NOW).await.expect("moves"));
        assert!(!tx.move_deployment(&deployment, Move::Build, NOW).await.expect("is stale"));
        tx.set_step(id, Step::Prepare, StepState::Running, NOW).await.expect("sets");
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        let failure = Move::Fail { message: "no".to_owned() };
        assert!(tx.move_deployment(&deployment, failure, NOW).await.expect("moves"));
        tx.commit().await.expect("commits");

        let deployment = store.deployment(id).await.expect("reads").expect("exists");
        assert_eq!(deployment.status, Status::Failed);
        assert_eq!(deployment.sealed_build_env, None);
        assert_eq!(deployment.completed_at, Some(NOW));
        let states: Vec<_> = store.steps(id).await.expect("reads").into_iter().map(|row| row.state).collect();
        assert_eq!(states[0], StepState::Failed);
        assert!(states[1..].iter().all(|state| *state == StepState::Skipped));
    }

    #[tokio::test]
    async fn steps_of_a_list_are_those_of_each() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let mut tx = store.begin().await.expect("begins");
        tx.set_step(id, Step::Install, StepState::Running, NOW).await.expect("sets");
        tx.commit().await.expect("commits");
        store.set_progress(id, Step::Install, 3, 9).await.expect("sets");
        let steps = store.steps_of(&[id, DeploymentId::new()]).await.expect("reads");
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[&id], store.steps(id).await.expect("reads"));
        assert_eq!((steps[&id][1].started_at, steps[&id][1].progress_done), (Some(NOW), Some(3)));
        assert_eq!((steps[&id][1].completed_at, steps[&id][1].progress_total), (None, Some(9)));
        let found: Vec<_> = steps[&id].iter().map(|row| (row.step, row.state)).collect();
        let state = |step| if step == Step::Install { StepState::Running } else { StepState::Pending };
        assert_eq!(found, Step::ALL.map(|step| (step, state(step))));
        assert!(store.steps_of(&[]).await.expect("reads").is_empty());
    }
}
