//! Deployment targets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sqlx::types::Json as SqlJson;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};

use super::App;
use super::etag::{ETag, IfMatch, Tagged};
use super::extract::{Body, CurrentUser, Id, Page, PageQuery, Params, check_name};
use super::webhooks::Entered;
use crate::access::{Action, authorize};
use crate::audit;
use crate::clock::Timestamp;
use crate::deployments::build_settings::BuildSettings;
use crate::error::Error;
use crate::ids::{CredentialId, TargetId, TeamId, UserId};
use crate::store::{Target, TargetError};

type Config = serde_json::Map<String, serde_json::Value>;

/// A target as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TargetView {
    id: TargetId,
    /// The team it belongs to; `null` when it is the caller's own.
    team_id: Option<TeamId>,
    provider: String,
    name: String,
    /// The account at the provider; `null` for providers that need none.
    credentials_id: Option<CredentialId>,
    #[schema(schema_with = config_schema)]
    config: serde_json::Value,
    is_default: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl TargetView {
    fn of(user: &CurrentUser, target: Target) -> Self {
        Self {
            id: target.id,
            team_id: user.team_of(target.user_id),
            provider: target.provider,
            name: target.name,
            credentials_id: target.credentials_id,
            config: target.config.0,
            is_default: target.is_default,
            created_at: target.created_at,
            updated_at: target.updated_at,
        }
    }
}

impl From<TargetError> for Error {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::NameTaken | TargetError::InUse => Self::conflict(error.to_string()),
            TargetError::Database(error) => error.into(),
        }
    }
}

/// Of what can be changed.
fn tag(target: &Target) -> ETag {
    ETag::of(&(&target.name, target.credentials_id, &target.config, target.is_default))
}

/// The target, when the caller may do `action` with it; somebody else's is not there.
pub(super) async fn own_target(app: &App, user: &CurrentUser, action: Action, id: TargetId) -> Result<Target, Error> {
    let target = app.store.target(id).await?.ok_or_else(|| Error::not_found("target"))?;
    authorize(user, action, target.user_id, "target")?;
    Ok(target)
}

fn config_schema() -> Schema {
    config_of(Type::Object)
}

fn new_config_schema() -> Schema {
    config_of(SchemaType::from_iter([Type::Object, Type::Null]))
}

fn config_of(kind: impl Into<SchemaType>) -> Schema {
    let about = "Settings of the provider (`local` has none), and how projects are built for this target.";
    let setting = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    let format = |name: &str| Some(SchemaFormat::Custom(name.to_owned()));
    ObjectBuilder::new()
        .schema_type(kind)
        .description(Some(about))
        .property("framework", setting("Slug of the framework whose rules apply.").format(format("slug")))
        .property("root_dir", setting("Directory of the project inside the workspace.").format(format("relative-path")))
        .property("install_command", setting("How dependencies are installed.").format(format("command")))
        .property("build_command", setting("How it is built.").format(format("command")))
        .property(
            "output_dir",
            setting("Where the output appears, relative to `root_dir`.").format(format("relative-path")),
        )
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
        .into()
}

pub(super) fn check_config(app: &App, provider: &str, config: &Config) -> Result<(), Error> {
    let known = app.providers.get(provider).ok_or_else(|| {
        let ids: Vec<_> = app.providers.ids().collect();
        Error::invalid(format!("`provider` is `{provider}`; this installation has {}", ids.join(", ")))
    })?;
    let (_, own) = BuildSettings::of_target(config).map_err(Error::invalid)?;
    known.check_config(&own).map_err(Error::invalid)
}

/// An account can be used only by the targets of its owner, at its provider.
pub(super) async fn check_account(
    app: &App,
    owner: UserId,
    provider: &str,
    id: Option<CredentialId>,
) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    let account = app.store.credential(id).await?;
    match account.filter(|account| account.user_id == owner && account.provider == provider) {
        Some(_) => Ok(()),
        None => Err(Error::invalid(format!("`credentials_id` names no account that is connected to `{provider}`"))),
    }
}

/// The targets of the caller and their teams, oldest first.
#[utoipa::path(get, path = "/api/deployments/targets", tag = "targets", operation_id = "list_targets", params(PageQuery),
    responses((status = 200, description = "a page of targets", body = Page<TargetView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<TargetView>>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    let limit = page.limit()?;
    let rows = app.store.targets(&user.owners(), page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), |row| TargetView::of(&user, row))))
}

/// A target to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTarget {
    /// Id of a provider of this installation.
    provider: String,
    /// Not used by another target of the same owner.
    #[schema(format = "name")]
    name: String,
    /// The team it is to belong to; the caller when left out.
    team_id: Option<TeamId>,
    /// The account at the provider, for providers that need one.
    credentials_id: Option<CredentialId>,
    #[serde(default)]
    #[schema(schema_with = config_schema)]
    config: Config,
    /// Whether it is taken when none is named.
    #[serde(default)]
    is_default: bool,
}

/// Makes a target.
#[utoipa::path(post, path = "/api/deployments/targets", tag = "targets", operation_id = "create_target", request_body = CreateTarget,
    responses((status = 201, description = "the new target", body = TargetView), (status = 404, description = "there is no such team"),
        (status = 409, description = "there is a target of this name already")))]
pub(super) async fn create(
    State(app): State<App>,
    user: CurrentUser,
    Body(request): Body<CreateTarget>,
) -> Result<(StatusCode, Tagged<TargetView>), Error> {
    let owner = user.owner_for(request.team_id);
    authorize(&user, Action::ManageTargets, owner, "team")?;
    check_name("name", &request.name)?;
    check_config(&app, &request.provider, &request.config)?;
    check_account(&app, owner, &request.provider, request.credentials_id).await?;
    audit::note(|facts| facts.add("name", request.name.as_str()));
    audit::note(|facts| facts.add("provider", request.provider.as_str()));
    let now = app.clock.now();
    let target = Target {
        id: TargetId::new(),
        user_id: owner,
        provider: request.provider,
        name: request.name,
        credentials_id: request.credentials_id,
        config: SqlJson(request.config.into()),
        is_default: request.is_default,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.store.begin().await?;
    tx.insert_target(&target).await?;
    tx.commit().await?;
    audit::note(|facts| facts.made("target", target.id.as_uuid()));
    Ok((StatusCode::CREATED, Tagged(tag(&target), TargetView::of(&user, target))))
}

/// One target.
#[utoipa::path(get, path = "/api/deployments/targets/{id}", tag = "targets", operation_id = "get_target", params(("id" = TargetId, Path)),
    responses((status = 200, description = "the target", body = TargetView)))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<Tagged<TargetView>, Error> {
    let target = own_target(&app, &user, Action::Read, id).await?;
    Ok(Tagged(tag(&target), TargetView::of(&user, target)))
}

/// A target's new state; the provider cannot change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTarget {
    #[schema(format = "name")]
    name: Option<String>,
    /// Another account at the provider.
    credentials_id: Option<CredentialId>,
    /// Replaces the whole config.
    #[schema(schema_with = new_config_schema, required = false)]
    config: Option<Config>,
    is_default: Option<bool>,
}

fn note_changes(request: &UpdateTarget) {
    let UpdateTarget { name, credentials_id, config, is_default } = request;
    audit::note(|facts| {
        facts.changes([
            ("name", name.is_some()),
            ("credentials_id", credentials_id.is_some()),
            ("config", config.is_some()),
            ("is_default", is_default.is_some()),
        ]);
    });
}

/// Changes a target; what is left out stays. With `If-Match` only while it is as it was seen.
#[utoipa::path(put, path = "/api/deployments/targets/{id}", tag = "targets", operation_id = "update_target", params(("id" = TargetId, Path)),
    request_body = UpdateTarget, responses((status = 200, description = "the target as it is now", body = TargetView),
        (status = 409, description = "there is a target of this name already")))]
pub(super) async fn update(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    if_match: IfMatch,
    Body(request): Body<UpdateTarget>,
) -> Result<Tagged<TargetView>, Error> {
    let seen = own_target(&app, &user, Action::ManageTargets, id).await?;
    note_changes(&request);
    check_account(&app, seen.user_id, &seen.provider, request.credentials_id).await?;
    let mut tx = app.store.begin().await?;
    let mut target = tx.target(id).await?.ok_or_else(|| Error::not_found("target"))?;
    if_match.check(&tag(&target))?;
    if let Some(name) = request.name {
        check_name("name", &name)?;
        target.name = name;
    }
    if let Some(config) = request.config {
        check_config(&app, &target.provider, &config)?;
        target.config = SqlJson(config.into());
    }
    target.credentials_id = request.credentials_id.or(target.credentials_id);
    target.is_default = request.is_default.unwrap_or(target.is_default);
    target.updated_at = app.clock.now();
    tx.update_target(&target).await?;
    tx.commit().await?;
    Ok(Tagged(tag(&target), TargetView::of(&user, target)))
}

/// Removes a target that no deployment refers to.
#[utoipa::path(delete, path = "/api/deployments/targets/{id}", tag = "targets", operation_id = "delete_target", params(("id" = TargetId, Path)),
    responses((status = 204, description = "it is gone"), (status = 409, description = "deployments refer to this target")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let hook = Entered::of(&app, &target).await?;
    let mut tx = app.store.begin().await?;
    let target = tx.target(id).await?.ok_or_else(|| Error::not_found("target"))?;
    if_match.check(&tag(&target))?;
    tx.delete_target(id).await?;
    tx.commit().await?;
    if let Some(hook) = hook {
        hook.remove().await;
    }
    Ok(StatusCode::NO_CONTENT)
}
