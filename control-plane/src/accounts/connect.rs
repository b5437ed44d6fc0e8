//! Storing an account: a new one, or another secret for one that is connected.

use std::time::Duration;

use sqlx::types::Json;

use super::ConnectedAccounts;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::UserId;
use crate::providers::accounts::Account;
use crate::secrets::CredentialSecret;
use crate::store::{CredentialKind, CredentialRow};

/// Accounts that an owner can have; each is opened to look for it in what sandboxes send.
const MOST_ACCOUNTS: usize = 100;

/// Where an account belongs.
#[derive(Debug, Clone)]
pub struct Place {
    /// Whose it is: a person's or a team's.
    pub owner: UserId,
    /// At which provider.
    pub provider: String,
    /// What its owner calls it; the account's name there when left out.
    pub label: Option<String>,
}

impl ConnectedAccounts {
    /// Asks the provider whose credential this is, and stores it. An account that is connected already gets the
    /// new secret, and its targets go on with it.
    ///
    /// # Errors
    /// `InvalidInput` with the provider's reason when it is no good; `Conflict` when the label is that of another
    /// account; `Unavailable` when the provider does not answer.
    pub async fn connect(
        &self,
        place: &Place,
        kind: CredentialKind,
        secret: &CredentialSecret,
        expires_in: Option<Duration>,
    ) -> Result<CredentialRow, Error> {
        let account = self.at(&place.provider)?.validate(secret).await?;
        let now = self.0.clock.now();
        let expires_at = expires_in.map(|life| now.plus(life)).or(account.expires_at);
        let known = self.0.store.credentials(place.owner).await?;
        let row = match find(&known, place, &account)? {
            Some(row) => {
                CredentialRow { sealed_secret: self.0.vault.seal_credential(row, secret).await?, ..row.clone() }
            }
            None if known.len() >= MOST_ACCOUNTS => {
                return Err(Error::conflict(format!(
                    "one can connect {MOST_ACCOUNTS} accounts at most; disconnect some"
                )));
            }
            None => {
                let label = place.label.as_deref().unwrap_or(&account.name);
                self.0.vault.credential_row(place.owner, &place.provider, label, secret, now).await?
            }
        };
        let is_new = !known.iter().any(|known| known.id == row.id);
        let row = described(row, kind, account, expires_at, now);
        let mut tx = self.0.store.begin().await?;
        let is_stored = if is_new { tx.insert_credential(&row).await? } else { tx.replace_credential(&row).await? };
        if !is_stored {
            return Err(Error::conflict(
                "this account was connected at the same moment; look, and connect it again if needed",
            ));
        }
        tx.commit().await?;
        Ok(row)
    }
}

fn described(
    row: CredentialRow,
    kind: CredentialKind,
    account: Account,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> CredentialRow {
    CredentialRow {
        kind,
        account: Some(account.name),
        account_id: Some(account.id),
        scopes: Json(account.scopes),
        expires_at,
        broken: None,
        updated_at: now,
        ..row
    }
}

/// The account that is meant, when it is connected: by its label, or else by who it is.
fn find<'a>(known: &'a [CredentialRow], place: &Place, account: &Account) -> Result<Option<&'a CredentialRow>, Error> {
    let mut there = known.iter().filter(|row| row.provider == place.provider);
    let is_account = |row: &CredentialRow| row.account_id.as_ref() == Some(&account.id);
    let Some(label) = place.label.as_deref() else {
        let mut there = there.clone();
        if let Some(row) = there.clone().find(|row| is_account(row)) {
            return Ok(Some(row));
        }
        return match there.find(|row| row.label == account.name) {
            Some(_) => Err(Error::conflict(format!(
                "another account is connected as `{}`; send a `label` of your choice",
                account.name
            ))),
            None => Ok(None),
        };
    };
    match there.find(|row| row.label == label) {
        // An account goes on under its label; somebody else's must not slip into its targets.
        Some(row) if row.account_id.is_some() && !is_account(row) => Err(Error::conflict(format!(
            "`{label}` is the account {}, and this one is {}; choose another label, or disconnect that one",
            row.account.as_deref().unwrap_or("unknown"),
            account.name
        ))),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::secrets::vault_over;
    use crate::store::in_memory;

    fn account(id: &str, name: &str) -> Account {
        Account { id: id.to_owned(), name: name.to_owned(), scopes: Vec::new(), expires_at: None, kind: "token" }
    }

    #[tokio::test]
    async fn an_account_is_known_by_its_label_or_by_who_it_is() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let secret = CredentialSecret { username: None, token: "x".into(), refresh_token: None };
        let now = Timestamp::from_micros(1);
        let owner = UserId::new();
        let row = vault.credential_row(owner, "github", "work", &secret, now).await.expect("seals");
        let known = [described(row, CredentialKind::Token, account("7", "ada"), None, now)];
        let find = |provider: &str, label: Option<&str>, account: Account| {
            let place = Place { owner, provider: provider.to_owned(), label: label.map(str::to_owned) };
            super::find(&known, &place, &account).map(|row| row.is_some()).map_err(|error| error.code())
        };
        assert_eq!(find("github", Some("work"), account("7", "ada")), Ok(true));
        assert_eq!(find("github", None, account("7", "renamed")), Ok(true));
        assert_eq!(
            find("github", Some("work"), account("8", "ada")),
            Err(ErrorCode::Conflict),
            "the name was given on"
        );
        assert_eq!(find("github", Some("home"), account("7", "ada")), Ok(false));
        assert_eq!(find("github", None, account("8", "work")), Err(ErrorCode::Conflict), "the label is another's");
        assert_eq!(find("github", None, account("8", "bob")), Ok(false));
        assert_eq!(find("gitlab", None, account("7", "ada")), Ok(false));
    }
}
