//! Projects and deployments of the fake, and what everybody sees of them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::{Site, uuid};

/// A project, and what its address shows.
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) production_branch: String,
    /// The deployment that its address shows.
    pub(super) live: Option<String>,
    /// How often that has changed.
    pub(super) releases: usize,
    /// By environment, what next deployments are given.
    pub(super) variables: HashMap<String, BTreeMap<String, String>>,
}

/// A deployment.
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) project: String,
    /// RFC 3339.
    pub(super) created: String,
    pub(super) branch: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) site: Site,
    /// What it was given when it was made.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) stage: (&'static str, &'static str),
    /// How often it is looked at before it is live.
    pub(super) looks: usize,
    /// What it ends with instead.
    pub(super) ending: Option<Value>,
}

impl Project {
    pub(super) fn new(name: &str, account: &str, production_branch: &str) -> Self {
        Self {
            id: uuid(),
            name: name.to_owned(),
            account: account.to_owned(),
            production_branch: production_branch.to_owned(),
            live: None,
            releases: 0,
            variables: HashMap::new(),
        }
    }

    pub(super) fn environment(&self, branch: &str) -> &'static str {
        if branch == self.production_branch { "production" } else { "preview" }
    }

    pub(super) fn show(&mut self, deployment: &str) {
        self.live = Some(deployment.to_owned());
        self.releases += 1;
    }

    pub(super) fn shown(&self, deployments: &[Deployment]) -> Value {
        let of_environment = |name: &str| {
            let names = self.variables.get(name).into_iter().flat_map(BTreeMap::keys);
            // Secret values are never told.
            let variables: Map<_, _> =
                names.map(|name| (name.clone(), json!({ "type": "secret_text", "value": "" }))).collect();
            json!({ "env_vars": variables, "compatibility_date": "2026-01-01", "compatibility_flags": [] })
        };
        let record = |id: &String| deployments.iter().find(|found| found.id == *id).map(|found| found.shown(self));
        let latest = deployments.iter().rev().find(|found| found.project == self.id);
        json!({
            "id": self.id,
            "name": self.name,
            "subdomain": format!("{}.pages.dev", self.name),
            "domains": [format!("{}.pages.dev", self.name)],
            "source": null,
            "build_config": {},
            "deployment_configs": { "production": of_environment("production"), "preview": of_environment("preview") },
            "latest_deployment": latest.map(|latest| latest.shown(self)),
            "canonical_deployment": self.live.as_ref().and_then(record),
            "production_branch": self.production_branch,
        })
    }
}

impl Deployment {
    pub(super) fn is_live(&self) -> bool {
        self.stage == ("deploy", "success") && self.ending.is_none()
    }

    /// Goes on, because it was looked at.
    pub(super) fn goes_on(&mut self, project: &mut Project) {
        if self.stage.1 == "success" && self.stage.0 == "deploy" {
            return;
        }
        if self.looks > 0 {
            (self.looks, self.stage) = (self.looks - 1, ("deploy", "active"));
            return;
        }
        self.stage = ("deploy", "success");
        if self.ending.is_none() && project.environment(&self.branch) == "production" {
            project.show(&self.id);
        }
    }

    pub(super) fn shown(&self, project: &Project) -> Value {
        let environment = project.environment(&self.branch);
        let host = format!("{}.pages.dev", project.name);
        let alias = (environment == "preview").then(|| vec![format!("https://{}.{host}", slug(&self.branch))]);
        let stage = json!({
            "name": self.stage.0, "status": self.stage.1, "started_on": self.created, "ended_on": null,
        });
        let mut shown = json!({
            "id": self.id,
            "short_id": &self.id[..8],
            "project_id": project.id,
            "project_name": project.name,
            "environment": environment,
            "url": format!("https://{}.{host}", &self.id[..8]),
            "aliases": alias,
            "created_on": self.created,
            "modified_on": self.created,
            "is_skipped": false,
            "latest_stage": stage,
            "stages": [stage],
            "deployment_trigger": { "type": "ad_hoc", "metadata": self.metadata },
            "build_config": {},
            "source": null,
            "env_vars": null,
            "uses_functions": self.site.worker.is_some(),
        });
        if self.stage == ("deploy", "success")
            && let Some(ending) = self.ending.as_ref().and_then(Value::as_object)
        {
            shown.as_object_mut().expect("an object").extend(ending.clone());
        }
        shown
    }
}

/// A branch as part of an address.
fn slug(branch: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    branch.chars().map(plain).take(28).collect()
}
