//! Why there is no plan: one sentence for the person who wanted one, with the way out.

use std::io;
use std::path::PathBuf;

use slipway_proto::v1::FailureCode;

use super::words::excerpt;

/// Why there is no plan. Files are named as seen from the workspace.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// There is no such workspace.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The workspace is something else.
    #[error("{} is not a directory; name the directory of the project", .0.display())]
    NotADirectory(PathBuf),
    /// The workspace or a file in it cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A manifest that must be understood cannot be.
    #[error("{file} {problem}")]
    BadManifest {
        /// Which one.
        file: String,
        /// What is wrong, with line and column, as the end of a sentence.
        problem: String,
    },
    /// There is nothing at all.
    #[error("{} is empty: there is nothing to build or publish", .0.display())]
    Empty(PathBuf),
    /// No rule matched.
    #[error(
        "nothing to build or publish was found in {}: it has no manifest of a known framework or language, no `build` script in a package.json, no index.html and no Dockerfile. Add one, or set build_command and output_dir",
        directory.display()
    )]
    Nothing {
        /// Where.
        directory: PathBuf,
    },
    /// What comes out is a program, not files.
    #[error(
        "this {name} project renders on a server, which cannot be published as files yet; {hint}, or deploy a static project"
    )]
    NeedsServer {
        /// The framework.
        name: String,
        /// How to get files out of it.
        hint: String,
    },
    /// What comes out is no site at all.
    #[error("this {name} project is {what}, which cannot be published as files; set output_dir to publish files of it")]
    NoFiles {
        /// The framework.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// A setting given by the user cannot be used.
    #[error("{field} `{}` {problem}", excerpt(value))]
    BadOverride {
        /// Name of the setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, as the end of a sentence.
        problem: &'static str,
    },
}

impl DetectError {
    /// The code of the failure for a job that needed a plan.
    pub fn failure_code(&self) -> FailureCode {
        match self {
            Self::Missing(_) | Self::NotADirectory(_) | Self::Unreadable { .. } | Self::BadManifest { .. } => {
                FailureCode::WorkspaceUnreadable
            }
            Self::Empty(_)
            | Self::Nothing { .. }
            | Self::NeedsServer { .. }
            | Self::NoFiles { .. }
            | Self::BadOverride { .. } => FailureCode::NothingDetected,
        }
    }
}
