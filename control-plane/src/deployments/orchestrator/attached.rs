//! Which agent is at which deployment: an instance keeps the lease of what the agents connected to it
//! build. When one leaves, the lease is given back and nothing else happens: it builds on, and comes back.

use super::Orchestrator;
use crate::bus::News;
use crate::clock::Timestamp;
use crate::ids::{DeploymentId, SandboxId};
use crate::store::Tx;

/// Who reports: a sandbox, in one of its sessions. A later session makes the earlier ones void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentSession {
    /// Whose agent.
    pub sandbox: SandboxId,
    /// As `Welcome` told it.
    pub epoch: i64,
}

impl Orchestrator {
    /// The agent has a session here: what it builds is ours to advance.
    pub async fn agent_came(&self, sandbox: SandboxId) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        for deployment in self.0.store.agent_work(sandbox).await? {
            if deployment.status.is_with_agent() {
                let mut tx = self.0.store.begin().await?;
                if !self.attach(&mut tx, deployment.id, now).await? {
                    continue; // uploaded a moment ago
                }
                if deployment.cancel_requested_at.is_none() {
                    tx.set_status_message(deployment.id, None).await?;
                }
                tx.commit().await?;
                self.0.bus.publish(News::Deployment(deployment.id));
            }
        }
        Ok(())
    }

    /// The agent's session here has ended.
    pub async fn agent_left(&self, session: AgentSession) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        for deployment in self.0.store.agent_work(session.sandbox).await? {
            let Some(held) = self.0.leases.of(deployment.id) else { continue };
            let mut tx = self.0.store.begin().await?;
            // Unless a newer session has it already, here or elsewhere.
            if tx.is_current_session(session.sandbox, session.epoch).await?
                && tx.free_agent_lease(deployment.id, now).await?
            {
                tx.commit().await?;
                self.0.leases.let_go(held);
            }
        }
        Ok(())
    }

    /// Takes the lease of what an agent connected here is at; `false` when that is with the agent no more.
    pub(super) async fn attach(&self, tx: &mut Tx, id: DeploymentId, now: Timestamp) -> anyhow::Result<bool> {
        let lease = tx.claim_agent_lease(self.0.instance, id, now).await?;
        // Nothing runs here under this lease; the agent's own session says when it must stop.
        let unneeded = lease.map(|lease| self.0.leases.hold(lease));
        Ok(unneeded.is_some())
    }

    /// Tells people what an unfinished deployment is about.
    pub(super) async fn say_status(&self, id: DeploymentId, message: Option<&str>) -> anyhow::Result<()> {
        let mut tx = self.0.store.begin().await?;
        if tx.set_status_message(id, message).await? {
            tx.commit().await?;
            self.0.bus.publish(News::Deployment(id));
        }
        Ok(())
    }
}
