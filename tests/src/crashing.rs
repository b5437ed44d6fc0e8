//! Both programs under somebody who starts them again: a control plane or an agent is told to die at a crash
//! point (`slipway_proto::crash`), and what comes after must be as if it had not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::binary;
use crate::control_plane::{TOKEN, text};
use crate::fixtures::Project;
use crate::proxy::Proxy;
use crate::rehearsal::{Made, Rehearsal};

/// How long a run with a crash in it may take.
const RUN: Duration = Duration::from_secs(240);
/// Between two tries of a request that nobody answers.
const PAUSE: Duration = Duration::from_millis(50);

/// A program that is started again when it dies.
struct Supervised {
    deaths: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    present: Arc<Mutex<Child>>,
    watcher: Option<JoinHandle<()>>,
}

impl Supervised {
    /// `command` makes the program; only its first life is told where to die.
    fn start(command: impl Fn() -> Command + Send + 'static, crash: Option<&str>) -> Self {
        let mut first = command();
        if let Some(point) = crash {
            first.env("CRASH_POINT", point);
        }
        let present = Arc::new(Mutex::new(first.spawn().expect("the program starts")));
        let (deaths, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (child, died, over) = (present.clone(), deaths.clone(), is_over.clone());
        let watcher = std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let ended = child.lock().expect("nobody panics here").try_wait().expect("is ours");
                if let Some(status) = ended {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let is_abort = status.signal() == Some(Signal::SIGABRT as i32);
                    // Whatever ended it otherwise, the run will fail for want of it.
                    if !is_abort || died.fetch_add(1, Ordering::SeqCst) > 0 {
                        println!("ended with {status}, not at a crash point");
                        return;
                    }
                    *child.lock().expect("nobody panics here") = command().spawn().expect("the program starts");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self { deaths, is_over, present, watcher: Some(watcher) }
    }

    fn deaths(&self) -> usize {
        self.deaths.load(Ordering::SeqCst)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let mut child = self.present.lock().expect("nobody panics here");
        if let Ok(pid) = i32::try_from(child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let deadline = Instant::now() + Duration::from_secs(15);
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        drop(child);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

/// Who is to die, and where.
#[derive(Debug, Clone, Default)]
pub struct Crash {
    /// A crash point of the control plane.
    pub control_plane: Option<String>,
    /// A crash point of the agent.
    pub agent: Option<String>,
    /// A bad network between them: its seed, and how long nobody is told of a dead connection.
    pub network: Option<(u64, Duration)>,
    /// The build prints for some seconds.
    pub is_long: bool,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Of the deployment.
    pub status: String,
    /// Why it failed.
    pub error: Option<String>,
    /// What the build printed, and what Slipway said, without ids.
    pub log: String,
    /// Whether the stored log is proven to be all of it.
    pub is_complete: bool,
    /// What the vendor made.
    pub releases: Vec<Made>,
    /// Deployments there are.
    pub deployments: usize,
}

/// Crash points, and how often each was reached.
pub type Points = BTreeMap<String, usize>;

/// A run, and how often somebody died in it.
pub struct Run {
    /// What it came to.
    pub outcome: Outcome,
    /// Deaths of the control plane and of the agent.
    pub deaths: (usize, usize),
    /// The crash points that were reached, and how often, of the control plane and of the agent.
    pub points: (Points, Points),
    /// Connections that something has happened to.
    pub faults: usize,
}

/// A whole life: first start, sandbox, agent, target, build, release, finished log.
pub async fn run(crash: &Crash) -> Run {
    let vendor = Rehearsal::start().await;
    let directory = TempDir::with_prefix("slipway-crash-").expect("a temporary directory");
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("ours");
    let project = project(if crash.is_long { 30 } else { 8 });
    let (http, grpc) = (free_port(), free_port());
    let proxy = match crash.network {
        Some((seed, longest)) => Some(Proxy::start(([127, 0, 0, 1], grpc).into(), seed, longest).await),
        None => None,
    };
    let agents_port = proxy.as_ref().map_or(grpc, |proxy| proxy.address.port());
    let (trace, agent_trace) = (directory.path().join("trace"), directory.path().join("agent-trace"));

    let serve = {
        let (data, url, trace) = (directory.path().join("data"), vendor.url.clone(), trace.clone());
        move || serve(&data, http, grpc, &url, &trace)
    };
    let control_plane = Supervised::start(serve, crash.control_plane.as_deref());
    let api = Api {
        url: format!("http://127.0.0.1:{http}"),
        client: client(),
        deadline: Instant::now() + RUN,
        about: format!("{crash:?}"),
        logs: [directory.path().join("data.log"), directory.path().join("agent.log")],
    };
    let sandbox = api.create("/api/sandboxes", json!({ "name": "sandbox" })).await;
    let token = text(&api.call(Method::POST, &format!("/api/sandboxes/{sandbox}/enroll-token"), None).await, "token");
    std::fs::write(directory.path().join("token"), token).expect("writes");
    let run_agent = {
        let (directory, project, trace) = (directory.path().to_owned(), project.path().to_owned(), agent_trace.clone());
        move || run_agent(&directory, &project, agents_port, &trace)
    };
    let agent = Supervised::start(run_agent, crash.agent.as_deref());
    let target = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
    let target = api.create("/api/deployments/targets", target).await;
    let request = json!({ "target_id": target, "build_command": "sh build.sh", "output_dir": "dist" });
    let deployment = api.create(&format!("/api/sandboxes/{sandbox}/deploy"), request).await;

    let ended = api
        .until("the end of the deployment", || async {
            let found = api.call(Method::GET, &format!("/api/deployments/{deployment}"), None).await;
            (matches!(found["status"].as_str(), Some("success" | "failed" | "cancelled"))
                && !found["log"]["complete"].is_null())
            .then_some(found)
        })
        .await;
    let log = api.text(&format!("/api/deployments/{deployment}/logs?format=text")).await;
    let deployments =
        api.call(Method::GET, "/api/deployments?limit=100", None).await["items"].as_array().map_or(0, Vec::len);
    let outcome = Outcome {
        status: text(&ended, "status"),
        error: ended["error_message"].as_str().map(str::to_owned),
        log: log.replace(&deployment, "<id>"),
        is_complete: ended["log"]["complete"] == true,
        releases: vendor.made().into_values().collect(),
        deployments,
    };
    // Looked at before they are told to end: that is no crash, and comes after the deployment.
    Run {
        outcome,
        deaths: (control_plane.deaths(), agent.deaths()),
        points: (points(&trace), points(&agent_trace)),
        faults: proxy.map_or(0, |proxy| proxy.faults()),
    }
}

/// Lines of each stream keep their order; how the streams mix is the build's own doing.
pub fn lines(log: &str) -> (Vec<&str>, Vec<&str>, BTreeSet<&str>) {
    let of = |start: &'static str| log.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
    (of("line"), of("warning"), log.lines().collect())
}

/// A build that prints for a while, so that there are several batches.
fn project(lines: u32) -> Project {
    let project = Project::empty();
    project.write(
        "build.sh",
        &format!(
            "n=0; while [ $n -lt {lines} ]; do n=$((n+1)); echo \"line $n\"; echo \"warning $n\" >&2; sleep 0.05; done\n\
             mkdir dist && echo built > dist/index.html && echo more > dist/other.html\n"
        ),
    );
    project
}

fn serve(data: &Path, http: u16, grpc: u16, vendor: &str, trace: &Path) -> Command {
    let mut command = Command::new(binary("slipway"));
    command
        .args(["serve", "--http", &format!("127.0.0.1:{http}"), "--grpc", &format!("127.0.0.1:{grpc}"), "--data-dir"])
        .arg(data)
        .env("SLIPWAY_BOOTSTRAP_TOKEN", TOKEN)
        .env("REHEARSAL_URL", vendor)
        .env("CRASH_POINT_TRACE", trace)
        .env_remove("SLIPWAY_LOG")
        .env_remove("CRASH_POINT")
        .env("NO_COLOR", "1")
        .stderr(Stdio::from(append(&data.with_extension("log"))));
    command
}

fn run_agent(directory: &Path, project: &Path, grpc: u16, trace: &Path) -> Command {
    let mut command = Command::new(binary("slipway-agent"));
    command
        .args(["run", "--control-plane", &format!("https://127.0.0.1:{grpc}"), "--workspace"])
        .arg(project)
        .arg("--state-dir")
        .arg(directory.join("state"))
        .arg("--build-dir")
        .arg(directory.join("builds"))
        .arg("--token-file")
        .arg(directory.join("token"))
        .env("CRASH_POINT_TRACE", trace)
        .env_remove("CRASH_POINT")
        .env("NO_COLOR", "1")
        .stderr(Stdio::from(append(&directory.join("agent.log"))));
    command
}

fn append(path: &Path) -> std::fs::File {
    std::fs::OpenOptions::new().create(true).append(true).open(path).expect("writable")
}

fn points(trace: &PathBuf) -> Points {
    let mut points = Points::new();
    for name in std::fs::read_to_string(trace).unwrap_or_default().lines() {
        *points.entry(name.to_owned()).or_default() += 1;
    }
    points
}

/// Free now; nobody else on this machine is likely to take it within the second.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client")
}

/// A client that does not give up when the server dies on it: what creates something carries a key.
struct Api {
    url: String,
    client: reqwest::Client,
    deadline: Instant,
    /// The run, for whoever reads that it failed.
    about: String,
    /// What both programs said.
    logs: [PathBuf; 2],
}

impl Api {
    async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, probe: impl Fn() -> F) -> T {
        loop {
            if let Some(answer) = probe().await {
                return answer;
            }
            assert!(Instant::now() < self.deadline, "waited in vain for {what}: {}\n{}", self.about, self.said());
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn said(&self) -> String {
        let logs = self.logs.iter().map(|log| std::fs::read_to_string(log).unwrap_or_default());
        logs.collect::<Vec<_>>().join("\n")
    }

    async fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Option<(StatusCode, String)> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.header("idempotency-key", format!("key of {path}")).json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status();
        Some((status, response.text().await.ok()?))
    }

    /// Sends until it is answered.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.until(path, || async {
            let (status, text) = self.send(&method, path, body.as_ref()).await?;
            assert!(status.is_success() || status.is_server_error(), "{method} {path}: {status} {text}");
            status.is_success().then(|| serde_json::from_str(&text).expect("is JSON"))
        })
        .await
    }

    /// Makes something and answers its id, also when an answer was lost: what has this name is it.
    async fn create(&self, path: &str, body: Value) -> String {
        self.until(path, || async {
            let (status, answer) = self.send(&Method::POST, path, Some(&body)).await?;
            if status == StatusCode::CONFLICT {
                let list = self.call(Method::GET, path, None).await;
                let found = list["items"].as_array()?.iter().find(|item| item["name"] == body["name"])?;
                return Some(text(found, "id"));
            }
            assert!(status.is_success() || status.is_server_error(), "POST {path}: {status} {answer}");
            let answer: Value = serde_json::from_str(&answer).ok().filter(|_| status.is_success())?;
            Some(text(&answer, "id"))
        })
        .await
    }

    async fn text(&self, path: &str) -> String {
        self.until(path, || async {
            let (status, text) = self.send(&Method::GET, path, None).await?;
            status.is_success().then_some(text)
        })
        .await
    }
}
