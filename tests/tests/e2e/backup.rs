//! Backups: made while everything runs, checked byte for byte, and restored elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, get, text};
use slipway_tests::fixtures::Project;
use slipway_tests::{BUILD, SOON, eventually};
use tempfile::TempDir;

/// Sites of several files, each as a person would fetch it.
const PAGES: [&str; 3] = ["", "about", "assets/style.css"];

async fn pages(deployment: &Value) -> Vec<(StatusCode, String, String)> {
    let mut pages = Vec::new();
    for path in PAGES {
        pages.push(get(&format!("{}{path}", text(deployment, "deployment_url"))).await);
    }
    pages
}

/// The rows of the audit log, oldest first.
async fn audit(control_plane: &ControlPlane) -> Vec<Value> {
    let response = control_plane.send(Method::GET, "/api/audit?all=true&format=ndjson", None).await;
    let text = response.text().await.expect("is text");
    let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    rows.reverse();
    rows
}

/// A control plane with three finished sites, and one whose build goes on printing.
struct Stage {
    control_plane: ControlPlane,
    agents: Vec<Agent>,
    finished: Vec<Value>,
    running: String,
    _projects: Vec<Project>,
}

impl Stage {
    async fn set() -> Self {
        let control_plane = ControlPlane::start().await;
        let target = control_plane.local_target().await;
        let project = Project::fixture("plain-html");
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let mut agents = vec![Agent::start(&control_plane, &sandbox, project.path()).await];
        let mut finished = Vec::new();
        for content in ["one", "two", "three"] {
            project.write("about.html", content);
            let id = control_plane.deploy(&sandbox, &target, json!({})).await;
            control_plane.wait_for(&id, &["success"], BUILD).await;
            let deployment = eventually("the log to be finished", SOON, || async {
                let deployment = control_plane.deployment(&id).await;
                deployment["log"]["complete"].is_boolean().then_some(deployment)
            });
            finished.push(deployment.await);
        }
        let printing = Project::with_build_script("let n = 0; setInterval(() => console.log('line ' + ++n), 1);");
        let sandbox = control_plane.create_sandbox("printing").await;
        agents.push(Agent::start(&control_plane, &sandbox, printing.path()).await);
        let running = control_plane.deploy(&sandbox, &target, json!({ "output_dir": "dist" })).await;
        eventually("lines to flow", SOON, || async {
            control_plane.log(&running).await.contains("line 50").then_some(())
        })
        .await;
        Self { control_plane, agents, finished, running, _projects: vec![project, printing] }
    }

    fn slipway(&self, arguments: &[&str]) -> Result<String, String> {
        self.control_plane.command_line(arguments, "")
    }
}

fn command(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(slipway_tests::binaries::binary("slipway"));
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command
}

fn slipway(arguments: &[&str], data_dir: &Path) -> Result<String, String> {
    let output = command(arguments, data_dir).output().expect("starts");
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = told(&output.stdout) + &told(&output.stderr);
    if output.status.success() { Ok(all) } else { Err(all) }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test]
async fn what_had_ended_is_restored_elsewhere_byte_for_byte() {
    let stage = Stage::set().await;
    let elsewhere = TempDir::with_prefix("slipway-backup-").expect("a temporary directory");
    let backup = elsewhere.path().join("monday");
    let before = audit(&stage.control_plane).await;
    let made = stage.slipway(&["backup", path(&backup)]).expect("is made");
    assert!(made.starts_with("backed up "), "{made}");
    assert!(!backup.with_extension("partial").exists());
    let mut served = Vec::new();
    for deployment in &stage.finished {
        let id = text(deployment, "id");
        let (shown, log) = (stage.control_plane.deployment(&id).await, stage.control_plane.log(&id).await);
        served.push((shown, pages(deployment).await, log));
    }
    // It went on as if nothing were.
    let log = stage.control_plane.log(&stage.running).await;
    let lines = log.lines().filter(|line| line.starts_with("line ")).count();
    let more = format!("line {}", lines + 50);
    eventually("more lines", SOON, || async {
        stage.control_plane.log(&stage.running).await.contains(&more).then_some(())
    })
    .await;

    let verified = slipway(&["backup", "verify", path(&backup)], elsewhere.path()).expect("is whole");
    assert!(verified.contains("is whole"), "{verified}");
    let files: Vec<PathBuf> = walk(&backup);
    assert!(!files.iter().any(|file| file.ends_with("master.key")), "{files:?}");

    let data = TempDir::with_prefix("slipway-data-").expect("a temporary directory");
    let told = slipway(&["restore", path(&backup)], data.path()).expect("restores");
    assert!(told.contains("1 deployments were under way") && told.contains("Put the master key"), "{told}");
    std::fs::copy(stage.control_plane.data_dir().join("master.key"), data.path().join("master.key")).expect("copies");

    let Stage { control_plane, mut agents, finished, running, .. } = stage;
    // What the sandbox does meanwhile is no matter of the backup.
    drop(agents.pop());
    let control_plane = control_plane.kill_and_restart_on(data).await;
    for (deployment, pages_before, log) in served {
        let id = text(&deployment, "id");
        assert_eq!(control_plane.deployment(&id).await, deployment);
        assert_eq!(pages(&deployment).await, pages_before);
        assert_eq!(control_plane.log(&id).await, log);
    }
    let after = audit(&control_plane).await;
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()]["action"], "backup.restore");

    let restored = control_plane.deployment(&running).await;
    assert_eq!(restored["status"], "failed");
    let message = text(&restored, "error_message");
    assert!(message.contains("restored from a backup of") && message.contains("before you deploy again"), "{message}");
    let log = control_plane.log(&running).await;
    assert!(log.contains("line 50") && log.contains(&message), "{log}");

    // The agent comes back with the certificate it had, and deploys.
    let sandbox = text(&finished[0], "sandbox_id");
    control_plane.wait_online(&sandbox).await;
    let id = control_plane.deploy(&sandbox, &text(&finished[0], "target_id"), json!({})).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(get(&format!("{}about", text(&deployment, "deployment_url"))).await.2, "three");
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("has one").is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// Changes one bit in the middle of a file.
fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("writes");
}

#[tokio::test]
async fn one_wrong_bit_anywhere_is_noticed_and_nothing_is_overwritten() {
    let stage = Stage::set().await;
    let elsewhere = TempDir::with_prefix("slipway-backup-").expect("a temporary directory");
    let backup = elsewhere.path().join("backup");
    stage.slipway(&["backup", path(&backup)]).expect("is made");
    let again = stage.slipway(&["backup", path(&backup)]).expect_err("is there already");
    assert!(again.contains("exists already"), "{again}");
    let verify = || slipway(&["backup", "verify", path(&backup)], elsewhere.path());
    let restore = |data: &Path| slipway(&["restore", path(&backup)], data);

    let files = walk(&backup);
    for kind in ["slipway.db", "packs/", "manifests/", "logs/", "backup.json", "backup.json.blake3"] {
        let is_of_kind = |file: &&PathBuf| {
            if kind.ends_with('/') { path(file).contains(&format!("/blobs/{kind}")) } else { file.ends_with(kind) }
        };
        let file = files.iter().find(is_of_kind).unwrap_or_else(|| panic!("no {kind} in {files:?}"));
        flip(file);
        let problem = verify().expect_err("is noticed");
        assert!(problem.contains("damaged"), "{kind}: {problem}");
        let data = TempDir::new().expect("a temporary directory");
        let problem = restore(data.path()).expect_err("is noticed");
        assert!(problem.contains("damaged"), "{kind}: {problem}");
        assert!(!data.path().join("slipway.db").exists(), "{kind}: nothing is put into use");
        flip(file);
        let kept = elsewhere.path().join("kept");
        std::fs::rename(file, &kept).expect("moves");
        verify().expect_err("is missing");
        std::fs::rename(&kept, file).expect("moves");
    }
    verify().expect("is whole again");

    let running = restore(stage.control_plane.data_dir()).expect_err("runs");
    assert!(running.contains("in use by another slipway process"), "{running}");
    let data = TempDir::new().expect("a temporary directory");
    std::fs::write(data.path().join("precious"), "mine").expect("writes");
    let refused = restore(data.path()).expect_err("is not empty");
    assert!(refused.contains("not empty (it has precious)"), "{refused}");
    assert_eq!(walk(data.path()), [data.path().join("precious")]);

    // A master key of another installation is noticed before anything is put into use.
    let data = TempDir::new().expect("a temporary directory");
    let key = data.path().join("master.key");
    std::fs::write(&key, "ab".repeat(32)).expect("writes");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    let wrong = restore(data.path()).expect_err("does not open");
    assert!(wrong.contains("does not belong to this database"), "{wrong}");
    assert!(!data.path().join("slipway.db").exists());

    // Killed before the end, there is no database, and nothing that could be taken for one that is whole.
    let data = TempDir::new().expect("a temporary directory");
    let mut killed = command(&["restore", path(&backup)], data.path());
    killed.env("CRASH_POINT", "before a restored database gets its name");
    assert!(!killed.output().expect("starts").status.success());
    assert!(!data.path().join("slipway.db").exists());
    restore(data.path()).expect_err("is not empty");
    let second = elsewhere.path().join("second");
    let mut killed = command(&["backup", path(&second)], stage.control_plane.data_dir());
    killed.env("CRASH_POINT", "before a backup gets its name");
    assert!(!killed.output().expect("starts").status.success());
    assert!(!second.exists());
    std::fs::remove_dir_all(elsewhere.path().join("second.partial")).expect("is what it left");

    // An object that is gone is told, and no half of a backup remains.
    let packs = stage.control_plane.data_dir().join("blobs/packs");
    let pack = std::fs::read_dir(packs).expect("readable").next().expect("has one").expect("readable").path();
    std::fs::rename(&pack, elsewhere.path().join("kept")).expect("moves");
    let problem = stage.slipway(&["backup", path(&second)]).expect_err("cannot be whole");
    assert!(problem.contains("cannot be backed up"), "{problem}");
    assert!(!second.exists() && !elsewhere.path().join("second.partial").exists());
    std::fs::rename(elsewhere.path().join("kept"), &pack).expect("moves");
}
