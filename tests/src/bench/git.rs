//! A push by way of the control plane, from the request to the success, against `git commit` and `git push` of the
//! same change from the sandbox to the same server: at no latency, and with 20 ms to the server and back.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use data_encoding::BASE64;
use reqwest::Method;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::load::{peak_resident_mib, resident_mib};
use super::transfer::QUIET;
use super::tree::generate;
use super::{median, note, row};
use crate::agent::Agent;
use crate::control_plane::{ControlPlane, text};
use crate::fixtures::Project;
use crate::git_server::{GitServer, git};

const FILES: u64 = 5_000;
const TOTAL_BYTES: u64 = 50_000_000;
const RUNS: usize = 3;
const FIRST_LIMIT: f64 = 1.2;
const CHANGED_LIMIT: f64 = 1.0;
const ROUND_TRIP: Duration = Duration::from_millis(20);
const LARGE_FILES: u32 = 40;
const LARGE_FILE_BYTES: usize = 50_000_000;
const LARGE_MEMORY_LIMIT_MIB: f64 = 150.0;
const USERNAME: &str = "x-access-token";
const TOKEN: &str = "ghp_tokenOfTheBenchmark0123456789abcdef";
const LOOK: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_secs(600);

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let tree = Project::empty();
    generate(tree.path(), FILES, TOTAL_BYTES)?;
    for (shown, round_trip) in [("0 ms", Duration::ZERO), ("20 ms", ROUND_TRIP)] {
        let (mut first, mut changed, mut memory) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..RUNS {
            let ours = ours(binaries, &tree, round_trip).await?;
            let theirs = theirs(&tree, round_trip).await?;
            note(&format!(
                "{shown}: first {:.2} s and {:.2} s by git, one file {:.0} ms and {:.0} ms by git",
                ours.first,
                theirs.first,
                ours.changed * 1_000.0,
                theirs.changed * 1_000.0
            ));
            first.push(ours.first / theirs.first);
            changed.push(ours.changed / theirs.changed);
            memory = memory.max(ours.memory_mib);
        }
        row(&format!("5,000 files, 50 MB, first push at {shown} / git push"), median(first), FIRST_LIMIT, "x");
        row(&format!("one file of them changed at {shown} / git commit and push"), median(changed), CHANGED_LIMIT, "x");
        note(&format!("control plane afterwards: {memory:.0} MiB"));
    }
    Ok(())
}

/// The first push of a repository that is nearly as large as an artifact may be: what the control plane needs for it.
pub(super) async fn run_large(binaries: &Path) -> anyhow::Result<()> {
    let project = Project::empty();
    let mut content = vec![0; LARGE_FILE_BYTES];
    let random = SystemRandom::new();
    for number in 0..LARGE_FILES {
        random.fill(&mut content).map_err(|_| anyhow::anyhow!("no randomness"))?;
        fs::write(project.path().join(format!("file-{number}.bin")), &content)?;
    }
    git(project.path(), &["init", "--quiet", "--initial-branch=main", "."]);
    git(project.path(), &["config", "core.compression", "0"]);
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "--quiet", "-m", "all"]);
    let place = Place::set(binaries, project, Duration::ZERO).await?;
    let seconds = place.deploy().await?;
    note(&format!("{LARGE_FILES} files of {} MB pushed in {seconds:.0} s", LARGE_FILE_BYTES / 1_000_000));
    let peak = peak_resident_mib(place.control_plane.pid())?;
    row("control plane, at most, with a repository of 2 GB", peak, LARGE_MEMORY_LIMIT_MIB, "MiB");
    Ok(())
}

/// In seconds.
struct Times {
    first: f64,
    changed: f64,
    memory_mib: f64,
}

/// A repository in a sandbox, and a target for it at a host.
struct Place {
    control_plane: ControlPlane,
    project: Project,
    sandbox: String,
    target: String,
    _agent: Agent,
    _host: GitServer,
}

impl Place {
    async fn set(binaries: &Path, project: Project, round_trip: Duration) -> anyhow::Result<Self> {
        let host = GitServer::start(USERNAME, TOKEN).await;
        host.repository("ada/shop");
        let url = behind(&host, round_trip).await?;
        let git_url = ("SLIPWAY_PROVIDERS__GITHUB__GIT_URL", url.as_str());
        let control_plane = ControlPlane::start_from_with(binaries, &[git_url]).await;
        let sandbox = control_plane.create_sandbox("bench").await;
        let agent = Agent::start_from(binaries, &control_plane, &sandbox, project.path(), &QUIET).await;
        let account = control_plane.add_credential("github", "ada", TOKEN);
        let config = json!({ "owner": "ada", "repo": "shop" });
        let body = json!({ "provider": "github", "name": "shop", "credentials_id": account, "config": config });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        Ok(Self { control_plane, project, sandbox, target, _agent: agent, _host: host })
    }

    /// How long one deployment takes, in seconds.
    async fn deploy(&self) -> anyhow::Result<f64> {
        let start = Instant::now();
        let id = self.control_plane.deploy(&self.sandbox, &self.target, json!({ "commit_message": "change" })).await;
        loop {
            let deployment = self.control_plane.deployment(&id).await;
            match text(&deployment, "status").as_str() {
                "success" => return Ok(start.elapsed().as_secs_f64()),
                "failed" | "cancelled" => anyhow::bail!("{deployment:#}"),
                _ => ensure!(start.elapsed() < LIMIT, "{deployment:#}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn ours(binaries: &Path, tree: &Project, round_trip: Duration) -> anyhow::Result<Times> {
    let place = Place::set(binaries, repository_of(tree), round_trip).await?;
    let first = place.deploy().await?;
    change(&place.project)?;
    let changed = place.deploy().await?;
    Ok(Times { first, changed, memory_mib: resident_mib(place.control_plane.pid())? })
}

async fn theirs(tree: &Project, round_trip: Duration) -> anyhow::Result<Times> {
    let host = GitServer::start(USERNAME, TOKEN).await;
    host.repository("ada/shop");
    let url = behind(&host, round_trip).await?;
    let project = repository_of(tree);
    let header =
        format!("http.extraHeader=Authorization: Basic {}", BASE64.encode(format!("{USERNAME}:{TOKEN}").as_bytes()));
    let push = |commit: bool| {
        let (root, url, header) = (project.path().to_owned(), format!("{url}/ada/shop.git"), header.clone());
        let work = move || {
            let start = Instant::now();
            if commit {
                git(&root, &["add", "--all"]);
                git(&root, &["commit", "--quiet", "-m", "change"]);
            }
            git(&root, &["-c", &header, "push", "--quiet", &url, "HEAD:main"]);
            start.elapsed().as_secs_f64()
        };
        tokio::task::spawn_blocking(work)
    };
    let first = push(false).await?;
    change(&project)?;
    Ok(Times { first, changed: push(true).await?, memory_mib: 0.0 })
}

fn repository_of(tree: &Project) -> Project {
    let project = Project::copy_of(tree.path());
    git(project.path(), &["init", "--quiet", "--initial-branch=main", "."]);
    git(project.path(), &["add", "--all"]);
    git(project.path(), &["commit", "--quiet", "-m", "all"]);
    project
}

fn change(project: &Project) -> anyhow::Result<()> {
    let name = project.path().join("d7/file-7.txt");
    let mut content = fs::read(&name)?;
    content.extend_from_slice(b"changed");
    Ok(fs::write(name, content)?)
}

/// The address of the host, with a network before it that takes `round_trip` there and back.
async fn behind(host: &GitServer, round_trip: Duration) -> anyhow::Result<String> {
    if round_trip.is_zero() {
        return Ok(host.url.clone());
    }
    let upstream = host.url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // The handshake takes a round trip, too.
            tokio::time::sleep(round_trip).await;
            let Ok(server) = TcpStream::connect(&upstream).await else { return };
            // A network does not wait for more to send.
            for end in [&client, &server] {
                let _ = end.set_nodelay(true);
            }
            let ((client_read, client_write), (server_read, server_write)) = (client.into_split(), server.into_split());
            tokio::spawn(late(client_read, server_write, round_trip / 2));
            tokio::spawn(late(server_read, client_write, round_trip / 2));
        }
    });
    Ok(url)
}

/// Passes bytes on, each as late as the others: what is under way does not wait for what comes.
async fn late(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, delay: Duration) {
    const UNDER_WAY: usize = 1024;
    let (sender, mut receiver) = mpsc::channel::<(tokio::time::Instant, Vec<u8>)>(UNDER_WAY);
    let read = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if sender.send((tokio::time::Instant::now() + delay, buffer[..length].to_vec())).await.is_err() {
                return;
            }
        }
        drop(sender);
    };
    let write = async {
        while let Some((when, bytes)) = receiver.recv().await {
            tokio::time::sleep_until(when).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
