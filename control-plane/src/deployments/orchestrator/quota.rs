//! How many deployments an account may start, and have under way. Counted in the transaction that
//! stores the deployment, so that a hundred requests at once are a hundred.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::config::Limits;
use crate::error::Error;
use crate::ids::UserId;
use crate::store::Tx;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts one more deployment of `owner`, a user or a team.
///
/// # Errors
/// `QuotaExceeded` when it is too much; then the transaction must not be committed.
pub(super) async fn take_deployment(tx: &mut Tx, limits: &Limits, owner: UserId, now: Timestamp) -> Result<(), Error> {
    let unfinished = tx.count_unfinished_deployments(owner).await?;
    if is_reached(unfinished, limits.unfinished_deployments) {
        return Err(Error::quota_exceeded(
            format!(
                "{unfinished} deployments of this account wait or run, and more are not allowed at a time; wait for some to end, or cancel them"
            ),
            None,
        ));
    }
    let today = tx.count_deployment(owner, now).await?;
    if is_reached(today - 1, limits.deployments_per_day) {
        return Err(Error::quota_exceeded(
            format!(
                "this account has started {} deployments today, and more are not allowed in a day (UTC)",
                today - 1
            ),
            Some(until_tomorrow(now)),
        ));
    }
    Ok(())
}

fn is_reached(count: i64, limit: u32) -> bool {
    limit > 0 && count >= i64::from(limit)
}

fn until_tomorrow(now: Timestamp) -> Duration {
    let today = Duration::from_secs(u64::try_from(now.as_seconds()).unwrap_or(0) % DAY.as_secs());
    DAY.saturating_sub(today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::store::{Move, Store, in_memory, stored_deployment};

    const NOON: Timestamp = Timestamp::from_micros((20_000 * 86_400 + 43_200) * 1_000_000);

    #[tokio::test]
    async fn a_day_has_so_many_deployments() {
        let store = in_memory().await;
        let owner = owner(&store).await;
        let limits = Limits { deployments_per_day: 2, ..Limits::default() };
        let take = |now: Timestamp| {
            let store = store.clone();
            async move {
                let mut tx = store.begin().await.expect("begins");
                take_deployment(&mut tx, &limits, owner, now).await?;
                tx.commit().await.expect("commits");
                Ok::<_, Error>(())
            }
        };
        take(NOON).await.expect("is the first");
        take(NOON).await.expect("is the second");
        for _ in 0..2 {
            let error = take(NOON).await.expect_err("is one too many");
            assert_eq!(error.code(), ErrorCode::QuotaExceeded);
            assert_eq!(error.retry_after(), Some(DAY / 2));
        }
        take(NOON.plus(DAY / 2)).await.expect("is tomorrow");
        store.forget_deployment_counts(NOON.plus(DAY)).await.expect("forgets");
        take(NOON.plus(DAY)).await.expect("is the second of that day");
        take(NOON.plus(DAY)).await.expect_err("is the third of that day: what counts is not forgotten");
    }

    #[tokio::test]
    async fn so_many_are_under_way() {
        let store = in_memory().await;
        let id = stored_deployment(&store).await;
        let deployment = store.deployment(id).await.expect("reads").expect("is stored");
        let limits = Limits { unfinished_deployments: 1, ..Limits::default() };
        let mut tx = store.begin().await.expect("begins");
        let refused = take_deployment(&mut tx, &limits, deployment.user_id, NOON).await.expect_err("one waits");
        assert_eq!((refused.code(), refused.retry_after()), (ErrorCode::QuotaExceeded, None));
        assert!(tx.move_deployment(&deployment, Move::Cancel, NOON).await.expect("moves"));
        take_deployment(&mut tx, &limits, deployment.user_id, NOON).await.expect("nothing waits");
    }

    async fn owner(store: &Store) -> UserId {
        let id = stored_deployment(store).await;
        store.deployment(id).await.expect("reads").expect("is stored").user_id
    }
}
