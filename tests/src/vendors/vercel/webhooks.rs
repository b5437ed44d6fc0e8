//! Webhooks of the fake's accounts: Vercel makes their secrets, tells them once, and signs with them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use ring::hmac;
use serde_json::{Map, Value, json};

use super::routes::{Answer, Asked, bad, now, refusal};
use super::{Vercel, id};

/// Those of deployments that the document names.
const EVENTS: [&str; 11] = [
    "deployment.created",
    "deployment.build-requested",
    "deployment.ready",
    "deployment.succeeded",
    "deployment.error",
    "deployment.blocked",
    "deployment.canceled",
    "deployment.promoted",
    "deployment.rollback",
    "deployment.cleanup",
    "deployment.checks.failed",
];

/// A hook.
pub(super) struct Hook {
    id: String,
    account: String,
    url: String,
    secret: String,
    events: Vec<String>,
    projects: Vec<String>,
}

impl Vercel {
    /// How many hooks there are.
    pub fn webhooks(&self) -> usize {
        self.lock().webhooks.len()
    }

    /// The plan of everybody has no webhooks.
    pub fn has_no_webhooks(&self) {
        self.lock().refuses_webhooks = true;
    }

    /// The last deployment of a project is ready now, without anybody looking at it, and the hooks are told. Answers
    /// the statuses of the deliveries.
    pub async fn finishes(&self, project: &str) -> Vec<u16> {
        let deliveries = {
            let mut inner = self.lock();
            let (project_id, account) = (inner.project(project).id.clone(), inner.project(project).account.clone());
            let super::Inner { projects, deployments, webhooks, .. } = &mut *inner;
            let of_it = projects.iter_mut().find(|found| found.id == project_id).expect("is there");
            let last = deployments.iter_mut().rev().find(|found| found.project == project_id).expect("a deployment");
            last.looks = 0;
            last.goes_on(of_it);
            let event = json!({
                "id": id("evt"), "type": "deployment.succeeded", "createdAt": now(), "region": null,
                "payload": {
                    "team": { "id": account }, "user": { "id": super::routes::USER_ID },
                    "deployment": { "id": last.id, "meta": last.request.get("meta"), "name": project },
                    "project": { "id": project_id }, "target": last.request.get("target"), "plan": "pro",
                },
            });
            let body = event.to_string();
            let concerned = webhooks.iter().filter(|hook| {
                hook.account == account
                    && hook.events.iter().any(|event| event == "deployment.succeeded")
                    && (hook.projects.is_empty() || hook.projects.contains(&project_id))
            });
            concerned.map(|hook| (hook.url.clone(), signature(&hook.secret, &body), body.clone())).collect::<Vec<_>>()
        };
        let client = reqwest::Client::builder().build().expect("a client");
        let mut statuses = Vec::new();
        for (url, signature, body) in deliveries {
            let request = client.post(url).header("content-type", "application/json");
            let answer = request.header("x-vercel-signature", signature).body(body).send().await.expect("answers");
            statuses.push(answer.status().as_u16());
        }
        statuses
    }
}

fn signature(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref())
}

fn shown(hook: &Hook) -> Value {
    json!({ "id": hook.id, "url": hook.url, "events": hook.events, "projectIds": hook.projects,
        "ownerId": hook.account, "createdAt": 1_700_000_000_000_u64, "updatedAt": 1_700_000_000_000_u64 })
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn make(fake: &Vercel, asked: &Asked) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| bad("no JSON"))?;
    if let Some(unknown) = body.keys().find(|key| !["url", "events", "projectIds"].contains(&key.as_str())) {
        return Err(bad(format!("should NOT have additional property `{unknown}`")));
    }
    let texts = |name: &str| {
        let list = body.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let url = body.get("url").and_then(Value::as_str).filter(|url| url.starts_with("http"));
    let url = url.ok_or_else(|| bad("`url` should match format \"uri\""))?.to_owned();
    let (events, projects) = (texts("events"), texts("projectIds"));
    if events.is_empty() || events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
        return Err(bad("`events` should be among the allowed values"));
    }
    let mut inner = fake.lock();
    if inner.refuses_webhooks {
        return Err(refusal(402, "payment_required", "Webhooks need a Pro plan"));
    }
    let is_own =
        |wanted: &String| inner.projects.iter().any(|found| found.id == *wanted && found.account == asked.account);
    if !projects.iter().all(is_own) {
        return Err(refusal(404, "not_found", "Project not found"));
    }
    let hook = Hook { id: id("hook"), account: asked.account.clone(), url, secret: id("whs"), events, projects };
    let mut made = shown(&hook);
    made["secret"] = hook.secret.clone().into();
    inner.webhooks.push(hook);
    Ok(Json(made).into_response())
}

pub(super) fn list(fake: &Vercel, asked: &Asked) -> Response {
    let inner = fake.lock();
    let own: Vec<_> = inner.webhooks.iter().filter(|hook| hook.account == asked.account).map(shown).collect();
    Json(own).into_response()
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn delete(fake: &Vercel, asked: &Asked, wanted: &str) -> Answer {
    let mut inner = fake.lock();
    let before = inner.webhooks.len();
    inner.webhooks.retain(|hook| hook.id != wanted || hook.account != asked.account);
    if inner.webhooks.len() == before {
        return Err(refusal(404, "not_found", "Webhook not found"));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
