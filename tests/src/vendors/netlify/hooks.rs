//! Hooks of the fake's sites: each is of one kind of event, and what it sends is signed.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::super::random;
use super::Netlify;
use super::routes::{Answer, Asked, refusal};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A hook.
pub(super) struct Hook {
    id: String,
    site: String,
    event: String,
    url: String,
    secret: Option<String>,
}

impl Hook {
    fn shown(&self) -> Value {
        json!({ "id": self.id, "site_id": self.site, "type": "url", "event": self.event, "disabled": false,
            "data": { "url": self.url, "signature_secret": self.secret } })
    }
}

impl Netlify {
    /// Hooks that are made from now on lose their secret.
    pub fn forgets_secrets(&self) {
        self.lock().forgets_secrets = true;
    }

    /// The kinds of events that somebody wants to hear of.
    pub fn hooks(&self) -> Vec<String> {
        self.lock().hooks.iter().map(|hook| hook.event.clone()).collect()
    }

    /// The deploy that was made last is ready, and the hooks of that hear of it: what they answered.
    ///
    /// # Panics
    /// When one gives no answer.
    pub async fn finishes(&self) -> Vec<u16> {
        self.finish();
        let told: Vec<_> = {
            let inner = self.lock();
            let hooks = inner.hooks.iter().filter(|hook| hook.event == "deploy_created");
            hooks.map(|hook| (hook.url.clone(), hook.secret.clone().unwrap_or_default())).collect()
        };
        let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let mut answers = Vec::new();
        for (url, secret) in told {
            let (headers, body) = self.delivery(&secret);
            let request = client.post(url).header("content-type", "application/json");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
            answers.push(request.body(body).send().await.expect("an answer").status().as_u16());
        }
        answers
    }
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn list(fake: &Netlify, asked: &Asked) -> Answer {
    let inner = fake.lock();
    let site = asked.query.get("site_id").cloned().unwrap_or_default();
    let site = &inner.sites[inner.site_at(asked, &site)?].id;
    let own: Vec<_> = inner.hooks.iter().filter(|hook| hook.site == *site).map(Hook::shown).collect();
    Ok(Json(own).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn create(fake: &Netlify, asked: &Asked) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).map_err(|_| refusal(400, "no JSON"))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (event, url) = (text(&body["event"]), text(&body["data"]["url"]));
    let (Some(event), Some(url), true) = (event, url, body["type"] == "url") else {
        return Err(refusal(422, "a hook has `type`, `event` and `data.url`"));
    };
    let mut inner = fake.lock();
    let site = asked.query.get("site_id").cloned().unwrap_or_default();
    let site = inner.sites[inner.site_at(asked, &site)?].id.clone();
    let secret = text(&body["data"]["signature_secret"]).filter(|_| !inner.forgets_secrets);
    let hook = Hook { id: random(24), site, event, url, secret };
    let shown = hook.shown();
    inner.hooks.push(hook);
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn delete(fake: &Netlify, asked: &Asked, id: &str) -> Answer {
    let mut inner = fake.lock();
    let found = inner.hooks.iter().position(|hook| hook.id == id).ok_or_else(|| refusal(404, "Not Found"))?;
    inner.site_at(asked, &inner.hooks[found].site)?;
    inner.hooks.remove(found);
    Ok(StatusCode::NO_CONTENT.into_response())
}
