//! Log bytes from an agent, on their way to [`crate::logs::ingest`]: bounded and unpacked here, stored
//! there, acknowledged after commit.

use std::collections::HashMap;

use futures::{Stream, StreamExt};
use prost::Message;
use slipway_proto::limits;
use slipway_proto::v1::{LogBatch, LogLines, LogReply, LogStream};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::Gateway;
use crate::deployments::orchestrator::{AgentSession, parse_job_id};
use crate::error::{Error, ErrorCode};
use crate::ids::{DeploymentId, SandboxId, UserId};
use crate::logs::ingest::{Batch, Stored};
use crate::store::{LogLine, LogSource};

/// Answers waiting for one agent; when it is full, ingest waits, and with it the agent.
const REPLIES: usize = 64;
/// More jobs than one agent has at once.
const JOBS_REMEMBERED: usize = 64;

/// A batch that is on its way, or what was wrong with it.
struct Pending {
    job_id: String,
    stored: Result<oneshot::Receiver<Stored>, Error>,
}

/// Stores the batches of one stream until it ends.
pub(super) fn receive(
    gateway: Gateway,
    sandbox: SandboxId,
    mut batches: Streaming<LogBatch>,
) -> impl Stream<Item = Result<LogReply, Status>> {
    let (sender, receiver) = mpsc::channel(REPLIES);
    tokio::spawn(async move {
        let Some(session) = session_of(&gateway, sandbox).await else { return };
        let mut owners = HashMap::new();
        while let Ok(Some(batch)) = batches.message().await {
            let job_id = batch.job_id.clone();
            let stored = bring(&gateway, session, batch, &mut owners).await;
            let is_error = stored.is_err();
            if sender.send(Pending { job_id, stored }).await.is_err() || is_error {
                break;
            }
        }
    });
    ReceiverStream::new(receiver).then(|pending| async move {
        let gone = |_| Error::new(ErrorCode::Unavailable, "the control plane is shutting down");
        let stored_bytes = pending.stored?.await.map_err(gone)??;
        Ok(LogReply { job_id: pending.job_id, stored_bytes })
    })
}

/// The session this stream belongs to. An agent opens it after `Welcome`, which may be a moment before
/// we know the session as open.
async fn session_of(gateway: &Gateway, sandbox: SandboxId) -> Option<AgentSession> {
    let known = async {
        loop {
            if let Some(epoch) = gateway.sessions.epoch(sandbox) {
                return AgentSession { sandbox, epoch };
            }
            tokio::time::sleep(limits::LOG_BATCH_DELAY).await;
        }
    };
    tokio::time::timeout(limits::WELCOME_TIMEOUT, known).await.ok()
}

/// `owners` remembers whose the jobs of this stream are.
async fn bring(
    gateway: &Gateway,
    session: AgentSession,
    batch: LogBatch,
    owners: &mut HashMap<DeploymentId, Vec<UserId>>,
) -> Result<oneshot::Receiver<Stored>, Error> {
    let id = parse_job_id(&batch.job_id)?;
    if !owners.contains_key(&id) {
        let found = gateway.orchestrator.owners_of_job(session.sandbox, id).await?;
        if owners.len() >= JOBS_REMEMBERED {
            owners.clear();
        }
        owners.insert(id, found);
    }
    let secrets = gateway.orchestrator.secrets_of_owners(owners.get(&id).map_or(&[], Vec::as_slice)).await?;
    let offset = batch.offset;
    let lines = unpack(batch)?.iter().map(line).collect();
    gateway.ingest.bring(Batch { session, id, offset, lines, secrets }).await
}

/// The lines of a batch, however they came.
fn unpack(batch: LogBatch) -> Result<Vec<slipway_proto::v1::LogLine>, Error> {
    let lines = if batch.compressed.is_empty() {
        batch.lines
    } else {
        let damaged = || Error::invalid("a log batch is damaged or larger than agreed");
        let raw = zstd::bulk::decompress(&batch.compressed, limits::LOG_BATCH_RAW_BYTES).map_err(|_| damaged())?;
        LogLines::decode(raw.as_slice()).map_err(|_| damaged())?.lines
    };
    if lines.len() > limits::LOG_BATCH_LINES {
        return Err(Error::invalid(format!("a log batch has at most {} lines", limits::LOG_BATCH_LINES)));
    }
    Ok(lines)
}

fn line(line: &slipway_proto::v1::LogLine) -> LogLine {
    let source = if line.stream() == LogStream::Stderr { LogSource::Stderr } else { LogSource::Stdout };
    LogLine { source: source.into(), at_unix_ms: line.at_unix_ms, text: line.text.to_vec(), continued: line.continued }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_proto::v1::LogLine as WireLine;

    fn packed(lines: Vec<WireLine>) -> LogBatch {
        let compressed = zstd::bulk::compress(&LogLines { lines }.encode_to_vec(), 1).expect("compresses");
        LogBatch { compressed, ..LogBatch::default() }
    }

    fn wire_line(text: &'static [u8]) -> WireLine {
        WireLine { text: text.into(), ..WireLine::default() }
    }

    #[test]
    fn a_batch_comes_either_way_and_bombs_do_not() {
        let lines = vec![wire_line(b"one"), wire_line(b"two")];
        assert_eq!(unpack(packed(lines.clone())).expect("unpacks"), lines);
        let plain = LogBatch { lines: lines.clone(), ..LogBatch::default() };
        assert_eq!(unpack(plain).expect("unpacks"), lines);

        let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 1).expect("compresses");
        let bomb = LogBatch { compressed: bomb, ..LogBatch::default() };
        assert_eq!(unpack(bomb).expect_err("is refused").code(), ErrorCode::InvalidInput);
        let many = vec![WireLine::default(); limits::LOG_BATCH_LINES + 1];
        assert_eq!(unpack(packed(many)).expect_err("is refused").code(), ErrorCode::InvalidInput);
        let damaged = LogBatch { compressed: vec![1, 2, 3], ..LogBatch::default() };
        assert_eq!(unpack(damaged).expect_err("is refused").code(), ErrorCode::InvalidInput);
    }
}
