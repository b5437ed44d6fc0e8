//! Cloudflare Pages: API tokens and accounts, projects, tokens for uploads, assets by the names that Cloudflare gives
//! them, deployments. Of assets no document says anything; that the fake is a good one is proven with wrangler
//! (`tests/e2e/cloudflare_pages.rs`).

mod assets;
mod domains;
mod form;
mod notifications;
mod project;
mod routes;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use serde_json::Value;
use tokio::net::TcpListener;

use self::assets::Asset;
use self::domains::Domains;
use self::notifications::Notifications;
use self::project::{Deployment, Project};
use super::random;
use super::script::{Fault, Script, around};

/// An account that every token reaches unless a test says otherwise.
pub const ACCOUNT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// Another one.
pub const OTHER_ACCOUNT: &str = "ffffffffffffffffffffffffffffffff";
const API_PATH: &str = "/client/v4";
/// Of a token for uploads.
const JWT_LIFE: Duration = Duration::from_secs(30 * 60);

#[derive(Default)]
struct Inner {
    /// Tokens, and the account that each reaches.
    tokens: HashMap<String, &'static str>,
    projects: Vec<Project>,
    deployments: Vec<Deployment>,
    /// By project and name.
    assets: HashMap<(String, String), Asset>,
    domains: Domains,
    notifications: Notifications,
    received: Received,
    release_faults: VecDeque<Fault>,
    /// What becomes of the deployments that are made next, when it is not well.
    endings: VecDeque<Value>,
    /// How often a deployment is looked at before it is live.
    looks: usize,
    /// How long every answer takes.
    latency: Duration,
    jwt: JwtRules,
    /// Files of the next upload that are not stored, whatever is answered otherwise.
    not_stored: usize,
}

/// How tokens for uploads are.
struct JwtRules {
    life: Duration,
    /// How many files they allow; they do not say when `None`.
    files: Option<usize>,
    /// Those that are worth nothing any more, whatever they say.
    ended: HashSet<String>,
    given: Vec<String>,
}

impl Default for JwtRules {
    fn default() -> Self {
        Self { life: JWT_LIFE, files: None, ended: HashSet::new(), given: Vec::new() }
    }
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

/// What a deployment shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// Path to name, kind and bytes.
    pub files: BTreeMap<String, (String, String, Vec<u8>)>,
    /// `_headers` and the like.
    pub rules: BTreeMap<String, Vec<u8>>,
    /// What answers before them, if there is something.
    pub worker: Option<Worker>,
}

/// What runs at a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worker {
    /// The module that is run.
    pub main: String,
    /// All modules: name to kind and bytes.
    pub modules: BTreeMap<String, (String, Vec<u8>)>,
}

/// A running Cloudflare.
#[derive(Clone)]
pub struct CloudflarePages {
    /// Of its API.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    script: Script,
}

impl CloudflarePages {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}{API_PATH}", listener.local_addr().expect("has one"));
        let inner = Inner { looks: 1, ..Inner::default() };
        let fake = Self { url, inner: Arc::new(Mutex::new(inner)), script: Script::new(None) };
        let router = Router::new()
            .fallback(routes::answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .layer(from_fn_with_state(fake.script.clone(), around))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// What a control plane must be told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("SLIPWAY_PROVIDERS__CLOUDFLARE_PAGES__API_URL", self.url.clone())]
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// A token that reaches one account.
    pub fn add_token(&self, token: &str, account: &'static str) {
        self.lock().tokens.insert(token.to_owned(), account);
    }

    /// A token is worth nothing any more.
    pub fn revoke_token(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// Makes a project whose production branch is `main`.
    pub fn add_project(&self, name: &str) {
        self.lock().projects.push(Project::new(name, ACCOUNT, "main"));
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

    /// A deployment is live after so many looks.
    pub fn is_live_after(&self, looks: usize) {
        self.lock().looks = looks;
    }

    /// Every answer takes so long.
    pub fn answers_after(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Tokens for uploads that are given from now on end so soon.
    pub fn jwts_live(&self, life: Duration) {
        self.lock().jwt.life = life;
    }

    /// Tokens for uploads that are given from now on allow so many files.
    pub fn allows_files(&self, files: usize) {
        self.lock().jwt.files = Some(files);
    }

    /// All tokens for uploads that were given end now.
    pub fn end_jwts(&self) {
        let jwt = &mut self.lock().jwt;
        let given = std::mem::take(&mut jwt.given);
        jwt.ended.extend(given);
    }

    /// So many files of the next upload are not stored, and it says so.
    pub fn does_not_store(&self, files: usize) {
        self.lock().not_stored = files;
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
        self.lock().deployments.len()
    }

    /// The record of the deployment that was made last.
    pub fn last_deployment(&self) -> Value {
        let inner = self.lock();
        let last = inner.deployments.last().expect("one was made");
        last.shown(inner.project_of(last))
    }

    /// What the deployment that was made last has been given, by name.
    pub fn last_variables(&self) -> BTreeMap<String, String> {
        self.lock().deployments.last().expect("one was made").variables.clone()
    }

    /// What the deployment that was made last shows.
    pub fn last_site(&self) -> Site {
        self.lock().deployments.last().expect("one was made").site.clone()
    }

    /// How often what is live at a project has changed.
    pub fn releases(&self, project: &str) -> usize {
        self.lock().project(project).releases
    }

    /// What is live at a project.
    pub fn live(&self, project: &str) -> Option<Site> {
        let inner = self.lock();
        let live = inner.project(project).live.as_ref()?;
        inner.deployments.iter().find(|found| found.id == *live).map(|found| found.site.clone())
    }

    /// A file of what is live at a project.
    pub fn live_file(&self, project: &str, path: &str) -> Option<Vec<u8>> {
        self.live(project)?.files.remove(&format!("/{path}")).map(|(_, _, bytes)| bytes)
    }

    /// # Panics
    /// When something was sent that Cloudflare does not understand.
    pub fn check(&self) {
        self.script.check();
    }
}

impl Inner {
    fn project(&self, name: &str) -> &Project {
        self.projects.iter().find(|project| project.name == name).expect("a project of this test")
    }

    fn project_of(&self, deployment: &Deployment) -> &Project {
        self.projects.iter().find(|project| project.id == deployment.project).expect("has a project")
    }
}

/// As their ids are.
fn uuid() -> String {
    let hex = random(32);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
