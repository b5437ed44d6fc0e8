//! `local`: publishes a tree on a port of this machine, one port (so one origin) per deployment.
//!
//! Nothing is unpacked: each request is answered from the artifact store. Which site has which port
//! is in the database, so that finished sites are served again after a restart.

mod content;
mod site;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::extract::Request;
use slipway_proto::plan::Routing;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::descriptor::{Accepts, Descriptor, ProviderKind};
use super::{DeployContext, Provider, ProviderError, Release, Taken, Whereabouts};
use crate::artifacts::ArtifactStore;
use crate::clock::Clock;
use crate::http_server;
use crate::ids::DeploymentId;
use crate::store::{LocalSite, Store};
use site::Site;

/// Sites served at the same time, the newest; each takes a port and a file descriptor.
const MAX_SITES: i64 = 500;

const DESCRIPTOR: Descriptor = Descriptor {
    id: "local",
    name: "Preview on this server",
    kind: ProviderKind::Static,
    auth: &[],
    scopes: &[],
    accepts: &[Accepts::Tree],
    takes_variables: false,
    fields: &[],
    docs_url: None,
};

/// The provider and its running sites.
pub struct Local {
    store: Store,
    artifacts: ArtifactStore,
    clock: Clock,
    address: IpAddr,
    url_host: String,
    ports: RangeInclusive<u16>,
    /// Publishing takes a port and records it: one at a time.
    publishing: tokio::sync::Mutex<()>,
    running: Mutex<HashMap<DeploymentId, CancellationToken>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Where sites listen and what their links say.
pub struct Addresses {
    /// The interface.
    pub listen: IpAddr,
    /// Host for links, when it is not the interface's address.
    pub public_host: Option<String>,
    /// Ports to choose from.
    pub ports: RangeInclusive<u16>,
}

impl Local {
    /// Starts the provider and every stored site.
    pub async fn start(
        store: Store,
        artifacts: ArtifactStore,
        clock: Clock,
        addresses: Addresses,
        stop: CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let url_host = addresses.public_host.unwrap_or_else(|| {
            let address = match addresses.listen {
                address if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
                address => address,
            };
            SocketAddr::new(address, 0).to_string().trim_end_matches(":0").to_owned()
        });
        let local = Arc::new(Self {
            store,
            artifacts,
            clock,
            address: addresses.listen,
            url_host,
            ports: addresses.ports,
            publishing: tokio::sync::Mutex::new(()),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            stop,
        });
        for site in local.store.local_sites(MAX_SITES).await? {
            local.resume(site).await?;
        }
        Ok(local)
    }

    /// Waits until all sites have stopped.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Serves a stored site again, on another port when something else took the old one.
    async fn resume(&self, mut site: LocalSite) -> anyhow::Result<()> {
        let port = u16::try_from(site.port)?;
        let listener = match TcpListener::bind((self.address, port)).await {
            Ok(listener) => listener,
            Err(error) => {
                let Some((listener, new_port)) = self.free_port(port).await else {
                    tracing::warn!(deployment.id = %site.deployment_id, port, %error, "cannot serve a finished site");
                    return Ok(());
                };
                tracing::warn!(deployment.id = %site.deployment_id, port, new_port, %error, "a finished site moves");
                site.port = new_port.into();
                let mut tx = self.store.begin().await?;
                tx.upsert_local_site(&site, self.clock.now()).await?;
                tx.set_deployment_url(site.deployment_id, &self.url(new_port)).await?;
                tx.commit().await?;
                listener
            }
        };
        self.serve(&site, listener);
        Ok(())
    }

    /// The first free port after `last`, going round once.
    async fn free_port(&self, last: u16) -> Option<(TcpListener, u16)> {
        let (first, end) = (*self.ports.start(), *self.ports.end());
        let after = if self.ports.contains(&last) { last } else { end };
        for port in (after..=end).skip(1).chain(first..=after) {
            if let Ok(listener) = TcpListener::bind((self.address, port)).await {
                return Some((listener, port));
            }
        }
        None
    }

    fn serve(&self, site: &LocalSite, listener: TcpListener) {
        let stop = self.stop.child_token();
        self.running().insert(site.deployment_id, stop.clone());
        let routing =
            if site.routing == routing_name(Routing::SinglePage) { Routing::SinglePage } else { Routing::Pages };
        let site = Arc::new(Site::new(self.store.clone(), self.artifacts.clone(), site.artifact_id, routing));
        let service = tower::service_fn(move |request: Request| {
            let site = site.clone();
            let (head, _ignored_body) = request.into_parts();
            async move { Ok(site.answer(&head).await) }
        });
        self.tasks.spawn(http_server::serve(listener, service, stop));
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<DeploymentId, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, port: impl Into<i64>) -> String {
        format!("http://{}:{}/", self.url_host, port.into())
    }

    async fn publish(&self, context: &DeployContext<'_>) -> anyhow::Result<Option<Release>> {
        let _one_at_a_time = self.publishing.lock().await;
        if let Some(release) = self.released(context.deployment_id).await? {
            return Ok(Some(release));
        }
        let last = self.store.last_local_port().await?.and_then(|port| u16::try_from(port).ok());
        let Some((listener, port)) = self.free_port(last.unwrap_or(*self.ports.end())).await else {
            return Ok(None);
        };
        let site = LocalSite {
            deployment_id: context.deployment_id,
            artifact_id: context.artifact.id,
            port: port.into(),
            routing: routing_name(context.routing).to_owned(),
        };
        let mut tx = self.store.begin().await?;
        tx.upsert_local_site(&site, self.clock.now()).await?;
        tx.commit().await?;
        self.serve(&site, listener);
        Ok(Some(self.release(port)))
    }

    async fn released(&self, deployment: DeploymentId) -> Result<Option<Release>, sqlx::Error> {
        Ok(self.store.local_site(deployment).await?.map(|site| self.release(site.port)))
    }

    fn release(&self, port: impl Into<i64>) -> Release {
        Release { url: self.url(port), ..Release::default() }
    }
}

fn routing_name(routing: Routing) -> &'static str {
    match routing {
        Routing::Pages => "pages",
        Routing::SinglePage => "single-page",
    }
}

#[async_trait]
impl Provider for Local {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError> {
        match self.publish(context).await {
            Ok(Some(release)) => Ok(Taken::Released(release)),
            Ok(None) => Err(ProviderError::Rejected(format!(
                "no port from {} to {} is free for the site; delete old deployments or widen `preview_ports`",
                self.ports.start(),
                self.ports.end()
            ))),
            Err(error) => Err(ProviderError::Failed(error)),
        }
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        match self.released(context.deployment_id).await {
            Ok(Some(release)) => Ok(Whereabouts::Taken(Taken::Released(release))),
            Ok(None) => Ok(Whereabouts::Nothing),
            Err(error) => Err(ProviderError::Failed(error.into())),
        }
    }

    async fn forget(&self, deployment: DeploymentId) {
        if let Some(stop) = self.running().remove(&deployment) {
            stop.cancel();
        }
    }
}
