//! The section `providers`: where each vendor is and who we are there. Without it they are where everybody
//! finds them, and accounts are connected by token alone.
//!
//! Requests to vendors go through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::people::{parse_url, trimmed};
use super::{ConfigError, Settings};

/// Vendors that can be told apart in settings. In names of environment variables `-` is `_`.
pub(super) const IDS: [&str; 5] = ["cloudflare-pages", "github", "gitlab", "netlify", "vercel"];
/// What can be set for each.
const KEYS: [&str; 8] = [
    "api_url",
    "auth_url",
    "git_url",
    "upload_url",
    "registry_url",
    "client_id",
    "client_secret",
    "client_secret_file",
];
const CA_FILE: &str = "providers.ca_file";

/// Where one vendor is and who we are there.
#[derive(Debug, Clone, Default)]
pub struct ProviderSettings {
    /// Of its REST API.
    pub api_url: Option<Url>,
    /// Of the pages and endpoints of OAuth.
    pub auth_url: Option<Url>,
    /// Of its repositories.
    pub git_url: Option<Url>,
    /// Of uploads, where they go elsewhere.
    pub upload_url: Option<Url>,
    /// Of its registry.
    pub registry_url: Option<Url>,
    /// Who we are, for OAuth.
    pub client_id: Option<String>,
    /// What proves it; public clients have none.
    pub client_secret: Option<SecretString>,
}

/// All vendors.
#[derive(Debug, Clone, Default)]
pub struct ProvidersSettings {
    by_id: BTreeMap<&'static str, ProviderSettings>,
    /// Certificate authorities (PEM) that are trusted besides those of this machine.
    pub ca_file: Option<PathBuf>,
}

impl ProvidersSettings {
    /// What is set for one of them.
    pub fn of(&self, id: &str) -> ProviderSettings {
        self.by_id.get(id).cloned().unwrap_or_default()
    }
}

/// Whether it is a setting of this section.
pub(super) fn is_known(key: &str) -> bool {
    key == CA_FILE
        || key
            .strip_prefix("providers.")
            .and_then(|rest| rest.split_once('.'))
            .is_some_and(|(id, key)| IDS.contains(&id) && KEYS.contains(&key))
}

/// The key that a variable of the environment means, where `-` cannot be written.
pub(super) fn key_of_variable(key: String) -> String {
    let Some((id, rest)) = key.strip_prefix("providers.").and_then(|rest| rest.split_once('.')) else { return key };
    format!("providers.{}.{rest}", id.replace('_', "-"))
}

/// The settings of this section, for whoever mistyped one.
pub(super) fn known() -> String {
    format!("{CA_FILE}, providers.{{{}}}.{{{}}}", IDS.join(" "), KEYS.join(" "))
}

impl Settings {
    pub(super) fn providers(&mut self) -> Result<ProvidersSettings, ConfigError> {
        let mut by_id = BTreeMap::new();
        for id in IDS {
            by_id.insert(id, self.provider(id)?);
        }
        Ok(ProvidersSettings { by_id, ca_file: self.parse(CA_FILE)? })
    }

    fn provider(&mut self, id: &str) -> Result<ProviderSettings, ConfigError> {
        let key = |name: &str| format!("providers.{id}.{name}");
        Ok(ProviderSettings {
            api_url: self.base_url(&key("api_url"))?,
            auth_url: self.base_url(&key("auth_url"))?,
            git_url: self.base_url(&key("git_url"))?,
            upload_url: self.base_url(&key("upload_url"))?,
            registry_url: self.base_url(&key("registry_url"))?,
            client_id: self.parse(&key("client_id"))?,
            client_secret: self.secret(&key("client_secret"))?,
        })
    }

    /// A URL that paths are joined to, so it ends in a slash.
    fn base_url(&mut self, key: &str) -> Result<Option<Url>, ConfigError> {
        self.read(key, |text| {
            let mut url = parse_url(text)?;
            if !url.username().is_empty()
                || url.password().is_some()
                || url.query().is_some()
                || url.fragment().is_some()
            {
                return Err("must be an address only, without user, password or query".to_owned());
            }
            if !url.path().ends_with('/') {
                url.set_path(&format!("{}/", url.path()));
            }
            Ok(url)
        })
    }

    /// A secret that is written here, or in the file that `{key}_file` names.
    pub(super) fn secret(&mut self, key: &str) -> Result<Option<SecretString>, ConfigError> {
        let here = self.read(key, |text| Ok(SecretString::from(text.to_owned())))?;
        match self.parse::<PathBuf>(&format!("{key}_file"))? {
            Some(path) => {
                let text = std::fs::read_to_string(&path).map(SecretString::from);
                text.map(|text| Some(trimmed(&text))).map_err(|source| ConfigError::Unreadable { path, source })
            }
            None => Ok(here),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::tests::load_text as load;

    #[test]
    fn vendors_are_where_they_are_said_to_be() {
        let text = "[providers.gitlab]\napi_url = \"https://git.example.com/api/v4\"\n";
        let secret = ("SLIPWAY_PROVIDERS__GITLAB__CLIENT_SECRET", "hunter2");
        let config = load(text, &[secret, ("SLIPWAY_PROVIDERS__GITLAB__CLIENT_ID", "ship")]).expect("valid");
        let gitlab = config.providers.of("gitlab");
        assert_eq!(gitlab.api_url.as_ref().expect("is set").as_str(), "https://git.example.com/api/v4/");
        assert_eq!(gitlab.client_secret.as_ref().expect("is set").expose_secret(), "hunter2");
        assert!(!format!("{:?}", config.providers).contains("hunter2"));
        assert!(config.providers.of("github").client_id.is_none());
    }

    #[test]
    fn credentials_are_sent_over_tls_or_to_this_machine() {
        let accepts = |url: &str| load(&format!("[providers.github]\ngit_url = \"{url}\"\n"), &[]).is_ok();
        for good in ["https://git.example.com", "https://example.com/x/", "http://127.0.0.1:3000", "http://localhost"] {
            assert!(accepts(good), "{good}");
        }
        for wrong in ["git.example.com", "http://127.0.0.1.example.com", "ssh://git@x", "https://a:b@x", "https://x/?a"]
        {
            assert!(!accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_client_secret_may_be_in_a_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("secret");
        std::fs::write(&file, "hunter2\n").expect("write");
        let variable = [("SLIPWAY_PROVIDERS__GITHUB__CLIENT_SECRET_FILE", file.to_str().expect("UTF-8"))];
        let config = load("", &variable).expect("valid");
        assert_eq!(config.providers.of("github").client_secret.expect("is set").expose_secret(), "hunter2");
    }

    #[test]
    fn what_is_wrong_names_the_key() {
        for (text, part) in [
            ("[providers.github]\napi_url = \"http://git.example.com\"\n", "`providers.github.api_url`"),
            ("[providers.github]\napi_url = \"https://ada:x@git.example.com\"\n", "without user"),
            ("[providers.github]\ncolour = \"blue\"\n", "`providers.github.colour`"),
            (
                "[providers.geocities]\napi_url = \"https://x.org\"\n",
                "providers.{cloudflare-pages github gitlab netlify vercel}",
            ),
        ] {
            let error = load(text, &[]).expect_err("is wrong");
            assert!(error.contains(part), "{error}");
        }
    }
}
