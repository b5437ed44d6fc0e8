//! Workspaces from agents: what one sends is checked and goes to whoever waits for it. No faster than they read,
//! and no longer than they want it.

use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::v1::exports_server::Exports;
use slipway_proto::v1::{ExportFrame, ExportReply};
use tonic::{Request, Response, Status, Streaming};

use super::Gateway;
use super::peer::sandbox_of;
use crate::exports::{Checked, Delivery};

/// An agent that sends nothing of an export for this long is gone.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

pub(super) struct ExportsApi(pub(super) Gateway);

#[tonic::async_trait]
impl Exports for ExportsApi {
    async fn export(&self, request: Request<Streaming<ExportFrame>>) -> Result<Response<ExportReply>, Status> {
        let identity = sandbox_of(&request)?;
        self.0.admission.check(&identity).await?;
        let mut frames = request.into_inner();
        let first = next(&mut frames).await?.ok_or_else(|| Status::invalid_argument("the export is empty"))?;
        let delivery = self.0.exports.claim(&first.export_id, identity.sandbox_id);
        let delivery = delivery
            .ok_or_else(|| Status::permission_denied("this sandbox is asked for no such export, or not any more"))?;
        tokio::select! {
            delivered = deliver(first, &mut frames, &delivery) => delivered?,
            () = delivery.unwanted.cancelled() => return Err(Status::cancelled("whoever asked for the export has gone")),
            () = self.0.stop.cancelled() => return Err(Status::unavailable("the control plane is restarting")),
            () = tokio::time::sleep(limits::EXPORT_TIMEOUT) => {
                return Err(Status::deadline_exceeded("the export took longer than an hour"));
            }
        }
        Ok(Response::new(ExportReply {}))
    }
}

/// Hands on all frames. When it ends before the last word has been said, whoever waits notices.
async fn deliver(first: ExportFrame, frames: &mut Streaming<ExportFrame>, delivery: &Delivery) -> Result<(), Status> {
    let mut checked = Checked::default();
    let mut frame = first;
    loop {
        let pieces = frame.pieces.into_iter().map(|piece| checked.accept(piece)).collect::<Result<Vec<_>, _>>();
        let pieces = pieces.map_err(|problem| {
            tracing::warn!(%problem, "an agent sent something that belongs to no export");
            Status::invalid_argument(problem.to_string())
        })?;
        // Cancelled from the other end soon after.
        delivery.frames.send(pieces).await.map_err(|_| Status::cancelled("nobody takes the export any more"))?;
        if checked.has_ended() {
            return Ok(());
        }
        frame =
            next(frames).await?.ok_or_else(|| Status::invalid_argument("the export ended without its last word"))?;
    }
}

async fn next(frames: &mut Streaming<ExportFrame>) -> Result<Option<ExportFrame>, Status> {
    let frame = tokio::time::timeout(IDLE_LIMIT, frames.message()).await;
    frame.map_err(|_| Status::deadline_exceeded("the export stood still for a minute"))?
}
