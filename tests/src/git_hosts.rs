//! The REST APIs of GitHub and GitLab, as far as we call them, in front of a real git server. Strict: they refuse
//! what the vendors refuse (GitHub Docs, "REST API", version 2022-11-28; GitLab Docs, "REST API", v4), and remember
//! what they were asked that they would not have understood.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::git_server::GitServer;

/// The owner of every good token.
pub const USER: &str = "ada";
/// An organisation that Ada may make repositories in.
pub const ORGANISATION: &str = "tools";

/// Which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// At `/`.
    GitHub,
    /// At `/api/v4`.
    GitLab,
}

/// What a token may do.
#[derive(Debug, Clone)]
pub struct Token {
    /// As it is sent.
    pub value: String,
    /// As the vendor lists them.
    pub scopes: Vec<&'static str>,
}

#[derive(Default)]
struct Log {
    faults: VecDeque<StatusCode>,
    /// Bodies of requests that made a repository.
    created: Vec<Value>,
    misunderstood: Vec<String>,
    requests: usize,
}

/// A running API.
#[derive(Clone)]
pub struct GitHostApi {
    vendor: Vendor,
    tokens: Vec<Token>,
    git: GitServer,
    log: Arc<Mutex<Log>>,
    /// As in `SLIPWAY_PROVIDERS__GITHUB__API_URL`.
    pub url: String,
}

impl GitHostApi {
    /// Starts one in front of `git`; it ends with the test's runtime.
    pub async fn start(vendor: Vendor, git: GitServer, tokens: Vec<Token>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let path = if vendor == Vendor::GitHub { "" } else { "/api/v4" };
        let url = format!("http://{}{path}", listener.local_addr().expect("has one"));
        let api = Self { vendor, tokens, git, log: Arc::default(), url };
        let router = Router::new().fallback(answer).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        api
    }

    /// Errors that the next requests get instead of an answer.
    pub fn fail_with(&self, faults: impl IntoIterator<Item = StatusCode>) {
        self.log().faults.extend(faults);
    }

    /// What repositories were asked for.
    pub fn created(&self) -> Vec<Value> {
        self.log().created.clone()
    }

    /// How often it was asked.
    pub fn requests(&self) -> usize {
        self.log().requests
    }

    /// Requests that the vendor would not have understood; a test ends with none.
    pub fn misunderstood(&self) -> Vec<String> {
        self.log().misunderstood.clone()
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("nobody panics here")
    }

    fn misunderstand(&self, what: impl Into<String>) -> Response {
        self.log().misunderstood.push(what.into());
        StatusCode::BAD_REQUEST.into_response()
    }

    fn exists(&self, path: &str) -> bool {
        self.git.has_repository(path)
    }
}

async fn answer(State(api): State<GitHostApi>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let fault = {
        let mut log = api.log();
        log.requests += 1;
        log.faults.pop_front()
    };
    if let Some(status) = fault {
        return (status, [("retry-after", "1")], "sorry").into_response();
    }
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    if header("user-agent").is_empty() {
        return api.misunderstand("a request without User-Agent");
    }
    let is_github = api.vendor == Vendor::GitHub;
    if is_github && (header("accept"), header("x-github-api-version")) != ("application/vnd.github+json", "2022-11-28")
    {
        return api.misunderstand("a request without the version of the API");
    }
    let Some(token) = api.tokens.iter().find(|token| header("authorization") == format!("Bearer {}", token.value))
    else {
        let message = if is_github { "Bad credentials" } else { "401 Unauthorized" };
        return (StatusCode::UNAUTHORIZED, Json(json!({ "message": message }))).into_response();
    };
    let body = axum::body::to_bytes(body, 1024 * 1024).await.expect("arrives");
    let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("JSON") };
    // As it is sent: an encoded slash is part of a name.
    let path = head.uri.path().trim_start_matches("/api/v4").to_owned();
    if is_github {
        github(&api, &head.method, &path, token, &body)
    } else {
        gitlab(&api, &head.method, &path, token, &body)
    }
}

fn github(api: &GitHostApi, method: &Method, path: &str, token: &Token, body: &Value) -> Response {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut headers = HeaderMap::new();
    headers.insert("x-oauth-scopes", token.scopes.join(", ").parse().expect("a value"));
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["user"]) => {
            headers
                .insert("github-authentication-token-expiration", "2099-12-31 10:00:00 UTC".parse().expect("a value"));
            (headers, Json(json!({ "login": USER, "id": 4711, "type": "User" }))).into_response()
        }
        ("GET", ["repos", owner, repo]) if api.exists(&format!("{owner}/{repo}")) => Json(json!({
            "id": 1,
            "name": repo,
            "full_name": format!("{owner}/{repo}"),
            "private": true,
            "html_url": format!("https://github.com/{owner}/{repo}"),
            "default_branch": "main",
            "permissions": { "admin": true, "push": true, "pull": true },
        }))
        .into_response(),
        ("GET", ["repos", _, _]) => {
            (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found", "status": "404" }))).into_response()
        }
        ("POST", ["user", "repos"]) => create_at_github(api, USER, token, body),
        ("POST", ["orgs", ORGANISATION, "repos"]) => create_at_github(api, ORGANISATION, token, body),
        ("POST", ["orgs", _, "repos"]) => {
            (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" }))).into_response()
        }
        _ => api.misunderstand(format!("{method} {path}")),
    }
}

fn create_at_github(api: &GitHostApi, owner: &str, token: &Token, body: &Value) -> Response {
    if !token.scopes.contains(&"repo") {
        return (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" }))).into_response();
    }
    let Some(name) = body["name"].as_str() else { return api.misunderstand("a repository without a name") };
    if body["auto_init"] != json!(false) {
        return api.misunderstand("a repository with a first commit of its own");
    }
    let path = format!("{owner}/{name}");
    if api.exists(&path) {
        let errors = json!([{ "resource": "Repository", "code": "custom", "field": "name", "message": "name already exists on this account" }]);
        let body = json!({ "message": "Repository creation failed.", "errors": errors });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    api.git.repository(&path);
    api.log().created.push(json!({ "path": path, "private": body["private"] }));
    (StatusCode::CREATED, Json(json!({ "id": 2, "full_name": path }))).into_response()
}

fn gitlab(api: &GitHostApi, method: &Method, path: &str, token: &Token, body: &Value) -> Response {
    let parts: Vec<String> = path.trim_matches('/').split('/').map(|part| part.replace("%2F", "/")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let not_found = |what: &str| {
        (StatusCode::NOT_FOUND, Json(json!({ "message": format!("404 {what} Not Found") }))).into_response()
    };
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["personal_access_tokens", "self"]) => Json(
            json!({ "id": 1, "scopes": token.scopes, "expires_at": "2099-12-31", "active": true, "revoked": false }),
        )
        .into_response(),
        ("GET", ["user"]) => Json(json!({ "id": 4711, "username": USER, "state": "active" })).into_response(),
        ("GET", ["projects", path]) if api.exists(path) => Json(json!({
            "id": 1,
            "path": path.rsplit('/').next(),
            "path_with_namespace": path,
            "web_url": format!("https://gitlab.com/{path}"),
            "default_branch": null,
            "empty_repo": true,
            "permissions": { "project_access": { "access_level": 40 }, "group_access": null },
        }))
        .into_response(),
        ("GET", ["projects", _]) => not_found("Project"),
        ("GET", ["namespaces", name]) if [USER, ORGANISATION].contains(name) => {
            Json(json!({ "id": if *name == USER { 7 } else { 8 }, "full_path": name })).into_response()
        }
        ("GET", ["namespaces", _]) => not_found("Namespace"),
        ("POST", ["projects"]) => {
            if !token.scopes.contains(&"api") {
                let body = json!({ "error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api" });
                return (StatusCode::FORBIDDEN, Json(body)).into_response();
            }
            let namespace = match body["namespace_id"].as_u64() {
                Some(7) => USER,
                Some(8) => ORGANISATION,
                _ => return api.misunderstand("a project in no namespace"),
            };
            let Some(project) = body["path"].as_str() else { return api.misunderstand("a project without a path") };
            if body["initialize_with_readme"] != json!(false)
                || !["private", "internal", "public"].iter().any(|word| body["visibility"] == *word)
            {
                return api.misunderstand(format!("a project like {body}"));
            }
            let path = format!("{namespace}/{project}");
            if api.exists(&path) {
                let body =
                    json!({ "message": { "path": ["has already been taken"], "name": ["has already been taken"] } });
                return (StatusCode::BAD_REQUEST, Json(body)).into_response();
            }
            api.git.repository(&path);
            api.log().created.push(json!({ "path": path, "visibility": body["visibility"] }));
            (StatusCode::CREATED, Json(json!({ "id": 2, "path_with_namespace": path }))).into_response()
        }
        _ => api.misunderstand(format!("{method} {path}")),
    }
}
