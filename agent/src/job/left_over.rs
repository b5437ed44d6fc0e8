//! What a former process of this agent left on disk: jobs whose end, or whose log, the control plane may not
//! have. What was finished is delivered; what was not is reported as what it is, because builds are not
//! resumed.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::{BuildJob, FailureCode, JobFailed, Step};
use tokio::sync::Notify;

use super::Job;
use super::journal::Journal;
use super::table::is_plain;
use crate::log::JobLog;

/// More than an agent holds at any time; the rest is damage.
const MOST_JOBS: usize = 32;
const CRASHED: &str = "the agent in the sandbox ended during the build and was restarted; nothing was published, and builds \
                       are not resumed. Deploy again";

/// The jobs in a directory. What cannot be read is put aside, so that it is not tried again and again.
pub(super) fn load(directory: &Path, event_news: &Arc<Notify>, log_news: &Arc<Notify>) -> Vec<Arc<Job>> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut jobs = Vec::new();
    for entry in entries.flatten().take(MOST_JOBS) {
        let path = entry.path();
        let id = entry.file_name().to_string_lossy().into_owned();
        if !path.is_dir() || !is_plain(&id) {
            continue;
        }
        match load_job(&path, &id, event_news, log_news) {
            Ok(Some(job)) => jobs.push(job),
            Ok(None) => remove(&path),
            Err(error) => {
                tracing::warn!(job.id = id, %error, "what is left of a job cannot be read; it is put aside");
                let _ = fs::rename(&path, path.with_extension("damaged"));
            }
        }
    }
    jobs
}

/// `None` for a job that never began: the control plane sends it again.
fn load_job(
    directory: &Path,
    id: &str,
    event_news: &Arc<Notify>,
    log_news: &Arc<Notify>,
) -> io::Result<Option<Arc<Job>>> {
    let journal = match Journal::load(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        journal => journal?,
    };
    let events = journal.after(0);
    let Some(last) = events.last().and_then(|event| event.kind.as_ref()) else { return Ok(None) };
    let is_ended = matches!(last, Kind::ArtifactCommitted(_) | Kind::Failed(_) | Kind::Cancelled(_));
    let is_log_closed = events.iter().any(|event| matches!(event.kind, Some(Kind::LogClosed(_))));
    let step = events.iter().rev().find_map(|event| match &event.kind {
        Some(Kind::StepStarted(started)) => Some(started.step()),
        _ => None,
    });
    let order = BuildJob { job_id: id.to_owned(), ..BuildJob::default() };
    let log = JobLog::load(directory, log_news.clone())?;
    let job = Job::over(order, log, journal, event_news.clone(), directory.to_owned());
    if is_log_closed {
        job.log_is_announced();
    }
    job.close_log();
    if !is_ended {
        tracing::warn!(job.id = id, "the agent ended during this job");
        job.report(Kind::Failed(JobFailed {
            step: step.unwrap_or(Step::Prepare).into(),
            code: FailureCode::AgentCrashed.into(),
            message: CRASHED.to_owned(),
            exit_code: None,
        }));
    }
    job.finish();
    Ok(Some(Arc::new(job)))
}

/// Nothing of the job is needed any more.
pub(super) fn remove(directory: &Path) {
    slipway_proto::crash::point("before the agent removes a job");
    if let Err(error) = fs::remove_dir_all(directory)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "what is left of a job cannot be removed");
    }
    slipway_proto::crash::point("after the agent has removed a job");
}
