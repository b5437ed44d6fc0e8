//! The leases this instance holds, and the heartbeat that keeps them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Orchestrator;
use crate::ids::DeploymentId;
use crate::store::{LEASE_TTL, Lease};

/// Three heartbeats may be lost before the lease is.
const HEARTBEAT: Duration = Duration::from_secs(LEASE_TTL.as_secs() / 4);

/// Leases by deployment, each with the end of what is done under it.
#[derive(Default)]
pub(super) struct HeldLeases(Mutex<HashMap<DeploymentId, (Lease, CancellationToken)>>);

impl HeldLeases {
    /// Remembers a lease; the token is cancelled when it turns out to be lost.
    pub(super) fn hold(&self, lease: Lease) -> CancellationToken {
        let lost = CancellationToken::new();
        if let Some((_, former)) = self.lock().insert(lease.deployment_id, (lease, lost.clone())) {
            former.cancel();
        }
        lost
    }

    /// It is not kept any longer. A later one of the same deployment is.
    pub(super) fn let_go(&self, lease: Lease) {
        let mut held = self.lock();
        if held.get(&lease.deployment_id).is_some_and(|(present, _)| *present == lease) {
            held.remove(&lease.deployment_id);
        }
    }

    /// The deployment has ended: nothing of it is kept.
    pub(super) fn forget(&self, id: DeploymentId) {
        self.lock().remove(&id);
    }

    /// The lease of a deployment that this instance keeps.
    pub(super) fn of(&self, id: DeploymentId) -> Option<Lease> {
        self.lock().get(&id).map(|(lease, _)| *lease)
    }

    /// Whether this instance keeps the deployment's lease.
    pub(super) fn holds(&self, id: DeploymentId) -> bool {
        self.of(id).is_some()
    }

    fn all(&self) -> Vec<Lease> {
        self.lock().values().map(|(lease, _)| *lease).collect()
    }

    fn lose(&self, lease: Lease) {
        let mut held = self.lock();
        if held.get(&lease.deployment_id).is_some_and(|(present, _)| *present == lease)
            && let Some((_, lost)) = held.remove(&lease.deployment_id)
        {
            lost.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, (Lease, CancellationToken)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orchestrator {
    /// Renews what is held until `stop`.
    pub(super) async fn keep_leases(&self, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
            let held = self.0.leases.all();
            if held.is_empty() {
                continue;
            }
            match self.0.store.renew_leases(self.0.instance, &held, self.0.clock.now()).await {
                Ok(lost) => lost.into_iter().for_each(|lease| {
                    tracing::warn!(deployment.id = %lease.deployment_id, "another instance has taken over a deployment");
                    self.0.leases.lose(lease);
                }),
                // Writes of the holder fail as well while the database is away, so nothing is done twice.
                Err(error) => tracing::error!(%error, "cannot renew leases"),
            }
        }
    }
}
