//! Invariant 1: no secret enters the sandbox. A canary in everything the control plane keeps to
//! itself must not be found in the agent's memory, environment or disk.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde_json::json;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, TOKEN};
use slipway_tests::fixtures::Project;
use slipway_tests::{BUILD, SOON, eventually};

/// What must stay in the control plane: the API token and the master key.
fn canaries(control_plane: &ControlPlane) -> Vec<Vec<u8>> {
    let key = std::fs::read_to_string(control_plane.data_dir().join("master.key")).expect("readable");
    let key = key.trim().to_owned();
    let raw: Vec<u8> =
        (0..key.len()).step_by(2).map(|at| u8::from_str_radix(&key[at..at + 2], 16).expect("hex")).collect();
    vec![TOKEN.as_bytes().to_vec(), key.into_bytes(), raw]
}

fn find(haystack: &[u8], canaries: &[Vec<u8>]) -> bool {
    canaries.iter().any(|canary| haystack.windows(canary.len()).any(|window| window == canary.as_slice()))
}

fn memory_of(pid: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("we may look into it");
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem")).expect("we may look into it");
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let (start, end) = (u64::from_str_radix(start, 16).expect("hex"), u64::from_str_radix(end, 16).expect("hex"));
        let mut part = vec![0; usize::try_from(end - start).expect("fits")];
        if memory.seek(SeekFrom::Start(start)).is_ok() && memory.read_exact(&mut part).is_ok() {
            all.extend(part);
        }
    }
    all
}

fn search_disk(dir: &Path, canaries: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("readable").flatten() {
        let kind = entry.file_type().expect("has a type");
        if kind.is_dir() {
            found.extend(search_disk(&entry.path(), canaries));
        } else if kind.is_file() && find(&std::fs::read(entry.path()).unwrap_or_default(), canaries) {
            found.push(entry.path().display().to_string());
        }
    }
    found
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
    let sandbox = control_plane.create_sandbox("sandbox").await;
    // Even what the agent itself was started with must not reach the build.
    let inherited = [("AGENT_ONLY_SECRET", "canary-of-the-agents-own-environment")];
    let agent = Agent::start_with(&control_plane, &sandbox, project.path(), &inherited).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "env": { "PUBLIC_NAME": "meant-for-the-build" } })).await;
    eventually("the build to run", SOON, || async { control_plane.log(&id).await.contains("sleeping").then_some(()) })
        .await;

    let canaries = canaries(&control_plane);
    let memory = memory_of(agent.pid());
    assert!(find(&memory, &[b"meant-for-the-build".to_vec()]), "the search would find what is there");
    assert!(!find(&memory, &canaries), "a secret is in the agent's memory");
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    let environment = slipway_tests::control_plane::get(deployment["deployment_url"].as_str().expect("live")).await.2;
    assert!(environment.contains("meant-for-the-build"), "{environment}");
    assert!(!environment.contains("canary-of-the-agents-own-environment"), "{environment}");
    assert!(!environment.contains("SLIPWAY"), "{environment}");
    for place in [agent.state_dir(), project.path()] {
        assert_eq!(search_disk(place, &canaries), Vec::<String>::new());
    }
}
