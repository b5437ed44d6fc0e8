//! What the agent takes from a sandbox: disk, memory, time to be ready.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::transfer::{QUIET, Site};
use super::tree::Numbers;
use super::{median, millis, row};
use crate::agent::Agent;
use crate::control_plane::ControlPlane;
use crate::fixtures::Project;

const MIB: f64 = 1024.0 * 1024.0;
const LARGE_FILES: usize = 4;
const LARGE_FILE_MIB: usize = 256;
const READY_RUNS: usize = 5;

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    #[allow(clippy::cast_precision_loss, reason = "a few million")]
    let size = std::fs::metadata(binaries.join("slipway-agent"))?.len() as f64 / MIB;
    row("agent: binary", size, 8.0, "Mi");

    let plain = Project::fixture("plain-html");
    let control_plane = ControlPlane::start_from(binaries).await;
    let mut ready = Vec::new();
    for number in 0..READY_RUNS {
        let sandbox = control_plane.create_sandbox(&format!("ready-{number}")).await;
        let token = control_plane.enroll_token(&sandbox).await;
        let start = Instant::now();
        let agent = Agent::spawn(binaries, &control_plane, &token, plain.path(), &QUIET);
        control_plane.wait_online(&sandbox).await;
        ready.push(millis(start.elapsed()));
        if number == 0 {
            tokio::time::sleep(Duration::from_secs(2)).await;
            row("agent: resident memory, idle", resident_mib(&agent, "VmRSS")?, 12.0, "Mi");
        }
    }
    row("agent: from its start to being online", median(ready), 400.0, "ms");

    let large = Project::empty();
    large.write("index.html", "large");
    let mut numbers = Numbers::new(11);
    for number in 0..LARGE_FILES {
        let mut file = std::fs::File::create(large.path().join(format!("film-{number}.bin")))?;
        for _ in 0..LARGE_FILE_MIB {
            let block: Vec<u8> = (0..128 * 1024).flat_map(|_| numbers.next().to_le_bytes()).collect();
            file.write_all(&block)?;
        }
    }
    let streaming = Site::start(binaries, &large, None).await;
    streaming.transfer().await?;
    row("agent: peak memory, streaming 1 GiB", resident_mib(&streaming.agent, "VmHWM")?, 32.0, "Mi");
    Ok(())
}

fn resident_mib(agent: &Agent, field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.pid()))?;
    let line = status.lines().find(|line| line.starts_with(field)).context("the kernel says")?;
    let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kib / 1024.0)
}
