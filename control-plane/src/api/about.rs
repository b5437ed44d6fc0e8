//! What this installation is.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::CurrentUser;
use crate::access::{Action, authorize};
use crate::clock::Timestamp;
use crate::error::Error;

/// This installation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AboutView {
    /// Of this program. An agent of another one works, and may lack what is new.
    version: &'static str,
    /// When this process began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
}

/// What this installation is, for whoever is signed in.
#[utoipa::path(get, path = "/api/about", tag = "operations", operation_id = "get_about",
    responses((status = 200, description = "this installation", body = AboutView)))]
pub(super) async fn about(State(app): State<App>, user: CurrentUser) -> Result<Json<AboutView>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    Ok(Json(AboutView { version: env!("CARGO_PKG_VERSION"), started_at: app.started_at }))
}
