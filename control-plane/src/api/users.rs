//! The people of an installation, for its administrators.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::{CurrentUser, Page, PageQuery, Params};
use crate::access::{Action, Owner, authorize};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::UserId;
use crate::store::UserRow;

/// A person as an administrator sees them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    id: UserId,
    name: String,
    is_admin: bool,
    /// Whether they can sign in with a password.
    has_password: bool,
    /// When they were shut out.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<UserRow> for UserView {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            is_admin: row.is_admin,
            has_password: row.has_password,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        }
    }
}

/// Everybody, oldest first. For administrators of the installation.
#[utoipa::path(get, path = "/api/users", tag = "people", operation_id = "list_users", params(PageQuery),
    responses((status = 200, description = "a page of people", body = Page<UserView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<UserView>>, Error> {
    authorize(&user, Action::Administer, Owner::Installation, "installation")?;
    let limit = page.limit()?;
    let rows = app.store.users(page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), UserView::from)))
}
