//! What one control plane carries: the logs of many builds, and many agents that only say that they live. The
//! agents are simulated, over real TLS on loopback, and take their share of the same two cores.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::{millis, note, row};
use crate::agent::Agent;
use crate::control_plane::{ControlPlane, TOKEN};
use crate::fixtures::Project;
use crate::simulated::{Played, Printing, SimulatedAgent};
use crate::{SOON, eventually};

const LINE_BYTES: usize = 100;
/// Enrolled or connected at the same time.
const AT_ONCE: usize = 16;

/// Lines of 100 bytes as fast as they are taken, against one row for each line in SQLite.
pub(super) async fn ingest(binaries: &Path) -> anyhow::Result<()> {
    const AGENTS: usize = 4;
    const LINES: u64 = 400_000;
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let printing = Printing { lines: LINES, line_bytes: LINE_BYTES, per_second: None };
    let ((took, _), ids) = play(&control_plane, AGENTS, printing).await?;
    check_logs(&control_plane, &ids, LINES * LINE_BYTES as u64).await?;
    #[allow(clippy::cast_precision_loss, reason = "a few million lines")]
    let rate = (LINES * AGENTS as u64) as f64 / took.as_secs_f64();
    let rows = rows_per_second()?;
    note(&format!(
        "log ingest, {AGENTS} builds of {LINES} lines: {rate:.0} lines/s of {LINE_BYTES} B, 0 bytes lost (wanted: 50000); \
         one SQLite row for each line: {rows:.0} lines/s"
    ));
    row("a line into a row of SQLite, against one into a log here", rate / rows.max(1.0), f64::INFINITY, "x");
    row("50,000 lines a second, as a part of what was reached", 50_000.0 / rate, 1.0, "");
    Ok(())
}

/// What most tools do, by the same SQLite: a row for each line, a transaction for each batch.
fn rows_per_second() -> anyhow::Result<f64> {
    const SCRIPT: &str = "
import sqlite3, sys, tempfile, time, os
directory = tempfile.mkdtemp()
db = sqlite3.connect(os.path.join(directory, 'log.db'), isolation_level=None)
db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA synchronous=FULL')
db.execute('CREATE TABLE log (id INTEGER PRIMARY KEY, job TEXT, line INTEGER, at INTEGER, text TEXT)')
db.execute('CREATE INDEX by_job ON log (job, line)')
lines, batch = 400000, 655
began = time.time()
for first in range(0, lines, batch):
    db.execute('BEGIN IMMEDIATE')
    db.executemany('INSERT INTO log (job, line, at, text) VALUES (?, ?, ?, ?)',
        [('0199aaaa-0000-7000-8000-000000000000', n, 0, ('%9d transforming modules ' % n).ljust(99, 'x')) for n in range(first, first + batch)])
    db.execute('COMMIT')
print(lines / (time.time() - began))
import shutil; shutil.rmtree(directory)
";
    let output = Command::new("python3").args(["-c", SCRIPT]).stderr(Stdio::inherit()).output().context("python3")?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Agents that each print; answers how long all of it took, when acknowledgements came, and the deployments.
async fn play(
    control_plane: &ControlPlane,
    agents: usize,
    printing: Printing,
) -> anyhow::Result<((Duration, Vec<Duration>), Vec<String>)> {
    let target = control_plane.local_target().await;
    let (mut sessions, mut ids) = (Vec::new(), Vec::new());
    for number in 0..agents {
        let agent = SimulatedAgent::enrol(control_plane, &format!("agent-{number}")).await?;
        sessions.push(agent.connect(control_plane).await?);
        ids.push(control_plane.deploy(&agent.sandbox, &target, json!({})).await);
    }
    let began = Instant::now();
    let mut running = JoinSet::new();
    for mut session in sessions {
        running.spawn(async move {
            let played = session.play(printing).await;
            (session, played)
        });
    }
    let (mut kept, mut acknowledged) = (Vec::new(), Vec::new());
    while let Some(done) = running.join_next().await {
        let (session, played): (_, anyhow::Result<Played>) = done?;
        acknowledged.extend(played?.acknowledged_after);
        kept.push(session); // a session that ends takes its last events with it
    }
    let took = began.elapsed();
    for id in &ids {
        control_plane.wait_for(id, &["failed"], SOON).await;
    }
    Ok(((took, acknowledged), ids))
}

/// Every byte of every log is there, as the control plane itself proves.
async fn check_logs(control_plane: &ControlPlane, ids: &[String], bytes: u64) -> anyhow::Result<()> {
    for id in ids {
        let log = eventually("the finished log", Duration::from_secs(60), || async {
            let log = control_plane.deployment(id).await["log"].clone();
            (!log["complete"].is_null()).then_some(log)
        })
        .await;
        ensure!(log["complete"] == true && log["bytes"] == bytes, "{id}: {log}");
    }
    Ok(())
}

/// From a line that a build writes to the event that a client receives, at 10,000 lines a second.
pub(super) async fn latency(binaries: &Path) -> anyhow::Result<()> {
    // Ten lines each millisecond, and what sleeping made late at once.
    const SCRIPT: &str = "
import sys, time
began, printed = time.time(), 0
while printed < 200000:
    due = int((time.time() - began) * 10000)
    while printed < due:
        sys.stdout.write('%d %s\\n' % (time.time() * 1000000, 'x' * 82)); printed += 1
    sys.stdout.flush(); time.sleep(0.001)
";
    let project = Project::empty();
    project.write("print.py", SCRIPT);
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start_from(binaries, &control_plane, &sandbox, project.path(), &[]).await;
    let target = control_plane.local_target().await;
    let request = json!({ "build_command": "python3 print.py", "output_dir": "dist" });
    let id = control_plane.deploy(&sandbox, &target, request).await;
    let mut response = reqwest::Client::builder()
        .build()?
        .get(format!("{}/api/deployments/{id}/logs", control_plane.url))
        .bearer_auth(TOKEN)
        .send()
        .await?;
    let (mut late, mut buffer) = (Vec::new(), Vec::new());
    while let Some(chunk) = response.chunk().await? {
        let now = since_1970()?;
        buffer.extend_from_slice(&chunk);
        while let Some(end) = memchr::memchr(b'\n', &buffer) {
            let line: Vec<u8> = buffer.drain(..=end).collect();
            let text = String::from_utf8_lossy(&line);
            let written = text.split("\"text\":\"").nth(1).and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
            if let Some(written) = written {
                late.push(now.saturating_sub(Duration::from_micros(written)));
            }
        }
    }
    ensure!(late.len() >= 190_000, "only {} lines arrived: {}", late.len(), control_plane.deployment(&id).await);
    late.sort_unstable();
    let at = |percent: usize| millis(late[(late.len() - 1) * percent / 100]);
    note(&format!("{} lines: p50 {:.0} ms, p99 {:.0} ms, at most {:.0} ms", late.len(), at(50), at(99), at(100)));
    row("child write to SSE client at 10,000 lines/s, p99", at(99), 300.0, "ms");
    Ok(())
}

/// Two hundred builds that print a hundred lines a second each.
pub(super) async fn builders(binaries: &Path) -> anyhow::Result<()> {
    const AGENTS: usize = 200;
    const LINES: u64 = 3_000;
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let printing = Printing { lines: LINES, line_bytes: LINE_BYTES, per_second: Some(100.0) };
    let before = cpu_seconds(control_plane.pid())?;
    let began = Instant::now();
    let ((_, mut acknowledged), ids) = play(&control_plane, AGENTS, printing).await?;
    let used = (cpu_seconds(control_plane.pid())? - before) / began.elapsed().as_secs_f64();
    check_logs(&control_plane, &ids, LINES * LINE_BYTES as u64).await?;
    acknowledged.sort_unstable();
    let p99 = millis(acknowledged[(acknowledged.len() - 1) * 99 / 100]);
    note(&format!("{AGENTS} builds at 100 lines/s: 0 bytes lost, {:.0} % of one core", used * 100.0));
    row("acknowledgement of a batch of one of 200 builds, p99", p99, 1_000.0, "ms");
    Ok(())
}

/// Agents that are connected and send heartbeats: 1,000, and as many as `BENCH_AGENTS` says.
pub(super) async fn agents(binaries: &Path) -> anyhow::Result<()> {
    let more = std::env::var("BENCH_AGENTS").ok().and_then(|count| count.parse().ok());
    for count in [Some(1_000), more].into_iter().flatten() {
        idle_agents(binaries, count).await?;
    }
    Ok(())
}

async fn idle_agents(binaries: &Path, count: usize) -> anyhow::Result<()> {
    const WATCHED: Duration = Duration::from_secs(60);
    raise_file_limit()?;
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let agents = enrol(&control_plane, count).await?;
    let mut running = JoinSet::new();
    for agent in &agents {
        let session = agent.connect(&control_plane).await?;
        running.spawn(session.idle());
    }
    // What connecting cost is over.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (before, began) = (cpu_seconds(control_plane.pid())?, Instant::now());
    tokio::time::sleep(WATCHED).await;
    let used = (cpu_seconds(control_plane.pid())? - before) / began.elapsed().as_secs_f64();
    if let Some(ended) = running.try_join_next() {
        anyhow::bail!("an agent was lost: {}", ended?);
    }
    let resident = resident_mib(control_plane.pid())?;
    #[allow(clippy::cast_precision_loss, reason = "thousands")]
    let scale = count as f64 / 1_000.0;
    row(&format!("{count} idle agents, of one core"), used * 100.0, 20.0 * scale, "%");
    row(&format!("{count} idle agents, memory"), resident, 300.0 * scale, "MiB");
    Ok(())
}

/// Five hundred agents whose control plane dies and comes back.
pub(super) async fn storm(binaries: &Path) -> anyhow::Result<()> {
    const AGENTS: usize = 500;
    raise_file_limit()?;
    let control_plane = ControlPlane::start_unlimited(binaries).await;
    let agents = enrol(&control_plane, AGENTS).await?;
    let mut sessions = JoinSet::new();
    for agent in &agents {
        sessions.spawn(agent.connect(&control_plane).await?.idle());
    }
    let stopped = control_plane.stop();
    while sessions.join_next().await.is_some() {}
    let control_plane = std::sync::Arc::new(stopped.start().await);
    let began = Instant::now();
    let mut coming = JoinSet::new();
    for agent in agents {
        let control_plane = control_plane.clone();
        coming.spawn(async move {
            let mut wait = Duration::from_millis(100);
            loop {
                // As the real agent does it: at a random moment, later and later.
                tokio::time::sleep(wait.mul_f64(random())).await;
                match agent.connect(&control_plane).await {
                    Ok(session) => return (began.elapsed(), session),
                    Err(_) => wait = (wait * 2).min(Duration::from_secs(10)),
                }
            }
        });
    }
    let (mut last, mut kept) = (Duration::ZERO, Vec::new());
    while let Some(back) = coming.join_next().await {
        let (after, session) = back?;
        last = last.max(after);
        kept.push(session);
    }
    row("500 agents back after a restart", last.as_secs_f64(), 5.0, "s");
    Ok(())
}

async fn enrol(control_plane: &ControlPlane, count: usize) -> anyhow::Result<Vec<SimulatedAgent>> {
    let mut agents = Vec::with_capacity(count);
    for first in (0..count).step_by(AT_ONCE) {
        let some = (first..count.min(first + AT_ONCE))
            .map(|number| async move { SimulatedAgent::enrol(control_plane, &format!("agent-{number}")).await });
        for agent in futures::future::join_all(some).await {
            agents.push(agent?);
        }
    }
    Ok(agents)
}

/// Between 0 and 1.
fn random() -> f64 {
    let random = RandomState::new().hash_one(0);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// As the build's own clock tells it.
#[allow(clippy::disallowed_methods, reason = "the time itself is measured")]
fn since_1970() -> anyhow::Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

/// Each simulated agent is an open file here.
fn raise_file_limit() -> anyhow::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// User and system time of a process. Source: proc_pid_stat(5); a tick is 10 ms on every Linux.
fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat[stat.rfind(')').context("a name")? + 2..].split_ascii_whitespace().collect();
    let ticks: u32 = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
    Ok(f64::from(ticks) / 100.0)
}

pub(super) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    memory_mib(pid, "VmRSS:")
}

/// The most that it has ever had.
pub(super) fn peak_resident_mib(pid: u32) -> anyhow::Result<f64> {
    memory_mib(pid, "VmHWM:")
}

fn memory_mib(pid: u32, which: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)).context("/proc/PID/status")?;
    Ok(f64::from(line.trim().trim_end_matches(" kB").trim().parse::<u32>()?) / 1024.0)
}
