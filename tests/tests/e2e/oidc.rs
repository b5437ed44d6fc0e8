//! Sign-in at an OpenID Connect issuer, with a strict one, and with one that misbehaves.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::browser::{Browser, location};
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::issuer::{CLIENT_ID, CLIENT_SECRET, Fault, Issuer};

async fn start(settings: &[(&str, &str)]) -> (ControlPlane, Issuer) {
    let issuer = Issuer::start(json!({ "sub": "user-1", "preferred_username": "ada" })).await;
    let mut all = vec![
        ("SLIPWAY_OIDC__ISSUER", issuer.url.as_str()),
        ("SLIPWAY_OIDC__CLIENT_ID", CLIENT_ID),
        ("SLIPWAY_OIDC__CLIENT_SECRET", CLIENT_SECRET),
    ];
    all.extend_from_slice(settings);
    let control_plane = ControlPlane::start_with(&all).await;
    issuer.register(&format!("{}/api/auth/oidc/callback", control_plane.url));
    (control_plane, issuer)
}

/// To the issuer and back; the link the issuer sends the browser back to.
async fn callback(browser: &Browser, start: &str) -> String {
    let response = browser.get(start).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{:?}", response.text().await);
    let at_issuer = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let response = at_issuer.get(location(&response)).send().await.expect("answers");
    assert!(response.status().is_redirection(), "the issuer refused: {:?}", response.text().await);
    location(&response)
}

async fn sign_in(control_plane: &ControlPlane) -> (Browser, reqwest::Response) {
    let browser = Browser::new(&control_plane.url);
    let link = callback(&browser, "/api/auth/oidc").await;
    let response = browser.get(&link).await;
    (browser, response)
}

#[tokio::test]
async fn a_person_signs_in_and_is_the_same_person_the_next_time() {
    let (control_plane, issuer) = start(&[]).await;
    let browser = Browser::new(&control_plane.url);
    let link = callback(&browser, "/api/auth/oidc?return_to=/deployments/1").await;
    let response = browser.get(&link).await;
    assert_eq!((response.status(), location(&response).as_str()), (StatusCode::SEE_OTHER, "/deployments/1"));
    let me = browser.me().await.expect("is signed in");
    assert_eq!((text(&me, "name"), me["is_admin"].as_bool()), ("ada".to_owned(), Some(false)));
    assert_eq!(browser.cookie("slipway-oidc"), None, "the attempt has ended");

    issuer.set_claims(json!({ "sub": "user-1", "preferred_username": "renamed" }));
    let (again, _) = sign_in(&control_plane).await;
    assert_eq!(again.me().await.expect("is signed in")["id"], me["id"]);
    issuer.set_claims(json!({ "sub": "user-2", "preferred_username": "admin" }));
    let (imposter, _) = sign_in(&control_plane).await;
    let imposter = imposter.me().await.expect("is signed in");
    assert_eq!((text(&imposter, "name"), imposter["is_admin"].as_bool()), ("admin (2)".to_owned(), Some(false)));

    let audit = |query: &'static str| {
        let control_plane = &control_plane;
        async move { control_plane.call(Method::GET, &format!("/api/audit?all=true&{query}"), None).await["items"].clone() }
    };
    let signed_in = audit("action=sign_in.oidc").await;
    let first = signed_in.as_array().expect("a list").last().expect("is one");
    assert_eq!((&first["subject"]["id"], &first["details"]["name"]), (&me["id"], &json!("ada")), "{signed_in:#}");
    assert_eq!((text(first, "outcome"), signed_in.as_array().map(Vec::len)), ("done".to_owned(), Some(3)));
    let made = &audit("action=user.create").await[1];
    assert_eq!((&made["subject"]["id"], &made["details"]["issuer"]), (&me["id"], &json!(issuer.url)), "{made:#}");

    control_plane.command_line(&["user", "disable", "ada"], "").expect("disables");
    issuer.set_claims(json!({ "sub": "user-1" }));
    let (browser, response) = sign_in(&control_plane).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(browser.me().await.is_none());
    assert!(!control_plane.said().iter().any(|line| line.contains(CLIENT_SECRET)), "the log has the secret");
}

#[tokio::test]
async fn an_issuer_that_misbehaves_signs_nobody_in() {
    let (control_plane, issuer) = start(&[]).await;
    for fault in [
        Fault::Nonce,
        Fault::NoNonce,
        Fault::Audience,
        Fault::TwoAudiences,
        Fault::Expired,
        Fault::Issuer,
        Fault::UnknownKey,
        Fault::Signature,
        Fault::NoAlgorithm,
        Fault::SharedSecret,
        Fault::NoToken,
        Fault::AnswerIssuer,
        Fault::State,
    ] {
        issuer.set_fault(fault);
        let (browser, response) = sign_in(&control_plane).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{fault:?}");
        assert!(response.headers().get("set-cookie").is_none(), "{fault:?}");
        assert!(browser.me().await.is_none(), "{fault:?}");
    }
    issuer.set_fault(Fault::None);
    let (browser, _) = sign_in(&control_plane).await;
    assert!(browser.me().await.is_some(), "all was well but for the fault");
}

#[tokio::test]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let (control_plane, _issuer) = start(&[]).await;
    let (victim, attacker) = (Browser::new(&control_plane.url), Browser::new(&control_plane.url));
    // Login CSRF: the attacker's answer in the victim's browser.
    let planted = callback(&attacker, "/api/auth/oidc").await;
    assert_eq!(victim.get(&planted).await.status(), StatusCode::UNAUTHORIZED);
    callback(&victim, "/api/auth/oidc").await;
    assert_eq!(victim.get(&planted).await.status(), StatusCode::UNAUTHORIZED, "nor with an attempt of its own");
    assert!(victim.me().await.is_none());
    assert_eq!(attacker.get(&planted).await.status(), StatusCode::SEE_OTHER, "the victim did not use it up");

    // The same code again, with a state of its own.
    let fresh = callback(&attacker, "/api/auth/oidc").await;
    let code = |link: &str| {
        let link: url::Url = link.parse().expect("a URL");
        link.query_pairs().find(|(key, _)| key == "code").expect("has a code").1.into_owned()
    };
    let replayed = fresh.replace(&code(&fresh), &code(&planted));
    let again = Browser::new(&control_plane.url);
    again.set_cookie("slipway-oidc", &attacker.cookie("slipway-oidc").expect("is set"));
    assert_eq!(again.get(&replayed).await.status(), StatusCode::UNAUTHORIZED);
    for broken in
        ["/api/auth/oidc/callback", "/api/auth/oidc/callback?code=x", "/api/auth/oidc/callback?state=x&code=x"]
    {
        assert_eq!(again.get(broken).await.status(), StatusCode::UNAUTHORIZED, "{broken}");
    }
}

#[tokio::test]
async fn one_is_never_sent_elsewhere() {
    let (control_plane, _issuer) = start(&[]).await;
    for elsewhere in ["https://evil.net", "//evil.net", "/%5Cevil.net", "/%09/evil.net", "javascript:alert(1)"] {
        let browser = Browser::new(&control_plane.url);
        let link = callback(&browser, &format!("/api/auth/oidc?return_to={elsewhere}")).await;
        assert_eq!(location(&browser.get(&link).await), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn what_the_issuer_refuses_is_refused() {
    let (control_plane, issuer) = start(&[("SLIPWAY_OIDC__CLIENT_SECRET", "wrong")]).await;
    let (browser, response) = sign_in(&control_plane).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "wrong client secret");
    assert!(browser.me().await.is_none());

    issuer.register("https://elsewhere.example.com/callback");
    let response = browser.get("/api/auth/oidc").await;
    let answer = reqwest::get(location(&response)).await.expect("answers");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "the issuer knows another redirect URI");

    // Somebody clicked "no" there.
    let browser = Browser::new(&control_plane.url);
    let response = browser.get("/api/auth/oidc").await;
    let at_issuer: url::Url = location(&response).parse().expect("a URL");
    let state = at_issuer.query_pairs().find(|(key, _)| key == "state").expect("has a state").1.into_owned();
    let response = browser.get(&format!("/api/auth/oidc/callback?error=access_denied&state={state}")).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(text(&response.json::<Value>().await.expect("is JSON"), "detail").contains("access_denied"));
}

#[tokio::test]
async fn only_allowed_domains_and_groups_come_in() {
    let settings =
        [("SLIPWAY_OIDC__ALLOWED_DOMAINS", "example.org"), ("SLIPWAY_OIDC__ALLOWED_GROUPS", "makers,shippers")];
    let (control_plane, issuer) = start(&settings).await;
    let cases = [
        (json!({ "email": "a@example.org", "email_verified": true, "groups": ["shippers"] }), true),
        (json!({ "email": "a@EXAMPLE.ORG", "email_verified": true, "groups": ["x", "makers"] }), true),
        (json!({ "email": "a@example.org", "email_verified": false, "groups": ["makers"] }), false),
        (json!({ "email": "a@example.org", "groups": ["makers"] }), false),
        (json!({ "email": "a@evil-example.org", "email_verified": true, "groups": ["makers"] }), false),
        (json!({ "email": "a@example.org", "email_verified": true, "groups": ["others"] }), false),
        (json!({ "email": "a@example.org", "email_verified": true, "groups": "makers" }), false),
        (json!({ "email": "a@example.org", "email_verified": true }), false),
    ];
    for (number, (mut claims, is_allowed)) in cases.into_iter().enumerate() {
        claims["sub"] = format!("user-{number}").into();
        issuer.set_claims(claims.clone());
        let (browser, response) = sign_in(&control_plane).await;
        let expected = if is_allowed { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(response.status(), expected, "{claims}");
        assert_eq!(browser.me().await.is_some(), is_allowed, "{claims}");
    }
}

#[tokio::test]
async fn new_keys_of_the_issuer_are_found_when_they_are_needed() {
    let (control_plane, issuer) = start(&[]).await;
    sign_in(&control_plane).await;
    assert_eq!(issuer.key_requests(), 1);
    let (browser, _) = sign_in(&control_plane).await;
    assert!(browser.me().await.is_some());
    assert_eq!(issuer.key_requests(), 1, "they are kept");
}
