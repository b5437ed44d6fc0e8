//! The workspace as it is, for its user: read when the control plane asks, sent as fast as somebody
//! downloads it. Nothing is built, copied or kept.

mod frames;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_proto::limits;
use slipway_proto::v1::exports_client::ExportsClient;
use slipway_proto::v1::{ExportFrame, ExportWorkspace};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use self::frames::{Frames, Stop};
use crate::channel::{Address, CurrentIdentity, Purpose, connect_session};

/// Frames that are read and not yet sent. When they are all there, reading waits.
const FRAMES_IN_FLIGHT: usize = 2;

/// Answers the control plane's wishes for the workspace, a few at a time.
pub(crate) struct Exports(Arc<Inner>);

struct Inner {
    address: Address,
    identity: CurrentIdentity,
    /// Canonical.
    workspace: PathBuf,
    slots: Semaphore,
}

impl Exports {
    pub(crate) fn new(address: Address, identity: CurrentIdentity, workspace: PathBuf) -> Self {
        let slots = Semaphore::new(limits::EXPORTS_AT_ONCE);
        Self(Arc::new(Inner { address, identity, workspace, slots }))
    }

    /// Begins to send, over a connection of its own.
    pub(crate) fn begin(&self, order: ExportWorkspace) {
        let exports = self.0.clone();
        tokio::spawn(async move {
            match tokio::time::timeout(limits::EXPORT_TIMEOUT, exports.send(order)).await {
                Ok(Ok(())) => tracing::info!("the workspace was exported"),
                // Mostly somebody who went away; what concerns them, they were told.
                Ok(Err(reason)) => tracing::info!(reason, "an export of the workspace ended early"),
                Err(_) => tracing::warn!("an export of the workspace took too long and was ended"),
            }
        });
    }
}

impl Inner {
    async fn send(&self, order: ExportWorkspace) -> Result<(), String> {
        // The control plane keeps to their number, but those that are just ending still have their connections, and
        // of too many connections of one sandbox the oldest is ended: that of the session.
        let _slot = self.slots.acquire().await.map_err(|error| error.to_string())?;
        let channel = connect_session(&self.address, &self.identity.get(), Purpose::Bulk).await;
        let channel = channel.map_err(|error| format!("{:#}", anyhow::Error::new(error)))?;
        let (sender, frames) = mpsc::channel(FRAMES_IN_FLIGHT);
        let workspace = self.workspace.clone();
        let reading = tokio::task::spawn_blocking(move || read(&workspace, order, sender));
        let reply = ExportsClient::new(channel).export(ReceiverStream::new(frames)).await;
        // When the call has ended, so does reading: nobody takes its frames any more.
        reading.await.map_err(|error| format!("reading ended unexpectedly: {error}"))?;
        reply.map(drop).map_err(|status| status.message().to_owned())
    }
}

/// Sends what is wanted, and at the end either that this was all or why it was not.
fn read(workspace: &Path, order: ExportWorkspace, sender: mpsc::Sender<ExportFrame>) {
    let mut frames = Frames::new(order.export_id, sender);
    let wanted = walk::Wanted {
        include_git: order.include_git,
        include_ignored: order.include_ignored,
        root_dir: order.root_dir,
    };
    match walk::send(workspace, &wanted, &mut frames) {
        Ok(()) => frames.end(),
        Err(Stop::Failed(message)) => frames.fail(message),
        Err(Stop::Gone) => {}
    }
}
