//! Accounts at providers: connected by token, by a page there or by a code that is typed there; kept fresh while
//! they are used; disconnected. The secrets are in the vault and leave it here and where a request is signed.

mod connect;
mod device_flow;
mod disconnect;
mod fresh;
mod web_flow;

pub use connect::Place;
pub use device_flow::{DeviceFlow, Polled};
pub use disconnect::Disconnected;
pub use web_flow::{CallbackQuery, Returned};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use url::Url;

use crate::clock::Clock;
use crate::error::Error;
use crate::ids::CredentialId;
use crate::providers::Providers;
use crate::providers::accounts::Accounts;
use crate::providers::oauth::OAuth;
use crate::public_url::below;
use crate::secrets::Vault;
use crate::store::Store;

/// All connected accounts. A cheap handle.
#[derive(Clone)]
pub struct ConnectedAccounts(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    providers: Providers,
    clock: Clock,
    /// Where people reach us, and so where providers send them back to.
    base_url: Url,
    /// One at a time refreshes a credential.
    refreshing: Mutex<HashMap<CredentialId, Weak<tokio::sync::Mutex<()>>>>,
}

impl ConnectedAccounts {
    /// Those of the vault, at these providers.
    pub fn new(vault: Vault, providers: Providers, clock: Clock, base_url: Url) -> Self {
        let (store, refreshing) = (vault.store().clone(), Mutex::default());
        Self(Arc::new(Inner { store, vault, providers, clock, base_url, refreshing }))
    }

    /// What is sealed.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Where they are.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// The accounts of a provider.
    ///
    /// # Errors
    /// `NotFound` when there is no such provider, `InvalidInput` when it needs no account.
    pub fn at(&self, provider: &str) -> Result<&dyn Accounts, Error> {
        let known = self.0.providers.get(provider).ok_or_else(|| Error::not_found("provider"))?;
        known.accounts().ok_or_else(|| Error::invalid(format!("`{provider}` needs no account")))
    }

    fn oauth(&self, provider: &str) -> Result<&OAuth, Error> {
        self.at(provider)?.oauth().ok_or_else(|| {
            Error::invalid(format!(
                "this installation is no client of `{provider}`; connect with a token, or ask an operator to set `providers.{provider}.client_id`"
            ))
        })
    }

    /// Where a provider sends the browser back to: one address, registered there.
    fn redirect_uri(&self, provider: &str) -> Url {
        below(&self.0.base_url, &format!("/api/deployments/auth/{provider}/callback"))
    }
}
