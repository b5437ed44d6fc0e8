//! GitHub and GitLab: a strict fake of the API before a real git server.

use serde_json::{Value, json};

use super::{Contestant, Failure};
use crate::git_server::{Fault, GitServer, git};
use crate::vendors::github::{self, GitHub};
use crate::vendors::gitlab::{self, GitLab};

const REPOSITORY: &str = "ada/shop";

/// GitHub with the repository `ada/shop`.
pub struct GitHubHost {
    api: GitHub,
    git: GitServer,
    token: String,
}

/// GitLab with the project `ada/shop`.
pub struct GitLabHost {
    api: GitLab,
    git: GitServer,
    token: String,
}

impl Contestant for GitHubHost {
    const PROVIDER: &'static str = "github";

    async fn start(token: &str) -> Self {
        let git = GitServer::start("x-access-token", token).await;
        git.repository(REPOSITORY);
        let api = GitHub::start_before(Some(git.clone())).await;
        api.add_token(token, github::Token::of_ada());
        api.add_repository(REPOSITORY, json!({}));
        Self { api, git, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        with_git(&self.api.settings(), "SLIPWAY_PROVIDERS__GITHUB__GIT_URL", &self.git)
    }

    fn config(&self) -> Value {
        json!({ "owner": "ada", "repo": "shop" })
    }

    fn revoke(&self) {
        self.api.revoke_token(&self.token);
        self.git.revoke();
    }

    fn fail(&self, failure: Failure) {
        self.git.break_with([fault(failure)]);
    }

    fn releases(&self) -> usize {
        pushes_taken(&self.git)
    }

    fn live(&self) -> Option<String> {
        page(&self.git)
    }

    fn check(&self) {
        self.api.check();
    }
}

impl Contestant for GitLabHost {
    const PROVIDER: &'static str = "gitlab";

    async fn start(token: &str) -> Self {
        let git = GitServer::start("oauth2", token).await;
        git.repository(REPOSITORY);
        let api = GitLab::start_before(Some(git.clone())).await;
        api.add_token(token, gitlab::Token::of_ada());
        api.add_project(REPOSITORY, json!({}));
        Self { api, git, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        with_git(&self.api.settings(), "SLIPWAY_PROVIDERS__GITLAB__GIT_URL", &self.git)
    }

    fn config(&self) -> Value {
        json!({ "namespace": "ada", "project": "shop" })
    }

    fn revoke(&self) {
        self.api.revoke_token(&self.token);
        self.git.revoke();
    }

    fn fail(&self, failure: Failure) {
        self.git.break_with([fault(failure)]);
    }

    fn releases(&self) -> usize {
        pushes_taken(&self.git)
    }

    fn live(&self) -> Option<String> {
        page(&self.git)
    }

    fn check(&self) {
        self.api.check();
    }
}

fn with_git(settings: &[(&'static str, String)], name: &str, git: &GitServer) -> Vec<(String, String)> {
    let api = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    api.chain([(name.to_owned(), git.url.clone())]).collect()
}

fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Busy(seconds) => Fault::Busy(seconds),
        Failure::Error => Fault::Fail,
        Failure::BreakBefore => Fault::Break,
        Failure::BreakAfter => Fault::TakeAndBreak,
        Failure::Malformed => Fault::TakeAndMumble,
        Failure::Slow(wait) => Fault::TakeSlowly(wait),
    }
}

/// Every time that the branch has moved.
fn pushes_taken(host: &GitServer) -> usize {
    let path = host.path_of(REPOSITORY);
    if path.join("logs/refs/heads/main").exists() { git(&path, &["reflog", "show", "main"]).lines().count() } else { 0 }
}

fn page(host: &GitServer) -> Option<String> {
    (pushes_taken(host) > 0).then(|| git(&host.path_of(REPOSITORY), &["show", "main:index.html"]))
}
