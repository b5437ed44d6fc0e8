//! Where log batches of all agents become rows: one writer, which commits whatever came while it wrote the
//! last time. So a hundred agents cost as many commits as one, and a batch is answered after the commit that
//! holds it. Viewers read the store; none of them is in this path.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use slipway_proto::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::hide::hide;
use crate::bus::{Bus, News};
use crate::deployments::orchestrator::{AgentSession, Orchestrator, foreign_job};
use crate::error::{Error, ErrorCode};
use crate::ids::DeploymentId;
use crate::observe::metrics;
use crate::secrets::{OwnerSecrets, SeenSecret};
use crate::store::{LogLine, Store, Tx};

/// Batches waiting for the writer.
const QUEUE: usize = 1024;
/// KiB of text waiting for the writer, of all agents together; who brings more waits, and with it its agent.
const ROOM_KIB: usize = 16 * 1024;
/// Text of one commit.
const COMMIT_BYTES: usize = 1024 * 1024;
/// Marker lines about dropped text come on top of the limit.
const LOG_BYTES_WITH_MARKERS: u64 = limits::LOG_JOB_BYTES + limits::LOG_BATCH_BYTES as u64;

/// Lines of one job that follow each other.
pub struct Batch {
    /// Who sends it.
    pub session: AgentSession,
    /// Which job.
    pub id: DeploymentId,
    /// Bytes of the log before these lines.
    pub offset: u64,
    /// The lines.
    pub lines: Vec<LogLine>,
    /// What is to be searched for in them.
    pub secrets: OwnerSecrets,
}

/// The bytes that are stored, contiguous from 0: less than the batch's end when there is a gap before it.
pub type Stored = Result<u64, Error>;

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Stored>,
    room: OwnedSemaphorePermit,
}

/// Takes batches.
#[derive(Clone)]
pub struct LogIngest {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl LogIngest {
    /// Starts the writer, which works until nobody can bring anything more.
    pub fn start(store: Store, orchestrator: Orchestrator, bus: Bus) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let writer = Writer { store, orchestrator, bus };
        tokio::spawn(writer.run(waiting));
        Self { queue, room: Arc::new(Semaphore::new(ROOM_KIB)) }
    }

    /// Brings a batch; waits while there is no room. The answer comes after the commit. Batches of one
    /// caller are stored in the order in which they are brought.
    ///
    /// # Errors
    /// `Unavailable` when the writer has ended.
    pub async fn bring(&self, batch: Batch) -> Result<oneshot::Receiver<Stored>, Error> {
        let ended = || Error::new(ErrorCode::Unavailable, "the control plane is shutting down");
        let kib = batch.lines.iter().map(|line| line.text.len()).sum::<usize>() / 1024 + 1;
        let permits = u32::try_from(kib.min(ROOM_KIB)).map_err(anyhow::Error::from)?;
        let room = self.room.clone().acquire_many_owned(permits).await.map_err(|_| ended())?;
        let (answer, stored) = oneshot::channel();
        self.queue.send(Waiting { batch, answer, room }).await.map_err(|_| ended())?;
        Ok(stored)
    }
}

struct Writer {
    store: Store,
    orchestrator: Orchestrator,
    bus: Bus,
}

/// What one commit adds to one log.
struct Growth {
    stored: u64,
    begin: u64,
    lines: Vec<LogLine>,
    secrets: OwnerSecrets,
}

impl Writer {
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>) {
        while let Some(first) = waiting.recv().await {
            let mut bytes = text_bytes(&first.batch.lines);
            let mut group = vec![first];
            while bytes < COMMIT_BYTES
                && let Ok(next) = waiting.try_recv()
            {
                bytes += text_bytes(&next.batch.lines);
                group.push(next);
            }
            self.store(group).await;
        }
    }

    async fn store(&self, group: Vec<Waiting>) {
        let (mut batches, mut answers) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
        for waiting in group {
            batches.push(waiting.batch);
            answers.push((waiting.answer, waiting.room));
        }
        let outcomes = self.commit(batches).await;
        for (index, (answer, _)) in answers.into_iter().enumerate() {
            let outcome = match &outcomes {
                Ok(outcomes) => outcomes[index].clone(),
                Err(error) => Err(error.clone()),
            };
            let _ = answer.send(outcome); // an agent that is gone asks again where we are
        }
    }

    async fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Stored>, Error> {
        let mut tx = self.store.begin().await?;
        let mut growing: HashMap<DeploymentId, Growth> = HashMap::new();
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            outcomes.push(append(&mut tx, &mut growing, batch).await?);
        }
        growing.retain(|_, growth| growth.stored > growth.begin);
        let mut alarms = Vec::new();
        for (id, growth) in &mut growing {
            let mut lines = std::mem::take(&mut growth.lines);
            let seen = if growth.secrets.is_empty() {
                Vec::new()
            } else {
                search(&mut tx, &growth.secrets, *id, &mut lines).await?
            };
            metrics().log_stored(growth.stored - growth.begin, lines.len());
            let bytes = i64::try_from(growth.stored - growth.begin).map_err(anyhow::Error::from)?;
            tx.append_log(*id, lines, bytes).await?;
            metrics().secrets_masked(seen.len());
            if !seen.is_empty()
                && let Some(mut deployment) = tx.deployment(*id).await?
            {
                self.orchestrator.raise_alarm(&mut tx, &mut deployment, &seen).await?;
                alarms.push(deployment);
            }
        }
        if !growing.is_empty() {
            tx.commit().await?;
        }
        for deployment in alarms {
            self.orchestrator.alarm_raised(&deployment);
        }
        for id in growing.into_keys() {
            self.bus.publish(News::Deployment(id));
        }
        Ok(outcomes)
    }
}

/// Takes what is new of a batch. What is refused is refused for itself; the others are not held up by it.
async fn append(tx: &mut Tx, growing: &mut HashMap<DeploymentId, Growth>, batch: Batch) -> Result<Stored, Error> {
    let growth = match growing.entry(batch.id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let position = tx.log_position(batch.id).await?;
            let Some(position) = position.filter(|position| position.sandbox_id == batch.session.sandbox) else {
                return Ok(Err(foreign_job()));
            };
            if position.log_is_finished {
                return Ok(Err(Error::forbidden("the log of this job is finished and takes nothing more")));
            }
            let stored = u64::try_from(position.log_bytes).unwrap_or(0);
            new.insert(Growth { stored, begin: stored, lines: Vec::new(), secrets: batch.secrets })
        }
    };
    if !tx.is_current_session(batch.session.sandbox, batch.session.epoch).await? {
        return Ok(Err(Error::new(ErrorCode::Unavailable, "another session of this sandbox has begun")));
    }
    if batch.offset > growth.stored {
        return Ok(Ok(growth.stored));
    }
    let mut end = batch.offset;
    let (mut grown, mut new) = (growth.stored, Vec::with_capacity(batch.lines.len()));
    for line in batch.lines {
        let start = end;
        end = end.saturating_add(line.text.len() as u64 + u64::from(!line.continued));
        if start < growth.stored {
            continue; // sent again after a reconnect; lines are never cut differently
        }
        if line.text.len() > limits::LOG_LINE_BYTES || end > LOG_BYTES_WITH_MARKERS {
            return Ok(Err(Error::invalid("the log is larger than agreed")));
        }
        new.push(line);
        grown = end;
    }
    growth.lines.append(&mut new);
    growth.stored = grown;
    Ok(Ok(grown))
}

fn text_bytes(lines: &[LogLine]) -> usize {
    lines.iter().map(|line| line.text.len()).sum()
}

/// Hides credentials in new lines, together with what is stored before them: one may
/// begin in an earlier batch.
async fn search(
    tx: &mut Tx,
    secrets: &OwnerSecrets,
    id: DeploymentId,
    lines: &mut Vec<LogLine>,
) -> Result<Vec<SeenSecret>, anyhow::Error> {
    let stored = tx.last_segments(id).await?;
    let mut all: Vec<LogLine> = stored.iter().flat_map(|segment| segment.lines.iter().cloned()).collect();
    let new = all.len();
    all.append(lines);
    let (seen, changed) = hide(secrets, &mut all);
    *lines = all.split_off(new);
    let mut rest = all.into_iter();
    let mut first = 0;
    for mut segment in stored {
        let last = first + segment.lines.len();
        segment.lines = rest.by_ref().take(last - first).collect();
        if changed.iter().any(|changed| (first..last).contains(changed)) {
            tx.replace_segment(id, segment).await?;
        }
        first = last;
    }
    Ok(seen)
}
