//! GitHub: users and their tokens, repositories, the web and the device flow of an OAuth app, as
//! <https://docs.github.com/rest> and <https://docs.github.com/apps/oauth-apps> describe them. Every exchange is
//! compared with GitHub's own OpenAPI document.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::contract::Contract;
use super::oauth::{OAuth, Refused, Rules};
use super::script::{Fault, Script, around};
use super::{CLIENT_ID, CLIENT_SECRET, ORGANISATION, random};
use crate::git_server::GitServer;

const RULES: Rules = Rules {
    prefix: "ghu_",
    bad_code: "bad_verification_code",
    bad_refresh: "bad_refresh_token",
    bad_client: "incorrect_client_credentials",
    refreshes: true,
    refresh_names_redirect: false,
    tells_interval: true,
};

/// A token and what it may do.
#[derive(Debug, Clone)]
pub struct Token {
    /// Whose it is.
    pub user: (u64, &'static str),
    /// `None` for a fine-grained one.
    pub scopes: Option<&'static str>,
    /// As GitHub writes it.
    pub expires: Option<&'static str>,
    /// The organisation that wants single sign-on for it, and the link GitHub shows.
    pub sso: Option<String>,
}

impl Token {
    /// One of `ada` that may push.
    pub fn of_ada() -> Self {
        Self { user: (583_231, "ada"), scopes: Some("repo, workflow"), expires: None, sso: None }
    }
}

struct Inner {
    oauth: OAuth,
    tokens: HashMap<String, Token>,
    /// Who agrees on GitHub's pages.
    visitor: Token,
    /// How long tokens of OAuth are good; for ever when `None`.
    life: Option<Duration>,
    /// By `owner/name`: what differs from a usual repository.
    repositories: BTreeMap<String, Value>,
    /// Where repositories really are, and those that were made there on request.
    git: Option<GitServer>,
    created: Vec<Value>,
    revoked: Vec<String>,
    /// Entries of deployments, each with its states.
    deployed: Vec<(Value, Vec<Value>)>,
    /// Statuses of commits.
    statuses: Vec<Value>,
    contract: Contract,
}

/// A running GitHub.
#[derive(Clone)]
pub struct GitHub {
    /// Of the site; the API is at `{url}/api/v3/`, as in GitHub Enterprise.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    script: Script,
}

impl GitHub {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        Self::start_before(None).await
    }

    /// The same before a git server: its repositories are GitHub's.
    pub async fn start_before(git: Option<GitServer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let inner = Inner {
            oauth: OAuth::new(RULES),
            tokens: HashMap::new(),
            visitor: Token::of_ada(),
            life: None,
            repositories: BTreeMap::new(),
            git,
            created: Vec::new(),
            revoked: Vec::new(),
            deployed: Vec::new(),
            statuses: Vec::new(),
            contract: Contract::github(),
        };
        let fake = Self { url, inner: Arc::new(Mutex::new(inner)), script: Script::new(Some(Contract::github())) };
        let api = Router::new()
            .route("/user", get(user))
            .route("/user/repos", get(list).post(create))
            .route("/orgs/{org}/repos", post(create_in_organization))
            .route("/repos/{owner}/{repo}", get(repository))
            .route("/repos/{owner}/{repo}/environments", get(environments))
            .route("/repos/{owner}/{repo}/compare/{basehead}", get(compare))
            .route("/repos/{owner}/{repo}/deployments", get(deployments).post(deploy))
            .route("/repos/{owner}/{repo}/deployments/{id}/statuses", get(deployment_statuses).post(tell))
            .route("/repos/{owner}/{repo}/statuses/{sha}", post(tell_commit))
            .route("/applications/{client}/token", delete(revoke))
            // Inside, where paths are as GitHub's document has them.
            .layer(from_fn_with_state(fake.script.clone(), around));
        let site = Router::new()
            .route("/login/oauth/authorize", get(authorize))
            .route("/login/oauth/access_token", post(token))
            .route("/login/device/code", post(device))
            .layer(from_fn_with_state(fake.script.clone(), around));
        let router = Router::new().nest("/api/v3", api).merge(site).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// What a control plane must be told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLIPWAY_PROVIDERS__GITHUB__API_URL", format!("{}/api/v3", self.url)),
            ("SLIPWAY_PROVIDERS__GITHUB__CLIENT_ID", CLIENT_ID.to_owned()),
            ("SLIPWAY_PROVIDERS__GITHUB__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// Registers the one redirect URI.
    pub fn register(&self, redirect_uri: &str) {
        redirect_uri.clone_into(&mut self.lock().oauth.redirect_uri);
    }

    /// Makes a token as people do on GitHub's pages.
    pub fn make_token(&self, token: Token) -> String {
        let text = format!("ghp_{}", random(36));
        self.add_token(&text, token);
        text
    }

    /// The same with a token that the test knows.
    pub fn add_token(&self, text: &str, token: Token) {
        let mut inner = self.lock();
        inner.oauth.given.push(text.to_owned());
        inner.tokens.insert(text.to_owned(), token);
    }

    /// What repositories were made on request.
    pub fn created(&self) -> Vec<Value> {
        self.lock().created.clone()
    }

    /// What has been told of commits: entries of deployments, each with its states.
    pub fn deployed(&self) -> Vec<(Value, Vec<Value>)> {
        self.lock().deployed.clone()
    }

    /// What has been told of commits by a status of their own.
    pub fn statuses(&self) -> Vec<Value> {
        self.lock().statuses.clone()
    }

    /// A token is worth nothing any more.
    pub fn revoke_token(&self, token: &str) {
        self.lock().oauth.revoke(token);
    }

    /// Who agrees on GitHub's pages from now on.
    pub fn visited_by(&self, visitor: Token) {
        self.lock().visitor = visitor;
    }

    /// Whether whoever is asked refuses.
    pub fn denies(&self, denies: bool) {
        self.lock().oauth.denies = denies;
    }

    /// Who GitHub says it is when it sends a browser back.
    pub fn says_it_is(&self, iss: Option<&str>) {
        self.lock().oauth.iss = iss.map(str::to_owned);
    }

    /// Tokens of OAuth are good for so long from now on.
    pub fn tokens_live_for(&self, life: Duration) {
        self.lock().life = Some(life);
    }

    /// Devices are to ask no more often than this.
    pub fn devices_wait(&self, interval: Duration) {
        self.lock().oauth.interval = interval;
    }

    /// The person types the code and agrees.
    pub fn approve(&self, user_code: &str) {
        self.lock().oauth.approve(user_code);
    }

    /// The person types the code and refuses.
    pub fn refuse(&self, user_code: &str) {
        self.lock().oauth.refuse(user_code);
    }

    /// Nobody typed the code in time.
    pub fn expire(&self, user_code: &str) {
        self.lock().oauth.expire(user_code);
    }

    /// How often devices asked.
    pub fn polls(&self) -> usize {
        self.lock().oauth.polls
    }

    /// How often a pair was renewed.
    pub fn renewals(&self) -> usize {
        self.lock().oauth.renewals
    }

    /// Nobody's access is renewed any more.
    pub fn forget_refresh_tokens(&self) {
        self.lock().oauth.forget_refresh_tokens();
    }

    /// Tokens that our client has ended.
    pub fn revoked(&self) -> Vec<String> {
        self.lock().revoked.clone()
    }

    /// Every secret that was given out, and the client's own.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = self.lock().oauth.given.clone();
        secrets.push(CLIENT_SECRET.to_owned());
        secrets
    }

    /// Adds a repository; `more` is what differs from a usual one.
    pub fn add_repository(&self, full_name: &str, more: Value) {
        self.lock().repositories.insert(full_name.to_owned(), more);
    }

    /// The next request to a path that ends so fails.
    pub fn fail(&self, path: &'static str, fault: Fault) {
        self.script.fail(path, fault);
    }

    /// How many requests came to a path that ends so.
    pub fn requests(&self, path: &str) -> usize {
        self.script.requests(path)
    }

    /// # Panics
    /// When something was not as GitHub wants it, or answers it.
    pub fn check(&self) {
        self.script.check();
    }
}

/// The answer to a request that may not.
fn refusal(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.as_str(),
    });
    (status, Json(body)).into_response()
}

impl Inner {
    /// What differs from a usual repository, when there is one.
    fn repository(&self, full_name: &str) -> Option<Value> {
        let is_at_git = || self.git.as_ref().is_some_and(|git| git.has_repository(full_name));
        self.repositories.get(full_name).cloned().or_else(|| is_at_git().then(|| json!({})))
    }

    /// Whose request it is, as GitHub tells it.
    fn known(&self, headers: &HeaderMap) -> Result<Token, Box<Response>> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let bad = || Box::new(refusal(StatusCode::UNAUTHORIZED, "Bad credentials"));
        let sent = text("authorization").strip_prefix("Bearer ").ok_or_else(bad)?;
        if text("x-github-api-version") != "2022-11-28" || text("accept") != "application/vnd.github+json" {
            return Err(Box::new(refusal(StatusCode::BAD_REQUEST, "no version, or another kind is accepted")));
        }
        let token = self.tokens.get(sent).filter(|_| !self.oauth.dead.iter().any(|dead| dead == sent));
        token.cloned().ok_or_else(bad)
    }
}

/// What GitHub says of a token beside every answer.
fn told(token: &Token, response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    let headers = response.headers_mut();
    if let Some(scopes) = token.scopes {
        headers.insert("x-oauth-scopes", scopes.parse().expect("a value"));
    }
    if let Some(expires) = token.expires {
        headers.insert("github-authentication-token-expiration", expires.parse().expect("a value"));
    }
    response
}

async fn user(State(fake): State<GitHub>, headers: HeaderMap) -> Response {
    let inner = fake.lock();
    let token = match inner.known(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let mut user = inner.contract.example("GET /user", "200");
    (user["id"], user["login"]) = (token.user.0.into(), token.user.1.into());
    told(&token, Json(user))
}

/// As one operation shows it.
fn shown(example: Value, full_name: &str, more: &Value) -> Value {
    let mut made = example;
    let (owner, name) = full_name.split_once('/').expect("an owner and a name");
    (made["full_name"], made["name"], made["owner"]["login"]) = (full_name.into(), name.into(), owner.into());
    made["html_url"] = format!("https://github.com/{full_name}").into();
    made["permissions"] = json!({ "admin": true, "push": true, "pull": true, "maintain": true, "triage": true });
    for (key, value) in more.as_object().into_iter().flatten() {
        made[key] = value.clone();
    }
    made
}

async fn repository(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
) -> Response {
    let inner = fake.lock();
    let token = match inner.known(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if let Some(link) = &token.sso {
        let mut response = refusal(StatusCode::FORBIDDEN, "Resource protected by organization SAML enforcement.");
        response.headers_mut().insert("x-github-sso", format!("required; url={link}").parse().expect("a value"));
        return told(&token, response);
    }
    let full_name = format!("{owner}/{name}");
    match inner.repository(&full_name) {
        Some(more) => {
            let example = inner.contract.example("GET /repos/{owner}/{repo}", "200");
            told(&token, Json(shown(example, &full_name, &more)))
        }
        None => told(&token, refusal(StatusCode::NOT_FOUND, "Not Found")),
    }
}

async fn list(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let inner = fake.lock();
    let token = match inner.known(&headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if query.contains_key("affiliation") && query.contains_key("type") {
        return told(&token, refusal(StatusCode::UNPROCESSABLE_ENTITY, "affiliation and type cannot be combined"));
    }
    let number = |name: &str, usual: usize| query.get(name).map_or(usual, |text| text.parse().unwrap_or(usual));
    let (page, per_page) = (number("page", 1), number("per_page", 30).min(100));
    let mut all = inner.repositories.iter().skip((page - 1) * per_page);
    let example = inner.contract.example("GET /user/repos", "200")[0].clone();
    let items = all.by_ref().take(per_page).map(|(name, more)| shown(example.clone(), name, more));
    let items: Vec<Value> = items.collect();
    let mut response = told(&token, Json(items));
    if all.next().is_some() {
        let link = format!("<{}/api/v3/user/repos?page={}>; rel=\"next\"", fake.url, page + 1);
        response.headers_mut().insert(header::LINK, link.parse().expect("a value"));
    }
    response
}

async fn create(State(fake): State<GitHub>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let owner = fake.lock().known(&headers).map(|token| token.user.1.to_owned());
    match owner {
        Ok(owner) => made(&fake, &headers, &owner, &body),
        Err(refusal) => *refusal,
    }
}

async fn create_in_organization(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path(organization): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    made(&fake, &headers, &organization, &body)
}

fn made(fake: &GitHub, headers: &HeaderMap, owner: &str, body: &Value) -> Response {
    let mut inner = fake.lock();
    let token = match inner.known(headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if owner != token.user.1 && owner != ORGANISATION {
        return told(&token, refusal(StatusCode::NOT_FOUND, "Not Found"));
    }
    if token.scopes.is_some_and(|scopes| !scopes.split(", ").any(|scope| scope == "repo")) {
        return told(&token, refusal(StatusCode::NOT_FOUND, "Not Found"));
    }
    if body["auto_init"] != false {
        fake.script.complain("a repository with a first commit of its own".to_owned());
    }
    let full_name = format!("{owner}/{}", body["name"].as_str().unwrap_or_default());
    if inner.repository(&full_name).is_some() {
        let error = json!({
            "message": "Repository creation failed.",
            "documentation_url": "https://docs.github.com/rest",
            "errors": [{
                "resource": "Repository", "code": "custom", "field": "name",
                "message": "name already exists on this account",
            }],
        });
        return told(&token, (StatusCode::UNPROCESSABLE_ENTITY, Json(error)));
    }
    let more = json!({ "private": body["private"].as_bool().unwrap_or(false) });
    let answer = shown(inner.contract.example("POST /user/repos", "201"), &full_name, &more);
    if let Some(git) = &inner.git {
        git.repository(&full_name);
    }
    inner.created.push(json!({ "path": full_name, "private": body["private"] }));
    inner.repositories.insert(full_name, more);
    told(&token, (StatusCode::CREATED, Json(answer)))
}

async fn environments(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
) -> Response {
    let inner = fake.lock();
    match inner.known(&headers) {
        Ok(token) if inner.repository(&format!("{owner}/{name}")).is_some() => {
            told(&token, Json(inner.contract.example("GET /repos/{owner}/{repo}/environments", "200")))
        }
        Ok(token) => told(&token, refusal(StatusCode::NOT_FOUND, "Not Found")),
        Err(refusal) => *refusal,
    }
}

/// Whether the token may make entries of deployments; `repo:status` alone may not.
fn may(token: &Token, scope: &str) -> bool {
    token.scopes.is_none_or(|scopes| scopes.split(", ").any(|found| found == "repo" || found == scope))
}

/// Who asks about a repository that is there.
fn asks(inner: &Inner, headers: &HeaderMap, full_name: &str, scope: &str) -> Result<Token, Box<Response>> {
    let token = inner.known(headers)?;
    if inner.repository(full_name).is_none() {
        return Err(Box::new(told(&token, refusal(StatusCode::NOT_FOUND, "Not Found"))));
    }
    if !may(&token, scope) {
        let refusal = refusal(StatusCode::FORBIDDEN, "Resource not accessible by personal access token");
        return Err(Box::new(told(&token, refusal)));
    }
    Ok(token)
}

async fn compare(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name, basehead)): Path<(String, String, String)>,
) -> Response {
    let inner = fake.lock();
    let full_name = format!("{owner}/{name}");
    let token = match asks(&inner, &headers, &full_name, "repo") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let (base, head) = basehead.split_once("...").expect("two commits");
    let git = inner.git.as_ref().expect("is before a git server");
    let Some(is_ahead) = git.has_in_history(&full_name, head, base) else {
        return told(&token, refusal(StatusCode::NOT_FOUND, "Not Found"));
    };
    let mut answer = inner.contract.example("GET /repos/{owner}/{repo}/compare/{basehead}", "200");
    answer["status"] = if is_ahead { "ahead" } else { "diverged" }.into();
    told(&token, Json(answer))
}

async fn deployments(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let inner = fake.lock();
    let token = match asks(&inner, &headers, &format!("{owner}/{name}"), "repo_deployment") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let is_wanted = |entry: &&(Value, Vec<Value>)| {
        ["sha", "environment"].iter().all(|key| query.get(*key).is_none_or(|wanted| entry.0[key] == wanted.as_str()))
    };
    let found: Vec<_> = inner.deployed.iter().filter(is_wanted).map(|(entry, _)| entry.clone()).collect();
    told(&token, Json(found))
}

async fn deploy(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let mut inner = fake.lock();
    let full_name = format!("{owner}/{name}");
    let token = match asks(&inner, &headers, &full_name, "repo_deployment") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if body["auto_merge"] != false || body["required_contexts"] != json!([]) {
        fake.script.complain("a deployment that merges, or waits for checks".to_owned());
    }
    let sha = body["ref"].as_str().unwrap_or_default();
    let git = inner.git.as_ref().expect("is before a git server");
    if git.has_in_history(&full_name, sha, sha).is_none() {
        return told(&token, refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("No ref found for: {sha}")));
    }
    let mut entry = inner.contract.example("POST /repos/{owner}/{repo}/deployments", "201");
    entry["id"] = (1000 + inner.deployed.len()).into();
    entry["sha"] = sha.into();
    for key in ["ref", "environment", "payload", "production_environment", "transient_environment"] {
        entry[key] = body[key].clone();
    }
    inner.deployed.push((entry.clone(), Vec::new()));
    told(&token, (StatusCode::CREATED, Json(entry)))
}

async fn deployment_statuses(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> Response {
    let inner = fake.lock();
    let token = match asks(&inner, &headers, &format!("{owner}/{name}"), "repo_deployment") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    match inner.deployed.iter().find(|(entry, _)| entry["id"] == id) {
        Some((_, states)) => told(&token, Json(states.clone())),
        None => told(&token, refusal(StatusCode::NOT_FOUND, "Not Found")),
    }
}

async fn tell(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name, id)): Path<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut inner = fake.lock();
    let token = match asks(&inner, &headers, &format!("{owner}/{name}"), "repo_deployment") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let template = "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses";
    let mut state = inner.contract.example(template, "201");
    for (key, value) in body.as_object().expect("an object") {
        state[key] = value.clone();
    }
    match inner.deployed.iter_mut().find(|(entry, _)| entry["id"] == id) {
        Some((_, states)) => {
            states.push(state.clone());
            told(&token, (StatusCode::CREATED, Json(state)))
        }
        None => told(&token, refusal(StatusCode::NOT_FOUND, "Not Found")),
    }
}

async fn tell_commit(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path((owner, name, sha)): Path<(String, String, String)>,
    Json(body): Json<Value>,
) -> Response {
    let mut inner = fake.lock();
    let token = match asks(&inner, &headers, &format!("{owner}/{name}"), "repo:status") {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let mut status = inner.contract.example("POST /repos/{owner}/{repo}/statuses/{sha}", "201");
    for (key, value) in body.as_object().expect("an object") {
        status[key] = value.clone();
    }
    let mut kept = status.clone();
    kept["sha"] = sha.into();
    inner.statuses.push(kept);
    told(&token, (StatusCode::CREATED, Json(status)))
}

async fn revoke(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Path(client): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let basic = format!("Basic {}", BASE64.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}").as_bytes()));
    if client != CLIENT_ID || headers.get(header::AUTHORIZATION).is_none_or(|sent| sent != basic.as_str()) {
        return refusal(StatusCode::NOT_FOUND, "Not Found");
    }
    let token = body["access_token"].as_str().unwrap_or_default().to_owned();
    let mut inner = fake.lock();
    if inner.tokens.remove(&token).is_none() {
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
    }
    inner.revoked.push(token);
    StatusCode::NO_CONTENT.into_response()
}

async fn authorize(State(fake): State<GitHub>, Query(query): Query<HashMap<String, String>>) -> Response {
    let answer = fake.lock().oauth.authorize(&query);
    match answer {
        Ok(back) => Redirect::to(&back).into_response(),
        Err(problem) => {
            fake.script.complain(problem.clone());
            (StatusCode::BAD_REQUEST, problem).into_response()
        }
    }
}

/// Errors come with 200, and nothing is JSON unless it is asked for.
fn answer(headers: &HeaderMap, body: Value) -> Response {
    if headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json") {
        return Json(body).into_response();
    }
    let pairs = body.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_response()
}

fn refused(headers: &HeaderMap, refused: &Refused) -> Response {
    let mut body = json!({
        "error": refused.error,
        "error_description": "The request was refused.",
        "error_uri": "https://docs.github.com",
    });
    if let Some(interval) = refused.interval {
        body["interval"] = interval.into();
    }
    answer(headers, body)
}

async fn device(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let code = random(8).to_uppercase();
    let user_code = format!("{}-{}", &code[..4], &code[4..]);
    let mut inner = fake.lock();
    let interval = inner.oauth.interval.as_secs();
    let begun = inner.oauth.device(&fields, user_code);
    match begun {
        Ok((device_code, user_code)) => {
            let body = json!({
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": format!("{}/login/device", fake.url),
                "expires_in": 900,
                "interval": interval,
            });
            answer(&headers, body)
        }
        Err(problem) => refused(&headers, &problem),
    }
}

async fn token(
    State(fake): State<GitHub>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let mut inner = fake.lock();
    let pair = match inner.oauth.token(&fields) {
        Ok(pair) => pair,
        Err(problem) => return refused(&headers, &problem),
    };
    let visitor = inner.visitor.clone();
    let scopes = visitor.scopes.unwrap_or_default().replace(' ', "");
    inner.tokens.insert(pair.access.clone(), visitor);
    let mut body = json!({ "access_token": pair.access, "scope": scopes, "token_type": "bearer" });
    if let (Some(life), Some(refresh)) = (inner.life, pair.refresh) {
        body["expires_in"] = life.as_secs().into();
        body["refresh_token"] = refresh.into();
        body["refresh_token_expires_in"] = 15_897_600.into();
    }
    answer(&headers, body)
}
