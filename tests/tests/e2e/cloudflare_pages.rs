//! Cloudflare Pages, from a sandbox to a page: what is there afterwards is what wrangler leaves, each file is sent once,
//! and one deployment is one release, whatever dies or fails.

use std::fs;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::control_plane::text;
use slipway_tests::fixtures::Project;
use slipway_tests::vendors::cloudflare_pages::{ACCOUNT, CloudflarePages, OTHER_ACCOUNT, Site};
use slipway_tests::vendors::{Fault, cli};
use slipway_tests::{BUILD, eventually};
use tempfile::TempDir;

const TOKEN: &str = "canaryOfTheCloudflarePagesTests0123456789";
const PROJECT: &str = "shop";
const UPLOAD: &str = "/pages/assets/upload";

/// Cloudflare with a project, and a sandbox with a tree that goes there.
type Stage = slipway_tests::stage::Stage<CloudflarePages>;

async fn cloudflare() -> CloudflarePages {
    let pages = CloudflarePages::start().await;
    pages.add_token(TOKEN, ACCOUNT);
    pages.add_project(PROJECT);
    pages
}

async fn set(project: Project) -> Stage {
    set_with(project, json!({ "account_id": ACCOUNT, "project": PROJECT })).await
}

async fn set_with(project: Project, config: Value) -> Stage {
    let pages = cloudflare().await;
    let settings = pages.settings();
    Stage::set(pages, &settings, ("cloudflare-pages", TOKEN, config), project).await
}

async fn rolls_back(stage: &Stage, deployment: &Value) -> Value {
    let path = format!("/api/deployments/{}/rollback", text(deployment, "id"));
    let id = text(&stage.control_plane.call(Method::POST, &path, None).await, "id");
    stage.ends(&id, "success").await
}

fn page(stage: &Stage) -> String {
    let page = stage.vendor.live_file(PROJECT, "index.html").expect("is live");
    String::from_utf8(page).expect("UTF-8")
}

/// A page, files of all kinds in directories, two that are the same, one of them under another extension, an empty one,
/// rules, and what is not published.
fn site() -> Project {
    let project = Project::empty();
    for (path, content) in [
        ("index.html", "<h1>shop</h1>"),
        ("404.html", "<h1>not here</h1>"),
        ("style.css", "body {}"),
        ("copy.css", "body {}"),
        ("copy.txt", "body {}"),
        ("empty.txt", ""),
        ("plain", "no extension"),
        ("script.js", "1"),
        ("module.mjs", "1"),
        ("data.json", "{}"),
        ("feed.xml", "<x/>"),
        ("icon.svg", "<svg/>"),
        ("a/b/ünï code.TXT", "deep"),
        (".well-known/security.txt", "hidden"),
        ("_headers", "/*\n  X-Frame-Options: DENY\n"),
        ("_redirects", "/old /new 301\n"),
    ] {
        project.write(path, content);
    }
    fs::write(project.path().join("a/large.bin"), vec![7; 300_000]).expect("writes");
    project
}

/// What wrangler leaves of a tree at a Cloudflare of its own.
async fn wrangler_leaves(project: &Project, more: &[&str]) -> Option<(Site, CloudflarePages)> {
    let program = cli::find("cloudflare-pages", "wrangler")?;
    let pages = cloudflare().await;
    let home = TempDir::with_prefix("slipway-wrangler-").expect("a temporary directory");
    let site = home.path().join("site");
    project.copy_to(&site);
    for round in ["first", "again"] {
        let mut command = cli::wrangler(&program, &pages.url, TOKEN, (ACCOUNT, PROJECT, "main"), &site);
        command.args(more);
        let output = cli::run(command).await;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{round}: {said}");
    }
    pages.check();
    Some((pages.last_site(), pages))
}

#[tokio::test]
async fn what_we_leave_is_what_wrangler_leaves() {
    let project = site();
    let Some((theirs, pages)) = wrangler_leaves(&project, &[]).await else { return };
    let stage = set(project).await;
    stage.succeeds(json!({})).await;
    stage.vendor.check();
    let ours = stage.vendor.live(PROJECT).expect("is live");
    assert_eq!(ours.files.keys().collect::<Vec<_>>(), theirs.files.keys().collect::<Vec<_>>());
    assert_eq!(ours, theirs);
    // It sends what two files have twice.
    let (ours, theirs) = (stage.vendor.received(), pages.received());
    assert_eq!((ours.files, ours.duplicates), (theirs.files - theirs.duplicates, 0));
}

#[tokio::test]
async fn a_worker_goes_as_wrangler_sends_it() {
    let entry = "export default { fetch() { return new Response('from the worker') } };";
    for files in [
        vec![
            ("index.html", "page"),
            ("_worker.js", entry),
            ("_routes.json", r#"{"version":1,"include":["/api/*"],"exclude":[]}"#),
        ],
        vec![
            ("index.html", "page"),
            ("_worker.js/index.js", "import './chunks/a.js'; export default { fetch() {} };"),
            ("_worker.js/chunks/a.js", "export const a = 1;"),
            ("_worker.js/b.mjs", "export const b = 1;"),
            ("_worker.js/readme.txt", "text"),
        ],
    ] {
        let project = Project::empty();
        for (path, content) in &files {
            project.write(path, content);
        }
        let Some((theirs, _)) = wrangler_leaves(&project, &["--no-bundle"]).await else { return };
        let stage = set(project).await;
        stage.succeeds(json!({})).await;
        stage.vendor.check();
        assert_eq!(stage.vendor.live(PROJECT), Some(theirs));
    }
}

#[tokio::test]
async fn functions_that_are_not_compiled_are_refused_before_anything_is_sent() {
    let project = site();
    project.write("functions/api/hello.ts", "export const onRequest = () => new Response('hello')");
    let stage = set(project).await;
    let message = stage.fails().await;
    assert!(message.contains("`functions/api/hello.ts`") && message.contains("pages functions build"), "{message}");
    assert_eq!((stage.vendor.received().files, stage.vendor.deployments()), (0, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn only_what_has_changed_is_sent_and_a_rollback_sends_nothing() {
    let stage = set(Project::with_files(40)).await;
    let first = stage.succeeds(json!({})).await;
    assert_eq!(text(&first, "deployment_url"), "https://shop.pages.dev");
    assert!(text(&first, "preview_url").ends_with(".shop.pages.dev"), "{first}");
    assert_eq!((stage.vendor.received().files, stage.vendor.received().duplicates), (41, 0));

    stage.vendor.count_anew();
    stage.project.write("index.html", "second");
    let second = stage.succeeds(json!({ "branch": "new", "commit_message": "Say second" })).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.received().bytes), (1, 6));
    let metadata = stage.vendor.last_deployment()["deployment_trigger"]["metadata"].clone();
    assert!(text(&metadata, "commit_message").starts_with("Say second\n\nSlipway-Deployment: "), "{metadata}");
    assert_eq!(metadata["branch"], "main", "or it would be a preview");

    stage.vendor.count_anew();
    let made = stage.vendor.deployments();
    let rolled_back = rolls_back(&stage, &second).await;
    assert_eq!(
        (page(&stage), stage.vendor.received().files, stage.vendor.deployments()),
        ("first".to_owned(), 0, made)
    );
    assert_eq!(text(&rolled_back, "deployment_url"), "https://shop.pages.dev");

    stage.project.write("index.html", "third");
    stage.succeeds(json!({})).await;
    assert_eq!(page(&stage), "third");
    stage.vendor.check();
}

#[tokio::test]
async fn a_preview_is_at_its_branch_and_leaves_what_is_live_alone() {
    let stage = set(site()).await;
    let preview = stage.succeeds(json!({ "environment": "preview", "branch": "feature/x" })).await;
    assert_eq!(text(&preview, "deployment_url"), "https://feature-x.shop.pages.dev");
    assert!(text(&preview, "preview_url").ends_with(".shop.pages.dev"), "{preview}");
    let preview = stage.succeeds(json!({ "environment": "preview", "branch": "main" })).await;
    assert_eq!(text(&preview, "deployment_url"), "https://preview.shop.pages.dev");
    let staging = stage.succeeds(json!({ "environment": "staging" })).await;
    assert_eq!(text(&staging, "deployment_url"), "https://staging.shop.pages.dev");
    assert_eq!((stage.vendor.deployments(), stage.vendor.releases(PROJECT)), (3, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn a_project_is_made_and_given_its_variables_when_the_target_says_so() {
    let stage = set_with(site(), json!({ "account_id": ACCOUNT, "project": "new-shop", "create": true })).await;
    let secret = json!([{ "name": "API_KEY", "scope": "runtime", "value": "runtimeCanary0123456789" }]);
    stage.control_plane.set_variables(&stage.target, secret).await;
    stage.succeeds(json!({})).await;
    assert_eq!(stage.vendor.last_variables()["API_KEY"], "runtimeCanary0123456789");
    stage.succeeds(json!({})).await;
    assert_eq!(stage.vendor.releases("new-shop"), 2);
    stage.vendor.check();
}

#[tokio::test]
async fn killed_while_files_are_sent_it_goes_on_where_it_was() {
    // More than three buckets.
    let project = Project::with_files(0);
    for number in 0..8_u8 {
        fs::write(project.path().join(format!("{number}.bin")), vec![number; 6 * 1024 * 1024]).expect("writes");
    }
    let mut stage = set(project).await;
    stage.vendor.answers_after(Duration::from_millis(500));
    let id = stage.deploy(json!({})).await;
    eventually("some files", BUILD, || async { (stage.vendor.received().files >= 2).then_some(()) }).await;
    let stopped = stage.control_plane.stop();
    let before = stage.vendor.received().files;
    assert!(before < 9, "all were sent before it died");
    stage.control_plane = stopped.start().await;
    stage.ends(&id, "success").await;
    let received = stage.vendor.received();
    // Those that were under way may have arrived after it was asked what is missing.
    assert!(received.duplicates <= 4, "{received:?}");
    assert_eq!(received.files - received.duplicates, 9);
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
async fn files_that_fail_for_the_moment_are_sent_again() {
    let stage = set(Project::with_files(30)).await;
    for fault in [
        Fault::Answer(500, Vec::new(), "<html>"),
        Fault::Answer(429, vec![("retry-after", "1".to_owned())], "{}"),
        Fault::Break,
    ] {
        stage.vendor.fail(UPLOAD, fault);
    }
    stage.vendor.does_not_store(2);
    stage.vendor.fail("/check-missing", Fault::Answer(503, Vec::new(), "error code: 1105"));
    stage.vendor.fail("/upsert-hashes", Fault::Answer(500, Vec::new(), "<html>"));
    stage.succeeds(json!({})).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.deployments()), (31, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn a_token_for_uploads_that_ends_is_renewed() {
    // It ends while it is used: the next one is asked for before.
    let stage = set(Project::with_files(10)).await;
    stage.vendor.jwts_live(Duration::from_secs(2));
    stage.vendor.answers_after(Duration::from_millis(900));
    stage.succeeds(json!({})).await;
    assert!(stage.vendor.requests("/upload-token") >= 2);
    assert_eq!(stage.vendor.received().files, 11);

    // It ends earlier than it says.
    stage.vendor.jwts_live(Duration::from_secs(1_800));
    stage.vendor.answers_after(Duration::ZERO);
    for wrong in [
        Fault::Answer(403, Vec::new(), "Expired JWT"),
        Fault::Answer(
            401,
            Vec::new(),
            r#"{"success":false,"errors":[{"code":8000013,"message":"Authorization failed"}]}"#,
        ),
    ] {
        let before = stage.vendor.requests("/upload-token");
        stage.project.write("index.html", &format!("{wrong:?}"));
        stage.vendor.fail(UPLOAD, wrong);
        stage.succeeds(json!({})).await;
        assert_eq!(stage.vendor.requests("/upload-token"), before + 2);
    }
    assert_eq!(stage.vendor.received().files, 13);
    stage.vendor.check();
}

#[tokio::test]
async fn what_is_too_much_is_told_with_names_before_anything_is_sent() {
    let stage = set(Project::with_files(10)).await;
    stage.vendor.allows_files(5);
    fs::write(stage.project.path().join("huge.bin"), vec![0; 25 * 1024 * 1024 + 1]).expect("writes");
    let message = stage.fails().await;
    assert!(message.contains("there are 12 files and at most 5 may be"), "{message}");
    assert!(message.contains("no file may be larger than 25 MiB: `huge.bin`"), "{message}");
    fs::remove_file(stage.project.path().join("huge.bin")).expect("is there");
    stage.vendor.allows_files(20);
    stage.project.write("_redirects", &"/a/* /b/:splat\n".repeat(101));
    let message = stage.fails().await;
    assert!(message.contains("101 dynamic rules"), "{message}");
    assert_eq!((stage.vendor.received().files, stage.vendor.deployments()), (0, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn what_cloudflare_cannot_make_is_told_in_its_words_with_its_log() {
    let stage = set(site()).await;
    stage.vendor.next_ends(json!({ "latest_stage": { "name": "deploy", "status": "failure" } }));
    let id = stage.deploy(json!({})).await;
    let message = text(&stage.ends(&id, "failed").await, "error_message");
    assert!(message.contains("in the step deploy: Failed: the worker does not start"), "{message}");
    let log = stage.control_plane.log(&id).await;
    assert!(log.contains("cloudflare-pages: Deploying your site"), "{log}");
    stage.vendor.next_ends(json!({ "is_skipped": true, "skip_reason": "production_deployments_disabled" }));
    let message = stage.fails().await;
    assert!(message.contains("production_deployments_disabled"), "{message}");
    assert_eq!(stage.vendor.releases(PROJECT), 0);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stage = set_with(site(), json!({ "account_id": ACCOUNT, "project": "nowhere" })).await;
    let message = stage.fails().await;
    assert!(message.contains("no project `nowhere`") && message.contains("set `create`"), "{message}");
    stage.vendor.add_token(TOKEN, OTHER_ACCOUNT);
    let message = stage.fails().await;
    assert!(message.contains("check `account_id`"), "{message}");
    stage.vendor.revoke_token(TOKEN);
    let message = stage.fails().await;
    assert!(message.contains("wrong, expired or revoked"), "{message}");
    assert_eq!(stage.vendor.deployments(), 0);
    stage.vendor.check();
}

#[tokio::test]
async fn it_can_be_held_back_while_it_is_made() {
    let stage = set(site()).await;
    stage.vendor.is_live_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    eventually("a deployment", BUILD, || async { (stage.vendor.deployments() == 1).then_some(()) }).await;
    stage.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
    stage.ends(&id, "cancelled").await;
    assert_eq!((stage.vendor.deployments(), stage.vendor.releases(PROJECT)), (0, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn domains_are_added_proven_and_removed_at_the_project() {
    let stage = set(site()).await;
    let (control_plane, pages) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/domains", stage.target);
    let add = async |name: &str| control_plane.call(Method::POST, &path, Some(json!({ "name": name }))).await;
    let added = add("Shop.Example.com").await;
    let wanted = json!([{ "type": "CNAME", "name": "shop.example.com", "value": "shop.pages.dev" }]);
    assert_eq!((&added["state"], &added["records"]), (&json!("pending"), &wanted));
    // Adding it again finds it.
    assert_eq!(add("shop.example.com").await, added);
    let verify = async || control_plane.call(Method::POST, &format!("{path}/shop.example.com/verify"), None).await;
    assert_eq!(verify().await["state"], "pending");
    pages.write_dns("shop.example.com");
    assert_eq!(verify().await["state"], "active");
    let listed = control_plane.call(Method::GET, &path, None).await["items"].clone();
    assert_eq!((&listed[0]["name"], &listed[1]), (&json!("shop.example.com"), &Value::Null));
    for _ in 0..2 {
        let gone = control_plane.send(Method::DELETE, &format!("{path}/shop.example.com"), None).await;
        assert_eq!(gone.status(), 204);
    }
    let missing = control_plane.send(Method::POST, &format!("{path}/shop.example.com/verify"), None).await;
    assert_eq!(missing.status(), 404);
    pages.check();
}

#[tokio::test]
async fn a_hook_that_we_enter_tells_that_it_is_live_and_ends_with_the_target() {
    let stage = set(site()).await;
    let (control_plane, pages) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/webhook", stage.target);
    let hook = control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((&hook["is_registered"], &hook["secret"]), (&json!(true), &Value::Null), "{hook}");
    assert_eq!(pages.notifications(), (1, 1));

    pages.is_live_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    eventually("it to be made", BUILD, || async { (pages.deployments() == 1).then_some(()) }).await;
    assert_eq!(pages.finishes(PROJECT).await, [202]);
    stage.ends(&id, "success").await;

    // A new one takes its place there, too.
    control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(pages.notifications(), (1, 1));
    let removed = control_plane.send(Method::DELETE, &path, None).await;
    assert_eq!((removed.status().as_u16(), pages.notifications()), (204, (0, 0)));

    pages.has_no_webhooks();
    let refused = control_plane.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.expect("a problem").contains("Notifications, Edit"));
    pages.check();
}

#[tokio::test]
async fn only_who_has_the_secret_of_a_hook_is_heard() {
    let stage = set(site()).await;
    let path = format!("/api/deployments/targets/{}/webhook", stage.target);
    let hook = stage.control_plane.call(Method::POST, &path, Some(json!({ "register": false }))).await;
    let (url, secret) = (text(&hook, "url"), text(&hook, "secret"));
    let event = json!({ "alert_type": "pages_event_alert", "data": {}, "ts": 1_700_000_000 });
    let client = reqwest::Client::builder().build().expect("a client");
    let send = async |secret: Option<&str>| {
        let mut request = client.post(&url).json(&event);
        if let Some(secret) = secret {
            request = request.header("cf-webhook-auth", secret);
        }
        request.send().await.expect("is answered").status()
    };
    for wrong in [Some(format!("{secret}x")), Some(String::new()), None] {
        assert_eq!(send(wrong.as_deref()).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(send(Some(&secret)).await, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_deployment_is_deleted_there_when_that_is_wanted_and_it_is_not_what_everybody_sees() {
    let stage = set(site()).await;
    stage.deletes_there_only_what_nobody_sees(CloudflarePages::deployments).await;
    assert_eq!(page(&stage), "<h1>second</h1>");
    stage.vendor.check();
}
