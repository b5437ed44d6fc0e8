//! REST as a platform uses it: errors, pages, ownership of names.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;

#[tokio::test]
async fn wrong_requests_get_one_clear_sentence() {
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let target = control_plane.local_target().await;
    let deploy = format!("/api/sandboxes/{sandbox}/deploy");
    let unknown = "01890000-0000-7000-8000-000000000000";
    let cases = [
        (Method::POST, "/api/sandboxes".to_owned(), Some(json!({ "name": "shop" })), 409, "shop"),
        (Method::POST, "/api/sandboxes".to_owned(), Some(json!({ "name": "" })), 422, "`name`"),
        (Method::POST, "/api/sandboxes".to_owned(), Some(json!({ "nmae": "x" })), 422, "nmae"),
        (Method::POST, "/api/sandboxes".to_owned(), Some(json!(["x"])), 422, "an object"),
        (Method::POST, "/api/sandboxes".to_owned(), None, 415, "application/json"),
        (Method::GET, "/api/sandboxes/not-an-id".to_owned(), None, 404, "UUID"),
        (Method::GET, format!("/api/sandboxes/{unknown}"), None, 404, "no such sandbox"),
        (Method::GET, format!("/api/deployments/{unknown}/logs"), None, 404, "no such deployment"),
        (Method::GET, "/api/sandboxes?limit=0".to_owned(), None, 422, "`limit`"),
        (Method::GET, "/api/deployments?cursor=x".to_owned(), None, 422, "`cursor`"),
        (Method::GET, "/api/deployments?status=done".to_owned(), None, 422, "status"),
        (Method::GET, format!("/api/sandboxes/{sandbox}/detect"), None, 503, "slipway-agent"),
        (Method::POST, deploy.clone(), Some(json!({ "target_id": unknown })), 404, "no such target"),
        (Method::POST, deploy.clone(), Some(json!({ "target_id": target, "output_dir": "../x" })), 422, "`output_dir`"),
        (Method::POST, deploy.clone(), Some(json!({ "target_id": target, "env": { "A-B": "" } })), 422, "A-B"),
        (Method::POST, deploy, Some(json!({ "target_id": target, "environment": "mars" })), 422, "mars"),
        (
            Method::POST,
            "/api/deployments/targets".to_owned(),
            Some(json!({ "provider": "nowhere", "name": "x" })),
            422,
            "local",
        ),
        (
            Method::POST,
            "/api/deployments/targets".to_owned(),
            Some(json!({ "provider": "local", "name": "x", "config": { "port": 1 } })),
            422,
            "`config.port`",
        ),
        (Method::GET, "/api/nothing".to_owned(), None, 404, "/api/nothing"),
        (Method::PUT, "/api/sandboxes".to_owned(), None, 405, "PUT"),
    ];
    for (method, path, body, status, part) in cases {
        let expected = StatusCode::from_u16(status).expect("a status");
        let (_, detail) = control_plane.refused(method.clone(), &path, body, expected).await;
        assert!(detail.contains(part), "{method} {path}: {detail:?} does not say {part:?}");
    }
    let large = json!({ "name": "x".repeat(300 * 1024) });
    control_plane.refused(Method::POST, "/api/sandboxes", Some(large), StatusCode::PAYLOAD_TOO_LARGE).await;
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_answered() {
    let control_plane = ControlPlane::start().await;
    let client = reqwest::Client::builder().build().expect("a client");
    let document: Value = client
        .get(format!("{}/api/openapi.json", control_plane.url))
        .send()
        .await
        .expect("answers")
        .json()
        .await
        .expect("is JSON");
    let unknown = "01890000-0000-7000-8000-000000000000";
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            if operation["security"] == json!([{}]) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let url = format!("{}{}", control_plane.url, path.replace("{id}", unknown).replace("{user_id}", unknown));
            for token in [None, Some("slw_wrong"), Some("")] {
                let mut request = client.request(method.clone(), &url);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let status = request.send().await.expect("answers").status();
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {token:?}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 18, "{checked}");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let control_plane = ControlPlane::start().await;
    for number in 0..5 {
        control_plane.create_sandbox(&format!("sandbox-{number}")).await;
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = control_plane.call(Method::GET, &format!("/api/sandboxes?limit=2{cursor}"), None).await;
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|item| text(item, "name")));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, (0..5).map(|number| format!("sandbox-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_agent_says_what_it_would_build_and_records_can_be_removed() {
    let project = Project::fixture("vite-react");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let plan = control_plane.call(Method::GET, &format!("/api/sandboxes/{sandbox}/detect"), None).await;
    assert_eq!((text(&plan, "framework"), text(&plan, "output_dir")), ("vite".to_owned(), "dist".to_owned()));
    assert!(!plan["evidence"].as_array().expect("a list").is_empty());

    let target = control_plane.local_target().await;
    let more = json!({ "install_command": "true", "build_command": "mkdir dist && echo hi > dist/index.html" });
    let id = control_plane.deploy(&sandbox, &target, more).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    let target_path = format!("/api/deployments/targets/{target}");
    control_plane.refused(Method::DELETE, &target_path, None, StatusCode::CONFLICT).await;
    control_plane.call(Method::DELETE, &format!("/api/deployments/{id}"), None).await;
    reqwest::get(text(&deployment, "deployment_url")).await.expect_err("the site has ended");
    control_plane.call(Method::DELETE, &target_path, None).await;
    control_plane.call(Method::DELETE, &format!("/api/sandboxes/{sandbox}"), None).await;
    control_plane.refused(Method::GET, &format!("/api/sandboxes/{sandbox}"), None, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_target_says_how_it_is_built_and_a_request_says_more() {
    let project = Project::fixture("custom-build");
    project.write("slipway.toml", "[build]\nbuild_command = \"mkdir -p made && echo project > made/index.html\"\n");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let targets = "/api/deployments/targets";
    let refused = json!({ "provider": "local", "name": "odd", "config": { "output_dir": "../made" } });
    let (_, problem) =
        control_plane.refused(Method::POST, targets, Some(refused), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(problem.contains("`config.output_dir` must be a relative path"), "{problem}");
    let body =
        json!({ "provider": "local", "name": "site", "config": { "output_dir": "made", "build_command": "false" } });
    let target = text(&control_plane.call(Method::POST, targets, Some(body)).await, "id");

    let plan = control_plane.call(Method::GET, &format!("/api/sandboxes/{sandbox}/detect"), None).await;
    assert_eq!(plan["sources"]["build_command"], "slipway.toml", "{plan}");

    let failed = control_plane.deploy(&sandbox, &target, json!({})).await;
    let failed = control_plane.wait_for(&failed, &["failed"], BUILD).await;
    assert_eq!(failed["metadata"]["plan"]["sources"]["build_command"], "target", "{failed}");

    let more = json!({ "build_command": "mkdir -p made && echo request > made/index.html" });
    let id = control_plane.deploy(&sandbox, &target, more).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    let plan = &deployment["metadata"]["plan"];
    assert_eq!(
        (&plan["sources"]["build_command"], &plan["sources"]["output_dir"]),
        (&json!("request"), &json!("target"))
    );
    let page = reqwest::get(text(&deployment, "deployment_url")).await.expect("it is live").text().await;
    assert_eq!(page.expect("it has a body").trim(), "request");
}

#[tokio::test]
async fn what_is_missing_or_was_assumed_is_said_before_the_build() {
    let project = Project::fixture("custom-build");
    project.write(
        "package.json",
        r#"{"engines":{"node":"<1"},"scripts":{"build":"mkdir -p dist && echo hi > dist/index.html"}}"#,
    );
    project.write("yarn.lock", "");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({ "install_command": "true" })).await;
    control_plane.wait_for(&id, &["success"], BUILD).await;
    let log = control_plane.log(&id).await;
    let warning = log.find("warning: package.json asks for Node.js <1, but found ").unwrap_or_else(|| panic!("{log}"));
    let lock = log
        .find("warning: there are package-lock.json and yarn.lock; npm was assumed")
        .unwrap_or_else(|| panic!("{log}"));
    assert!(warning.max(lock) < log.find("$ npm run build").expect("the build is in the log"), "{log}");
}

#[tokio::test]
async fn a_request_sent_twice_with_one_key_makes_one_record() {
    let control_plane = ControlPlane::start().await;
    let client = reqwest::Client::builder().build().expect("a client");
    let post = |name: &str, key: &str| {
        let request = client.post(format!("{}/api/sandboxes", control_plane.url));
        let request = request.bearer_auth(slipway_tests::control_plane::TOKEN).header("idempotency-key", key);
        request.json(&json!({ "name": name })).send()
    };
    let first = post("shop", "key-1").await.expect("answers");
    assert_eq!(first.status(), StatusCode::CREATED);
    let again = post("shop", "key-1").await.expect("answers");
    assert_eq!(
        (again.status(), again.headers()["idempotent-replayed"].as_bytes()),
        (StatusCode::CREATED, &b"true"[..])
    );
    assert_eq!(first.text().await.expect("has a body"), again.text().await.expect("has a body"));
    assert_eq!(post("other", "key-1").await.expect("answers").status(), StatusCode::UNPROCESSABLE_ENTITY);
    // A refusal is not remembered: the key is free for the mended request.
    assert_eq!(post("shop", "key-2").await.expect("answers").status(), StatusCode::CONFLICT);
    assert_eq!(post("shop-2", "key-2").await.expect("answers").status(), StatusCode::CREATED);
}
