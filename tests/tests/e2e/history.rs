//! What was deployed and what it said: lists that can be narrowed, and logs in parts.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;

async fn part(control_plane: &ControlPlane, id: &str, query: &str) -> Value {
    control_plane.call(Method::GET, &format!("/api/deployments/{id}/logs?format=json{query}"), None).await
}

fn seqs(part: &Value) -> Vec<i64> {
    let lines = part["lines"].as_array().expect("a list");
    lines.iter().map(|line| line["seq"].as_i64().expect("a number")).collect()
}

#[tokio::test]
async fn a_log_comes_in_parts_that_are_together_the_log() {
    const LINES: usize = 3_000;
    let script = format!(
        "for (let n = 1; n <= {LINES}; n++) console.log('line', n);
         require('node:fs').mkdirSync('dist'); require('node:fs').writeFileSync('dist/index.html', 'hi');"
    );
    let project = Project::with_build_script(&script);
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;

    let tail = part(&control_plane, &id, "&limit=10").await;
    let total = tail["total_lines"].as_i64().expect("a number");
    assert!(usize::try_from(total).expect("a length") > LINES);
    assert_eq!(seqs(&tail), (total - 9..=total).collect::<Vec<_>>());
    assert_eq!((&tail["first_seq"], &tail["last_seq"]), (&json!(total - 9), &json!(total)));
    assert_eq!(tail["is_complete"], true, "{tail}");

    // Forwards, and backwards in other pieces, it is what can be downloaded.
    let (mut forwards, mut next) = (BTreeMap::new(), 0);
    while next < total {
        let part = part(&control_plane, &id, &format!("&after={next}&limit=700")).await;
        let found = seqs(&part);
        assert_eq!((found[0], found.len()), (next + 1, usize::try_from((total - next).min(700)).expect("a length")));
        forwards
            .extend(found.iter().zip(part["lines"].as_array().expect("a list")).map(|(n, line)| (*n, line.clone())));
        next = *found.last().expect("there are some");
    }
    let (mut backwards, mut before) = (BTreeMap::new(), total + 1);
    while before > 1 {
        let part = part(&control_plane, &id, &format!("&before={before}&limit=999")).await;
        let found = seqs(&part);
        assert_eq!(*found.last().expect("there are some"), before - 1);
        backwards
            .extend(found.iter().zip(part["lines"].as_array().expect("a list")).map(|(n, line)| (*n, line.clone())));
        before = found[0];
    }
    assert_eq!(forwards, backwards);
    let all: String = forwards.values().map(|line| text(line, "text") + "\n").collect();
    assert_eq!(all, control_plane.log(&id).await);
    assert!(seqs(&part(&control_plane, &id, &format!("&after={total}")).await).is_empty());
    assert!(seqs(&part(&control_plane, &id, "&before=1").await).is_empty());
    assert_eq!(seqs(&part(&control_plane, &id, "&after=20&before=24").await), [21, 22, 23]);

    // Each line is of a step, and steps say where they begin.
    let step_of = |wanted: &str| {
        let (number, line) = forwards.iter().find(|(_, line)| line["text"] == wanted).expect("is in the log");
        (*number, text(line, "step"))
    };
    let first_line = |step: &str| {
        let steps = deployment["steps"].as_array().expect("a list");
        steps.iter().find(|found| found["name"] == step).expect("is there")["first_line"].as_i64()
    };
    let (command, step) = step_of("$ npm run build");
    assert_eq!((step.as_str(), first_line("build")), ("build", Some(command)));
    assert_eq!(step_of(&format!("line {LINES}")).1, "build");
    assert_eq!(forwards[&total]["step"], "deploy", "{}", forwards[&total]);

    for wrong in ["&after=-1", "&before=0", "&limit=0", "&limit=5001", "&limit=many"] {
        let path = format!("/api/deployments/{id}/logs?format=json{wrong}");
        control_plane.refused(Method::GET, &path, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
}

#[tokio::test]
async fn a_history_is_narrowed_to_what_is_wanted() {
    let project = Project::fixture("custom-build");
    let control_plane = ControlPlane::start().await;
    let shop = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start(&control_plane, &shop, project.path()).await;
    let target = control_plane.local_target().await;
    let live = control_plane.deploy_one_page(&shop, &target).await;
    let failing =
        json!({ "build_command": "echo 'no such module' >&2; exit 3", "environment": "preview", "branch": "cart" });
    let failed = control_plane.deploy(&shop, &target, failing).await;
    control_plane.wait_for(&failed, &["failed"], BUILD).await;
    // Nobody builds it.
    let blog = control_plane.create_sandbox("blog").await;
    let waiting = control_plane.deploy(&blog, &target, json!({ "commit_message": "First post" })).await;

    let found = async |query: &str| {
        let page = control_plane.call(Method::GET, &format!("/api/deployments?{query}"), None).await;
        page["items"].as_array().expect("a list").iter().map(|item| text(item, "id")).collect::<Vec<_>>()
    };
    let all = [&waiting, &failed, &live];
    assert_eq!(found("").await.iter().collect::<Vec<_>>(), all);
    let since = text(&control_plane.deployment(&failed).await, "created_at");
    for (query, expected) in [
        ("status=failed", &all[1..2]),
        ("status=pending,building,uploading,deploying", &all[..1]),
        ("status=success,pending", &[&waiting, &live]),
        ("environment=preview", &all[1..2]),
        ("provider=local", &all[..]),
        ("provider=vercel", &[]),
        ("kind=static", &all[..]),
        ("kind=git", &[]),
        (&format!("target_id={target}"), &all[..]),
        ("q=CART", &all[1..2]),
        ("q=first%20post", &all[..1]),
        ("q=blog", &all[..1]),
        (&format!("q={live}"), &all[2..]),
        ("q=%25", &[]),
        (&format!("since={since}"), &all[..2]),
        (&format!("until={since}"), &all[2..]),
    ] {
        assert_eq!(found(query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let of_shop = control_plane.call(Method::GET, &format!("/api/sandboxes/{shop}/deployments?q=cart"), None).await;
    assert_eq!(of_shop["items"].as_array().map(Vec::len), Some(1));
    for wrong in ["status=gone", "status=", "environment=mars", "kind=toy", "target_id=1", "q=", "since=yesterday"] {
        let path = format!("/api/deployments?{wrong}");
        control_plane.refused(Method::GET, &path, None, StatusCode::UNPROCESSABLE_ENTITY).await;
    }

    // What a list shows needs no further question.
    let shown = control_plane.deployment(&failed).await;
    assert_eq!((text(&shown, "sandbox_name"), text(&shown, "target_name")), ("shop".to_owned(), "local".to_owned()));
    assert_eq!(
        (&shown["branch"], &shown["kind"], &shown["dry_run"]),
        (&json!("cart"), &json!("static"), &json!(false))
    );
    let me = control_plane.call(Method::GET, "/api/me", None).await;
    assert_eq!(shown["created_by"], json!({ "id": me["id"], "name": me["name"] }));
    assert_eq!(control_plane.deployment(&live).await["is_live"], true);
    let again = control_plane.call(Method::POST, &format!("/api/deployments/{live}/redeploy"), None).await;
    let again = text(&again, "id");
    control_plane.wait_for(&again, &["success"], BUILD).await;
    assert_eq!(control_plane.deployment(&again).await["is_live"], true);
    assert_eq!(control_plane.deployment(&live).await["is_live"], false, "the later one is");
}

#[tokio::test]
async fn an_installation_says_what_it_is_and_how_one_signs_in() {
    let control_plane = ControlPlane::start().await;
    let about = control_plane.call(Method::GET, "/api/about", None).await;
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    let methods = control_plane.call(Method::GET, "/api/auth/methods", None).await;
    assert_eq!(methods, json!({ "password": false, "oidc": null }));
    control_plane.command_line(&["user", "password", "admin"], "correct horse battery\n").expect("sets it");
    let methods = control_plane.call(Method::GET, "/api/auth/methods", None).await;
    assert_eq!(methods["password"], true);
}
