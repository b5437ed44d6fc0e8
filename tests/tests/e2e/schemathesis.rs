//! The API against its own document: schemathesis makes up requests, right and wrong, and checks that each
//! answer is one that `/api/openapi.json` describes. `make schemathesis TIME=600` gives it longer.

use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};
use slipway_tests::fixtures::Project;
use slipway_tests::vendors::github::GitHub;
use slipway_tests::vendors::gitlab::GitLab;

/// Where `.ci/setup` installs it.
const PROGRAMS: &str = "../target/schemathesis/bin";
/// Of one run, where the environment does not say.
const SECONDS: &str = "45";

fn program(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PROGRAMS).join(name);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is not there; `make setup` installs it", path.display());
    eprintln!("SKIPPED: {reason}");
    assert!(std::env::var_os("CI").is_none(), "mandatory in CI: {reason}");
    None
}

fn part(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis").join(name)
}

async fn start() -> ControlPlane {
    let none = "0";
    // A vendor that knows no token, or tokens that are made up would be sent to the real ones.
    let (github, gitlab) = (GitHub::start().await, GitLab::start().await);
    ControlPlane::start_with(&[
        ("SLIPWAY_PROVIDERS__GITHUB__API_URL", &format!("{}/api/v3", github.url)),
        ("SLIPWAY_PROVIDERS__GITLAB__API_URL", &format!("{}/api/v4", gitlab.url)),
        ("SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_USER", none),
        ("SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_ADDRESS", none),
        // Where it listens, and defects.
        ("SLIPWAY_LOG", "error,slipway::cli=info"),
    ])
    .await
}

/// A record of each kind: the deployment has ended well, with a log.
async fn seeds(control_plane: &ControlPlane) -> Value {
    let project = Project::empty();
    project.write("index.html", "<h1>hello</h1>");
    let sandbox = control_plane.create_sandbox("seed").await;
    let target = control_plane.local_target().await;
    let mut agent = Agent::start(control_plane, &sandbox, project.path()).await;
    let deployment = control_plane.deploy(&sandbox, &target, json!({})).await;
    control_plane.wait_for(&deployment, &["success"], BUILD).await;
    // From here on it would run whatever commands are made up.
    agent.kill();
    let create = |path: &'static str, body: Value| async move {
        text(&control_plane.call(Method::POST, path, Some(body)).await, "id")
    };
    let team = create("/api/teams", json!({ "name": "seed" })).await;
    let grace = control_plane.token_for("grace", "read");
    let user = text(&control_plane.call_as(&grace, Method::GET, "/api/me", None).await, "id");
    let token = create("/api/tokens", json!({ "name": "seed", "scopes": ["read"] })).await;
    json!({ "sandbox": sandbox, "target": target, "deployment": deployment, "team": team, "token": token, "user": user })
}

#[tokio::test]
async fn every_example_of_the_document_is_as_its_schema_says() {
    let Some(python) = program("python") else { return };
    let control_plane = ControlPlane::start().await;
    let document = control_plane.call(Method::GET, "/api/openapi.json", None).await;
    let file = control_plane.data_dir().join("openapi.json");
    std::fs::write(&file, document.to_string()).expect("writes");
    let output = Command::new(python).arg(part("examples.py")).arg(&file).output().expect("python starts");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_one_that_the_document_describes() {
    let Some(schemathesis) = program("schemathesis") else { return };
    let control_plane = start().await;
    let seeds = seeds(&control_plane).await;
    let seconds = std::env::var("SCHEMATHESIS_TIME").unwrap_or_else(|_| SECONDS.to_owned());
    let mut command = Command::new(schemathesis);
    command
        .arg("--config-file")
        .arg(part("schemathesis.toml"))
        .args(["run", "--no-color", "--max-time", &seconds])
        .arg(format!("{}/api/openapi.json", control_plane.url))
        .env("PYTHONPATH", part(""))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONUNBUFFERED", "1")
        .env("SLIPWAY_TOKEN", TOKEN)
        .env("SLIPWAY_SEEDS", seeds.to_string())
        // It writes files where it runs.
        .current_dir(control_plane.data_dir());
    let status = tokio::task::spawn_blocking(move || command.status().expect("schemathesis starts")).await;
    let defects: Vec<_> = control_plane.said().into_iter().filter(|line| line.contains("ERROR")).collect();
    assert!(defects.is_empty(), "the server's log has defects:\n{}", defects.join("\n"));
    assert!(status.expect("is not cancelled").success(), "schemathesis found something");
}
