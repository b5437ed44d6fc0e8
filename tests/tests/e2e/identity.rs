//! Who may speak: tokens, certificates, and whose jobs they reach.

use reqwest::Method;
use serde_json::json;
use slipway_proto::PROTOCOL;
use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::artifacts_client::ArtifactsClient;
use slipway_proto::v1::{
    AgentMessage, Hello, JobAccepted, JobEvent, LogBatch, ManifestPart, agent_message, job_event, server_message,
};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::ControlPlane;
use slipway_tests::fixtures::Project;
use slipway_tests::rogue::{self, RogueKey};
use slipway_tests::{SOON, eventually};
use tokio_stream::StreamExt;
use tonic::Code;

fn hello() -> AgentMessage {
    let hello = Hello { protocol: Some(PROTOCOL), agent_version: "0.1.0".to_owned(), ..Hello::default() };
    AgentMessage { message: Some(agent_message::Message::Hello(hello)) }
}

#[tokio::test]
async fn a_token_answers_its_key_again_and_no_other() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let token = control_plane.enroll_token(&sandbox).await;
    let (owner, thief) = (RogueKey::generate(), RogueKey::generate());
    let first = rogue::enroll(&control_plane, &token, &owner).await.expect("a fresh token");
    let again = rogue::enroll(&control_plane, &token, &owner).await.expect("the same key may ask again");
    assert_eq!(rogue::chain(&first), rogue::chain(&again));

    let refused = rogue::enroll(&control_plane, &token, &thief).await.expect_err("another key");
    assert_eq!(refused.code(), Code::PermissionDenied);
    // What the token had given is worth nothing any more either.
    let channel = rogue::session_channel(&control_plane, Some((&owner, rogue::chain(&first)))).await;
    if let Ok(channel) = channel {
        AgentClient::new(channel).session(tokio_stream::iter([hello()])).await.expect_err("revoked");
    }
}

#[tokio::test]
async fn tokens_that_are_unknown_or_damaged_are_refused() {
    let control_plane = ControlPlane::start().await;
    let other = ControlPlane::start().await;
    let sandbox = other.create_sandbox("sandbox").await;
    let foreign = other.enroll_token(&sandbox).await;
    let key = RogueKey::generate();
    assert_eq!(
        rogue::enroll(&control_plane, &foreign, &key).await.expect_err("foreign").code(),
        Code::PermissionDenied
    );
    assert_eq!(
        rogue::enroll(&control_plane, "slip_et1_x", &key).await.expect_err("damaged").code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn a_token_has_an_end() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    // Made by a clock that is eleven minutes behind.
    let made = control_plane
        .command(&["sandbox", "enroll-token", &sandbox])
        .env("CLOCK_OFFSET_SECONDS", "-660")
        .output()
        .expect("slipway starts");
    let token = String::from_utf8(made.stdout).expect("UTF-8");
    let late = rogue::enroll(&control_plane, &token, &RogueKey::generate()).await.expect_err("is too late");
    assert_eq!(late.code(), Code::PermissionDenied);
    assert!(late.message().contains("expired") && late.message().contains("create a new one"), "{late}");
}

#[tokio::test]
async fn after_a_token_was_used_with_two_keys_neither_gets_anything() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let token = control_plane.enroll_token(&sandbox).await;
    let (owner, thief) = (RogueKey::generate(), RogueKey::generate());
    rogue::enroll(&control_plane, &token, &owner).await.expect("a fresh token");
    for key in [&thief, &owner, &thief] {
        let refused = rogue::enroll(&control_plane, &token, key).await.expect_err("is refused");
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    }
    // The sandbox itself is not harmed.
    let token = control_plane.enroll_token(&sandbox).await;
    rogue::enroll(&control_plane, &token, &owner).await.expect("a new token works");
}

#[tokio::test]
async fn no_certificate_and_foreign_certificates_are_refused() {
    let control_plane = ControlPlane::start().await;
    let other = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let key = RogueKey::generate();
    let token = other.enroll_token(&other.create_sandbox("sandbox").await).await;
    let foreign = rogue::enroll(&other, &token, &key).await.expect("enrols there");
    let forged = key.self_signed(&format!("spiffe://slipway.internal/sandbox/{sandbox}"));

    for identity in [None, Some((&key, rogue::chain(&foreign))), Some((&key, forged))] {
        // TLS 1.3 clients learn of the refusal with their first read.
        if let Ok(channel) = rogue::session_channel(&control_plane, identity).await {
            AgentClient::new(channel).session(tokio_stream::iter([hello()])).await.expect_err("not one of ours");
        }
    }
}

#[tokio::test]
async fn a_sandbox_reaches_only_its_own_jobs() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let victim = control_plane.create_sandbox("victim").await;
    let job_id = control_plane.deploy(&victim, &target, json!({})).await;
    let rogue_sandbox = control_plane.create_sandbox("rogue").await;
    let key = RogueKey::generate();
    let token = control_plane.enroll_token(&rogue_sandbox).await;
    let enrolled = rogue::enroll(&control_plane, &token, &key).await.expect("enrols");
    let channel =
        rogue::session_channel(&control_plane, Some((&key, rogue::chain(&enrolled)))).await.expect("connects");

    // An event for the victim's job is answered with "drop it" and changes nothing.
    let kind = Some(job_event::Kind::Accepted(JobAccepted {}));
    let event = JobEvent { job_id: job_id.clone(), seq: 1, at_unix_ms: 0, kind };
    let event = AgentMessage { message: Some(agent_message::Message::Event(event)) };
    let messages = tokio_stream::iter([hello(), event]).chain(tokio_stream::pending());
    let mut session = AgentClient::new(channel.clone()).session(messages).await.expect("opens").into_inner();
    let welcome = session.message().await.expect("reads").expect("is there").message;
    assert!(matches!(welcome, Some(server_message::Message::Welcome(_))), "{welcome:?}");
    let answer = session.message().await.expect("reads").expect("is there").message;
    assert!(matches!(answer, Some(server_message::Message::Drop(_))), "{answer:?}");

    // So is its log, and an artifact for it.
    let batch = LogBatch { job_id: job_id.clone(), ..LogBatch::default() };
    let mut replies =
        AgentClient::new(channel.clone()).logs(tokio_stream::iter([batch])).await.expect("opens").into_inner();
    assert_eq!(replies.message().await.expect_err("is refused").code(), Code::PermissionDenied);
    let part = ManifestPart { job_id: job_id.clone(), ..ManifestPart::default() };
    let offered = ArtifactsClient::new(channel).offer(tokio_stream::iter([part])).await;
    assert_eq!(offered.expect_err("is refused").code(), Code::PermissionDenied);
    assert_eq!(control_plane.deployment(&job_id).await["status"], "pending");
}

#[tokio::test]
async fn a_revoked_sandbox_is_cut_off() {
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let path = format!("/api/sandboxes/{sandbox}");
    control_plane.call(Method::PATCH, &path, Some(json!({ "status": "revoked" }))).await;
    eventually("the agent to be cut off", SOON, || async {
        let health = control_plane.send(Method::GET, &format!("{path}/detect"), None).await;
        (health.status() == 503).then_some(())
    })
    .await;
    assert_eq!(control_plane.call(Method::GET, &path, None).await["status"], "revoked");
}
