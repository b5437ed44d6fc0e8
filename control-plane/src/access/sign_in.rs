//! The ways to sign in: password, the link for the first person, the link of `slipway up`, an OpenID
//! Connect issuer. Each ends in a new session.

use std::time::Duration;

use axum::http::{Extensions, HeaderMap, HeaderValue, Method};
use secrecy::SecretString;
use url::Url;

use super::Access;
use super::authenticate::{identity_issuer, unauthenticated};
use super::oidc::{CallbackQuery, Oidc, OidcStart};
use super::password::check_password;
use super::session::{Cookie, check_same_origin, csrf_token, local_path};
use crate::audit;
use crate::error::Error;
use crate::ids::UserId;
use crate::public_url::below;
use crate::secrets::RandomSecret;
use crate::store::User;

/// A session ends after this, however busy it is.
const SESSION_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const SETUP_LINK_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Time to sign in at the issuer.
const OIDC_ATTEMPT_LIFE: Duration = Duration::from_secs(10 * 60);

/// A new session.
pub struct SignedIn {
    /// Whose.
    pub user: User,
    /// `Set-Cookie` with the session.
    pub cookie: HeaderValue,
    /// For the header `X-CSRF-Token`.
    pub csrf_token: RandomSecret,
}

impl Access {
    /// Signs in with name and password. The session is a new one, whatever cookie the request had.
    pub async fn log_in(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        name: &str,
        password: SecretString,
    ) -> Result<SignedIn, Error> {
        check_same_origin(headers, &self.0.base_url)?;
        let address = self.client_address(headers, extensions);
        self.0.throttle.attempt(name, address, self.0.clock.now())?;
        self.announce(name).await?;
        let known = self.0.store.user_with_password(name).await?;
        let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
        let is_right = self.0.passwords.verify(password, hash).await?;
        let user = user.filter(|_| is_right).ok_or_else(|| unauthenticated("name or password is wrong"))?;
        self.0.throttle.succeeded(name, address);
        self.begin_session(headers, user).await
    }

    /// Records whom somebody wants to be. A name that nobody has is not written down: it may be a
    /// password that was typed into the wrong field.
    async fn announce(&self, name: &str) -> Result<(), Error> {
        let named = self.0.store.find_user(name).await?;
        audit::note(|facts| match named {
            Some(user) => facts.signs_in(&user),
            None => facts.add("name", "unknown"),
        });
        audit::begin().await
    }

    /// Ends the request's session here, and answers the cookie that ends it there.
    pub async fn log_out(&self, headers: &HeaderMap) -> Result<HeaderValue, Error> {
        if let Some(cookie) = self.0.cookies.read(headers, Cookie::Session) {
            self.0.store.end_session_of_user(&cookie.sha256()).await?;
        }
        Ok(self.0.cookies.clear(Cookie::Session))
    }

    /// The ways in which people can sign in here now: whether with a password, and at which issuer.
    pub async fn sign_in_methods(&self) -> Result<(bool, Option<&str>), Error> {
        let has_passwords = self.0.store.has_password_user().await?;
        Ok((has_passwords, self.0.oidc.as_ref().map(Oidc::issuer)))
    }

    /// A link for the first person, when nobody has a password. Former ones end.
    pub async fn new_setup_link(&self) -> Result<Option<Url>, Error> {
        let secret = RandomSecret::generate();
        let mut tx = self.0.store.begin().await?;
        if tx.has_password_user().await? {
            return Ok(None);
        }
        let expires_at = self.0.clock.now().plus(SETUP_LINK_LIFE);
        tx.end_setup_links().await?;
        tx.insert_link(&secret.sha256(), None, expires_at).await?;
        tx.commit().await?;
        Ok(Some(self.link("/setup", "token", &secret)))
    }

    /// Makes the first person with a password, an administrator, and signs them in. The token is used
    /// up only when that works.
    pub async fn set_up(
        &self,
        headers: &HeaderMap,
        token: &str,
        name: &str,
        password: SecretString,
    ) -> Result<SignedIn, Error> {
        check_same_origin(headers, &self.0.base_url)?;
        check_password(&password).map_err(|error| Error::invalid(error.to_string()))?;
        let digest = RandomSecret::presented(token).sha256();
        let no_link =
            || unauthenticated("this link has been used or has expired; restart `slipway serve` for a new one");
        let now = self.0.clock.now();
        // Nobody without the link makes us hash.
        if !self.0.store.has_setup_link(&digest, now).await? {
            return Err(no_link());
        }
        audit::begin().await?;
        let hash = self.0.passwords.hash(password).await?;
        let mut tx = self.0.store.begin().await?;
        if !tx.use_setup_link(&digest, now).await? || tx.has_password_user().await? {
            return Err(no_link());
        }
        let user = tx.user_named(name, now).await?;
        if tx.has_identity(user.id).await? {
            // Or whoever the issuer calls so would be the administrator.
            return Err(Error::conflict(format!("an issuer's user has the name `{name}`; choose another")));
        }
        tx.set_password(user.id, &hash).await?;
        tx.set_admin(user.id).await?;
        tx.commit().await?;
        self.begin_session(headers, User { is_admin: true, ..user }).await
    }

    /// A link that signs `user` in, once.
    pub async fn new_sign_in_link(&self, user: UserId, life: Duration) -> Result<Url, Error> {
        let secret = RandomSecret::generate();
        let mut tx = self.0.store.begin().await?;
        tx.insert_link(&secret.sha256(), Some(user), self.0.clock.now().plus(life)).await?;
        tx.commit().await?;
        Ok(self.link("/sign-in", "code", &secret))
    }

    /// Signs in with such a link. Somebody who followed it before and is still signed in may go on.
    pub async fn use_sign_in_link(&self, headers: &HeaderMap, code: &str) -> Result<Option<SignedIn>, Error> {
        let (digest, now) = (RandomSecret::presented(code).sha256(), self.0.clock.now());
        if self.0.store.has_sign_in_link(&digest, now).await? {
            audit::begin().await?;
        }
        match self.0.store.use_sign_in_link(&digest, now).await? {
            Some(user) => self.begin_session(headers, user).await.map(Some),
            None => match self.principal(&Method::GET, headers).await {
                Ok(_) => Ok(None),
                Err(_) => Err(unauthenticated("this link has been used or has expired")),
            },
        }
    }

    /// Sends the browser to the issuer.
    pub async fn start_oidc(&self, return_to: Option<&str>) -> Result<OidcStart, Error> {
        let oidc = self.oidc()?;
        let (state, browser) = (RandomSecret::generate(), RandomSecret::generate());
        let location = oidc.authorize_url(&state, &browser).await?;
        let expires_at = self.0.clock.now().plus(OIDC_ATTEMPT_LIFE);
        self.0
            .store
            .insert_oidc_attempt(
                &state.sha256(),
                &browser.sha256(),
                &local_path(return_to, &self.0.base_url),
                expires_at,
            )
            .await?;
        let cookie = self.0.cookies.set(Cookie::Oidc, &browser, OIDC_ATTEMPT_LIFE.as_secs());
        Ok(OidcStart { location, cookie })
    }

    /// Signs in whom the issuer sent back; answers also where they wanted to go and the cookie that
    /// ends the attempt.
    pub async fn finish_oidc(
        &self,
        headers: &HeaderMap,
        query: &CallbackQuery,
    ) -> Result<(SignedIn, String, HeaderValue), Error> {
        let oidc = self.oidc()?;
        let foreign = || unauthenticated("this sign-in was not begun in this browser, or long ago; begin again");
        let state = query.state.as_deref().map(RandomSecret::presented).ok_or_else(foreign)?;
        let browser = self.0.cookies.read(headers, Cookie::Oidc).ok_or_else(foreign)?;
        let now = self.0.clock.now();
        let return_to = self.0.store.use_oidc_attempt(&state.sha256(), &browser.sha256(), now).await?;
        let return_to = return_to.ok_or_else(foreign)?;
        oidc.check_answer(query)?;
        let code = query.code.as_deref().ok_or_else(foreign)?;
        let named = oidc.exchange(code, &browser).await?;
        audit::begin().await?;
        let name = named.name.as_deref().unwrap_or(&named.subject);
        let user = self.0.store.user_of_identity(identity_issuer(oidc.issuer()), &named.subject, name, now).await?;
        let user = user.ok_or_else(|| Error::forbidden("this user is disabled"))?;
        let signed_in = self.begin_session(headers, user).await?;
        Ok((signed_in, return_to, self.0.cookies.clear(Cookie::Oidc)))
    }

    fn oidc(&self) -> Result<&Oidc, Error> {
        self.0.oidc.as_ref().ok_or_else(|| Error::not_found("sign-in service; set the section `oidc`"))
    }

    async fn begin_session(&self, headers: &HeaderMap, user: User) -> Result<SignedIn, Error> {
        audit::note(|facts| facts.signs_in(&user));
        // Whatever way leads here: no session without a row.
        audit::begin().await?;
        let secret = RandomSecret::generate();
        let now = self.0.clock.now();
        if let Some(former) = self.0.cookies.read(headers, Cookie::Session) {
            self.0.store.end_session_of_user(&former.sha256()).await?;
        }
        self.0.store.begin_session_of_user(&secret.sha256(), user.id, now, now.plus(SESSION_LIFE)).await?;
        let cookie = self.0.cookies.set(Cookie::Session, &secret, SESSION_LIFE.as_secs());
        Ok(SignedIn { user, cookie, csrf_token: csrf_token(&secret) })
    }

    fn link(&self, path: &str, key: &str, secret: &RandomSecret) -> Url {
        let mut url = below(&self.0.base_url, path);
        url.query_pairs_mut().append_pair(key, secret.reveal());
        url
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::http::header;

    use super::*;
    use crate::clock::{Clock, Timestamp};
    use crate::config::Config;
    use crate::error::ErrorCode;
    use crate::http_server::Peer;
    use crate::store::{Store, in_memory};

    const PASSWORD: &str = "correct horse battery";
    const HOUR: Duration = Duration::from_secs(60 * 60);

    async fn access(environment: &[(&str, &str)]) -> (Access, Store, Clock) {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::load(None, environment, []).expect("valid");
        let (store, clock) = (in_memory().await, Clock::manual(Timestamp::from_micros(1_000_000_000_000)));
        let base_url = "http://127.0.0.1:7070/".parse().expect("a URL");
        (Access::new(&config, store.clone(), clock.clone(), base_url).await.expect("is made"), store, clock)
    }

    fn password() -> SecretString {
        PASSWORD.to_owned().into()
    }

    async fn set_up(access: &Access, name: &str) -> Result<SignedIn, Error> {
        let link = access.new_setup_link().await.expect("works").expect("nobody has a password");
        let token = link.query().and_then(|query| query.strip_prefix("token=")).expect("has a token").to_owned();
        access.set_up(&HeaderMap::new(), &token, name, password()).await
    }

    fn with_cookie(signed_in: &SignedIn) -> HeaderMap {
        let cookie = signed_in.cookie.to_str().expect("is ASCII").split(';').next().expect("is one").to_owned();
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().expect("a value"))])
    }

    #[tokio::test]
    async fn a_session_lasts_while_it_is_used_and_a_week_at_most() {
        let (access, _, clock) = access(&[]).await;
        let headers = with_cookie(&set_up(&access, "ada").await.expect("is set up"));
        let is_valid = || async { access.principal(&Method::GET, &headers).await.is_ok() };
        for _ in 0..15 {
            clock.advance(11 * HOUR);
            assert!(is_valid().await);
        }
        clock.advance(3 * HOUR);
        assert!(!is_valid().await, "a week is over");

        let signed_in = access.log_in(&HeaderMap::new(), &Extensions::new(), "ada", password()).await.expect("works");
        let headers = with_cookie(&signed_in);
        clock.advance(12 * HOUR);
        assert!(access.principal(&Method::GET, &headers).await.is_err(), "nobody came for half a day");
    }

    #[tokio::test]
    async fn the_first_person_is_nobody_whom_an_issuer_may_name() {
        let (access, store, clock) = access(&[]).await;
        store.user_of_identity("https://id", "1", "ada", clock.now()).await.expect("works");
        assert_eq!(set_up(&access, "ada").await.map(drop).expect_err("is theirs").code(), ErrorCode::Conflict);
        assert!(set_up(&access, "grace").await.expect("is free").user.is_admin);
        assert!(access.new_setup_link().await.expect("works").is_none());
    }

    #[tokio::test]
    async fn a_setup_link_ends_after_a_day() {
        let (access, _, clock) = access(&[]).await;
        let link = access.new_setup_link().await.expect("works").expect("nobody has a password");
        let token = link.query().and_then(|query| query.strip_prefix("token=")).expect("has a token").to_owned();
        clock.advance(24 * HOUR);
        let outcome = access.set_up(&HeaderMap::new(), &token, "ada", password()).await;
        assert_eq!(outcome.map(drop).expect_err("is too late").code(), ErrorCode::Unauthenticated);
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let (access, ..) = access(&[("SLIPWAY_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2")]).await;
        let check = |peer: &str, forwarded: &[&str], expected: &str| {
            let peer: SocketAddr = format!("{peer}:1").parse().expect("an address");
            let mut extensions = Extensions::new();
            extensions.insert(Peer(peer));
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().expect("a value"));
            }
            let found = access.client_address(&headers, &extensions).map(|address| address.to_string());
            assert_eq!(found.as_deref(), Some(expected), "{peer} {forwarded:?}");
        };
        check("192.0.2.7", &["198.51.100.1"], "192.0.2.7");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9", "198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, 198.51.100.1:4711"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1");
        check("[::ffff:10.0.0.1]", &["198.51.100.1"], "198.51.100.1");
    }
}
