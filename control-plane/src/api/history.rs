//! Lists of deployments, newest first, and what they can be narrowed to.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::deployments::{DeploymentView, Environment};
use super::extract::{CurrentUser, Id, Page, PageQuery, Params, cut, time};
use super::sandboxes::own_sandbox;
use crate::access::{Action, authorize};
use crate::deployments::status::Status;
use crate::error::Error;
use crate::ids::{SandboxId, TargetId, UserId};
use crate::providers::descriptor::ProviderKind;
use crate::store::Filter;

/// Of the id of a provider.
const LONGEST_ID_CHARS: usize = 64;
/// Of a text that is searched for.
const LONGEST_SEARCH_CHARS: usize = 200;

/// Which deployments. What is left out does not matter.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeploymentQuery {
    /// Only in these statuses, apart by commas.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false, min_items = 1)]
    status: Option<String>,
    /// Only to this environment.
    #[param(inline)]
    environment: Option<Environment>,
    /// Only to this provider.
    #[param(max_length = 64)]
    provider: Option<String>,
    /// Only to providers of this kind.
    kind: Option<ProviderKind>,
    /// Only to this target.
    target_id: Option<TargetId>,
    /// Only with this text in an address, the error, the branch, the commit, the id, or the name of sandbox or target. ASCII
    /// letters match in both cases.
    #[param(min_length = 1, max_length = 200)]
    q: Option<String>,
    /// Only those asked for from this time on,
    #[param(format = DateTime)]
    since: Option<String>,
    /// and before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// At most so many items, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(format = Uuid)]
    cursor: Option<String>,
}

impl DeploymentQuery {
    fn statuses(&self) -> Result<Option<Vec<Status>>, Error> {
        let Some(words) = self.status.as_deref() else { return Ok(None) };
        let status = |word: &str| {
            let found = Status::ALL.into_iter().find(|status| status.as_str() == word);
            found.ok_or_else(|| {
                let known = Status::ALL.map(Status::as_str).join(", ");
                Error::invalid(format!("`status` must be some of {known}, apart by commas"))
            })
        };
        words.split(',').map(status).collect::<Result<_, _>>().map(Some)
    }

    /// Ids of the providers that are wanted; `None` for all.
    fn providers(&self, app: &App) -> Result<Option<Vec<&'static str>>, Error> {
        if self.provider.is_none() && self.kind.is_none() {
            return Ok(None);
        }
        if self.provider.as_ref().is_some_and(|id| id.chars().count() > LONGEST_ID_CHARS) {
            return Err(Error::invalid(format!("`provider` must have at most {LONGEST_ID_CHARS} characters")));
        }
        let is_wanted = |id: &str, kind: ProviderKind| {
            self.provider.as_ref().is_none_or(|wanted| wanted == id) && self.kind.is_none_or(|wanted| wanted == kind)
        };
        let descriptors = app.providers.iter().map(|provider| provider.descriptor());
        Ok(Some(descriptors.filter(|one| is_wanted(one.id, one.kind)).map(|one| one.id).collect()))
    }

    fn text(&self) -> Result<Option<&str>, Error> {
        let Some(text) = self.q.as_deref() else { return Ok(None) };
        if text.is_empty() || text.chars().count() > LONGEST_SEARCH_CHARS || text.contains('\0') {
            return Err(Error::invalid(format!("`q` must have 1 to {LONGEST_SEARCH_CHARS} characters")));
        }
        Ok(Some(text))
    }
}

async fn page(
    app: &App,
    owners: &[UserId],
    sandbox: Option<SandboxId>,
    query: DeploymentQuery,
) -> Result<Json<Page<DeploymentView>>, Error> {
    let page = PageQuery::new(query.limit, query.cursor.clone());
    let limit = page.limit()?;
    let (statuses, providers) = (query.statuses()?, query.providers(app)?);
    let filter = Filter {
        sandbox,
        target: query.target_id,
        statuses: statuses.as_deref(),
        environment: query.environment.map(Environment::as_str),
        providers: providers.as_deref(),
        text: query.text()?,
        since: time("since", query.since.as_deref())?,
        until: time("until", query.until.as_deref())?,
        before: page.cursor()?,
        ..Filter::of(owners, limit + 1)
    };
    let (rows, next_cursor) = cut(app.store.deployments(filter).await?, limit, |row| row.id.to_string());
    Ok(Json(Page { items: DeploymentView::load_all(app, rows).await?, next_cursor }))
}

/// A sandbox's deployments, newest first.
#[utoipa::path(get, path = "/api/sandboxes/{id}/deployments", tag = "deployments", operation_id = "list_sandbox_deployments",
    params(("id" = SandboxId, Path), DeploymentQuery),
    responses((status = 200, description = "a page of deployments", body = Page<DeploymentView>)))]
pub(super) async fn list_of_sandbox(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<SandboxId>,
    Params(query): Params<DeploymentQuery>,
) -> Result<Json<Page<DeploymentView>>, Error> {
    let sandbox = own_sandbox(&app, &user, Action::Read, id).await?;
    page(&app, &[sandbox.user_id], Some(id), query).await
}

/// The deployments of the caller and their teams, newest first.
#[utoipa::path(get, path = "/api/deployments", tag = "deployments", operation_id = "list_deployments", params(DeploymentQuery),
    responses((status = 200, description = "a page of deployments", body = Page<DeploymentView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(query): Params<DeploymentQuery>,
) -> Result<Json<Page<DeploymentView>>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    page(&app, &user.owners(), None, query).await
}
