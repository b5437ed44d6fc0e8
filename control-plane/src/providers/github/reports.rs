//! How a deployment of a commit has ended, as an entry of GitHub's own deployments (GitHub Docs, "REST API endpoints for
//! deployments") or, for tokens that may not make those, as a status of the commit.

use axum::http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::GitHubApi;
use crate::providers::{DeploymentReport, ProviderError};

/// In the payload of an entry: which deployment of ours it is.
const MARK: &str = "slipway_deployment";
/// Entries and statuses that are looked through for what was told before.
const PER_PAGE: &str = "100";

#[derive(Deserialize)]
struct Entry {
    id: u64,
    /// An object, or JSON in a text.
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize)]
struct EntryStatus {
    state: String,
}

impl Entry {
    fn is_of(&self, deployment: &str) -> bool {
        let text = self.payload.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        text.as_ref().unwrap_or(&self.payload)[MARK] == deployment
    }
}

impl GitHubApi {
    /// Makes an entry for a deployment, unless it is there, and gives it its state, unless it has that.
    pub(super) async fn tell_deployment(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError> {
        let list = self
            .call(token, Method::GET, "repos/{}/{}/deployments", &[owner, repo])?
            .query("sha", report.commit)
            .query("environment", report.environment)
            .query("per_page", PER_PAGE);
        let found: Vec<Entry> = self.ask(list, "list deployments").await?.json()?;
        let entry = match found.into_iter().find(|entry| entry.is_of(report.deployment_id)) {
            Some(entry) => entry,
            None => self.make_entry(token, owner, repo, report).await?,
        };
        let state = if report.succeeded { "success" } else { "failure" };
        let (template, id) = ("repos/{}/{}/deployments/{}/statuses", entry.id.to_string());
        let list = self.call(token, Method::GET, template, &[owner, repo, &id])?.query("per_page", PER_PAGE);
        let told: Vec<EntryStatus> = self.ask(list, "list the statuses of a deployment").await?.json()?;
        if told.iter().any(|told| told.state == state) {
            return Ok(());
        }
        let mut body = json!({ "state": state, "description": description(report) });
        if let Some(url) = report.url {
            body["environment_url"] = url.into();
        }
        let call = self.call(token, Method::POST, template, &[owner, repo, &id])?.json(&body);
        self.ask(call, "take the status of a deployment").await.map(drop)
    }

    async fn make_entry(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
        report: &DeploymentReport<'_>,
    ) -> Result<Entry, ProviderError> {
        let body = json!({
            "ref": report.commit,
            "environment": report.environment,
            "production_environment": report.is_production,
            "transient_environment": !report.is_production,
            // It has been deployed: nothing is to be waited for, and nothing to be merged.
            "auto_merge": false,
            "required_contexts": [],
            "description": "Deployed by Slipway",
            "payload": { MARK: report.deployment_id },
        });
        let call = self.call(token, Method::POST, "repos/{}/{}/deployments", &[owner, repo])?.json(&body);
        self.ask(call, "make a deployment").await?.json()
    }

    /// Gives the commit a status. The last one of a context is what counts, so saying it twice says it once.
    pub(super) async fn tell_status(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError> {
        let mut body = json!({
            "state": if report.succeeded { "success" } else { "failure" },
            "context": format!("slipway/{}", report.environment),
            "description": description(report),
        });
        if let Some(url) = report.url {
            body["target_url"] = url.into();
        }
        let call = self.call(token, Method::POST, "repos/{}/{}/statuses/{}", &[owner, repo, report.commit])?;
        self.ask(call.json(&body).repeatable(), "take the status of a commit").await.map(drop)
    }
}

fn description(report: &DeploymentReport<'_>) -> String {
    let how = if report.succeeded { "is live" } else { "failed" };
    format!("The deployment to {} {how}", report.environment)
}
