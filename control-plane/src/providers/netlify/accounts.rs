//! Accounts at Netlify: tokens that somebody made there, or those of OAuth. Neither has scopes or an end.

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::release::Site;
use super::{Config, Netlify, address_of};
use crate::providers::ProviderError;
use crate::providers::accounts::{
    Account, Accounts, Environment, Environments, Listed, Permission, Project, Projects, Revocation,
};
use crate::providers::oauth::OAuth;
use crate::secrets::CredentialSecret;

#[async_trait]
impl Accounts for Netlify {
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError> {
        let user = self.api.user(&secret.token).await?;
        let mut names = [user.full_name, user.email].into_iter().flatten();
        let name = names.find(|name| !name.is_empty()).unwrap_or_else(|| user.id.clone());
        let kind = if secret.token.expose_secret().starts_with("nfp_") { "access token" } else { "token" };
        // Netlify tells neither what a token may do nor when it ends.
        Ok(Account { id: user.id, name, scopes: Vec::new(), expires_at: None, kind })
    }

    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError> {
        const READ: &str = "read the site";
        let config = Config::of(config)?;
        let found = match self.api.site(&secret.token, &config.key()?).await {
            Ok(found) => found,
            Err(ProviderError::Rejected(why)) => return Ok(vec![Permission::refused(READ, why)]),
            Err(error) => return Err(error),
        };
        let name = config.shown();
        Ok(match found {
            Some(site) if config.team.is_some() && config.team != site.account_slug => {
                vec![Permission::refused(READ, format!("{name} belongs to another team; check `team`"))]
            }
            Some(site) => vec![Permission::granted(READ, format!("{} is there", site.name)), may_deploy(&site)],
            None if config.create => vec![Permission::untold("make the site", format!("{name} is not there yet"))],
            None => vec![Permission::refused(
                READ,
                format!("{name} is not there, or the account has no access to it; check the site, or set `create`"),
            )],
        })
    }

    async fn revoke(&self, _secret: &CredentialSecret, _is_ours: bool) -> Result<Revocation, ProviderError> {
        Ok(Revocation::Left("the access still works at Netlify; end it there in User settings, Applications"))
    }

    fn oauth(&self) -> Option<&OAuth> {
        self.oauth.as_ref()
    }

    fn projects(&self) -> Option<&dyn Projects> {
        Some(self)
    }

    fn environments(&self) -> Option<&dyn Environments> {
        Some(self)
    }
}

fn may_deploy(site: &Site) -> Permission {
    const DEPLOY: &str = "deploy";
    if site.prevent_non_git_prod_deploys == Some(true) {
        let why = "the site takes only Netlify's own builds in production; its settings there say so";
        return Permission::refused(DEPLOY, why);
    }
    if site.is_locked() {
        let why = "auto publishing is stopped: a deploy in production waits until somebody publishes it there";
        return Permission::untold(DEPLOY, why);
    }
    Permission::untold(DEPLOY, "Netlify tells what a token may do only when it is used")
}

#[async_trait]
impl Projects for Netlify {
    /// The cursor is the number of a page.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError> {
        let unknown = |_| ProviderError::Rejected("`cursor` is not one that a list has answered".to_owned());
        let page: u32 = cursor.map(str::parse).transpose().map_err(unknown)?.unwrap_or(1);
        let (sites, has_next) = self.api.sites(&secret.token, search, page).await?;
        let next_cursor = has_next.then(|| page.saturating_add(1).to_string());
        Ok(Listed { items: sites.into_iter().map(project).collect(), next_cursor })
    }
}

fn project(site: Site) -> Project {
    let config = [("site_id", &site.id), ("site_name", &site.name)];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.as_str().into())).collect();
    let name = site.account_slug.map_or_else(|| site.name.clone(), |team| format!("{team}/{}", site.name));
    Project { id: site.id, name, url: site.admin_url, config }
}

#[async_trait]
impl Environments for Netlify {
    /// The same for each site; `project` is its name, with or without the team, or its id.
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let name = project.rsplit_once('/').map_or(project, |(_, name)| name);
        let site = match self.api.site(&secret.token, &address_of(name)).await? {
            Some(site) => Some(site),
            None => self.api.site(&secret.token, name).await?,
        };
        let site = site.ok_or_else(|| {
            ProviderError::Rejected(format!("there is no site `{name}` at Netlify that this account may see"))
        })?;
        let environment = |name: &str, url| Environment { id: name.to_owned(), name: name.to_owned(), url };
        Ok(vec![environment("production", site.page()), environment("preview", None), environment("staging", None)])
    }
}
