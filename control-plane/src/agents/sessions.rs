//! Who is connected to this instance. Losing this map loses nothing: agents reconnect.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_proto::v1::{DetectReply, DetectRequest, ExportWorkspace, ServerMessage, server_message::Message};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::ids::SandboxId;

/// Time for an agent to answer what it would build.
const DETECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for an agent to take an order.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5);
/// Questions one session may have open.
const OPEN_QUESTIONS: usize = 16;

/// Messages on their way to one agent.
pub(super) type Outbox = mpsc::Sender<Result<ServerMessage, Status>>;

/// The open sessions of this instance.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<SandboxId, Handle>>);

struct Handle {
    epoch: i64,
    /// Of the certificate of its connection.
    serial: Vec<u8>,
    outbox: Outbox,
    /// Whether its agent knows `ExportWorkspace`.
    can_export: bool,
    /// Ends the session because another took its place.
    superseded: CancellationToken,
    /// Ends the session because its agent has one with its next certificate.
    rotated: CancellationToken,
    /// Ends the session for good.
    revoked: CancellationToken,
    next_question: u64,
    questions: HashMap<u64, oneshot::Sender<DetectReply>>,
}

/// Why an agent gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Not connected to this instance.
    #[error("the sandbox's agent is not connected; start slipway-agent in the sandbox")]
    Offline,
    /// Too many questions are open.
    #[error("the sandbox's agent is busy; try again in a moment")]
    Busy,
    /// No answer in time.
    #[error("the sandbox's agent did not answer in time")]
    TimedOut,
    /// Its version does not know the question.
    #[error("the sandbox's agent is too old to export its workspace; update slipway-agent in the sandbox")]
    Outdated,
}

/// Ends of a session that others can cause.
pub(super) struct Ends {
    pub(super) superseded: CancellationToken,
    pub(super) rotated: CancellationToken,
    pub(super) revoked: CancellationToken,
}

impl Sessions {
    /// Registers a session; an older one of the same sandbox ends.
    pub(super) fn open(&self, sandbox: SandboxId, epoch: i64, serial: &[u8], outbox: Outbox, can_export: bool) -> Ends {
        let ends = Ends {
            superseded: CancellationToken::new(),
            rotated: CancellationToken::new(),
            revoked: CancellationToken::new(),
        };
        let handle = Handle {
            epoch,
            serial: serial.to_vec(),
            outbox,
            can_export,
            superseded: ends.superseded.clone(),
            rotated: ends.rotated.clone(),
            revoked: ends.revoked.clone(),
            next_question: 1,
            questions: HashMap::new(),
        };
        if let Some(older) = self.lock().insert(sandbox, handle) {
            if older.serial == serial { older.superseded.cancel() } else { older.rotated.cancel() }
        }
        ends
    }

    /// Removes the session, unless a newer one has taken its place.
    pub(super) fn closed(&self, sandbox: SandboxId, epoch: i64) {
        let mut sessions = self.lock();
        if sessions.get(&sandbox).is_some_and(|handle| handle.epoch == epoch) {
            sessions.remove(&sandbox);
        }
    }

    /// Cuts a sandbox off at once. Whether it may come back is the database's to say.
    pub fn disconnect(&self, sandbox: SandboxId) {
        self.disconnect_with(sandbox, None);
    }

    /// The same, with a serial only if the session is by that certificate.
    pub(super) fn disconnect_with(&self, sandbox: SandboxId, serial: Option<&[u8]>) {
        if let Some(handle) = self.lock().get(&sandbox)
            && serial.is_none_or(|serial| handle.serial == serial)
        {
            handle.revoked.cancel();
        }
    }

    /// How many agents have a session here.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Whether the sandbox's agent has a session here.
    pub fn is_online(&self, sandbox: SandboxId) -> bool {
        self.lock().contains_key(&sandbox)
    }

    /// The epoch of the sandbox's session here.
    pub(super) fn epoch(&self, sandbox: SandboxId) -> Option<i64> {
        self.lock().get(&sandbox).map(|handle| handle.epoch)
    }

    /// Asks the agent what it would build.
    pub async fn detect(&self, sandbox: SandboxId) -> Result<DetectReply, AskError> {
        let (outbox, request_id, answer) = {
            let mut sessions = self.lock();
            let handle = sessions.get_mut(&sandbox).ok_or(AskError::Offline)?;
            handle.questions.retain(|_, question| !question.is_closed());
            if handle.questions.len() >= OPEN_QUESTIONS {
                return Err(AskError::Busy);
            }
            let (question, answer) = oneshot::channel();
            let request_id = handle.next_question;
            handle.next_question += 1;
            handle.questions.insert(request_id, question);
            (handle.outbox.clone(), request_id, answer)
        };
        let message = ServerMessage { message: Some(Message::Detect(DetectRequest { request_id })) };
        let ask = async {
            outbox.send(Ok(message)).await.map_err(|_| AskError::Offline)?;
            answer.await.map_err(|_| AskError::Offline)
        };
        tokio::time::timeout(DETECT_TIMEOUT, ask).await.unwrap_or(Err(AskError::TimedOut))
    }

    /// Tells the agent to bring its workspace.
    pub async fn export(&self, sandbox: SandboxId, order: ExportWorkspace) -> Result<(), AskError> {
        let outbox = {
            let sessions = self.lock();
            let handle = sessions.get(&sandbox).ok_or(AskError::Offline)?;
            if !handle.can_export {
                return Err(AskError::Outdated);
            }
            handle.outbox.clone()
        };
        let message = ServerMessage { message: Some(Message::Export(order)) };
        let told = tokio::time::timeout(ORDER_TIMEOUT, outbox.send(Ok(message))).await;
        told.map_err(|_| AskError::TimedOut)?.map_err(|_| AskError::Offline)
    }

    /// Hands an agent's answer to whoever asked.
    pub(super) fn answered(&self, sandbox: SandboxId, reply: DetectReply) {
        let question = self.lock().get_mut(&sandbox).and_then(|handle| handle.questions.remove(&reply.request_id));
        if let Some(question) = question {
            let _ = question.send(reply);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SandboxId, Handle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
