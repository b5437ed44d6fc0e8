//! Domains of the fake's projects: who has them, whether that is proven, and what their DNS says.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Vercel;
use super::routes::{Answer, Asked, bad, position, refusal};

/// All domains of this Vercel, and the DNS that it sees.
#[derive(Default)]
pub(super) struct Domains {
    /// The project of each.
    of: BTreeMap<String, String>,
    /// Those whose owner somebody else has been.
    claimed: HashSet<String>,
    /// Those whose DNS leads here.
    led_here: HashSet<String>,
}

impl Vercel {
    /// A domain that another account has used, so that it must be proven.
    pub fn claim_domain(&self, name: &str) {
        self.lock().domains.claimed.insert(name.to_owned());
    }

    /// Somebody has written the records that Vercel asked for.
    pub fn write_dns(&self, name: &str) {
        let mut inner = self.lock();
        inner.domains.claimed.remove(name);
        inner.domains.led_here.insert(name.to_owned());
    }

    /// The domains of a project.
    pub fn domains(&self, project: &str) -> Vec<String> {
        let inner = self.lock();
        let id = inner.project(project).id.clone();
        inner.domains.of.iter().filter(|(_, of)| **of == id).map(|(name, _)| name.clone()).collect()
    }
}

fn apex(name: &str) -> String {
    let labels: Vec<_> = name.rsplitn(3, '.').collect();
    labels.iter().take(2).rev().copied().collect::<Vec<_>>().join(".")
}

fn shown(domains: &Domains, name: &str) -> Value {
    let verified = !domains.claimed.contains(name);
    let mut shown = json!({ "name": name, "apexName": apex(name), "projectId": domains.of.get(name),
        "redirect": null, "redirectStatusCode": null, "gitBranch": null, "verified": verified });
    if !verified {
        shown["verification"] = json!([{ "type": "TXT", "domain": format!("_vercel.{}", apex(name)),
            "value": format!("vc-domain-verify={name},0123456789abcdef0123"), "reason": "pending_domain_verification" }]);
    }
    shown
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn list(fake: &Vercel, asked: &Asked, project: &str) -> Answer {
    let inner = fake.lock();
    let id = &inner.projects[position(&inner, asked, project)?].id;
    let own = inner.domains.of.iter().filter(|(_, of)| *of == id);
    let own: Vec<_> = own.map(|(name, _)| shown(&inner.domains, name)).collect();
    let pagination = json!({ "count": own.len(), "next": null, "prev": null });
    Ok(Json(json!({ "domains": own, "pagination": pagination })).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn add(fake: &Vercel, asked: &Asked, project: &str) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| bad("no JSON"))?;
    let known = ["name", "gitBranch", "customEnvironmentId", "redirect", "redirectStatusCode"];
    if let Some(unknown) = body.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(bad(format!("should NOT have additional property `{unknown}`")));
    }
    let name = body.get("name").and_then(Value::as_str).ok_or_else(|| bad("missing required property `name`"))?;
    if name.to_lowercase() != name || !name.contains('.') {
        return Err(refusal(400, "invalid_domain", "The domain is not valid"));
    }
    let mut inner = fake.lock();
    let position = position(&inner, asked, project)?;
    let id = inner.projects[position].id.clone();
    if inner.domains.of.contains_key(name) {
        return Err(refusal(409, "domain_already_in_use", "This domain is in use by one of the projects"));
    }
    inner.domains.of.insert(name.to_owned(), id);
    Ok(Json(shown(&inner.domains, name)).into_response())
}

/// What is done with one domain of a project.
#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn one(fake: &Vercel, asked: &Asked, project: &str, name: &str, method: &str) -> Answer {
    let mut inner = fake.lock();
    let id = inner.projects[position(&inner, asked, project)?].id.clone();
    if inner.domains.of.get(name) != Some(&id) {
        return Err(refusal(404, "not_found", "The domain is not assigned to the project"));
    }
    match method {
        "DELETE" => {
            inner.domains.of.remove(name);
            Ok(Json(json!({})).into_response())
        }
        "POST" if inner.domains.claimed.contains(name) => {
            Err(refusal(400, "missing_txt_record", "The domain is missing the required TXT record"))
        }
        _ => Ok(Json(shown(&inner.domains, name)).into_response()),
    }
}

/// What Vercel sees in a domain's DNS.
pub(super) fn config(fake: &Vercel, name: &str) -> Response {
    let is_led_here = fake.lock().domains.led_here.contains(name);
    let state = json!({
        "configuredBy": is_led_here.then_some("CNAME"),
        "acceptedChallenges": [],
        "recommendedIPv4": [{ "rank": 1, "value": ["216.198.79.1"] }],
        "recommendedCNAME": [{ "rank": 1, "value": "d1d4fc829fe7bc7c.vercel-dns-017.com." }],
        "misconfigured": !is_led_here,
    });
    (StatusCode::OK, Json(state)).into_response()
}
