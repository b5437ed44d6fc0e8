//! The audit log, for those whom it is about.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::auth::NO_STORE;
use super::extract::{CurrentUser, Page, PageQuery, Params, time};
use crate::access::{Action, Owner, Role, authorize};
use crate::audit::Outcome;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{ApiTokenId, AuditId, TeamId, UserId};
use crate::store::{AuditFilter, AuditRow, AuditScope, Store, WantedOutcome};

/// Rows read at once for a download.
const ROWS_PER_READ: i64 = 500;
const LONGEST_ACTION_CHARS: usize = 64;

/// A change, or an attempt at one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditView {
    id: AuditId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// A stable word like `target.create`.
    #[schema(example = "target.create")]
    action: String,
    actor: ActorView,
    /// Where the request came from.
    address: Option<String>,
    /// `X-Request-Id` of the request.
    request_id: Option<Uuid>,
    /// The person or team whose record it is about; `null` when it is nobody's or was not found out.
    account_id: Option<UserId>,
    subject: Option<SubjectView>,
    /// Names of what changed; never values of secrets.
    #[schema(value_type = Object)]
    details: serde_json::Value,
    /// `done`, `denied` (whoever asked may not, or it is not there) or `failed`. `null`: it is under way, or
    /// the server stopped meanwhile and nobody knows how it ended.
    outcome: Option<String>,
    /// The `code` of the answer, unless it is done.
    error_code: Option<String>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
struct ActorView {
    /// `user`, `anonymous` (somebody who signs in), `command_line`, `agent` or `system`.
    kind: String,
    /// The user, or the agent's sandbox.
    id: Option<Uuid>,
    /// What they were called then; the operating system's user for `command_line`.
    name: Option<String>,
    /// `token`, `session` or `trusted_jwt`.
    signed_in_with: Option<String>,
    token_id: Option<ApiTokenId>,
}

/// What it is about.
#[derive(Debug, Serialize, ToSchema)]
struct SubjectView {
    /// `sandbox`, `target`, `deployment`, `token`, `team`, `user`, `credential`.
    kind: String,
    id: Uuid,
}

impl From<AuditRow> for AuditView {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            action: row.action,
            actor: ActorView {
                kind: row.actor_kind,
                id: row.actor_id,
                name: row.actor_name,
                signed_in_with: row.signed_in_with,
                token_id: row.token_id,
            },
            address: row.address,
            request_id: row.request_id,
            account_id: row.account_id,
            subject: row.subject_kind.zip(row.subject_id).map(|(kind, id)| SubjectView { kind, id }),
            details: row.details.0,
            outcome: row.outcome,
            error_code: row.error_code,
            completed_at: row.completed_at,
        }
    }
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// An action, or the beginning of some: `target.` is all about targets.
    #[param(example = "target.", min_length = 1, max_length = 64, pattern = "^[a-z_.]+$")]
    action: Option<String>,
    /// Done by this user, or by the agent of this sandbox.
    actor: Option<Uuid>,
    /// About records of this team.
    team_id: Option<TeamId>,
    /// About the record with this id.
    subject: Option<Uuid>,
    /// How it ended.
    #[param(inline)]
    outcome: Option<AuditOutcome>,
    /// Begun then or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-01T00:00:00Z")]
    since: Option<String>,
    /// Begun before.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-02-01T00:00:00Z")]
    until: Option<String>,
    /// Of the request with this `X-Request-Id`.
    request_id: Option<Uuid>,
    /// Everybody's rows, and those about nobody's records. For administrators of the installation.
    #[serde(default)]
    all: bool,
    /// `ndjson` downloads every row, one JSON object per line.
    #[param(inline)]
    format: Option<AuditFormat>,
    /// At most so many items, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(format = Uuid)]
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditOutcome {
    Done,
    Denied,
    Failed,
    /// Under way, or never known.
    Unknown,
}

impl From<AuditOutcome> for WantedOutcome {
    fn from(outcome: AuditOutcome) -> Self {
        match outcome {
            AuditOutcome::Done => Self::Known(Outcome::Done),
            AuditOutcome::Denied => Self::Known(Outcome::Denied),
            AuditOutcome::Failed => Self::Known(Outcome::Failed),
            AuditOutcome::Unknown => Self::Unknown,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AuditFormat {
    Ndjson,
}

/// Who changed what, newest first.
///
/// Shows what was done to records of the caller and of teams they are an admin of, and what the caller
/// did themselves. Every change has a row, written before it began; attempts that were refused have one,
/// too. The token needs the scope `admin`.
#[utoipa::path(get, path = "/api/audit", operation_id = "list_audit", tag = "people", params(AuditQuery),
    responses(
        (status = 200, description = "a page, or with `format=ndjson` a row per line", headers(
            ("Content-Disposition" = Option<String>, description = "with `format=ndjson`: a file to save")),
            content(
                (Page<AuditView> = "application/json"),
                (String = "application/x-ndjson", example = json!(concat!(
                    r#"{"id":"0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10","at":"2026-01-20T09:30:00.123456Z","action":"sign_out","#,
                    r#""actor":{"kind":"user","id":"0198c5a2-0000-7000-8000-000000000001","name":"ada","signed_in_with":"session","token_id":null},"#,
                    r#""address":"203.0.113.7","request_id":"0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a0f","#,
                    r#""account_id":"0198c5a2-0000-7000-8000-000000000001","subject":null,"details":{},"outcome":"done","#,
                    r#""error_code":null,"completed_at":"2026-01-20T09:30:00.125890Z"}"#, "\n"))))),
        (status = 403, description = "the token lacks the scope `admin`, the caller is no admin of the team, or, with `all`, of the installation"),
        (status = 404, description = "there is no such team"),
        (status = 422, description = "a filter cannot be read")))]
pub(super) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Params(query): Params<AuditQuery>,
) -> Result<Response, Error> {
    authorize(&user, Action::Administer, user.id, "user")?;
    let scope = scope(&user, &query)?;
    let page = PageQuery::new(query.limit, query.cursor.clone());
    let (limit, before) = (page.limit()?, page.cursor()?);
    let is_page = query.limit.is_some() || query.cursor.is_some();
    let format = query.format;
    let mut filter = query.filter(scope)?;
    match format {
        None => {
            (filter.limit, filter.before) = (limit + 1, before);
            let rows = app.store.audit(&filter).await?;
            Ok(([NO_STORE], Json(Page::of(rows, limit, |row| row.id.to_string(), AuditView::from))).into_response())
        }
        Some(AuditFormat::Ndjson) if is_page => {
            Err(Error::invalid("`format=ndjson` sends every row; leave `limit` and `cursor` out, or the format"))
        }
        Some(AuditFormat::Ndjson) => Ok(download(lines(app.store, filter))),
    }
}

/// Whose rows the caller gets to see.
fn scope(user: &CurrentUser, query: &AuditQuery) -> Result<AuditScope, Error> {
    if query.all {
        authorize(user, Action::Administer, Owner::Installation, "installation")?;
        return Ok(AuditScope::All);
    }
    if let Some(team) = query.team_id {
        authorize(user, Action::Administer, team, "team")?;
        return Ok(AuditScope::Of { accounts: vec![team.into()], actor: None });
    }
    let teams = user.teams.iter().filter(|(_, role)| *role == Role::Admin).map(|(team, _)| UserId::from(*team));
    Ok(AuditScope::Of { accounts: std::iter::once(user.id).chain(teams).collect(), actor: Some(user.id) })
}

impl AuditQuery {
    fn filter(self, scope: AuditScope) -> Result<AuditFilter, Error> {
        let is_word = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '.');
        if let Some(action) = &self.action
            && (action.is_empty() || action.len() > LONGEST_ACTION_CHARS || !action.chars().all(is_word))
        {
            return Err(Error::invalid("`action` must be an action like `target.create`, or its beginning `target.`"));
        }
        Ok(AuditFilter {
            account: self.team_id.map(UserId::from),
            action: self.action,
            actor: self.actor,
            subject: self.subject,
            request: self.request_id,
            outcome: self.outcome.map(WantedOutcome::from),
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            ..AuditFilter::of(scope)
        })
    }
}

/// Every row of the filter, newest first, as a line of JSON each. What is in memory is one read.
pub(crate) fn lines(store: Store, filter: AuditFilter) -> impl Stream<Item = Result<String, sqlx::Error>> + Send {
    futures::stream::try_unfold(Some((store, filter)), |state| async move {
        let Some((store, mut filter)) = state else { return Ok(None) };
        filter.limit = ROWS_PER_READ;
        let rows = store.audit(&filter).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        filter.before = Some(last.id);
        let mut text = String::new();
        for row in rows {
            text.push_str(&serde_json::to_string(&AuditView::from(row)).map_err(|e| sqlx::Error::Encode(e.into()))?);
            text.push('\n');
        }
        Ok(Some((text, Some((store, filter)))))
    })
}

fn download(lines: impl Stream<Item = Result<String, sqlx::Error>> + Send + 'static) -> Response {
    let lines = lines.map(|line| {
        line.map_err(|error| {
            // The body ends without its last chunk, so the client sees that it is not whole.
            tracing::error!("an export of the audit log ends early: {error}");
            std::io::Error::other("the database failed")
        })
    });
    let mut response = Response::new(HttpBody::from_stream(lines));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.ndjson\""));
    headers.insert(NO_STORE.0, NO_STORE.1);
    response
}
