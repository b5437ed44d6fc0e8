//! The places a deployment can go. A provider is one folder here; it gets the artifact and the
//! target's settings, and answers where the release is live. It never changes a deployment itself.

pub mod local;
#[cfg(debug_assertions)]
pub mod rehearsal;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use slipway_proto::plan::Routing;

use crate::ids::DeploymentId;
use crate::store::Artifact;

/// What a provider is told about one deployment.
pub struct DeployContext<'a> {
    /// Which deployment; the same one may be handed over again after a crash.
    pub deployment_id: DeploymentId,
    /// `production`, `preview` or `staging`.
    pub environment: &'a str,
    /// The same at every attempt: for providers that answer a repeated request with what they made before,
    /// and for finding what they made.
    pub idempotency_key: &'a str,
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
    /// What the provider calls it.
    pub provider_ref: Option<String>,
}

/// Why a provider did not publish.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider says no, and nothing was made; the sentence says why and what to do.
    #[error("{0}")]
    Rejected(String),
    /// Not now, and nothing was made: a rate limit, or a provider that says it is overloaded.
    #[error("the provider is busy")]
    Busy {
        /// How long it asks us to wait, when it says so.
        retry_after: Option<Duration>,
    },
    /// Something failed on the way; whether something was made, only the provider knows.
    #[error("the provider could not be reached or failed")]
    Failed(#[source] anyhow::Error),
}

/// What a provider says has become of a call whose answer we do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// It was received, and this is what came of it.
    Released(Release),
    /// It was received, and is not done yet.
    UnderWay,
    /// It was never received, or made nothing.
    Nothing,
    /// The provider has no way to tell.
    Untold,
}

/// What came of asking a provider to hold back a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It will not go live.
    Cancelled,
    /// It is live already.
    TooLate,
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

    /// Publishes the artifact. Not repeated before [`look_up`](Self::look_up) has said that an earlier
    /// call made nothing.
    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Release, ProviderError>;

    /// What became of an earlier [`deploy`](Self::deploy) of this deployment that has no answer.
    ///
    /// # Errors
    /// `Busy` and `Failed`, when the provider cannot be asked now.
    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError>;

    /// Holding back what is being published, for providers that can.
    fn canceller(&self) -> Option<&dyn Canceller> {
        None
    }

    /// Forgets a deployment whose record is being deleted.
    async fn forget(&self, deployment: DeploymentId);
}

/// A provider that can hold back a release while it is made.
#[async_trait]
pub trait Canceller: Send + Sync {
    /// Asks for it. `Cancelled` also when the provider never received the release.
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError>;
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
