//! Rotation: a new key for new records, then every old record sealed again, some at a time, while the
//! server runs. Where it stands is in the records themselves, so that it can be ended at any moment
//! and goes on when it is started again.

use super::sealing_key::Record;
use super::vault::{Vault, VaultError};
use crate::clock::Timestamp;
use crate::store::SealedTable;

/// Records sealed again in one transaction: other writers wait no longer than for these.
const BATCH: i64 = 50;

/// How far a rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records sealed again so far.
    pub done: u64,
    /// All there were at the start.
    pub total: u64,
}

/// What a rotation came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// No key was made: the last rotation had not finished, and now has.
    pub resumed: bool,
    /// Records sealed again.
    pub records: u64,
    /// Records that do not open with any key; they stay as they are, and so does their key.
    pub unreadable: u64,
    /// Keys removed, because nothing needs them any more.
    pub removed_keys: u64,
}

/// Seals everything with a new key, or finishes what an interrupted rotation left. `report` is called
/// after each transaction.
pub async fn rotate(vault: &Vault, now: Timestamp, mut report: impl FnMut(Progress)) -> Result<Rotated, VaultError> {
    let store = vault.store();
    let current = vault.current_id().await?;
    let is_unfinished = store.has_old_keys().await? || store.count_sealed_otherwise(current.as_bytes()).await? > 0;
    if !is_unfinished {
        vault.add_key(now, false).await?;
    }
    let current = vault.current_id().await?;
    let total = store.count_sealed_otherwise(current.as_bytes()).await?;
    let mut rotated = Rotated { resumed: is_unfinished, ..Rotated::default() };
    for table in SealedTable::ALL {
        let mut last = Vec::new();
        loop {
            let rows = store.sealed_otherwise(table, current.as_bytes(), &last, BATCH).await?;
            let Some(row) = rows.last() else { break };
            last.clone_from(&row.id);
            let mut again = Vec::with_capacity(rows.len());
            for row in rows {
                let opened = match (row.id.as_slice().try_into(), row.owner.as_slice().try_into()) {
                    (Ok(id), Ok(owner)) => {
                        let record = Record { table: table.name(), row: id, owner, provider: &row.provider };
                        match vault.open(record, &row.sealed).await {
                            Ok(plain) => Some(vault.seal(record, &plain).await?),
                            Err(VaultError::DoesNotOpen { .. }) => None,
                            Err(error) => return Err(error),
                        }
                    }
                    _ => None,
                };
                if let Some(sealed) = opened {
                    again.push((row, sealed));
                } else {
                    let id = data_encoding::HEXLOWER.encode(&row.id);
                    tracing::error!(table = table.name(), row = id, "a sealed record does not open");
                    rotated.unreadable += 1;
                }
            }
            let mut tx = store.begin().await?;
            for (row, sealed) in &again {
                // A record that was changed meanwhile has the new key already.
                tx.seal_again(table, row, sealed).await?;
            }
            tx.commit().await?;
            rotated.records += again.len() as u64;
            report(Progress { done: rotated.records, total });
        }
    }
    rotated.removed_keys = store.remove_unused_keys().await?;
    Ok(rotated)
}
