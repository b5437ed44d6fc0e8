//! The fake's answers.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::script::{Fault, answer as scripted, broken};
use super::assets::{check_missing, name_of, upload, upload_token, upsert_hashes};
use super::form::{Part, parse, parse_bundle};
use super::project::{Deployment, Project};
use super::{ACCOUNT, API_PATH, CloudflarePages, Inner, Site, domains, notifications, uuid};

const MOST_PROJECTS_PER_PAGE: usize = 10;
const MOST_DEPLOYMENTS_PER_PAGE: usize = 25;
const MESSAGE_BYTES: usize = 384;
/// Fields of the form that makes a deployment, and its files.
const FIELDS: [&str; 5] = ["manifest", "branch", "commit_message", "commit_hash", "commit_dirty"];
const RULES: [&str; 3] = ["_headers", "_redirects", "_routes.json"];
const BUNDLE: &str = "_worker.bundle";

pub(super) type Answer = Result<Response, Response>;

/// One request.
pub(super) struct Asked {
    query: HashMap<String, String>,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    #[expect(clippy::result_large_err, reason = "the answer")]
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Response> {
        serde_json::from_slice(&self.body).map_err(|_| bad("the body is no such JSON"))
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.query.get(name).and_then(|text| text.parse().ok())
    }

    /// The account that its token reaches.
    #[expect(clippy::result_large_err, reason = "the answer")]
    fn account(&self, inner: &Inner) -> Result<&'static str, Response> {
        let known = self.bearer().and_then(|token| inner.tokens.get(token));
        known.copied().ok_or_else(|| refusal(403, 10_000, "Authentication error"))
    }
}

pub(super) async fn answer(
    State(fake): State<CloudflarePages>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let latency = fake.lock().latency;
    tokio::time::sleep(latency).await;
    let asked = Asked { query, headers, body };
    let Some(path) = uri.path().strip_prefix(API_PATH) else { return refusal(404, 7_000, "No route for that URI") };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let outcome = match (method.as_str(), parts.as_slice()) {
        ("GET", ["user", "tokens", "verify"]) => verify(&fake, &asked),
        ("GET", ["accounts"]) => accounts(&fake, &asked),
        ("POST", ["pages", "assets", "check-missing"]) => check_missing(&fake, &asked),
        ("POST", ["pages", "assets", "upload"]) => upload(&fake, &asked),
        ("POST", ["pages", "assets", "upsert-hashes"]) => upsert_hashes(&fake, &asked),
        (_, ["accounts", account, "alerting", "v3", rest @ ..]) => {
            match reaches(&fake.lock(), &asked, account) {
                Ok(()) => {}
                Err(refusal) => return refusal,
            }
            notifications::answer(&fake, &asked, method.as_str(), rest).await
        }
        (_, ["accounts", account, "pages", "projects", rest @ ..]) => {
            of_account(&fake, &method, &asked, account, rest).await
        }
        _ => {
            fake.script.complain(format!("{method} {uri}: Cloudflare has no such operation"));
            Err(refusal(404, 7_003, "Could not route to that path"))
        }
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// Whether a token may do something in an account.
#[expect(clippy::result_large_err, reason = "the answer")]
fn reaches(inner: &Inner, asked: &Asked, account: &str) -> Result<(), Response> {
    let is_it = asked.account(inner)? == account;
    if is_it { Ok(()) } else { Err(refusal(403, 10_000, "Authentication error")) }
}

/// What belongs to an account.
async fn of_account(fake: &CloudflarePages, method: &Method, asked: &Asked, account: &str, rest: &[&str]) -> Answer {
    reaches(&fake.lock(), asked, account)?;
    match (method.as_str(), rest) {
        ("GET", []) => projects(fake, asked, account),
        ("POST", []) => make_project(fake, asked, account),
        ("GET", [project]) => with_project(fake, account, project, |inner, position| {
            Ok(done(&inner.projects[position].shown(&inner.deployments)))
        }),
        ("PATCH", [project]) => with_project(fake, account, project, |inner, position| {
            set_variables(&mut inner.projects[position], &asked.json()?)?;
            Ok(done(&inner.projects[position].shown(&inner.deployments)))
        }),
        ("GET", [project, "upload-token"]) => {
            let id = with_project(fake, account, project, |inner, position| Ok(inner.projects[position].id.clone()))?;
            Ok(upload_token(fake, &id))
        }
        ("GET", [project, "deployments"]) => {
            with_project(fake, account, project, |inner, position| list(inner, position, asked))
        }
        ("POST", [project, "deployments"]) => create(fake, asked, account, project).await,
        ("GET" | "POST", [project, "domains"]) => with_project(fake, account, project, |inner, position| {
            domains::all(inner, position, asked, method.as_str())
        }),
        ("GET" | "PATCH" | "DELETE", [project, "domains", name]) => {
            with_project(fake, account, project, |inner, position| domains::one(inner, position, name, method.as_str()))
        }
        (_, [project, "deployments", id, rest @ ..]) => with_project(fake, account, project, |inner, position| {
            of_deployment(inner, position, method, asked, id, rest)
        }),
        _ => {
            fake.script.complain(format!("{method} {rest:?}: Pages has no such operation"));
            Err(refusal(404, 7_003, "Could not route to that path"))
        }
    }
}

pub(super) fn refusal(status: u16, code: u64, message: &str) -> Response {
    let body =
        json!({ "success": false, "errors": [{ "code": code, "message": message }], "messages": [], "result": null });
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}

pub(super) fn bad(message: &str) -> Response {
    refusal(400, 8_000_001, message)
}

pub(super) fn done(result: &Value) -> Response {
    Json(json!({ "success": true, "errors": [], "messages": [], "result": result })).into_response()
}

/// A page of a list.
#[expect(clippy::result_large_err, reason = "the answer")]
fn page(items: &[Value], asked: &Asked, most: usize) -> Answer {
    let (number, per_page) = (asked.number("page").unwrap_or(1), asked.number("per_page").unwrap_or(most));
    if number == 0 || per_page == 0 || per_page > most {
        return Err(refusal(
            400,
            8_000_024,
            "Invalid list options provided. Review the `page` or `per_page` parameter.",
        ));
    }
    let shown: Vec<_> = items.iter().skip((number - 1) * per_page).take(per_page).collect();
    let info = json!({
        "page": number, "per_page": per_page, "count": shown.len(),
        "total_count": items.len(), "total_pages": items.len().div_ceil(per_page),
    });
    Ok(Json(json!({ "success": true, "errors": [], "messages": [], "result": shown, "result_info": info }))
        .into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn verify(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let inner = fake.lock();
    if !asked.bearer().is_some_and(|token| inner.tokens.contains_key(token)) {
        return Err(refusal(401, 1_000, "Invalid API Token"));
    }
    Ok(done(&json!({ "id": "ed17574386854bf78a67040be0a770b0", "status": "active" })))
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn accounts(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let account = asked.account(&fake.lock())?;
    let name = if account == ACCOUNT { "Ada's Account" } else { "Another" };
    page(&[json!({ "id": account, "name": name, "type": "standard" })], asked, 50)
}

fn with_project<T>(
    fake: &CloudflarePages,
    account: &str,
    name: &str,
    what: impl FnOnce(&mut Inner, usize) -> Result<T, Response>,
) -> Result<T, Response> {
    let mut inner = fake.lock();
    let is_it = |project: &Project| project.account == account && project.name == name;
    let position = inner.projects.iter().position(is_it);
    let missing = "Project not found. The specified project name does not match any of your existing projects.";
    what(&mut inner, position.ok_or_else(|| refusal(404, 8_000_007, missing))?)
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn projects(fake: &CloudflarePages, asked: &Asked, account: &str) -> Answer {
    let inner = fake.lock();
    let of_account = inner.projects.iter().filter(|project| project.account == account);
    let shown: Vec<_> = of_account.map(|project| project.shown(&inner.deployments)).collect();
    page(&shown, asked, MOST_PROJECTS_PER_PAGE)
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn make_project(fake: &CloudflarePages, asked: &Asked, account: &str) -> Answer {
    let body: Map<String, Value> = asked.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let name = text("name").ok_or_else(|| bad("`name` is missing"))?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 58 || !name.chars().all(is_name) || name.starts_with('-') || name.ends_with('-')
    {
        return Err(bad("`name` is none of a project"));
    }
    let branch = text("production_branch").ok_or_else(|| bad("`production_branch` is missing"))?;
    let mut inner = fake.lock();
    if inner.projects.iter().any(|project| project.account == account && project.name == name) {
        return Err(refusal(
            409,
            8_000_002,
            "A project with this name already exists. Choose a different project name.",
        ));
    }
    let project = Project::new(name, account, branch);
    let shown = project.shown(&inner.deployments);
    inner.projects.push(project);
    Ok(done(&shown))
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn set_variables(project: &mut Project, body: &Value) -> Result<(), Response> {
    for (environment, settings) in body["deployment_configs"].as_object().into_iter().flatten() {
        if !["production", "preview"].contains(&environment.as_str()) {
            return Err(bad("there is no such environment"));
        }
        for (name, variable) in settings["env_vars"].as_object().into_iter().flatten() {
            let variables = project.variables.entry(environment.clone()).or_default();
            match (variable["type"].as_str(), variable["value"].as_str()) {
                (Some("plain_text" | "secret_text"), Some(value)) => variables.insert(name.clone(), value.to_owned()),
                _ if variable.is_null() => variables.remove(name),
                _ => return Err(bad("a variable has no `type` or `value`")),
            };
        }
    }
    Ok(())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn list(inner: &mut Inner, position: usize, asked: &Asked) -> Answer {
    let Inner { projects, deployments, .. } = inner;
    let project = &mut projects[position];
    let wanted = asked.query.get("env").map(String::as_str);
    let mut shown = Vec::new();
    for found in deployments.iter_mut().rev() {
        if found.project != project.id {
            continue;
        }
        found.goes_on(project);
        if wanted.is_none_or(|wanted| wanted == project.environment(&found.branch)) {
            shown.push(found.shown(project));
        }
    }
    page(&shown, asked, MOST_DEPLOYMENTS_PER_PAGE)
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn of_deployment(
    inner: &mut Inner,
    position: usize,
    method: &Method,
    asked: &Asked,
    id: &str,
    rest: &[&str],
) -> Answer {
    let Inner { projects, deployments, .. } = inner;
    let project = &mut projects[position];
    let missing = || refusal(404, 8_000_008, "Deployment not found. The specified deployment does not match.");
    let index = deployments.iter().position(|found| found.id == id && found.project == project.id);
    let index = index.ok_or_else(missing)?;
    let deployment = &mut deployments[index];
    let is_production = project.environment(&deployment.branch) == "production";
    match (method.as_str(), rest) {
        ("GET", []) => {
            deployment.goes_on(project);
            Ok(done(&deployment.shown(project)))
        }
        ("GET", ["history", "logs"]) => {
            let line = |line: &str| json!({ "ts": deployment.created, "line": line });
            let data = [
                line("Deploying your site to Cloudflare's global network..."),
                line("Failed: the worker does not start"),
            ];
            Ok(done(&json!({ "total": 2, "includes_container_logs": false, "data": data })))
        }
        ("POST", ["rollback"]) if !is_production || !deployment.is_live() => {
            Err(refusal(400, 8_000_037, "Only successful production deployments can be rolled back to."))
        }
        ("POST", ["rollback"]) if project.live.as_deref() == Some(id) => {
            Err(refusal(400, 8_000_038, "It is the current production deployment already."))
        }
        ("POST", ["rollback"]) => {
            project.show(id);
            Ok(done(&deployment.shown(project)))
        }
        ("DELETE", []) if project.live.as_deref() == Some(id) => {
            Err(refusal(400, 8_000_034, "Cannot delete the active production deployment."))
        }
        ("DELETE", []) if !is_production && asked.query.get("force").is_none_or(|force| force != "true") => {
            Err(refusal(400, 8_000_035, "Cannot delete an aliased deployment without a `?force=true` parameter"))
        }
        ("DELETE", []) => {
            deployments.remove(index);
            Ok(done(&Value::Null))
        }
        _ => Err(refusal(405, 7_001, "Method not allowed")),
    }
}

async fn create(fake: &CloudflarePages, asked: &Asked, account: &str, project: &str) -> Answer {
    let (fault, shown) = with_project(fake, account, project, |inner, position| {
        let deployment = deployment(fake, inner, position, asked)?;
        let fault = inner.release_faults.pop_front();
        match &fault {
            Some(Fault::Answer(status, headers, text)) => return Err(scripted(*status, headers, text)),
            Some(Fault::Break) => return Err(broken()),
            _ => {}
        }
        let shown = deployment.shown(&inner.projects[position]);
        inner.deployments.push(deployment);
        Ok((fault, shown))
    })?;
    match fault {
        Some(Fault::Lose) => Ok(broken()),
        Some(Fault::Malformed) => Ok("<html>".into_response()),
        Some(Fault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            Ok(done(&shown))
        }
        _ => Ok(done(&shown)),
    }
}

/// The deployment that a form asks for.
#[expect(clippy::result_large_err, reason = "the answer")]
fn deployment(
    fake: &CloudflarePages,
    inner: &mut Inner,
    position: usize,
    asked: &Asked,
) -> Result<Deployment, Response> {
    let parts = parse(asked.header("content-type").unwrap_or_default(), &asked.body)
        .ok_or_else(|| bad("the body is no form"))?;
    let (mut fields, mut site) = (HashMap::new(), Site::default());
    for Part { name, is_file, content, .. } in parts {
        if !is_file && FIELDS.contains(&name.as_str()) {
            fields.insert(name, String::from_utf8(content).map_err(|_| bad("a field is no text"))?);
        } else if is_file && RULES.contains(&name.as_str()) {
            site.rules.insert(name, content);
        } else if is_file && name == BUNDLE {
            site.worker = Some(worker(&content).ok_or_else(|| refusal(400, 10_021, "the bundle is no Worker"))?);
        } else {
            fake.script.complain(format!("a form with `{name}`"));
            return Err(bad("there is no such field"));
        }
    }
    if fields.get("commit_message").is_some_and(|message| message.len() > MESSAGE_BYTES) {
        return Err(bad("`commit_message` is too long"));
    }
    if site.rules.contains_key("_routes.json") && site.worker.is_none() {
        fake.script.complain("routes without a worker".to_owned());
    }
    let project = &inner.projects[position];
    let manifest = fields.remove("manifest").ok_or_else(|| bad("`manifest` is missing"))?;
    let manifest: BTreeMap<String, String> = serde_json::from_str(&manifest).map_err(|_| bad("`manifest` is none"))?;
    for (path, name) in manifest {
        if !path.starts_with('/') || path.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad("a path of `manifest` is none"));
        }
        let asset = inner.assets.get(&(project.id.clone(), name.clone()));
        let asset = asset.ok_or_else(|| refusal(400, 8_000_076, "an asset of `manifest` was never uploaded"))?;
        if name_of(&path, &asset.bytes) != name {
            fake.script.complain(format!("{path} is called {name}"));
        }
        site.files.insert(path, (name, asset.kind.clone(), asset.bytes.clone()));
    }
    let branch = fields.remove("branch").unwrap_or_else(|| project.production_branch.clone());
    let environment = project.environment(&branch);
    let variables = project.variables.get(environment).cloned().unwrap_or_default();
    let mut metadata: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    metadata.insert("branch".to_owned(), branch.clone().into());
    Ok(Deployment {
        id: uuid(),
        project: project.id.clone(),
        created: OffsetDateTime::now_utc().format(&Rfc3339).expect("is a time"),
        branch,
        metadata,
        site,
        variables,
        stage: ("queued", "active"),
        looks: inner.looks,
        ending: inner.endings.pop_front(),
    })
}

/// The module that is run, and all modules.
fn worker(bundle: &[u8]) -> Option<(String, BTreeMap<String, (String, Vec<u8>)>)> {
    let mut parts = parse_bundle(bundle)?;
    let metadata = parts.iter().position(|part| part.name == "metadata" && !part.is_file)?;
    let metadata: Value = serde_json::from_slice(&parts.remove(metadata).content).ok()?;
    let main = metadata["main_module"].as_str()?.to_owned();
    let modules: BTreeMap<_, _> = parts.into_iter().map(|part| (part.name, (part.kind, part.content))).collect();
    let is_module = modules.get(&main).is_some_and(|(kind, _)| kind == "application/javascript+module");
    is_module.then_some((main, modules))
}
