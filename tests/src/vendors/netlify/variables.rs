//! Variables of the fake's sites.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Netlify;
use super::routes::{Answer, Asked, refusal};
use super::site::{Site, Variable};

/// Scopes that a secret may have.
const SECRET_SCOPES: [&str; 3] = ["builds", "functions", "runtime"];
/// Contexts in which a secret may have a value.
const CONTEXTS: [&str; 4] = ["production", "deploy-preview", "branch-deploy", "branch"];

/// What Netlify keeps for itself.
fn is_reserved(key: &str) -> bool {
    key.starts_with("NETLIFY") || key == "SITE_ID"
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn with_site(fake: &Netlify, asked: &Asked, team: &str, what: impl FnOnce(&mut Site) -> Answer) -> Answer {
    let mut inner = fake.lock();
    let Some(site) = asked.query.get("site_id") else { return Ok(Json(json!([])).into_response()) };
    let site = inner.site_at(asked, site)?;
    if inner.sites[site].team != team {
        return Err(refusal(404, "Not Found"));
    }
    what(&mut inner.sites[site])
}

fn shown(variable: &Variable) -> Value {
    let value = |(context, value): (&String, &String)| {
        let value = if variable.is_secret { "" } else { value };
        if CONTEXTS.contains(&context.as_str()) {
            json!({ "context": context, "value": value })
        } else {
            json!({ "context": "branch", "context_parameter": context, "value": value })
        }
    };
    let values: Vec<_> = variable.values.iter().map(value).collect();
    json!({ "key": variable.key, "scopes": SECRET_SCOPES, "is_secret": variable.is_secret, "values": values })
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn value_of(value: &Value) -> Result<(String, String), Response> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let place = match text("context").as_deref() {
        Some("branch") => text("context_parameter"),
        Some(context) if CONTEXTS.contains(&context) => Some(context.to_owned()),
        _ => None,
    };
    place.zip(text("value")).ok_or_else(|| refusal(422, "a secret has a value for each of its contexts"))
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn list(fake: &Netlify, asked: &Asked, team: &str) -> Answer {
    with_site(fake, asked, team, |site| {
        let all: Vec<_> = site.variables.iter().map(shown).collect();
        Ok(Json(all).into_response())
    })
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn create(fake: &Netlify, asked: &Asked, team: &str) -> Answer {
    let body: Vec<Value> = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no list"))?;
    with_site(fake, asked, team, |site| {
        let mut made = Vec::new();
        for variable in &body {
            let key = variable["key"].as_str().unwrap_or_default().to_owned();
            if key.is_empty() || is_reserved(&key) {
                return Err(refusal(422, &format!("`{key}` is reserved")));
            }
            if site.variables.iter().any(|known| known.key == key) {
                return Err(refusal(409, &format!("`{key}` exists already")));
            }
            if variable["is_secret"] != true || variable["scopes"] != json!(SECRET_SCOPES) {
                return Err(refusal(422, "it is no secret, or has scopes that secrets cannot have"));
            }
            let values = variable["values"].as_array().into_iter().flatten().map(value_of);
            let values: BTreeMap<_, _> = values.collect::<Result<_, _>>()?;
            made.push(Variable { key, is_secret: true, values });
        }
        let answer: Vec<_> = made.iter().map(shown).collect();
        site.variables.append(&mut made);
        Ok((StatusCode::CREATED, Json(answer)).into_response())
    })
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn set(fake: &Netlify, asked: &Asked, team: &str, key: &str) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no JSON"))?;
    let (place, value) = value_of(&body)?;
    with_site(fake, asked, team, |site| {
        let known = site.variables.iter_mut().find(|known| known.key == key);
        let known = known.ok_or_else(|| refusal(404, "Not Found"))?;
        known.values.insert(place, value);
        Ok((StatusCode::CREATED, Json(shown(known))).into_response())
    })
}
