//! Accounts at git hosts: connected with a token that the vendor knows, used for a repository that is made on the
//! way, disconnected. The vendors' APIs are strict fakes in front of a real git server.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::git_server::{GitServer, git};
use slipway_tests::vendors::Fault;
use slipway_tests::vendors::github::{self, GitHub};
use slipway_tests::vendors::gitlab::{self, GitLab};

const GOOD: &str = "ghp_goodCanaryOfTheAccountTests0123456789";
const WEAK: &str = "ghp_weakCanaryOfTheAccountTests0123456789";
const CONNECT: &str = "/api/deployments/auth/github/token";

/// A vendor's API before a git server, and a control plane that knows both.
struct Stage {
    github: GitHub,
    gitlab: GitLab,
    git: GitServer,
    control_plane: ControlPlane,
}

impl Stage {
    async fn with_github() -> Self {
        Self::set("GITHUB", "x-access-token").await
    }

    async fn with_gitlab() -> Self {
        Self::set("GITLAB", "oauth2").await
    }

    async fn set(vendor: &str, username: &'static str) -> Self {
        let git = GitServer::start(username, GOOD).await;
        let github = GitHub::start_before(Some(git.clone())).await;
        let gitlab = GitLab::start_before(Some(git.clone())).await;
        let ada = github::Token { expires: Some("2099-12-31 10:00:00 UTC"), ..github::Token::of_ada() };
        github.add_token(GOOD, ada.clone());
        github.add_token(WEAK, github::Token { scopes: Some("gist"), ..ada });
        gitlab.add_token(GOOD, gitlab::Token::of_ada());
        let git_url = format!("SLIPWAY_PROVIDERS__{vendor}__GIT_URL");
        let apis = [github.settings(), gitlab.settings()].concat();
        let settings: Vec<_> = apis.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let settings = [settings, vec![(git_url.as_str(), git.url.as_str())]].concat();
        Self { control_plane: ControlPlane::start_with(&settings).await, github, gitlab, git }
    }

    /// The next requests about whose token it is get this instead of an answer.
    fn github_fails(&self, times: usize, status: u16) {
        for _ in 0..times {
            self.github.fail("/user", Fault::Answer(status, vec![("retry-after", "1".to_owned())], "sorry"));
        }
    }

    /// Nothing was sent or answered that the vendors do not understand.
    fn check(&self) {
        self.github.check();
        self.gitlab.check();
    }

    async fn connect(&self, provider: &str, token: &str) -> Value {
        let body = json!({ "kind": "token", "token": token });
        self.control_plane.call(Method::POST, &format!("/api/deployments/auth/{provider}/token"), Some(body)).await
    }

    async fn refused(&self, token: &str, status: StatusCode) -> String {
        let body = json!({ "kind": "token", "token": token });
        self.control_plane.refused(Method::POST, CONNECT, Some(body), status).await.1
    }

    /// Deploys a project to a repository that has to be made.
    async fn deploys(&self, provider: &str, account: &str, config: Value) -> Value {
        let sandbox = self.control_plane.create_sandbox("sandbox").await;
        let project = Project::fixture("plain-html");
        let _agent = Agent::start(&self.control_plane, &sandbox, project.path()).await;
        let body = json!({ "provider": provider, "name": "shop", "credentials_id": account, "config": config });
        let target = self.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await;
        assert_eq!(text(&target, "credentials_id"), account);
        let id = self.control_plane.deploy(&sandbox, &text(&target, "id"), json!({})).await;
        self.control_plane.wait_for(&id, &["success", "failed"], BUILD).await
    }
}

#[tokio::test]
async fn an_account_is_connected_listed_and_disconnected() {
    let stage = Stage::with_github().await;
    let connected = stage.connect("github", GOOD).await;
    assert_eq!((text(&connected, "account"), &connected["scopes"]), ("ada".to_owned(), &json!(["repo", "workflow"])));
    assert_eq!(text(&connected, "expires_at"), "2099-12-31T10:00:00Z");
    assert!(!connected.to_string().contains(GOOD));
    let id = text(&connected, "credentials_id");

    let path = "/api/deployments/auth/github/status";
    let status = stage.control_plane.call(Method::GET, path, None).await;
    let accounts = status["accounts"].as_array().expect("a list").iter().filter(|account| account["account"] == "ada");
    let [account] = accounts.collect::<Vec<_>>()[..] else { panic!("{status}") };
    assert_eq!((text(account, "credentials_id"), text(account, "label")), (id.clone(), "ada".to_owned()));
    assert!(!status.to_string().contains(GOOD));

    assert_eq!(stage.connect("github", GOOD).await["credentials_id"], id.as_str(), "it is the same account");

    let config = json!({ "owner": "ada", "repo": "shop" });
    let body = json!({ "provider": "github", "name": "shop", "credentials_id": id, "config": config });
    let target = stage.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await;
    let other = json!({ "provider": "gitlab", "name": "shop", "credentials_id": id, "config": { "namespace": "a", "project": "b" } });
    let refused = stage
        .control_plane
        .refused(Method::POST, "/api/deployments/targets", Some(other), StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    assert!(refused.1.contains("no account that is connected to `gitlab`"), "{refused:?}");

    let test = format!("/api/deployments/targets/{}/test", text(&target, "id"));
    let found = stage.control_plane.call(Method::POST, &test, None).await;
    assert_eq!(
        (&found["ok"], &found["account"], &found["checks"][1]["what"]),
        (&json!(false), &json!("ada"), &json!("push"))
    );
    assert!(text(&found["checks"][1], "detail").contains("there is no repository ada/shop"), "{found}");
    stage.git.repository("ada/shop");
    let found = stage.control_plane.call(Method::POST, &test, None).await;
    assert_eq!(found["ok"], json!(true), "{found}");
    assert_eq!(
        text(&found["checks"][0], "detail"),
        "the credential is ada, with repo, workflow, until 2099-12-31T10:00:00Z"
    );

    let disconnect = format!("/api/deployments/auth/github?credentials_id={id}");
    stage.control_plane.refused(Method::DELETE, &disconnect, None, StatusCode::CONFLICT).await;
    stage.control_plane.call(Method::DELETE, &format!("{disconnect}&force=true"), None).await;
    let target = format!("/api/deployments/targets/{}", text(&target, "id"));
    assert!(stage.control_plane.call(Method::GET, &target, None).await["credentials_id"].is_null());
    stage.check();
}

#[tokio::test]
async fn tokens_that_cannot_deploy_are_refused_with_the_reason() {
    let stage = Stage::with_github().await;
    let bad = "ghp_badCanaryOfTheAccountTests01234567890";
    assert!(
        stage
            .refused(bad, StatusCode::UNPROCESSABLE_ENTITY)
            .await
            .contains("GitHub does not accept this credential (Bad credentials)")
    );
    let message = stage.refused(WEAK, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(message.contains("lacks the scope `repo` (it has: gist)"), "{message}");
    for wrong in ["short", "with a space in it", "with\nan end of a line"] {
        stage.refused(wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let body = json!({ "kind": "token", "token": GOOD });
    let path = "/api/deployments/auth/local/token";
    let (_, message) =
        stage.control_plane.refused(Method::POST, path, Some(body.clone()), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(message.contains("`local` needs no account"), "{message}");
    let path = "/api/deployments/auth/nowhere/token";
    stage.control_plane.refused(Method::POST, path, Some(body), StatusCode::NOT_FOUND).await;

    // A question is asked again, within reason; nothing is stored of what was not answered.
    stage.github_fails(3, 502);
    let message = stage.refused(GOOD, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(message.contains("gives no answer, so nothing was changed"), "{message}");
    stage.github_fails(3, 429);
    assert!(stage.refused(GOOD, StatusCode::SERVICE_UNAVAILABLE).await.contains("wants us to wait"));
    stage.github_fails(1, 502);
    stage.connect("github", GOOD).await;
    stage.check();
}

#[tokio::test]
async fn a_repository_is_made_at_github_for_oneself_and_for_an_organisation() {
    for (owner, private) in [("ada", json!(null)), ("tools", json!(false))] {
        let stage = Stage::with_github().await;
        let account = text(&stage.connect("github", GOOD).await, "credentials_id");
        let mut config = json!({ "owner": owner, "repo": "shop", "create": true });
        if private.is_boolean() {
            config["private"] = private.clone();
        }
        let deployment = stage.deploys("github", &account, config).await;
        assert_eq!(text(&deployment, "status"), "success", "{deployment}");
        let expected = json!([{ "path": format!("{owner}/shop"), "private": private != json!(false) }]);
        assert_eq!(json!(stage.github.created()), expected);
        let repository = stage.git.path_of(&format!("{owner}/shop"));
        assert_eq!(git(&repository, &["rev-list", "--count", "main"]), "1");
        stage.check();
    }
}

#[tokio::test]
async fn an_organisation_that_is_unknown_is_named() {
    let stage = Stage::with_github().await;
    let account = text(&stage.connect("github", GOOD).await, "credentials_id");
    let config = json!({ "owner": "nobody", "repo": "shop", "create": true });
    let deployment = stage.deploys("github", &account, config).await;
    let message = text(&deployment, "error_message");
    assert!(message.contains("GitHub knows no organisation `nobody` in which ada may make repositories"), "{message}");
}

#[tokio::test]
async fn a_project_is_made_at_gitlab() {
    let stage = Stage::with_gitlab().await;
    let connected = stage.connect("gitlab", GOOD).await;
    assert_eq!((text(&connected, "account"), &connected["scopes"]), ("ada".to_owned(), &json!(["api"])));
    let account = text(&connected, "credentials_id");
    let config = json!({ "namespace": "tools", "project": "shop", "create": true, "visibility": "internal" });
    let deployment = stage.deploys("gitlab", &account, config).await;
    assert_eq!(text(&deployment, "status"), "success", "{deployment}");
    assert_eq!(json!(stage.gitlab.created()), json!([{ "path": "tools/shop", "visibility": "internal" }]));
    let repository = stage.git.path_of("tools/shop");
    assert_eq!(git(&repository, &["rev-list", "--count", "main"]), "1");
    stage.check();
}

#[tokio::test]
async fn a_workspace_is_exported_without_a_target_of_its_own() {
    let stage = Stage::with_github().await;
    let sandbox = stage.control_plane.create_sandbox("sandbox").await;
    let project = Project::fixture("plain-html");
    let _agent = Agent::start(&stage.control_plane, &sandbox, project.path()).await;
    let export = format!("/api/sandboxes/{sandbox}/export/github");
    let request = |repo: &str| json!({ "config": { "owner": "ada", "repo": repo, "create": true }, "commit_message": "Exported" });
    let (_, message) = stage
        .control_plane
        .refused(Method::POST, &export, Some(request("shop")), StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    assert!(message.contains("no account at `github`; connect one"), "{message}");

    stage.connect("github", GOOD).await;
    let mut targets = std::collections::BTreeSet::new();
    for _ in 0..2 {
        let deployment = stage.control_plane.call(Method::POST, &export, Some(request("shop"))).await;
        targets.insert(text(&deployment, "target_id"));
        stage.control_plane.wait_for(&text(&deployment, "id"), &["success"], BUILD).await;
    }
    assert_eq!(targets.len(), 1, "the second takes the target of the first");
    let repository = stage.git.path_of("ada/shop");
    assert_eq!(git(&repository, &["log", "--format=%s", "main"]), "Exported");
}

#[tokio::test]
async fn providers_describe_themselves() {
    let control_plane = ControlPlane::start().await;
    let list = control_plane.call(Method::GET, "/api/providers", None).await;
    let find = |id: &str| list["items"].as_array().expect("a list").iter().find(|item| item["id"] == id).expect(id);
    assert_eq!(
        (&find("github")["kind"], &find("github")["auth"]),
        (&json!("git"), &json!(["token", "device", "oauth"]))
    );
    assert_eq!(find("github")["config_schema"]["required"], json!(["owner", "repo"]));
    assert_eq!(
        find("gitlab")["config_schema"]["properties"]["visibility"]["enum"],
        json!(["private", "internal", "public"])
    );
    assert_eq!((&find("local")["auth"], &find("local")["docs_url"]), (&json!([]), &Value::Null));
}
