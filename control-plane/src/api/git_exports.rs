//! Shortcuts to a git host: a target for the repository, unless there is one, and a deployment to it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::types::Json as SqlJson;
use utoipa::ToSchema;

use super::App;
use super::deployments::{DeploymentView, LONGEST_TEXT_BYTES, check_text, view};
use super::extract::{Body, CurrentUser, Id, LONGEST_NAME_CHARS};
use super::sandboxes::own_sandbox;
use super::targets::{check_account, check_config};
use crate::access::{Action, authorize};
use crate::audit;
use crate::deployments::orchestrator::DeployRequest;
use crate::error::Error;
use crate::ids::{CredentialId, SandboxId, TargetId, UserId};
use crate::store::{DeploymentRequest, Target};
use crate::variables::BuildVariables;

/// Of one owner, looked through for one that fits.
const MOST_TARGETS: i64 = 1_000;

/// Where the workspace is to be pushed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportToGit {
    /// As in a target of this provider: which repository, which branch, whether it is made.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// The account at the provider; it may be left out when the sandbox's owner has just one there.
    credentials_id: Option<CredentialId>,
    /// Of the commit that holds what is not committed.
    #[schema(format = "text")]
    commit_message: Option<String>,
}

/// Pushes the workspace to a repository at GitHub. The target for it is made, or the one that says the same is taken.
#[utoipa::path(post, path = "/api/sandboxes/{id}/export/github", tag = "deployments", operation_id = "export_to_github", params(("id" = SandboxId, Path)),
    request_body = ExportToGit, responses((status = 202, description = "the deployment, which waits for the agent", body = DeploymentView),
        (status = 409, description = "another target has the name that this one would get")))]
pub(super) async fn github(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    Body(request): Body<ExportToGit>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    export(&app, &user, id, "github", request).await
}

/// Pushes the workspace to a project at GitLab. The target for it is made, or the one that says the same is taken.
#[utoipa::path(post, path = "/api/sandboxes/{id}/export/gitlab", tag = "deployments", operation_id = "export_to_gitlab", params(("id" = SandboxId, Path)),
    request_body(content = ExportToGit,
        example = json!({ "config": { "namespace": "tools/web", "project": "shop", "create": true }, "commit_message": "From the sandbox" })),
    responses((status = 202, description = "the deployment, which waits for the agent", body = DeploymentView),
        (status = 409, description = "another target has the name that this one would get")))]
pub(super) async fn gitlab(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    Body(request): Body<ExportToGit>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    export(&app, &user, id, "gitlab", request).await
}

async fn export(
    app: &App,
    user: &CurrentUser,
    id: SandboxId,
    provider: &'static str,
    request: ExportToGit,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    let sandbox = own_sandbox(app, user, Action::Deploy, id).await?;
    authorize(user, Action::ManageTargets, sandbox.user_id, "sandbox")?;
    audit::note(|facts| facts.add("provider", provider));
    check_text("commit_message", request.commit_message.as_ref(), LONGEST_TEXT_BYTES)?;
    check_config(app, provider, &request.config)?;
    let account = account(app, sandbox.user_id, provider, request.credentials_id).await?;
    let target = target(app, sandbox.user_id, provider, account, request.config).await?;
    let deploy = DeployRequest {
        environment: "production".to_owned(),
        settings: DeploymentRequest {
            target_build: target.build_settings(),
            commit_message: request.commit_message,
            ..DeploymentRequest::default()
        },
        build_env: BuildVariables::default(),
        dry_run: false,
        rebuild_of: None,
    };
    let id = app.orchestrator.deploy(&sandbox, &target, deploy).await?;
    audit::note(|facts| facts.add("target_id", target.id.to_string()));
    audit::note(|facts| facts.made("deployment", id.as_uuid()));
    Ok((StatusCode::ACCEPTED, view(app, id).await?))
}

/// The account that was named, or the only one there is.
async fn account(app: &App, owner: UserId, provider: &str, named: Option<CredentialId>) -> Result<CredentialId, Error> {
    if let Some(id) = named {
        check_account(app, owner, provider, named).await?;
        return Ok(id);
    }
    let accounts = app.store.credentials(owner).await?;
    let mut there = accounts.into_iter().filter(|account| account.provider == provider);
    match (there.next(), there.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => Err(Error::invalid(format!(
            "the owner of this sandbox has no account at `{provider}`; connect one with `POST /api/deployments/auth/{provider}/token`"
        ))),
        (Some(_), Some(_)) => Err(Error::invalid(format!(
            "the owner of this sandbox has several accounts at `{provider}`; name one in `credentials_id`"
        ))),
    }
}

async fn target(
    app: &App,
    owner: UserId,
    provider: &str,
    account: CredentialId,
    config: Map<String, Value>,
) -> Result<Target, Error> {
    let config = Value::Object(config);
    let targets = app.store.targets(&[owner], None, MOST_TARGETS).await?;
    let fits = |target: &Target| {
        target.provider == provider && target.credentials_id == Some(account) && target.config.0 == config
    };
    if let Some(target) = targets.into_iter().find(fits) {
        return Ok(target);
    }
    let now = app.clock.now();
    let target = Target {
        id: TargetId::new(),
        user_id: owner,
        provider: provider.to_owned(),
        name: name_of(&config),
        credentials_id: Some(account),
        config: SqlJson(config),
        is_default: false,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.store.begin().await?;
    tx.insert_target(&target).await?;
    tx.commit().await?;
    Ok(target)
}

/// Repository and branch, as in `ada/shop main`.
fn name_of(config: &Value) -> String {
    let text = |key: &str| config.get(key).and_then(Value::as_str);
    let owner = text("owner").or_else(|| text("namespace")).unwrap_or_default();
    let repository = text("repo").or_else(|| text("project")).unwrap_or_default();
    let name = format!("{owner}/{repository} {}", text("branch").unwrap_or("main"));
    name.chars().take(LONGEST_NAME_CHARS).collect()
}
