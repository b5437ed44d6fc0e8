//! The gateway: where agents connect. Our own TLS accept loop, then five small gRPC services.
//! Who is asking comes from the certificate alone ([`peer`]).

mod admission;
mod artifacts;
mod connections;
mod enrollment;
mod exports;
mod listener;
mod logs;
mod peer;
mod renewal;
mod revocation;
mod rivals;
mod session;
mod sessions;
mod socket;

pub use admission::Admission;
pub use connections::Connections;
pub use enrollment::{EnrollmentToken, new_enrollment_token};
pub use sessions::Sessions;

use std::sync::Arc;
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::v1::agent_server::AgentServer;
use slipway_proto::v1::artifacts_server::ArtifactsServer;
use slipway_proto::v1::enrollment_server::EnrollmentServer;
use slipway_proto::v1::exports_server::ExportsServer;
use slipway_proto::v1::identity_server::IdentityServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::artifacts::ArtifactStore;
use crate::bus::{Bus, News};
use crate::clock::Clock;
use crate::deployments::orchestrator::Orchestrator;
use crate::exports::Exports;
use crate::logs::ingest::LogIngest;
use crate::store::Store;

/// How often the table is looked at for work without a hint.
const POLL: Duration = Duration::from_secs(2);

/// What the services lean on.
#[derive(Clone)]
pub struct Gateway {
    /// All records.
    pub store: Store,
    /// Where artifacts go.
    pub artifacts: ArtifactStore,
    /// Who waits for a workspace.
    pub exports: Exports,
    /// Who moves deployments.
    pub orchestrator: Orchestrator,
    /// Where log batches go.
    pub ingest: LogIngest,
    /// Who may connect.
    pub admission: Admission,
    /// Who is connected.
    pub sessions: Arc<Sessions>,
    /// Every connection of this instance.
    pub connections: Connections,
    /// Hints about new work.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// Ends every session.
    pub stop: CancellationToken,
}

impl Gateway {
    /// Wakes the sessions for which there is something to do, whatever hints were lost: one look at the
    /// table for all agents together.
    async fn look_for_work(self) {
        loop {
            match self.store.sandboxes_with_agent_work().await {
                Ok(sandboxes) => sandboxes.into_iter().for_each(|sandbox| self.bus.publish(News::Sandbox(sandbox))),
                Err(error) => tracing::error!(%error, "cannot look for work for agents"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Serves agents until the gateway's `stop`.
    pub async fn serve(self, listener: TcpListener) -> anyhow::Result<()> {
        let last_revocation = self.store.last_revocation().await?;
        let incoming = listener::accept(listener, &self)?;
        let enrollment = EnrollmentServer::new(enrollment::EnrollmentApi::new(self.admission.clone()))
            .max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
        let identity = IdentityServer::new(renewal::IdentityApi(self.admission.clone()))
            .max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
        let agent =
            AgentServer::new(session::AgentApi(self.clone())).max_decoding_message_size(limits::LOG_MESSAGE_BYTES);
        let artifacts = ArtifactsServer::new(artifacts::ArtifactsApi::new(self.clone()))
            .max_decoding_message_size(limits::BULK_MESSAGE_BYTES);
        let exports = ExportsServer::new(exports::ExportsApi(self.clone()))
            .max_decoding_message_size(limits::EXPORT_MESSAGE_BYTES);
        tokio::spawn(self.clone().look_for_work());
        tokio::spawn(self.clone().watch_revocations(last_revocation));
        let stop = self.stop.clone();
        Server::builder()
            .initial_stream_window_size(limits::BULK_STREAM_WINDOW_BYTES)
            .initial_connection_window_size(limits::BULK_CONNECTION_WINDOW_BYTES)
            .max_concurrent_streams(limits::CONCURRENT_STREAMS)
            .http2_max_header_list_size(limits::HEADER_LIST_BYTES)
            .http2_keepalive_interval(Some(limits::SERVER_PING_INTERVAL))
            .http2_keepalive_timeout(Some(limits::PING_TIMEOUT))
            .add_service(enrollment)
            .add_service(identity)
            .add_service(agent)
            .add_service(artifacts)
            .add_service(exports)
            .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
            .await?;
        Ok(())
    }
}
