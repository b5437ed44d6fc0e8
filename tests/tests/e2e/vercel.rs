//! Vercel, from a sandbox to a page: what is there afterwards is what Vercel's own CLI leaves, each file is sent once,
//! and one deployment is one release, whatever dies or fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::browser::{Browser, location};
use slipway_tests::control_plane::{self, ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::vendors::vercel::{TEAM, Vercel};
use slipway_tests::vendors::{Fault, cli};
use slipway_tests::{BUILD, SOON, eventually};
use tempfile::TempDir;

const TOKEN: &str = "vcp_canaryOfTheVercelTests0123456789";
const PROJECT: &str = "shop";
/// Files that are sent at the same time.
const PARALLEL: usize = 16;

/// Vercel with a project, and a sandbox with a tree that goes there.
type Stage = slipway_tests::stage::Stage<Vercel>;

async fn set(project: Project) -> Stage {
    set_with(project, json!({ "project": PROJECT, "team_id": TEAM })).await
}

async fn set_with(project: Project, config: Value) -> Stage {
    let vercel = Vercel::start().await;
    vercel.add_token(TOKEN, None);
    vercel.add_project(PROJECT, Some(TEAM));
    let settings = vercel.settings();
    Stage::set(vercel, &settings, ("vercel", TOKEN, config), project).await
}

fn page(stage: &Stage) -> String {
    let page = stage.vendor.live_file(PROJECT, "index.html").expect("is live");
    String::from_utf8(page).expect("UTF-8")
}

/// A page, files of all kinds in directories, two that are the same, an empty one, one that can be run.
fn site() -> Project {
    let project = Project::empty();
    for (path, content) in [
        ("index.html", "<h1>shop</h1>"),
        ("style.css", "body {}"),
        ("copy.css", "body {}"),
        ("empty.txt", ""),
        ("a/b/ünï code.txt", "deep"),
        ("tool.sh", "#!/bin/sh"),
    ] {
        project.write(path, content);
    }
    fs::write(project.path().join("a/large.bin"), vec![7; 300_000]).expect("writes");
    fs::set_permissions(project.path().join("tool.sh"), fs::Permissions::from_mode(0o755)).expect("is ours");
    project
}

#[tokio::test]
async fn what_we_leave_is_what_vercels_own_cli_leaves() {
    let Some(program) = cli::find("vercel", "vercel") else { return };
    let stage = set(site()).await;
    stage.succeeds(json!({})).await;
    stage.vendor.check();

    let theirs = Vercel::start().await;
    theirs.add_token(TOKEN, None);
    let project = theirs.add_project(PROJECT, Some(TEAM));
    let home = TempDir::with_prefix("slipway-vercel-").expect("a temporary directory");
    let directory = home.path().join("site");
    fs::create_dir_all(directory.join(".vercel/output")).expect("makes it");
    stage.project.copy_to(&directory.join(".vercel/output/static"));
    fs::write(directory.join(".vercel/output/config.json"), r#"{"version":3}"#).expect("writes");
    for round in ["first", "again"] {
        let output = cli::run(cli::vercel(&program, &theirs.url, TOKEN, (TEAM, &project), &directory)).await;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{round}: {said}");
    }
    theirs.check();
    assert_eq!(stage.vendor.live_files(PROJECT), theirs.live_files(PROJECT));
    assert_eq!(stage.vendor.received(), theirs.received());
}

#[tokio::test]
async fn only_what_has_changed_is_sent_and_a_rollback_sends_nothing() {
    let stage = set(Project::with_files(40)).await;
    let first = stage.succeeds(json!({})).await;
    assert_eq!(text(&first, "deployment_url"), "https://shop.vercel.app");
    assert!(text(&first, "preview_url").starts_with("https://shop-"), "{first}");
    assert_eq!((stage.vendor.received().files, stage.vendor.received().duplicates), (42, 0), "one is the config");

    stage.vendor.count_anew();
    stage.project.write("index.html", "second");
    let second = stage.succeeds(json!({ "branch": "main", "commit_message": "Say second" })).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.received().bytes), (1, 6));
    let request = stage.vendor.last_request();
    assert_eq!(request["gitMetadata"], json!({ "commitRef": "main", "commitMessage": "Say second" }));

    stage.vendor.count_anew();
    let made = stage.vendor.deployments();
    let path = format!("/api/deployments/{}/rollback", text(&second, "id"));
    let id = text(&stage.control_plane.call(Method::POST, &path, None).await, "id");
    let rolled_back = stage.ends(&id, "success").await;
    assert_eq!(
        (page(&stage), stage.vendor.received().files, stage.vendor.deployments()),
        ("first".to_owned(), 0, made)
    );
    assert_eq!(text(&rolled_back, "deployment_url"), "https://shop.vercel.app");

    // Vercel gives its domains to nothing new by itself after that.
    stage.project.write("index.html", "third");
    stage.succeeds(json!({})).await;
    assert_eq!(page(&stage), "third");
    stage.vendor.check();
}

#[tokio::test]
async fn a_preview_leaves_what_is_live_alone() {
    let stage = set(site()).await;
    let preview = stage.succeeds(json!({ "environment": "preview" })).await;
    assert!(text(&preview, "deployment_url").starts_with("https://shop-"), "{preview}");
    assert_eq!((stage.vendor.deployments(), stage.vendor.releases(PROJECT)), (1, 0));
    assert!(!stage.vendor.last_request().contains_key("target"));
    stage.vendor.check();
}

#[tokio::test]
async fn what_a_build_made_for_vercel_goes_as_it_is() {
    let files = [
        (".vercel/output/config.json", r#"{"version":3,"routes":[{"src":"/old","status":301}]}"#),
        (".vercel/output/functions/api.func/.vc-config.json", r#"{"runtime":"nodejs22.x","handler":"index.js"}"#),
        (".vercel/output/static/index.html", "built"),
    ];
    let write = "for (const [path, content] of FILES) { \
        fs.mkdirSync(require('path').dirname(path), { recursive: true }); fs.writeFileSync(path, content); }";
    let script = format!("const fs = require('fs'); const FILES = {}; {write}", json!(files));
    let stage = set(Project::with_build_script(&script)).await;
    stage.succeeds(json!({ "output_dir": ".vercel/output" })).await;
    let live = stage.vendor.live_files(PROJECT);
    assert_eq!(live.keys().map(String::as_str).collect::<Vec<_>>(), files.map(|(path, _)| path));
    assert_eq!(page(&stage), "built");
    stage.vendor.check();
}

#[tokio::test]
async fn a_project_is_made_and_given_its_variables_when_the_target_says_so() {
    let config = json!({ "project": "new-shop", "create": true });
    let stage = set_with(site(), config).await;
    let secret = json!([{ "name": "API_KEY", "scope": "runtime", "value": "runtimeCanary0123456789" }]);
    stage.control_plane.set_variables(&stage.target, secret).await;
    stage.succeeds(json!({})).await;
    let variables = stage.vendor.variables("new-shop");
    assert_eq!(variables[&("production".to_owned(), "API_KEY".to_owned())], "runtimeCanary0123456789");
    stage.succeeds(json!({})).await;
    assert_eq!(stage.vendor.releases("new-shop"), 2);
    stage.vendor.check();

    let secret = json!([{ "name": "VERCEL_X", "scope": "runtime", "value": "runtimeCanary0123456789" }]);
    stage.control_plane.set_variables(&stage.target, secret).await;
    let message = stage.fails().await;
    assert!(message.contains("the variable VERCEL_X (ENV_KEY_RESERVED)"), "{message}");
    assert_eq!(stage.vendor.releases("new-shop"), 2);
}

#[tokio::test]
async fn killed_while_files_are_sent_it_goes_on_where_it_was() {
    let mut stage = set(Project::with_files(100)).await;
    stage.vendor.answers_after(Duration::from_millis(40));
    let id = stage.deploy(json!({})).await;
    eventually("some files", BUILD, || async { (stage.vendor.received().files >= 20).then_some(()) }).await;
    let stopped = stage.control_plane.stop();
    let before = stage.vendor.received().files;
    assert!(before < 100, "all were sent before it died");
    stage.control_plane = stopped.start().await;
    stage.ends(&id, "success").await;
    let received = stage.vendor.received();
    assert!(received.duplicates <= PARALLEL, "{received:?}");
    assert_eq!(received.files - received.duplicates, 102);
    assert_eq!((stage.vendor.deployments(), stage.vendor.releases(PROJECT)), (1, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn killed_before_it_hears_that_it_is_made_it_makes_no_second() {
    let mut stage = set(site()).await;
    stage.vendor.fail_release(Fault::Slow(Duration::from_secs(30)));
    let id = stage.deploy(json!({})).await;
    eventually("a deployment", BUILD, || async { (stage.vendor.deployments() == 1).then_some(()) }).await;
    stage.control_plane = stage.control_plane.kill_and_restart().await;
    stage.ends(&id, "success").await;
    assert_eq!((stage.vendor.deployments(), stage.vendor.releases(PROJECT)), (1, 1));
    assert_eq!(stage.vendor.received().duplicates, 0);
}

#[tokio::test]
async fn a_file_that_fails_for_the_moment_is_sent_again_alone() {
    let stage = set(Project::with_files(30)).await;
    for fault in [
        Fault::Answer(500, Vec::new(), "{}"),
        Fault::Answer(429, vec![("retry-after", "1".to_owned())], "{}"),
        Fault::Break,
        Fault::Malformed,
    ] {
        stage.vendor.fail("/v2/files", fault);
    }
    stage.succeeds(json!({})).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.deployments()), (32, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn who_has_sent_too_many_files_today_is_told_until_when_it_waits() {
    let stage = set(Project::with_files(30)).await;
    stage.vendor.takes_uploads(10);
    let id = stage.deploy(json!({})).await;
    let message = eventually("a word about the wait", BUILD, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        deployment["status_message"].as_str().filter(|message| message.contains("next at")).map(str::to_owned)
    })
    .await;
    assert!(message.contains("vercel asks us to wait"), "{message}");
    assert_eq!(stage.vendor.deployments(), 0);
    stage.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    stage.ends(&id, "cancelled").await;
}

#[tokio::test]
async fn what_vercel_cannot_make_is_told_in_its_words_with_its_log() {
    let stage = set(site()).await;
    stage
        .vendor
        .next_ends(json!({ "readyState": "ERROR", "errorCode": "BUILD_FAILED", "errorMessage": "out of luck" }));
    let id = stage.deploy(json!({})).await;
    let message = text(&stage.ends(&id, "failed").await, "error_message");
    assert!(message.contains("out of luck (BUILD_FAILED)"), "{message}");
    let log = stage.control_plane.log(&id).await;
    assert!(log.contains("vercel: Deploying outputs..."), "{log}");
    stage.vendor.next_ends(
        json!({ "aliasAssigned": false, "aliasError": { "code": "cert_missing", "message": "no certificate" } }),
    );
    let message = stage.fails().await;
    assert!(message.contains("no certificate (cert_missing)"), "{message}");
    assert_eq!(stage.vendor.releases(PROJECT), 0);
}

#[tokio::test]
async fn what_is_blocked_waits_for_a_person() {
    let stage = set(site()).await;
    stage.vendor.next_ends(json!({ "readyState": "BLOCKED" }));
    let id = stage.deploy(json!({})).await;
    let deployment = eventually("a person to be waited for", BUILD, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        deployment["waiting_on"].is_object().then_some(deployment)
    })
    .await;
    assert!(text(&deployment["waiting_on"], "url").starts_with("https://vercel.com/shop/"), "{deployment}");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stage = set_with(site(), json!({ "project": "nowhere", "team_id": TEAM })).await;
    let message = stage.fails().await;
    assert!(message.contains("no project `nowhere`") && message.contains("set `create`"), "{message}");
    stage.vendor.add_token(TOKEN, Some("team_other"));
    let message = stage.fails().await;
    assert!(message.contains("check `team_id`"), "{message}");
    stage.vendor.revoke_token(TOKEN);
    let message = stage.fails().await;
    assert!(message.contains("wrong, expired or revoked"), "{message}");
    assert_eq!(stage.vendor.deployments(), 0);
    stage.vendor.check();
}

#[tokio::test]
async fn it_can_be_held_back_while_it_is_made() {
    let stage = set(site()).await;
    stage.vendor.is_ready_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    stage.is_publishing(&id).await;
    eventually("a deployment", SOON, || async { (stage.vendor.deployments() == 1).then_some(()) }).await;
    stage.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    stage.ends(&id, "cancelled").await;
    assert_eq!(stage.vendor.releases(PROJECT), 0);
    stage.vendor.check();
}

#[tokio::test]
async fn domains_are_added_proven_and_removed_at_the_project() {
    let stage = set(site()).await;
    let (control_plane, vercel) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/domains", stage.target);
    let add = async |name: &str| control_plane.call(Method::POST, &path, Some(json!({ "name": name }))).await;

    let added = add("Shop.Example.com").await;
    let wanted =
        json!([{ "type": "CNAME", "name": "shop.example.com", "value": "d1d4fc829fe7bc7c.vercel-dns-017.com." }]);
    assert_eq!(
        (&added["name"], &added["state"], &added["records"]),
        (&json!("shop.example.com"), &json!("pending"), &wanted)
    );
    // Adding it again finds it.
    assert_eq!(add("shop.example.com").await, added);
    vercel.write_dns("shop.example.com");
    let verify = async |name: &str| control_plane.call(Method::POST, &format!("{path}/{name}/verify"), None).await;
    assert_eq!(verify("shop.example.com").await["state"], "active");

    vercel.claim_domain("example.org");
    let claimed = add("example.org").await;
    assert_eq!((&claimed["state"], &claimed["records"][0]["type"]), (&json!("pending"), &json!("TXT")), "{claimed}");
    assert_eq!(verify("example.org").await["records"], claimed["records"]);
    vercel.write_dns("example.org");
    assert_eq!(verify("example.org").await["state"], "active");

    let listed = control_plane.call(Method::GET, &path, None).await["items"].clone();
    assert_eq!(
        (&listed[0]["name"], &listed[1]["name"], &listed[2]),
        (&json!("example.org"), &json!("shop.example.com"), &Value::Null)
    );
    let gone = control_plane.send(Method::DELETE, &format!("{path}/example.org"), None).await;
    assert_eq!(gone.status(), 204);
    let again = control_plane.send(Method::DELETE, &format!("{path}/example.org"), None).await;
    assert_eq!(again.status(), 204);
    assert_eq!(vercel.domains(PROJECT), ["shop.example.com"]);
    let missing = control_plane.send(Method::POST, &format!("{path}/example.org/verify"), None).await;
    assert_eq!(missing.status(), 404);
    let wrong = control_plane.send(Method::POST, &path, Some(json!({ "name": "localhost" }))).await;
    assert_eq!(wrong.status(), 422);

    // To look makes no project, though a deployment would.
    let config = json!({ "project": "nowhere", "team_id": TEAM, "create": true });
    let credential = control_plane.add_credential("vercel", "again", TOKEN);
    let body = json!({ "provider": "vercel", "name": "nowhere", "credentials_id": credential, "config": config });
    let nowhere = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let looked = control_plane.send(Method::GET, &format!("/api/deployments/targets/{nowhere}/domains"), None).await;
    assert_eq!((looked.status().as_u16(), vercel.requests("/v11/projects")), (422, 0));

    // Of somebody else's project.
    vercel.add_project("other", Some(TEAM));
    let body = json!({ "provider": "vercel", "name": "other", "credentials_id": control_plane.call(Method::GET, &format!("/api/deployments/targets/{}", stage.target), None).await["credentials_id"],
        "config": { "project": "other", "team_id": TEAM } });
    let other = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let taken = control_plane
        .send(
            Method::POST,
            &format!("/api/deployments/targets/{other}/domains"),
            Some(json!({ "name": "shop.example.com" })),
        )
        .await;
    assert_eq!(taken.status(), 422);
    assert!(taken.text().await.expect("a problem").contains("in use"));
    vercel.check();
}

#[tokio::test]
async fn a_hook_that_we_enter_tells_that_it_is_live_and_ends_with_the_target() {
    let stage = set(site()).await;
    let (control_plane, vercel) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/webhook", stage.target);
    let hook = control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((&hook["is_registered"], &hook["secret"]), (&json!(true), &Value::Null), "{hook}");

    vercel.is_ready_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    eventually("it to be made", SOON, || async { (vercel.deployments() == 1).then_some(()) }).await;
    assert_eq!(vercel.finishes(PROJECT).await, [202]);
    stage.ends(&id, "success").await;
    assert_ne!(control_plane.call(Method::GET, &path, None).await["webhook"]["last_delivery_at"], Value::Null);

    // A new one takes its place there, too.
    control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(vercel.webhooks(), 1);
    let removed = control_plane.send(Method::DELETE, &path, None).await;
    assert_eq!((removed.status().as_u16(), vercel.webhooks()), (204, 0));

    vercel.has_no_webhooks();
    let refused = control_plane.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.expect("a problem").contains("plan"));
    assert_eq!(control_plane.call(Method::GET, &path, None).await["webhook"], Value::Null);
    vercel.check();
}

#[tokio::test]
async fn a_hook_whose_answer_never_comes_does_not_stay_there() {
    let mut stage = set(site()).await;
    let path = format!("/api/deployments/targets/{}/webhook", stage.target);

    stage.vendor.fail("/v1/webhooks", Fault::Lose);
    let lost = stage.control_plane.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((lost.status().as_u16(), stage.vendor.webhooks()), (503, 0));
    assert_eq!(stage.control_plane.call(Method::GET, &path, None).await["webhook"], Value::Null);

    // We die while Vercel answers, and find what is there when the next one takes its place.
    stage.vendor.fail("/v1/webhooks", Fault::Late(Duration::from_secs(3600)));
    let client = reqwest::Client::builder().build().expect("a client");
    let request = client.post(format!("{}{path}", stage.control_plane.url));
    let asking = tokio::spawn(request.bearer_auth(control_plane::TOKEN).json(&json!({})).send());
    eventually("the hook to be there", SOON, || async { (stage.vendor.webhooks() == 1).then_some(()) }).await;
    stage.control_plane = stage.control_plane.kill_and_restart().await;
    assert!(asking.await.expect("nobody panics here").is_err());
    let hook = stage.control_plane.call(Method::GET, &path, None).await;
    assert_eq!(hook["webhook"]["is_registered"], false, "{hook}");
    let hook = stage.control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((&hook["is_registered"], stage.vendor.webhooks()), (&json!(true), 1), "{hook}");
    stage.vendor.check();
}

#[tokio::test]
async fn a_deployment_is_deleted_there_when_that_is_wanted_and_it_is_not_what_everybody_sees() {
    let stage = set(site()).await;
    stage.deletes_there_only_what_nobody_sees(Vercel::deployments).await;
    assert_eq!(page(&stage), "<h1>second</h1>");
    stage.vendor.check();
}

#[tokio::test]
async fn more_files_than_an_account_may_send_today_go_as_one_archive() {
    const FILES: usize = 600;
    let stage = set(Project::with_files(FILES)).await;
    stage.vendor.takes_uploads(FILES / 2);
    stage.succeeds(json!({})).await;
    // One to see how many are left, and the archive.
    assert_eq!(stage.vendor.received().files, 2);
    let sent = stage.vendor.live_archive(PROJECT);
    assert_eq!(sent.len(), FILES + 2, "with the page and Vercel's own settings");
    for (path, bytes) in &sent {
        if let Some(path) = path.strip_prefix(".vercel/output/static/") {
            assert_eq!(*bytes, fs::read(stage.project.path().join(path)).expect("is there"), "{path}");
        }
    }
    stage.vendor.check();
}

#[tokio::test]
async fn one_installs_the_integration_at_vercel_and_comes_back_connected() {
    const AUTH: &str = "/api/deployments/auth/vercel";
    const PASSWORD: &str = "correct horse battery";
    let vercel = Vercel::start().await;
    let settings = [vercel.settings(), vercel.integration_settings()].concat();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let control_plane = ControlPlane::start_with(&settings).await;
    vercel.register(&format!("{}{AUTH}/callback", control_plane.url));
    control_plane.command_line(&["user", "add", "ada"], &format!("{PASSWORD}\n")).expect("is added");
    let browser = Browser::new(&control_plane.url);
    assert_eq!(browser.log_in("ada", PASSWORD).await.status(), StatusCode::OK);

    let page = location(&browser.get(&format!("{AUTH}/authorize?return_to=/targets")).await);
    assert!(page.starts_with(&format!("{}/integrations/slipway/new?", vercel.url)), "{page}");
    let elsewhere = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let back = elsewhere.get(page).header("user-agent", "a browser").send().await.expect("answers");
    let response = browser.get(&location(&back)).await;
    assert_eq!(location(&response), "/targets?provider=vercel&outcome=connected");
    let status: Value = browser.get(&format!("{AUTH}/status")).await.json().await.expect("is JSON");
    assert_eq!(
        (text(&status["accounts"][0], "account"), &status["accounts"][0]["state"]),
        ("ada".to_owned(), &json!("valid"))
    );
    vercel.check();
    control_plane.never_shows(&vercel.secrets());
}
