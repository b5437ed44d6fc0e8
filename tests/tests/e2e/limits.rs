//! How much one user, one address and one account may ask for.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};
use slipway_tests::{SOON, eventually};

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("`{name}` is missing")).to_str().expect("is ASCII")
}

async fn code(response: Response) -> String {
    text(&response.json::<Value>().await.expect("is a problem document"), "code")
}

#[tokio::test]
async fn a_user_learns_what_is_left_and_when_there_is_more() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_USER", "20")]).await;
    let grace = control_plane.token_for("grace", "read");
    let first = control_plane.send_as(&grace, Method::GET, "/api/me", None).await;
    assert_eq!(header(&first, "ratelimit-policy"), "\"user\";q=20;w=60");
    assert_eq!(header(&first, "ratelimit"), "\"user\";r=19;t=3");
    for _ in 1..20 {
        assert_eq!(control_plane.send_as(&grace, Method::GET, "/api/me", None).await.status(), StatusCode::OK);
    }
    let refused = control_plane.send_as(&grace, Method::GET, "/api/me", None).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&refused, "ratelimit").starts_with("\"user\";r=0;t="));
    let wait: u64 = header(&refused, "retry-after").parse().expect("seconds");
    assert!((1..=3).contains(&wait), "{wait}");
    assert_eq!(code(refused).await, "rate_limited");
    // Another token of hers is still her, and somebody else is not.
    let another = control_plane.token_for("grace", "admin");
    let status = control_plane.send_as(&another, Method::GET, "/api/me", None).await.status();
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(control_plane.send(Method::GET, "/api/me", None).await.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(control_plane.send_as(&grace, Method::GET, "/api/me", None).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_is_limited_whoever_sends_from_it() {
    let settings =
        [("SLIPWAY_LIMITS__REQUESTS_PER_MINUTE_PER_ADDRESS", "30"), ("SLIPWAY_TRUSTED_PROXIES", "127.0.0.1")];
    let control_plane = ControlPlane::start_with(&settings).await;
    let client = reqwest::Client::builder().build().expect("a client");
    let from = |address: &str, token: &str| {
        let request = client.get(format!("{}/api/me", control_plane.url));
        let request = request.header("x-forwarded-for", address).bearer_auth(token);
        async move { request.send().await.expect("answers") }
    };
    let mut refused = 0;
    for _ in 0..40 {
        let response = from("192.0.2.1", "slw_nobody").await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(header(&response, "ratelimit").starts_with("\"address\";r=0;t="));
            refused += 1;
        } else {
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        }
    }
    assert!((9..=10).contains(&refused), "{refused}");
    assert_eq!(from("192.0.2.1", TOKEN).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from("192.0.2.2", TOKEN).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_account_has_a_quota_of_deployments() {
    let settings = [("SLIPWAY_LIMITS__DEPLOYMENTS_PER_DAY", "3"), ("SLIPWAY_LIMITS__UNFINISHED_DEPLOYMENTS", "2")];
    let control_plane = ControlPlane::start_with(&settings).await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let target = control_plane.local_target().await;
    let path = format!("/api/sandboxes/{sandbox}/deploy");
    let deploy = || control_plane.send(Method::POST, &path, Some(json!({ "target_id": target })));
    let first = control_plane.deploy(&sandbox, &target, json!({})).await;
    assert_eq!(deploy().await.status(), StatusCode::ACCEPTED);

    let refused = deploy().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().get("retry-after").is_none(), "nobody knows when one ends");
    assert_eq!(code(refused).await, "quota_exceeded");
    // One that has ended, or was deleted, makes room among those under way, and none in the day.
    control_plane.call(Method::POST, &format!("/api/deployments/{first}/cancel"), None).await;
    control_plane.call(Method::DELETE, &format!("/api/deployments/{first}"), None).await;
    let third = control_plane.deploy(&sandbox, &target, json!({})).await;
    control_plane.call(Method::POST, &format!("/api/deployments/{third}/cancel"), None).await;
    let refused = deploy().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = header(&refused, "retry-after").parse().expect("seconds");
    assert!((1..=24 * 60 * 60).contains(&wait), "{wait}");
    let problem: Value = refused.json().await.expect("is a problem document");
    assert_eq!(text(&problem, "code"), "quota_exceeded");
    assert!(text(&problem, "detail").contains("3 deployments today"), "{problem}");
    // It is the account's quota: a restart, or another token, changes nothing, and others have their own.
    let control_plane = control_plane.kill_and_restart().await;
    let body = json!({ "target_id": target });
    let status = control_plane.send(Method::POST, &path, Some(body)).await.status();
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_user_follows_so_many_logs_at_a_time() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_LIMITS__LOG_STREAMS_PER_USER", "2")]).await;
    let sandbox = control_plane.create_sandbox("shop").await;
    let target = control_plane.local_target().await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let path = format!("/api/deployments/{id}/logs");
    let follow = || control_plane.send(Method::GET, &path, None);
    let first = follow().await;
    let _second = follow().await;
    let refused = follow().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(code(refused).await, "rate_limited");
    let download = control_plane.send(Method::GET, &format!("{path}?format=text"), None).await;
    assert_eq!(download.status(), StatusCode::OK, "what is stored can be read all the same");
    drop(first);
    eventually("the closed stream to make room", SOON, || async { follow().await.status().is_success().then_some(()) })
        .await;
}
