//! The local sandbox of `slipway up`: a real `slipway-agent`, started as a child and enrolled like
//! any other. It gets the project's directory and a single-use token on its standard input.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::agents::new_enrollment_token;
use crate::control_plane::ControlPlane;
use crate::ids::SandboxId;

const BINARY: &str = "slipway-agent";
/// An agent that ends again this soon is not worth starting again.
const MIN_LIFE: Duration = Duration::from_secs(3);
/// Builds get ten seconds after SIGTERM; then the agent has no reason to stay.
const STOP_LIMIT: Duration = Duration::from_secs(13);
const LOG_TAIL_BYTES: usize = 2_000;

/// A running agent.
pub(super) struct LocalAgent {
    sandbox: SandboxId,
    workspace: PathBuf,
    log: PathBuf,
    child: Child,
    started: Instant,
}

impl LocalAgent {
    /// Starts the agent for a sandbox.
    pub(super) async fn start(
        control_plane: &ControlPlane,
        sandbox: SandboxId,
        workspace: PathBuf,
    ) -> anyhow::Result<Self> {
        let log = control_plane.data_dir.join("agent.log");
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = spawn(control_plane, sandbox, &workspace, &log).await?;
        Ok(Self { sandbox, workspace, log, child, started: Instant::now() })
    }

    /// Restarts the agent when it dies; returns why it cannot be restarted.
    pub(super) async fn ended(&mut self, control_plane: &ControlPlane) -> anyhow::Error {
        loop {
            let status = match self.child.wait().await {
                Ok(status) => status,
                Err(error) => return anyhow!(error).context("cannot watch the agent"),
            };
            if self.started.elapsed() < MIN_LIFE {
                return self.explain(status);
            }
            tracing::warn!(%status, "the agent ended and is started again");
            match spawn(control_plane, self.sandbox, &self.workspace, &self.log).await {
                Ok(child) => (self.child, self.started) = (child, Instant::now()),
                Err(error) => return error,
            }
        }
    }

    /// Keeps the agent running for further deployments; when it cannot be, sites are still served.
    pub(super) async fn keep_running(&mut self, control_plane: &ControlPlane) {
        let error = self.ended(control_plane).await;
        eprintln!("slipway: {error:#}");
        std::future::pending::<()>().await;
    }

    /// Ends the agent and, through it, every process of a build.
    pub(super) async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        if tokio::time::timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    fn explain(&self, status: ExitStatus) -> anyhow::Error {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(LOG_TAIL_BYTES)..]).trim().to_owned();
        anyhow!("{BINARY} ended at once ({status}); its last words:\n{tail}")
    }
}

async fn spawn(
    control_plane: &ControlPlane,
    sandbox: SandboxId,
    workspace: &Path,
    log: &Path,
) -> anyhow::Result<Child> {
    let app = &control_plane.app;
    let token = new_enrollment_token(&app.store, &app.authority, &app.clock, sandbox).await?;
    let log = File::options().append(true).create(true).open(log)?;
    let mut command = Command::new(find_binary()?);
    // Our settings, above all a bootstrap token, are none of the sandbox's business.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"SLIPWAY_")) {
        if !name.as_encoded_bytes().starts_with(b"SLIPWAY_AGENT_") {
            command.env_remove(name);
        }
    }
    let mut child = command
        .arg("run")
        .args(["--token-file", "-"])
        .arg("--control-plane")
        .arg(&app.agent_url)
        .arg("--workspace")
        .arg(workspace)
        .arg("--state-dir")
        .arg(control_plane.data_dir.join("agent"))
        .env("SLIPWAY_AGENT_BUILD_DIR", build_dir(&control_plane.data_dir))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        // Ctrl-C goes to us; we end the agent in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {BINARY}"))?;
    let mut stdin = child.stdin.take().context("the agent has a standard input")?;
    stdin.write_all(token.token.as_bytes()).await.context("the agent does not read its token")?;
    Ok(child)
}

/// As root builds run as another user, who cannot enter our private data directory.
fn build_dir(data_dir: &Path) -> PathBuf {
    if let Some(chosen) = std::env::var_os("SLIPWAY_AGENT_BUILD_DIR") {
        return chosen.into();
    }
    if Uid::effective().is_root() {
        let digest = blake3::hash(data_dir.as_os_str().as_encoded_bytes()).to_hex();
        PathBuf::from("/var/tmp").join(format!("slipway-builds-{}", &digest[..12]))
    } else {
        data_dir.join("builds")
    }
}

/// `SLIPWAY_AGENT_BINARY`, then beside this program, then in `PATH`.
fn find_binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("SLIPWAY_AGENT_BINARY") {
        return Ok(path.into());
    }
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join(BINARY)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = beside.into_iter().chain(std::env::split_paths(&path).map(|dir| dir.join(BINARY)));
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        anyhow!(
            "{BINARY} was not found beside this program or in PATH; install it, or name it with SLIPWAY_AGENT_BINARY"
        )
    })
}
