//! Signing in and out, and who one is.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Body, CurrentUser, Params, check_user_name};
use crate::access::{CallbackQuery, Credential, Role, Scope, SignedIn};
use crate::audit;
use crate::error::Error;
use crate::ids::{TeamId, UserId};

/// Never kept by a cache, a proxy or the browser's history.
pub(super) const NO_STORE: (header::HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Who signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedInView {
    id: UserId,
    name: String,
    /// Whether they administer the installation.
    is_admin: bool,
    /// To be sent as `X-CSRF-Token` with every request that changes something.
    csrf_token: String,
}

pub(super) fn signed_in(signed_in: SignedIn) -> Response {
    let SignedIn { user, cookie, csrf_token } = signed_in;
    let view = SignedInView {
        id: user.id,
        name: user.name,
        is_admin: user.is_admin,
        csrf_token: csrf_token.reveal().to_owned(),
    };
    (AppendHeaders([(header::SET_COOKIE, cookie), NO_STORE]), Json(view)).into_response()
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    name: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Signs in with name and password; the answer sets the session cookie.
///
/// After ten attempts for a name, or fifty from an address, in a quarter of an hour further ones are
/// refused for a while.
#[utoipa::path(post, path = "/api/auth/login", tag = "people", operation_id = "log_in", security(()), request_body = Login,
    responses((status = 200, description = "who signed in", body = SignedInView, headers(("Set-Cookie" = String, description = "the session"))),
        (status = 401, description = "name or password is wrong"), (status = 403, description = "another site sent it"),
        (status = 429, description = "too many attempts; `Retry-After` says when to try again")))]
pub(super) async fn login(State(app): State<App>, parts: Parts, Body(request): Body<Login>) -> Result<Response, Error> {
    let outcome = app.access.log_in(&parts.headers, &parts.extensions, &request.name, request.password).await?;
    Ok(signed_in(outcome))
}

/// Ends the session, here and in the browser.
#[utoipa::path(post, path = "/api/auth/logout", tag = "people", operation_id = "log_out",
    responses((status = 204, description = "the session has ended", headers(("Set-Cookie" = String, description = "takes the cookie away"))),
        (status = 422, description = "the request came with a token, so there is no session to end")))]
pub(super) async fn logout(State(app): State<App>, user: CurrentUser, headers: HeaderMap) -> Result<Response, Error> {
    if !matches!(user.credential, Credential::Session(_)) {
        return Err(Error::invalid("there is no session to end; an API token is ended by `DELETE /api/tokens/{id}`"));
    }
    audit::note(|facts| facts.concerns(user.id));
    let cookie = app.access.log_out(&headers).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie), NO_STORE])).into_response())
}

/// The first person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// From the link that `slipway serve` printed.
    token: String,
    #[schema(format = "user-name")]
    name: String,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 1024)]
    password: SecretString,
}

/// Makes the first person, who administers the installation, and signs them in.
#[utoipa::path(post, path = "/api/auth/setup", tag = "people", operation_id = "set_up", security(()), request_body = Setup,
    responses((status = 200, description = "who signed in", body = SignedInView, headers(("Set-Cookie" = String, description = "the session"))),
        (status = 401, description = "the link has been used or has expired"), (status = 403, description = "another site sent it")))]
pub(super) async fn setup(
    State(app): State<App>,
    headers: HeaderMap,
    Body(request): Body<Setup>,
) -> Result<Response, Error> {
    check_user_name(&request.name)?;
    Ok(signed_in(app.access.set_up(&headers, &request.token, &request.name, request.password).await?))
}

/// Where to go afterwards.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OidcQuery {
    /// A path on this site.
    return_to: Option<String>,
}

/// The ways to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignInMethodsView {
    /// Whether anybody here has a password.
    password: bool,
    /// The OpenID Connect issuer, if there is one.
    oidc: Option<IssuerView>,
}

/// Who says who somebody is.
#[derive(Debug, Serialize, ToSchema)]
struct IssuerView {
    /// Its host.
    name: String,
}

/// The ways in which people can sign in here.
#[utoipa::path(get, path = "/api/auth/methods", tag = "people", operation_id = "list_sign_in_methods", security(()),
    responses((status = 200, description = "those that work", body = SignInMethodsView)))]
pub(super) async fn methods(State(app): State<App>) -> Result<Json<SignInMethodsView>, Error> {
    let (password, issuer) = app.access.sign_in_methods().await?;
    let host = |issuer: &str| {
        let url = url::Url::parse(issuer).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| issuer.to_owned())
    };
    Ok(Json(SignInMethodsView { password, oidc: issuer.map(|issuer| IssuerView { name: host(issuer) }) }))
}

/// Sends the browser to the OpenID Connect issuer.
#[utoipa::path(get, path = "/api/auth/oidc", tag = "people", operation_id = "start_oidc_sign_in", security(()), params(OidcQuery),
    responses((status = 303, description = "to the issuer", headers(("Location" = String, description = "the issuer's page"),
            ("Set-Cookie" = String, description = "ties the sign-in to this browser"))),
        (status = 404, description = "no issuer is configured"), (status = 503, description = "the issuer does not answer")))]
pub(super) async fn oidc(State(app): State<App>, Params(query): Params<OidcQuery>) -> Result<Response, Error> {
    let start = app.access.start_oidc(query.return_to.as_deref()).await?;
    Ok(redirect(start.location.as_str(), [start.cookie]))
}

/// Where the issuer sends the browser back to.
#[utoipa::path(get, path = "/api/auth/oidc/callback", tag = "people", operation_id = "finish_oidc_sign_in", security(()), params(CallbackQuery),
    responses((status = 303, description = "signed in; to where one wanted to go", headers(("Location" = String, description = "a path on this site"),
            ("Set-Cookie" = String, description = "the session"))),
        (status = 401, description = "the sign-in was not begun in this browser, or the issuer did not confirm it"),
        (status = 403, description = "not among those who may sign in"), (status = 404, description = "no issuer is configured"),
        (status = 503, description = "the issuer does not answer")))]
pub(super) async fn oidc_callback(
    State(app): State<App>,
    headers: HeaderMap,
    Params(query): Params<CallbackQuery>,
) -> Result<Response, Error> {
    let (signed_in, return_to, end_attempt) = app.access.finish_oidc(&headers, &query).await?;
    Ok(redirect(&return_to, [signed_in.cookie, end_attempt]))
}

/// `303 See Other` with cookies.
pub(super) fn redirect<const N: usize>(location: &str, cookies: [HeaderValue; N]) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [NO_STORE]).into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/")));
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeView {
    id: UserId,
    name: String,
    /// Whether they administer the installation.
    is_admin: bool,
    teams: Vec<RoleView>,
    /// How far the credential of this request reaches.
    scopes: Vec<Scope>,
    /// To be sent as `X-CSRF-Token` with every request that changes something; `null` when the request
    /// used a token.
    csrf_token: Option<String>,
}

/// A role in a team.
#[derive(Debug, Serialize, ToSchema)]
struct RoleView {
    id: TeamId,
    role: Role,
}

/// Who one is, and what one may do.
#[utoipa::path(get, path = "/api/me", tag = "people", operation_id = "get_me",
    responses((status = 200, description = "who one is", body = MeView)))]
pub(super) async fn me(user: CurrentUser) -> Response {
    let csrf_token = match &user.credential {
        Credential::Session(csrf) => Some(csrf.reveal().to_owned()),
        Credential::Token(..) | Credential::TrustedJwt => None,
    };
    let view = MeView {
        id: user.id,
        name: user.name,
        is_admin: user.is_admin,
        teams: user.teams.into_iter().map(|(id, role)| RoleView { id, role }).collect(),
        scopes: user.scopes.list(),
        csrf_token,
    };
    ([NO_STORE], Json(view)).into_response()
}
