//! Accounts at GitHub: classic and fine-grained tokens, those of OAuth apps and of GitHub Apps.

use std::collections::BTreeSet;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::GitHub;
use super::api::{Repository, TokenFacts};
use crate::providers::ProviderError;
use crate::providers::accounts::{
    Account, Accounts, Environment, Environments, Listed, Permission, Project, Projects, Revocation,
};
use crate::providers::oauth::OAuth;
use crate::secrets::CredentialSecret;

/// Either lets us push; the second to public repositories only.
const PUSH_SCOPES: [&str; 2] = ["repo", "public_repo"];
/// A search looks through so many pages at a time.
const SEARCHED_PAGES: u32 = 5;

#[async_trait]
impl Accounts for GitHub {
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError> {
        let (user, facts) = self.api.user(&secret.token).await?;
        if let Some(scopes) = facts.scopes.as_ref().filter(|scopes| !has_any(scopes, &PUSH_SCOPES)) {
            let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
            let scopes = if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") };
            return Err(ProviderError::Rejected(format!(
                "this token may not push: it lacks the scope `repo` (it has: {scopes}). Make one with `repo`, and `workflow` for workflow files"
            )));
        }
        Ok(Account {
            id: user.id.to_string(),
            name: user.login,
            scopes: facts.scopes.into_iter().flatten().collect(),
            expires_at: facts.expires_at,
            kind: kind_of(&secret.token),
        })
    }

    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError> {
        let text = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default();
        let (user, facts) = self.api.user(&secret.token).await?;
        let (owner, name) = (text("owner"), text("repo"));
        let repository = self.api.repository(&secret.token, owner, name).await?;
        let mut permissions = match &repository {
            Some(repository) => on_repository(repository, &facts),
            None if config.get("create") == Some(&Value::Bool(true)) => {
                vec![by_scope("make the repository", &facts, &PUSH_SCOPES)]
            }
            None => vec![Permission::refused(
                "read the repository",
                format!(
                    "{owner}/{name} is not there, or {} has no access to it; check the name and the token's repositories",
                    user.login
                ),
            )],
        };
        permissions.push(by_scope("push workflow files", &facts, &["workflow"]));
        permissions.push(by_scope("show deployments", &facts, &["repo", "repo_deployment", "public_repo"]));
        Ok(permissions)
    }

    async fn revoke(&self, secret: &CredentialSecret, is_ours: bool) -> Result<Revocation, ProviderError> {
        const LEFT: Revocation = Revocation::Left(
            "the token still works at GitHub; delete it there in Settings, Developer settings, or Applications",
        );
        let Some((client_id, Some(client_secret))) = self.oauth.as_ref().map(OAuth::client) else { return Ok(LEFT) };
        if !is_ours {
            return Ok(LEFT);
        }
        self.api.revoke(client_id, client_secret, &secret.token).await?;
        Ok(Revocation::Revoked)
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

fn on_repository(repository: &Repository, facts: &TokenFacts) -> Vec<Permission> {
    let name = &repository.full_name;
    let push = if repository.archived {
        Permission::refused("push", format!("{name} is archived; unarchive it, or choose another"))
    } else if !repository.permissions.push {
        Permission::refused("push", format!("the account may only read {name}; ask its owner for write access"))
    } else if repository.private && facts.scopes.as_ref().is_some_and(|scopes| !scopes.contains("repo")) {
        Permission::refused("push", format!("{name} is private and the token lacks the scope `repo`"))
    } else if facts.scopes.is_none() {
        Permission::untold(
            "push",
            format!("the account may; whether this token has `Contents: write` for {name} shows when it is used"),
        )
    } else {
        Permission::granted("push", format!("the account may write to {name}"))
    };
    vec![Permission::granted("read the repository", format!("{name} is there")), push]
}

fn by_scope(what: &'static str, facts: &TokenFacts, any_of: &[&str]) -> Permission {
    match &facts.scopes {
        Some(scopes) if has_any(scopes, any_of) => Permission::granted(what, "the token has the scope for it"),
        Some(_) => Permission::refused(what, format!("the token lacks the scope `{}`", any_of[0])),
        None => Permission::untold(what, "GitHub does not tell what this kind of token may do"),
    }
}

fn has_any(scopes: &BTreeSet<String>, any_of: &[&str]) -> bool {
    any_of.iter().any(|scope| scopes.contains(*scope))
}

fn kind_of(token: &SecretString) -> &'static str {
    let token = token.expose_secret();
    let kinds = [
        ("github_pat_", "fine-grained token"),
        ("ghp_", "classic token"),
        ("gho_", "OAuth token"),
        ("ghu_", "token of a GitHub App"),
    ];
    kinds.into_iter().find(|(prefix, _)| token.starts_with(prefix)).map_or("token", |(_, kind)| kind)
}

#[async_trait]
impl Projects for GitHub {
    /// The cursor is a page.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError> {
        let first: u32 = cursor
            .map_or(Some(1), |cursor| cursor.parse().ok().filter(|page| *page > 0))
            .ok_or_else(|| ProviderError::Rejected("`cursor` is not one that a list has answered".to_owned()))?;
        let search = search.unwrap_or_default().to_lowercase();
        let mut items: Vec<Project> = Vec::new();
        let mut page = first;
        loop {
            let found = self.api.repositories(&secret.token, page).await?;
            let matching = found.items.into_iter().filter(|found| found.full_name.to_lowercase().contains(&search));
            items.extend(matching.map(project));
            let is_enough = !items.is_empty() || page - first + 1 >= SEARCHED_PAGES;
            if is_enough || found.next_cursor.is_none() {
                return Ok(Listed { items, next_cursor: found.next_cursor });
            }
            page += 1;
        }
    }
}

fn project(repository: Repository) -> Project {
    let owner = repository.full_name.split('/').next().unwrap_or_default();
    let config = [("owner", owner), ("repo", &repository.name), ("branch", &repository.default_branch)];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    Project { id: repository.id.to_string(), url: Some(repository.html_url), config, name: repository.full_name }
}

#[async_trait]
impl Environments for GitHub {
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let (owner, name) = project
            .split_once('/')
            .ok_or_else(|| ProviderError::Rejected("`project` must be `owner/repository`".to_owned()))?;
        let found = self.api.environments(&secret.token, owner, name).await?;
        let environment = |found: super::api::Environment| Environment {
            id: found.id.to_string(),
            name: found.name,
            url: Some(found.html_url),
        };
        Ok(found.into_iter().map(environment).collect())
    }
}
