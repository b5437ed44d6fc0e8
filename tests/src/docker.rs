//! A Docker Engine of its own for a test: nothing of it is shared with another engine on this
//! machine, and nothing of it is left when the test ends.
//!
//! It makes no bridge and no firewall rules; containers use the network of the host, so that an agent
//! in one reaches a control plane on the loopback interface.

mod container;
mod image;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

pub use container::{Container, TokenFrom};
pub use image::Image;

/// The second needs no support from the file system, only more of its space.
const STORAGE_DRIVERS: [&str; 2] = ["overlay2", "vfs"];
/// A first start on a busy machine, which also starts a containerd.
const START: Duration = Duration::from_secs(60);
/// For the engine to end its containerd as well.
const STOP: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);
/// Becomes the engine, its files in memory: there a root file system is made and removed quickly, and
/// mounts that no other process sees are gone with the last process that sees them. Images need a tenth
/// of the space; `vfs` makes copies of them.
const ENGINE: &str = r#"mount -t tmpfs -o size=2g,mode=0700 tmpfs "$0" && exec dockerd "$@""#;
/// Of the engine's own log, when it does not start.
const SHOWN_LINES: usize = 5;

/// A running engine.
pub struct Engine {
    daemon: Child,
    root: TempDir,
}

impl Engine {
    /// Starts one. `None`, loudly, when this machine cannot; in CI that is a failure.
    pub async fn start() -> Option<Self> {
        let mut reasons = Vec::new();
        for driver in STORAGE_DRIVERS {
            match Self::start_with(driver).await {
                Ok(engine) => return Some(engine),
                Err(reason) => reasons.push(format!("with {driver}: {reason}")),
            }
        }
        missing(&format!(
            "no private Docker Engine can be started, which needs root and dockerd; {}",
            reasons.join("; ")
        ))
    }

    async fn start_with(driver: &str) -> Result<Self, String> {
        // A short name: paths of Unix sockets below it have at most 107 bytes.
        let root = TempDir::with_prefix("slw-docker-").expect("a temporary directory");
        let memory = root.path().join("memory");
        std::fs::create_dir(&memory).expect("ours");
        let log = File::create(root.path().join("log")).expect("ours");
        // `setpriv` ends the engine also when this process is killed and drops nothing.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=TERM", "unshare", "--mount", "sh", "-c", ENGINE]).arg(&memory);
        command.args(["--storage-driver", driver, "--config-file"]).arg(no_settings(root.path()));
        command.arg("--data-root").arg(memory.join("data")).arg("--exec-root").arg(memory.join("exec"));
        command.arg("--pidfile").arg(memory.join("pid")).arg("--host").arg(host(root.path()));
        command.args(["--bridge=none", "--iptables=false", "--ip6tables=false"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("ours")).stderr(log);
        let daemon = command.spawn().map_err(|error| format!("setpriv does not start: {error}"))?;
        let mut engine = Self { daemon, root };

        let start = Instant::now();
        while start.elapsed() < START {
            let ready =
                engine.docker().arg("version").output().map_err(|error| format!("no docker command: {error}"))?;
            if ready.status.success() {
                return Ok(engine);
            }
            if engine.daemon.try_wait().expect("is ours").is_some() {
                return Err(engine.last_words());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("it was not ready within {START:?}: {}", engine.last_words()))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.root.path().join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join(" | ")
    }

    /// The client, talking to this engine and to no other, with no settings of the person at home.
    fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        for variable in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY"] {
            command.env_remove(variable);
        }
        command.env("DOCKER_CONFIG", self.root.path());
        command.arg("--host").arg(host(self.root.path()));
        command
    }

    /// Runs a command that must succeed and answers what it printed.
    fn run(&self, adapt: impl FnOnce(&mut Command) -> &mut Command) -> String {
        let mut command = self.docker();
        let output = adapt(&mut command).output().expect("docker starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The engine would give each of them ten seconds.
        if let Ok(output) = self.docker().args(["ps", "--all", "--quiet"]).output() {
            let ids = String::from_utf8_lossy(&output.stdout).into_owned();
            for id in ids.split_whitespace() {
                let _ = self.docker().args(["rm", "--force", id]).output();
            }
        }
        stop(&mut self.daemon);
    }
}

/// What a machine does not have: skipped loudly at home, a failure in CI.
fn missing<T>(reason: &str) -> Option<T> {
    eprintln!("SKIPPED: {reason}");
    assert!(std::env::var_os("CI").is_none(), "mandatory in CI: {reason}");
    None
}

fn host(root: &Path) -> String {
    format!("unix://{}", root.join("sock").display())
}

/// In place of the settings of this machine's own engine.
fn no_settings(root: &Path) -> PathBuf {
    let path = root.join("daemon.json");
    std::fs::write(&path, "{}").expect("ours");
    path
}

/// Its containerd has the engine as its parent, ends with it, and is killed with it.
fn stop(daemon: &mut Child) {
    let pid = Pid::from_raw(i32::try_from(daemon.id()).expect("a pid"));
    if let Ok(Some(_)) = daemon.try_wait() {
        return;
    }
    // Once: a third time would make it leave without clearing up.
    let _ = kill(pid, Signal::SIGTERM);
    let asked = Instant::now();
    while let Ok(None) = daemon.try_wait() {
        if asked.elapsed() > STOP {
            let _ = daemon.kill();
        }
        std::thread::sleep(LOOK);
    }
}
