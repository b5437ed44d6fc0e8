//! A `slipway serve` of its own for each test, and what a platform would ask of it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::{directory, install_tls};
use crate::canary::{Canaries, SUITE_CREDENTIAL};
use crate::{BUILD, SOON, eventually};

/// The API token of every control plane under test.
pub const TOKEN: &str = "slw_e2e-test-token-0123456789abcdef0123";
/// What the credential is called that every control plane keeps.
pub const SUITE_LABEL: &str = "kept by the suite";

const VENDORS: [&str; 5] = ["CLOUDFLARE_PAGES", "GITHUB", "GITLAB", "NETLIFY", "VERCEL"];
/// Nothing listens there.
const NOBODY: &str = "http://127.0.0.1:1/";

/// A running `slipway serve`.
pub struct ControlPlane {
    child: Child,
    binaries: PathBuf,
    data_dir: TempDir,
    blobs: PathBuf,
    /// Base URL of REST.
    pub url: String,
    /// URL for agents.
    pub agent_url: String,
    settings: Vec<(String, String)>,
    said: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
    canaries: Canaries,
}

/// One that has been ended, with its data.
pub struct Stopped {
    binaries: PathBuf,
    data_dir: TempDir,
    blobs: PathBuf,
    http: String,
    grpc: String,
    settings: Vec<(String, String)>,
}

impl Stopped {
    /// Starts it again on the same data and ports.
    pub async fn start(self) -> ControlPlane {
        ControlPlane::start_on(self.binaries, self.data_dir, self.blobs, &self.http, &self.grpc, self.settings).await
    }
}

impl ControlPlane {
    /// Starts one on an empty data directory.
    pub async fn start() -> Self {
        Self::start_from(&directory()).await
    }

    /// The same with the programs in another directory.
    pub async fn start_from(binaries: &Path) -> Self {
        let data_dir = TempDir::with_prefix("slipway-data-").expect("a temporary directory");
        let blobs = data_dir.path().join("blobs");
        Self::start_on(binaries.to_owned(), data_dir, blobs, "127.0.0.1:0", "127.0.0.1:0", Vec::new()).await
    }

    /// The same with no limit on requests and deployments.
    pub async fn start_unlimited(binaries: &Path) -> Self {
        let data_dir = TempDir::with_prefix("slipway-data-").expect("a temporary directory");
        let blobs = data_dir.path().join("blobs");
        let limits = ["REQUESTS_PER_MINUTE_PER_USER", "REQUESTS_PER_MINUTE_PER_ADDRESS", "DEPLOYMENTS_PER_DAY"];
        let settings = limits.map(|limit| (format!("SLIPWAY_LIMITS__{limit}"), "0".to_owned())).to_vec();
        Self::start_on(binaries.to_owned(), data_dir, blobs, "127.0.0.1:0", "127.0.0.1:0", settings).await
    }

    /// The same with artifacts in a directory of their own.
    pub async fn start_with_blobs_in(blobs: &Path) -> Self {
        let data_dir = TempDir::with_prefix("slipway-data-").expect("a temporary directory");
        Self::start_on(directory(), data_dir, blobs.to_owned(), "127.0.0.1:0", "127.0.0.1:0", Vec::new()).await
    }

    /// The same with settings in its environment; an empty value takes a setting away.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_from_with(&directory(), settings).await
    }

    /// The same with the programs in another directory.
    pub async fn start_from_with(binaries: &Path, settings: &[(&str, &str)]) -> Self {
        let data_dir = TempDir::with_prefix("slipway-data-").expect("a temporary directory");
        let blobs = data_dir.path().join("blobs");
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::start_on(binaries.to_owned(), data_dir, blobs, "127.0.0.1:0", "127.0.0.1:0", settings).await
    }

    async fn start_on(
        binaries: PathBuf,
        data_dir: TempDir,
        blobs: PathBuf,
        http: &str,
        grpc: &str,
        settings: Vec<(String, String)>,
    ) -> Self {
        // Benchmarks name a directory of binaries of their own.
        install_tls();
        let is_new = !data_dir.path().join("slipway.db").exists();
        let mut command = Command::new(binaries.join("slipway"));
        command
            .args(["serve", "--http", http, "--grpc", grpc, "--data-dir"])
            .arg(data_dir.path())
            .env("SLIPWAY_BOOTSTRAP_TOKEN", TOKEN)
            .env("SLIPWAY_BLOB_URL", format!("file:{}", blobs.display()))
            .env_remove("SLIPWAY_LOG")
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped());
        // A credential of a test is nobody's business outside.
        for vendor in VENDORS {
            command.env(format!("SLIPWAY_PROVIDERS__{vendor}__API_URL"), NOBODY);
        }
        for (name, value) in &settings {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().expect("slipway starts");
        let mut lines = BufReader::new(child.stderr.take().expect("is piped")).lines();
        let line = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains("serving REST on"))
            .expect("slipway says where it listens");
        // Read on, so that a full pipe never blocks it; a test that fails shows what it said.
        let is_test = std::env::var_os("NEXTEST").is_some();
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if is_test {
                    println!("serve: {line}");
                }
                heard.lock().expect("nobody panics here").push(line);
            }
        });
        let after = |mark: &str| {
            let rest = &line[line.find(mark).expect("is in the line")..];
            rest.split([',', ' ']).next().unwrap_or(rest).to_owned()
        };
        let (url, agent_url) = (after("http://"), after("https://"));
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        let canaries = Canaries::new(&[SUITE_CREDENTIAL.as_bytes(), TOKEN.as_bytes()]);
        let control_plane = Self { child, binaries, data_dir, blobs, url, agent_url, settings, said, client, canaries };
        eventually("readyz", SOON, || async {
            let response = control_plane.client.get(format!("{}/readyz", control_plane.url)).send().await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
        if is_new {
            control_plane.add_credential("npm", SUITE_LABEL, SUITE_CREDENTIAL);
        }
        control_plane
    }

    /// Ends it without warning, as a crash would, and starts it again on the same data and ports.
    pub async fn kill_and_restart(self) -> Self {
        self.stop().start().await
    }

    /// Ends it without warning, as a crash would.
    pub fn stop(mut self) -> Stopped {
        self.child.kill().expect("is running");
        self.child.wait().expect("is ours");
        self.stopped()
    }

    /// Ends it in order; also answers whether it ended well.
    pub fn stop_in_order(mut self) -> (Stopped, bool) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        kill(pid, Signal::SIGTERM).expect("is running");
        let status = self.child.wait().expect("is ours");
        (self.stopped(), status.success())
    }

    fn stopped(&mut self) -> Stopped {
        Stopped {
            binaries: self.binaries.clone(),
            data_dir: std::mem::replace(&mut self.data_dir, TempDir::new().expect("a temporary directory")),
            blobs: self.blobs.clone(),
            http: self.url.trim_start_matches("http://").to_owned(),
            grpc: self.agent_url.trim_start_matches("https://").to_owned(),
            settings: std::mem::take(&mut self.settings),
        }
    }

    /// The same on another data directory, which holds its artifacts too.
    pub async fn kill_and_restart_on(mut self, data_dir: TempDir) -> Self {
        self.child.kill().expect("is running");
        self.child.wait().expect("is ours");
        self.blobs = data_dir.path().join("blobs");
        // With it, what it held is gone.
        self.data_dir = data_dir;
        self.kill_and_restart().await
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error since it serves.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().expect("nobody panics here").clone()
    }

    /// A command of `slipway` on its data directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binaries.join("slipway"));
        command.args(arguments).arg("--data-dir").arg(self.data_dir.path()).env_remove("SLIPWAY_LOG");
        command.envs(self.settings.iter().filter(|(_, value)| !value.is_empty()).cloned());
        command
    }

    /// Runs a command with this standard input; answers standard output, or standard error when it failed.
    pub fn command_line(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("slipway starts");
        let mut stdin = child.stdin.take().expect("is piped");
        // One that refuses at once does not read.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("is ours");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").trim().to_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Makes an API token for a user, who is made when there is none.
    pub fn token_for(&self, user: &str, scope: &str) -> String {
        self.command_line(&["token", "create", "--user", user, "--scope", scope], "").expect("makes a token")
    }

    /// Sends a request with another token.
    pub async fn send_as(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("the control plane answers")
    }

    /// Sends a request with another token that must succeed and answers its JSON.
    pub async fn call_as(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let response = self.send_as(token, method.clone(), path, body).await;
        let status = response.status();
        let text = response.text().await.expect("has a body");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        self.check(&text);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Stores a credential and answers its id.
    pub fn add_credential(&self, provider: &str, label: &str, token: &str) -> String {
        let arguments = ["credential", "add", "--provider", provider, "--label", label];
        self.command_line(&arguments, token).expect("stores it")
    }

    /// The same for a team; what is secret of it does not matter.
    pub fn add_credential_of(&self, team: &str, provider: &str, label: &str) -> String {
        let arguments = ["credential", "add", "--provider", provider, "--label", label, "--team", team];
        self.command_line(&arguments, &format!("token-of-{label}")).expect("stores it")
    }

    /// Sets variables of a target, besides those it has.
    pub async fn set_variables(&self, target: &str, variables: Value) -> Value {
        let body = json!({ "merge": true, "variables": variables });
        self.call(Method::PUT, &format!("/api/deployments/targets/{target}/env"), Some(body)).await
    }

    /// Ends it in order and answers whether it ended well.
    pub fn terminate(self) -> bool {
        self.stop_in_order().1
    }

    /// Sends a request with the API token.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.send_as(TOKEN, method, path, body).await
    }

    /// Sends a request that must succeed and answers its JSON.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        self.call_as(TOKEN, method, path, body).await
    }

    /// Makes sure that secrets of vendors are in none of its files and nothing that it said.
    pub fn never_shows(&self, secrets: &[String]) {
        let secrets: Vec<&[u8]> = secrets.iter().map(String::as_bytes).collect();
        let canaries = Canaries::new(&secrets);
        let found = canaries.on_disk(self.data_dir.path());
        assert!(found.is_empty(), "a vendor's secret can be read in {found:?}");
        assert!(!canaries.are_in(self.said().join("\n").as_bytes()), "a vendor's secret was logged");
    }

    /// Makes sure that no secret is in an answer.
    fn check(&self, answer: &str) {
        assert!(!self.canaries.are_in(answer.as_bytes()), "a secret is in {answer}");
    }

    /// Sends a request that must be refused; answers its `code` and `detail`.
    pub async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        expected: StatusCode,
    ) -> (String, String) {
        let response = self.send(method.clone(), path, body).await;
        assert_eq!(response.status(), expected, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: Value = response.json().await.expect("is JSON");
        self.check(&problem.to_string());
        (text(&problem, "code"), text(&problem, "detail"))
    }

    /// Makes a sandbox and answers its id.
    pub async fn create_sandbox(&self, name: &str) -> String {
        text(&self.call(Method::POST, "/api/sandboxes", Some(json!({ "name": name }))).await, "id")
    }

    /// Makes an enrolment token.
    pub async fn enroll_token(&self, sandbox: &str) -> String {
        text(&self.call(Method::POST, &format!("/api/sandboxes/{sandbox}/enroll-token"), None).await, "token")
    }

    /// Makes a `local` target and answers its id.
    pub async fn local_target(&self) -> String {
        let body = json!({ "provider": "local", "name": "local", "config": {} });
        text(&self.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id")
    }

    /// Starts a deployment; `more` is added to the request.
    pub async fn deploy(&self, sandbox: &str, target: &str, more: Value) -> String {
        let mut body = json!({ "target_id": target });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        text(&self.call(Method::POST, &format!("/api/sandboxes/{sandbox}/deploy"), Some(body)).await, "id")
    }

    /// Deploys one page, made by a command of the request, and waits until it is live.
    pub async fn deploy_one_page(&self, sandbox: &str, target: &str) -> String {
        let request = json!({ "build_command": "mkdir dist && echo x > dist/index.html", "output_dir": "dist" });
        let id = self.deploy(sandbox, target, request).await;
        self.wait_for(&id, &["success"], BUILD).await;
        id
    }

    /// The deployment as the API shows it.
    pub async fn deployment(&self, id: &str) -> Value {
        self.call(Method::GET, &format!("/api/deployments/{id}"), None).await
    }

    /// Waits until the deployment has one of these statuses.
    pub async fn wait_for(&self, id: &str, statuses: &[&str], limit: Duration) -> Value {
        eventually(&format!("{id} to become {statuses:?}"), limit, || async {
            let deployment = self.deployment(id).await;
            let status = text(&deployment, "status");
            if statuses.contains(&status.as_str()) {
                self.log(id).await;
                return Some(deployment);
            }
            let is_over = matches!(status.as_str(), "success" | "failed" | "cancelled");
            assert!(!is_over, "wanted {statuses:?}, got {deployment:#}");
            None
        })
        .await
    }

    /// The log as text.
    pub async fn log(&self, id: &str) -> String {
        let response = self.send(Method::GET, &format!("/api/deployments/{id}/logs?format=text"), None).await;
        let log = response.text().await.expect("is text");
        self.check(&log);
        log
    }

    /// Waits until the sandbox's agent is connected.
    pub async fn wait_online(&self, sandbox: &str) {
        eventually("the agent to be online", SOON, || async {
            let sandbox = self.call(Method::GET, &format!("/api/sandboxes/{sandbox}"), None).await;
            (sandbox["status"] == "online").then_some(())
        })
        .await;
    }
}

impl Drop for ControlPlane {
    /// Ends it, and makes sure that its secrets are in none of its files and nothing that it said.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let found = self.canaries.on_disk(self.data_dir.path());
            assert!(found.is_empty(), "a secret can be read in {found:?}");
            self.check(&self.said().join("\n"));
        }
    }
}

/// A string member.
pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is missing in {value}")).to_owned()
}

/// Fetches a page: status, content type, body.
pub async fn get(url: &str) -> (StatusCode, String, String) {
    let response = reqwest::get(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    (response.status(), content_type, response.text().await.expect("has a body"))
}
