//! Running a project's commands: whose they are, what they see, and how they end.

mod cgroup;
mod command;
mod descendants;
mod environment;
mod exec;
mod search_path;
mod supervisor;
mod telling;
mod user;

pub(crate) use cgroup::{BuildCgroup, Cgroups, MOST_PROCESSES};
pub(crate) use command::{BuildCommand, CommandError, CommandOutcome};
pub(crate) use descendants::{kill_with_environment, reap};
pub(crate) use environment::Environment;
pub(crate) use exec::{ExecOptions, exec};
pub use search_path::SearchPath;
pub(crate) use supervisor::{SuperviseOptions, supervise};
pub(crate) use user::{BuildUser, UserAndGroup};
