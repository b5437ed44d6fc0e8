//! Domains of the fake's sites, and the certificates it has for them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Netlify;
use super::routes::{Answer, Asked, refusal};
use super::site::Site;

impl Netlify {
    /// Somebody has written the records that lead a domain here.
    pub fn write_dns(&self, name: &str) {
        self.lock().led_here.insert(name.to_owned());
    }

    /// The domains of a site, the main one first.
    pub fn domains(&self, site: &str) -> Vec<String> {
        self.lock().site(site).domains.clone()
    }
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn set(fake: &Netlify, asked: &Asked, site: &str) -> Answer {
    let body: Map<String, Value> = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no JSON"))?;
    if let Some(unknown) = body.keys().find(|key| !["custom_domain", "domain_aliases"].contains(&key.as_str())) {
        return Err(refusal(422, &format!("`{unknown}` is not understood")));
    }
    let main = body.get("custom_domain").and_then(Value::as_str);
    let others = body.get("domain_aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = main.into_iter().chain(others).map(str::to_owned).collect();
    let mut inner = fake.lock();
    let site = inner.site_at(asked, site)?;
    let is_taken =
        |other: &Site| other.id != inner.sites[site].id && other.domains.iter().any(|name| names.contains(name));
    if inner.sites.iter().any(is_taken) {
        let body = json!({ "errors": { "custom_domain": ["is owned by another account"] }, "message": "Unprocessable Entity" });
        return Err((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response());
    }
    inner.sites[site].certified.retain(|name| names.contains(name));
    inner.sites[site].domains = names;
    Ok(Json(inner.shown_site(&inner.sites[site])).into_response())
}

fn shown(site: &Site) -> Response {
    let certificate = json!({ "state": "issued", "domains": site.certified, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "expires_at": "2026-04-01T00:00:00Z" });
    Json(certificate).into_response()
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn certificate(fake: &Netlify, asked: &Asked, site: &str) -> Answer {
    let inner = fake.lock();
    let site = &inner.sites[inner.site_at(asked, site)?];
    if site.certified.is_empty() { Err(refusal(404, "Not Found")) } else { Ok(shown(site)) }
}

/// Makes a certificate for all domains whose DNS leads here.
#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn certify(fake: &Netlify, asked: &Asked, site: &str) -> Answer {
    let mut inner = fake.lock();
    let site = inner.site_at(asked, site)?;
    let led: Vec<_> = inner.sites[site].domains.iter().filter(|name| inner.led_here.contains(*name)).cloned().collect();
    if led.is_empty() {
        return Err(refusal(422, "DNS verification failed"));
    }
    inner.sites[site].certified = led;
    Ok(shown(&inner.sites[site]))
}
