//! The last step before a command: drops privileges, unblocks signals, and becomes the command.
//!
//! The supervisor blocks its signals before it starts anything, so that none is lost; a child would
//! inherit that. Undoing it between fork and exec needs unsafe code, an own program needs none.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};

/// Of 1000: killed before the agent and before what the user runs.
const OOM_SCORE: &str = "500";
/// Processes and threads of one build user.
const PROCESSES: u64 = 8192;
/// What a shell answers when a program cannot be started.
const CANNOT_START: u8 = 126;

/// Arguments of the hidden `exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExecOptions {
    /// It is part of a build: the kernel may rather kill it than anything else, and it may not fork for ever.
    #[arg(long)]
    pub(super) build: bool,
    #[arg(long, requires = "gid")]
    pub(super) uid: Option<u32>,
    #[arg(long, requires = "uid")]
    pub(super) gid: Option<u32>,
    #[arg(last = true, required = true)]
    pub(super) command: Vec<OsString>,
}

/// Returns only when the command cannot be started.
pub(crate) fn exec(options: &ExecOptions) -> ExitCode {
    let error = match prepare(options) {
        Ok(()) => anyhow::Error::from(replace(&options.command)),
        Err(error) => error,
    };
    eprintln!("the command cannot be started: {error:#}");
    ExitCode::from(CANNOT_START)
}

fn prepare(options: &ExecOptions) -> anyhow::Result<()> {
    if options.build {
        // Anybody may raise it; where /proc is read-only, the kernel chooses as it likes.
        let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
        if options.uid.is_some() {
            // The limit counts what the user has everywhere on this machine, so it is for users of builds only.
            let (_, most) = getrlimit(Resource::RLIMIT_NPROC)?;
            setrlimit(Resource::RLIMIT_NPROC, most.min(PROCESSES), most.min(PROCESSES))?;
        }
    }
    if let (Some(uid), Some(gid)) = (options.uid, options.gid) {
        let refused = || format!("the sandbox does not let the agent change to user {uid}");
        setgroups(&[]).with_context(refused)?;
        setgid(Gid::from_raw(gid)).with_context(refused)?;
        setuid(Uid::from_raw(uid)).with_context(refused)?;
    }
    SigSet::empty().thread_set_mask().context("signals cannot be unblocked")
}

fn replace(command: &[OsString]) -> io::Error {
    match command.split_first() {
        Some((program, arguments)) => Command::new(program).args(arguments).exec(),
        None => io::Error::from(io::ErrorKind::InvalidInput),
    }
}
