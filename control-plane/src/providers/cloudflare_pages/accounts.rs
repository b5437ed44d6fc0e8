//! Accounts at Cloudflare: API tokens that a person, or an account, has made there.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::api::{AccountRecord, Scope, TokenRecord};
use super::{CloudflarePages, Config, release};
use crate::clock::Timestamp;
use crate::providers::ProviderError;
use crate::providers::accounts::{
    Account, Accounts, Environment, Environments, Listed, Permission, Project, Projects, Revocation,
};
use crate::secrets::{CredentialSecret, sha256};

const READ: &str = "read the project";
const DEPLOY: &str = "deploy";
/// Between the account and the page in a cursor.
const SEPARATOR: char = ':';
/// Pages that one request for a list looks into, when the first have nothing.
const PAGES_LOOKED_AT: usize = 10;
/// Accounts that are named.
const NAMED: usize = 3;

#[async_trait]
impl Accounts for CloudflarePages {
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError> {
        let token = &secret.token;
        let (accounts, record, kind) = match self.api.token(token).await {
            Ok(record) => (self.api.accounts(token).await?, record, "API token"),
            // An account's own token is none of a person.
            Err(refusal @ ProviderError::Rejected(_)) => {
                let Ok(accounts) = self.api.accounts(token).await else { return Err(refusal) };
                let Some(first) = accounts.first() else { return Err(refusal) };
                let record = self.api.account_token(Scope { token, account: &first.id }).await?;
                (accounts, record, "API token of an account")
            }
            Err(error) => return Err(error),
        };
        if record.status != "active" {
            let message =
                format!("Cloudflare says that this token is {}; make one in My Profile, API Tokens", record.status);
            return Err(ProviderError::Rejected(message));
        }
        let Some(first) = accounts.first() else {
            let message =
                "this token reaches no account at Cloudflare; give it the permission Account, Cloudflare Pages, Edit";
            return Err(ProviderError::Rejected(message.to_owned()));
        };
        // Proves that it may see Pages at all.
        self.api.projects(Scope { token, account: &first.id }, 1).await?;
        Ok(Account {
            id: id_of(&accounts),
            name: name_of(&accounts),
            // Cloudflare does not tell what a token may do.
            scopes: Vec::new(),
            expires_at: ends(&record),
            kind,
        })
    }

    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError> {
        let config = Config::of(config)?;
        let scope = config.scope(secret);
        let found = match self.api.project(scope, &config.project).await {
            Ok(found) => found,
            Err(ProviderError::Rejected(why)) => return Ok(vec![Permission::refused(READ, why)]),
            Err(error) => return Err(error),
        };
        let name = &config.project;
        let Some(project) = found else {
            return Ok(vec![if config.create {
                Permission::untold("make the project", format!("{name} is not there yet"))
            } else {
                let why = format!("{name} is not in this account; check `account_id` and `project`, or set `create`");
                Permission::refused(READ, why)
            }]);
        };
        let deploy = match self.api.upload_token(scope, &project.name).await {
            Ok(_) => Permission::granted(DEPLOY, "Cloudflare lets this token upload files"),
            Err(ProviderError::Rejected(why)) => Permission::refused(DEPLOY, why),
            Err(error) => return Err(error),
        };
        Ok(vec![Permission::granted(READ, format!("{name} is there")), deploy])
    }

    async fn revoke(&self, _secret: &CredentialSecret, _is_ours: bool) -> Result<Revocation, ProviderError> {
        Ok(Revocation::Left("the token still works at Cloudflare; delete it there in My Profile, API Tokens"))
    }

    fn projects(&self) -> Option<&dyn Projects> {
        Some(self)
    }

    fn environments(&self) -> Option<&dyn Environments> {
        Some(self)
    }
}

/// Whom a token acts for: one account usually, or several together.
fn id_of(accounts: &[AccountRecord]) -> String {
    if let [only] = accounts {
        return only.id.clone();
    }
    let mut ids: Vec<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    ids.sort_unstable();
    HEXLOWER.encode(&sha256(ids.join(",").as_bytes()))
}

fn name_of(accounts: &[AccountRecord]) -> String {
    let names: Vec<_> = accounts.iter().take(NAMED).map(|account| account.name.as_str()).collect();
    let more = accounts.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn ends(token: &TokenRecord) -> Option<Timestamp> {
    let at = OffsetDateTime::parse(token.expires_on.as_deref()?, &Rfc3339).ok()?;
    Some(Timestamp::from_millis(at.unix_timestamp().saturating_mul(1_000)))
}

#[async_trait]
impl Projects for CloudflarePages {
    /// Account by account. The cursor is the id of one, and the number of a page.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError> {
        let unknown = || ProviderError::Rejected("`cursor` is not one that a list has answered".to_owned());
        let accounts = self.api.accounts(&secret.token).await?;
        let (mut position, mut number) = match cursor {
            None => (0, 1),
            Some(cursor) => {
                let (account, number) = cursor.split_once(SEPARATOR).ok_or_else(unknown)?;
                let position = accounts.iter().position(|found| found.id == account).ok_or_else(unknown)?;
                (position, number.parse().map_err(|_| unknown())?)
            }
        };
        for _ in 0..PAGES_LOOKED_AT {
            let Some(account) = accounts.get(position) else { break };
            let (found, info) = self.api.projects(Scope { token: &secret.token, account: &account.id }, number).await?;
            match info.next(found.len()) {
                Some(next) => number = next,
                None => (position, number) = (position + 1, 1),
            }
            // Cloudflare does not search.
            let is_wanted = |found: &release::Project| search.is_none_or(|search| found.name.contains(search));
            let items: Vec<_> = found.into_iter().filter(is_wanted).map(|found| project(&found, account)).collect();
            if !items.is_empty() {
                return Ok(Listed { items, next_cursor: cursor_of(&accounts, position, number) });
            }
        }
        Ok(Listed { items: Vec::new(), next_cursor: cursor_of(&accounts, position, number) })
    }
}

fn cursor_of(accounts: &[AccountRecord], position: usize, number: u64) -> Option<String> {
    accounts.get(position).map(|account| format!("{}{SEPARATOR}{number}", account.id))
}

fn project(found: &release::Project, account: &AccountRecord) -> Project {
    let config = [("account_id", account.id.as_str()), ("project", found.name.as_str())];
    Project {
        id: found.id.clone().unwrap_or_else(|| found.name.clone()),
        name: format!("{}/{}", account.name, found.name),
        url: found.url(),
        config: config.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
    }
}

#[async_trait]
impl Environments for CloudflarePages {
    /// There are two, of every project.
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let url = self.find_by_name(&secret.token, project).await?.url();
        let environment = |name: &str, url| Environment { id: name.to_owned(), name: name.to_owned(), url };
        Ok(vec![environment("production", url), environment("preview", None)])
    }
}

impl CloudflarePages {
    /// The project that people call so: an account, which may have a `/` in its name, and the project.
    async fn find_by_name(&self, token: &SecretString, name: &str) -> Result<release::Project, ProviderError> {
        let (account, name) = name.rsplit_once('/').map_or((None, name), |(account, name)| (Some(account), name));
        for found in self.api.accounts(token).await? {
            if account.is_none_or(|account| account == found.name || account == found.id)
                && let Some(project) = self.api.project(Scope { token, account: &found.id }, name).await?
            {
                return Ok(project);
            }
        }
        let message = format!("there is no project `{name}` at Cloudflare that this account may see");
        Err(ProviderError::Rejected(message))
    }
}
