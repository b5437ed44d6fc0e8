//! Ids: one newtype per kind of record, all UUIDv7, so that sorting by id is sorting by creation time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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
id_type!(/// Identifies an immutable artifact.
    ArtifactId);
id_type!(/// Identifies a pack object in the blob store.
    PackId);
id_type!(/// Identifies a certificate authority of the control plane.
    AuthorityId);
id_type!(/// Identifies a stored credential at a provider.
    CredentialId);
id_type!(/// Identifies a variable of a target.
    VariableId);

/// A team owns records as a person does.
impl From<TeamId> for UserId {
    fn from(team: TeamId) -> Self {
        Self(team.0)
    }
}
