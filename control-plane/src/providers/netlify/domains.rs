//! Domains of a site (Netlify Docs, "Get started with domains"): one that is its main one, and others. Netlify shows a
//! site below a domain when it has a certificate for that, which it makes once the domain's DNS leads to it.

use async_trait::async_trait;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::api::{NetlifyApi, expect, found, message_of};
use super::release::Site;
use super::{Config, Netlify, address_of};
use crate::providers::domains::{DnsRecord, Domain, DomainName, DomainState, Domains};
use crate::providers::{Destination, ProviderError};

/// Where a domain leads that cannot have a CNAME ("Configure external DNS for a custom domain").
const ADDRESS: &str = "75.2.60.5";
const MOST_DOMAINS: usize = 100;

/// What Netlify proves to browsers that it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Certificate {
    domains: Option<Vec<String>>,
}

impl NetlifyApi {
    /// Says which domains a site has: its main one, and others.
    async fn set_domains(&self, token: &SecretString, site: &str, names: &[&str]) -> Result<Site, ProviderError> {
        let (main, others) = names.split_first().map_or((None, &[][..]), |(main, others)| (Some(main), others));
        let body = json!({ "custom_domain": main, "domain_aliases": others });
        let call = self.call(token, Method::PATCH, "sites/{}", &[site])?.json(&body).repeatable();
        let answer = self.http.send(call).await?;
        if answer.status() == 422 {
            return Err(ProviderError::Rejected(format!(
                "Netlify does not take the domain ({}): it may be in use at another site, or has to be proven there first",
                message_of(&answer.value())
            )));
        }
        expect(&answer, "take the domain")?.json()
    }

    /// The domains that a site has a certificate for.
    async fn certified(&self, token: &SecretString, site: &str) -> Result<Vec<String>, ProviderError> {
        let certificate: Option<Certificate> =
            found(&self.get(token, "sites/{}/ssl", &[site]).await?, "show the certificate")?;
        Ok(certificate.and_then(|certificate| certificate.domains).unwrap_or_default())
    }

    /// Has the certificate of a site made again for all its domains; nothing changes while their DNS leads elsewhere.
    async fn certify(&self, token: &SecretString, site: &str) -> Result<(), ProviderError> {
        let answer = self.http.send(self.call(token, Method::POST, "sites/{}/ssl", &[site])?.repeatable()).await?;
        match answer.status().as_u16() {
            400 | 404 | 409 | 422 => Ok(()),
            _ => expect(&answer, "look for the domain").map(drop),
        }
    }
}

/// What a domain of a site is.
fn shown(site: &Site, name: &str, certified: &[String]) -> Domain {
    if certified.iter().any(|domain| domain == name) {
        return Domain { name: name.to_owned(), state: DomainState::Active, records: Vec::new(), message: None };
    }
    // A registered domain cannot have a CNAME at its top (RFC 1912, 2.4).
    let is_top = name.split('.').count() == 2;
    let (kind, value) = if is_top { ("A", ADDRESS.to_owned()) } else { ("CNAME", address_of(&site.name)) };
    let record = DnsRecord { kind: kind.to_owned(), name: name.to_owned(), value };
    let message = Some("Netlify has no certificate for it yet; its DNS has to lead there first".to_owned());
    Domain { name: name.to_owned(), state: DomainState::Pending, records: vec![record], message }
}

impl Netlify {
    async fn site_of<'a>(&self, destination: Destination<'a>) -> Result<(&'a SecretString, Site), ProviderError> {
        let token = &destination.account()?.token;
        let site = self.existing(token, &Config::of(destination.config)?).await?;
        Ok((token, site))
    }
}

#[async_trait]
impl Domains for Netlify {
    async fn domains(&self, destination: Destination<'_>) -> Result<Vec<Domain>, ProviderError> {
        let (token, site) = self.site_of(destination).await?;
        let certified = self.api.certified(token, &site.id).await?;
        Ok(site.domains().into_iter().take(MOST_DOMAINS).map(|name| shown(&site, name, &certified)).collect())
    }

    async fn add_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<Domain, ProviderError> {
        let token = &destination.account()?.token;
        let site = self.site(token, &Config::of(destination.config)?).await?;
        let mut names = site.domains();
        if !names.contains(&name.as_str()) {
            names.push(name.as_str());
            self.api.set_domains(token, &site.id, &names).await?;
        }
        let certified = self.api.certified(token, &site.id).await?;
        Ok(shown(&site, name.as_str(), &certified))
    }

    async fn remove_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<(), ProviderError> {
        let (token, site) = self.site_of(destination).await?;
        let mut names = site.domains();
        if names.contains(&name.as_str()) {
            names.retain(|known| *known != name.as_str());
            self.api.set_domains(token, &site.id, &names).await?;
        }
        Ok(())
    }

    async fn verify_domain(
        &self,
        destination: Destination<'_>,
        name: &DomainName,
    ) -> Result<Option<Domain>, ProviderError> {
        let (token, site) = self.site_of(destination).await?;
        if !site.domains().contains(&name.as_str()) {
            return Ok(None);
        }
        self.api.certify(token, &site.id).await?;
        let certified = self.api.certified(token, &site.id).await?;
        Ok(Some(shown(&site, name.as_str(), &certified)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_needs_a_record_until_it_has_a_certificate() {
        let site: Site =
            serde_json::from_value(json!({ "id": "1", "name": "shop", "custom_domain": "shop.example.com",
            "domain_aliases": ["example.com"] }))
            .expect("is one");
        assert_eq!(site.domains(), ["shop.example.com", "example.com"]);
        let wanted = |name: &str| {
            let record = shown(&site, name, &[]).records.remove(0);
            (record.kind, record.value)
        };
        assert_eq!(wanted("shop.example.com"), ("CNAME".to_owned(), "shop.netlify.app".to_owned()));
        assert_eq!(wanted("example.com"), ("A".to_owned(), ADDRESS.to_owned()));
        let certified = ["example.com".to_owned()];
        assert_eq!(shown(&site, "example.com", &certified).state, DomainState::Active);
        assert_eq!(serde_json::from_value::<Site>(json!({})).expect("is one").domains(), [""; 0]);
    }
}
