//! GitLab: users and their tokens, projects, the web and the device flow. Its own description is not ours to copy,
//! so the rules are written out, as <https://docs.gitlab.com/api/oauth2/>,
//! <https://docs.gitlab.com/api/personal_access_tokens/> and <https://docs.gitlab.com/api/projects/> state them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::oauth::{OAuth, Refused, Rules};
use super::script::{Fault, Script, around};
use super::{CLIENT_ID, CLIENT_SECRET, ORGANISATION, random};
use crate::git_server::GitServer;

const RULES: Rules = Rules {
    prefix: "",
    bad_code: "invalid_grant",
    bad_refresh: "invalid_grant",
    bad_client: "invalid_client",
    refreshes: true,
    refresh_names_redirect: true,
    tells_interval: false,
};

/// A token and what it may do.
#[derive(Debug, Clone)]
pub struct Token {
    user: (u64, &'static str),
    scopes: Vec<&'static str>,
    /// Its last day.
    expires_at: Option<&'static str>,
    /// Whether it was given to a client.
    is_oauth: bool,
}

impl Token {
    /// One of `ada` that may do everything.
    pub fn of_ada() -> Self {
        Self { user: (42, "ada"), scopes: vec!["api"], expires_at: Some("2027-03-14"), is_oauth: false }
    }

    /// The same with other scopes.
    #[must_use]
    pub fn with_scopes(mut self, scopes: &[&'static str]) -> Self {
        self.scopes = scopes.to_vec();
        self
    }
}

struct Inner {
    oauth: OAuth,
    tokens: HashMap<String, Token>,
    /// How long tokens of OAuth are good.
    life: Duration,
    /// By path: what differs from a usual project.
    projects: BTreeMap<String, Value>,
    /// Where projects really are, and those that were made there on request.
    git: Option<GitServer>,
    created: Vec<Value>,
    /// Statuses of commits.
    statuses: Vec<Value>,
}

/// A running GitLab.
#[derive(Clone)]
pub struct GitLab {
    /// Of the site.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    script: Script,
}

impl GitLab {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        Self::start_before(None).await
    }

    /// The same before a git server: its repositories are GitLab's.
    pub async fn start_before(git: Option<GitServer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let inner = Inner {
            oauth: OAuth::new(RULES),
            tokens: HashMap::new(),
            life: Duration::from_secs(7_200),
            projects: BTreeMap::new(),
            git,
            created: Vec::new(),
            statuses: Vec::new(),
        };
        let fake = Self { url, inner: Arc::new(Mutex::new(inner)), script: Script::new(None) };
        let router = Router::new()
            .route("/api/v4/user", get(user))
            .route("/api/v4/personal_access_tokens/self", get(own_token))
            .route("/api/v4/projects", get(list).post(create))
            .route("/api/v4/namespaces/{id}", get(namespace))
            .route("/api/v4/projects/{id}", get(project))
            .route("/api/v4/projects/{id}/environments", get(environments))
            .route("/api/v4/projects/{id}/repository/merge_base", get(merge_base))
            .route("/api/v4/projects/{id}/statuses/{sha}", post(tell_commit))
            .route("/api/v4/projects/{id}/repository/branches/{branch}", get(branch))
            .route("/oauth/authorize", get(authorize))
            .route("/oauth/token", post(token))
            .route("/oauth/token/info", get(token_info))
            .route("/oauth/authorize_device", post(device))
            .route("/oauth/revoke", post(revoke))
            .layer(from_fn_with_state(fake.script.clone(), around))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// What a control plane must be told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLIPWAY_PROVIDERS__GITLAB__API_URL", format!("{}/api/v4", self.url)),
            ("SLIPWAY_PROVIDERS__GITLAB__CLIENT_ID", CLIENT_ID.to_owned()),
            ("SLIPWAY_PROVIDERS__GITLAB__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// Registers the one redirect URI.
    pub fn register(&self, redirect_uri: &str) {
        redirect_uri.clone_into(&mut self.lock().oauth.redirect_uri);
    }

    /// Makes a token as people do on GitLab's pages.
    pub fn make_token(&self, token: Token) -> String {
        let text = format!("glpat-{}", random(20));
        self.add_token(&text, token);
        text
    }

    /// The same with a token that the test knows.
    pub fn add_token(&self, text: &str, token: Token) {
        let mut inner = self.lock();
        inner.oauth.given.push(text.to_owned());
        inner.tokens.insert(text.to_owned(), token);
    }

    /// What has been told of commits.
    pub fn statuses(&self) -> Vec<Value> {
        self.lock().statuses.clone()
    }

    /// A token is worth nothing any more.
    pub fn revoke_token(&self, token: &str) {
        self.lock().oauth.revoke(token);
    }

    /// What projects were made on request.
    pub fn created(&self) -> Vec<Value> {
        self.lock().created.clone()
    }

    /// Tokens of OAuth are good for so long from now on.
    pub fn tokens_live_for(&self, life: Duration) {
        self.lock().life = life;
    }

    /// The person types the code and agrees.
    pub fn approve(&self, user_code: &str) {
        self.lock().oauth.approve(user_code);
    }

    /// How often a pair was renewed.
    pub fn renewals(&self) -> usize {
        self.lock().oauth.renewals
    }

    /// Every secret that was given out, and the client's own.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.lock().oauth.given.clone();
        secrets.push(CLIENT_SECRET.to_owned());
        secrets
    }

    /// Adds a project; `more` is what differs from a usual one.
    pub fn add_project(&self, path: &str, more: Value) {
        self.lock().projects.insert(path.to_owned(), more);
    }

    /// The next request to a path that ends so fails.
    pub fn fail(&self, path: &'static str, fault: Fault) {
        self.script.fail(path, fault);
    }

    /// # Panics
    /// When something was not as GitLab wants it.
    pub fn check(&self) {
        self.script.check();
    }
}

impl Inner {
    fn sent<'a>(&self, headers: &'a HeaderMap) -> Option<(&'a str, Token)> {
        let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let token = self.tokens.get(sent).filter(|_| !self.oauth.dead.iter().any(|dead| dead == sent))?;
        Some((sent, token.clone()))
    }

    /// Whose request it is, when the token has one of the scopes.
    fn known(&self, headers: &HeaderMap, scopes: &[&str]) -> Result<Token, Box<Response>> {
        let Some((_, token)) = self.sent(headers) else {
            let body = json!({ "message": "401 Unauthorized" });
            return Err(Box::new((StatusCode::UNAUTHORIZED, Json(body)).into_response()));
        };
        if !token.scopes.iter().any(|scope| scopes.contains(scope)) {
            let body = json!({
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": scopes.join(" "),
            });
            return Err(Box::new((StatusCode::FORBIDDEN, Json(body)).into_response()));
        }
        Ok(token)
    }
}

async fn user(State(fake): State<GitLab>, headers: HeaderMap) -> Response {
    match fake.lock().known(&headers, &["api", "read_api", "read_user"]) {
        Ok(token) => {
            let (id, username) = token.user;
            Json(json!({ "id": id, "username": username, "name": "Ada", "state": "active" })).into_response()
        }
        Err(refusal) => *refusal,
    }
}

async fn own_token(State(fake): State<GitLab>, headers: HeaderMap) -> Response {
    let inner = fake.lock();
    match inner.sent(&headers) {
        Some((_, token)) if !token.is_oauth => Json(json!({
            "id": 7,
            "name": "slipway",
            "revoked": false,
            "active": true,
            "scopes": token.scopes,
            "user_id": token.user.0,
            "expires_at": token.expires_at,
        }))
        .into_response(),
        Some(_) => {
            let body = json!({ "message": "400 Bad request - This endpoint requires token type to be a personal access token" });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        None => (StatusCode::UNAUTHORIZED, Json(json!({ "message": "401 Unauthorized" }))).into_response(),
    }
}

async fn token_info(State(fake): State<GitLab>, headers: HeaderMap) -> Response {
    match fake.lock().sent(&headers) {
        Some((_, token)) if token.is_oauth => {
            let (id, scopes) = (token.user.0, token.scopes);
            let body = json!({ "resource_owner_id": id, "scope": scopes, "expires_in": 7200, "application": { "uid": CLIENT_ID } });
            Json(body).into_response()
        }
        _ => {
            let body = json!({ "error": "invalid_token", "error_description": "The access token is invalid" });
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
    }
}

fn full_project(path: &str, index: usize, more: &Value) -> Value {
    let mut made = json!({
        "id": index + 1,
        "path": path.rsplit('/').next(),
        "path_with_namespace": path,
        "web_url": format!("https://gitlab.com/{path}"),
        "http_url_to_repo": format!("https://gitlab.com/{path}.git"),
        "default_branch": "main",
        "empty_repo": false,
        "archived": false,
        "visibility": "private",
        "permissions": { "project_access": { "access_level": 40 }, "group_access": null },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        made[key] = value.clone();
    }
    made
}

async fn list(
    State(fake): State<GitLab>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let inner = fake.lock();
    if let Err(refusal) = inner.known(&headers, &["api", "read_api"]) {
        return *refusal;
    }
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    if text("pagination") == "keyset" && (text("order_by") != "id" || text("sort") != "asc") {
        return (StatusCode::METHOD_NOT_ALLOWED, Json(json!({ "error": "Keyset pagination is not yet available" })))
            .into_response();
    }
    let after: usize = text("id_after").parse().unwrap_or(0);
    let per_page: usize = text("per_page").parse().unwrap_or(20);
    let all = inner
        .projects
        .iter()
        .enumerate()
        .filter(|(index, (path, _))| index + 1 > after && path.contains(text("search")));
    let mut all = all.map(|(index, (path, more))| full_project(path, index, more));
    let items: Vec<Value> = all.by_ref().take(per_page.min(100)).collect();
    let has_more = all.next().is_some();
    let mut response = Json(items).into_response();
    if has_more {
        let link = format!("<{}/api/v4/projects?id_after=x>; rel=\"next\"", fake.url);
        response.headers_mut().insert(header::LINK, link.parse().expect("a value"));
    }
    response
}

/// An answer about a project that is there.
fn about(fake: &GitLab, headers: &HeaderMap, path: &str, answer: impl FnOnce(usize, &Value) -> Value) -> Response {
    let inner = fake.lock();
    if let Err(refusal) = inner.known(headers, &["api", "read_api"]) {
        return *refusal;
    }
    let known = inner.projects.iter().enumerate().find(|(_, (known, _))| known.as_str() == path);
    let is_at_git = || inner.git.as_ref().is_some_and(|git| git.has_repository(path));
    match known {
        Some((index, (_, more))) => Json(answer(index, more)).into_response(),
        None if is_at_git() => Json(answer(inner.projects.len(), &json!({}))).into_response(),
        None => not_found("Project"),
    }
}

fn not_found(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": format!("404 {what} Not Found") }))).into_response()
}

/// Namespaces in which Ada may make projects: her own, and a group's.
const NAMESPACES: [(u64, &str); 2] = [(7, "ada"), (8, ORGANISATION)];

async fn namespace(State(fake): State<GitLab>, headers: HeaderMap, Path(name): Path<String>) -> Response {
    if let Err(refusal) = fake.lock().known(&headers, &["api", "read_api"]) {
        return *refusal;
    }
    match NAMESPACES.iter().find(|(_, known)| *known == name) {
        Some((id, path)) => Json(json!({ "id": id, "full_path": path })).into_response(),
        None => not_found("Namespace"),
    }
}

async fn create(State(fake): State<GitLab>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut inner = fake.lock();
    if let Err(refusal) = inner.known(&headers, &["api"]) {
        return *refusal;
    }
    let namespace = NAMESPACES.iter().find(|(id, _)| body["namespace_id"] == *id);
    let is_visibility = ["private", "internal", "public"].iter().any(|word| body["visibility"] == *word);
    let (Some((_, namespace)), Some(project), true) = (namespace, body["path"].as_str(), is_visibility) else {
        fake.script.complain(format!("a project like {body}"));
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "path is invalid" }))).into_response();
    };
    if body["initialize_with_readme"] != false {
        fake.script.complain("a project with a first commit of its own".to_owned());
    }
    let path = format!("{namespace}/{project}");
    if inner.projects.contains_key(&path) || inner.git.as_ref().is_some_and(|git| git.has_repository(&path)) {
        let taken = json!({ "path": ["has already been taken"], "name": ["has already been taken"] });
        return (StatusCode::BAD_REQUEST, Json(json!({ "message": taken }))).into_response();
    }
    if let Some(git) = &inner.git {
        git.repository(&path);
    }
    inner.created.push(json!({ "path": path, "visibility": body["visibility"] }));
    let more = json!({ "visibility": body["visibility"], "empty_repo": true, "default_branch": null });
    let answer = full_project(&path, inner.projects.len(), &more);
    inner.projects.insert(path, more);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn project(State(fake): State<GitLab>, headers: HeaderMap, Path(path): Path<String>) -> Response {
    about(&fake, &headers, &path, |index, more| full_project(&path, index, more))
}

async fn branch(
    State(fake): State<GitLab>,
    headers: HeaderMap,
    Path((path, name)): Path<(String, String)>,
) -> Response {
    about(&fake, &headers, &path, |_, more| {
        let commit = json!({ "id": "7b5c3cc8be40ee161ae89a06bba6229da1032a0c" });
        let can_push = more["can_push"].as_bool().unwrap_or(true);
        json!({ "name": name, "commit": commit, "protected": true, "can_push": can_push })
    })
}

async fn environments(State(fake): State<GitLab>, headers: HeaderMap, Path(path): Path<String>) -> Response {
    about(
        &fake,
        &headers,
        &path,
        |_, _| json!([{ "id": 1, "name": "production", "slug": "production", "external_url": "https://shop.example.com", "state": "available" }]),
    )
}

async fn authorize(State(fake): State<GitLab>, Query(query): Query<HashMap<String, String>>) -> Response {
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

fn refused(refused: &Refused) -> Response {
    let status = if refused.error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let body = json!({ "error": refused.error, "error_description": "The request was refused." });
    (status, Json(body)).into_response()
}

async fn device(State(fake): State<GitLab>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let user_code = random(8).to_uppercase();
    let mut inner = fake.lock();
    let interval = inner.oauth.interval.as_secs();
    match inner.oauth.device(&fields, user_code) {
        Ok((device_code, user_code)) => Json(json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": format!("{}/oauth/device", fake.url),
            "verification_uri_complete": format!("{}/oauth/device?user_code={user_code}", fake.url),
            "expires_in": 300,
            "interval": interval,
        }))
        .into_response(),
        Err(problem) => refused(&problem),
    }
}

async fn token(State(fake): State<GitLab>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let mut inner = fake.lock();
    if !fields.contains_key("grant_type") {
        return refused(&"invalid_request".into());
    }
    match inner.oauth.token(&fields) {
        Ok(pair) => {
            let made = Token { is_oauth: true, expires_at: None, ..Token::of_ada() };
            inner.tokens.insert(pair.access.clone(), made);
            Json(json!({
                "access_token": pair.access,
                "token_type": "Bearer",
                "expires_in": inner.life.as_secs(),
                "refresh_token": pair.refresh,
                "scope": "api",
                "created_at": 1_800_000_000,
            }))
            .into_response()
        }
        Err(problem) => refused(&problem),
    }
}

async fn revoke(State(fake): State<GitLab>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if get("client_id") != CLIENT_ID || get("client_secret") != CLIENT_SECRET {
        return refused(&"invalid_client".into());
    }
    fake.lock().oauth.revoke(get("token"));
    Json(json!({})).into_response()
}

async fn merge_base(
    State(fake): State<GitLab>,
    headers: HeaderMap,
    Path(project): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let inner = fake.lock();
    if let Err(refusal) = inner.known(&headers, &["api", "read_api"]) {
        return *refusal;
    }
    let query = query.unwrap_or_default();
    let refs: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "refs[]")
        .map(|(_, name)| name)
        .collect();
    let [commit, head] = refs.as_slice() else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "refs is missing" }))).into_response();
    };
    let git = inner.git.as_ref().expect("is before a git server");
    match git.has_in_history(&project, head, commit) {
        Some(true) => Json(json!({ "id": commit })).into_response(),
        Some(false) => (StatusCode::NOT_FOUND, Json(json!({ "message": "404 Merge Base Not Found" }))).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({ "message": "400 Bad request - Could not find ref" })))
            .into_response(),
    }
}

async fn tell_commit(
    State(fake): State<GitLab>,
    headers: HeaderMap,
    Path((project, sha)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let mut inner = fake.lock();
    if let Err(refusal) = inner.known(&headers, &["api"]) {
        return *refusal;
    }
    let is_known =
        ["pending", "running", "success", "failed", "canceled", "skipped"].iter().any(|state| body["state"] == *state);
    let git = inner.git.as_ref().expect("is before a git server");
    if !is_known || git.has_in_history(&project, &sha, &sha).is_none() {
        return (StatusCode::NOT_FOUND, Json(json!({ "message": "404 Commit Not Found" }))).into_response();
    }
    let is_there = inner.statuses.iter().any(|status| {
        status["sha"] == sha.as_str() && status["name"] == body["name"] && status["state"] == body["state"]
    });
    if is_there {
        let message =
            format!("Cannot transition status via :{0} from :{0}", body["state"].as_str().unwrap_or_default());
        return (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response();
    }
    let mut status = body;
    status["sha"] = sha.into();
    inner.statuses.push(status.clone());
    status["id"] = 7.into();
    (StatusCode::CREATED, Json(status)).into_response()
}
