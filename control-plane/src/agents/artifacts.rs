//! Artifacts from an agent: offer, upload, commit. Every path, size and digest is checked here,
//! whatever the agent checked before.
//!
//! The blobs that are missing arrive as one stream in an order both sides derive from the manifest,
//! so there are no names in the stream to be trusted. An upload that breaks off keeps the blobs that
//! arrived whole; the next offer asks for the rest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;
use slipway_proto::v1::artifacts_server::Artifacts;
use slipway_proto::v1::{
    CommitReply, CommitRequest, GitRemoteReply, GitRemoteRequest, Manifest, ManifestPart, OfferReply, PackFrame,
    UploadReply,
};
use slipway_proto::{limits, manifest};
use tonic::{Request, Response, Status, Streaming};

use super::Gateway;
use super::peer::sandbox_of;
use crate::artifacts::{ExpectedBlob, PackError, PackWriter};
use crate::bus::News;
use crate::deployments::orchestrator::{foreign_job, parse_job_id};
use crate::deployments::status::Step;
use crate::error::{Error, ErrorCode};
use crate::ids::{ArtifactId, DeploymentId, SandboxId, UserId};
use crate::store::Deployment;

/// An agent that sends nothing of an upload for this long is gone.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// How often progress is written down.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);

pub(super) struct ArtifactsApi {
    gateway: Gateway,
    /// Offers that are not committed: one per deployment, so as bounded as those are.
    offers: Mutex<HashMap<DeploymentId, OpenOffer>>,
}

struct OpenOffer {
    id: ArtifactId,
    sandbox: SandboxId,
    user: UserId,
    manifest: Manifest,
    /// The same as it came, compressed.
    encoded: Bytes,
    /// Taken by the upload.
    missing: Vec<ExpectedBlob>,
    /// Whether every blob of the manifest is stored.
    is_complete: bool,
    offered_at: Instant,
}

impl ArtifactsApi {
    pub(super) fn new(gateway: Gateway) -> Self {
        Self { gateway, offers: Mutex::default() }
    }

    fn offers(&self) -> MutexGuard<'_, HashMap<DeploymentId, OpenOffer>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sandbox's own deployment, once it is uploading.
    async fn uploading(&self, sandbox: SandboxId, id: DeploymentId, after: u64) -> Result<Deployment, Status> {
        let deployment = self.gateway.orchestrator.after_event(sandbox, id, after).await?;
        let deployment = deployment.ok_or_else(foreign_job)?;
        if deployment.status.is_with_agent() {
            Ok(deployment)
        } else {
            Err(Status::failed_precondition(format!(
                "this deployment takes no artifact now: it is {}",
                deployment.status.as_str()
            )))
        }
    }

    fn find(&self, sandbox: SandboxId, artifact: &str) -> Result<(DeploymentId, ArtifactId, UserId), Status> {
        let id: Option<ArtifactId> = artifact.parse().ok();
        self.offers()
            .iter()
            .find(|(_, offer)| Some(offer.id) == id && offer.sandbox == sandbox)
            .map(|(deployment, offer)| (*deployment, offer.id, offer.user))
            // Also after our restart: the agent offers again, and the store says what is here.
            .ok_or_else(|| Status::unavailable("this artifact is not on offer here; offer it again"))
    }

    async fn receive(
        &self,
        deployment: DeploymentId,
        pack: &mut PackWriter,
        first: PackFrame,
        frames: &mut Streaming<PackFrame>,
        total_bytes: u64,
    ) -> Result<(), Status> {
        let mut decompressor =
            zstd::bulk::Decompressor::new().map_err(|error| Error::from(anyhow::Error::from(error)))?;
        let mut reported = Instant::now();
        let mut next = Some(first);
        while let Some(frame) = next {
            let raw = decompressor
                .decompress(&frame.data, limits::FRAME_RAW_BYTES)
                .map_err(|_| Status::invalid_argument("a frame is damaged or larger than agreed"))?;
            pack.write(Bytes::from(raw)).await.map_err(pack_status)?;
            if reported.elapsed() > PROGRESS_INTERVAL {
                reported = Instant::now();
                self.report(deployment, pack.written_bytes(), total_bytes).await;
            }
            next = tokio::time::timeout(IDLE_LIMIT, frames.message())
                .await
                .map_err(|_| Status::deadline_exceeded("the upload stood still for a minute"))??;
        }
        self.report(deployment, pack.written_bytes(), total_bytes).await;
        if pack.is_complete().map_err(pack_status)? {
            Ok(())
        } else {
            Err(Status::unavailable("the upload ended early; offer the artifact again to resume"))
        }
    }

    /// Progress is for people; when it cannot be written, the upload goes on.
    async fn report(&self, deployment: DeploymentId, done: u64, total: u64) {
        if self.gateway.store.set_progress(deployment, Step::Upload, done, total).await.is_ok() {
            self.gateway.bus.publish(News::Deployment(deployment));
        }
    }
}

#[tonic::async_trait]
impl Artifacts for ArtifactsApi {
    async fn offer(&self, request: Request<Streaming<ManifestPart>>) -> Result<Response<OfferReply>, Status> {
        let sandbox = sandbox_of(&request)?.sandbox_id;
        let mut parts = request.into_inner();
        let first = parts.message().await?.ok_or_else(|| Status::invalid_argument("the manifest is missing"))?;
        let deployment_id = parse_job_id(&first.job_id).map_err(Status::from)?;
        let deployment = self.uploading(sandbox, deployment_id, first.after_event_seq).await?;
        let (manifest, encoded) = receive_manifest(first, parts).await?;
        manifest::check(&manifest).map_err(|error| Status::invalid_argument(error.to_string()))?;

        let offer = self.gateway.artifacts.offer(deployment.user_id, &manifest).await.map_err(Error::from)?;
        let id = ArtifactId::new();
        let open = OpenOffer {
            id,
            sandbox,
            user: deployment.user_id,
            manifest,
            encoded,
            is_complete: offer.missing.is_empty(),
            missing: offer.missing,
            offered_at: Instant::now(),
        };
        let mut offers = self.offers();
        offers.retain(|_, offer| offer.offered_at.elapsed() < limits::JOB_TIMEOUT);
        offers.insert(deployment_id, open);
        Ok(Response::new(OfferReply { artifact_id: id.to_string(), missing: offer.missing_bitmap }))
    }

    async fn upload(&self, request: Request<Streaming<PackFrame>>) -> Result<Response<UploadReply>, Status> {
        let sandbox = sandbox_of(&request)?.sandbox_id;
        let mut frames = request.into_inner();
        let first = frames.message().await?.ok_or_else(|| Status::invalid_argument("the upload is empty"))?;
        let (deployment, artifact, user) = self.find(sandbox, &first.artifact_id)?;
        let missing = self.offers().get_mut(&deployment).map(|offer| std::mem::take(&mut offer.missing));
        let missing = missing.filter(|missing| !missing.is_empty());
        let missing = missing.ok_or_else(|| Status::unavailable("this artifact is being uploaded; offer it again"))?;
        let total_bytes = missing.iter().map(|blob| blob.size_bytes).sum();

        let mut pack = self.gateway.artifacts.start_pack(missing).await.map_err(Error::from)?;
        let received = self.receive(deployment, &mut pack, first, &mut frames, total_bytes).await;
        let stored_bytes = pack.written_bytes();
        // Also after an error: what arrived whole is kept for the next try.
        let finished = self.gateway.artifacts.finish_pack(user, pack).await;
        received?;
        finished.map_err(|error| storage_status(&error))?;
        if let Some(offer) = self.offers().get_mut(&deployment).filter(|offer| offer.id == artifact) {
            offer.is_complete = true;
        }
        Ok(Response::new(UploadReply { stored_bytes }))
    }

    async fn commit(&self, request: Request<CommitRequest>) -> Result<Response<CommitReply>, Status> {
        let sandbox = sandbox_of(&request)?.sandbox_id;
        let request = request.into_inner();
        let (deployment, id, user) = self.find(sandbox, &request.artifact_id)?;
        self.uploading(sandbox, deployment, request.after_event_seq).await?;
        let offer = self.offers().remove(&deployment);
        let offer = offer.ok_or_else(|| Status::unavailable("this artifact is not on offer here; offer it again"))?;
        let missing = || Status::unavailable("blobs are missing; offer the artifact again");
        if !offer.is_complete {
            return Err(missing());
        }
        let artifact = self.gateway.artifacts.commit(user, id, &offer.manifest, offer.encoded).await;
        let artifact = artifact.map_err(|error| storage_status(&error))?.ok_or_else(missing)?;
        if !self.gateway.orchestrator.artifact_committed(deployment, artifact.id).await.map_err(Error::from)? {
            return Err(Status::failed_precondition("this deployment takes no artifact now"));
        }
        Ok(Response::new(CommitReply { root: artifact.root }))
    }

    async fn git_remote(&self, request: Request<GitRemoteRequest>) -> Result<Response<GitRemoteReply>, Status> {
        let sandbox = sandbox_of(&request)?.sandbox_id;
        let request = request.into_inner();
        let id = parse_job_id(&request.job_id).map_err(Status::from)?;
        let deployment = self.uploading(sandbox, id, request.after_event_seq).await?;
        Ok(Response::new(self.gateway.orchestrator.git_remote(&deployment).await?))
    }
}

/// The manifest, and the bytes it came as.
async fn receive_manifest(
    first: ManifestPart,
    mut parts: Streaming<ManifestPart>,
) -> Result<(Manifest, Bytes), Status> {
    let mut encoded = first.data;
    while let Some(part) = parts.message().await? {
        if encoded.len() + part.data.len() > limits::MANIFEST_BYTES {
            return Err(Status::invalid_argument("the manifest is larger than 16 MiB"));
        }
        encoded.extend(part.data);
    }
    let damaged = || Status::invalid_argument("the manifest is damaged or larger than 16 MiB");
    let raw = zstd::bulk::decompress(&encoded, limits::MANIFEST_BYTES).map_err(|_| damaged())?;
    let manifest = Manifest::decode(raw.as_slice()).map_err(|_| damaged())?;
    Ok((manifest, encoded.into()))
}

fn pack_status(error: PackError) -> Status {
    match error {
        PackError::DigestMismatch { .. } => Status::data_loss(error.to_string()),
        PackError::TooLong => Status::invalid_argument(error.to_string()),
        PackError::Storage(_) => storage_status(&anyhow::Error::new(error)),
    }
}

/// A full disk is the operator's to mend, and worth saying in so many words.
fn storage_status(error: &anyhow::Error) -> Status {
    tracing::error!(error = format!("{error:#}"), "cannot store an artifact");
    let is_full = error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
            || cause.to_string().contains("No space left on device")
    });
    if is_full {
        return Status::resource_exhausted(
            "the control plane's disk is full: nothing was stored. Free space in its data directory and deploy again",
        );
    }
    let message = "the control plane cannot store the artifact; its log says why";
    Status::new(ErrorCode::Unavailable.grpc(), message)
}
