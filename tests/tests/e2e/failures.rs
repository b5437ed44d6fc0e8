//! Bad input: each gives one clear sentence and loses nothing.

use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use std::os::unix::ffi::OsStrExt;

/// Deploys a project that cannot be deployed; answers the deployment and its log.
async fn fail(project: &Project, more: Value) -> (Value, String) {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, more).await;
    let deployment = control_plane.wait_for(&id, &["failed"], BUILD).await;
    assert_eq!(deployment["deployment_url"], Value::Null);
    let log = control_plane.log(&id).await;
    (deployment, log)
}

#[track_caller]
fn assert_says(deployment: &Value, code: &str, parts: &[&str]) {
    let message = text(deployment, "error_message");
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    assert_eq!(deployment["metadata"]["failure_code"], code, "{message}");
}

/// A project whose build writes `dist` with this script.
fn building(script: &str) -> Project {
    let prelude = "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'x');\n";
    Project::with_build_script(&format!("{prelude}{script}"))
}

#[tokio::test]
async fn an_empty_directory() {
    let (deployment, _) = fail(&Project::empty(), json!({})).await;
    assert_says(&deployment, "nothing_detected", &["empty"]);
}

#[tokio::test]
async fn nothing_that_can_be_deployed() {
    let project = Project::empty();
    project.write("notes.txt", "hello");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "nothing_detected", &["package.json", "index.html"]);
}

#[tokio::test]
async fn a_package_json_that_is_broken() {
    let project = Project::empty();
    project.write("package.json", "{ \"name\": }");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "workspace_unreadable", &["package.json", "line 1"]);
}

#[tokio::test]
async fn a_build_tool_that_is_not_installed() {
    let project = Project::fixture("plain-html");
    let (deployment, _) = fail(&project, json!({ "build_command": "frobnicate --all" })).await;
    assert_says(&deployment, "tool_missing", &["`frobnicate`", "not installed"]);
}

#[tokio::test]
async fn a_build_that_fails_shows_its_exit_code_and_last_words() {
    let (deployment, log) = fail(&Project::fixture("failing-build"), json!({})).await;
    assert_says(&deployment, "build_failed", &["`npm run build`", "exit code 2"]);
    assert_eq!(deployment["metadata"]["exit_code"], 2);
    assert!(log.contains("error TS2322"), "{log}");
    let steps = deployment["steps"].as_array().expect("a list");
    assert_eq!(steps[2]["state"], "failed");
    assert_eq!(steps[5]["state"], "skipped");
}

#[tokio::test]
async fn an_output_directory_that_does_not_exist() {
    let (deployment, _) = fail(&building(""), json!({ "output_dir": "site" })).await;
    assert_says(&deployment, "output_missing", &["`site`", "does not exist", "dist"]);
}

#[tokio::test]
async fn an_output_directory_that_is_empty() {
    let project = Project::with_build_script("require('fs').mkdirSync('dist')");
    let (deployment, _) = fail(&project, json!({ "output_dir": "dist" })).await;
    assert_says(&deployment, "output_missing", &["`dist`", "empty"]);
}

#[tokio::test]
async fn a_symlink_that_leaves_the_output() {
    let project = building("fs.symlinkSync('/etc/passwd', 'dist/secrets')");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "output_refused", &["secrets", "/etc/passwd"]);
}

#[tokio::test]
async fn a_pipe_in_the_output() {
    let project = building("require('child_process').execSync('mkfifo dist/pipe')");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "output_refused", &["pipe"]);
}

#[tokio::test]
async fn a_name_that_is_not_utf_8() {
    let project = Project::fixture("plain-html");
    std::fs::write(project.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x").expect("writes");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "output_refused", &["caf", "UTF-8"]);
}

#[tokio::test]
async fn names_that_differ_only_in_case() {
    let project = Project::fixture("plain-html");
    project.write("Index.html", "x");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "output_refused", &["Index.html", "index.html"]);
}

#[tokio::test]
async fn a_file_of_five_gigabytes() {
    let project = Project::fixture("plain-html");
    let file = std::fs::File::create(project.path().join("film.mp4")).expect("creates");
    file.set_len(5 * 1024 * 1024 * 1024).expect("a sparse file");
    let (deployment, _) = fail(&project, json!({})).await;
    assert_says(&deployment, "output_refused", &["film.mp4", "5368709120"]);
}

#[tokio::test]
async fn a_variable_that_would_take_over_the_build() {
    let project = Project::fixture("custom-build");
    let (deployment, _) = fail(&project, json!({ "env": { "LD_PRELOAD": "/tmp/x.so" } })).await;
    assert!(text(&deployment, "error_message").contains("LD_PRELOAD"), "{deployment:#}");
}

#[tokio::test]
async fn a_disk_that_is_full_at_the_control_plane() {
    let Some(disk) = slipway_tests::small_disk::SmallDisk::mount() else { return };
    let project = Project::fixture("plain-html");
    let noise: Vec<u8> = (0..24_000_000_u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    std::fs::write(project.path().join("film.mp4"), noise).expect("writes");
    let control_plane = ControlPlane::start_with_blobs_in(disk.path()).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let deployment = control_plane.wait_for(&id, &["failed"], BUILD).await;
    assert!(text(&deployment, "error_message").contains("disk is full"), "{deployment:#}");

    // Nothing is lost: with a smaller project the same control plane goes on.
    std::fs::remove_file(project.path().join("film.mp4")).expect("removes");
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    control_plane.wait_for(&id, &["success"], BUILD).await;
}
