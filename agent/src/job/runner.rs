//! Runs jobs one after the other, and reports how each ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::{ArtifactCommitted, FailureCode, JobAccepted, Step};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::interrupt::Reason;
use super::steps::Steps;
use super::table::cancelled;
use super::{Failure, Halt, Job, Jobs};
use crate::artifact::KnownDigests;
use crate::build::{BuildUser, Cgroups, UserAndGroup};
use crate::channel::{Address, CurrentIdentity};
use crate::directories::BuildDir;

/// What every job needs.
pub(crate) struct Runner {
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) workspace: PathBuf,
    pub(crate) builds: Arc<BuildDir>,
    pub(crate) build_user: Option<UserAndGroup>,
    /// Where groups for builds can be made.
    pub(crate) cgroups: Option<Cgroups>,
    pub(crate) address: Address,
    pub(crate) identity: CurrentIdentity,
    pub(crate) known: Arc<KnownDigests>,
}

impl Runner {
    /// Runs what is queued until `stop`; the job under way is ended by its own interrupt.
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Arc<Job>>, stop: CancellationToken) {
        loop {
            let job = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                job = queue.recv() => match job {
                    Some(job) => job,
                    None => return,
                },
            };
            self.run_job(&job).await;
        }
    }

    async fn run_job(&self, job: &Arc<Job>) {
        let mut directory = None;
        let mut step = Step::Prepare;
        let timeout = match job.order.timeout_seconds {
            0 => limits::JOB_TIMEOUT,
            seconds => Duration::from_secs(seconds.into()).min(limits::JOB_TIMEOUT),
        };
        tracing::info!(job.id, "building");
        job.report(Kind::Accepted(JobAccepted {}));
        let outcome = {
            let build_user = BuildUser::choose(self.build_user, &self.workspace);
            let mut steps =
                Steps { runner: self, job, build_user, step: &mut step, directory: &mut directory, group: None };
            let mut steps = std::pin::pin!(steps.run());
            tokio::select! {
                outcome = &mut steps => outcome,
                () = tokio::time::sleep(timeout) => {
                    job.interrupt.raise(Reason::TimedOut, limits::CANCEL_GRACE);
                    steps.await
                }
            }
        };
        job.close_log();
        match outcome {
            Ok(artifact_id) => {
                job.report(Kind::ArtifactCommitted(ArtifactCommitted { artifact_id }));
                tracing::info!(job.id, "built and uploaded");
            }
            Err(Halt::Failed(failure)) => job.report_failure(step, &failure),
            Err(Halt::Interrupted) => report_interruption(job, step, timeout),
        }
        self.jobs.set_group(None);
        job.finish();
        self.jobs.forget_if_delivered(job);
        if let Some(directory) = directory {
            // Tens of thousands of files, maybe: off the thread that keeps the session alive.
            let _ = tokio::task::spawn_blocking(move || drop(directory)).await;
        }
    }
}

fn report_interruption(job: &Job, step: Step, timeout: Duration) {
    let survivors = job.interrupt.survivors();
    if survivors > 0 {
        tracing::error!(job.id, survivors, "processes of this build could not be killed");
    }
    match job.interrupt.reason() {
        Some(Reason::TimedOut) => {
            let message = format!(
                "the build did not finish within {} and was ended; make it faster, or find out what it waits for",
                in_words(timeout)
            );
            job.report_failure(step, &Failure::new(FailureCode::TimedOut, message));
        }
        Some(Reason::Stopping) => {
            let message = "the agent in the sandbox was stopped during the build; start it and deploy again";
            job.report_failure(step, &Failure::new(FailureCode::Internal, message));
        }
        Some(Reason::Cancelled | Reason::Dropped) | None => {
            tracing::info!(job.id, "cancelled");
            job.report(cancelled(survivors));
        }
    }
}

fn in_words(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}
