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

    /// The agent's process id, as this machine sees it.
    pub fn pid(&self) -> u32 {
        let pid = self.inspect("{{.State.Pid}}").parse().expect("a number");
        assert_ne!(pid, 0, "the container is not running");
        pid
    }

    /// Its processes other than the agent, zombies too, by their names.
    pub fn other_processes(&self) -> Vec<String> {
        let agent = self.pid();
        let is_child = |stat: &str| {
            // The name is in brackets and may contain anything; the parent is the second field after it.
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
            parent.and_then(|parent| parent.parse().ok()) == Some(agent)
        };
        let entries = fs::read_dir("/proc").expect("Linux").flatten();
        let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        stats.filter(|stat| is_child(stat)).collect()
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
