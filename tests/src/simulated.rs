//! Agents without a sandbox: they speak the real protocol over real TLS, thousands in one process, and print
//! what a test wants them to print.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Context;
use prost::Message as _;
use reqwest::Method;
use rustls::pki_types::CertificateDer;
use serde_json::json;
use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::agent_message::Message as Up;
use slipway_proto::v1::job_event::Kind;
use slipway_proto::v1::server_message::Message as Down;
use slipway_proto::v1::{
    AgentMessage, Capability, Heartbeat, Hello, JobAccepted, JobEvent, JobFailed, LogBatch, LogClosed, LogLine,
    LogLines, LogStream, ServerMessage, Step, StepStarted,
};
use slipway_proto::{PROTOCOL, limits};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::control_plane::{ControlPlane, text};
use crate::rogue::{RogueKey, chain, enroll, session_channel};

/// Batches under way, as the real agent has it.
const IN_FLIGHT: usize = 16;
const OUTBOX: usize = 64;

/// One agent with its identity.
pub struct SimulatedAgent {
    /// Its sandbox.
    pub sandbox: String,
    /// Its key.
    pub key: RogueKey,
    /// Its certificate, and the intermediate above it.
    pub chain: Vec<CertificateDer<'static>>,
}

/// An open session.
pub struct Session {
    channel: Channel,
    outbox: mpsc::Sender<AgentMessage>,
    incoming: Streaming<ServerMessage>,
}

/// How a build that was played went.
pub struct Played {
    /// Text and line ends that were printed.
    pub bytes: u64,
    /// From sending a batch to its acknowledgement.
    pub acknowledged_after: Vec<Duration>,
}

/// What a build is to print.
#[derive(Clone, Copy)]
pub struct Printing {
    /// So many lines,
    pub lines: u64,
    /// each so long, with its end,
    pub line_bytes: usize,
    /// so many in a second; as fast as they are taken when there is none.
    pub per_second: Option<f64>,
}

impl SimulatedAgent {
    /// Makes a sandbox and enrols for it.
    pub async fn enrol(control_plane: &ControlPlane, name: &str) -> anyhow::Result<Self> {
        let sandbox =
            text(&control_plane.call(Method::POST, "/api/sandboxes", Some(json!({ "name": name }))).await, "id");
        let token = control_plane.enroll_token(&sandbox).await;
        let key = RogueKey::generate();
        let answer = enroll(control_plane, &token, &key).await?;
        Ok(Self { sandbox, chain: chain(&answer), key })
    }

    /// Connects as an agent of the first version; when this returns, the control plane has said `Welcome`.
    pub async fn connect(&self, control_plane: &ControlPlane) -> anyhow::Result<Session> {
        self.connect_with(control_plane, &[]).await
    }

    /// The same with what later versions can.
    pub async fn connect_with(
        &self,
        control_plane: &ControlPlane,
        capabilities: &[Capability],
    ) -> anyhow::Result<Session> {
        let channel = session_channel(control_plane, Some((&self.key, self.chain.clone()))).await?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let hello = Hello {
            protocol: Some(PROTOCOL),
            agent_version: "0.1.0".to_owned(),
            boot_id: vec![7; 16],
            platform: "linux/simulated".to_owned(),
            capabilities: capabilities.iter().map(|capability| (*capability).into()).collect(),
            ..Hello::default()
        };
        outbox.send(up(Up::Hello(hello))).await?;
        let mut incoming = AgentClient::new(channel.clone()).session(ReceiverStream::new(messages)).await?.into_inner();
        match incoming.message().await?.and_then(|message| message.message) {
            Some(Down::Welcome(_)) => Ok(Session { channel, outbox, incoming }),
            other => anyhow::bail!("no Welcome but {other:?}"),
        }
    }
}

fn up(message: Up) -> AgentMessage {
    AgentMessage { message: Some(message) }
}

impl Session {
    /// The connection under it, for other calls with the same certificate.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Takes the next job, and says that its upload begins; answers its id.
    pub async fn begin_upload(&mut self) -> anyhow::Result<String> {
        let job_id = self.next_job().await?;
        self.report(&job_id, 1, Kind::Accepted(JobAccepted {})).await?;
        self.report(&job_id, 2, Kind::StepStarted(StepStarted { step: Step::Upload.into() })).await?;
        Ok(job_id)
    }

    async fn next_job(&mut self) -> anyhow::Result<String> {
        loop {
            let message = self.incoming.message().await?.context("the session ended")?;
            if let Some(Down::Build(job)) = message.message {
                return Ok(job.job_id);
            }
        }
    }

    /// Waits until its workspace is asked for, and answers by which id.
    pub async fn next_export(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            let message = self.incoming.message().await?.context("the session ended")?;
            if let Some(Down::Export(order)) = message.message {
                return Ok(order.export_id);
            }
        }
    }

    /// Sends heartbeats until the session ends; answers why it did.
    pub async fn idle(mut self) -> anyhow::Error {
        let mut heartbeat = tokio::time::interval(limits::HEARTBEAT_INTERVAL);
        loop {
            tokio::select! {
                _ = heartbeat.tick() => {
                    if self.outbox.send(up(Up::Heartbeat(Heartbeat::default()))).await.is_err() {
                        return anyhow::anyhow!("the session is closed");
                    }
                }
                message = self.incoming.message() => match message {
                    Ok(Some(ServerMessage { message: Some(Down::Drain(drain)) })) => return anyhow::anyhow!("{drain:?}"),
                    Ok(Some(_)) => {}
                    Ok(None) => return anyhow::anyhow!("the session ended"),
                    Err(status) => return status.into(),
                },
            }
        }
    }

    /// Waits for a job, prints, and fails with exit code 1 when all of it is stored.
    pub async fn play(&mut self, printing: Printing) -> anyhow::Result<Played> {
        let job_id = self.next_job().await?;
        self.report(&job_id, 1, Kind::Accepted(JobAccepted {})).await?;
        self.report(&job_id, 2, Kind::StepStarted(StepStarted { step: Step::Build.into() })).await?;
        let (played, digest) = self.print(&job_id, printing).await?;
        let blake3 = digest.finalize().as_bytes().to_vec();
        let closed = LogClosed { bytes: played.bytes, lines: printing.lines, blake3, ..LogClosed::default() };
        self.report(&job_id, 3, Kind::LogClosed(closed)).await?;
        let failed = JobFailed { step: Step::Build.into(), message: "played".to_owned(), ..JobFailed::default() };
        self.report(&job_id, 4, Kind::Failed(failed)).await?;
        Ok(played)
    }

    async fn report(&self, job_id: &str, seq: u64, kind: Kind) -> anyhow::Result<()> {
        let event = JobEvent { job_id: job_id.to_owned(), seq, at_unix_ms: 0, kind: Some(kind) };
        Ok(self.outbox.send(up(Up::Event(event))).await?)
    }

    async fn print(&self, job_id: &str, printing: Printing) -> anyhow::Result<(Played, blake3::Hasher)> {
        let (batches, outgoing) = mpsc::channel(IN_FLIGHT);
        let mut client = AgentClient::new(self.channel.clone());
        let mut replies = client.logs(ReceiverStream::new(outgoing)).await?.into_inner();
        let per_batch = match printing.per_second {
            Some(rate) => (rate * limits::LOG_BATCH_DELAY.as_secs_f64()).ceil(),
            None => f64::from(u32::try_from(limits::LOG_BATCH_BYTES / printing.line_bytes)?),
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
        let per_batch = (per_batch as u64).clamp(1, limits::LOG_BATCH_LINES as u64);
        let began = Instant::now();
        let (mut digest, mut offset, mut printed) = (blake3::Hasher::new(), 0_u64, 0_u64);
        let mut under_way: VecDeque<(u64, Instant)> = VecDeque::new();
        let mut acknowledged_after = Vec::new();
        let mut heartbeat = tokio::time::interval(limits::HEARTBEAT_INTERVAL);
        while printed < printing.lines || !under_way.is_empty() {
            let is_room = printed < printing.lines && under_way.len() < IN_FLIGHT;
            #[allow(clippy::cast_precision_loss, reason = "a few million lines")]
            let due = printing.per_second.map(|rate| began + Duration::from_secs_f64(printed as f64 / rate));
            tokio::select! {
                _ = heartbeat.tick() => self.outbox.send(up(Up::Heartbeat(Heartbeat::default()))).await?,
                reply = replies.message(), if !under_way.is_empty() => {
                    let reply = reply?.context("the log stream ended")?;
                    let (end, sent) = under_way.pop_front().context("an answer to nothing")?;
                    anyhow::ensure!(reply.stored_bytes == end, "{} bytes are stored instead of {end}", reply.stored_bytes);
                    acknowledged_after.push(sent.elapsed());
                }
                () = tokio::time::sleep_until(due.unwrap_or(began).into()), if is_room => {
                    let lines: Vec<_> =
                        (printed..(printed + per_batch).min(printing.lines)).map(|number| line(number, printing)).collect();
                    printed += lines.len() as u64;
                    let batch = batch(job_id, offset, lines, &mut digest, &mut offset)?;
                    under_way.push_back((offset, Instant::now()));
                    batches.send(batch).await?;
                }
            }
        }
        Ok((Played { bytes: offset, acknowledged_after }, digest))
    }
}

/// A line like those of a build: a number, and words that compress as text does.
fn line(number: u64, printing: Printing) -> LogLine {
    let mut text =
        format!("{number:>9} transforming modules ({}) src/components/page-{}.tsx ", number % 977, number % 61);
    while text.len() < printing.line_bytes - 1 {
        text.push_str("ready in 12ms ");
    }
    text.truncate(printing.line_bytes - 1);
    LogLine { stream: LogStream::Stdout.into(), at_unix_ms: 0, text: text.into(), continued: false }
}

fn batch(
    job_id: &str,
    begin: u64,
    lines: Vec<LogLine>,
    digest: &mut blake3::Hasher,
    offset: &mut u64,
) -> anyhow::Result<LogBatch> {
    for line in &lines {
        digest.update(&line.text);
        digest.update(b"\n");
        *offset += line.text.len() as u64 + 1;
    }
    let compressed = zstd::bulk::compress(&LogLines { lines }.encode_to_vec(), 1)?;
    Ok(LogBatch { job_id: job_id.to_owned(), offset: begin, compressed, ..LogBatch::default() })
}
