//! Whoever cancels meets whoever deploys: what is being asked for at a vendor right now, so that a release is held back
//! before it is made, or found by the name it has just been given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ids::DeploymentId;
use crate::providers::{ProviderError, Taken};

/// How long it takes at most to write down that a deployment is cancelled.
const CANCELLED_WITHIN: Duration = Duration::from_secs(30);

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

impl Entry<'_> {
    /// What came of it. What fails because it was cancelled is no failure: whoever has cancelled ends this deployment,
    /// and with it this call, as soon as that is written down.
    pub(in crate::providers) async fn unless_cancelled(
        &self,
        outcome: Result<Taken, ProviderError>,
    ) -> Result<Taken, ProviderError> {
        if matches!(outcome, Err(_) | Ok(Taken::Failed { .. })) {
            let is_cancelled = matches!(*self.making.lock().await, Making::Cancelled);
            if is_cancelled {
                tokio::time::sleep(CANCELLED_WITHIN).await;
            }
        }
        outcome
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.id);
    }
}
