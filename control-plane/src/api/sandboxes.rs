//! Sandboxes: make, rename, revoke, enrol, ask.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use super::App;
use super::etag::{ETag, IfMatch, Tagged};
use super::extract::{Body, CurrentUser, Id, Page, PageQuery, Params, check_name};
use super::plan::PlanView;
use crate::access::{Action, authorize};
use crate::agents::new_enrollment_token;
use crate::audit;
use crate::clock::Timestamp;
use crate::deployments::orchestrator::{clean_text, parse_plan};
use crate::error::{Error, ErrorCode};
use crate::ids::{SandboxId, TeamId};
use crate::store::{Filter, Sandbox, SandboxState};

const MOST_LABELS: usize = 32;
const LONGEST_LABEL_CHARS: usize = 255;
const DEPLOYMENTS_PER_READ: i64 = 100;

/// A sandbox as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SandboxView {
    id: SandboxId,
    /// The team it belongs to; `null` when it is the caller's own.
    team_id: Option<TeamId>,
    name: String,
    #[schema(schema_with = labels_schema)]
    labels: BTreeMap<String, String>,
    /// Whether an agent is connected, and whether one may.
    #[schema(schema_with = status_schema)]
    status: &'static str,
    /// Of the agent that was last connected.
    agent_version: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl SandboxView {
    fn of(app: &App, user: &CurrentUser, sandbox: Sandbox) -> Self {
        let status = match sandbox.state {
            SandboxState::Revoked => "revoked",
            SandboxState::Quarantined => "quarantined",
            SandboxState::Active if app.sessions.is_online(sandbox.id) => "online",
            SandboxState::Active => "offline",
        };
        Self {
            id: sandbox.id,
            team_id: user.team_of(sandbox.user_id),
            name: sandbox.name,
            labels: sandbox.labels.0,
            status,
            agent_version: sandbox.agent_version,
            last_seen_at: sandbox.last_seen_at,
            created_at: sandbox.created_at,
        }
    }
}

/// Of what can be changed; not of what its agent does.
fn tag(sandbox: &Sandbox) -> ETag {
    ETag::of(&(&sandbox.name, &sandbox.labels, sandbox.state as u8))
}

/// The sandbox, when the caller may do `action` with it; somebody else's is not there.
pub(super) async fn own_sandbox(
    app: &App,
    user: &CurrentUser,
    action: Action,
    id: SandboxId,
) -> Result<Sandbox, Error> {
    let sandbox = app.store.sandbox(id).await?.ok_or_else(|| Error::not_found("sandbox"))?;
    authorize(user, action, sandbox.user_id, "sandbox")?;
    Ok(sandbox)
}

fn status_schema() -> Schema {
    let words = ["offline", "online", "quarantined", "revoked"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into()
}

fn labels_schema() -> Schema {
    labels(Type::Object)
}

fn new_labels_schema() -> Schema {
    labels(SchemaType::from_iter([Type::Object, Type::Null]))
}

fn labels(kind: impl Into<SchemaType>) -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String).max_length(Some(LONGEST_LABEL_CHARS));
    ObjectBuilder::new()
        .schema_type(kind)
        .description(Some("Anything one likes to find it by."))
        .max_properties(Some(MOST_LABELS))
        .property_names(Some(text().min_length(Some(1)).build()))
        .additional_properties(Some(Schema::from(text().build())))
        .build()
        .into()
}

fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), Error> {
    let is_long = |text: &String| text.chars().count() > LONGEST_LABEL_CHARS;
    if labels.len() > MOST_LABELS || labels.iter().any(|(key, value)| key.is_empty() || is_long(key) || is_long(value))
    {
        return Err(Error::invalid(format!(
            "`labels` may hold {MOST_LABELS} entries with keys and values of at most {LONGEST_LABEL_CHARS} characters, and no empty key"
        )));
    }
    Ok(())
}

fn name_taken(name: &str) -> Error {
    Error::conflict(format!("there is a sandbox named `{name}` already"))
}

/// The sandboxes of the caller and their teams, oldest first.
#[utoipa::path(get, path = "/api/sandboxes", tag = "sandboxes", operation_id = "list_sandboxes", params(PageQuery),
    responses((status = 200, description = "a page of sandboxes", body = Page<SandboxView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<SandboxView>>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    let limit = page.limit()?;
    let rows = app.store.sandboxes(&user.owners(), page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), |row| SandboxView::of(&app, &user, row))))
}

/// A sandbox to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSandbox {
    /// Not used by another sandbox of the same owner.
    #[schema(format = "name")]
    name: String,
    /// The team it is to belong to; the caller when left out.
    team_id: Option<TeamId>,
    /// Anything one likes to find it by.
    #[serde(default)]
    #[schema(schema_with = labels_schema)]
    labels: BTreeMap<String, String>,
}

/// Makes a sandbox.
#[utoipa::path(post, path = "/api/sandboxes", tag = "sandboxes", operation_id = "create_sandbox", request_body = CreateSandbox,
    responses((status = 201, description = "the new sandbox", body = SandboxView), (status = 404, description = "there is no such team"),
        (status = 409, description = "there is a sandbox of this name already")))]
pub(super) async fn create(
    State(app): State<App>,
    user: CurrentUser,
    Body(request): Body<CreateSandbox>,
) -> Result<(StatusCode, Tagged<SandboxView>), Error> {
    let owner = user.owner_for(request.team_id);
    authorize(&user, Action::ManageSandboxes, owner, "team")?;
    check_name("name", &request.name)?;
    check_labels(&request.labels)?;
    audit::note(|facts| facts.add("name", request.name.as_str()));
    let mut tx = app.store.begin().await?;
    let sandbox = tx.insert_sandbox(owner, &request.name, request.labels, app.clock.now()).await?;
    let sandbox = sandbox.ok_or_else(|| name_taken(&request.name))?;
    tx.commit().await?;
    audit::note(|facts| facts.made("sandbox", sandbox.id.as_uuid()));
    Ok((StatusCode::CREATED, Tagged(tag(&sandbox), SandboxView::of(&app, &user, sandbox))))
}

/// One sandbox.
#[utoipa::path(get, path = "/api/sandboxes/{id}", tag = "sandboxes", operation_id = "get_sandbox", params(("id" = SandboxId, Path)),
    responses((status = 200, description = "the sandbox", body = SandboxView)))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
) -> Result<Tagged<SandboxView>, Error> {
    let sandbox = own_sandbox(&app, &user, Action::Read, id).await?;
    Ok(Tagged(tag(&sandbox), SandboxView::of(&app, &user, sandbox)))
}

/// Changes to a sandbox; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateSandbox {
    #[schema(format = "name")]
    name: Option<String>,
    /// Replaces all labels.
    #[schema(schema_with = new_labels_schema, required = false)]
    labels: Option<BTreeMap<String, String>>,
    /// `revoked` cuts the sandbox's agent off within two seconds; `active` lifts a quarantine.
    status: Option<WantedStatus>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WantedStatus {
    Active,
    Revoked,
}

fn note_changes(request: &UpdateSandbox) {
    let UpdateSandbox { name, labels, status } = request;
    audit::note(|facts| {
        facts.changes([("name", name.is_some()), ("labels", labels.is_some()), ("status", status.is_some())]);
        match status {
            Some(WantedStatus::Active) => facts.add("status", "active"),
            Some(WantedStatus::Revoked) => facts.add("status", "revoked"),
            None => {}
        }
    });
}

/// Renames, relabels or revokes a sandbox. With `If-Match` only while it is as it was seen.
#[utoipa::path(patch, path = "/api/sandboxes/{id}", tag = "sandboxes", operation_id = "update_sandbox", params(("id" = SandboxId, Path)),
    request_body = UpdateSandbox, responses((status = 200, description = "the sandbox as it is now", body = SandboxView),
        (status = 409, description = "the name is taken, or the sandbox is revoked and stays so")))]
pub(super) async fn update(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    if_match: IfMatch,
    Body(request): Body<UpdateSandbox>,
) -> Result<Tagged<SandboxView>, Error> {
    own_sandbox(&app, &user, Action::ManageSandboxes, id).await?;
    note_changes(&request);
    let mut tx = app.store.begin().await?;
    let mut sandbox = tx.sandbox(id).await?.ok_or_else(|| Error::not_found("sandbox"))?;
    if_match.check(&tag(&sandbox))?;
    if let Some(name) = request.name {
        check_name("name", &name)?;
        sandbox.name = name;
    }
    if let Some(labels) = request.labels {
        check_labels(&labels)?;
        sandbox.labels.0 = labels;
    }
    match (request.status, sandbox.state) {
        (Some(WantedStatus::Active), SandboxState::Revoked) => {
            return Err(Error::conflict("a revoked sandbox stays revoked; make a new one"));
        }
        (Some(WantedStatus::Active), _) => sandbox.state = SandboxState::Active,
        (Some(WantedStatus::Revoked), _) => sandbox.state = SandboxState::Revoked,
        (None, _) => {}
    }
    if !tx.update_sandbox(&sandbox).await? {
        return Err(name_taken(&sandbox.name));
    }
    tx.set_sandbox_state(id, sandbox.state).await?;
    tx.commit().await?;
    if sandbox.state == SandboxState::Revoked {
        app.sessions.disconnect(id);
    }
    Ok(Tagged(tag(&sandbox), SandboxView::of(&app, &user, sandbox)))
}

/// Removes a sandbox with its history; its sites are no longer served.
#[utoipa::path(delete, path = "/api/sandboxes/{id}", tag = "sandboxes", operation_id = "delete_sandbox", params(("id" = SandboxId, Path)),
    responses((status = 204, description = "it is gone"), (status = 409, description = "a deployment of this sandbox is under way")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    let sandbox = own_sandbox(&app, &user, Action::ManageSandboxes, id).await?;
    if_match.check(&tag(&sandbox))?;
    let owners = [sandbox.user_id];
    let mut filter = Filter { sandbox: Some(id), ..Filter::of(&owners, DEPLOYMENTS_PER_READ) };
    loop {
        let deployments = app.store.deployments(filter).await?;
        let Some(last) = deployments.last() else { break };
        filter.before = Some(last.id);
        if deployments.iter().any(|deployment| !deployment.status.is_final()) {
            return Err(Error::conflict("a deployment of this sandbox is under way; cancel it first"));
        }
        for deployment in &deployments {
            app.orchestrator.delete(deployment).await?;
        }
    }
    let mut tx = app.store.begin().await?;
    tx.delete_sandbox(id).await?;
    tx.commit().await?;
    app.sessions.disconnect(id);
    Ok(StatusCode::NO_CONTENT)
}

/// A token with which one agent enrols.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnrollTokenView {
    /// Single use; shown only here.
    token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// For the agent's `--control-plane`.
    #[schema(format = "uri")]
    control_plane: String,
}

/// Makes a single-use enrolment token, valid for ten minutes.
#[utoipa::path(post, path = "/api/sandboxes/{id}/enroll-token", tag = "sandboxes", operation_id = "create_enroll_token", params(("id" = SandboxId, Path)),
    responses((status = 201, description = "the token, shown only here", body = EnrollTokenView),
        (status = 409, description = "this sandbox is revoked or quarantined and cannot enrol")))]
pub(super) async fn enroll_token(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
) -> Result<(StatusCode, Json<EnrollTokenView>), Error> {
    let sandbox = own_sandbox(&app, &user, Action::ManageSandboxes, id).await?;
    if sandbox.state != SandboxState::Active {
        return Err(Error::conflict("this sandbox is revoked or quarantined and cannot enrol"));
    }
    let made = new_enrollment_token(&app.store, &app.authority, &app.clock, id).await?;
    let view = EnrollTokenView { token: made.token, expires_at: made.expires_at, control_plane: app.agent_url.clone() };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Asks the sandbox's agent what it would build.
#[utoipa::path(get, path = "/api/sandboxes/{id}/detect", tag = "sandboxes", operation_id = "detect_project", params(("id" = SandboxId, Path)),
    responses((status = 200, description = "the build plan", body = PlanView),
        (status = 409, description = "the answer holds a stored credential and is withheld; rotate it"),
        (status = 422, description = "the agent cannot tell what this project is"),
        (status = 503, description = "no agent of this sandbox is connected, or it does not answer")))]
pub(super) async fn detect(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
) -> Result<Json<PlanView>, Error> {
    let sandbox = own_sandbox(&app, &user, Action::Deploy, id).await?;
    let reply = app.sessions.detect(id).await;
    let reply = reply.map_err(|error| Error::new(ErrorCode::Unavailable, error.to_string()))?;
    for answer in [&reply.plan_json, reply.error.as_bytes()] {
        app.orchestrator.check_answer(&sandbox, answer).await?;
    }
    if !reply.error.is_empty() {
        return Err(Error::invalid(clean_text(&reply.error)));
    }
    Ok(Json(parse_plan(&reply.plan_json)?.into()))
}
