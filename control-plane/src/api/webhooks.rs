//! Hooks of targets, and what providers send to them.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Body, CurrentUser, Id};
use super::targets::own_target;
use crate::access::Action;
use crate::audit;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::ids::{TargetId, WebhookId};
use crate::providers::webhooks::{Registrar, Scheme};
use crate::providers::{ProviderError, Reached};
use crate::store::{Target, Webhook};
use crate::webhooks::Callback;

/// Of one delivery. Vendors may send more (GitHub: 25 MB); nothing that we look at has as much.
const DELIVERY_BYTES: usize = 1024 * 1024;

/// Whether a target has a hook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TargetWebhook {
    /// `null` when it has none.
    webhook: Option<WebhookView>,
}

/// The hook of a target.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// Where the provider sends deliveries.
    #[schema(format = "uri")]
    url: String,
    scheme: Scheme,
    /// Whether it was entered at the provider by us; otherwise somebody has to.
    is_registered: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a delivery was last taken.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_delivery_at: Option<Timestamp>,
}

/// A new hook, as it has to be entered at the provider, unless we have done that.
#[derive(Serialize, ToSchema)]
pub(super) struct NewWebhookView {
    /// Where the provider is to send deliveries, as JSON.
    #[schema(format = "uri")]
    url: String,
    /// With what it proves them; shown only here. `null` for a hook that was entered at the provider by us.
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "shown_once")]
    secret: Option<SecretString>,
    scheme: Scheme,
    /// Whether it was entered at the provider by us.
    is_registered: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

#[expect(clippy::ref_option, reason = "as `serialize_with` calls it")]
fn shown_once<S: serde::Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

/// How a hook is to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeWebhook {
    /// `token` for a GitLab that cannot sign deliveries yet.
    scheme: Option<Scheme>,
    /// Whether we enter it at the provider; if it lets us, unless said.
    register: Option<bool>,
}

/// The hook of a target.
#[utoipa::path(get, path = "/api/deployments/targets/{id}/webhook", tag = "targets", operation_id = "get_webhook", params(("id" = TargetId, Path)),
    responses((status = 200, description = "the hook, without its secret", body = TargetWebhook)))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<Json<TargetWebhook>, Error> {
    let target = own_target(&app, &user, Action::Read, id).await?;
    let hook = app.store.webhook_of_target(target.id).await?;
    let webhook = hook.map(|hook| WebhookView {
        url: app.webhooks.url(&hook),
        scheme: hook.scheme,
        is_registered: hook.external_id.is_some(),
        created_at: hook.created_at,
        last_delivery_at: hook.last_delivery_at,
    });
    Ok(Json(TargetWebhook { webhook }))
}

/// Makes the hook of a target; one that it had before ends. It is entered at the provider where that can be done
/// through its API; enter address and secret there yourself elsewhere, for pushes.
#[utoipa::path(post, path = "/api/deployments/targets/{id}/webhook", tag = "targets", operation_id = "create_webhook", params(("id" = TargetId, Path)),
    request_body = MakeWebhook,
    responses((status = 201, description = "the hook, and its secret, which is shown only here", body = NewWebhookView),
        (status = 409, description = "the target's provider sends nothing to hooks of targets")))]
pub(super) async fn make(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    Body(request): Body<MakeWebhook>,
) -> Result<(StatusCode, Json<NewWebhookView>), Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let webhooks = app.providers.get(&target.provider).and_then(|provider| provider.webhooks());
    let webhooks = webhooks
        .filter(|webhooks| !webhooks.is_of_deployments())
        .ok_or_else(|| Error::conflict(format!("`{}` sends nothing to hooks of targets", target.provider)))?;
    let schemes = webhooks.schemes();
    let scheme = request.scheme.or(schemes.first().copied()).unwrap_or_default();
    if !schemes.contains(&scheme) {
        return Err(Error::invalid(format!("`{}` signs what it sends; leave out `scheme`", target.provider)));
    }
    let registrar = webhooks.registrar().filter(|_| request.register != Some(false));
    if registrar.is_none() && request.register == Some(true) {
        return Err(Error::invalid(format!("`{}` has no API for hooks; leave out `register`", target.provider)));
    }
    audit::note(|facts| facts.add("provider", target.provider.as_str()));
    let former = Entered::of(&app, &target).await?;
    let secret = webhooks.new_secret(scheme);
    let (hook, callback) = app.webhooks.make(&target, scheme, secret, registrar.is_some()).await?;
    if let Some(former) = former {
        former.remove().await;
    }
    if let Some(registrar) = registrar
        && let Err(error) = register(&app, &target, registrar, &hook, &callback).await
    {
        let mut tx = app.store.begin().await?;
        tx.delete_webhook_of_target(target.id).await?;
        tx.commit().await?;
        return Err(error);
    }
    let is_registered = registrar.is_some();
    let secret = (!is_registered).then_some(callback.secret);
    let view = NewWebhookView { url: callback.url, secret, scheme, is_registered, created_at: hook.created_at };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Enters a hook at the provider, or leaves none there.
async fn register(
    app: &App,
    target: &Target,
    registrar: &dyn Registrar,
    hook: &Webhook,
    callback: &Callback,
) -> Result<(), Error> {
    let reached = app.orchestrator.reach(target).await?;
    match registrar.register(reached.destination(), callback).await {
        Ok(registered) => Ok(app.webhooks.note_registered(hook, &registered).await?),
        Err(error) => {
            // It may be there, and only the answer lost.
            if matches!(error, ProviderError::Failed(_)) {
                Entered { registrar, url: callback.url.clone(), reached }.remove().await;
            }
            Err(error.into())
        }
    }
}

/// A hook that we have entered at a provider, or tried to, and what it takes to remove it there.
pub(super) struct Entered<'a> {
    registrar: &'a dyn Registrar,
    url: String,
    reached: Reached,
}

impl<'a> Entered<'a> {
    /// That of a target, if there is one.
    pub(super) async fn of(app: &'a App, target: &Target) -> Result<Option<Self>, Error> {
        let webhooks = app.providers.get(&target.provider).and_then(|provider| provider.webhooks());
        let Some(registrar) = webhooks.and_then(|webhooks| webhooks.registrar()) else { return Ok(None) };
        let hook = app.store.webhook_of_target(target.id).await?;
        let Some(hook) = hook.filter(|hook| hook.is_entered) else { return Ok(None) };
        let url = app.webhooks.url(&hook);
        match app.orchestrator.reach(target).await {
            Ok(reached) => Ok(Some(Self { registrar, url, reached })),
            Err(error) => {
                stays_there(&url, &error);
                Ok(None)
            }
        }
    }

    /// Removes it. A provider that does not do it now keeps a hook whose deliveries are refused.
    pub(super) async fn remove(self) {
        if let Err(error) = self.registrar.unregister(self.reached.destination(), &self.url).await {
            stays_there(&self.url, &error);
        }
    }
}

fn stays_there(url: &str, error: &ProviderError) {
    tracing::warn!(url, %error, "a hook stays at its provider");
}

/// Removes the hook of a target, if there is one: what is sent to it from then on is refused.
#[utoipa::path(delete, path = "/api/deployments/targets/{id}/webhook", tag = "targets", operation_id = "delete_webhook", params(("id" = TargetId, Path)),
    responses((status = 204, description = "there is none (any more)")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<StatusCode, Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let former = Entered::of(&app, &target).await?;
    let mut tx = app.store.begin().await?;
    tx.delete_webhook_of_target(target.id).await?;
    tx.commit().await?;
    if let Some(former) = former {
        former.remove().await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What a provider sends, in its own form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document describes with it what is proven before it is read")]
pub(super) struct WebhookDelivery(serde_json::Value);

/// Which hook.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct HookQuery {
    /// As in the address that was made for the provider.
    #[param(value_type = Option<String>, format = Uuid)]
    hook: Option<String>,
}

/// For providers: tells that something has happened. Deliveries are proven as the provider does it, and are hints: what
/// is being published is looked at again, sooner than it would have been.
#[utoipa::path(post, path = "/api/webhooks/{provider}", tag = "providers", operation_id = "receive_webhook",
    params(("provider" = String, Path), HookQuery), security(()),
    request_body(content = WebhookDelivery, description = "as the provider sends it; at most 1 MiB"),
    responses((status = 202, description = "it is taken, or was taken before"),
        (status = 401, description = "it is not proven, or there is no such hook (any more)"),
        (status = 413, description = "it is larger than anything that is looked at")))]
pub(super) async fn receive(
    State(app): State<App>,
    Path(provider): Path<String>,
    Query(query): Query<HookQuery>,
    request: Request,
) -> Result<StatusCode, Error> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, DELIVERY_BYTES)
        .await
        .map_err(|_| Error::new(ErrorCode::TooLarge, format!("a delivery may have {DELIVERY_BYTES} bytes")))?;
    let hook = query.hook.and_then(|hook| hook.parse::<WebhookId>().ok());
    let concerned = app.webhooks.receive(&provider, hook, &head.headers, &body).await?;
    let concerned = concerned
        .map_err(|_| Error::new(ErrorCode::Unauthenticated, "this delivery is not proven, or its hook is gone"))?;
    for deployment in concerned {
        app.orchestrator.hasten(deployment).await?;
    }
    Ok(StatusCode::ACCEPTED)
}
