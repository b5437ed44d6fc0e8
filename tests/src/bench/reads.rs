//! Read requests at 500 a second, sent by `hey` on four connections, against the same rate of a request that
//! asks the database nothing. The connections of `hey` send in step: each tick is a burst of as many requests.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::json;

use super::{note, row};
use crate::control_plane::{ControlPlane, TOKEN};

const DEPLOYMENTS: usize = 300;
const CONNECTIONS: usize = 4;
const PER_CONNECTION: usize = 125;
const SECONDS: usize = 20;
/// Milliseconds that 99 of 100 answers take at most.
const LIMIT_MS: f64 = 5.0;

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let target = control_plane.local_target().await;
    let mut last = String::new();
    for _ in 0..DEPLOYMENTS {
        last = control_plane.deploy(&sandbox, &target, json!({})).await;
        control_plane.call(Method::POST, &format!("/api/deployments/{last}/cancel"), None).await;
    }
    let nothing = latencies(&control_plane, "/healthz")?;
    note(&format!("GET /healthz, {} requests a second: {nothing}", CONNECTIONS * PER_CONNECTION));
    for (what, path) in [
        ("GET one deployment at 500/s, p99", format!("/api/deployments/{last}")),
        ("GET a page of 20 deployments at 500/s, p99", "/api/deployments".to_owned()),
    ] {
        let found = latencies(&control_plane, &path)?;
        row(what, found.p99, LIMIT_MS, "ms");
        note(&format!("{found}; {:.1} times that of /healthz at p50", found.p50 / nothing.p50));
    }
    Ok(())
}

/// In milliseconds.
struct Latencies {
    requests: usize,
    p50: f64,
    p99: f64,
    most: f64,
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, p50, p99, most } = self;
        write!(f, "{requests} answers, p50 {p50:.2} ms, p99 {p99:.2} ms, at most {most:.2} ms")
    }
}

fn latencies(control_plane: &ControlPlane, path: &str) -> anyhow::Result<Latencies> {
    let hey = Command::new("hey")
        .args(["-o", "csv", "-z", &format!("{SECONDS}s"), "-c", &CONNECTIONS.to_string()])
        .args(["-q", &PER_CONNECTION.to_string(), "-H", &format!("Authorization: Bearer {TOKEN}")])
        .arg(format!("{}{path}", control_plane.url))
        .output()
        .context("hey is needed to send requests at a steady rate: apt-get install hey")?;
    let table = String::from_utf8(hey.stdout)?;
    let mut times = Vec::new();
    // response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        ensure!(columns.get(6) == Some(&"200"), "{path}: {line}");
        times.push(columns[0].parse::<f64>()? * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    let sent = CONNECTIONS * PER_CONNECTION * SECONDS;
    ensure!(times.len() * 10 >= sent * 9, "{path}: {} answers of {sent} requests", times.len());
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(Latencies { requests: times.len(), p50: at(50), p99: at(99), most: at(100) })
}
