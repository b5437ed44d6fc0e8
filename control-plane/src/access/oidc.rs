//! Sign-in at an OpenID Connect issuer: authorization code with PKCE, state and nonce. All three hang
//! on one secret in a cookie of the browser that began, so an answer that another browser brings is
//! worth nothing, and nothing secret is stored while the person is away.

use std::pin::Pin;
use std::time::Duration;

use axum::http::HeaderValue;
use data_encoding::BASE64URL_NOPAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenVerifier, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse as _,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use utoipa::IntoParams;

use super::trusted_jwt::ALGORITHMS;
use crate::clock::{Clock, Timestamp};
use crate::config::OidcSettings;
use crate::error::{Error, ErrorCode};
use crate::http_client::{self, HttpError};
use crate::public_url::below;
use crate::secrets::RandomSecret;

const CALLBACK: &str = "/api/auth/oidc/callback";
const VERIFIER_PURPOSE: &str = "slipway oidc pkce verifier v1";
const NONCE_PURPOSE: &str = "slipway oidc nonce v1";
/// The issuer's endpoints and keys are read again after this time.
const METADATA_FRESH: Duration = Duration::from_secs(60 * 60);
/// A key that is not there leads to one question in this time.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// The claim that lists groups, at most issuers.
const GROUPS_CLAIM: &str = "groups";

/// What the issuer sends the browser back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackQuery {
    /// To be exchanged for the ID token.
    pub(super) code: Option<String>,
    /// As we sent it.
    pub(super) state: Option<String>,
    /// Who answers (RFC 9207).
    pub(super) iss: Option<String>,
    /// Why there is no code.
    pub(super) error: Option<String>,
}

/// The way to the issuer.
pub struct OidcStart {
    /// Where to send the browser.
    pub location: Url,
    /// The cookie it must bring back.
    pub cookie: HeaderValue,
}

/// Who signed in.
pub(super) struct Named {
    pub(super) subject: String,
    pub(super) name: Option<String>,
}

/// Claims that decide who may come in, and under which name.
#[derive(Default, Deserialize)]
struct Claims {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    preferred_username: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<bool>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// Our client, as the protocol's crate wants it. A named future, because the one of a closure cannot
/// be seen to be `Send` from there.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(http_client::send(&self.0, request))
    }
}

/// Speaks with one issuer.
pub(super) struct Oidc {
    settings: OidcSettings,
    redirect_url: Url,
    http: Http,
    clock: Clock,
    metadata: Mutex<Option<(CoreProviderMetadata, Timestamp)>>,
}

fn refused(why: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, format!("the sign-in was refused: {why}"))
}

impl Oidc {
    pub(super) fn new(settings: OidcSettings, base_url: &Url, http: reqwest::Client, clock: Clock) -> Self {
        let redirect_url = below(base_url, CALLBACK);
        Self { settings, redirect_url, http: Http(http), clock, metadata: Mutex::default() }
    }

    /// Whose word it is.
    pub(super) fn issuer(&self) -> &str {
        self.settings.issuer.as_str()
    }

    /// Where the browser signs in.
    pub(super) async fn authorize_url(&self, state: &RandomSecret, browser: &RandomSecret) -> Result<Url, Error> {
        let metadata = self.metadata(METADATA_FRESH).await?;
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), None)
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_url.clone()));
        let (state, nonce) = (state.reveal().to_owned(), browser.derive(NONCE_PURPOSE).reveal().to_owned());
        let (location, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(browser)))
            .url();
        Ok(location)
    }

    /// Refuses an answer that is none, or is another issuer's (mix-up attack).
    pub(super) fn check_answer(&self, query: &CallbackQuery) -> Result<(), Error> {
        if let Some(issuer) = &query.iss
            && !is_same_issuer(issuer, self.issuer())
        {
            return Err(refused("another issuer answered"));
        }
        match &query.error {
            Some(error) => {
                let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let error: String = error.chars().filter(is_plain).take(64).collect();
                Err(refused(&format!("the issuer answered `{error}`")))
            }
            None => Ok(()),
        }
    }

    /// Exchanges the code and checks the ID token.
    pub(super) async fn exchange(&self, code: &str, browser: &RandomSecret) -> Result<Named, Error> {
        let metadata = self.metadata(METADATA_FRESH).await?;
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let takes =
            |method| metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| methods.contains(&method));
        let by_body = takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic);
        let client = CoreClient::from_provider_metadata(metadata, self.client_id(), secret)
            .set_auth_type(if by_body { AuthType::RequestBody } else { AuthType::BasicAuth })
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_url.clone()));
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| anyhow::anyhow!("the issuer has no token endpoint: {error}"))?
            .set_pkce_verifier(verifier(browser));
        let response = request.request_async(&self.http).await.map_err(|error| {
            tracing::warn!("the OpenID Connect issuer did not exchange a code: {error}");
            refused("the issuer did not accept the code")
        })?;
        let token = response.id_token().ok_or_else(|| refused("the issuer sent no ID token"))?;
        let nonce = Nonce::new(browser.derive(NONCE_PURPOSE).reveal().to_owned());
        let subject = self.check_token(token, &nonce).await?;
        let claims = extra_claims(token)?;
        self.check_allowed(&claims)?;
        Ok(Named { subject, name: claims.preferred_username.or(claims.name).or(claims.email) })
    }

    /// The subject of an ID token whose signature, issuer, audience, time and nonce are right.
    async fn check_token(&self, token: &CoreIdToken, nonce: &Nonce) -> Result<String, Error> {
        let mut outcome = self.verify(token, nonce, METADATA_FRESH).await?;
        if let Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) = outcome
        {
            // The issuer may have new keys since we asked.
            outcome = self.verify(token, nonce, ASK_AGAIN).await?;
        }
        outcome.map_err(|error| {
            tracing::warn!("the OpenID Connect issuer sent an ID token that cannot be used: {error}");
            refused("the issuer's ID token cannot be used; the server's log says why")
        })
    }

    async fn verify(
        &self,
        token: &CoreIdToken,
        nonce: &Nonce,
        fresh: Duration,
    ) -> Result<Result<String, ClaimsVerificationError>, Error> {
        let metadata = self.metadata(fresh).await?;
        let keys = metadata.jwks().clone();
        // Only public keys: a confidential client's verifier would take tokens signed with its secret.
        let verifier = CoreIdTokenVerifier::new_public_client(self.client_id(), metadata.issuer().clone(), keys)
            .set_allowed_algs(ALGORITHMS);
        Ok(token.claims(&verifier, nonce).map(|claims| claims.subject().to_string()))
    }

    fn check_allowed(&self, claims: &Claims) -> Result<(), Error> {
        if !self.settings.allowed_domains.is_empty() {
            let email = claims.email.as_deref().filter(|_| claims.email_verified == Some(true));
            let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
            let is_allowed =
                |domain: &str| self.settings.allowed_domains.iter().any(|a| a.eq_ignore_ascii_case(domain));
            if !domain.is_some_and(is_allowed) {
                return Err(Error::forbidden("your e-mail address is not of a domain that may sign in here"));
            }
        }
        if !self.settings.allowed_groups.is_empty() {
            let groups = claims.others.get(GROUPS_CLAIM).and_then(serde_json::Value::as_array);
            let is_allowed = |group: &serde_json::Value| {
                group.as_str().is_some_and(|group| self.settings.allowed_groups.iter().any(|allowed| allowed == group))
            };
            if !groups.is_some_and(|groups| groups.iter().any(is_allowed)) {
                return Err(Error::forbidden("you are in none of the groups that may sign in here"));
            }
        }
        Ok(())
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.settings.client_id.clone())
    }

    /// Endpoints and keys of the issuer, not older than `fresh`.
    async fn metadata(&self, fresh: Duration) -> Result<CoreProviderMetadata, Error> {
        let now = self.clock.now();
        let mut known = self.metadata.lock().await;
        if let Some((metadata, at)) = &*known
            && now.since(*at) < fresh
        {
            return Ok(metadata.clone());
        }
        // An issuer's name may or may not end in a slash; `Url` adds one to a bare host.
        let text = self.issuer();
        let mut names = vec![text.to_owned()];
        names.extend(text.strip_suffix('/').map(str::to_owned));
        let mut failure = String::new();
        for name in names.into_iter().rev() {
            let issuer = IssuerUrl::new(name).map_err(anyhow::Error::from)?;
            match CoreProviderMetadata::discover_async(issuer, &self.http).await {
                Ok(metadata) => {
                    *known = Some((metadata.clone(), now));
                    return Ok(metadata);
                }
                Err(error) => failure = error.to_string(),
            }
        }
        tracing::warn!("the OpenID Connect issuer {text} cannot be used: {failure}");
        Err(Error::new(ErrorCode::Unavailable, "the sign-in service does not answer; try again"))
    }
}

fn is_same_issuer(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn verifier(browser: &RandomSecret) -> PkceCodeVerifier {
    PkceCodeVerifier::new(browser.derive(VERIFIER_PURPOSE).reveal().to_owned())
}

/// The claims of a token that has been checked.
fn extra_claims(token: &CoreIdToken) -> Result<Claims, Error> {
    let text = token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
    claims.ok_or_else(|| refused("the issuer's ID token cannot be read"))
}
