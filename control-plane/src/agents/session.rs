//! One agent's session: hello, welcome, then events up and work down.
//!
//! First connect, reconnect, and a restart of either side are this one path: both sides say where
//! they stand and resend what follows. What the agent should do is read from the table each time
//! something may have changed, so nothing needs to be remembered here. Without a hint, the gateway looks
//! for all sessions together (`Gateway::look_for_work`).

use std::pin::Pin;
use std::time::Duration;

use futures::Stream;
use slipway_proto::v1::agent_server::Agent;
use slipway_proto::v1::drain::Reason;
use slipway_proto::v1::server_message::Message;
use slipway_proto::v1::{
    AgentMessage, Capability, Drain, DropJob, EventAck, Hello, LogBatch, LogReply, ServerMessage, Welcome,
    agent_message,
};
use slipway_proto::{PROTOCOL, common_protocol, limits};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

use super::Gateway;
use super::admission::Refusal;
use super::enrollment::incompatible;
use super::peer::{connection_of, sandbox_of};
use super::sessions::{Ends, Outbox};
use crate::bus::News;
use crate::deployments::orchestrator::{AgentSession, EventOutcome, Work, clean_text};
use crate::identity::SandboxIdentity;
use crate::ids::SandboxId;
use crate::observe::metrics;
use crate::secrets::random_bytes;

/// Messages waiting for one agent; when it is full, the agent gets the write deadline to read.
const OUTBOX: usize = 64;
/// An agent that reads nothing for this long is gone.
const WRITE_DEADLINE: Duration = Duration::from_secs(15);
/// How often it is looked whether the agent has fallen silent.
const POLL: Duration = Duration::from_secs(2);
/// An agent sends a heartbeat each ten seconds; three missed ones and it is gone.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// After the last message of a session, for it to reach the agent.
const LINGER: Duration = Duration::from_millis(200);
/// Agents come back at a moment of their own within this time, so that not all come at once.
const COME_BACK_WITHIN_MS: u32 = 5_000;

pub(super) struct AgentApi(pub(super) Gateway);

type MessageStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Agent for AgentApi {
    type SessionStream = MessageStream<ServerMessage>;
    type LogsStream = MessageStream<LogReply>;

    /// Answers at once, so that the agent's call returns; `Welcome` follows when the table is read.
    async fn session(
        &self,
        request: Request<Streaming<AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (identity, connection) = connection_of(&request)?;
        self.0.admission.check_in_use(&identity).await?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let gateway = self.0.clone();
        tokio::spawn(async move {
            let session = Session { gateway, identity, connection, outbox: outbox.clone() };
            if let Err(status) = session.run(request.into_inner()).await {
                let _ = tokio::time::timeout(LINGER, outbox.send(Err(status))).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
    }

    async fn logs(&self, request: Request<Streaming<LogBatch>>) -> Result<Response<Self::LogsStream>, Status> {
        let identity = sandbox_of(&request)?;
        self.0.admission.check(&identity).await?;
        let replies = super::logs::receive(self.0.clone(), identity.sandbox_id, request.into_inner());
        Ok(Response::new(Box::pin(replies)))
    }
}

struct Session {
    gateway: Gateway,
    identity: SandboxIdentity,
    /// Ends the connection.
    connection: CancellationToken,
    outbox: Outbox,
}

impl Session {
    async fn run(self, mut incoming: Streaming<AgentMessage>) -> Result<(), Status> {
        let sandbox = self.identity.sandbox_id;
        let hello = tokio::time::timeout(limits::WELCOME_TIMEOUT, receive_hello(&mut incoming))
            .await
            .map_err(|_| Status::deadline_exceeded("no Hello within 10 seconds"))??;
        let protocol = common_protocol(PROTOCOL, hello.protocol.unwrap_or_default())
            .ok_or_else(|| incompatible(&clean_text(&hello.agent_version)))?;
        self.gateway.admission.check_rivals(&self.identity, &hello.boot_id).await?;
        let epoch = self.welcome(&hello, protocol).await?;
        let session = AgentSession { sandbox, epoch };
        let can_export = hello.capabilities().any(|capability| capability == Capability::ExportWorkspace);
        let serial = &self.identity.serial;
        let ends = self.gateway.sessions.open(sandbox, epoch, serial, self.outbox.clone(), can_export);
        let supervision = hello.supervision.unwrap_or_default();
        tracing::info!(
            sandbox.id = %sandbox, session.epoch = epoch, build.limits = supervision.limits().as_str_name(),
            agent.is_supervised = supervision.is_supervised, agent.restarts = supervision.restarts, "an agent connected"
        );
        self.gateway.bus.publish(News::Sandbox(sandbox));

        let outcome = self.serve(session, &mut incoming, ends).await;
        metrics().session_ended(match &outcome {
            Ok(()) if self.gateway.stop.is_cancelled() => "shutdown",
            Ok(()) => "closed",
            Err(status) if status.code() == Code::PermissionDenied => "revoked",
            Err(_) => "lost",
        });

        self.gateway.sessions.closed(sandbox, epoch);
        if let Err(error) = self.gateway.orchestrator.agent_left(session).await {
            tracing::error!(sandbox.id = %sandbox, error = format!("{error:#}"), "cannot give leases back");
        }
        let now = self.gateway.clock.now();
        if let Err(error) = self.gateway.store.end_session(sandbox, epoch, now).await {
            tracing::error!(sandbox.id = %sandbox, %error, "cannot record the end of a session");
        }
        tracing::info!(sandbox.id = %sandbox, session.epoch = epoch, "an agent disconnected");
        outcome
    }

    /// Says where we stand in each job the agent holds. Those we want nothing more of are left out.
    async fn welcome(&self, hello: &Hello, protocol: u32) -> Result<i64, Status> {
        let sandbox = self.identity.sandbox_id;
        let (store, orchestrator) = (&self.gateway.store, &self.gateway.orchestrator);
        let version = clean_text(&hello.agent_version);
        let epoch = store.begin_session(sandbox, &version, self.gateway.clock.now()).await.map_err(unavailable)?;
        let epoch = epoch.ok_or_else(|| Status::permission_denied("revoked: this sandbox was deleted"))?;
        orchestrator.fail_forgotten(sandbox, &hello.jobs).await.map_err(unavailable)?;
        orchestrator.agent_came(sandbox).await.map_err(unavailable)?;
        let jobs = orchestrator.positions(sandbox, &hello.jobs).await.map_err(unavailable)?;
        let welcome = Welcome {
            protocol,
            session_epoch: epoch.unsigned_abs(),
            heartbeat_interval_ms: u32::try_from(limits::HEARTBEAT_INTERVAL.as_millis()).unwrap_or(u32::MAX),
            jobs,
        };
        self.send(Message::Welcome(welcome)).await?;
        Ok(epoch)
    }

    async fn serve(
        &self,
        session: AgentSession,
        incoming: &mut Streaming<AgentMessage>,
        ends: Ends,
    ) -> Result<(), Status> {
        let sandbox = session.sandbox;
        let mut listener = self.gateway.bus.listen(News::Sandbox(sandbox));
        let mut last_heard = tokio::time::Instant::now();
        let mut look = tokio::time::interval(POLL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.hand_out_work(sandbox).await?;
        loop {
            tokio::select! {
                () = self.gateway.stop.cancelled() => return self.drain(Reason::Shutdown).await,
                () = ends.revoked.cancelled() => {
                    self.drain(Reason::Revoked).await?;
                    return Err(self.gateway.admission.check(&self.identity).await.err().unwrap_or(Refusal::Revoked).into());
                }
                () = ends.superseded.cancelled() => return self.make_room(Reason::Superseded).await,
                () = ends.rotated.cancelled() => return self.make_room(Reason::CertificateRotated).await,
                message = incoming.message() => match message? {
                    Some(message) => {
                        last_heard = tokio::time::Instant::now();
                        self.handle(session, message).await?;
                    }
                    None => return Ok(()),
                },
                () = listener.changed() => self.hand_out_work(sandbox).await?,
                _ = look.tick() => {
                    if last_heard.elapsed() > SILENCE_LIMIT {
                        return Err(Status::deadline_exceeded("nothing was heard of this agent for 30 seconds"));
                    }
                }
            }
        }
    }

    async fn handle(&self, session: AgentSession, message: AgentMessage) -> Result<(), Status> {
        let sandbox = session.sandbox;
        match message.message {
            Some(agent_message::Message::Event(event)) => {
                let job_id = event.job_id.clone();
                match self.gateway.orchestrator.apply_event(session, event).await {
                    Ok(EventOutcome::Applied(last_event_seq)) => {
                        self.send(Message::EventAck(EventAck { job_id, last_event_seq })).await
                    }
                    Ok(EventOutcome::Gap { expected }) => Err(Status::aborted(format!(
                        "event {expected} of job {job_id} is missing; reconnect to resend it"
                    ))),
                    Ok(EventOutcome::Superseded) => Err(Status::aborted("another session of this sandbox has begun")),
                    // A job that is not (or no longer) this sandbox's does not end the session.
                    Err(error) if error.code() == crate::error::ErrorCode::Forbidden => {
                        tracing::warn!(sandbox.id = %sandbox, job.id = clean_text(&job_id), "an agent reported on a job that is not its own");
                        self.send(Message::Drop(DropJob { job_id })).await
                    }
                    Err(error) => Err(error.into()),
                }
            }
            Some(agent_message::Message::DetectReply(reply)) => {
                self.gateway.sessions.answered(sandbox, reply);
                Ok(())
            }
            Some(agent_message::Message::Heartbeat(_)) | None => Ok(()),
            Some(agent_message::Message::Hello(_)) => Err(Status::invalid_argument("Hello comes once, first")),
        }
    }

    async fn hand_out_work(&self, sandbox: SandboxId) -> Result<(), Status> {
        for work in self.gateway.orchestrator.work_for(sandbox).await.map_err(unavailable)? {
            self.send(match work {
                Work::Build(job) => Message::Build(*job),
                Work::Cancel(cancel) => Message::Cancel(cancel),
                Work::Drop(id) => Message::Drop(DropJob { job_id: id.to_string() }),
            })
            .await?;
        }
        Ok(())
    }

    /// Ends the session and its connection, which the agent may have lost without our noticing.
    async fn make_room(&self, reason: Reason) -> Result<(), Status> {
        let drained = self.drain(reason).await;
        self.connection.cancel();
        drained
    }

    async fn drain(&self, reason: Reason) -> Result<(), Status> {
        let retry_after_ms = match reason {
            Reason::Shutdown => u32::from_le_bytes(random_bytes()) % COME_BACK_WITHIN_MS,
            _ => 0,
        };
        self.send(Message::Drain(Drain { reason: reason.into(), retry_after_ms })).await?;
        tokio::time::sleep(LINGER).await;
        Ok(())
    }

    async fn send(&self, message: Message) -> Result<(), Status> {
        let message = ServerMessage { message: Some(message) };
        match tokio::time::timeout(WRITE_DEADLINE, self.outbox.send(Ok(message))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Status::cancelled("the agent has gone")),
            Err(_) => Err(Status::deadline_exceeded("the agent reads nothing")),
        }
    }
}

async fn receive_hello(incoming: &mut Streaming<AgentMessage>) -> Result<Hello, Status> {
    match incoming.message().await? {
        Some(AgentMessage { message: Some(agent_message::Message::Hello(hello)) }) => Ok(hello),
        _ => Err(Status::invalid_argument("a session begins with Hello")),
    }
}

fn unavailable(error: impl Into<anyhow::Error>) -> Status {
    tracing::error!(error = format!("{:#}", error.into()), "cannot serve an agent");
    Status::unavailable("the control plane cannot reach its database")
}
