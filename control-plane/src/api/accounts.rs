//! Accounts at providers: connecting, looking at and disconnecting them. No answer holds a token.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_proto::mask::{SHORTEST_SECRET, is_maskable};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::auth::{NO_STORE, redirect};
use super::extract::{Body, CurrentUser, Id, OptionalBody, Params, check_name};
use crate::access::{Action, authorize, check_same_origin};
use crate::accounts::{CallbackQuery, Place, Polled};
use crate::audit;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::ids::{CredentialId, TeamId};
use crate::secrets::{CredentialSecret, RandomSecret};
use crate::store::{AccountFlow, CredentialKind, CredentialRow};

const LONGEST_TOKEN_BYTES: usize = 4 * 1024;
const LONGEST_USERNAME_CHARS: usize = 200;
/// Providers are asked about so many accounts at the same time, and no longer than this for each.
const CHECKED_AT_ONCE: usize = 8;
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Of further accounts only what is stored is told.
const MOST_CHECKED: usize = 24;

/// A connected account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    credentials_id: CredentialId,
    provider: String,
    /// The team it belongs to; `null` when it is the caller's own.
    team_id: Option<TeamId>,
    /// What its owner calls it.
    label: String,
    /// Whom it authenticates at the provider; `null` when that was never asked.
    account: Option<String>,
    /// The same, as the provider identifies them whatever they are called.
    account_id: Option<String>,
    /// What it may do there, in the provider's words; empty when the provider does not tell.
    scopes: Vec<String>,
    /// When the credential ends; `null` when it does not. One that was given by OAuth is renewed before.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl AccountView {
    fn of(user: &CurrentUser, row: CredentialRow) -> Self {
        Self {
            credentials_id: row.id,
            team_id: user.team_of(row.user_id),
            provider: row.provider,
            label: row.label,
            account: row.account,
            account_id: row.account_id,
            scopes: row.scopes.0,
            expires_at: row.expires_at,
        }
    }
}

/// What is to be connected: a token, or the account of a device flow.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ConnectAccount {
    /// A token that one made at the provider.
    #[schema(title = "ConnectToken")]
    Token {
        #[schema(value_type = String, format = Password, min_length = 8, max_length = 4096)]
        token: SecretString,
        /// For registries that want one.
        #[schema(min_length = 1, max_length = 200)]
        username: Option<String>,
        /// What to call it; the account's name at the provider when left out.
        #[schema(format = "name")]
        label: Option<String>,
        /// The team it is to belong to; the caller when left out.
        team_id: Option<TeamId>,
    },
    /// A device flow that was begun, and in which the person has agreed by now.
    #[schema(title = "ConnectDevice")]
    Device {
        /// As it was answered when the flow was begun.
        #[schema(value_type = String, format = Password, max_length = 200)]
        device_code: SecretString,
    },
}

/// A device flow in which the person has not agreed yet.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PendingView {
    /// Always `authorization_pending`.
    status: &'static str,
    /// Seconds to wait before the next question; earlier ones are answered without asking the provider.
    interval: u64,
}

fn check_label(label: Option<&String>) -> Result<(), Error> {
    label.map_or(Ok(()), |label| check_name("label", label))
}

fn place(user: &CurrentUser, provider: String, label: Option<String>, team: Option<TeamId>) -> Result<Place, Error> {
    let owner = user.owner_for(team);
    authorize(user, Action::ManageAccounts, owner, "team")?;
    check_label(label.as_ref())?;
    audit::note(|facts| facts.add("provider", provider.as_str()));
    Ok(Place { owner, provider, label })
}

/// Whether who began a flow may still end it.
fn may_connect(user: &CurrentUser, flow: &AccountFlow) -> Result<(), Error> {
    audit::note(|facts| facts.add("provider", flow.provider.as_str()));
    authorize(user, Action::ManageAccounts, flow.owner_id, "team")
}

fn note_connected(row: &CredentialRow) {
    audit::note(|facts| {
        facts.made("credential", row.id.as_uuid());
        facts.add("label", row.label.as_str());
        facts.add("account", row.account.as_deref().unwrap_or_default());
    });
}

fn check_token(token: &SecretString, username: Option<&String>) -> Result<(), Error> {
    let text = token.expose_secret();
    // It travels in a header.
    if text.len() > LONGEST_TOKEN_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(format!(
            "`token` must be a token as the provider shows it: visible ASCII characters, at most {LONGEST_TOKEN_BYTES}"
        )));
    }
    if !is_maskable(text.as_bytes()) {
        return Err(Error::invalid(format!(
            "`token` has fewer than {SHORTEST_SECRET} characters; it could not be kept out of logs, and no provider makes such tokens"
        )));
    }
    let is_fine = |name: &String| {
        !name.is_empty() && name.chars().count() <= LONGEST_USERNAME_CHARS && !name.chars().any(char::is_control)
    };
    if !username.is_none_or(is_fine) {
        return Err(Error::invalid(format!("`username` must have 1 to {LONGEST_USERNAME_CHARS} characters")));
    }
    Ok(())
}

/// Connects an account: with a token, which the provider is asked about first, or with the code of a device flow.
///
/// One that is connected already gets the new secret, and targets go on with it; it must be the same account.
#[utoipa::path(post, path = "/api/deployments/auth/{provider}/token", tag = "providers", operation_id = "connect_account",
    params(("provider" = String, Path, description = "the id of the provider")), request_body = ConnectAccount,
    responses((status = 200, description = "the account is connected", body = AccountView),
        (status = 202, description = "the person has not agreed yet; ask again after `interval` seconds", body = PendingView),
        (status = 404, description = "there is no such provider, team or device code"),
        (status = 409, description = "the label is another account's, or the device flow was refused or is over"),
        (status = 422, description = "the provider does not take the token; the sentence says why"),
        (status = 503, description = "the provider does not answer now")))]
pub(super) async fn token(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Body(request): Body<ConnectAccount>,
) -> Result<Response, Error> {
    let row = match request {
        ConnectAccount::Token { token, username, label, team_id } => {
            audit::begin().await?;
            let place = place(&user, provider, label, team_id)?;
            check_token(&token, username.as_ref())?;
            let secret = CredentialSecret { username, token, refresh_token: None };
            app.accounts.connect(&place, CredentialKind::Token, &secret, None).await?
        }
        ConnectAccount::Device { device_code } => {
            let handle = RandomSecret::from(device_code);
            let may = |flow: &AccountFlow| may_connect(&user, flow);
            authorize(&user, Action::ManageAccounts, user.id, "user")?;
            match app.accounts.poll_device(&user, &provider, &handle, may).await? {
                Polled::Connected(row) => *row,
                Polled::Pending(wait) => return Ok(pending(wait)),
            }
        }
    };
    note_connected(&row);
    Ok((AppendHeaders([NO_STORE]), Json(AccountView::of(&user, row))).into_response())
}

fn pending(wait: Duration) -> Response {
    let interval = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let view = PendingView { status: "authorization_pending", interval };
    let headers = [NO_STORE, (header::RETRY_AFTER, interval.into())];
    (StatusCode::ACCEPTED, AppendHeaders(headers), Json(view)).into_response()
}

/// Whose account a device flow is to connect.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartDevice {
    /// What to call it; the account's name at the provider when left out.
    #[schema(format = "name")]
    label: Option<String>,
    /// The team it is to belong to; the caller when left out.
    team_id: Option<TeamId>,
}

/// A device flow that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct DeviceView {
    /// What to poll with; the provider's own code stays here.
    device_code: String,
    /// What the person types.
    user_code: String,
    /// Where they type it.
    verification_uri: String,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Seconds to wait between polls.
    interval: u64,
}

/// Begins connecting an account by a code that one types at the provider.
#[utoipa::path(post, path = "/api/deployments/auth/{provider}/device", tag = "providers", operation_id = "start_device_flow",
    params(("provider" = String, Path, description = "the id of the provider")), request_body = StartDevice,
    responses((status = 201, description = "what to type, and where", body = DeviceView),
        (status = 404, description = "there is no such provider or team"),
        (status = 422, description = "this installation is no client of the provider, or it has no device flow"),
        (status = 503, description = "the provider does not answer now")))]
pub(super) async fn start_device(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    OptionalBody(request): OptionalBody<StartDevice>,
) -> Result<Response, Error> {
    let place = place(&user, provider, request.label, request.team_id)?;
    let flow = app.accounts.start_device(&user, place).await?;
    let view = DeviceView {
        device_code: flow.handle.reveal().to_owned(),
        user_code: flow.user_code,
        verification_uri: flow.verification_uri,
        expires_at: flow.expires_at,
        interval: flow.interval.as_secs(),
    };
    Ok((StatusCode::CREATED, AppendHeaders([NO_STORE]), Json(view)).into_response())
}

/// Whose account it is to be, and where to go afterwards.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuthorizeQuery {
    /// What to call it; the account's name at the provider when left out.
    #[param(format = "name")]
    label: Option<String>,
    /// The team it is to belong to; the caller when left out.
    team_id: Option<TeamId>,
    /// A path on this site; `provider` and `outcome` (`connected` or `denied`) are added to its query.
    return_to: Option<String>,
}

/// Where to send a browser.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuthorizeView {
    /// The provider's page.
    #[schema(format = "uri")]
    url: String,
}

/// Sends the browser to the provider's page where one agrees; with `Accept: application/json` only says where it is.
///
/// Whoever comes back must be signed in as who began, in the same session.
#[utoipa::path(get, path = "/api/deployments/auth/{provider}/authorize", tag = "providers", operation_id = "authorize_account",
    params(("provider" = String, Path, description = "the id of the provider"), AuthorizeQuery),
    responses((status = 200, description = "where to send the browser", body = AuthorizeView),
        (status = 303, description = "to the provider", headers(("Location" = String, description = "the provider's page"))),
        (status = 403, description = "another site sent the browser here, or one may not connect accounts"),
        (status = 404, description = "there is no such provider or team"),
        (status = 422, description = "this installation is no client of the provider")))]
pub(super) async fn authorize_account(
    State(app): State<App>,
    user: CurrentUser,
    headers: HeaderMap,
    Id(provider): Id<String>,
    Params(query): Params<AuthorizeQuery>,
) -> Result<Response, Error> {
    let place = place(&user, provider, query.label, query.team_id)?;
    // Who has agreed before is sent back by the provider without a question, so no other site may begin this.
    check_same_origin(&headers, app.access.base_url())?;
    let url = app.accounts.start_web(&user, place, query.return_to.as_deref()).await?;
    let wants_json = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if wants_json.is_some_and(|accept| accept.split([',', ';']).any(|kind| kind.trim() == "application/json")) {
        return Ok((AppendHeaders([NO_STORE]), Json(AuthorizeView { url: url.into() })).into_response());
    }
    Ok(redirect(url.as_str(), []))
}

/// Where a provider sends the browser back to.
#[utoipa::path(get, path = "/api/deployments/auth/{provider}/callback", tag = "providers", operation_id = "finish_account",
    params(("provider" = String, Path, description = "the id of the provider"), CallbackQuery),
    responses((status = 303, description = "to where one wanted to go; `outcome` is `connected` or `denied`",
            headers(("Location" = String, description = "a path on this site"))),
        (status = 404, description = "there is no such provider"),
        (status = 409, description = "it is another account than the one of this label"),
        (status = 422, description = "this was not begun by the caller in this session, or the provider refuses"),
        (status = 503, description = "the provider does not answer now")))]
pub(super) async fn callback(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Params(query): Params<CallbackQuery>,
) -> Result<Response, Error> {
    authorize(&user, Action::ManageAccounts, user.id, "user")?;
    let may = |flow: &AccountFlow| may_connect(&user, flow);
    let returned = app.accounts.finish_web(&user, &provider, &query, may).await?;
    let outcome = if let Some(row) = &returned.connected {
        note_connected(row);
        "connected"
    } else {
        audit::note(|facts| facts.add("outcome", "denied at the provider"));
        "denied"
    };
    Ok(redirect(&with_outcome(&returned.return_to, &provider, outcome), []))
}

/// The path with what became of it in its query.
fn with_outcome(path: &str, provider: &str, outcome: &str) -> String {
    let (path, fragment) =
        path.split_once('#').map_or((path, String::new()), |(path, rest)| (path, format!("#{rest}")));
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}provider={provider}&outcome={outcome}{fragment}")
}

/// What is known of whether an account works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountState {
    /// The provider says so.
    Valid,
    /// It has to be connected again.
    NeedsReconnection,
    /// The provider was not asked, or did not answer.
    Unknown,
}

/// A connected account and whether it works.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountStatusView {
    #[serde(flatten)]
    account: AccountView,
    state: AccountState,
    /// What is wrong and what to do; `null` when nothing is.
    problem: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    connected_at: Timestamp,
    /// When it was last connected again or renewed.
    #[schema(value_type = String, format = DateTime)]
    renewed_at: Timestamp,
}

/// The accounts at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountsView {
    provider: String,
    accounts: Vec<AccountStatusView>,
}

/// How closely to look.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusQuery {
    /// Whether the provider is asked about each account; otherwise only what is stored is told.
    #[param(default = true)]
    check: Option<bool>,
}

/// The accounts of the caller and their teams at a provider, and whether they still work.
#[utoipa::path(get, path = "/api/deployments/auth/{provider}/status", tag = "providers", operation_id = "get_accounts",
    params(("provider" = String, Path, description = "the id of the provider"), StatusQuery),
    responses((status = 200, description = "the accounts", body = AccountsView), (status = 404, description = "there is no such provider")))]
pub(super) async fn status(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Params(query): Params<StatusQuery>,
) -> Result<Json<AccountsView>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    app.providers.get(&provider).ok_or_else(|| Error::not_found("provider"))?;
    let mut rows = Vec::new();
    for owner in user.owners() {
        let own = app.store.credentials(owner).await?;
        rows.extend(own.into_iter().filter(|row| row.provider == provider));
    }
    let most = if query.check.unwrap_or(true) { MOST_CHECKED } else { 0 };
    let checks = rows.into_iter().enumerate().map(|(index, row)| {
        let app = &app;
        async move {
            let (state, problem) = state_of(app, &row, index < most).await;
            (state, problem, row)
        }
    });
    let checked: Vec<_> = futures::stream::iter(checks).buffered(CHECKED_AT_ONCE).collect().await;
    let accounts = checked.into_iter().map(|(state, problem, row)| AccountStatusView {
        state,
        problem,
        connected_at: row.created_at,
        renewed_at: row.updated_at,
        account: AccountView::of(&user, row),
    });
    Ok(Json(AccountsView { accounts: accounts.collect(), provider }))
}

/// Whether an account works, as it is stored or as the provider says.
async fn state_of(app: &App, row: &CredentialRow, is_asked: bool) -> (AccountState, Option<String>) {
    if let Some(why) = &row.broken {
        return (AccountState::NeedsReconnection, Some(why.clone()));
    }
    if !is_asked {
        return (AccountState::Unknown, None);
    }
    let check = async {
        let secret = app.accounts.fresh(row.id).await?;
        app.accounts.at(&row.provider)?.validate(&secret).await.map(drop).map_err(Error::from)
    };
    match tokio::time::timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(())) => (AccountState::Valid, None),
        Ok(Err(error)) if error.code() == ErrorCode::InvalidInput => {
            (AccountState::NeedsReconnection, Some(error.message().to_owned()))
        }
        Ok(Err(error)) => (AccountState::Unknown, Some(error.message().to_owned())),
        Err(_) => (AccountState::Unknown, Some("the provider does not answer now".to_owned())),
    }
}

/// Which account, and whether targets may lose it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DisconnectQuery {
    /// The account.
    credentials_id: CredentialId,
    /// Whether to disconnect it also when targets use it.
    #[param(default = false)]
    force: Option<bool>,
}

/// What became of a disconnected account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisconnectedView {
    credentials_id: CredentialId,
    /// Whether the provider has ended the access.
    revoked: bool,
    /// What was done, or is left to do.
    detail: String,
    /// Targets that have no account now.
    targets: i64,
}

/// Disconnects an account: ends what was given to this installation at the provider, and forgets it here.
#[utoipa::path(delete, path = "/api/deployments/auth/{provider}", tag = "providers", operation_id = "disconnect_account",
    params(("provider" = String, Path, description = "the id of the provider"), DisconnectQuery),
    responses((status = 200, description = "it is forgotten here; `revoked` says whether it still works at the provider", body = DisconnectedView),
        (status = 404, description = "there is no such account"), (status = 409, description = "targets use this account; `force` disconnects it all the same")))]
pub(super) async fn disconnect(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Params(query): Params<DisconnectQuery>,
) -> Result<Json<DisconnectedView>, Error> {
    let id = query.credentials_id;
    let row = own_account(&app, &user, Action::ManageAccounts, &provider, id).await?;
    audit::note(|facts| {
        facts.made("credential", id.as_uuid());
        facts.add("provider", provider.as_str());
        facts.add("label", row.label.as_str());
    });
    let done = app.accounts.disconnect(&row, query.force.unwrap_or(false)).await?;
    audit::note(|facts| facts.add("revoked", done.is_revoked));
    Ok(Json(DisconnectedView {
        credentials_id: id,
        revoked: done.is_revoked,
        detail: done.detail,
        targets: done.targets,
    }))
}

/// The account at this provider, when the caller may do `action` with it; somebody else's is not there.
pub(super) async fn own_account(
    app: &App,
    user: &CurrentUser,
    action: Action,
    provider: &str,
    id: CredentialId,
) -> Result<CredentialRow, Error> {
    let row = app.store.credential(id).await?.filter(|row| row.provider == provider);
    let row = row.ok_or_else(|| Error::not_found("account"))?;
    authorize(user, action, row.user_id, "account")?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_stands_in_the_query() {
        assert_eq!(with_outcome("/", "github", "denied"), "/?provider=github&outcome=denied");
        assert_eq!(with_outcome("/t?x=1#y", "github", "connected"), "/t?x=1&provider=github&outcome=connected#y");
    }

    #[test]
    fn a_token_is_one_word() {
        let check = |token: &str| check_token(&token.to_owned().into(), None).is_ok();
        assert!(check("ghp_xxxx"));
        for wrong in ["", "short", "two words", "two\nlines", "größeres", &"x".repeat(LONGEST_TOKEN_BYTES + 1)] {
            assert!(!check(wrong), "{wrong:.20}");
        }
    }
}
