//! REST and SSE. A handler is a table of contents: who asks, what for, may they, do it, answer.

mod about;
mod accounts;
mod again;
mod audit;
mod auth;
mod changes;
mod context;
mod deployments;
mod docs;
mod document;
mod domains;
mod error;
mod etag;
mod exports;
mod extract;
mod git_exports;
mod headers;
mod health;
mod history;
mod home;
mod idempotency;
mod limits;
mod log_ranges;
mod logs;
mod metrics;
mod pages;
mod plan;
mod providers;
mod sandboxes;
mod target_test;
mod targets;
mod teams;
mod tokens;
mod ui;
mod users;
mod variables;
mod webhooks;

pub(crate) use audit::lines;
pub(crate) use deployments::StepView;
pub(crate) use extract::check_user_name;
pub use idempotency::UnderWay;
pub use limits::Allowances;
pub use ui::Ui;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::accounts::ConnectedAccounts;
use crate::agents::Sessions;
use crate::audit::Audit;
use crate::bus::Bus;
use crate::clock::{Clock, Timestamp};
use crate::deployments::orchestrator::Orchestrator;
use crate::exports::Exports;
use crate::identity::Authority;
use crate::logs::Logs;
use crate::providers::Providers;
use crate::public_url;
use crate::secrets::Vault;
use crate::store::Store;
use crate::webhooks::Webhooks;

/// Largest request body.
const BODY_BYTES: usize = 256 * 1024;
/// Time for a handler to begin its answer; streams go on after that.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What the handlers lean on.
#[derive(Clone)]
pub struct App {
    /// All records.
    pub store: Store,
    /// Requests that are not to be answered twice.
    pub under_way: UnderWay,
    /// What deployments print.
    pub logs: Logs,
    /// Who asks.
    pub access: Access,
    /// Who changed what.
    pub audit: Audit,
    /// What is sealed in them.
    pub vault: Vault,
    /// Who we are at providers.
    pub accounts: ConnectedAccounts,
    /// How providers tell that something has happened.
    pub webhooks: Webhooks,
    /// Who moves deployments.
    pub orchestrator: Orchestrator,
    /// Who is connected.
    pub sessions: Arc<Sessions>,
    /// Workspaces on their way out.
    pub exports: Exports,
    /// Where deployments can go.
    pub providers: Providers,
    /// Who signs agents' certificates.
    pub authority: Arc<Authority>,
    /// Hints about what changes.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// When this process began.
    pub started_at: Timestamp,
    /// The web UI.
    pub ui: Arc<Ui>,
    /// How much is left to everybody.
    pub allowances: Arc<Allowances>,
    /// Sites whose pages may call the API.
    pub cors_origins: Arc<[HeaderValue]>,
    /// Where agents reach us.
    pub agent_url: String,
    /// What reads the metrics from other machines.
    pub metrics_token: Option<SecretString>,
    /// Cancelled when the end has begun: nothing new should come here.
    pub draining: CancellationToken,
}

/// Every route, with its part of the OpenAPI document.
fn routes() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(document::Document::openapi())
        .routes(routes!(sandboxes::list, sandboxes::create))
        .routes(routes!(sandboxes::get, sandboxes::update, sandboxes::delete))
        .routes(routes!(sandboxes::enroll_token))
        .routes(routes!(sandboxes::detect))
        .routes(routes!(exports::zip))
        .routes(routes!(exports::tar))
        .routes(routes!(targets::list, targets::create))
        .routes(routes!(targets::get, targets::update, targets::delete))
        .routes(routes!(target_test::test))
        .routes(routes!(variables::get, variables::set))
        .routes(routes!(variables::import))
        .routes(routes!(webhooks::get, webhooks::make, webhooks::delete))
        .routes(routes!(domains::list, domains::add))
        .routes(routes!(domains::remove))
        .routes(routes!(domains::verify))
        .routes(routes!(webhooks::receive))
        .routes(routes!(providers::list))
        .routes(routes!(providers::projects))
        .routes(routes!(providers::environments))
        .routes(routes!(accounts::token))
        .routes(routes!(accounts::start_device))
        .routes(routes!(accounts::authorize_account))
        .routes(routes!(accounts::callback))
        .routes(routes!(accounts::status))
        .routes(routes!(accounts::disconnect))
        .routes(routes!(deployments::deploy))
        .routes(routes!(history::list_of_sandbox))
        .routes(routes!(git_exports::github))
        .routes(routes!(git_exports::gitlab))
        .routes(routes!(history::list))
        .routes(routes!(deployments::get, deployments::delete))
        .routes(routes!(deployments::cancel))
        .routes(routes!(again::redeploy))
        .routes(routes!(again::roll_back))
        .routes(routes!(logs::logs))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::setup))
        .routes(routes!(auth::oidc))
        .routes(routes!(auth::oidc_callback))
        .routes(routes!(auth::methods))
        .routes(routes!(auth::me))
        .routes(routes!(users::list))
        .routes(routes!(audit::list))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::delete))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::update, teams::delete))
        .routes(routes!(teams::members))
        .routes(routes!(teams::set_member, teams::remove_member))
        .routes(routes!(about::about))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics_text))
        .split_for_parts()
}

/// The whole HTTP service.
pub fn router(app: App) -> Router {
    let (router, document) = routes();
    let prefix = public_url::prefix(app.access.base_url()).to_owned();
    let strips = prefix.clone();
    // Nobody waits for it at the start.
    let document = LazyLock::new(move || Bytes::from(document::complete(&document, &prefix).to_string()));
    let document = Arc::new(document);
    let router = router
        .route(
            "/api/openapi.json",
            axum::routing::get(move || async move {
                ([(header::CONTENT_TYPE, "application/json")], Bytes::clone(&document))
            }),
        )
        .route("/api/docs", axum::routing::get(docs::page))
        .route("/api/docs/{file}", axum::routing::get(docs::file))
        .route("/", axum::routing::get(home::page))
        .route("/pages.css", axum::routing::get(pages::style))
        .route("/setup", axum::routing::get(pages::setup).post(pages::finish_setup))
        .route("/sign-in", axum::routing::get(pages::sign_in))
        .fallback(ui::fallback)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(from_fn_with_state(app.clone(), idempotency::replay))
        .layer(from_fn_with_state(app.clone(), changes::record))
        .layer(from_fn_with_state(app.clone(), limits::per_user))
        .layer(from_fn_with_state(app.clone(), context::identify))
        .layer(from_fn_with_state(app.clone(), limits::per_address))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(axum::middleware::from_fn(error::in_time))
        .layer(CatchPanicLayer::custom(error::after_panic))
        .layer(from_fn_with_state(app.clone(), headers::secure))
        .layer(tower::util::option_layer(headers::cross_origin(&app.cors_origins)))
        .layer(axum::middleware::from_fn(context::count))
        .layer(from_fn_with_state(app.clone(), context::enter))
        .with_state(app);
    below(strips, router)
}

/// The same below a path, too: a proxy in front of us may take the path away, or leave it.
fn below(prefix: String, router: Router) -> Router {
    if prefix.is_empty() {
        return router;
    }
    let strip = move |mut request: Request| {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let rest = path.strip_prefix(&prefix).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        let inner = rest.map(|rest| if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") });
        if let Some(uri) = inner.and_then(|inner| inner.parse().ok()) {
            *request.uri_mut() = uri;
        }
        request
    };
    Router::new().fallback_service(tower::util::MapRequestLayer::new(strip).layer(router))
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
            "/api/sandboxes/{id}/export/zip",
            "/api/sandboxes/{id}/export/tar",
            "/api/sandboxes/{id}/deployments",
            "/api/sandboxes/{id}/export/github",
            "/api/sandboxes/{id}/export/gitlab",
            "/api/deployments",
            "/api/deployments/{id}",
            "/api/deployments/{id}/logs",
            "/api/deployments/{id}/cancel",
            "/api/deployments/{id}/redeploy",
            "/api/deployments/{id}/rollback",
            "/api/deployments/targets",
            "/api/deployments/targets/{id}",
            "/api/auth/login",
            "/api/auth/logout",
            "/api/auth/methods",
            "/api/me",
            "/api/tokens",
            "/api/audit",
            "/api/deployments/targets/{id}/env",
            "/api/deployments/targets/{id}/env/import",
            "/api/deployments/targets/{id}/test",
            "/api/deployments/targets/{id}/webhook",
            "/api/deployments/targets/{id}/domains",
            "/api/deployments/targets/{id}/domains/{domain}",
            "/api/deployments/targets/{id}/domains/{domain}/verify",
            "/api/webhooks/{provider}",
            "/api/deployments/auth/{provider}",
            "/api/deployments/auth/{provider}/authorize",
            "/api/deployments/auth/{provider}/callback",
            "/api/deployments/auth/{provider}/device",
            "/api/deployments/auth/{provider}/status",
            "/api/deployments/auth/{provider}/token",
            "/api/providers",
            "/api/providers/{provider}/projects",
            "/api/providers/{provider}/environments",
            "/api/about",
            "/healthz",
            "/readyz",
            "/metrics",
        ] {
            assert!(document.paths.paths.contains_key(path), "{path} is missing");
        }
    }
}
