//! `make bench`: ratios against what a person would use instead, measured side by side in one run.
//! Absolute times are noise on a shared machine; ratios of neighbours hold.

mod agent;
mod detect;
mod exports;
mod faults;
mod git;
mod load;
mod mask;
mod overhead;
mod reads;
mod static_hosts;
mod transfer;
mod tree;

use std::path::Path;
use std::time::Duration;

use crate::conformance::static_hosts::{CloudflarePagesHost, NetlifyHost, VercelHost};

/// In the order they run.
const PARTS: [&str; 18] = [
    "mask",
    "reads",
    "overhead",
    "transfer",
    "git",
    "git-large",
    "exports",
    "agent",
    "ingest",
    "latency",
    "builders",
    "agents",
    "storm",
    "vercel",
    "netlify",
    "cloudflare-pages",
    "faults",
    "detect",
];

/// Runs every benchmark, or only the named part, on the release binaries in `binaries` and prints one table.
pub async fn run(binaries: &Path, part: Option<&str>) -> anyhow::Result<()> {
    if let Some(part) = part {
        anyhow::ensure!(PARTS.contains(&part), "{part} is none of {}", PARTS.join(", "));
    }
    println!("{:<58} {:>12} {:>12}", "", "measured", "at most");
    for name in PARTS.into_iter().filter(|name| part.is_none_or(|part| part == *name)) {
        match name {
            "mask" => mask::run()?,
            "reads" => reads::run(binaries).await?,
            "overhead" => overhead::run(binaries)?,
            "transfer" => transfer::run(binaries).await?,
            "git" => git::run(binaries).await?,
            "git-large" => git::run_large(binaries).await?,
            "exports" => exports::run(binaries).await?,
            "agent" => agent::run(binaries).await?,
            "ingest" => load::ingest(binaries).await?,
            "latency" => load::latency(binaries).await?,
            "builders" => load::builders(binaries).await?,
            "agents" => load::agents(binaries).await?,
            "storm" => load::storm(binaries).await?,
            "vercel" => static_hosts::run::<VercelHost>(binaries).await?,
            "netlify" => static_hosts::run::<NetlifyHost>(binaries).await?,
            "cloudflare-pages" => static_hosts::run::<CloudflarePagesHost>(binaries).await?,
            "faults" => faults::run(binaries).await?,
            _ => detect::run(binaries).await?,
        }
    }
    Ok(())
}

/// One row of the table; marks what is over its limit.
fn row(what: &str, measured: f64, limit: f64, unit: &str) {
    let mark = if measured > limit { "  OVER" } else { "" };
    println!("{what:<58} {measured:>9.2} {unit:<2} {limit:>9.2} {unit:<2}{mark}");
}

/// What a row rests on, without a limit of its own.
fn note(text: &str) {
    println!("  {text}");
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
