//! Pushes to a real git server over HTTP: what arrives is the workspace on top of its history, the user's own
//! repository is as it was, and every refusal says what to do.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::canary::Canaries;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::git_server::{Fault, GitServer, git};
use slipway_tests::processes::children_of;
use slipway_tests::vendors::github::{GitHub, Token};
use slipway_tests::{BUILD, SOON, eventually};
use tempfile::TempDir;

const CREDENTIAL: &str = "ghp_canaryOfTheGitExportTests0123456789";
const USERNAME: &str = "x-access-token";

/// A host with the repository `ada/shop`, a project, and a target for it.
struct Stage {
    host: GitServer,
    repository: std::path::PathBuf,
    control_plane: ControlPlane,
    project: Project,
    sandbox: String,
    target: String,
    agent: Agent,
}

impl Stage {
    async fn set(project: Project) -> Self {
        Self::with_config(project, json!({})).await
    }

    async fn with_config(project: Project, more: Value) -> Self {
        let host = GitServer::start(USERNAME, CREDENTIAL).await;
        let repository = host.repository("ada/shop");
        let control_plane = ControlPlane::start_with(&[("SLIPWAY_PROVIDERS__GITHUB__GIT_URL", &host.url)]).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let account = control_plane.add_credential("github", "ada", CREDENTIAL);
        let mut config = json!({ "owner": "ada", "repo": "shop" });
        config.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let body = json!({ "provider": "github", "name": "shop", "credentials_id": account, "config": config });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        Self { host, repository, control_plane, project, sandbox, target, agent }
    }

    async fn deploy(&self, more: Value) -> String {
        self.control_plane.deploy(&self.sandbox, &self.target, more).await
    }

    async fn succeeds(&self, more: Value) -> Value {
        let id = self.deploy(more).await;
        self.control_plane.wait_for(&id, &["success"], BUILD).await
    }

    async fn fails(&self) -> String {
        let id = self.deploy(json!({})).await;
        text(&self.control_plane.wait_for(&id, &["failed"], BUILD).await, "error_message")
    }

    fn at_host(&self, arguments: &[&str]) -> String {
        git(&self.repository, arguments)
    }

    fn head(&self) -> String {
        self.at_host(&["rev-parse", "main"])
    }

    fn somebody_pushes(&self) {
        somebody_pushes_to(&self.repository);
    }

    /// Every file at the end of the branch, with its mode.
    fn files_at_host(&self) -> BTreeMap<String, (String, String)> {
        let listed = self.at_host(&["ls-tree", "-r", "--full-tree", "main"]);
        let entry = |line: &str| {
            let (meta, path) = line.split_once('\t').expect("a tab");
            let [mode, _, object] = meta.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let content =
                if mode == "160000" { object.to_owned() } else { self.at_host(&["cat-file", "blob", object]) };
            (path.to_owned(), (mode.to_owned(), content))
        };
        listed.lines().map(entry).collect()
    }
}

/// Puts a commit of somebody else at the end of the branch.
fn somebody_pushes_to(repository: &Path) {
    let clone = TempDir::with_prefix("slipway-clone-").expect("a temporary directory");
    git(clone.path(), &["clone", "--quiet", &repository.to_string_lossy(), "."]);
    fs::write(clone.path().join("theirs.txt"), "theirs").expect("writes");
    commit_all(clone.path(), "theirs");
    git(clone.path(), &["push", "--quiet", "origin", "HEAD:main"]);
}

fn commit_all(directory: &Path, message: &str) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// A repository with two commits, and work that is not committed: changed, new, removed, staged, ignored, a link, an
/// executable.
fn project_with_history() -> Project {
    let project = Project::empty();
    let root = project.path();
    git(root, &["init", "--quiet", "--initial-branch=main", "."]);
    for (path, content) in [("index.html", "one"), ("src/app.js", "app"), ("gone.txt", "x"), (".gitignore", "dist\n")] {
        project.write(path, content);
    }
    commit_all(root, "first");
    project.write("index.html", "two");
    commit_all(root, "second");
    project.write("index.html", "three");
    project.write("src/new.js", "new");
    project.write("dist/ignored.js", "ignored");
    project.write(".env", "SECRET=1");
    project.write("run.sh", "#!/bin/sh");
    fs::set_permissions(root.join("run.sh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("is ours");
    fs::remove_file(root.join("gone.txt")).expect("is there");
    std::os::unix::fs::symlink("src/app.js", root.join("link")).expect("links");
    project.write("staged.js", "staged");
    git(root, &["add", "staged.js"]);
    project
}

/// What must not change in the user's own repository: everything but times.
fn state_of(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut state = BTreeMap::new();
    let mut open = vec![directory.join(".git")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("reads").map(|entry| entry.expect("reads").path()));
        } else {
            state.insert(path.display().to_string(), fs::read(&path).expect("reads"));
        }
    }
    state
}

#[tokio::test]
async fn what_is_not_committed_becomes_one_commit_on_top_of_the_history() {
    let stage = Stage::set(project_with_history()).await;
    let root = stage.project.path();
    let (before, own_head) = (state_of(root), git(root, &["rev-parse", "HEAD"]));
    let deployment = stage.succeeds(json!({ "commit_message": "From the sandbox\n\nwith a reason" })).await;

    assert_eq!(state_of(root), before, "the user's own repository was touched");
    assert_eq!(stage.at_host(&["rev-parse", "main^"]), own_head);
    assert_eq!(stage.at_host(&["log", "-1", "--format=%B", "main"]), "From the sandbox\n\nwith a reason");
    let names: Vec<_> =
        stage.files_at_host().into_iter().map(|(path, (mode, content))| (path, mode, content)).collect();
    let expected = [
        (".gitignore", "100644", "dist"),
        ("index.html", "100644", "three"),
        ("link", "120000", "src/app.js"),
        ("run.sh", "100755", "#!/bin/sh"),
        ("src/app.js", "100644", "app"),
        ("src/new.js", "100644", "new"),
        ("staged.js", "100644", "staged"),
    ];
    assert_eq!(names, expected.map(|(path, mode, content)| (path.to_owned(), mode.to_owned(), content.to_owned())));
    assert_eq!(text(&deployment, "deployment_url"), format!("{}/ada/shop/tree/main", stage.host.url));
    stage.at_host(&["fsck", "--strict", "--full"]);
    assert_eq!(stage.host.unauthorised(), 0, "the token goes with the first request");

    // Nothing has changed: nothing is pushed, and it is a success. Another change is one more commit, although
    // the repository in the sandbox does not know the first.
    let head = stage.head();
    stage.succeeds(json!({})).await;
    assert_eq!((stage.head(), stage.host.pushes()), (head.clone(), 1));
    stage.project.write("index.html", "four");
    stage.succeeds(json!({})).await;
    assert_eq!(stage.at_host(&["rev-parse", "main^"]), head);
    assert_eq!(stage.files_at_host()["index.html"].1, "four");

    // What is committed meanwhile comes in as a second parent; nothing of the branch is lost.
    let head = stage.head();
    commit_all(root, "third");
    stage.succeeds(json!({})).await;
    let parents = stage.at_host(&["rev-parse", "main^1", "main^2"]);
    assert_eq!(parents, format!("{head}\n{}", git(root, &["rev-parse", "HEAD"])));
    stage.at_host(&["fsck", "--strict", "--full"]);
}

#[tokio::test]
async fn a_workspace_without_a_repository_gets_a_history_of_its_own() {
    let project = Project::fixture("plain-html");
    project.write("node_modules/a/index.js", "dependency");
    project.write(".env", "SECRET=1");
    let stage = Stage::set(project).await;
    stage.succeeds(json!({})).await;
    assert_eq!(stage.at_host(&["rev-list", "--count", "main"]), "1");
    let files = stage.files_at_host();
    assert!(files.contains_key("index.html") && files.contains_key("images/pixel.png"), "{files:?}");
    assert!(!files.keys().any(|path| path.contains("node_modules") || path == ".env"), "{files:?}");
    assert!(!stage.project.path().join(".git").exists(), "the workspace itself was changed");
    let author = stage.at_host(&["log", "-1", "--format=%an <%ae>: %s", "main"]);
    assert_eq!(author, "Slipway <slipway@slipway.invalid>: Update from Slipway");

    // The same once more changes nothing; a change becomes the next commit, also on top of what others push.
    stage.succeeds(json!({})).await;
    assert_eq!(stage.host.pushes(), 1);
    stage.project.write("index.html", "changed");
    stage.succeeds(json!({})).await;
    assert_eq!(stage.at_host(&["rev-list", "--count", "main"]), "2");
    stage.somebody_pushes();
    stage.project.write("index.html", "changed again");
    stage.succeeds(json!({})).await;
    assert_eq!(stage.at_host(&["rev-list", "--count", "main"]), "4");
    assert_eq!(stage.files_at_host()["index.html"].1, "changed again");
    stage.at_host(&["fsck", "--strict", "--full"]);
}

#[tokio::test]
async fn commits_go_as_they_are_when_asked() {
    let config = json!({ "branch": "release/1", "commits_only": true });
    let stage = Stage::with_config(project_with_history(), config).await;
    stage.succeeds(json!({})).await;
    let own_head = git(stage.project.path(), &["rev-parse", "HEAD"]);
    assert_eq!(stage.at_host(&["rev-parse", "release/1"]), own_head);
}

#[tokio::test]
async fn a_branch_that_others_moved_is_left_alone() {
    let stage = Stage::set(project_with_history()).await;
    stage.succeeds(json!({})).await;
    stage.somebody_pushes();
    let head = stage.head();
    let message = stage.fails().await;
    assert!(message.contains("pull them first, or choose another branch"), "{message}");
    assert_eq!(stage.head(), head);
}

#[tokio::test]
async fn refusals_of_the_host_are_told_with_the_way_out() {
    let stage = Stage::set(project_with_history()).await;
    let cases = [
        (
            "echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2; echo '- Changes must be made through a pull request.' >&2; exit 1",
            "the branch is protected. Push to another branch and open a pull request",
            "Changes must be made through a pull request.",
        ),
        (
            "echo 'GH013: Repository rule violations found' >&2; echo '- GITHUB PUSH PROTECTION' >&2; echo 'path: config.js:3' >&2; exit 1",
            "GitHub found a secret in a file",
            "config.js:3",
        ),
        (
            "echo 'no deployments on Fridays' >&2; exit 1",
            "the git server refused the push",
            "no deployments on Fridays",
        ),
    ];
    for (script, meaning, said) in cases {
        GitServer::hook(&stage.repository, script);
        let message = stage.fails().await;
        assert!(message.starts_with(meaning) && message.contains(said), "{message}");
    }
    assert_eq!(stage.at_host(&["for-each-ref"]), "", "nothing was taken");
}

#[tokio::test]
async fn credentials_and_repositories_that_are_wrong_are_named() {
    let stage = Stage::set(project_with_history()).await;
    let target = format!("/api/deployments/targets/{}", stage.target);
    let nowhere = json!({ "config": { "owner": "ada", "repo": "nowhere" } });
    stage.control_plane.call(Method::PUT, &target, Some(nowhere)).await;
    let message = stage.fails().await;
    assert!(message.contains("no repository ada/nowhere at 127.0.0.1"), "{message}");

    let wrong = stage.control_plane.add_credential("github", "wrong", "ghp_anotherCanaryOfTheGitExportTests000");
    stage.control_plane.call(Method::PUT, &target, Some(json!({ "credentials_id": wrong }))).await;
    let message = stage.fails().await;
    assert!(message.contains("does not accept the credential"), "{message}");

    let body = json!({ "provider": "github", "name": "none", "config": { "owner": "ada", "repo": "shop" } });
    let none = text(&stage.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let id = stage.control_plane.deploy(&stage.sandbox, &none, json!({})).await;
    let deployment = stage.control_plane.wait_for(&id, &["failed"], SOON).await;
    assert!(text(&deployment, "error_message").contains("connect one and set `credentials_id`"));
}

#[tokio::test]
async fn what_cannot_be_pushed_is_refused_before_anything_is_sent() {
    let stage = Stage::set(project_with_history()).await;
    let root = stage.project.path();
    git(root, &["init", "--quiet", "inner"]);
    stage.project.write("inner/a.txt", "a");
    commit_all(&root.join("inner"), "inner");
    let message = stage.fails().await;
    assert!(message.contains("`inner` is a git repository of its own"), "{message}");
    fs::remove_dir_all(root.join("inner")).expect("removes");

    let large = fs::File::create(root.join("large.bin")).expect("makes");
    large.set_len(101 * 1024 * 1024).expect("grows");
    let message = stage.fails().await;
    assert!(message.contains("a file is larger than the 100 MiB the host takes: large.bin"), "{message}");
    fs::remove_file(root.join("large.bin")).expect("removes");

    let shallow = Project::empty();
    git(shallow.path(), &["clone", "--quiet", "--depth=1", &format!("file://{}", root.display()), "."]);
    let stage = Stage::set(shallow).await;
    let message = stage.fails().await;
    assert!(message.contains("this is a shallow clone"), "{message}");

    let stage = Stage::set(Project::empty()).await;
    let message = stage.fails().await;
    assert!(message.contains("there is nothing to push"), "{message}");
    stage.project.write(".git", "gitdir: /nowhere");
    let message = stage.fails().await;
    assert!(message.contains("cannot read the repository of the workspace: fatal:"), "{message}");
    assert_eq!(stage.host.pushes(), 0);
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_looked_for_and_never_doubled() {
    let stage = Stage::set(project_with_history()).await;
    for (fault, pushes) in [(Fault::TakeAndBreak, 1), (Fault::Break, 2), (Fault::Fail, 2), (Fault::Busy(1), 2)] {
        let (before, commits) = (stage.host.pushes(), stage.at_host(&["rev-list", "--count", "--all"]));
        stage.project.write("index.html", &format!("{fault:?}"));
        commit_all(stage.project.path(), "next");
        stage.host.break_with([fault]);
        stage.succeeds(json!({})).await;
        assert_eq!(stage.host.pushes() - before, pushes, "{fault:?}");
        assert_ne!(stage.at_host(&["rev-list", "--count", "--all"]), commits);
        assert_eq!(stage.head(), git(stage.project.path(), &["rev-parse", "HEAD"]), "{fault:?}");
    }
}

#[tokio::test]
async fn a_push_on_which_others_have_built_before_anybody_asked_is_found() {
    for is_ours_beneath in [true, false] {
        let host = GitServer::start(USERNAME, CREDENTIAL).await;
        let repository = host.repository("ada/shop");
        let github = GitHub::start_before(Some(host.clone())).await;
        github.add_token(CREDENTIAL, Token::of_ada());
        let apis = github.settings();
        let settings: Vec<_> = apis.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let git_url = ("SLIPWAY_PROVIDERS__GITHUB__GIT_URL", host.url.as_str());
        let control_plane = ControlPlane::start_with(&[settings, vec![git_url]].concat()).await;
        let sandbox = control_plane.create_sandbox("sandbox").await;
        let project = project_with_history();
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        let account = control_plane.add_credential("github", "ada", CREDENTIAL);
        let config = json!({ "owner": "ada", "repo": "shop" });
        let body = json!({ "provider": "github", "name": "shop", "credentials_id": account, "config": config });
        let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
        let stage = Stage { host, repository, control_plane, project, sandbox, target, agent };
        stage.succeeds(json!({})).await;

        stage.project.write("index.html", "later");
        // The answer is lost and, before anybody asks again, the branch moves on: by a hook, as part of the push.
        let fault = if is_ours_beneath { Fault::TakeAndBreak } else { Fault::Break };
        stage.host.break_with([fault]);
        stage.host.before_next_look({
            let repository = stage.repository.clone();
            move || somebody_pushes_to(&repository)
        });
        let id = stage.deploy(json!({})).await;
        let deployment = stage.control_plane.wait_for(&id, &["success", "failed"], BUILD).await;
        if is_ours_beneath {
            assert_eq!(deployment["status"], "success", "{deployment}");
        } else {
            let message = text(&deployment, "error_message");
            assert!(message.contains("nobody's work is overwritten"), "{message}");
        }
        assert_eq!(stage.at_host(&["show", "main:theirs.txt"]), "theirs");
        github.check();
    }
}

#[tokio::test]
async fn a_rollback_puts_the_branch_back_unless_somebody_moved_it() {
    let stage = Stage::set(project_with_history()).await;
    let first = stage.succeeds(json!({})).await;
    let first_head = stage.head();
    stage.project.write("index.html", "later");
    let second = stage.succeeds(json!({})).await;
    assert_ne!(stage.head(), first_head);
    let rollback = format!("/api/deployments/{}/rollback", text(&second, "id"));
    let id = text(&stage.control_plane.call(Method::POST, &rollback, None).await, "id");
    stage.control_plane.wait_for(&id, &["success"], SOON).await;
    assert_eq!(stage.head(), first_head);

    stage.succeeds(json!({})).await;
    stage.somebody_pushes();
    let head = stage.head();
    let live = stage.control_plane.call(Method::GET, "/api/deployments?limit=1", None).await;
    let rollback = format!("/api/deployments/{}/rollback", text(&live["items"][0], "id"));
    let body = json!({ "to": text(&first, "id") });
    let id = text(&stage.control_plane.call(Method::POST, &rollback, Some(body)).await, "id");
    let deployment = stage.control_plane.wait_for(&id, &["failed"], SOON).await;
    let message = text(&deployment, "error_message");
    assert!(message.contains("nobody's work is overwritten"), "{message}");
    assert_eq!(stage.head(), head);
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_push_ends_in_one_push() {
    let stage = Stage::set(project_with_history()).await;
    GitServer::hook(&stage.repository, "sleep 1");
    let id = stage.deploy(json!({})).await;
    eventually("the push to arrive", SOON, || async { (stage.host.pushes() == 1).then_some(()) }).await;
    let control_plane = stage.control_plane.kill_and_restart().await;
    control_plane.wait_for(&id, &["success"], BUILD).await;
    // The first push may still be under way when the second comes: both say the same, and one is taken.
    assert_eq!(git(&stage.repository, &["rev-list", "--count", "main"]), "3");
    assert_eq!(git(&stage.repository, &["reflog", "show", "main"]).lines().count(), 1);
}

#[tokio::test]
async fn the_sandbox_never_sees_the_token() {
    let stage = Stage::set(project_with_history()).await;
    let deployment = stage.succeeds(json!({})).await;
    let canaries = Canaries::new(&[
        CREDENTIAL.as_bytes(),
        BASE64.encode(format!("{USERNAME}:{CREDENTIAL}").as_bytes()).as_bytes(),
    ]);
    for process in std::iter::once(stage.agent.pid()).chain(children_of(stage.agent.pid())) {
        assert!(!canaries.are_in_process(process), "it is in the memory of the agent");
    }
    assert!(canaries.are_in_process(stage.control_plane.pid()), "or this would find nothing anywhere");
    let log = stage.control_plane.log(&text(&deployment, "id")).await;
    assert!(!canaries.are_in(log.as_bytes()) && !canaries.are_in(deployment.to_string().as_bytes()));
}

#[tokio::test]
async fn gitlab_takes_the_same() {
    let host = GitServer::start("oauth2", CREDENTIAL).await;
    let repository = host.repository("tools/web/shop");
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_PROVIDERS__GITLAB__GIT_URL", &host.url)]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let project = project_with_history();
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let account = control_plane.add_credential("gitlab", "ada", CREDENTIAL);
    let config = json!({ "namespace": "tools/web", "project": "shop", "branch": "slipway" });
    let body = json!({ "provider": "gitlab", "name": "shop", "credentials_id": account, "config": config });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(text(&deployment, "deployment_url"), format!("{}/tools/web/shop/-/tree/slipway", host.url));
    assert_eq!(git(&repository, &["rev-parse", "slipway^"]), git(project.path(), &["rev-parse", "HEAD"]));
}
