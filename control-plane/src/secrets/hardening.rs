//! Keeps what is in memory there.

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

/// No core dump of this process, and no look into its memory by other processes of the same user.
pub fn keep_memory_private() {
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
    if let Err(error) = set_dumpable(false) {
        tracing::warn!(%error, "the memory of this process cannot be closed to others");
    }
}
