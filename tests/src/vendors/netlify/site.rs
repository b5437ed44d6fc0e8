//! Sites and deploys of the fake, and how a deploy becomes what everybody sees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::random;

/// A site, and what everybody sees of it.
pub(super) struct Site {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) team: String,
    /// The deploy that everybody sees.
    pub(super) live: Option<String>,
    /// How often that has changed.
    pub(super) releases: usize,
    /// Whether somebody has stopped that it changes by itself.
    pub(super) is_locked: bool,
    pub(super) takes_only_builds: bool,
    pub(super) variables: Vec<Variable>,
    /// Its own domains, the main one first.
    pub(super) domains: Vec<String>,
    /// Those that there is a certificate for.
    pub(super) certified: Vec<String>,
}

/// A variable, and its values by context or branch.
pub(super) struct Variable {
    pub(super) key: String,
    pub(super) is_secret: bool,
    pub(super) values: BTreeMap<String, String>,
}

/// A deploy.
pub(super) struct Deploy {
    pub(super) id: String,
    pub(super) site: String,
    pub(super) title: String,
    pub(super) created_at: String,
    published_at: Option<String>,
    /// What it was told, last of all.
    pub(super) request: Map<String, Value>,
    pub(super) draft: bool,
    pub(super) branch: Option<String>,
    /// SHA-1 by path.
    pub(super) files: BTreeMap<String, String>,
    /// SHA-256 by name.
    pub(super) functions: BTreeMap<String, String>,
    /// Digests of what it consists of and its team has not stored.
    pub(super) lacking: BTreeSet<String>,
    /// What functions run as.
    pub(super) runtimes: BTreeMap<String, String>,
    pub(super) state: &'static str,
    /// How often it is looked at before it is ready.
    pub(super) looks: usize,
    /// What it ends with instead.
    pub(super) ending: Option<Value>,
    error_message: Option<&'static str>,
}

impl Site {
    pub(super) fn new(name: &str, team: &str) -> Self {
        Self {
            id: format!("{}-{}-4{}-8{}-{}", random(8), random(4), random(3), random(3), random(12)),
            name: name.to_owned(),
            team: team.to_owned(),
            live: None,
            releases: 0,
            is_locked: false,
            takes_only_builds: false,
            variables: Vec::new(),
            domains: Vec::new(),
            certified: Vec::new(),
        }
    }

    fn domain(&self) -> String {
        format!("{}.netlify.app", self.name)
    }

    /// Whether this is what it is asked for by: its id, or its address.
    pub(super) fn is(&self, key: &str) -> bool {
        self.id == key || self.domain() == key
    }

    pub(super) fn admin_url(&self) -> String {
        format!("https://app.netlify.com/projects/{}", self.name)
    }

    pub(super) fn shown(&self, live: Option<&Deploy>) -> Value {
        json!({
            "id": self.id,
            "site_id": self.id,
            "state": "current",
            "name": self.name,
            "custom_domain": self.domains.first(),
            "domain_aliases": self.domains.get(1..).unwrap_or_default(),
            "url": format!("http://{}", self.domain()),
            "ssl_url": format!("https://{}", self.domain()),
            "admin_url": self.admin_url(),
            "account_id": format!("account-{}", self.team),
            "account_slug": self.team,
            "account_name": self.team,
            "published_deploy": live.map(|live| live.shown(self)),
            "prevent_non_git_prod_deploys": self.takes_only_builds,
            "build_settings": {},
            "ssl": true,
            "force_ssl": true,
            "feature_flags": {},
        })
    }

    pub(super) fn show(&mut self, deploy: &mut Deploy) {
        if self.live.as_deref() != Some(deploy.id.as_str()) {
            self.live = Some(deploy.id.clone());
            self.releases += 1;
        }
        deploy.published_at = Some(deploy.created_at.clone());
    }
}

impl Deploy {
    pub(super) fn new(site: &Site, title: &str, request: Map<String, Value>, created_at: String) -> Self {
        Self {
            id: random(24),
            site: site.id.clone(),
            title: title.to_owned(),
            created_at,
            published_at: None,
            draft: request.get("draft") == Some(&json!(true)),
            branch: request.get("branch").and_then(Value::as_str).map(str::to_owned),
            request,
            files: BTreeMap::new(),
            functions: BTreeMap::new(),
            lacking: BTreeSet::new(),
            runtimes: BTreeMap::new(),
            state: "new",
            looks: 0,
            ending: None,
            error_message: None,
        }
    }

    /// Whether it is meant for everybody.
    pub(super) fn is_production(&self) -> bool {
        !self.draft && self.branch.is_none()
    }

    /// Its functions: each with its digest and its runtime.
    pub(super) fn run(&self) -> BTreeMap<String, (String, String)> {
        let runtime = |name: &String| self.runtimes.get(name).cloned().unwrap_or_default();
        self.functions.iter().map(|(name, sha256)| (name.clone(), (sha256.clone(), runtime(name)))).collect()
    }

    /// Goes on, because it was looked at; `lacks` tells whether files are missing.
    pub(super) fn goes_on(&mut self, site: &mut Site) {
        match self.state {
            "preparing" => self.state = "prepared",
            "prepared" | "uploading" if self.lacking.is_empty() => self.state = "uploaded",
            "uploaded" | "processing" if self.looks > 0 => (self.looks, self.state) = (self.looks - 1, "processing"),
            "uploaded" | "processing" => self.ends(site),
            _ => {}
        }
    }

    fn ends(&mut self, site: &mut Site) {
        self.state = "ready";
        if self.ending.is_none() && self.is_production() && !site.is_locked {
            site.show(self);
        }
    }

    /// It is held back, when it is not too late.
    pub(super) fn cancel(&mut self) -> bool {
        let is_in_time = !matches!(self.state, "ready" | "error");
        if is_in_time {
            (self.state, self.error_message) = ("error", Some("Canceled"));
        }
        is_in_time
    }

    pub(super) fn shown(&self, site: &Site) -> Value {
        let alias = self.branch.as_deref().unwrap_or(&self.id);
        let (own, domain) = (format!("{alias}--{}", site.domain()), site.domain());
        let is_told = matches!(self.state, "uploading" | "prepared");
        let lacking = self.lacking.iter().filter(|_| is_told);
        let (functions, files): (Vec<_>, Vec<_>) = lacking.partition(|digest| digest.len() == 64);
        let context = match (&self.branch, self.draft) {
            (Some(_), _) => "branch-deploy",
            (None, true) => "deploy-preview",
            (None, false) => "production",
        };
        let mut shown = json!({
            "id": self.id,
            "site_id": site.id,
            "user_id": "5ada",
            "build_id": null,
            "state": self.state,
            "name": site.name,
            "url": format!("http://{domain}"),
            "ssl_url": format!("https://{domain}"),
            "admin_url": site.admin_url(),
            "deploy_url": format!("http://{own}"),
            "deploy_ssl_url": format!("https://{own}"),
            "draft": self.draft,
            "required": files,
            "required_functions": functions,
            "error_message": self.error_message,
            "branch": self.branch,
            "commit_ref": null,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "published_at": self.published_at,
            "title": self.title,
            "context": context,
            "locked": site.live.as_ref() == Some(&self.id) && site.is_locked,
            "review_url": null,
            "summary": { "status": self.state, "messages": [
                { "type": "info", "title": format!("{} files", self.files.len()), "description": "All files are on the CDN.", "details": "" },
            ] },
        });
        if self.state == "ready"
            && let Some(ending) = self.ending.as_ref().and_then(Value::as_object)
        {
            shown.as_object_mut().expect("an object").extend(ending.clone());
        }
        shown
    }
}
