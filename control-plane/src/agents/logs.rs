//! Log bytes from an agent: stored in order, each exactly once, acknowledged after commit. Viewers
//! read the store; none of them is in this path.

use futures::Stream;
use slipway_proto::limits;
use slipway_proto::v1::{LogBatch, LogReply, LogStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::Gateway;
use crate::bus::News;
use crate::deployments::hide::hide;
use crate::deployments::orchestrator::{foreign_job, parse_job_id};
use crate::error::Error;
use crate::ids::{DeploymentId, SandboxId};
use crate::secrets::{OwnerSecrets, SeenSecret};
use crate::store::{LogLine, LogSource, Tx};

/// Replies waiting for one agent; when it is full, ingest waits, and with it the agent.
const REPLIES: usize = 64;
/// The marker line about dropped text comes on top of the limit.
const LOG_BYTES_WITH_MARKER: u64 = limits::LOG_JOB_BYTES + limits::LOG_BATCH_BYTES as u64;

/// Stores the batches of one stream until it ends.
pub(super) fn receive(
    gateway: Gateway,
    sandbox: SandboxId,
    mut batches: Streaming<LogBatch>,
) -> impl Stream<Item = Result<LogReply, Status>> {
    let (sender, receiver) = mpsc::channel(REPLIES);
    tokio::spawn(async move {
        while let Ok(Some(batch)) = batches.message().await {
            let reply = store(&gateway, sandbox, batch).await.map_err(Status::from);
            let is_error = reply.is_err();
            if sender.send(reply).await.is_err() || is_error {
                break;
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// Appends what is new of a batch, and answers how much is stored: less than the batch's end when
/// there is a gap before it.
async fn store(gateway: &Gateway, sandbox: SandboxId, batch: LogBatch) -> Result<LogReply, Error> {
    let id = parse_job_id(&batch.job_id)?;
    let secrets = gateway.orchestrator.secrets_of_job(sandbox, id).await?;
    let mut tx = gateway.store.begin().await?;
    let deployment = tx.deployment(id).await?.filter(|deployment| deployment.sandbox_id == sandbox);
    let mut deployment = deployment.ok_or_else(foreign_job)?;
    let stored = u64::try_from(deployment.log_bytes).unwrap_or(0);
    let mut end = batch.offset;
    let mut lines = Vec::with_capacity(batch.lines.len());
    for line in batch.lines {
        let start = end;
        end = end.saturating_add(line.text.len() as u64 + u64::from(!line.continued));
        if start < stored {
            continue; // sent again after a reconnect; lines are never cut differently
        }
        if line.text.len() > limits::LOG_LINE_BYTES || end > LOG_BYTES_WITH_MARKER {
            return Err(Error::invalid("the log is larger than agreed"));
        }
        let source = if line.stream() == LogStream::Stderr { LogSource::Stderr } else { LogSource::Stdout };
        lines.push(LogLine {
            source: source.into(),
            at_unix_ms: line.at_unix_ms,
            text: line.text.to_vec(),
            continued: line.continued,
        });
    }
    if batch.offset > stored || end <= stored {
        return Ok(LogReply { job_id: batch.job_id, stored_bytes: stored });
    }
    let grown = i64::try_from(end - stored).map_err(anyhow::Error::from)?;
    let seen = if secrets.is_empty() { Vec::new() } else { search(&mut tx, &secrets, id, &mut lines).await? };
    tx.append_log(id, lines, grown).await?;
    if !seen.is_empty() {
        gateway.orchestrator.raise_alarm(&mut tx, &mut deployment, &seen).await?;
    }
    tx.commit().await?;
    if !seen.is_empty() {
        gateway.orchestrator.alarm_raised(&deployment);
    }
    gateway.bus.publish(News::Deployment(id));
    Ok(LogReply { job_id: batch.job_id, stored_bytes: end })
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
