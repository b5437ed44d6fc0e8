//! Disconnecting an account: ended at the provider where that is possible, forgotten here in any case.

use super::ConnectedAccounts;
use crate::error::Error;
use crate::providers::ProviderError;
use crate::providers::accounts::Revocation;
use crate::store::{CredentialKind, CredentialRow};

/// What became of an account.
pub struct Disconnected {
    /// Whether the credential is worth nothing any more.
    pub is_revoked: bool,
    /// What else to do, or what was done.
    pub detail: String,
    /// Targets that have no account now.
    pub targets: i64,
}

impl ConnectedAccounts {
    /// Ends and forgets an account. It is forgotten here when the provider cannot be asked, too: that is what its
    /// owner wants, and the answer says what is left to do.
    ///
    /// # Errors
    /// `Conflict` when targets use it, unless `force`.
    pub async fn disconnect(&self, row: &CredentialRow, force: bool) -> Result<Disconnected, Error> {
        let mut tx = self.0.store.begin().await?;
        let targets = tx.count_targets_with(row.id).await?;
        if targets > 0 && !force {
            return Err(Error::conflict(format!(
                "{targets} targets deploy with this account; choose another one for them, or send `force=true`"
            )));
        }
        if !tx.delete_credential(row.user_id, row.id).await? {
            return Err(Error::not_found("account"));
        }
        let secret = self.0.vault.open_credential(row).await;
        tx.commit().await?;
        let is_ours = row.kind == CredentialKind::Oauth;
        let revocation = match (secret, self.at(&row.provider)) {
            (Ok(secret), Ok(accounts)) => accounts.revoke(&secret, is_ours).await,
            _ => Ok(Revocation::Left("the credential could not be read; end it at the provider")),
        };
        let (is_revoked, detail) = match revocation {
            Ok(Revocation::Revoked) => (true, "the provider has ended the access".to_owned()),
            Ok(Revocation::Left(detail)) => (false, detail.to_owned()),
            Err(ProviderError::Rejected(why)) => (false, format!("the provider did not end the access: {why}")),
            Err(ProviderError::Busy { .. } | ProviderError::Failed(_)) => {
                (false, "the provider could not be asked to end the access; end it there".to_owned())
            }
        };
        Ok(Disconnected { is_revoked, detail, targets })
    }
}
