//! Accounts at GitLab: personal, project and group access tokens, and those of OAuth, which end after two hours.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::GitLab;
use super::api;
use crate::providers::ProviderError;
use crate::providers::accounts::{
    Account, Accounts, Environment, Environments, Listed, Permission, Project, Projects, Revocation,
};
use crate::providers::oauth::OAuth;
use crate::secrets::CredentialSecret;

/// Lets us do everything.
const API: &str = "api";
/// Lets us push to what is there, when the token may also say whose it is.
const PUSH: &str = "write_repository";
const READ: [&str; 2] = ["read_api", "read_user"];
/// Roles by their number: <https://docs.gitlab.com/api/access_requests/>.
const DEVELOPER: u8 = 30;

#[async_trait]
impl Accounts for GitLab {
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError> {
        let facts = self.api.token(&secret.token).await?;
        let has = |wanted: &str| facts.scopes.iter().any(|scope| scope == wanted);
        let is_enough = has(API) || (has(PUSH) && READ.into_iter().any(has));
        if !is_enough {
            return Err(ProviderError::Rejected(format!(
                "this token may not deploy: it lacks the scope `api`, or `write_repository` with `read_api` for projects that are there already (it has: {}). Make one that has it",
                facts.scopes.join(", ")
            )));
        }
        let user = self.api.user(&secret.token).await?;
        if user.state != "active" {
            return Err(ProviderError::Rejected(format!(
                "the account {} is not active at GitLab; ask its administrator",
                user.username
            )));
        }
        Ok(Account {
            id: user.id.to_string(),
            name: user.username,
            scopes: facts.scopes,
            expires_at: facts.expires_at,
            kind: kind_of(&secret.token),
        })
    }

    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError> {
        let text = |key: &str| config.get(key).and_then(Value::as_str);
        let path = format!("{}/{}", text("namespace").unwrap_or_default(), text("project").unwrap_or_default());
        let Some(project) = self.api.project(&secret.token, &path).await? else {
            if config.get("create") == Some(&Value::Bool(true)) {
                return Ok(vec![Permission::untold("make the project", "its namespace decides who makes projects")]);
            }
            return Ok(vec![Permission::refused(
                "read the project",
                format!(
                    "{path} is not there, or the account has no access to it; check the path and the account's role"
                ),
            )]);
        };
        let branch = text("branch").unwrap_or("main");
        let branch = self.api.branch(&secret.token, &path, branch).await?;
        Ok(vec![
            Permission::granted("read the project", format!("{path} is there")),
            may_push(&project, branch.as_ref()),
        ])
    }

    async fn revoke(&self, secret: &CredentialSecret, is_ours: bool) -> Result<Revocation, ProviderError> {
        match self.oauth.as_ref().map(OAuth::client).filter(|_| is_ours) {
            Some((client_id, client_secret)) => {
                self.api.revoke(client_id, client_secret, &secret.token).await?;
                Ok(Revocation::Revoked)
            }
            None => Ok(Revocation::Left(
                "the token still works at GitLab; revoke it there in Preferences, Access tokens, or Applications",
            )),
        }
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

fn may_push(project: &api::Project, branch: Option<&api::Branch>) -> Permission {
    let path = &project.path_with_namespace;
    if project.archived {
        return Permission::refused("push", format!("{path} is archived; unarchive it, or choose another"));
    }
    match branch {
        Some(branch) if branch.can_push => {
            Permission::granted("push", format!("the account may push to {} of {path}", branch.name))
        }
        Some(branch) if branch.is_protected => Permission::refused(
            "push",
            format!("{} of {path} is protected; a maintainer can let the account push to it", branch.name),
        ),
        _ if project.access_level() >= DEVELOPER => {
            Permission::granted("push", format!("the account may push to {path}"))
        }
        _ => Permission::refused("push", format!("the account needs the role Developer in {path}")),
    }
}

fn kind_of(token: &SecretString) -> &'static str {
    if token.expose_secret().starts_with("glpat-") { "access token" } else { "token" }
}

#[async_trait]
impl Projects for GitLab {
    /// The cursor is the id of a project.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError> {
        let unknown = |_| ProviderError::Rejected("`cursor` is not one that a list has answered".to_owned());
        let after = cursor.map(str::parse).transpose().map_err(unknown)?;
        let found = self.api.projects(&secret.token, search, after).await?;
        Ok(Listed { items: found.items.into_iter().map(project).collect(), next_cursor: found.next_cursor })
    }
}

fn project(found: api::Project) -> Project {
    let namespace = found.path_with_namespace.rsplit_once('/').map_or("", |(namespace, _)| namespace);
    let branch = found.default_branch.as_deref().unwrap_or("main");
    let config = [("namespace", namespace), ("project", &found.path), ("branch", branch)];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    Project { id: found.id.to_string(), url: Some(found.web_url), config, name: found.path_with_namespace }
}

#[async_trait]
impl Environments for GitLab {
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let found = self.api.environments(&secret.token, project).await?;
        let environment = |found: api::Environment| Environment {
            id: found.id.to_string(),
            name: found.name,
            url: found.external_url,
        };
        Ok(found.into_iter().map(environment).collect())
    }
}
