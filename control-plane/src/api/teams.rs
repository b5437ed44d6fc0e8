//! Teams and who is in them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::etag::{ETag, IfMatch, Tagged};
use super::extract::{Body, CurrentUser, Id, Page, PageQuery, Params, check_name};
use crate::access::{Action, Role, authorize};
use crate::audit;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{TeamId, UserId};
use crate::store::{Member, Team};

/// Every list asks once for each team.
const MOST_TEAMS_OF_A_USER: i64 = 100;

/// A team as a member sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TeamView {
    id: TeamId,
    name: String,
    /// What the caller may do in it.
    role: Option<Role>,
    /// The issuer of trusted JWTs that says who its members are; `null` for a team that was made here.
    issuer: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl TeamView {
    fn of(team: Team, user: &CurrentUser) -> Self {
        let role = user.teams.iter().find(|(id, _)| *id == team.id).map(|(_, role)| *role);
        Self { id: team.id, name: team.name, role, issuer: team.issuer, created_at: team.created_at }
    }
}

/// Somebody in a team.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberView {
    user_id: UserId,
    name: String,
    role: Role,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self { user_id: member.user_id, name: member.name, role: member.role, created_at: member.created_at }
    }
}

/// Of what can be changed.
fn tag(team: &Team) -> ETag {
    ETag::of(&team.name)
}

/// The team, when the caller may do `action` with it.
async fn team_for(app: &App, user: &CurrentUser, action: Action, id: TeamId) -> Result<Team, Error> {
    authorize(user, action, id, "team")?;
    app.store.team(id).await?.ok_or_else(|| Error::not_found("team"))
}

/// The same for changes of its members, which are an issuer's business in its own teams.
async fn team_with_members(app: &App, user: &CurrentUser, id: TeamId) -> Result<(), Error> {
    match team_for(app, user, Action::Administer, id).await?.issuer {
        Some(issuer) => Err(Error::conflict(format!("{issuer} says who is in this team"))),
        None => Ok(()),
    }
}

/// The caller's teams, oldest first.
#[utoipa::path(get, path = "/api/teams", tag = "teams", operation_id = "list_teams", params(PageQuery),
    responses((status = 200, description = "a page of teams", body = Page<TeamView>)))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<TeamView>>, Error> {
    authorize(&user, Action::Read, user.id, "user")?;
    let limit = page.limit()?;
    let rows = app.store.teams_of(user.id, page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.to_string(), |row| TeamView::of(row, &user))))
}

/// A team to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTeam {
    #[schema(format = "name")]
    name: String,
}

/// Makes a team; the caller is its admin.
#[utoipa::path(post, path = "/api/teams", tag = "teams", operation_id = "create_team", request_body = CreateTeam,
    responses((status = 201, description = "the new team", body = TeamView),
        (status = 409, description = "one can be in 100 teams at most")))]
pub(super) async fn create(
    State(app): State<App>,
    user: CurrentUser,
    Body(request): Body<CreateTeam>,
) -> Result<(StatusCode, Tagged<TeamView>), Error> {
    authorize(&user, Action::Administer, user.id, "user")?;
    check_name("name", &request.name)?;
    audit::note(|facts| facts.add("name", request.name.as_str()));
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    check_room(tx.count_teams_of(user.id).await?)?;
    let team = tx.insert_team(&request.name, None, now).await?;
    tx.set_member(team.id, user.id, Role::Admin, now).await?;
    tx.commit().await?;
    let tag = tag(&team);
    audit::note(|facts| facts.made("team", team.id.as_uuid()));
    audit::note(|facts| facts.belongs_to(team.id));
    let view = TeamView { role: Some(Role::Admin), ..TeamView::of(team, &user) };
    Ok((StatusCode::CREATED, Tagged(tag, view)))
}

fn check_room(teams: i64) -> Result<(), Error> {
    if teams >= MOST_TEAMS_OF_A_USER {
        return Err(Error::conflict(format!("one can be in {MOST_TEAMS_OF_A_USER} teams at most")));
    }
    Ok(())
}

/// One team.
#[utoipa::path(get, path = "/api/teams/{id}", tag = "teams", operation_id = "get_team", params(("id" = TeamId, Path)),
    responses((status = 200, description = "the team", body = TeamView)))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TeamId>,
) -> Result<Tagged<TeamView>, Error> {
    let team = team_for(&app, &user, Action::Read, id).await?;
    Ok(Tagged(tag(&team), TeamView::of(team, &user)))
}

/// Changes to a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTeam {
    #[schema(format = "name")]
    name: Option<String>,
}

/// Renames a team. With `If-Match` only while it is as it was seen.
#[utoipa::path(patch, path = "/api/teams/{id}", tag = "teams", operation_id = "update_team", params(("id" = TeamId, Path)), request_body = UpdateTeam,
    responses((status = 200, description = "the team as it is now", body = TeamView)))]
pub(super) async fn update(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TeamId>,
    if_match: IfMatch,
    Body(request): Body<UpdateTeam>,
) -> Result<Tagged<TeamView>, Error> {
    team_for(&app, &user, Action::Administer, id).await?;
    let mut tx = app.store.begin().await?;
    let mut team = tx.team(id).await?.ok_or_else(|| Error::not_found("team"))?;
    if_match.check(&tag(&team))?;
    if let Some(name) = request.name {
        check_name("name", &name)?;
        audit::note(|facts| facts.add("name", name.as_str()));
        tx.rename_team(id, &name).await?;
        tx.commit().await?;
        team.name = name;
    }
    Ok(Tagged(tag(&team), TeamView::of(team, &user)))
}

/// Removes a team that owns nothing any more.
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "teams", operation_id = "delete_team", params(("id" = TeamId, Path)),
    responses((status = 204, description = "it is gone"), (status = 409, description = "this team owns sandboxes or targets; remove them first")))]
pub(super) async fn delete(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TeamId>,
    if_match: IfMatch,
) -> Result<StatusCode, Error> {
    team_for(&app, &user, Action::Administer, id).await?;
    let mut tx = app.store.begin().await?;
    let team = tx.team(id).await?.ok_or_else(|| Error::not_found("team"))?;
    if_match.check(&tag(&team))?;
    if tx.owns_records(id).await? {
        return Err(Error::conflict("this team owns sandboxes or targets; remove them first"));
    }
    tx.delete_team(id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a team.
#[utoipa::path(get, path = "/api/teams/{id}/members", tag = "teams", operation_id = "list_team_members", params(("id" = TeamId, Path), PageQuery),
    responses((status = 200, description = "a page of members", body = Page<MemberView>)))]
pub(super) async fn members(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TeamId>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<MemberView>>, Error> {
    team_for(&app, &user, Action::Read, id).await?;
    let limit = page.limit()?;
    let rows = app.store.members(id, page.cursor()?, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.user_id.to_string(), MemberView::from)))
}

/// What a member may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetMember {
    role: Role,
}

/// Takes somebody into a team, or changes their role. They find their id with `GET /api/me`.
#[utoipa::path(put, path = "/api/teams/{id}/members/{user_id}", tag = "teams", operation_id = "set_team_member",
    params(("id" = TeamId, Path), ("user_id" = UserId, Path)), request_body = SetMember,
    responses((status = 200, description = "the member", body = MemberView), (status = 404, description = "there is no such team or user"),
        (status = 409, description = "this is the last admin of the team, an issuer says who is in it, or the user is in too many teams")))]
pub(super) async fn set_member(
    State(app): State<App>,
    user: CurrentUser,
    Id((id, member)): Id<(TeamId, UserId)>,
    Body(request): Body<SetMember>,
) -> Result<Json<MemberView>, Error> {
    team_with_members(&app, &user, id).await?;
    audit::note(|facts| facts.add("role", request.role.as_str()));
    app.store.user(member).await?.ok_or_else(|| Error::not_found("user"))?;
    let mut tx = app.store.begin().await?;
    match tx.member(id, member).await? {
        Some(present) if present.role == Role::Admin && request.role != Role::Admin => {
            if !tx.has_other_admin(id, member).await? {
                return Err(last_admin());
            }
        }
        Some(_) => {}
        None => check_room(tx.count_teams_of(member).await?)?,
    }
    tx.set_member(id, member, request.role, app.clock.now()).await?;
    let view = tx.member(id, member).await?.ok_or_else(|| Error::not_found("user"))?;
    tx.commit().await?;
    Ok(Json(view.into()))
}

/// Takes somebody out of a team. Anybody may leave, but the last admin.
#[utoipa::path(delete, path = "/api/teams/{id}/members/{user_id}", tag = "teams", operation_id = "remove_team_member",
    params(("id" = TeamId, Path), ("user_id" = UserId, Path)),
    responses((status = 204, description = "they are in the team no more"), (status = 404, description = "there is no such team or member"),
        (status = 409, description = "this is the last admin of the team, or an issuer says who is in it")))]
pub(super) async fn remove_member(
    State(app): State<App>,
    user: CurrentUser,
    Id((id, member)): Id<(TeamId, UserId)>,
) -> Result<StatusCode, Error> {
    // The team must be visible; to leave it, one needs a right of one's own only.
    authorize(&user, Action::Read, id, "team")?;
    if member == user.id {
        authorize(&user, Action::Administer, user.id, "user")?;
        if let Some(issuer) = team_for(&app, &user, Action::Read, id).await?.issuer {
            return Err(Error::conflict(format!("{issuer} says who is in this team")));
        }
    } else {
        team_with_members(&app, &user, id).await?;
    }
    let mut tx = app.store.begin().await?;
    let present = tx.member(id, member).await?.ok_or_else(|| Error::not_found("member"))?;
    if present.role == Role::Admin && !tx.has_other_admin(id, member).await? {
        return Err(last_admin());
    }
    tx.remove_member(id, member).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn last_admin() -> Error {
    Error::conflict("this is the last admin of the team; make somebody else an admin first")
}
