//! Accounts at providers: whom a credential authenticates, what it may do, and how one is connected.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ProviderError;
use super::oauth::OAuth;
use crate::clock::Timestamp;
use crate::secrets::CredentialSecret;

/// Whom a credential authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What the provider never changes; names can be given to somebody else.
    pub id: String,
    /// As it is called there now.
    pub name: String,
    /// What the credential may do, in the provider's words; empty when the provider does not tell.
    pub scopes: Vec<String>,
    /// When the credential ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// What kind of credential it is, in words.
    pub kind: &'static str,
}

/// What a credential may or may not do for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Permission {
    /// To do what.
    pub what: &'static str,
    /// Whether it may; `null` when the provider does not tell before it is tried.
    pub allowed: Option<bool>,
    /// Why, and what to do.
    pub why: String,
}

impl Permission {
    /// It may.
    pub fn granted(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, allowed: Some(true), why: why.into() }
    }

    /// It may not.
    pub fn refused(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, allowed: Some(false), why: why.into() }
    }

    /// Nobody can tell.
    pub fn untold(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, allowed: None, why: why.into() }
    }
}

/// What became of a credential at its provider when it was disconnected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// It is worth nothing any more.
    Revoked,
    /// It goes on until its owner ends it; the sentence says where.
    Left(&'static str),
}

/// A list that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// Part of it.
    pub items: Vec<T>,
    /// What brings the next part.
    pub next_cursor: Option<String>,
}

/// Something at a provider that a target can be for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Project {
    /// As the provider identifies it.
    pub id: String,
    /// As people call it, with its owner.
    pub name: String,
    /// Where it can be looked at.
    pub url: Option<String>,
    /// What it adds to a target's `config`.
    pub config: Map<String, Value>,
}

/// An environment of a project at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProviderEnvironment)] // that of a deployment has the name already
pub struct Environment {
    /// As the provider identifies it.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Where it can be visited.
    pub url: Option<String>,
}

/// The accounts of a provider that needs some.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Asks the provider whose credential this is. Changes nothing there.
    ///
    /// # Errors
    /// `Rejected` with a sentence when it is none, or one that will never be enough.
    async fn validate(&self, secret: &CredentialSecret) -> Result<Account, ProviderError>;

    /// What the credential may do for a target with this config.
    async fn permissions(
        &self,
        secret: &CredentialSecret,
        config: &Map<String, Value>,
    ) -> Result<Vec<Permission>, ProviderError>;

    /// Ends a credential that was given to us by OAuth; `is_ours` tells. A token that somebody made and pasted
    /// may be in use elsewhere, and is left to them.
    async fn revoke(&self, secret: &CredentialSecret, is_ours: bool) -> Result<Revocation, ProviderError>;

    /// Connecting an account with the provider's own pages, when it is configured here.
    fn oauth(&self) -> Option<&OAuth> {
        None
    }

    /// What a target can be for.
    fn projects(&self) -> Option<&dyn Projects> {
        None
    }

    /// The environments of a project.
    fn environments(&self) -> Option<&dyn Environments> {
        None
    }
}

/// Listing what a target can be for.
#[async_trait]
pub trait Projects: Send + Sync {
    /// Those with `search` in their name, after `cursor`.
    async fn projects(
        &self,
        secret: &CredentialSecret,
        search: Option<&str>,
        cursor: Option<&str>,
    ) -> Result<Listed<Project>, ProviderError>;
}

/// Listing the environments of a project.
#[async_trait]
pub trait Environments: Send + Sync {
    /// Those of the project that people call so.
    async fn environments(&self, secret: &CredentialSecret, project: &str) -> Result<Vec<Environment>, ProviderError>;
}
