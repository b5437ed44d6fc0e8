//! The agent when it dies: somebody starts it again, buries what it leaves, and what it had to say is said.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::{children_of, processes_with};
use slipway_tests::{SOON, eventually};

fn end(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), signal).expect("is running");
}

#[tokio::test]
async fn as_process_1_the_agent_is_started_again_and_orphans_are_buried() {
    let mark = format!("process-1-mark-{}", std::process::id());
    let project = Project::that_runs_on(&mark);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let agent = Agent::start_as_process_1(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let parent = children_of(agent.pid())[0];
    let worker = || children_of(parent).first().copied();
    let first = worker().expect("the agent runs under a parent");

    let request = json!({ "build_command": format!("node build.js {mark}"), "output_dir": "dist" });
    let id = control_plane.deploy(&sandbox, &target, request).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("up ").then_some(()) }).await;
    end(first, Signal::SIGKILL);
    eventually("another agent", SOON, || async { worker().filter(|&worker| worker != first) }).await;
    let deployment = control_plane.wait_for(&id, &["failed"], SOON).await;
    assert_eq!(deployment["metadata"]["failure_code"], "agent_crashed", "{deployment}");
    assert!(text(&deployment, "error_message").contains("Deploy again"));
    assert!(control_plane.log(&id).await.contains(&format!("up {mark}")), "what it printed is there");
    eventually("the build to be gone", SOON, || async { processes_with(&mark).is_empty().then_some(()) }).await;

    // Somebody else's process, whose parent is gone: it comes to process 1, which buries it.
    let orphan = Command::new("nsenter")
        .args(["--target", &parent.to_string(), "--pid", "--mount", "sh", "-c", "(sleep 0.2; exit 3) & exit 0"])
        .status();
    assert!(orphan.expect("nsenter runs").success());
    eventually("the orphan to be buried", SOON, || async { (children_of(parent).len() == 1).then_some(()) }).await;

    control_plane.deploy_one_page(&sandbox, &target).await;
    // On purpose it ends for good, and so does the parent.
    end(parent, Signal::SIGTERM);
    eventually("the end", SOON, || async { children_of(agent.pid()).is_empty().then_some(()) }).await;
}

#[tokio::test]
async fn what_was_built_while_the_control_plane_was_away_arrives_after_both_have_died() {
    let project = Project::with_build_script(
        "let lines = 0;
         const timer = setInterval(() => {
             console.log('line ' + ++lines);
             if (lines < 40) return;
             clearInterval(timer);
             process.exit(7);
         }, 25);",
    );
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let mut agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("line 3").then_some(()) })
        .await;
    let stopped = control_plane.stop();
    // The build ends, and nobody hears of it.
    let journal = agent.state_dir().join("state/spool").join(&id).join("journal");
    eventually("the end of the build", SOON, || async {
        let journal = std::fs::read(&journal).unwrap_or_default();
        journal.windows(16).any(|text| text.starts_with(b"failed with exit")).then_some(())
    })
    .await;
    agent.kill();
    let control_plane = stopped.start().await;
    agent.restart(&control_plane, project.path());
    let deployment = control_plane.wait_for(&id, &["failed"], Duration::from_secs(40)).await;
    assert_eq!(deployment["metadata"]["exit_code"], 7);
    let deployment = eventually("the finished log", SOON, || async {
        let deployment = control_plane.deployment(&id).await;
        deployment["log"]["complete"].as_bool().map(|_| deployment)
    })
    .await;
    assert_eq!(deployment["log"]["complete"], true);
    let log = control_plane.log(&id).await;
    let lines: Vec<_> = log.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(lines, (1..=40).map(|number| format!("line {number}")).collect::<Vec<_>>());
    eventually("nothing to be left of it", SOON, || async { (!journal.exists()).then_some(()) }).await;
}
