//! A workspace is downloaded as an archive, which programs that people have unpack to the same tree again.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::ControlPlane;
use slipway_tests::fixtures::Project;
use slipway_tests::simulated::SimulatedAgent;
use slipway_tests::{SOON, eventually};
use tempfile::TempDir;

const SMALL_FILES: usize = 5_000;
/// Formats, the body that asks for each, and what its file is called.
const FORMATS: [(&str, &str, &str, &str); 4] = [
    ("zip", "", "application/zip", "zip"),
    ("tar", "none", "application/x-tar", "tar"),
    ("tar", "gzip", "application/gzip", "tar.gz"),
    ("tar", "zstd", "application/zstd", "tar.zst"),
];

/// A project with one of everything.
fn project() -> Project {
    let project = Project::fixture("vite-react");
    for (name, content) in [
        (".gitignore", "node_modules\ndist\n*.log\n"),
        (".env", "A=1"),
        (".git/HEAD", "ref: refs/heads/main"),
        (".git/logs/debug.log", "history"),
        ("dist/index.html", "built"),
        ("debug.log", "log"),
        ("node_modules/a/index.js", "a"),
        ("tools/run.sh", "#!/bin/sh\n"),
    ] {
        project.write(name, content);
    }
    let root = project.path();
    fs::set_permissions(root.join("tools/run.sh"), Permissions::from_mode(0o755)).expect("ours");
    fs::create_dir_all(root.join("empty/inside")).expect("makes it");
    symlink("../src/main.tsx", root.join("tools/main")).expect("links");
    symlink("/nowhere/at/all", root.join("dangling")).expect("links");
    for number in 0..SMALL_FILES {
        project.write(&format!("many/{}/file-{number}.txt", number % 50), &format!("{number}\n").repeat(number % 40));
    }
    project
}

/// What a tree holds: mode, time and content of files, mode of directories, targets of links.
fn tree(root: &Path, keep: &dyn Fn(&str) -> bool) -> BTreeMap<String, String> {
    fn add(root: &Path, directory: &Path, keep: &dyn Fn(&str) -> bool, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(directory).expect("is a directory") {
            let path = entry.expect("readable").path();
            let name = path.strip_prefix(root).expect("is inside").to_str().expect("is UTF-8").to_owned();
            if !keep(&name) {
                continue;
            }
            let metadata = path.symlink_metadata().expect("is there");
            let mode = metadata.mode() & 0o777;
            let told = if metadata.is_symlink() {
                format!("link to {}", fs::read_link(&path).expect("is a link").display())
            } else if metadata.is_dir() {
                add(root, &path, keep, found);
                format!("directory {mode:o}")
            } else {
                let content = blake3::hash(&fs::read(&path).expect("is read")).to_hex();
                format!("file {mode:o} {} {content}", metadata.mtime())
            };
            found.insert(name, told);
        }
    }
    let mut found = BTreeMap::new();
    add(root, root, keep, &mut found);
    found
}

fn is_source(name: &str) -> bool {
    !name.split('/').any(|part| matches!(part, ".git" | "dist" | "node_modules" | "debug.log"))
}

struct Site {
    /// Dropped first, so that it does not miss its control plane.
    agent: Agent,
    control_plane: ControlPlane,
    sandbox: String,
}

impl Site {
    async fn start(project: &Project) -> Self {
        let control_plane = ControlPlane::start().await;
        let sandbox = control_plane.create_sandbox("Web Shop").await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        Self { agent, control_plane, sandbox }
    }

    fn path(&self, kind: &str) -> String {
        format!("/api/sandboxes/{}/export/{kind}", self.sandbox)
    }

    async fn export(&self, kind: &str, body: Value) -> Response {
        self.control_plane.send(Method::POST, &self.path(kind), Some(body)).await
    }

    /// The archive, unpacked.
    async fn unpacked(&self, kind: &str, body: Value) -> TempDir {
        let response = self.export(kind, body).await;
        assert_eq!(response.status(), StatusCode::OK);
        let name = response.headers()["content-disposition"].to_str().expect("is ASCII").to_owned();
        let name =
            name.strip_prefix("attachment; filename=\"").and_then(|name| name.strip_suffix('"')).expect("a name");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let packed = directory.path().join(name);
        fs::write(&packed, response.bytes().await.expect("is whole")).expect("writes");
        let unpacked = directory.path().join("unpacked");
        fs::create_dir(&unpacked).expect("makes it");
        let mut command = match name.split_once('.').expect("has an extension").1 {
            "zip" => Command::new("unzip"),
            _ => Command::new("tar"),
        };
        match name.split_once('.').expect("has an extension").1 {
            "zip" => command.arg("-q"),
            "tar" => command.arg("-xf"),
            "tar.gz" => command.arg("-xzf"),
            "tar.zst" => command.args(["--zstd", "-xf"]),
            other => panic!("{other} is no archive"),
        };
        let status = command.arg(&packed).current_dir(&unpacked).status().expect("unzip, tar and zstd are there");
        assert!(status.success(), "{name}");
        directory
    }

    /// Waits until an export is let in.
    async fn let_in(&self, kind: &str, body: &Value) -> Response {
        eventually("a slot to be free", SOON, || async {
            let response = self.export(kind, body.clone()).await;
            (response.status() == StatusCode::OK).then_some(response)
        })
        .await
    }
}

#[tokio::test]
async fn each_archive_unpacks_to_the_same_tree() {
    let project = project();
    let site = Site::start(&project).await;
    let expected = tree(project.path(), &is_source);
    assert!(expected.len() > SMALL_FILES && expected.contains_key("empty/inside") && expected.contains_key(".env"));
    for (kind, compression, media_type, extension) in FORMATS {
        let body = if compression.is_empty() { json!({}) } else { json!({ "compression": compression }) };
        let response = site.export(kind, body.clone()).await;
        assert_eq!(response.headers()["content-type"], media_type);
        let name = format!("attachment; filename=\"Web-Shop.{extension}\"");
        assert_eq!(response.headers()["content-disposition"], name.as_str());
        assert!(response.content_length().is_none(), "it is streamed");
        drop(response);
        let directory = site.unpacked(kind, body).await;
        let found = tree(&directory.path().join("unpacked"), &|_| true);
        assert_eq!(found, expected, "{extension}");
    }
}

#[tokio::test]
async fn history_and_what_is_ignored_come_on_request_and_one_directory_alone() {
    let project = project();
    let site = Site::start(&project).await;
    for (body, keep) in [
        (
            json!({ "include_git": true }),
            (|name| name.starts_with(".git/") || name == ".git" || is_source(name)) as fn(&str) -> bool,
        ),
        (json!({ "include_ignored": true }), |name| !name.split('/').any(|part| part == ".git")),
        (json!({ "include_git": true, "include_ignored": true }), |_| true),
    ] {
        let directory = site.unpacked("tar", body.clone()).await;
        assert_eq!(tree(&directory.path().join("unpacked"), &|_| true), tree(project.path(), &keep), "{body}");
    }
    let directory = site.unpacked("zip", json!({ "root_dir": "many/7" })).await;
    assert_eq!(tree(&directory.path().join("unpacked"), &|_| true), tree(&project.path().join("many/7"), &|_| true));

    for (root_dir, expected) in [("dist", "left out by the ignore rules"), ("gone", "`gone` is not there")] {
        let body = Some(json!({ "root_dir": root_dir }));
        let path = site.path("zip");
        let (code, detail) =
            site.control_plane.refused(Method::POST, &path, body, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid_input");
        assert!(detail.contains(expected), "{detail}");
    }
    for body in [json!({ "root_dir": "../x" }), json!({ "compression": "zstd" })] {
        let path = site.path("zip");
        site.control_plane.refused(Method::POST, &path, Some(body), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let rows = site.control_plane.call(Method::GET, "/api/audit?action=sandbox.export", None).await;
    let of_git = rows["items"].as_array().expect("rows").iter().find(|row| row["details"]["include_git"] == true);
    assert_eq!(of_git.expect("has a row")["details"]["format"], "tar");
}

/// A workspace that takes long to read for somebody who does not read.
fn large() -> Project {
    let project = Project::empty();
    for number in 0..40 {
        let content: Vec<u8> =
            (0..1_250_000_u32).flat_map(|word| (word.wrapping_mul(2_654_435_761) ^ number).to_le_bytes()).collect();
        fs::write(project.path().join(format!("file-{number:02}")), content).expect("writes");
    }
    project
}

/// How many files of the workspace the agent has open.
fn open_files(agent: &Agent, project: &Project) -> usize {
    let descriptors = fs::read_dir(format!("/proc/{}/fd", agent.pid())).expect("is running");
    let open = descriptors.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    open.filter(|path| path.starts_with(project.path()) && path != project.path()).count()
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_the_walk_and_makes_room() {
    let project = large();
    let site = Site::start(&project).await;
    let body = json!({});
    let mut first = site.let_in("tar", &body).await;
    let second = site.let_in("tar", &body).await;
    let third = site.export("zip", body.clone()).await;
    assert_eq!(third.status(), StatusCode::TOO_MANY_REQUESTS, "two at once are enough");
    assert!(third.headers().contains_key("retry-after"));
    first.chunk().await.expect("is read").expect("begins");
    // Nobody reads on, so the agent stands still in the middle of the tree.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(open_files(&site.agent, &project), 2);
    drop((first, second));
    eventually("the agent to stop reading", Duration::from_secs(3), || async {
        (open_files(&site.agent, &project) == 0).then_some(())
    })
    .await;
    let (one, other) = (site.let_in("tar", &body).await, site.let_in("tar", &body).await);
    let (one, other) = tokio::join!(one.bytes(), other.bytes());
    assert_eq!(one.expect("is whole"), other.expect("is whole"));
    // The session has not noticed any of it.
    site.control_plane.call(Method::GET, &format!("/api/sandboxes/{}/detect", site.sandbox), None).await;
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_no_body() {
    let project = large();
    let mut site = Site::start(&project).await;
    for kind in ["zip", "tar"] {
        let mut response = site.export(kind, json!({})).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.chunk().await.expect("is read").expect("begins");
        site.agent.kill();
        let rest = response.bytes().await;
        assert!(rest.is_err(), "{kind}: {} bytes as if that were all", rest.map_or(0, |rest| rest.len()));
        site.agent.restart(&site.control_plane, project.path());
        // Of the one that was killed there is nothing any more.
        eventually("the agent to be back", SOON, || async {
            let path = format!("/api/sandboxes/{}/detect", site.sandbox);
            site.control_plane.send(Method::GET, &path, None).await.status().is_success().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_file_that_is_cut_while_it_is_read_breaks_a_tar_and_is_shorter_in_a_zip() {
    const BYTES: u64 = 256 * 1024 * 1024;
    let project = Project::empty();
    project.write("z-last", "after it");
    let site = Site::start(&project).await;
    for (kind, is_whole) in [("tar", false), ("zip", true)] {
        let file = fs::File::create(project.path().join("growing.gz")).expect("ours");
        file.set_len(BYTES).expect("is sparse");
        let mut response = site.let_in(kind, &json!({})).await;
        let mut archive = response.chunk().await.expect("is read").expect("begins").to_vec();
        file.set_len(BYTES / 64).expect("is cut");
        let rest = response.bytes().await;
        assert_eq!(rest.is_ok(), is_whole, "{kind}");
        let Ok(rest) = rest else { continue };
        archive.extend(rest);
        assert!((archive.len() as u64) < BYTES);
        let packed = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(packed.path(), archive).expect("writes");
        let tested = Command::new("unzip").args(["-tq"]).arg(packed.path()).status().expect("unzip is there");
        assert!(tested.success());
    }
}

#[tokio::test]
async fn without_an_agent_that_can_there_is_a_plain_answer() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let path = |kind: &str| format!("/api/sandboxes/{sandbox}/export/{kind}");
    let began = Instant::now();
    for kind in ["zip", "tar"] {
        let refused = control_plane.refused(Method::POST, &path(kind), None, StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(refused.0, "unavailable");
        assert!(refused.1.contains("is not connected"), "{}", refused.1);
    }
    let other = control_plane.token_for("other", "admin");
    let foreign = control_plane.send_as(&other, Method::POST, &path("zip"), None).await;
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND);
    let reader = control_plane.token_for("admin", "read");
    let forbidden = control_plane.send_as(&reader, Method::POST, &path("zip"), None).await;
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);

    // An agent of an older version, which does not say that it can.
    let old = SimulatedAgent::enrol(&control_plane, "old").await.expect("enrols");
    let _session = old.connect(&control_plane).await.expect("connects");
    let path = format!("/api/sandboxes/{}/export/zip", old.sandbox);
    let refused = control_plane.refused(Method::POST, &path, None, StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(refused.1.contains("too old"), "{}", refused.1);
    assert!(began.elapsed() < SOON, "nobody is waited for");
}
