//! Killing either program: every deployment ends well, and nothing that was finished is lost.

use reqwest::Method;
use serde_json::json;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, get, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::processes_with;
use slipway_tests::{BUILD, SOON, eventually};

/// A build that prints sixty lines in three seconds.
fn waiting(mark: &str) -> Project {
    Project::with_build_script(&format!(
        "const fs = require('fs');
         console.log('waiting {mark}');
         let lines = 0;
         const timer = setInterval(() => {{
             console.log('line ' + ++lines);
             if (lines < 60) return;
             clearInterval(timer);
             fs.mkdirSync('dist');
             fs.writeFileSync('dist/index.html', 'built {mark}');
         }}, 50);"
    ))
}

#[tokio::test]
async fn finished_sites_and_history_survive_a_crash_of_the_control_plane() {
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let before = control_plane.wait_for(&id, &["success"], BUILD).await;
    let page = get(&text(&before, "deployment_url")).await;
    drop(agent);

    let control_plane = control_plane.kill_and_restart().await;
    let after = control_plane.deployment(&id).await;
    assert_eq!(after["status"], "success");
    assert_eq!(get(&text(&after, "deployment_url")).await, page);
    assert!(control_plane.log(&id).await.contains("Live at"));
    assert!(control_plane.terminate(), "ends in order");
}

#[tokio::test]
async fn an_agent_killed_during_a_build_fails_it_and_leaves_no_process() {
    let mark = format!("kill-mark-{}", std::process::id());
    let project = Project::that_runs_on(&mark);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let mut agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane
        .deploy(&sandbox, &target, json!({ "build_command": format!("node build.js {mark}"), "output_dir": "dist" }))
        .await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("up ").then_some(()) }).await;

    agent.kill();
    eventually("the build to be gone", SOON, || async { processes_with(&mark).is_empty().then_some(()) }).await;
    if nix::unistd::Uid::effective().is_root() {
        // As root the identity is kept: the agent needs no new token.
        agent.restart(&control_plane, project.path());
        let deployment = control_plane.wait_for(&id, &["failed"], BUILD).await;
        let message = text(&deployment, "error_message");
        assert!(message.contains("agent") && message.contains("Deploy again"), "{message}");
    }
}

#[tokio::test]
async fn a_build_outlives_a_crash_of_the_control_plane_and_its_log_is_whole() {
    let mark = "survivor";
    let project = waiting(mark);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("line 3").then_some(()) })
        .await;

    let control_plane = control_plane.kill_and_restart().await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(get(&text(&deployment, "deployment_url")).await.2, "built survivor");
    let log = control_plane.log(&id).await;
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with("line ")).collect();
    let expected: Vec<_> = (1..=60).map(|number| format!("line {number}")).collect();
    assert_eq!(lines, expected, "each line once, in order");
}

#[tokio::test]
async fn a_long_log_arrives_whole_and_proves_it() {
    let project = Project::with_build_script(
        "for (let n = 1; n <= 60000; n++) console.log('line ' + n + ' ' + 'x'.repeat(80));
         process.exitCode = 3;",
    );
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    control_plane.wait_for(&id, &["failed"], BUILD).await;
    let log = eventually("the finished log", SOON, || async {
        let log = control_plane.deployment(&id).await["log"].clone();
        log["complete"].is_boolean().then_some(log)
    })
    .await;
    assert_eq!((&log["complete"], &log["dropped_bytes"]), (&json!(true), &json!(0)), "{log}");
    let text = control_plane.log(&id).await;
    let numbers: Vec<u32> =
        text.lines().filter_map(|line| line.strip_prefix("line ")?.split(' ').next()?.parse().ok()).collect();
    let gap = numbers.iter().zip(1..).find(|(found, expected)| *found != expected);
    assert_eq!((numbers.len(), gap), (60_000, None), "{log}");
}

#[tokio::test]
async fn a_log_stream_resumes_where_it_broke_off() {
    let project = Project::fixture("custom-build");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    control_plane.wait_for(&id, &["success"], BUILD).await;

    let path = format!("{}/api/deployments/{id}/logs", control_plane.url);
    let stream = |last: Option<i64>| {
        let mut request = reqwest::Client::builder().build().expect("a client").get(&path);
        request = request.bearer_auth(slipway_tests::control_plane::TOKEN);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        async move { request.send().await.expect("answers").text().await.expect("ends by itself") }
    };
    let seqs = |events: &str| -> Vec<i64> {
        let data = events.lines().filter_map(|line| line.strip_prefix("data:"));
        data.filter_map(|data| serde_json::from_str::<serde_json::Value>(data.trim()).ok()?["seq"].as_i64()).collect()
    };
    let whole = stream(None).await;
    assert!(
        whole.contains("event: done") && whole.contains("event: step") && whole.contains("event: status"),
        "{whole}"
    );
    let all = seqs(&whole);
    assert_eq!(all, (1..=i64::try_from(all.len()).expect("few")).collect::<Vec<_>>());
    assert_eq!(seqs(&stream(Some(2)).await), all[2..]);
    let refused = control_plane.send(Method::GET, &format!("/api/deployments/{id}/logs?format=pdf"), None).await;
    assert_eq!(refused.status(), 422);
}
