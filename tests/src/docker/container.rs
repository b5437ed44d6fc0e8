//! An agent in a container of a private engine.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Engine, Image};
use crate::binaries::binary;
use crate::control_plane::ControlPlane;
use crate::processes::children_of;

/// Where the project is.
const WORKSPACE: &str = "/workspace";
/// Where the engine would put a secret.
const TOKEN_FILE: &str = "/run/secrets/token";

/// How the agent gets its enrolment token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFrom {
    /// A file of mode 0400, which it cannot remove.
    File,
    /// Standard input.
    Stdin,
}

/// A container with an agent as its first process; it is removed with the engine at the latest.
pub struct Container<'engine> {
    engine: &'engine Engine,
    id: String,
    /// Attached to its output, so that a failing test shows it.
    attached: Child,
    _secrets: TempDir,
}

impl<'engine> Container<'engine> {
    /// Starts an agent over a workspace that it cannot write to, and does not wait for it.
    pub fn start(
        engine: &'engine Engine,
        image: &Image,
        control_plane: &ControlPlane,
        workspace: &Path,
        token: &str,
        token_from: TokenFrom,
    ) -> Self {
        let secrets = TempDir::with_prefix("slipway-token-").expect("a temporary directory");
        let token_file = secrets.path().join("token");
        fs::write(&token_file, token).expect("writes");
        fs::set_permissions(&token_file, fs::Permissions::from_mode(0o400)).expect("is ours");

        let mount = |from: &Path, to: &str| format!("--volume={}:{to}:ro", from.display());
        let id = engine.run(|docker| {
            docker.args(["create", "--interactive", "--network=host", "--entrypoint=/slipway-agent"]);
            docker.arg(mount(&binary("slipway-agent"), "/slipway-agent"));
            docker.arg(mount(workspace, WORKSPACE));
            if token_from == TokenFrom::File {
                docker.arg(mount(&token_file, TOKEN_FILE));
            }
            docker.args([image.name(), "run", "--workspace", WORKSPACE]);
            docker.args(["--control-plane", &control_plane.agent_url, "--token-file"]);
            docker.arg(if token_from == TokenFrom::File { TOKEN_FILE } else { "-" })
        });
        let mut attached = engine
            .docker()
            .args(["start", "--attach", "--interactive", &id])
            .stdin(Stdio::piped())
            .spawn()
            .expect("docker starts");
        // Closed at the end of this statement, which the agent waits for.
        let mut stdin = attached.stdin.take().expect("is piped");
        if token_from == TokenFrom::Stdin {
            stdin.write_all(token.as_bytes()).expect("docker reads");
        }
        Self { engine, id, attached, _secrets: secrets }
    }

    /// The two processes of the agent, as this machine sees them: the parent, which is process 1 of the container,
    /// and the worker it has started.
    pub fn pids(&self) -> [u32; 2] {
        let parent = self.inspect("{{.State.Pid}}").parse().expect("a number");
        assert_ne!(parent, 0, "the container is not running");
        let worker = children_of(parent).into_iter().min().expect("the parent has a worker");
        [parent, worker]
    }

    /// Its processes other than the agent, zombies too.
    pub fn other_processes(&self) -> Vec<u32> {
        let agent = self.pids();
        agent.into_iter().flat_map(children_of).filter(|pid| !agent.contains(pid)).collect()
    }

    /// `docker stop`: SIGTERM, and SIGKILL when `limit` is over. Answers the exit code and how long
    /// it took.
    pub fn stop(&self, limit: Duration) -> (i32, Duration) {
        let asked = Instant::now();
        self.engine.run(|docker| docker.arg("stop").arg(format!("--time={}", limit.as_secs())).arg(&self.id));
        let took = asked.elapsed();
        (self.inspect("{{.State.ExitCode}}").parse().expect("a number"), took)
    }

    fn inspect(&self, format: &str) -> String {
        self.engine.run(|docker| docker.args(["inspect", "--format", format, &self.id]))
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.engine.docker().args(["rm", "--force", &self.id]).output();
        let _ = self.attached.kill();
        let _ = self.attached.wait();
    }
}
