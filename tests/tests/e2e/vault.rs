//! Secrets at rest: keys that are lost, wrong or replaced, and a rotation that is killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::binaries::binary;
use slipway_tests::control_plane::{ControlPlane, SUITE_LABEL, text};

const KEY: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
const OTHER_KEY: &str = "0ddba110ddba110ddba110ddba110ddba110ddba110ddba110ddba110ddba110";

/// Starts `slipway serve`, which must refuse to; answers what it says.
fn refuses_to_start(data_dir: &Path, environment: &[(&str, &str)]) -> String {
    let output = Command::new(binary("slipway"))
        .args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .envs(environment.iter().copied())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("slipway starts");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).expect("is text")
}

/// What the keys are and how much each seals, as `slipway keys list` says it with the right master key.
fn contents(data_dir: &Path) -> String {
    let list = Command::new(binary("slipway")).args(["keys", "list", "--data-dir"]).arg(data_dir).output();
    let list = list.expect("slipway starts");
    assert!(list.status.success(), "with the right key all is well");
    String::from_utf8(list.stdout).expect("is text")
}

/// A data directory that was used, with this key in the environment or with a key file.
fn used_data_dir(environment: &[(&str, &str)]) -> tempfile::TempDir {
    let data_dir = tempfile::TempDir::with_prefix("slipway-data-").expect("a temporary directory");
    let status = Command::new(binary("slipway"))
        .args(["sandbox", "create", "shop", "--data-dir"])
        .arg(data_dir.path())
        .envs(environment.iter().copied())
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("slipway starts").success());
    data_dir
}

#[test]
fn a_lost_or_wrong_master_key_is_said_plainly_and_changes_nothing() {
    let data_dir = used_data_dir(&[]);
    let (key_file, before) = (data_dir.path().join("master.key"), contents(data_dir.path()));

    let hidden = data_dir.path().join("elsewhere");
    std::fs::rename(&key_file, &hidden).expect("renames");
    let said = refuses_to_start(data_dir.path(), &[]);
    assert!(said.contains("is missing") && said.contains("restore the key file"), "{said}");
    assert!(!key_file.exists(), "a lost key is not replaced");

    for (name, value) in [("SLIPWAY_MASTER_KEY", KEY), ("SLIPWAY_MASTER_KEY_COMMAND", &format!("echo {OTHER_KEY}"))] {
        let said = refuses_to_start(data_dir.path(), &[(name, value)]);
        assert!(said.contains("does not belong to this database") && said.contains("nothing was changed"), "{said}");
        assert!(!said.contains(KEY) && !said.contains(OTHER_KEY), "{said}");
    }
    std::fs::rename(&hidden, &key_file).expect("renames");
    assert_eq!(contents(data_dir.path()), before, "nothing was changed");
}

#[test]
fn the_master_key_may_come_from_the_environment_or_a_command() {
    let data_dir = used_data_dir(&[("SLIPWAY_MASTER_KEY", KEY)]);
    assert!(!data_dir.path().join("master.key").exists(), "no key file is made when there is a key");
    let command = format!("echo {KEY}");
    let list = Command::new(binary("slipway"))
        .args(["keys", "list", "--data-dir"])
        .arg(data_dir.path())
        .env("SLIPWAY_MASTER_KEY_COMMAND", &command)
        .output()
        .expect("slipway starts");
    let said = String::from_utf8(list.stdout).expect("is text");
    assert!(list.status.success() && said.contains("current"), "{said}");
    let said = refuses_to_start(data_dir.path(), &[("SLIPWAY_MASTER_KEY_COMMAND", "echo no key; exit 1")]);
    assert!(said.contains("the master key command failed"), "{said}");
}

const TARGETS: usize = 24;
const VARIABLES: usize = 250;

async fn fill(control_plane: &ControlPlane) -> Vec<String> {
    let mut targets = Vec::new();
    for number in 0..TARGETS {
        let body = json!({ "provider": "local", "name": format!("target-{number}") });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        let variable = |index: usize| json!({ "name": format!("V{index}"), "scope": "runtime", "secret": false, "value": value(number, index) });
        control_plane.set_variables(&target, (0..VARIABLES).map(variable).collect()).await;
        targets.push(target);
    }
    targets
}

fn value(target: usize, index: usize) -> String {
    format!("value-{target}-{index}")
}

async fn check_all(control_plane: &ControlPlane, targets: &[String]) {
    for (number, target) in targets.iter().enumerate() {
        let read = control_plane.call(Method::GET, &format!("/api/deployments/targets/{target}/env"), None).await;
        let variables = read["variables"].as_array().expect("a list");
        assert_eq!(variables.len(), VARIABLES);
        for variable in variables {
            let index: usize = text(variable, "name")[1..].parse().expect("a number");
            assert_eq!(variable["value"], value(number, index));
        }
    }
}

fn keys(control_plane: &ControlPlane) -> Vec<String> {
    control_plane.command_line(&["keys", "list"], "").expect("succeeds").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_rotation_that_is_killed_half_way_loses_nothing_and_goes_on() {
    let control_plane = ControlPlane::start().await;
    let targets = fill(&control_plane).await;
    control_plane.add_credential("npm", "main", "npm-token-0123456789");
    let first = keys(&control_plane);
    assert_eq!(first.len(), 1, "{first:?}");

    let mut rotation = control_plane
        .command(&["keys", "rotate"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(rotation.stderr.take().expect("is piped")).lines();
    let line = lines.next().expect("says how far it is").expect("is text");
    rotation.kill().expect("is running");
    assert!(!rotation.wait().expect("is ours").success(), "it was killed before its end");
    assert!(line.contains(" of ") && line.contains("records again"), "{line}");
    let half = keys(&control_plane);
    assert_eq!(half.len(), 2, "both keys are needed half way: {half:?}");
    assert!(half.iter().all(|key| !key.contains("seals 0 records")), "{half:?}");

    // The server, which has run all the time, reads what either key sealed, and writes with the new one.
    check_all(&control_plane, &targets).await;
    let more = json!([{ "name": "V0", "scope": "runtime", "secret": false, "value": value(0, 0) }]);
    control_plane.set_variables(&targets[0], more).await;

    let said = control_plane.command_line(&["keys", "rotate"], "").expect("succeeds");
    assert!(said.contains("removed 1 old keys"), "{said}");
    let after = keys(&control_plane);
    assert_eq!(after.len(), 1, "{after:?}");
    assert_ne!(after[0][..8], first[0][..8], "it is another key");
    check_all(&control_plane, &targets).await;
    let control_plane = control_plane.kill_and_restart().await;
    check_all(&control_plane, &targets).await;
}

#[tokio::test]
async fn the_server_writes_and_reads_while_keys_are_rotated() {
    let control_plane = ControlPlane::start().await;
    let targets = fill(&control_plane).await;
    for round in 0..3 {
        let mut rotation = control_plane
            .command(&["keys", "rotate"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let mut written = 0;
        while rotation.try_wait().expect("is ours").is_none() || written == 0 {
            let body = json!({ "merge": true, "variables": [
                { "name": "NEW", "scope": "build", "secret": false, "value": format!("{round}-{written}") },
            ] });
            let target = &targets[written % TARGETS];
            let path = format!("/api/deployments/targets/{target}/env");
            let response = control_plane.send(Method::PUT, &path, Some(body)).await;
            // The only refusal there may be says that the same request works a moment later.
            let status = response.status();
            assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
            if status == StatusCode::OK {
                let read = control_plane.call(Method::GET, &path, None).await;
                let variables = read["variables"].as_array().expect("a list");
                let new = variables.iter().find(|variable| variable["name"] == "NEW").expect("is there");
                assert_eq!(new["value"], format!("{round}-{written}"));
            }
            written += 1;
        }
        assert!(rotation.wait().expect("is ours").success());
    }
    assert_eq!(keys(&control_plane).len(), 1);
}

#[tokio::test]
async fn nothing_of_the_server_is_dumped_or_read_by_others() {
    let data_dir = tempfile::TempDir::with_prefix("slipway-data-").expect("a temporary directory");
    let mut child = Command::new(binary("slipway"))
        .args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("slipway starts");
    let mut lines = BufReader::new(child.stderr.take().expect("is piped")).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("serving REST on"))).expect("starts").expect("text");
    let proc = Path::new("/proc").join(child.id().to_string());
    let limits = std::fs::read_to_string(proc.join("limits")).expect("readable");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("is there");
    assert_eq!(core.split_whitespace().rev().nth(1), Some("0"), "{core}");
    // Files of a process whose memory is closed belong to root.
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(proc.join("mem")).expect("is there"));
    assert_eq!(owner, 0);
    child.kill().expect("is running");
    child.wait().expect("is ours");
}

#[tokio::test]
async fn credentials_are_listed_without_what_is_secret_and_deleted() {
    let control_plane = ControlPlane::start().await;
    let id = control_plane.add_credential("pypi", "upload", "pypi-token-canary-0123");
    let list = control_plane.command_line(&["credential", "list"], "").expect("succeeds");
    assert!(list.contains(&id) && list.contains("upload") && !list.contains("canary"), "{list}");
    for (arguments, input, expected) in [
        (["credential", "add", "--provider", "pypi", "--label", "upload"], "another-token", "already"),
        (["credential", "add", "--provider", "nowhere", "--label", "x"], "another-token", "no provider `nowhere`"),
        (["credential", "add", "--provider", "npm", "--label", "x"], "short", "cannot be told"),
        (["credential", "add", "--provider", "npm", "--label", "x"], "\n", "empty"),
    ] {
        let said = control_plane.command_line(&arguments, input).expect_err("is refused");
        assert!(said.contains(expected) && !said.contains("another"), "{said}");
    }
    control_plane.command_line(&["credential", "delete", &id], "").expect("succeeds");
    let left = control_plane.command_line(&["credential", "list"], "").expect("succeeds");
    assert!(left.lines().all(|line| line.contains(SUITE_LABEL)), "{left}");
    let _: Value = control_plane.call(Method::GET, "/api/sandboxes", None).await;
}

#[tokio::test]
async fn a_credential_may_be_a_teams() {
    let control_plane = ControlPlane::start().await;
    let team = control_plane.call(Method::POST, "/api/teams", Some(json!({ "name": "shop" }))).await;
    let team = text(&team, "id");
    let run = |arguments: &[&str], input: &str| control_plane.command_line(arguments, input);
    let add = ["credential", "add", "--provider", "npm", "--label", "release", "--team", &team];
    let id = run(&add, "npm-token-of-the-team-0123").expect("is stored");
    assert!(run(&["credential", "list", "--team", &team], "").expect("lists").contains(&id));
    assert!(!run(&["credential", "list"], "").expect("lists").contains(&id), "it is the team's");
    let rows = control_plane.call(Method::GET, &format!("/api/audit?team_id={team}&subject={id}"), None).await;
    assert_eq!(rows["items"][0]["action"], "credential.create", "{rows:#}");
    run(&["credential", "delete", &id], "").expect_err("is not a person's");
    run(&["credential", "delete", &id, "--team", &team], "").expect("deletes");
    let unknown = "01890000-0000-7000-8000-000000000000";
    let said = run(&["credential", "list", "--team", unknown], "").expect_err("is none");
    assert!(said.contains("no team with this id"), "{said}");
    let said = run(&["credential", "list", "--team", &team, "--user", "admin"], "").expect_err("is it his or theirs?");
    assert!(said.contains("cannot be used with"), "{said}");
}
