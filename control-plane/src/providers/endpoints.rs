//! Where a vendor is.

use url::Url;

use crate::config::ProviderSettings;

/// Where the API is below a site: of GitHub Enterprise and GitLab, which one runs oneself, and of Netlify.
const API_PATHS: [&str; 3] = ["api/v3/", "api/v4/", "api/v1/"];

/// Where a vendor is.
pub(super) struct Endpoints {
    /// Its REST API.
    pub(super) api: Url,
    /// Its site, with the pages of OAuth.
    pub(super) site: Url,
    /// Its repositories.
    pub(super) git: Url,
}

impl Endpoints {
    /// As set, or as everybody finds it. Whoever sets only the API means that server for all: nothing secret goes
    /// to the public site then.
    pub(super) fn of(settings: &ProviderSettings, api: &str, site: &str) -> anyhow::Result<Self> {
        let site = match (&settings.auth_url, &settings.api_url) {
            (Some(site), _) => site.clone(),
            (None, Some(api)) => site_of(api),
            (None, None) => site.parse()?,
        };
        let api = settings.api_url.clone().map_or_else(|| api.parse(), Ok)?;
        Ok(Self { api, git: settings.git_url.clone().unwrap_or_else(|| site.clone()), site })
    }
}

/// What an API is below.
pub(super) fn site_of(api: &Url) -> Url {
    let mut site = api.clone();
    let path = API_PATHS.iter().find_map(|path| api.path().strip_suffix(path)).unwrap_or("/");
    site.set_path(path);
    site
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: (&str, &str, &str), expected: (&str, &str, &str)) {
        let url = |text: &str| (!text.is_empty()).then(|| text.parse::<Url>().expect("a URL"));
        let settings = ProviderSettings {
            api_url: url(set.0),
            auth_url: url(set.1),
            git_url: url(set.2),
            ..ProviderSettings::default()
        };
        let found = Endpoints::of(&settings, "https://api.forge.com/", "https://forge.com/").expect("is valid");
        assert_eq!((found.api.as_str(), found.site.as_str(), found.git.as_str()), expected);
    }

    #[test]
    fn whoever_sets_the_api_means_that_server_for_all() {
        check(("", "", ""), ("https://api.forge.com/", "https://forge.com/", "https://forge.com/"));
        check(("https://x.org/api/v3/", "", ""), ("https://x.org/api/v3/", "https://x.org/", "https://x.org/"));
        check(
            ("https://x.org/lab/api/v4/", "", ""),
            ("https://x.org/lab/api/v4/", "https://x.org/lab/", "https://x.org/lab/"),
        );
        check(("https://x.org/rest/", "", ""), ("https://x.org/rest/", "https://x.org/", "https://x.org/"));
        check(
            ("https://x.org/", "https://y.org/", "https://z.org/"),
            ("https://x.org/", "https://y.org/", "https://z.org/"),
        );
    }
}
