//! What there is to deploy to, and what an account sees there.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::accounts::own_account;
use super::extract::{CurrentUser, Id, Params};
use crate::access::{Action, authorize};
use crate::error::Error;
use crate::ids::CredentialId;
use crate::providers::Provider;
use crate::providers::accounts::{Environment, Listed, Project};
use crate::providers::descriptor::{Accepts, AuthMethod, ProviderKind};

const LONGEST_TEXT_CHARS: usize = 300;

/// A provider and what it can do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderView {
    /// As in targets and paths.
    id: &'static str,
    /// As people call it.
    name: &'static str,
    kind: ProviderKind,
    /// How accounts are connected; empty for providers that need none.
    auth: &'static [AuthMethod],
    /// Those of `auth` that work in this installation: some need a client of it at the provider.
    auth_configured: Vec<AuthMethod>,
    /// What an account must be allowed there.
    scopes: &'static [&'static str],
    /// What it can be given.
    accepts: &'static [Accepts],
    capabilities: Capabilities,
    /// JSON Schema (2020-12) of the provider's own settings in a target's `config`.
    #[schema(value_type = Object)]
    config_schema: serde_json::Value,
    /// Where the vendor explains how one gets access.
    docs_url: Option<&'static str>,
}

/// What a provider can do besides publishing.
#[derive(Debug, Serialize, ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "a list of what there is, as the API shows it")]
struct Capabilities {
    /// Hold back a release while it is made.
    cancel: bool,
    /// Put a former release in the place of the present one.
    rollback: bool,
    /// Delete what a deployment has made there.
    delete: bool,
    /// List what a target can be for.
    projects: bool,
    /// List the environments of a project.
    environments: bool,
    /// Take variables for what runs there.
    env_vars: bool,
    /// Take domains that people give to what is deployed.
    domains: bool,
    /// Tell by itself what becomes of a release.
    webhooks: bool,
}

impl ProviderView {
    fn of(provider: &dyn Provider) -> Self {
        let descriptor = provider.descriptor();
        let accounts = provider.accounts();
        let oauth = accounts.and_then(|accounts| accounts.oauth());
        let works = |method: &AuthMethod| match method {
            AuthMethod::Token => true,
            AuthMethod::Device => oauth.is_some(),
            AuthMethod::Oauth => oauth.is_some_and(crate::providers::oauth::OAuth::has_web_flow),
        };
        Self {
            id: descriptor.id,
            name: descriptor.name,
            kind: descriptor.kind,
            auth: descriptor.auth,
            auth_configured: descriptor.auth.iter().copied().filter(works).collect(),
            scopes: descriptor.scopes,
            accepts: descriptor.accepts,
            capabilities: Capabilities {
                cancel: provider.canceller().is_some(),
                // Every release is kept here and can be published again.
                rollback: true,
                delete: provider.remover().is_some(),
                projects: accounts.is_some_and(|accounts| accounts.projects().is_some()),
                environments: accounts.is_some_and(|accounts| accounts.environments().is_some()),
                env_vars: descriptor.takes_variables,
                domains: provider.domains().is_some(),
                webhooks: provider.webhooks().is_some(),
            },
            config_schema: descriptor.config_schema(),
            docs_url: descriptor.docs_url,
        }
    }
}

/// All providers of this installation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProvidersView {
    items: Vec<ProviderView>,
}

/// The providers of this installation.
#[utoipa::path(get, path = "/api/providers", tag = "providers", operation_id = "list_providers",
    responses((status = 200, description = "all of them, by id", body = ProvidersView)))]
pub(super) async fn list(State(app): State<App>, user: CurrentUser) -> Result<Json<ProvidersView>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    let items = app.providers.iter().map(|provider| ProviderView::of(&**provider)).collect();
    Ok(Json(ProvidersView { items }))
}

fn check_text(name: &str, text: Option<&str>) -> Result<(), Error> {
    match text {
        Some(text) if text.chars().count() > LONGEST_TEXT_CHARS || text.chars().any(char::is_control) => {
            Err(Error::invalid(format!(
                "`{name}` must have at most {LONGEST_TEXT_CHARS} characters and no control characters"
            )))
        }
        _ => Ok(()),
    }
}

/// Which account looks, and for what.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProjectsQuery {
    /// The account.
    credentials_id: CredentialId,
    /// Part of the name.
    #[param(max_length = 300)]
    search: Option<String>,
    /// `next_cursor` of the answer before.
    #[param(max_length = 300)]
    cursor: Option<String>,
}

/// Part of the projects at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectsView {
    items: Vec<Project>,
    /// Where the next part begins; `null` at the end.
    next_cursor: Option<String>,
}

/// What an account could deploy to: repositories, projects, sites.
#[utoipa::path(get, path = "/api/providers/{provider}/projects", tag = "providers", operation_id = "list_projects",
    params(("provider" = String, Path, description = "the id of the provider"), ProjectsQuery),
    responses((status = 200, description = "part of them; a part can be empty though there are more", body = ProjectsView),
        (status = 404, description = "there is no such provider or account, or the provider has no projects"),
        (status = 422, description = "the provider refuses; the sentence says why"),
        (status = 503, description = "the provider does not answer now")))]
pub(super) async fn projects(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Params(query): Params<ProjectsQuery>,
) -> Result<Json<ProjectsView>, Error> {
    let row = own_account(&app, &user, Action::ManageTargets, &provider, query.credentials_id).await?;
    check_text("search", query.search.as_deref())?;
    check_text("cursor", query.cursor.as_deref())?;
    let projects = app.accounts.at(&provider)?.projects().ok_or_else(|| Error::not_found("provider with projects"))?;
    let secret = app.accounts.fresh(row.id).await?;
    let search = query.search.as_deref().filter(|search| !search.is_empty());
    let Listed { items, next_cursor } = projects.projects(&secret, search, query.cursor.as_deref()).await?;
    Ok(Json(ProjectsView { items, next_cursor }))
}

/// Which account looks, and where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EnvironmentsQuery {
    /// The account.
    credentials_id: CredentialId,
    /// The `name` of a project.
    #[param(max_length = 300)]
    project: String,
}

/// The environments of a project at a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnvironmentsView {
    items: Vec<Environment>,
}

/// The environments of a project, the first hundred.
#[utoipa::path(get, path = "/api/providers/{provider}/environments", tag = "providers", operation_id = "list_environments",
    params(("provider" = String, Path, description = "the id of the provider"), EnvironmentsQuery),
    responses((status = 200, description = "the environments", body = EnvironmentsView),
        (status = 404, description = "there is no such provider or account, or the provider has no environments"),
        (status = 422, description = "the provider refuses; the sentence says why"),
        (status = 503, description = "the provider does not answer now")))]
pub(super) async fn environments(
    State(app): State<App>,
    user: CurrentUser,
    Id(provider): Id<String>,
    Params(query): Params<EnvironmentsQuery>,
) -> Result<Json<EnvironmentsView>, Error> {
    let row = own_account(&app, &user, Action::ManageTargets, &provider, query.credentials_id).await?;
    check_text("project", Some(&query.project))?;
    let environments =
        app.accounts.at(&provider)?.environments().ok_or_else(|| Error::not_found("provider with environments"))?;
    let secret = app.accounts.fresh(row.id).await?;
    Ok(Json(EnvironmentsView { items: environments.environments(&secret, &query.project).await? }))
}
