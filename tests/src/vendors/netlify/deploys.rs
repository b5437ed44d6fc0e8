//! What the fake does with deploys: from an empty one to one that everybody sees.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use ring::digest::{self, digest};
use serde_json::{Map, Value, json};

use super::super::script::{Fault, answer as scripted, broken, malformed};
use super::routes::{Answer, Asked, now, refusal};
use super::site::{Deploy, Site};
use super::{Inner, Netlify};

/// What a new deploy may be told; the last two are what the CLI sends besides.
const NEW_FIELDS: [&str; 4] = ["draft", "branch", "include_upload_url", "deploy_source"];
/// What it may be told of its files; the last is what the CLI sends besides.
const FIELDS: [&str; 13] = [
    "files",
    "functions",
    "edge_functions",
    "server",
    "function_schedules",
    "functions_config",
    "async",
    "branch",
    "draft",
    "framework",
    "framework_version",
    "environment",
    "build_version",
];
const MOST_PER_PAGE: usize = 100;

fn invalid(message: impl AsRef<str>) -> Response {
    refusal(422, message.as_ref())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn body(asked: &Asked, fields: &[&str]) -> Result<Map<String, Value>, Response> {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no JSON"))?;
    match body.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(unknown) => Err(invalid(format!("`{unknown}` is not understood"))),
        None => Ok(body),
    }
}

impl Inner {
    /// Stores bytes of a team; answers whether it had them already.
    fn store(&mut self, team: &str, sha: &str, bytes: &[u8]) -> bool {
        let had = self.blobs.entry(team.to_owned()).or_default().insert(sha.to_owned(), bytes.to_vec()).is_some();
        let own: HashSet<_> = self.sites.iter().filter(|site| site.team == team).map(|site| site.id.as_str()).collect();
        for deploy in self.deploys.iter_mut().filter(|deploy| own.contains(deploy.site.as_str())) {
            deploy.lacking.remove(sha);
        }
        had
    }

    #[expect(clippy::result_large_err, reason = "the answer")]
    fn deploy_at(&self, asked: &Asked, site: Option<&str>, id: &str) -> Result<(usize, usize), Response> {
        let none = || refusal(404, "Not Found");
        let deploy = self.deploys.iter().position(|deploy| deploy.id == id).ok_or_else(none)?;
        let site_at = self.sites.iter().position(|site| site.id == self.deploys[deploy].site).ok_or_else(none)?;
        let is_its = site.is_none_or(|key| self.sites[site_at].is(key)) && asked.may_act_in(&self.sites[site_at].team);
        if is_its { Ok((site_at, deploy)) } else { Err(none()) }
    }

    fn shown(&self, deploy: &Deploy) -> Value {
        let site = self.sites.iter().find(|site| site.id == deploy.site).expect("has a site");
        deploy.shown(site)
    }
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn create(fake: &Netlify, asked: &Asked, site: &str) -> Answer {
    let request = body(asked, &NEW_FIELDS)?;
    let mut inner = fake.lock();
    let site = inner.site_at(asked, site)?;
    let title = asked.query.get("title").cloned().unwrap_or_default();
    let created_at = inner.now();
    let deploy = Deploy::new(&inner.sites[site], &title, request, created_at);
    let shown = inner.shown(&deploy);
    inner.deploys.push(deploy);
    Ok(Json(shown).into_response())
}

/// A deploy is told its files.
pub(super) async fn announce(fake: &Netlify, asked: &Asked, site: &str, id: &str) -> Answer {
    let request = body(asked, &FIELDS)?;
    let (fault, shown) = {
        let mut inner = fake.lock();
        let (site, deploy) = inner.deploy_at(asked, Some(site), id)?;
        check(&inner.sites[site], &inner.deploys[deploy], &request)?;
        let fault = inner.release_faults.pop_front();
        match &fault {
            Some(Fault::Answer(status, headers, text)) => return Ok(scripted(*status, headers, text)),
            Some(Fault::Break) => return Ok(broken()),
            _ => {}
        }
        let (looks, ending) = (inner.looks, inner.endings.pop_front());
        let Inner { sites, deploys, blobs, .. } = &mut *inner;
        let (stored, told) = (blobs.entry(sites[site].team.clone()).or_default(), &mut deploys[deploy]);
        (told.files, told.functions) = (digests(&request, "files"), digests(&request, "functions"));
        let all = told.files.values().chain(told.functions.values());
        told.lacking = all.filter(|sha| !stored.contains_key(*sha)).cloned().collect();
        (told.looks, told.ending) = (looks, ending.or(told.ending.take()));
        let is_later = request.get("async") == Some(&json!(true));
        told.request = request;
        told.state = match (is_later, told.lacking.is_empty()) {
            (true, _) => "preparing",
            (false, false) => "uploading",
            (false, true) => "uploaded",
        };
        (fault, inner.shown(&inner.deploys[deploy]))
    };
    match fault {
        Some(Fault::Lose) => Ok(broken()),
        Some(Fault::Malformed) => Ok(malformed()),
        Some(Fault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            Ok(Json(shown).into_response())
        }
        _ => Ok(Json(shown).into_response()),
    }
}

/// Digests by path, or by name, without a slash before.
fn digests(request: &Map<String, Value>, field: &str) -> BTreeMap<String, String> {
    let all = request.get(field).and_then(Value::as_object).into_iter().flatten();
    let pair = |(path, sha): (&String, &Value)| {
        (path.trim_start_matches('/').to_owned(), sha.as_str().unwrap_or_default().to_owned())
    };
    all.map(pair).collect()
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn check(site: &Site, deploy: &Deploy, request: &Map<String, Value>) -> Result<(), Response> {
    if !matches!(deploy.state, "new" | "uploading" | "prepared") {
        return Err(invalid(format!("a deploy that is {} takes no files", deploy.state)));
    }
    if deploy.is_production() && site.takes_only_builds {
        return Err(invalid("this site takes no deploys in production that are not built here"));
    }
    let is_draft = request.get("draft") == Some(&json!(true));
    if is_draft != deploy.draft || request.get("branch").and_then(Value::as_str) != deploy.branch.as_deref() {
        return Err(invalid("it was made for somebody else: `draft` or `branch` differ"));
    }
    let (files, functions) = (digests(request, "files"), digests(request, "functions"));
    if files.is_empty() && functions.is_empty() {
        return Err(invalid("there is nothing to deploy"));
    }
    let is_digest =
        |sha: &String, length: usize| sha.len() == length && sha.bytes().all(|b| b"0123456789abcdef".contains(&b));
    if let Some((path, _)) = files.iter().find(|(path, sha)| path.contains(['#', '?']) || !is_digest(sha, 40)) {
        return Err(invalid(format!("`{path}` cannot be a file, or has no SHA-1")));
    }
    match functions.iter().find(|(_, sha)| !is_digest(sha, 64)) {
        Some((name, _)) => Err(invalid(format!("the function `{name}` has no SHA-256"))),
        None => Ok(()),
    }
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn upload(fake: &Netlify, asked: &Asked, id: &str, path: &str) -> Answer {
    let sha1 = HEXLOWER.encode(digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &asked.body).as_ref());
    take(fake, asked, id, &sha1, |deploy| deploy.files.get(path).cloned())?;
    let size = asked.body.len();
    let mime = "application/octet-stream";
    let shown =
        json!({ "id": format!("/{path}"), "path": format!("/{path}"), "sha": sha1, "mime_type": mime, "size": size });
    Ok(Json(shown).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn upload_function(fake: &Netlify, asked: &Asked, id: &str, name: &str) -> Answer {
    let Some(runtime) = asked.query.get("runtime").cloned() else { return Err(invalid("`runtime` is missing")) };
    if !asked.body.starts_with(b"PK") {
        return Err(invalid("a function is a ZIP"));
    }
    let sha256 = HEXLOWER.encode(digest(&digest::SHA256, &asked.body).as_ref());
    let deploy = take(fake, asked, id, &sha256, |deploy| deploy.functions.get(name).cloned())?;
    fake.lock().deploys[deploy].runtimes.insert(name.to_owned(), runtime);
    Ok(Json(json!({ "id": sha256[..24], "name": name, "sha": sha256 })).into_response())
}

/// Takes bytes that a deploy lacks under a name; answers where the deploy is.
#[expect(clippy::result_large_err, reason = "the answer")]
fn take(
    fake: &Netlify,
    asked: &Asked,
    id: &str,
    sha: &str,
    wanted: impl FnOnce(&Deploy) -> Option<String>,
) -> Result<usize, Response> {
    if asked.headers.get("content-type").is_none_or(|kind| kind != "application/octet-stream") {
        return Err(refusal(400, "the content type is no application/octet-stream"));
    }
    let mut inner = fake.lock();
    let (site, deploy) = inner.deploy_at(asked, None, id)?;
    if !matches!(inner.deploys[deploy].state, "uploading" | "prepared" | "uploaded" | "processing") {
        return Err(invalid(format!("a deploy that is {} takes no files", inner.deploys[deploy].state)));
    }
    match wanted(&inner.deploys[deploy]) {
        None => return Err(refusal(404, "Not Found")),
        Some(wanted) if wanted != sha => return Err(invalid("these bytes are others than were announced")),
        Some(_) => {}
    }
    allow(&mut inner)?;
    inner.received.files += 1;
    inner.received.bytes += asked.body.len() as u64;
    let team = inner.sites[site].team.clone();
    let had = inner.store(&team, sha, &asked.body);
    inner.received.duplicates += usize::from(had);
    let told = &mut inner.deploys[deploy];
    if told.lacking.is_empty() && told.state == "uploading" {
        told.state = "uploaded";
    }
    Ok(deploy)
}

/// Counts an upload, when the minute has one left.
#[expect(clippy::result_large_err, reason = "the answer")]
fn allow(inner: &mut Inner) -> Result<(), Response> {
    let Some((left, pause)) = &mut inner.upload_allowance else { return Ok(()) };
    if *left > 0 {
        *left -= 1;
        return Ok(());
    }
    let reset = now() + pause.as_secs();
    inner.upload_allowance = None;
    let message = "API Request rate limit surpassed for application";
    let headers = [
        ("x-ratelimit-limit", "500".to_owned()),
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", reset.to_string()),
    ];
    Err((StatusCode::TOO_MANY_REQUESTS, headers, Json(json!({ "code": 429, "message": message }))).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn look(fake: &Netlify, asked: &Asked, site: Option<&str>, id: &str) -> Answer {
    let mut inner = fake.lock();
    let (site, deploy) = inner.deploy_at(asked, site, id)?;
    let Inner { sites, deploys, .. } = &mut *inner;
    deploys[deploy].goes_on(&mut sites[site]);
    Ok(Json(inner.shown(&inner.deploys[deploy])).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn delete(fake: &Netlify, asked: &Asked, id: &str) -> Answer {
    let mut inner = fake.lock();
    let (site, deploy) = inner.deploy_at(asked, None, id)?;
    if inner.sites[site].live.as_deref() == Some(id) {
        return Err(invalid("the published deploy cannot be deleted"));
    }
    inner.deploys.remove(deploy);
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn cancel(fake: &Netlify, asked: &Asked, id: &str) -> Answer {
    let mut inner = fake.lock();
    let (_, deploy) = inner.deploy_at(asked, None, id)?;
    if !inner.deploys[deploy].cancel() {
        return Err(invalid("the deploy cannot be cancelled any more"));
    }
    Ok((StatusCode::CREATED, Json(inner.shown(&inner.deploys[deploy]))).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn restore(fake: &Netlify, asked: &Asked, site: &str, id: &str) -> Answer {
    let mut inner = fake.lock();
    let (site, deploy) = inner.deploy_at(asked, Some(site), id)?;
    if inner.deploys[deploy].state != "ready" || !inner.deploys[deploy].is_production() {
        return Err(invalid("only a deploy that is ready can be published"));
    }
    let Inner { sites, deploys, .. } = &mut *inner;
    sites[site].show(&mut deploys[deploy]);
    Ok((StatusCode::CREATED, Json(inner.shown(&inner.deploys[deploy]))).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn list(fake: &Netlify, asked: &Asked, site: &str) -> Answer {
    let inner = fake.lock();
    let site = inner.site_at(asked, site)?;
    let query = |name: &str| asked.query.get(name).map(String::as_str);
    let number = |name: &str, usual: usize| query(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (page, per_page) = (number("page", 1).max(1), number("per_page", MOST_PER_PAGE).min(MOST_PER_PAGE));
    let is_wanted = |found: &&Deploy| {
        found.site == inner.sites[site].id
            && query("state").is_none_or(|state| found.state == state)
            && query("production").is_none_or(|wanted| (wanted == "true") == found.is_production())
    };
    let mut found = inner.deploys.iter().rev().filter(is_wanted).skip((page - 1) * per_page);
    let shown: Vec<_> = found.by_ref().take(per_page).map(|deploy| inner.shown(deploy)).collect();
    let mut answer = Json(shown).into_response();
    if found.next().is_some() {
        let next = format!("<{}/sites/x/deploys?page={}>; rel=\"next\"", fake.url, page + 1);
        answer.headers_mut().insert("link", next.parse().expect("a value"));
    }
    Ok(answer)
}
