//! Domains of a project at Cloudflare ("Pages – Custom domains"). Their DNS must lead to the project's own address;
//! where they are at Cloudflare itself, it writes that record alone.

use async_trait::async_trait;
use axum::http::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{PagesApi, Scope};
use super::envelope::{expect, found, result};
use super::release::Project;
use super::{CloudflarePages, Config};
use crate::providers::domains::{DnsRecord, Domain, DomainName, DomainState, Domains};
use crate::providers::http::shortened;
use crate::providers::{Destination, ProviderError};

/// Domains that are listed.
const MOST_DOMAINS: usize = 100;
const DOMAINS: &str = "accounts/{}/pages/projects/{}/domains";
const DOMAIN: &str = "accounts/{}/pages/projects/{}/domains/{}";

/// A domain, as a project has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProjectDomain {
    name: String,
    /// `initializing`, `pending`, `active`, `deactivated`, `blocked`, `error`.
    status: String,
    validation_data: Option<Validation>,
    verification_data: Option<Verification>,
}

/// How it is proven to whoever makes its certificate.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Validation {
    txt_name: Option<String>,
    txt_value: Option<String>,
    error_message: Option<String>,
}

/// Whether its DNS is right.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Verification {
    error_message: Option<String>,
}

impl ProjectDomain {
    /// What it means; `host` is the project's own address.
    fn shown(self, host: Option<&str>) -> Domain {
        let state = match self.status.as_str() {
            "active" => DomainState::Active,
            "blocked" | "deactivated" | "error" => DomainState::Failed,
            _ => DomainState::Pending,
        };
        let verification = self.verification_data.unwrap_or_default();
        let validation = self.validation_data.unwrap_or_default();
        let said = verification.error_message.or(validation.error_message).map(|text| shortened(&text));
        let message = match state {
            DomainState::Active => None,
            DomainState::Pending => said.or(Some("Cloudflare has not seen yet that its DNS leads there".to_owned())),
            DomainState::Failed => said.or(Some(format!("Cloudflare says that it is {}", shortened(&self.status)))),
        };
        let record = |kind: &str, name: &str, value: &str| DnsRecord {
            kind: kind.to_owned(),
            name: shortened(name),
            value: shortened(value),
        };
        let mut records = Vec::new();
        if state != DomainState::Active {
            records.extend(host.map(|host| record("CNAME", &self.name, host)));
            if let (Some(name), Some(value)) = (&validation.txt_name, &validation.txt_value) {
                records.push(record("TXT", name, value));
            }
        }
        Domain { name: self.name, state, records, message }
    }
}

impl PagesApi {
    async fn domains(&self, scope: Scope<'_>, project: &str) -> Result<Vec<ProjectDomain>, ProviderError> {
        result(&self.get(scope, DOMAINS, &[project]).await?, "list domains")
    }

    async fn domain(
        &self,
        scope: Scope<'_>,
        project: &str,
        name: &str,
    ) -> Result<Option<ProjectDomain>, ProviderError> {
        found(&self.get(scope, DOMAIN, &[project, name]).await?, "show the domain")
    }

    async fn add_domain(&self, scope: Scope<'_>, project: &str, name: &str) -> Result<ProjectDomain, ProviderError> {
        let call = self.call(scope, Method::POST, DOMAINS, &[project])?.json(&json!({ "name": name }));
        result(&self.http.send(call).await?, "take the domain")
    }

    async fn remove_domain(&self, scope: Scope<'_>, project: &str, name: &str) -> Result<(), ProviderError> {
        let call = self.call(scope, Method::DELETE, DOMAIN, &[project, name])?.repeatable();
        let answer = self.http.send(call).await?;
        if answer.status() == 404 { Ok(()) } else { expect(&answer, "remove the domain") }
    }

    /// Looks at its DNS again.
    async fn verify_domain(
        &self,
        scope: Scope<'_>,
        project: &str,
        name: &str,
    ) -> Result<Option<ProjectDomain>, ProviderError> {
        let call = self.call(scope, Method::PATCH, DOMAIN, &[project, name])?.repeatable();
        found(&self.http.send(call).await?, "look for the domain")
    }
}

impl CloudflarePages {
    async fn project_of(&self, destination: Destination<'_>) -> Result<(Config, Project), ProviderError> {
        let config = Config::of(destination.config)?;
        let project = self.existing(config.scope(destination.account()?), &config).await?;
        Ok((config, project))
    }
}

#[async_trait]
impl Domains for CloudflarePages {
    async fn domains(&self, destination: Destination<'_>) -> Result<Vec<Domain>, ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        let domains = self.api.domains(config.scope(destination.account()?), &project.name).await?;
        let shown = |domain: ProjectDomain| domain.shown(project.subdomain.as_deref());
        Ok(domains.into_iter().take(MOST_DOMAINS).map(shown).collect())
    }

    async fn add_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<Domain, ProviderError> {
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let project = self.project(scope, &config).await?;
        let domain = match self.api.domain(scope, &project.name, name.as_str()).await? {
            Some(domain) => domain,
            None => self.api.add_domain(scope, &project.name, name.as_str()).await?,
        };
        Ok(domain.shown(project.subdomain.as_deref()))
    }

    async fn remove_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<(), ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        self.api.remove_domain(config.scope(destination.account()?), &project.name, name.as_str()).await
    }

    async fn verify_domain(
        &self,
        destination: Destination<'_>,
        name: &DomainName,
    ) -> Result<Option<Domain>, ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        let scope = config.scope(destination.account()?);
        let domain = self.api.verify_domain(scope, &project.name, name.as_str()).await?;
        Ok(domain.map(|domain| domain.shown(project.subdomain.as_deref())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn shown(record: Value) -> Domain {
        serde_json::from_value::<ProjectDomain>(record).expect("is one").shown(Some("shop.pages.dev"))
    }

    #[test]
    fn a_domain_says_what_is_left_to_do() {
        let active = shown(json!({ "name": "a.example", "status": "active", "validation_data": null }));
        assert_eq!((active.state, active.records.len(), active.message), (DomainState::Active, 0, None));
        let pending = shown(json!({
            "name": "a.example", "status": "pending",
            "validation_data": { "method": "txt", "txt_name": "_cf.a.example", "txt_value": "proof" },
            "verification_data": { "status": "pending", "error_message": "CNAME record not set" },
        }));
        let records: Vec<_> = pending
            .records
            .iter()
            .map(|record| (record.kind.as_str(), record.name.as_str(), record.value.as_str()))
            .collect();
        assert_eq!(records, [("CNAME", "a.example", "shop.pages.dev"), ("TXT", "_cf.a.example", "proof")]);
        assert_eq!(pending.message.as_deref(), Some("CNAME record not set"));
        let blocked = shown(json!({ "name": "a.example", "status": "blocked" }));
        assert_eq!(
            (blocked.state, blocked.message.as_deref()),
            (DomainState::Failed, Some("Cloudflare says that it is blocked"))
        );
        assert_eq!(shown(json!({ "name": "a.example", "status": "initializing" })).state, DomainState::Pending);
    }
}
