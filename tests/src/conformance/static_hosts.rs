//! Hosts of static files: strict fakes of their APIs.

use serde_json::{Value, json};

use super::{Contestant, Failure};
use crate::vendors::Fault;
use crate::vendors::cloudflare_pages::{ACCOUNT, CloudflarePages};
use crate::vendors::netlify::{self, Netlify};
use crate::vendors::vercel::{TEAM, Vercel};

/// The project that each has.
pub const PROJECT: &str = "shop";

/// Netlify with the site `shop` in a team.
pub struct NetlifyHost {
    pub(crate) api: Netlify,
    token: String,
}

impl Contestant for NetlifyHost {
    const PROVIDER: &'static str = "netlify";

    async fn start(token: &str) -> Self {
        let api = Netlify::start().await;
        api.add_token(token, None);
        api.add_site(PROJECT, netlify::TEAM);
        Self { api, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.api.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn config(&self) -> Value {
        json!({ "site_name": PROJECT })
    }

    fn revoke(&self) {
        self.api.revoke_token(&self.token);
    }

    fn fail(&self, failure: Failure) {
        self.api.fail_release(fault(failure));
    }

    fn releases(&self) -> usize {
        self.api.releases(PROJECT)
    }

    fn live(&self) -> Option<String> {
        let page = self.api.live_file(PROJECT, "index.html")?;
        Some(String::from_utf8(page).expect("UTF-8"))
    }

    fn check(&self) {
        self.api.check();
    }
}

/// Vercel with the project `shop` in a team.
pub struct VercelHost {
    pub(crate) api: Vercel,
    /// What it calls the project.
    pub(crate) project: String,
    token: String,
}

impl Contestant for VercelHost {
    const PROVIDER: &'static str = "vercel";

    async fn start(token: &str) -> Self {
        let api = Vercel::start().await;
        api.add_token(token, None);
        let project = api.add_project(PROJECT, Some(TEAM));
        Self { api, project, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.api.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn config(&self) -> Value {
        json!({ "project": PROJECT, "team_id": TEAM })
    }

    fn revoke(&self) {
        self.api.revoke_token(&self.token);
    }

    fn fail(&self, failure: Failure) {
        self.api.fail_release(fault(failure));
    }

    fn releases(&self) -> usize {
        self.api.releases(PROJECT)
    }

    fn live(&self) -> Option<String> {
        let page = self.api.live_file(PROJECT, "index.html")?;
        Some(String::from_utf8(page).expect("UTF-8"))
    }

    fn check(&self) {
        self.api.check();
    }
}

/// Cloudflare with the Pages project `shop`.
pub struct CloudflarePagesHost {
    pub(crate) api: CloudflarePages,
    token: String,
}

impl Contestant for CloudflarePagesHost {
    const PROVIDER: &'static str = "cloudflare-pages";

    async fn start(token: &str) -> Self {
        let api = CloudflarePages::start().await;
        api.add_token(token, ACCOUNT);
        api.add_project(PROJECT);
        Self { api, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.api.settings().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn config(&self) -> Value {
        json!({ "account_id": ACCOUNT, "project": PROJECT })
    }

    fn revoke(&self) {
        self.api.revoke_token(&self.token);
    }

    fn fail(&self, failure: Failure) {
        self.api.fail_release(fault(failure));
    }

    fn releases(&self) -> usize {
        self.api.releases(PROJECT)
    }

    fn live(&self) -> Option<String> {
        let page = self.api.live_file(PROJECT, "index.html")?;
        Some(String::from_utf8(page).expect("UTF-8"))
    }

    fn check(&self) {
        self.api.check();
    }
}

fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Busy(seconds) => Fault::Answer(429, vec![("retry-after", seconds.to_string())], "{}"),
        Failure::Error => Fault::Answer(500, Vec::new(), "{}"),
        Failure::BreakBefore => Fault::Break,
        Failure::BreakAfter => Fault::Lose,
        Failure::Malformed => Fault::Malformed,
        Failure::Slow(wait) => Fault::Slow(wait),
    }
}
