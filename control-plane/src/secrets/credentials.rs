//! Credentials at providers: kept sealed, opened where a request is signed, and recognised when they
//! turn up where none can be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_proto::mask::{Found, MaskSet, Secret};
use sqlx::types::Json;

use super::sealing_key::Record;
use super::vault::{Vault, VaultError};
use crate::clock::Timestamp;
use crate::ids::{CredentialId, UserId};
use crate::store::{CredentialKind, CredentialRow};

const TABLE: &str = "provider_credentials";
/// Sets of owners whose secrets are kept ready at the same time; the others' are made ready again.
const KEPT_READY: usize = 64;

/// What authenticates at a provider. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct CredentialSecret {
    /// For registries.
    pub username: Option<String>,
    /// The token or password.
    pub token: SecretString,
    /// Gets a new token when this one has expired.
    pub refresh_token: Option<SecretString>,
}

/// As sealed. Not a type anybody else gets to see, because it can be serialised.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    username: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    token: std::borrow::Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<std::borrow::Cow<'a, str>>,
}

impl Vault {
    /// Seals a credential as a record that can be stored.
    pub async fn credential_row(
        &self,
        user: UserId,
        provider: &str,
        label: &str,
        secret: &CredentialSecret,
        now: Timestamp,
    ) -> Result<CredentialRow, VaultError> {
        let mut row = CredentialRow {
            id: CredentialId::new(),
            user_id: user,
            provider: provider.to_owned(),
            label: label.to_owned(),
            kind: CredentialKind::Token,
            account: None,
            account_id: None,
            scopes: Json(Vec::new()),
            sealed_secret: Vec::new(),
            expires_at: None,
            broken: None,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        row.sealed_secret = self.seal_credential(&row, secret).await?;
        Ok(row)
    }

    /// Seals another secret for a credential.
    pub async fn seal_credential(&self, row: &CredentialRow, secret: &CredentialSecret) -> Result<Vec<u8>, VaultError> {
        let sealed = Sealed {
            username: secret.username.as_deref().map(Into::into),
            token: secret.token.expose_secret().into(),
            refresh_token: secret.refresh_token.as_ref().map(|token| token.expose_secret().into()),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&sealed).map_err(|_| VaultError::DoesNotOpen { table: TABLE })?);
        let (owner, provider) = (row.user_id.as_bytes(), row.provider.as_str());
        self.seal(Record { table: TABLE, row: row.id.as_bytes(), owner, provider }, &plain).await
    }

    /// Opens a stored credential.
    pub async fn open_credential(&self, row: &CredentialRow) -> Result<CredentialSecret, VaultError> {
        let (owner, provider) = (row.user_id.as_bytes(), row.provider.as_str());
        let record = Record { table: TABLE, row: row.id.as_bytes(), owner, provider };
        let plain = self.open(record, &row.sealed_secret).await?;
        let sealed: Sealed<'_> =
            serde_json::from_slice(&plain).map_err(|_| VaultError::DoesNotOpen { table: TABLE })?;
        Ok(CredentialSecret {
            username: sealed.username.map(std::borrow::Cow::into_owned),
            token: sealed.token.into_owned().into(),
            refresh_token: sealed.refresh_token.map(|token| token.into_owned().into()),
        })
    }
}

/// A credential that turned up where it must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSecret {
    /// Which.
    pub credential: CredentialId,
    /// Id of its provider.
    pub provider: String,
    /// As its owner named it.
    pub label: String,
}

/// The credentials of an owner, or of some together, ready to be searched for in text. Kept in memory
/// while it is needed.
#[derive(Clone, Default)]
pub struct OwnerSecrets {
    masks: Arc<MaskSet>,
    /// By the name it has in `masks`.
    credentials: Arc<HashMap<String, SeenSecret>>,
}

impl OwnerSecrets {
    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// A text from outside (an error message, a provider's answer) without these credentials.
    pub fn mask_text(&self, text: &str) -> String {
        self.masks.mask_text(text)
    }

    /// Where in `text` credentials are.
    pub fn find(&self, text: &[u8]) -> Vec<Found<'_>> {
        self.masks.find(text)
    }

    /// The credentials of some places, each once.
    pub fn seen(&self, found: &[Found<'_>]) -> Vec<SeenSecret> {
        let mut seen: Vec<SeenSecret> = Vec::new();
        for secret in found.iter().flat_map(|found| &found.names).filter_map(|name| self.credentials.get(*name)) {
            if !seen.contains(secret) {
                seen.push(secret.clone());
            }
        }
        seen
    }
}

/// For each owner, how many credentials there are and when one last changed.
type State = Vec<(i64, i64)>;

type Ready = HashMap<Vec<UserId>, (State, OwnerSecrets)>;

/// All owners' credentials, made ready when they are needed.
#[derive(Clone)]
pub struct KnownSecrets {
    vault: Vault,
    ready: Arc<Mutex<Ready>>,
}

impl KnownSecrets {
    /// Those of the vault.
    pub fn new(vault: Vault) -> Self {
        Self { vault, ready: Arc::default() }
    }

    /// The credentials of these owners together, as they are now.
    pub async fn of(&self, owners: &[UserId]) -> anyhow::Result<OwnerSecrets> {
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        owners.dedup();
        let mut state = State::with_capacity(owners.len());
        for &owner in &owners {
            state.push(self.vault.store().credentials_state(owner).await?);
        }
        if state.iter().all(|(count, _)| *count == 0) {
            return Ok(OwnerSecrets::default());
        }
        if let Some((known, secrets)) = self.ready().get(&owners)
            && *known == state
        {
            return Ok(secrets.clone());
        }
        let mut opened = Vec::new();
        for &owner in &owners {
            for row in self.vault.store().credentials(owner).await? {
                opened.push((self.vault.open_credential(&row).await?, row));
            }
        }
        // The names are shown in place of the secrets; a label is its owner's and may be anything.
        let name = |row: &CredentialRow| format!("credential {}", row.id);
        let mut secrets = Vec::new();
        let names: Vec<String> = opened.iter().map(|(_, row)| name(row)).collect();
        for ((secret, _), name) in opened.iter().zip(&names) {
            let tokens = [Some(&secret.token), secret.refresh_token.as_ref()];
            secrets.extend(
                tokens.into_iter().flatten().map(|token| Secret { name, value: token.expose_secret().as_bytes() }),
            );
        }
        let credentials = opened.iter().map(|(_, row)| {
            let seen = SeenSecret { credential: row.id, provider: row.provider.clone(), label: row.label.clone() };
            (name(row), seen)
        });
        let made =
            OwnerSecrets { masks: Arc::new(MaskSet::new(secrets)), credentials: Arc::new(credentials.collect()) };
        let mut ready = self.ready();
        if ready.len() >= KEPT_READY {
            ready.clear();
        }
        ready.insert(owners, (state, made.clone()));
        Ok(made)
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{rotate, vault_over};
    use super::*;
    use crate::store::{Store, in_memory};

    const NOW: Timestamp = Timestamp::from_micros(1);

    fn secret(token: &str) -> CredentialSecret {
        let refresh_token = Some(format!("refresh-{token}").into());
        CredentialSecret { username: Some("ada".to_owned()), token: token.to_owned().into(), refresh_token }
    }

    async fn stored(store: &Store, vault: &Vault, user: &str, provider: &str, token: &str) -> CredentialRow {
        let mut tx = store.begin().await.expect("begins");
        let user = tx.user_named(user, NOW).await.expect("user").id;
        tx.commit().await.expect("commits");
        let row = vault.credential_row(user, provider, "main", &secret(token), NOW).await.expect("seals");
        let mut tx = store.begin().await.expect("begins");
        assert!(tx.insert_credential(&row).await.expect("stores"));
        tx.commit().await.expect("commits");
        row
    }

    #[tokio::test]
    async fn a_credential_opens_in_its_own_row_only() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let mine = stored(&store, &vault, "ada", "npm", "token-of-ada").await;
        let other = stored(&store, &vault, "bob", "npm", "token-of-bob").await;
        let opened = vault.open_credential(&mine).await.expect("opens");
        assert_eq!(opened.token.expose_secret(), "token-of-ada");
        assert_eq!(opened.username.as_deref(), Some("ada"));
        assert_eq!(opened.refresh_token.expect("is there").expose_secret(), "refresh-token-of-ada");
        assert!(!format!("{:?} {mine:?}", secret("token-of-ada")).contains("token-of-ada"), "nothing in Debug");

        let wrong = [
            ("another row", CredentialRow { sealed_secret: other.sealed_secret.clone(), ..mine.clone() }),
            ("another provider", CredentialRow { provider: "pypi".to_owned(), ..mine.clone() }),
            ("another owner", CredentialRow { user_id: other.user_id, ..mine.clone() }),
            ("cut off", CredentialRow { sealed_secret: mine.sealed_secret[..40].to_vec(), ..mine.clone() }),
            ("empty", CredentialRow { sealed_secret: Vec::new(), ..mine.clone() }),
        ];
        for (what, row) in wrong {
            let error = vault.open_credential(&row).await.expect_err(what);
            assert!(matches!(error, VaultError::DoesNotOpen { .. }) && !error.to_string().contains("token"), "{what}");
        }
    }

    #[tokio::test]
    async fn a_damaged_record_stops_no_rotation_and_keeps_its_key() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let good = stored(&store, &vault, "ada", "npm", "token-of-ada").await;
        let mut damaged = vault.credential_row(good.user_id, "pypi", "x", &secret("y"), NOW).await.expect("seals");
        *damaged.sealed_secret.last_mut().expect("is not empty") ^= 1;
        let mut tx = store.begin().await.expect("begins");
        assert!(tx.insert_credential(&damaged).await.expect("stores"));
        tx.commit().await.expect("commits");

        let rotated = rotate(&vault, NOW, |_| {}).await.expect("ends");
        assert_eq!((rotated.records, rotated.unreadable, rotated.removed_keys), (1, 1, 0));
        let row = async |id| store.credential(id).await.expect("reads").expect("is there");
        assert_ne!(row(good.id).await.sealed_secret, good.sealed_secret);
        assert_eq!(row(damaged.id).await.sealed_secret, damaged.sealed_secret, "it is left as it is");
        vault.open_credential(&row(good.id).await).await.expect("opens");
    }

    #[tokio::test]
    async fn nothing_is_stored_that_a_removed_key_sealed() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let first = stored(&store, &vault, "ada", "npm", "token-of-ada").await;
        let late = vault.credential_row(first.user_id, "pypi", "late", &secret("y"), NOW).await.expect("seals");
        rotate(&vault, NOW, |_| {}).await.expect("rotates");
        let mut tx = store.begin().await.expect("begins");
        let error = tx.insert_credential(&late).await.expect_err("its key is gone");
        assert!(crate::store::is_sealed_with_removed_key(&error), "{error}");
        assert_eq!(crate::error::Error::from(error).code(), crate::error::ErrorCode::Unavailable);
    }

    #[tokio::test]
    async fn the_credentials_of_several_owners_are_known_together() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let ada = stored(&store, &vault, "ada", "npm", "token-of-ada").await;
        let bob = stored(&store, &vault, "bob", "npm", "token-of-bob").await;
        let known = KnownSecrets::new(vault);
        let text = "token-of-ada token-of-bob";
        let seen = async |owners: &[UserId]| {
            let secrets = known.of(owners).await.expect("opens");
            secrets.seen(&secrets.find(text.as_bytes())).into_iter().map(|seen| seen.credential).collect::<Vec<_>>()
        };
        assert_eq!(seen(&[ada.user_id]).await, [ada.id]);
        assert_eq!(seen(&[ada.user_id, bob.user_id]).await, [ada.id, bob.id]);
        assert_eq!(seen(&[bob.user_id, ada.user_id, bob.user_id]).await, [ada.id, bob.id]);
        assert_eq!(seen(&[bob.user_id]).await, [bob.id]);
    }

    #[tokio::test]
    async fn what_is_known_follows_every_change() {
        let store = in_memory().await;
        let vault = vault_over(&store).await;
        let known = KnownSecrets::new(vault.clone());
        let row = stored(&store, &vault, "ada", "npm", "token-of-ada").await;
        let text = "a token-of-ada, a refresh-token-of-ada";
        assert!(!known.of(&[row.user_id]).await.expect("opens").mask_text(text).contains("of-ada"));
        let mut tx = store.begin().await.expect("begins");
        assert!(tx.delete_credential(row.user_id, row.id).await.expect("deletes"));
        tx.commit().await.expect("commits");
        assert_eq!(known.of(&[row.user_id]).await.expect("opens").mask_text(text), text);
    }
}
