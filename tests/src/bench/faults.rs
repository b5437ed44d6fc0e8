//! A thousand deployments to each host of files, of whose answers one in ten is a failure: a wait, a 5xx, a connection that
//! breaks before or after. Each must be one release with all its files.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::{Value, json};

use super::transfer::QUIET;
use super::{note, row};
use crate::agent::Agent;
use crate::control_plane::{ControlPlane, text};
use crate::fixtures::Project;
use crate::vendors::cloudflare_pages::{ACCOUNT, CloudflarePages};
use crate::vendors::netlify::{self, Netlify};
use crate::vendors::vercel::{TEAM, Vercel};

const SANDBOXES: usize = 8;
/// Each has an account of its own, because vendors count by account.
const TARGETS_OF_EACH: usize = 5;
const DEPLOYMENTS_OF_EACH_TARGET: usize = 25;
const DEPLOYMENTS: usize = SANDBOXES * TARGETS_OF_EACH * DEPLOYMENTS_OF_EACH_TARGET;
const FILES: usize = 6;
const FAULTS_PERCENT: u64 = 10;
/// One of a thousand.
const FAILED_LIMIT: f64 = 0.1;
/// Of our own, which are not what is tried out here.
const LIMITS: [&str; 3] = [
    "SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_USER",
    "SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_ADDRESS",
    "SLIPWAY_LIMITS__DEPLOYMENTS_PER_DAY",
];
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A vendor that fails now and then.
trait Unreliable {
    const PROVIDER: &'static str;

    async fn start() -> Self;

    fn settings(&self) -> Vec<(&'static str, String)>;

    /// Makes a project, with a token of its own; answers what a target says of it.
    fn add(&self, token: &str, project: &str) -> Value;

    fn fail_some(&self, percent: u64);

    fn failed(&self) -> usize;

    /// How often what a project shows has changed.
    fn releases(&self, project: &str) -> usize;

    fn live_file(&self, project: &str, path: &str) -> Option<Vec<u8>>;
}

macro_rules! unreliable {
    ($vendor:ty, $provider:literal, |$api:ident, $token:ident, $project:ident| $add:expr) => {
        impl Unreliable for $vendor {
            const PROVIDER: &'static str = $provider;

            async fn start() -> Self {
                Self::start().await
            }

            fn settings(&self) -> Vec<(&'static str, String)> {
                self.settings()
            }

            fn add(&self, $token: &str, $project: &str) -> Value {
                let $api = self;
                $add
            }

            fn fail_some(&self, percent: u64) {
                self.fail_some(percent);
            }

            fn failed(&self) -> usize {
                self.failed()
            }

            fn releases(&self, project: &str) -> usize {
                self.releases(project)
            }

            fn live_file(&self, project: &str, path: &str) -> Option<Vec<u8>> {
                self.live_file(project, path)
            }
        }
    };
}

unreliable!(Vercel, "vercel", |api, token, project| {
    api.add_token(token, None);
    api.add_project(project, Some(TEAM));
    json!({ "project": project, "team_id": TEAM })
});
unreliable!(Netlify, "netlify", |api, token, project| {
    api.add_token(token, None);
    api.add_site(project, netlify::TEAM);
    json!({ "site_name": project })
});
unreliable!(CloudflarePages, "cloudflare-pages", |api, token, project| {
    api.add_token(token, ACCOUNT);
    api.add_project(project);
    json!({ "account_id": ACCOUNT, "project": project })
});

/// At each of the three.
pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    at::<Vercel>(binaries).await?;
    at::<Netlify>(binaries).await?;
    at::<CloudflarePages>(binaries).await
}

async fn at<V: Unreliable>(binaries: &Path) -> anyhow::Result<()> {
    let vendor = V::start().await;
    let settings = vendor.settings();
    let unlimited = LIMITS.iter().map(|limit| (*limit, "0"));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).chain(unlimited).collect();
    let control_plane = ControlPlane::start_from_with(binaries, &settings).await;
    let mut lanes = Vec::new();
    for number in 0..SANDBOXES {
        lanes.push(Lane::new(binaries, &control_plane, &vendor, number).await);
    }
    vendor.fail_some(FAULTS_PERCENT);
    let mut running: FuturesUnordered<_> = lanes.iter().map(|lane| lane.run(&control_plane)).collect();
    let mut failures = Vec::new();
    while let Some(outcome) = running.next().await {
        failures.extend(outcome?);
    }
    vendor.fail_some(0);
    for failure in failures.iter().take(5) {
        note(failure);
    }
    let projects = || lanes.iter().flat_map(|lane| lane.targets.iter().map(|(_, project)| project.as_str()));
    let releases: usize = projects().map(|project| vendor.releases(project)).sum();
    let twice = releases.saturating_sub(DEPLOYMENTS - failures.len());
    let incomplete = lanes.iter().flat_map(|lane| lane.incomplete(&vendor)).count();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let (percent, twice, incomplete) =
        (failures.len() as f64 / DEPLOYMENTS as f64 * 100.0, twice as f64, incomplete as f64);
    let what = format!("{}, {DEPLOYMENTS} deployments, {FAULTS_PERCENT} % faults", V::PROVIDER);
    row(&format!("{what}: failed"), percent, FAILED_LIMIT, "%");
    row(&format!("{what}: releases too many"), twice, 0.0, "");
    row(&format!("{what}: projects that lack a file"), incomplete, 0.0, "");
    note(&format!("{} requests failed", vendor.failed()));
    Ok(())
}

/// A sandbox that deploys to its targets in turn.
struct Lane {
    tree: Project,
    sandbox: String,
    targets: Vec<(String, String)>,
    _agent: Agent,
}

impl Lane {
    async fn new<V: Unreliable>(binaries: &Path, control_plane: &ControlPlane, vendor: &V, number: usize) -> Self {
        let tree = Project::empty();
        for file in 0..FILES {
            tree.write(&format!("file-{file}.html"), &format!("<p>{number} {file}</p>"));
        }
        tree.write("index.html", "<h1>shop</h1>");
        let sandbox = control_plane.create_sandbox(&format!("lane {number}")).await;
        let agent = Agent::start_from(binaries, control_plane, &sandbox, tree.path(), &QUIET).await;
        let mut targets = Vec::new();
        for target in 0..TARGETS_OF_EACH {
            let project = format!("shop-{number}-{target}");
            let token = format!("lane{number}target{target}0123456789abcdefghijklmn");
            let config = vendor.add(&token, &project);
            let account = control_plane.add_credential(V::PROVIDER, &project, &token);
            let body = json!({ "provider": V::PROVIDER, "name": project, "credentials_id": account, "config": config });
            let made = control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await;
            targets.push((text(&made, "id"), project));
        }
        Self { tree, sandbox, targets, _agent: agent }
    }

    /// Deploys all of its part; answers why some failed.
    async fn run(&self, control_plane: &ControlPlane) -> anyhow::Result<Vec<String>> {
        let mut failures = Vec::new();
        for round in 0..DEPLOYMENTS_OF_EACH_TARGET {
            self.tree.write("index.html", &format!("<h1>shop {} {round}</h1>", self.sandbox));
            let mut begun = Vec::new();
            for (target, _) in &self.targets {
                begun.push(control_plane.deploy(&self.sandbox, target, json!({})).await);
            }
            for id in begun {
                let ended = control_plane.wait_for(&id, &["success", "failed", "cancelled"], LIMIT).await;
                if ended["status"] != "success" {
                    failures.push(text(&ended, "error_message"));
                }
            }
            ensure!(failures.len() < 100, "too many fail: {}", failures.join("\n"));
        }
        Ok(failures)
    }

    /// Its projects whose page lacks something.
    fn incomplete<'a, V: Unreliable>(&'a self, vendor: &'a V) -> impl Iterator<Item = &'a str> {
        let last = format!("<h1>shop {} {}</h1>", self.sandbox, DEPLOYMENTS_OF_EACH_TARGET - 1);
        let is_incomplete = move |project: &str| {
            let page = vendor.live_file(project, "index.html");
            let files = (0..FILES).all(|file| vendor.live_file(project, &format!("file-{file}.html")).is_some());
            !files || page != Some(last.clone().into_bytes())
        };
        self.targets.iter().map(|(_, project)| project.as_str()).filter(move |project| is_incomplete(project))
    }
}
