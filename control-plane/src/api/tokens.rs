//! One's own API tokens.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::NO_STORE;
use super::extract::{Body, CurrentUser, Id, Page, PageQuery, Params, check_name, whole_number};
use crate::access::{Action, Credential, Scope, Scopes, authorize};
use crate::audit;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::ApiTokenId;
use crate::secrets::ApiToken;
use crate::store::{NewToken, TokenRow};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DEFAULT_DAYS: u32 = 30;
const MOST_DAYS: u32 = 365;
const MOST_TOKENS: i64 = 200;

/// A token as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    id: ApiTokenId,
    name: String,
    scopes: Vec<Scope>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// `null` for tokens that were made on the command line and never end.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<TokenRow> for TokenView {
    fn from(row: TokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes.list(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewTokenView {
    id: ApiTokenId,
    /// Shown only here.
    token: String,
    name: String,
    scopes: Vec<Scope>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// One's own tokens, oldest first.
#[utoipa::path(get, path = "/api/tokens", tag = "people", operation_id = "list_tokens", params(PageQuery),
    responses((status = 200, description = "a page of tokens, without their secrets", body = Page<TokenView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<TokenView>>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    let limit = page.limit()?;
    let rows = app.store.tokens(user.id, page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), TokenView::from)))
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateToken {
    /// What it is for.
    #[schema(format = "name")]
    name: String,
    /// Each includes reading; `admin` includes all.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// 1 to 365; 30 when left out. A token that is made with another one ends with it at the latest.
    #[schema(minimum = 1, maximum = 365, default = 30)]
    #[serde(default, deserialize_with = "whole_number")]
    expires_in_days: Option<u32>,
}

/// Makes a token that acts for oneself. With a token one can make only tokens that reach less far, or
/// as far, and end when it ends.
#[utoipa::path(post, path = "/api/tokens", tag = "people", operation_id = "create_token", request_body = CreateToken,
    responses((status = 201, description = "the new token, shown only here", body = NewTokenView),
        (status = 403, description = "a token cannot make one that reaches further than itself"),
        (status = 409, description = "one can have 200 tokens at most; delete some")))]
pub(super) async fn create(
    State(app): State<App>,
    user: CurrentUser,
    Body(request): Body<CreateToken>,
) -> Result<(StatusCode, [(axum::http::HeaderName, axum::http::HeaderValue); 1], Json<NewTokenView>), Error> {
    authorize(&user, Action::Administer, user.id, "user")?;
    check_name("name", &request.name)?;
    let scopes: Scopes = request.scopes.into_iter().collect();
    audit::note(|facts| facts.add("name", request.name.as_str()));
    audit::note(|facts| facts.names("scopes", scopes.list().into_iter().map(Scope::as_str)));
    if scopes.list().is_empty() {
        return Err(Error::invalid("`scopes` must name at least one scope"));
    }
    if !user.scopes.include(scopes) {
        return Err(Error::forbidden("a token cannot make one that reaches further than itself"));
    }
    let days = request.expires_in_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Error::invalid(format!("`expires_in_days` must be from 1 to {MOST_DAYS}")));
    }
    let now = app.clock.now();
    let mut expires_at = now.plus(DAY * days);
    let mut parent = None;
    if let Credential::Token(id, ends) = user.credential {
        parent = Some(id);
        expires_at = ends.map_or(expires_at, |ends| ends.min(expires_at));
    }
    let token = ApiToken::generate();
    let new = NewToken { user: user.id, name: &request.name, scopes, expires_at: Some(expires_at), parent };
    let mut tx = app.store.begin().await?;
    if tx.count_tokens(user.id).await? >= MOST_TOKENS {
        return Err(Error::conflict(format!("one can have {MOST_TOKENS} tokens at most; delete some")));
    }
    let id = tx.insert_token(new, &token, now).await?;
    tx.commit().await?;
    audit::note(|facts| facts.made("token", id.as_uuid()));
    let view = NewTokenView {
        id,
        token: token.reveal().to_owned(),
        name: request.name,
        scopes: scopes.list(),
        created_at: now,
        expires_at,
    };
    Ok((StatusCode::CREATED, [NO_STORE], Json(view)))
}

/// Ends a token at once, and those that were made with it.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "people", operation_id = "delete_token", params(("id" = ApiTokenId, Path)),
    responses((status = 204, description = "it has ended")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<ApiTokenId>,
) -> Result<StatusCode, Error> {
    authorize(&user, Action::Administer, user.id, "user")?;
    let mut tx = app.store.begin().await?;
    if !tx.delete_token(user.id, id).await? {
        return Err(Error::not_found("token"));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
