//! Deployments whose sandbox was shut out: its agent is told to stop and never comes back with them.

use super::Orchestrator;
use crate::deployments::status::Status;
use crate::store::SandboxState;

impl Orchestrator {
    /// Ends what was waiting for an agent that may not connect, or being built by one. What a quarantined
    /// sandbox has waiting stays: the quarantine may be lifted.
    pub async fn fail_cut_off(&self) -> anyhow::Result<()> {
        for (id, state) in self.0.store.deployments_cut_off().await? {
            let message = match state {
                SandboxState::Quarantined => {
                    "the sandbox was put in quarantine, because its agent's identity was used by two agents; lift the quarantine, enrol its agent with a new token and deploy again"
                }
                SandboxState::Revoked => {
                    "the sandbox was revoked, so its agent was cut off; deploy from another sandbox"
                }
                SandboxState::Active => continue,
            };
            let mut tx = self.0.store.begin().await?;
            let Some(deployment) = tx.deployment(id).await? else { continue };
            let is_agents = deployment.status.is_with_agent() || deployment.status == Status::Pending;
            if is_agents && self.fail_in(&mut tx, &deployment, message).await? {
                tx.commit().await?;
                self.ended(&deployment);
            }
        }
        Ok(())
    }
}
