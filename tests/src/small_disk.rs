//! A disk that is soon full.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const SIZE: &str = "size=16m";

/// A small tmpfs; unmounted at the end.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one. `None`, loudly, when we may not; in CI that is a failure.
    pub fn mount() -> Option<Self> {
        let directory = TempDir::with_prefix("slipway-disk-").expect("a temporary directory");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(directory.path()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(directory));
        }
        eprintln!("SKIPPED: mounting a small disk needs root");
        assert!(std::env::var_os("CI").is_none(), "mandatory in CI");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a control plane that is just ending may still have a file open.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
