//! Domains of a project at Vercel (REST API, "Projects", "Domains"). A domain that another account has had must be
//! proven first; then its DNS must lead to Vercel.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::{Scope, VercelApi, expect, found};
use super::release::Project;
use super::{Config, Vercel};
use crate::providers::domains::{DnsRecord, Domain, DomainName, DomainState, Domains};
use crate::providers::http::shortened;
use crate::providers::{Destination, ProviderError};

const MOST_DOMAINS: &str = "100";
/// What domains lead to when Vercel says nothing else ("Working with domains").
const USUAL_CNAME: &str = "cname.vercel-dns.com";
const USUAL_ADDRESS: &str = "76.76.21.21";

/// A domain, as a project has it.
#[derive(Debug, Deserialize)]
pub(super) struct ProjectDomain {
    name: String,
    /// The part of it that somebody has registered.
    #[serde(default, rename = "apexName")]
    apex_name: String,
    verified: bool,
    #[serde(default)]
    verification: Vec<Challenge>,
}

/// What proves that a domain is somebody's.
#[derive(Debug, Deserialize)]
struct Challenge {
    #[serde(rename = "type")]
    kind: String,
    domain: String,
    value: String,
    #[serde(default)]
    reason: String,
}

/// What Vercel has seen in a domain's DNS.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DnsState {
    misconfigured: bool,
    #[serde(rename = "recommendedIPv4")]
    recommended_ipv4: Vec<RecommendedAddresses>,
    #[serde(rename = "recommendedCNAME")]
    recommended_cname: Vec<RecommendedName>,
}

#[derive(Debug, Deserialize)]
struct RecommendedAddresses {
    value: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct RecommendedName {
    value: String,
}

#[derive(Deserialize)]
struct DomainsAnswer {
    domains: Vec<ProjectDomain>,
}

impl VercelApi {
    /// The domains of a project, the first hundred.
    async fn domains(&self, scope: Scope<'_>, project: &str) -> Result<Vec<ProjectDomain>, ProviderError> {
        let call = self.call(scope, Method::GET, "v9/projects/{}/domains", &[project])?.query("limit", MOST_DOMAINS);
        let answer = self.http.send(call).await?;
        Ok(expect(&answer, "list domains")?.json::<DomainsAnswer>()?.domains)
    }

    async fn domain(
        &self,
        scope: Scope<'_>,
        project: &str,
        name: &str,
    ) -> Result<Option<ProjectDomain>, ProviderError> {
        found(&self.get(scope, "v9/projects/{}/domains/{}", &[project, name]).await?, "show the domain")
    }

    async fn add_domain(&self, scope: Scope<'_>, project: &str, name: &str) -> Result<ProjectDomain, ProviderError> {
        let call = self.call(scope, Method::POST, "v10/projects/{}/domains", &[project])?;
        let answer = self.http.send(call.json(&json!({ "name": name }))).await?;
        expect(&answer, "take the domain")?.json()
    }

    async fn remove_domain(&self, scope: Scope<'_>, project: &str, name: &str) -> Result<(), ProviderError> {
        let call = self.call(scope, Method::DELETE, "v9/projects/{}/domains/{}", &[project, name])?.repeatable();
        let answer = self.http.send(call).await?;
        if answer.status() == 404 { Ok(()) } else { expect(&answer, "remove the domain").map(drop) }
    }

    /// Looks for the proof again; a domain without one is answered as it is.
    async fn verify_domain(
        &self,
        scope: Scope<'_>,
        project: &str,
        name: &str,
    ) -> Result<Option<ProjectDomain>, ProviderError> {
        let call = self.call(scope, Method::POST, "v9/projects/{}/domains/{}/verify", &[project, name])?.repeatable();
        let answer = self.http.send(call).await?;
        match answer.status().as_u16() {
            // The proof is not there, which the record tells better.
            400 | 409 | 422 => self.domain(scope, project, name).await,
            _ => found(&answer, "look for the domain"),
        }
    }

    /// What Vercel sees in a domain's DNS.
    async fn dns_state(&self, scope: Scope<'_>, name: &str) -> Result<DnsState, ProviderError> {
        expect(&self.get(scope, "v6/domains/{}/config", &[name]).await?, "look up the domain")?.json()
    }
}

impl ProjectDomain {
    /// What it means, with what is in its DNS if Vercel tells.
    fn shown(self, dns: Option<DnsState>) -> Domain {
        if !self.verified {
            let message = self.verification.iter().map(|challenge| shortened(&challenge.reason)).next();
            let record = |challenge: Challenge| DnsRecord {
                kind: shortened(&challenge.kind),
                name: shortened(&challenge.domain),
                value: shortened(&challenge.value),
            };
            let records = self.verification.into_iter().map(record).collect();
            let message = message.or(Some("Vercel wants to see first that this domain is yours".to_owned()));
            return Domain { name: self.name, state: DomainState::Pending, records, message };
        }
        match dns {
            Some(dns) if dns.misconfigured => {
                let record = self.wanted(&dns);
                let message = Some("its DNS does not lead to Vercel yet".to_owned());
                Domain { name: self.name, state: DomainState::Pending, records: vec![record], message }
            }
            _ => Domain { name: self.name, state: DomainState::Active, records: Vec::new(), message: None },
        }
    }

    /// A registered domain cannot have a CNAME at its top (RFC 1912, 2.4).
    fn wanted(&self, dns: &DnsState) -> DnsRecord {
        let name = self.name.clone();
        if self.name == self.apex_name {
            let value = dns.recommended_ipv4.first().and_then(|advice| advice.value.first());
            let value = value.map_or_else(|| USUAL_ADDRESS.to_owned(), |value| shortened(value));
            return DnsRecord { kind: "A".to_owned(), name, value };
        }
        let value = dns.recommended_cname.first();
        let value = value.map_or_else(|| USUAL_CNAME.to_owned(), |advice| shortened(&advice.value));
        DnsRecord { kind: "CNAME".to_owned(), name, value }
    }
}

impl Vercel {
    async fn with_dns(&self, scope: Scope<'_>, found: ProjectDomain) -> Result<Domain, ProviderError> {
        let dns = if found.verified { Some(self.api.dns_state(scope, &found.name).await?) } else { None };
        Ok(found.shown(dns))
    }

    async fn project_of(&self, destination: Destination<'_>) -> Result<(Config, Project), ProviderError> {
        let config = Config::of(destination.config)?;
        let project = self.existing(config.scope(destination.account()?), &config).await?;
        Ok((config, project))
    }
}

#[async_trait]
impl Domains for Vercel {
    async fn domains(&self, destination: Destination<'_>) -> Result<Vec<Domain>, ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        let scope = config.scope(destination.account()?);
        let mut domains = Vec::new();
        for found in self.api.domains(scope, &project.id).await? {
            domains.push(self.with_dns(scope, found).await?);
        }
        Ok(domains)
    }

    async fn add_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<Domain, ProviderError> {
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let project = self.project(scope, &config).await?;
        let found = match self.api.domain(scope, &project.id, name.as_str()).await? {
            Some(found) => found,
            None => self.api.add_domain(scope, &project.id, name.as_str()).await?,
        };
        self.with_dns(scope, found).await
    }

    async fn remove_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<(), ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        self.api.remove_domain(config.scope(destination.account()?), &project.id, name.as_str()).await
    }

    async fn verify_domain(
        &self,
        destination: Destination<'_>,
        name: &DomainName,
    ) -> Result<Option<Domain>, ProviderError> {
        let (config, project) = self.project_of(destination).await?;
        let scope = config.scope(destination.account()?);
        let found = match self.api.domain(scope, &project.id, name.as_str()).await? {
            Some(found) if !found.verified => self.api.verify_domain(scope, &project.id, name.as_str()).await?,
            found => found,
        };
        match found {
            Some(found) => self.with_dns(scope, found).await.map(Some),
            None => Ok(None),
        }
    }
}
