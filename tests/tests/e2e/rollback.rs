//! Going back to a former release, and building again.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, TOKEN, get, text};
use slipway_tests::fixtures::Project;

/// A project in a sandbox and a `local` target.
struct Stage {
    control_plane: ControlPlane,
    agent: Agent,
    project: Project,
    sandbox: String,
    target: String,
}

impl Stage {
    async fn set() -> Self {
        let project = Project::empty();
        project.write("index.html", "nothing yet");
        let control_plane = ControlPlane::start().await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let target = control_plane.local_target().await;
        Self { control_plane, agent, project, sandbox, target }
    }

    async fn ended(&self, id: &str) -> Value {
        self.control_plane.wait_for(id, &["success"], BUILD).await
    }

    /// Deploys a site that says `content`.
    async fn ship(&self, content: &str, more: Value) -> Value {
        self.project.write("index.html", content);
        let id = self.control_plane.deploy(&self.sandbox, &self.target, more).await;
        self.ended(&id).await
    }

    async fn post(&self, deployment: &Value, what: &str, body: Option<Value>) -> Value {
        let path = format!("/api/deployments/{}/{what}", text(deployment, "id"));
        let made = self.control_plane.call(Method::POST, &path, body).await;
        self.ended(&text(&made, "id")).await
    }

    /// Why it is refused with a conflict.
    async fn refused(&self, deployment: &Value, body: Value) -> String {
        let path = format!("/api/deployments/{}/rollback", text(deployment, "id"));
        self.control_plane.refused(Method::POST, &path, Some(body), StatusCode::CONFLICT).await.1
    }
}

async fn page(deployment: &Value) -> String {
    get(&text(deployment, "deployment_url")).await.2
}

#[tokio::test]
async fn a_rollback_puts_the_release_before_live_again_and_another_one_goes_further_back() {
    let mut stage = Stage::set().await;
    let first = stage.ship("first", json!({})).await;
    let second = stage.ship("second", json!({})).await;
    // The same bits again, and another environment, are no release to go back to.
    let again = stage.post(&second, "redeploy", None).await;
    stage.ship("staging", json!({ "environment": "staging" })).await;
    let third = stage.ship("third", json!({})).await;
    assert_eq!(third["artifact_stored"], true);
    stage.agent.kill();

    let back = stage.post(&third, "rollback", None).await;
    assert_eq!(page(&back).await, "second");
    assert_eq!((&back["metadata"]["rollback_of"], &back["metadata"]["rollback_to"]), (&third["id"], &again["id"]));
    assert_eq!(back["metadata"]["artifact"], second["metadata"]["artifact"], "the same bits");
    assert_ne!(back["deployment_url"], second["deployment_url"]);
    // Sites of their own stay where they are.
    for (deployment, content) in [(&first, "first"), (&second, "second"), (&third, "third")] {
        assert_eq!(page(deployment).await, content);
    }
    let message = stage.refused(&third, json!({})).await;
    assert!(message.contains("no longer live") && message.contains("production"), "{message}");

    let further = stage.post(&back, "rollback", Some(json!({}))).await;
    assert_eq!(page(&further).await, "first");
    let message = stage.refused(&further, json!({})).await;
    assert!(message.contains("no release before this one"), "{message}");

    let forward = stage.post(&further, "rollback", Some(json!({ "to": third["id"] }))).await;
    assert_eq!(page(&forward).await, "third");
    // What was live before it is what is gone back to, and that was a rollback.
    let target = &stage.post(&forward, "rollback", None).await["metadata"]["rollback_to"];
    assert_eq!(target, &again["id"], "before the third came the second");
}

#[tokio::test]
async fn a_rollback_that_cannot_be_says_why() {
    let stage = Stage::set().await;
    let first = stage.ship("first", json!({})).await;
    let dry = stage.ship("dry", json!({ "dry_run": true })).await;
    let staging = stage.ship("staging", json!({ "environment": "staging" })).await;
    let body = json!({ "provider": "local", "name": "other", "config": {} });
    let other = stage.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await;
    let id = stage.control_plane.deploy(&stage.sandbox, &text(&other, "id"), json!({})).await;
    let elsewhere = stage.ended(&id).await;
    let live = stage.ship("live", json!({})).await;
    let failing = json!({ "build_command": "exit 1", "output_dir": "." });
    let id = stage.control_plane.deploy(&stage.sandbox, &stage.target, failing).await;
    let failed = stage.control_plane.wait_for(&id, &["failed"], BUILD).await;

    for (leaving, body, expected) in [
        (&dry, json!({}), "was a dry run and never went live"),
        (&failed, json!({}), "ended as failed and never went live"),
        (&first, json!({}), "no longer live"),
        (&live, json!({ "to": live["id"] }), "is the release that is live"),
        (&live, json!({ "to": dry["id"] }), "was a dry run"),
        (&live, json!({ "to": failed["id"] }), "never went live"),
        (&live, json!({ "to": staging["id"] }), "another environment"),
        (&live, json!({ "to": elsewhere["id"] }), "another target"),
    ] {
        let message = stage.refused(leaving, body).await;
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let path = format!("/api/deployments/{}/rollback", text(&live, "id"));
    let unknown = json!({ "to": "01890000-0000-7000-8000-000000000000" });
    stage.control_plane.refused(Method::POST, &path, Some(unknown), StatusCode::NOT_FOUND).await;
    stage
        .control_plane
        .refused(Method::POST, &path, Some(json!({ "back": 1 })), StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    // Somebody else's is not there, wherever it is named.
    let stranger = stage.control_plane.token_for("stranger", "admin");
    let response = stage.control_plane.send_as(&stranger, Method::POST, &path, None).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_rollback_that_is_sent_twice_is_one() {
    let stage = Stage::set().await;
    let first = stage.ship("first", json!({})).await;
    let second = stage.ship("second", json!({})).await;
    let path = format!("{}/api/deployments/{}/rollback", stage.control_plane.url, text(&second, "id"));
    let client = reqwest::Client::builder().build().expect("a client");
    let mut made = Vec::new();
    for _ in 0..2 {
        let request = client.post(&path).bearer_auth(TOKEN).header("idempotency-key", "back");
        let answer: Value = request.send().await.expect("answers").json().await.expect("is JSON");
        stage.ended(&text(&answer, "id")).await;
        made.push(text(&answer, "id"));
    }
    assert_eq!(made[0], made[1]);
    let back = stage.control_plane.deployment(&made[0]).await;
    assert_eq!(back["metadata"]["rollback_to"], first["id"]);
    // The log of who did what names both.
    let rows = stage.control_plane.call(Method::GET, "/api/audit?action=deployment.rollback", None).await;
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(2), "{rows:#}");
}

#[tokio::test]
async fn a_rebuild_builds_what_the_sandbox_holds_now() {
    let stage = Stage::set().await;
    let script = json!({ "build_command": "mkdir -p dist && cp index.html dist", "output_dir": "dist" });
    let first = stage.ship("first", script).await;
    stage.project.write("index.html", "second");

    let same = stage.post(&first, "redeploy", Some(json!({ "rebuild": false }))).await;
    assert_eq!(page(&same).await, "first");
    let rebuilt = stage.post(&first, "redeploy", Some(json!({ "rebuild": true }))).await;
    assert_eq!(page(&rebuilt).await, "second");
    assert_eq!(rebuilt["metadata"]["rebuild_of"], first["id"]);
    assert_eq!(rebuilt["metadata"]["plan"]["build_command"], first["metadata"]["plan"]["build_command"]);
    assert_ne!(rebuilt["metadata"]["artifact"]["root"], first["metadata"]["artifact"]["root"]);
}
