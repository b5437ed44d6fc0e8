//! One command of a build, run under the supervisor, its output going line by line to the job's log.

use std::io::{self, Read};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use slipway_proto::limits;
use slipway_proto::v1::LogStream;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::telling::Telling;
use super::{BuildCgroup, BuildUser, Environment};
use crate::job::Interrupt;
use crate::log::{JobLog, Line, LineSplitter};

/// What one read of a pipe takes.
const READ_BYTES: usize = 64 * 1024;
/// A process that could not be killed may hold a pipe open.
const PIPE_LIMIT: Duration = Duration::from_secs(2);
/// For the supervisor to end after the grace; it gives up on survivors by itself before.
const SUPERVISOR_LIMIT: Duration = Duration::from_secs(5);

/// What to run, where, and as whom.
pub(crate) struct BuildCommand<'a> {
    pub(crate) command: &'a str,
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) user: BuildUser,
    pub(crate) group: Option<&'a BuildCgroup>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct CommandOutcome {
    /// 128 and the signal's number for one that was killed.
    pub(crate) exit_code: i32,
    /// The line of its output that says most about a failure.
    pub(crate) last_line: Option<String>,
}

/// Why a command has no outcome.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// It could not be started.
    Start(io::Error),
    /// What it printed could not be kept; it was killed.
    Log(io::Error),
    /// It was ended from outside.
    Interrupted,
}

impl BuildCommand<'_> {
    /// Runs the command to its end. When this returns, no process of it is left, but for those the
    /// interrupt counts as survivors.
    pub(crate) async fn run(&self, log: &JobLog, interrupt: &Interrupt) -> Result<CommandOutcome, CommandError> {
        let (mut survivors, report) = io::pipe().map_err(CommandError::Start)?;
        let mut child = self.supervised(report).spawn().map_err(CommandError::Start)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(CommandError::Start(io::ErrorKind::BrokenPipe.into()));
        };
        let read =
            async { tokio::join!(capture(stdout, LogStream::Stdout, log), capture(stderr, LogStream::Stderr, log)) };
        let mut read = std::pin::pin!(read);
        let mut ending = None;
        let (mut captured, mut status) = (None, None);
        // Both must come: the end of the pipes, and the end of the processes.
        while captured.is_none() || status.is_none() {
            tokio::select! {
                both = &mut read, if captured.is_none() => {
                    if let Err(error) = both.0.as_ref().and(both.1.as_ref()) {
                        ending.get_or_insert(CommandError::Log(io::Error::new(error.kind(), error.to_string())));
                        status = Some(self.end(&mut child, Duration::ZERO).await);
                    }
                    captured = Some(both);
                }
                exit = child.wait(), if status.is_none() => status = Some(exit),
                () = interrupt.raised(), if status.is_none() => {
                    ending.get_or_insert(CommandError::Interrupted);
                    // The pipes are still read, or a process that prints could not end.
                    let end = self.end(&mut child, interrupt.grace());
                    let mut end = std::pin::pin!(end);
                    status = Some(loop {
                        tokio::select! {
                            exit = &mut end => break exit,
                            both = &mut read, if captured.is_none() => captured = Some(both),
                        }
                    });
                }
                () = tokio::time::sleep(PIPE_LIMIT), if status.is_some() => break,
            }
        }
        let mut count = String::new();
        let _ = survivors.read_to_string(&mut count); // the supervisor has ended, so this does not wait
        interrupt.add_survivors(count.parse().unwrap_or(0));
        if let Some(error) = ending {
            return Err(error);
        }
        let exit_code = status.and_then(Result::ok).map_or(-1, exit_code);
        let last_line = captured.and_then(|(stdout, stderr)| Telling::of(stderr.ok()?, stdout.ok()?));
        Ok(CommandOutcome { exit_code, last_line })
    }

    fn supervised(&self, report: io::PipeWriter) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command.arg("supervise").arg(format!("--grace-ms={}", limits::CANCEL_GRACE.as_millis()));
        command.arg(format!("--parent={}", std::process::id()));
        if self.user.is_other {
            command.args([format!("--uid={}", self.user.uid), format!("--gid={}", self.user.gid)]);
        }
        if let Some(group) = self.group {
            command.arg("--cgroup").arg(group.processes_file());
        }
        command.args(["--", "/bin/sh", "-c", self.command]);
        command.env_clear().envs(self.environment.variables()).current_dir(self.directory);
        command.stdin(Stdio::from(report)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Ends the command by way of its supervisor: first gently, then at once.
    async fn end(&self, child: &mut Child, grace: Duration) -> io::Result<ExitStatus> {
        terminate(child);
        if let Ok(status) = tokio::time::timeout(grace, child.wait()).await {
            return status;
        }
        terminate(child);
        if let Ok(status) = tokio::time::timeout(SUPERVISOR_LIMIT, child.wait()).await {
            return status;
        }
        child.start_kill()?;
        child.wait().await
    }
}

/// The number is ours as long as the child is not waited for, which `id` knows.
fn terminate(child: &Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}

fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Copies a pipe to the log until it ends, and returns what it had to say about a failure. Nothing of
/// it is looked at before it is masked.
async fn capture(mut pipe: impl AsyncRead + Unpin, stream: LogStream, log: &JobLog) -> io::Result<Telling> {
    let mut buffer = vec![0; READ_BYTES];
    let (mut masker, mut shown) = (log.masker(), Vec::new());
    let mut splitter = LineSplitter::default();
    let mut telling = Telling::default();
    loop {
        let length = pipe.read(&mut buffer).await?;
        shown.clear();
        match length {
            0 => masker.finish(&mut shown),
            length => masker.mask(&buffer[..length], &mut shown),
        }
        log.append(stream, |emit| {
            let mut keep = |line: Line<'_>| {
                telling.consider(line.text);
                emit(line);
            };
            splitter.split(&shown, &mut keep);
            if length == 0 {
                splitter.finish(&mut keep);
            }
        })?;
        if length == 0 {
            return Ok(telling);
        }
    }
}
