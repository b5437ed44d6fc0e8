//! The places a deployment can go. A provider is one folder here; it gets the artifact and the
//! target's settings, and answers where the release is live. It never changes a deployment itself.

pub mod accounts;
mod cloudflare_pages;
pub mod descriptor;
pub mod domains;
mod endpoints;
mod git;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod local;
mod netlify;
pub mod oauth;
#[cfg(debug_assertions)]
pub mod rehearsal;
mod static_host;
mod vercel;
pub mod webhooks;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slipway_proto::plan::Routing;
use utoipa::ToSchema;

use self::accounts::Accounts;
use self::descriptor::Descriptor;
use self::domains::Domains;
use self::webhooks::Webhooks;
use crate::artifacts::ArtifactStore;
use crate::config::ProvidersSettings;
use crate::ids::DeploymentId;
use crate::secrets::CredentialSecret;
use crate::store::Artifact;
use crate::webhooks::Callback;

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
    /// Where to.
    pub destination: Destination<'a>,
    /// Of a rollback: what the provider calls the release that it replaces.
    pub replaces: Option<&'a str>,
    /// How paths without a file are answered, for providers that serve the tree themselves.
    pub routing: Routing,
    /// The branch and the commit that it is to be shown as, for providers that know such.
    pub branch: Option<&'a str>,
    /// See [`branch`](Self::branch).
    pub commit_message: Option<&'a str>,
    /// What the running site is given, for providers that run it. Never enters a sandbox.
    pub variables: &'a BTreeMap<String, SecretString>,
    /// What the provider calls what an earlier attempt has begun to make there, as [`Notes::begun`] was told.
    pub begun: Option<&'a str>,
    /// Where the provider may tell that something has happened, for providers that are told it with each release.
    pub callback: Option<&'a Callback>,
    /// Where what becomes known on the way is written down.
    pub notes: &'a dyn Notes,
}

/// What becomes known while a provider publishes.
#[async_trait]
pub trait Notes: Send + Sync {
    /// Remembers what the provider calls what it has begun to make, so that whoever goes on after a crash need not
    /// begin again. To be told before anything is added to it.
    ///
    /// # Errors
    /// When it cannot be written down: then this attempt must stop.
    async fn begun(&self, provider_ref: &str) -> Result<(), ProviderError>;

    /// How far it is, in files or whatever is counted. A hint for people; may be told often.
    async fn progress(&self, done: u64, total: u64);
}

/// A place at a provider, and who we are there.
#[derive(Clone, Copy)]
pub struct Destination<'a> {
    /// The provider's own settings of the target, as they were checked.
    pub config: &'a serde_json::Map<String, serde_json::Value>,
    /// What authenticates there, for providers that need an account.
    pub credential: Option<&'a CredentialSecret>,
}

impl<'a> Destination<'a> {
    /// The account, for a provider that needs one.
    ///
    /// # Errors
    /// `Rejected`, with the way out, when there is none.
    pub fn account(&self) -> Result<&'a CredentialSecret, ProviderError> {
        self.credential.ok_or_else(|| {
            let message = "this target has no account at its provider; connect one and set `credentials_id`";
            ProviderError::Rejected(message.to_owned())
        })
    }
}

/// A target's config as its provider's own type.
///
/// # Errors
/// `Rejected` when it is not as it was checked.
fn read_config<T: DeserializeOwned>(config: &serde_json::Map<String, serde_json::Value>) -> Result<T, ProviderError> {
    let config = serde_json::from_value(serde_json::Value::Object(config.clone()));
    config.map_err(|error| ProviderError::Rejected(format!("the target's `config` cannot be used: {error}")))
}

/// A target's place at its provider, with what authenticates there now.
pub struct Reached {
    /// The provider's own settings of the target.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// For providers that need an account.
    pub credential: Option<CredentialSecret>,
}

impl Reached {
    /// As providers take it.
    pub fn destination(&self) -> Destination<'_> {
        Destination { config: &self.config, credential: self.credential.as_ref() }
    }
}

/// A release that went live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Where it can be visited.
    pub url: String,
    /// Where this very release can be visited, when that is another place.
    pub preview_url: Option<String>,
    /// What the provider calls it.
    pub provider_ref: Option<String>,
    /// What the provider's own log says about it, line by line.
    pub log: Vec<String>,
}

/// Somebody who must do something at the provider before it goes on: agree, or prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingOn {
    /// What is to be done, in a sentence.
    pub text: String,
    /// Where.
    #[schema(format = "uri")]
    pub url: Option<String>,
}

/// What becomes of a release that a provider has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is live.
    Released(Release),
    /// It is being made.
    UnderWay,
    /// It goes on when somebody has done something there.
    WaitingOn(WaitingOn),
    /// The provider could not make it live, and will not.
    Failed {
        /// Why, and what to do.
        message: String,
        /// What the provider's own log says about it, line by line.
        log: Vec<String>,
    },
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
    Taken(Taken),
    /// It was never received, or made nothing that is live or will be: it may be asked for (again). What
    /// [`Notes::begun`] was told comes back as [`DeployContext::begun`].
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
    /// What it says of itself.
    fn descriptor(&self) -> &'static Descriptor;

    /// Stable id, as in targets and paths.
    fn id(&self) -> &'static str {
        self.descriptor().id
    }

    /// Checks a target's settings before they are stored.
    ///
    /// # Errors
    /// A sentence that names the offending key.
    fn check_config(&self, config: &serde_json::Map<String, serde_json::Value>) -> Result<(), String> {
        self.descriptor().check_config(config)
    }

    /// The accounts it needs, for providers that need some.
    fn accounts(&self) -> Option<&dyn Accounts> {
        None
    }

    /// Publishes the artifact. Not repeated before [`look_up`](Self::look_up) has said that an earlier
    /// call made nothing.
    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError>;

    /// What has become of an earlier [`deploy`](Self::deploy) of this deployment that has no answer, or had not
    /// ended.
    ///
    /// # Errors
    /// When the provider cannot be asked now.
    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError>;

    /// Holding back what is being published, for providers that can.
    fn canceller(&self) -> Option<&dyn Canceller> {
        None
    }

    /// Deleting there what a deployment has made, for providers that can.
    fn remover(&self) -> Option<&dyn Remover> {
        None
    }

    /// What it sends by itself, for providers that do.
    fn webhooks(&self) -> Option<&dyn Webhooks> {
        None
    }

    /// Domains that people give to what is deployed, for providers that take some.
    fn domains(&self) -> Option<&dyn Domains> {
        None
    }

    /// What it takes, for providers that take git objects; all others take a tree.
    fn git(&self) -> Option<&dyn GitHost> {
        None
    }

    /// Forgets a deployment whose record is being deleted.
    async fn forget(&self, deployment: DeploymentId);
}

/// What a repository has, so that only the rest of a workspace's objects has to be packed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitRemote {
    /// The commit at the end of the target's branch, if there is one.
    pub head: Option<String>,
    /// What other branches and tags end with.
    pub heads: Vec<String>,
}

/// What a new commit is to say, as far as the target says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitText {
    /// No new commit: push the repository's as they are.
    pub commits_only: bool,
    /// Its author.
    pub author_name: Option<String>,
    /// The author's address.
    pub author_email: Option<String>,
}

/// How a deployment of a commit has ended, elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct DeploymentReport<'a> {
    /// Which deployment.
    pub deployment_id: &'a str,
    /// What was deployed.
    pub commit: &'a str,
    /// Where to, as people call it.
    pub environment: &'a str,
    /// Whether everybody sees it.
    pub is_production: bool,
    /// Whether it is live.
    pub succeeded: bool,
    /// Where.
    pub url: Option<&'a str>,
}

/// A provider that takes git objects.
#[async_trait]
pub trait GitHost: Send + Sync {
    /// What the target's repository has.
    async fn remote(&self, destination: Destination<'_>) -> Result<GitRemote, ProviderError>;

    /// Tells the host how a deployment of one of its commits has ended; what it has been told before is not said twice.
    /// A target may not want that.
    ///
    /// # Errors
    /// `Rejected` when there is no use in trying again.
    async fn report(&self, destination: Destination<'_>, report: &DeploymentReport<'_>) -> Result<(), ProviderError>;

    /// What a target's config says about new commits.
    fn commit_text(&self, config: &serde_json::Map<String, serde_json::Value>) -> CommitText;
}

/// A provider that can hold back a release while it is made.
#[async_trait]
pub trait Canceller: Send + Sync {
    /// Asks for it. `Cancelled` also when the provider never received the release.
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError>;
}

/// A provider that deletes releases when it is asked to.
#[async_trait]
pub trait Remover: Send + Sync {
    /// Deletes what the provider calls `provider_ref`; none there is as good.
    ///
    /// # Errors
    /// `Rejected` for what everybody sees at present: something else has to go there first.
    async fn remove(&self, destination: Destination<'_>, provider_ref: &str) -> Result<(), ProviderError>;
}

/// All providers of this installation.
#[derive(Clone)]
pub struct Providers(Arc<BTreeMap<&'static str, Arc<dyn Provider>>>);

impl Providers {
    /// Those that are reached over the network, each where the configuration says.
    ///
    /// # Errors
    /// When `work_dir`, for what is on its way to them, cannot be made, or `providers.ca_file` cannot be used.
    pub fn remote(
        config: &ProvidersSettings,
        artifacts: &ArtifactStore,
        work_dir: PathBuf,
    ) -> anyhow::Result<[Arc<dyn Provider>; 5]> {
        let ca_file = config.ca_file.as_deref();
        let (client, transfers) = (http::client(ca_file)?, http::transfer_client(ca_file)?);
        let pusher = git::Pusher::new(transfers.clone(), artifacts.clone(), work_dir.clone())?;
        Ok([
            Arc::new(github::GitHub::new(client.clone(), pusher.clone(), &config.of("github"))?),
            Arc::new(gitlab::GitLab::new(client.clone(), pusher, &config.of("gitlab"))?),
            Arc::new(netlify::Netlify::new(
                client.clone(),
                transfers.clone(),
                artifacts.clone(),
                &config.of("netlify"),
            )?),
            Arc::new(vercel::Vercel::new(
                client.clone(),
                transfers.clone(),
                artifacts.clone(),
                work_dir,
                &config.of("vercel"),
            )?),
            Arc::new(cloudflare_pages::CloudflarePages::new(
                client,
                transfers,
                artifacts.clone(),
                &config.of("cloudflare-pages"),
            )?),
        ])
    }

    /// Registers providers under their ids.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        Self(Arc::new(providers.into_iter().map(|provider| (provider.id(), provider)).collect()))
    }

    /// The provider with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<dyn Provider>> {
        self.0.get(id)
    }

    /// All of them, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.values()
    }

    /// All ids, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
