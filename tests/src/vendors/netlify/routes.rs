//! The fake's answers: which request is for what, and what sites and accounts have to do with it.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value, json};

use super::site::Site;
use super::{Inner, Netlify, OWN_TEAM, TEAM, deploys, domains, hooks, variables};

pub(super) type Answer = Result<Response, Response>;

/// One request, after it is known whose it is.
pub(super) struct Asked {
    /// The one team that its token may act in; any when `None`.
    only: Option<&'static str>,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) fn may_act_in(&self, team: &str) -> bool {
        self.only.is_none_or(|only| only == team) && [TEAM, OWN_TEAM].contains(&team)
    }
}

pub(super) async fn answer(
    State(fake): State<Netlify>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = fake.lock().latency;
    tokio::time::sleep(latency).await;
    let path = uri.path().strip_prefix("/api/v1/").unwrap_or_default();
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = fake.lock().tokens.get(sent.strip_prefix("Bearer ").unwrap_or_default()).copied();
    let Some(only) = known else { return refusal(401, "Access Denied") };
    let asked = Asked { only, query, headers, body };
    let outcome = match (method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => Ok(user()),
        ("GET", ["accounts"]) => Ok(accounts(&asked)),
        ("GET", ["accounts", team, "env"]) => variables::list(&fake, &asked, team),
        ("POST", ["accounts", team, "env"]) => variables::create(&fake, &asked, team),
        ("PATCH", ["accounts", team, "env", key]) => variables::set(&fake, &asked, team, key),
        ("GET", ["sites"]) => Ok(sites(&fake, &asked)),
        ("POST", ["sites"]) => make_site(&fake, &asked, OWN_TEAM),
        ("GET", ["sites", site]) => show_site(&fake, &asked, site),
        ("PATCH", ["sites", site]) => domains::set(&fake, &asked, site),
        ("GET", ["sites", site, "ssl"]) => domains::certificate(&fake, &asked, site),
        ("POST", ["sites", site, "ssl"]) => domains::certify(&fake, &asked, site),
        ("GET", ["hooks"]) => hooks::list(&fake, &asked),
        ("POST", ["hooks"]) => hooks::create(&fake, &asked),
        ("DELETE", ["hooks", id]) => hooks::delete(&fake, &asked, id),
        ("GET", ["sites", site, "deploys"]) => deploys::list(&fake, &asked, site),
        ("POST", ["sites", site, "deploys"]) => deploys::create(&fake, &asked, site),
        ("GET", ["sites", site, "deploys", id]) => deploys::look(&fake, &asked, Some(site), id),
        ("PUT", ["sites", site, "deploys", id]) => deploys::announce(&fake, &asked, site, id).await,
        ("POST", ["sites", site, "deploys", id, "restore"]) => deploys::restore(&fake, &asked, site, id),
        ("GET", ["deploys", id]) => deploys::look(&fake, &asked, None, id),
        ("DELETE", ["deploys", id]) => deploys::delete(&fake, &asked, id),
        ("POST", ["deploys", id, "cancel"]) => deploys::cancel(&fake, &asked, id),
        ("PUT", ["deploys", id, "functions", name]) => deploys::upload_function(&fake, &asked, id, name),
        ("PUT", ["deploys", id, "files", path @ ..]) => deploys::upload(&fake, &asked, id, &path.join("/")),
        ("POST", [team, "sites"]) => make_site(&fake, &asked, team),
        _ => {
            fake.script.complain(format!("{method} {uri}: Netlify has no such operation"));
            Err(refusal(404, "Not Found"))
        }
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// A part of a path without `%`.
fn decoded(part: &str) -> String {
    // A form has `+` for a space; a path means itself by it.
    let pair = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

pub(super) fn refusal(status: u16, message: &str) -> Response {
    (StatusCode::from_u16(status).expect("a status"), Json(json!({ "code": status, "message": message })))
        .into_response()
}

#[expect(clippy::disallowed_methods, reason = "a vendor has a clock of its own")]
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("is after 1970").as_secs()
}

fn user() -> Response {
    let user = json!({ "id": "5ada", "uid": null, "full_name": "Ada", "email": "ada@example.com", "login_providers": ["github"] });
    Json(user).into_response()
}

fn accounts(asked: &Asked) -> Response {
    let account = |team: &str| json!({ "id": format!("account-{team}"), "name": team, "slug": team, "default": team == OWN_TEAM, "roles_allowed": [] });
    let all: Vec<_> = [OWN_TEAM, TEAM].into_iter().filter(|team| asked.may_act_in(team)).map(account).collect();
    Json(all).into_response()
}

impl Inner {
    #[expect(clippy::result_large_err, reason = "the answer")]
    pub(super) fn site_at(&self, asked: &Asked, key: &str) -> Result<usize, Response> {
        let is_it = |site: &Site| site.is(key) && asked.may_act_in(&site.team);
        self.sites.iter().position(is_it).ok_or_else(|| refusal(404, "Not Found"))
    }

    pub(super) fn shown_site(&self, site: &Site) -> Value {
        let live = site.live.as_ref().and_then(|live| self.deploys.iter().find(|deploy| deploy.id == *live));
        site.shown(live)
    }
}

fn sites(fake: &Netlify, asked: &Asked) -> Response {
    let search = asked.query.get("name").cloned().unwrap_or_default();
    let inner = fake.lock();
    let found = inner.sites.iter().filter(|site| asked.may_act_in(&site.team) && site.name.contains(&search));
    let found: Vec<_> = found.map(|site| inner.shown_site(site)).collect();
    Json(found).into_response()
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn show_site(fake: &Netlify, asked: &Asked, key: &str) -> Answer {
    let inner = fake.lock();
    let site = inner.site_at(asked, key)?;
    Ok(Json(inner.shown_site(&inner.sites[site])).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn make_site(fake: &Netlify, asked: &Asked, team: &str) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no JSON"))?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if !asked.may_act_in(team) {
        return Err(refusal(404, "Not Found"));
    }
    let mut inner = fake.lock();
    // Names are unique among everybody's.
    if inner.sites.iter().any(|site| site.name == name) {
        let body = json!({ "errors": { "subdomain": ["must be unique"] }, "message": "Unprocessable Entity" });
        return Err((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response());
    }
    let site = Site::new(name, team);
    let shown = site.shown(None);
    inner.sites.push(site);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

/// The page where people agree.
pub(super) async fn authorize(State(fake): State<Netlify>, Query(query): Query<HashMap<String, String>>) -> Response {
    let answer = match query.get("response_type").map(String::as_str) {
        Some("code") => fake.lock().oauth.authorize(&query),
        other => Err(format!("no response_type: {other:?}")),
    };
    match answer {
        Ok(back) => Redirect::to(&back).into_response(),
        Err(problem) => {
            fake.script.complain(problem.clone());
            (StatusCode::BAD_REQUEST, problem).into_response()
        }
    }
}

/// Where codes become tokens.
pub(super) async fn token(State(fake): State<Netlify>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let mut inner = fake.lock();
    match inner.oauth.token(&fields) {
        Ok(pair) => {
            inner.tokens.insert(pair.access.clone(), None);
            Json(json!({ "access_token": pair.access, "token_type": "Bearer", "created_at": now() })).into_response()
        }
        Err(refused) => (StatusCode::BAD_REQUEST, Json(json!({ "error": refused.error }))).into_response(),
    }
}
