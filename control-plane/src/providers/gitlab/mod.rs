//! GitLab, at gitlab.com or self-managed: pushes to a branch of a project.

mod accounts;
pub mod api;
mod descriptor;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use self::api::GitLabApi;
use self::descriptor::{DESCRIPTOR, DIALECT};
use super::accounts::Accounts;
use super::descriptor::Descriptor;
use super::endpoints::Endpoints;
use super::git::{Branch, BranchSettings, Pusher, parse_config};
use super::http::VendorHttp;
use super::oauth::OAuth;
use super::{
    CommitText, DeployContext, Destination, GitHost, GitRemote, Provider, ProviderError, Release, Whereabouts,
};
use crate::config::ProviderSettings;
use crate::ids::DeploymentId;

const API_URL: &str = "https://gitlab.com/api/v4/";
const SITE_URL: &str = "https://gitlab.com/";
/// Far below the 2,000 of GitLab.com, and of what is single there: 400 a minute for one project.
const REQUESTS_PER_MINUTE: u32 = 300;
/// Of one file, on GitLab.com's free tier and since 17.10 by default elsewhere (GitLab Docs, "Push rules").
const LARGEST_FILE: u64 = 100 * 1024 * 1024;
/// Goes with tokens of every kind.
const USERNAME: &str = "oauth2";
const LONGEST_PATH: usize = 255;

/// The provider `gitlab`.
pub(super) struct GitLab {
    git_url: Url,
    pusher: Pusher,
    api: GitLabApi,
    oauth: Option<OAuth>,
}

/// A target's config.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A user, a group, or a group in groups: `tools/web`.
    namespace: String,
    project: String,
    /// Whether it is made when it is not there,
    #[serde(default)]
    create: bool,
    /// and who may see it then.
    #[serde(default)]
    visibility: Visibility,
    #[serde(flatten)]
    branch: BranchSettings,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Visibility {
    #[default]
    Private,
    Internal,
    Public,
}

impl Visibility {
    fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

impl Config {
    fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.project)
    }

    fn of(config: &Map<String, Value>) -> Result<Self, String> {
        let config: Self = parse_config(config)?;
        if !config.namespace.split('/').all(is_path) || config.namespace.len() > LONGEST_PATH {
            return Err(format!("`config.namespace` is `{}`, which is no user or group of GitLab", config.namespace));
        }
        if !is_path(&config.project) || config.project.len() > LONGEST_PATH {
            return Err(format!("`config.project` is `{}`, which is no path of a project at GitLab", config.project));
        }
        config.branch.check()?;
        Ok(config)
    }
}

/// Letters, digits, `_`, `-` and `.`; not beginning with `-`, not ending like a file of git (GitLab Docs, "Reserved
/// project and group names").
fn is_path(part: &str) -> bool {
    let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_reserved = matches!(part, "" | "." | "..") || [".git", ".atom", "."].iter().any(|end| part.ends_with(end));
    !is_reserved && !part.starts_with('-') && part.chars().all(is_known)
}

impl GitLab {
    /// Where the settings say, or where everybody finds it.
    pub(super) fn new(client: reqwest::Client, pusher: Pusher, settings: &ProviderSettings) -> anyhow::Result<Self> {
        let Endpoints { api, site, git } = Endpoints::of(settings, API_URL, SITE_URL)?;
        let http = VendorHttp::new(DESCRIPTOR.id, client, REQUESTS_PER_MINUTE);
        Ok(Self {
            git_url: git,
            pusher,
            oauth: OAuth::new(http.clone(), site.clone(), settings, DIALECT),
            api: GitLabApi::new(http, api, site),
        })
    }

    async fn at<T>(
        &self,
        destination: Destination<'_>,
        work: impl AsyncFnOnce(Branch<'_>, &Config) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let config = Config::of(destination.config).map_err(ProviderError::Rejected)?;
        let credential = destination.account()?;
        let mut url = self.git_url.clone();
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), config.path()));
        let page = format!("{url}/-/tree/{}", config.branch.branch);
        let username = credential.username.as_deref().unwrap_or(USERNAME);
        let (name, token) = (config.branch.branch.as_str(), &credential.token);
        work(Branch { url, name, username, token, page, largest_file: LARGEST_FILE }, &config).await
    }
}

#[async_trait]
impl Provider for GitLab {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check_config(&self, config: &Map<String, Value>) -> Result<(), String> {
        DESCRIPTOR.check_config(config)?;
        Config::of(config).map(drop)
    }

    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Release, ProviderError> {
        self.at(context.destination, async |branch, config| {
            if config.create && self.api.project(branch.token, &config.path()).await?.is_none() {
                let visibility = config.visibility.as_str();
                self.api.create_project(branch.token, &config.namespace, &config.project, visibility).await?;
                self.pusher.wait_until_it_is_there(&branch).await?;
            }
            self.pusher.deploy(&branch, context).await
        })
        .await
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        self.at(context.destination, async |branch, config| {
            if config.create && self.api.project(branch.token, &config.path()).await?.is_none() {
                return Ok(Whereabouts::Nothing);
            }
            self.pusher.look_up(&branch, context).await
        })
        .await
    }

    fn git(&self) -> Option<&dyn GitHost> {
        Some(self)
    }

    async fn forget(&self, _deployment: DeploymentId) {}
}

#[async_trait]
impl GitHost for GitLab {
    async fn remote(&self, destination: Destination<'_>) -> Result<GitRemote, ProviderError> {
        self.at(destination, async |branch, config| {
            // It is made when there is something to push.
            if config.create && self.api.project(branch.token, &config.path()).await?.is_none() {
                return Ok(GitRemote::default());
            }
            self.pusher.remote(&branch).await
        })
        .await
    }

    fn commit_text(&self, config: &Map<String, Value>) -> CommitText {
        Config::of(config).map(|config| config.branch.commit_text()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_target_names_a_project_in_a_group() {
        let of = |config: Value| Config::of(config.as_object().expect("an object")).map(drop);
        assert!(of(json!({ "namespace": "tools/web", "project": "shop" })).is_ok());
        for (namespace, project) in
            [("tools//web", "shop"), ("..", "shop"), ("tools", "a/b"), ("tools", "shop.git"), ("tools", "-x")]
        {
            assert!(of(json!({ "namespace": namespace, "project": project })).is_err(), "{namespace} {project}");
        }
        assert!(of(json!({ "namespace": "tools", "project": "shop", "branch": "x y" })).is_err());
    }
}
