//! Variables of a target: written, never read back when they are secret, and in the build to the byte.

use reqwest::header::{ETAG, IF_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::BUILD;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, TOKEN, get, text};
use slipway_tests::fixtures::Project;

/// Line ends, tabs, quotes, spaces at the ends: all of it is part of the value.
const PEM: &str = " \r\n-----BEGIN CERTIFICATE-----\r\nMIIB\"'`$HOME\\n\t=\n\n-----END CERTIFICATE-----\n\n";

fn path(target: &str) -> String {
    format!("/api/deployments/targets/{target}/env")
}

fn names(value: &Value) -> Vec<String> {
    value["variables"].as_array().expect("a list").iter().map(|variable| text(variable, "name")).collect()
}

#[tokio::test]
async fn secrets_are_written_and_never_answered() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let variables = json!([
        { "name": "SECRET", "scope": "build", "value": "hunter2hunter2" },
        { "name": "URL", "scope": "runtime", "value": PEM, "secret": false, "environment": "preview" },
    ]);
    let set = control_plane.set_variables(&target, variables).await;
    let read = control_plane.call(Method::GET, &path(&target), None).await;
    assert_eq!(set, read);
    assert_eq!(read["version"], 1);
    assert_eq!(read["variables"][0]["value"], Value::Null);
    assert_eq!((&read["variables"][0]["secret"], &read["variables"][1]["secret"]), (&json!(true), &json!(false)));
    assert_eq!(read["variables"][1]["value"], PEM, "to the byte");

    // A value left out stays; what is not named goes, unless it is a merge.
    let keep = json!({ "variables": [{ "name": "SECRET", "scope": "build" }] });
    let kept = control_plane.call(Method::PUT, &path(&target), Some(keep.clone())).await;
    assert_eq!((names(&kept), &kept["version"]), (vec!["SECRET".to_owned()], &json!(2)));
    let again = control_plane.call(Method::PUT, &path(&target), Some(keep)).await;
    assert_eq!(again["version"], 2, "what changes nothing is no version");

    let reveal = json!({ "variables": [{ "name": "SECRET", "scope": "build", "secret": false }] });
    let (_, detail) =
        control_plane.refused(Method::PUT, &path(&target), Some(reveal), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(detail.contains("`SECRET` is a secret"), "{detail}");
    let wrong = json!({ "variables": [{ "name": "LD_PRELOAD", "scope": "build", "value": "hunter2hunter2" }] });
    let (_, detail) =
        control_plane.refused(Method::PUT, &path(&target), Some(wrong), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(detail.contains("`LD_PRELOAD`") && !detail.contains("hunter2"), "{detail}");
    let unknown = path("01890000-0000-7000-8000-000000000000");
    control_plane.refused(Method::GET, &unknown, None, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_change_of_what_was_not_seen_is_refused() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let url = format!("{}{}", control_plane.url, path(&target));
    let client = reqwest::Client::builder().build().expect("a client");
    let put = async |tag: &str, value: &str| {
        let body = json!({ "variables": [{ "name": "A", "scope": "build", "value": value }] });
        client.put(&url).bearer_auth(TOKEN).header(IF_MATCH, tag).json(&body).send().await.expect("answers")
    };
    let read = client.get(&url).bearer_auth(TOKEN).send().await.expect("answers");
    let tag = read.headers()[ETAG].to_str().expect("is text").to_owned();
    let first = put(&tag, "1").await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_ne!(first.headers()[ETAG], tag.as_str());
    let second = put(&tag, "2").await;
    assert_eq!(second.status(), StatusCode::PRECONDITION_FAILED);
    let problem: Value = second.json().await.expect("is JSON");
    assert_eq!(problem["code"], "precondition_failed");
    assert_eq!(put("*", "2").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_dotenv_text_is_taken_over_after_a_look_at_what_would_change() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let before = json!([
        { "name": "SAME", "scope": "build", "value": "1", "secret": false },
        { "name": "OTHER", "scope": "build", "value": "1", "secret": false },
        { "name": "GONE", "scope": "build", "value": "1", "secret": false },
        { "name": "RUNTIME", "scope": "runtime", "value": "1", "secret": false },
    ]);
    control_plane.set_variables(&target, before).await;
    let text =
        "# from the laptop\nexport SAME=1\nOTHER='2'\nKEY=\"-----BEGIN X-----\nAAA\n-----END X-----\n\" # a key\n";
    let import =
        |dry_run: bool| json!({ "text": text, "scope": "build", "secret": false, "replace": true, "dry_run": dry_run });
    let import_path = format!("{}/import", path(&target));
    let look = control_plane.call(Method::POST, &import_path, Some(import(true))).await;
    let expected = json!({
        "dry_run": true, "version": 1, "added": ["KEY"], "changed": ["OTHER"], "removed": ["GONE"], "unchanged": ["SAME"],
    });
    assert_eq!(look, expected);
    let read = control_plane.call(Method::GET, &path(&target), None).await;
    assert_eq!(read["version"], 1, "a look changes nothing");

    let done = control_plane.call(Method::POST, &import_path, Some(import(false))).await;
    assert_eq!((&done["version"], &done["added"]), (&json!(2), &expected["added"]));
    let read = control_plane.call(Method::GET, &path(&target), None).await;
    assert_eq!(names(&read), ["KEY", "OTHER", "RUNTIME", "SAME"]);
    assert_eq!(read["variables"][0]["value"], "-----BEGIN X-----\nAAA\n-----END X-----\n");

    let broken = json!({ "text": "A=1\nhunter2hunter2\n", "scope": "build" });
    let (_, detail) =
        control_plane.refused(Method::POST, &import_path, Some(broken), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(detail.contains("line 2") && !detail.contains("hunter2"), "{detail}");
}

#[tokio::test]
async fn a_build_gets_its_variables_to_the_byte_and_no_others() {
    let project = Project::with_build_script(
        "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', JSON.stringify(process.env));",
    );
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let variables = json!([
        { "name": "KEY", "scope": "build", "value": PEM },
        { "name": "WHERE", "scope": "build", "value": "everywhere" },
        { "name": "WHERE", "scope": "build", "value": "preview", "environment": "preview" },
        { "name": "ONLY_PRODUCTION", "scope": "build", "value": "x", "environment": "production" },
        { "name": "DATABASE_URL", "scope": "runtime", "value": "postgres://never-in-a-sandbox" },
    ]);
    control_plane.set_variables(&target, variables).await;
    let more = json!({ "environment": "preview", "env": { "FROM_REQUEST": "y" } });
    let id = control_plane.deploy(&sandbox, &target, more).await;
    // A later change is not part of a deployment that was asked for before.
    control_plane.set_variables(&target, json!([{ "name": "WHERE", "scope": "build", "value": "later" }])).await;
    let deployment = control_plane.wait_for(&id, &["success"], BUILD).await;
    assert_eq!(deployment["env_version"], 1);
    let page = get(&text(&deployment, "deployment_url")).await.2;
    let environment: Value = serde_json::from_str(&page).expect("is JSON");
    assert_eq!((&environment["KEY"], &environment["WHERE"]), (&json!(PEM), &json!("preview")));
    assert_eq!(environment["FROM_REQUEST"], "y");
    for absent in ["ONLY_PRODUCTION", "DATABASE_URL"] {
        assert_eq!(environment[absent], Value::Null, "{absent}");
    }
    assert!(!page.contains("never-in-a-sandbox"));
}
