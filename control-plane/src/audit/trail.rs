//! A change under way: its intent is written before it begins, and what becomes known about it is
//! gathered until its outcome is.
//!
//! The trail of the present request is the task's, like its id: `authorize` and the handlers add to it
//! without being handed it, so no handler can forget to pass it on. Outside of a recorded change what is
//! noted goes nowhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::{Action, Actor, ActorKind, Audit, Ended, Entry, Facts, Outcome};
use crate::error::{Error, ErrorCode};
use crate::ids::AuditId;

tokio::task_local! {
    static CURRENT: Trail;
}

/// A change under way.
#[derive(Clone)]
pub struct Trail(Arc<Inner>);

struct Inner {
    audit: Audit,
    action: Action,
    actor: Actor,
    state: Mutex<State>,
}

struct State {
    facts: Facts,
    /// The row, once the intent is written.
    row: Option<AuditId>,
}

/// Adds to what is known about the change that this task is making.
pub fn note(add: impl FnOnce(&mut Facts)) {
    let _ = CURRENT.try_with(|trail| trail.note(add));
}

/// Who makes the change that this task is making, when it is a person.
pub fn acting_user() -> Option<Uuid> {
    let actor = |trail: &Trail| match trail.0.actor.kind {
        ActorKind::User => trail.0.actor.id,
        _ => None,
    };
    CURRENT.try_with(actor).ok().flatten()
}

/// Writes the intent of the change that this task is making, unless it is written. For sign-ins, which
/// nobody announces: a stranger's attempt is recorded from where it counts.
///
/// # Errors
/// `Unavailable` when it cannot be written; then nothing may be changed.
pub async fn begin() -> Result<(), Error> {
    match CURRENT.try_with(Trail::clone) {
        Ok(trail) => trail.begin().await,
        Err(_) => Ok(()),
    }
}

impl Trail {
    /// Of a change of which nothing is written yet.
    pub fn new(audit: Audit, action: Action, actor: Actor, facts: Facts) -> Self {
        Self(Arc::new(Inner { audit, action, actor, state: Mutex::new(State { facts, row: None }) }))
    }

    /// Runs the change; what it notes comes here.
    pub async fn follow<T>(&self, change: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), change).await
    }

    /// Intent, change, outcome, for a change that is no request.
    ///
    /// # Errors
    /// That of the change, or `Unavailable` when the intent cannot be written.
    pub async fn record<T, E: From<Error>>(&self, change: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.begin().await?;
        let changed = self.follow(change).await;
        let (outcome, error) = if changed.is_ok() { (Outcome::Done, None) } else { (Outcome::Failed, None) };
        self.end(outcome, error).await;
        changed
    }

    /// Writes the intent, in a commit of its own.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be written; then nothing may be changed.
    pub async fn begin(&self) -> Result<(), Error> {
        if self.has_begun() {
            return Ok(());
        }
        let entry = self.entry();
        self.0.audit.store.record(&entry).await.map_err(|error| {
            tracing::error!("the audit log cannot be written: {error}");
            let message = "the audit log cannot be written, so nothing was changed; send the request again later";
            Error::new(ErrorCode::Unavailable, message)
        })?;
        self.state().row = Some(entry.id);
        Ok(())
    }

    /// Adds to what is known about it.
    pub fn note(&self, add: impl FnOnce(&mut Facts)) {
        add(&mut self.state().facts);
    }

    /// Whether the intent is written.
    pub fn has_begun(&self) -> bool {
        self.state().row.is_some()
    }

    /// Writes how it ended, with what became known meanwhile; the whole row, when there was no intent.
    pub async fn end(&self, outcome: Outcome, error: Option<ErrorCode>) {
        let ended = Ended { outcome, error, at: self.0.audit.clock.now() };
        let (row, facts) = {
            let state = self.state();
            (state.row, state.facts.clone())
        };
        let written = match row {
            Some(row) => self.0.audit.store.end_audit(row, &facts, ended).await,
            None => self.0.audit.store.record(&Entry { ended: Some(ended), ..self.entry() }).await,
        };
        if let Err(error) = written {
            // The row stays open, which is the truth: nobody wrote how it ended.
            tracing::error!("the outcome of a change cannot be written to the audit log: {error}");
        }
    }

    fn entry(&self) -> Entry {
        let facts = self.state().facts.clone();
        Entry::intent(self.0.action, self.0.actor.clone(), facts, self.0.audit.clock.now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
