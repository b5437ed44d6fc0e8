//! What is kept and what is collected, on a control plane that runs, and on one that is killed while it collects.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::ageing::{age, execute};
use slipway_tests::agent::Agent;
use slipway_tests::binaries::binary;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::rehearsal::Rehearsal;
use slipway_tests::{BUILD, SOON, eventually};
use tempfile::TempDir;

/// Takes a while to arrive.
const LARGE_BYTES: usize = 96 * 1024 * 1024;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Deploys each content to a provider that keeps what it got, so that nothing here is served from the artifact.
async fn releases(control_plane: &ControlPlane, contents: &[&str]) -> Vec<Value> {
    let project = Project::empty();
    project.write("index.html", "nothing yet");
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(control_plane, &sandbox, project.path()).await;
    let body = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let mut made = Vec::new();
    for content in contents {
        project.write("index.html", content);
        let id = control_plane.deploy(&sandbox, &target, json!({})).await;
        control_plane.wait_for(&id, &["success"], BUILD).await;
        made.push(finished(control_plane, &id).await);
    }
    made
}

/// The deployment once its log has its last form.
async fn finished(control_plane: &ControlPlane, id: &str) -> Value {
    eventually("the log to be finished", SOON, || async {
        let deployment = control_plane.deployment(id).await;
        deployment["log"]["complete"].is_boolean().then_some(deployment)
    })
    .await
}

#[tokio::test]
async fn artifacts_and_logs_go_by_the_rules_and_the_deployments_say_so() {
    let vendor = Rehearsal::start().await;
    let settings = [
        ("REHEARSAL_URL", vendor.url.as_str()),
        ("SLIPWAY_RETENTION__RELEASES", "2"),
        ("SLIPWAY_RETENTION__LOG_DAYS", "90"),
    ];
    let control_plane = ControlPlane::start_with(&settings).await;
    let made = releases(&control_plane, &["one", "two", "three"]).await;
    let gc = || control_plane.command_line(&["gc"], "").expect("collects");

    age(control_plane.data_dir(), 29 * DAY).await;
    assert_eq!(gc(), "collected 0 artifacts, 0 packs, 0 logs, 0 orphans, 0.0 MiB");
    age(control_plane.data_dir(), 2 * DAY).await;
    assert_eq!(gc(), "collected 1 artifacts, 1 packs, 0 logs, 0 orphans, 0.0 MiB");
    let stored =
        async |index: usize| control_plane.deployment(&text(&made[index], "id")).await["artifact_stored"].clone();
    assert_eq!([stored(0).await, stored(1).await, stored(2).await], [json!(false), json!(true), json!(true)]);
    let refuse = |index: usize, what: &str, body: Option<Value>| {
        let path = format!("/api/deployments/{}/{what}", text(&made[index], "id"));
        let control_plane = &control_plane;
        async move { control_plane.refused(Method::POST, &path, body, StatusCode::CONFLICT).await.1 }
    };
    let to = Some(json!({ "to": made[0]["id"] }));
    for message in [refuse(0, "redeploy", None).await, refuse(2, "rollback", to).await] {
        assert!(message.contains("no longer stored") && message.contains("rebuild"), "{message}");
    }
    let path = format!("/api/deployments/{}/rollback", text(&made[2], "id"));
    let back = control_plane.call(Method::POST, &path, None).await;
    control_plane.wait_for(&text(&back, "id"), &["success"], BUILD).await;
    assert_eq!(vendor.made().len(), 4);
    finished(&control_plane, &text(&back, "id")).await;

    age(control_plane.data_dir(), 60 * DAY).await;
    assert_eq!(gc(), "collected 0 artifacts, 0 packs, 3 logs, 0 orphans, 0.0 MiB");
    let log = control_plane.log(&text(&made[0], "id")).await;
    assert_eq!(log, "The log was removed 90 days after the deployment had ended (`retention.log_days`)\n");
    assert!(control_plane.deployment(&text(&made[0], "id")).await["log"]["removed_at"].is_string());
    assert!(control_plane.log(&text(&back, "id")).await.contains("Live at"));

    for deployment in made.iter().chain([&back]) {
        let path = format!("/api/deployments/{}", text(deployment, "id"));
        assert_eq!(control_plane.send(Method::DELETE, &path, None).await.status(), StatusCode::NO_CONTENT);
    }
    // The objects of their logs belonged to rows that are gone; one was removed before.
    assert!(gc().starts_with("collected 2 artifacts, 2 packs, 0 logs, 1 orphans"));
    for kind in ["packs", "manifests", "logs"] {
        let left = std::fs::read_dir(control_plane.data_dir().join("blobs").join(kind)).expect("is there").count();
        assert_eq!(left, 0, "{kind}");
    }
}

/// Days pass all the time for what has ended and for every pack, also for one whose artifact is about to be
/// committed, and all of it is collected: worse than any clock.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_come_to_their_end_while_all_around_them_is_collected() {
    let vendor = Rehearsal::start().await;
    let control_plane = &ControlPlane::start_with(&[("REHEARSAL_URL", &vendor.url)]).await;
    let data_dir = control_plane.data_dir().to_owned();
    let done = Arc::new(AtomicBool::new(false));
    let collecting = tokio::spawn({
        let (data_dir, done) = (data_dir.clone(), done.clone());
        async move {
            let mut collected = String::new();
            while !done.load(Ordering::SeqCst) {
                for sql in [
                    "UPDATE artifacts SET created_at = 0
                     WHERE id IN (SELECT artifact_id FROM deployments WHERE completed_at IS NOT NULL)",
                    // Decades, once each: which was before which stays.
                    "UPDATE deployments SET completed_at = completed_at - 1000000000000000
                     WHERE completed_at > 1000000000000000",
                    "UPDATE packs SET created_at = 0, kept_until = 0",
                ] {
                    execute(&data_dir, sql).await;
                }
                let mut gc = slipway(&["gc"], &data_dir);
                gc.env("SLIPWAY_RETENTION__LOG_DAYS", "0");
                collected += &tokio::task::spawn_blocking(|| run(gc)).await.expect("runs");
            }
            collected
        }
    });
    let body = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let (small, large) = (Project::empty(), Project::empty());
    small.write("index.html", "0");
    let (quick, slow) = (control_plane.create_sandbox("quick").await, control_plane.create_sandbox("slow").await);
    let _agents = (
        Agent::start(control_plane, &quick, small.path()).await,
        Agent::start(control_plane, &slow, large.path()).await,
    );
    let deploy = async |sandbox: &str| control_plane.deploy(sandbox, &target, json!({})).await;
    let wait = |id: String| async move { control_plane.wait_for(&id, &["success"], BUILD).await };
    wait(deploy(&quick).await).await;
    let elsewhere = TempDir::new().expect("a temporary directory");
    for round in 0..3_u8 {
        // What is live need not be sent; while the rest is sent it is live no more, and goes.
        large.write("index.html", &round.to_string());
        let mut noise = vec![0; LARGE_BYTES];
        blake3::Hasher::new().update(&[round]).finalize_xof().fill(&mut noise);
        std::fs::write(large.path().join("large.bin"), noise).expect("writes");
        let uploading = deploy(&slow).await;
        eventually("the upload to run", BUILD, || async {
            let deployment = control_plane.deployment(&uploading).await;
            (deployment["steps"][4]["progress"]["done"].as_u64() > Some(0)).then_some(())
        })
        .await;
        small.write("index.html", &(round + 1).to_string());
        wait(deploy(&quick).await).await;
        wait(uploading).await;
        // As long as it is live, all of it is here: that is checked for each file.
        let backup = elsewhere.path().join(round.to_string()).display().to_string();
        run(slipway(&["backup", &backup], &data_dir));
        run(slipway(&["backup", "verify", &backup], &data_dir));
        std::fs::remove_dir_all(backup).expect("ours");
        wait(deploy(&quick).await).await;
    }
    done.store(true, Ordering::SeqCst);
    let collected = collecting.await.expect("collects");
    assert!(collected.lines().any(|line| !line.contains(" 0 packs")), "{collected}");
    assert_eq!(vendor.made().len(), 10);
}

fn slipway(arguments: &[&str], data_dir: &Path) -> Command {
    let mut command = Command::new(binary("slipway"));
    command.args(arguments).arg("--data-dir").arg(data_dir).env("SLIPWAY_RETENTION__RELEASES", "1");
    command.env_remove("CRASH_POINT").env_remove("CRASH_POINT_TRACE");
    command
}

#[track_caller]
fn run(mut command: Command) -> String {
    let output = command.output().expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let destination = to.join(entry.file_name());
        if entry.file_type().expect("has one").is_dir() {
            std::fs::create_dir(&destination).expect("is new");
            copy(&entry.path(), &destination);
        } else {
            std::fs::copy(entry.path(), &destination).expect("copies");
            let modified = entry.metadata().and_then(|metadata| metadata.modified()).expect("has a time");
            let file = std::fs::File::options().write(true).open(&destination).expect("ours");
            file.set_modified(modified).expect("ours");
        }
    }
}

#[tokio::test]
async fn killed_anywhere_while_it_collects_it_loses_nothing_and_leaves_nothing() {
    let vendor = Rehearsal::start().await;
    let control_plane = ControlPlane::start_with(&[("REHEARSAL_URL", &vendor.url)]).await;
    releases(&control_plane, &["one", "two", "three"]).await;
    age(control_plane.data_dir(), 100 * DAY).await;
    let origin = TempDir::new().expect("a temporary directory");
    run(slipway(&["backup", &origin.path().join("warm-up").display().to_string()], control_plane.data_dir()));
    // Everything that a crash elsewhere may have left.
    let blobs = control_plane.data_dir().join("blobs");
    for name in ["packs/01890000-0000-7000-8000-000000000000", "packs/01890000-0000-7000-8000-000000000000#1"] {
        std::fs::write(blobs.join(name), "left").expect("writes");
    }
    age(control_plane.data_dir(), 2 * DAY).await;
    execute(control_plane.data_dir(), "UPDATE artifacts SET packs_recorded = 0").await;
    execute(control_plane.data_dir(), "DELETE FROM artifact_packs").await;
    let data = origin.path().join("data");
    std::fs::create_dir(&data).expect("is new");
    execute(control_plane.data_dir(), "PRAGMA wal_checkpoint(TRUNCATE)").await;
    copy(control_plane.data_dir(), &data);
    drop(control_plane);

    let on_a_copy = || {
        let dir = TempDir::new().expect("a temporary directory");
        copy(&data, dir.path());
        dir
    };
    let (undisturbed, trace) = (on_a_copy(), origin.path().join("trace"));
    let mut traced = slipway(&["gc"], undisturbed.path());
    traced.env("CRASH_POINT_TRACE", &trace);
    assert_eq!(run(traced), "collected 2 artifacts, 2 packs, 3 logs, 2 orphans, 0.0 MiB\n");
    let files = |dir: &Path| {
        let kinds = ["packs", "manifests", "logs"].map(|kind| dir.join("blobs").join(kind));
        let names = kinds.iter().flat_map(|kind| std::fs::read_dir(kind).expect("is there"));
        names.map(|entry| entry.expect("readable").file_name()).collect::<BTreeSet<_>>()
    };
    let expected = files(undisturbed.path());
    assert_eq!(expected.len(), 2, "the live release's manifest and pack");
    let points: BTreeSet<String> =
        std::fs::read_to_string(&trace).expect("written").lines().map(str::to_owned).collect();
    assert!(points.len() >= 11, "{points:#?}");
    for point in points {
        let dir = on_a_copy();
        let mut crashing = slipway(&["gc"], dir.path());
        crashing.env("CRASH_POINT", &point);
        assert!(!crashing.output().expect("starts").status.success(), "{point}: it was not reached");
        // Whole already, which a backup checks for every object; and nothing remains in the end.
        let backup = dir.path().join("backup").display().to_string();
        run(slipway(&["backup", &backup], dir.path()));
        run(slipway(&["backup", "verify", &backup], dir.path()));
        run(slipway(&["gc"], dir.path()));
        assert_eq!(files(dir.path()), expected, "{point}");
    }
}
