//! Whoever cancels meets whoever deploys: what is being asked for at a vendor right now, so that a release is held back
//! before it is made, or found by the name it has just been given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::DeploymentId;

/// How far a deployment of this process is. Locked while the vendor is asked to make it.
#[derive(Debug, Default)]
pub(in crate::providers) enum Making {
    /// Nothing is there.
    #[default]
    NotYet,
    /// It was asked for, and there is no answer.
    Asked,
    /// The vendor calls it so.
    Made(String),
    /// It must not be asked for any more.
    Cancelled,
}

type Handle = Arc<tokio::sync::Mutex<Making>>;

/// What this process deploys.
#[derive(Debug, Default)]
pub(in crate::providers) struct UnderWay(Mutex<HashMap<DeploymentId, Handle>>);

/// One of them, until it is dropped.
pub(in crate::providers) struct Entry<'a> {
    pub(in crate::providers) making: Handle,
    id: DeploymentId,
    all: &'a UnderWay,
}

impl UnderWay {
    /// Begins one.
    pub(in crate::providers) fn enter(&self, id: DeploymentId) -> Entry<'_> {
        let making = Handle::default();
        self.lock().insert(id, making.clone());
        Entry { making, id, all: self }
    }

    /// The one with this id.
    pub(in crate::providers) fn of(&self, id: DeploymentId) -> Option<Handle> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}
