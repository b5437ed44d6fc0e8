//! The session with the control plane: hello, welcome, then events up and work down. First connect,
//! reconnect and a restart of the server are this one path. Losing it costs nothing: builds go on,
//! and what they produce waits until both sides have compared where they stand.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::agent_message::Message as Up;
use slipway_proto::v1::drain::Reason as DrainReason;
use slipway_proto::v1::server_message::Message as Down;
use slipway_proto::v1::{
    AgentMessage, Capability, DetectReply, Drain, Heartbeat, Hello, ServerMessage, Supervision, Welcome,
};
use slipway_proto::{PROTOCOL, limits};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Status, Streaming};

use super::backoff::{Backoff, jitter};
use super::connection::{Address, Purpose, connect_session};
use super::identity::{CurrentIdentity, IdentityStore};
use super::pause::stood_still;
use super::renewal::{renew, renew_expired};
use crate::detect::{Overrides, detect};
use crate::export::Exports;
use crate::job::Jobs;
use crate::log::send_logs;

/// Messages waiting for the connection; when it is full, the server has stopped reading, and gets the write deadline.
const OUTBOX: usize = 64;
/// A server that reads nothing for this long is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);
/// After this long the next loss counts as the first.
const HEALTHY: Duration = Duration::from_secs(30);
/// The first try after a loss comes within this.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// Another agent has this sandbox's session. If both came back at once, they would push each other out for ever.
const SUPERSEDED_WAIT: Duration = Duration::from_secs(30);
/// Least interval of heartbeats, whatever the server asks for.
const LEAST_HEARTBEAT: Duration = Duration::from_millis(500);
/// How a refusal begins that is for good.
pub(super) const REVOKED: &str = "revoked";

/// What the sessions of one agent share.
pub(crate) struct Sessions {
    pub(crate) address: Address,
    pub(crate) identity: CurrentIdentity,
    pub(crate) store: Arc<IdentityStore>,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) exports: Exports,
    pub(crate) workspace: PathBuf,
    /// Tells a reconnect from a restart.
    pub(crate) boot_id: Vec<u8>,
    pub(crate) supervision: Supervision,
}

/// Why there will be no further session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    #[error("{0}")]
    Revoked(String),
    #[error("{0}")]
    Refused(String),
    #[error(
        "the agent's certificate has expired and is not renewed: {0}. Create a new enrolment token (`slipway sandbox enroll-token`, or POST /api/sandboxes/{{id}}/enroll-token) and start the agent with it"
    )]
    Expired(String),
}

/// How one session ended.
enum End {
    Lost(String),
    Shutdown(Duration),
    Superseded,
    Renewed,
    /// Our certificate is not good any more.
    Unauthenticated,
    ForGood(Ended),
}

impl From<Status> for End {
    fn from(status: Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::PermissionDenied if message.starts_with(REVOKED) => Self::ForGood(Ended::Revoked(message)),
            Code::Unauthenticated => Self::Unauthenticated,
            // Only versions that do not understand each other are refused like this.
            Code::FailedPrecondition => Self::ForGood(Ended::Refused(message)),
            code => Self::Lost(format!("{code:?}: {message}")),
        }
    }
}

impl Sessions {
    /// Holds a session, again and again, until there is no sense in it.
    pub(crate) async fn keep(&self) -> Ended {
        let mut backoff = Backoff::for_connections();
        let mut is_first_loss = true;
        let mut is_ready = false;
        loop {
            if self.identity.get().is_expired()
                && let Err(ended) = renew_expired(&self.address, &self.identity, &self.store).await
            {
                return ended;
            }
            let began = Instant::now();
            let end = self.hold(&mut is_ready).await;
            if began.elapsed() > HEALTHY {
                backoff.reset();
                is_first_loss = true;
            }
            let wait = match end {
                End::ForGood(ended) => return ended,
                End::Renewed => continue,
                End::Unauthenticated => {
                    if let Err(ended) = renew_expired(&self.address, &self.identity, &self.store).await {
                        return ended;
                    }
                    backoff.next()
                }
                End::Shutdown(retry_after) => {
                    tracing::info!("the control plane is restarting; coming back");
                    retry_after + jitter(FIRST_RETRY)
                }
                End::Superseded => {
                    tracing::warn!("another agent connected for this sandbox; waiting");
                    SUPERSEDED_WAIT + jitter(SUPERSEDED_WAIT / 2)
                }
                End::Lost(reason) => {
                    tracing::warn!(reason, "no session with the control plane; trying again");
                    if std::mem::take(&mut is_first_loss) { jitter(FIRST_RETRY) } else { backoff.next() }
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn hold(&self, is_ready: &mut bool) -> End {
        match self.open().await {
            Ok(mut session) => {
                if !std::mem::replace(is_ready, true) {
                    tracing::info!(sandbox.id = self.identity.get().sandbox_id, "ready");
                }
                session.serve().await
            }
            Err(end) => end,
        }
    }

    async fn open(&self) -> Result<Session<'_>, End> {
        let connected = connect_session(&self.address, &self.identity.get(), Purpose::Control).await;
        let channel = connected.map_err(|error| End::Lost(format!("{:#}", anyhow::Error::new(error))))?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let hello = Hello {
            protocol: Some(PROTOCOL),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot_id: self.boot_id.clone(),
            platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            jobs: self.jobs.positions(),
            supervision: Some(self.supervision),
            capabilities: vec![Capability::ExportWorkspace.into()],
        };
        // Queued before the call: it returns only when the server has begun to answer.
        send(&outbox, Up::Hello(hello)).await?;
        let mut client = AgentClient::new(channel.clone()).max_decoding_message_size(limits::SESSION_MESSAGE_BYTES);
        let too_late = |_| End::Lost("the control plane did not answer in time".to_owned());
        let call = client.session(ReceiverStream::new(messages));
        let mut incoming = timeout(limits::WELCOME_TIMEOUT, call).await.map_err(too_late)??.into_inner();
        let first = timeout(limits::WELCOME_TIMEOUT, incoming.message()).await.map_err(too_late)??;
        let Some(ServerMessage { message: Some(Down::Welcome(welcome)) }) = first else {
            return Err(End::Lost("the control plane did not begin with Welcome".to_owned()));
        };
        self.jobs.resynchronise(&welcome.jobs);
        let logs = AbortOnDropHandle::new(tokio::spawn(send_logs(channel.clone(), self.jobs.clone())));
        let sent = welcome.jobs.iter().map(|job| (job.job_id.clone(), job.last_event_seq)).collect();
        let heartbeat = heartbeat_interval(&welcome);
        Ok(Session { shared: self, channel, outbox, incoming, logs, sent, heartbeat })
    }
}

fn heartbeat_interval(welcome: &Welcome) -> Duration {
    let asked = Duration::from_millis(welcome.heartbeat_interval_ms.into());
    if asked.is_zero() { limits::HEARTBEAT_INTERVAL } else { asked.max(LEAST_HEARTBEAT) }
}

/// One open session.
struct Session<'a> {
    shared: &'a Sessions,
    channel: tonic::transport::Channel,
    outbox: mpsc::Sender<AgentMessage>,
    incoming: Streaming<ServerMessage>,
    logs: AbortOnDropHandle<Result<std::convert::Infallible, Status>>,
    /// Last event sent of each job.
    sent: HashMap<String, u64>,
    heartbeat: Duration,
}

impl Session<'_> {
    async fn serve(&mut self) -> End {
        match self.run().await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn run(&mut self) -> Result<End, End> {
        let (shared, channel) = (self.shared, self.channel.clone());
        let jobs = &shared.jobs;
        let mut heartbeat = tokio::time::interval(self.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Answers of detection, which must not hold up the session.
        let (answers, mut answered) = mpsc::channel(OUTBOX);
        let mut renewal = std::pin::pin!(renew(&channel, &shared.identity, &shared.store));
        let mut pause = std::pin::pin!(stood_still());
        self.send_events().await?;
        loop {
            tokio::select! {
                message = self.incoming.message() => {
                    let Some(message) = message? else {
                        return Err(End::Lost("the control plane closed the session".to_owned()));
                    };
                    if let Some(end) = self.obey(message, &answers) {
                        return Ok(end);
                    }
                }
                () = jobs.event_news.notified() => self.send_events().await?,
                _ = heartbeat.tick() => send(&self.outbox, Up::Heartbeat(self.heartbeat())).await?,
                Some(answer) = answered.recv() => send(&self.outbox, Up::DetectReply(answer)).await?,
                logs = &mut self.logs => return Err(match logs {
                    Ok(Ok(never)) => match never {},
                    Ok(Err(status)) => status.into(),
                    Err(error) => End::Lost(format!("sending logs ended unexpectedly: {error}")),
                }),
                () = &mut pause => return Err(End::Lost("this machine or this process stood still".to_owned())),
                () = &mut renewal => return Ok(End::Renewed),
            }
        }
    }

    /// Does what the server says, or tells how the session ends.
    fn obey(&mut self, message: ServerMessage, answers: &mpsc::Sender<DetectReply>) -> Option<End> {
        let jobs = &self.shared.jobs;
        match message.message {
            Some(Down::EventAck(ack)) => jobs.acknowledge(&ack.job_id, ack.last_event_seq),
            Some(Down::Build(order)) => jobs.accept(order),
            Some(Down::Cancel(cancel)) => jobs.cancel(&cancel.job_id, Duration::from_millis(cancel.grace_ms.into())),
            Some(Down::Drop(drop)) => jobs.drop_job(&drop.job_id),
            Some(Down::Detect(question)) => {
                let (workspace, answers) = (self.shared.workspace.clone(), answers.clone());
                tokio::task::spawn_blocking(move || {
                    // When the session has ended meanwhile, nobody waits for the answer.
                    let _ = answers.try_send(answer(question.request_id, &workspace));
                });
            }
            Some(Down::Export(order)) => self.shared.exports.begin(order),
            Some(Down::Drain(drain)) => return Some(drained(drain)),
            // A message of a newer server; what it needs an answer to, it will not send to this version.
            Some(Down::Welcome(_)) | None => {}
        }
        None
    }

    async fn send_events(&mut self) -> Result<(), End> {
        let jobs = self.shared.jobs.held();
        self.sent.retain(|id, _| jobs.iter().any(|job| job.id == *id));
        for job in jobs {
            let sent = self.sent.entry(job.id.clone()).or_default();
            for event in job.events_after(*sent) {
                *sent = event.seq;
                send(&self.outbox, Up::Event(event)).await?;
            }
        }
        Ok(())
    }

    fn heartbeat(&self) -> Heartbeat {
        let (build_processes, build_memory_bytes) = self.shared.jobs.build_usage();
        Heartbeat {
            certificate_seconds_left: self.shared.identity.get().seconds_left(),
            spool_bytes: self.shared.jobs.spool_bytes(),
            resident_bytes: resident_bytes().unwrap_or(0),
            build_processes,
            build_memory_bytes,
        }
    }
}

fn drained(drain: Drain) -> End {
    match drain.reason() {
        DrainReason::Revoked => {
            End::ForGood(Ended::Revoked("revoked: this sandbox may not connect any more".to_owned()))
        }
        DrainReason::Superseded => End::Superseded,
        DrainReason::CertificateRotated => End::Renewed,
        DrainReason::Shutdown | DrainReason::Unspecified => {
            End::Shutdown(Duration::from_millis(drain.retry_after_ms.into()))
        }
    }
}

fn answer(request_id: u64, workspace: &std::path::Path) -> DetectReply {
    let found = detect(workspace, &Overrides::default()).map_err(|error| error.to_string());
    match found.and_then(|detected| crate::job::encode_plan(&detected.plan)) {
        Ok(plan_json) => DetectReply { request_id, plan_json, error: String::new() },
        Err(error) => DetectReply { request_id, plan_json: Vec::new(), error },
    }
}

async fn send(outbox: &mpsc::Sender<AgentMessage>, message: Up) -> Result<(), End> {
    match timeout(WRITE_DEADLINE, outbox.send(AgentMessage { message: Some(message) })).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Lost("the session was closed".to_owned())),
        Err(_) => Err(End::Lost("the control plane reads nothing".to_owned())),
    }
}

/// Memory in use, as the kernel counts it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_losses() {
        assert!(matches!(End::from(Status::permission_denied("revoked: gone")), End::ForGood(Ended::Revoked(_))));
        assert!(matches!(End::from(Status::permission_denied("another sandbox's job")), End::Lost(_)));
        assert!(matches!(End::from(Status::unauthenticated("the certificate has expired")), End::Unauthenticated));
        assert!(matches!(End::from(Status::failed_precondition("versions")), End::ForGood(Ended::Refused(_))));
        assert!(matches!(End::from(Status::unavailable("database")), End::Lost(_)));
    }

    #[test]
    fn memory_is_read() {
        assert!(resident_bytes().is_some_and(|bytes| bytes > 100_000));
    }
}
