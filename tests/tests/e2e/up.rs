//! `slipway up` as a person or a program on a laptop uses it.

use std::time::Duration;

use nix::sys::signal::Signal;
use slipway_tests::binaries::binary;
use slipway_tests::control_plane::{get, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::processes_with;
use slipway_tests::up::Up;
use slipway_tests::{BUILD, SOON, eventually};

#[tokio::test]
async fn a_project_goes_live_and_stays_until_ctrl_c() {
    let project = Project::fixture("plain-html");
    let mut up = Up::start(project.path(), &[]);
    let ready = up.event("ready", SOON).await;
    assert_eq!(up.events.len(), 1, "ready is first");
    let done = up.event("done", BUILD).await;
    assert_eq!(done["status"], "success", "{done}");
    assert!(done["duration_ms"].is_u64());
    assert!(get(&text(&done, "url")).await.2.contains("Harbour"));

    let client = reqwest::Client::builder().build().expect("a client");
    let path = format!("{}/api/deployments/{}", text(&ready, "api_url"), text(&done, "deployment_id"));
    let deployment = client.get(path).bearer_auth(text(&ready, "token")).send().await.expect("answers");
    assert!(deployment.status().is_success(), "the token of this run works");

    up.signal(Signal::SIGINT);
    assert_eq!(up.ended(SOON).await.code, Some(0));
    reqwest::get(text(&done, "url")).await.expect_err("nothing is left running");

    let mut again = up.again(project.path(), &["--exit"]);
    let second = again.event("done", BUILD).await;
    assert_ne!(second["deployment_id"], done["deployment_id"]);
    assert_eq!(again.ended(SOON).await.code, Some(0));
}

#[tokio::test]
async fn a_failing_build_ends_with_code_1_and_its_reason() {
    let project = Project::fixture("failing-build");
    let mut up = Up::start(project.path(), &["--exit"]);
    let done = up.event("done", BUILD).await;
    assert_eq!(done["status"], "failed");
    assert!(text(&done, "error_message").contains("exit code 2"), "{done}");
    let logged =
        |up: &Up| up.events.iter().any(|event| event["event"] == "log" && event["text"].to_string().contains("TS2322"));
    assert!(logged(&up), "{:#?}", up.events);
    assert_eq!(up.ended(SOON).await.code, Some(1));
}

#[tokio::test]
async fn ctrl_c_during_a_build_cancels_it_and_cleans_up() {
    let mark = format!("up-mark-{}", std::process::id());
    let project = Project::with_build_script("setInterval(() => {}, 1000)");
    project.write("package.json", &format!(r#"{{ "scripts": {{ "build": "node build.js {mark}" }} }}"#));
    let mut up = Up::start(project.path(), &[]);
    eventually("the build", BUILD, || async { (!processes_with(&mark).is_empty()).then_some(()) }).await;
    up.signal(Signal::SIGINT);
    let done = up.event("done", Duration::from_secs(30)).await;
    assert_eq!(done["status"], "cancelled");
    assert_eq!(up.ended(SOON).await.code, Some(130));
    assert_eq!(processes_with(&mark), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_begin_ends_with_code_2_and_a_sentence() {
    let project = Project::fixture("plain-html");
    let missing = project.path().join("missing");
    let mut up = Up::start(&missing, &["--exit"]);
    let ended = up.ended(SOON).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("does not exist"), "{}", ended.stderr);

    let mut up = Up::start(&project.path().join("index.html"), &["--exit"]);
    let ended = up.ended(SOON).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("is a file"), "{}", ended.stderr);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = taken.local_addr().expect("has an address").to_string();
    let output = run_up(&project, &["--http", &address]);
    assert!(output.1.contains(&address) && output.1.contains("in use"), "{}", output.1);
    assert_eq!(output.0, Some(2));

    let output = run_up(&project, &["--data-dir", "/proc/nowhere"]);
    assert!(output.1.contains("/proc/nowhere") && output.1.contains("--data-dir"), "{}", output.1);
    assert_eq!(output.0, Some(2));
    assert_eq!(run_up(&project, &["--frobnicate"]).0, Some(2));
}

#[tokio::test]
async fn a_second_one_on_the_same_data_directory_is_told_so() {
    let project = Project::fixture("plain-html");
    let data = tempfile::tempdir().expect("a temporary directory");
    let data = data.path().to_str().expect("UTF-8");
    let mut first = std::process::Command::new(binary("slipway"))
        .args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir", data])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let lock = std::path::Path::new(data).join("slipway.db");
    eventually("the first to run", SOON, || async { lock.exists().then_some(()) }).await;
    let output = run_up(&project, &["--http", "127.0.0.1:0", "--data-dir", data]);
    first.kill().expect("is running");
    first.wait().expect("is ours");
    assert!(output.1.contains("in use by another slipway"), "{}", output.1);
    assert_eq!(output.0, Some(2));
}

fn run_up(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(binary("slipway"))
        .arg("up")
        .arg(project.path())
        .args(["--exit"])
        .args(arguments)
        .output()
        .expect("runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn without_a_terminal_the_output_is_plain_lines() {
    let project = Project::fixture("custom-build");
    let dirs = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(dirs.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("ours");
    let output = std::process::Command::new(binary("slipway"))
        .args(["up", "--exit", "--http", "127.0.0.1:0", "--data-dir"])
        .arg(dirs.path().join("data"))
        .arg(project.path())
        .env("SLIPWAY_AGENT_BUILD_DIR", dirs.path().join("builds"))
        .output()
        .expect("runs");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    for part in ["build: done in", "| $ npm run build", "Live at http://"] {
        assert!(stdout.contains(part), "{part:?} is missing in {stdout}");
    }
    assert!(!stdout.contains('\u{1b}'), "{stdout:?}");
    assert_eq!(output.status.code(), Some(0));
}
