//! Ids: one newtype per kind of record, all UUIDv7, so that sorting by id is sorting by creation time.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{ContextV7, Uuid};

use crate::clock::Timestamp;

/// How far ids of the audit log may run ahead of the clock.
const AUDIT_IDS_AHEAD: Duration = Duration::from_secs(60 * 60);

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, later than every id made before by this process.
            #[allow(clippy::new_without_default, reason = "an id is made, it has no default")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The 16 bytes, as they stand in keys and associated data.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// As the audit log has it, where ids of all kinds stand in one column.
            pub fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id_type!(/// Identifies an account that owns records: a person, or a team by its [`TeamId`].
    UserId);
id_type!(/// Identifies a team.
    TeamId);
id_type!(/// Identifies an API token (not its secret).
    ApiTokenId);
id_type!(/// Identifies a sandbox.
    SandboxId);
id_type!(/// Identifies a deployment target.
    TargetId);
id_type!(/// Identifies one deployment attempt.
    DeploymentId);
id_type!(/// Identifies a backup while it is made.
    BackupId);
id_type!(/// Identifies an immutable artifact.
    ArtifactId);
id_type!(/// Identifies one life of one control plane: its leases are void when it ends.
    InstanceId);
id_type!(/// Identifies a pack object in the blob store.
    PackId);
id_type!(/// Identifies a certificate authority of the control plane.
    AuthorityId);
id_type!(/// Identifies a stored credential at a provider.
    CredentialId);
id_type!(/// Identifies connecting an account, while it is under way.
    AccountFlowId);
id_type!(/// Identifies a variable of a target.
    VariableId);
id_type!(/// Identifies a hook by which a provider tells that something has happened.
    WebhookId);
id_type!(/// Identifies a row of the audit log.
    AuditId);

static AUDIT_IDS: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// Unlike others these are made from a time that is given, and so tell where in the log a time is.
impl AuditId {
    /// A new id for this time, later than those made before for it.
    pub fn at(time: Timestamp) -> Self {
        let (seconds, nanos) = (time.as_millis() / 1_000, time.as_millis() % 1_000 * 1_000_000);
        let (seconds, nanos) = (u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0));
        Self(Uuid::new_v7(uuid::Timestamp::from_unix(&AUDIT_IDS, seconds, nanos)))
    }

    /// Not after any id of this time.
    pub fn first_at(time: Timestamp) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(0);
        Self(Uuid::from_u128(u128::from(millis) << 80))
    }

    /// After every id of this time.
    pub fn first_after(time: Timestamp) -> Self {
        // When many are made in one millisecond, or the clock is set back, ids run ahead of it.
        Self::first_at(time.plus(AUDIT_IDS_AHEAD))
    }
}

/// A team owns records as a person does.
impl From<TeamId> for UserId {
    fn from(team: TeamId) -> Self {
        Self(team.0)
    }
}
