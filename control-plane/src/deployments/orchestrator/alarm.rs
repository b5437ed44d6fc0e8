//! A credential of the owner, or of the target's, in what comes out of a sandbox. By design it cannot be there, so it is
//! an alarm: it is hidden, the deployment ends, and its owner learns which credential to rotate.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::Orchestrator;
use crate::audit::{Action, Actor, Entry, Facts};
use crate::bus::News;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::{DeploymentId, SandboxId, UserId};
use crate::secrets::{OwnerSecrets, SeenSecret};
use crate::store::{Deployment, Move, Sandbox, Tx};

const KEY: &str = "alarm";
/// How long an agent is told to drop what an alarm ended; it needs to hear it once.
const TELL_AGENT: Duration = Duration::from_secs(60);

impl Orchestrator {
    /// The credentials to be searched for and hidden: those of the deployment's owner and, as a person may
    /// deploy to a target of their team, those of the target's.
    pub(super) async fn secrets_of(&self, deployment: &Deployment) -> anyhow::Result<OwnerSecrets> {
        self.0.secrets.of(&self.owners(deployment).await?).await
    }

    async fn owners(&self, deployment: &Deployment) -> anyhow::Result<Vec<UserId>> {
        let target = self.0.store.target(deployment.target_id).await?;
        let owners = [Some(deployment.user_id), target.map(|target| target.user_id)];
        Ok(owners.into_iter().flatten().collect())
    }

    /// Whose credentials must not be in what a sandbox's agent sends of a job; they stay the same. Nobody's for a job that
    /// is not its own.
    pub async fn owners_of_job(&self, sandbox: SandboxId, id: DeploymentId) -> anyhow::Result<Vec<UserId>> {
        match self.0.store.deployment(id).await? {
            Some(deployment) if deployment.sandbox_id == sandbox => self.owners(&deployment).await,
            _ => Ok(Vec::new()),
        }
    }

    /// The credentials of these owners, as they are now.
    pub async fn secrets_of_owners(&self, owners: &[UserId]) -> anyhow::Result<OwnerSecrets> {
        self.0.secrets.of(owners).await
    }

    /// Looks for credentials of a sandbox's owner in what its agent answers to a question.
    ///
    /// # Errors
    /// `Conflict` when there is one: then nothing of the answer may be passed on.
    pub async fn check_answer(&self, sandbox: &Sandbox, answer: &[u8]) -> Result<(), Error> {
        let secrets = self.0.secrets.of(&[sandbox.user_id]).await?;
        let seen = secrets.seen(&secrets.find(answer));
        if seen.is_empty() {
            return Ok(());
        }
        let message = message(&seen, "its answer is withheld");
        tracing::error!(sandbox.id = %sandbox.id, user.id = %sandbox.user_id, "{message}");
        let mut facts = Facts::of(sandbox.user_id, "sandbox", sandbox.id.as_uuid());
        facts.names("credential_ids", seen.iter().map(|seen| seen.credential.to_string()));
        let row = Entry::done(Action::SecretSeenInSandbox, Actor::system(), facts, self.0.clock.now());
        self.0.store.record(&row).await?;
        Err(Error::conflict(message))
    }

    /// Ends the deployment because of what was seen. Part of the transaction that stores what is left
    /// of it; call [`alarm_raised`](Self::alarm_raised) when that is committed.
    pub async fn raise_alarm(
        &self,
        tx: &mut Tx,
        deployment: &mut Deployment,
        seen: &[SeenSecret],
    ) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        let credentials: Vec<_> = seen
            .iter()
            .map(|seen| json!({ "id": seen.credential, "provider": seen.provider, "label": seen.label }))
            .collect();
        let alarm = json!({ "kind": "secret_seen_in_sandbox", "credentials": credentials });
        if deployment.metadata.get(KEY) == Some(&alarm) {
            return Ok(()); // seen again, said before
        }
        let message = message(seen, "the deployment was stopped");
        tx.add_metadata(deployment, KEY, alarm).await?;
        audit(tx, deployment, seen, now).await?;
        if tx.move_deployment(deployment, Move::Fail { message: message.clone() }, now).await? {
            tracing::error!(deployment.id = %deployment.id, "stopped: {message}");
        }
        tx.append_system_line(deployment.id, &message, now).await
    }

    /// Tells everybody; the agent's session drops the job.
    pub fn alarm_raised(&self, deployment: &Deployment) {
        self.0.bus.publish(News::Deployment(deployment.id));
        self.0.bus.publish(News::Sandbox(deployment.sandbox_id));
    }

    /// Jobs that an alarm ended and that the sandbox's agent may still be at.
    pub(super) async fn to_be_dropped(&self, sandbox: SandboxId) -> anyhow::Result<Vec<DeploymentId>> {
        Ok(self.0.store.alarmed(sandbox, self.0.clock.now().minus(TELL_AGENT)).await?)
    }
}

/// The audit log's row, for the deployment's owner and for the target's: either may have to rotate.
async fn audit(tx: &mut Tx, deployment: &Deployment, seen: &[SeenSecret], now: Timestamp) -> Result<(), sqlx::Error> {
    for seen in seen {
        tracing::error!(
            audit.action = Action::SecretSeenInSandbox.as_str(), deployment.id = %deployment.id,
            sandbox.id = %deployment.sandbox_id, user.id = %deployment.user_id, credential.id = %seen.credential,
            "a credential was found in what a sandbox sent"
        );
    }
    let target = tx.target(deployment.target_id).await?;
    let owners = [Some(deployment.user_id), target.map(|target| target.user_id)];
    let owners: BTreeSet<UserId> = owners.into_iter().flatten().collect();
    for owner in owners {
        let mut facts = Facts::of(owner, "deployment", deployment.id.as_uuid());
        facts.add("sandbox_id", deployment.sandbox_id.to_string());
        facts.names("credential_ids", seen.iter().map(|seen| seen.credential.to_string()));
        tx.record(&Entry::done(Action::SecretSeenInSandbox, Actor::system(), facts, now)).await?;
    }
    Ok(())
}

fn message(seen: &[SeenSecret], consequence: &str) -> String {
    let named: Vec<_> = seen.iter().map(|seen| format!("`{}` ({})", seen.label, seen.provider)).collect();
    let (noun, verb, object) =
        if seen.len() == 1 { ("credential", "was", "it") } else { ("credentials", "were", "them") };
    format!(
        "the {noun} {} {verb} found in what the sandbox sent, where Slipway never puts {object}; \
         {consequence}. Rotate {object} at the provider, and look for {object} in the project",
        named.join(", ")
    )
}
