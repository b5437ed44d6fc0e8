//! Artifacts, packs and logs whose records say that nothing keeps them.

use std::collections::VecDeque;

use super::{Collected, Collector, GRACE, PAUSE};
use crate::artifacts::{manifest_path, pack_path};
use crate::clock::Timestamp;
use crate::logs;
use crate::store::ArtifactRules;

/// Records of one kind that are deleted in one transaction: some milliseconds of it.
const AT_ONCE: i64 = 50;
/// Entries of a pack that are deleted in one transaction.
const BLOBS_AT_ONCE: i64 = 2_000;
/// Logs removed in one transaction; one may have thousands of segments when it was never finished.
const LOGS_AT_ONCE: i64 = 20;

impl Collector {
    pub(super) async fn collect_artifacts(&self, collected: &mut Collected) -> anyhow::Result<()> {
        let now = self.clock.now();
        let rules = ArtifactRules {
            made_since: now.minus(GRACE),
            // Also a redeploy that ended a moment ago refers to an artifact that was old before.
            ended_since: self.rules.artifacts.map_or(Timestamp::from_micros(0), |age| now.minus(age.max(GRACE))),
            releases: self.rules.releases.map(i64::from),
        };
        let mut last = None;
        loop {
            let ids = self.store.collectable_artifacts(last, &rules, AT_ONCE).await?;
            last = ids.last().copied();
            if last.is_none() {
                return Ok(());
            }
            let mut tx = self.store.begin().await?;
            if tx.is_collection_held(now).await? {
                collected.was_held = true;
                return Ok(());
            }
            let deleted = tx.delete_artifacts(&ids, &rules).await?;
            tx.commit().await?;
            for id in deleted {
                let path = manifest_path(id);
                collected.bytes += self.size(&path).await;
                self.delete(&path).await?;
                collected.artifacts += 1;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub(super) async fn collect_packs(&self, collected: &mut Collected) -> anyhow::Result<()> {
        self.record_packs().await?;
        let now = self.clock.now();
        let made_before = now.minus(GRACE);
        let mut last = None;
        loop {
            let packs = self.store.unneeded_packs(last, made_before, now, AT_ONCE).await?;
            last = packs.last().map(|(id, _)| *id);
            if last.is_none() {
                return Ok(());
            }
            let mut waiting = VecDeque::from(packs);
            while !waiting.is_empty() {
                let mut tx = self.store.begin().await?;
                if tx.is_collection_held(now).await? {
                    collected.was_held = true;
                    return Ok(());
                }
                let (mut gone, mut room) = (Vec::new(), BLOBS_AT_ONCE);
                while let Some((id, size_bytes)) = waiting.front().copied().filter(|_| room > 0) {
                    let deleted = tx.delete_pack(id, made_before, now, room).await?;
                    if deleted == Some(room) {
                        break; // the rest comes with the next transaction
                    }
                    waiting.pop_front();
                    // What is left of one that is needed after all is whole.
                    if let Some(deleted) = deleted {
                        room -= deleted;
                        gone.push((id, size_bytes));
                    }
                }
                tx.commit().await?;
                for (id, size_bytes) in gone {
                    self.delete(&pack_path(id)).await?;
                    collected.packs += 1;
                    collected.bytes += u64::try_from(size_bytes).unwrap_or(0);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Finds out which packs are needed by artifacts from before that was recorded. Until all are known no pack goes.
    async fn record_packs(&self) -> anyhow::Result<()> {
        loop {
            let ids = self.store.artifacts_without_packs(AT_ONCE).await?;
            if ids.is_empty() {
                return Ok(());
            }
            for id in ids {
                if let Some(artifact) = self.store.artifact(id).await? {
                    self.artifacts.record_needed_packs(&artifact).await?;
                }
            }
        }
    }

    pub(super) async fn collect_logs(&self, collected: &mut Collected) -> anyhow::Result<()> {
        let Some(age) = self.rules.logs else { return Ok(()) };
        let now = self.clock.now();
        let days = age.as_secs() / (24 * 60 * 60);
        let notice = format!("The log was removed {days} days after the deployment had ended (`retention.log_days`)");
        loop {
            let ids = self.store.old_logs(now.minus(age), LOGS_AT_ONCE).await?;
            if ids.is_empty() {
                return Ok(());
            }
            let mut tx = self.store.begin().await?;
            if tx.is_collection_held(now).await? {
                collected.was_held = true;
                return Ok(());
            }
            let mut removed = Vec::new();
            for id in ids {
                removed.extend(tx.remove_log(id, &notice, now).await?.map(|size_bytes| (id, size_bytes)));
            }
            tx.commit().await?;
            for (id, size_bytes) in removed {
                self.delete(&logs::object(id)).await?;
                collected.logs += 1;
                collected.bytes += u64::try_from(size_bytes).unwrap_or(0);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
