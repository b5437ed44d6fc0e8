//! Accounts at Vercel: tokens that somebody made there, for all teams of a person, one team, or one project,
//! and those of an integration.

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::api::{Scope, Team, User};
use super::release;
use super::{Config, Vercel};
use crate::providers::ProviderError;
use crate::providers::accounts::{
    Account, Accounts, Environment, Environments, Listed, Permission, Project, Projects, Revocation,
};
use crate::providers::oauth::OAuth;
use crate::secrets::CredentialSecret;

/// Environments that every project has and that can be deployed to.
const USUAL: [&str; 3] = ["production", "preview", "staging"];
/// Teams that one request for a list looks into, when the first have nothing.
const SCOPES_LOOKED_AT: usize = 10;
/// Between the team and the page in a cursor.
const SEPARATOR: char = ':';

#[async_trait]
impl Accounts for Vercel {
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError> {
        let user = self.api.user(&secret.token).await?;
        let name = user.username.or(user.email).unwrap_or_else(|| user.id.clone());
        let kind = if secret.token.expose_secret().starts_with("vcp_") { "access token" } else { "token" };
        // Vercel tells neither what a token may do nor when it ends.
        Ok(Account { id: user.id, name, scopes: Vec::new(), expires_at: None, kind })
    }

    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError> {
        const READ: &str = "read the project";
        let config = Config::of(config)?;
        let found = match self.api.project(config.scope(secret), &config.project).await {
            Ok(found) => found,
            Err(ProviderError::Rejected(why)) => return Ok(vec![Permission::refused(READ, why)]),
            Err(error) => return Err(error),
        };
        let name = &config.project;
        let deploy = Permission::untold("deploy", "Vercel tells what a token may do only when it is used");
        Ok(match found {
            Some(project) => vec![Permission::granted(READ, format!("{} is there", project.name)), deploy],
            None if config.create => {
                vec![Permission::untold("make the project", format!("{name} is not there yet")), deploy]
            }
            None => vec![Permission::refused(
                READ,
                format!(
                    "{name} is not there, or the account has no access to it; check `project` and `team_id`, or set `create`"
                ),
            )],
        })
    }

    async fn revoke(&self, _secret: &CredentialSecret, _is_ours: bool) -> Result<Revocation, ProviderError> {
        Ok(Revocation::Left(
            "the token still works at Vercel; delete it there in Account Settings, Tokens, or remove the integration",
        ))
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

#[async_trait]
impl Projects for Vercel {
    /// The person's own first, then team by team. The cursor is the id of a team, or nothing, and Vercel's own cursor.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError> {
        let (user, teams) = tokio::try_join!(self.api.user(&secret.token), self.api.teams(&secret.token))?;
        let scopes = scopes(&user, &teams);
        let (first, mut from) = match cursor.map(|cursor| cursor.split_once(SEPARATOR)) {
            None => (0, None),
            Some(Some((team, from))) => {
                let position = scopes.iter().position(|scope| id_of(*scope) == team).ok_or_else(unknown_cursor)?;
                (position, Some(from.to_owned()).filter(|from| !from.is_empty()))
            }
            Some(None) => return Err(unknown_cursor()),
        };
        for (looked_at, (position, team)) in scopes.iter().enumerate().skip(first).enumerate() {
            let team_id = team.map(|team| ("teamId", team.id.as_str()));
            let scope = Scope { token: &secret.token, team: team_id };
            let page = self.api.projects(scope, search, from.take().as_deref()).await?;
            let next_cursor = match (&page.next, scopes.get(position + 1)) {
                (Some(next), _) => Some(format!("{}{SEPARATOR}{next}", id_of(*team))),
                (None, Some(next)) => Some(format!("{}{SEPARATOR}", id_of(*next))),
                (None, None) => None,
            };
            let is_enough = !page.items.is_empty() || next_cursor.is_none() || looked_at + 1 >= SCOPES_LOOKED_AT;
            if is_enough {
                let items = page.items.into_iter().map(|found| project(found, *team)).collect();
                return Ok(Listed { items, next_cursor });
            }
        }
        Ok(Listed { items: Vec::new(), next_cursor: None })
    }
}

fn unknown_cursor() -> ProviderError {
    ProviderError::Rejected("`cursor` is not one that a list has answered".to_owned())
}

/// Where projects can be: `None` is the person's own account.
fn scopes<'a>(user: &User, teams: &'a [Team]) -> Vec<Option<&'a Team>> {
    let has_own = user.version.as_deref() != Some("northstar");
    has_own.then_some(None).into_iter().chain(teams.iter().map(Some)).collect()
}

fn id_of(team: Option<&Team>) -> &str {
    team.map_or("", |team| team.id.as_str())
}

fn project(found: release::Project, team: Option<&Team>) -> Project {
    let owner = team.map(|team| team.id.clone()).or(found.account_id).filter(|owner| owner.starts_with("team_"));
    let config = [("project", Some(found.name.clone())), ("team_id", owner)];
    let config = config.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect();
    let name = team.map_or_else(|| found.name.clone(), |team| format!("{}/{}", team.slug, found.name));
    let url = team.map(|_| format!("https://vercel.com/{name}"));
    Project { id: found.id, name, url, config }
}

#[async_trait]
impl Environments for Vercel {
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let (team, name) = match project.split_once('/') {
            Some((team, name)) => (Some(("slug", team)), name),
            None => (None, project),
        };
        let custom = self.api.environments(Scope { token: &secret.token, team }, name).await?;
        let usual = USUAL.map(|name| Environment { id: name.to_owned(), name: name.to_owned(), url: None });
        let custom = custom.into_iter().map(|found| Environment { id: found.id, name: found.slug, url: None });
        Ok(usual.into_iter().chain(custom).collect())
    }
}
