//! Netlify's records of sites and deploys, and what they mean for us.

use serde::Deserialize;
use url::Url;

use crate::providers::http::shortened;
use crate::providers::{Release, WaitingOn};

/// A site, which Netlify's pages call a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Site {
    pub(super) id: String,
    pub(super) name: String,
    url: Option<String>,
    ssl_url: Option<String>,
    pub(super) admin_url: Option<String>,
    custom_domain: Option<String>,
    domain_aliases: Option<Vec<String>>,
    /// The team that has it, as it stands in addresses.
    pub(super) account_slug: Option<String>,
    /// What everybody sees.
    pub(super) published_deploy: Option<Box<Deploy>>,
    /// Whether only Netlify's own builds may become what everybody sees.
    pub(super) prevent_non_git_prod_deploys: Option<bool>,
}

/// A deploy: what is at one moment the content of a site, or a preview of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deploy {
    pub(super) id: String,
    state: String,
    url: Option<String>,
    ssl_url: Option<String>,
    deploy_url: Option<String>,
    deploy_ssl_url: Option<String>,
    error_message: Option<String>,
    /// What people read of it; ours ends with a mark.
    pub(super) title: Option<String>,
    /// When it became what everybody sees, if it did.
    published_at: Option<String>,
    created_at: Option<String>,
    /// Of a published one: nothing comes into its place by itself.
    locked: Option<bool>,
    review_url: Option<String>,
    required: Option<Vec<String>>,
    required_functions: Option<Vec<String>>,
    summary: Option<Summary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    messages: Vec<Message>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    title: Option<String>,
    description: Option<String>,
}

/// How far a deploy is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is there, and does not know yet what it consists of.
    Empty,
    /// Netlify looks which files it has.
    Comparing,
    /// Netlify lacks files.
    Lacking,
    /// It is being made.
    UnderWay,
    /// Somebody must agree.
    Pending(WaitingOn),
    /// It can be visited.
    Ready,
    /// It will not be, for this reason.
    Failed(String),
}

impl Site {
    /// Where everybody visits it.
    pub(super) fn page(&self) -> Option<String> {
        [&self.ssl_url, &self.url].into_iter().find_map(|url| page(url.as_deref()?))
    }

    /// Its own domains, the main one first.
    pub(super) fn domains(&self) -> Vec<&str> {
        let main = self.custom_domain.as_deref().filter(|domain| !domain.is_empty());
        let others = self.domain_aliases.iter().flatten().map(String::as_str);
        main.into_iter().chain(others).collect()
    }

    /// Whether this deploy is what everybody sees.
    pub(super) fn shows(&self, deploy: &str) -> bool {
        self.published_deploy.as_ref().is_some_and(|published| published.id == deploy)
    }

    /// Whether somebody has stopped that new deploys become what everybody sees.
    pub(super) fn is_locked(&self) -> bool {
        self.published_deploy.as_ref().is_some_and(|published| published.locked == Some(true))
    }
}

impl Deploy {
    /// How far it is.
    pub(super) fn stage(&self) -> Stage {
        match self.state.as_str() {
            "new" => Stage::Empty,
            "preparing" => Stage::Comparing,
            "uploading" | "prepared" if self.is_lacking() => Stage::Lacking,
            "pending_review" => Stage::Pending(WaitingOn {
                text: "Netlify holds this deploy back until somebody who may approves of it".to_owned(),
                url: self.review_url.as_deref().and_then(page),
            }),
            "ready" => Stage::Ready,
            "error" | "rejected" => Stage::Failed(self.failure()),
            _ => Stage::UnderWay,
        }
    }

    fn is_lacking(&self) -> bool {
        !self.required().is_empty() || !self.required_functions().is_empty()
    }

    /// SHA-1s of files that Netlify lacks.
    pub(super) fn required(&self) -> &[String] {
        self.required.as_deref().unwrap_or_default()
    }

    /// SHA-256s of functions that Netlify lacks.
    pub(super) fn required_functions(&self) -> &[String] {
        self.required_functions.as_deref().unwrap_or_default()
    }

    /// Whether it has been what everybody sees.
    pub(super) fn was_published(&self) -> bool {
        self.published_at.is_some()
    }

    /// Whether it was made before this one.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        // RFC 3339, always in UTC: the order of the texts is that of the times.
        self.created_at.as_ref().zip(other.created_at.as_ref()).is_some_and(|(own, other)| own < other)
    }

    /// Where it can be visited: at its site's address when everybody sees it, and in any case at its own.
    pub(super) fn release(&self, is_production: bool) -> Option<Release> {
        let first = |urls: [&Option<String>; 2]| urls.into_iter().find_map(|url| page(url.as_deref()?));
        let own = first([&self.deploy_ssl_url, &self.deploy_url]);
        let live = is_production.then(|| first([&self.ssl_url, &self.url])).flatten();
        let url = live.or_else(|| own.clone())?;
        let preview_url = own.filter(|own| *own != url);
        Some(Release { url, preview_url, provider_ref: Some(self.id.clone()), log: self.log() })
    }

    /// What Netlify tells of what it has made of it.
    pub(super) fn log(&self) -> Vec<String> {
        let line = |message: &Message| {
            let parts = [&message.title, &message.description].into_iter().flatten();
            let parts: Vec<_> = parts.map(|part| shortened(part)).filter(|part| !part.is_empty()).collect();
            (!parts.is_empty()).then(|| parts.join(": "))
        };
        self.summary.iter().flat_map(|summary| &summary.messages).filter_map(line).collect()
    }

    fn failure(&self) -> String {
        let reason = self.error_message.as_deref().map(shortened).filter(|reason| !reason.is_empty());
        match (reason, self.state.as_str()) {
            (Some(reason), _) => format!("Netlify could not make this deploy: {reason}"),
            (None, "rejected") => "somebody rejected this deploy at Netlify; deploy again".to_owned(),
            (None, _) => "Netlify could not make this deploy, and does not say why; look at it there".to_owned(),
        }
    }
}

/// An address of a vendor that may be shown as a link; nothing when it is not one of a page.
fn page(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "https" | "http") && is_plain).then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn deploy(more: &Value) -> Deploy {
        let mut record = json!({
            "id": "65f0c0ffee0000000000abcd", "state": "ready", "error_message": null, "published_at": null,
            "ssl_url": "https://shop.netlify.app", "deploy_ssl_url": "https://65f0c0ffee0000000000abcd--shop.netlify.app",
        });
        record.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        serde_json::from_value(record).expect("is one")
    }

    #[test]
    fn every_state_means_something() {
        let stage = |state: &str| deploy(&json!({ "state": state })).stage();
        assert_eq!((stage("new"), stage("preparing"), stage("ready")), (Stage::Empty, Stage::Comparing, Stage::Ready));
        for state in ["accepted", "enqueued", "building", "uploaded", "processing", "processed", "retrying", "xyz"] {
            assert_eq!(stage(state), Stage::UnderWay, "{state}");
        }
        for state in ["uploading", "prepared"] {
            assert_eq!(stage(state), Stage::UnderWay, "{state}");
            assert_eq!(deploy(&json!({ "state": state, "required": ["a"] })).stage(), Stage::Lacking, "{state}");
        }
        assert!(matches!(stage("pending_review"), Stage::Pending(_)));
        assert!(matches!(stage("rejected"), Stage::Failed(reason) if reason.contains("rejected")));
        let failed = deploy(&json!({ "state": "error", "error_message": "no\nluck" })).stage();
        assert_eq!(failed, Stage::Failed("Netlify could not make this deploy: no luck".to_owned()));
    }

    #[test]
    fn a_release_is_at_its_sites_address_only_in_production() {
        let release = deploy(&json!({})).release(true).expect("is live");
        assert_eq!(release.url, "https://shop.netlify.app");
        assert_eq!(release.preview_url.as_deref(), Some("https://65f0c0ffee0000000000abcd--shop.netlify.app"));
        let preview = deploy(&json!({})).release(false).expect("is live");
        assert_eq!(preview.url, "https://65f0c0ffee0000000000abcd--shop.netlify.app");
        assert_eq!(preview.preview_url, None);
    }

    #[test]
    fn what_netlify_tells_of_a_deploy_is_lines() {
        let told = deploy(&json!({ "summary": { "status": "ready", "messages": [
            { "type": "info", "title": "2 new files uploaded", "description": "1 page\nand 1 asset changed.", "details": "" },
            { "type": "info", "title": "No redirect rules processed", "description": null },
        ] } }));
        assert_eq!(told.log(), ["2 new files uploaded: 1 page and 1 asset changed.", "No redirect rules processed"]);
    }

    #[test]
    fn only_addresses_of_pages_become_links() {
        assert_eq!(page("https://shop.netlify.app/").as_deref(), Some("https://shop.netlify.app"));
        for wrong in ["", "shop.netlify.app", "javascript:alert(1)", "https://user@evil.example", "ftp://x"] {
            assert_eq!(page(wrong), None, "{wrong}");
        }
    }
}
