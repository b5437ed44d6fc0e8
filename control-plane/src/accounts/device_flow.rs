//! Connecting an account by a code that one types at the provider (RFC 8628). What we poll with stays here; the
//! caller gets a handle. The provider is asked once in its interval, however often callers ask.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::ConnectedAccounts;
use super::connect::Place;
use crate::access::Principal;
use crate::audit;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{AccountFlowId, UserId};
use crate::providers::oauth::{Grant, Tokens};
use crate::secrets::{CredentialSecret, RandomSecret, Record, Vault, VaultError};
use crate::store::{AccountFlow, CredentialKind, CredentialRow, FlowKind};

const TABLE: &str = "account_flows";
/// What RFC 8628 adds to the interval at each `slow_down`.
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// A flow that has begun.
pub struct DeviceFlow {
    /// What the caller polls with.
    pub handle: RandomSecret,
    /// What the person types.
    pub user_code: String,
    /// Where they type it.
    pub verification_uri: String,
    /// When it is over.
    pub expires_at: Timestamp,
    /// How long to wait between polls.
    pub interval: Duration,
}

/// What a poll finds.
pub enum Polled {
    /// The person has not agreed yet; come back after this time.
    Pending(Duration),
    /// The account is connected.
    Connected(Box<CredentialRow>),
}

impl ConnectedAccounts {
    /// Begins a flow at the provider.
    ///
    /// # Errors
    /// `NotFound` without such a provider, `InvalidInput` when we are no client of it or it has no device flow.
    pub async fn start_device(&self, user: &Principal, place: Place) -> Result<DeviceFlow, Error> {
        let start = self.oauth(&place.provider)?.start_device().await?;
        let handle = RandomSecret::generate();
        let now = self.0.clock.now();
        let id = AccountFlowId::new();
        let flow = AccountFlow {
            id,
            kind: FlowKind::Device,
            handle_sha256: handle.sha256().to_vec(),
            user_id: user.id,
            session_sha256: None,
            owner_id: place.owner,
            sealed_secret: seal(&self.0.vault, id, user.id, &place.provider, &start.device_code).await?,
            provider: place.provider,
            label: place.label,
            return_to: String::new(),
            interval: micros(start.interval),
            next_poll_at: now.plus(start.interval),
            expires_at: now.plus(start.expires_in),
        };
        let mut tx = self.0.store.begin().await?;
        tx.insert_account_flow(&flow).await?;
        tx.commit().await?;
        Ok(DeviceFlow {
            handle,
            user_code: start.user_code,
            verification_uri: start.verification_uri,
            expires_at: flow.expires_at,
            interval: start.interval,
        })
    }

    /// Asks the provider whether the person has agreed, when that may be asked now. `authorize` says whether the
    /// caller may still connect accounts there.
    ///
    /// # Errors
    /// `NotFound` for a handle that is none of the caller's; `Conflict` when the flow is over or was refused.
    pub async fn poll_device(
        &self,
        user: &Principal,
        provider: &str,
        handle: &RandomSecret,
        authorize: impl FnOnce(&AccountFlow) -> Result<(), Error>,
    ) -> Result<Polled, Error> {
        let oauth = self.oauth(provider)?;
        let flow = self.0.store.account_flow(FlowKind::Device, &handle.sha256(), user.id, provider).await?;
        let flow = flow.ok_or_else(|| Error::not_found("device code; begin again"))?;
        authorize(&flow)?;
        let now = self.0.clock.now();
        if flow.expires_at <= now {
            self.0.store.end_account_flow(flow.id).await?;
            return Err(Error::conflict("the code has expired; begin again"));
        }
        if !self.0.store.claim_poll(flow.id, now).await? {
            let wait = flow.next_poll_at.since(now);
            return Ok(Polled::Pending(if wait.is_zero() { flow.interval() } else { wait }));
        }
        let device_code = open(&self.0.vault, &flow).await?;
        let refusal = match oauth.poll_device(&device_code).await? {
            Grant::Tokens(tokens) => {
                audit::begin().await?;
                // The provider gives a token once.
                self.0.store.end_account_flow(flow.id).await?;
                let expires_in = tokens.expires_in;
                let row = self.connect(&Place::of(&flow), CredentialKind::Oauth, &tokens.into(), expires_in).await?;
                return Ok(Polled::Connected(Box::new(row)));
            }
            Grant::Refused(refusal) => refusal,
        };
        match refusal.code.as_str() {
            "authorization_pending" => Ok(Polled::Pending(flow.interval())),
            "slow_down" => {
                let interval = refusal.interval.unwrap_or_default().max(flow.interval() + SLOW_DOWN);
                self.0.store.slow_down(flow.id, interval, self.0.clock.now()).await?;
                Ok(Polled::Pending(interval))
            }
            _ => {
                audit::begin().await?;
                self.0.store.end_account_flow(flow.id).await?;
                Err(Error::conflict(refusal.sentence()))
            }
        }
    }
}

impl From<Tokens> for CredentialSecret {
    fn from(tokens: Tokens) -> Self {
        Self { username: None, token: tokens.access, refresh_token: tokens.refresh }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Seals what a flow must present to the provider.
pub(super) async fn seal(
    vault: &Vault,
    flow: AccountFlowId,
    user: UserId,
    provider: &str,
    secret: &SecretString,
) -> Result<Vec<u8>, VaultError> {
    let record = Record { table: TABLE, row: flow.as_bytes(), owner: user.as_bytes(), provider };
    vault.seal(record, secret.expose_secret().as_bytes()).await
}

/// Opens it again.
pub(super) async fn open(vault: &Vault, flow: &AccountFlow) -> Result<SecretString, VaultError> {
    let (owner, provider) = (flow.user_id.as_bytes(), flow.provider.as_str());
    let record = Record { table: TABLE, row: flow.id.as_bytes(), owner, provider };
    let plain = vault.open(record, &flow.sealed_secret).await?;
    let text = std::str::from_utf8(&plain).map_err(|_| VaultError::DoesNotOpen { table: TABLE })?;
    Ok(SecretString::from(text))
}
