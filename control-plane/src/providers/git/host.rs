//! The provider that every git host is: a repository is made when a target wants that, and a branch of it pushed to,
//! looked at and taken back in one way. What differs from host to host is a [`Host`].

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Branch, BranchSettings, Found, Pusher};
use crate::ids::DeploymentId;
use crate::providers::accounts::Accounts;
use crate::providers::descriptor::Descriptor;
use crate::providers::webhooks::Webhooks;
use crate::providers::{
    CommitText, DeployContext, DeploymentReport, Destination, GitHost, GitRemote, Provider, ProviderError, Taken,
    Whereabouts,
};
use crate::secrets::CredentialSecret;

/// A git host, as far as hosts differ.
#[async_trait]
pub(in crate::providers) trait Host: Accounts + Webhooks {
    /// A target's config.
    type Config: AsRef<BranchSettings> + Send + Sync;

    /// What it says of itself.
    const DESCRIPTOR: &'static Descriptor;

    /// Reads a target's config.
    ///
    /// # Errors
    /// A sentence that names the offending key.
    fn config(config: &Map<String, Value>) -> Result<Self::Config, String>;

    /// What pushes.
    fn pusher(&self) -> &Pusher;

    /// The branch that a target means.
    fn branch<'a>(&self, config: &'a Self::Config, credential: &'a CredentialSecret) -> Branch<'a>;

    /// Whether the repository is there and may be seen.
    async fn has_repository(&self, token: &SecretString, config: &Self::Config) -> Result<bool, ProviderError>;

    /// Whether the history of `head` has `commit`.
    async fn has_in_history(
        &self,
        token: &SecretString,
        config: &Self::Config,
        head: &str,
        commit: &str,
    ) -> Result<bool, ProviderError>;

    /// Says of a commit how a deployment of it has ended.
    async fn tell(
        &self,
        token: &SecretString,
        config: &Self::Config,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError>;

    /// Makes the repository, empty; one that is there already is as good.
    async fn make_repository(&self, token: &SecretString, config: &Self::Config) -> Result<(), ProviderError>;
}

/// Whether a repository has to be made first.
async fn is_to_be_made<H: Host>(host: &H, config: &H::Config, token: &SecretString) -> Result<bool, ProviderError> {
    Ok(config.as_ref().create && !host.has_repository(token, config).await?)
}

fn config_of<H: Host>(destination: Destination<'_>) -> Result<H::Config, ProviderError> {
    H::config(destination.config).map_err(ProviderError::Rejected)
}

#[async_trait]
impl<H: Host> Provider for H {
    fn descriptor(&self) -> &'static Descriptor {
        H::DESCRIPTOR
    }

    fn check_config(&self, config: &Map<String, Value>) -> Result<(), String> {
        H::DESCRIPTOR.check_config(config)?;
        H::config(config).map(drop)
    }

    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError> {
        let (config, credential) = (config_of::<H>(context.destination)?, context.destination.account()?);
        let branch = self.branch(&config, credential);
        if is_to_be_made(self, &config, branch.token).await? {
            self.make_repository(branch.token, &config).await?;
            self.pusher().wait_until_it_is_there(&branch).await?;
        }
        self.pusher().deploy(&branch, context).await.map(Taken::Released)
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        let (config, credential) = (config_of::<H>(context.destination)?, context.destination.account()?);
        let branch = self.branch(&config, credential);
        if is_to_be_made(self, &config, branch.token).await? {
            return Ok(Whereabouts::Nothing);
        }
        Ok(match self.pusher().look_up(&branch, context).await? {
            Found::Released(release) => Whereabouts::Taken(Taken::Released(release)),
            Found::Nothing => Whereabouts::Nothing,
            // Somebody has pushed since: on top of ours, or instead of it.
            Found::MovedOn { release, head, commit } => {
                if self.has_in_history(branch.token, &config, &head, &commit).await? {
                    Whereabouts::Taken(Taken::Released(release))
                } else {
                    Whereabouts::Nothing
                }
            }
        })
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }

    fn git(&self) -> Option<&dyn GitHost> {
        Some(self)
    }

    async fn forget(&self, _deployment: DeploymentId) {}
}

#[async_trait]
impl<H: Host> GitHost for H {
    async fn remote(&self, destination: Destination<'_>) -> Result<GitRemote, ProviderError> {
        let (config, credential) = (config_of::<H>(destination)?, destination.account()?);
        let branch = self.branch(&config, credential);
        // It is made when there is something to push.
        if is_to_be_made(self, &config, branch.token).await? {
            return Ok(GitRemote::default());
        }
        self.pusher().remote(&branch).await
    }

    async fn report(&self, destination: Destination<'_>, report: &DeploymentReport<'_>) -> Result<(), ProviderError> {
        let (config, credential) = (config_of::<H>(destination)?, destination.account()?);
        if config.as_ref().report_deployments { self.tell(&credential.token, &config, report).await } else { Ok(()) }
    }

    fn commit_text(&self, config: &Map<String, Value>) -> CommitText {
        H::config(config).map(|config| config.as_ref().commit_text()).unwrap_or_default()
    }
}
