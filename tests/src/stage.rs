//! A vendor, and a sandbox with a project that goes there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::control_plane::{ControlPlane, text};
use crate::fixtures::Project;
use crate::{BUILD, SOON, eventually};

/// One vendor, one target at it, one sandbox.
pub struct Stage<V> {
    /// The fake.
    pub vendor: V,
    /// What deploys.
    pub control_plane: ControlPlane,
    /// What is deployed.
    pub project: Project,
    /// Id of the sandbox with the project.
    pub sandbox: String,
    /// Id of the target.
    pub target: String,
    _agent: Agent,
}

impl<V> Stage<V> {
    /// Sets one. `settings` tell a control plane where the vendor is; the target is at `provider`, with an account that
    /// has this token.
    pub async fn set(
        vendor: V,
        settings: &[(&str, String)],
        (provider, token, config): (&str, &str, Value),
        project: Project,
    ) -> Self {
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let control_plane = ControlPlane::start_with(&settings).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let account = control_plane.add_credential(provider, "ada", token);
        let body = json!({ "provider": provider, "name": "shop", "credentials_id": account, "config": config });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        Self { vendor, control_plane, project, sandbox, target, _agent: agent }
    }

    /// Begins a deployment.
    pub async fn deploy(&self, more: Value) -> String {
        self.control_plane.deploy(&self.sandbox, &self.target, more).await
    }

    /// Waits for the end of a deployment, which must be this.
    pub async fn ends(&self, id: &str, status: &str) -> Value {
        let deployment = self.control_plane.wait_for(id, &["success", "failed", "cancelled"], BUILD).await;
        assert_eq!(deployment["status"], status, "{deployment}");
        deployment
    }

    /// A deployment to its good end.
    pub async fn succeeds(&self, more: Value) -> Value {
        let id = self.deploy(more).await;
        self.ends(&id, "success").await
    }

    /// A deployment to its bad end; answers why.
    pub async fn fails(&self) -> String {
        let id = self.deploy(json!({})).await;
        text(&self.ends(&id, "failed").await, "error_message")
    }

    /// Deploys twice and deletes both here and there: what everybody sees stays, the other one goes, and that is all.
    /// `has` counts what the vendor has.
    pub async fn deletes_there_only_what_nobody_sees(&self, has: impl Fn(&V) -> usize) {
        let first = text(&self.succeeds(json!({})).await, "id");
        self.project.write("index.html", "<h1>second</h1>");
        let second = text(&self.succeeds(json!({})).await, "id");
        let made = has(&self.vendor);
        let delete = async |id: &str, query: &str| {
            self.control_plane.send(Method::DELETE, &format!("/api/deployments/{id}{query}"), None).await
        };
        let refused = delete(&second, "?at_provider=true").await;
        assert_eq!(refused.status(), 422);
        assert!(refused.text().await.expect("a problem").contains("deploy or roll back to something else first"));
        assert_eq!(has(&self.vendor), made);
        assert_eq!(delete(&first, "?at_provider=true").await.status(), 204);
        assert_eq!(has(&self.vendor), made - 1);
        assert_eq!(delete(&second, "").await.status(), 204);
        assert_eq!(has(&self.vendor), made - 1, "only where it is wanted");
    }

    /// Waits until the vendor is asked for it.
    pub async fn is_publishing(&self, id: &str) {
        eventually("it to be published", SOON, || async {
            (self.control_plane.deployment(id).await["status"] == "deploying").then_some(())
        })
        .await;
    }
}
