//! Signals as something to wait for, in the two small processes without a runtime: the one above the agent, and
//! the one above each command of a build.

use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The end of a child, and requests to end.
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// From here on nothing is lost: what comes waits in the descriptor. Orphans of whatever is started come to
    /// this process, and their end is a signal, too.
    pub(crate) fn take() -> anyhow::Result<Self> {
        let mut signals = SigSet::empty();
        for each in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT] {
            signals.add(each);
        }
        signals.thread_block().context("signals cannot be blocked")?;
        let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        prctl::set_child_subreaper(true).context("orphans cannot be adopted")?;
        Ok(Self(signals))
    }

    /// Waits until a signal is there, at most `limit`.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> anyhow::Result<()> {
        let timeout = match limit {
            // Rounded up: a timeout of 0 would spin through the last millisecond.
            Some(limit) => PollTimeout::try_from(limit + Duration::from_millis(1))?,
            None => PollTimeout::NONE,
        };
        match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How many of the signals that are there ask to end.
    pub(crate) fn requests_to_end(&self) -> anyhow::Result<u32> {
        let mut requests = 0;
        while let Some(info) = self.0.read_signal()? {
            let is_child = i32::try_from(info.ssi_signo).is_ok_and(|number| number == Signal::SIGCHLD as i32);
            requests += u32::from(!is_child);
        }
        Ok(requests)
    }
}
