//! `slipway up --json`, as a program would use it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::binaries::binary;

/// A running `slipway up --json`.
pub struct Up {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Every event so far.
    pub events: Vec<Value>,
    dirs: TempDir,
}

/// How it ended.
pub struct Ended {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard error.
    pub stderr: String,
}

impl Up {
    /// Starts it on a project, with more arguments.
    pub fn start(project: &Path, arguments: &[&str]) -> Self {
        let dirs = TempDir::with_prefix("slipway-up-").expect("a temporary directory");
        Self::start_in(dirs, project, arguments)
    }

    fn start_in(dirs: TempDir, project: &Path, arguments: &[&str]) -> Self {
        std::fs::set_permissions(dirs.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("ours");
        let mut child = Command::new(binary("slipway"))
            .arg("up")
            .arg(project)
            .args(["--json", "--http", "127.0.0.1:0", "--data-dir"])
            .arg(dirs.path().join("data"))
            .args(arguments)
            .env("SLIPWAY_AGENT_BUILD_DIR", dirs.path().join("builds"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("slipway starts");
        let lines = BufReader::new(child.stdout.take().expect("is piped")).lines();
        Self { child, lines, events: Vec::new(), dirs }
    }

    /// Starts it again on the same data directory.
    #[must_use]
    pub fn again(self, project: &Path, arguments: &[&str]) -> Self {
        Self::start_in(self.dirs, project, arguments)
    }

    /// The next event of this kind; earlier ones are kept in `events`.
    pub async fn event(&mut self, kind: &str, limit: Duration) -> Value {
        let find = async {
            while let Some(line) = self.lines.next_line().await.expect("is UTF-8") {
                let event: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
                self.events.push(event.clone());
                if event["event"] == kind {
                    return event;
                }
            }
            panic!("`slipway up` ended before `{kind}`: {:#?}", self.events)
        };
        tokio::time::timeout(limit, find).await.unwrap_or_else(|_| panic!("no `{kind}` within {limit:?}"))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).expect("is running");
        kill(Pid::from_raw(pid), signal).expect("is running");
    }

    /// Waits for its end.
    pub async fn ended(&mut self, limit: Duration) -> Ended {
        let status = tokio::time::timeout(limit, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("still running after {limit:?}")).expect("is ours");
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr).await.expect("is UTF-8");
        }
        Ended { code: status.code(), stderr }
    }
}
