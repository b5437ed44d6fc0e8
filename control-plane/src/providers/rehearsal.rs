//! `rehearsal`: in debug builds only, a provider at the address in `REHEARSAL_URL` that behaves as
//! the tests want it to: slow, busy, silent, gone. It is how the orchestrator is proven to make one release
//! of one deployment over real HTTP; it ships with nobody.
//!
//! `POST /releases` makes one, `GET /releases/{key}` finds it by its idempotency key, `POST
//! /releases/{key}/cancel` holds it back. It is told where it may say that something has happened. Some releases go live only when somebody has approved of it there.

use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use axum::http::{Method, Request, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::descriptor::{Accepts, Descriptor, ProviderKind};
use super::webhooks::{Delivery, DeliveryDigest, Scheme, Webhooks, verify_hex};
use super::{CancelOutcome, Canceller, DeployContext, Provider, ProviderError, Release, Taken, WaitingOn, Whereabouts};
use crate::http_client;
use crate::ids::DeploymentId;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "rehearsal",
    name: "Rehearsal",
    kind: ProviderKind::Static,
    auth: &[],
    scopes: &[],
    accepts: &[Accepts::Tree],
    takes_variables: true,
    fields: &[],
    docs_url: None,
};

/// The provider at one address.
pub struct Rehearsal {
    url: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    state: State,
    url: String,
    approve_at: Option<String>,
    #[serde(default)]
    log: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum State {
    Building,
    Unapproved,
    Ready,
    Broken,
    Cancelled,
}

impl Rehearsal {
    /// The provider that `REHEARSAL_URL` names, if it is set.
    pub fn from_environment() -> anyhow::Result<Option<Self>> {
        let Ok(url) = std::env::var("REHEARSAL_URL") else { return Ok(None) };
        Ok(Some(Self { url, client: http_client::client()? }))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        context: &DeployContext<'_>,
    ) -> Result<Response<Vec<u8>>, ProviderError> {
        let mut body = serde_json::json!({
            "deployment_id": context.deployment_id,
            "environment": context.environment,
            "root": data_encoding::HEXLOWER.encode(&context.artifact.root),
        });
        if let Some(callback) = context.callback {
            body["callback"] = serde_json::json!({ "url": callback.url, "secret": callback.secret.expose_secret() });
        }
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", context.idempotency_key)
            .body(body.to_string().into_bytes())
            .context("a request")
            .map_err(ProviderError::Failed)?;
        let response =
            http_client::send(&self.client, request).await.context("no answer").map_err(ProviderError::Failed)?;
        match response.status() {
            StatusCode::TOO_MANY_REQUESTS => Err(ProviderError::Busy { retry_after: retry_after(&response) }),
            status if status.is_server_error() => Err(ProviderError::Failed(anyhow::anyhow!("answered {status}"))),
            _ => Ok(response),
        }
    }
}

fn retry_after(response: &Response<Vec<u8>>) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn answer(response: &Response<Vec<u8>>) -> Result<Answer, ProviderError> {
    serde_json::from_slice(response.body()).context("an answer that cannot be read").map_err(ProviderError::Failed)
}

/// `None` for one that was cancelled there.
fn taken(answer: Answer) -> Option<Taken> {
    Some(match answer.state {
        State::Ready => Taken::Released(Release {
            url: answer.url,
            preview_url: None,
            provider_ref: Some(answer.id),
            log: answer.log,
        }),
        State::Building => Taken::UnderWay,
        State::Unapproved => Taken::WaitingOn(WaitingOn {
            text: "somebody must approve of this release".to_owned(),
            url: answer.approve_at,
        }),
        State::Broken => {
            let message = "the rehearsal could not make it live; look at its log".to_owned();
            Taken::Failed { message, log: answer.log }
        }
        State::Cancelled => return None,
    })
}

#[async_trait]
impl Provider for Rehearsal {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check_config(&self, _config: &serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
        Ok(())
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError> {
        let response = self.ask(Method::POST, "/releases", context).await?;
        if !response.status().is_success() {
            return Err(ProviderError::Rejected(format!("the rehearsal refused: {}", response.status())));
        }
        let answer = answer(&response)?;
        context.notes.begun(&answer.id).await?;
        taken(answer).ok_or_else(|| ProviderError::Rejected("the release was cancelled there".to_owned()))
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        let response = self.ask(Method::GET, &format!("/releases/{}", context.idempotency_key), context).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(Whereabouts::Nothing);
        }
        Ok(taken(answer(&response)?).map_or(Whereabouts::Nothing, Whereabouts::Taken))
    }

    fn canceller(&self) -> Option<&dyn Canceller> {
        Some(self)
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }

    async fn forget(&self, _deployment: DeploymentId) {}
}

impl Webhooks for Rehearsal {
    fn schemes(&self) -> &'static [Scheme] {
        &[Scheme::Signature]
    }

    fn verify(&self, _scheme: Scheme, delivery: &Delivery<'_>, secret: &SecretString) -> Option<DeliveryDigest> {
        verify_hex(delivery, "x-rehearsal-signature", "", secret)
    }

    fn is_news(&self, _delivery: &Delivery<'_>, _config: &serde_json::Map<String, serde_json::Value>) -> bool {
        true
    }

    fn is_of_deployments(&self) -> bool {
        true
    }
}

#[async_trait]
impl Canceller for Rehearsal {
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError> {
        let path = format!("/releases/{}/cancel", context.idempotency_key);
        let response = self.ask(Method::POST, &path, context).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(CancelOutcome::Cancelled),
            StatusCode::CONFLICT => Ok(CancelOutcome::TooLate),
            status if status.is_success() => Ok(CancelOutcome::Cancelled),
            status => Err(ProviderError::Rejected(format!("the rehearsal does not cancel: {status}"))),
        }
    }
}
