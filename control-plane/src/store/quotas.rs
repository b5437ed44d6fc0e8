//! How much an account has used of what it may use.

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::UserId;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

const COUNT: &str = "
    INSERT INTO deployment_counts (user_id, day, deployments) VALUES ($1, $2, 1)
    ON CONFLICT (user_id, day) DO UPDATE SET deployments = deployments + 1
    RETURNING deployments";
const UNFINISHED: &str = "
    SELECT COUNT(*) FROM deployments
    WHERE user_id = $1 AND status IN ('pending', 'building', 'uploading', 'deploying')";
const FORGET: &str = "DELETE FROM deployment_counts WHERE day < $1";

impl Store {
    /// Deletes the counts of days before the one of `now`.
    pub async fn forget_deployment_counts(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        self.write(sqlx::query(FORGET).bind(now.as_seconds() / SECONDS_A_DAY)).await.map(drop)
    }
}

impl Tx {
    /// Counts a deployment of an account; answers how many it has started on this day (UTC).
    pub async fn count_deployment(&mut self, owner: UserId, now: Timestamp) -> Result<i64, sqlx::Error> {
        let day = now.as_seconds() / SECONDS_A_DAY;
        sqlx::query_scalar(COUNT).bind(owner).bind(day).fetch_one(&mut *self.0).await
    }

    /// How many deployments of an account wait or run.
    pub async fn count_unfinished_deployments(&mut self, owner: UserId) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(UNFINISHED).bind(owner).fetch_one(&mut *self.0).await
    }
}
