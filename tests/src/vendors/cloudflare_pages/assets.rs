//! Assets: tokens for uploads, which files are missing, and what is stored under which name.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ring::hmac;
use serde_json::{Map, Value, json};

use super::super::random;
use super::routes::{Answer, Asked, bad, done, refusal};
use super::{CloudflarePages, Inner};

/// What one request may hold, before Base64.
const MOST_BYTES: usize = 40 * 1024 * 1024;
const MOST_FILES: usize = 2_000;
const LARGEST_FILE: usize = 25 * 1024 * 1024;
const SIGNING_KEY: &[u8] = b"only Cloudflare knows it";
const NAME_LENGTH: usize = 32;

/// A stored file.
#[derive(Clone)]
pub(super) struct Asset {
    pub(super) kind: String,
    pub(super) bytes: Vec<u8>,
}

/// What Cloudflare calls a file: of its bytes in Base64, and of the extension of its name.
pub(super) fn name_of(path: &str, bytes: &[u8]) -> String {
    let file = path.rsplit('/').next().expect("has a last part");
    let extension = file.rfind('.').filter(|dot| *dot > 0).map_or("", |dot| &file[dot + 1..]);
    let digest = blake3::hash(format!("{}{extension}", BASE64.encode(bytes)).as_bytes());
    HEXLOWER.encode(&digest.as_bytes()[..NAME_LENGTH / 2])
}

#[expect(clippy::disallowed_methods, reason = "a vendor has a clock of its own")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("is after 1970").as_secs()
}

fn sign(text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING_KEY);
    BASE64URL_NOPAD.encode(hmac::sign(&key, text.as_bytes()).as_ref())
}

/// A token for uploads to a project.
pub(super) fn jwt(inner: &mut Inner, project: &str) -> String {
    let mut claims =
        json!({ "iat": now(), "exp": now() + inner.jwt.life.as_secs(), "jti": random(16), "project": project });
    if let Some(files) = inner.jwt.files {
        claims["max_file_count_allowed"] = files.into();
    }
    let encoded = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", encoded(&json!({ "alg": "HS256", "typ": "JWT" })), encoded(&claims));
    let jwt = format!("{signed}.{}", sign(&signed));
    inner.jwt.given.push(jwt.clone());
    jwt
}

/// The project that a request with such a token is for.
#[expect(clippy::result_large_err, reason = "the answer")]
fn project(inner: &Inner, asked: &Asked) -> Result<String, Response> {
    let wrong = || refusal(401, 8_000_013, "Authorization failed");
    // Whoever sends the API token is no better off.
    let token = asked.bearer().ok_or_else(wrong)?;
    let (signed, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
    if sign(signed) != signature {
        return Err(wrong());
    }
    let payload = signed.split_once('.').ok_or_else(wrong)?.1;
    let claims: Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).expect("ours")).expect("ours");
    if inner.jwt.ended.contains(token) || claims["exp"].as_u64().expect("ours") <= now() {
        // No JSON here.
        return Err((StatusCode::FORBIDDEN, "Expired JWT").into_response());
    }
    Ok(claims["project"].as_str().expect("ours").to_owned())
}

#[expect(clippy::result_large_err, reason = "the answer")]
fn names(asked: &Asked) -> Result<Vec<String>, Response> {
    let body: Map<String, Value> = asked.json()?;
    let names = body.get("hashes").and_then(Value::as_array).ok_or_else(|| bad("`hashes` is missing"))?;
    let name = |value: &Value| value.as_str().filter(|name| is_name(name)).map(str::to_owned);
    names.iter().map(|value| name(value).ok_or_else(|| bad("a hash is none"))).collect()
}

fn is_name(text: &str) -> bool {
    text.len() == NAME_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn check_missing(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let inner = fake.lock();
    let project = project(&inner, asked)?;
    let mut missing = names(asked)?;
    missing.retain(|name| !inner.assets.contains_key(&(project.clone(), name.clone())));
    missing.dedup();
    Ok(done(&json!(missing)))
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn upsert_hashes(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let inner = fake.lock();
    let project = project(&inner, asked)?;
    if let Some(unknown) =
        names(asked)?.into_iter().find(|name| !inner.assets.contains_key(&(project.clone(), name.clone())))
    {
        fake.script.complain(format!("{unknown} is kept, and was never stored"));
    }
    Ok(done(&Value::Null))
}

#[expect(clippy::result_large_err, reason = "the answer")]
pub(super) fn upload(fake: &CloudflarePages, asked: &Asked) -> Answer {
    let mut inner = fake.lock();
    let project = project(&inner, asked)?;
    if asked.header("content-type").is_none_or(|kind| !kind.starts_with("application/json")) {
        return Err(bad("the content type is no application/json"));
    }
    let files: Vec<Map<String, Value>> = asked.json()?;
    let mut assets = Vec::new();
    for file in &files {
        if let Some(unknown) = file.keys().find(|key| !["key", "value", "metadata", "base64"].contains(&key.as_str())) {
            return Err(bad(&format!("a file has an unknown member `{unknown}`")));
        }
        let text = |name: &str| file.get(name).and_then(Value::as_str);
        let key = text("key").filter(|key| is_name(key)).ok_or_else(|| bad("a `key` is no hash"))?;
        let kind = file.get("metadata").and_then(|metadata| metadata["contentType"].as_str());
        let kind = kind.ok_or_else(|| bad("a file has no `contentType`"))?;
        if file.get("base64") != Some(&Value::Bool(true)) {
            return Err(bad("a file is no Base64"));
        }
        let value = text("value").ok_or_else(|| bad("a file has no `value`"))?;
        let bytes = BASE64.decode(value.as_bytes()).map_err(|_| bad("a `value` is no Base64"))?;
        assets.push((key.to_owned(), Asset { kind: kind.to_owned(), bytes }));
    }
    let total: usize = assets.iter().map(|(_, asset)| asset.bytes.len()).sum();
    if assets.len() > MOST_FILES
        || total > MOST_BYTES
        || assets.iter().any(|(_, asset)| asset.bytes.len() > LARGEST_FILE)
    {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "<html>Payload Too Large</html>").into_response());
    }
    let not_stored = std::mem::take(&mut inner.not_stored).min(assets.len());
    let unsuccessful: Vec<_> = assets.drain(..not_stored).map(|(key, _)| key).collect();
    let count = assets.len();
    for (key, asset) in assets {
        inner.received.files += 1;
        inner.received.bytes += asset.bytes.len() as u64;
        let before = inner.assets.insert((project.clone(), key), asset);
        inner.received.duplicates += usize::from(before.is_some());
    }
    Ok(done(&json!({ "successful_key_count": count, "unsuccessful_keys": unsuccessful })))
}

/// Gives a token for uploads.
pub(super) fn upload_token(fake: &CloudflarePages, project: &str) -> Response {
    let jwt = jwt(&mut fake.lock(), project);
    Json(json!({ "success": true, "errors": [], "messages": [], "result": { "jwt": jwt } })).into_response()
}
