//! Every fixture to its URL, as a person with a browser would see it.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, get, text};
use slipway_tests::fixtures::Project;

/// Deploys a project on its own control plane.
async fn ship(project: &Project, more: Value) -> (ControlPlane, Agent, Value) {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, more).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    (control_plane, agent, deployment)
}

/// The address of a path on the deployment's site.
fn page(deployment: &Value, path: &str) -> String {
    format!("{}{path}", text(deployment, "deployment_url"))
}

fn steps(deployment: &Value) -> Vec<(String, String)> {
    let steps = deployment["steps"].as_array().expect("a list");
    steps.iter().map(|step| (text(step, "name"), text(step, "state"))).collect()
}

/// The first `"…"` in `html` that begins with `start`.
fn link(html: &str, start: &str) -> String {
    let from = html.find(&format!("\"{start}")).unwrap_or_else(|| panic!("no link to {start} in {html}")) + 1;
    html[from..].split('"').next().expect("is closed").trim_start_matches('/').to_owned()
}

#[tokio::test]
async fn plain_html_is_served_as_it_is() {
    let project = Project::fixture("plain-html");
    let (_control_plane, _agent, deployment) = ship(&project, json!({})).await;

    let (status, content_type, body) = get(&page(&deployment, "")).await;
    assert_eq!((status, content_type.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    assert_eq!(body, std::fs::read_to_string(project.path().join("index.html")).expect("readable"));
    let (_, content_type, _) = get(&page(&deployment, "assets/style.css")).await;
    assert_eq!(content_type, "text/css; charset=utf-8");
    let (_, content_type, _) = get(&page(&deployment, "images/pixel.png")).await;
    assert_eq!(content_type, "image/png");
    let (status, _, body) = get(&page(&deployment, "about")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, std::fs::read_to_string(project.path().join("about.html")).expect("readable"));
    let (status, _, body) = get(&page(&deployment, "no/such/page")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, std::fs::read_to_string(project.path().join("404.html")).expect("readable"));

    let skipped = ["install", "build"].map(|name| (name.to_owned(), "skipped".to_owned()));
    let steps = steps(&deployment);
    assert_eq!(steps[1..3], skipped);
    assert!(steps.iter().all(|(_, state)| state == "done" || state == "skipped"), "{steps:?}");
}

#[tokio::test]
async fn a_site_answers_like_a_web_server() {
    let project = Project::fixture("plain-html");
    let (_control_plane, _agent, deployment) = ship(&project, json!({})).await;
    let client = Client::new_for_tests();
    let url = page(&deployment, "index.html");
    let whole = client.get(&url).send().await.expect("answers");
    let etag = whole.headers()["etag"].clone();
    assert_eq!(whole.headers()["cache-control"], "public, max-age=0, must-revalidate");
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    let body = whole.bytes().await.expect("has a body");

    let same = client.get(&url).header("if-none-match", etag).send().await.expect("answers");
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    let part = client.get(&url).header("range", "bytes=2-5").send().await.expect("answers");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], format!("bytes 2-5/{}", body.len()));
    assert_eq!(part.bytes().await.expect("has a body"), body[2..6]);
    let beyond = client.get(&url).header("range", "bytes=999999-").send().await.expect("answers");
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let head = client.head(&url).send().await.expect("answers");
    assert_eq!(head.headers()["content-length"], body.len().to_string());
    let post = client.post(&url).send().await.expect("answers");
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn vite_with_npm_is_installed_built_and_served_as_a_single_page() {
    let project = Project::fixture("vite-react");
    let (control_plane, _agent, deployment) = ship(&project, json!({})).await;

    let (_, _, html) = get(&page(&deployment, "")).await;
    assert!(html.contains("<title>Slipway Vite fixture</title>"), "{html}");
    let script = link(&html, "/assets/index-");
    let response = reqwest::get(page(&deployment, &script)).await.expect("answers");
    assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(response.text().await.expect("has a body").contains("Hello from the slipway"));
    assert_eq!(get(&page(&deployment, "some/route")).await.2, html);
    assert_eq!(get(&page(&deployment, "assets/gone.js")).await.0, StatusCode::NOT_FOUND);

    assert_eq!(deployment["metadata"]["plan"]["framework"], "vite");
    assert!(steps(&deployment).iter().all(|(_, state)| state == "done"), "{deployment:#}");
    let log = control_plane.log(&text(&deployment, "id")).await;
    assert!(log.contains("npm ci") && log.contains("built in"), "{log}");
    assert!(!project.path().join("node_modules").exists(), "the user's tree is left as it was");
    assert!(!project.path().join("dist").exists(), "the user's tree is left as it was");
}

#[tokio::test]
async fn astro_with_pnpm_is_served_page_by_page() {
    let project = Project::fixture("astro-pnpm");
    let (_control_plane, _agent, deployment) = ship(&project, json!({})).await;
    let (_, _, html) = get(&page(&deployment, "")).await;
    assert!(html.contains("Charting a course"), "{html}");
    let (status, _, html) = get(&page(&deployment, "about/")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("About the voyage"), "{html}");
    let (status, _, html) = get(&page(&deployment, "nowhere")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(html.contains("Off the chart"), "{html}");
    assert_eq!(deployment["metadata"]["plan"]["package_manager"], "pnpm");
}

#[tokio::test]
async fn a_static_export_of_next_is_served() {
    let project = Project::fixture("next-export");
    let (_control_plane, _agent, deployment) = ship(&project, json!({})).await;
    let (_, _, html) = get(&page(&deployment, "")).await;
    assert!(html.contains("Under full sail"), "{html}");
    let script = link(&html, "/_next/static/");
    assert_eq!(get(&page(&deployment, &script)).await.0, StatusCode::OK);
    assert!(get(&page(&deployment, "about")).await.2.contains("About the rigging"));
    let (status, _, html) = get(&page(&deployment, "nowhere")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(html.contains("Adrift"), "{html}");
}

#[tokio::test]
async fn a_package_of_a_monorepo_is_found_and_built() {
    let project = Project::fixture("monorepo");
    let (_control_plane, _agent, deployment) = ship(&project, json!({})).await;
    assert_eq!(deployment["metadata"]["plan"]["root_dir"], "apps/site");
    let (_, _, html) = get(&page(&deployment, "")).await;
    let script = link(&html, "/assets/index-");
    assert_eq!(get(&page(&deployment, &script)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn overrides_and_build_variables_reach_the_build() {
    let project = Project::fixture("custom-build");
    let more = json!({
        "build_command": "npm run build && mv dist public_html",
        "output_dir": "public_html",
        "env": { "PUBLIC_GREETING": "Ahoy from the build" },
    });
    let (_control_plane, _agent, deployment) = ship(&project, more).await;
    let (_, _, html) = get(&page(&deployment, "")).await;
    assert!(html.contains("Ahoy from the build"), "{html}");
}

#[tokio::test]
async fn a_redeploy_publishes_the_same_bits_without_a_build_and_a_dry_run_publishes_nothing() {
    let project = Project::fixture("plain-html");
    let (control_plane, mut agent, first) = ship(&project, json!({})).await;
    let sandbox = text(&first, "sandbox_id");
    let target = text(&first, "target_id");
    let id = control_plane.deploy(&sandbox, &target, json!({ "dry_run": true })).await;
    let dry = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(dry["deployment_url"], Value::Null);
    assert_eq!(dry["metadata"]["artifact"]["root"], first["metadata"]["artifact"]["root"]);

    agent.kill();
    let path = format!("/api/deployments/{}/redeploy", text(&first, "id"));
    let again = control_plane.call(Method::POST, &path, None).await;
    let again = control_plane.wait_for(&text(&again, "id"), &["success"], BUILD).await;
    assert_ne!(again["deployment_url"], first["deployment_url"]);
    assert_eq!(get(&page(&again, "")).await.2, get(&page(&first, "")).await.2);
    assert_eq!(again["metadata"]["redeploy_of"], first["id"]);
}

#[tokio::test]
async fn two_sandboxes_ship_at_once_and_keep_apart() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let projects = [Project::empty(), Project::empty()];
    let mut running = Vec::new();
    for (index, project) in projects.iter().enumerate() {
        project.write("index.html", &format!("<h1>sandbox {index}</h1>"));
        let sandbox = control_plane.create_sandbox(&format!("sandbox-{index}")).await;
        let agent = Agent::start(&control_plane, &sandbox, project.path()).await;
        running.push((agent, sandbox));
    }
    let mut deployments = Vec::new();
    for (_, sandbox) in &running {
        deployments.push(control_plane.deploy(sandbox, &target, json!({})).await);
    }
    for (index, id) in deployments.iter().enumerate() {
        let deployment = control_plane.wait_for(id, &["success"], BUILD).await;
        assert_eq!(get(&page(&deployment, "")).await.2, format!("<h1>sandbox {index}</h1>"));
    }
}

/// A client that keeps redirects and errors as they are.
trait TestClient {
    fn new_for_tests() -> Self;
}

impl TestClient for Client {
    fn new_for_tests() -> Self {
        Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client")
    }
}
