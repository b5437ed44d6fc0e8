//! Domains that people give to what they deploy. The provider has them; here they are passed on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::{Body, CurrentUser, Id};
use super::targets::own_target;
use crate::access::Action;
use crate::audit;
use crate::error::Error;
use crate::ids::TargetId;
use crate::providers::domains::{Domain, DomainName, Domains};
use crate::providers::{Provider, Reached};
use crate::store::Target;

/// The domains of a target.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainsView {
    #[schema(max_items = 100)]
    items: Vec<Domain>,
}

/// A domain to give to a target.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddDomain {
    /// Like `www.example.com`.
    #[schema(min_length = 3, max_length = 253)]
    name: String,
}

/// A target whose provider takes domains, and what authenticates there.
struct Owner {
    target: Target,
    reached: Reached,
}

impl Owner {
    async fn new(app: &App, user: &CurrentUser, action: Action, id: TargetId) -> Result<Self, Error> {
        let target = own_target(app, user, action, id).await?;
        takes_domains(app, &target)?;
        let reached = app.orchestrator.reach(&target).await?;
        Ok(Self { target, reached })
    }

    fn domains<'a>(&self, app: &'a App) -> Result<&'a dyn Domains, Error> {
        takes_domains(app, &self.target)
    }

    /// Without what is secret: a provider's answer may repeat what it was sent.
    async fn shown(&self, app: &App, mut domains: Vec<Domain>) -> Result<Vec<Domain>, Error> {
        let secrets = app.orchestrator.secrets_of_owners(&[self.target.user_id]).await?;
        for message in domains.iter_mut().filter_map(|domain| domain.message.as_mut()) {
            *message = secrets.mask_text(message);
        }
        Ok(domains)
    }

    async fn one_shown(&self, app: &App, domain: Domain) -> Result<Json<Domain>, Error> {
        let mut domains = self.shown(app, vec![domain]).await?;
        domains.pop().map(Json).ok_or_else(|| Error::not_found("domain"))
    }
}

fn takes_domains<'a>(app: &'a App, target: &Target) -> Result<&'a dyn Domains, Error> {
    let provider: Option<&dyn Provider> = app.providers.get(&target.provider).map(|provider| &**provider);
    let domains = provider.and_then(Provider::domains);
    domains.ok_or_else(|| Error::conflict(format!("`{}` takes no domains", target.provider)))
}

fn named(name: &str) -> Result<DomainName, Error> {
    DomainName::parse(name).map_err(Error::invalid)
}

/// The domains of the target's project at its provider.
#[utoipa::path(get, path = "/api/deployments/targets/{id}/domains", tag = "targets", operation_id = "list_domains", params(("id" = TargetId, Path)),
    responses((status = 200, description = "the first hundred", body = DomainsView),
        (status = 409, description = "the target's provider takes no domains")))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<Json<DomainsView>, Error> {
    let owner = Owner::new(&app, &user, Action::Read, id).await?;
    let domains = owner.domains(&app)?.domains(owner.reached.destination()).await?;
    Ok(Json(DomainsView { items: owner.shown(&app, domains).await? }))
}

/// Gives a domain to the target's project at its provider. What has to stand in the domain's DNS is in the answer.
#[utoipa::path(post, path = "/api/deployments/targets/{id}/domains", tag = "targets", operation_id = "add_domain", params(("id" = TargetId, Path)),
    request_body = AddDomain,
    responses((status = 201, description = "the domain, and what its DNS needs", body = Domain),
        (status = 409, description = "the target's provider takes no domains")))]
pub(super) async fn add(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    Body(request): Body<AddDomain>,
) -> Result<(StatusCode, Json<Domain>), Error> {
    let owner = Owner::new(&app, &user, Action::ManageTargets, id).await?;
    let name = named(&request.name)?;
    audit::note(|facts| facts.add("domain", name.as_str()));
    let domain = owner.domains(&app)?.add_domain(owner.reached.destination(), &name).await?;
    Ok((StatusCode::CREATED, owner.one_shown(&app, domain).await?))
}

/// Which target, and which of its domains.
type OfTarget = (TargetId, String);

/// Takes a domain away from the target's project at its provider.
#[utoipa::path(delete, path = "/api/deployments/targets/{id}/domains/{domain}", tag = "targets", operation_id = "remove_domain",
    params(("id" = TargetId, Path), ("domain" = String, Path, description = "its name")),
    responses((status = 204, description = "the project has no such domain (any more)"),
        (status = 409, description = "the target's provider takes no domains")))]
pub(super) async fn remove(
    State(app): State<App>,
    user: CurrentUser,
    Id((id, domain)): Id<OfTarget>,
) -> Result<StatusCode, Error> {
    let owner = Owner::new(&app, &user, Action::ManageTargets, id).await?;
    let name = named(&domain)?;
    audit::note(|facts| facts.add("domain", name.as_str()));
    owner.domains(&app)?.remove_domain(owner.reached.destination(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the provider to look at the domain's DNS again, and answers what it has found.
#[utoipa::path(post, path = "/api/deployments/targets/{id}/domains/{domain}/verify", tag = "targets", operation_id = "verify_domain",
    params(("id" = TargetId, Path), ("domain" = String, Path, description = "its name")),
    responses((status = 200, description = "the domain as it is now", body = Domain),
        (status = 409, description = "the target's provider takes no domains")))]
pub(super) async fn verify(
    State(app): State<App>,
    user: CurrentUser,
    Id((id, domain)): Id<OfTarget>,
) -> Result<Json<Domain>, Error> {
    let owner = Owner::new(&app, &user, Action::ManageTargets, id).await?;
    let name = named(&domain)?;
    audit::note(|facts| facts.add("domain", name.as_str()));
    let found = owner.domains(&app)?.verify_domain(owner.reached.destination(), &name).await?;
    owner.one_shown(&app, found.ok_or_else(|| Error::not_found("domain"))?).await
}
