//! Domains of the fake's projects, and what their DNS says.

use std::collections::{BTreeMap, HashSet};

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::routes::{Answer, Asked, bad, done, refusal};
use super::{CloudflarePages, Inner};

/// All domains of this Cloudflare, and the DNS that it sees.
#[derive(Default)]
pub(super) struct Domains {
    /// The project of each.
    of: BTreeMap<String, String>,
    /// Those whose DNS leads here.
    led_here: HashSet<String>,
    /// Those of which Cloudflare has seen that.
    active: HashSet<String>,
}

impl CloudflarePages {
    /// Somebody has written the record that Cloudflare asked for.
    pub fn write_dns(&self, name: &str) {
        self.lock().domains.led_here.insert(name.to_owned());
    }
}

fn shown(domains: &Domains, name: &str) -> Value {
    let is_active = domains.active.contains(name);
    let verification = if is_active {
        json!({ "status": "active" })
    } else {
        json!({ "status": "pending", "error_message": "CNAME record not set" })
    };
    json!({
        "id": format!("id of {name}"), "domain_id": format!("id of {name}"), "name": name, "zone_tag": "",
        "status": if is_active { "active" } else { "pending" },
        "certificate_authority": "google", "created_on": "2026-01-01T00:00:00Z",
        "validation_data": { "method": "http", "status": if is_active { "active" } else { "initializing" } },
        "verification_data": verification,
    })
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn all(inner: &mut Inner, position: usize, asked: &Asked, method: &str) -> Answer {
    let project = inner.projects[position].id.clone();
    if method == "GET" {
        let own = inner.domains.of.iter().filter(|(_, of)| **of == project);
        let own: Vec<_> = own.map(|(name, _)| shown(&inner.domains, name)).collect();
        return Ok(done(&json!(own)));
    }
    let body: Map<String, Value> = asked.json()?;
    let name =
        body.get("name").and_then(Value::as_str).filter(|name| name.contains('.') && name.to_lowercase() == **name);
    let name = name.ok_or_else(|| bad("`name` is none of a domain"))?;
    if inner.domains.of.contains_key(name) {
        return Err(refusal(409, 8_000_018, "You have already added this custom domain."));
    }
    inner.domains.of.insert(name.to_owned(), project);
    Ok(done(&shown(&inner.domains, name)))
}

/// What is done with one domain of a project.
pub(super) fn one(inner: &mut Inner, position: usize, name: &str, method: &str) -> Result<Response, Response> {
    if inner.domains.of.get(name) != Some(&inner.projects[position].id) {
        return Err(refusal(404, 8_000_021, "The domain you have requested does not exist."));
    }
    match method {
        "DELETE" => {
            inner.domains.of.remove(name);
            Ok(done(&Value::Null))
        }
        "PATCH" if inner.domains.led_here.contains(name) => {
            inner.domains.active.insert(name.to_owned());
            Ok(done(&shown(&inner.domains, name)))
        }
        _ => Ok(done(&shown(&inner.domains, name))),
    }
}
