//! `make bench`: ratios against what a person would use instead, measured side by side in one run.
//! Absolute times are noise on a shared machine; ratios of neighbours hold.

mod agent;
mod mask;
mod overhead;
mod transfer;
mod tree;

use std::path::Path;
use std::time::Duration;

/// Runs every benchmark on the release binaries in `binaries` and prints one table.
pub async fn run(binaries: &Path) -> anyhow::Result<()> {
    println!("{:<58} {:>12} {:>12}", "", "measured", "at most");
    mask::run()?;
    overhead::run(binaries)?;
    transfer::run(binaries).await?;
    agent::run(binaries).await
}

/// One row of the table; marks what is over its limit.
fn row(what: &str, measured: f64, limit: f64, unit: &str) {
    let mark = if measured > limit { "  OVER" } else { "" };
    println!("{what:<58} {measured:>9.2} {unit:<2} {limit:>9.2} {unit:<2}{mark}");
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
