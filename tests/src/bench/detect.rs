//! Detection against the detectors of two hosting vendors, on the same real projects: how often each is
//! right, and how long a person waits for each. Then on generated trees, where size is all that matters.

mod generated;
mod vendors;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;

use self::vendors::{VENDORS, Vendor, Vendors};
use super::transfer::QUIET;
use super::{median, millis, note, row};
use crate::agent::Agent;
use crate::control_plane::ControlPlane;
use crate::corpus::{Answer, Case, Corpus, Score, Share, ask_all};
use crate::fixtures::Project;

/// One project in so many is timed, because starting Node.js for each takes minutes. All are scored.
const TIMED_STRIDE: usize = 4;
/// Ours of theirs: twenty times faster.
const TIME_LIMIT_PERCENT: f64 = 5.0;
/// Theirs to ours: nobody is right more often.
const RIGHT_LIMIT: f64 = 1.0;

const GENERATED_RUNS: usize = 15;
const SMALL_FILES: usize = 1_000;
const SMALL_LIMIT_MS: f64 = 5.0;
const MONOREPO_FILES: usize = 50_000;
const MONOREPO_LIMIT_MS: f64 = 100.0;

/// Over REST and the agent's session, on an ordinary project.
const SESSION_LIMIT_MS: f64 = 50.0;

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let agent = binaries.join("slipway-agent");
    if let Some(corpus) = Corpus::find()? {
        against_vendors(&agent, &corpus, &binaries.join("detectors"))?;
    }
    let small = Project::empty();
    generated::single(small.path(), SMALL_FILES)?;
    row("detect in 1,000 files, without process start", beyond_start(&agent, &small)?, SMALL_LIMIT_MS, "ms");
    let monorepo = Project::empty();
    generated::monorepo(monorepo.path(), MONOREPO_FILES)?;
    let measured = beyond_start(&agent, &monorepo)?;
    row("detect in a monorepo of 50,000 files, the same", measured, MONOREPO_LIMIT_MS, "ms");
    row("detect by REST, from the request to the plan", over_session(binaries).await?, SESSION_LIMIT_MS, "ms");
    Ok(())
}

/// Milliseconds of `GET /api/sandboxes/{id}/detect`.
async fn over_session(binaries: &Path) -> anyhow::Result<f64> {
    let project = Project::fixture("vite-react");
    let control_plane = ControlPlane::start_from(binaries).await;
    let sandbox = control_plane.create_sandbox("detect").await;
    let token = control_plane.enroll_token(&sandbox).await;
    let _agent = Agent::spawn(binaries, &control_plane, &token, project.path(), &QUIET);
    control_plane.wait_online(&sandbox).await;
    let path = format!("/api/sandboxes/{sandbox}/detect");
    let mut times = Vec::new();
    for _ in 0..GENERATED_RUNS {
        let start = Instant::now();
        let plan = control_plane.call(Method::GET, &path, None).await;
        times.push(millis(start.elapsed()));
        ensure!(plan["framework"] == "vite", "the answer is {plan}");
    }
    Ok(median(times))
}

fn against_vendors(agent: &Path, corpus: &Corpus, installed: &Path) -> anyhow::Result<()> {
    let projects = corpus.cases.iter().map(Case::project).collect::<anyhow::Result<Vec<_>>>()?;
    let answers = ask_all(agent, &corpus.cases)?;
    let ours = summary("slipway-agent", corpus, &answers);
    let vendors = match Vendors::install(installed) {
        Ok(vendors) => vendors,
        Err(reason) => {
            eprintln!("SKIPPED: the vendors' detectors cannot be installed: {reason:#}");
            return Ok(());
        }
    };
    for vendor in VENDORS {
        let theirs = summary(vendor.package, corpus, &vendors.ask_all(vendor, &corpus.cases, &projects)?);
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        let ratio = theirs.framework.count as f64 / ours.framework.count as f64;
        row(&format!("right answers, {} / ours", vendor.package), ratio, RIGHT_LIMIT, "x");
    }
    for vendor in VENDORS {
        let pairs = side_by_side(agent, &vendors, vendor, &projects)?;
        let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let percents = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs * 100.0).collect();
        let count = ours.len();
        row(&format!("time to detect a project / {}", vendor.package), median(percents), TIME_LIMIT_PERCENT, "%");
        note(&format!("medians of {count} projects: {:.1} ms, {:.0} ms", median(ours), median(theirs)));
    }
    Ok(())
}

/// Notes how often the answers are right, and on Node.js projects alone, which is what the vendors host most.
fn summary(who: &str, corpus: &Corpus, answers: &[Answer]) -> Score {
    let all = || corpus.cases.iter().zip(answers);
    let score = Score::of(all());
    let node = Score::of(all().filter(|(case, _)| case.expect.runtime.as_deref() == Some("node")));
    note(&format!(
        "{who}: framework {}, of Node.js projects {}; package manager {}",
        short(score.framework),
        short(node.framework),
        short(score.package_manager)
    ));
    score
}

fn short(share: Share) -> String {
    format!("{} of {} ({:.1} %)", share.count, share.of, share.percent())
}

/// Whole processes, alternating, so that both meet the same noise: pairs of milliseconds.
fn side_by_side(
    agent: &Path,
    vendors: &Vendors,
    vendor: &Vendor,
    projects: &[Project],
) -> anyhow::Result<Vec<(f64, f64)>> {
    let pair = |project: &Project| {
        let ours = wall_time(&mut detect(agent, project))?;
        Ok((millis(ours), millis(wall_time(&mut vendors.command(vendor, [project.path()]))?)))
    };
    // The first reads both from the disk.
    pair(projects.first().context("a corpus has cases")?)?;
    projects.iter().step_by(TIMED_STRIDE).map(pair).collect()
}

/// Milliseconds that detection takes beyond starting the process.
fn beyond_start(agent: &Path, project: &Project) -> anyhow::Result<f64> {
    let status = detect(agent, project).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "nothing was detected in a generated project");
    let (mut whole, mut start) = (Vec::new(), Vec::new());
    for _ in 0..GENERATED_RUNS {
        whole.push(millis(wall_time(&mut detect(agent, project))?));
        start.push(millis(wall_time(Command::new(agent).arg("--version"))?));
    }
    Ok((median(whole) - median(start)).max(0.0))
}

fn detect(agent: &Path, project: &Project) -> Command {
    let mut command = Command::new(agent);
    command.arg("detect").arg(project.path()).arg("--json");
    command
}

/// However it ends: also "nothing to build here" is an answer a person waits for.
fn wall_time(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    command.output().with_context(|| format!("{command:?} does not start"))?;
    Ok(start.elapsed())
}
