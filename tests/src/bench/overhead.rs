//! What `slipway up` costs on top of the work itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::{median, millis, row};
use crate::fixtures::Project;

const PLAIN_RUNS: usize = 9;
const VITE_RUNS: usize = 5;
const PLAIN_LIMIT_MS: f64 = 300.0;
const VITE_LIMIT: f64 = 1.10;

pub(super) fn run(binaries: &Path) -> anyhow::Result<()> {
    let plain = Project::fixture("plain-html");
    let dirs = dirs()?;
    up(binaries, &plain, &dirs)?;
    let times = (0..PLAIN_RUNS).map(|_| up(binaries, &plain, &dirs).map(millis)).collect::<Result<_, _>>()?;
    row("up --exit, plain HTML, process start to done", median(times), PLAIN_LIMIT_MS, "ms");

    let vite = Project::fixture("vite-react");
    let (dirs, home) = (self::dirs()?, self::dirs()?);
    up(binaries, &vite, &dirs)?;
    by_hand(&vite, home.path())?;
    let mut ratios = Vec::new();
    for _ in 0..VITE_RUNS {
        let hand = by_hand(&vite, home.path())?;
        ratios.push(up(binaries, &vite, &dirs)?.as_secs_f64() / hand.as_secs_f64());
    }
    row("up --exit, Vite / npm ci && npm run build by hand", median(ratios), VITE_LIMIT, "x");
    Ok(())
}

fn dirs() -> anyhow::Result<TempDir> {
    let dirs = TempDir::with_prefix("slipway-bench-")?;
    std::fs::set_permissions(dirs.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    Ok(dirs)
}

fn up(binaries: &Path, project: &Project, dirs: &TempDir) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let output = Command::new(binaries.join("slipway"))
        .args(["up", "--exit", "--json", "--http", "127.0.0.1:0", "--data-dir"])
        .arg(dirs.path().join("data"))
        .arg(project.path())
        .env("SLIPWAY_AGENT_BUILD_DIR", dirs.path().join("builds"))
        .stderr(Stdio::inherit())
        .output()?;
    let whole = start.elapsed();
    let stdout = String::from_utf8(output.stdout)?;
    let done: serde_json::Value = serde_json::from_str(stdout.lines().last().context("prints events")?)?;
    ensure!(done["status"] == "success", "the deployment failed: {done}");
    let reported = Duration::from_millis(done["duration_ms"].as_u64().context("has a duration")?);
    // `done` is what people wait for; shutting down comes after it.
    Ok(reported.min(whole))
}

fn by_hand(project: &Project, home: &Path) -> anyhow::Result<Duration> {
    let copy = Project::copy_of(project.path());
    let start = Instant::now();
    for command in ["npm ci", "npm run build"] {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(copy.path())
            .env("HOME", home)
            .env("CI", "true")
            .output()?;
        ensure!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(start.elapsed())
}
