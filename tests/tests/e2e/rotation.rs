//! Identity over time: certificates that are renewed, end, are copied or revoked, while work goes on.
//!
//! Certificates live half a minute here, so that a test sees several of them.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;
use slipway_proto::PROTOCOL;
use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::artifacts_client::ArtifactsClient;
use slipway_proto::v1::{AgentMessage, Hello, ServerMessage, agent_message};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, get, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::{processes_with, signal_family};
use slipway_tests::rogue::{self, RogueKey};
use slipway_tests::{BUILD, SOON, eventually};
use tonic::transport::Channel;
use tonic::{Code, Streaming};

const SHORT: (&str, &str) = ("SLIPWAY_AGENTS__CERTIFICATE_LIFE_SECONDS", "30");
const LIFE: Duration = Duration::from_secs(30);
/// A revoked agent is gone by then.
const CUT: Duration = Duration::from_secs(2);

/// A build that prints a line each 20 ms.
fn printing(lines: u32) -> Project {
    Project::with_build_script(&format!(
        "const fs = require('fs');
         let lines = 0;
         const timer = setInterval(() => {{
             console.log('line ' + ++lines);
             if (lines < {lines}) return;
             clearInterval(timer);
             fs.mkdirSync('dist');
             fs.writeFileSync('dist/index.html', 'built');
         }}, 20);"
    ))
}

async fn assert_whole(control_plane: &ControlPlane, id: &str, lines: u32) {
    let log = control_plane.log(id).await;
    let found: Vec<_> = log.lines().filter(|line| line.starts_with("line ")).collect();
    let expected: Vec<_> = (1..=lines).map(|number| format!("line {number}")).collect();
    assert_eq!(found, expected, "each line once, in order");
}

async fn wait_for_line(control_plane: &ControlPlane, id: &str, line: &str) {
    eventually("the build to print", BUILD, || async { control_plane.log(id).await.contains(line).then_some(()) })
        .await;
}

fn sessions(control_plane: &ControlPlane) -> usize {
    control_plane.said().iter().filter(|line| line.contains("an agent connected")).count()
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

async fn actions(control_plane: &ControlPlane, sandbox: &str) -> Vec<String> {
    let rows = control_plane.call(Method::GET, &format!("/api/audit?subject={sandbox}"), None).await;
    rows["items"].as_array().expect("a list").iter().map(|row| text(row, "action")).collect()
}

#[tokio::test]
async fn a_build_prints_on_while_certificates_rotate() {
    let lines = 2_750;
    let project = printing(lines);
    let control_plane = ControlPlane::start_with(&[SHORT]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(get(&text(&deployment, "deployment_url")).await.2, "built");
    assert_whole(&control_plane, &id, lines).await;
    // The first one, and three rotations in the 55 seconds that it takes to print.
    assert!(sessions(&control_plane) >= 4, "{} sessions", sessions(&control_plane));
    assert_eq!(actions(&control_plane, &sandbox).await.iter().filter(|word| word.starts_with("agent.")).count(), 1);
}

#[tokio::test]
async fn a_sandbox_that_was_paused_beyond_its_certificate_goes_on() {
    let lines = 400;
    let project = printing(lines);
    let control_plane = ControlPlane::start_with(&[SHORT]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
    wait_for_line(&control_plane, &id, "line 10\n").await;

    signal_family(agent.pid(), Signal::SIGSTOP);
    tokio::time::sleep(LIFE + Duration::from_secs(3)).await;
    signal_family(agent.pid(), Signal::SIGCONT);
    control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_whole(&control_plane, &id, lines).await;
    control_plane.wait_online(&sandbox).await;
}

#[tokio::test]
async fn an_agent_that_dies_while_it_stores_its_next_certificate_is_no_copy() {
    if !is_root() {
        return; // otherwise nothing is stored
    }
    let project = Project::fixture("plain-html");
    for point in ["before identity.json is replaced#2", "after identity.json is replaced#2"] {
        let control_plane = ControlPlane::start_with(&[SHORT]).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let crash = [("CRASH_POINT", point)];
        let mut agent = Agent::start_with(&control_plane, &sandbox, project.path(), &crash).await;
        agent.wait_for_end(LIFE).await;
        agent.restart(&control_plane, project.path());
        eventually("it to come back", SOON, || async { (sessions(&control_plane) > 1).then_some(()) }).await;
        eventually("its next rotation", LIFE, || async { (sessions(&control_plane) > 2).then_some(()) }).await;
        control_plane.wait_online(&sandbox).await;
    }
}

#[tokio::test]
async fn where_expired_certificates_are_not_renewed_the_agent_ends() {
    let control_plane = ControlPlane::start_with(&[SHORT, ("SLIPWAY_AGENTS__EXPIRED_RENEWAL_HOURS", "0")]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let mut agent = Agent::start(&control_plane, &sandbox, Project::fixture("plain-html").path()).await;
    signal_family(agent.pid(), Signal::SIGSTOP);
    tokio::time::sleep(LIFE + Duration::from_secs(1)).await;
    signal_family(agent.pid(), Signal::SIGCONT);
    agent.wait_for_end(SOON).await;
}

#[tokio::test]
async fn a_copy_of_an_agent_puts_its_sandbox_in_quarantine() {
    if !is_root() {
        return; // otherwise there is nothing on disk to copy
    }
    let mark = format!("clone-mark-{}", std::process::id());
    let project = Project::that_runs_on(&mark);
    let control_plane = ControlPlane::start_with(&[SHORT]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let mut agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let mut copy = agent.copy(&control_plane, project.path());
    eventually("the copy to connect", SOON, || async { (sessions(&control_plane) > 1).then_some(()) }).await;
    let target = control_plane.local_target().await;
    let id = control_plane
        .deploy(&sandbox, &target, json!({ "build_command": format!("node build.js {mark}"), "output_dir": "dist" }))
        .await;
    wait_for_line(&control_plane, &id, "up ").await;

    let path = format!("/api/sandboxes/{sandbox}");
    eventually("the quarantine", 4 * LIFE, || async {
        (control_plane.call(Method::GET, &path, None).await["status"] == "quarantined").then_some(())
    })
    .await;
    let deployment = control_plane.wait_for(&id, &["failed"], SOON).await;
    assert!(text(&deployment, "error_message").contains("quarantine"), "{deployment}");
    agent.wait_for_end(SOON).await;
    copy.wait_for_end(SOON).await;
    assert!(processes_with(&mark).is_empty(), "the build has ended with its agent");
    assert!(actions(&control_plane, &sandbox).await.contains(&"agent.clone_detected".to_owned()));
    let refused = control_plane.send(Method::POST, &format!("{path}/enroll-token"), None).await;
    assert_eq!(refused.status(), 409);

    // One click, and a new token.
    control_plane.call(Method::PATCH, &path, Some(json!({ "status": "active" }))).await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    assert!(actions(&control_plane, &sandbox).await.contains(&"sandbox.update".to_owned()));
}

#[tokio::test]
async fn agents_that_push_each_other_out_are_noticed_before_any_rotation() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let (key, token) = (RogueKey::generate(), control_plane.enroll_token(&sandbox).await);
    let enrolled = rogue::enroll(&control_plane, &token, &key).await.expect("enrols");
    for boot_id in [1, 2, 1, 2, 1] {
        let channel = channel(&control_plane, &key, &enrolled).await;
        // The last one hears that it is over, with its stream or on it.
        let Ok(mut session) = open_session(&channel, boot_id).await else { break };
        let _ = session.message().await;
    }
    let path = format!("/api/sandboxes/{sandbox}");
    assert_eq!(control_plane.call(Method::GET, &path, None).await["status"], "quarantined");
}

#[tokio::test]
async fn every_stream_of_a_revoked_agent_ends_within_two_seconds() {
    let control_plane = ControlPlane::start().await;
    // Whoever revokes: the API, or another process that only writes to the database.
    for (name, command) in [("api", None), ("sandbox", Some(vec![])), ("certificate", Some(vec!["--certificates"]))] {
        let sandbox = control_plane.create_sandbox(name).await;
        let (key, token) = (RogueKey::generate(), control_plane.enroll_token(&sandbox).await);
        let enrolled = rogue::enroll(&control_plane, &token, &key).await.expect("enrols");
        let (control, bulk) =
            (channel(&control_plane, &key, &enrolled).await, channel(&control_plane, &key, &enrolled).await);
        let mut session = open_session(&control, 1).await.expect("opens");
        assert!(session.message().await.expect("reads").is_some(), "Welcome");
        let logs = AgentClient::new(control.clone()).logs(tokio_stream::pending()).await;
        let mut logs = logs.expect("opens").into_inner();
        let uploading = ArtifactsClient::new(bulk.clone());
        let upload = tokio::spawn(async move { uploading.clone().upload(tokio_stream::pending()).await });
        let is_open = tokio::time::timeout(Duration::from_secs(3), logs.message()).await;
        assert!(is_open.is_err() && !upload.is_finished(), "all three are open");

        match command {
            None => {
                let path = format!("/api/sandboxes/{sandbox}");
                control_plane.call(Method::PATCH, &path, Some(json!({ "status": "revoked" }))).await;
            }
            Some(more) => {
                let arguments = [vec!["sandbox", "revoke", &sandbox], more].concat();
                control_plane.command_line(&arguments, "").expect("revokes");
            }
        }
        let revoked_at = Instant::now();
        let all = async {
            let mut last = Ok(());
            while last.is_ok() {
                last = match session.message().await {
                    Ok(Some(_)) => Ok(()),
                    Ok(None) => break,
                    Err(status) => Err(status),
                };
            }
            let _ = logs.message().await.expect_err("the log stream was cut");
            upload.await.expect("runs").expect_err("the upload was cut");
            last.err()
        };
        let last = tokio::time::timeout(CUT, all).await.unwrap_or_else(|_| panic!("{name}: not all ended in time"));
        println!("{name}: all three streams ended after {:?}", revoked_at.elapsed());
        assert!(last.is_none_or(|status| status.message().starts_with("revoked")), "the session says why");

        // Later ones are told, too, instead of being hung up on.
        let again = open_session(&channel(&control_plane, &key, &enrolled).await, 1).await.expect_err("is revoked");
        assert_eq!((again.code(), again.message().starts_with("revoked")), (Code::PermissionDenied, true), "{again}");
    }
}

#[tokio::test]
async fn a_revoked_agent_stops_for_good_and_leaves_nothing() {
    let mark = format!("revoked-mark-{}", std::process::id());
    let project = Project::that_runs_on(&mark);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let mut agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane
        .deploy(&sandbox, &target, json!({ "build_command": format!("node build.js {mark}"), "output_dir": "dist" }))
        .await;
    wait_for_line(&control_plane, &id, "up ").await;
    control_plane.command_line(&["sandbox", "revoke", &sandbox], "").expect("revokes");
    agent.wait_for_end(SOON).await;
    assert!(processes_with(&mark).is_empty(), "no process of the build is left");
    assert!(!agent.state_dir().join("state/identity/identity.json").exists(), "the key is erased");
    let spool = std::fs::read_dir(agent.state_dir().join("state/spool"));
    assert_eq!(spool.map_or(0, Iterator::count), 0, "the spool is empty");
    let deployment = control_plane.wait_for(&id, &["failed"], SOON).await;
    assert!(text(&deployment, "error_message").contains("revoked"), "{deployment}");
}

#[tokio::test]
async fn a_connection_ends_with_its_certificate() {
    let control_plane = ControlPlane::start_with(&[SHORT]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let (key, token) = (RogueKey::generate(), control_plane.enroll_token(&sandbox).await);
    let enrolled = rogue::enroll(&control_plane, &token, &key).await.expect("enrols");
    let channel = channel(&control_plane, &key, &enrolled).await;
    let mut session = open_session(&channel, 1).await.expect("opens");
    assert!(session.message().await.expect("reads").is_some(), "Welcome");
    let mut logs = AgentClient::new(channel.clone()).logs(tokio_stream::pending()).await.expect("opens").into_inner();
    let end = tokio::time::timeout(LIFE + Duration::from_secs(2), logs.message()).await.expect("ends in time");
    end.expect_err("is cut in the middle");
    let again = self::channel(&control_plane, &key, &enrolled).await;
    let refused = open_session(&again, 1).await.expect_err("has expired");
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
}

#[tokio::test]
async fn clocks_that_differ_by_five_minutes_do_no_harm() {
    for offset in ["300", "-300"] {
        let project = Project::fixture("plain-html");
        let control_plane = ControlPlane::start_with(&[SHORT, ("CLOCK_OFFSET_SECONDS", offset)]).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let target = control_plane.local_target().await;
        let id = control_plane.deploy(&sandbox, &target, json!({})).await;
        control_plane.wait_for(&id, &["success"], BUILD).await;
        eventually("a rotation", LIFE, || async { (sessions(&control_plane) > 1).then_some(()) }).await;
        control_plane.wait_online(&sandbox).await;
    }
}

#[tokio::test]
async fn a_new_intermediate_authority_is_noticed_by_nobody() {
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start_with(&[SHORT]).await;
    let (first, second) = (control_plane.create_sandbox("first").await, control_plane.create_sandbox("second").await);
    let _agent = Agent::start(&control_plane, &first, project.path()).await;
    let token = control_plane.enroll_token(&second).await;
    control_plane.command_line(&["keys", "rotate-ca"], "").expect("rotates");
    eventually("the gateway to go over", SOON, || async {
        control_plane.said().iter().any(|line| line.contains("the gateway has a new certificate")).then_some(())
    })
    .await;
    let before = sessions(&control_plane);
    // A token from before, and a certificate of the former intermediate that is renewed.
    let _second = Agent::spawn(&slipway_tests::binaries::directory(), &control_plane, &token, project.path(), &[]);
    control_plane.wait_online(&second).await;
    eventually("the first to rotate", LIFE, || async { (sessions(&control_plane) >= before + 2).then_some(()) }).await;
    control_plane.wait_online(&first).await;
}

#[tokio::test]
async fn connections_that_show_nothing_are_bounded_and_keep_nobody_out_for_long() {
    let limit = ("SLIPWAY_AGENTS__UNAUTHENTICATED_CONNECTIONS_PER_ADDRESS", "8");
    let control_plane = ControlPlane::start_with(&[limit]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let (key, token) = (RogueKey::generate(), control_plane.enroll_token(&sandbox).await);
    let address = control_plane.agent_url.trim_start_matches("https://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(tokio::net::TcpStream::connect(&address).await.expect("connects"));
    }
    let mut closed = 0;
    for stream in &mut silent {
        let read = tokio::time::timeout(Duration::from_millis(100), tokio::io::AsyncReadExt::read_u8(stream)).await;
        closed += u32::from(read.is_ok());
    }
    assert!(closed >= 42, "{closed} of 50 were closed");
    // The handshake has five seconds.
    eventually("the others to be gone", SOON, || async { rogue::enroll(&control_plane, &token, &key).await.ok() })
        .await;
}

/// What 500 agents need to come back is measured, too: `500 agents in` in this test's output.
#[tokio::test]
async fn a_storm_of_agents_is_back_within_seconds_of_a_restart() {
    const AGENTS: u32 = 500;
    let unlimited = ["REQUESTS_PER_MINUTE_PER_USER", "REQUESTS_PER_MINUTE_PER_ADDRESS"]
        .map(|limit| (format!("SLIPWAY_LIMITS__{limit}"), "0".to_owned()));
    let unlimited: Vec<_> = unlimited.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let control_plane = ControlPlane::start_with(&unlimited).await;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        let sandbox = control_plane.create_sandbox(&format!("sandbox {number}")).await;
        let (key, token) = (RogueKey::generate(), control_plane.enroll_token(&sandbox).await);
        let enrolled = rogue::enroll(&control_plane, &token, &key).await.expect("enrols");
        agents.push((key, enrolled));
    }
    let control_plane = std::sync::Arc::new(control_plane.kill_and_restart().await);
    let start = Instant::now();
    let mut back = tokio::task::JoinSet::new();
    for (number, (key, enrolled)) in agents.into_iter().enumerate() {
        let control_plane = control_plane.clone();
        back.spawn(async move {
            loop {
                let chain = rogue::chain(&enrolled);
                if let Ok(channel) = rogue::session_channel(&control_plane, Some((&key, chain))).await
                    && let Ok(mut session) = open_session(&channel, 1).await
                    && session.message().await.is_ok_and(|welcome| welcome.is_some())
                {
                    return session;
                }
                let wait = 100 + u64::try_from(number).expect("few") % 150;
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
        });
    }
    let limit = Duration::from_secs(30);
    let sessions = tokio::time::timeout(limit, back.join_all()).await.expect("all are back in time");
    println!("{} agents in {:?}", sessions.len(), start.elapsed());
}

async fn channel(
    control_plane: &ControlPlane,
    key: &RogueKey,
    enrolled: &slipway_proto::v1::EnrollResponse,
) -> Channel {
    rogue::session_channel(control_plane, Some((key, rogue::chain(enrolled)))).await.expect("connects")
}

async fn open_session(channel: &Channel, boot_id: u8) -> Result<Streaming<ServerMessage>, tonic::Status> {
    use tokio_stream::StreamExt;
    let hello = Hello {
        protocol: Some(PROTOCOL),
        agent_version: "0.1.0".to_owned(),
        boot_id: vec![boot_id; 16],
        ..Hello::default()
    };
    let hello = AgentMessage { message: Some(agent_message::Message::Hello(hello)) };
    let messages = tokio_stream::iter([hello]).chain(tokio_stream::pending());
    AgentClient::new(channel.clone()).session(messages).await.map(tonic::Response::into_inner)
}
