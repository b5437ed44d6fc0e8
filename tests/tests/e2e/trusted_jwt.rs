//! JWTs of a platform that stand for its users.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::issuer::{Issuer, hmac_sha256, jwt, now};

const AUDIENCE: &str = "slipway-of-acme";

async fn start() -> (ControlPlane, Issuer) {
    let issuer = Issuer::start(json!({})).await;
    let jwks = format!("{}/jwks", issuer.url);
    let control_plane = ControlPlane::start_with(&[
        ("SLIPWAY_TRUSTED_JWT__ISSUER", &issuer.url),
        ("SLIPWAY_TRUSTED_JWT__JWKS_URL", &jwks),
        ("SLIPWAY_TRUSTED_JWT__AUDIENCE", AUDIENCE),
    ])
    .await;
    (control_plane, issuer)
}

fn claims(issuer: &Issuer, subject: &str) -> Value {
    json!({ "iss": issuer.url, "aud": AUDIENCE, "sub": subject, "name": subject, "nbf": now(), "exp": now() + 300 })
}

async fn me(control_plane: &ControlPlane, token: &str) -> Result<Value, StatusCode> {
    let response = control_plane.send_as(token, Method::GET, "/api/me", None).await;
    let status = response.status();
    if status.is_success() { Ok(response.json().await.expect("is JSON")) } else { Err(status) }
}

#[tokio::test]
async fn a_platforms_users_act_as_themselves() {
    let (control_plane, issuer) = start().await;
    let (ada, grace) = (issuer.sign(&claims(&issuer, "ada")), issuer.sign(&claims(&issuer, "grace")));
    let first = me(&control_plane, &ada).await.expect("is let in");
    assert_eq!((text(&first, "name"), first["is_admin"].as_bool()), ("ada".to_owned(), Some(false)));
    let later = issuer.sign(&claims(&issuer, "ada"));
    assert_eq!(me(&control_plane, &later).await.expect("is let in")["id"], first["id"]);
    let sandbox = control_plane.call_as(&ada, Method::POST, "/api/sandboxes", Some(json!({ "name": "shop" }))).await;
    let path = format!("/api/sandboxes/{}", text(&sandbox, "id"));
    assert_eq!(control_plane.send_as(&grace, Method::GET, &path, None).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(control_plane.send_as(&ada, Method::GET, &path, None).await.status(), StatusCode::OK);
    assert_eq!(issuer.key_requests(), 1, "the keys are kept");

    control_plane.command_line(&["user", "disable", "ada"], "").expect("disables");
    assert_eq!(me(&control_plane, &ada).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn teams_and_roles_come_with_the_token_and_go_with_it() {
    let (control_plane, issuer) = start().await;
    let token = |subject: &str, teams: Value| {
        let mut claims = claims(&issuer, subject);
        claims["teams"] = teams;
        issuer.sign(&claims)
    };
    let ada = token("ada", json!(["acme:maintainer"]));
    let team = me(&control_plane, &ada).await.expect("is let in")["teams"][0].clone();
    assert_eq!(team["role"], "maintainer");
    let team = text(&team, "id");
    let body = json!({ "name": "shop", "team_id": team });
    let sandbox = text(&control_plane.call_as(&ada, Method::POST, "/api/sandboxes", Some(body)).await, "id");
    let path = format!("/api/sandboxes/{sandbox}");
    let status = |token: String, method: Method, path: String, body: Option<Value>| {
        let control_plane = &control_plane;
        async move { control_plane.send_as(&token, method, &path, body).await.status() }
    };
    let viewer = token("grace", json!([{ "name": "acme", "role": "viewer" }]));
    assert_eq!(status(viewer.clone(), Method::GET, path.clone(), None).await, StatusCode::OK);
    assert_eq!(status(viewer.clone(), Method::DELETE, path.clone(), None).await, StatusCode::FORBIDDEN);
    assert_eq!(status(token("grace", json!([])), Method::GET, path.clone(), None).await, StatusCode::NOT_FOUND);
    assert_eq!(status(token("eve", json!(["acme2"])), Method::GET, path, None).await, StatusCode::NOT_FOUND);
    // Nobody is added here to a team that the issuer keeps.
    let admin = token("ada", json!(["acme:admin"]));
    let me = me(&control_plane, &admin).await.expect("is let in");
    let member = format!("/api/teams/{team}/members/{}", text(&me, "id"));
    let body = Some(json!({ "role": "viewer" }));
    assert_eq!(status(admin, Method::PUT, member, body).await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn forged_and_foreign_tokens_are_refused() {
    let (control_plane, issuer) = start().await;
    let good = claims(&issuer, "ada");
    let with = |key: &str, value: Value| {
        let mut claims = good.clone();
        claims[key] = value;
        issuer.sign(&claims)
    };
    let without = |key: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(key);
        issuer.sign(&claims)
    };
    let key = issuer.key_id();
    let public_key = issuer.public_key().to_string();
    let tampered = {
        let token = issuer.sign(&good);
        let (head, signature) = token.rsplit_once('.').expect("has a signature");
        let forged = jwt(&json!({}), &claims(&issuer, "root"), |_| Vec::new());
        let payload = forged.split('.').nth(1).expect("has claims");
        format!("{}.{payload}.{signature}", head.split('.').next().expect("has a header"))
    };
    let cases = [
        ("no algorithm", jwt(&json!({ "alg": "none", "kid": key }), &good, |_| Vec::new())),
        ("odd spelling of none", jwt(&json!({ "alg": "nOnE", "kid": key }), &good, |_| Vec::new())),
        (
            "public key as secret",
            jwt(&json!({ "alg": "HS256", "kid": key }), &good, |m| hmac_sha256(public_key.as_bytes(), m)),
        ),
        ("no signature", jwt(&json!({ "alg": "ES256", "kid": key }), &good, |_| Vec::new())),
        ("zero signature", jwt(&json!({ "alg": "ES256", "kid": key }), &good, |_| vec![0; 64])),
        ("another algorithm", jwt(&json!({ "alg": "RS256", "kid": key }), &good, |_| vec![1; 256])),
        ("another's key", issuer.sign_with_other_key(&json!({ "alg": "ES256", "kid": key }), &good)),
        ("unknown key", issuer.sign_with_other_key(&json!({ "alg": "ES256", "kid": "key-9" }), &good)),
        (
            "key in the header",
            issuer.sign_with_other_key(&json!({ "alg": "ES256", "jwk": issuer.public_key() }), &good),
        ),
        ("critical header", issuer.sign_with_other_key(&json!({ "alg": "ES256", "kid": key, "crit": ["b64"] }), &good)),
        ("other claims", tampered),
        ("another issuer", with("iss", json!("https://evil.example.com"))),
        ("another audience", with("aud", json!("another"))),
        ("other audiences", with("aud", json!(["another", "third"]))),
        ("expired", with("exp", json!(now() - 60))),
        ("not yet valid", with("nbf", json!(now() + 3600))),
        ("issued in the future", with("iat", json!(now() + 3600))),
        ("a date that is none", with("exp", json!("tomorrow"))),
        ("an empty subject", with("sub", json!(""))),
        ("a list as subject", with("sub", json!(["ada"]))),
        ("teams that are none", with("teams", json!("acme"))),
        ("no issuer", without("iss")),
        ("no audience", without("aud")),
        ("no end", without("exp")),
        ("no beginning", without("nbf")),
        ("no subject", without("sub")),
        ("garbage", "a.b.c".to_owned()),
        ("empty parts", "..".to_owned()),
        ("long", format!("{}.x.y", "x".repeat(20_000))),
    ];
    for (what, token) in cases {
        assert_eq!(me(&control_plane, &token).await, Err(StatusCode::UNAUTHORIZED), "{what}");
    }
    assert!(me(&control_plane, &issuer.sign(&good)).await.is_ok());
    assert!(me(&control_plane, &with("aud", json!(["x", AUDIENCE]))).await.is_ok());
    assert!(issuer.key_requests() <= 2, "unknown keys were asked for {} times", issuer.key_requests());
}

#[tokio::test]
async fn while_the_issuer_is_away_its_last_keys_count_and_without_any_the_answer_is_later() {
    let (control_plane, issuer) = start().await;
    issuer.publish_keys(false);
    let token = issuer.sign(&claims(&issuer, "ada"));
    assert_eq!(me(&control_plane, &token).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    for _ in 0..10 {
        me(&control_plane, &token).await.expect_err("there are no keys");
    }
    assert_eq!(issuer.key_requests(), 1, "it is not asked for every request");

    let (control_plane, issuer) = start().await;
    me(&control_plane, &issuer.sign(&claims(&issuer, "ada"))).await.expect("is let in");
    issuer.publish_keys(false);
    me(&control_plane, &issuer.sign(&claims(&issuer, "ada"))).await.expect("is let in");
    // A key of which nobody has told is no key.
    issuer.rotate();
    let rotated = issuer.sign(&claims(&issuer, "ada"));
    assert_eq!(me(&control_plane, &rotated).await, Err(StatusCode::UNAUTHORIZED));
}
