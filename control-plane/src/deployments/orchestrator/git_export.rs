//! What an agent is told before it packs git objects for a deployment: what the remote has, and what a new commit
//! is to say. The credential that asks stays here.

use slipway_proto::v1::{ArtifactKind, GitRemoteReply};

use super::Orchestrator;
use crate::error::{Error, ErrorCode};
use crate::providers::{CommitText, Destination, ProviderError};
use crate::store::Deployment;

/// Of the commit, when the request does not say it.
const MESSAGE: &str = "Update from Slipway";
/// Of the commit, when neither target nor repository say it. The address reaches nobody (RFC 2606).
const FALLBACK_NAME: &str = "Slipway";
const FALLBACK_EMAIL: &str = "slipway@slipway.invalid";

impl Orchestrator {
    /// What the agent is to make of a workspace for this provider.
    pub(super) fn artifact_kind(&self, provider: &str) -> ArtifactKind {
        match self.0.providers.get(provider).and_then(|provider| provider.git()) {
            Some(_) => ArtifactKind::Git,
            None => ArtifactKind::Tree,
        }
    }

    /// What the remote of a deployment has.
    ///
    /// # Errors
    /// `Conflict`, in words for people, when the provider says no; `Unavailable` when it gives no answer.
    pub async fn git_remote(&self, deployment: &Deployment) -> Result<GitRemoteReply, Error> {
        let host = self.0.providers.get(&deployment.provider).and_then(|provider| provider.git());
        let host = host.ok_or_else(|| Error::conflict("this deployment does not go to a git host"))?;
        let target = self.0.store.target(deployment.target_id).await?;
        let config = target.as_ref().map(crate::store::Target::provider_config).unwrap_or_default();
        let ask = async {
            let credential = self.credential_of(target.as_ref()).await?;
            host.remote(Destination { config: &config, credential: credential.as_ref() }).await
        };
        let remote = match ask.await {
            Ok(remote) => remote,
            Err(ProviderError::Rejected(message)) => {
                let secrets = self.secrets_of(deployment).await?;
                return Err(Error::conflict(secrets.mask_text(&message)));
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::warn!(deployment.id = %deployment.id, provider = deployment.provider, error = format!("{error:#}"), "asking what a repository has failed");
                return Err(Error::new(ErrorCode::Unavailable, "the git host gives no answer now"));
            }
        };
        let CommitText { commits_only, author_name, author_email } = host.commit_text(&config);
        let message = deployment.request.commit_message.clone();
        Ok(GitRemoteReply {
            branch_head: remote.head.unwrap_or_default(),
            heads: remote.heads,
            commits_only,
            message: message.unwrap_or_else(|| MESSAGE.to_owned()),
            author_name: author_name.unwrap_or_default(),
            author_email: author_email.unwrap_or_default(),
            fallback_name: FALLBACK_NAME.to_owned(),
            fallback_email: FALLBACK_EMAIL.to_owned(),
        })
    }
}
