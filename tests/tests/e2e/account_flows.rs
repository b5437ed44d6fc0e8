//! Accounts at providers, connected every way there is, with vendors that refuse what vendors refuse.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::browser::{Browser, location};
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};
use slipway_tests::vendors::github::{GitHub, Token};
use slipway_tests::vendors::gitlab::GitLab;
use slipway_tests::vendors::{Fault, gitlab};

const PASSWORD: &str = "correct horse battery";
const AUTH: &str = "/api/deployments/auth/github";

async fn start() -> (ControlPlane, GitHub) {
    let github = GitHub::start().await;
    let settings = github.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let control_plane = ControlPlane::start_with(&settings).await;
    github.register(&format!("{}{AUTH}/callback", control_plane.url));
    (control_plane, github)
}

async fn start_gitlab() -> (ControlPlane, GitLab) {
    let gitlab = GitLab::start().await;
    let settings = gitlab.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let control_plane = ControlPlane::start_with(&settings).await;
    gitlab.register(&format!("{}/api/deployments/auth/gitlab/callback", control_plane.url));
    (control_plane, gitlab)
}

/// Nothing was wrong with what the vendor was sent, and nothing it gave can be read anywhere.
async fn check(control_plane: &ControlPlane, github: &GitHub) {
    github.check();
    let secrets = github.secrets();
    control_plane.never_shows(&secrets);
    let audit = control_plane.call(Method::GET, "/api/audit?all=true&limit=100", None).await.to_string();
    assert!(!secrets.iter().any(|secret| audit.contains(secret.as_str())), "{audit}");
}

fn token_body(token: &str) -> Value {
    json!({ "kind": "token", "token": token })
}

async fn connect(control_plane: &ControlPlane, token: &str) -> Value {
    let account = control_plane.call(Method::POST, &format!("{AUTH}/token"), Some(token_body(token))).await;
    assert!(!account.to_string().contains(token), "{account}");
    account
}

async fn refused(control_plane: &ControlPlane, body: Value, status: StatusCode) -> String {
    control_plane.refused(Method::POST, &format!("{AUTH}/token"), Some(body), status).await.1
}

/// The account in question, as the status shows it.
async fn status_of(control_plane: &ControlPlane, provider: &str, account: &Value) -> Value {
    let status = control_plane.call(Method::GET, &format!("/api/deployments/auth/{provider}/status"), None).await;
    let accounts = status["accounts"].as_array().expect("a list");
    let found = accounts.iter().find(|found| found["credentials_id"] == account["credentials_id"]);
    found.unwrap_or_else(|| panic!("{account} is not in {status}")).clone()
}

#[tokio::test]
async fn a_token_is_shown_to_the_vendor_before_it_is_kept() {
    let (control_plane, github) = start().await;
    let token = github.make_token(Token { expires: Some("2027-12-31 23:59:59 UTC"), ..Token::of_ada() });
    let account = connect(&control_plane, &token).await;
    assert_eq!((text(&account, "account"), text(&account, "account_id")), ("ada".to_owned(), "583231".to_owned()));
    assert_eq!(account["scopes"], json!(["repo", "workflow"]));
    assert_eq!(account["expires_at"], "2027-12-31T23:59:59Z");
    assert_eq!(status_of(&control_plane, "github", &account).await["state"], "valid");

    let bad = refused(
        &control_plane,
        token_body("ghp_000000000000000000000000000000000000"),
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert!(bad.contains("GitHub does not accept this credential"), "{bad}");
    let narrow = github.make_token(Token { scopes: Some("gist"), ..Token::of_ada() });
    let narrow = refused(&control_plane, token_body(&narrow), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(narrow.contains("lacks the scope `repo` (it has: gist)"), "{narrow}");
    let words = refused(&control_plane, token_body("two words"), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(words.contains("`token` must be a token"), "{words}");
    let path = "/api/deployments/auth/geocities/token";
    control_plane.refused(Method::POST, path, Some(token_body("ghp_x-of-nobody")), StatusCode::NOT_FOUND).await;

    // The same account again is the same account; another one must not slip into its place.
    let again = connect(&control_plane, &github.make_token(Token::of_ada())).await;
    assert_eq!(again["credentials_id"], account["credentials_id"]);
    let other = github.make_token(Token { user: (7, "ada"), ..Token::of_ada() });
    let labelled = json!({ "kind": "token", "token": other, "label": "ada" });
    let conflict = refused(&control_plane, labelled, StatusCode::CONFLICT).await;
    assert!(conflict.contains("`ada` is the account ada"), "{conflict}");

    github.revoke_token(&token);
    assert_eq!(status_of(&control_plane, "github", &account).await["state"], "valid", "it has another token by now");
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn a_token_that_was_revoked_is_noticed() {
    let (control_plane, github) = start().await;
    let token = github.make_token(Token::of_ada());
    let account = connect(&control_plane, &token).await;
    github.revoke_token(&token);
    let status = status_of(&control_plane, "github", &account).await;
    assert_eq!(status["state"], "needs_reconnection");
    assert!(text(&status, "problem").contains("Connect the account again"), "{status}");
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn a_vendor_that_is_busy_or_broken_is_no_wrong_token() {
    let (control_plane, github) = start().await;
    let body = token_body(&github.make_token(Token::of_ada()));
    let post = async || control_plane.send(Method::POST, &format!("{AUTH}/token"), Some(body.clone())).await;
    github.fail("/user", Fault::Answer(429, vec![("retry-after", "77".to_owned())], "Retry later"));
    let busy = post().await;
    assert_eq!(
        (busy.status(), &busy.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"77".parse().expect("a value"))
    );
    github.fail("/user", Fault::Malformed);
    assert_eq!(post().await.status(), StatusCode::SERVICE_UNAVAILABLE);
    // Reading is tried again by itself.
    for fault in
        [Fault::Break, Fault::Lose, Fault::Answer(502, Vec::new(), ""), Fault::Slow(Duration::from_millis(500))]
    {
        github.fail("/user", fault.clone());
        assert_eq!(post().await.status(), StatusCode::OK, "{fault:?}");
    }
    check(&control_plane, &github).await;
}

/// What a person does at the vendor between two polls.
async fn start_device(control_plane: &ControlPlane) -> (Value, String) {
    let flow = control_plane.call(Method::POST, &format!("{AUTH}/device"), Some(json!({}))).await;
    assert!(text(&flow, "verification_uri").ends_with("/login/device"), "{flow}");
    let user_code = text(&flow, "user_code");
    (json!({ "kind": "device", "device_code": flow["device_code"] }), user_code)
}

async fn poll(control_plane: &ControlPlane, poll: &Value) -> Response {
    control_plane.send(Method::POST, &format!("{AUTH}/token"), Some(poll.clone())).await
}

#[tokio::test]
async fn a_code_is_typed_at_the_vendor_and_the_vendor_is_asked_no_more_than_it_likes() {
    let (control_plane, github) = start().await;
    github.tokens_live_for(Duration::from_secs(28_800));
    let (device, user_code) = start_device(&control_plane).await;
    for _ in 0..5 {
        assert_eq!(poll(&control_plane, &device).await.status(), StatusCode::ACCEPTED);
    }
    assert_eq!(github.polls(), 0, "the interval is not over");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for _ in 0..5 {
        assert_eq!(poll(&control_plane, &device).await.status(), StatusCode::ACCEPTED);
    }
    assert_eq!(github.polls(), 1);

    // Nobody else can end it, and it survives a restart.
    let other = control_plane.token_for("mallory", "accounts");
    let response = control_plane.send_as(&other, Method::POST, &format!("{AUTH}/token"), Some(device.clone())).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let control_plane = control_plane.kill_and_restart().await;
    github.approve(&user_code);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let connected = poll(&control_plane, &device).await;
    assert_eq!(connected.status(), StatusCode::OK);
    let account: Value = connected.json().await.expect("is JSON");
    assert_eq!(text(&account, "account"), "ada");
    assert!(account["expires_at"].is_string(), "{account}");
    assert_eq!(poll(&control_plane, &device).await.status(), StatusCode::NOT_FOUND, "it counts once");
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn a_vendor_that_wants_to_be_asked_less_often_is() {
    let (control_plane, github) = start().await;
    let (device, _) = start_device(&control_plane).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let slow = r#"{"error":"slow_down","interval":7}"#;
    github.fail("/access_token", Fault::Answer(200, vec![("content-type", "application/json".to_owned())], slow));
    let asked =
        |response: Response| async move { response.json::<Value>().await.expect("is JSON")["interval"].clone() };
    assert_eq!(asked(poll(&control_plane, &device).await).await, 7);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(asked(poll(&control_plane, &device).await).await, 6, "what is left of it");
    assert_eq!(github.requests("/access_token"), 1);
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn a_code_that_is_refused_or_too_old_connects_nothing() {
    let (control_plane, github) = start().await;
    for (end, sentence) in [(true, "access was refused"), (false, "the code has expired")] {
        let (device, user_code) = start_device(&control_plane).await;
        if end {
            github.refuse(&user_code);
        } else {
            github.expire(&user_code);
        }
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let detail = refused(&control_plane, device.clone(), StatusCode::CONFLICT).await;
        assert!(detail.contains(sentence), "{detail}");
        assert_eq!(poll(&control_plane, &device).await.status(), StatusCode::NOT_FOUND);
    }
    check(&control_plane, &github).await;
}

async fn signed_in(control_plane: &ControlPlane, name: &str) -> Browser {
    let _ = control_plane.command_line(&["user", "add", name], &format!("{PASSWORD}\n"));
    let browser = Browser::new(&control_plane.url);
    assert_eq!(browser.log_in(name, PASSWORD).await.status(), StatusCode::OK);
    browser
}

/// To the vendor's page and back: the link the vendor sends the browser back to.
async fn visit(browser: &Browser, query: &str) -> String {
    let response = browser.get(&format!("{AUTH}/authorize{query}")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{:?}", response.text().await);
    let elsewhere = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = elsewhere.get(location(&response)).header("user-agent", "a browser");
    let response = request.send().await.expect("answers");
    assert!(response.status().is_redirection(), "the vendor refused: {:?}", response.text().await);
    location(&response)
}

async fn accounts_of(browser: &Browser) -> usize {
    let status: Value = browser.get(&format!("{AUTH}/status?check=false")).await.json().await.expect("is JSON");
    status["accounts"].as_array().expect("a list").len()
}

#[tokio::test]
async fn one_agrees_on_the_vendors_page_and_comes_back_connected() {
    let (control_plane, github) = start().await;
    let browser = signed_in(&control_plane, "ada").await;
    let link = visit(&browser, "?return_to=/targets?new%23form").await;
    let response = browser.get(&link).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{:?}", response.text().await);
    assert_eq!(location(&response), "/targets?new&provider=github&outcome=connected#form");
    assert_eq!(accounts_of(&browser).await, 1);
    // The state is used up.
    assert_eq!(browser.get(&link).await.status(), StatusCode::UNPROCESSABLE_ENTITY);

    // A program gets the address and does not follow it.
    let request = browser.request(Method::GET, &format!("{AUTH}/authorize")).header("accept", "application/json");
    let view: Value = browser.send(request).await.json().await.expect("is JSON");
    assert!(text(&view, "url").starts_with(&format!("{}/login/oauth/authorize?", github.url)), "{view}");

    // Whoever says no comes back to where they were.
    github.denies(true);
    let denied = browser.get(&visit(&browser, "?return_to=/targets").await).await;
    assert_eq!(location(&denied), "/targets?provider=github&outcome=denied");
    assert_eq!(accounts_of(&browser).await, 1);
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn nobody_comes_back_in_anothers_place() {
    let (control_plane, github) = start().await;
    let ada = signed_in(&control_plane, "ada").await;
    let elsewhere = signed_in(&control_plane, "ada").await;
    let mallory = signed_in(&control_plane, "mallory").await;
    let link = visit(&ada, "").await;
    for other in [&elsewhere, &mallory] {
        assert_eq!(other.get(&link).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(Browser::new(&control_plane.url).get(&link).await.status(), StatusCode::UNAUTHORIZED);
    let state = link.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
    for wrong in [link.replace(state, &format!("{state}x")), link.replace("state=", "x=")] {
        assert_eq!(ada.get(&wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(accounts_of(&ada).await + accounts_of(&mallory).await, 0);
    // All that did not use it up.
    assert_eq!(ada.get(&link).await.status(), StatusCode::SEE_OTHER);

    // Another server's answer (mix-up), and the right one's.
    github.says_it_is(Some("https://evil.example.com"));
    assert_eq!(ada.get(&visit(&ada, "").await).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    github.says_it_is(Some(&format!("{}/login/oauth", github.url)));
    assert_eq!(ada.get(&visit(&ada, "").await).await.status(), StatusCode::SEE_OTHER);
    github.says_it_is(None);

    // No other site begins it, and it leads to no other site.
    let request = ada.bare_request(Method::GET, &format!("{AUTH}/authorize")).header("sec-fetch-site", "cross-site");
    assert_eq!(ada.send(request).await.status(), StatusCode::FORBIDDEN);
    for path in ["//evil.example.com", "https://evil.example.com", "/%5Cevil.example.com", "%2F%2Fevil.example.com"] {
        let response = ada.get(&visit(&ada, &format!("?return_to={path}")).await).await;
        assert_eq!(location(&response), "/?provider=github&outcome=connected", "{path}");
    }
    check(&control_plane, &github).await;
}

/// Connects by device code at GitLab, whose tokens live for `life`.
async fn connect_at_gitlab(control_plane: &ControlPlane, gitlab: &GitLab, life: u64) -> Value {
    gitlab.tokens_live_for(Duration::from_secs(life));
    let auth = "/api/deployments/auth/gitlab";
    let flow = control_plane.call(Method::POST, &format!("{auth}/device"), None).await;
    gitlab.approve(&text(&flow, "user_code"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let poll = json!({ "kind": "device", "device_code": flow["device_code"] });
    control_plane.call(Method::POST, &format!("{auth}/token"), Some(poll)).await
}

async fn projects(control_plane: &ControlPlane, account: &Value) -> Value {
    let id = text(account, "credentials_id");
    control_plane.call(Method::GET, &format!("/api/providers/gitlab/projects?credentials_id={id}"), None).await
}

#[tokio::test]
async fn twenty_at_once_renew_an_access_once() {
    let (control_plane, gitlab) = start_gitlab().await;
    gitlab.add_project("tools/shop", json!({}));
    let account = connect_at_gitlab(&control_plane, &gitlab, 60).await;
    gitlab.tokens_live_for(Duration::from_secs(7_200));
    let all = futures::future::join_all((0..20).map(|_| projects(&control_plane, &account))).await;
    assert!(all.iter().all(|found| found["items"][0]["name"] == "tools/shop"), "{all:?}");
    assert_eq!(gitlab.renewals(), 1);
    gitlab.check();
    control_plane.never_shows(&gitlab.secrets());
}

#[tokio::test]
async fn an_access_is_renewed_again_and_again_also_after_a_restart() {
    let (control_plane, gitlab) = start_gitlab().await;
    let account = connect_at_gitlab(&control_plane, &gitlab, 60).await;
    projects(&control_plane, &account).await;
    projects(&control_plane, &account).await;
    let control_plane = control_plane.kill_and_restart().await;
    assert_eq!(status_of(&control_plane, "gitlab", &account).await["state"], "valid");
    assert_eq!(gitlab.renewals(), 3);
    gitlab.check();
    control_plane.never_shows(&gitlab.secrets());
}

#[tokio::test]
async fn an_access_that_is_not_renewed_any_more_has_to_be_connected_again() {
    let (control_plane, github) = start().await;
    github.tokens_live_for(Duration::from_secs(60));
    let browser = signed_in(&control_plane, "ada").await;
    assert_eq!(browser.get(&visit(&browser, "").await).await.status(), StatusCode::SEE_OTHER);
    github.forget_refresh_tokens();
    let status = || async {
        let status: Value = browser.get(&format!("{AUTH}/status")).await.json().await.expect("is JSON");
        status["accounts"][0].clone()
    };
    for _ in 0..2 {
        let status = status().await;
        assert_eq!(status["state"], "needs_reconnection", "{status}");
        assert!(text(&status, "problem").contains("does not renew the access"), "{status}");
    }
    assert_eq!(github.requests("/access_token"), 2, "one for the code, one in vain");
    // Connected again, its id stays.
    let before = status().await;
    github.tokens_live_for(Duration::from_secs(28_800));
    assert_eq!(browser.get(&visit(&browser, "").await).await.status(), StatusCode::SEE_OTHER);
    let after = status().await;
    assert_eq!((&after["credentials_id"], &after["state"]), (&before["credentials_id"], &json!("valid")));
    // Somebody else there is somebody else here.
    github.visited_by(Token { user: (7, "grace"), ..Token::of_ada() });
    let response = browser.get(&visit(&browser, "?label=ada").await).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    check(&control_plane, &github).await;
}

async fn target(control_plane: &ControlPlane, account: &Value, config: Value) -> String {
    let body = json!({
        "provider": "github", "name": config["repo"], "credentials_id": account["credentials_id"], "config": config,
    });
    text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id")
}

#[tokio::test]
async fn disconnecting_ends_what_was_given_to_us_and_says_what_is_left() {
    let (control_plane, github) = start().await;
    let token = github.make_token(Token::of_ada());
    let account = connect(&control_plane, &token).await;
    let id = text(&account, "credentials_id");
    target(&control_plane, &account, json!({ "owner": "ada", "repo": "shop" })).await;
    let path = format!("{AUTH}?credentials_id={id}");
    let (_, detail) = control_plane.refused(Method::DELETE, &path, None, StatusCode::CONFLICT).await;
    assert!(detail.contains("1 targets deploy with this account"), "{detail}");
    let done = control_plane.call(Method::DELETE, &format!("{path}&force=true"), None).await;
    assert_eq!(
        (&done["revoked"], &done["targets"]),
        (&json!(false), &json!(1)),
        "a token that somebody made is theirs"
    );
    control_plane.refused(Method::DELETE, &path, None, StatusCode::NOT_FOUND).await;
    let targets = control_plane.call(Method::GET, "/api/deployments/targets", None).await;
    assert_eq!(targets["items"][0]["credentials_id"], Value::Null);

    let (device, user_code) = start_device(&control_plane).await;
    github.approve(&user_code);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let account: Value = poll(&control_plane, &device).await.json().await.expect("is JSON");
    let path = format!("{AUTH}?credentials_id={}", text(&account, "credentials_id"));
    let done = control_plane.call(Method::DELETE, &path, None).await;
    assert_eq!((&done["revoked"], github.revoked().len()), (&json!(true), 1), "{done}");
    check(&control_plane, &github).await;
}

async fn test_of(control_plane: &ControlPlane, target: &str) -> Vec<(String, Option<bool>, String)> {
    let tested = control_plane.call(Method::POST, &format!("/api/deployments/targets/{target}/test"), None).await;
    let permissions = tested["permissions"].as_array().expect("a list");
    permissions.iter().map(|one| (text(one, "what"), one["allowed"].as_bool(), text(one, "why"))).collect()
}

#[tokio::test]
async fn a_target_says_what_its_account_may_do() {
    let (control_plane, github) = start().await;
    github.add_repository("ada/shop", json!({}));
    github.add_repository("ada/old", json!({ "archived": true }));
    github.add_repository("bob/theirs", json!({ "permissions": { "admin": false, "push": false, "pull": true } }));
    let account = connect(&control_plane, &github.make_token(Token { scopes: Some("repo"), ..Token::of_ada() })).await;
    for (owner, repo, push, why) in [
        ("ada", "shop", true, "may write to ada/shop"),
        ("ada", "old", false, "ada/old is archived"),
        ("bob", "theirs", false, "may only read bob/theirs"),
    ] {
        let target = target(&control_plane, &account, json!({ "owner": owner, "repo": repo })).await;
        let tested = test_of(&control_plane, &target).await;
        let found = tested.iter().find(|(what, ..)| what == "push").expect("says whether it may push");
        assert!(found.1 == Some(push) && found.2.contains(why), "{found:?}");
        let workflows = tested.iter().find(|(what, ..)| what == "push workflow files").expect("is told");
        assert!(workflows.1 == Some(false) && workflows.2.contains("`workflow`"), "{workflows:?}");
    }
    let missing = target(&control_plane, &account, json!({ "owner": "ada", "repo": "none" })).await;
    assert!(test_of(&control_plane, &missing).await[0].2.contains("is not there, or ada has no access"));

    let link = format!("{}/orgs/acme/sso?token=1", github.url);
    for (link, part) in
        [(link.clone(), link.as_str()), ("https://evil.example.com/".to_owned(), "in the settings of the token")]
    {
        let token = github.make_token(Token { sso: Some(link), ..Token::of_ada() });
        connect(&control_plane, &token).await;
        let path = format!("/api/deployments/targets/{missing}/test");
        let tested = control_plane.call(Method::POST, &path, None).await;
        let last = tested["checks"].as_array().and_then(|checks| checks.last()).expect("a check");
        assert!(tested["ok"] == false && text(last, "detail").contains("single sign-on"), "{tested}");
        assert!(text(last, "detail").contains(part), "{tested}");
    }
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn what_an_account_sees_can_be_looked_through() {
    let (control_plane, github) = start().await;
    for number in 0..150 {
        github.add_repository(&format!("ada/site-{number:03}"), json!({}));
    }
    let account = connect(&control_plane, &github.make_token(Token::of_ada())).await;
    let id = text(&account, "credentials_id");
    let list = async |query: &str| {
        let path = format!("/api/providers/github/projects?credentials_id={id}{query}");
        control_plane.call(Method::GET, &path, None).await
    };
    let first = list("").await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(100));
    assert_eq!(first["items"][0]["config"], json!({ "owner": "ada", "repo": "site-000", "branch": "master" }));
    let rest = list(&format!("&cursor={}", text(&first, "next_cursor"))).await;
    assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(50), &Value::Null));
    assert_eq!(list("&search=SITE-149").await["items"][0]["name"], "ada/site-149");
    let environments = format!("/api/providers/github/environments?credentials_id={id}&project=ada/site-000");
    assert!(text(&control_plane.call(Method::GET, &environments, None).await["items"][0], "name").len() > 1);

    // Somebody else's account is not there.
    let other = control_plane.token_for("mallory", "admin");
    let path = format!("/api/providers/github/projects?credentials_id={id}");
    assert_eq!(control_plane.send_as(&other, Method::GET, &path, None).await.status(), StatusCode::NOT_FOUND);
    check(&control_plane, &github).await;
}

#[tokio::test]
async fn providers_say_what_they_can_do_and_what_works_here() {
    let (control_plane, github) = start().await;
    let providers = control_plane.call(Method::GET, "/api/providers", None).await;
    let provider = |id: &str| {
        let items = providers["items"].as_array().expect("a list");
        items.iter().find(|provider| provider["id"] == id).expect("is there").clone()
    };
    assert_eq!(provider("github")["auth_configured"], json!(["token", "device", "oauth"]));
    assert_eq!(provider("gitlab")["auth_configured"], json!(["token"]), "we are no client there");
    assert_eq!(provider("local")["auth"], json!([]));
    assert_eq!(provider("github")["config_schema"]["required"], json!(["owner", "repo"]));
    // What the schema says is what is checked.
    for (config, key) in
        [(json!({ "repo": "x" }), "owner"), (json!({ "owner": "a", "repo": "x", "colour": 1 }), "colour")]
    {
        let body = json!({ "provider": "github", "name": "x", "config": config });
        let (_, detail) = control_plane
            .refused(Method::POST, "/api/deployments/targets", Some(body), StatusCode::UNPROCESSABLE_ENTITY)
            .await;
        assert!(detail.contains(&format!("`config.{key}`")), "{detail}");
    }
    let no_client = control_plane
        .refused(Method::POST, "/api/deployments/auth/gitlab/device", None, StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    assert!(no_client.1.contains("`providers.gitlab.client_id`"), "{no_client:?}");
    github.check();
}

#[tokio::test]
async fn tokens_of_gitlab_tell_what_they_are() {
    let (control_plane, gitlab) = start_gitlab().await;
    let post = async |token: &str| {
        let path = "/api/deployments/auth/gitlab/token";
        let response = control_plane.send_as(TOKEN, Method::POST, path, Some(token_body(token))).await;
        (response.status(), response.json::<Value>().await.expect("is JSON"))
    };
    let (status, account) = post(&gitlab.make_token(gitlab::Token::of_ada())).await;
    assert_eq!((status, text(&account, "account").as_str()), (StatusCode::OK, "ada"));
    assert_eq!(account["expires_at"], "2027-03-14T00:00:00Z");
    let (status, problem) = post(&gitlab.make_token(gitlab::Token::of_ada().with_scopes(&["write_repository"]))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(&problem, "detail").contains("lacks the scope `api`"), "{problem}");
    assert_eq!(post("glpat-00000000000000000000").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    gitlab.fail("/self", Fault::Answer(429, vec![("retry-after", "60".to_owned())], "Retry later\n"));
    assert_eq!(post(&gitlab.make_token(gitlab::Token::of_ada())).await.0, StatusCode::SERVICE_UNAVAILABLE);
    gitlab.check();
    control_plane.never_shows(&gitlab.secrets());
}
