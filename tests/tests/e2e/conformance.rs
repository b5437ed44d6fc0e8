//! The conformance suite: what every provider does, whatever its vendor does. A new provider is one line at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::canary::Canaries;
use slipway_tests::conformance::git_hosts::{GitHubHost, GitLabHost};
use slipway_tests::conformance::static_hosts::{CloudflarePagesHost, NetlifyHost, VercelHost};
use slipway_tests::conformance::{Contestant, Failure};
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::children_of;
use slipway_tests::{BUILD, SOON, eventually};

const TOKEN: &str = "conformanceCanary0123456789abcdefghijklmn";
const WRONG: &str = "conformanceWrong00123456789abcdefghijklmn";

/// A vendor, an account there that was connected with its token, a target, and a sandbox with one page.
struct Stage<C> {
    vendor: C,
    control_plane: ControlPlane,
    project: Project,
    agent: Agent,
    sandbox: String,
    account: String,
    target: String,
}

impl<C: Contestant> Stage<C> {
    async fn set() -> Self {
        let vendor = C::start(TOKEN).await;
        let settings = vendor.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let control_plane = ControlPlane::start_with(&settings).await;
        let project = Project::empty();
        project.write("index.html", "first");
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let path = format!("/api/deployments/auth/{}/token", C::PROVIDER);
        let body = json!({ "kind": "token", "token": TOKEN });
        let account = text(&control_plane.call(Method::POST, &path, Some(body)).await, "credentials_id");
        let body = json!({
            "provider": C::PROVIDER, "name": "shop", "credentials_id": account, "config": vendor.config()
        });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        Self { vendor, control_plane, project, agent, sandbox, account, target }
    }

    async fn deploy(&self) -> String {
        self.control_plane.deploy(&self.sandbox, &self.target, json!({})).await
    }

    async fn ends(&self, id: &str) -> Value {
        self.control_plane.wait_for(id, &["success", "failed", "cancelled"], BUILD).await
    }

    async fn succeeds(&self) -> Value {
        let deployment = self.ends(&self.deploy().await).await;
        assert_eq!(deployment["status"], "success", "{deployment}");
        deployment
    }
}

async fn a_token_is_validated<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    let path = format!("/api/deployments/auth/{}/status", C::PROVIDER);
    let status = stage.control_plane.call(Method::GET, &path, None).await;
    let accounts = status["accounts"].as_array().expect("a list");
    let ours = accounts.iter().find(|account| account["credentials_id"] == stage.account.as_str()).expect("is there");
    assert!(!text(ours, "account").is_empty(), "{status}");

    let test = format!("/api/deployments/targets/{}/test", stage.target);
    let test = stage.control_plane.call(Method::POST, &test, None).await;
    let allowed = test["permissions"].as_array().expect("a list").iter().filter(|found| found["allowed"] == true);
    assert!(allowed.count() > 0, "{test}");

    let path = format!("/api/deployments/auth/{}/token", C::PROVIDER);
    let body = json!({ "kind": "token", "token": WRONG });
    let (_, sentence) =
        stage.control_plane.refused(Method::POST, &path, Some(body), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(sentence.len() > 20 && !sentence.contains(WRONG), "{sentence}");
    stage.vendor.check();
}

async fn what_an_account_sees_is_listed<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    let path = format!("/api/providers/{}/projects?credentials_id={}", C::PROVIDER, stage.account);
    let projects = stage.control_plane.call(Method::GET, &path, None).await;
    assert!(!projects["items"].as_array().expect("a list").is_empty(), "{projects}");
    stage.vendor.check();
}

async fn a_deployment_is_one_release<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    let deployment = stage.succeeds().await;
    assert!(text(&deployment, "deployment_url").starts_with("http"), "{deployment}");
    let steps = deployment["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| step["name"] == "deploy" && step["state"] == "done"), "{deployment}");
    assert_eq!((stage.vendor.releases(), stage.vendor.live().as_deref()), (1, Some("first")));

    stage.project.write("index.html", "second");
    stage.succeeds().await;
    assert_eq!((stage.vendor.releases(), stage.vendor.live().as_deref()), (2, Some("second")));
    stage.vendor.check();
}

async fn a_rollback_brings_back_what_was_live<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    stage.succeeds().await;
    stage.project.write("index.html", "second");
    let second = stage.succeeds().await;
    let path = format!("/api/deployments/{}/rollback", text(&second, "id"));
    let id = text(&stage.control_plane.call(Method::POST, &path, None).await, "id");
    let rollback = stage.ends(&id).await;
    assert_eq!(rollback["status"], "success", "{rollback}");
    assert_eq!(stage.vendor.live().as_deref(), Some("first"));
    stage.vendor.check();
}

async fn a_token_that_was_revoked_ends_it_with_the_way_out<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    stage.vendor.revoke();
    let deployment = stage.ends(&stage.deploy().await).await;
    assert_eq!(deployment["status"], "failed");
    let message = text(&deployment, "error_message");
    assert!(["connect", "token", "account"].iter().any(|word| message.contains(word)), "{message}");
    assert!(!message.contains(TOKEN), "{message}");
    assert_eq!(stage.vendor.releases(), 0);
    stage.vendor.check();
}

async fn whatever_fails_there_is_one_release<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    let failures = [
        Failure::Busy(1),
        Failure::Error,
        Failure::BreakBefore,
        Failure::BreakAfter,
        Failure::Malformed,
        // Longer than an answer of an API is waited for.
        Failure::Slow(Duration::from_secs(12)),
    ];
    for (number, failure) in failures.into_iter().enumerate() {
        let page = format!("page {number}");
        stage.project.write("index.html", &page);
        stage.vendor.fail(failure);
        let deployment = stage.ends(&stage.deploy().await).await;
        assert_eq!(deployment["status"], "success", "{failure:?}: {deployment}");
        assert_eq!((stage.vendor.releases(), stage.vendor.live()), (number + 1, Some(page)), "{failure:?}");
    }
    stage.vendor.check();
}

async fn a_wait_is_announced<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    stage.vendor.fail(Failure::Busy(4));
    let id = stage.deploy().await;
    let message = eventually("a word about the wait", SOON, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        deployment["status_message"].as_str().filter(|message| message.contains("next at")).map(str::to_owned)
    })
    .await;
    assert!(message.contains(C::PROVIDER), "{message}");
    assert_eq!(stage.ends(&id).await["status"], "success");
    assert_eq!(stage.vendor.releases(), 1);
}

async fn killed_in_the_middle_it_is_one_release<C: Contestant>() {
    for failure in [Failure::Slow(Duration::from_secs(2)), Failure::BreakAfter, Failure::Error] {
        let mut stage = Stage::<C>::set().await;
        stage.vendor.fail(failure);
        let id = stage.deploy().await;
        eventually("it to be published", SOON, || async {
            (stage.control_plane.deployment(&id).await["status"] == "deploying").then_some(())
        })
        .await;
        // Time for the request to be under way.
        tokio::time::sleep(Duration::from_millis(300)).await;
        stage.control_plane = stage.control_plane.kill_and_restart().await;
        let deployment = stage.ends(&id).await;
        assert_eq!(deployment["status"], "success", "{failure:?}: {deployment}");
        assert_eq!((stage.vendor.releases(), stage.vendor.live().as_deref()), (1, Some("first")), "{failure:?}");
        stage.vendor.check();
    }
}

async fn what_is_cancelled_is_live_or_not_as_it_says<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    stage.vendor.fail(Failure::Slow(Duration::from_secs(2)));
    let id = stage.deploy().await;
    eventually("it to be published", SOON, || async {
        (stage.control_plane.deployment(&id).await["status"] == "deploying").then_some(())
    })
    .await;
    stage.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    let deployment = stage.ends(&id).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    match deployment["status"].as_str().expect("a status") {
        "cancelled" => assert_eq!(stage.vendor.live(), None, "{deployment}"),
        "success" => {
            assert_eq!(deployment["metadata"]["cancel_too_late"], true, "{deployment}");
            assert_eq!(stage.vendor.live().as_deref(), Some("first"));
        }
        other => panic!("{other}: {deployment}"),
    }
}

async fn its_token_is_nowhere<C: Contestant>() {
    let stage = Stage::<C>::set().await;
    let deployment = stage.succeeds().await;
    let canaries = Canaries::new(&[TOKEN.as_bytes()]);
    for process in std::iter::once(stage.agent.pid()).chain(children_of(stage.agent.pid())) {
        assert!(!canaries.are_in_process(process), "it is in the memory of the agent");
    }
    assert!(canaries.are_in_process(stage.control_plane.pid()), "or this would find nothing anywhere");
    for directory in [stage.agent.state_dir(), stage.project.path(), stage.control_plane.data_dir()] {
        assert_eq!(canaries.on_disk(directory), Vec::<String>::new());
    }
    let log = stage.control_plane.log(&text(&deployment, "id")).await;
    let said = stage.control_plane.said().join("\n");
    for shown in [log, said, deployment.to_string()] {
        assert!(!canaries.are_in(shown.as_bytes()), "{shown}");
    }
}

macro_rules! contestants {
    ($($name:ident: $vendor:ty),+ $(,)?) => {
        $(contestants!(@tests $name, $vendor,
            a_token_is_validated,
            what_an_account_sees_is_listed,
            a_deployment_is_one_release,
            a_rollback_brings_back_what_was_live,
            a_token_that_was_revoked_ends_it_with_the_way_out,
            whatever_fails_there_is_one_release,
            a_wait_is_announced,
            killed_in_the_middle_it_is_one_release,
            what_is_cancelled_is_live_or_not_as_it_says,
            its_token_is_nowhere,
        );)+

        const CONTESTANTS: &[&str] = &[$(<$vendor>::PROVIDER),+];
    };
    (@tests $name:ident, $vendor:ty, $($test:ident),+ $(,)?) => {
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test::<$vendor>().await;
                }
            )+
        }
    };
}

/// Those that have no vendor: `local` is served from here, `rehearsal` is how the orchestrator itself is tested.
const WITHOUT_A_VENDOR: [&str; 2] = ["local", "rehearsal"];

#[tokio::test]
async fn every_provider_takes_part() {
    let control_plane = ControlPlane::start().await;
    let listed = control_plane.call(Method::GET, "/api/providers", None).await;
    let listed = listed["items"].as_array().expect("a list").iter().map(|provider| text(provider, "id"));
    let with_a_vendor: BTreeSet<_> = listed.filter(|id| !WITHOUT_A_VENDOR.contains(&id.as_str())).collect();
    let contestants: BTreeSet<_> = CONTESTANTS.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(with_a_vendor, contestants);
}

contestants! {
    cloudflare_pages: CloudflarePagesHost,
    github: GitHubHost,
    gitlab: GitLabHost,
    netlify: NetlifyHost,
    vercel: VercelHost,
}
