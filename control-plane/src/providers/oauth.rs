//! OAuth 2 as vendors speak it: the web flow with PKCE (RFC 6749, 7636, 9207), the device flow (RFC 8628), refresh.
//! What differs between vendors is a [`Dialect`].

use std::time::Duration;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::ProviderError;
use super::http::{Call, VendorHttp};
use crate::config::ProviderSettings;
use crate::secrets::{RandomSecret, sha256};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Of RFC 8628, when a vendor names none.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// A vendor's own numbers are kept within these.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_DEVICE_FLOW: Duration = Duration::from_secs(30 * 60);
const LONGEST_CODE_CHARS: usize = 64;

/// How a vendor speaks.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Where people agree, below the vendor's address.
    pub authorize: &'static str,
    /// Where codes become tokens.
    pub token: &'static str,
    /// Where device flows begin.
    pub device: &'static str,
    /// Who it says it is (`iss`), below its address.
    pub issuer: &'static str,
    /// What we ask for.
    pub scopes: &'static [&'static str],
    /// Whether a client without a secret can use the web flow.
    pub has_public_clients: bool,
}

/// What a vendor gives for a code.
#[derive(Debug)]
pub struct Tokens {
    /// What authenticates.
    pub access: SecretString,
    /// What gets the next one.
    pub refresh: Option<SecretString>,
    /// How long the first is good.
    pub expires_in: Option<Duration>,
}

/// A vendor's answer when a token is asked for.
#[derive(Debug)]
pub enum Grant {
    /// Here it is.
    Tokens(Tokens),
    /// Not so.
    Refused(Refusal),
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The protocol's word.
    pub code: String,
    /// How long to wait between polls from now on, when the vendor says so.
    pub interval: Option<Duration>,
}

/// A device flow that has begun.
#[derive(Debug)]
pub struct DeviceStart {
    /// What we poll with.
    pub device_code: SecretString,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// How long it is good.
    pub expires_in: Duration,
    /// How long to wait between polls.
    pub interval: Duration,
}

/// Our client at one vendor.
#[derive(Clone)]
pub struct OAuth {
    http: VendorHttp,
    base: Url,
    /// Where tokens are asked for.
    token_base: Url,
    client_id: String,
    client_secret: Option<SecretString>,
    dialect: Dialect,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Option<u64>,
    error: Option<String>,
    interval: Option<u64>,
}

#[derive(Deserialize)]
struct DeviceAnswer {
    device_code: Option<SecretString>,
    user_code: Option<String>,
    verification_uri: Option<String>,
    expires_in: Option<u64>,
    interval: Option<u64>,
    error: Option<String>,
}

impl OAuth {
    /// Our client, when one is configured.
    pub fn new(http: VendorHttp, base: Url, settings: &ProviderSettings, dialect: Dialect) -> Option<Self> {
        let client_id = settings.client_id.clone()?;
        let (token_base, client_secret) = (base.clone(), settings.client_secret.clone());
        Some(Self { http, base, token_base, client_id, client_secret, dialect })
    }

    /// The same at a vendor that gives tokens elsewhere than people agree.
    #[must_use]
    pub fn with_tokens_at(mut self, base: Url) -> Self {
        self.token_base = base;
        self
    }

    /// Whether people can agree on the vendor's page.
    pub fn has_web_flow(&self) -> bool {
        self.dialect.has_public_clients || self.client_secret.is_some()
    }

    /// Who we are there, with what proves it.
    pub fn client(&self) -> (&str, Option<&SecretString>) {
        (&self.client_id, self.client_secret.as_ref())
    }

    /// Where the browser goes.
    ///
    /// # Errors
    /// Never: the paths are constant.
    pub fn authorize_url(
        &self,
        state: &RandomSecret,
        verifier: &SecretString,
        redirect_uri: &Url,
    ) -> Result<Url, ProviderError> {
        let mut url = self.base.join(self.dialect.authorize).map_err(|error| ProviderError::Failed(error.into()))?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("response_type", "code")
            .append_pair("scope", &self.dialect.scopes.join(" "))
            .append_pair("state", state.reveal())
            .append_pair("code_challenge", &challenge(verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Whether an `iss` in an answer is the vendor's (RFC 9207).
    pub fn is_issuer(&self, iss: &str) -> bool {
        let own = self.base.join(self.dialect.issuer).map(|url| url.as_str().trim_end_matches('/').to_owned());
        own.is_ok_and(|own| own == iss.trim_end_matches('/'))
    }

    /// Exchanges a code of the web flow.
    pub async fn exchange(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &Url,
    ) -> Result<Grant, ProviderError> {
        let fields = [("grant_type", "authorization_code"), ("redirect_uri", redirect_uri.as_str())];
        self.ask_token(&fields, &[("code", code), ("code_verifier", verifier)]).await
    }

    /// Begins a device flow.
    pub async fn start_device(&self) -> Result<DeviceStart, ProviderError> {
        let scopes = self.dialect.scopes.join(" ");
        let call = Call::new(Method::POST, &self.base, self.dialect.device, &[])?
            .header("accept", "application/json")
            .form(&[("client_id", &self.client_id), ("scope", &scopes)], &[]);
        let answer = self.http.send(call).await?;
        let no_device_flow = || {
            ProviderError::Rejected(
                "the provider offers no device flow to this installation; connect with a token instead".to_owned(),
            )
        };
        if answer.status() == 404 {
            return Err(no_device_flow());
        }
        let begun: DeviceAnswer = answer.json()?;
        if let Some(error) = begun.error {
            return Err(match error.as_str() {
                "device_flow_disabled" => no_device_flow(),
                _ => misconfigured(&plain_code(&error)),
            });
        }
        let (Some(device_code), Some(user_code), Some(verification_uri)) =
            (begun.device_code, begun.user_code, begun.verification_uri)
        else {
            return Err(ProviderError::Failed(anyhow::anyhow!("the provider began a device flow without its codes")));
        };
        let is_theirs = Url::parse(&verification_uri).is_ok_and(|url| url.origin() == self.base.origin());
        if !is_theirs || user_code.len() > LONGEST_CODE_CHARS || user_code.chars().any(char::is_control) {
            return Err(ProviderError::Failed(anyhow::anyhow!("the provider's device flow leads elsewhere")));
        }
        Ok(DeviceStart {
            device_code,
            user_code,
            verification_uri,
            expires_in: begun.expires_in.map_or(LONGEST_DEVICE_FLOW, Duration::from_secs).min(LONGEST_DEVICE_FLOW),
            interval: interval(begun.interval).unwrap_or(DEFAULT_INTERVAL),
        })
    }

    /// Asks whether the person has agreed.
    pub async fn poll_device(&self, device_code: &SecretString) -> Result<Grant, ProviderError> {
        self.ask_token(&[("grant_type", DEVICE_GRANT)], &[("device_code", device_code)]).await
    }

    /// Exchanges a refresh token. At some vendors the one before, and its access token, are worth nothing from
    /// that moment on.
    pub async fn refresh(&self, refresh_token: &SecretString, redirect_uri: &Url) -> Result<Grant, ProviderError> {
        let fields = [("grant_type", "refresh_token"), ("redirect_uri", redirect_uri.as_str())];
        self.ask_token(&fields, &[("refresh_token", refresh_token)]).await
    }

    async fn ask_token(
        &self,
        fields: &[(&str, &str)],
        secrets: &[(&str, &SecretString)],
    ) -> Result<Grant, ProviderError> {
        let fields: Vec<_> = fields.iter().copied().chain([("client_id", self.client_id.as_str())]).collect();
        let client_secret = self.client_secret.as_ref().map(|secret| ("client_secret", secret));
        let secrets: Vec<_> = secrets.iter().copied().chain(client_secret).collect();
        let call = Call::new(Method::POST, &self.token_base, self.dialect.token, &[])?
            .header("accept", "application/json")
            .form(&fields, &secrets);
        let answer = self.http.send(call).await?;
        // GitHub tells of errors with 200, others with 400 or 401; the word is the same.
        let told: TokenAnswer = answer.json()?;
        match (told.error, told.access_token) {
            (Some(error), _) => {
                Ok(Grant::Refused(Refusal { code: plain_code(&error), interval: interval(told.interval) }))
            }
            (None, Some(access)) if answer.status().is_success() => Ok(Grant::Tokens(Tokens {
                access,
                refresh: told.refresh_token,
                expires_in: told.expires_in.map(Duration::from_secs),
            })),
            (None, _) => Err(ProviderError::Failed(anyhow::anyhow!("the provider answered without a token"))),
        }
    }
}

impl Refusal {
    /// What to tell whoever wanted the token.
    pub fn sentence(&self) -> String {
        match self.code.as_str() {
            "access_denied" => "access was refused at the provider".to_owned(),
            "expired_token" | "token_expired" => "the code has expired; begin again".to_owned(),
            "bad_verification_code" | "invalid_grant" | "bad_refresh_token" => {
                "the provider does not accept the code any more; begin again".to_owned()
            }
            "unverified_user_email" => "verify your e-mail address at the provider, then begin again".to_owned(),
            code => misconfigured(code).to_string(),
        }
    }

    /// Whether the credential is over for good.
    pub fn is_final(&self) -> bool {
        matches!(self.code.as_str(), "bad_refresh_token" | "invalid_grant" | "unauthorized_client")
    }
}

fn misconfigured(code: &str) -> ProviderError {
    ProviderError::Rejected(format!(
        "the provider refused this installation (`{code}`); an operator has to check its `client_id`, `client_secret` and callback URL"
    ))
}

fn interval(seconds: Option<u64>) -> Option<Duration> {
    seconds.map(|seconds| Duration::from_secs(seconds.max(1)).min(LONGEST_INTERVAL))
}

/// A word of the protocol as it may be shown.
fn plain_code(error: &str) -> String {
    error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(LONGEST_CODE_CHARS).collect()
}

/// `S256` of RFC 7636.
fn challenge(verifier: &SecretString) -> String {
    BASE64URL_NOPAD.encode(&sha256(verifier.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_specification() {
        let verifier = SecretString::from("ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf");
        assert_eq!(challenge(&verifier), "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U");
    }

    #[test]
    fn numbers_of_vendors_stay_within_reason() {
        assert_eq!(interval(Some(0)), Some(Duration::from_secs(1)));
        assert_eq!(interval(Some(u64::MAX)), Some(LONGEST_INTERVAL));
        assert_eq!(plain_code("<b>access_denied</b>"), "baccess_deniedb");
    }
}
