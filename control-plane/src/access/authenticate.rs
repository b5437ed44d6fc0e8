//! From a request to whom it is from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::http::{Extensions, HeaderMap, Method, header};
use url::Url;

use super::oidc::Oidc;
use super::password::Passwords;
use super::session::{Cookie, Cookies, check_csrf, csrf_token};
use super::throttle::Throttle;
use super::trusted_jwt::TrustedJwt;
use super::{Credential, Principal, Scopes};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::error::{Error, ErrorCode};
use crate::http_client;
use crate::http_server::Peer;
use crate::secrets::{ApiToken, RandomSecret, sha256};
use crate::store::{Store, User};

/// A session ends when nothing came for so long.
const SESSION_IDLE: Duration = Duration::from_secs(12 * 60 * 60);
/// "Last used" is written at most this often.
const TOUCH_INTERVAL: Duration = Duration::from_secs(60);
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Everything about who asks.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) base_url: Url,
    pub(super) cookies: Cookies,
    pub(super) passwords: Passwords,
    pub(super) throttle: Throttle,
    /// Of refused attempts that are written down, so that strangers cannot fill the audit log.
    pub(super) recorded: Throttle,
    pub(super) oidc: Option<Oidc>,
    pub(super) trusted_jwt: Option<TrustedJwt>,
    pub(super) trusted_proxies: Vec<IpAddr>,
    /// Digests of tokens that were chosen by an operator and need no checksum.
    pub(super) bootstrap_tokens: Vec<Vec<u8>>,
}

pub(super) fn unauthenticated(message: &str) -> Error {
    Error::new(ErrorCode::Unauthenticated, message)
}

impl Access {
    /// For people who reach us at `base_url`.
    pub async fn new(config: &Config, store: Store, clock: Clock, base_url: Url) -> anyhow::Result<Self> {
        // Without either section nothing is asked of other servers.
        let http = match (&config.oidc, &config.trusted_jwt) {
            (None, None) => None,
            _ => Some(http_client::client().context("cannot set up TLS for `oidc` and `trusted_jwt`")?),
        };
        let oidc = config.oidc.clone().zip(http.clone());
        let trusted_jwt = config.trusted_jwt.clone().zip(http);
        let bootstrap_tokens = store.bootstrap_token_digests().await?;
        Ok(Self(Arc::new(Inner {
            oidc: oidc.map(|(settings, http)| Oidc::new(settings, &base_url, http, clock.clone())),
            trusted_jwt: trusted_jwt.map(|(settings, http)| TrustedJwt::new(settings, http, clock.clone())),
            cookies: Cookies::new(&base_url),
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            recorded: Throttle::default(),
            trusted_proxies: config.trusted_proxies.clone(),
            bootstrap_tokens,
            base_url,
            store,
            clock,
        })))
    }

    /// Where people reach us.
    pub fn base_url(&self) -> &Url {
        &self.0.base_url
    }

    /// Whether another refused attempt from there is to be written down: so many in a while, not more.
    pub fn is_worth_recording(&self, address: Option<IpAddr>) -> bool {
        self.0.recorded.attempt_from(address, self.0.clock.now()).is_ok()
    }

    /// The credential of a request as bytes, to tell callers apart before they are known.
    pub fn credential_digest(&self, headers: &HeaderMap) -> [u8; 32] {
        match headers.get(header::AUTHORIZATION) {
            Some(value) => sha256(value.as_bytes()),
            None => self.0.cookies.read(headers, Cookie::Session).map_or_else(|| sha256(b""), |cookie| cookie.sha256()),
        }
    }

    /// Who sent this request. A bearer token counts before a cookie; with a cookie, a request that
    /// changes something must prove that a page of ours sent it.
    pub async fn principal(&self, method: &Method, headers: &HeaderMap) -> Result<Principal, Error> {
        let missing =
            "sign in, or send an API token as `Authorization: Bearer slw_…`; `slipway token create` makes one";
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let (scheme, token) =
                value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(|| unauthenticated(missing))?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(unauthenticated(missing));
            }
            return self.by_bearer(token.trim()).await;
        }
        let cookie = self.0.cookies.read(headers, Cookie::Session).ok_or_else(|| unauthenticated(missing))?;
        let principal = self.by_session(&cookie).await?;
        if !method.is_safe()
            && let Credential::Session(csrf) = &principal.credential
        {
            check_csrf(headers, &self.0.base_url, csrf)?;
        }
        Ok(principal)
    }

    async fn by_bearer(&self, token: &str) -> Result<Principal, Error> {
        if let Some(trusted) = self.0.trusted_jwt.as_ref().filter(|_| TrustedJwt::is_jwt(token)) {
            return self.by_trusted_jwt(trusted, token).await;
        }
        let now = self.0.clock.now();
        let token = ApiToken::presented(token);
        let digest = token.sha256();
        if !token.is_plausible() && !self.0.bootstrap_tokens.iter().any(|known| known[..] == digest) {
            return Err(unauthenticated("this is no API token: it is incomplete or mistyped"));
        }
        let found = self.0.store.user_of_token(&digest, now).await?;
        let (user, token) = found.ok_or_else(|| unauthenticated("this API token is unknown or has expired"))?;
        if is_stale(token.last_used_at, now) {
            self.0.store.touch_token(token.id, now).await?;
        }
        self.principal_of(user, token.scopes, Credential::Token(token.id, token.expires_at)).await
    }

    async fn by_trusted_jwt(&self, trusted: &TrustedJwt, token: &str) -> Result<Principal, Error> {
        let named = trusted.verify(token).await?;
        let now = self.0.clock.now();
        let name = named.name.as_deref().unwrap_or(&named.subject);
        let user = self.0.store.user_of_identity(identity_issuer(trusted.issuer()), &named.subject, name, now).await?;
        let user = user.ok_or_else(|| unauthenticated("this user is disabled"))?;
        self.0.store.follow_issuer_teams(user.id, identity_issuer(trusted.issuer()), &named.teams, now).await?;
        self.principal_of(user, Scopes::ALL, Credential::TrustedJwt).await
    }

    async fn by_session(&self, cookie: &RandomSecret) -> Result<Principal, Error> {
        let now = self.0.clock.now();
        let digest = cookie.sha256();
        let found = self.0.store.user_of_session(&digest, now, now.minus(SESSION_IDLE)).await?;
        let (user, last_seen_at) = found.ok_or_else(|| unauthenticated("your session has ended; sign in again"))?;
        if is_stale(Some(last_seen_at), now) {
            self.0.store.touch_session(&digest, now).await?;
        }
        let csrf = Arc::new(csrf_token(cookie));
        self.principal_of(user, Scopes::ALL, Credential::Session(csrf)).await
    }

    async fn principal_of(&self, user: User, scopes: Scopes, credential: Credential) -> Result<Principal, Error> {
        let teams = self.0.store.roles_of(user.id).await?;
        Ok(Principal { id: user.id, name: user.name, is_admin: user.is_admin, teams, scopes, credential })
    }

    /// Where a request comes from: the peer, or, when that is a trusted proxy, the last address before
    /// our proxies.
    pub fn client_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let peer = extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical())?;
        let is_proxy = |address: &IpAddr| self.0.trusted_proxies.contains(address);
        if !is_proxy(&peer) {
            return Some(peer);
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            match parse_hop(hop) {
                Some(address) if is_proxy(&address) => {}
                Some(address) => return Some(address),
                // What stands before it may be anybody's invention.
                None => break,
            }
        }
        Some(peer)
    }
}

/// Some proxies write the port, too.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// One issuer, whether its name is written with or without a slash at its end: a platform may use the
/// same one for sign-in and for its JWTs, and its users are the same.
pub(super) fn identity_issuer(name: &str) -> &str {
    name.trim_end_matches('/')
}

fn is_stale(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.since(last) >= TOUCH_INTERVAL)
}
