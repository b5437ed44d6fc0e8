//! The section `providers`: where each of them is, for GitHub Enterprise, a self-managed GitLab, a test.

use std::collections::BTreeMap;

use url::Url;

use super::{ConfigError, Settings};

/// Whose addresses can be set, and which.
const ADDRESSES: [(&str, &str); 4] = [
    ("providers.github.api_url", "github api"),
    ("providers.github.git_url", "github git"),
    ("providers.gitlab.api_url", "gitlab api"),
    ("providers.gitlab.git_url", "gitlab git"),
];

/// What is reached at another address than the usual one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderSettings(BTreeMap<&'static str, Url>);

impl ProviderSettings {
    /// Where repositories are.
    pub fn git_url(&self, id: &str, usual: &str) -> Result<Url, url::ParseError> {
        self.url(&format!("{id} git"), usual)
    }

    /// Where the REST API is.
    pub fn api_url(&self, id: &str, usual: &str) -> Result<Url, url::ParseError> {
        self.url(&format!("{id} api"), usual)
    }

    fn url(&self, name: &str, usual: &str) -> Result<Url, url::ParseError> {
        self.0.get(name).map_or_else(|| usual.parse(), |url| Ok(url.clone()))
    }
}

impl Settings {
    pub(super) fn providers(&mut self) -> Result<ProviderSettings, ConfigError> {
        let mut settings = ProviderSettings::default();
        for (key, name) in ADDRESSES {
            if let Some(url) = self.read(key, parse_url)? {
                settings.0.insert(name, url);
            }
        }
        Ok(settings)
    }
}

/// Tokens go there, so anything but this machine is reached over TLS.
fn parse_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("is `{text}`, which is no URL: {error}"))?;
    let is_local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err(format!("is `{text}`; it must begin with `https://`, because credentials are sent there"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("must be an address without user, query and fragment".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_over_tls_or_to_this_machine() {
        for good in
            ["https://git.example.com", "https://example.com/gitlab/", "http://127.0.0.1:3000", "http://localhost"]
        {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        for wrong in [
            "git.example.com",
            "http://git.example.com",
            "http://127.0.0.1.example.com",
            "ssh://git@x",
            "https://a:b@x",
            "https://x/?a",
        ] {
            assert!(parse_url(wrong).is_err(), "{wrong}");
        }
    }
}
