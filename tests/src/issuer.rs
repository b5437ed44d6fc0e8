//! An OpenID Connect issuer that refuses what the specifications tell it to refuse, and can misbehave
//! where a client must notice: OpenID Connect Core 1.0, RFC 6749, RFC 7636 (PKCE, required), RFC 9207.
//! Its keys also sign the JWTs of a platform.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// Whom the issuer knows.
pub const CLIENT_ID: &str = "slipway";
/// With a character that must be encoded on the way (RFC 6749 §2.3.1).
pub const CLIENT_SECRET: &str = "canary-client:secret/+%";
const KEY_ID: &str = "key-1";

/// What is wrong with the next ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The nonce of another sign-in.
    Nonce,
    /// It has no nonce.
    NoNonce,
    /// It is for another client.
    Audience,
    /// It is for another client, too, and does not say who may present it.
    TwoAudiences,
    /// It has expired.
    Expired,
    /// It names another issuer.
    Issuer,
    /// It names a key that is not published.
    UnknownKey,
    /// It names a key that did not sign it.
    Signature,
    /// It is not signed.
    NoAlgorithm,
    /// It is signed with the client secret (HS256).
    SharedSecret,
    /// There is none.
    NoToken,
    /// The answer names another issuer (mix-up).
    AnswerIssuer,
    /// The answer has another state.
    State,
}

/// A running issuer.
pub struct Issuer {
    /// Its name and address.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    url: String,
    redirect_uri: String,
    key: EcdsaKeyPair,
    other_key: EcdsaKeyPair,
    codes: HashMap<String, Grant>,
    claims: Value,
    fault: Fault,
    key_requests: usize,
    published: bool,
}

#[derive(Clone)]
struct Grant {
    redirect_uri: String,
    challenge: String,
    nonce: String,
    is_used: bool,
}

type Shared = State<Arc<Mutex<Inner>>>;

impl Issuer {
    /// Starts one that signs in whoever has these claims.
    pub async fn start(claims: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        let inner = Arc::new(Mutex::new(Inner {
            url: url.clone(),
            redirect_uri: String::new(),
            key: new_key(),
            other_key: new_key(),
            codes: HashMap::new(),
            claims,
            fault: Fault::None,
            key_requests: 0,
            published: true,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// Registers the one redirect URI.
    pub fn register(&self, redirect_uri: &str) {
        redirect_uri.clone_into(&mut self.inner().redirect_uri);
    }

    /// Makes it misbehave.
    pub fn set_fault(&self, fault: Fault) {
        self.inner().fault = fault;
    }

    /// Whoever signs in next.
    pub fn set_claims(&self, claims: Value) {
        self.inner().claims = claims;
    }

    /// How often its keys were asked for.
    pub fn key_requests(&self) -> usize {
        self.inner().key_requests
    }

    /// Lets it have a new key; the former one no longer counts.
    pub fn rotate(&self) {
        let mut inner = self.inner();
        inner.key = new_key();
    }

    /// Whether it answers with its keys at all.
    pub fn publish_keys(&self, published: bool) {
        self.inner().published = published;
    }

    /// A JWT with its key.
    pub fn sign(&self, claims: &Value) -> String {
        let inner = self.inner();
        jwt(&json!({ "alg": "ES256", "kid": key_id(&inner.key) }), claims, |message| sign(&inner.key, message))
    }

    /// A JWT with this header, signed by a key of somebody else.
    pub fn sign_with_other_key(&self, header: &Value, claims: &Value) -> String {
        let inner = self.inner();
        jwt(header, claims, |message| sign(&inner.other_key, message))
    }

    /// The id of its key.
    pub fn key_id(&self) -> String {
        key_id(&self.inner().key)
    }

    /// Its public key as published.
    pub fn public_key(&self) -> Value {
        public_key(&self.inner().key)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics here")
    }
}

/// A JWT with any header and signature.
pub fn jwt(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = BASE64URL_NOPAD.encode(&sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// HMAC-SHA-256, for tokens that pretend a public key were a shared secret.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// Seconds since 1970.
#[allow(clippy::disallowed_methods, reason = "the programs under test have the system's clock too")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs()
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("generates");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).expect("is a key")
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), message).expect("signs").as_ref().to_vec()
}

fn key_id(key: &EcdsaKeyPair) -> String {
    let digest = digest::digest(&digest::SHA256, key.public_key().as_ref());
    format!("{KEY_ID}-{}", HEXLOWER.encode(&digest.as_ref()[..4]))
}

fn public_key(key: &EcdsaKeyPair) -> Value {
    // Uncompressed: 4, x, y.
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let text = |bytes| BASE64URL_NOPAD.encode(bytes);
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key_id(key), "x": text(x), "y": text(y) })
}

fn random() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("there is randomness");
    HEXLOWER.encode(&bytes)
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn discovery(State(inner): Shared) -> Json<Value> {
    let url = inner.lock().expect("nobody panics here").url.clone();
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn keys(State(inner): Shared) -> Response {
    let mut inner = inner.lock().expect("nobody panics here");
    inner.key_requests += 1;
    if !inner.published {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    Json(json!({ "keys": [public_key(&inner.key)] })).into_response()
}

async fn authorize(State(inner): Shared, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let mut inner = inner.lock().expect("nobody panics here");
    let parameter = |name: &str| query.get(name).cloned().unwrap_or_default();
    // An unknown client or address gets no redirect (RFC 6749 §4.1.2.1).
    if parameter("client_id") != CLIENT_ID || parameter("redirect_uri") != inner.redirect_uri {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let is_complete = parameter("response_type") == "code"
        && parameter("scope").split(' ').any(|scope| scope == "openid")
        && parameter("code_challenge_method") == "S256"
        && parameter("code_challenge").len() == 43
        && parameter("state").len() >= 32
        && parameter("nonce").len() >= 32;
    if !is_complete {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let code = random();
    let grant = Grant {
        redirect_uri: parameter("redirect_uri"),
        challenge: parameter("code_challenge"),
        nonce: parameter("nonce"),
        is_used: false,
    };
    inner.codes.insert(code.clone(), grant);
    let mut location = url::Url::parse(&inner.redirect_uri).expect("is a URL");
    let state = if inner.fault == Fault::State { random() + &random() } else { parameter("state") };
    let issuer = if inner.fault == Fault::AnswerIssuer { "https://evil.example.com" } else { &inner.url };
    location.query_pairs_mut().append_pair("code", &code).append_pair("state", &state).append_pair("iss", issuer);
    Redirect::to(location.as_str()).into_response()
}

async fn token(State(inner): Shared, headers: HeaderMap, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let mut inner = inner.lock().expect("nobody panics here");
    let parameter = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if !is_client(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if parameter("grant_type") != "authorization_code" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let challenge = digest::digest(&digest::SHA256, parameter("code_verifier").as_bytes());
    let challenge = BASE64URL_NOPAD.encode(challenge.as_ref());
    let redirect_uri = parameter("redirect_uri").to_owned();
    let grant = inner
        .codes
        .get_mut(parameter("code"))
        .filter(|grant| !grant.is_used && grant.redirect_uri == redirect_uri && grant.challenge == challenge);
    let Some(grant) = grant else { return refuse(StatusCode::BAD_REQUEST, "invalid_grant") };
    grant.is_used = true;
    let nonce = grant.nonce.clone();
    let mut answer = json!({ "access_token": random(), "token_type": "Bearer", "expires_in": 300 });
    if inner.fault != Fault::NoToken {
        answer["id_token"] = id_token(&inner, &nonce).into();
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn is_client(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let pair = value.and_then(|value| value.strip_prefix("Basic "));
    let pair = pair.and_then(|pair| BASE64.decode(pair.as_bytes()).ok()).and_then(|pair| String::from_utf8(pair).ok());
    let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else { return false };
    let decode = |text: &str| url::form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned());
    decode(id).as_deref() == Some(CLIENT_ID) && decode(secret).as_deref() == Some(CLIENT_SECRET)
}

fn id_token(inner: &Inner, nonce: &str) -> String {
    let mut claims = inner.claims.clone();
    claims["iss"] = inner.url.clone().into();
    claims["aud"] = CLIENT_ID.into();
    claims["iat"] = now().into();
    claims["exp"] = (now() + 300).into();
    claims["nonce"] = nonce.into();
    let mut header = json!({ "alg": "ES256", "kid": key_id(&inner.key) });
    match inner.fault {
        Fault::None | Fault::NoToken | Fault::AnswerIssuer | Fault::State | Fault::Signature => {}
        Fault::Nonce => claims["nonce"] = random().into(),
        Fault::NoNonce => drop(claims.as_object_mut().expect("an object").remove("nonce")),
        Fault::Audience => claims["aud"] = "another".into(),
        Fault::TwoAudiences => claims["aud"] = json!([CLIENT_ID, "another"]),
        Fault::Expired => claims["exp"] = (now() - 3600).into(),
        Fault::Issuer => claims["iss"] = "https://evil.example.com".into(),
        Fault::UnknownKey => header["kid"] = "key-9".into(),
        Fault::NoAlgorithm => header = json!({ "alg": "none" }),
        Fault::SharedSecret => header = json!({ "alg": "HS256" }),
    }
    jwt(&header, &claims, |message| match inner.fault {
        Fault::UnknownKey | Fault::Signature => sign(&inner.other_key, message),
        Fault::NoAlgorithm => Vec::new(),
        Fault::SharedSecret => hmac_sha256(CLIENT_SECRET.as_bytes(), message),
        _ => sign(&inner.key, message),
    })
}
