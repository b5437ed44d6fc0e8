//! Cloudflare's records of projects and deployments, and what they mean for us.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use crate::providers::Release;
use crate::providers::http::shortened;

const PRODUCTION: &str = "production";

/// A project.
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    /// What notifications call it.
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// Its host below `pages.dev`.
    pub(super) subdomain: Option<String>,
    /// The branch whose deployments everybody sees.
    pub(super) production_branch: Option<String>,
    /// What everybody sees.
    pub(super) canonical_deployment: Option<Deployment>,
    /// By environment.
    #[serde(default)]
    deployment_configs: BTreeMap<String, Value>,
}

impl Project {
    /// The branch whose deployments everybody sees.
    pub(super) fn production_branch(&self) -> &str {
        self.production_branch.as_deref().unwrap_or("main")
    }

    /// Where everybody sees it.
    pub(super) fn url(&self) -> Option<String> {
        page(&format!("https://{}", self.subdomain.as_deref()?))
    }

    /// What a settings file of wrangler has set an environment to; not to be lost when something else is set.
    pub(super) fn wrangler_config_hash(&self, environment: &str) -> Option<&str> {
        self.deployment_configs.get(environment)?["wrangler_config_hash"].as_str()
    }

    /// Whether everybody sees this deployment.
    pub(super) fn shows(&self, deployment: &str) -> bool {
        self.canonical_deployment.as_ref().is_some_and(|shown| shown.id == deployment)
    }
}

/// A deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deployment {
    pub(super) id: String,
    /// Where this very one can be visited.
    url: Option<String>,
    environment: Option<String>,
    /// Where else it can be visited: at its branch, at domains of its project.
    aliases: Option<Vec<String>>,
    created_on: Option<String>,
    is_skipped: Option<bool>,
    skip_reason: Option<String>,
    latest_stage: Option<Step>,
    deployment_trigger: Option<Trigger>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Step {
    /// `queued`, `initialize`, `clone_repo`, `build`, `deploy`.
    name: Option<String>,
    /// `idle`, `active`, `success`, `failure`, `canceled`, `skipped`.
    status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Trigger {
    metadata: Option<Metadata>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    commit_message: Option<String>,
}

/// How far a deployment is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is live where it belongs.
    Live,
    /// It is being made.
    UnderWay,
    /// It could not be made; this is where.
    Failed(String),
    /// Somebody, or a rule of the project, holds it back.
    Cancelled(String),
}

impl Deployment {
    /// Whether everybody sees it, or has seen it.
    pub(super) fn is_production(&self) -> bool {
        self.environment.as_deref() == Some(PRODUCTION)
    }

    /// What whoever made it has said of it.
    pub(super) fn message(&self) -> &str {
        let metadata = self.deployment_trigger.as_ref().and_then(|trigger| trigger.metadata.as_ref());
        metadata.and_then(|metadata| metadata.commit_message.as_deref()).unwrap_or_default()
    }

    /// When it was made, in seconds since 1970.
    pub(super) fn created(&self) -> Option<u64> {
        let at = OffsetDateTime::parse(self.created_on.as_deref()?, &Rfc3339).ok()?;
        u64::try_from(at.unix_timestamp()).ok()
    }

    /// How far it is.
    pub(super) fn stage(&self) -> Stage {
        if self.is_skipped == Some(true) {
            let reason = self.skip_reason.as_deref().map_or_else(|| "no reason given".to_owned(), shortened);
            return Stage::Cancelled(format!(
                "Cloudflare skipped this deployment ({reason}); look at the project's settings there"
            ));
        }
        let text = |text: &Option<String>| text.as_deref().map(shortened).unwrap_or_default();
        let Some(step) = &self.latest_stage else { return Stage::UnderWay };
        match (text(&step.name).as_str(), text(&step.status).as_str()) {
            ("deploy", "success") => Stage::Live,
            (name, "failure") => Stage::Failed(format!("Cloudflare could not make this deployment in the step {name}")),
            (_, "canceled") => {
                Stage::Cancelled("somebody cancelled this deployment at Cloudflare; deploy again".to_owned())
            }
            _ => Stage::UnderWay,
        }
    }

    /// Where it can be visited: where everybody looks or, of a preview, at its branch; and in any case at its own address.
    pub(super) fn release(&self, project: &Project) -> Option<Release> {
        let own = self.url.as_deref().and_then(page);
        let alias = self.aliases.iter().flatten().find_map(|alias| page(alias));
        let live = if self.is_production() { alias.or_else(|| project.url()) } else { alias };
        let url = live.or_else(|| own.clone())?;
        let preview_url = own.filter(|own| *own != url);
        Some(Release { url, preview_url, provider_ref: Some(self.id.clone()), log: Vec::new() })
    }
}

/// The page that a vendor names; nothing when that is none.
fn page(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.username().is_empty())?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let host = url.host_str().filter(|host| host.chars().all(is_host))?;
    Some(format!("https://{host}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(more: &Value) -> Deployment {
        let mut record = json!({ "id": "1", "url": "https://abc.shop.pages.dev", "aliases": null });
        record.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        serde_json::from_value(record).expect("is one")
    }

    #[test]
    fn a_deployment_is_live_when_its_last_step_has_succeeded() {
        for (name, status, expected) in [
            ("queued", "idle", Stage::UnderWay),
            ("initialize", "active", Stage::UnderWay),
            ("build", "success", Stage::UnderWay),
            ("deploy", "active", Stage::UnderWay),
            ("deploy", "idle", Stage::UnderWay),
            ("whatever", "comes", Stage::UnderWay),
            ("deploy", "success", Stage::Live),
        ] {
            let found = deployment(&json!({ "latest_stage": { "name": name, "status": status } }));
            assert_eq!(found.stage(), expected, "{name} {status}");
        }
        assert_eq!(deployment(&json!({ "latest_stage": null })).stage(), Stage::UnderWay);
    }

    #[test]
    fn what_ends_badly_says_where() {
        let stage = |more: &Value| match deployment(more).stage() {
            Stage::Failed(message) | Stage::Cancelled(message) => message,
            other => panic!("{other:?}"),
        };
        let failed = json!({ "latest_stage": { "name": "deploy", "status": "failure" } });
        assert!(stage(&failed).contains("in the step deploy"));
        let cancelled = json!({ "latest_stage": { "name": "build", "status": "canceled" } });
        assert!(stage(&cancelled).contains("somebody cancelled"));
        let skipped = json!({ "is_skipped": true, "skip_reason": "production_deployments_disabled" });
        assert!(stage(&skipped).contains("production_deployments_disabled"));
    }

    #[test]
    fn everybody_looks_at_the_project_and_at_the_branch_of_a_preview() {
        let project: Project =
            serde_json::from_value(json!({ "name": "shop", "subdomain": "shop.pages.dev" })).expect("is one");
        let urls = |more: Value| {
            let release = deployment(&more).release(&project).expect("is somewhere");
            (release.url, release.preview_url)
        };
        let own = Some("https://abc.shop.pages.dev".to_owned());
        assert_eq!(urls(json!({ "environment": "production" })), ("https://shop.pages.dev".to_owned(), own.clone()));
        assert_eq!(
            urls(json!({ "environment": "production", "aliases": ["https://shop.example"] })),
            ("https://shop.example".to_owned(), own.clone())
        );
        assert_eq!(
            urls(json!({ "environment": "preview", "aliases": ["https://new.shop.pages.dev"] })),
            ("https://new.shop.pages.dev".to_owned(), own.clone())
        );
        assert_eq!(urls(json!({ "environment": "preview" })), (own.expect("is set"), None));
    }

    #[test]
    fn only_pages_are_shown() {
        assert_eq!(page("https://shop.example/x?y").as_deref(), Some("https://shop.example"));
        for text in ["javascript:alert(1)", "http://shop.example", "https://a@b", "shop.example", ""] {
            assert_eq!(page(text), None, "{text}");
        }
    }
}
