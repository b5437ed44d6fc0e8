//! Deployments: start, watch, cancel, repeat, forget.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Body, CurrentUser, Id, Params, object};
use super::plan::PlanView;
use super::sandboxes::own_sandbox;
use super::targets::own_target;
use crate::access::{Action, authorize};
use crate::audit;
use crate::clock::Timestamp;
use crate::deployments::build_settings::BuildSettings;
use crate::deployments::orchestrator::DeployRequest;
use crate::deployments::status::{Status, Step, StepState};
use crate::error::Error;
use crate::ids::{DeploymentId, SandboxId, TargetId, UserId};
use crate::providers::descriptor::ProviderKind;
use crate::providers::{Providers, WaitingOn};
use crate::store::{Deployment, DeploymentRequest, StepRow, Surroundings, Target};
use crate::variables::{BuildValue, BuildVariables, LARGEST_VALUE_BYTES, check_name};

/// Of a branch or a message.
pub(super) const LONGEST_TEXT_BYTES: usize = 1024;

/// A deployment as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeploymentView {
    id: DeploymentId,
    sandbox_id: SandboxId,
    sandbox_name: String,
    target_id: TargetId,
    target_name: String,
    provider: String,
    /// What the provider takes, in general; `null` when this version does not know it.
    kind: Option<ProviderKind>,
    #[schema(value_type = Environment)]
    environment: String,
    status: Status,
    /// Whether it is what its target serves in its environment: of its releases the one that succeeded last.
    is_live: bool,
    /// It ends before the irreversible step.
    dry_run: bool,
    /// The branch that was named with the request.
    branch: Option<String>,
    /// The message that was given with the request.
    commit_message: Option<String>,
    /// Who asked for it; `null` when they are gone, or nobody is known.
    created_by: Option<CreatorView>,
    /// What happens right now.
    status_message: Option<String>,
    /// Who must do something at the provider before it goes on.
    waiting_on: Option<WaitingOn>,
    steps: Vec<StepView>,
    /// Where it is live.
    #[schema(format = "uri")]
    deployment_url: Option<String>,
    /// Where it can be looked at before it is live.
    #[schema(format = "uri")]
    preview_url: Option<String>,
    /// Why it failed.
    error_message: Option<String>,
    /// Version of the target's variables it was made with.
    env_version: Option<i64>,
    /// Whether what was built is stored, so that it can be deployed again or rolled back to.
    artifact_stored: bool,
    log: LogView,
    #[schema(value_type = Metadata)]
    metadata: serde_json::Map<String, serde_json::Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A person, by the name that everybody sees.
#[derive(Debug, Serialize, ToSchema)]
struct CreatorView {
    id: UserId,
    name: String,
}

/// How much of the log is stored, and whether that is all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogView {
    /// Lines that are stored, those of the control plane included.
    #[schema(minimum = 0)]
    lines: i64,
    /// Bytes that the build printed and that are stored.
    #[schema(minimum = 0)]
    bytes: i64,
    /// Lines that the build printed and that were not kept, because the log was full; a line in the log says where.
    #[schema(minimum = 0)]
    dropped_lines: i64,
    #[schema(minimum = 0)]
    dropped_bytes: i64,
    /// Whether the stored log is, byte for byte, what the agent counted and digested while it was printed. Known
    /// once the log is finished.
    complete: Option<bool>,
    /// BLAKE3 digest, in hexadecimal, of what is stored of the build's output: each line and its end.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    blake3: Option<String>,
    /// When the log was removed because of its age. What is counted here was removed then.
    #[schema(value_type = Option<String>, format = DateTime)]
    removed_at: Option<Timestamp>,
}

impl LogView {
    fn of(deployment: &Deployment) -> Self {
        Self {
            lines: deployment.log_lines,
            bytes: deployment.log_bytes,
            dropped_lines: deployment.log_dropped_lines,
            dropped_bytes: deployment.log_dropped_bytes,
            complete: deployment.log_is_complete,
            blake3: deployment.log_blake3.as_deref().map(|digest| data_encoding::HEXLOWER.encode(digest)),
            removed_at: deployment.log_removed_at,
        }
    }
}

/// What became known on the way. Further members may come.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document describes with it what is stored as JSON")]
struct Metadata {
    plan: Option<PlanView>,
    artifact: Option<ArtifactSummary>,
    /// The deployment whose artifact this one publishes again.
    redeploy_of: Option<DeploymentId>,
    /// The deployment whose request this one builds again.
    rebuild_of: Option<DeploymentId>,
    /// The live release that this one replaces,
    rollback_of: Option<DeploymentId>,
    /// by the artifact of this one.
    rollback_to: Option<DeploymentId>,
    /// Of the command that failed.
    exit_code: Option<i32>,
    /// Which kind of failure the agent reported.
    failure_code: Option<String>,
    /// Processes that outlived a cancelled build.
    surviving_processes: Option<u32>,
    /// It was cancelled, and the agent did not say that its processes have ended.
    cancel_unconfirmed: Option<bool>,
    /// Somebody asked to cancel when the provider had published it already.
    cancel_too_late: Option<bool>,
    alarm: Option<Alarm>,
}

/// What was built.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct ArtifactSummary {
    /// BLAKE3 digest of the manifest, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    root: String,
    #[schema(minimum = 0)]
    files: i64,
    #[schema(minimum = 0)]
    size_bytes: i64,
}

/// Stored credentials that turned up in what the sandbox sent; they should be replaced.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct Alarm {
    /// `secret_seen_in_sandbox`.
    kind: String,
    credentials: Vec<SeenCredential>,
}

/// Which credential, never its value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "as above")]
struct SeenCredential {
    #[schema(format = Uuid)]
    id: String,
    provider: String,
    label: String,
}

impl DeploymentView {
    fn new(deployment: Deployment, steps: Vec<StepRow>, around: Surroundings, providers: &Providers) -> Self {
        Self {
            log: LogView::of(&deployment),
            id: deployment.id,
            sandbox_id: deployment.sandbox_id,
            sandbox_name: around.sandbox_name,
            target_id: deployment.target_id,
            target_name: around.target_name,
            kind: providers.get(&deployment.provider).map(|provider| provider.descriptor().kind),
            provider: deployment.provider,
            environment: deployment.environment,
            status: deployment.status,
            is_live: around.is_live,
            dry_run: deployment.dry_run,
            branch: deployment.request.0.branch,
            commit_message: deployment.request.0.commit_message,
            created_by: around.creator_id.zip(around.creator_name).map(|(id, name)| CreatorView { id, name }),
            status_message: deployment.status_message,
            waiting_on: deployment.waiting_on.map(|waiting_on| waiting_on.0),
            steps: steps.into_iter().map(StepView::from).collect(),
            deployment_url: deployment.deployment_url,
            preview_url: deployment.preview_url,
            error_message: deployment.error_message,
            env_version: deployment.env_version,
            artifact_stored: deployment.artifact_id.is_some(),
            metadata: deployment.metadata.0,
            started_at: deployment.started_at,
            completed_at: deployment.completed_at,
            created_at: deployment.created_at,
        }
    }

    /// As they are shown, in the same order. One that was removed since it was read is left out.
    pub(super) async fn load_all(app: &App, deployments: Vec<Deployment>) -> Result<Vec<Self>, Error> {
        let ids: Vec<_> = deployments.iter().map(|row| row.id).collect();
        let mut steps = app.store.steps_of(&ids).await?;
        let mut around = app.store.surroundings(&ids).await?;
        let view = |row: Deployment| {
            let steps = steps.remove(&row.id).unwrap_or_default();
            around.remove(&row.id).map(|around| Self::new(row, steps, around, &app.providers))
        };
        Ok(deployments.into_iter().filter_map(view).collect())
    }

    async fn load(app: &App, deployment: Deployment) -> Result<Self, Error> {
        let views = Self::load_all(app, vec![deployment]).await?;
        views.into_iter().next().ok_or_else(|| Error::not_found("deployment"))
    }
}

/// A step as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    name: Step,
    state: StepState,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    progress: Option<ProgressView>,
    /// Number of the first line of the log that was written since it began; `null` while there is none. A line is of the
    /// last step that begins there or before.
    #[schema(minimum = 1)]
    first_line: Option<i64>,
}

/// How far a step is, in its unit (bytes for `upload`).
#[derive(Debug, Serialize, ToSchema)]
struct ProgressView {
    #[schema(minimum = 0)]
    done: i64,
    #[schema(minimum = 0)]
    total: i64,
}

impl From<StepRow> for StepView {
    fn from(row: StepRow) -> Self {
        let progress = row.progress_done.zip(row.progress_total).map(|(done, total)| ProgressView { done, total });
        Self {
            name: row.step,
            state: row.state,
            started_at: row.started_at,
            completed_at: row.completed_at,
            progress,
            first_line: row.first_line,
        }
    }
}

/// The deployment, when the caller may do `action` with it; somebody else's is not there.
pub(super) async fn own_deployment(
    app: &App,
    user: &CurrentUser,
    action: Action,
    id: DeploymentId,
) -> Result<Deployment, Error> {
    let deployment = app.store.deployment(id).await?.ok_or_else(|| Error::not_found("deployment"))?;
    authorize(user, action, deployment.user_id, "deployment")?;
    Ok(deployment)
}

pub(super) async fn view(app: &App, id: DeploymentId) -> Result<Json<DeploymentView>, Error> {
    let deployment = app.store.deployment(id).await?.ok_or_else(|| Error::not_found("deployment"))?;
    Ok(Json(DeploymentView::load(app, deployment).await?))
}

/// Where it goes, as the target's owner sees it.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Environment {
    #[default]
    Production,
    Preview,
    Staging,
}

impl Environment {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
            Self::Staging => "staging",
        }
    }
}

fn env_schema() -> Schema {
    let about = "Variables for this build, besides the target's own. They enter the sandbox. Their values are masked in \
                 the log, unless they are given as `{\"value\": \"…\", \"secret\": false}`.";
    let format = |name: &str| Some(SchemaFormat::Custom(name.to_owned()));
    let text = |name: &str| ObjectBuilder::new().schema_type(Type::String).format(format(name));
    let detailed = ObjectBuilder::new()
        .property("value", text("variable-value"))
        .property("secret", ObjectBuilder::new().schema_type(Type::Boolean))
        .required("value")
        .required("secret")
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(about))
        .property_names(Some(text("variable-name").build()))
        .additional_properties(Some(Schema::from(
            OneOfBuilder::new().item(text("variable-value")).item(detailed).build(),
        )))
        .build()
        .into()
}

/// The value of a variable: a string, or one that says whether it is secret.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a value of `env` must be a string, or an object with `value` and `secret`")]
enum EnvInput {
    Secret(SecretString),
    Detailed(#[serde(deserialize_with = "object")] DetailedEnvInput),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailedEnvInput {
    value: SecretString,
    secret: bool,
}

impl From<EnvInput> for BuildValue {
    fn from(input: EnvInput) -> Self {
        match input {
            EnvInput::Secret(value) => Self { value, is_secret: true },
            EnvInput::Detailed(DetailedEnvInput { value, secret }) => Self { value, is_secret: secret },
        }
    }
}

impl EnvInput {
    fn value(&self) -> &str {
        let (Self::Secret(value) | Self::Detailed(DetailedEnvInput { value, .. })) = self;
        value.expose_secret()
    }
}

/// What to deploy and how. What is left out is detected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateDeployment {
    target_id: TargetId,
    #[serde(default)]
    environment: Environment,
    /// Slug of the framework whose rules apply.
    #[schema(format = "slug")]
    framework: Option<String>,
    #[schema(format = "command")]
    build_command: Option<String>,
    #[schema(format = "command")]
    install_command: Option<String>,
    /// Relative to `root_dir`.
    #[schema(format = "relative-path")]
    output_dir: Option<String>,
    /// Relative to the workspace.
    #[schema(format = "relative-path")]
    root_dir: Option<String>,
    /// Variables for this build, besides the target's own. They enter the sandbox. Their values are
    /// masked in the log, unless they are given as `{"value": "…", "secret": false}`.
    #[serde(default)]
    #[schema(schema_with = env_schema)]
    env: BTreeMap<String, EnvInput>,
    /// The branch the sources are of, for people.
    #[schema(format = "text")]
    branch: Option<String>,
    /// What changed, for people.
    #[schema(format = "text")]
    commit_message: Option<String>,
    /// Do everything but the irreversible step.
    #[serde(default)]
    dry_run: bool,
}

impl CreateDeployment {
    fn check(&self) -> Result<(), Error> {
        check_text("branch", self.branch.as_ref(), LONGEST_TEXT_BYTES)?;
        check_text("commit_message", self.commit_message.as_ref(), LONGEST_TEXT_BYTES)?;
        self.build_settings().check().map_err(|(field, problem)| Error::invalid(format!("`{field}` {problem}")))?;
        for name in self.env.keys() {
            check_name(name).map_err(|problem| Error::invalid(format!("`env`: {problem}")))?;
        }
        if self.env.values().any(|input| input.value().contains('\0')) {
            return Err(Error::invalid("`env` has a value with a NUL character, which no environment can hold"));
        }
        if self.env.values().any(|input| input.value().len() > LARGEST_VALUE_BYTES) {
            return Err(Error::invalid(format!("`env` has a value with more than {LARGEST_VALUE_BYTES} bytes")));
        }
        Ok(())
    }

    fn note(&self) {
        audit::note(|facts| {
            facts.add("target_id", self.target_id.to_string());
            facts.add("environment", self.environment.as_str());
            facts.names("env", self.env.keys());
            if self.dry_run {
                facts.add("dry_run", true);
            }
        });
    }

    fn build_settings(&self) -> BuildSettings {
        BuildSettings {
            framework: self.framework.clone(),
            root_dir: self.root_dir.clone(),
            install_command: self.install_command.clone(),
            build_command: self.build_command.clone(),
            output_dir: self.output_dir.clone(),
        }
    }

    fn into_request(self, target: &Target) -> DeployRequest {
        DeployRequest {
            environment: self.environment.as_str().to_owned(),
            settings: DeploymentRequest {
                build: self.build_settings(),
                target_build: target.build_settings(),
                branch: self.branch,
                commit_message: self.commit_message,
            },
            build_env: BuildVariables(self.env.into_iter().map(|(name, input)| (name, input.into())).collect()),
            dry_run: self.dry_run,
            rebuild_of: None,
        }
    }
}

pub(super) fn check_text(field: &str, text: Option<&String>, longest: usize) -> Result<(), Error> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > longest || text.contains('\0') => {
            Err(Error::invalid(format!("`{field}` must have 1 to {longest} bytes; leave it out for the default")))
        }
        _ => Ok(()),
    }
}

/// Starts a deployment of a sandbox to a target.
#[utoipa::path(post, path = "/api/sandboxes/{id}/deploy", tag = "deployments", operation_id = "create_deployment", params(("id" = SandboxId, Path)),
    request_body = CreateDeployment, responses((status = 202, description = "the deployment, which waits for the agent", body = DeploymentView),
        (status = 404, description = "there is no such sandbox or target"),
        (status = 409, description = "this sandbox is revoked or quarantined")))]
pub(super) async fn deploy(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    Body(request): Body<CreateDeployment>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    let sandbox = own_sandbox(&app, &user, Action::Deploy, id).await?;
    let target = own_target(&app, &user, Action::Deploy, request.target_id).await?;
    request.check()?;
    request.note();
    let id = app.orchestrator.deploy(&sandbox, &target, request.into_request(&target)).await?;
    audit::note(|facts| facts.made("deployment", id.as_uuid()));
    Ok((StatusCode::ACCEPTED, view(&app, id).await?))
}

/// One deployment.
#[utoipa::path(get, path = "/api/deployments/{id}", tag = "deployments", operation_id = "get_deployment", params(("id" = DeploymentId, Path)),
    responses((status = 200, description = "the deployment", body = DeploymentView)))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
) -> Result<Json<DeploymentView>, Error> {
    let deployment = own_deployment(&app, &user, Action::Read, id).await?;
    Ok(Json(DeploymentView::load(&app, deployment).await?))
}

/// Asks a deployment to end. It ends at once while it waits, and as soon as the agent has stopped
/// the build while it is built. While it is published, the provider is asked to hold it back, if it can; else it
/// ends as a success with `cancel_too_late` in its metadata.
#[utoipa::path(post, path = "/api/deployments/{id}/cancel", tag = "deployments", operation_id = "cancel_deployment", params(("id" = DeploymentId, Path)),
    responses((status = 202, description = "the deployment, which ends or has ended", body = DeploymentView),
        (status = 409, description = "the deployment has ended")))]
pub(super) async fn cancel(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
) -> Result<(StatusCode, Json<DeploymentView>), Error> {
    own_deployment(&app, &user, Action::Deploy, id).await?;
    app.orchestrator.cancel(id).await?;
    Ok((StatusCode::ACCEPTED, view(&app, id).await?))
}

/// What else is deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteQuery {
    /// Also what it has made at its provider, unless that is what everybody sees at present.
    #[serde(default)]
    at_provider: bool,
}

/// Removes an ended deployment with its log; what `local` serves of it ends. What other providers have of it stays
/// there, unless `at_provider` is said.
#[utoipa::path(delete, path = "/api/deployments/{id}", tag = "deployments", operation_id = "delete_deployment", params(("id" = DeploymentId, Path), DeleteQuery),
    responses((status = 204, description = "it is gone"),
        (status = 409, description = "this deployment is under way, or its provider deletes nothing")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<DeploymentId>,
    Params(query): Params<DeleteQuery>,
) -> Result<StatusCode, Error> {
    let deployment = own_deployment(&app, &user, Action::ManageSandboxes, id).await?;
    if query.at_provider {
        app.orchestrator.remove_at_provider(&deployment).await?;
        audit::note(|facts| facts.add("at_provider", "true"));
    }
    app.orchestrator.delete(&deployment).await?;
    Ok(StatusCode::NO_CONTENT)
}
