//! Projects and deployments of the fake, and how domains go from one deployment to another.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::id;

/// A project, and what its domain shows.
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    /// The deployment that its domain shows.
    pub(super) live: Option<String>,
    /// How often that has changed.
    pub(super) releases: usize,
    /// Whether new deployments get the domain by themselves: not after a rollback, until one is promoted.
    assigns: bool,
    last_alias_request: Option<Value>,
    pub(super) variables: BTreeMap<(String, String), String>,
}

/// A deployment.
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) account: String,
    pub(super) created: u64,
    pub(super) request: Map<String, Value>,
    /// SHA-1, size and mode by path.
    pub(super) files: BTreeMap<String, (String, u64, u64)>,
    pub(super) state: &'static str,
    /// How often it is looked at before it is ready.
    pub(super) looks: usize,
    /// What it ends with instead.
    pub(super) ending: Option<Value>,
    substate: Option<&'static str>,
}

impl Project {
    pub(super) fn new(name: &str, account: &str) -> Self {
        Self {
            id: id("prj"),
            name: name.to_owned(),
            account: account.to_owned(),
            live: None,
            releases: 0,
            assigns: true,
            last_alias_request: None,
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "accountId": self.account,
            "framework": null,
            "rootDirectory": null,
            "lastAliasRequest": self.last_alias_request,
            "targets": { "production": self.live.as_ref().map(|id| json!({ "id": id })) },
        })
    }

    /// Moves the domain, as a person asked.
    pub(super) fn moves_to(&mut self, deployment: &mut Deployment, kind: &str, now: u64) {
        self.last_alias_request = Some(json!({
            "fromDeploymentId": self.live,
            "toDeploymentId": deployment.id,
            "jobStatus": "succeeded",
            "requestedAt": now,
            "type": kind,
        }));
        self.assigns = kind == "promote";
        deployment.substate = Some("PROMOTED");
        self.show(&deployment.id);
    }

    fn show(&mut self, deployment: &str) {
        self.live = Some(deployment.to_owned());
        self.releases += 1;
    }
}

impl Deployment {
    pub(super) fn new(project: &Project, request: Map<String, Value>, created: u64) -> Self {
        Self {
            id: id("dpl"),
            project: project.id.clone(),
            account: project.account.clone(),
            created,
            request,
            files: BTreeMap::new(),
            state: "QUEUED",
            looks: 0,
            ending: None,
            substate: None,
        }
    }

    pub(super) fn is_production(&self) -> bool {
        self.request.get("target") == Some(&json!("production"))
    }

    /// Goes on, because it was looked at.
    pub(super) fn goes_on(&mut self, project: &mut Project) {
        if !matches!(self.state, "QUEUED" | "BUILDING") {
            return;
        }
        if self.looks > 0 {
            (self.looks, self.state) = (self.looks - 1, "BUILDING");
            return;
        }
        self.state = "READY";
        if self.ending.is_some() || !self.is_production() {
            return;
        }
        if project.assigns {
            self.substate = Some("PROMOTED");
            project.show(&self.id);
        } else {
            self.substate = Some("STAGED");
        }
    }

    pub(super) fn shown(&self, project: &Project) -> Value {
        let own = format!("{}-{}.vercel.app", project.name, &self.id[4..13]);
        let is_promoted = self.substate == Some("PROMOTED");
        let alias: Vec<_> = is_promoted.then(|| format!("{}.vercel.app", project.name)).into_iter().collect();
        let mut shown = json!({
            "id": self.id,
            "uid": self.id,
            "name": project.name,
            "projectId": project.id,
            "url": own,
            "created": self.created,
            "createdAt": self.created,
            "readyState": self.state,
            "status": self.state,
            "state": self.state,
            "readySubstate": self.substate,
            "aliasAssigned": self.state == "READY",
            "aliasError": null,
            "alias": alias,
            "target": self.request.get("target"),
            "meta": self.request.get("meta"),
            "inspectorUrl": format!("https://vercel.com/{}/{}", project.name, self.id),
            "ownerId": self.account,
            "team": { "id": self.account },
            "version": 2,
            "regions": [],
            "routes": [],
            "public": false,
        });
        if self.state == "READY"
            && let Some(ending) = self.ending.as_ref().and_then(Value::as_object)
        {
            shown.as_object_mut().expect("an object").extend(ending.clone());
        }
        shown
    }
}
