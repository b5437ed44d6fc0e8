//! The sweep: every few seconds the table is looked at, whatever hints were lost. It ends what has
//! waited too long and hands over again what a crash left in `deploying`.

use std::time::Duration;

use slipway_proto::limits;
use tokio_util::sync::CancellationToken;

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::deployments::status::Status;
use crate::observe::metrics;
use crate::store::Deployment;

const INTERVAL: Duration = Duration::from_secs(5);
/// How often is looked for logs that can get their last form.
const FINISH_INTERVAL: Duration = Duration::from_secs(1);
/// How long a deployment waits for its sandbox's agent to connect.
const PENDING_LIMIT: Duration = Duration::from_secs(60 * 60);
/// How long a lost agent may take to come back; it builds on meanwhile.
const REATTACH_LIMIT: Duration = Duration::from_secs(15 * 60);
/// From then on people are told that the agent is away; a reconnect takes a second or two.
const DISCONNECTED_AFTER: Duration = Duration::from_secs(10);
/// The agent ends its job itself at the deadline; this is for one that does not.
const DEADLINE_SLACK: Duration = Duration::from_secs(60);
/// An agent that was told to cancel must have done so by then.
const CANCEL_LIMIT: Duration = Duration::from_secs(40);
/// Tokens and certificates are kept a while after their end: longer than one that has expired can be renewed,
/// which is seven days at most.
const KEEP_IDENTITIES: Duration = Duration::from_secs(8 * 24 * 60 * 60);
/// The same for those that only need to be recognised. Each agent has two an hour.
const KEEP_SUPERSEDED: Duration = Duration::from_secs(60 * 60);
/// Whoever comes back to a flow that is over is told so for this long.
const KEEP_ENDED_FLOWS: Duration = Duration::from_secs(60 * 60);
/// A delivery that comes again within this time changes nothing.
const KEEP_DELIVERIES: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a request with an `Idempotency-Key` gets the same answer.
const KEEP_ANSWERS: Duration = Duration::from_secs(24 * 60 * 60);

impl Orchestrator {
    /// Works until `stop`; then waits for publishing to finish.
    pub async fn run(&self, stop: CancellationToken) {
        if let Err(error) = self.0.store.release_leases_of_others(self.0.instance).await {
            tracing::error!(%error, "cannot free the leases of a former life; they run out within a minute");
        }
        tokio::join!(
            self.sweep_until(&stop),
            self.keep_leases(&stop),
            self.run_publisher(&stop),
            self.run_commit_reports(&stop),
            self.finish_logs(&stop)
        );
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn sweep_until(&self, stop: &CancellationToken) {
        loop {
            if let Err(error) = self.sweep().await {
                tracing::error!(error = format!("{error:#}"), "the sweep over unfinished deployments failed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    async fn finish_logs(&self, stop: &CancellationToken) {
        loop {
            if let Err(error) = self.0.logs.finish_due().await {
                tracing::error!(error = format!("{error:#}"), "cannot look for logs to be finished");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FINISH_INTERVAL) => {}
            }
        }
    }

    async fn sweep(&self) -> anyhow::Result<()> {
        let now = self.0.clock.now();
        let unfinished = self.0.store.unfinished_deployments().await?;
        metrics().set_in_progress(unfinished.iter().map(|deployment| deployment.status));
        for deployment in unfinished {
            let id = deployment.id;
            match deployment.status {
                Status::Pending if deployment.artifact_id.is_some() => {} // the publisher's
                Status::Pending if now.since(deployment.created_at) > PENDING_LIMIT => {
                    let message = "no agent of this sandbox connected within an hour; start slipway-agent in the sandbox and deploy again";
                    self.fail(id, message.to_owned()).await?;
                }
                Status::Building | Status::Uploading => self.check_agent(&deployment, now).await?,
                Status::Pending | Status::Deploying | Status::Success | Status::Failed | Status::Cancelled => {}
            }
        }
        self.fail_cut_off().await?;
        self.0.store.forget_expired_identities(now.minus(KEEP_IDENTITIES), now.minus(KEEP_SUPERSEDED)).await?;
        self.0.store.forget_ended_sign_ins(now).await?;
        self.0.store.forget_ended_account_flows(now.minus(KEEP_ENDED_FLOWS)).await?;
        self.0.store.forget_answers(now.minus(KEEP_ANSWERS)).await?;
        self.0.store.forget_webhooks(now, now.minus(KEEP_DELIVERIES)).await?;
        self.0.store.forget_deployment_counts(now).await?;
        self.0.store.forget_ended_leases(now).await?;
        self.0.audit.forget_old().await?;
        Ok(())
    }

    async fn check_agent(&self, deployment: &Deployment, now: Timestamp) -> anyhow::Result<()> {
        let id = deployment.id;
        if deployment.cancel_requested_at.is_some_and(|asked| now.since(asked) > CANCEL_LIMIT) {
            // The agent did not confirm; when it comes back it is told to drop the job.
            return self
                .end_cancelled(id, "the agent in the sandbox did not confirm that its processes have ended")
                .await;
        }
        let running = now.since(deployment.started_at.unwrap_or(deployment.created_at));
        if running > limits::JOB_TIMEOUT + DEADLINE_SLACK {
            let minutes = limits::JOB_TIMEOUT.as_secs() / 60;
            return self.fail(id, format!("the build did not finish within {minutes} minutes and was ended")).await;
        }
        if self.0.leases.holds(id) {
            return Ok(());
        }
        // Nobody's lease, or one of an instance that is gone when it has run out. A build is never begun
        // again because of it: the agent may be at it still, and comes back.
        let held_until = self.0.store.lease_expires_at(id).await?.unwrap_or(deployment.created_at);
        let away = now.since(held_until.max(self.0.started_at));
        if away > REATTACH_LIMIT {
            let message = "the agent in the sandbox was lost during the build and did not come back within 15 minutes; check the sandbox and deploy again";
            self.fail(id, message.to_owned()).await?;
        } else if away > DISCONNECTED_AFTER {
            let message = "The agent in the sandbox is not connected; the build may go on there. Waiting up to 15 minutes for it to come back";
            self.say_status(id, Some(message)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::orchestrator_over;
    use super::*;
    use crate::clock::Clock;
    use crate::deployments::orchestrator::AgentSession;
    use crate::store::{Move, Store, in_memory, stored_deployment};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    async fn building(store: &Store) -> Deployment {
        let id = stored_deployment(store).await;
        let mut tx = store.begin().await.expect("begins");
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        assert!(tx.move_deployment(&deployment, Move::Build, NOW).await.expect("moves"));
        tx.commit().await.expect("commits");
        store.deployment(id).await.expect("reads").expect("exists")
    }

    #[tokio::test]
    async fn a_lost_agent_is_waited_for_a_quarter_of_an_hour_and_its_build_is_never_begun_again() {
        let store = in_memory().await;
        let clock = Clock::manual(NOW);
        let orchestrator = orchestrator_over(&store, &clock).await;
        let deployment = building(&store).await;
        let now = async || store.deployment(deployment.id).await.expect("reads").expect("exists");
        let session = AgentSession { sandbox: deployment.sandbox_id, epoch: 0 };

        // As long as it is here, nothing is wrong, however long it takes.
        orchestrator.agent_came(session.sandbox).await.expect("comes");
        clock.advance(Duration::from_secs(10 * 60));
        orchestrator.sweep().await.expect("sweeps");
        assert_eq!((now().await.status, now().await.status_message), (Status::Building, None));

        orchestrator.agent_left(session).await.expect("leaves");
        orchestrator.sweep().await.expect("sweeps");
        assert_eq!(now().await.status_message, None, "a reconnect takes a moment");
        clock.advance(DISCONNECTED_AFTER + Duration::from_secs(1));
        orchestrator.sweep().await.expect("sweeps");
        assert!(now().await.status_message.is_some_and(|message| message.contains("not connected")));
        assert!(orchestrator.work_for(session.sandbox).await.expect("answers").is_empty(), "nothing is begun again");

        // It comes back a minute before the end of the wait, and leaves again: the wait begins anew.
        clock.advance(Duration::from_secs(14 * 60 - 20));
        orchestrator.agent_came(session.sandbox).await.expect("comes");
        assert_eq!((now().await.status, now().await.status_message), (Status::Building, None));
        orchestrator.agent_left(session).await.expect("leaves");
        clock.advance(Duration::from_secs(120));
        orchestrator.sweep().await.expect("sweeps");
        assert_eq!(now().await.status, Status::Building);
    }

    #[tokio::test]
    async fn an_agent_that_does_not_come_back_fails_its_build_with_a_sentence() {
        let store = in_memory().await;
        let clock = Clock::manual(NOW);
        let orchestrator = orchestrator_over(&store, &clock).await;
        let deployment = building(&store).await;
        let session = AgentSession { sandbox: deployment.sandbox_id, epoch: 0 };
        orchestrator.agent_came(session.sandbox).await.expect("comes");
        orchestrator.agent_left(session).await.expect("leaves");
        clock.advance(REATTACH_LIMIT + Duration::from_secs(1));
        orchestrator.sweep().await.expect("sweeps");
        let deployment = store.deployment(deployment.id).await.expect("reads").expect("exists");
        assert_eq!(deployment.status, Status::Failed);
        assert!(deployment.error_message.is_some_and(|message| message.contains("within 15 minutes")));
    }
}
