//! A `slipway-agent` of its own for each test, in its own directories.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::binaries::directory;
use crate::canary::{Canaries, SUITE_CREDENTIAL};
use crate::control_plane::{ControlPlane, TOKEN};

/// A running agent; it ends with the test.
pub struct Agent {
    child: Child,
    state: TempDir,
}

impl Agent {
    /// Enrols an agent for a sandbox over `workspace` and waits until it is connected.
    pub async fn start(control_plane: &ControlPlane, sandbox: &str, workspace: &Path) -> Self {
        Self::start_with(control_plane, sandbox, workspace, &[]).await
    }

    /// The same, with more environment.
    pub async fn start_with(
        control_plane: &ControlPlane,
        sandbox: &str,
        workspace: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_from(&directory(), control_plane, sandbox, workspace, environment).await
    }

    /// The same with the programs in another directory.
    pub async fn start_from(
        binaries: &Path,
        control_plane: &ControlPlane,
        sandbox: &str,
        workspace: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let token = control_plane.enroll_token(sandbox).await;
        let agent = Self::spawn(binaries, control_plane, &token, workspace, environment);
        control_plane.wait_online(sandbox).await;
        agent
    }

    /// The same as process 1 of a namespace of its own, as in a container. [`pid`](Self::pid) is the one of
    /// `unshare`.
    pub async fn start_as_process_1(control_plane: &ControlPlane, sandbox: &str, workspace: &Path) -> Self {
        let token = control_plane.enroll_token(sandbox).await;
        let mut program = Command::new("unshare");
        program.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(directory().join("slipway-agent"));
        let agent = Self::spawn_with(program, control_plane, &token, workspace, &[]);
        control_plane.wait_online(sandbox).await;
        agent
    }

    /// Starts an agent with a token and does not wait.
    pub fn spawn(
        binaries: &Path,
        control_plane: &ControlPlane,
        token: &str,
        workspace: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::spawn_with(Command::new(binaries.join("slipway-agent")), control_plane, token, workspace, environment)
    }

    fn spawn_with(
        program: Command,
        control_plane: &ControlPlane,
        token: &str,
        workspace: &Path,
        environment: &[(&str, &str)],
    ) -> Self {
        let state = TempDir::with_prefix("slipway-agent-").expect("a temporary directory");
        // Builds run as another user when we are root; they must be able to pass through.
        std::fs::set_permissions(state.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("ours");
        let token_file = state.path().join("token");
        std::fs::write(&token_file, token).expect("writes");
        let child = command(program, control_plane, workspace, &state)
            .arg("--token-file")
            .arg(&token_file)
            .envs(environment.iter().copied())
            .spawn()
            .expect("slipway-agent starts");
        Self { child, state }
    }

    /// Ends it without warning, as the kernel's OOM killer would.
    pub fn kill(&mut self) {
        self.child.kill().expect("is running");
        self.child.wait().expect("is ours");
    }

    /// Starts it again with the state it left, and no token.
    pub fn restart(&mut self, control_plane: &ControlPlane, workspace: &Path) {
        let program = Command::new(directory().join("slipway-agent"));
        self.child = command(program, control_plane, workspace, &self.state)
            .args(["--token-file", "/nonexistent"])
            .spawn()
            .expect("slipway-agent starts");
    }

    /// Starts another with a copy of its state, as a sandbox does that was cloned.
    #[must_use]
    pub fn copy(&self, control_plane: &ControlPlane, workspace: &Path) -> Self {
        let state = TempDir::with_prefix("slipway-agent-").expect("a temporary directory");
        std::fs::set_permissions(state.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("ours");
        let copied = Command::new("cp").arg("-a").arg(self.state.path().join("state")).arg(state.path()).status();
        assert!(copied.expect("cp starts").success());
        let program = Command::new(directory().join("slipway-agent"));
        let child = command(program, control_plane, workspace, &state)
            .args(["--token-file", "/nonexistent"])
            .spawn()
            .expect("slipway-agent starts");
        Self { child, state }
    }

    /// Waits until it has ended by itself.
    pub async fn wait_for_end(&mut self, limit: Duration) {
        let start = Instant::now();
        while self.child.try_wait().expect("is ours").is_none() {
            assert!(start.elapsed() < limit, "the agent did not end by itself");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it keeps on disk: state, builds, caches.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }
}

fn command(mut command: Command, control_plane: &ControlPlane, workspace: &Path, state: &TempDir) -> Command {
    command
        .args(["run", "--control-plane", &control_plane.agent_url, "--workspace"])
        .arg(workspace)
        .arg("--state-dir")
        .arg(state.path().join("state"))
        .arg("--build-dir")
        .arg(state.path().join("builds"));
    command
}

impl Drop for Agent {
    /// Ends it, and makes sure that no secret of the control plane was with it.
    fn drop(&mut self) {
        let canaries = Canaries::new(&[SUITE_CREDENTIAL.as_bytes(), TOKEN.as_bytes()]);
        let in_memory = canaries.are_in_process(self.child.id());
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        let _ = kill(pid, Signal::SIGTERM);
        let _ = self.child.wait();
        let on_disk = canaries.on_disk(self.state.path());
        if !std::thread::panicking() {
            assert!(!in_memory, "a secret of the control plane is in the agent's memory or environment");
            assert!(on_disk.is_empty(), "a secret of the control plane is in the sandbox: {on_disk:?}");
        }
    }
}
