//! The vault: seals what the database must not give away, and opens it again.
//!
//! A ring of keys lies in the database, each sealed with the master key. New records are sealed with
//! the current one; a record names its key, so older ones open as long as their key is there. That is
//! what makes rotation possible while the server runs ([`rotate`](super::rotate)).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::zeroize::Zeroizing;

use super::master_key::{MasterKey, MasterKeyError};
use super::random_bytes;
use super::sealing_key::{KEY_BYTES, KeyId, Record, SealingKey};
use crate::clock::Timestamp;
use crate::store::{KeyRow, Store};

const KEYS: &str = "encryption_keys";
const AUTHORITIES: &str = "certificate_authorities";

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum VaultError {
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(
        "the master key {found} does not belong to this database: what was sealed with the right one does not open. Restore the right key (nothing was changed)"
    )]
    WrongMasterKey { found: String },
    #[error("a sealed record of {table} does not open: it was changed, moved, or sealed with a key that is gone")]
    DoesNotOpen { table: &'static str },
    #[error("database")]
    Database(#[from] sqlx::Error),
}

/// Seals and opens records. A cheap handle; has no `Debug`.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    store: Store,
    master_key: MasterKey,
    ring: RwLock<HashMap<KeyId, Arc<SealingKey>>>,
}

impl Vault {
    /// Opens the ring of keys, or makes it on the first start. A master key that is not the right one
    /// is noticed here, before anything is written.
    pub async fn open_ring(store: Store, master_key: MasterKey, now: Timestamp) -> Result<Self, VaultError> {
        let vault = Self(Arc::new(Inner { store, master_key, ring: RwLock::default() }));
        if vault.0.store.encryption_keys().await?.is_empty() {
            // Before there was a ring, the master key sealed the records itself.
            if let Some(authority) = vault.0.store.authorities().await?.first() {
                let record = Record::of_installation(AUTHORITIES, authority.id.as_bytes());
                vault.0.master_key.open(record, &authority.sealed_key).map_err(|_| vault.wrong_master_key())?;
            }
            vault.add_key(now, true).await?;
        }
        for row in vault.0.store.encryption_keys().await? {
            vault.remember(&row)?;
        }
        Ok(vault)
    }

    /// The store whose records these are.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Encrypts `plain` for its place with the current key.
    pub async fn seal(&self, record: Record<'_>, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(self.current().await?.seal(record, plain))
    }

    /// Decrypts what [`seal`](Self::seal) made for the same place.
    pub async fn open(&self, record: Record<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let failed = VaultError::DoesNotOpen { table: record.table };
        let Some(id) = KeyId::of_sealed(sealed) else { return Err(failed) };
        if id == self.0.master_key.id() {
            return self.0.master_key.open(record, sealed).map_err(|_| failed);
        }
        match self.key(id).await? {
            Some(key) => key.open(record, sealed).map_err(|_| failed),
            None => Err(failed),
        }
    }

    /// Id of the key that seals new records.
    pub(super) async fn current_id(&self) -> Result<KeyId, VaultError> {
        Ok(self.current().await?.id)
    }

    /// Makes a key current; with `only_first` when there is none yet.
    pub(super) async fn add_key(&self, now: Timestamp, only_first: bool) -> Result<(), VaultError> {
        let bytes = Zeroizing::new(random_bytes::<KEY_BYTES>());
        let id = KeyId(random_bytes());
        let sealed = self.0.master_key.seal(Record::of_installation(KEYS, &row_of(id)), &*bytes);
        let mut tx = self.0.store.begin().await?;
        if only_first && tx.has_encryption_key().await? {
            return Ok(()); // another process was faster
        }
        tx.insert_current_key(id.as_bytes(), &sealed, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks the database each time: another process may have made a new key.
    async fn current(&self) -> Result<Arc<SealingKey>, VaultError> {
        let row = self.0.store.current_encryption_key().await?;
        let row = row.ok_or(VaultError::DoesNotOpen { table: KEYS })?;
        match self.known(&row) {
            Some(key) => Ok(key),
            None => self.remember(&row),
        }
    }

    async fn key(&self, id: KeyId) -> Result<Option<Arc<SealingKey>>, VaultError> {
        if let Some(key) = self.ring().get(&id) {
            return Ok(Some(key.clone()));
        }
        match self.0.store.encryption_key(id.as_bytes()).await? {
            Some(row) => self.remember(&row).map(Some),
            None => Ok(None),
        }
    }

    fn known(&self, row: &KeyRow) -> Option<Arc<SealingKey>> {
        self.ring().get(&KeyId::from_bytes(&row.id)?).cloned()
    }

    fn remember(&self, row: &KeyRow) -> Result<Arc<SealingKey>, VaultError> {
        let id = KeyId::from_bytes(&row.id).ok_or(VaultError::DoesNotOpen { table: KEYS })?;
        let bytes = self.0.master_key.open(Record::of_installation(KEYS, &row_of(id)), &row.sealed_key);
        let bytes = bytes.map_err(|_| self.wrong_master_key())?;
        let bytes = bytes.as_slice().try_into().map_err(|_| VaultError::DoesNotOpen { table: KEYS })?;
        let key = Arc::new(SealingKey::new(id, bytes));
        self.0.ring.write().unwrap_or_else(PoisonError::into_inner).insert(id, key.clone());
        Ok(key)
    }

    fn ring(&self) -> std::sync::RwLockReadGuard<'_, HashMap<KeyId, Arc<SealingKey>>> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong_master_key(&self) -> VaultError {
        VaultError::WrongMasterKey { found: self.0.master_key.source().to_string() }
    }
}

/// A key's id where other records have the 16 bytes of theirs.
fn row_of(id: KeyId) -> [u8; 16] {
    let mut row = [0; 16];
    row[..4].copy_from_slice(id.as_bytes());
    row
}

/// A vault over `store` with a key of its own, for tests of any module.
#[cfg(test)]
pub(crate) async fn vault_over(store: &Store) -> Vault {
    let source = super::MasterKeySource::Inline("01".repeat(32).into());
    let key = MasterKey::load(&source, std::path::Path::new("/nonexistent")).await.expect("a key");
    Vault::open_ring(store.clone(), key, Timestamp::from_micros(1)).await.expect("opens")
}

#[cfg(test)]
mod tests {
    use super::super::{MasterKeySource, rotate};
    use super::*;
    use crate::ids::AuthorityId;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1);
    const RECORD: Record<'static> = Record { table: "deployments", row: &[1; 16], owner: &[2; 16], provider: "" };

    async fn master_key(digits: &str) -> MasterKey {
        let source = MasterKeySource::Inline(digits.repeat(32).into());
        MasterKey::load(&source, std::path::Path::new("/nonexistent")).await.expect("a key")
    }

    #[tokio::test]
    async fn a_wrong_master_key_is_noticed_and_changes_nothing() {
        let store = in_memory().await;
        let sealed = vault_over(&store).await.seal(RECORD, b"x").await.expect("seals");
        let before = store.encryption_keys().await.expect("reads");
        let error = Vault::open_ring(store.clone(), master_key("02").await, NOW).await.err().expect("is refused");
        assert!(error.to_string().contains("in SLIPWAY_MASTER_KEY does not belong to this database"), "{error}");
        assert_eq!(store.encryption_keys().await.expect("reads"), before);
        assert_eq!(vault_over(&store).await.open(RECORD, &sealed).await.expect("opens").as_slice(), b"x");
    }

    #[tokio::test]
    async fn records_from_before_the_ring_open_and_rotate() {
        let store = in_memory().await;
        let (id, key) = (AuthorityId::new(), master_key("01").await);
        let record = Record::of_installation(AUTHORITIES, id.as_bytes());
        store.insert_old_authority(id, &key.seal(record, b"old")).await;
        assert!(matches!(
            Vault::open_ring(store.clone(), master_key("02").await, NOW).await,
            Err(VaultError::WrongMasterKey { .. })
        ));
        assert!(store.encryption_keys().await.expect("reads").is_empty(), "nothing was written");

        let vault = vault_over(&store).await;
        let sealed = async || store.authorities().await.expect("reads").remove(0).sealed_key;
        assert_eq!(vault.open(record, &sealed().await).await.expect("opens").as_slice(), b"old");
        rotate(&vault, NOW, |_| {}).await.expect("rotates");
        assert_ne!(KeyId::of_sealed(&sealed().await), Some(key.id()));
        assert_eq!(vault.open(record, &sealed().await).await.expect("opens").as_slice(), b"old");
    }

    #[tokio::test]
    async fn a_server_that_runs_follows_a_rotation_by_another_process() {
        let store = in_memory().await;
        let (server, other) = (vault_over(&store).await, vault_over(&store).await);
        let first = server.current_id().await.expect("a key");
        rotate(&other, NOW, |_| {}).await.expect("rotates");
        let second = server.current_id().await.expect("a key");
        assert_ne!(first, second);
        let sealed = other.seal(RECORD, b"x").await.expect("seals");
        assert_eq!(server.open(RECORD, &sealed).await.expect("opens").as_slice(), b"x");
        let keys = store.encryption_keys().await.expect("reads");
        assert_eq!(keys.len(), 1, "a key that no record needs is removed");
    }
}
