//! What providers send by themselves: taken when it is proven, a hint whatever it says, and one answer for all that is
//! not proven.

use std::time::Duration;

use data_encoding::BASE64;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::canary::Canaries;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::issuer;
use slipway_tests::rehearsal::{Behaviour, Rehearsal, signature};
use slipway_tests::{BUILD, SOON, eventually};

const UNKNOWN: &str = "01890000-0000-7000-8000-000000000000";

/// A target at a git host, and its hook.
async fn hook(control_plane: &ControlPlane, provider: &str, config: Value, scheme: Value) -> (String, Value) {
    let body = json!({ "provider": provider, "name": format!("{provider} {scheme}"), "config": config });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let path = format!("/api/deployments/targets/{target}/webhook");
    let body = if scheme.is_null() { json!({}) } else { json!({ "scheme": scheme }) };
    (target, control_plane.call(Method::POST, &path, Some(body)).await)
}

fn github() -> Value {
    json!({ "owner": "ada", "repo": "shop" })
}

fn gitlab() -> Value {
    json!({ "namespace": "ada", "project": "shop" })
}

async fn send(url: &str, headers: &[(&str, String)], body: &str) -> Response {
    let request =
        reqwest::Client::builder().build().expect("a client").post(url).header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request.body(body.to_owned()).send().await.expect("answers")
}

async fn as_github(url: &str, secret: &str, body: &str) -> Response {
    let signature = format!("sha256={}", signature(secret, body));
    let headers = [("x-hub-signature-256", signature), ("x-github-event", "push".to_owned())];
    send(url, &headers, body).await
}

/// What somebody who is not proven gets to see: everything but when, which request, and how many are left.
async fn shown(response: Response) -> (StatusCode, Vec<(String, String)>, Value) {
    let status = response.status();
    let varies = ["date", "x-request-id", "ratelimit", "ratelimit-policy"];
    let headers = response.headers().iter().filter(|(name, _)| !varies.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect();
    headers.sort();
    let mut body: Value = response.json().await.expect("a problem");
    body.as_object_mut().expect("an object").retain(|key, _| key != "request_id" && key != "instance");
    (status, headers, body)
}

#[tokio::test]
async fn a_hook_is_made_shown_replaced_and_removed() {
    let control_plane = ControlPlane::start().await;
    let (target, first) = hook(&control_plane, "github", github(), Value::Null).await;
    let (url, secret) = (text(&first, "url"), text(&first, "secret"));
    assert!(url.starts_with(&format!("{}/api/webhooks/github?hook=", control_plane.url)), "{url}");
    assert!(secret.len() >= 32, "{secret}");

    let path = format!("/api/deployments/targets/{target}/webhook");
    let seen = control_plane.call(Method::GET, &path, None).await["webhook"].clone();
    assert_eq!((text(&seen, "url"), &seen["last_delivery_at"]), (url.clone(), &Value::Null));
    assert!(!seen.to_string().contains(&secret), "{seen}");
    assert_eq!(as_github(&url, &secret, r#"{"zen":"ping"}"#).await.status(), StatusCode::ACCEPTED);
    assert_ne!(control_plane.call(Method::GET, &path, None).await["webhook"]["last_delivery_at"], Value::Null);
    control_plane.never_shows(std::slice::from_ref(&secret));
    assert!(Canaries::new(&[secret.as_bytes()]).on_disk(control_plane.data_dir()).is_empty());

    let second = control_plane.call(Method::POST, &path, Some(json!({}))).await;
    assert_ne!(second["secret"], first["secret"]);
    assert_eq!(as_github(&url, &secret, "{}").await.status(), StatusCode::UNAUTHORIZED, "its place is taken");
    let (url, secret) = (text(&second, "url"), text(&second, "secret"));
    // What is sealed is sealed anew, and still opens.
    control_plane.command_line(&["keys", "rotate"], "").expect("rotates");
    assert_eq!(as_github(&url, &secret, "{}").await.status(), StatusCode::ACCEPTED);
    let control_plane = control_plane.kill_and_restart().await;
    let url = url.replace(url.split("/api/").next().expect("an origin"), &control_plane.url);
    assert_eq!(as_github(&url, &secret, "{ }").await.status(), StatusCode::ACCEPTED);

    control_plane.call(Method::DELETE, &path, None).await;
    assert_eq!(as_github(&url, &secret, "{  }").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(control_plane.call(Method::GET, &path, None).await, json!({ "webhook": null }));
    control_plane.call(Method::DELETE, &path, None).await;

    let local = control_plane.local_target().await;
    let path = format!("/api/deployments/targets/{local}/webhook");
    let (_, message) = control_plane.refused(Method::POST, &path, Some(json!({})), StatusCode::CONFLICT).await;
    assert!(message.contains("`local` sends nothing"), "{message}");
}

#[tokio::test]
async fn everything_that_is_not_proven_gets_one_answer() {
    let control_plane = ControlPlane::start().await;
    let (_, made) = hook(&control_plane, "github", github(), Value::Null).await;
    let (url, secret) = (text(&made, "url"), text(&made, "secret"));
    let body = r#"{"ref":"refs/heads/main"}"#;
    let good = format!("sha256={}", signature(&secret, body));
    let id = url.rsplit_once('=').expect("has an id").1.to_owned();
    let (base, unknown) = (url.replace(&format!("?hook={id}"), ""), url.replace(&id, UNKNOWN));
    let elsewhere = url.replace("/github?", "/gitlab?");

    let attempts: Vec<(&str, &str, Option<String>, &str)> = vec![
        ("another body", &url, Some(good.clone()), r#"{"ref":"refs/heads/mai"}"#),
        ("another secret", &url, Some(format!("sha256={}", signature("wrong", body))), body),
        ("no signature", &url, None, body),
        ("half a signature", &url, Some(good[..40].to_owned()), body),
        ("no hook", &base, Some(good.clone()), body),
        ("an unknown hook", &unknown, Some(good.clone()), body),
        ("another provider", &elsewhere, Some(good.clone()), body),
    ];
    let mut answers = Vec::new();
    for (what, url, signature, body) in attempts {
        let headers: Vec<_> = signature.into_iter().map(|signature| ("x-hub-signature-256", signature)).collect();
        answers.push((what, shown(send(url, &headers, body).await).await));
    }
    let ended = base.replace("/github", "/nowhere");
    answers.push(("no such provider", shown(send(&ended, &[], body).await).await));
    for (what, answer) in &answers {
        assert_eq!(answer.0, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer, &answers[0].1, "{what}");
    }
    assert_eq!(as_github(&url, &secret, body).await.status(), StatusCode::ACCEPTED, "or nothing would be taken");

    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(as_github(&url, &secret, &large).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let refused = control_plane.call(Method::GET, "/api/audit?all=true&action=webhook.delivery", None).await;
    let rows = refused["items"].as_array().expect("rows");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["outcome"] == "denied"), "{refused}");
}

#[tokio::test]
async fn gitlab_signs_or_shows_its_token_as_the_hook_was_made_for() {
    let control_plane = ControlPlane::start().await;
    let (_, made) = hook(&control_plane, "gitlab", gitlab(), Value::Null).await;
    let (url, secret) = (text(&made, "url"), text(&made, "secret"));
    let body = r#"{"object_kind":"push","ref":"refs/heads/main"}"#;
    let now = issuer::now();
    let signed = |id: &str, at: u64| {
        let key = BASE64.decode(secret.strip_prefix("whsec_").expect("has it").as_bytes()).expect("base64");
        let signature = issuer::hmac_sha256(&key, format!("{id}.{at}.{body}").as_bytes());
        vec![
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", format!("v1,{}", BASE64.encode(&signature))),
            // GitLab sends its own with every delivery.
            ("idempotency-key", id.to_owned()),
        ]
    };
    assert_eq!(send(&url, &signed("a", now), body).await.status(), StatusCode::ACCEPTED);
    assert_eq!(send(&url, &signed("a", now), body).await.status(), StatusCode::ACCEPTED, "again changes nothing");
    assert_eq!(send(&url, &signed("b", now - 600), body).await.status(), StatusCode::UNAUTHORIZED, "too old");
    let token = [("x-gitlab-token", secret.clone())];
    assert_eq!(send(&url, &token, body).await.status(), StatusCode::UNAUTHORIZED, "no way around the signature");

    let (_, made) = hook(&control_plane, "gitlab", gitlab(), json!("token")).await;
    let token = [("x-gitlab-token", text(&made, "secret"))];
    assert_eq!(send(&text(&made, "url"), &token, body).await.status(), StatusCode::ACCEPTED);
    let wrong = [("x-gitlab-token", "wrong".to_owned())];
    assert_eq!(send(&text(&made, "url"), &wrong, body).await.status(), StatusCode::UNAUTHORIZED);

    let (target, _) = hook(&control_plane, "github", github(), Value::Null).await;
    let path = format!("/api/deployments/targets/{target}/webhook");
    let body = json!({ "scheme": "token" });
    let (_, message) = control_plane.refused(Method::POST, &path, Some(body), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(message.contains("signs what it sends"), "{message}");
}

#[tokio::test]
async fn a_delivery_ends_a_wait_that_polling_would_go_on_with() {
    let vendor = Rehearsal::start().await;
    let control_plane = ControlPlane::start_with(&[("REHEARSAL_URL", &vendor.url)]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let project = Project::fixture("plain-html");
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let body = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    vendor.behave([Behaviour::AskSomebody]);
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    eventually("it to wait", BUILD, || async {
        (!control_plane.deployment(&id).await["waiting_on"].is_null()).then_some(())
    })
    .await;
    // The delivery says nothing that is believed: it is only looked at again.
    assert_eq!(vendor.tell(r#"{"state":"ready"}"#).await.status(), StatusCode::ACCEPTED);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(control_plane.deployment(&id).await["status"], "deploying");

    vendor.release_all();
    // The same once more is a replay, and wakes nobody.
    assert_eq!(vendor.tell(r#"{"state":"ready"}"#).await.status(), StatusCode::ACCEPTED);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(control_plane.deployment(&id).await["status"], "deploying");

    assert_eq!(vendor.tell(r#"{"state":"ready","n":2}"#).await.status(), StatusCode::ACCEPTED);
    // Sooner than the 15 seconds after which it would have been asked.
    control_plane.wait_for(&id, &["success"], Duration::from_secs(5)).await;
    // An hour later its hook is gone; until then what is late is taken and changes nothing.
    assert_eq!(vendor.tell(r#"{"state":"ready","n":3}"#).await.status(), StatusCode::ACCEPTED);
    control_plane.never_shows(&[vendor.callback().1]);
}

#[tokio::test]
async fn a_push_hastens_only_what_goes_to_its_branch() {
    let host = slipway_tests::git_server::GitServer::start("x-access-token", "ghp_webhooks0123456789").await;
    host.repository("ada/shop");
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_PROVIDERS__GITHUB__GIT_URL", &host.url)]).await;
    let account = control_plane.add_credential("github", "ada", "ghp_webhooks0123456789");
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let project = Project::fixture("plain-html");
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let (target, made) = hook(&control_plane, "github", github(), Value::Null).await;
    let path = format!("/api/deployments/targets/{target}");
    control_plane.call(Method::PUT, &path, Some(json!({ "credentials_id": account }))).await;
    let (url, secret) = (text(&made, "url"), text(&made, "secret"));

    host.break_with([slipway_tests::git_server::Fault::Busy(30)]);
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    eventually("it to be held back", SOON, || async {
        control_plane.deployment(&id).await["status_message"].as_str().filter(|said| said.contains("next at")).map(drop)
    })
    .await;
    assert_eq!(as_github(&url, &secret, r#"{"ref":"refs/heads/other"}"#).await.status(), StatusCode::ACCEPTED);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(host.pushes(), 1, "another branch is no news");
    assert_eq!(as_github(&url, &secret, r#"{"ref":"refs/heads/main"}"#).await.status(), StatusCode::ACCEPTED);
    control_plane.wait_for(&id, &["success"], Duration::from_secs(10)).await;
}
