//! Whoever cancels meets whoever deploys: what is being asked for at a vendor right now, so that a release is held back
//! before it is made, or found by the name it has just been given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::asking::asked_now;
use crate::ids::DeploymentId;
use crate::providers::{CancelOutcome, DeployContext, ProviderError, Taken};

const PRODUCTION: &str = "production";
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

impl Making {
    /// Whether it may still be asked for.
    ///
    /// # Errors
    /// `Rejected` when it must not: somebody has cancelled it.
    pub(in crate::providers) fn goes_on(&self) -> Result<(), ProviderError> {
        match self {
            Self::Cancelled => Err(ProviderError::Rejected("it was cancelled".to_owned())),
            Self::NotYet | Self::Asked | Self::Made(_) => Ok(()),
        }
    }
}

/// What whoever cancels finds.
pub(in crate::providers) enum Met {
    /// That is decided, and the vendor need not be asked.
    Ended(CancelOutcome),
    /// It may be at the vendor; under this name, where that is known.
    AtVendor(Option<String>),
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

    /// Holds a release back that was not asked for yet, and waits for the answer of one that is being asked for.
    pub(in crate::providers) async fn hold_back(&self, context: &DeployContext<'_>) -> Met {
        match self.of(context.deployment_id) {
            Some(making) => {
                let mut making = making.lock().await;
                match &*making {
                    Making::Made(id) => Met::AtVendor(Some(id.clone())),
                    Making::Asked => Met::AtVendor(None),
                    Making::NotYet | Making::Cancelled => {
                        *making = Making::Cancelled;
                        Met::Ended(CancelOutcome::Cancelled)
                    }
                }
            }
            // To make a former release live again takes no time in which it could be held back.
            None if context.replaces.is_some() && context.environment == PRODUCTION => {
                Met::Ended(CancelOutcome::TooLate)
            }
            None => Met::AtVendor(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// The one request that makes a release; whoever cancels waits for its answer. `name` is what the vendor calls what
    /// it has made, if it has made something.
    pub(in crate::providers) async fn ask<T>(
        &self,
        context: &DeployContext<'_>,
        request: impl Future<Output = Result<T, ProviderError>>,
        name: impl FnOnce(&T) -> Option<String>,
    ) -> Result<T, ProviderError> {
        let mut making = self.making.lock().await;
        making.goes_on()?;
        context.notes.begun(&asked_now()).await?;
        *making = Making::Asked;
        let outcome = request.await;
        match &outcome {
            Ok(answer) => *making = name(answer).map_or(Making::NotYet, Making::Made),
            Err(ProviderError::Failed(_)) => {}
            Err(_) => *making = Making::NotYet,
        }
        outcome
    }

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
