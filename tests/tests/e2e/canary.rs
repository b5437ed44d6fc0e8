//! Invariant 1: no secret enters the sandbox. A canary in everything the control plane keeps to
//! itself must not be found in the agent's memory, environment or disk. And the other way: nothing of
//! what is secret is in a log, an answer of the API, or readable in the database.

use reqwest::Method;
use serde_json::json;
use slipway_tests::agent::Agent;
use slipway_tests::canary::{Canaries, contains, memory_of};
use slipway_tests::control_plane::{ControlPlane, TOKEN};
use slipway_tests::fixtures::Project;
use slipway_tests::{BUILD, SOON, eventually};

const CREDENTIAL: &str = "canary-of-a-credential/7d9f+42 x\"y";
const RUNTIME: &str = "postgres://user:canary-of-the-running-site@db/1";
/// Meant for the build, and for nobody else.
const BUILD_SECRET: &str = "canary-of-the-build-k3J9x<&>q";

/// What must stay in the control plane.
fn canaries(control_plane: &ControlPlane) -> Canaries {
    let key = std::fs::read_to_string(control_plane.data_dir().join("master.key")).expect("readable");
    let key = key.trim();
    let raw: Vec<u8> =
        (0..key.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).expect("hex")).collect();
    Canaries::new(&[TOKEN.as_bytes(), &raw, CREDENTIAL.as_bytes(), RUNTIME.as_bytes()])
}

#[tokio::test]
async fn no_secret_of_the_control_plane_is_in_the_sandbox() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("SKIPPED: looking into the agent's memory needs root, because the agent forbids it to others");
        assert!(std::env::var_os("CI").is_none(), "mandatory in CI");
        return;
    }
    // The build leaves its environment where it can be searched.
    let project = Project::with_build_script(
        "const fs = require('fs'); fs.mkdirSync('dist');
         fs.writeFileSync('dist/index.html', JSON.stringify(process.env)); console.log('sleeping'); setTimeout(() => {}, 3000);",
    );
    let control_plane = ControlPlane::start().await;
    control_plane.add_credential("github", "main", CREDENTIAL);
    let sandbox = control_plane.create_sandbox("sandbox").await;
    // Even what the agent itself was started with must not reach the build.
    let inherited = [("AGENT_ONLY_SECRET", "canary-of-the-agents-own-environment")];
    let agent = Agent::start_with(&control_plane, &sandbox, project.path(), &inherited).await;
    let target = control_plane.local_target().await;
    control_plane.set_variables(&target, json!([{ "name": "DB", "scope": "runtime", "value": RUNTIME }])).await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "env": { "PUBLIC_NAME": "meant-for-the-build" } })).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("sleeping").then_some(()) })
        .await;

    let canaries = canaries(&control_plane);
    let memory = memory_of(agent.pid()).expect("we may look into it");
    assert!(contains(&memory, b"meant-for-the-build"), "the search would find what is there");
    assert!(!canaries.are_in(&memory), "a secret is in the agent's memory");
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    let environment = slipway_tests::control_plane::get(deployment["deployment_url"].as_str().expect("live")).await.2;
    assert!(environment.contains("meant-for-the-build"), "{environment}");
    assert!(!environment.contains("canary-of-the-agents-own-environment"), "{environment}");
    assert!(!environment.contains("SLIPWAY"), "{environment}");
    assert!(!canaries.are_in(environment.as_bytes()), "{environment}");
    for place in [agent.state_dir(), project.path()] {
        assert_eq!(canaries.on_disk(place), Vec::<String>::new());
    }
}

#[tokio::test]
async fn no_secret_is_in_a_log_an_answer_or_the_database() {
    let project = Project::with_build_script(
        "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'x');
         const S = process.env.BUILD_SECRET; console.log(S, encodeURIComponent(S), JSON.stringify({ S }));
         console.log(Buffer.from(S).toString('base64'), Buffer.from('x' + S + 'y').toString('base64url'));
         console.log(Buffer.from(S).toString('hex')); console.error(S.split('').join('\\x1b[0m'));
         process.exit(process.env.FAIL ? 1 : 0);",
    );
    let control_plane = ControlPlane::start().await;
    control_plane.add_credential("github", "main", CREDENTIAL);
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let variables = json!([
        { "name": "BUILD_SECRET", "scope": "build", "value": BUILD_SECRET },
        { "name": "DB", "scope": "runtime", "value": RUNTIME },
    ]);
    control_plane.set_variables(&target, variables).await;
    let env_path = format!("/api/deployments/targets/{target}/env");
    let import = json!({ "text": format!("DB='{RUNTIME}'\nMORE={RUNTIME}"), "scope": "runtime" });
    let mut answers = vec![control_plane.call(Method::POST, &format!("{env_path}/import"), Some(import)).await];
    let good = control_plane.deploy(&sandbox, &target, json!({})).await;
    answers.push(control_plane.wait_for(&good, &["success"], BUILD).await);
    let bad = control_plane.deploy(&sandbox, &target, json!({ "env": { "FAIL": "yes" } })).await;
    answers.push(control_plane.wait_for(&bad, &["failed"], BUILD).await);

    let secrets = Canaries::new(&[CREDENTIAL.as_bytes(), RUNTIME.as_bytes(), BUILD_SECRET.as_bytes()]);
    for path in [
        "/api/deployments/targets",
        "/api/deployments",
        "/api/sandboxes",
        &format!("/api/deployments/targets/{target}"),
        &env_path,
        &format!("/api/sandboxes/{sandbox}/deployments"),
        "/api/openapi.json",
    ] {
        answers.push(control_plane.call(Method::GET, path, None).await);
    }
    for answer in &answers {
        assert!(!secrets.are_in(answer.to_string().as_bytes()), "{answer:#}");
    }
    for id in [&good, &bad] {
        let log = control_plane.log(id).await;
        assert!(log.contains("[masked:BUILD_SECRET]"), "{log}");
        assert!(!secrets.are_in(log.as_bytes()), "{log}");
        let events = control_plane.send(Method::GET, &format!("/api/deployments/{id}/logs"), None).await;
        assert!(!secrets.are_in(events.text().await.expect("is text").as_bytes()));
    }
    assert!(!secrets.are_in(control_plane.said().join("\n").as_bytes()));
    let database: Vec<Vec<u8>> = ["slipway.db", "slipway.db-wal"]
        .into_iter()
        .filter_map(|name| std::fs::read(control_plane.data_dir().join(name)).ok())
        .collect();
    assert!(database.iter().any(|file| contains(file, b"BUILD_SECRET")), "the search would find what is there");
    for file in &database {
        assert!(!secrets.are_in(file), "a secret can be read in the database");
    }
    // What the agent kept on disk of the log is masked as well.
    assert_eq!(secrets.on_disk(agent.state_dir()), Vec::<String>::new());
}
