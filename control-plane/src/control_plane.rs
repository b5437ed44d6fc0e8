//! One running control plane: everything wired together, started in order and stopped in order.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::access::{Access, Scope};
use crate::accounts::ConnectedAccounts;
use crate::agents::{Admission, Connections, Gateway, Sessions};
use crate::api::{self, Allowances, App, Ui, UnderWay};
use crate::artifacts::ArtifactStore;
use crate::audit::{self, Audit, Entry, Facts};
use crate::bus::Bus;
use crate::clock::Clock;
use crate::config::Config;
use crate::deployments::orchestrator::Orchestrator;
use crate::exports::Exports;
use crate::http_server;
use crate::identity::Authority;
use crate::logs::Logs;
use crate::logs::ingest::LogIngest;
use crate::providers::local::{Addresses, Local};
#[cfg(debug_assertions)]
use crate::providers::rehearsal::Rehearsal;
use crate::providers::{Provider, Providers};
use crate::retention::Collector;
use crate::secrets::{ApiToken, MasterKey, Vault};
use crate::store::{BOOTSTRAP, NewToken, Store};
use crate::webhooks::Webhooks;

/// The user that `bootstrap_token` and the command line act for.
pub const ADMIN: &str = "admin";

/// Time for requests, sessions and releases under way to end, at shutdown.
const DRAIN: Duration = Duration::from_secs(10);
/// Time for changes under way whose clients are gone, at shutdown.
const FINISH: Duration = Duration::from_secs(5);

/// A running control plane.
pub struct ControlPlane {
    /// What the API's handlers use; `slipway up` uses it too.
    pub app: App,
    /// Where REST listens.
    pub http_address: SocketAddr,
    /// Where agents connect.
    pub grpc_address: SocketAddr,
    /// The directory that holds it all.
    pub data_dir: PathBuf,
    gateway_stop: CancellationToken,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    local: Arc<Local>,
    _locks: Locks,
}

/// Why a control plane cannot start. Each is a sentence with the way out.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StartError {
    #[error("cannot create or write the data directory {}: {source}. Choose another with --data-dir or SLIPWAY_DATA_DIR", path.display())]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error("the data directory {} is in use by another slipway process; stop that one, or choose another with --data-dir or SLIPWAY_DATA_DIR", path.display())]
    Locked { path: PathBuf },
    #[error("the database {} is in use by another slipway process, which has another data directory; stop that one, or choose another database with SLIPWAY_DATABASE_URL", path.display())]
    DatabaseLocked { path: PathBuf },
    #[error("cannot lock the database {}: {source}", path.display())]
    DatabaseLock { path: PathBuf, source: std::io::Error },
    #[error("the address {address} is in use by another program; stop it, or choose another with {setting}")]
    PortInUse { address: SocketAddr, setting: &'static str },
    #[error("cannot listen on {address}: {source}. Choose another with {setting}")]
    Listen { address: SocketAddr, setting: &'static str, source: std::io::Error },
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// Opens the records of a data directory and what is sealed in them, creating both on the first start.
pub async fn open_store(config: &Config, clock: &Clock) -> anyhow::Result<(Store, Vault)> {
    let master_key = MasterKey::load(&config.master_key, &config.database_file).await?;
    let store = Store::open(&config.database_file)
        .await
        .with_context(|| format!("cannot open the database {}", config.database_file.display()))?;
    let vault = Vault::open_ring(store.clone(), master_key, clock.now()).await?;
    Ok((store, vault))
}

/// Makes sure that the data directory is there and private.
pub fn prepare_data_dir(path: &Path) -> Result<(), StartError> {
    let failed = |source| StartError::DataDir { path: path.to_owned(), source };
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ if !path.is_dir() => Err(failed(ErrorKind::NotADirectory.into())),
        _ => Ok(()),
    }
}

/// Held as long as a process uses a data directory and a database: two instances on one SQLite file would
/// believe in different leases.
pub struct Locks {
    _data_dir: File,
    _database: File,
}

impl Locks {
    /// Their files: of the data directory, and of the database. The same file by another name is the same database.
    pub fn files(config: &Config) -> [PathBuf; 2] {
        let database = config.database_file.canonicalize().unwrap_or_else(|_| config.database_file.clone());
        let mut beside = database.into_os_string();
        beside.push(".lock");
        [config.data_dir.join("slipway.lock"), beside.into()]
    }

    /// Takes both, making their files as needed.
    pub fn take(config: &Config) -> Result<Self, StartError> {
        let [data_dir, database] = Self::files(config);
        let data_dir = lock(&data_dir).map_err(|error| match error {
            TryLockError::WouldBlock => StartError::Locked { path: config.data_dir.clone() },
            TryLockError::Error(source) => StartError::DataDir { path: config.data_dir.clone(), source },
        })?;
        let path = config.database_file.clone();
        let database = lock(&database).map_err(|error| match error {
            TryLockError::WouldBlock => StartError::DatabaseLocked { path },
            TryLockError::Error(source) => StartError::DatabaseLock { path, source },
        })?;
        Ok(Self { _data_dir: data_dir, _database: database })
    }
}

fn lock(path: &Path) -> Result<File, TryLockError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(TryLockError::Error)?;
    file.try_lock().map(|()| file)
}

async fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => StartError::PortInUse { address, setting },
        _ => StartError::Listen { address, setting, source },
    })
}

impl ControlPlane {
    /// Starts everything. When this returns, all ports are open.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, StartError> {
        prepare_data_dir(&config.data_dir)?;
        let locks = Locks::take(config)?;
        let http = listen(config.http_listen, "--http or SLIPWAY_HTTP_LISTEN").await?;
        let grpc = listen(config.grpc_listen, "SLIPWAY_GRPC_LISTEN").await?;
        let http_address = http.local_addr().context("the listener has an address")?;
        let grpc_address = grpc.local_addr().context("the listener has an address")?;

        let (store, vault) = open_store(config, &clock).await?;
        let authority = Arc::new(Authority::load_or_create(&store, &vault, clock.clone()).await?);
        bootstrap(config, &store, &clock).await?;
        let base_url = base_url(config, http_address);
        let ui_url = base_url.clone();
        let access = Access::new(config, store.clone(), clock.clone(), base_url.clone()).await?;

        let (stop, gateway_stop) = (CancellationToken::new(), CancellationToken::new());
        let (bus, sessions, exports) = (Bus::new(), Arc::new(Sessions::default()), Exports::default());
        let artifacts = ArtifactStore::open(&config.blob_dir, store.clone(), clock.clone())?;
        let public_host = config.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
        let addresses = Addresses { listen: http_address.ip(), public_host, ports: config.preview_ports.clone() };
        let local = Local::start(store.clone(), artifacts.clone(), clock.clone(), addresses, stop.clone()).await?;
        let rehearsal: Option<Arc<dyn Provider>> = rehearsal()?;
        let remote = Providers::remote(&config.providers, &artifacts, config.data_dir.join("work"))?;
        let here = [local.clone() as Arc<dyn Provider>];
        let providers = Providers::new(rehearsal.into_iter().chain(here).chain(remote));
        let webhooks = Webhooks::new(vault.clone(), providers.clone(), clock.clone(), base_url.clone());
        let accounts = ConnectedAccounts::new(vault.clone(), providers.clone(), clock.clone(), base_url);
        let audit = Audit::new(store.clone(), clock.clone(), config.audit_retention);
        let logs = Logs::new(store.clone(), artifacts.objects(), clock.clone());
        let collector =
            Collector::new(store.clone(), artifacts.clone(), config.blob_dir.clone(), clock.clone(), config.retention);
        let orchestrator = Orchestrator::new(
            accounts.clone(),
            webhooks.clone(),
            logs.clone(),
            audit.clone(),
            bus.clone(),
            clock.clone(),
            config.limits,
        );

        let app = App {
            store: store.clone(),
            under_way: UnderWay::default(),
            logs,
            access,
            audit,
            vault,
            accounts,
            webhooks,
            orchestrator: orchestrator.clone(),
            sessions: sessions.clone(),
            exports: exports.clone(),
            providers,
            authority: authority.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            started_at: clock.now(),
            ui: Arc::new(Ui::new(&ui_url, &config.embed_origins)),
            allowances: Arc::new(Allowances::new(&config.limits)),
            cors_origins: config.cors_origins.clone().into(),
            agent_url: agent_url(config, grpc_address),
            metrics_token: config.metrics_token.clone(),
            draining: CancellationToken::new(),
        };
        let admission = Admission::new(store.clone(), authority, sessions.clone(), config.agents, clock.clone());
        let gateway = Gateway {
            ingest: LogIngest::start(store.clone(), orchestrator.clone(), bus.clone()),
            store,
            artifacts,
            exports,
            orchestrator: orchestrator.clone(),
            admission,
            sessions,
            connections: Connections::default(),
            bus,
            clock,
            stop: gateway_stop.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(http_server::serve(http, api::router(app.clone()), stop.clone()));
        let token = stop.clone();
        tasks.spawn(async move { orchestrator.run(token).await });
        let token = stop.clone();
        tasks.spawn(async move { collector.run(token).await });
        tasks.spawn(async move {
            if let Err(error) = gateway.serve(grpc).await {
                tracing::error!(error = format!("{error:#}"), "the gateway for agents ended");
            }
        });
        let data_dir = config.data_dir.clone();
        Ok(Self { app, http_address, grpc_address, data_dir, gateway_stop, stop, tasks, local, _locks: locks })
    }

    /// Drains: takes nothing new, tells agents and clients to go, lets what runs finish for a while, and closes
    /// the database. What is given up is safe: the next start goes on with it, as after a crash.
    pub async fn shut_down(mut self) {
        self.app.draining.cancel();
        self.gateway_stop.cancel();
        self.stop.cancel();
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(
                "not everything ended within {} seconds; what is under way goes on at the next start",
                DRAIN.as_secs()
            );
            self.tasks.abort_all();
        }
        // What still runs when that is over has no outcome in the audit log, as after a crash.
        let _ = tokio::time::timeout(FINISH, self.app.audit.finish()).await;
        self.local.stopped().await;
        self.app.store.close().await;
    }
}

/// The provider that tests rehearse with.
#[cfg(debug_assertions)]
fn rehearsal() -> anyhow::Result<Option<Arc<dyn Provider>>> {
    Ok(Rehearsal::from_environment()?.map(|provider| Arc::new(provider) as _))
}

#[cfg(not(debug_assertions))]
fn rehearsal() -> anyhow::Result<Option<Arc<dyn Provider>>> {
    Ok(None)
}

/// The first start with a bootstrap token creates the admin. Later the token counts only as long as
/// it is not deleted: a variable left behind must not bring it back.
async fn bootstrap(config: &Config, store: &Store, clock: &Clock) -> anyhow::Result<()> {
    let Some(token) = &config.bootstrap_token else { return Ok(()) };
    if store.has_any_token().await? {
        return Ok(());
    }
    let now = clock.now();
    let mut tx = store.begin().await?;
    let is_new = tx.find_user(ADMIN).await?.is_none();
    let admin = tx.user_named(ADMIN, now).await?;
    if is_new {
        let facts = Facts::of(admin.id, "user", admin.id.as_uuid()).with("name", ADMIN);
        tx.record(&Entry::done(audit::Action::UserCreate, audit::Actor::system(), facts, now)).await?;
    }
    let new = NewToken {
        user: admin.id,
        name: BOOTSTRAP,
        scopes: [Scope::Admin].into_iter().collect(),
        expires_at: None,
        parent: None,
    };
    let scopes = new.scopes.to_string();
    let id = tx.insert_token(new, &ApiToken::presented(token.expose_secret()), now).await?;
    let facts = Facts::of(admin.id, "token", id.as_uuid()).with("name", BOOTSTRAP).with("scopes", scopes);
    tx.record(&Entry::done(audit::Action::TokenCreate, audit::Actor::system(), facts, now)).await?;
    tx.commit().await?;
    Ok(())
}

/// Where people reach us: as configured, or the listening address, which is for this machine.
fn base_url(config: &Config, http_address: SocketAddr) -> Url {
    config.public_url.clone().unwrap_or_else(|| {
        let ip = match http_address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let url = format!("http://{}/", SocketAddr::new(ip, http_address.port()));
        url.parse().expect("an address makes a URL")
    })
}

fn agent_url(config: &Config, grpc_address: SocketAddr) -> String {
    if let Some(url) = &config.agent_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let public_host = config.public_url.as_ref().and_then(|url| url.host_str());
    match public_host {
        Some(host) if grpc_address.ip().is_unspecified() => format!("https://{host}:{}", grpc_address.port()),
        _ if grpc_address.ip().is_unspecified() => {
            format!("https://{}", SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), grpc_address.port()))
        }
        _ => format!("https://{grpc_address}"),
    }
}
