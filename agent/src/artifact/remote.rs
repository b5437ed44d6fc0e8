//! What the remote repository has, as the control plane sees it: asked before git objects are packed.

use slipway_proto::limits;
use slipway_proto::v1::{GitRemoteReply, GitRemoteRequest};

use super::upload::{Upload, UploadError, judge};

/// Asks until there is an answer, or a no. The job's deadline is the limit.
pub(crate) async fn git_remote(upload: &Upload<'_>) -> Result<GitRemoteReply, UploadError> {
    upload
        .persist(async |mut client| {
            let mut request = tonic::Request::new(GitRemoteRequest {
                job_id: upload.job.id.clone(),
                after_event_seq: upload.job.last_event_seq(),
            });
            request.set_timeout(limits::UNARY_TIMEOUT);
            Ok(client.git_remote(request).await.map_err(|status| judge(&status))?.into_inner())
        })
        .await
}
