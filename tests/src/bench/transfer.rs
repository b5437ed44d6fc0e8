//! From the sandbox's disk through mutual TLS into the store, against `tar c | zstd -1 -T0 > file`.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::tree::{change_one_percent, generate};
use super::{median, row};
use crate::BUILD;
use crate::agent::Agent;
use crate::control_plane::ControlPlane;
use crate::fixtures::Project;

/// The table is for people; what agents report is not part of it.
pub(super) const QUIET: [(&str, &str); 1] = [("SLIPWAY_AGENT_LOG", "error")];
const FILES: u64 = 10_000;
const TOTAL_BYTES: u64 = 120_000_000;
const RUNS: usize = 5;
const FIRST_LIMIT: f64 = 1.5;
const UNCHANGED_LIMIT: f64 = 0.25;
const CHANGED_PERCENT_LIMIT: f64 = 3.0;

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let project = Project::empty();
    generate(project.path(), FILES, TOTAL_BYTES)?;
    tar_zstd(project.path())?;
    let (mut first, mut unchanged) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let site = Site::start(binaries, &project, None).await;
        let tar = tar_zstd(project.path())?.as_secs_f64();
        first.push(site.transfer().await?.as_secs_f64() / tar);
        let tar = tar_zstd(project.path())?.as_secs_f64();
        unchanged.push(site.transfer().await?.as_secs_f64() / tar);
    }
    row("10,000 files, 120 MB into the store / tar | zstd -1 -T0", median(first), FIRST_LIMIT, "x");
    row("the same tree again / tar | zstd -1 -T0", median(unchanged), UNCHANGED_LIMIT, "x");

    // A second time through a proxy that counts what crosses the wire.
    let counter = Arc::new(AtomicU64::new(0));
    let site = Site::start(binaries, &project, Some(counter.clone())).await;
    site.transfer().await?;
    let all = counter.swap(0, Ordering::Relaxed);
    change_one_percent(project.path(), FILES)?;
    site.transfer().await?;
    let changed = counter.load(Ordering::Relaxed);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    let percent = changed as f64 / all as f64 * 100.0;
    row("bytes on the wire with 1 % of the files changed", percent, CHANGED_PERCENT_LIMIT, "%");
    Ok(())
}

fn tar_zstd(dir: &Path) -> anyhow::Result<Duration> {
    let target = tempfile::NamedTempFile::new()?;
    let start = Instant::now();
    let script = format!("tar c -C '{}' . | zstd -q -f -1 -T0 > '{}'", dir.display(), target.path().display());
    let status = Command::new("sh").args(["-c", &script]).status()?;
    ensure!(status.success(), "tar and zstd are needed for the comparison");
    Ok(start.elapsed())
}

/// A control plane with one agent over the tree.
pub(super) struct Site {
    /// Dropped first, so that it does not miss its control plane.
    pub(super) agent: Agent,
    control_plane: ControlPlane,
    sandbox: String,
    target: String,
}

impl Site {
    pub(super) async fn start(binaries: &Path, project: &Project, count: Option<Arc<AtomicU64>>) -> Self {
        let mut control_plane = ControlPlane::start_from(binaries).await;
        if let Some(counter) = count {
            let behind = control_plane.agent_url.trim_start_matches("https://").to_owned();
            control_plane.agent_url = format!("https://{}", counting_proxy(behind, counter).await);
        }
        let sandbox = control_plane.create_sandbox("bench").await;
        let agent = Agent::start_from(binaries, &control_plane, &sandbox, project.path(), &QUIET).await;
        let target = control_plane.local_target().await;
        Self { agent, control_plane, sandbox, target }
    }

    /// Deploys and answers the time from the first look at the output to the committed artifact.
    pub(super) async fn transfer(&self) -> anyhow::Result<Duration> {
        let id = self.control_plane.deploy(&self.sandbox, &self.target, json!({ "dry_run": true })).await;
        let deployment = self.control_plane.wait_for(&id, &["success"], BUILD).await;
        let step = |index: usize| &deployment["steps"][index];
        let (start, end) = (instant(&step(3)["started_at"])?, instant(&step(4)["completed_at"])?);
        Ok(Duration::from_micros(end.saturating_sub(start)))
    }
}

/// Microseconds within the day of an RFC 3339 time; no benchmark runs over midnight for long.
fn instant(value: &Value) -> anyhow::Result<u64> {
    let text = value.as_str().ok_or_else(|| anyhow::anyhow!("a step did not run"))?;
    let time = text.split_once('T').map_or("", |(_, time)| time).trim_end_matches('Z');
    let mut micros = 0.0;
    for (part, scale) in time.split(':').zip([3_600.0, 60.0, 1.0]) {
        micros += part.parse::<f64>()? * scale * 1e6;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within a day")]
    Ok(micros.round() as u64)
}

/// Forwards connections and counts the bytes from the agent.
async fn counting_proxy(behind: String, counter: Arc<AtomicU64>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("has an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (behind, counter) = (behind.clone(), counter.clone());
            tokio::spawn(async move {
                let server = TcpStream::connect(behind).await?;
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let length = from_client.read(&mut buffer).await?;
                    if length == 0 {
                        return to_server.shutdown().await;
                    }
                    counter.fetch_add(length as u64, Ordering::Relaxed);
                    to_server.write_all(&buffer[..length]).await?;
                }
            });
        }
    });
    address
}
