//! Signing in: passwords, sessions, the first person, API tokens.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::browser::{Browser, location};
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::up::Up;
use slipway_tests::{SOON, eventually};

const PASSWORD: &str = "correct horse battery staple";

async fn with_user(name: &str) -> ControlPlane {
    let control_plane = ControlPlane::start().await;
    control_plane.command_line(&["user", "add", name], &format!("{PASSWORD}\n")).expect("adds");
    control_plane
}

async fn signed_in(control_plane: &ControlPlane, name: &str) -> Browser {
    let browser = Browser::new(&control_plane.url);
    let response = browser.log_in(name, PASSWORD).await;
    assert_eq!(response.status(), StatusCode::OK);
    browser.me().await.expect("is signed in");
    browser
}

fn make_sandbox(name: &str) -> Value {
    json!({ "name": name })
}

#[tokio::test]
async fn a_person_signs_in_works_and_signs_out() {
    let control_plane = with_user("ada").await;
    let browser = Browser::new(&control_plane.url);
    assert!(browser.me().await.is_none());
    let response = browser.log_in("ada", PASSWORD).await;
    let cookie = response.headers()["set-cookie"].to_str().expect("is ASCII").to_owned();
    assert!(cookie.starts_with("slipway=") && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Secure"), "browsers drop it on plain HTTP: {cookie}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let answer: Value = response.json().await.expect("is JSON");
    let me = browser.me().await.expect("is signed in");
    assert_eq!((text(&me, "name"), &me["csrf_token"]), ("ada".to_owned(), &answer["csrf_token"]));
    let response = browser.send(browser.request(Method::POST, "/api/sandboxes").json(&make_sandbox("shop"))).await;
    assert_eq!(response.status(), StatusCode::CREATED);

    let stolen = browser.cookie("slipway").expect("is set");
    let response = browser.send(browser.request(Method::POST, "/api/auth/logout")).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(browser.cookie("slipway"), None);
    browser.set_cookie("slipway", &stolen);
    assert!(browser.me().await.is_none(), "the session has ended here, too");
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_PUBLIC_URL", "https://ship.example.com")]).await;
    control_plane.command_line(&["user", "add", "ada"], PASSWORD).expect("adds");
    let browser = Browser::new(&control_plane.url);
    let response = browser.log_in("ada", PASSWORD).await;
    let cookie = response.headers()["set-cookie"].to_str().expect("is ASCII").to_owned();
    assert!(cookie.starts_with("__Host-slipway="), "{cookie}");
    for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(browser.me().await.is_some());
    // A sub-domain could set a cookie of the plain name, so that one counts for nothing.
    let tossed = Browser::new(&control_plane.url);
    tossed.set_cookie("slipway", &browser.cookie("__Host-slipway").expect("is set"));
    assert!(tossed.me().await.is_none());
}

#[tokio::test]
async fn a_session_that_was_there_before_is_worth_nothing_after_the_sign_in() {
    let control_plane = with_user("ada").await;
    control_plane.command_line(&["user", "add", "mallory"], PASSWORD).expect("adds");
    let mallory = signed_in(&control_plane, "mallory").await;
    let planted = mallory.cookie("slipway").expect("is set");
    for planted in [planted.as_str(), "chosen-by-mallory"] {
        let victim = Browser::new(&control_plane.url);
        victim.set_cookie("slipway", planted);
        assert_eq!(victim.log_in("ada", PASSWORD).await.status(), StatusCode::OK);
        assert_ne!(victim.cookie("slipway").as_deref(), Some(planted));
        let attacker = Browser::new(&control_plane.url);
        attacker.set_cookie("slipway", planted);
        assert!(attacker.me().await.is_none(), "{planted}");
    }
}

#[tokio::test]
async fn another_site_cannot_act_with_the_browsers_cookie() {
    let control_plane = with_user("ada").await;
    control_plane.command_line(&["user", "add", "grace"], PASSWORD).expect("adds");
    let (ada, grace) = (signed_in(&control_plane, "ada").await, signed_in(&control_plane, "grace").await);
    let post =
        |browser: &Browser, name: &str| browser.bare_request(Method::POST, "/api/sandboxes").json(&make_sandbox(name));
    let own = text(&ada.me().await.expect("is signed in"), "csrf_token");
    let foreign = text(&grace.me().await.expect("is signed in"), "csrf_token");
    let check = |request: reqwest::RequestBuilder| async { request.send().await.expect("answers").status() };
    assert_eq!(check(post(&ada, "a")).await, StatusCode::FORBIDDEN, "no token");
    assert_eq!(check(post(&ada, "b").header("x-csrf-token", &foreign)).await, StatusCode::FORBIDDEN, "another's");
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.net")]
    {
        let request = post(&ada, "c").header("x-csrf-token", &own).header(name, value);
        assert_eq!(check(request).await, StatusCode::FORBIDDEN, "{name}: {value}");
        let body = json!({ "name": "ada", "password": PASSWORD });
        let login = ada.bare_request(Method::POST, "/api/auth/login").json(&body).header(name, value);
        assert_eq!(check(login).await, StatusCode::FORBIDDEN, "nor sign somebody in");
    }
    let logout = ada.bare_request(Method::POST, "/api/auth/logout");
    assert_eq!(check(logout).await, StatusCode::FORBIDDEN, "nor sign somebody out");
    let fine = post(&ada, "d").header("x-csrf-token", &own).header("sec-fetch-site", "same-origin");
    assert_eq!(check(fine.header("origin", &control_plane.url)).await, StatusCode::CREATED);
    let names = ada.get("/api/sandboxes").await.json::<Value>().await.expect("is JSON");
    assert_eq!(names["items"].as_array().expect("a list").len(), 1, "{names}");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_for_known_and_unknown_names_alike() {
    let control_plane = with_user("ada").await;
    for name in ["ada", "nobody"] {
        let mut answers = Vec::new();
        for _ in 0..10 {
            let response = Browser::new(&control_plane.url).log_in(name, "a wrong password").await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            answers.push(response.text().await.expect("has a body"));
        }
        assert!(answers.iter().all(|answer| answer.contains("name or password is wrong")), "{answers:?}");
        let response = Browser::new(&control_plane.url).log_in(name, PASSWORD).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "even the right one");
        let wait: u64 = response.headers()["retry-after"].to_str().expect("ASCII").parse().expect("a number");
        assert!((1..=900).contains(&wait), "{wait}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn the_first_person_comes_in_by_a_link_that_works_once() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_BOOTSTRAP_TOKEN", "")]).await;
    let link = eventually("the link", SOON, || async {
        control_plane
            .said()
            .into_iter()
            .find_map(|line| Some(line.trim().to_owned()).filter(|l| l.contains("/setup?token=")))
    })
    .await;
    let browser = Browser::new(&control_plane.url);
    let page = browser.get(&link).await;
    // Else the browser would send the form with `Origin: null`.
    assert_eq!((page.status(), page.headers()["referrer-policy"].as_bytes()), (StatusCode::OK, &b"same-origin"[..]));
    let page = page.text().await.expect("has a body");
    assert!(page.contains("<form method=\"post\"") && !page.contains("<script"), "{page}");
    let token = link.split_once("token=").expect("has a token").1;

    let post = |token: &str, name: &str, password: &str| {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("token", token), ("name", name), ("password", password)])
            .finish();
        let request = browser.bare_request(Method::POST, "/setup").body(form);
        browser.send(request.header("content-type", "application/x-www-form-urlencoded"))
    };
    let short = post(token, "ada", "short").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.text().await.expect("has a body").contains("12 characters"));
    let odd = post(token, "<b>\"x", PASSWORD).await;
    assert_eq!(location(&odd), "/", "an odd name is a name");
    assert!(browser.me().await.expect("is signed in")["is_admin"].as_bool().expect("is said"));

    let again = Browser::new(&control_plane.url);
    let body = json!({ "token": token, "name": "mallory", "password": PASSWORD });
    let response = again.send(again.request(Method::POST, "/api/auth/setup").json(&body)).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let control_plane = control_plane.kill_and_restart().await;
    assert!(!control_plane.said().iter().any(|line| line.contains("/setup?token=")), "somebody has a password");
}

#[tokio::test]
async fn a_later_start_ends_the_former_link_and_programs_can_use_it_too() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_BOOTSTRAP_TOKEN", "")]).await;
    let token = |control_plane: &ControlPlane| {
        let line = control_plane.said().into_iter().find(|line| line.contains("/setup?token="));
        line.map(|line| line.split_once("token=").expect("has a token").1.trim().to_owned())
    };
    let former = eventually("the link", SOON, || async { token(&control_plane) }).await;
    let control_plane = control_plane.kill_and_restart().await;
    let present = eventually("the link", SOON, || async { token(&control_plane) }).await;
    let set_up = |token: String| {
        let browser = Browser::new(&control_plane.url);
        async move {
            let body = json!({ "token": token, "name": "ada", "password": PASSWORD });
            let response = browser.send(browser.request(Method::POST, "/api/auth/setup").json(&body)).await;
            (response.status(), browser)
        }
    };
    assert_eq!(set_up(former).await.0, StatusCode::UNAUTHORIZED);
    let (status, browser) = set_up(present).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text(&browser.me().await.expect("is signed in"), "name"), "ada");
}

#[tokio::test]
async fn a_disabled_person_is_out_at_once() {
    let control_plane = with_user("ada").await;
    let browser = signed_in(&control_plane, "ada").await;
    let token = control_plane.token_for("ada", "admin");
    let with_token = || async { control_plane.send_as(&token, Method::GET, "/api/me", None).await.status() };
    assert_eq!(with_token().await, StatusCode::OK);
    control_plane.command_line(&["user", "disable", "ada"], "").expect("disables");
    assert_eq!(with_token().await, StatusCode::UNAUTHORIZED);
    assert!(browser.me().await.is_none());
    assert_eq!(browser.log_in("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    control_plane.command_line(&["user", "enable", "ada"], "").expect("enables");
    assert_eq!(with_token().await, StatusCode::OK);
    assert!(browser.me().await.is_none(), "a session does not come back");

    let error = control_plane.command_line(&["user", "disable", "admin"], "").expect_err("is the last one");
    assert!(error.contains("last administrator"), "{error}");
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let control_plane = with_user("ada").await;
    let browser = signed_in(&control_plane, "ada").await;
    let error = control_plane.command_line(&["user", "password", "ada"], "short\n").expect_err("is refused");
    assert!(error.contains("12 characters"), "{error}");
    control_plane.command_line(&["user", "password", "ada"], "another horse battery\n").expect("sets");
    assert!(browser.me().await.is_none());
    assert_eq!(browser.log_in("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(browser.log_in("ada", "another horse battery").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn tokens_end_and_never_reach_further_than_what_made_them() {
    let control_plane = with_user("ada").await;
    let browser = signed_in(&control_plane, "ada").await;
    let make = |scopes: Value| {
        let body = json!({ "name": "ci", "scopes": scopes });
        let request = browser.request(Method::POST, "/api/tokens").json(&body);
        async { browser.send(request).await.json::<Value>().await.expect("is JSON") }
    };
    let admin = make(json!(["admin"])).await;
    let token = text(&admin, "token");
    let child = control_plane
        .call_as(
            &token,
            Method::POST,
            "/api/tokens",
            Some(json!({ "name": "x", "scopes": ["read"], "expires_in_days": 365 })),
        )
        .await;
    assert!(text(&child, "expires_at") <= text(&admin, "expires_at"), "{child} outlives {admin}");

    for scopes in [json!(["read"]), json!(["deploy"]), json!(["read", "deploy", "targets", "accounts"])] {
        let limited = text(&make(scopes.clone()).await, "token");
        for wanted in [json!(["read"]), json!(["admin"])] {
            let body = json!({ "name": "wider", "scopes": wanted });
            let status = control_plane.send_as(&limited, Method::POST, "/api/tokens", Some(body)).await.status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{scopes} made {wanted}");
        }
    }
    let list = control_plane.call_as(&token, Method::GET, "/api/tokens", None).await;
    let listed = list["items"].as_array().expect("a list").iter().find(|item| item["id"] == admin["id"]);
    let listed = listed.expect("is listed");
    assert!(listed["last_used_at"].is_string() && listed.get("token").is_none(), "{listed}");
    for wrong in [json!([]), json!(["root"])] {
        assert_eq!(text(&make(wrong).await, "code"), "invalid_input");
    }

    let works = |token: String| {
        let control_plane = &control_plane;
        async move { control_plane.send_as(&token, Method::GET, "/api/me", None).await.status() }
    };
    // Somebody else cannot end it.
    let path = format!("/api/tokens/{}", text(&admin, "id"));
    let grace = control_plane.token_for("grace", "admin");
    let foreign = control_plane.send_as(&grace, Method::DELETE, &path, None).await.status();
    assert_eq!((foreign, works(token.clone()).await), (StatusCode::NOT_FOUND, StatusCode::OK));
    control_plane.call_as(&token, Method::DELETE, &path, None).await;
    assert_eq!(works(token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(works(text(&child, "token")).await, StatusCode::UNAUTHORIZED, "it was made with the one that ended");
}

#[tokio::test]
async fn a_mistyped_token_is_told_so() {
    let control_plane = ControlPlane::start().await;
    let token = control_plane.token_for("ada", "read");
    let last = if token.ends_with('a') { "b" } else { "a" };
    let typed = format!("{}{last}", &token[..token.len() - 1]);
    let problem = |token: String| {
        let control_plane = &control_plane;
        async move {
            let response = control_plane.send_as(&token, Method::GET, "/api/me", None).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            text(&response.json().await.expect("is JSON"), "detail")
        }
    };
    assert!(problem(typed).await.contains("mistyped"));
    assert!(problem("slw_chosen-by-nobody-0123456789abcdef01".to_owned()).await.contains("unknown"));
}

/// Exactly the form of tokens that are made here, with a wrong checksum.
#[tokio::test]
async fn a_bootstrap_token_of_any_form_works() {
    let token = format!("slw_{}", "a".repeat(58));
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_BOOTSTRAP_TOKEN", &token)]).await;
    let me = control_plane.call_as(&token, Method::GET, "/api/me", None).await;
    assert_eq!((text(&me, "name"), me["is_admin"].as_bool()), ("admin".to_owned(), Some(true)));
}

#[tokio::test]
async fn an_answer_kept_for_one_session_is_not_anothers() {
    let control_plane = with_user("ada").await;
    control_plane.command_line(&["user", "add", "grace"], PASSWORD).expect("adds");
    let mut made = Vec::new();
    for name in ["ada", "grace"] {
        let browser = signed_in(&control_plane, name).await;
        let request = browser.request(Method::POST, "/api/sandboxes").header("idempotency-key", "key-1");
        let response = browser.send(request.json(&make_sandbox("shop"))).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        assert!(response.headers().get("idempotent-replayed").is_none());
        made.push(text(&response.json().await.expect("is JSON"), "id"));
        // Who has signed out gets no kept answer.
        let cookie = browser.cookie("slipway").expect("is set");
        browser.send(browser.request(Method::POST, "/api/auth/logout")).await;
        browser.set_cookie("slipway", &cookie);
        let request = browser.request(Method::POST, "/api/sandboxes").header("idempotency-key", "key-1");
        let response = browser.send(request.json(&make_sandbox("shop"))).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    assert_ne!(made[0], made[1]);
}

#[tokio::test]
async fn up_signs_its_user_in_once() {
    let project = Project::fixture("plain-html");
    let mut up = Up::start(project.path(), &[]);
    let ready = up.event("ready", SOON).await;
    let (api, link) = (text(&ready, "api_url"), text(&ready, "ui_url"));
    assert!(link.starts_with(&format!("{api}/sign-in?code=")), "{link}");
    let browser = Browser::new(&api);
    let response = browser.get(&link).await;
    assert_eq!((response.status(), location(&response)), (StatusCode::SEE_OTHER, "/".to_owned()));
    assert_eq!(text(&browser.me().await.expect("is signed in"), "name"), "local");
    assert_eq!(location(&browser.get(&link).await), "/", "who is signed in may follow it again");
    let other = Browser::new(&api);
    assert_eq!(other.get(&link).await.status(), StatusCode::UNAUTHORIZED, "nobody else may");
    assert!(other.me().await.is_none());
}
