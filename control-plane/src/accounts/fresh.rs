//! A credential that works: one that ends soon is refreshed before it is used. Some providers make the former pair
//! worthless at that moment, so one at a time refreshes, the new pair is stored before anybody uses it, and the
//! whole goes on when whoever asked is gone.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::ConnectedAccounts;
use crate::ids::CredentialId;
use crate::providers::ProviderError;
use crate::providers::oauth::{Grant, Tokens};
use crate::secrets::CredentialSecret;
use crate::store::{CredentialRow, is_sealed_with_removed_key};

/// A credential that ends within this time is refreshed first.
const SOON: Duration = Duration::from_secs(5 * 60);
/// Locks that are kept before those that nobody holds are dropped.
const KEPT_LOCKS: usize = 1_000;
/// How often a new pair is sealed again because the vault's key was replaced in between.
const SEALED_AGAIN: usize = 3;

impl ConnectedAccounts {
    /// The secret of an account, refreshed when it ends soon.
    ///
    /// # Errors
    /// `Rejected`, with the way out, when the account is gone or has to be connected again; what the provider says
    /// when it does not refresh now.
    pub async fn fresh(&self, id: CredentialId) -> Result<CredentialSecret, ProviderError> {
        let row = self.usable(id).await?;
        if !self.ends_soon(&row) {
            return self.open(&row).await;
        }
        let accounts = self.clone();
        let refreshing = tokio::spawn(async move { accounts.refreshed(id).await });
        refreshing.await.map_err(|error| ProviderError::Failed(error.into()))?
    }

    /// The same behind the credential's lock.
    async fn refreshed(&self, id: CredentialId) -> Result<CredentialSecret, ProviderError> {
        let lock = self.lock_of(id);
        let _guard = lock.lock().await;
        // Somebody may have refreshed it while we waited.
        let row = self.usable(id).await?;
        let secret = self.open(&row).await?;
        let (true, Some(refresh_token)) = (self.ends_soon(&row), &secret.refresh_token) else { return Ok(secret) };
        let Ok(oauth) = self.oauth(&row.provider) else { return Ok(secret) };
        let granted = oauth.refresh(refresh_token, &self.redirect_uri(&row.provider)).await;
        match granted? {
            Grant::Tokens(tokens) => self.store_refreshed(row, &secret, tokens).await,
            Grant::Refused(refusal) => {
                let now = self.usable(id).await?;
                if now.version != row.version {
                    // Another instance was faster; its pair counts.
                    return self.open(&now).await;
                }
                let why = refusal.sentence();
                if refusal.is_final() {
                    let why = "the provider does not renew the access any more: it was revoked, or not used for long";
                    self.0.store.break_credential(id, row.version, why, self.0.clock.now()).await.map_err(failed)?;
                    return Err(reconnect(&row, why));
                }
                Err(ProviderError::Rejected(format!("the access of {} was not renewed: {why}", name(&row))))
            }
        }
    }

    async fn store_refreshed(
        &self,
        row: CredentialRow,
        former: &CredentialSecret,
        tokens: Tokens,
    ) -> Result<CredentialSecret, ProviderError> {
        let now = self.0.clock.now();
        let expires_at = tokens.expires_in.map(|life| now.plus(life));
        // A provider that sends no new refresh token means that the one we have goes on.
        let refresh_token = tokens.refresh.or_else(|| former.refresh_token.clone());
        let secret = CredentialSecret { username: former.username.clone(), token: tokens.access, refresh_token };
        let mut row = CredentialRow { expires_at, updated_at: now, ..row };
        for _ in 0..=SEALED_AGAIN {
            row.sealed_secret = self.0.vault.seal_credential(&row, &secret).await.map_err(failed)?;
            let mut tx = self.0.store.begin().await.map_err(failed)?;
            match tx.replace_credential(&row).await {
                Ok(true) => {
                    tx.commit().await.map_err(failed)?;
                    return Ok(secret);
                }
                // Connected again, or disconnected, at this very moment: that counts.
                Ok(false) => return self.open(&self.usable(row.id).await?).await,
                Err(error) if is_sealed_with_removed_key(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(ProviderError::Busy { retry_after: None })
    }

    async fn usable(&self, id: CredentialId) -> Result<CredentialRow, ProviderError> {
        let row = self.0.store.credential(id).await.map_err(failed)?;
        let row = row.ok_or_else(|| {
            ProviderError::Rejected(
                "the account was disconnected; connect it again and choose it in the target".to_owned(),
            )
        })?;
        match &row.broken {
            Some(why) => Err(reconnect(&row, why)),
            None => Ok(row),
        }
    }

    async fn open(&self, row: &CredentialRow) -> Result<CredentialSecret, ProviderError> {
        self.0.vault.open_credential(row).await.map_err(failed)
    }

    fn ends_soon(&self, row: &CredentialRow) -> bool {
        row.expires_at.is_some_and(|end| end <= self.0.clock.now().plus(SOON))
    }

    fn lock_of(&self, id: CredentialId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&id).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= KEPT_LOCKS {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::default();
        locks.insert(id, Arc::downgrade(&lock));
        lock
    }
}

fn name(row: &CredentialRow) -> String {
    format!("the account `{}` at {}", row.label, row.provider)
}

fn reconnect(row: &CredentialRow, why: &str) -> ProviderError {
    ProviderError::Rejected(format!("{} has to be connected again: {why}", name(row)))
}

fn failed(error: impl Into<anyhow::Error>) -> ProviderError {
    ProviderError::Failed(error.into())
}
