//! Cutting off whoever was revoked while connected. The database says who, whichever process wrote it there:
//! one look each second for all connections together.

use std::time::Duration;

use super::Gateway;
use crate::store::Revocation;

/// How often it is looked. With last words and the cut, two seconds are kept.
const POLL: Duration = Duration::from_secs(1);
/// Revocations taken in one look; more follow at once.
const AT_ONCE: i64 = 1_000;

impl Gateway {
    /// Cuts off, until the gateway stops, whoever is revoked after the revocation `last`.
    pub(super) async fn watch_revocations(self, mut last: i64) {
        loop {
            match self.store.revocations_after(last, AT_ONCE).await {
                Ok(revocations) if !revocations.is_empty() => {
                    for revocation in &revocations {
                        last = revocation.seq;
                        self.cut_off(revocation);
                    }
                    if let Err(error) = self.orchestrator.fail_cut_off().await {
                        tracing::error!(error = format!("{error:#}"), "cannot end deployments of a revoked sandbox");
                    }
                    continue;
                }
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "cannot look for revocations"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    fn cut_off(&self, revocation: &Revocation) {
        let (sandbox, serial) = (revocation.sandbox_id, revocation.serial.as_deref());
        self.sessions.disconnect_with(sandbox, serial);
        self.connections.cut_soon(sandbox, serial);
    }
}
