//! The providers of this installation, as they describe themselves.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::CurrentUser;
use crate::access::{Action, authorize};
use crate::error::Error;
use crate::providers::{AuthMethod, Kind, Provider};

/// A provider: what it is, what it can, and what its targets are told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderView {
    id: &'static str,
    name: &'static str,
    kind: Kind,
    /// How an account there is connected; empty when none is needed.
    #[schema(max_items = 10)]
    auth: &'static [AuthMethod],
    /// What a token should be allowed.
    #[schema(max_items = 20)]
    scopes: &'static [&'static str],
    /// Where the provider says how such a token is made.
    docs_url: Option<&'static str>,
    capabilities: Capabilities,
    /// JSON Schema (2020-12) of a target's `config`, besides the build settings that every target may have.
    #[schema(value_type = Object)]
    config_schema: serde_json::Value,
}

/// What a provider can do besides publishing.
#[derive(Debug, Serialize, ToSchema)]
struct Capabilities {
    /// Hold back a release that is being made.
    cancel: bool,
    /// Make a former release live again.
    rollback: bool,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProviderList {
    #[schema(max_items = 100)]
    items: Vec<ProviderView>,
}

fn view(provider: &dyn Provider) -> ProviderView {
    let descriptor = provider.descriptor();
    ProviderView {
        id: descriptor.id,
        name: descriptor.name,
        kind: descriptor.kind,
        auth: descriptor.auth,
        scopes: descriptor.scopes,
        docs_url: Some(descriptor.docs_url).filter(|url| !url.is_empty()),
        // Of what is stored: every provider can publish a former artifact again.
        capabilities: Capabilities { cancel: provider.canceller().is_some(), rollback: true },
        config_schema: descriptor.config_schema(),
    }
}

/// The providers of this installation, by id.
#[utoipa::path(get, path = "/api/providers", tag = "providers", operation_id = "list_providers",
    responses((status = 200, description = "all providers", body = ProviderList)))]
pub(super) async fn list(State(app): State<App>, user: CurrentUser) -> Result<Json<ProviderList>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    Ok(Json(ProviderList { items: app.providers.iter().map(|provider| view(&**provider)).collect() }))
}
