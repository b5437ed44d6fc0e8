//! Connecting an account by a page at the provider, where one agrees (authorization code with PKCE). Whoever
//! comes back must be who went, in the same session; the state counts once and for ten minutes.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use utoipa::IntoParams;

use super::connect::Place;
use super::{ConnectedAccounts, device_flow};
use crate::access::{Principal, local_path};
use crate::audit;
use crate::error::Error;
use crate::ids::AccountFlowId;
use crate::providers::oauth::Grant;
use crate::secrets::RandomSecret;
use crate::store::{AccountFlow, CredentialKind, CredentialRow, FlowKind};

/// Time to agree at the provider.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// What a provider sends the browser back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// To be exchanged for a token, which it is worth until then.
    #[param(value_type = Option<String>)]
    pub code: Option<SecretString>,
    /// As we sent it.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// How somebody came back.
pub struct Returned {
    /// Where they wanted to go: a path on this site.
    pub return_to: String,
    /// The account; `None` when they did not agree.
    pub connected: Option<CredentialRow>,
}

impl ConnectedAccounts {
    /// Where to send the browser.
    ///
    /// # Errors
    /// `NotFound` without such a provider, `InvalidInput` when we are no client of it.
    pub async fn start_web(&self, user: &Principal, place: Place, return_to: Option<&str>) -> Result<Url, Error> {
        let oauth = self.oauth(&place.provider)?;
        if !oauth.has_web_flow() {
            return Err(Error::invalid(format!(
                "this needs `providers.{}.client_secret`, which is not set; connect with a device code or a token",
                place.provider
            )));
        }
        let (state, verifier) = (RandomSecret::generate(), RandomSecret::generate());
        let verifier = SecretString::from(verifier.reveal());
        let url = oauth.authorize_url(&state, &verifier, &self.redirect_uri(&place.provider))?;
        let now = self.0.clock.now();
        let id = AccountFlowId::new();
        let sealed_secret = device_flow::seal(&self.0.vault, id, user.id, &place.provider, &verifier).await?;
        let flow = AccountFlow {
            id,
            kind: FlowKind::Web,
            handle_sha256: state.sha256().to_vec(),
            user_id: user.id,
            session_sha256: user.session_sha256().map(Vec::from),
            owner_id: place.owner,
            provider: place.provider,
            label: place.label,
            return_to: local_path(return_to, &self.0.base_url),
            sealed_secret,
            interval: 0,
            next_poll_at: now,
            expires_at: now.plus(LIFE),
        };
        let mut tx = self.0.store.begin().await?;
        tx.insert_account_flow(&flow).await?;
        tx.commit().await?;
        Ok(url)
    }

    /// Connects the account of whom the provider sent back. `authorize` says whether they may still do so.
    ///
    /// # Errors
    /// `InvalidInput` when it was not begun by them in this session, or long ago, or another issuer answers.
    pub async fn finish_web(
        &self,
        user: &Principal,
        provider: &str,
        query: &CallbackQuery,
        authorize: impl FnOnce(&AccountFlow) -> Result<(), Error>,
    ) -> Result<Returned, Error> {
        let oauth = self.oauth(provider)?;
        let foreign =
            || Error::invalid("this was not begun by you in this browser, or too long ago; connect the account again");
        let state = query.state.as_deref().map(RandomSecret::presented).ok_or_else(foreign)?;
        let flow = self.0.store.account_flow(FlowKind::Web, &state.sha256(), user.id, provider).await?;
        let flow = flow.ok_or_else(foreign)?;
        let session = user.session_sha256();
        if flow.session_sha256.is_some() && flow.session_sha256.as_deref() != session.as_ref().map(<[u8; 32]>::as_slice)
        {
            return Err(foreign());
        }
        // From here on the state is used up, whatever comes of it.
        if !self.0.store.end_account_flow(flow.id).await? || flow.expires_at <= self.0.clock.now() {
            return Err(foreign());
        }
        audit::begin().await?;
        authorize(&flow)?;
        if query.iss.as_deref().is_some_and(|iss| !oauth.is_issuer(iss)) {
            return Err(Error::invalid("another server than the provider answered; nothing was connected"));
        }
        let return_to = flow.return_to.clone();
        let code = match (&query.error, &query.code) {
            (None, Some(code)) => code,
            (Some(error), _) if error == "access_denied" => return Ok(Returned { return_to, connected: None }),
            _ => return Err(Error::invalid("the provider sent no code; connect the account again")),
        };
        let verifier = device_flow::open(&self.0.vault, &flow).await?;
        match oauth.exchange(code, &verifier, &self.redirect_uri(provider)).await? {
            Grant::Tokens(tokens) => {
                let expires_in = tokens.expires_in;
                let place = Place::of(&flow);
                let connected = self.connect(&place, CredentialKind::Oauth, &tokens.into(), expires_in).await?;
                Ok(Returned { return_to, connected: Some(connected) })
            }
            Grant::Refused(refusal) => Err(Error::invalid(refusal.sentence())),
        }
    }
}

impl Place {
    pub(super) fn of(flow: &AccountFlow) -> Self {
        Self { owner: flow.owner_id, provider: flow.provider.clone(), label: flow.label.clone() }
    }
}
