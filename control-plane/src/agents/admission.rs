//! Whether an agent may speak: when it connects, and when it asks for something. The database is the truth
//! about that. Who is shut out while connected is told by [`revocation`](super::revocation).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use data_encoding::HEXLOWER;
use tonic::Status;

use super::rivals::Rivals;
use super::sessions::Sessions;
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::{Clock, Timestamp};
use crate::config::AgentSettings;
use crate::error::Error;
use crate::identity::{Authority, SandboxIdentity, Standing, standing};
use crate::ids::SandboxId;
use crate::store::{AgentCertificate, SandboxState, Store, Tx};

/// Lets agents in, and keeps others out. A cheap handle.
#[derive(Clone)]
pub struct Admission {
    pub(super) store: Store,
    pub(super) authority: Arc<Authority>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) settings: AgentSettings,
    pub(super) clock: Clock,
    rivals: Arc<Rivals>,
}

/// Why an agent is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Expired,
    Unknown,
    Superseded,
    Revoked,
    Quarantined,
    Unavailable,
}

impl From<Refusal> for Status {
    /// An agent stops for good at a message that begins with `revoked`, and tries to renew its certificate
    /// when it is not authenticated.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Expired => Self::unauthenticated("the certificate has expired"),
            Refusal::Unknown => Self::unauthenticated("the certificate is not known here"),
            Refusal::Superseded => Self::aborted("this certificate was superseded by a later one"),
            Refusal::Revoked => Self::permission_denied("revoked: this agent may not connect any more"),
            Refusal::Quarantined => Self::permission_denied(
                "revoked: this sandbox is in quarantine, because its identity was used by two agents; lift the quarantine and enrol one agent with a new token",
            ),
            Refusal::Unavailable => Self::unavailable("the control plane cannot reach its database"),
        }
    }
}

/// Whether a certificate that was admitted is good enough to go on with.
fn may_speak(standing: Standing) -> Result<(), Refusal> {
    match standing {
        Standing::InUse | Standing::Pending | Standing::Overlapping | Standing::Cloned => Ok(()),
        Standing::Expired => Err(Refusal::Expired),
        Standing::Revoked => Err(Refusal::Revoked),
        Standing::Quarantined => Err(Refusal::Quarantined),
        Standing::Unknown => Err(Refusal::Unknown),
    }
}

/// The same for what only an agent's present certificate may begin.
pub(super) fn is_present(standing: Standing) -> Result<(), Refusal> {
    match standing {
        Standing::Overlapping | Standing::Cloned => Err(Refusal::Superseded),
        standing => may_speak(standing),
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "cannot judge an agent's certificate");
        Self::Unavailable
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

impl Admission {
    /// Over the store, for certificates of this authority.
    pub fn new(
        store: Store,
        authority: Arc<Authority>,
        sessions: Arc<Sessions>,
        settings: AgentSettings,
        clock: Clock,
    ) -> Self {
        Self { store, authority, sessions, settings, clock, rivals: Arc::default() }
    }

    /// Judges a certificate with which a connection was just made. The first use of one supersedes the one
    /// before; one that was superseded long ago puts its sandbox in quarantine.
    pub(super) async fn admit(&self, identity: &SandboxIdentity, address: IpAddr) -> Result<(), Refusal> {
        match self.standing(identity).await? {
            Standing::Pending => self.begin_use(identity).await,
            Standing::Cloned => {
                let reason = "a certificate was used after its successor";
                self.quarantine(identity.sandbox_id, &identity.serial, reason, Some(address)).await?;
                Err(Refusal::Quarantined)
            }
            standing => may_speak(standing),
        }
    }

    /// Whether something may begin on a connection that was admitted: its certificate may have been
    /// superseded since, because an upload goes on while the session has the next one.
    pub(super) async fn check(&self, identity: &SandboxIdentity) -> Result<(), Refusal> {
        may_speak(self.standing(identity).await?)
    }

    /// The same for what only the agent's present certificate may begin.
    pub(super) async fn check_in_use(&self, identity: &SandboxIdentity) -> Result<(), Refusal> {
        is_present(self.standing(identity).await?)
    }

    async fn standing(&self, identity: &SandboxIdentity) -> Result<Standing, Refusal> {
        let known = self.store.known_certificate(&identity.serial).await?;
        Ok(standing(identity, known.as_ref(), self.settings.certificate_life, self.clock.now()))
    }

    async fn begin_use(&self, identity: &SandboxIdentity) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let known = tx.known_certificate(&identity.serial).await?;
        // Another connection may have been faster, or a revocation.
        let standing = standing(identity, known.as_ref(), self.settings.certificate_life, now);
        if standing != Standing::Pending {
            return may_speak(standing);
        }
        let certificate = known.ok_or(Refusal::Unknown)?.certificate;
        self.note_first_use(&mut tx, &certificate, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A pending certificate is used: the one before is superseded. What a former enrolment of the sandbox gave
    /// is worth nothing from now on: its agent was replaced by somebody who had a token.
    pub(super) async fn note_first_use(
        &self,
        tx: &mut Tx,
        certificate: &AgentCertificate,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        tx.begin_use(certificate, now).await?;
        let sandbox = certificate.sandbox_id;
        if tx.revoke_other_lineages(sandbox, &certificate.lineage, now).await? > 0 {
            let owner = tx.sandbox(sandbox).await?.ok_or(Refusal::Unknown)?.user_id;
            let facts = Facts::of(owner, "sandbox", sandbox.as_uuid())
                .with("reason", "another agent was enrolled for this sandbox")
                .with("successor_serial", HEXLOWER.encode(&certificate.serial));
            tx.record(&Entry::done(Action::AgentRevoke, Actor::system(), facts, now)).await?;
        }
        Ok(())
    }

    /// Shuts out a sandbox until a person decides: its identity is in two places, and nobody can tell which
    /// of them is the right one.
    pub(super) async fn quarantine(
        &self,
        id: SandboxId,
        serial: &[u8],
        reason: &'static str,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let sandbox = tx.sandbox(id).await?.filter(|sandbox| sandbox.state == SandboxState::Active);
        let Some(sandbox) = sandbox else { return Ok(()) };
        tx.set_sandbox_state(id, SandboxState::Quarantined).await?;
        tx.revoke_certificates_of(id, now).await?;
        let facts = Facts::of(sandbox.user_id, "sandbox", id.as_uuid())
            .with("reason", reason)
            .with("certificate_serial", HEXLOWER.encode(serial));
        let actor = Actor::system().by_request(None, address);
        tx.record(&Entry::done(Action::AgentCloneDetected, actor, facts, now)).await?;
        tx.commit().await?;
        tracing::error!(sandbox.id = %id, reason, ?address, "two agents have one identity; the sandbox is in quarantine");
        self.sessions.disconnect(id);
        Ok(())
    }

    /// A session begins; when another process has the same identity, the sandbox is shut out.
    pub(super) async fn check_rivals(&self, identity: &SandboxIdentity, boot_id: &[u8]) -> Result<(), Refusal> {
        if boot_id.is_empty() || !self.rivals.are_seen(identity.sandbox_id, boot_id, Instant::now()) {
            return Ok(());
        }
        self.rivals.forget(identity.sandbox_id);
        self.quarantine(identity.sandbox_id, &identity.serial, "two agents took turns with one certificate", None)
            .await?;
        Err(Refusal::Quarantined)
    }
}

#[cfg(test)]
mod tests;
