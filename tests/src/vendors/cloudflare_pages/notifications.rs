//! Notifications of the fake's account: where they go, and what is sent there. A destination is tried out before it is
//! taken; whatever is sent carries its secret in a header.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::routes::{Answer, Asked, bad, done, refusal};
use super::{CloudflarePages, uuid};

const EVENTS: [&str; 3] = ["EVENT_DEPLOYMENT_STARTED", "EVENT_DEPLOYMENT_SUCCESS", "EVENT_DEPLOYMENT_FAILED"];
const ENVIRONMENTS: [&str; 2] = ["ENVIRONMENT_PRODUCTION", "ENVIRONMENT_PREVIEW"];

/// What an account has of them.
#[derive(Default)]
pub(super) struct Notifications {
    destinations: Vec<Destination>,
    policies: Vec<Policy>,
    is_refused: bool,
}

#[derive(Clone)]
struct Destination {
    id: String,
    name: String,
    url: String,
    secret: String,
}

struct Policy {
    id: String,
    destinations: Vec<String>,
    projects: Vec<String>,
}

impl CloudflarePages {
    /// How many destinations and policies there are.
    pub fn notifications(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.notifications.destinations.len(), inner.notifications.policies.len())
    }

    /// The plan of the account has no webhooks.
    pub fn has_no_webhooks(&self) {
        self.lock().notifications.is_refused = true;
    }

    /// The last deployment of a project is live now, without anybody looking at it, and destinations are told. Answers
    /// the statuses of the deliveries.
    pub async fn finishes(&self, project: &str) -> Vec<u16> {
        let (concerned, body) = {
            let mut inner = self.lock();
            let project = inner.project(project).id.clone();
            let super::Inner { projects, deployments, notifications, .. } = &mut *inner;
            let of_it = projects.iter_mut().find(|found| found.id == project).expect("is there");
            let last = deployments.iter_mut().rev().find(|found| found.project == project).expect("a deployment");
            last.looks = 0;
            last.goes_on(of_it);
            let concerned = notifications.policies.iter().filter(|policy| policy.projects.contains(&project));
            let ids: Vec<_> = concerned.flat_map(|policy| policy.destinations.clone()).collect();
            let concerned = notifications.destinations.iter().filter(|found| ids.contains(&found.id)).cloned();
            let body = json!({
                "name": "Slipway", "text": "A deployment has ended", "data": {}, "ts": 1_700_000_000_u64,
                "alert_type": "pages_event_alert", "alert_event": "ALERT_STATE_EVENT_START",
                "alert_correlation_id": last.id,
            });
            (concerned.collect::<Vec<_>>(), body)
        };
        let mut statuses = Vec::new();
        for destination in concerned {
            statuses.push(send(&destination, &body).await);
        }
        statuses
    }
}

async fn send(destination: &Destination, body: &Value) -> u16 {
    let client = reqwest::Client::builder().build().expect("a client");
    let request = client.post(&destination.url).header("cf-webhook-auth", &destination.secret).json(body);
    request.send().await.map_or(0, |answer| answer.status().as_u16())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `alerting/v3/…` of an account.
pub(super) async fn answer(fake: &CloudflarePages, asked: &Asked, method: &str, rest: &[&str]) -> Answer {
    if fake.lock().notifications.is_refused {
        return Err(refusal(403, 17_100, "webhooks are not available on your plan"));
    }
    match (method, rest) {
        ("POST", ["destinations", "webhooks"]) => make_destination(fake, asked).await,
        ("GET", ["destinations", "webhooks"]) => {
            let inner = fake.lock();
            let shown = |found: &Destination| json!({ "id": found.id, "name": found.name, "url": found.url, "type": "generic" });
            Ok(done(&inner.notifications.destinations.iter().map(shown).collect()))
        }
        ("DELETE", ["destinations", "webhooks", id]) => delete_destination(fake, id),
        ("POST", ["policies"]) => make_policy(fake, asked),
        ("GET", ["policies"]) => {
            let inner = fake.lock();
            let shown = |found: &Policy| {
                let webhooks: Vec<_> = found.destinations.iter().map(|id| json!({ "id": id })).collect();
                json!({ "id": found.id, "alert_type": "pages_event_alert", "mechanisms": { "webhooks": webhooks } })
            };
            Ok(done(&inner.notifications.policies.iter().map(shown).collect()))
        }
        ("DELETE", ["policies", id]) => {
            fake.lock().notifications.policies.retain(|found| found.id != *id);
            Ok(done(&json!({ "id": id })))
        }
        _ => Err(refusal(404, 7_003, "Could not route to that path")),
    }
}

async fn make_destination(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let body: Map<String, Value> = asked.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let made = Destination { id: uuid(), name: text("name"), url: text("url"), secret: text("secret") };
    if made.name.is_empty() || !made.url.starts_with("http") {
        return Err(bad("`name` or `url` is missing"));
    }
    let test = json!({ "text": "Hello World! This is a test message sent from https://cloudflare.com." });
    let status = send(&made, &test).await;
    if !(200..300).contains(&status) {
        return Err(refusal(400, 17_101, "the webhook did not answer with 2xx"));
    }
    let shown = json!({ "id": made.id });
    fake.lock().notifications.destinations.push(made);
    Ok(done(&shown))
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn delete_destination(fake: &CloudflarePages, id: &str) -> Result<Response, Response> {
    let notifications = &mut fake.lock().notifications;
    if notifications.policies.iter().any(|policy| policy.destinations.iter().any(|found| found == id)) {
        return Err(refusal(400, 17_102, "the webhook is used by a policy"));
    }
    let before = notifications.destinations.len();
    notifications.destinations.retain(|found| found.id != id);
    if notifications.destinations.len() == before {
        Err(refusal(404, 17_103, "not found"))
    } else {
        Ok(done(&Value::Null))
    }
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn make_policy(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let body: Value = asked.json()?;
    if body["alert_type"] != "pages_event_alert" || body["enabled"] != true || !body["name"].is_string() {
        return Err(bad("the policy is none of Pages"));
    }
    let filters = &body["filters"];
    let (events, environments) = (texts(&filters["event"]), texts(&filters["environment"]));
    let is_known =
        |found: &[String], known: &[&str]| !found.is_empty() && found.iter().all(|text| known.contains(&text.as_str()));
    if !is_known(&events, &EVENTS) || !is_known(&environments, &ENVIRONMENTS) {
        return Err(bad("a filter is unknown"));
    }
    let mut inner = fake.lock();
    let projects = texts(&filters["project_id"]);
    if projects.is_empty() || !projects.iter().all(|id| inner.projects.iter().any(|project| project.id == *id)) {
        return Err(bad("`project_id` is none of this account"));
    }
    let webhooks = body["mechanisms"]["webhooks"].as_array().into_iter().flatten();
    let destinations: Vec<_> = webhooks.filter_map(|found| found["id"].as_str()).map(str::to_owned).collect();
    let is_there = |id: &String| inner.notifications.destinations.iter().any(|found| found.id == *id);
    if destinations.is_empty() || !destinations.iter().all(is_there) {
        return Err(bad("there is no such destination"));
    }
    let policy = Policy { id: uuid(), destinations, projects };
    let shown = json!({ "id": policy.id });
    inner.notifications.policies.push(policy);
    Ok(done(&shown))
}
