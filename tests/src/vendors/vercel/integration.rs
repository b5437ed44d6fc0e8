//! An integration of the fake's: people install it, and a code becomes a token that does not end (Vercel Docs,
//! "Building Integrations with Vercel REST API").

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde_json::json;

use super::super::oauth::{CLIENT_ID, CLIENT_SECRET, OAuth, Rules};
use super::Vercel;

const RULES: Rules = Rules {
    prefix: "",
    bad_code: "invalid_grant",
    bad_refresh: "invalid_grant",
    bad_client: "invalid_client",
    refreshes: false,
    refresh_names_redirect: false,
    tells_interval: false,
};

/// The integration, and what was given to it.
pub(super) struct Integration(OAuth);

impl Default for Integration {
    fn default() -> Self {
        Self(OAuth::new(RULES))
    }
}

impl Vercel {
    /// What a control plane must be told besides to offer the integration.
    pub fn integration_settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLIPWAY_PROVIDERS__VERCEL__AUTH_URL", format!("{}/integrations/slipway", self.url)),
            ("SLIPWAY_PROVIDERS__VERCEL__CLIENT_ID", CLIENT_ID.to_owned()),
            ("SLIPWAY_PROVIDERS__VERCEL__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    }

    /// Where browsers return to.
    pub fn register(&self, redirect_uri: &str) {
        redirect_uri.clone_into(&mut self.lock().integration.0.redirect_uri);
    }

    /// Every secret that was given out.
    pub fn secrets(&self) -> Vec<String> {
        self.lock().integration.0.given.clone()
    }
}

/// The page where people install it.
pub(super) async fn install(State(fake): State<Vercel>, Query(query): Query<HashMap<String, String>>) -> Response {
    let answer = fake.lock().integration.0.authorize(&query);
    match answer {
        // What else Vercel says there.
        Ok(back) => {
            Redirect::to(&format!("{back}&configurationId=icfg_1&source=external&next=https%3A%2F%2Fvercel.com%2F"))
                .into_response()
        }
        Err(problem) => {
            fake.script.complain(problem.clone());
            (StatusCode::BAD_REQUEST, problem).into_response()
        }
    }
}

/// Where codes become tokens.
pub(super) async fn token(State(fake): State<Vercel>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let mut inner = fake.lock();
    match inner.integration.0.token(&fields) {
        Ok(pair) => {
            inner.tokens.insert(pair.access.clone(), None);
            let token = json!({ "token_type": "Bearer", "access_token": pair.access, "installation_id": "icfg_1",
                "user_id": super::routes::USER_ID, "team_id": null });
            Json(token).into_response()
        }
        Err(refused) => (StatusCode::BAD_REQUEST, Json(json!({ "error": refused.error }))).into_response(),
    }
}
