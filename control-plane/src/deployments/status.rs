//! How a deployment moves: seven statuses, six steps, one table of allowed moves.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a deployment stands, as people and the API see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    /// Waits for the sandbox's agent.
    Pending,
    /// The agent prepares, installs, builds or packages.
    Building,
    /// The artifact crosses to the control plane.
    Uploading,
    /// The control plane hands the artifact to the provider.
    Deploying,
    /// Live.
    Success,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
}

impl Status {
    /// All statuses, for tables and tests.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Building, Self::Uploading, Self::Deploying, Self::Success, Self::Failed, Self::Cancelled];

    /// Whether nothing can change any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Cancelled)
    }

    /// Whether the agent in the sandbox is at work on it.
    pub fn is_with_agent(self) -> bool {
        matches!(self, Self::Building | Self::Uploading)
    }

    /// The table of moves. The trigger `deployments_move` holds the same table for the database.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Building | Self::Deploying)
                | (Self::Building, Self::Uploading)
                | (Self::Uploading, Self::Deploying)
                | (Self::Deploying, Self::Success)
        ) || (!self.is_final() && matches!(next, Self::Failed | Self::Cancelled))
    }

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Building => "building",
            Self::Uploading => "uploading",
            Self::Deploying => "deploying",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A step shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Step {
    /// Look at the project and take a snapshot.
    Prepare,
    /// Install dependencies.
    Install,
    /// Run the build.
    Build,
    /// Collect and digest the output.
    Package,
    /// Send what the control plane lacks.
    Upload,
    /// Publish at the provider.
    Deploy,
}

impl Step {
    /// In the order in which they run.
    pub const ALL: [Self; 6] = [Self::Prepare, Self::Install, Self::Build, Self::Package, Self::Upload, Self::Deploy];

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Install => "install",
            Self::Build => "build",
            Self::Package => "package",
            Self::Upload => "upload",
            Self::Deploy => "deploy",
        }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum StepState {
    /// Its turn has not come.
    Pending,
    /// Under way.
    Running,
    /// Ended well.
    Done,
    /// There was nothing to do.
    Skipped,
    /// The deployment failed here.
    Failed,
    /// The deployment was cancelled here.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_final_status_and_nothing_goes_back() {
        for from in Status::ALL {
            for to in Status::ALL {
                let (rank_from, rank_to) = (from as u8, to as u8);
                if from.is_final() || rank_to <= rank_from {
                    assert!(!from.may_become(to), "{from:?} → {to:?}");
                }
            }
        }
    }
}
