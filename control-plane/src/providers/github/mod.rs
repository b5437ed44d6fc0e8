//! GitHub, and GitHub Enterprise at another address: pushes to a branch of a repository.

mod accounts;
pub mod api;
mod descriptor;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use self::api::GitHubApi;
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

const API_URL: &str = "https://api.github.com/";
const SITE_URL: &str = "https://github.com/";
/// 5,000 an hour for each user (GitHub Docs, "Rate limits for the REST API").
const REQUESTS_PER_MINUTE: u32 = 80;
/// "GitHub blocks files larger than 100 MiB" (GitHub Docs, "About large files on GitHub").
const LARGEST_FILE: u64 = 100 * 1024 * 1024;
/// Any name goes with a token; apps' installation tokens want this one.
const USERNAME: &str = "x-access-token";
const LONGEST_OWNER: usize = 39;
const LONGEST_REPOSITORY: usize = 100;

/// The provider `github`.
pub(super) struct GitHub {
    git_url: Url,
    pusher: Pusher,
    api: GitHubApi,
    oauth: Option<OAuth>,
}

/// A target's config.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A user or an organisation.
    owner: String,
    repo: String,
    /// Whether it is made when it is not there,
    #[serde(default)]
    create: bool,
    /// and who may see it then.
    #[serde(default = "is_private")]
    private: bool,
    #[serde(flatten)]
    branch: BranchSettings,
}

fn is_private() -> bool {
    true
}

impl Config {
    fn of(config: &Map<String, Value>) -> Result<Self, String> {
        let config: Self = parse_config(config)?;
        let is_owner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if config.owner.is_empty() || config.owner.len() > LONGEST_OWNER || !config.owner.chars().all(is_owner) {
            return Err(format!("`config.owner` is `{}`, which is no user or organisation of GitHub", config.owner));
        }
        let is_repository = |c: char| is_owner(c) || c == '.';
        let is_special = matches!(config.repo.as_str(), "" | "." | "..") || config.repo.strip_suffix(".git").is_some();
        if is_special || config.repo.len() > LONGEST_REPOSITORY || !config.repo.chars().all(is_repository) {
            return Err(format!("`config.repo` is `{}`, which is no name of a repository at GitHub", config.repo));
        }
        config.branch.check()?;
        Ok(config)
    }
}

impl GitHub {
    /// Where the settings say, or where everybody finds it.
    pub(super) fn new(client: reqwest::Client, pusher: Pusher, settings: &ProviderSettings) -> anyhow::Result<Self> {
        let Endpoints { api, site, git } = Endpoints::of(settings, API_URL, SITE_URL)?;
        let http = VendorHttp::new(DESCRIPTOR.id, client, REQUESTS_PER_MINUTE);
        Ok(Self {
            git_url: git,
            pusher,
            oauth: OAuth::new(http.clone(), site.clone(), settings, DIALECT),
            api: GitHubApi::new(http, api, site),
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
        url.set_path(&format!("{}/{}/{}", url.path().trim_end_matches('/'), config.owner, config.repo));
        let page = format!("{url}/tree/{}", config.branch.branch);
        let (name, token) = (config.branch.branch.as_str(), &credential.token);
        work(Branch { url, name, username: USERNAME, token, page, largest_file: LARGEST_FILE }, &config).await
    }
}

#[async_trait]
impl Provider for GitHub {
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
            let (token, owner, repo) = (branch.token, &config.owner, &config.repo);
            if config.create && self.api.repository(token, owner, repo).await?.is_none() {
                self.api.create_repository(token, owner, repo, config.private).await?;
                self.pusher.wait_until_it_is_there(&branch).await?;
            }
            self.pusher.deploy(&branch, context).await
        })
        .await
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        self.at(context.destination, async |branch, config| {
            if config.create && self.api.repository(branch.token, &config.owner, &config.repo).await?.is_none() {
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
impl GitHost for GitHub {
    async fn remote(&self, destination: Destination<'_>) -> Result<GitRemote, ProviderError> {
        self.at(destination, async |branch, config| {
            // It is made when there is something to push.
            if config.create && self.api.repository(branch.token, &config.owner, &config.repo).await?.is_none() {
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

    #[track_caller]
    fn check(config: &Value, expected: &str) {
        let outcome = Config::of(config.as_object().expect("an object"));
        match outcome {
            Ok(_) => assert_eq!(expected, "", "{config} was accepted"),
            Err(problem) => assert!(!expected.is_empty() && problem.contains(expected), "{problem}"),
        }
    }

    #[test]
    fn a_target_names_a_repository_and_a_branch() {
        check(&json!({ "owner": "ada", "repo": "shop" }), "");
        check(&json!({ "owner": "ada", "repo": "shop.js", "branch": "site/main", "author_email": "a@b.c" }), "");
        check(&json!({ "owner": "ada" }), "missing field `repo`");
        check(&json!({ "owner": "ada", "repo": "shop", "brnch": "x" }), "brnch");
        check(&json!({ "owner": "ada/..", "repo": "shop" }), "`config.owner`");
        for repo in ["..", ".", "a/b", "shop.git", "", "a?b"] {
            check(&json!({ "owner": "ada", "repo": repo }), "`config.repo`");
        }
        check(&json!({ "owner": "ada", "repo": "shop", "branch": "a..b" }), "`config.branch`");
        check(&json!({ "owner": "ada", "repo": "shop", "author_email": "nobody" }), "`config.author_email`");
    }
}
