//! Vercel: tokens and teams, projects, files by SHA-1, deployments, and the domains that go from one to another, as
//! <https://vercel.com/docs/rest-api> describes them. It is proven with Vercel's own CLI (`tests/e2e/vercel.rs`).

mod domains;
mod integration;
mod project;
mod routes;
mod webhooks;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use self::domains::Domains;
use self::integration::Integration;
use self::project::{Deployment, Project};
use self::webhooks::Hook;
use super::random;
use super::script::{Fault, Script, around};

/// A team of everybody whose token may act in it.
pub const TEAM: &str = "team_tools";
/// How it stands in addresses.
pub const TEAM_SLUG: &str = "tools";
/// Where a static file of Build Output API lies.
const STATIC: &str = ".vercel/output/static/";

#[derive(Default)]
struct Inner {
    /// Tokens, and the one team that they may act in; any when `None`.
    tokens: HashMap<String, Option<&'static str>>,
    projects: Vec<Project>,
    deployments: Vec<Deployment>,
    /// By account and SHA-1.
    blobs: HashMap<(String, String), Vec<u8>>,
    integration: Integration,
    domains: Domains,
    webhooks: Vec<Hook>,
    refuses_webhooks: bool,
    received: Received,
    release_faults: VecDeque<Fault>,
    /// What becomes of the deployments that are made next, when it is not well.
    endings: VecDeque<Value>,
    /// How often a deployment is looked at before it is ready.
    looks: usize,
    /// Uploads that are taken before the day's allowance is used up.
    upload_allowance: Option<usize>,
    /// How long every answer takes.
    latency: Duration,
}

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Files.
    pub files: usize,
    /// Of them, those that were there already.
    pub duplicates: usize,
    /// Bytes of files.
    pub bytes: u64,
}

/// A running Vercel.
#[derive(Clone)]
pub struct Vercel {
    /// Of its API.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    script: Script,
}

impl Vercel {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let inner = Inner { looks: 1, ..Inner::default() };
        let fake = Self { url, inner: Arc::new(Mutex::new(inner)), script: Script::new(None) };
        let router = Router::new()
            .route("/integrations/slipway/new", get(integration::install))
            .route("/v2/oauth/access_token", post(integration::token))
            .fallback(routes::answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .layer(from_fn_with_state(fake.script.clone(), around))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// What a control plane must be told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("SLIPWAY_PROVIDERS__VERCEL__API_URL", self.url.clone())]
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// A token that may act everywhere, or in one team.
    pub fn add_token(&self, token: &str, only: Option<&'static str>) {
        self.lock().tokens.insert(token.to_owned(), only);
    }

    /// A token is worth nothing any more.
    pub fn revoke_token(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// Makes a project in a team, or in the person's own account; answers its id.
    pub fn add_project(&self, name: &str, team: Option<&str>) -> String {
        let project = Project::new(name, team.unwrap_or(routes::USER_ID));
        let id = project.id.clone();
        self.lock().projects.push(project);
        id
    }

    /// The next request to a path that ends so fails.
    pub fn fail(&self, path: &'static str, fault: Fault) {
        self.script.fail(path, fault);
    }

    /// From now on so many of a hundred requests fail.
    pub fn fail_some(&self, percent: u64) {
        self.script.fail_some(percent);
    }

    /// How many have failed so.
    pub fn failed(&self) -> usize {
        self.script.failed()
    }

    /// The next request that would make a deployment fails.
    pub fn fail_release(&self, fault: Fault) {
        self.lock().release_faults.push_back(fault);
    }

    /// The next deployment ends so: these fields are in its record.
    pub fn next_ends(&self, fields: Value) {
        self.lock().endings.push_back(fields);
    }

    /// A deployment is ready after so many looks.
    pub fn is_ready_after(&self, looks: usize) {
        self.lock().looks = looks;
    }

    /// So many files are taken, and then no more today.
    pub fn takes_uploads(&self, allowance: usize) {
        self.lock().upload_allowance = Some(allowance);
    }

    /// Every answer takes so long.
    pub fn answers_after(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// How many requests came to a path that ends so.
    pub fn requests(&self, path: &str) -> usize {
        self.script.requests(path)
    }

    /// What was sent in files.
    pub fn received(&self) -> Received {
        self.lock().received.clone()
    }

    /// Forgets what was sent, as a figure.
    pub fn count_anew(&self) {
        self.lock().received = Received::default();
    }

    /// Deployments that were made and not deleted.
    pub fn deployments(&self) -> usize {
        self.lock().deployments.iter().filter(|found| found.state != "DELETED").count()
    }

    /// What was written to the deployment that was made last.
    pub fn last_request(&self) -> Map<String, Value> {
        self.lock().deployments.last().map(|last| last.request.clone()).unwrap_or_default()
    }

    /// How often what is live at a project's own domain has changed.
    pub fn releases(&self, project: &str) -> usize {
        self.lock().project(project).releases
    }

    /// Every file of what is live at a project's own domain: its SHA-1, size and mode.
    pub fn live_files(&self, project: &str) -> BTreeMap<String, (String, u64, u64)> {
        let inner = self.lock();
        let live = inner.project(project).live.clone();
        live.and_then(|id| inner.deployment(&id)).map(|live| live.files.clone()).unwrap_or_default()
    }

    /// A static file of what is live at a project's own domain.
    pub fn live_file(&self, project: &str, path: &str) -> Option<Vec<u8>> {
        let (sha1, _, _) = self.live_files(project).remove(&format!("{STATIC}{path}"))?;
        let inner = self.lock();
        let account = inner.project(project).account.clone();
        inner.blobs.get(&(account, sha1)).cloned()
    }

    /// The files of what is live that came as one archive, in the order in which they are in it.
    pub fn live_archive(&self, project: &str) -> Vec<(String, Vec<u8>)> {
        let parts = self.live_files(project);
        let inner = self.lock();
        let account = inner.project(project).account.clone();
        let mut packed = Vec::new();
        for number in 1.. {
            let Some((sha1, _, _)) = parts.get(&format!(".vercel/source.tgz.part{number}")) else { break };
            packed.extend_from_slice(&inner.blobs[&(account.clone(), sha1.clone())]);
        }
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_str().expect("UTF-8").to_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).expect("reads");
            (path, bytes)
        };
        tar.entries().expect("an archive").map(read).collect()
    }

    /// Settings of a project for what it runs, by environment and name.
    pub fn variables(&self, project: &str) -> BTreeMap<(String, String), String> {
        self.lock().project(project).variables.clone()
    }

    /// # Panics
    /// When something was sent that Vercel does not understand.
    pub fn check(&self) {
        self.script.check();
    }
}

impl Inner {
    fn project(&self, name: &str) -> &Project {
        self.projects.iter().find(|project| project.name == name).expect("a project of this test")
    }

    fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// The SHA-1s of these that an account has not stored.
    fn missing(&self, account: &str, wanted: impl Iterator<Item = String>) -> Vec<String> {
        let mut seen = HashSet::new();
        wanted
            .filter(|sha1| !self.blobs.contains_key(&(account.to_owned(), sha1.clone())) && seen.insert(sha1.clone()))
            .collect()
    }
}

fn id(prefix: &str) -> String {
    format!("{prefix}_{}", random(24))
}
