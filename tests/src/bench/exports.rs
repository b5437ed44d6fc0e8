//! A workspace downloaded to a file, from the request to the last byte, against `zip -1 -r` and `tar cf` of the same
//! tree to a file on the same disk.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::Method;
use serde_json::json;
use tempfile::NamedTempFile;

use super::load::resident_mib;
use super::transfer::QUIET;
use super::tree::generate;
use super::{median, note, row};
use crate::agent::Agent;
use crate::control_plane::ControlPlane;
use crate::fixtures::Project;

const FILES: u64 = 10_000;
const TOTAL_BYTES: u64 = 120_000_000;
const RUNS: usize = 5;
/// At least four fifths of their speed.
const LIMIT: f64 = 1.25;

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let project = Project::empty();
    generate(project.path(), FILES, TOTAL_BYTES)?;
    let control_plane = ControlPlane::start_from(binaries).await;
    let sandbox = control_plane.create_sandbox("bench").await;
    let _agent = Agent::start_from(binaries, &control_plane, &sandbox, project.path(), &QUIET).await;
    for (format, program) in [("zip", "zip -q -1 -r - ."), ("tar", "tar cf - .")] {
        let path = format!("/api/sandboxes/{sandbox}/export/{format}");
        // Once for nothing, so that both find the tree in memory.
        download(&control_plane, &path).await?;
        let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let their = pack(project.path(), program)?.as_secs_f64();
            let our = download(&control_plane, &path).await?.as_secs_f64();
            ratios.push(our / their);
            ours.push(our);
            theirs.push(their);
        }
        note(&format!("{format}: {:.2} s, and {:.2} s by `{program}`", median(ours), median(theirs)));
        row(&format!("10,000 files, 120 MB exported as {format} / {program}"), median(ratios), LIMIT, "x");
    }
    note(&format!("control plane afterwards: {:.0} MiB", resident_mib(control_plane.pid())?));
    Ok(())
}

async fn download(control_plane: &ControlPlane, path: &str) -> anyhow::Result<Duration> {
    let mut target = NamedTempFile::new()?;
    let start = Instant::now();
    let mut response = control_plane.send(Method::POST, path, Some(json!({}))).await;
    ensure!(response.status().is_success(), "{}", response.text().await?);
    while let Some(chunk) = response.chunk().await? {
        target.write_all(&chunk)?;
    }
    Ok(start.elapsed())
}

fn pack(dir: &Path, program: &str) -> anyhow::Result<Duration> {
    let target = NamedTempFile::new()?;
    let start = Instant::now();
    let script = format!("cd '{}' && {program} > '{}'", dir.display(), target.path().display());
    let status = Command::new("sh").args(["-c", &script]).status()?;
    ensure!(status.success(), "zip and tar are needed for the comparison");
    Ok(start.elapsed())
}
