//! Masking ordinary build logs, against `sed` that replaces the plain values only.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use slipway_proto::mask::{MaskSet, Masker, Secret};

use super::tree::Numbers;
use super::{median, millis, row};

const SECRETS: usize = 200;
const TEXT_BYTES: usize = 100_000_000;
/// As the agent reads from a pipe.
const READ_BYTES: usize = 64 * 1024;
const RUNS: usize = 5;
/// 150 MB/s.
const LIMIT_MS: f64 = 667.0;
const SED_LIMIT: f64 = 1.0;

pub(super) fn run() -> anyhow::Result<()> {
    let text = ordinary_logs()?;
    let secrets = secrets();
    let named = secrets.iter().map(|value| Secret { name: "SECRET", value: value.as_bytes() });
    let set = Arc::new(MaskSet::new(named));
    let (mut masked, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mask = mask(&set, &text)?;
        masked.push(millis(mask));
        ratios.push(mask.as_secs_f64() / sed(&secrets, &text)?.as_secs_f64());
    }
    row("mask 100 MB of logs, 200 secrets in all their forms", median(masked), LIMIT_MS, "ms");
    row("the same / sed -e s/…// of the 200 plain values", median(ratios), SED_LIMIT, "x");
    Ok(())
}

/// The bundled logs of real builds, again and again.
fn ordinary_logs() -> anyhow::Result<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs");
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        logs.extend(std::fs::read(entry?.path())?);
    }
    Ok(logs.iter().copied().cycle().take(TEXT_BYTES).collect())
}

/// As tokens look: 20 to 51 characters.
fn secrets() -> Vec<String> {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    let mut numbers = Numbers::new(23);
    let mut character = move || char::from(ALPHABET[(numbers.next() >> 33) as usize % ALPHABET.len()]);
    (0..SECRETS).map(|index| (0..20 + index % 32).map(|_| character()).collect()).collect()
}

fn mask(set: &Arc<MaskSet>, text: &[u8]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let (mut masker, mut shown, mut bytes) = (Masker::new(set.clone()), Vec::new(), 0);
    for read in text.chunks(READ_BYTES) {
        masker.mask(read, &mut shown);
        bytes += shown.len();
        shown.clear();
    }
    masker.finish(&mut shown);
    let took = start.elapsed();
    ensure!(bytes + shown.len() == text.len(), "something in an ordinary log was masked: {:?}", masker.counts());
    Ok(took)
}

fn sed(secrets: &[String], text: &[u8]) -> anyhow::Result<Duration> {
    let (script, input) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
    let commands: Vec<String> = secrets.iter().map(|secret| format!("s/{secret}/[masked]/g\n")).collect();
    std::fs::write(script.path(), commands.concat())?;
    // A tenth is enough to know its speed, which is far below ours.
    std::fs::write(input.path(), &text[..text.len() / 10])?;
    let start = Instant::now();
    let status = Command::new("sed").arg("-f").arg(script.path()).arg(input.path()).stdout(Stdio::null()).status();
    ensure!(status.context("sed is needed for the comparison")?.success(), "sed failed");
    Ok(start.elapsed() * 10)
}
