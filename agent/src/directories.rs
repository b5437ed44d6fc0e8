//! Where the agent keeps things: a state directory that nobody else reads, and a build directory that
//! builds can reach.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use nix::unistd::geteuid;
use ring::rand::{SecureRandom, SystemRandom};

use crate::build::{BuildUser, kill_with_environment};

const SYSTEM_STATE_DIR: &str = "/var/lib/slipway-agent";
const HOME: &str = "home";

/// The agent's own directory, 0700. Held by one agent at a time.
pub(crate) struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// The one asked for, else the usual one, else, where that cannot be written, a temporary one.
    pub(crate) fn open(wanted: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = wanted {
            return Self::lock(path).with_context(|| format!("the state directory {} cannot be used", path.display()));
        }
        if let Some(state) = usual_state_dir().and_then(|path| Self::lock(&path).ok()) {
            return Ok(state);
        }
        let path = std::env::temp_dir().join(format!("slipway-agent-{}", random_name()?));
        DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Self::lock(&path)
    }

    fn lock(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let lock = File::open(path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                bail!("another slipway-agent is using it; give each its own --state-dir")
            }
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path.join("spool"))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where logs wait until they are stored.
    pub(crate) fn spool(&self) -> PathBuf {
        self.path.join("spool")
    }
}

fn usual_state_dir() -> Option<PathBuf> {
    if geteuid().is_root() {
        return Some(SYSTEM_STATE_DIR.into());
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(base.join("slipway-agent"))
}

fn random_name() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).ok().context("the system has no randomness")?;
    Ok(HEXLOWER.encode(&bytes))
}

/// Where builds happen. Several agents of one user may share it.
pub(crate) struct BuildDir(PathBuf);

impl BuildDir {
    /// The one asked for, or the usual one of this user.
    pub(crate) fn at(wanted: Option<PathBuf>) -> Self {
        Self(wanted.unwrap_or_else(|| format!("/var/tmp/slipway-builds-{}", geteuid()).into()))
    }

    /// Removes what agents that have ended left behind. Nothing to do is no error.
    pub(crate) fn clear(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        for path in entries.flatten().filter(|entry| entry.file_name() != HOME).map(|entry| entry.path()) {
            let is_abandoned = File::open(&path).is_ok_and(|directory| directory.try_lock().is_ok());
            if is_abandoned {
                // Its supervisor ended them, unless it was killed as well.
                let mut marker = b"TMPDIR=".to_vec();
                marker.extend_from_slice(temporary_in(&path).as_os_str().as_bytes());
                let killed = kill_with_environment(&marker);
                if killed > 0 {
                    tracing::warn!(killed, "processes of a former build were still running");
                }
            }
            if is_abandoned && let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(%error, path = %path.display(), "the rest of an old build cannot be removed");
            }
        }
    }

    /// A directory for one job, gone when the answer is dropped.
    pub(crate) fn prepare(&self, job_id: &str, user: BuildUser) -> io::Result<JobDir> {
        match DirBuilder::new().mode(0o711).create(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o711).create(&self.0)?;
            }
            other => other?,
        }
        // In a directory that everybody can write to, somebody else may have been first.
        let metadata = self.0.symlink_metadata()?;
        if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
            return Err(io::Error::other("it is there already, but not a directory of this user; use --build-dir"));
        }
        if metadata.permissions().mode() & 0o022 != 0 {
            return Err(io::Error::other("others can write to it; use --build-dir"));
        }
        // Whatever the umask took away: builds must be able to pass through.
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o711))?;
        let home = self.home(user)?;

        let path = self.0.join(job_id);
        DirBuilder::new().mode(0o711).create(&path)?;
        let directory = JobDir { lock: File::open(&path)?, home, path };
        directory.lock.try_lock()?;
        fs::set_permissions(&directory.path, fs::Permissions::from_mode(0o711))?;
        private_dir(&directory.temporary(), user)?;
        // Given to the user when the snapshot is complete.
        DirBuilder::new().mode(0o700).create(directory.workspace())?;
        Ok(directory)
    }

    /// The build user's home, kept from build to build for the caches in it.
    fn home(&self, user: BuildUser) -> io::Result<PathBuf> {
        let path = self.0.join(HOME);
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() && metadata.uid() == user.uid => return Ok(path),
            Ok(_) => fs::remove_dir_all(&path)?, // of a former build user
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        private_dir(&path, user)?;
        Ok(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

fn private_dir(path: &Path, user: BuildUser) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    user.own(path)
}

fn temporary_in(job_directory: &Path) -> PathBuf {
    job_directory.join("tmp")
}

/// The directory of one job.
pub(crate) struct JobDir {
    path: PathBuf,
    home: PathBuf,
    /// While it is held, no other agent takes the directory for abandoned.
    lock: File,
}

impl JobDir {
    /// Where the snapshot goes.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.path.join("workspace")
    }

    /// For `TMPDIR`.
    pub(crate) fn temporary(&self) -> PathBuf {
        temporary_in(&self.path)
    }

    /// For `HOME`.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }
}

impl Drop for JobDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the rest of a build cannot be removed");
        }
    }
}
