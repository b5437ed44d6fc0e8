//! The process between the agent and a command: `slipway-agent supervise`. It has one thread and no
//! runtime, adopts every orphan of the command as a child subreaper, and ends only when none of them
//! is left. When the agent dies, the kernel tells it to end as well.
//!
//! SIGTERM begins the end: descendants get SIGTERM, and SIGKILL after the grace. A second SIGTERM cuts
//! the grace short.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::getppid;

use super::descendants::{living, reap, signal};
use crate::signals::Signals;

/// What a build may have open at once.
const OPEN_FILES: u64 = 65_536;
/// What is left of a command that ended by itself gets this long.
const LEFTOVER_GRACE: Duration = Duration::from_millis(500);
/// How long SIGKILL is repeated before the rest are counted as survivors.
const KILL_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks at who is left.
const KILL_PAUSE: Duration = Duration::from_millis(10);
const FAILED_TO_START: u8 = 126;

/// Arguments of the hidden `supervise`.
#[derive(Debug, clap::Args)]
pub(crate) struct SuperviseOptions {
    /// From SIGTERM to SIGKILL.
    #[arg(long, default_value_t = 10_000)]
    grace_ms: u64,
    /// The agent, to notice that it died before the kernel was asked to tell.
    #[arg(long)]
    parent: Option<i32>,
    #[arg(long, requires = "gid")]
    uid: Option<u32>,
    #[arg(long, requires = "uid")]
    gid: Option<u32>,
    /// The file of a control group to join.
    #[arg(long)]
    cgroup: Option<PathBuf>,
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the command; the exit code is the command's. When processes survive, their number is written
/// to the pipe that is standard input.
pub(crate) fn supervise(options: &SuperviseOptions) -> ExitCode {
    match run(options) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("the command cannot be supervised: {error:#}");
            ExitCode::from(FAILED_TO_START)
        }
    }
}

fn run(options: &SuperviseOptions) -> anyhow::Result<u8> {
    let signals = Signals::take()?;
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most.min(OPEN_FILES), most)?;
    if options.uid.is_some() {
        prctl::set_no_new_privs()?;
    }
    if options.parent.is_some_and(|parent| getppid().as_raw() != parent) {
        anyhow::bail!("the agent has ended");
    }
    if let Some(processes) = &options.cgroup {
        // Before anything is started: children are born into the group.
        std::fs::write(processes, "0").context("the control group of the build cannot be joined")?;
    }
    let child = start(options)?;
    let mut supervision = Supervision { signals, child, code: None, told_to_end: 0 };

    supervision.wait(None, |state| state.code.is_some() || state.told_to_end > 0)?;
    let (grace, is_asked) = match supervision.code {
        Some(_) => (LEFTOVER_GRACE, false),
        None => (Duration::from_millis(options.grace_ms), true),
    };
    let survivors = supervision.end_all(grace, is_asked)?;
    if survivors > 0 {
        let mut report = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let _ = write!(report, "{survivors}"); // without the agent nobody wants to know
    }
    Ok(supervision.code.unwrap_or(128 + Signal::SIGKILL as u8))
}

/// By way of [`super::exec`], in a process group of its own.
fn start(options: &SuperviseOptions) -> anyhow::Result<i32> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["exec", "--build"]);
    if let (Some(uid), Some(gid)) = (options.uid, options.gid) {
        command.args([format!("--uid={uid}"), format!("--gid={gid}")]);
    }
    command.arg("--").args(&options.command).stdin(Stdio::null()).process_group(0);
    // Buried with all the others, by number.
    let child = command.spawn().context("the command cannot be started")?;
    i32::try_from(child.id()).context("process numbers are positive")
}

struct Supervision {
    signals: Signals,
    child: i32,
    /// Of the command, once it has ended.
    code: Option<u8>,
    /// How often we were asked to end.
    told_to_end: u32,
}

impl Supervision {
    /// Buries children and counts signals until `is_enough`, or until the time is over.
    fn wait(&mut self, limit: Option<Duration>, is_enough: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            self.told_to_end += self.signals.requests_to_end()?;
            for exit in reap() {
                if exit.pid == self.child {
                    self.code = Some(exit.code);
                }
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if is_enough(self) || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            self.signals.wait(left)?;
        }
    }

    /// Ends every descendant, and returns how many could not be ended.
    fn end_all(&mut self, grace: Duration, is_asked: bool) -> anyhow::Result<usize> {
        if signal(Signal::SIGTERM) == 0 {
            return Ok(0);
        }
        let asked_so_far = self.told_to_end;
        let deadline = Instant::now() + grace;
        while Instant::now() < deadline && !living().is_empty() {
            self.wait(Some(KILL_PAUSE), |_| false)?;
            // While leftovers of a finished command are ended, the first request is already the second push.
            if self.told_to_end > asked_so_far || (!is_asked && self.told_to_end > 0) {
                break;
            }
        }
        // A process may fork while we look; so look until there is none.
        let deadline = Instant::now() + KILL_LIMIT;
        while signal(Signal::SIGKILL) > 0 {
            if Instant::now() > deadline {
                return Ok(living().len());
            }
            self.wait(Some(KILL_PAUSE), |_| false)?;
        }
        self.wait(Some(Duration::ZERO), |_| true)?;
        Ok(0)
    }
}
