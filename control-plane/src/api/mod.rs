//! REST and SSE. A handler is a table of contents: who asks, what for, may they, do it, answer.

mod auth;
mod deployments;
mod docs;
mod document;
mod error;
mod extract;
mod health;
mod home;
mod idempotency;
mod logs;
mod pages;
mod plan;
mod sandboxes;
mod targets;
mod teams;
mod tokens;
mod users;
mod variables;

pub(crate) use deployments::StepView;
pub(crate) use extract::check_user_name;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::agents::Sessions;
use crate::bus::Bus;
use crate::clock::Clock;
use crate::deployments::orchestrator::Orchestrator;
use crate::identity::Authority;
use crate::providers::Providers;
use crate::secrets::Vault;
use crate::store::Store;

/// Largest request body.
const BODY_BYTES: usize = 256 * 1024;
/// Time for a handler to begin its answer; streams go on after that.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Nothing of ours may be framed, and pages load nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// What the handlers lean on.
#[derive(Clone)]
pub struct App {
    /// All records.
    pub store: Store,
    /// Who asks.
    pub access: Access,
    /// What is sealed in them.
    pub vault: Vault,
    /// Who moves deployments.
    pub orchestrator: Orchestrator,
    /// Who is connected.
    pub sessions: Arc<Sessions>,
    /// Where deployments can go.
    pub providers: Providers,
    /// Who signs agents' certificates.
    pub authority: Arc<Authority>,
    /// Hints about what changes.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// Where agents reach us.
    pub agent_url: String,
}

/// Every route, with its part of the OpenAPI document.
fn routes() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(sandboxes::list, sandboxes::create))
        .routes(routes!(sandboxes::get, sandboxes::update, sandboxes::delete))
        .routes(routes!(sandboxes::enroll_token))
        .routes(routes!(sandboxes::detect))
        .routes(routes!(targets::list, targets::create))
        .routes(routes!(targets::get, targets::update, targets::delete))
        .routes(routes!(variables::get, variables::set))
        .routes(routes!(variables::import))
        .routes(routes!(deployments::deploy))
        .routes(routes!(deployments::list_of_sandbox))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::get, deployments::delete))
        .routes(routes!(deployments::cancel))
        .routes(routes!(deployments::redeploy))
        .routes(routes!(logs::logs))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::setup))
        .routes(routes!(auth::oidc))
        .routes(routes!(auth::oidc_callback))
        .routes(routes!(auth::me))
        .routes(routes!(users::list))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::update, teams::delete))
        .routes(routes!(teams::members))
        .routes(routes!(teams::set_member, teams::remove_member))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .split_for_parts()
}

/// The whole HTTP service.
pub fn router(app: App) -> Router {
    let (router, document) = routes();
    let document: Arc<str> = document::complete(&document).to_string().into();
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    router
        .route(
            "/api/openapi.json",
            axum::routing::get(
                move || async move { ([(header::CONTENT_TYPE, "application/json")], document.to_string()) },
            ),
        )
        .route("/api/docs", axum::routing::get(docs::page))
        .route("/api/docs/{file}", axum::routing::get(docs::file))
        .route("/", axum::routing::get(home::page))
        .route("/setup", axum::routing::get(pages::setup).post(pages::finish_setup))
        .route("/sign-in", axum::routing::get(pages::sign_in))
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), idempotency::replay))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(axum::middleware::from_fn(error::in_time))
        .layer(CatchPanicLayer::custom(error::after_panic))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_every_contract_route() {
        let (_, document) = routes();
        for path in [
            "/api/sandboxes",
            "/api/sandboxes/{id}",
            "/api/sandboxes/{id}/enroll-token",
            "/api/sandboxes/{id}/detect",
            "/api/sandboxes/{id}/deploy",
            "/api/sandboxes/{id}/deployments",
            "/api/deployments",
            "/api/deployments/{id}",
            "/api/deployments/{id}/logs",
            "/api/deployments/{id}/cancel",
            "/api/deployments/{id}/redeploy",
            "/api/deployments/targets",
            "/api/deployments/targets/{id}",
            "/api/auth/login",
            "/api/auth/logout",
            "/api/me",
            "/api/tokens",
            "/api/deployments/targets/{id}/env",
            "/api/deployments/targets/{id}/env/import",
            "/healthz",
            "/readyz",
        ] {
            assert!(document.paths.paths.contains_key(path), "{path} is missing");
        }
    }
}
