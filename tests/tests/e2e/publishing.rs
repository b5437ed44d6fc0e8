//! Providers that are slow, busy, silent or gone: one deployment stays one release.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::rehearsal::{Behaviour, Rehearsal};
use slipway_tests::{BUILD, SOON, eventually};

struct Stage {
    vendor: Rehearsal,
    control_plane: ControlPlane,
    _agent: Agent,
    _project: Project,
    sandbox: String,
    target: String,
}

impl Stage {
    async fn set() -> Self {
        let vendor = Rehearsal::start().await;
        let control_plane = ControlPlane::start_with(&[("REHEARSAL_URL", &vendor.url)]).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let project = Project::fixture("plain-html");
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let body = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        Self { vendor, control_plane, _agent: agent, _project: project, sandbox, target }
    }

    async fn deploy(&self) -> String {
        self.control_plane.deploy(&self.sandbox, &self.target, json!({})).await
    }

    async fn cancel(&self, id: &str) {
        self.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    }

    /// Waits until the vendor has got a request to make a release.
    async fn asked(&self) {
        eventually("the vendor to be asked", SOON, || async { (self.vendor.requests() > 0).then_some(()) }).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_and_nothing_is_made_twice() {
    for (lost, requests) in
        [(Behaviour::MakeAndBreak, 1), (Behaviour::MakeAndFail, 1), (Behaviour::Break, 2), (Behaviour::Fail, 2)]
    {
        let stage = Stage::set().await;
        stage.vendor.behave([lost]);
        let id = stage.deploy().await;
        let deployment = stage.control_plane.wait_for(&id, &["success"], BUILD).await;
        assert!(text(&deployment, "deployment_url").contains(&id));
        assert_eq!(stage.vendor.made().len(), 1, "{lost:?}");
        assert_eq!(stage.vendor.requests(), requests, "{lost:?}: repeated only when nothing was made");
    }
}

#[tokio::test]
async fn a_busy_provider_is_waited_for_and_people_see_until_when() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Busy(3)]);
    let id = stage.deploy().await;
    let waiting = eventually("a word about the wait", SOON, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        deployment["status_message"].as_str().filter(|message| message.contains("asks us to wait")).map(str::to_owned)
    })
    .await;
    assert!(waiting.contains("next at 20"), "{waiting}");
    stage.control_plane.wait_for(&id, &["success"], SOON).await;
    assert_eq!((stage.vendor.made().len(), stage.vendor.requests()), (1, 2));
}

#[tokio::test]
async fn a_refusal_ends_it_and_a_provider_that_never_takes_it_ends_it_too() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Refuse]);
    let id = stage.deploy().await;
    let deployment = stage.control_plane.wait_for(&id, &["failed"], BUILD).await;
    assert!(text(&deployment, "error_message").contains("refused"), "{deployment}");
    assert_eq!((stage.vendor.made().len(), stage.vendor.requests()), (0, 1));
}

#[tokio::test]
async fn what_is_being_published_is_held_back_or_said_to_be_too_late() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Hold(Duration::from_secs(60))]);
    let id = stage.deploy().await;
    stage.asked().await;
    stage.cancel(&id).await;
    let deployment = stage.control_plane.wait_for(&id, &["cancelled"], SOON).await;
    assert_eq!(deployment["deployment_url"], Value::Null);
    assert_eq!(stage.vendor.made().into_values().map(|made| made.state).collect::<Vec<_>>(), ["cancelled"]);

    // Made while nobody knew: the answer is lost, somebody cancels, the provider says that it is live.
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Hold(Duration::from_secs(4))]);
    let id = stage.deploy().await;
    stage.asked().await;
    stage.vendor.release_all();
    stage.cancel(&id).await;
    let deployment = stage.control_plane.wait_for(&id, &["success"], SOON).await;
    assert_eq!(deployment["metadata"]["cancel_too_late"], true);
    assert!(text(&deployment, "status_message").contains("too late"), "{deployment}");
    assert!(stage.vendor.cancels() >= 1);
    assert_eq!(stage.vendor.made().len(), 1);
}

#[tokio::test]
async fn a_crash_while_the_provider_works_ends_in_its_one_release() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Hold(Duration::from_secs(60))]);
    let id = stage.deploy().await;
    stage.asked().await;
    let control_plane = stage.control_plane.kill_and_restart().await;
    let message = eventually("it to be asked for", SOON, || async {
        control_plane.deployment(&id).await["status_message"].as_str().map(str::to_owned)
    })
    .await;
    assert!(message.contains("making it live"), "{message}");
    stage.vendor.release_all();
    control_plane.wait_for(&id, &["success"], SOON).await;
    assert_eq!((stage.vendor.made().len(), stage.vendor.requests()), (1, 1));
}

#[tokio::test]
async fn a_release_that_waits_for_a_person_says_so_survives_a_crash_and_goes_on() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::AskSomebody]);
    let id = stage.deploy().await;
    let deployment = eventually("a word about whom it waits for", SOON, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        (!deployment["waiting_on"].is_null()).then_some(deployment)
    })
    .await;
    assert_eq!(deployment["status"], "deploying");
    let whom = &deployment["waiting_on"];
    assert!(text(whom, "text").contains("approve"), "{deployment}");
    assert!(text(whom, "url").starts_with("https://vendor.example.test/approve/"), "{deployment}");

    let control_plane = stage.control_plane.kill_and_restart().await;
    let again = control_plane.deployment(&id).await;
    assert_eq!((&again["status"], &again["waiting_on"]), (&deployment["status"], whom));
    let log = control_plane.log(&id).await;
    assert_eq!(log.matches("rehearsal waits: ").count(), 1, "{log}");

    stage.vendor.release_all();
    let done = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(done["waiting_on"], Value::Null);
    let log = control_plane.log(&id).await;
    assert_eq!(log.matches("rehearsal: unpacking\nrehearsal: starting\n").count(), 1, "the provider's own: {log}");
    assert_eq!((stage.vendor.made().len(), stage.vendor.requests()), (1, 1));
}

#[tokio::test]
async fn what_waits_for_a_person_is_cancelled_at_once() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::AskSomebody]);
    let id = stage.deploy().await;
    eventually("it to wait", SOON, || async {
        (!stage.control_plane.deployment(&id).await["waiting_on"].is_null()).then_some(())
    })
    .await;
    stage.cancel(&id).await;
    // Sooner than it would have been asked for again.
    let deployment = stage.control_plane.wait_for(&id, &["cancelled"], Duration::from_secs(5)).await;
    assert_eq!(deployment["waiting_on"], Value::Null);
    assert_eq!(stage.vendor.cancels(), 1);
}

#[tokio::test]
async fn what_fails_at_the_provider_fails_with_the_providers_own_words() {
    let stage = Stage::set().await;
    stage.vendor.behave([Behaviour::Spoil]);
    let id = stage.deploy().await;
    let deployment = stage.control_plane.wait_for(&id, &["failed"], BUILD).await;
    assert!(text(&deployment, "error_message").contains("could not make it live"), "{deployment}");
    let log = stage.control_plane.log(&id).await;
    assert_eq!(log.matches("rehearsal: unpacking\nrehearsal: starting\n").count(), 1, "{log}");
    assert_eq!(stage.vendor.requests(), 1, "it is not tried again");
}
