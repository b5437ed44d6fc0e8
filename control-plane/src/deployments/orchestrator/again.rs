//! Deploying again what was deployed before: the same bits (redeploy, rollback), or another build of the same
//! request (rebuild). Nothing here builds from a stored artifact, or stores what is built elsewhere.

use super::{DeployRequest, Orchestrator};
use crate::deployments::status::Status;
use crate::error::Error;
use crate::ids::{ArtifactId, DeploymentId};
use crate::store::{Deployment, DeploymentRequest, NewDeployment, Sandbox, Target, Tx};
use crate::variables::BuildVariables;

impl Orchestrator {
    /// Publishes the artifact of a former deployment again: the same bits, nothing is built.
    ///
    /// # Errors
    /// `Conflict` when that deployment has no stored artifact.
    pub async fn redeploy(&self, sandbox: &Sandbox, former: &Deployment) -> Result<DeploymentId, Error> {
        self.check_room(sandbox).await?;
        let new = publication_of(former, stored_artifact(former)?, &[("redeploy_of", former.id)]);
        let id = self.insert(new).await?;
        self.0.ready_to_publish.notify_one();
        Ok(id)
    }

    /// Builds the sandbox again as a former deployment was asked for, with what target and variables are now.
    /// Variables that came with the request are gone with the end of that deployment.
    ///
    /// # Errors
    /// As [`deploy`](Self::deploy).
    pub async fn rebuild(
        &self,
        sandbox: &Sandbox,
        target: &Target,
        former: &Deployment,
    ) -> Result<DeploymentId, Error> {
        let request = DeployRequest {
            environment: former.environment.clone(),
            settings: DeploymentRequest { target_build: target.build_settings(), ..former.request.0.clone() },
            build_env: BuildVariables::default(),
            dry_run: former.dry_run,
            rebuild_of: Some(former.id),
        };
        self.deploy(sandbox, target, request).await
    }

    /// Makes a former release live again in the place of `leaving`: the one before it, or `to`.
    ///
    /// # Errors
    /// `Conflict` when `leaving` is not live, when there is nothing to go back to, or when that cannot be
    /// published any more.
    pub async fn rollback(&self, leaving: &Deployment, to: Option<&Deployment>) -> Result<DeploymentId, Error> {
        let mut tx = self.0.store.begin().await?;
        // First: a request that is repeated after a crash finds a release that is no longer live.
        if let Some(made) = super::made_before(&mut tx).await? {
            return Ok(made);
        }
        check_live(&mut tx, leaving).await?;
        let before = if to.is_none() { tx.release_before(leaving).await? } else { None };
        drop(tx);
        let to = to.or(before.as_ref()).ok_or_else(|| {
            Error::conflict("there is no release before this one to go back to; `to` chooses any other of this target and environment")
        })?;
        check_choice(leaving, to)?;
        let new = publication_of(to, stored_artifact(to)?, &[("rollback_of", leaving.id), ("rollback_to", to.id)]);
        let sandbox = self.0.store.sandbox(to.sandbox_id).await?.ok_or_else(|| Error::not_found("sandbox"))?;
        self.check_room(&sandbox).await?;

        let mut tx = self.0.store.begin().await?;
        // Of two who roll back at the same time, one is second.
        check_live(&mut tx, leaving).await?;
        self.insert_in(&mut tx, &new).await?;
        tx.commit().await?;
        self.0.ready_to_publish.notify_one();
        Ok(new.id)
    }
}

async fn check_live(tx: &mut Tx, release: &Deployment) -> Result<(), Error> {
    if release.dry_run {
        return Err(Error::conflict(
            "this deployment was a dry run and never went live, so there is nothing to roll back",
        ));
    }
    match release.status {
        Status::Success => {}
        Status::Failed | Status::Cancelled => {
            let ended = release.status.as_str();
            let message =
                format!("this deployment ended as {ended} and never went live; roll back the release that is");
            return Err(Error::conflict(message));
        }
        Status::Pending | Status::Building | Status::Uploading | Status::Deploying => {
            return Err(Error::conflict("this deployment is under way and not live yet; cancel it instead"));
        }
    }
    if tx.live_release(release.target_id, &release.environment).await? != Some(release.id) {
        return Err(Error::conflict(format!(
            "this deployment is no longer live: a later release of this target in {} is. Roll that one back, or redeploy this one",
            release.environment
        )));
    }
    match tx.rollback_under_way(release).await? {
        Some(id) => Err(Error::conflict(format!("this deployment is being rolled back already, by {id}"))),
        None => Ok(()),
    }
}

fn check_choice(leaving: &Deployment, to: &Deployment) -> Result<(), Error> {
    let problem = if to.id == leaving.id {
        "`to` is the release that is live; choose another, or redeploy it"
    } else if to.target_id != leaving.target_id {
        "the deployment in `to` belongs to another target; deploy the sandbox to this one instead"
    } else if to.environment != leaving.environment {
        "the deployment in `to` belongs to another environment of this target"
    } else if to.dry_run {
        "the deployment in `to` was a dry run and never went live; redeploy it to publish it"
    } else if to.status != Status::Success {
        "the deployment in `to` never went live; choose one that succeeded"
    } else {
        return Ok(());
    };
    Err(Error::conflict(problem))
}

fn stored_artifact(deployment: &Deployment) -> Result<ArtifactId, Error> {
    deployment.artifact_id.ok_or_else(|| {
        let id = deployment.id;
        Error::conflict(if deployment.metadata.contains_key("artifact") {
            format!(
                "the artifact of deployment {id} is no longer stored (`retention`); build it again with `{{\"rebuild\": true}}` to its `redeploy`"
            )
        } else {
            format!("deployment {id} has no stored artifact, because it never got that far; deploy the sandbox again instead")
        })
    })
}

/// A new deployment that publishes what a former one has built.
fn publication_of(former: &Deployment, artifact: ArtifactId, origin: &[(&str, DeploymentId)]) -> NewDeployment {
    let mut metadata = serde_json::Map::new();
    metadata.extend(origin.iter().map(|(key, id)| ((*key).to_owned(), id.to_string().into())));
    for key in ["plan", "artifact"] {
        if let Some(value) = former.metadata.get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    NewDeployment {
        id: DeploymentId::new(),
        user_id: former.user_id,
        sandbox_id: former.sandbox_id,
        target_id: former.target_id,
        provider: former.provider.clone(),
        environment: former.environment.clone(),
        request: former.request.0.clone(),
        sealed_build_env: None,
        env_version: former.env_version,
        dry_run: false,
        artifact_id: Some(artifact),
        metadata,
    }
}
