//! Watching a deployment: what the store holds, and then what changes. Everybody watches this way
//! (SSE, `slipway up`), and nobody who watches slowly can slow down what is written.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::types::Json;

use super::line_steps::LineSteps;
use super::status::Step;
use crate::bus::{Bus, Listener, News};
use crate::clock::{Clock, Timestamp};
use crate::ids::DeploymentId;
use crate::logs::Logs;
use crate::providers::WaitingOn;
use crate::store::{Deployment, LogLine, StepRow, Store};

/// How often the store is read without a hint.
const POLL: Duration = Duration::from_secs(1);
/// After the end, how long to wait for log lines that are announced and not here yet.
const LOG_GRACE: Duration = Duration::from_secs(5);

/// Something a watcher should know.
#[derive(Debug, Clone)]
pub enum Event {
    /// A line of the log, its number, and the step it is of.
    Log(i64, Step, LogLine),
    /// A step has changed, or is as it was when the watching began.
    Step(StepRow),
    /// The status or its message has changed.
    Status(Box<Deployment>),
    /// Nothing more will come.
    Done(Box<Deployment>),
}

/// Status, its message, for whom it waits, and whether it is being cancelled.
type SeenStatus = (&'static str, Option<String>, Option<Json<WaitingOn>>, bool);

/// One watcher's place.
pub struct Follower {
    store: Store,
    logs: Logs,
    clock: Clock,
    listener: Listener,
    id: DeploymentId,
    next_line: i64,
    seen_steps: HashMap<&'static str, StepRow>,
    seen_status: Option<SeenStatus>,
    is_done: bool,
}

impl Follower {
    /// Watches from the line after `last_line` (0 for all of them).
    pub fn new(logs: Logs, store: Store, bus: &Bus, clock: Clock, id: DeploymentId, last_line: i64) -> Self {
        Self {
            store,
            logs,
            clock,
            listener: bus.listen(News::Deployment(id)),
            id,
            next_line: last_line.max(0).saturating_add(1),
            seen_steps: HashMap::new(),
            seen_status: None,
            is_done: false,
        }
    }

    /// The next events, at least one; empty once the deployment is done or gone.
    pub async fn next(&mut self) -> anyhow::Result<Vec<Event>> {
        while !self.is_done {
            let Some(deployment) = self.store.deployment(self.id).await? else { break };
            let events = self.look(deployment).await?;
            if !events.is_empty() {
                return Ok(events);
            }
            // A hint that was lost costs one poll interval.
            let _ = tokio::time::timeout(POLL, self.listener.changed()).await;
        }
        Ok(Vec::new())
    }

    async fn look(&mut self, deployment: Deployment) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::new();
        // Read in this order, so that nothing is announced before the lines that led to it, and a log
        // that is complete by the first reading is complete.
        let steps = self.store.steps(self.id).await?;
        let lines = self.logs.lines(self.id, self.next_line).await?;
        let is_at_end = lines.is_empty();
        if let Some((last, _)) = lines.last() {
            self.next_line = last + 1;
            // Read again: these lines may be of a step that has begun meanwhile.
            let known = LineSteps::new(&self.store.steps(self.id).await?);
            events.extend(lines.into_iter().map(|(number, line)| Event::Log(number, known.step_of(number), line)));
        }
        for step in steps {
            if self.seen_steps.get(step.step.as_str()) != Some(&step) {
                self.seen_steps.insert(step.step.as_str(), step.clone());
                events.push(Event::Step(step));
            }
        }
        let status = (
            deployment.status.as_str(),
            deployment.status_message.clone(),
            deployment.waiting_on.clone(),
            deployment.cancel_requested_at.is_some(),
        );
        if self.seen_status.as_ref() != Some(&status) && !deployment.status.is_final() {
            self.seen_status = Some(status);
            events.push(Event::Status(Box::new(deployment.clone())));
        }
        if is_at_end && is_over(&deployment, self.clock.now()) {
            self.is_done = true;
            events.push(Event::Status(Box::new(deployment.clone())));
            events.push(Event::Done(Box::new(deployment)));
        }
        Ok(events)
    }
}

/// Whether it has ended and its log is complete, or not to be waited for any longer. A log that an
/// agent has begun is complete when the agent has closed it and all its bytes are here.
pub fn is_over(deployment: &Deployment, now: Timestamp) -> bool {
    let is_log_complete = match deployment.log_announced_bytes {
        Some(announced) => announced <= deployment.log_bytes,
        None => deployment.last_event_seq == 0,
    };
    deployment.completed_at.is_some_and(|ended| is_log_complete || now.since(ended) > LOG_GRACE)
}
