//! What every answer carries: an id, headers for browsers, tags of what was seen.

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};

async fn get(url: &str) -> Response {
    reqwest::get(url).await.expect("answers")
}

#[tokio::test]
async fn every_answer_has_an_id_that_the_problem_and_the_log_name_too() {
    let control_plane = ControlPlane::start().await;
    let id = |response: &Response| response.headers()["x-request-id"].to_str().expect("is ASCII").to_owned();
    let first = control_plane.send(Method::GET, "/api/me", None).await;
    let client = reqwest::Client::builder().build().expect("a client");
    let chosen = client.get(format!("{}/api/nothing", control_plane.url)).header("x-request-id", "mine");
    let second = chosen.send().await.expect("answers");
    assert_ne!(id(&first), id(&second));
    assert_eq!(id(&second).len(), 36, "what a client chose is not taken over");
    let expected = id(&second);
    let problem: Value = second.json().await.expect("is a problem document");
    assert_eq!(text(&problem, "request_id"), expected);
}

#[tokio::test]
async fn browsers_are_told_to_trust_nobody() {
    let control_plane = ControlPlane::start().await;
    for path in ["/", "/setup?token=x", "/pages.css", "/api/me", "/api/nothing", "/api/openapi.json", "/healthz"] {
        let response = get(&format!("{}{path}", control_plane.url)).await;
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        let referrer = if path.starts_with("/setup") { "same-origin" } else { "no-referrer" };
        assert_eq!(header("referrer-policy"), referrer, "{path}");
        let cache = match path {
            "/pages.css" => "public, max-age=86400",
            // The page of the web UI is asked for again each time.
            "/" if !slipway_web::FILES.is_empty() => "no-cache",
            _ => "no-store",
        };
        assert_eq!(header("cache-control"), cache, "{path}");
        assert_eq!(header("strict-transport-security"), "", "{path}: nothing here is TLS");
        let body = response.text().await.expect("is text");
        assert!(!body.contains("<style") && !body.contains("<script>") && !body.contains(" style="), "{path}: {body}");
    }
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_PUBLIC_URL", "https://ship.example.com")]).await;
    let response = get(&format!("{}/api/me", control_plane.url)).await;
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
}

#[tokio::test]
async fn other_sites_may_call_only_when_they_are_named() {
    let ask = async |control_plane: &ControlPlane, origin: &str| -> HeaderMap {
        let client = reqwest::Client::builder().build().expect("a client");
        let preflight = client
            .request(Method::OPTIONS, format!("{}/api/sandboxes", control_plane.url))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let response = preflight.send().await.expect("answers");
        let mut headers = response.headers().clone();
        let request = client.get(format!("{}/api/me", control_plane.url)).header("origin", origin).bearer_auth(TOKEN);
        headers.extend(request.send().await.expect("answers").headers().clone());
        headers
    };
    let closed = ControlPlane::start().await;
    let headers = ask(&closed, "https://app.example.com").await;
    assert!(!headers.keys().any(|name| name.as_str().starts_with("access-control")), "{headers:?}");

    let open = ControlPlane::start_with(&[("SLIPWAY_CORS_ORIGINS", "https://app.example.com")]).await;
    let headers = ask(&open, "https://app.example.com").await;
    assert_eq!(headers["access-control-allow-origin"], "https://app.example.com");
    assert!(headers.get("access-control-allow-credentials").is_none(), "cookies stay at home");
    let headers = ask(&open, "https://evil.example.com").await;
    assert!(headers.get("access-control-allow-origin").is_none(), "{headers:?}");
}

#[tokio::test]
async fn whoever_changes_a_configuration_can_say_what_they_have_seen() {
    let control_plane = ControlPlane::start().await;
    let sandbox = format!("/api/sandboxes/{}", control_plane.create_sandbox("shop").await);
    let target = format!("/api/deployments/targets/{}", control_plane.local_target().await);
    let team = control_plane.call(Method::POST, "/api/teams", Some(json!({ "name": "shop" }))).await;
    let team = format!("/api/teams/{}", text(&team, "id"));
    let variables = format!("{target}/env");
    let client = reqwest::Client::builder().build().expect("a client");
    let send = async |method: Method, path: &str, tag: Option<&str>, body: Option<Value>| {
        let mut request = client.request(method, format!("{}{path}", control_plane.url)).bearer_auth(TOKEN);
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("answers");
        let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
        (response.status(), tag)
    };
    let variable = json!({ "variables": [{ "name": "A", "scope": "build", "value": "1" }] });
    for (method, path, body) in [
        (Method::PATCH, &sandbox, json!({ "labels": { "by": "ada" } })),
        (Method::PUT, &target, json!({ "name": "mine" })),
        (Method::PATCH, &team, json!({ "name": "market" })),
        (Method::PUT, &variables, variable),
    ] {
        let (_, seen) = send(Method::GET, path, None, None).await;
        assert!(seen.starts_with('"') && seen.ends_with('"') && seen.len() > 2, "{path}: {seen}");
        let (status, next) = send(method.clone(), path, Some(&seen), Some(body.clone())).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_ne!(next, seen, "{path}");
        assert_eq!(send(Method::GET, path, None, None).await.1, next, "{path}");
        let (status, _) = send(method.clone(), path, Some(&seen), Some(body.clone())).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{path}: somebody was faster");
        assert_eq!(send(method, path, Some("*"), Some(body)).await.0, StatusCode::OK, "{path}");
        if path != &variables {
            assert_eq!(
                send(Method::DELETE, path, Some(&seen), None).await.0,
                StatusCode::PRECONDITION_FAILED,
                "{path}"
            );
        }
    }
    for path in [&sandbox, &target, &team] {
        let (_, seen) = send(Method::GET, path, None, None).await;
        assert_eq!(send(Method::DELETE, path, Some(&seen), None).await.0, StatusCode::NO_CONTENT, "{path}");
    }
}

#[tokio::test]
async fn of_two_changes_from_one_state_one_wins() {
    let control_plane = ControlPlane::start().await;
    let target = format!("/api/deployments/targets/{}", control_plane.local_target().await);
    let client = reqwest::Client::builder().build().expect("a client");
    let url = format!("{}{target}", control_plane.url);
    for round in 0..10 {
        let seen = client.get(&url).bearer_auth(TOKEN).send().await.expect("answers").headers()["etag"].clone();
        let change = |name: String| {
            let request = client.put(&url).bearer_auth(TOKEN).header("if-match", seen.clone());
            async move { request.json(&json!({ "name": name })).send().await.expect("answers").status() }
        };
        let (one, other) = tokio::join!(change(format!("a{round}")), change(format!("b{round}")));
        let mut outcomes = [one.as_u16(), other.as_u16()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [200, 412]);
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let control_plane = ControlPlane::start().await;
    let body = json!({ "name": "x".repeat(300 * 1024) });
    let (code, _) =
        control_plane.refused(Method::POST, "/api/sandboxes", Some(body), StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(code, "too_large");
    let client = reqwest::Client::builder().build().expect("a client");
    let request = client.get(format!("{}/api/me", control_plane.url)).header("x-padding", "x".repeat(400 * 1024));
    let status = request.send().await.expect("answers").status();
    assert_eq!(status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let many = (0..200).fold(client.get(format!("{}/api/me", control_plane.url)), |request, number| {
        request.header(format!("x-{number}"), "x")
    });
    assert_eq!(many.send().await.expect("answers").status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}
