//! Brings an artifact to the control plane: offer, send what is missing, commit. A connection that
//! breaks costs another offer, which asks only for what has not arrived; a job fails here only when
//! the control plane says no.

use std::path::Path;

use prost::Message;
use slipway_proto::v1::artifacts_client::ArtifactsClient;
use slipway_proto::v1::{CommitRequest, FailureCode, ManifestPart};
use slipway_proto::{limits, manifest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::Collected;
use super::frames::{Blob, FRAMES_IN_FLIGHT, produce};
use crate::channel::{Address, Backoff, CurrentIdentity, Purpose, connect_session};
use crate::job::{Failure, Halt, Job};

/// One part of an encoded manifest.
const PART_BYTES: usize = 1024 * 1024;
/// Of zstd, for the manifest: paths compress well, digests not at all.
const MANIFEST_LEVEL: i32 = 1;

/// Whose artifact goes where.
pub(crate) struct Upload<'a> {
    pub(crate) address: &'a Address,
    pub(crate) identity: &'a CurrentIdentity,
    pub(crate) job: &'a Job,
}

/// Why an artifact did not arrive.
#[derive(Debug)]
pub(crate) enum UploadError {
    /// Another try cannot help.
    Failed(Failure),
    /// What was sent is not what was digested: a file changed. Packaging again may help.
    Changed(Failure),
    /// The job is to end.
    Interrupted,
}

pub(super) enum Attempt {
    Later(String),
    Never(UploadError),
}

impl Upload<'_> {
    /// Tries until the artifact is committed, and returns its id. The job's deadline is the limit.
    pub(crate) async fn run(&self, collected: &Collected) -> Result<String, UploadError> {
        // Of a commit whose answer was lost.
        let mut committing = None;
        self.persist(async |client| self.attempt(client, collected, &mut committing).await).await
    }

    /// Makes an attempt over a new connection until one ends the matter.
    pub(super) async fn persist<T>(
        &self,
        mut attempt: impl AsyncFnMut(ArtifactsClient<Channel>) -> Result<T, Attempt>,
    ) -> Result<T, UploadError> {
        let attempts = async {
            let mut backoff = Backoff::for_connections();
            loop {
                let outcome = match self.connect().await {
                    Ok(client) => attempt(client).await,
                    Err(attempt) => Err(attempt),
                };
                match outcome {
                    Ok(outcome) => return Ok(outcome),
                    Err(Attempt::Never(error)) => return Err(error),
                    Err(Attempt::Later(reason)) => {
                        let wait = backoff.next();
                        tracing::warn!(job.id = self.job.id, reason, "the upload was interrupted; trying again");
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        };
        tokio::select! {
            () = self.job.interrupt.raised() => Err(UploadError::Interrupted),
            outcome = attempts => outcome,
        }
    }

    async fn connect(&self) -> Result<ArtifactsClient<Channel>, Attempt> {
        let channel = connect_session(self.address, &self.identity.get(), Purpose::Bulk).await;
        let channel = channel.map_err(|error| Attempt::Later(format!("{:#}", anyhow::Error::new(error))))?;
        Ok(ArtifactsClient::new(channel).max_decoding_message_size(limits::BULK_MESSAGE_BYTES))
    }

    async fn attempt(
        &self,
        mut client: ArtifactsClient<Channel>,
        collected: &Collected,
        committing: &mut Option<String>,
    ) -> Result<String, Attempt> {
        let offer = client.offer(tokio_stream::iter(self.parts(collected).map_err(never)?)).await;
        let offer = match (offer, committing.as_ref()) {
            (Ok(offer), _) => offer.into_inner(),
            // The deployment has moved on: the commit had arrived, and only its answer was lost.
            (Err(status), Some(artifact_id)) if status.code() == Code::FailedPrecondition => {
                return Ok(artifact_id.clone());
            }
            (Err(status), _) => return Err(judge(&status)),
        };
        let distinct = manifest::distinct_blobs(&collected.manifest);
        let missing = distinct.iter().enumerate().filter(|(position, _)| manifest::bit(&offer.missing, *position));
        let blobs: Vec<Blob> = missing
            .map(|(_, &index)| Blob {
                source: collected.sources[index].clone(),
                size_bytes: collected.manifest.entries[index].size_bytes,
            })
            .collect();
        if !blobs.is_empty() {
            self.send(&mut client, &offer.artifact_id, &collected.root, blobs).await?;
        }
        *committing = Some(offer.artifact_id.clone());
        let mut request = tonic::Request::new(CommitRequest {
            artifact_id: offer.artifact_id.clone(),
            after_event_seq: self.job.last_event_seq(),
        });
        request.set_timeout(limits::UNARY_TIMEOUT);
        client.commit(request).await.map_err(|status| judge(&status))?;
        Ok(offer.artifact_id)
    }

    fn parts(&self, collected: &Collected) -> Result<Vec<ManifestPart>, Failure> {
        let encoded = collected.manifest.encode_to_vec();
        if encoded.len() > limits::MANIFEST_BYTES {
            let message = "the list of files is larger than 16 MiB; publish fewer files or shorten their paths";
            return Err(Failure::new(FailureCode::OutputRefused, message));
        }
        let compressed = zstd::bulk::compress(&encoded, MANIFEST_LEVEL);
        let compressed = compressed.map_err(|error| Failure::new(FailureCode::Internal, error.to_string()))?;
        let mut parts: Vec<ManifestPart> = compressed
            .chunks(PART_BYTES)
            .map(|data| ManifestPart { job_id: String::new(), data: data.to_vec(), after_event_seq: 0 })
            .collect();
        if let Some(first) = parts.first_mut() {
            first.job_id.clone_from(&self.job.id);
            first.after_event_seq = self.job.last_event_seq();
        }
        Ok(parts)
    }

    async fn send(
        &self,
        client: &mut ArtifactsClient<Channel>,
        id: &str,
        root: &Path,
        blobs: Vec<Blob>,
    ) -> Result<(), Attempt> {
        let (frames, outgoing) = mpsc::channel(FRAMES_IN_FLIGHT);
        let (id, root) = (id.to_owned(), root.to_owned());
        let producer = tokio::task::spawn_blocking(move || produce(&id, &root, &blobs, &frames));
        let reply = client.upload(ReceiverStream::new(outgoing)).await;
        // When the call has ended, so does the producer: nobody takes its frames any more.
        let read = producer.await.unwrap_or_else(|error| {
            Err(Failure::new(FailureCode::Internal, format!("reading the output ended unexpectedly: {error}")))
        });
        // What went wrong here explains what the server then said.
        read.map_err(|failure| match failure.code {
            FailureCode::OutputRefused => Attempt::Never(UploadError::Changed(failure)),
            _ => never(failure),
        })?;
        reply.map_err(|status| judge(&status))?;
        Ok(())
    }
}

/// Whether another try could end otherwise.
pub(super) fn judge(status: &Status) -> Attempt {
    let failed = || Failure::new(FailureCode::UploadFailed, status.message());
    match status.code() {
        Code::DataLoss => Attempt::Never(UploadError::Changed(failed())),
        Code::ResourceExhausted
        | Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::PermissionDenied
        | Code::OutOfRange
        | Code::Unimplemented => never(failed()),
        // Of a certificate that has expired, while the sandbox was paused: the session renews it.
        Code::Unauthenticated
        | Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => Attempt::Later(format!("{:?}: {}", status.code(), status.message())),
    }
}

impl From<UploadError> for Halt {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Failed(failure) | UploadError::Changed(failure) => Self::Failed(failure),
            UploadError::Interrupted => Self::Interrupted,
        }
    }
}

fn never(failure: Failure) -> Attempt {
    Attempt::Never(UploadError::Failed(failure))
}
