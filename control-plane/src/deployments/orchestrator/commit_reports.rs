//! The word back to the commit: when what a sandbox deploys is what was pushed from it before, the git host is told how
//! the deployment ended. What is to be told is written down together with that end; telling it is in nobody's way, is
//! tried for a day, and is looked for before it is repeated.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::deployments::status::Status;
use crate::providers::{DeploymentReport, ProviderError};
use crate::store::{CommitReport, Deployment, Target, Tx};

/// How often is looked for something to be told.
const POLL: Duration = Duration::from_secs(1);
/// Told at the same time.
const AT_ONCE: i64 = 8;
/// Wait after the first attempt; it doubles with each, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// What could not be told by then is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Of one report.
const TIME_LIMIT: Duration = Duration::from_secs(60);

impl Orchestrator {
    /// Ids of the providers that have commits.
    pub(super) fn git_hosts(&self) -> Vec<&'static str> {
        self.0.providers.iter().filter(|provider| provider.git().is_some()).map(|provider| provider.id()).collect()
    }

    /// Writes down what is to be told because a deployment has ended in this transaction.
    pub(super) async fn report_end(&self, tx: &mut Tx, deployment: &Deployment) -> anyhow::Result<()> {
        let hosts = self.git_hosts();
        let tree = deployment.metadata.get("source").and_then(|source| source["tree"].as_str());
        let Some(tree) = tree.filter(|_| !hosts.contains(&deployment.provider.as_str())) else { return Ok(()) };
        let now = tx.deployment(deployment.id).await?.filter(|now| now.status.is_final() && !now.dry_run);
        if now.is_some() {
            tx.enqueue_commit_reports(deployment, tree, &hosts, self.0.clock.now()).await?;
        }
        Ok(())
    }

    /// Tells what is to be told until `stop`.
    pub(super) async fn run_commit_reports(&self, stop: &CancellationToken) {
        loop {
            if let Err(error) = self.tell_due().await {
                tracing::error!(error = format!("{error:#}"), "cannot look for what git hosts are to be told");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    async fn tell_due(&self) -> anyhow::Result<()> {
        let due = self.0.store.claim_commit_reports(self.0.clock.now(), AT_ONCE).await?;
        futures::future::try_join_all(due.iter().map(|report| self.tell(report))).await?;
        Ok(())
    }

    async fn tell(&self, report: &CommitReport) -> anyhow::Result<()> {
        let store = &self.0.store;
        let (deployment, target) =
            (store.deployment(report.deployment_id).await?, store.target(report.target_id).await?);
        let (Some(deployment), Some(target)) = (deployment, target) else {
            return Ok(store.forget_commit_report(report).await?);
        };
        let told = tokio::time::timeout(TIME_LIMIT, self.tell_about(report, &deployment, &target)).await;
        let told = told.unwrap_or_else(|_| Err(ProviderError::Failed(anyhow::anyhow!("it takes too long"))));
        let now = self.0.clock.now();
        let wait = match &told {
            Ok(()) | Err(ProviderError::Rejected(_)) => None,
            Err(ProviderError::Busy { retry_after }) => Some(retry_after.unwrap_or(LONGEST_WAIT)),
            Err(ProviderError::Failed(_)) => Some(wait_after(report.attempts)),
        };
        let wait = wait.filter(|_| now.since(report.created_at) < GIVEN_UP_AFTER);
        if let Err(error) = told {
            let (again, error) = (wait.is_some(), format!("{:#}", anyhow::Error::new(error)));
            tracing::warn!(deployment.id = %deployment.id, target.id = %target.id, again, error, "a commit was not reported on");
        }
        match wait {
            Some(wait) => store.postpone_commit_report(report, later(now, wait)).await?,
            None => store.forget_commit_report(report).await?,
        }
        Ok(())
    }

    async fn tell_about(
        &self,
        report: &CommitReport,
        deployment: &Deployment,
        target: &Target,
    ) -> Result<(), ProviderError> {
        let Some(host) = self.0.providers.get(&target.provider).and_then(|provider| provider.git()) else {
            return Ok(());
        };
        let reached = self.reach(target).await?;
        let (id, place) = (deployment.id.to_string(), format!("{} {}", deployment.provider, deployment.environment));
        host.report(
            reached.destination(),
            &DeploymentReport {
                deployment_id: &id,
                commit: &report.commit_name,
                environment: &place,
                is_production: deployment.environment == "production",
                succeeded: deployment.status == Status::Success,
                url: deployment.deployment_url.as_deref(),
            },
        )
        .await
    }
}

fn wait_after(attempt: i64) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 16) - 1).unwrap_or(0);
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.plus(wait.min(LONGEST_WAIT))
}
