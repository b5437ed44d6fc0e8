//! Domains of their own that people give to what they deploy. They live at the provider, which also knows whether the
//! name server's records are right: nothing of them is kept here.
//!
//! A provider joins by [`Provider::domains`](super::Provider::domains).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Host;
use utoipa::ToSchema;

use super::{Destination, ProviderError};

/// RFC 1035, 2.3.4.
const LONGEST_NAME_BYTES: usize = 253;

/// The name of a domain: lower case, in ASCII (IDNA), with a dot in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// The name as it stands in DNS. What people write may have letters of any script.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("`{}` {why}", text.escape_debug()));
        let Ok(Host::Domain(name)) = Host::parse(text) else {
            return wrong("is not the name of a domain, like `www.example.com`");
        };
        let is_label = |label: &str| {
            let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            (1..=63).contains(&label.len()) && label.chars().all(is_fine) && !label.starts_with('-')
        };
        if name.len() > LONGEST_NAME_BYTES || !name.contains('.') || !name.split('.').all(is_label) {
            return wrong("is not a full name, like `www.example.com`");
        }
        Ok(Self(name))
    }

    /// As it stands in DNS.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a domain shows what is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DomainState {
    /// It does.
    Active,
    /// Not before somebody has done something (`records`), or not before the provider has seen it.
    Pending,
    /// It does not, and will not by itself; `message` says why.
    Failed,
}

/// What has to stand in the domain's DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DnsRecord {
    /// `CNAME`, `TXT`, `A`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where.
    pub name: String,
    /// What.
    pub value: String,
}

/// A domain that somebody has given to what is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Domain {
    /// As it stands in DNS.
    pub name: String,
    /// Whether it shows what is deployed.
    pub state: DomainState,
    /// What the provider wants to see in its DNS, as far as it tells; empty when nothing is left to do.
    #[schema(max_items = 20)]
    pub records: Vec<DnsRecord>,
    /// What the provider says about it.
    pub message: Option<String>,
}

/// A provider that takes domains.
#[async_trait]
pub trait Domains: Send + Sync {
    /// Those of the target's project, the first hundred.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn domains(&self, destination: Destination<'_>) -> Result<Vec<Domain>, ProviderError>;

    /// Gives one to the target's project; one that it has already is as good.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn add_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<Domain, ProviderError>;

    /// Takes one away from it; one that it has not is as good.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn remove_domain(&self, destination: Destination<'_>, name: &DomainName) -> Result<(), ProviderError>;

    /// Asks the provider to look at the DNS again; `None` when the project has no such domain.
    ///
    /// # Errors
    /// When the provider cannot be asked, or refuses.
    async fn verify_domain(
        &self,
        destination: Destination<'_>,
        name: &DomainName,
    ) -> Result<Option<Domain>, ProviderError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_in_dns() {
        for (text, expected) in [
            ("www.example.com", Some("www.example.com")),
            ("WWW.Example.COM", Some("www.example.com")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("_dmarc.example.com", Some("_dmarc.example.com")),
            ("localhost", None),
            ("example.com.", None),
            ("a..b", None),
            ("-a.example", None),
            ("127.0.0.1", None),
            ("[::1]", None),
            ("example.com/x", None),
            ("a b.example", None),
            ("*.example.com", None),
            ("", None),
        ] {
            assert_eq!(DomainName::parse(text).ok().as_ref().map(DomainName::as_str), expected, "{text}");
        }
        assert!(DomainName::parse(&format!("{}.example", "a".repeat(64))).is_err());
        assert!(DomainName::parse(&["abcdefg"; 33].join(".")).is_err());
    }
}
