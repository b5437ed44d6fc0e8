//! What a browser carries: the session cookie, and the proofs that a request comes from a page of
//! ours and not from one that merely makes the browser send it (CSRF).

use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;
use url::Url;

use crate::error::Error;
use crate::public_url::prefix;
use crate::secrets::RandomSecret;

/// The header in which a page sends back the token that `GET /api/me` gave it.
pub const CSRF_HEADER: &str = "x-csrf-token";
const CSRF_PURPOSE: &str = "slipway csrf token v1";
const FETCH_SITE: &str = "sec-fetch-site";

/// Names and attributes of our cookies.
#[derive(Clone, Copy)]
pub struct Cookies {
    is_secure: bool,
}

/// What a cookie is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// Somebody is signed in.
    Session,
    /// Somebody is on the way to the OpenID Connect issuer and back.
    Oidc,
}

impl Cookies {
    /// For an installation that people reach at `base_url`.
    pub fn new(base_url: &Url) -> Self {
        Self { is_secure: base_url.scheme() == "https" }
    }

    /// `__Host-` promises to the browser that no sub-domain and no plain HTTP page set the cookie.
    /// Browsers take such a cookie only with `Secure`, and `Secure` only over HTTPS (some make an
    /// exception for `localhost`, none of them for `127.0.0.1`); so on plain HTTP, which is for one's
    /// own machine, the name is a plain one.
    fn name(self, cookie: Cookie) -> &'static str {
        match (cookie, self.is_secure) {
            (Cookie::Session, true) => "__Host-slipway",
            (Cookie::Session, false) => "slipway",
            (Cookie::Oidc, true) => "__Host-slipway-oidc",
            (Cookie::Oidc, false) => "slipway-oidc",
        }
    }

    /// The cookie's value in a request. Two different ones count as none: without `__Host-` any page of
    /// the same host, whatever its port, can add one with a longer path, which browsers send first.
    pub fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<RandomSecret> {
        let name = self.name(cookie);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
        let first = values.next()?;
        values.all(|value| value == first).then(|| RandomSecret::presented(first))
    }

    /// A `Set-Cookie` that ends after `seconds`.
    ///
    /// # Panics
    /// Never: a secret of ours is URL-safe.
    pub fn set(self, cookie: Cookie, secret: &RandomSecret, seconds: u64) -> HeaderValue {
        let mut value = HeaderValue::from_str(&self.text(cookie, secret.reveal(), seconds)).expect("is ASCII");
        value.set_sensitive(true);
        value
    }

    /// A `Set-Cookie` that removes it.
    ///
    /// # Panics
    /// Never.
    pub fn clear(self, cookie: Cookie) -> HeaderValue {
        HeaderValue::from_str(&self.text(cookie, "", 0)).expect("is ASCII")
    }

    /// `Lax`, not `Strict`: a link to a deployment in a chat must open signed in.
    fn text(self, cookie: Cookie, value: &str, seconds: u64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name(cookie))
    }
}

/// The token that pages send back. Only who has the session can know it, and a foreign page cannot
/// read it.
pub(super) fn csrf_token(session: &RandomSecret) -> RandomSecret {
    session.derive(CSRF_PURPOSE)
}

/// Refuses a request that changes something unless a page of ours sent it.
pub(super) fn check_csrf(headers: &HeaderMap, base_url: &Url, csrf: &RandomSecret) -> Result<(), Error> {
    check_same_origin(headers, base_url)?;
    let sent = headers.get(CSRF_HEADER).map_or(&b""[..], HeaderValue::as_bytes);
    if !bool::from(sent.ct_eq(csrf.reveal().as_bytes())) {
        return Err(Error::forbidden(
            "send the `csrf_token` of `GET /api/me` in the header `X-CSRF-Token`; a request with a session cookie needs it",
        ));
    }
    Ok(())
}

/// Refuses a request that the browser itself says another site caused. Programs say nothing here.
pub fn check_same_origin(headers: &HeaderMap, base_url: &Url) -> Result<(), Error> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_ours = match (text(FETCH_SITE), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let is_at_host =
                text("host").is_some_and(|host| origin.split_once("://").is_some_and(|(_, at)| at == host));
            is_at_host || origin == base_url.origin().ascii_serialization()
        }
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(Error::forbidden("another site sent this request")) }
}

/// `path` when it stays on this site, else our start page: a sign-in link must not lead elsewhere.
pub fn local_path(path: Option<&str>, base_url: &Url) -> String {
    const LONGEST: usize = 1024;
    let is_local = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= LONGEST
            // Browsers read `\` as `/`, and drop tabs and line breaks.
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(is_local).map_or_else(|| format!("{}/", prefix(base_url)), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    fn base() -> Url {
        "https://ship.example.com/".parse().expect("a URL")
    }

    #[test]
    fn cookies_are_bound_to_the_host_over_https_and_plain_on_loopback() {
        let secret = RandomSecret::presented("s3cret");
        let https = Cookies::new(&base());
        assert_eq!(
            https.set(Cookie::Session, &secret, 60),
            "__Host-slipway=s3cret; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        let http = Cookies::new(&"http://127.0.0.1:7070".parse().expect("a URL"));
        assert_eq!(
            http.set(Cookie::Session, &secret, 60),
            "slipway=s3cret; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
        let sent = headers(&[("cookie", "slipway=plain; __Host-slipway=bound; x")]);
        assert_eq!(https.read(&sent, Cookie::Session).expect("is there").reveal(), "bound");
        assert_eq!(http.read(&sent, Cookie::Session).expect("is there").reveal(), "plain");
        assert!(https.read(&headers(&[("cookie", "slipway=plain")]), Cookie::Session).is_none());
        assert!(http.read(&headers(&[("cookie", "slipway=planted; slipway=mine")]), Cookie::Session).is_none());
    }

    #[track_caller]
    fn check_origin(pairs: &[(&'static str, &str)], expected: bool) {
        assert_eq!(check_same_origin(&headers(pairs), &base()).is_ok(), expected, "{pairs:?}");
    }

    #[test]
    fn other_sites_are_refused() {
        check_origin(&[], true);
        check_origin(&[("sec-fetch-site", "same-origin")], true);
        check_origin(&[("sec-fetch-site", "cross-site")], false);
        check_origin(&[("sec-fetch-site", "same-site")], false);
        check_origin(&[("sec-fetch-site", "cross-site"), ("origin", "https://ship.example.com")], false);
        check_origin(&[("origin", "https://ship.example.com")], true);
        check_origin(&[("origin", "https://evil.example.com")], false);
        check_origin(&[("origin", "null")], false);
        check_origin(&[("origin", "http://127.0.0.1:7070"), ("host", "127.0.0.1:7070")], true);
        check_origin(&[("origin", "https://ship.example.com.evil.net")], false);
    }

    #[test]
    fn the_csrf_token_belongs_to_its_session() {
        let (mine, other) = (RandomSecret::generate(), RandomSecret::generate());
        let token = csrf_token(&mine);
        let sent = headers(&[(CSRF_HEADER, token.reveal())]);
        assert!(check_csrf(&sent, &base(), &token).is_ok());
        assert!(check_csrf(&sent, &base(), &csrf_token(&other)).is_err());
        assert!(check_csrf(&headers(&[]), &base(), &token).is_err());
        assert!(check_csrf(&headers(&[(CSRF_HEADER, "")]), &base(), &token).is_err());
        let foreign = headers(&[(CSRF_HEADER, token.reveal()), ("sec-fetch-site", "cross-site")]);
        assert!(check_csrf(&foreign, &base(), &token).is_err());
    }

    #[test]
    fn after_signing_in_one_stays_here() {
        assert_eq!(local_path(Some("/deployments/1?tab=log"), &base()), "/deployments/1?tab=log");
        for elsewhere in [
            "https://evil.net",
            "//evil.net",
            "/\\evil.net",
            "/\t/evil.net",
            "evil",
            "",
            "/a\nb",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(Some(elsewhere), &base()), "/", "{elsewhere:?}");
        }
        assert_eq!(local_path(None, &base()), "/");
        let shared = "https://example.com/slipway/".parse().expect("a URL");
        assert_eq!(local_path(Some("//elsewhere"), &shared), "/slipway/");
    }
}
