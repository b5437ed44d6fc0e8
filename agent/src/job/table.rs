//! The jobs this agent holds: waiting, running, or with something the control plane has not
//! acknowledged yet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::mask::{MaskSet, Secret};
use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::{BuildJob, FailureCode, JobCancelled, JobEvent, JobFailed, JobPosition, Step};
use tokio::sync::{Notify, mpsc};

use super::interrupt::{Interrupt, Reason};
use super::journal::Journal;
use super::left_over;
use crate::build::BuildCgroup;
use crate::log::JobLog;

/// Jobs waiting behind the running one. The control plane sends one at a time; this is for one that does not.
const WAITING_JOBS: usize = 4;

/// One deployment's work in this sandbox.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) order: BuildJob,
    pub(crate) log: JobLog,
    /// The values of its variables, which must not leave the sandbox again.
    pub(crate) masks: Arc<MaskSet>,
    pub(crate) interrupt: Interrupt,
    journal: Mutex<Journal>,
    is_log_closed: AtomicBool,
    is_finished: AtomicBool,
    news: Arc<Notify>,
    /// Where its journal and its log are.
    directory: PathBuf,
}

impl Job {
    /// A job over what is known of it.
    pub(super) fn over(order: BuildJob, log: JobLog, journal: Journal, news: Arc<Notify>, directory: PathBuf) -> Self {
        Self {
            masks: log.masks(),
            log,
            id: order.job_id.clone(),
            order,
            interrupt: Interrupt::default(),
            journal: Mutex::new(journal),
            is_log_closed: AtomicBool::new(false),
            is_finished: AtomicBool::new(false),
            news,
            directory,
        }
    }

    /// What its log amounts to has been reported before.
    pub(super) fn log_is_announced(&self) {
        self.is_log_closed.store(true, Ordering::Relaxed);
    }

    /// Removes it from the disk: everything has arrived, or nobody wants it any more.
    fn remove(&self) {
        self.journal().close();
        left_over::remove(&self.directory);
    }

    /// Reports something; returns the event's number.
    pub(crate) fn report(&self, kind: Kind) -> u64 {
        let seq = self.journal().push(&self.id, kind);
        self.news.notify_one();
        seq
    }

    /// Reports that a step did not work.
    pub(crate) fn report_failure(&self, step: Step, failure: &super::Failure) {
        let (code, exit_code) = (failure.code.into(), failure.exit_code);
        let message = self.masks.mask_text(&failure.message);
        tracing::info!(job.id = self.id, step = step.as_str_name(), "failed: {message}");
        self.report(Kind::Failed(JobFailed { step: step.into(), code, message, exit_code }));
    }

    /// Ends the log and says so, once.
    pub(crate) fn close_log(&self) {
        let closed = self.log.close();
        if !self.is_log_closed.swap(true, Ordering::Relaxed) {
            self.report(Kind::LogClosed(closed));
        }
    }

    /// Nothing more will be reported.
    pub(crate) fn finish(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }

    /// Number of the last event.
    pub(crate) fn last_event_seq(&self) -> u64 {
        self.journal().produced()
    }

    /// Events the control plane does not have yet.
    pub(crate) fn events_after(&self, seq: u64) -> Vec<JobEvent> {
        self.journal().after(seq)
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shared by the session, the log sender and the runner.
pub(crate) struct Jobs {
    held: Mutex<BTreeMap<String, Arc<Job>>>,
    spool_dir: PathBuf,
    queue: mpsc::Sender<Arc<Job>>,
    /// Of the build under way.
    group: Mutex<Option<Arc<BuildCgroup>>>,
    /// Woken by every event.
    pub(crate) event_news: Arc<Notify>,
    /// Woken by every line.
    pub(crate) log_news: Arc<Notify>,
}

impl Jobs {
    /// What a former process left, and the queue from which jobs are run.
    pub(crate) fn new(spool_dir: PathBuf) -> (Arc<Self>, mpsc::Receiver<Arc<Job>>) {
        let (queue, waiting) = mpsc::channel(WAITING_JOBS);
        let (event_news, log_news) = (Arc::default(), Arc::default());
        let left = left_over::load(&spool_dir, &event_news, &log_news);
        let held = Mutex::new(left.into_iter().map(|job| (job.id.clone(), job)).collect());
        let group = Mutex::default();
        (Arc::new(Self { held, spool_dir, queue, group, event_news, log_news }), waiting)
    }

    /// The control group of the build under way; the one before ends with all that is in it.
    pub(crate) fn set_group(&self, group: Option<Arc<BuildCgroup>>) {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner) = group;
    }

    /// Processes and bytes of the build under way, where a control group tells.
    pub(crate) fn build_usage(&self) -> (u32, u64) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        group.as_ref().map(|group| group.usage()).unwrap_or_default()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Job>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job; one that is known already is left alone.
    pub(crate) fn accept(&self, order: BuildJob) {
        let id = order.job_id.clone();
        if self.table().contains_key(&id) || !is_plain(&id) {
            return;
        }
        let directory = self.spool_dir.join(&id);
        let log = JobLog::new(&directory, self.log_news.clone(), Arc::new(masks(&order)));
        let journal = Journal::new(directory.clone());
        let job = Arc::new(Job::over(order, log, journal, self.event_news.clone(), directory));
        self.table().insert(id, job.clone());
        if let Err(mpsc::error::TrySendError::Full(job) | mpsc::error::TrySendError::Closed(job)) =
            self.queue.try_send(job)
        {
            job.close_log();
            let message = format!("{WAITING_JOBS} deployments are waiting in this sandbox already; deploy again later");
            job.report_failure(Step::Prepare, &super::Failure::new(FailureCode::Internal, message));
            job.finish();
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Job>> {
        self.table().get(id).cloned()
    }

    /// All of them, oldest first.
    pub(crate) fn held(&self) -> Vec<Arc<Job>> {
        self.table().values().cloned().collect()
    }

    /// For `Hello`.
    pub(crate) fn positions(&self) -> Vec<JobPosition> {
        let position = |job: &Arc<Job>| JobPosition {
            job_id: job.id.clone(),
            last_event_seq: job.last_event_seq(),
            log_offset: job.log.produced_bytes(),
        };
        self.table().values().map(position).collect()
    }

    /// Applies what `Welcome` says: where the control plane stands, and which jobs it wants no more of.
    pub(crate) fn resynchronise(&self, theirs: &[JobPosition]) {
        for job in self.held() {
            match theirs.iter().find(|position| position.job_id == job.id) {
                Some(position) => {
                    job.journal().acknowledge(position.last_event_seq);
                    job.log.set_stored_bytes(position.log_offset);
                    self.forget_if_delivered(&job);
                }
                None => self.drop_job(&job.id),
            }
        }
    }

    /// The control plane has applied events up to a number.
    pub(crate) fn acknowledge(&self, id: &str, last: u64) {
        if let Some(job) = self.get(id) {
            job.journal().acknowledge(last);
            self.forget_if_delivered(&job);
        }
    }

    /// A job is forgotten when all it had to say has arrived.
    pub(crate) fn forget_if_delivered(&self, job: &Job) {
        if job.is_finished() && job.journal().is_delivered() && job.log.is_delivered() {
            self.table().remove(&job.id);
            job.remove();
        }
    }

    /// A person wants it to end.
    pub(crate) fn cancel(&self, id: &str, grace: Duration) {
        if let Some(job) = self.get(id) {
            job.interrupt.raise(Reason::Cancelled, grace.min(limits::CANCEL_GRACE));
        }
    }

    /// Nobody wants to hear of it any more.
    pub(crate) fn drop_job(&self, id: &str) {
        if let Some(job) = self.table().remove(id) {
            job.interrupt.raise(Reason::Dropped, limits::CANCEL_GRACE);
            job.remove();
        }
    }

    /// Ends all of them, with a short grace.
    pub(crate) fn stop_all(&self, reason: Reason, grace: Duration) {
        for job in self.held() {
            job.interrupt.raise(reason, grace);
        }
    }

    /// Bytes on disk that are not stored at the control plane.
    pub(crate) fn spool_bytes(&self) -> u64 {
        self.held().iter().map(|job| job.log.produced_bytes().saturating_sub(job.log.stored_bytes())).sum()
    }
}

/// Every variable is a secret, unless it says that it is none.
fn masks(order: &BuildJob) -> MaskSet {
    let Some(env) = &order.env else { return MaskSet::default() };
    let secret = env.variables.iter().filter(|(name, _)| !env.plain.contains(name));
    MaskSet::new(secret.map(|(name, value)| Secret { name, value: value.as_bytes() }))
}

/// The id names files; the server's are UUIDs.
pub(super) fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What a cancelled job reports.
pub(super) fn cancelled(survivors: u32) -> Kind {
    Kind::Cancelled(JobCancelled { survivors })
}
