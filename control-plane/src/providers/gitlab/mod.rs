//! GitLab, at gitlab.com or self-managed: pushes to a branch of a project.

mod accounts;
pub mod api;
mod descriptor;
mod webhooks;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use self::api::GitLabApi;
use self::descriptor::{DESCRIPTOR, DIALECT};
use super::descriptor::Descriptor;
use super::endpoints::Endpoints;
use super::git::{Branch, BranchSettings, Host, Pusher, parse_config};
use super::http::VendorHttp;
use super::oauth::OAuth;
use super::{DeploymentReport, ProviderError};
use crate::config::ProviderSettings;
use crate::secrets::CredentialSecret;

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
pub(super) struct Config {
    /// A user, a group, or a group in groups: `tools/web`.
    namespace: String,
    project: String,
    /// Who may see it when it is made.
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

impl AsRef<BranchSettings> for Config {
    fn as_ref(&self) -> &BranchSettings {
        &self.branch
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
}

#[async_trait]
impl Host for GitLab {
    type Config = Config;

    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn config(config: &Map<String, Value>) -> Result<Config, String> {
        Config::of(config)
    }

    fn pusher(&self) -> &Pusher {
        &self.pusher
    }

    fn branch<'a>(&self, config: &'a Config, credential: &'a CredentialSecret) -> Branch<'a> {
        let mut url = self.git_url.clone();
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), config.path()));
        let page = format!("{url}/-/tree/{}", config.branch.branch);
        let username = credential.username.as_deref().unwrap_or(USERNAME);
        let (name, token) = (config.branch.branch.as_str(), &credential.token);
        Branch { url, name, username, token, page, largest_file: LARGEST_FILE }
    }

    async fn has_repository(&self, token: &SecretString, config: &Config) -> Result<bool, ProviderError> {
        Ok(self.api.project(token, &config.path()).await?.is_some())
    }

    async fn has_in_history(
        &self,
        token: &SecretString,
        config: &Config,
        head: &str,
        commit: &str,
    ) -> Result<bool, ProviderError> {
        self.api.has_in_history(token, &config.path(), head, commit).await
    }

    async fn tell(
        &self,
        token: &SecretString,
        config: &Config,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError> {
        self.api.tell_status(token, &config.path(), report).await
    }

    async fn make_repository(&self, token: &SecretString, config: &Config) -> Result<(), ProviderError> {
        let visibility = config.visibility.as_str();
        self.api.create_project(token, &config.namespace, &config.project, visibility).await
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
