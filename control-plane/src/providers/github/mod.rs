//! GitHub, and GitHub Enterprise at another address: pushes to a branch of a repository.

mod accounts;
pub mod api;
mod descriptor;
mod reports;
mod webhooks;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use self::api::GitHubApi;
use self::descriptor::{DESCRIPTOR, DIALECT};
use super::descriptor::Descriptor;
use super::endpoints::Endpoints;
use super::git::{Branch, BranchSettings, Host, Pusher, parse_config};
use super::http::VendorHttp;
use super::oauth::OAuth;
use super::{DeploymentReport, ProviderError};
use crate::config::ProviderSettings;
use crate::secrets::CredentialSecret;

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
pub(super) struct Config {
    /// A user or an organisation.
    owner: String,
    repo: String,
    /// Who may see it when it is made.
    #[serde(default = "is_private")]
    private: bool,
    #[serde(flatten)]
    branch: BranchSettings,
}

fn is_private() -> bool {
    true
}

impl AsRef<BranchSettings> for Config {
    fn as_ref(&self) -> &BranchSettings {
        &self.branch
    }
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
}

#[async_trait]
impl Host for GitHub {
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
        url.set_path(&format!("{}/{}/{}", url.path().trim_end_matches('/'), config.owner, config.repo));
        let page = format!("{url}/tree/{}", config.branch.branch);
        let (name, token) = (config.branch.branch.as_str(), &credential.token);
        Branch { url, name, username: USERNAME, token, page, largest_file: LARGEST_FILE }
    }

    async fn has_repository(&self, token: &SecretString, config: &Config) -> Result<bool, ProviderError> {
        Ok(self.api.repository(token, &config.owner, &config.repo).await?.is_some())
    }

    async fn has_in_history(
        &self,
        token: &SecretString,
        config: &Config,
        head: &str,
        commit: &str,
    ) -> Result<bool, ProviderError> {
        self.api.has_in_history(token, &config.owner, &config.repo, head, commit).await
    }

    async fn tell(
        &self,
        token: &SecretString,
        config: &Config,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError> {
        match self.api.tell_deployment(token, &config.owner, &config.repo, report).await {
            // The token may be one for statuses only.
            Err(ProviderError::Rejected(_)) => self.api.tell_status(token, &config.owner, &config.repo, report).await,
            told => told,
        }
    }

    async fn make_repository(&self, token: &SecretString, config: &Config) -> Result<(), ProviderError> {
        self.api.create_repository(token, &config.owner, &config.repo, config.private).await
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
