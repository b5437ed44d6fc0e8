//! Everything through the API that may change something, and the layer that records it.
//!
//! A request whose route is in [`CHANGES`] gets its row in the audit log before its handler runs, in a
//! commit of its own; when that is impossible the handler does not run. The handler runs in a task, so
//! that it comes to its end, and to its outcome, when the client is gone. A route that changes something
//! and is not in the table fails a test.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::Either;
use uuid::Uuid;

use super::context::{ClientAddress, RequestId};
use super::idempotency::REPLAYED;
use super::{ANSWER_TIMEOUT, App};
use crate::access::Principal;
use crate::audit::{Action, Actor, Facts, Outcome, Trail};
use crate::error::{Error, ErrorCode};

use Who::{Known, Quiet, Stranger};

/// Who makes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Somebody whom we know; others are sent away and leave no row.
    Known,
    /// Somebody whom we know, who asks again and again until something happens: the row begins there
    /// (`accounts/`), and what led nowhere leaves none.
    Quiet,
    /// Somebody who is about to say who they are. The row begins where the attempt counts
    /// (`access/sign_in.rs`), so that attempts that are held back for being too many leave none. Providers are
    /// such strangers, too: of what they send, only what is not proven leaves a row.
    Stranger,
}

/// A route that changes something: its action, and what the `{id}` of its path is.
struct Change {
    method: Method,
    path: &'static str,
    who: Who,
    action: Action,
    id_of: &'static str,
}

const fn change(method: Method, path: &'static str, who: Who, action: Action, id_of: &'static str) -> Change {
    Change { method, path, who, action, id_of }
}

const CHANGES: &[Change] = &[
    change(Method::POST, "/api/sandboxes", Known, Action::SandboxCreate, ""),
    change(Method::PATCH, "/api/sandboxes/{id}", Known, Action::SandboxUpdate, "sandbox"),
    change(Method::DELETE, "/api/sandboxes/{id}", Known, Action::SandboxDelete, "sandbox"),
    change(Method::POST, "/api/sandboxes/{id}/enroll-token", Known, Action::SandboxEnrollToken, "sandbox"),
    change(Method::POST, "/api/sandboxes/{id}/export/zip", Known, Action::SandboxExport, "sandbox"),
    change(Method::POST, "/api/sandboxes/{id}/export/tar", Known, Action::SandboxExport, "sandbox"),
    change(Method::POST, "/api/sandboxes/{id}/deploy", Known, Action::DeploymentCreate, "sandbox"),
    change(Method::POST, "/api/deployments/auth/{provider}/token", Quiet, Action::CredentialCreate, ""),
    change(Method::POST, "/api/deployments/auth/{provider}/device", Known, Action::CredentialDevice, ""),
    change(Method::GET, "/api/deployments/auth/{provider}/callback", Quiet, Action::CredentialCreate, ""),
    change(Method::DELETE, "/api/deployments/auth/{provider}", Known, Action::CredentialDelete, ""),
    change(Method::POST, "/api/sandboxes/{id}/export/github", Known, Action::DeploymentCreate, "sandbox"),
    change(Method::POST, "/api/sandboxes/{id}/export/gitlab", Known, Action::DeploymentCreate, "sandbox"),
    change(Method::POST, "/api/deployments/targets", Known, Action::TargetCreate, ""),
    change(Method::PUT, "/api/deployments/targets/{id}", Known, Action::TargetUpdate, "target"),
    change(Method::DELETE, "/api/deployments/targets/{id}", Known, Action::TargetDelete, "target"),
    change(Method::POST, "/api/deployments/targets/{id}/test", Known, Action::TargetTest, "target"),
    change(Method::PUT, "/api/deployments/targets/{id}/env", Known, Action::VariablesSet, "target"),
    change(Method::POST, "/api/deployments/targets/{id}/env/import", Known, Action::VariablesImport, "target"),
    change(Method::POST, "/api/deployments/targets/{id}/webhook", Known, Action::WebhookCreate, "target"),
    change(Method::DELETE, "/api/deployments/targets/{id}/webhook", Known, Action::WebhookDelete, "target"),
    change(Method::POST, "/api/deployments/targets/{id}/domains", Known, Action::DomainAdd, "target"),
    change(Method::DELETE, "/api/deployments/targets/{id}/domains/{domain}", Known, Action::DomainRemove, "target"),
    change(
        Method::POST,
        "/api/deployments/targets/{id}/domains/{domain}/verify",
        Known,
        Action::DomainVerify,
        "target",
    ),
    change(Method::POST, "/api/webhooks/{provider}", Stranger, Action::WebhookDelivery, ""),
    change(Method::DELETE, "/api/deployments/{id}", Known, Action::DeploymentDelete, "deployment"),
    change(Method::POST, "/api/deployments/{id}/cancel", Known, Action::DeploymentCancel, "deployment"),
    change(Method::POST, "/api/deployments/{id}/redeploy", Known, Action::DeploymentRedeploy, "deployment"),
    change(Method::POST, "/api/deployments/{id}/rollback", Known, Action::DeploymentRollback, "deployment"),
    change(Method::POST, "/api/auth/login", Stranger, Action::SignInPassword, ""),
    change(Method::POST, "/api/auth/logout", Known, Action::SignOut, ""),
    change(Method::POST, "/api/auth/setup", Stranger, Action::SignInSetup, ""),
    change(Method::POST, "/setup", Stranger, Action::SignInSetup, ""),
    change(Method::GET, "/api/auth/oidc/callback", Stranger, Action::SignInOidc, ""),
    change(Method::GET, "/sign-in", Stranger, Action::SignInLink, ""),
    change(Method::POST, "/api/tokens", Known, Action::TokenCreate, ""),
    change(Method::DELETE, "/api/tokens/{id}", Known, Action::TokenDelete, "token"),
    change(Method::POST, "/api/teams", Known, Action::TeamCreate, ""),
    change(Method::PATCH, "/api/teams/{id}", Known, Action::TeamUpdate, "team"),
    change(Method::DELETE, "/api/teams/{id}", Known, Action::TeamDelete, "team"),
    change(Method::PUT, "/api/teams/{id}/members/{user_id}", Known, Action::TeamMemberSet, "team"),
    change(Method::DELETE, "/api/teams/{id}/members/{user_id}", Known, Action::TeamMemberRemove, "team"),
];

type Panic = Box<dyn Any + Send>;

/// Records a request that may change something; others go by untouched.
pub(super) async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let Some(change) = path.and_then(|path| find(request.method(), path.as_str())) else {
        return next.run(request).await;
    };
    let (mut head, body) = request.into_parts();
    let actor = match actor(&app, change.who, &mut head).await {
        Ok(actor) => actor,
        // Nobody: the handler would say the same.
        Err(error) => return error.into_response(),
    };
    let trail = Trail::new(app.audit.clone(), change.action, actor, facts(change, &mut head).await);
    let request_id = head.extensions.get::<RequestId>().copied();
    let (access, from) = (app.access.clone(), address(&head));
    let is_worth_recording = move || access.is_worth_recording(from);
    let changing = run(change.who, trail, is_worth_recording, next.run(Request::from_parts(head, body)));
    let task = match request_id {
        Some(id) => Either::Left(id.follow(changing)),
        None => Either::Right(changing),
    };
    match app.audit.changes().spawn(task).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => Error::from(anyhow::Error::from(error)).into_response(),
    }
}

fn find(method: &Method, path: &str) -> Option<&'static Change> {
    CHANGES.iter().find(|change| change.method == method && change.path == path)
}

async fn actor(app: &App, who: Who, head: &mut Parts) -> Result<Actor, Error> {
    let actor = match who {
        Stranger => Actor::anonymous(),
        Known | Quiet => Actor::user(&Principal::from_request_parts(head, app).await?),
    };
    let request = head.extensions.get::<RequestId>().map(|id| id.0);
    Ok(actor.by_request(request, address(head)))
}

fn address(head: &Parts) -> Option<std::net::IpAddr> {
    head.extensions.get::<ClientAddress>().and_then(|address| address.0)
}

/// What the path says. An id that is none names nothing.
async fn facts(change: &Change, head: &mut Parts) -> Facts {
    let mut facts = Facts::default();
    let Ok(params) = RawPathParams::from_request_parts(head, &()).await else { return facts };
    for (name, value) in &params {
        match value.parse::<Uuid>() {
            Ok(id) if name == "id" => facts.made(change.id_of, &id),
            Ok(id) => facts.add(name, id.to_string()),
            Err(_) => {}
        }
    }
    facts
}

/// Intent, change, outcome.
async fn run(
    who: Who,
    trail: Trail,
    is_worth_recording: impl FnOnce() -> bool,
    change: impl Future<Output = Response>,
) -> Result<Response, Panic> {
    if who == Known
        && let Err(error) = trail.begin().await
    {
        return Ok(error.into_response());
    }
    // As long as the client's answer may take; what goes on in vain is ended.
    let change = tokio::time::timeout(ANSWER_TIMEOUT, AssertUnwindSafe(trail.follow(change)).catch_unwind());
    let ended = change.await.unwrap_or_else(|_| {
        let message = "the change did not end in time; look what became of it before you send it again";
        Ok(Error::new(ErrorCode::Unavailable, message).into_response())
    });
    let status = ended.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
    if ended.as_ref().is_ok_and(|response| response.headers().contains_key(REPLAYED)) {
        trail.note(|facts| facts.add("replayed", true));
    }
    let code = ended.as_ref().ok().and_then(|response| response.extensions().get::<ErrorCode>().copied());
    let (outcome, error) = outcome_of(code.or(ErrorCode::of_status(status)));
    let is_stranger = who == Stranger && is_refused_stranger(status);
    if trail.has_begun() || (is_stranger && is_worth_recording()) {
        trail.end(outcome, error).await;
    }
    ended
}

/// `denied`: whoever asked may not, which is the same as that it is not there. `failed`: they may, and
/// it was not done.
fn outcome_of(error: Option<ErrorCode>) -> (Outcome, Option<ErrorCode>) {
    use ErrorCode::{Forbidden, NotFound, QuotaExceeded, RateLimited, Unauthenticated};
    match error {
        None => (Outcome::Done, None),
        Some(Unauthenticated | Forbidden | NotFound | RateLimited | QuotaExceeded) => (Outcome::Denied, error),
        Some(_) => (Outcome::Failed, error),
    }
}

/// Whether an attempt to sign in came so far that it was looked at. Too many, or a form that cannot be
/// read, is none.
fn is_refused_stranger(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::CONFLICT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Audit;
    use crate::clock::Clock;
    use crate::store::{AuditFilter, AuditScope, Store, in_memory};

    #[test]
    fn every_route_that_changes_something_is_recorded() {
        let (_, document) = super::super::routes();
        let mut routes: Vec<(Method, String)> = Vec::new();
        for (path, item) in &document.paths.paths {
            let methods = [
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let present = methods.into_iter().filter(|(_, operation)| operation.is_some());
            routes.extend(present.map(|(method, _)| (method, path.clone())));
        }
        // What changes something and is no such operation: pages, and ways back from elsewhere.
        let others = [
            (Method::POST, "/setup"),
            (Method::GET, "/sign-in"),
            (Method::GET, "/api/auth/oidc/callback"),
            (Method::GET, "/api/deployments/auth/{provider}/callback"),
        ];
        routes.extend(others.map(|(method, path)| (method, path.to_owned())));
        for (method, path) in &routes {
            assert!(find(method, path).is_some(), "{method} {path} changes something and has no row in CHANGES");
        }
        assert_eq!(CHANGES.len(), routes.len(), "CHANGES has a route that is not there, or one twice");
    }

    fn trail(store: &Store) -> Trail {
        let audit = Audit::new(store.clone(), Clock::system(), None);
        Trail::new(audit, Action::SandboxCreate, Actor::anonymous(), Facts::default())
    }

    async fn rows(store: &Store) -> Vec<(Option<String>, Option<String>)> {
        let filter = AuditFilter { limit: 10, ..AuditFilter::of(AuditScope::All) };
        let rows = store.audit(&filter).await.expect("reads");
        rows.into_iter().map(|row| (row.outcome, row.error_code)).collect()
    }

    fn is(outcome: &str, code: &str) -> (Option<String>, Option<String>) {
        (Some(outcome.to_owned()), Some(code.to_owned()))
    }

    #[tokio::test]
    async fn without_an_intent_nothing_is_changed() {
        let store = in_memory().await;
        store.execute("DROP TABLE audit_log").await.expect("drops");
        let mut was_changed = false;
        let change = async {
            was_changed = true;
            StatusCode::CREATED.into_response()
        };
        let answer = run(Known, trail(&store), || true, change).await.expect("answers");
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!was_changed);
    }

    #[tokio::test]
    async fn the_intent_stands_before_the_change_and_a_panic_is_an_outcome() {
        let store = in_memory().await;
        let change = async {
            assert_eq!(rows(&store).await, [(None, None)], "the intent is written");
            panic!("the handler has a defect");
        };
        assert!(run(Known, trail(&store), || true, change).await.is_err());
        assert_eq!(rows(&store).await, [is("failed", "internal")]);
    }

    #[tokio::test]
    async fn a_change_that_is_cut_off_stays_open() {
        let store = in_memory().await;
        let change = run(Known, trail(&store), || true, std::future::pending());
        let cut = tokio::time::timeout(std::time::Duration::from_millis(100), change).await;
        assert!(cut.is_err());
        assert_eq!(rows(&store).await, [(None, None)]);
    }

    #[tokio::test]
    async fn strangers_attempts_are_recorded_while_they_are_few() {
        let store = in_memory().await;
        let answer = |status: StatusCode| async move { status.into_response() };
        for (status, is_worth) in [
            (StatusCode::TOO_MANY_REQUESTS, true),
            (StatusCode::UNPROCESSABLE_ENTITY, true),
            (StatusCode::UNAUTHORIZED, false),
        ] {
            run(Stranger, trail(&store), move || is_worth, answer(status)).await.expect("answers");
            assert!(rows(&store).await.is_empty(), "{status}");
        }
        run(Stranger, trail(&store), || true, answer(StatusCode::UNAUTHORIZED)).await.expect("answers");
        assert_eq!(rows(&store).await, [is("denied", "unauthenticated")]);
        // An attempt that counts announces itself, however it ends.
        let change = async {
            crate::audit::begin().await.expect("is written");
            crate::audit::note(|facts| facts.add("name", "ada"));
            StatusCode::UNPROCESSABLE_ENTITY.into_response()
        };
        run(Stranger, trail(&store), || false, change).await.expect("answers");
        assert_eq!(rows(&store).await, [is("failed", "invalid_input"), is("denied", "unauthenticated")]);
    }

    #[test]
    fn answers_become_outcomes() {
        let check = |status: u16, expected: &str, code: Option<&str>| {
            let status = StatusCode::from_u16(status).expect("a status");
            let (outcome, found) = outcome_of(ErrorCode::of_status(status));
            assert_eq!((outcome.as_str(), found.map(ErrorCode::as_str)), (expected, code), "{status}");
        };
        for fine in [200, 201, 202, 204, 303] {
            check(fine, "done", None);
        }
        check(401, "denied", Some("unauthenticated"));
        check(403, "denied", Some("forbidden"));
        check(404, "denied", Some("not_found"));
        check(429, "denied", Some("rate_limited"));
        check(409, "failed", Some("conflict"));
        check(412, "failed", Some("precondition_failed"));
        check(413, "failed", Some("too_large"));
        check(415, "failed", Some("unsupported_media_type"));
        check(422, "failed", Some("invalid_input"));
        check(500, "failed", Some("internal"));
        check(503, "failed", Some("unavailable"));
        check(504, "failed", Some("internal"));
    }
}
