//! A thousand deployments to a vendor of whose answers one in ten is a failure: a wait, a 5xx, a connection that
//! breaks before or after. Each must be one release with all its files.

use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::json;

use super::transfer::QUIET;
use super::{note, row};
use crate::agent::Agent;
use crate::control_plane::{ControlPlane, text};
use crate::fixtures::Project;
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
const MARK: &str = "slipwayDeploymentId";
const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(super) async fn run(binaries: &Path) -> anyhow::Result<()> {
    let vercel = Vercel::start().await;
    let settings = vercel.settings();
    let unlimited = LIMITS.iter().map(|limit| (*limit, "0"));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).chain(unlimited).collect();
    let control_plane = ControlPlane::start_from_with(binaries, &settings).await;
    let mut lanes = Vec::new();
    for number in 0..SANDBOXES {
        lanes.push(Lane::new(binaries, &control_plane, &vercel, number).await);
    }
    vercel.fail_some(FAULTS_PERCENT);
    let mut running: FuturesUnordered<_> = lanes.iter().map(|lane| lane.run(&control_plane)).collect();
    let mut failures = Vec::new();
    while let Some(outcome) = running.next().await {
        failures.extend(outcome?);
    }
    vercel.fail_some(0);
    for failure in failures.iter().take(5) {
        note(failure);
    }
    let made = vercel.made_of(MARK);
    let twice = made.values().filter(|count| **count > 1).count();
    let incomplete = lanes.iter().flat_map(|lane| lane.incomplete(&vercel)).count();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let (percent, twice, incomplete) =
        (failures.len() as f64 / DEPLOYMENTS as f64 * 100.0, twice as f64, incomplete as f64);
    row(&format!("{DEPLOYMENTS} deployments, {FAULTS_PERCENT} % faults: failed"), percent, FAILED_LIMIT, "%");
    row("deployments that are there twice", twice, 0.0, "");
    row("projects that lack a file", incomplete, 0.0, "");
    note(&format!("{} requests failed", vercel.failed()));
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
    async fn new(binaries: &Path, control_plane: &ControlPlane, vercel: &Vercel, number: usize) -> Self {
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
            let token = format!("vcp_lane{number}target{target}0123456789abcdef");
            vercel.add_token(&token, None);
            vercel.add_project(&project, Some(TEAM));
            let account = control_plane.add_credential("vercel", &project, &token);
            let config = json!({ "project": project, "team_id": TEAM });
            let body = json!({ "provider": "vercel", "name": project, "credentials_id": account, "config": config });
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
    fn incomplete<'a>(&'a self, vercel: &'a Vercel) -> impl Iterator<Item = &'a str> {
        let last = format!("<h1>shop {} {}</h1>", self.sandbox, DEPLOYMENTS_OF_EACH_TARGET - 1);
        let is_incomplete = move |project: &str| {
            let page = vercel.live_file(project, "index.html");
            let files = (0..FILES).all(|file| vercel.live_file(project, &format!("file-{file}.html")).is_some());
            !files || page != Some(last.clone().into_bytes())
        };
        self.targets.iter().map(|(_, project)| project.as_str()).filter(move |project| is_incomplete(project))
    }
}
