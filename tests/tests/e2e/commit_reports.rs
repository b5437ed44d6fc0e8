//! The word back to the commit: whatever a sandbox has pushed and then deploys elsewhere, the git host hears how it
//! ended, once.

use reqwest::Method;
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::git_server::{GitServer, git};
use slipway_tests::vendors::Fault;
use slipway_tests::vendors::github::{self, GitHub};
use slipway_tests::vendors::gitlab::{self, GitLab};
use slipway_tests::{BUILD, SOON, eventually};

const TOKEN: &str = "ghp_canaryOfTheCommitReports0123456789ab";

struct Stage {
    git: GitServer,
    github: GitHub,
    gitlab: GitLab,
    control_plane: ControlPlane,
    project: Project,
    _agent: Agent,
    sandbox: String,
}

impl Stage {
    /// A git host of this provider with `ada/shop`, and a page that is deployed from a sandbox.
    async fn set(provider: &str, token: github::Token) -> Self {
        let username = if provider == "github" { "x-access-token" } else { "oauth2" };
        let git = GitServer::start(username, TOKEN).await;
        git.repository("ada/shop");
        let (github, gitlab) =
            (GitHub::start_before(Some(git.clone())).await, GitLab::start_before(Some(git.clone())).await);
        github.add_token(TOKEN, token);
        gitlab.add_token(TOKEN, gitlab::Token::of_ada());
        let name = format!("SLIPWAY_PROVIDERS__{}__GIT_URL", provider.to_uppercase());
        let apis = [github.settings(), gitlab.settings()].concat();
        let settings: Vec<_> = apis.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let settings = [settings, vec![(name.as_str(), git.url.as_str())]].concat();
        let control_plane = ControlPlane::start_with(&settings).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let project = Project::empty();
        project.write("index.html", "first");
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        Self { git, github, gitlab, control_plane, project, _agent: agent, sandbox }
    }

    async fn target(&self, provider: &str, config: Value) -> String {
        let account = self.control_plane.add_credential(provider, &format!("ada {config}"), TOKEN);
        let body = json!({
            "provider": provider, "name": format!("shop {config}"), "credentials_id": account, "config": config
        });
        text(&self.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id")
    }

    async fn deploys(&self, target: &str, more: Value) -> Value {
        let id = self.control_plane.deploy(&self.sandbox, target, more).await;
        self.control_plane.wait_for(&id, &["success", "failed"], BUILD).await
    }

    fn head(&self) -> String {
        git(&self.git.path_of("ada/shop"), &["rev-parse", "main"])
    }

    /// All states that GitHub was told, each with the entry it is of.
    fn told(&self) -> Vec<(Value, Value)> {
        let pairs = |(entry, states): (Value, Vec<Value>)| states.into_iter().map(move |state| (entry.clone(), state));
        self.github.deployed().into_iter().flat_map(pairs).collect()
    }

    async fn hears(&self, count: usize) -> Vec<(Value, Value)> {
        eventually("GitHub to be told", SOON, || async { Some(self.told()).filter(|told| told.len() == count) }).await
    }
}

#[tokio::test]
async fn github_hears_how_deployments_of_what_was_pushed_end() {
    let stage = Stage::set("github", github::Token::of_ada()).await;
    let github = stage.target("github", json!({ "owner": "ada", "repo": "shop" })).await;
    let local = stage.control_plane.local_target().await;
    // Nothing was pushed yet, so there is no commit to be told of.
    let before = stage.deploys(&local, json!({})).await;
    assert_eq!(before["metadata"]["source"], Value::Null);

    let pushed = stage.deploys(&github, json!({})).await;
    assert_eq!(pushed["metadata"]["source"]["commit"], stage.head().as_str(), "{pushed}");
    let deployed = stage.deploys(&local, json!({})).await;
    assert_eq!(deployed["metadata"]["source"]["tree"], pushed["metadata"]["source"]["tree"]);
    let told = stage.hears(1).await;
    let (entry, first) = &told[0];
    assert_eq!((text(entry, "sha"), text(entry, "environment")), (stage.head(), "local production".to_owned()));
    assert_eq!(text(first, "state"), "success");
    assert_eq!(first["environment_url"], deployed["deployment_url"]);

    // Other work than was pushed is no deployment of that commit.
    stage.project.write("index.html", "not pushed");
    stage.deploys(&local, json!({})).await;
    stage.project.write("index.html", "first");
    let failed = stage.deploys(&local, json!({ "build_command": "exit 3", "output_dir": "dist" })).await;
    assert_eq!(failed["status"], "failed");
    let told = stage.hears(2).await;
    assert_eq!(text(&told[1].1, "state"), "failure");
    assert_eq!(text(&told[1].0, "sha"), stage.head());
    stage.github.check();

    // A target may not want that.
    let path = format!("/api/deployments/targets/{github}");
    let config = json!({ "owner": "ada", "repo": "shop", "report_deployments": false });
    stage.control_plane.call(Method::PUT, &path, Some(json!({ "config": config }))).await;
    stage.deploys(&local, json!({})).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(stage.told().len(), 2);
}

#[tokio::test]
async fn whatever_fails_on_the_way_it_is_told_once_and_delays_nobody() {
    let stage = Stage::set("github", github::Token::of_ada()).await;
    let github = stage.target("github", json!({ "owner": "ada", "repo": "shop" })).await;
    let local = stage.control_plane.local_target().await;
    stage.deploys(&github, json!({})).await;
    // Made, and the answer is lost; then the state is taken, and the answer is lost, too.
    stage.github.fail("/deployments", Fault::Answer(502, vec![], "sorry"));
    stage.github.fail("/deployments", Fault::Answer(502, vec![], "sorry"));
    stage.github.fail("/deployments", Fault::Answer(502, vec![], "sorry"));
    let deployed = stage.deploys(&local, json!({})).await;
    assert_eq!(deployed["status"], "success", "it waits for no report");
    let control_plane = stage.control_plane.kill_and_restart().await;
    eventually("GitHub to be told", BUILD, || async { (!stage.github.deployed().is_empty()).then_some(()) }).await;
    eventually("its state", BUILD, || async { (stage.github.deployed()[0].1.len() == 1).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(stage.github.deployed().len(), 1);
    assert_eq!(control_plane.deployment(&text(&deployed, "id")).await["status"], "success");
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_it_is_said_again() {
    let stage = Stage::set("github", github::Token::of_ada()).await;
    let github = stage.target("github", json!({ "owner": "ada", "repo": "shop" })).await;
    let local = stage.control_plane.local_target().await;
    stage.deploys(&github, json!({})).await;
    // The second request there is the one that makes the entry, the second about its states the one that adds one.
    stage.github.fail("/deployments", Fault::Slow(std::time::Duration::from_millis(1)));
    stage.github.fail("/deployments", Fault::Lose);
    stage.github.fail("/statuses", Fault::Slow(std::time::Duration::from_millis(1)));
    stage.github.fail("/statuses", Fault::Lose);
    stage.deploys(&local, json!({})).await;
    eventually("all to be told", SOON, || async { (stage.github.requests("/statuses") >= 3).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let deployed = stage.github.deployed();
    assert_eq!((deployed.len(), deployed[0].1.len()), (1, 1), "{deployed:?}");
    stage.github.check();
}

#[tokio::test]
async fn a_token_for_statuses_gives_the_commit_a_status() {
    let token = github::Token { scopes: Some("repo:status"), ..github::Token::of_ada() };
    let stage = Stage::set("github", token).await;
    let github = stage.target("github", json!({ "owner": "ada", "repo": "shop" })).await;
    let local = stage.control_plane.local_target().await;
    stage.deploys(&github, json!({})).await;
    let deployed = stage.deploys(&local, json!({ "environment": "preview" })).await;
    let statuses =
        eventually("a status", SOON, || async { Some(stage.github.statuses()).filter(|told| !told.is_empty()) }).await;
    assert_eq!((text(&statuses[0], "sha"), text(&statuses[0], "state")), (stage.head(), "success".to_owned()));
    assert_eq!(text(&statuses[0], "context"), "slipway/local preview");
    assert_eq!(statuses[0]["target_url"], deployed["deployment_url"]);
    stage.github.check();
}

#[tokio::test]
async fn gitlab_hears_it_as_the_status_of_the_commit() {
    let stage = Stage::set("gitlab", github::Token::of_ada()).await;
    let gitlab = stage.target("gitlab", json!({ "namespace": "ada", "project": "shop" })).await;
    let local = stage.control_plane.local_target().await;
    stage.deploys(&gitlab, json!({})).await;
    stage.deploys(&local, json!({})).await;
    let told = || async { Some(stage.gitlab.statuses()).filter(|told| !told.is_empty()) };
    let statuses = eventually("a status", SOON, told).await;
    assert_eq!((text(&statuses[0], "sha"), text(&statuses[0], "state")), (stage.head(), "success".to_owned()));
    // The same again is refused by GitLab, and fine.
    stage.deploys(&local, json!({})).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(stage.gitlab.statuses().len(), 1);
    stage.gitlab.check();
}
