//! Accounts at providers: connected with a token, listed, disconnected. A token comes in here and never goes out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_proto::mask::{SHORTEST_SECRET, is_maskable};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Body, CurrentUser, Params, check_name};
use crate::access::{Action, authorize};
use crate::audit;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::ids::{CredentialId, TeamId, UserId};
use crate::providers::{Account, Provider, ProviderError};
use crate::secrets::CredentialSecret;
use crate::store::CredentialRow;

const LONGEST_TOKEN_BYTES: usize = 4 * 1024;
/// Accounts of one owner, at all providers together.
const MOST_ACCOUNTS: usize = 100;

/// A token to connect an account with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectAccount {
    kind: TokenKind,
    /// As the provider shows it when it is made. It is checked there, sealed, and never shown again.
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 4096)]
    token: SecretString,
    /// What the account is called here; its name at the provider when left out.
    #[schema(format = "name")]
    label: Option<String>,
    /// For providers that want a user name with a token.
    #[schema(format = "name")]
    username: Option<String>,
    /// The team it is to belong to; the caller when left out.
    team_id: Option<TeamId>,
}

/// How the account is connected.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TokenKind {
    /// With a token that does not change.
    Token,
}

/// An account that was just connected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectedView {
    credentials_id: CredentialId,
    /// Its name at the provider.
    account: String,
    /// What it may do there, as far as the provider says it.
    #[schema(max_items = 100)]
    scopes: Vec<String>,
    /// When the token ends by itself, as far as the provider says it.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A connected account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    credentials_id: CredentialId,
    /// The team it belongs to; `null` when it is the caller's own.
    team_id: Option<TeamId>,
    label: String,
    /// Its name at the provider; `null` when it was stored on the command line.
    account: Option<String>,
    #[schema(max_items = 100)]
    scopes: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it has ended by itself.
    is_expired: bool,
    #[schema(value_type = String, format = DateTime)]
    connected_at: Timestamp,
}

/// The accounts at one provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountList {
    provider: String,
    #[schema(max_items = 1000)]
    accounts: Vec<AccountView>,
}

/// Which account.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichAccount {
    /// As `GET /api/deployments/auth/{provider}/status` lists it.
    #[param(value_type = String, format = Uuid)]
    credentials_id: CredentialId,
}

fn provider<'a>(app: &'a App, id: &str) -> Result<&'a dyn Provider, Error> {
    app.providers.get(id).map(|provider| &**provider).ok_or_else(|| Error::not_found("provider"))
}

/// Asks the provider whose token it is, and stores it sealed.
#[utoipa::path(post, path = "/api/deployments/auth/{provider}/token", tag = "providers", operation_id = "connect_account",
    params(("provider" = String, Path, description = "the id of the provider", example = "github")), request_body = ConnectAccount,
    responses((status = 200, description = "the account, without its token", body = ConnectedView),
        (status = 409, description = "there is an account with this label already")))]
pub(super) async fn connect(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<String>,
    Body(request): Body<ConnectAccount>,
) -> Result<Json<ConnectedView>, Error> {
    let owner = user.owner_for(request.team_id);
    authorize(&user, Action::ManageAccounts, owner, "team")?;
    let provider = provider(&app, &id)?;
    audit::note(|facts| facts.add("provider", id.as_str()));
    let accounts = provider.accounts().ok_or_else(|| Error::invalid(format!("`{id}` needs no account")))?;
    let TokenKind::Token = request.kind;
    for (field, name) in [("label", &request.label), ("username", &request.username)] {
        if let Some(name) = name {
            check_name(field, name)?;
        }
    }
    check_token(&request.token)?;
    if app.store.credentials(owner).await?.len() >= MOST_ACCOUNTS {
        return Err(Error::conflict(format!("one can have {MOST_ACCOUNTS} accounts at most; disconnect some")));
    }
    let secret = CredentialSecret { username: request.username, token: request.token, refresh_token: None };
    let account = accounts.validate(&secret).await.map_err(|error| refusal(provider, &secret, error))?;
    let label = request.label.unwrap_or_else(|| account.name.clone());
    let row = app.vault.credential_row(owner, &id, &label, &secret, app.clock.now()).await?;
    let row = of_account(row, &account);
    let mut tx = app.store.begin().await?;
    if !tx.insert_credential(&row).await? {
        return Err(Error::conflict(format!(
            "there is an account with the label `{label}` already; disconnect that one, or choose another label"
        )));
    }
    tx.commit().await?;
    audit::note(|facts| facts.made("credential", row.id.as_uuid()));
    audit::note(|facts| facts.add("label", label));
    let Account { name, scopes, expires_at, .. } = account;
    Ok(Json(ConnectedView { credentials_id: row.id, account: name, scopes, expires_at }))
}

fn of_account(row: CredentialRow, account: &Account) -> CredentialRow {
    CredentialRow {
        account: Some(account.name.clone()),
        scopes: sqlx::types::Json(account.scopes.clone()),
        expires_at: account.expires_at,
        ..row
    }
}

fn check_token(token: &SecretString) -> Result<(), Error> {
    let text = token.expose_secret();
    // It travels in a header.
    if text.len() > LONGEST_TOKEN_BYTES || text.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Error::invalid(format!(
            "`token` must be a token as the provider shows it: visible ASCII characters, at most {LONGEST_TOKEN_BYTES}"
        )));
    }
    if !is_maskable(text.as_bytes()) {
        return Err(Error::invalid(format!(
            "`token` has fewer than {SHORTEST_SECRET} characters; it could not be kept out of logs, and no provider makes such tokens"
        )));
    }
    Ok(())
}

/// What a provider says about a credential may repeat it.
fn refusal(provider: &dyn Provider, secret: &CredentialSecret, error: ProviderError) -> Error {
    match error {
        ProviderError::Rejected(message) => {
            Error::invalid(message.replace(secret.token.expose_secret(), "[the token]"))
        }
        error => unanswered(provider, error),
    }
}

/// A provider that did not say yes or no.
pub(super) fn unanswered(provider: &dyn Provider, error: ProviderError) -> Error {
    let name = provider.descriptor().name;
    let message = match error {
        ProviderError::Busy { .. } => format!("{name} wants us to wait; try again in a minute"),
        error => {
            let error = anyhow::Error::new(error);
            tracing::warn!(provider = provider.id(), error = format!("{error:#}"), "a question to a provider failed");
            format!("{name} gives no answer, so nothing was changed; try again")
        }
    };
    Error::new(ErrorCode::Unavailable, message)
}

/// The accounts of the caller and their teams at a provider, oldest first.
#[utoipa::path(get, path = "/api/deployments/auth/{provider}/status", tag = "providers", operation_id = "list_accounts",
    params(("provider" = String, Path, description = "the id of the provider", example = "github")),
    responses((status = 200, description = "the accounts, without their tokens", body = AccountList)))]
pub(super) async fn status(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<String>,
) -> Result<Json<AccountList>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    provider(&app, &id)?;
    let now = app.clock.now();
    let mut accounts = Vec::new();
    for owner in user.owners() {
        let rows = app.store.credentials(owner).await?;
        accounts.extend(rows.into_iter().filter(|row| row.provider == id).map(|row| view(&user, row, now)));
    }
    accounts.sort_by_key(|account| account.connected_at);
    Ok(Json(AccountList { provider: id, accounts }))
}

fn view(user: &CurrentUser, row: CredentialRow, now: Timestamp) -> AccountView {
    AccountView {
        credentials_id: row.id,
        team_id: user.team_of(row.user_id),
        label: row.label,
        account: row.account,
        scopes: row.scopes.0,
        expires_at: row.expires_at,
        is_expired: row.expires_at.is_some_and(|end| end <= now),
        connected_at: row.created_at,
    }
}

/// Disconnects an account: its token is forgotten here, and targets that used it need another. It stays valid at the
/// provider until it is revoked there.
#[utoipa::path(delete, path = "/api/deployments/auth/{provider}", tag = "providers", operation_id = "disconnect_account",
    params(("provider" = String, Path, description = "the id of the provider", example = "github"), WhichAccount),
    responses((status = 204, description = "it is forgotten")))]
pub(super) async fn disconnect(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<String>,
    Params(which): Params<WhichAccount>,
) -> Result<StatusCode, Error> {
    let row = app.store.credential(which.credentials_id).await?;
    let row = row.filter(|row| row.provider == id).ok_or_else(|| Error::not_found("account"))?;
    authorize(&user, Action::ManageAccounts, row.user_id, "account")?;
    let owner: UserId = row.user_id;
    audit::note(|facts| facts.add("provider", id.as_str()));
    audit::note(|facts| facts.made("credential", row.id.as_uuid()));
    let mut tx = app.store.begin().await?;
    if !tx.delete_credential(owner, row.id).await? {
        return Err(Error::not_found("account"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
