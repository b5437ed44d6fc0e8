//! The sections `oidc` and `trusted_jwt`: who else may say who somebody is.

use std::net::IpAddr;

use secrecy::SecretString;
use url::{Host, Url};

use super::{ConfigError, Settings};

/// Sign-in at an OpenID Connect issuer.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Exactly as in its discovery document.
    pub issuer: Url,
    /// Who we are there.
    pub client_id: String,
    /// What proves it; public clients have none.
    pub client_secret: Option<SecretString>,
    /// Asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Only verified e-mail addresses of these domains may sign in; empty for all.
    pub allowed_domains: Vec<String>,
    /// Only members of one of these groups (claim `groups`) may sign in; empty for all.
    pub allowed_groups: Vec<String>,
}

/// JWTs of a platform that stand for its users.
#[derive(Debug, Clone)]
pub struct TrustedJwtSettings {
    /// The `iss` that is trusted.
    pub issuer: String,
    /// Where its public keys are.
    pub jwks_url: Url,
    /// The `aud` that means us.
    pub audience: String,
    /// Which claim identifies the user.
    pub user_claim: String,
    /// Which claim is shown as their name.
    pub name_claim: String,
    /// Which claim lists their teams.
    pub teams_claim: String,
}

impl Settings {
    pub(super) fn oidc(&mut self) -> Result<Option<OidcSettings>, ConfigError> {
        let client_secret = self.secret("oidc.client_secret")?;
        let settings = (self.read("oidc.issuer", parse_url)?, self.parse("oidc.client_id")?);
        let scopes = self.list("oidc.scopes")?.unwrap_or_else(|| vec!["profile".to_owned(), "email".to_owned()]);
        let allowed_domains = self.list("oidc.allowed_domains")?.unwrap_or_default();
        let allowed_groups = self.list("oidc.allowed_groups")?.unwrap_or_default();
        match settings {
            (Some(issuer), Some(client_id)) => {
                Ok(Some(OidcSettings { issuer, client_id, client_secret, scopes, allowed_domains, allowed_groups }))
            }
            (None, None) if client_secret.is_none() => Ok(None),
            (None, _) => Err(missing("oidc.issuer", "oidc.client_id")),
            (_, None) => Err(missing("oidc.client_id", "oidc.issuer")),
        }
    }

    pub(super) fn trusted_jwt(&mut self) -> Result<Option<TrustedJwtSettings>, ConfigError> {
        let issuer: Option<String> = self.parse("trusted_jwt.issuer")?;
        let jwks_url = self.read("trusted_jwt.jwks_url", parse_url)?;
        let audience: Option<String> = self.parse("trusted_jwt.audience")?;
        let mut claim = |key: &str, default: &str| {
            self.parse(key).map(|claim: Option<String>| claim.unwrap_or_else(|| default.to_owned()))
        };
        let user_claim = claim("trusted_jwt.user_claim", "sub")?;
        let name_claim = claim("trusted_jwt.name_claim", "name")?;
        let teams_claim = claim("trusted_jwt.teams_claim", "teams")?;
        match (issuer, jwks_url, audience) {
            (Some(issuer), Some(jwks_url), Some(audience)) => {
                Ok(Some(TrustedJwtSettings { issuer, jwks_url, audience, user_claim, name_claim, teams_claim }))
            }
            (None, None, None) => Ok(None),
            (None, _, _) => Err(missing("trusted_jwt.issuer", "trusted_jwt")),
            (_, None, _) => Err(missing("trusted_jwt.jwks_url", "trusted_jwt")),
            (_, _, None) => Err(missing("trusted_jwt.audience", "trusted_jwt")),
        }
    }

    pub(super) fn trusted_proxies(&mut self) -> Result<Vec<IpAddr>, ConfigError> {
        let parse = |text: &str| {
            let addresses = text.split(',').map(str::trim).filter(|address| !address.is_empty());
            addresses
                .map(|address| address.parse().map_err(|_| format!("has `{address}`, not an IP address")))
                .collect()
        };
        Ok(self.read("trusted_proxies", parse)?.unwrap_or_default())
    }

    fn list(&mut self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let words = |text: &str| text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        self.read(key, |text| Ok(words(text)))
    }
}

pub(super) fn trimmed(text: &SecretString) -> SecretString {
    use secrecy::ExposeSecret;
    text.expose_secret().trim().to_owned().into()
}

fn missing(key: &str, other: &str) -> ConfigError {
    ConfigError::Value {
        key: key.to_owned(),
        origin: "nowhere".to_owned(),
        problem: format!("is missing; `{other}` needs it"),
    }
}

/// Keys and tokens travel there, so only over TLS, or on this machine.
pub(super) fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("is `{text}`, not a URL: {error}"))?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err(format!("is `{text}`, which must begin with `https://`")),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::tests::load_text as load;

    #[test]
    fn sections_are_tables_in_the_file_and_double_underscores_in_the_environment() {
        let text = "[oidc]\nissuer = \"https://id.example.com\"\nclient_id = \"ship\"\nallowed_domains = [\"a.org\", \"b.org\"]\n";
        let config = load(text, &[("SLIPWAY_OIDC__CLIENT_SECRET", "hunter2")]).expect("valid");
        let oidc = config.oidc.expect("is set");
        assert_eq!(oidc.allowed_domains, ["a.org", "b.org"]);
        assert_eq!(oidc.client_secret.as_ref().expect("is set").expose_secret(), "hunter2");
        assert!(!format!("{oidc:?}").contains("hunter2"));
    }

    #[test]
    fn half_a_section_names_what_is_missing() {
        let error = load("[oidc]\nclient_id = \"x\"\n", &[]).expect_err("half");
        assert!(error.contains("`oidc.issuer`"), "{error}");
        let error = load("[trusted_jwt]\nissuer = \"x\"\naudience = \"y\"\n", &[]).expect_err("half");
        assert!(error.contains("`trusted_jwt.jwks_url`"), "{error}");
        let error = load("[oidc]\nissuer = \"http://id.example.com\"\nclient_id = \"x\"\n", &[]).expect_err("plain");
        assert!(error.contains("https://"), "{error}");
        let error = load("[oidc]\ncolour = \"blue\"\n", &[]).expect_err("unknown");
        assert!(error.starts_with("`oidc.colour`"), "{error}");
    }
}
