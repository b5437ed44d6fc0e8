//! Sandboxes: who they belong to and whether they may connect.

use std::collections::BTreeMap;

use sqlx::FromRow;
use sqlx::types::Json;

use super::{Store, Tx, is_duplicate};
use crate::clock::Timestamp;
use crate::ids::{DeploymentId, SandboxId, UserId};

/// Whether a sandbox's agent may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SandboxState {
    /// It may.
    Active,
    /// Its identity turned up twice; a person must decide.
    Quarantined,
    /// Never again.
    Revoked,
}

/// A place where users' projects live; untrusted.
#[derive(Debug, Clone, FromRow)]
pub struct Sandbox {
    /// Identifies it; part of its agent's certificate.
    pub id: SandboxId,
    /// Who owns it.
    pub user_id: UserId,
    /// Unique per user.
    pub name: String,
    /// For the platform's own use.
    pub labels: Json<BTreeMap<String, String>>,
    /// Whether its agent may connect.
    pub state: SandboxState,
    /// As the agent said last.
    pub agent_version: Option<String>,
    /// When a session last began or ended.
    pub last_seen_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, name, labels, state, agent_version, last_seen_at, created_at FROM sandboxes ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const PAGE: &str = select!("WHERE user_id = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3");
const BY_NAME: &str = select!("WHERE user_id = $1 AND name = $2");
const INSERT: &str = "INSERT INTO sandboxes (id, user_id, name, labels, created_at) VALUES ($1, $2, $3, $4, $5)";
const UPDATE: &str = "UPDATE sandboxes SET name = $2, labels = $3 WHERE id = $1";
const SET_STATE: &str = "UPDATE sandboxes SET state = $2 WHERE id = $1";
const DELETE: &str = "DELETE FROM sandboxes WHERE id = $1";
const BEGIN_SESSION: &str = "
    UPDATE sandboxes SET session_epoch = session_epoch + 1, agent_version = $2, last_seen_at = $3
    WHERE id = $1 RETURNING session_epoch";
const CUT_OFF: &str = "
    SELECT d.id, s.state FROM deployments d JOIN sandboxes s ON s.id = d.sandbox_id
    WHERE s.state <> 'active' AND (d.status IN ('building', 'uploading')
       OR d.status = 'pending' AND d.artifact_id IS NULL AND s.state = 'revoked')";
const IS_CURRENT_SESSION: &str = "SELECT EXISTS (SELECT 1 FROM sandboxes WHERE id = $1 AND session_epoch = $2)";
const END_SESSION: &str = "UPDATE sandboxes SET last_seen_at = $3 WHERE id = $1 AND session_epoch = $2";

impl Store {
    /// The sandbox, whoever owns it: the caller compares `user_id`.
    pub async fn sandbox(&self, id: SandboxId) -> Result<Option<Sandbox>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// The user's sandbox of this name.
    pub async fn sandbox_named(&self, user: UserId, name: &str) -> Result<Option<Sandbox>, sqlx::Error> {
        sqlx::query_as(BY_NAME).bind(user).bind(name).fetch_optional(&self.pool).await
    }

    /// The sandboxes of these accounts after `cursor`, oldest first. One query for each account,
    /// because each is a short walk along an index; one for all would sort everything they own.
    pub async fn sandboxes(
        &self,
        owners: &[UserId],
        cursor: Option<SandboxId>,
        limit: i64,
    ) -> Result<Vec<Sandbox>, sqlx::Error> {
        let mut rows: Vec<Sandbox> = Vec::new();
        for owner in owners {
            rows.extend(
                sqlx::query_as::<_, Sandbox>(PAGE).bind(owner).bind(cursor).bind(limit).fetch_all(&self.pool).await?,
            );
        }
        rows.sort_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(rows)
    }

    /// Counts a new session of the sandbox's agent and returns its epoch.
    pub async fn begin_session(
        &self,
        id: SandboxId,
        agent_version: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, sqlx::Error> {
        let mut tx = self.begin().await?;
        let begin = sqlx::query_scalar(BEGIN_SESSION).bind(id).bind(agent_version).bind(now);
        let epoch = begin.fetch_optional(&mut *tx.0).await?;
        tx.commit().await?;
        Ok(epoch)
    }

    /// Deployments that need an agent which may not connect any more, and why.
    pub async fn deployments_cut_off(&self) -> Result<Vec<(DeploymentId, SandboxState)>, sqlx::Error> {
        sqlx::query_as(CUT_OFF).fetch_all(&self.pool).await
    }

    /// Remembers when the session `epoch` ended, unless another has begun.
    pub async fn end_session(&self, id: SandboxId, epoch: i64, now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(END_SESSION).bind(id).bind(epoch).bind(now)).await.map(drop)
    }
}

impl Tx {
    /// Whether this is the sandbox's latest session: writes of an earlier one must not happen.
    pub async fn is_current_session(&mut self, id: SandboxId, epoch: i64) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(IS_CURRENT_SESSION).bind(id).bind(epoch).fetch_one(&mut *self.0).await
    }

    /// The sandbox as this transaction sees it.
    pub async fn sandbox(&mut self, id: SandboxId) -> Result<Option<Sandbox>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&mut *self.0).await
    }

    /// Makes a sandbox; `None` when the user has one of this name.
    pub async fn insert_sandbox(
        &mut self,
        user: UserId,
        name: &str,
        labels: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<Option<Sandbox>, sqlx::Error> {
        let sandbox = Sandbox {
            id: SandboxId::new(),
            user_id: user,
            name: name.to_owned(),
            labels: Json(labels),
            state: SandboxState::Active,
            agent_version: None,
            last_seen_at: None,
            created_at: now,
        };
        let inserted = sqlx::query(INSERT)
            .bind(sandbox.id)
            .bind(user)
            .bind(name)
            .bind(&sandbox.labels)
            .bind(now)
            .execute(&mut *self.0)
            .await;
        match inserted {
            Ok(_) => Ok(Some(sandbox)),
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes name and labels; `false` when the user has another sandbox of this name.
    pub async fn update_sandbox(&mut self, sandbox: &Sandbox) -> Result<bool, sqlx::Error> {
        let updated =
            sqlx::query(UPDATE).bind(sandbox.id).bind(&sandbox.name).bind(&sandbox.labels).execute(&mut *self.0).await;
        match updated {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Changes whether the sandbox's agent may connect.
    pub async fn set_sandbox_state(&mut self, id: SandboxId, state: SandboxState) -> Result<(), sqlx::Error> {
        sqlx::query(SET_STATE).bind(id).bind(state).execute(&mut *self.0).await.map(drop)
    }

    /// Removes the sandbox with its history.
    pub async fn delete_sandbox(&mut self, id: SandboxId) -> Result<(), sqlx::Error> {
        sqlx::query(DELETE).bind(id).execute(&mut *self.0).await.map(drop)
    }
}
