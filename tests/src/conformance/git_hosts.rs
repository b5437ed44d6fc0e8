//! GitHub and GitLab: a strict fake of the API before a real git server.

use std::future::Future;

use serde_json::{Value, json};

use super::{Contestant, Failure};
use crate::git_server::{Fault, GitServer, git};
use crate::vendors::github::{self, GitHub};
use crate::vendors::gitlab::{self, GitLab};

const REPOSITORY: &str = "ada/shop";

/// A git host with the repository `ada/shop`.
pub struct GitHost<A> {
    api: A,
    git: GitServer,
    token: String,
}

/// GitHub.
pub type GitHubHost = GitHost<GitHub>;
/// GitLab.
pub type GitLabHost = GitHost<GitLab>;

/// What differs from host to host.
pub trait Api: Sized {
    /// Id of the provider.
    const PROVIDER: &'static str;
    /// What goes with a token when one pushes.
    const USERNAME: &'static str;

    /// Starts the fake of the API before a git server, with this token and the repository.
    fn start(git: GitServer, token: &str) -> impl Future<Output = Self>;

    /// What a control plane must be told to use it.
    fn settings(&self) -> Vec<(&'static str, String)>;

    /// Settings of a target for the repository.
    fn config() -> Value;

    /// From now on the token is worth nothing.
    fn revoke(&self, token: &str);

    /// # Panics
    /// When something was sent that the vendor does not understand.
    fn check(&self);
}

impl Api for GitHub {
    const PROVIDER: &'static str = "github";
    const USERNAME: &'static str = "x-access-token";

    async fn start(git: GitServer, token: &str) -> Self {
        let api = Self::start_before(Some(git)).await;
        api.add_token(token, github::Token::of_ada());
        api.add_repository(REPOSITORY, json!({}));
        api
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        self.settings()
    }

    fn config() -> Value {
        json!({ "owner": "ada", "repo": "shop" })
    }

    fn revoke(&self, token: &str) {
        self.revoke_token(token);
    }

    fn check(&self) {
        self.check();
    }
}

impl Api for GitLab {
    const PROVIDER: &'static str = "gitlab";
    const USERNAME: &'static str = "oauth2";

    async fn start(git: GitServer, token: &str) -> Self {
        let api = Self::start_before(Some(git)).await;
        api.add_token(token, gitlab::Token::of_ada());
        api.add_project(REPOSITORY, json!({}));
        api
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        self.settings()
    }

    fn config() -> Value {
        json!({ "namespace": "ada", "project": "shop" })
    }

    fn revoke(&self, token: &str) {
        self.revoke_token(token);
    }

    fn check(&self) {
        self.check();
    }
}

impl<A: Api> Contestant for GitHost<A> {
    const PROVIDER: &'static str = A::PROVIDER;

    async fn start(token: &str) -> Self {
        let git = GitServer::start(A::USERNAME, token).await;
        git.repository(REPOSITORY);
        Self { api: A::start(git.clone(), token).await, git, token: token.to_owned() }
    }

    fn settings(&self) -> Vec<(String, String)> {
        let git_url = format!("SLIPWAY_PROVIDERS__{}__GIT_URL", A::PROVIDER.to_uppercase());
        let api = self.api.settings().into_iter().map(|(name, value)| (name.to_owned(), value));
        api.chain([(git_url, self.git.url.clone())]).collect()
    }

    fn config(&self) -> Value {
        A::config()
    }

    fn revoke(&self) {
        self.api.revoke(&self.token);
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
