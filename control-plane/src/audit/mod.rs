//! The audit log: who changed what, when, from where, and how it ended.
//!
//! What comes through the API is recorded in two commits by one layer around every route
//! (`api/changes.rs`): the intent before the handler runs, the outcome when it has ended. Without the
//! intent there is no change. Everything else (the command line, agents, what the control plane does by
//! itself) is one transaction that contains its row. What only looks writes nothing.
//!
//! A row holds names and ids. Values of secrets never come here: there is no function that takes one.

mod facts;
mod trail;

pub use facts::{Facts, Subject};
pub use trail::{Trail, acting_user, begin, note};

use std::net::IpAddr;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::access::{Credential, Principal};
use crate::clock::{Clock, Timestamp};
use crate::error::ErrorCode;
use crate::ids::{ApiTokenId, AuditId, SandboxId};
use crate::store::Store;

/// Rows that one sweep deletes at most; a sweep comes every few seconds.
const DELETED_AT_ONCE: i64 = 2_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the word says it")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// As it stands in the database and in the API. Stable.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// What somebody did, or tried to do.
    Action {
        SandboxCreate = "sandbox.create",
        SandboxUpdate = "sandbox.update",
        SandboxDelete = "sandbox.delete",
        SandboxEnrollToken = "sandbox.enroll_token",
        SandboxExport = "sandbox.export",
        TargetCreate = "target.create",
        TargetUpdate = "target.update",
        TargetDelete = "target.delete",
        TargetTest = "target.test",
        DomainAdd = "domain.add",
        DomainRemove = "domain.remove",
        DomainVerify = "domain.verify",
        WebhookCreate = "webhook.create",
        WebhookDelete = "webhook.delete",
        WebhookDelivery = "webhook.delivery",
        VariablesSet = "variables.set",
        VariablesImport = "variables.import",
        DeploymentCreate = "deployment.create",
        DeploymentCancel = "deployment.cancel",
        DeploymentRedeploy = "deployment.redeploy",
        DeploymentRollback = "deployment.rollback",
        DeploymentDelete = "deployment.delete",
        SignInPassword = "sign_in.password",
        SignInSetup = "sign_in.setup",
        SignInOidc = "sign_in.oidc",
        SignInLink = "sign_in.link",
        SignOut = "sign_out",
        TokenCreate = "token.create",
        TokenDelete = "token.delete",
        TeamCreate = "team.create",
        TeamUpdate = "team.update",
        TeamDelete = "team.delete",
        TeamMemberSet = "team.member_set",
        TeamMemberRemove = "team.member_remove",
        UserCreate = "user.create",
        UserPassword = "user.password",
        UserDisable = "user.disable",
        UserEnable = "user.enable",
        CredentialCreate = "credential.create",
        CredentialDelete = "credential.delete",
        CredentialDevice = "credential.device_start",
        KeysRotate = "keys.rotate",
        BackupCreate = "backup.create",
        BackupRestore = "backup.restore",
        AgentEnroll = "agent.enroll",
        AgentRevoke = "agent.revoke",
        AgentCloneDetected = "agent.clone_detected",
        AuthorityRotate = "authority.rotate",
        SecretSeenInSandbox = "secret.seen_in_sandbox",
    }
}

words! {
    /// What kind of actor did it.
    ActorKind {
        User = "user",
        Anonymous = "anonymous",
        CommandLine = "command_line",
        Agent = "agent",
        System = "system",
    }
}

words! {
    /// How it ended.
    Outcome {
        Done = "done",
        Denied = "denied",
        Failed = "failed",
    }
}

/// Who did it, and from where. Final once it is written.
#[derive(Debug, Clone)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The user, or the agent's sandbox.
    pub id: Option<Uuid>,
    /// What they were called then.
    pub name: Option<String>,
    /// `token`, `session` or `trusted_jwt`.
    pub signed_in_with: Option<&'static str>,
    /// With which token.
    pub token: Option<ApiTokenId>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The request's `X-Request-Id`.
    pub request: Option<Uuid>,
}

impl Actor {
    fn of_kind(kind: ActorKind) -> Self {
        Self { kind, id: None, name: None, signed_in_with: None, token: None, address: None, request: None }
    }

    /// Somebody whom we know.
    pub fn user(principal: &Principal) -> Self {
        let (signed_in_with, token) = match &principal.credential {
            Credential::Token(id, _) => ("token", Some(*id)),
            Credential::Session(_) => ("session", None),
            Credential::TrustedJwt => ("trusted_jwt", None),
        };
        Self {
            id: Some(*principal.id.as_uuid()),
            name: Some(principal.name.clone()),
            signed_in_with: Some(signed_in_with),
            token,
            ..Self::of_kind(ActorKind::User)
        }
    }

    /// Somebody who is about to say who they are.
    pub fn anonymous() -> Self {
        Self::of_kind(ActorKind::Anonymous)
    }

    /// Whoever sits at the command line, as the operating system calls them.
    pub fn command_line() -> Self {
        let uid = nix::unistd::Uid::current().as_raw();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = name_of(uid, &accounts).unwrap_or_else(|| format!("uid {uid}"));
        Self { name: Some(name), ..Self::of_kind(ActorKind::CommandLine) }
    }

    /// The agent of a sandbox.
    pub fn agent(sandbox: SandboxId, name: &str, address: Option<IpAddr>) -> Self {
        Self { id: Some(*sandbox.as_uuid()), name: Some(name.to_owned()), address, ..Self::of_kind(ActorKind::Agent) }
    }

    /// The control plane, by itself.
    pub fn system() -> Self {
        Self::of_kind(ActorKind::System)
    }

    /// The same, by this request from there.
    #[must_use]
    pub fn by_request(self, request: Option<Uuid>, address: Option<IpAddr>) -> Self {
        Self { address, request, ..self }
    }
}

/// From `/etc/passwd`: a static program cannot ask the system's name service.
fn name_of(uid: u32, accounts: &str) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// How a change ended, and when.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// How.
    pub outcome: Outcome,
    /// The `code` of the answer, unless it is done.
    pub error: Option<ErrorCode>,
    /// When.
    pub at: Timestamp,
}

/// A row of the audit log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Identifies it.
    pub id: AuditId,
    /// When it began.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Who.
    pub actor: Actor,
    /// About what.
    pub facts: Facts,
    /// `None` while it is under way.
    pub ended: Option<Ended>,
}

impl Entry {
    /// A change that is about to begin.
    pub fn intent(action: Action, actor: Actor, facts: Facts, now: Timestamp) -> Self {
        Self { id: AuditId::at(now), at: now, action, actor, facts, ended: None }
    }

    /// A change that is part of the transaction it is written in.
    pub fn done(action: Action, actor: Actor, facts: Facts, now: Timestamp) -> Self {
        let ended = Ended { outcome: Outcome::Done, error: None, at: now };
        Self { ended: Some(ended), ..Self::intent(action, actor, facts, now) }
    }
}

/// Records changes.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    clock: Clock,
    retention: Option<Duration>,
    /// Changes under way: they go on when whoever asked for them is gone.
    changes: TaskTracker,
}

impl Audit {
    /// Keeps rows for `retention`, or forever.
    pub fn new(store: Store, clock: Clock, retention: Option<Duration>) -> Self {
        Self { store, clock, retention, changes: TaskTracker::new() }
    }

    /// Where changes that are to be recorded run.
    pub fn changes(&self) -> &TaskTracker {
        &self.changes
    }

    /// Waits for changes that are under way.
    pub async fn finish(&self) {
        self.changes.close();
        self.changes.wait().await;
    }

    /// Deletes some of the rows that are too old.
    pub async fn forget_old(&self) -> Result<(), sqlx::Error> {
        match self.retention {
            Some(retention) => self.store.forget_audit(self.clock.now().minus(retention), DELETED_AT_ONCE).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_says_who_sits_there() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(1000, accounts).as_deref(), Some("ada"));
        assert_eq!(name_of(0, accounts).as_deref(), Some("root"));
        assert_eq!(name_of(7, accounts), None);
    }
}
