//! The places a deployment can go. A provider is one folder here; it gets the artifact and the
//! target's settings, and answers where the release is live. It never changes a deployment itself.

pub mod local;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use slipway_proto::plan::Routing;

use crate::ids::DeploymentId;
use crate::store::Artifact;

/// What a provider is told about one deployment.
pub struct DeployContext<'a> {
    /// Which deployment; the same one may be handed over again after a crash.
    pub deployment_id: DeploymentId,
    /// What to publish.
    pub artifact: &'a Artifact,
    /// How paths without a file are answered, for providers that serve the tree themselves.
    pub routing: Routing,
}

/// A release that went live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Where it can be visited.
    pub url: String,
}

/// Why a provider did not publish.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider says no; the sentence says why and what to do.
    #[error("{0}")]
    Rejected(String),
    /// Something failed on the way.
    #[error("the provider could not be reached or failed")]
    Failed(#[source] anyhow::Error),
}

/// A place a deployment can go.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Stable id, as in targets and paths.
    fn id(&self) -> &'static str;

    /// Checks a target's settings before they are stored.
    ///
    /// # Errors
    /// A sentence that names the offending key.
    fn check_config(&self, config: &serde_json::Map<String, serde_json::Value>) -> Result<(), String>;

    /// Publishes the artifact. Called again for the same deployment it answers the same release
    /// without making a second one.
    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Release, ProviderError>;

    /// Forgets a deployment whose record is being deleted.
    async fn forget(&self, deployment: DeploymentId);
}

/// All providers of this installation.
#[derive(Clone)]
pub struct Providers(Arc<BTreeMap<&'static str, Arc<dyn Provider>>>);

impl Providers {
    /// Registers providers under their ids.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        Self(Arc::new(providers.into_iter().map(|provider| (provider.id(), provider)).collect()))
    }

    /// The provider with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<dyn Provider>> {
        self.0.get(id)
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
