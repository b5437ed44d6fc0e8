//! The fake's answers. A path is a version and the rest; each has the versions that Vercel's document and its CLI use.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Map, Value, json};

use super::super::script::{Fault, answer as scripted, broken};
use super::project::{Deployment, Project};
use super::{Inner, TEAM, TEAM_SLUG, Vercel, domains, webhooks};

/// Whose tokens all are.
pub(super) const USER_ID: &str = "usr_ada";
const MOST_FILES: usize = 15_000;
const MOST_INLINE_BYTES: usize = 10 * 1024 * 1024;
const OUTPUT_CONFIG: &str = ".vercel/output/config.json";
/// What the body of `POST /v13/deployments` may have; the last three are what the CLI sends besides.
const FIELDS: [&str; 15] = [
    "name",
    "files",
    "project",
    "target",
    "customEnvironmentSlugOrId",
    "deploymentId",
    "gitMetadata",
    "gitSource",
    "meta",
    "monorepoManager",
    "projectSettings",
    "source",
    "version",
    "env",
    "build",
];
const FILE_FIELDS: [&str; 6] = ["file", "sha", "size", "mode", "data", "encoding"];
const GIT_FIELDS: [&str; 8] =
    ["remoteUrl", "commitAuthorName", "commitAuthorEmail", "commitMessage", "commitRef", "commitSha", "dirty", "ci"];

pub(super) type Answer = Result<Response, Response>;

/// One request, after it is known whose it is.
pub(super) struct Asked {
    /// The team that it is for, or the person.
    pub(super) account: String,
    query: HashMap<String, String>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) async fn answer(
    State(fake): State<Vercel>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = fake.lock().latency;
    tokio::time::sleep(latency).await;
    let path = uri.path().trim_matches('/').to_owned();
    let mut parts: Vec<&str> = path.split('/').collect();
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.parse::<u8>().is_ok());
    let version = if is_version(parts[0]) { parts.remove(0) } else { "" };
    if parts[0] == "now" && parts.len() > 1 {
        parts.remove(0);
    }
    let account = match account(&fake.lock(), &headers, &query) {
        Ok(account) => account,
        Err(refusal) => return refusal,
    };
    let asked = Asked { account, query, headers, body };
    let outcome = match (method.as_str(), version, parts.as_slice()) {
        ("GET", "v2", ["user"]) => Ok(user()),
        ("GET", "v2", ["teams"]) => {
            Ok(Json(json!({ "teams": [team()], "pagination": { "count": 1, "next": null } })).into_response())
        }
        ("GET", "v2" | "", ["teams", _]) => Ok(Json(team()).into_response()),
        ("GET", "v10" | "v9", ["projects"]) => Ok(projects(&fake, &asked)),
        ("POST", "v11", ["projects"]) => make_project(&fake, &asked),
        ("GET", "v9", ["projects", project]) => show_project(&fake, &asked, project),
        ("GET", "v9" | "", ["projects", project, "custom-environments"]) => {
            show_project(&fake, &asked, project).map(|_| Json(json!({ "environments": [] })).into_response())
        }
        ("POST", "v10", ["projects", project, "env"]) => set_variables(&fake, &asked, project),
        ("POST", "v9" | "v1", ["projects", project, "rollback", id]) => moves(&fake, &asked, project, id, "rollback"),
        ("POST", "v10", ["projects", project, "promote", id]) => moves(&fake, &asked, project, id, "promote"),
        ("GET", "v9", ["projects", project, "domains"]) => domains::list(&fake, &asked, project),
        ("POST", "v10", ["projects", project, "domains"]) => domains::add(&fake, &asked, project),
        ("GET" | "DELETE", "v9", ["projects", project, "domains", name]) => {
            domains::one(&fake, &asked, project, name, method.as_str())
        }
        ("POST", "v9", ["projects", project, "domains", name, "verify"]) => {
            domains::one(&fake, &asked, project, name, "POST")
        }
        ("GET", "v6", ["domains", name, "config"]) => Ok(domains::config(&fake, name)),
        ("POST", "v1", ["webhooks"]) => webhooks::make(&fake, &asked),
        ("GET", "v1", ["webhooks"]) => webhooks::list(&fake, &asked),
        ("DELETE", "v1", ["webhooks", id]) => webhooks::delete(&fake, &asked, id),
        ("POST", "v2", ["files"]) => upload(&fake, &asked),
        ("POST", "v13", ["deployments"]) => create(&fake, &asked).await,
        ("GET", "v13", ["deployments", id]) => look(&fake, &asked, id),
        ("DELETE", "v13" | "", ["deployments", id]) => with_deployment(&fake, &asked, id, |deployment, _| {
            deployment.state = "DELETED";
            Json(json!({ "uid": id, "state": "DELETED" })).into_response()
        }),
        ("GET", "v7" | "v6", ["deployments"]) => list(&fake, &asked),
        ("PATCH", "v12", ["deployments", id, "cancel"]) => cancel(&fake, &asked, id),
        ("GET", "v3", ["deployments", id, "events"]) => events(&fake, &asked, id),
        _ => {
            fake.script.complain(format!("{method} {uri}: Vercel has no such operation"));
            Err(refusal(404, "not_found", "The requested resource was not found"))
        }
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } });
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}

pub(super) fn bad(message: impl AsRef<str>) -> Response {
    refusal(400, "bad_request", &format!("Invalid request: {}", message.as_ref()))
}

#[expect(clippy::disallowed_methods, reason = "a vendor has a clock of its own")]
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("is after 1970");
    u64::try_from(since.as_millis()).expect("fits")
}

/// For whom a request is, when its token may ask for them.
#[expect(clippy::result_large_err, reason = "the answer")]
fn account(inner: &Inner, headers: &HeaderMap, query: &HashMap<String, String>) -> Result<String, Response> {
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = sent.strip_prefix("Bearer ").and_then(|token| inner.tokens.get(token));
    let Some(only) = known else {
        let body = json!({ "error": { "code": "forbidden", "message": "Not authorized", "invalidToken": true } });
        return Err((StatusCode::FORBIDDEN, Json(body)).into_response());
    };
    let team = match (query.get("teamId").map(String::as_str), query.get("slug").map(String::as_str)) {
        (None, None) => return Ok(USER_ID.to_owned()),
        (Some(TEAM), None) | (None, Some(TEAM_SLUG)) => TEAM,
        _ => "",
    };
    if team.is_empty() || only.is_some_and(|only| only != team) {
        return Err(refusal(403, "forbidden", "You don't have permission to access this team"));
    }
    Ok(team.to_owned())
}

fn user() -> Response {
    let user = json!({
        "id": USER_ID, "email": "ada@example.com", "name": "Ada", "username": "ada", "defaultTeamId": null, "version": null,
    });
    Json(json!({ "user": user })).into_response()
}

fn team() -> Value {
    json!({ "id": TEAM, "slug": TEAM_SLUG, "name": "Tools", "billing": { "plan": "pro" } })
}

fn projects(fake: &Vercel, asked: &Asked) -> Response {
    let search = asked.query.get("search").cloned().unwrap_or_default();
    let inner = fake.lock();
    let found =
        inner.projects.iter().filter(|project| project.account == asked.account && project.name.contains(&search));
    let found: Vec<_> = found.map(Project::shown).collect();
    let pagination = json!({ "count": found.len(), "next": null, "prev": null });
    Json(json!({ "projects": found, "pagination": pagination })).into_response()
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn position(inner: &Inner, asked: &Asked, project: &str) -> Result<usize, Response> {
    let is_it = |found: &Project| found.account == asked.account && (found.id == project || found.name == project);
    let missing = || refusal(404, "not_found", "Project not found");
    inner.projects.iter().position(is_it).ok_or_else(missing)
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn show_project(fake: &Vercel, asked: &Asked, project: &str) -> Answer {
    let inner = fake.lock();
    let position = position(&inner, asked, project)?;
    Ok(Json(inner.projects[position].shown()).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn make_project(fake: &Vercel, asked: &Asked) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| bad("no JSON"))?;
    let name = body.get("name").and_then(Value::as_str).ok_or_else(|| bad("missing `name`"))?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if name.is_empty() || name.len() > 100 || name.contains("---") || !name.chars().all(is_name) {
        return Err(bad("`name` may have lower case letters, digits, `.`, `_`, `-`"));
    }
    let mut inner = fake.lock();
    if position(&inner, asked, name).is_ok() {
        return Err(refusal(409, "conflict", "A project with this name exists already"));
    }
    let project = Project::new(name, &asked.account);
    let shown = project.shown();
    inner.projects.push(project);
    Ok(Json(shown).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn set_variables(fake: &Vercel, asked: &Asked, project: &str) -> Answer {
    if asked.query.get("upsert").map(String::as_str) != Some("true") {
        fake.script.complain("variables without `upsert` are refused the second time".to_owned());
    }
    let body: Vec<Value> = serde_json::from_slice(&asked.body).map_err(|_| bad("no list"))?;
    let mut inner = fake.lock();
    let position = position(&inner, asked, project)?;
    let mut failed = Vec::new();
    for variable in &body {
        let text = |name: &str| variable[name].as_str().unwrap_or_default().to_owned();
        let kinds = ["plain", "encrypted", "sensitive"];
        let targets: Vec<_> = variable["target"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let is_target = |target: &&str| ["production", "preview", "development"].contains(target);
        if !kinds.contains(&text("type").as_str()) || targets.is_empty() || !targets.iter().all(is_target) {
            return Err(bad("a variable has no `type` or `target`"));
        }
        if text("key").starts_with("VERCEL") {
            failed.push(json!({ "error": { "code": "ENV_KEY_RESERVED", "key": text("key"), "message": "reserved" } }));
            continue;
        }
        for target in targets {
            inner.projects[position].variables.insert((target.to_owned(), text("key")), text("value"));
        }
    }
    Ok((StatusCode::CREATED, Json(json!({ "created": [], "failed": failed }))).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn moves(fake: &Vercel, asked: &Asked, project: &str, id: &str, kind: &str) -> Answer {
    let mut inner = fake.lock();
    let position = position(&inner, asked, project)?;
    let Inner { projects, deployments, .. } = &mut *inner;
    let project = &mut projects[position];
    let deployment = deployments.iter_mut().find(|found| found.id == id && found.project == project.id);
    let deployment = deployment.ok_or_else(|| refusal(404, "not_found", "Deployment not found"))?;
    if deployment.state != "READY" || !deployment.is_production() {
        return Err(refusal(422, "not_promotable", "Only a production deployment that is ready can have the domains"));
    }
    if project.live.as_deref() == Some(id) {
        return Err(refusal(409, "conflict", "It is the current production deployment already"));
    }
    project.moves_to(deployment, kind, now());
    Ok(StatusCode::CREATED.into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn upload(fake: &Vercel, asked: &Asked) -> Answer {
    let header = |name: &str| asked.headers.get(name).and_then(|value| value.to_str().ok());
    let digests: Vec<_> = ["x-now-digest", "x-vercel-digest"].into_iter().filter_map(header).collect();
    let size = asked.body.len().to_string();
    if header("content-type") != Some("application/octet-stream") {
        return Err(bad("the content type is no application/octet-stream"));
    }
    if header("content-length") != Some(&size) || header("x-now-size").is_some_and(|told| told != size) {
        return Err(bad("the length is missing or wrong"));
    }
    let sha1 = sha1(&asked.body);
    if digests.is_empty() || digests.iter().any(|told| *told != sha1) {
        return Err(bad("the digest is missing or wrong"));
    }
    let mut inner = fake.lock();
    let mut told = Vec::new();
    if let Some(left) = &mut inner.upload_allowance {
        let Some(rest) = left.checked_sub(1) else {
            let limit = json!({ "remaining": 0, "total": 5000, "reset": now() / 1000 + 86_400 });
            let message = "Too many requests - try again in 24 hours (more than 5000, code: \"api-upload-free\").";
            let body = json!({ "error": { "code": "rate_limited", "message": message, "limit": limit } });
            return Err((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "86400")], Json(body)).into_response());
        };
        *left = rest;
        told.push(("x-ratelimit-remaining", rest.to_string()));
    }
    inner.received.files += 1;
    inner.received.bytes += asked.body.len() as u64;
    let before = inner.blobs.insert((asked.account.clone(), sha1), asked.body.to_vec());
    inner.received.duplicates += usize::from(before.is_some());
    Ok((AppendHeaders(told), Json(json!({ "urls": [] }))).into_response())
}

fn sha1(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref())
}

async fn create(fake: &Vercel, asked: &Asked) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| bad("no JSON"))?;
    let fault = {
        let mut inner = fake.lock();
        check(&body)?;
        let project = body.get("project").or(body.get("name")).and_then(Value::as_str).unwrap_or_default();
        let position = position(&inner, asked, project)?;
        let mut deployment = Deployment::new(&inner.projects[position], body.clone(), now());
        take_files(&mut inner, asked, &mut deployment)?;
        let fault = inner.release_faults.pop_front();
        match &fault {
            Some(Fault::Answer(status, headers, text)) => return Ok(scripted(*status, headers, text)),
            Some(Fault::Break) => return Ok(broken()),
            _ => {}
        }
        if asked.query.get("prebuilt").is_some_and(|it| it == "1") && !has_output(&inner, &deployment) {
            deployment.ending = Some(json!({ "readyState": "ERROR", "errorMessage": "no .vercel/output/config.json" }));
        } else {
            deployment.ending = inner.endings.pop_front();
        }
        deployment.looks = inner.looks;
        let shown = deployment.shown(&inner.projects[position]);
        inner.deployments.push(deployment);
        (fault, shown)
    };
    match fault {
        (Some(Fault::Lose), _) => Ok(broken()),
        (Some(Fault::Malformed), _) => Ok("<html>".into_response()),
        (Some(Fault::Slow(wait)), shown) => {
            tokio::time::sleep(wait).await;
            Ok(Json(shown).into_response())
        }
        (_, shown) => Ok(Json(shown).into_response()),
    }
}

/// What is wrong with the body by itself.
#[expect(clippy::result_large_err, reason = "the answer")]
fn check(body: &Map<String, Value>) -> Result<(), Response> {
    if let Some(unknown) = body.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(bad(format!("should NOT have additional property `{unknown}`")));
    }
    if !body.get("name").is_some_and(Value::is_string) {
        return Err(bad("missing required property `name`"));
    }
    match body.get("target").map(Value::as_str) {
        None | Some(Some("production" | "staging")) => {}
        Some(_) => return Err(bad("`target` should be equal to one of the allowed values \"production, staging\"")),
    }
    let texts = |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_string));
    if body.get("meta").is_some_and(|meta| !texts(meta)) {
        return Err(bad("`meta` should have texts only"));
    }
    let git = body.get("gitMetadata").and_then(Value::as_object).into_iter().flatten();
    if let Some((unknown, _)) = git.into_iter().find(|(key, _)| !GIT_FIELDS.contains(&key.as_str())) {
        return Err(bad(format!("`gitMetadata` should NOT have additional property `{unknown}`")));
    }
    let files = body.get("files").and_then(Value::as_array).ok_or_else(|| bad("missing required property `files`"))?;
    if files.len() > MOST_FILES {
        return Err(bad("`files` should NOT have more than 15000 items"));
    }
    let data = |file: &Value| file["data"].as_str().map_or(0, str::len);
    if files.iter().map(data).sum::<usize>() > MOST_INLINE_BYTES {
        return Err(refusal(413, "request_entity_too_large", "The body is too large"));
    }
    Ok(())
}

/// Adds the files that a request names; refuses when some are not stored.
#[expect(clippy::result_large_err, reason = "the answer")]
fn take_files(inner: &mut Inner, asked: &Asked, deployment: &mut Deployment) -> Result<(), Response> {
    let files = deployment.request["files"].as_array().cloned().unwrap_or_default();
    for file in &files {
        let fields = file.as_object().ok_or_else(|| bad("a file is no object"))?;
        if let Some(unknown) = fields.keys().find(|key| !FILE_FIELDS.contains(&key.as_str())) {
            return Err(bad(format!("a file should NOT have additional property `{unknown}`")));
        }
        let path = file["file"].as_str().ok_or_else(|| bad("a file has no name"))?;
        if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad(format!("`{path}` is no path")));
        }
        let mode = file["mode"].as_u64().unwrap_or(0o100_644);
        let (sha1, size) = if let Some(data) = file["data"].as_str() {
            let bytes = inline(file, data)?;
            let (sha1, size) = (sha1(&bytes), bytes.len() as u64);
            inner.blobs.insert((asked.account.clone(), sha1.clone()), bytes);
            (sha1, size)
        } else {
            let sha1 =
                file["sha"].as_str().filter(|sha1| sha1.len() == 40).ok_or_else(|| bad("a file has no `sha`"))?;
            (sha1.to_owned(), file["size"].as_u64().ok_or_else(|| bad("a file has no `size`"))?)
        };
        if deployment.files.insert(path.to_owned(), (sha1, size, mode)).is_some() {
            return Err(bad(format!("`{path}` is there twice")));
        }
    }
    let missing = inner.missing(&asked.account, deployment.files.values().map(|(sha1, _, _)| sha1.clone()));
    if !missing.is_empty() {
        let body = json!({ "error": { "code": "missing_files", "message": "Missing files", "missing": missing } });
        return Err((StatusCode::BAD_REQUEST, Json(body)).into_response());
    }
    let stored = |sha1: &String| inner.blobs.get(&(asked.account.clone(), sha1.clone())).map_or(0, Vec::len);
    match deployment.files.iter().find(|(_, (sha1, size, _))| stored(sha1) as u64 != *size) {
        Some((path, _)) => Err(bad(format!("the `size` of `{path}` is wrong"))),
        None => Ok(()),
    }
}

/// The bytes of a file that stand in the list itself.
#[expect(clippy::result_large_err, reason = "the answer")]
fn inline(file: &Value, data: &str) -> Result<Vec<u8>, Response> {
    if file["encoding"] == "base64" {
        return BASE64.decode(data.as_bytes()).map_err(|_| bad("a file is no base64"));
    }
    Ok(data.as_bytes().to_vec())
}

/// Whether the build's output is there that `prebuilt` promises.
fn has_output(inner: &Inner, deployment: &Deployment) -> bool {
    let is_archive = deployment.files.keys().any(|path| path.starts_with(".vercel/source.tgz.part"));
    let config = deployment.files.get(OUTPUT_CONFIG).and_then(|(sha1, _, _)| {
        let bytes = inner.blobs.get(&(deployment.account.clone(), sha1.clone()))?;
        serde_json::from_slice::<Value>(bytes).ok()
    });
    is_archive || config.is_some_and(|config| config["version"] == 3)
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn with_deployment<T>(
    fake: &Vercel,
    asked: &Asked,
    id: &str,
    what: impl FnOnce(&mut Deployment, &mut Project) -> T,
) -> Result<T, Response> {
    let mut inner = fake.lock();
    let Inner { projects, deployments, .. } = &mut *inner;
    let deployment = deployments.iter_mut().find(|found| found.id == id && found.account == asked.account);
    let deployment = deployment.ok_or_else(|| refusal(404, "not_found", "Deployment not found"))?;
    let project = projects.iter_mut().find(|project| project.id == deployment.project).expect("has a project");
    Ok(what(deployment, project))
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn look(fake: &Vercel, asked: &Asked, id: &str) -> Answer {
    with_deployment(fake, asked, id, |deployment, project| {
        deployment.goes_on(project);
        Json(deployment.shown(project)).into_response()
    })
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn cancel(fake: &Vercel, asked: &Asked, id: &str) -> Answer {
    with_deployment(fake, asked, id, |deployment, project| {
        if !matches!(deployment.state, "QUEUED" | "BUILDING") {
            return Err(refusal(400, "bad_request", "The deployment cannot be cancelled any more"));
        }
        deployment.state = "CANCELED";
        Ok(Json(deployment.shown(project)).into_response())
    })?
}

/// The CLI follows lines; whoever does not say so gets a list.
#[expect(clippy::result_large_err, reason = "the answer")]
fn events(fake: &Vercel, asked: &Asked, id: &str) -> Answer {
    let event = with_deployment(
        fake,
        asked,
        id,
        |deployment, _| json!({ "type": "stdout", "created": deployment.created, "text": "Deploying outputs...", "payload": { "deploymentId": id, "text": "Deploying outputs..." } }),
    )?;
    if asked.query.get("format").is_some_and(|format| format == "lines") {
        return Ok(([("content-type", "application/stream+json")], format!("{event}\n")).into_response());
    }
    Ok(Json(json!([event])).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn list(fake: &Vercel, asked: &Asked) -> Answer {
    let number = |name: &str| asked.query.get(name).and_then(|text| text.parse::<u64>().ok());
    let (since, until, limit) = (number("since").unwrap_or(0), number("until").unwrap_or(u64::MAX), number("limit"));
    let limit = usize::try_from(limit.unwrap_or(20)).expect("fits");
    if limit > 100 {
        return Err(bad("`limit` should be <= 100"));
    }
    let wanted: Vec<_> =
        asked.query.iter().filter_map(|(name, value)| Some((name.strip_prefix("meta-")?, value))).collect();
    let inner = fake.lock();
    let has_meta = |found: &Deployment| {
        wanted.iter().all(|(key, value)| found.request.get("meta").is_some_and(|meta| meta[*key] == value.as_str()))
    };
    let found = inner.deployments.iter().rev().filter(|found| {
        found.account == asked.account
            && asked.query.get("projectId").is_none_or(|project| *project == found.project)
            && (since..until).contains(&found.created)
            && has_meta(found)
    });
    let page: Vec<&Deployment> = found.take(limit).collect();
    let next = page.last().filter(|_| page.len() == limit).map(|last| last.created);
    let shown = |found: &&Deployment| {
        let project = inner.projects.iter().find(|project| project.id == found.project).expect("has a project");
        let mut shown = found.shown(project);
        // Lists have neither.
        let fields = shown.as_object_mut().expect("an object");
        fields.remove("id");
        fields.remove("alias");
        shown
    };
    let shown: Vec<_> = page.iter().map(shown).collect();
    Ok(Json(json!({ "deployments": shown, "pagination": { "count": shown.len(), "next": next } })).into_response())
}
