//! JWTs of a platform's own issuer, sent as bearer tokens: whoever they name is who asks. Signed with
//! asymmetric keys only, for us (`aud`), by the configured issuer, within their time.

use std::sync::Arc;
use std::time::Duration;

use axum::http;
use data_encoding::BASE64URL_NOPAD;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm as Algorithm};
use openidconnect::{JsonWebKey, JsonWebKeyId};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::Role;
use crate::clock::{Clock, Timestamp};
use crate::config::TrustedJwtSettings;
use crate::error::{Error, ErrorCode};
use crate::http_client;

/// Keys are asked for again after this time, so that a removed key stops counting.
const KEYS_FRESH: Duration = Duration::from_secs(10 * 60);
/// While the issuer does not answer, its last keys count on for so long.
const KEYS_USABLE: Duration = Duration::from_secs(60 * 60);
/// A key that is not there leads to one question in this time, however many tokens name it.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Clocks differ.
const LEEWAY_SECONDS: i64 = 30;
const LONGEST_TOKEN_BYTES: usize = 16 * 1024;
const LONGEST_SUBJECT_BYTES: usize = 255;
const MOST_TEAMS: usize = 100;
/// Of a team that the claim names without a role.
const DEFAULT_ROLE: Role = Role::Deployer;
/// No `none`, no shared secrets (HS…).
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// A team in a token, and the role there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// As the issuer names it.
    pub team: String,
    /// What the user may do there.
    pub role: Role,
}

/// Whom a token names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) subject: String,
    pub(super) name: Option<String>,
    pub(super) teams: Vec<Membership>,
}

/// Checks tokens of one issuer.
pub(super) struct TrustedJwt {
    settings: TrustedJwtSettings,
    http: reqwest::Client,
    clock: Clock,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    known: Option<(Arc<CoreJsonWebKeySet>, Timestamp)>,
    asked_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<JsonWebKeyId>,
    crit: Option<Value>,
}

fn refused(why: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, format!("this JWT cannot be used: {why}"))
}

impl TrustedJwt {
    pub(super) fn new(settings: TrustedJwtSettings, http: reqwest::Client, clock: Clock) -> Self {
        Self { settings, http, clock, keys: Mutex::default() }
    }

    /// Whose word it is.
    pub(super) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Whether a bearer token has the form of a JWT.
    pub(super) fn is_jwt(token: &str) -> bool {
        token.split('.').count() == 3
    }

    /// Whom the token names, when all about it is right.
    pub(super) async fn verify(&self, token: &str) -> Result<Named, Error> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Err(refused("it is too long"));
        }
        let malformed = || refused("it is malformed");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| malformed());
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        let signature = decode(signature)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refused("its algorithm is not one of RS, PS, ES256, ES384 and EdDSA"));
        }
        if header.crit.is_some() {
            return Err(refused("it has critical headers that are not understood"));
        }
        let keys = self.keys(header.kid.as_ref()).await?;
        let is_signed = candidates(&keys, header.kid.as_ref())
            .any(|key| key.verify_signature(&header.alg, message.as_bytes(), &signature).is_ok());
        if !is_signed {
            return Err(refused("no key of the issuer has signed it"));
        }
        let claims: Map<String, Value> = serde_json::from_slice(&decode(claims)?).map_err(|_| malformed())?;
        self.check(&claims)
    }

    fn check(&self, claims: &Map<String, Value>) -> Result<Named, Error> {
        let now = self.clock.now().as_seconds();
        #[allow(clippy::cast_possible_truncation, reason = "saturates, and the seconds of any date fit")]
        let seconds = |key: &str| {
            let date = claims.get(key);
            date.map(|date| {
                date.as_f64().map(|date| date as i64).ok_or_else(|| refused(&format!("`{key}` is not a date")))
            })
            .transpose()
        };
        if claims.get("iss").and_then(Value::as_str) != Some(&self.settings.issuer) {
            return Err(refused("`iss` is not the trusted issuer"));
        }
        let is_audience = |value: &Value| value.as_str() == Some(&self.settings.audience);
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(is_audience),
            Some(audience) => is_audience(audience),
            None => false,
        };
        if !is_for_us {
            return Err(refused("`aud` does not name this installation"));
        }
        let ends = seconds("exp")?.ok_or_else(|| refused("it has no `exp`"))?;
        if ends.saturating_add(LEEWAY_SECONDS) <= now {
            return Err(refused("it has expired"));
        }
        // Some issuers say only `iat`; one of the two must tell since when it counts.
        let (not_before, issued) = (seconds("nbf")?, seconds("iat")?);
        let begins = not_before.max(issued).ok_or_else(|| refused("it has neither `nbf` nor `iat`"))?;
        if begins.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(refused("it is not valid yet"));
        }
        let subject = match claim(claims, &self.settings.user_claim) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT_BYTES {
            return Err(refused(&format!("`{}` does not identify a user", self.settings.user_claim)));
        }
        let name = claim(claims, &self.settings.name_claim).and_then(Value::as_str).map(str::to_owned);
        Ok(Named { subject, name, teams: teams(claim(claims, &self.settings.teams_claim))? })
    }

    /// The issuer's keys; asked for again when they are old, or do not have `wanted`.
    async fn keys(&self, wanted: Option<&JsonWebKeyId>) -> Result<Arc<CoreJsonWebKeySet>, Error> {
        let now = self.clock.now();
        let mut keys = self.keys.lock().await;
        let is_enough = keys
            .known
            .as_ref()
            .is_some_and(|(set, at)| now.since(*at) < KEYS_FRESH && candidates(set, wanted).next().is_some());
        if !is_enough && keys.asked_at.is_none_or(|at| now.since(at) >= ASK_AGAIN) {
            keys.asked_at = Some(now);
            match self.fetch().await {
                Ok(set) => keys.known = Some((Arc::new(set), now)),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the trusted issuer's keys cannot be read");
                }
            }
        }
        let usable = keys.known.as_ref().filter(|(_, at)| now.since(*at) < KEYS_USABLE);
        usable.map(|(set, _)| set.clone()).ok_or_else(|| {
            Error::new(ErrorCode::Unavailable, "the keys of the trusted issuer cannot be read at the moment; try again")
        })
    }

    async fn fetch(&self) -> anyhow::Result<CoreJsonWebKeySet> {
        let request = http::Request::get(self.settings.jwks_url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())?;
        let response = http_client::send(&self.http, request).await?;
        anyhow::ensure!(response.status().is_success(), "{} answered {}", self.settings.jwks_url, response.status());
        Ok(serde_json::from_slice(response.body())?)
    }
}

/// Keys for signatures with this id; all of them when the token names none.
fn candidates<'a>(
    keys: &'a CoreJsonWebKeySet,
    id: Option<&'a JsonWebKeyId>,
) -> impl Iterator<Item = &'a CoreJsonWebKey> {
    let signs = |key: &&CoreJsonWebKey| key.key_use().is_none_or(|purpose| *purpose == CoreJsonWebKeyUse::Signature);
    keys.keys().iter().filter(signs).filter(move |key| id.is_none() || key.key_id() == id)
}

/// A claim by its name, or by the path `a.b` when no claim is named so.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

/// `["shop", "blog:admin"]`, or `[{"name": "shop", "role": "viewer"}]`.
fn teams(value: Option<&Value>) -> Result<Vec<Membership>, Error> {
    let malformed = || refused("its teams are not a list of names like `shop` or `shop:maintainer`");
    let items = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().filter(|items| items.len() <= MOST_TEAMS).ok_or_else(malformed)?,
    };
    let mut teams = items
        .iter()
        .map(|item| {
            let (team, role) = match item {
                Value::String(text) => match text.rsplit_once(':') {
                    Some((team, role)) if role.parse::<Role>().is_ok() => (team, Some(role)),
                    _ => (text.as_str(), None),
                },
                item => (item["name"].as_str().ok_or_else(malformed)?, item["role"].as_str()),
            };
            let role = role.map_or(Ok(DEFAULT_ROLE), |role| role.parse().map_err(|()| malformed()))?;
            if team.trim().is_empty() || team.chars().count() > 100 || team.chars().any(char::is_control) {
                return Err(malformed());
            }
            Ok(Membership { team: team.to_owned(), role })
        })
        .collect::<Result<Vec<_>, _>>()?;
    // The higher role wins when a team is named twice.
    teams.sort_by(|a, b| a.team.cmp(&b.team).then(b.role.cmp(&a.role)));
    teams.dedup_by(|later, kept| later.team == kept.team);
    Ok(teams)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn teams_come_as_names_with_or_without_a_role() {
        let list = teams(Some(&json!(["shop", "blog:admin", "a:b", { "name": "x", "role": "viewer" }, "blog"])));
        let member = |team: &str, role| Membership { team: team.to_owned(), role };
        assert_eq!(
            list.expect("is a list"),
            [
                member("a:b", Role::Deployer),
                member("blog", Role::Admin),
                member("shop", Role::Deployer),
                member("x", Role::Viewer)
            ]
        );
        assert!(teams(None).expect("is none").is_empty());
        for wrong in [json!("shop"), json!([1]), json!([""]), json!([{ "name": "x", "role": "root" }])] {
            assert!(teams(Some(&wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let claims = json!({ "https://a.b/teams": [1], "meta": { "teams": [2] } });
        let claims = claims.as_object().expect("an object");
        assert_eq!(claim(claims, "https://a.b/teams"), Some(&json!([1])));
        assert_eq!(claim(claims, "meta.teams"), Some(&json!([2])));
        assert_eq!(claim(claims, "meta.none"), None);
    }

    /// Here and not among the whole-system tests, because only here time can be set.
    #[tokio::test]
    async fn keys_are_asked_for_when_they_are_old_or_unknown_but_not_all_the_time() {
        let published = Arc::new(std::sync::Mutex::new((Some("one"), 0)));
        let answer = published.clone();
        let router = axum::Router::new().fallback(move || async move {
            let mut published = answer.lock().expect("nobody panics here");
            published.1 += 1;
            let key = |id| json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": "AAAA" }] });
            published.0.map(|id| axum::Json(key(id))).ok_or(http::StatusCode::INTERNAL_SERVER_ERROR)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/", listener.local_addr().expect("has an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = TrustedJwtSettings {
            issuer: "issuer".to_owned(),
            jwks_url: url.parse().expect("a URL"),
            audience: "us".to_owned(),
            user_claim: "sub".to_owned(),
            name_claim: "name".to_owned(),
            teams_claim: "teams".to_owned(),
        };
        let clock = Clock::manual(Timestamp::from_micros(1_000_000_000_000));
        let trusted = TrustedJwt::new(settings, http_client::client().expect("a client"), clock.clone());
        let has = |id: &'static str| {
            let trusted = &trusted;
            async move {
                let id = JsonWebKeyId::new(id.to_owned());
                trusted.keys(Some(&id)).await.map(|keys| candidates(&keys, Some(&id)).next().is_some())
            }
        };
        let asked = || published.lock().expect("nobody panics here").1;
        assert!(has("one").await.expect("answers") && has("one").await.expect("answers"));
        assert_eq!(asked(), 1);
        // A new key is found, after a while.
        published.lock().expect("nobody panics here").0 = Some("two");
        assert!(!has("two").await.expect("answers"), "they were asked for just now");
        clock.advance(ASK_AGAIN);
        assert!(has("two").await.expect("answers"));
        assert!(!has("one").await.expect("answers"), "it is no longer published");
        assert_eq!(asked(), 2);
        // One that was removed ends, though nobody names an unknown one.
        published.lock().expect("nobody panics here").0 = Some("three");
        clock.advance(KEYS_FRESH);
        assert!(!has("two").await.expect("answers"));
        // An issuer that is away for long is no longer believed.
        published.lock().expect("nobody panics here").0 = None;
        clock.advance(KEYS_FRESH);
        assert!(has("three").await.expect("answers"));
        clock.advance(KEYS_USABLE);
        assert_eq!(has("three").await.expect_err("is too old").code(), ErrorCode::Unavailable);
    }

    /// The example of RFC 7515, A.2: RS256, which most issuers use.
    #[test]
    fn an_rsa_signature_is_checked() {
        let key: CoreJsonWebKey = serde_json::from_value(json!({
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "e": "AQAB",
        }))
        .expect("is a key");
        let message = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64URL_NOPAD
            .decode(b"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")
            .expect("is base64");
        let verify = |message: &[u8]| key.verify_signature(&Algorithm::RsaSsaPkcs1V15Sha256, message, &signature);
        assert!(verify(message).is_ok());
        assert!(verify(&message[1..]).is_err());
        assert!(key.verify_signature(&Algorithm::EcdsaP256Sha256, message, &signature).is_err());
        assert!(key.verify_signature(&Algorithm::HmacSha256, message, &signature).is_err());
    }

    #[test]
    fn no_algorithm_with_a_shared_secret_is_allowed() {
        for name in ["none", "HS256", "HS384", "HS512"] {
            let algorithm: Algorithm = serde_json::from_value(json!(name)).expect("is known");
            assert!(!ALGORITHMS.contains(&algorithm), "{name}");
        }
    }
}
