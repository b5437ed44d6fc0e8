//! From the sandbox to a page at a host of static files, from the request to the success, against the vendor's own CLI with
//! the same tree that lies there built already: the same fake, at no latency and with 20 ms for each answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use reqwest::Method;
use serde_json::json;

use super::load::resident_mib;
use super::transfer::QUIET;
use super::tree::{change_one_percent, generate};
use super::{note, row};
use crate::agent::Agent;
use crate::conformance::Contestant;
use crate::conformance::static_hosts::{CloudflarePagesHost, NetlifyHost, PROJECT, VercelHost};
use crate::control_plane::{ControlPlane, text};
use crate::fixtures::Project;
use crate::vendors::cli;
use crate::vendors::cloudflare_pages::ACCOUNT;
use crate::vendors::vercel::TEAM;

const TREES: [(&str, u64, u64); 2] = [("40 files", 40, 400_000), ("10,000 files, 120 MB", 10_000, 120_000_000)];
const LATENCIES: [(&str, Duration); 2] = [("0 ms", Duration::ZERO), ("20 ms", Duration::from_millis(20))];
const TIME_LIMIT: f64 = 1.0 / 3.0;
const CPU_LIMIT: f64 = 1.0 / 5.0;
/// The CLI sends what has changed, and nothing else.
const SENT_LIMIT: f64 = 1.02;
const MEMORY_LIMIT_MIB: f64 = 64.0;
const TOKEN: &str = "tokenOfTheBenchmark0123456789";
/// How long is waited at least before the next look, and which part of what has passed: looks cost the control plane time
/// that the CLI has not.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: u32 = 25;
const LIMIT: Duration = Duration::from_secs(600);
/// Ticks of `/proc/PID/stat` in a second.
const TICKS: f64 = 100.0;

/// Of one deployment.
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
    bytes: u64,
}

/// A vendor that has a CLI of its own.
pub(super) trait Rival: Contestant {
    /// Package and program of the CLI, as `.ci/setup` installs it.
    const CLI: (&'static str, &'static str);
    /// What a person types.
    const TYPED: &'static str;

    /// Every answer takes so long.
    fn answers_after(&self, latency: Duration);

    /// Bytes of files that were sent since it was asked last.
    fn take_received_bytes(&self) -> u64;

    /// Where the CLI wants the tree, below a directory that has nothing else.
    fn tree(directory: &Path) -> PathBuf;

    /// Writes what the CLI wants beside it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn prepare(directory: &Path) -> anyhow::Result<()>;

    /// The CLI, as it publishes the tree.
    fn command(&self, program: &Path, directory: &Path) -> Command;
}

impl Rival for VercelHost {
    const CLI: (&'static str, &'static str) = ("vercel", "vercel");
    const TYPED: &'static str = "vercel deploy";

    fn answers_after(&self, latency: Duration) {
        self.api.answers_after(latency);
    }

    fn take_received_bytes(&self) -> u64 {
        let bytes = self.api.received().bytes;
        self.api.count_anew();
        bytes
    }

    fn tree(directory: &Path) -> PathBuf {
        directory.join(".vercel/output/static")
    }

    fn prepare(directory: &Path) -> anyhow::Result<()> {
        Ok(fs::write(directory.join(".vercel/output/config.json"), r#"{"version":3}"#)?)
    }

    fn command(&self, program: &Path, directory: &Path) -> Command {
        cli::vercel(program, &self.api.url, TOKEN, (TEAM, &self.project), directory)
    }
}

impl Rival for NetlifyHost {
    const CLI: (&'static str, &'static str) = ("netlify", "netlify");
    const TYPED: &'static str = "netlify deploy";

    fn answers_after(&self, latency: Duration) {
        self.api.answers_after(latency);
    }

    fn take_received_bytes(&self) -> u64 {
        let bytes = self.api.received().bytes;
        self.api.count_anew();
        bytes
    }

    fn tree(directory: &Path) -> PathBuf {
        directory.join("dist")
    }

    fn prepare(_directory: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn command(&self, program: &Path, directory: &Path) -> Command {
        cli::netlify(program, &self.api.url, TOKEN, PROJECT, directory)
    }
}

impl Rival for CloudflarePagesHost {
    const CLI: (&'static str, &'static str) = ("cloudflare-pages", "wrangler");
    const TYPED: &'static str = "wrangler pages deploy";

    fn answers_after(&self, latency: Duration) {
        self.api.answers_after(latency);
    }

    fn take_received_bytes(&self) -> u64 {
        let bytes = self.api.received().bytes;
        self.api.count_anew();
        bytes
    }

    fn tree(directory: &Path) -> PathBuf {
        directory.join("dist")
    }

    fn prepare(_directory: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn command(&self, program: &Path, directory: &Path) -> Command {
        let tree = Self::tree(directory);
        cli::wrangler(program, &self.api.url, TOKEN, (ACCOUNT, PROJECT, "main"), &tree)
    }
}

pub(super) async fn run<R: Rival>(binaries: &Path) -> anyhow::Result<()> {
    let (package, program) = R::CLI;
    let program = cli::find(package, program).context("`make setup` installs the CLI that is compared with")?;
    for (tree, files, bytes) in TREES {
        for (shown, latency) in LATENCIES {
            let (ours, memory) = ours::<R>(binaries, (files, bytes), latency).await?;
            let theirs = theirs::<R>(&program, (files, bytes), latency).await?;
            for (kind, (ours, theirs)) in ["first", "1 % changed"].into_iter().zip(ours.iter().zip(&theirs)) {
                let what = format!("{tree}, {kind}, at {shown} / {}", R::TYPED);
                row(&what, ours.seconds / theirs.seconds, TIME_LIMIT, "x");
                row(&format!("{what}, processor"), ours.cpu_seconds / theirs.cpu_seconds, CPU_LIMIT, "x");
                note(&format!(
                    "{:.2} s and {:.2} s by the CLI; processor {:.2} s and {:.2} s; sent {} and {} bytes",
                    ours.seconds, theirs.seconds, ours.cpu_seconds, theirs.cpu_seconds, ours.bytes, theirs.bytes
                ));
            }
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
            let sent = ours[1].bytes as f64 / (theirs[1].bytes as f64).max(1.0);
            row(&format!("{tree}, bytes sent with 1 % changed / {}", R::TYPED), sent, SENT_LIMIT, "x");
            row(&format!("{tree}, growth of the control plane at {shown}"), memory, MEMORY_LIMIT_MIB, "Mi");
        }
    }
    Ok(())
}

async fn vendor<R: Rival>(latency: Duration) -> R {
    let vendor = R::start(TOKEN).await;
    vendor.answers_after(latency);
    vendor
}

/// First and changed, and what the control plane has grown by, in MiB.
async fn ours<R: Rival>(
    binaries: &Path,
    (files, bytes): (u64, u64),
    latency: Duration,
) -> anyhow::Result<([Cost; 2], f64)> {
    let vendor: R = vendor(latency).await;
    let tree = Project::empty();
    generate(tree.path(), files, bytes)?;
    let settings = vendor.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let control_plane = ControlPlane::start_from_with(binaries, &settings).await;
    let sandbox = control_plane.create_sandbox("bench").await;
    let agent = Agent::start_from(binaries, &control_plane, &sandbox, tree.path(), &QUIET).await;
    let account = control_plane.add_credential(R::PROVIDER, "ada", TOKEN);
    let config = vendor.config();
    let body = json!({ "provider": R::PROVIDER, "name": "shop", "credentials_id": account, "config": config });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let before = resident_mib(control_plane.pid())?;
    let deploy = async || -> anyhow::Result<Cost> {
        let cpu = || anyhow::Ok(cpu_seconds(control_plane.pid())? + cpu_seconds(agent.pid())?);
        let (start, cpu_before) = (Instant::now(), cpu()?);
        let id = control_plane.deploy(&sandbox, &target, json!({})).await;
        loop {
            let deployment = control_plane.deployment(&id).await;
            match text(&deployment, "status").as_str() {
                "success" => break,
                "failed" | "cancelled" => anyhow::bail!("{deployment:#}"),
                _ => ensure!(start.elapsed() < LIMIT, "{deployment:#}"),
            }
            tokio::time::sleep(LOOK.max(start.elapsed() / LOOKS)).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok(Cost { seconds, cpu_seconds: cpu()? - cpu_before, bytes: vendor.take_received_bytes() })
    };
    let first = deploy().await?;
    change_one_percent(tree.path(), files)?;
    let changed = deploy().await?;
    Ok(([first, changed], resident_mib(control_plane.pid())? - before))
}

async fn theirs<R: Rival>(program: &Path, (files, bytes): (u64, u64), latency: Duration) -> anyhow::Result<[Cost; 2]> {
    let vendor: R = vendor(latency).await;
    let home = Project::empty();
    let directory = home.path().join("site");
    let tree = R::tree(&directory);
    fs::create_dir_all(&tree)?;
    generate(&tree, files, bytes)?;
    R::prepare(&directory)?;
    let deploy = async || -> anyhow::Result<Cost> {
        let (start, cpu_before) = (Instant::now(), cpu_of_children()?);
        let output = cli::run(vendor.command(program, &directory)).await;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seconds = start.elapsed().as_secs_f64();
        Ok(Cost { seconds, cpu_seconds: cpu_of_children()? - cpu_before, bytes: vendor.take_received_bytes() })
    };
    let first = deploy().await?;
    change_one_percent(&tree, files)?;
    Ok([first, deploy().await?])
}

/// What a running process has used.
fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before may hold anything but this.
    let rest = stat.rsplit_once(") ").context("a name")?.1;
    let ticks = rest.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / TICKS)
}

/// What all processes have used that have ended.
fn cpu_of_children() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| -> anyhow::Result<f64> {
        Ok(f64::from(i32::try_from(time.tv_sec())?) + f64::from(i32::try_from(time.tv_usec())?) / 1e6)
    };
    Ok(seconds(usage.user_time())? + seconds(usage.system_time())?)
}
