//! Deploying again: the same artifact (redeploy), another build (rebuild), a former release (rollback).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::deployments::{DeploymentView, own_deployment, view};
use super::extract::{CurrentUser, Id, OptionalBody};
use super::sandboxes::own_sandbox;
use super::targets::own_target;
use crate::access::Action;
use crate::audit;
use crate::error::Error;
use crate::ids::DeploymentId;

/// How to deploy it again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Redeploy {
    /// Build the sandbox again as it was asked for then, with the target and its variables as they are now.
    /// Without it the stored artifact is published: the same bits. Variables that came with the request
    /// (`env`) are not kept and must be given with a new deployment.
    #[serde(default)]
    rebuild: bool,
}

/// Where to go back to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    /// A deployment that succeeded at the same target in the same environment; without it the release before the
    /// live one, of the same owner and with other content.
    to: Option<DeploymentId>,
}

/// Deploys again as a new deployment: publishes the same artifact, or builds once more.
#[utoipa::path(post, path = "/api/deployments/{id}/redeploy", tag = "deployments", operation_id = "redeploy", params(("id" = DeploymentId, Path)),
    request_body = Option<Redeploy>,
    responses((status = 202, description = "the new deployment", body = DeploymentView),
        (status = 409, description = "this deployment has no stored artifact")))]
pub(super) async fn redeploy(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
    OptionalBody(request): OptionalBody<Redeploy>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    let former = own_deployment(&app, &user, Action::Deploy, id).await?;
    let sandbox = own_sandbox(&app, &user, Action::Deploy, former.sandbox_id).await?;
    // Whoever deployed there may have been allowed to; that says nothing about the caller, now.
    let target = own_target(&app, &user, Action::Deploy, former.target_id).await?;
    let id = if request.rebuild {
        audit::note(|facts| facts.add("rebuild", true));
        app.orchestrator.rebuild(&sandbox, &target, &former).await?
    } else {
        app.orchestrator.redeploy(&sandbox, &former).await?
    };
    audit::note(|facts| facts.made("deployment", id.as_uuid()));
    Ok((StatusCode::ACCEPTED, view(&app, id).await?))
}

/// Replaces the live release of a target by a former one, from its stored artifact: the same bits, as a new
/// deployment. The `id` is that of the release that is live.
#[utoipa::path(post, path = "/api/deployments/{id}/rollback", tag = "deployments", operation_id = "roll_back", params(("id" = DeploymentId, Path)),
    request_body = Option<Rollback>,
    responses((status = 202, description = "the new deployment, which publishes the former release", body = DeploymentView),
        (status = 404, description = "there is no such deployment, here or in `to`"),
        (status = 409, description = "this deployment is not live, or there is nothing to go back to, or its artifact is no longer stored")))]
pub(super) async fn roll_back(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
    OptionalBody(request): OptionalBody<Rollback>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    let leaving = own_deployment(&app, &user, Action::Deploy, id).await?;
    own_target(&app, &user, Action::Deploy, leaving.target_id).await?;
    let to = match request.to {
        Some(to) => {
            audit::note(|facts| facts.add("to", to.to_string()));
            Some(own_deployment(&app, &user, Action::Deploy, to).await?)
        }
        None => None,
    };
    let id = app.orchestrator.rollback(&leaving, to.as_ref()).await?;
    audit::note(|facts| facts.made("deployment", id.as_uuid()));
    Ok((StatusCode::ACCEPTED, view(&app, id).await?))
}
