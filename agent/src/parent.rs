//! The process above the agent: it starts the agent as a worker, buries orphans as process 1 must, and
//! starts the worker again when a crash or the kernel's OOM killer ended it. It has one thread, no runtime
//! and no secret.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use crate::build::reap;
use crate::signals::Signals;

/// How the parent tells a process that it is the worker, and how many there were before.
pub(crate) const WORKER_VARIABLE: &str = "SLIPWAY_AGENT_WORKER";
/// A worker that ran this long is well; the next crash counts as the first.
const HEALTHY: Duration = Duration::from_secs(60);
/// Wait before a worker is started again; it doubles with each crash, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What a panic ends with.
const PANICKED: u8 = 101;
/// From here on an exit code means a signal, as shells tell it.
const SIGNALLED: u8 = 128;

/// Whether this process is to be the parent: as process 1, or when asked; never as the worker.
pub(crate) fn is_wanted(is_asked: bool) -> bool {
    std::env::var_os(WORKER_VARIABLE).is_none() && (is_asked || getpid().as_raw() == 1)
}

/// Of the worker: how often the parent has started it again; `None` when it has none.
pub(crate) fn restarts() -> Option<u32> {
    std::env::var(WORKER_VARIABLE).ok()?.parse().ok()
}

/// Runs workers until one ends on purpose; the exit code is its.
pub(crate) fn run() -> ExitCode {
    match Parent::new().and_then(Parent::run) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("slipway-agent: the agent cannot be supervised: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Parent {
    signals: Signals,
    worker: Pid,
    restarts: u32,
    is_stopping: bool,
}

impl Parent {
    fn new() -> anyhow::Result<Self> {
        let signals = Signals::take()?;
        Ok(Self { signals, worker: start(0)?, restarts: 0, is_stopping: false })
    }

    fn run(mut self) -> anyhow::Result<u8> {
        let mut wait = FIRST_WAIT;
        loop {
            let began = Instant::now();
            let code = self.wait_for_worker()?;
            let is_crash = code == PANICKED || code > SIGNALLED;
            if !is_crash || self.is_stopping {
                return Ok(code);
            }
            if began.elapsed() > HEALTHY {
                wait = FIRST_WAIT;
            }
            eprintln!("slipway-agent: the agent ended with code {code}; starting it again");
            if self.pause(wait)? {
                return Ok(code);
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            self.restarts += 1;
            self.worker = start(self.restarts)?;
        }
    }

    fn wait_for_worker(&mut self) -> anyhow::Result<u8> {
        loop {
            for exit in reap() {
                if exit.pid == self.worker.as_raw() {
                    return Ok(exit.code);
                }
            }
            if self.take_signals(None)? {
                self.is_stopping = true;
                let _ = kill(self.worker, Signal::SIGTERM); // it is ours until it is reaped
            }
        }
    }

    /// Waits before the next start; `true` when there is to be none.
    fn pause(&mut self, wait: Duration) -> anyhow::Result<bool> {
        let end = Instant::now() + wait;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if self.take_signals(Some(left))? {
                return Ok(true);
            }
            reap();
        }
        Ok(false)
    }

    /// Waits for signals; `true` when one of them asks to stop.
    fn take_signals(&self, limit: Option<Duration>) -> anyhow::Result<bool> {
        self.signals.wait(limit)?;
        Ok(self.signals.requests_to_end()? > 0)
    }
}

/// The same program with the same arguments, as a worker. By way of `exec`, which unblocks the signals.
fn start(restarts: u32) -> anyhow::Result<Pid> {
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut command = Command::new(&program);
    command.args(["exec", "--"]).arg(&program).args(arguments).env(WORKER_VARIABLE, restarts.to_string());
    if restarts > 0 {
        command.env_remove("CRASH_POINT"); // one crash is enough
    }
    let child = command.spawn().context("the agent cannot be started")?;
    Ok(Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?))
}
