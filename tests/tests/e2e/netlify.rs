//! Netlify, from a sandbox to a page: what is there afterwards is what Netlify's own CLI leaves, each file is sent once,
//! and one deployment is one release, whatever dies or fails.

use std::fs;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::browser::{Browser, location};
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::vendors::netlify::{Netlify, OWN_TEAM, TEAM};
use slipway_tests::vendors::{Fault, cli};
use slipway_tests::{BUILD, eventually};
use tempfile::TempDir;

const TOKEN: &str = "nfp_canaryOfTheNetlifyTests0123456789";
const SITE: &str = "shop";
const PASSWORD: &str = "correct horse battery";
/// Files that are sent at the same time.
const PARALLEL: usize = 16;

/// Netlify with a site, and a sandbox with a tree that goes there.
type Stage = slipway_tests::stage::Stage<Netlify>;

async fn set(project: Project) -> Stage {
    set_with(project, json!({ "site_name": SITE })).await
}

async fn set_with(project: Project, config: Value) -> Stage {
    let netlify = Netlify::start().await;
    netlify.add_token(TOKEN, None);
    netlify.add_site(SITE, TEAM);
    let settings = netlify.settings();
    Stage::set(netlify, &settings, ("netlify", TOKEN, config), project).await
}

async fn cancel(stage: &Stage, id: &str) {
    stage.control_plane.call(Method::POST, &format!("/api/deployments/{id}/cancel"), None).await;
}

fn page(stage: &Stage) -> String {
    let page = stage.vendor.live_file(SITE, "index.html").expect("is live");
    String::from_utf8(page).expect("UTF-8")
}

/// A page, files of all kinds in directories, two that are the same, an empty one, and what stays hidden.
fn site() -> Project {
    let project = Project::empty();
    for (path, content) in [
        ("index.html", "<h1>shop</h1>"),
        ("style.css", "body {}"),
        ("copy.css", "body {}"),
        ("empty.txt", ""),
        ("a/b/code 1+2.txt", "deep"),
    ] {
        project.write(path, content);
    }
    fs::write(project.path().join("a/large.bin"), vec![7; 300_000]).expect("writes");
    project
}

/// A project whose build writes these files.
fn built(files: &[(&str, &str)]) -> Project {
    let write = "for (const [path, content] of FILES) { \
        fs.mkdirSync(require('path').dirname(path), { recursive: true }); fs.writeFileSync(path, content); }";
    Project::with_build_script(&format!("const fs = require('fs'); const FILES = {}; {write}", json!(files)))
}

#[tokio::test]
async fn what_we_leave_is_what_netlifys_own_cli_leaves() {
    let Some(program) = cli::find("netlify", "netlify") else { return };
    let stage = set(site()).await;
    stage.succeeds(json!({})).await;
    stage.vendor.check();

    let theirs = Netlify::start().await;
    theirs.add_token(TOKEN, None);
    theirs.add_site(SITE, TEAM);
    let home = TempDir::with_prefix("slipway-netlify-").expect("a temporary directory");
    let directory = home.path().join("site");
    fs::create_dir_all(&directory).expect("makes it");
    stage.project.copy_to(&directory.join("dist"));
    for round in ["first", "again"] {
        let output = cli::run(cli::netlify(&program, &theirs.url, TOKEN, SITE, &directory)).await;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{round}: {said}");
    }
    theirs.check();
    let mut files = theirs.live_files(SITE);
    // The CLI sends its own reading of the settings besides.
    assert!(files.remove("netlify.toml").is_some());
    assert_eq!(stage.vendor.live_files(SITE), files);
    // It sends what is the same once for each name.
    assert_eq!(stage.vendor.received().duplicates, 0);
    assert_eq!(theirs.received().duplicates, 1);
}

#[tokio::test]
async fn only_what_has_changed_is_sent_and_a_rollback_sends_nothing() {
    let stage = set(Project::with_files(40)).await;
    let first = stage.succeeds(json!({})).await;
    assert_eq!(text(&first, "deployment_url"), "https://shop.netlify.app");
    assert!(text(&first, "preview_url").ends_with("--shop.netlify.app"), "{first}");
    assert_eq!((stage.vendor.received().files, stage.vendor.received().duplicates), (41, 0));
    let log = stage.control_plane.log(&text(&first, "id")).await;
    assert!(log.contains("netlify: 41 files: All files are on the CDN."), "{log}");

    stage.vendor.count_anew();
    stage.project.write("index.html", "second");
    let second = stage.succeeds(json!({ "branch": "main", "commit_message": "Say second" })).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.received().bytes), (1, 6));
    let (title, request) = stage.vendor.last_request();
    assert!(title.starts_with(&format!("Say second (slipway-{} ", text(&second, "id"))), "{title}");
    assert!(!request.contains_key("branch"), "{request:?}");

    stage.vendor.count_anew();
    let made = stage.vendor.deploys();
    let path = format!("/api/deployments/{}/rollback", text(&second, "id"));
    let id = text(&stage.control_plane.call(Method::POST, &path, None).await, "id");
    let rolled_back = stage.ends(&id, "success").await;
    assert_eq!((page(&stage), stage.vendor.received().files, stage.vendor.deploys()), ("first".to_owned(), 0, made));
    assert_eq!(text(&rolled_back, "deployment_url"), "https://shop.netlify.app");
    stage.vendor.check();
}

#[tokio::test]
async fn a_deployment_is_deleted_there_when_that_is_wanted_and_it_is_not_what_everybody_sees() {
    let stage = set(site()).await;
    stage.deletes_there_only_what_nobody_sees(Netlify::deploys).await;
    assert_eq!(page(&stage), "<h1>second</h1>");
    stage.vendor.check();
}

#[tokio::test]
async fn what_netlify_compares_later_is_waited_for() {
    let stage = set(Project::with_files(150)).await;
    stage.succeeds(json!({})).await;
    assert_eq!(stage.vendor.last_request().1["async"], true);
    assert_eq!((stage.vendor.received().files, stage.vendor.releases(SITE)), (151, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn a_preview_leaves_what_is_live_alone() {
    let stage = set(site()).await;
    let draft = stage.succeeds(json!({ "environment": "preview" })).await;
    assert_eq!(stage.vendor.last_request().1["draft"], true);
    assert!(text(&draft, "deployment_url").ends_with("--shop.netlify.app"), "{draft}");

    let branch = stage.succeeds(json!({ "environment": "preview", "branch": "feat/New" })).await;
    assert_eq!(text(&branch, "deployment_url"), "https://preview-feat-new--shop.netlify.app");
    let staging = stage.succeeds(json!({ "environment": "staging" })).await;
    assert_eq!(text(&staging, "deployment_url"), "https://staging--shop.netlify.app");
    assert_eq!((stage.vendor.deploys(), stage.vendor.releases(SITE)), (3, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn a_page_that_routes_gets_a_rule_unless_the_site_has_its_own() {
    let vite = r#"{ "name": "spa", "private": true, "scripts": { "build": "node build.js" }, "devDependencies": { "vite": "7.0.0" } }"#;
    for (own, expected) in [(None, "/* /index.html 200\n"), (Some("/old /new 301\n"), "/old /new 301\n")] {
        let mut files = vec![("dist/index.html", "page")];
        files.extend(own.map(|rules| ("dist/_redirects", rules)));
        let project = built(&files);
        project.write("package.json", vite);
        let stage = set(project).await;
        stage.succeeds(json!({ "install_command": "true" })).await;
        let rules = stage.vendor.live_file(SITE, "_redirects").expect("has rules");
        assert_eq!(String::from_utf8_lossy(&rules), expected);
        stage.vendor.check();
    }
}

#[tokio::test]
async fn functions_go_as_netlify_build_left_them() {
    let manifest = r#"{"functions":[{"name":"hello","runtime":"js","runtimeVersion":"nodejs22.x","schedule":"@daily","routes":[{"pattern":"/hi"}]}],"version":1}"#;
    let files = [
        ("dist/index.html", "page"),
        ("dist/.env", "SECRET=1"),
        ("dist/.well-known/security.txt", "mail"),
        ("dist/.netlify/functions/hello.zip", "PK hello"),
        ("dist/.netlify/functions/manifest.json", manifest),
    ];
    let stage = set(built(&files)).await;
    stage.succeeds(json!({ "output_dir": "dist" })).await;
    let functions = stage.vendor.live_functions(SITE);
    assert_eq!(functions["hello"].1, "nodejs22.x");
    let (_, request) = stage.vendor.last_request();
    assert_eq!(request["function_schedules"], json!([{ "name": "hello", "cron": "@daily" }]));
    assert_eq!(request["functions_config"], json!({ "hello": { "routes": [{ "pattern": "/hi" }] } }));
    let files = stage.vendor.live_files(SITE);
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), [".well-known/security.txt", "index.html"]);
    stage.vendor.count_anew();
    stage.succeeds(json!({ "output_dir": "dist" })).await;
    assert_eq!(stage.vendor.received().files, 0);
    stage.vendor.check();
}

#[tokio::test]
async fn what_netlify_does_not_take_is_said_before_anything_is_sent() {
    let functions = built(&[("dist/index.html", "page"), ("dist/netlify/functions/hello.mjs", "export default 1")]);
    let stage = set(functions).await;
    let id = stage.deploy(json!({ "output_dir": "dist" })).await;
    let message = text(&stage.ends(&id, "failed").await, "error_message");
    assert!(message.contains("`netlify/functions/hello.mjs` are not bundled"), "{message}");
    stage
        .project
        .write("build.js", "const fs = require('fs'); fs.mkdirSync('out'); fs.writeFileSync('out/a#b?.txt', '');");
    let id = stage.deploy(json!({ "output_dir": "out" })).await;
    let message = text(&stage.ends(&id, "failed").await, "error_message");
    assert!(message.contains("nothing was sent") && message.contains("`a#b?.txt`"), "{message}");
    assert_eq!((stage.vendor.deploys(), stage.vendor.received().files), (0, 0));
    stage.vendor.check();
}

#[tokio::test]
async fn a_site_is_made_and_given_its_variables_when_the_target_says_so() {
    let config = json!({ "site_name": "new-shop", "create": true, "team": TEAM });
    let stage = set_with(site(), config).await;
    let set = async |value: &str| {
        let secret = json!([{ "name": "API_KEY", "scope": "runtime", "value": value }]);
        stage.control_plane.set_variables(&stage.target, secret).await;
    };
    let variable =
        |context: &str| stage.vendor.variables("new-shop")[&(context.to_owned(), "API_KEY".to_owned())].clone();
    set("runtimeCanary0123456789").await;
    stage.succeeds(json!({})).await;
    assert_eq!(variable("production"), "runtimeCanary0123456789");
    set("runtimeCanary9876543210").await;
    stage.succeeds(json!({ "environment": "staging" })).await;
    assert_eq!(
        (variable("production"), variable("staging")),
        ("runtimeCanary0123456789".to_owned(), "runtimeCanary9876543210".to_owned())
    );
    stage.succeeds(json!({})).await;
    assert_eq!(variable("production"), "runtimeCanary9876543210");
    assert_eq!(stage.vendor.releases("new-shop"), 2);

    let reserved = json!([{ "name": "NETLIFY_X", "scope": "runtime", "value": "runtimeCanary0123456789" }]);
    stage.control_plane.set_variables(&stage.target, reserved).await;
    let message = stage.fails().await;
    assert!(message.contains("`NETLIFY_X` is reserved"), "{message}");
    stage.vendor.check();
}

#[tokio::test]
async fn killed_while_files_are_sent_it_goes_on_where_it_was() {
    let mut stage = set(Project::with_files(99)).await;
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
    assert_eq!(received.files - received.duplicates, 100);
    assert_eq!((stage.vendor.deploys(), stage.vendor.releases(SITE)), (1, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn killed_or_cut_off_before_it_hears_of_its_deploy_it_makes_no_second() {
    let mut stage = set(site()).await;
    stage.vendor.fail("/deploys", Fault::Lose);
    let id = stage.deploy(json!({})).await;
    stage.ends(&id, "success").await;
    assert_eq!((stage.vendor.deploys(), stage.vendor.releases(SITE)), (1, 1));

    stage.vendor.fail_release(Fault::Slow(Duration::from_secs(30)));
    stage.project.write("index.html", "second");
    let id = stage.deploy(json!({})).await;
    eventually("a deploy", BUILD, || async { (stage.vendor.deploys() == 2).then_some(()) }).await;
    stage.control_plane = stage.control_plane.kill_and_restart().await;
    stage.ends(&id, "success").await;
    assert_eq!((stage.vendor.deploys(), stage.vendor.releases(SITE)), (2, 2));
    assert_eq!(stage.vendor.received().duplicates, 0);
    stage.vendor.check();
}

#[tokio::test]
async fn a_file_that_fails_for_the_moment_is_sent_again_alone() {
    let stage = set(Project::with_files(30)).await;
    for (path, fault) in [
        ("/files/files/3.txt", Fault::Answer(500, Vec::new(), "{}")),
        ("/files/files/5.txt", Fault::Answer(429, vec![("retry-after", "1".to_owned())], "{}")),
        ("/files/files/7.txt", Fault::Break),
        ("/files/files/9.txt", Fault::Lose),
    ] {
        stage.vendor.fail(path, fault);
    }
    stage.succeeds(json!({})).await;
    let received = stage.vendor.received();
    assert_eq!((received.files - received.duplicates, stage.vendor.deploys()), (31, 1));
    assert!(received.duplicates <= 1, "{received:?}");
    stage.vendor.check();
}

#[tokio::test]
async fn who_has_sent_too_many_requests_in_a_minute_goes_on_in_the_next() {
    let stage = set(Project::with_files(30)).await;
    stage.vendor.takes_uploads(10, Duration::from_secs(7));
    stage.succeeds(json!({})).await;
    assert_eq!((stage.vendor.received().files, stage.vendor.received().duplicates), (31, 0));
    assert_eq!((stage.vendor.deploys(), stage.vendor.releases(SITE)), (1, 1));
    stage.vendor.check();
}

#[tokio::test]
async fn what_netlify_cannot_make_is_told_in_its_words() {
    let stage = set(site()).await;
    stage
        .vendor
        .next_ends(json!({ "state": "error", "error_message": "Failed during stage 'processing': out of luck" }));
    let message = stage.fails().await;
    assert!(message.contains("Failed during stage 'processing': out of luck"), "{message}");
    stage.vendor.next_ends(json!({ "state": "rejected" }));
    let message = stage.fails().await;
    assert!(message.contains("somebody rejected this deploy"), "{message}");
    assert_eq!(stage.vendor.releases(SITE), 0);
}

#[tokio::test]
async fn who_has_stopped_publishing_is_waited_for() {
    let stage = set(site()).await;
    stage.succeeds(json!({})).await;
    stage.vendor.lock_site(SITE, true);
    stage.project.write("index.html", "second");
    let id = stage.deploy(json!({})).await;
    let deployment = eventually("a person to be waited for", BUILD, || async {
        let deployment = stage.control_plane.deployment(&id).await;
        deployment["waiting_on"].is_object().then_some(deployment)
    })
    .await;
    let whom = &deployment["waiting_on"];
    assert!(text(whom, "url").starts_with("https://app.netlify.com/projects/shop/deploys/"), "{whom}");
    assert!(text(whom, "text").contains("auto publishing is stopped"), "{whom}");
    assert_eq!(stage.vendor.releases(SITE), 1);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let stage = set_with(site(), json!({ "site_name": "nowhere" })).await;
    let message = stage.fails().await;
    assert!(message.contains("no site `nowhere`") && message.contains("set `create`"), "{message}");
    let taken = set_with(site(), json!({ "site_name": SITE, "team": OWN_TEAM })).await;
    let message = taken.fails().await;
    assert!(message.contains("belongs to the team `tools`"), "{message}");
    stage.vendor.revoke_token(TOKEN);
    let message = stage.fails().await;
    assert!(message.contains("wrong, expired or revoked"), "{message}");
    stage.vendor.check();

    let builds = set(site()).await;
    builds.vendor.takes_only_builds(SITE);
    let message = builds.fails().await;
    assert!(message.contains("only Netlify's own builds"), "{message}");
    assert_eq!(builds.vendor.deploys(), 0);
    builds.succeeds(json!({ "environment": "preview" })).await;
}

#[tokio::test]
async fn a_target_names_its_site() {
    let control_plane = ControlPlane::start().await;
    for (config, part) in [
        (json!({}), "`config.site_id` or `config.site_name`"),
        (json!({ "site_id": "x-1", "create": true }), "`config.create` needs `config.site_name`"),
        (json!({ "site_name": "Shop.example" }), "`config.site_name`"),
    ] {
        let body = json!({ "provider": "netlify", "name": "shop", "config": config });
        let path = "/api/deployments/targets";
        let (_, message) =
            control_plane.refused(Method::POST, path, Some(body), StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn it_can_be_held_back_while_it_is_made() {
    let stage = set(site()).await;
    stage.vendor.is_ready_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    eventually("a deploy with its files", BUILD, || async {
        (stage.vendor.deploys() == 1 && stage.vendor.last_state() == "processing").then_some(())
    })
    .await;
    cancel(&stage, &id).await;
    stage.ends(&id, "cancelled").await;
    assert_eq!((stage.vendor.last_state(), stage.vendor.releases(SITE)), ("error", 0));

    // While its files are sent.
    stage.vendor.answers_after(Duration::from_millis(300));
    for number in 0..90 {
        stage.project.write(&format!("more/{number}.txt"), &format!("more {number}"));
    }
    let id = stage.deploy(json!({})).await;
    eventually("some files", BUILD, || async { (stage.vendor.received().files >= 12).then_some(()) }).await;
    cancel(&stage, &id).await;
    stage.ends(&id, "cancelled").await;
    assert_eq!((stage.vendor.last_state(), stage.vendor.releases(SITE)), ("error", 0));
    assert!(stage.vendor.received().files < 90);
    stage.vendor.check();
}

#[tokio::test]
async fn a_hook_that_we_enter_tells_that_it_is_live_and_ends_with_the_target() {
    let stage = set(site()).await;
    let (control_plane, netlify) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/webhook", stage.target);
    let hook = control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(hook["is_registered"], true, "{hook}");
    assert_eq!(netlify.hooks().len(), 4);

    netlify.is_ready_after(1_000_000);
    let id = stage.deploy(json!({})).await;
    eventually("a deploy", BUILD, || async {
        (netlify.deploys() == 1 && netlify.last_state() == "processing").then_some(())
    })
    .await;
    let (headers, body) = netlify.delivery("another");
    let client = reqwest::Client::builder().build().expect("a client");
    let request = client.post(text(&hook, "url")).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    assert_eq!(request.body(body).send().await.expect("answers").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(netlify.finishes().await, [202]);
    stage.ends(&id, "success").await;
    assert_ne!(control_plane.call(Method::GET, &path, None).await["webhook"]["last_delivery_at"], Value::Null);

    // A new one takes its place there, too.
    control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(netlify.hooks().len(), 4);
    let removed = control_plane.send(Method::DELETE, &path, None).await;
    assert_eq!((removed.status().as_u16(), netlify.hooks().len()), (204, 0));

    // Nothing that could not be proven is left there.
    netlify.forgets_secrets();
    let refused = control_plane.send(Method::POST, &path, Some(json!({}))).await;
    assert_eq!((refused.status().as_u16(), netlify.hooks().len()), (422, 0));
    netlify.check();
}

#[tokio::test]
async fn domains_are_added_certified_and_removed_at_the_site() {
    let stage = set(site()).await;
    let (control_plane, netlify) = (&stage.control_plane, &stage.vendor);
    let path = format!("/api/deployments/targets/{}/domains", stage.target);
    let add = async |name: &str| control_plane.call(Method::POST, &path, Some(json!({ "name": name }))).await;
    let added = add("Shop.Example.com").await;
    let wanted = json!([{ "type": "CNAME", "name": "shop.example.com", "value": "shop.netlify.app" }]);
    assert_eq!((&added["state"], &added["records"]), (&json!("pending"), &wanted));
    assert_eq!(add("shop.example.com").await, added);
    add("example.org").await;
    assert_eq!(netlify.domains(SITE), ["shop.example.com", "example.org"]);

    let verify = async |name: &str| control_plane.call(Method::POST, &format!("{path}/{name}/verify"), None).await;
    assert_eq!(verify("example.org").await["state"], "pending");
    netlify.write_dns("example.org");
    assert_eq!(verify("example.org").await["state"], "active");

    // The main one goes, and another takes its place.
    let gone = control_plane.send(Method::DELETE, &format!("{path}/shop.example.com"), None).await;
    assert_eq!((gone.status().as_u16(), netlify.domains(SITE)), (204, vec!["example.org".to_owned()]));
    let listed = control_plane.call(Method::GET, &path, None).await["items"].clone();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["state"], &listed[1]),
        (&json!("example.org"), &json!("active"), &Value::Null)
    );
    let missing = control_plane.send(Method::POST, &format!("{path}/shop.example.com/verify"), None).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);

    let other = set(site()).await;
    other.vendor.add_site("other", OWN_TEAM);
    let path = format!("/api/deployments/targets/{}/domains", other.target);
    other.control_plane.call(Method::POST, &path, Some(json!({ "name": "example.org" }))).await;
    let account = other.control_plane.add_credential("netlify", "again", TOKEN);
    let body = json!({ "provider": "netlify", "name": "other", "credentials_id": account, "config": { "site_name": "other" } });
    let target = text(&other.control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let path = format!("/api/deployments/targets/{target}/domains");
    let body = json!({ "name": "example.org" });
    let (_, message) =
        other.control_plane.refused(Method::POST, &path, Some(body), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(message.contains("in use at another site"), "{message}");
    netlify.check();
}

#[tokio::test]
async fn one_agrees_on_netlifys_page_and_comes_back_connected() {
    const AUTH: &str = "/api/deployments/auth/netlify";
    let netlify = Netlify::start().await;
    let settings = netlify.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let control_plane = ControlPlane::start_with(&settings).await;
    netlify.register(&format!("{}{AUTH}/callback", control_plane.url));
    control_plane.command_line(&["user", "add", "ada"], &format!("{PASSWORD}\n")).expect("is added");
    let browser = Browser::new(&control_plane.url);
    assert_eq!(browser.log_in("ada", PASSWORD).await.status(), StatusCode::OK);

    let page = location(&browser.get(&format!("{AUTH}/authorize?return_to=/targets")).await);
    let elsewhere = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let back = elsewhere.get(page).header("user-agent", "a browser").send().await.expect("answers");
    let response = browser.get(&location(&back)).await;
    assert_eq!(location(&response), "/targets?provider=netlify&outcome=connected");
    let status: Value = browser.get(&format!("{AUTH}/status")).await.json().await.expect("is JSON");
    assert_eq!(
        (text(&status["accounts"][0], "account"), &status["accounts"][0]["state"]),
        ("Ada".to_owned(), &json!("valid"))
    );
    netlify.check();
    control_plane.never_shows(&netlify.secrets());
}
