//! Netlify: tokens and teams, sites, deploys by digest with their files and functions, and which of them everybody sees,
//! as <https://open-api.netlify.com> and <https://docs.netlify.com/api/get-started/> describe them. Every exchange is
//! compared with Netlify's own Swagger document, and it is proven with Netlify's own CLI (`tests/e2e/netlify.rs`).

mod deploys;
mod domains;
mod hooks;
mod routes;
mod site;
mod variables;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ring::{digest, hmac};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use self::site::{Deploy, Site};
use super::contract::Contract;
use super::oauth::{OAuth, Rules};
use super::script::{Fault, Script, around};
use super::{CLIENT_ID, CLIENT_SECRET, random};

/// A team of everybody whose token may act in it, as it stands in addresses.
pub const TEAM: &str = "tools";
/// The team that every person has.
pub const OWN_TEAM: &str = "ada";

const RULES: Rules = Rules {
    prefix: "",
    bad_code: "invalid_grant",
    bad_refresh: "invalid_grant",
    bad_client: "invalid_client",
    refreshes: false,
    refresh_names_redirect: false,
    tells_interval: false,
};

struct Inner {
    oauth: OAuth,
    /// Tokens, and the one team that they may act in; any when `None`.
    tokens: HashMap<String, Option<&'static str>>,
    sites: Vec<Site>,
    deploys: Vec<Deploy>,
    /// By team and digest: files by SHA-1, functions by SHA-256.
    blobs: HashMap<String, HashMap<String, Vec<u8>>>,
    received: Received,
    release_faults: VecDeque<Fault>,
    /// What becomes of the deploys that are told their files next, when it is not well.
    endings: VecDeque<Value>,
    hooks: Vec<hooks::Hook>,
    /// Whether hooks lose the secret they are made with.
    forgets_secrets: bool,
    /// Domains whose DNS leads here.
    led_here: HashSet<String>,
    /// How often a deploy is looked at before it is ready.
    looks: usize,
    /// Uploads that are taken before the minute's allowance is used up, and how long that takes to come back.
    upload_allowance: Option<(usize, Duration)>,
    /// How long every answer takes.
    latency: Duration,
    /// What time it is here; goes on with each deploy.
    clock: u32,
}

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Files and functions.
    pub files: usize,
    /// Of them, those that were there already.
    pub duplicates: usize,
    /// Bytes of them.
    pub bytes: u64,
}

/// A running Netlify.
#[derive(Clone)]
pub struct Netlify {
    /// Of its API.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    script: Script,
}

impl Netlify {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/api/v1", listener.local_addr().expect("has one"));
        let inner = Inner {
            oauth: OAuth::new(RULES),
            tokens: HashMap::new(),
            sites: Vec::new(),
            deploys: Vec::new(),
            blobs: HashMap::new(),
            received: Received::default(),
            release_faults: VecDeque::new(),
            endings: VecDeque::new(),
            hooks: Vec::new(),
            forgets_secrets: false,
            led_here: HashSet::new(),
            looks: 1,
            upload_allowance: None,
            latency: Duration::ZERO,
            clock: 0,
        };
        let fake = Self { url, inner: Arc::new(Mutex::new(inner)), script: Script::new(Some(Contract::netlify())) };
        let router = Router::new()
            .route("/authorize", get(routes::authorize))
            .route("/oauth/token", post(routes::token))
            .fallback(routes::answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .layer(from_fn_with_state(fake.script.clone(), around))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    /// What a control plane must be told to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLIPWAY_PROVIDERS__NETLIFY__API_URL", self.url.clone()),
            ("SLIPWAY_PROVIDERS__NETLIFY__CLIENT_ID", CLIENT_ID.to_owned()),
            ("SLIPWAY_PROVIDERS__NETLIFY__CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }

    /// Where browsers return to.
    pub fn register(&self, redirect_uri: &str) {
        redirect_uri.clone_into(&mut self.lock().oauth.redirect_uri);
    }

    /// Every secret that was given out.
    pub fn secrets(&self) -> Vec<String> {
        self.lock().oauth.given.clone()
    }

    /// A token that may act everywhere, or in one team.
    pub fn add_token(&self, token: &str, only: Option<&'static str>) {
        self.lock().tokens.insert(token.to_owned(), only);
    }

    /// A token is worth nothing any more.
    pub fn revoke_token(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// Makes a site in a team; answers its id.
    pub fn add_site(&self, name: &str, team: &str) -> String {
        let site = Site::new(name, team);
        let id = site.id.clone();
        self.lock().sites.push(site);
        id
    }

    /// Somebody stops, or starts, that new deploys become what everybody sees.
    pub fn lock_site(&self, name: &str, is_locked: bool) {
        self.lock().site_mut(name).is_locked = is_locked;
    }

    /// Only Netlify's own builds may become what everybody sees.
    pub fn takes_only_builds(&self, name: &str) {
        self.lock().site_mut(name).takes_only_builds = true;
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

    /// The next request that tells a deploy its files fails.
    pub fn fail_release(&self, fault: Fault) {
        self.lock().release_faults.push_back(fault);
    }

    /// The next deploy ends so: these fields are in its record.
    pub fn next_ends(&self, fields: Value) {
        self.lock().endings.push_back(fields);
    }

    /// A deploy is ready after so many looks.
    pub fn is_ready_after(&self, looks: usize) {
        self.lock().looks = looks;
    }

    /// All deploys that are being made are ready at the next look.
    pub fn finish(&self) {
        self.lock().deploys.iter_mut().for_each(|deploy| deploy.looks = 0);
    }

    /// So many files are taken, and then no more for this time, whereupon as many are taken as somebody wants.
    pub fn takes_uploads(&self, allowance: usize, pause: Duration) {
        self.lock().upload_allowance = Some((allowance, pause));
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

    /// Deploys that were made.
    pub fn deploys(&self) -> usize {
        self.lock().deploys.len()
    }

    /// The state of the deploy that was made last.
    pub fn last_state(&self) -> &'static str {
        self.lock().deploys.last().expect("was made").state
    }

    /// The title of the deploy that was made last, and what it was told of itself.
    pub fn last_request(&self) -> (String, Map<String, Value>) {
        self.lock().deploys.last().map(|last| (last.title.clone(), last.request.clone())).unwrap_or_default()
    }

    /// How often what everybody sees of a site has changed.
    pub fn releases(&self, site: &str) -> usize {
        self.lock().site(site).releases
    }

    /// Every file of what everybody sees of a site, by its SHA-1.
    pub fn live_files(&self, site: &str) -> BTreeMap<String, String> {
        self.lock().live(site).map(|live| live.files.clone()).unwrap_or_default()
    }

    /// Every function of what everybody sees of a site: its SHA-256 and its runtime.
    pub fn live_functions(&self, site: &str) -> BTreeMap<String, (String, String)> {
        self.lock().live(site).map(Deploy::run).unwrap_or_default()
    }

    /// A file of what everybody sees of a site.
    pub fn live_file(&self, site: &str, path: &str) -> Option<Vec<u8>> {
        let sha1 = self.live_files(site).remove(path)?;
        let inner = self.lock();
        inner.blobs.get(&inner.site(site).team)?.get(&sha1).cloned()
    }

    /// Variables of a site by context, or branch, and name.
    pub fn variables(&self, site: &str) -> BTreeMap<(String, String), String> {
        let inner = self.lock();
        let values = |variable: &site::Variable| {
            variable
                .values
                .iter()
                .map(|(context, value)| ((context.clone(), variable.key.clone()), value.clone()))
                .collect::<Vec<_>>()
        };
        inner.site(site).variables.iter().flat_map(values).collect()
    }

    /// A hook's delivery about the deploy that was made last: its headers and its body.
    pub fn delivery(&self, secret: &str) -> (Vec<(&'static str, String)>, String) {
        let inner = self.lock();
        let last = inner.deploys.last().expect("a deploy");
        let body = last.shown(inner.sites.iter().find(|site| site.id == last.site).expect("has one")).to_string();
        let digest = HEXLOWER.encode(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
        let claims = json!({ "iss": "netlify", "sha256": digest }).to_string();
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = BASE64URL_NOPAD.encode(hmac::sign(&key, signed.as_bytes()).as_ref());
        (vec![("x-webhook-signature", format!("{signed}.{signature}"))], body)
    }

    /// # Panics
    /// When something was sent that Netlify does not understand.
    pub fn check(&self) {
        self.script.check();
    }
}

impl Inner {
    fn site(&self, name: &str) -> &Site {
        self.sites.iter().find(|site| site.name == name).expect("a site of this test")
    }

    fn site_mut(&mut self, name: &str) -> &mut Site {
        self.sites.iter_mut().find(|site| site.name == name).expect("a site of this test")
    }

    fn live(&self, site: &str) -> Option<&Deploy> {
        let live = self.site(site).live.as_ref()?;
        self.deploys.iter().find(|deploy| deploy.id == *live)
    }

    /// A time that no other deploy has.
    fn now(&mut self) -> String {
        self.clock += 1;
        let (hours, minutes, seconds) = (self.clock / 3600, self.clock / 60 % 60, self.clock % 60);
        format!("2026-01-01T{hours:02}:{minutes:02}:{seconds:02}.000Z")
    }
}
