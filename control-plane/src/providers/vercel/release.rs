//! Vercel's records of projects and deployments, and what they mean for us.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::providers::http::shortened;
use crate::providers::{Release, WaitingOn};

/// Where a project's site is now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    /// The team, or the user, that has it.
    pub(super) account_id: Option<String>,
    /// How the last wish to move its domains went.
    pub(super) last_alias_request: Option<AliasRequest>,
    /// What it shows, by environment.
    #[serde(default)]
    targets: HashMap<String, Option<Shown>>,
}

#[derive(Debug, Deserialize)]
struct Shown {
    id: String,
}

impl Project {
    /// The deployment that its own domains show.
    pub(super) fn live(&self) -> Option<&str> {
        self.targets.get("production")?.as_ref().map(|shown| shown.id.as_str())
    }
}

/// A wish to move the domains of a project to a deployment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AliasRequest {
    pub(super) to_deployment_id: String,
    /// `pending`, `in-progress`, `succeeded`, `failed`, `skipped`.
    pub(super) job_status: String,
}

/// A deployment, as one asks for it or as it stands in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Deployment {
    id: String,
    /// What lists call its id.
    uid: String,
    url: String,
    ready_state: String,
    /// What lists call its state.
    state: String,
    ready_substate: Option<String>,
    /// A time, or a yes, or nothing yet.
    alias_assigned: Value,
    alias_error: Option<Failure>,
    error_code: Option<String>,
    error_message: Option<String>,
    error_step: Option<String>,
    alias: Vec<String>,
    target: Option<String>,
    inspector_url: Option<String>,
    /// What whoever made it has written to it.
    pub(super) meta: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failure {
    code: String,
    message: String,
}

/// How far a deployment is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is live where it belongs.
    Live(Release),
    /// It is ready, and the domains of its project are elsewhere, as they are after a rollback.
    Staged,
    /// It is being made.
    UnderWay,
    /// Somebody must agree.
    Blocked(WaitingOn),
    /// It is not made live, for this reason.
    Failed(String),
    /// Somebody cancelled it.
    Cancelled,
    /// Somebody deleted it.
    Deleted,
}

impl Deployment {
    /// What Vercel calls it.
    pub(super) fn id(&self) -> &str {
        if self.id.is_empty() { &self.uid } else { &self.id }
    }

    fn state(&self) -> &str {
        if self.ready_state.is_empty() { &self.state } else { &self.ready_state }
    }

    /// Whether it could be live.
    pub(super) fn is_ready(&self) -> bool {
        self.state() == "READY"
    }

    /// Whether it was made for the project's own domains.
    pub(super) fn is_production(&self) -> bool {
        self.target.as_deref() == Some("production")
    }

    /// How far it is.
    pub(super) fn stage(&self) -> Stage {
        match self.state() {
            "READY" => self.ready(),
            "BLOCKED" => Stage::Blocked(WaitingOn {
                text: "Vercel holds this deployment back until somebody who may approves of it".to_owned(),
                url: self.inspector_url.clone(),
            }),
            "CANCELED" => Stage::Cancelled,
            "DELETED" => Stage::Deleted,
            state if state == "ERROR" || state.ends_with("_ERROR") => Stage::Failed(self.failure()),
            _ => Stage::UnderWay,
        }
    }

    fn ready(&self) -> Stage {
        if let Some(failure) = &self.alias_error {
            return Stage::Failed(format!(
                "Vercel made this deployment, and could not give it its domain: {} ({})",
                shortened(&failure.message),
                shortened(&failure.code)
            ));
        }
        if self.is_production() && self.ready_substate.as_deref() == Some("STAGED") {
            return Stage::Staged;
        }
        if matches!(self.alias_assigned, Value::Null | Value::Bool(false)) {
            return Stage::UnderWay;
        }
        match self.release() {
            Some(release) => Stage::Live(release),
            None => Stage::Failed("Vercel made this deployment, and does not tell where it is; look there".to_owned()),
        }
    }

    /// Where it can be visited: at its project's domain when it has one, and in any case at its own.
    pub(super) fn release(&self) -> Option<Release> {
        let own = page(&self.url);
        let live = self.alias.iter().find_map(|alias| page(alias));
        let url = live.or_else(|| own.clone())?;
        let preview_url = own.filter(|own| *own != url);
        Some(Release { url, preview_url, provider_ref: Some(self.id().to_owned()), log: Vec::new() })
    }

    fn failure(&self) -> String {
        let text = |text: &Option<String>| text.as_deref().map(shortened).filter(|text| !text.is_empty());
        let message = text(&self.error_message).unwrap_or_else(|| "it does not say why".to_owned());
        let code = text(&self.error_code).map(|code| format!(" ({code})")).unwrap_or_default();
        let step = text(&self.error_step).map(|step| format!(" in the step {step}")).unwrap_or_default();
        format!("Vercel could not make this deployment{step}: {message}{code}")
    }
}

/// The page of a host that a vendor names; nothing when that is no host.
fn page(host: &str) -> Option<String> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(is_host)).then(|| format!("https://{host}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stage(more: &Value) -> Stage {
        let mut record = json!({ "id": "dpl_1", "url": "shop-1.vercel.app" });
        record.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        serde_json::from_value::<Deployment>(record).expect("is one").stage()
    }

    #[test]
    fn a_deployment_is_live_when_it_has_its_domains() {
        for state in ["QUEUED", "INITIALIZING", "ANALYZING", "BUILDING", "DEPLOYING", "WHATEVER_COMES"] {
            assert_eq!(stage(&json!({ "readyState": state })), Stage::UnderWay, "{state}");
        }
        assert_eq!(stage(&json!({ "readyState": "READY", "aliasAssigned": false })), Stage::UnderWay);
        let live = json!({ "readyState": "READY", "aliasAssigned": 1_700_000_000_000_u64, "alias": ["shop.example"] });
        let Stage::Live(release) = stage(&live) else { panic!("is live") };
        assert_eq!(release.url, "https://shop.example");
        assert_eq!(release.preview_url.as_deref(), Some("https://shop-1.vercel.app"));
        let preview = stage(&json!({ "readyState": "READY", "aliasAssigned": true }));
        assert!(matches!(preview, Stage::Live(Release { preview_url: None, .. })), "{preview:?}");
    }

    #[test]
    fn after_a_rollback_a_new_one_waits_for_its_domains() {
        let staged = json!({ "readyState": "READY", "readySubstate": "STAGED", "aliasAssigned": true });
        assert!(matches!(stage(&staged), Stage::Live(_)), "a preview has no domains of the project");
        let mut production = staged;
        production["target"] = "production".into();
        assert_eq!(stage(&production), Stage::Staged);
    }

    #[test]
    fn what_ends_badly_says_why() {
        let failed = json!({
            "readyState": "ERROR", "errorCode": "BUILD_FAILED", "errorMessage": "no\nluck", "errorStep": "buildStep",
        });
        let Stage::Failed(reason) = stage(&failed) else { panic!("has failed") };
        assert_eq!(reason, "Vercel could not make this deployment in the step buildStep: no luck (BUILD_FAILED)");
        let taken =
            json!({ "readyState": "READY", "aliasError": { "code": "cert_missing", "message": "no certificate" } });
        assert!(matches!(stage(&taken), Stage::Failed(reason) if reason.contains("no certificate (cert_missing)")));
        assert_eq!(stage(&json!({ "state": "CANCELED" })), Stage::Cancelled);
        assert_eq!(stage(&json!({ "state": "DELETED" })), Stage::Deleted);
        let blocked = stage(&json!({ "readyState": "BLOCKED", "inspectorUrl": "https://vercel.com/x" }));
        assert!(matches!(blocked, Stage::Blocked(WaitingOn { url: Some(_), .. })));
    }

    #[test]
    fn only_hosts_become_links() {
        assert_eq!(page("shop.vercel.app").as_deref(), Some("https://shop.vercel.app"));
        for wrong in ["", "evil.example/..", "a b", "x\"onclick", "user@host"] {
            assert_eq!(page(wrong), None, "{wrong}");
        }
    }
}
