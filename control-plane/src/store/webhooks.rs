//! Hooks by which providers tell that something has happened, and the deliveries that were taken.

use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::{DeploymentId, TargetId, UserId, WebhookId};
use crate::providers::webhooks::Scheme;

/// Deliveries that one sweep forgets at most; a sweep comes every few seconds.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// A hook.
#[derive(Debug, Clone, FromRow)]
pub struct Webhook {
    /// Identifies it, in its address too.
    pub id: WebhookId,
    /// Whether we enter it at the provider. Noted before we do, so it may be there without an `external_id`.
    pub is_entered: bool,
    /// What the provider calls it, where we have entered it ourselves.
    pub external_id: Option<String>,
    /// Who owns what it is about.
    pub user_id: UserId,
    /// Which provider may use it.
    pub provider: String,
    /// The target it is about, or
    pub target_id: Option<TargetId>,
    /// the deployment.
    pub deployment_id: Option<DeploymentId>,
    /// How deliveries are proven.
    pub scheme: Scheme,
    /// With what, sealed.
    pub sealed_secret: Vec<u8>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a delivery was last taken.
    pub last_delivery_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, user_id, provider, target_id, deployment_id, is_entered, external_id, scheme, sealed_secret,
                expires_at, created_at, last_delivery_at
             FROM deployment_webhooks ",
            $rest
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const OF_TARGET: &str = select!("WHERE target_id = $1");
const OF_DEPLOYMENT: &str = select!("WHERE deployment_id = $1");
const INSERT: &str = "
    INSERT INTO deployment_webhooks (id, user_id, provider, target_id, deployment_id, scheme, sealed_secret, expires_at,
        created_at, is_entered)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const REGISTERED: &str = "UPDATE deployment_webhooks SET external_id = $2, sealed_secret = $3 WHERE id = $1";
const DELETE_OF_TARGET: &str = "DELETE FROM deployment_webhooks WHERE target_id = $1";
const EXPIRE_OF_DEPLOYMENT: &str = "
    UPDATE deployment_webhooks SET expires_at = $2 WHERE deployment_id = $1 AND expires_at IS NULL";
// Also of hooks that are being replaced meanwhile: then there is nothing to write.
const TAKE: &str = "
    INSERT INTO webhook_deliveries (webhook_id, digest, received_at)
    SELECT id, $2, $3 FROM deployment_webhooks WHERE id = $1
    ON CONFLICT DO NOTHING";
const DELIVERED: &str = "UPDATE deployment_webhooks SET last_delivery_at = $2 WHERE id = $1";
const BEING_PUBLISHED: &str = "SELECT id FROM deployments WHERE target_id = $1 AND status = 'deploying' LIMIT 100";
const FORGET_EXPIRED: &str = "DELETE FROM deployment_webhooks WHERE expires_at <= $1";
const FORGET_DELIVERIES: &str = "
    DELETE FROM webhook_deliveries WHERE (webhook_id, digest) IN (
        SELECT webhook_id, digest FROM webhook_deliveries WHERE received_at < $1 LIMIT $2)";

impl Store {
    /// The hook, whatever its state.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, sqlx::Error> {
        sqlx::query_as(BY_ID).bind(id).fetch_optional(&self.pool).await
    }

    /// The hook of a target.
    pub async fn webhook_of_target(&self, id: TargetId) -> Result<Option<Webhook>, sqlx::Error> {
        sqlx::query_as(OF_TARGET).bind(id).fetch_optional(&self.pool).await
    }

    /// The hook of a deployment.
    pub async fn webhook_of_deployment(&self, id: DeploymentId) -> Result<Option<Webhook>, sqlx::Error> {
        sqlx::query_as(OF_DEPLOYMENT).bind(id).fetch_optional(&self.pool).await
    }

    /// What is being published to a target.
    pub async fn being_published(&self, target: TargetId) -> Result<Vec<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(BEING_PUBLISHED).bind(target).fetch_all(&self.pool).await
    }

    /// Forgets hooks that have ended, and deliveries from before `delivered_before`.
    pub async fn forget_webhooks(&self, now: Timestamp, delivered_before: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET_EXPIRED).bind(now)).await?;
        self.write(sqlx::query(FORGET_DELIVERIES).bind(delivered_before).bind(FORGOTTEN_AT_ONCE)).await.map(drop)
    }
}

impl Tx {
    /// Stores a new hook.
    pub async fn insert_webhook(&mut self, hook: &Webhook) -> Result<(), sqlx::Error> {
        sqlx::query(INSERT)
            .bind(hook.id)
            .bind(hook.user_id)
            .bind(&hook.provider)
            .bind(hook.target_id)
            .bind(hook.deployment_id)
            .bind(hook.scheme)
            .bind(&hook.sealed_secret)
            .bind(hook.expires_at)
            .bind(hook.created_at)
            .bind(hook.is_entered)
            .execute(&mut *self.0)
            .await
            .map(drop)
    }

    /// Notes that the provider has taken a hook, and with what it proves deliveries.
    pub async fn note_registered_webhook(
        &mut self,
        id: WebhookId,
        external_id: &str,
        sealed_secret: &[u8],
    ) -> Result<(), sqlx::Error> {
        sqlx::query(REGISTERED).bind(id).bind(external_id).bind(sealed_secret).execute(&mut *self.0).await.map(drop)
    }

    /// Removes the hook of a target, if it has one.
    pub async fn delete_webhook_of_target(&mut self, target: TargetId) -> Result<(), sqlx::Error> {
        sqlx::query(DELETE_OF_TARGET).bind(target).execute(&mut *self.0).await.map(drop)
    }

    /// Lets the hook of a deployment end at `at`.
    pub(super) async fn expire_webhook_of(&mut self, id: DeploymentId, at: Timestamp) -> Result<(), sqlx::Error> {
        sqlx::query(EXPIRE_OF_DEPLOYMENT).bind(id).bind(at).execute(&mut *self.0).await.map(drop)
    }

    /// Notes a delivery; `false` when it was taken before.
    pub async fn take_delivery(
        &mut self,
        hook: WebhookId,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let taken = sqlx::query(TAKE).bind(hook).bind(&digest[..]).bind(now).execute(&mut *self.0).await?;
        sqlx::query(DELIVERED).bind(hook).bind(now).execute(&mut *self.0).await?;
        Ok(taken.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{Record, vault_over};
    use crate::store::{Move, deploying, in_memory};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);
    const HOUR: std::time::Duration = std::time::Duration::from_secs(60 * 60);

    #[tokio::test]
    async fn the_hook_of_a_deployment_ends_an_hour_after_it_and_deliveries_count_once() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let id = deploying(&store).await;
        let deployment = store.deployment(id).await.expect("reads").expect("exists");
        let (hook, owner) = (WebhookId::new(), deployment.user_id);
        let record = Record::of("deployment_webhooks", hook.as_bytes(), owner.as_bytes());
        let sealed_secret = vault.seal(record, b"secret").await.expect("seals");
        let row = Webhook {
            id: hook,
            is_entered: false,
            external_id: None,
            user_id: owner,
            provider: "rehearsal".to_owned(),
            target_id: None,
            deployment_id: Some(id),
            scheme: Scheme::Signature,
            sealed_secret,
            expires_at: None,
            created_at: NOW,
            last_delivery_at: None,
        };
        let mut tx = store.begin().await.expect("begins");
        tx.insert_webhook(&row).await.expect("inserts");
        assert!(tx.take_delivery(hook, &[1; 32], NOW).await.expect("takes"));
        assert!(!tx.take_delivery(hook, &[1; 32], NOW).await.expect("answers"), "it was taken before");
        assert!(tx.take_delivery(hook, &[2; 32], NOW).await.expect("takes"));
        tx.move_deployment(&deployment, Move::Cancel, NOW).await.expect("moves");
        tx.commit().await.expect("commits");

        let found = store.webhook(hook).await.expect("reads").expect("is there until then");
        assert_eq!((found.expires_at, found.last_delivery_at), (Some(NOW.plus(HOUR)), Some(NOW)));
        store.forget_webhooks(NOW.plus(HOUR).minus(std::time::Duration::from_secs(1)), NOW).await.expect("forgets");
        assert!(store.webhook(hook).await.expect("reads").is_some());
        store.forget_webhooks(NOW.plus(HOUR), NOW).await.expect("forgets");
        assert!(store.webhook(hook).await.expect("reads").is_none());
    }
}
