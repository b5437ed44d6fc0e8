//! Cancelling: nothing is published and no process is left.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::processes_with;
use slipway_tests::{SOON, eventually};

/// A build that hides a process from its group: a new session, a new parent, deaf to SIGTERM.
fn stubborn(mark: &str) -> Project {
    Project::with_build_script(&format!(
        "const {{ spawn }} = require('child_process');
         spawn('sh', ['-c', \"setsid sh -c 'trap \\\"\\\" TERM; while :; do sleep 1; : {mark}; done' & exit\"]);
         console.log('building {mark}');
         setInterval(() => {{}}, 1000);"
    ))
}

#[tokio::test]
async fn a_build_that_is_cancelled_leaves_no_process() {
    let mark = format!("cancel-mark-{}", std::process::id());
    let project = stubborn(&mark);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("building").then_some(()) })
        .await;
    eventually("the hidden process", SOON, || async { (!processes_with(&mark).is_empty()).then_some(()) }).await;

    control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    let deployment = control_plane.wait_for(&id, &["cancelled"], Duration::from_secs(30)).await;
    assert_eq!(deployment["deployment_url"], Value::Null);
    assert_eq!(deployment["metadata"]["surviving_processes"], 0);
    let left: Vec<_> = processes_with(&mark)
        .into_iter()
        .filter(|command| command.contains("sleep") || command.contains("trap"))
        .collect();
    assert_eq!(left, Vec::<String>::new());

    // The sandbox is free for the next one.
    let id = control_plane.deploy_one_page(&sandbox, &target).await;
    let (code, detail) =
        control_plane.refused(Method::POST, &format!("/api/deployments/{id}/cancel"), None, StatusCode::CONFLICT).await;
    assert_eq!(code, "conflict");
    assert!(detail.contains("ended"), "{detail}");
}

#[tokio::test]
async fn a_deployment_that_waits_is_cancelled_at_once() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let answer = control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    assert_eq!(text(&answer, "status"), "cancelled");
}
